//! Makes images of ELF files, and compares them with the committed list.
//!
//! `hyperdust-image --list LIST [--write] [--unlisted=PATH…] PATH…` reads `PATH.elf`, writes `PATH.img`, and compares name,
//! root, size and SHA-256 with the line of that name in LIST; with `--write` it writes LIST anew. An unlisted image is only
//! written.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use hyperdust_program::{Entry, List, image};

/// Begins a written list.
const HEADING: &str = "# Programs of the proof machine: name, image root, bytes, SHA-256. Made by `make guest-root`; checked by `make guest`.\n";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("hyperdust-image: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, String> {
    let (mut list, mut write, mut paths) = (None, false, Vec::new());
    let mut arguments = env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--list") => list = arguments.next().map(PathBuf::from),
            Some("--write") => write = true,
            Some(text) if text.starts_with("--unlisted=") => {
                convert(Path::new(&text["--unlisted=".len()..]))?;
            }
            _ => paths.push(PathBuf::from(argument)),
        }
    }
    let (Some(list), false) = (list, paths.is_empty()) else {
        return Err("usage: hyperdust-image --list LIST [--write] [--unlisted=PATH…] PATH…".into());
    };
    let found: Vec<Entry> = paths.iter().map(|path| convert(path)).collect::<Result<_, _>>()?;
    if write {
        let lines: String = found.iter().map(|entry| format!("{entry}\n")).collect();
        fs::write(&list, format!("{HEADING}{lines}")).map_err(|error| format!("{}: {error}", list.display()))?;
        print!("{lines}");
        return Ok(true);
    }
    let text = fs::read_to_string(&list).map_err(|error| format!("{}: {error}", list.display()))?;
    let committed = List::parse(&text).map_err(|error| format!("{}: {error}", list.display()))?;
    let mut same = true;
    for entry in found {
        match committed.get(&entry.name) {
            Some(wanted) if *wanted == entry => println!("{}: the committed image, {} bytes", entry.name, entry.bytes),
            wanted => {
                same = false;
                let wanted = wanted.map_or_else(|| "nothing".into(), Entry::to_string);
                println!("{}: NOT the committed image\n  built:     {entry}\n  committed: {wanted}", entry.name);
            }
        }
    }
    if !same {
        println!(
            "Sources or dependencies that a program is made of have changed. If that was meant, `make guest-root` writes\n\
             {}; jobs that were committed to under the old roots stay with the old images.",
            list.display()
        );
    }
    Ok(same)
}

/// `PATH.elf` to `PATH.img`.
fn convert(path: &Path) -> Result<Entry, String> {
    let [elf, img] = ["elf", "img"].map(|extension| path.with_added_extension(extension));
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| format!("{}: no name", path.display()))?;
    let bytes = fs::read(&elf).map_err(|error| format!("{}: {error}", elf.display()))?;
    let image = image::flat(&bytes).map_err(|error| format!("{}: {error}", elf.display()))?;
    let entry = Entry::of(name, &image).map_err(|error| format!("{}: {error}", elf.display()))?;
    fs::write(&img, &image).map_err(|error| format!("{}: {error}", img.display()))?;
    Ok(entry)
}
