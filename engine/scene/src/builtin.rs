//! The published scenes, inside the library: `scenes/` of the repository, one folder each.

use std::sync::OnceLock;

use include_dir::{Dir, include_dir};

use crate::Error;
use crate::package::Folder;

static SCENES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../scenes");

/// Names of all published scenes, sorted.
pub(crate) fn names() -> &'static [&'static str] {
    static NAMES: OnceLock<Vec<&'static str>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let with_scene = SCENES.dirs().filter(|dir| dir.get_file(dir.path().join("scene.toml")).is_some());
        let mut names: Vec<&str> = with_scene.filter_map(|dir| dir.path().file_name()?.to_str()).collect();
        names.sort_unstable();
        names
    })
}

/// The folder of a published scene.
pub(crate) fn folder(name: &str) -> Result<Folder, Error> {
    let known = names().contains(&name);
    match SCENES.get_dir(name) {
        Some(folder) if known => Ok(Folder::Embedded(folder)),
        _ => Err(Error::UnknownScene { name: name.chars().take(64).collect(), accepted: names().join(", ") }),
    }
}
