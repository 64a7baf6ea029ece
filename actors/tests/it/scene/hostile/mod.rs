//! More than a hundred scenes that nobody should open: each is refused with a clear error, by the real binary, inside a fixed amount of
//! memory and processor time. A panic, an allocation that fails, a loop or a wait for ever would all end the
//! process in another way than exit code 1 with a report.

mod archives;
mod meshes;
mod robots;
mod texts;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use hyperdust_scene::Template;
use serde_json::Value;

/// Address space of a check, KiB: a quarter of it is the program itself.
const MEMORY: u32 = 1 << 20;
/// Seconds of processor time, and of waiting, that are far from what any takes.
const SECONDS: u32 = 120;

/// A scene and what has to be said of it.
struct Case {
    name: &'static str,
    /// Makes the scene below an empty folder, and says what is to be checked.
    make: Box<dyn Fn(&Path) -> PathBuf>,
    /// Words of one finding.
    words: &'static str,
}

/// A case that is files in a folder.
fn files(name: &'static str, words: &'static str, files: Vec<(String, Vec<u8>)>) -> Case {
    let make = move |folder: &Path| {
        for (file, contents) in &files {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, contents).unwrap();
        }
        folder.to_owned()
    };
    Case { name, make: Box::new(make), words }
}

/// A case that is the sound scene with other files beside or instead.
fn beside(name: &'static str, words: &'static str, more: Vec<(&str, Vec<u8>)>) -> Case {
    let mut all = sound();
    for (file, contents) in more {
        all.retain(|(known, _)| known != file);
        all.push((file.to_owned(), contents));
    }
    files(name, words, all)
}

/// A scene in which all is right.
fn sound() -> Vec<(String, Vec<u8>)> {
    Template::Robot.package("hostile").unwrap().files().clone().into_iter().collect()
}

fn sound_file(name: &str) -> String {
    let files = Template::Robot.package("hostile").unwrap();
    String::from_utf8(files.files()[name].clone()).unwrap()
}

/// A sound file with one replacement, which must hit.
fn replaced(file: &str, from: &str, to: &str) -> Vec<u8> {
    let text = sound_file(file);
    assert!(text.contains(from), "{file} has no {from:?}");
    text.replacen(from, to, 1).into_bytes()
}

/// Exit code and report of a check within the bounds.
fn check(path: &Path) -> (Option<i32>, Vec<u8>, Vec<u8>) {
    let script = format!("ulimit -v {MEMORY}; ulimit -t {SECONDS}; exec timeout {SECONDS} \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_hyperdust"), "scene", "check", "--json"]).arg(path);
    let output = command.output().unwrap();
    (output.status.code(), output.stdout, output.stderr)
}

#[test]
fn a_hundred_hostile_scenes_are_refused() {
    let cases: Vec<Case> =
        [texts::cases(), robots::cases(), meshes::cases(), archives::cases()].into_iter().flatten().collect();
    assert!(cases.len() >= 100, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("scene");
        fs::create_dir(&place).unwrap();
        let (code, out, err) = check(&(case.make)(&place));
        if let Err(why) = judge(case, code, &out, &err) {
            wrong.push(format!("{}: {why}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Exit code 1, nothing but a report, and in it an error with file and fix that says the right words in a readable length.
fn judge(case: &Case, code: Option<i32>, out: &[u8], err: &[u8]) -> Result<(), String> {
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).chars().take(1500).collect::<String>();
    if code != Some(1) || !err.is_empty() {
        return Err(format!("exit code {code:?}: {} {}", shown(err), shown(out)));
    }
    let report: Value = serde_json::from_slice(out).map_err(|error| format!("{error}: {}", shown(out)))?;
    let findings = report["findings"].as_array().ok_or("no findings")?;
    let errors: Vec<_> = findings.iter().filter(|finding| finding["severity"] == "error").collect();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    for finding in &errors {
        for key in ["file", "message", "fix"] {
            if text(finding, key).is_empty() {
                return Err(format!("a finding without {key}: {finding}"));
            }
        }
        if finding.to_string().len() > 6000 {
            return Err(format!("a finding of {} bytes", finding.to_string().len()));
        }
    }
    let said = |finding: &&&Value| ["file", "key", "message", "fix"].map(|key| text(finding, key)).join(" | ");
    if !errors.iter().any(|finding| said(&finding).contains(case.words)) {
        return Err(format!("no finding says {:?}: {}", case.words, shown(out)));
    }
    Ok(())
}

/// The sound scene itself passes within the same bounds: what is refused is not refused for them.
#[test]
fn the_sound_scene_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let case = files("sound", "", sound());
    let (code, out, _) = check(&(case.make)(folder.path()));
    assert_eq!(code, Some(0), "{}", String::from_utf8_lossy(&out));
}
