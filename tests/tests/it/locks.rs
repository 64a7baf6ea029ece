//! The programs of the proof machine have a lock file of their own; what they share with this workspace is locked to the
//! same versions. Else native and proof machine would run different code.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Name of each package to its locked versions.
fn versions(path: &str) -> BTreeMap<String, BTreeSet<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lock: toml::Table = toml::from_str(&text).expect("a lock file");
    let mut versions = BTreeMap::<_, BTreeSet<_>>::new();
    for package in lock["package"].as_array().expect("a list of packages") {
        let field = |name: &str| package[name].as_str().expect("a string").to_owned();
        versions.entry(field("name")).or_default().insert(field("version"));
    }
    versions
}

#[test]
fn shared_packages_have_the_same_versions() {
    let (ours, guests) = (versions("../Cargo.lock"), versions("../engine/Cargo.lock"));
    assert!(guests.contains_key("rapier3d"), "the programs' physics");
    for (name, guest) in &guests {
        if let Some(ours) = ours.get(name) {
            assert!(guest.is_subset(ours), "{name}: {guest:?} in engine/Cargo.lock, {ours:?} in Cargo.lock");
        }
    }
}
