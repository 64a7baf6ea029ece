//! Which names a package may hold: those that mean the same file on every system.
//!
//! ASCII, because systems differ in how they spell other letters; not only apart by case, because some do not tell cases
//! apart; none that Windows reserves; no way out of the folder; no longer than an archive's plain header holds.

use std::collections::BTreeMap;

use super::ARCHIVE;
use crate::Error;

/// Longest name, bytes; longest part of it between slashes. Together they fit the two fields of an archive's header.
const NAME: usize = 155;
const PART: usize = 100;
/// Parts of a name.
const PARTS: usize = 16;

const ACCEPTED: &str =
    "accepted: letters, digits and _-+.@()=,~# or space, with / between folders, like meshes/torso.obj";

/// Whether a file or folder of this name is left out of packages.
pub(super) fn is_left_out(part: &str) -> bool {
    part.starts_with('.') || part.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case(ARCHIVE))
}

/// One name; the error says why not.
pub(super) fn check(name: &str) -> Result<(), String> {
    let refuse = |why: &str| Err(format!("{why}; {ACCEPTED}"));
    if name.is_empty() || name.len() > NAME {
        return refuse(&format!("a name of {} bytes, not 1 to {NAME}", name.len()));
    }
    if name.starts_with('/') {
        return refuse("an absolute path");
    }
    if name.split('/').count() > PARTS {
        return refuse(&format!("more than {PARTS} folders deep"));
    }
    for part in name.split('/') {
        match part {
            "" => return refuse("an empty part between slashes"),
            "." | ".." => return refuse("a path with `.` or `..`"),
            _ if part.len() > PART => return refuse(&format!("a part of more than {PART} bytes")),
            _ => {}
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-+.@()=,~# ".contains(c);
        if let Some(odd) = part.chars().find(|c| !plain(*c)) {
            return refuse(&format!("the character {odd:?}, which not every system takes"));
        }
        if is_left_out(part) {
            return refuse("hidden files (.name) and archives in archives are no part of a package");
        }
        if part.ends_with(['.', ' ']) || part.starts_with(' ') {
            return refuse("a part that begins with a space, or ends with a dot or a space");
        }
        if is_reserved(part) {
            return refuse("a name that Windows keeps for itself");
        }
    }
    Ok(())
}

/// Devices, whatever the ending: `con`, `nul.txt`, `com1.obj`.
fn is_reserved(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end().to_ascii_lowercase();
    match stem.as_bytes() {
        b"con" | b"prn" | b"aux" | b"nul" => true,
        [b'c', b'o', b'm', digit] | [b'l', b'p', b't', digit] => digit.is_ascii_digit(),
        _ => false,
    }
}

/// All names of a package: each sound, and none in the way of another.
pub(super) fn check_all<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), Error> {
    // Every file and folder, in small letters: how it is written, and whether it is a file.
    let mut known: BTreeMap<String, (&str, bool)> = BTreeMap::new();
    for name in names {
        let refuse = |reason: String| Error::File { file: shown(name), reason };
        check(name).map_err(refuse)?;
        let ends = name.match_indices('/').map(|(at, _)| at).chain([name.len()]);
        for end in ends {
            let (path, is_file) = (&name[..end], end == name.len());
            let (other, other_is_file) = *known.entry(path.to_ascii_lowercase()).or_insert((path, is_file));
            if other != path {
                return Err(refuse(format!("{path} differs from {other} only in case; accepted: one of them")));
            }
            if other_is_file != is_file {
                return Err(refuse(format!("{path} is a file and a folder; accepted: one of them")));
            }
        }
    }
    Ok(())
}

/// A name as messages show it, whatever is in it.
pub(super) fn shown(name: &str) -> String {
    const LONGEST: usize = 120;
    let escaped: String = name.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if name.chars().count() > LONGEST { format!("{escaped}…") } else { escaped }
}
