//! Prints a compiled model file as JSON: `cargo run -p hyperdust-scene --example robot_json -- robot.xml`.

use std::path::Path;

fn main() {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: robot_json FILE.xml|FILE.urdf");
        std::process::exit(2);
    };
    let path = Path::new(&path);
    let xml = std::fs::read_to_string(path).unwrap_or_else(|error| {
        eprintln!("{}: {error}", path.display());
        std::process::exit(1);
    });
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = path.parent().unwrap_or(Path::new("."));
    let files = |name: &str| std::fs::read(folder.join(name)).ok();
    let loaded = if name.ends_with(".urdf") {
        hyperdust_scene::urdf::load(&xml, &name, &files)
    } else {
        hyperdust_scene::mjcf::load(&xml, &name, &files)
    };
    match loaded {
        Ok(file) => print!("{}", hyperdust_scene::robot::to_json(&file)),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}
