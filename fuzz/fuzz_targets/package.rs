//! Any bytes are a package or an error; a package is the one that its archive says, and is packed into an archive that gives it again.
//! So is any list of files behind a sound compression, which a fuzzer would not find.
#![no_main]

use std::{collections::BTreeMap, io::Write};

use flate2::{Compression, GzBuilder};
use hyperdust_scene::{Package, Scene};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    let comment = format!("hyperdust package 1 0x{}", "0".repeat(64));
    let mut gzip = GzBuilder::new().comment(comment).write(Vec::new(), Compression::none());
    gzip.write_all(bytes).expect("memory takes it");
    check(&gzip.finish().expect("memory takes it"));
});

fn check(archive: &[u8]) {
    let Ok(package) = Package::decode(archive) else { return };
    let again = package.encode();
    assert_eq!(Package::decode(again.as_slice()).expect("what was packed is unpacked"), package);
    if let Ok(scene) = Scene::from_package(package) {
        let _ = scene.cook(&BTreeMap::new());
    }
}
