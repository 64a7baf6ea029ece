//! Archives: bombs, ways out, and everything that another tool can put into a tar.

use std::{fs, io::Read, path::Path, process::Command};

use flate2::{Compression, GzBuilder};
use hyperdust_scene::Package;
use tar::{EntryType, Header};

use super::{Case, sound};

fn archive(name: &'static str, words: &'static str, bytes: Vec<u8>) -> Case {
    let make = move |folder: &Path| {
        let path = folder.join("scene.hdscene");
        fs::write(&path, &bytes).unwrap();
        path
    };
    Case { name, make: Box::new(make), words }
}

fn package() -> Package {
    Package::from_files(sound().into_iter().collect()).unwrap()
}

fn comment() -> String {
    format!("hyperdust package 1 {}", package().id())
}

fn gzip(tar: impl Read) -> Vec<u8> {
    let mut archive = Vec::new();
    GzBuilder::new().comment(comment()).read(tar, Compression::best()).read_to_end(&mut archive).unwrap();
    archive
}

/// The header of a file as `scene pack` writes it, with one change.
fn header(name: &str, size: u64, change: impl Fn(&mut Header)) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::Regular);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    change(&mut header);
    header.set_cksum();
    header.as_bytes().to_vec()
}

/// An archive of empty entries.
fn list(entries: &[Vec<u8>]) -> Vec<u8> {
    gzip([entries.concat(), vec![0; 1024]].concat().as_slice())
}

fn entry(name: &'static str, words: &'static str, file: &str, change: impl Fn(&mut Header)) -> Case {
    archive(name, words, list(&[header(file, 0, change)]))
}

fn kind(name: &'static str, words: &'static str, kind: EntryType) -> Case {
    let linked = move |header: &mut Header| {
        header.set_entry_type(kind);
        header.set_link_name("/etc/passwd").unwrap();
    };
    entry(name, words, "a", linked)
}

fn plain(_: &mut Header) {}

pub(super) fn cases() -> Vec<Case> {
    let good = package().encode();
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let mut tar = Vec::new();
    flate2::read::GzDecoder::new(good.as_slice()).read_to_end(&mut tar).unwrap();
    // Five files of the largest size: more than a package may hold, in a third of a megabyte.
    const LARGEST: u64 = 64 << 20;
    let mut bomb: Box<dyn Read> = Box::new(std::io::empty());
    for name in ["a", "b", "c", "d", "e"] {
        let file = std::io::Cursor::new(header(name, LARGEST, plain)).chain(std::io::repeat(0).take(LARGEST));
        bomb = Box::new(bomb.chain(file));
    }
    let bomb = gzip(bomb);
    let nested = gzip([header("a.gz", bomb.len() as u64, plain), bomb.clone()].concat().as_slice());
    let endless = [&tar[..tar.len() - 1024], &[0; 1024]].concat();
    let endless = gzip(endless.as_slice().chain(std::io::repeat(0).take(1 << 30)));
    let many: Vec<Vec<u8>> = (0..50_000).map(|n| header(&format!("{n:06}"), 0, plain)).collect();
    let named = |files: &[&str]| files.iter().map(|name| header(name, 0, plain)).collect::<Vec<_>>();
    let fifo = |folder: &Path| {
        let path = folder.join("scene.hdscene");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    };
    vec![
        archive("nothing", "not gzip", Vec::new()),
        archive("zeros", "not gzip", vec![0; 1 << 20]),
        archive("a zip", "not gzip", b"PK\x03\x04\x14\0\0\0\x08\0".to_vec()),
        archive("half an archive", "ends too early", good[..good.len() / 2].to_vec()),
        archive("all but the last byte", "ends too early", good[..good.len() - 1].to_vec()),
        archive("a damaged file", "archive", flipped(good.len() / 2)),
        archive("a damaged checksum", "checksum", flipped(good.len() - 6)),
        archive("a damaged id", "but it says", flipped(70)),
        archive(
            "a name without an end",
            "not gzip",
            [&[0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 255][..], &[b'x'; 10 << 20]].concat(),
        ),
        archive("no id", "kind, version and id", {
            let mut bytes = Vec::new();
            GzBuilder::new().read(tar.as_slice(), Compression::fast()).read_to_end(&mut bytes).unwrap();
            bytes
        }),
        archive("something behind", "follows the compressed part", [good.as_slice(), b"x"].concat()),
        archive("two archives", "follows the compressed part", [good.as_slice(), &good].concat()),
        archive("a bomb", "in all", bomb),
        archive("a bomb in a bomb", "archive", nested),
        archive("a gigabyte of nothing behind", "follows the last file", endless),
        archive("a file of eight gigabytes", "at most 67108864", gzip(header("a", (8 << 30) - 1, plain).as_slice())),
        archive("a file that is not there", "ends inside", gzip(header("a", 1000, plain).as_slice())),
        archive("fifty thousand files", "more than 1024", list(&many)),
        archive("a file twice", "twice", list(&named(&["a", "a"]))),
        archive("files out of order", "out of order", list(&named(&["b", "a"]))),
        archive("names apart by case", "only in case", list(&named(&["README.md", "readme.md"]))),
        archive("a file that is a folder", "a file and a folder", list(&named(&["a", "a/b"]))),
        archive("no scene", "scene.toml", list(&named(&["a"]))),
        entry("a way out", "`..`", "../../.bashrc", plain),
        entry("a way out in the middle", "`..`", "a/../../b", plain),
        entry("the system's file", "an absolute path", "/etc/passwd", plain),
        entry("a drive", "which not every system takes", "C:evil", plain),
        entry("a Windows path", "which not every system takes", "..\\evil", plain),
        entry("a device's name", "Windows", "aux.txt", plain),
        entry("a hidden file", "hidden", ".bashrc", plain),
        entry("a line in a name", "which not every system takes", "a\nb", plain),
        entry("a name that is not UTF-8", "not UTF-8", "a", |header| header.as_old_mut().name[0] = 0xff),
        entry("no name", "a name of 0 bytes", "", plain),
        entry("a program of the administrator", "its header", "a", |header| header.set_mode(0o4755)),
        entry("an owner", "its header", "a", |header| header.set_uid(1000)),
        entry("a time", "its header", "a", |header| header.set_mtime(1)),
        archive("a damaged header", "its header", {
            let mut entry = header("a", 0, plain);
            entry[150] ^= 1;
            list(&[entry])
        }),
        kind("a link", "a link", EntryType::Symlink),
        kind("a hard link", "a link", EntryType::Link),
        kind("a folder", "a folder", EntryType::Directory),
        kind("a device", "a device", EntryType::Block),
        kind("a pipe", "a pipe", EntryType::Fifo),
        kind("a file with holes", "with holes", EntryType::GNUSparse),
        kind("a long name", "an extension", EntryType::GNULongName),
        kind("a file of other rules", "an extension", EntryType::XHeader),
        kind("rules for all files", "an extension", EntryType::XGlobalHeader),
        Case { name: "an archive that never comes", make: Box::new(fifo), words: "not a regular file" },
    ]
}
