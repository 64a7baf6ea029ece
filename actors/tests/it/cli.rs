//! `hyperdust companion` from the command line: what it prints, writes and exits with. The machine's side of a dispute needs the
//! guest program, and is tested where that is built.

mod canaries;
mod market;
mod terms;

use std::{
    path::Path,
    process::{Command, Output},
};

fn hyperdust(folder: &Path, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hyperdust"));
    command.current_dir(folder).env_remove("HYPERDUST_GUEST").args(arguments.split_whitespace());
    command.output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("{output:?}"))
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn make(folder: &Path, name: &str, more: &str) {
    let made = hyperdust(
        folder,
        &format!(
            "companion make --scene cartpole --steps 40 --segment 8 --out {name}.hdjob --claim {name}.hdgraph {more}"
        ),
    );
    assert_eq!(code(&made), 0, "{made:?}");
}

/// Two honest claims: committed to, opened, attested to; exit code 0 throughout.
#[test]
fn honest_claims_are_attested_to() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    make(at, "one", "--seed 1");
    make(at, "two", "--seed 2");
    let committed =
        hyperdust(at, "companion commit one.hdjob --urgent two.hdjob --out out --jobs 2 --trial-key a --json");
    assert_eq!(code(&committed), 0, "{committed:?}");
    let summary = json(&committed);
    assert_eq!((summary["nodes"].as_u64(), summary["computed"].as_u64()), (Some(10), Some(10)));
    assert_eq!(summary["jobs"][0]["job"], "one");

    let challenge = "5".repeat(64);
    let opened = hyperdust(at, &format!("companion open out/one.hdcommit --challenge {challenge} --count 3 --json"));
    assert_eq!(json(&opened).as_array().map(Vec::len), Some(3));

    let checked = hyperdust(at, "companion check out --claims . --trial-key a --json");
    assert_eq!(code(&checked), 0, "{checked:?}");
    for (number, name) in ["one", "two"].into_iter().enumerate() {
        let row = &json(&checked)[number];
        assert_eq!((row["job"].as_str(), row["verdict"].as_str()), (Some(name), Some("attested")));
        assert_eq!(row["commitment"], summary["jobs"][number]["commitment"]);
        assert!(at.join(format!("out/{name}.hdattest")).exists());
    }
    // Threads are bounded, by an error and not by the system.
    for jobs in ["0", "1025", "5000000"] {
        let refused = hyperdust(at, &format!("companion commit one.hdjob --out more --jobs {jobs} --trial-key a"));
        assert_eq!(code(&refused), 2);
        assert!(String::from_utf8_lossy(&refused.stderr).contains("1..=1024"), "{refused:?}");
    }
    let many = hyperdust(at, "companion commit one.hdjob --out more --jobs 1024 --trial-key a");
    assert_eq!(code(&many), 0, "{many:?}");
    // Again: what was committed to is not replaced.
    let again = hyperdust(at, "companion commit one.hdjob two.hdjob --out out --trial-key a");
    assert_eq!(code(&again), 1);
    // Another's key attests to nothing.
    let other = hyperdust(at, "companion check out --claims . --trial-key b");
    assert_eq!(code(&other), 1);
}

/// A claim about another job is an accusation (exit code 3); a wrong output is none before the machine was asked (exit code 1); one
/// does not hide the other.
#[test]
fn wrong_claims_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    make(at, "wrong", "--seed 1 --inject 3");
    make(at, "other", "--seed 2");
    let committed = hyperdust(at, "companion commit wrong.hdjob other.hdjob --out out --trial-key a");
    assert_eq!(code(&committed), 0, "{committed:?}");
    let checked = hyperdust(at, "companion check out/wrong.hdcommit --claims wrong.hdgraph --trial-key a --json");
    assert_eq!(code(&checked), 1);
    let why = json(&checked)[0]["why"].to_string();
    assert!(why.contains("segment 3") && why.contains("--guest"), "{why}");

    std::fs::copy(at.join("wrong.hdgraph"), at.join("other.hdgraph")).unwrap();
    let checked = hyperdust(at, "companion check out --claims . --trial-key a --json");
    // Other inputs are no accusation: only the provider can show whether the user signed those, too.
    assert_eq!(code(&checked), 1);
    let rows = json(&checked);
    let verdicts: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["inputs", "error"]);
}

/// Garbage, a missing file, and a job: the job is done.
#[test]
fn a_bad_job_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    make(at, "good", "");
    std::fs::write(at.join("bad.hdjob"), b"HDJB\x01\0garbage").unwrap();
    let committed = hyperdust(at, "companion commit bad.hdjob good.hdjob none.hdjob --out out --trial-key a --json");
    assert_eq!(code(&committed), 1);
    let rows = json(&committed);
    assert!(rows["jobs"][0]["error"].is_string() && rows["jobs"][2]["error"].is_string());
    assert_eq!(rows["jobs"][1]["segments"], 5);
    assert!(at.join("out/good.hdcommit").exists());
    // Whoever else is said to be the user has not signed.
    let user = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F";
    let refused = hyperdust(at, &format!("companion commit good.hdjob --out more --trial-key a --user {user}"));
    assert_eq!(code(&refused), 1);
}

#[test]
fn odds_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let odds = "companion odds --check-rate 5% --canary-rate 0.01 --reward 100 --cost 20 --bond 10000";
    let printed = hyperdust(folder.path(), odds);
    assert_eq!(code(&printed), 0);
    let text = String::from_utf8(printed.stdout).unwrap();
    for part in
        ["earns 80 per claim", "earns -1.00 per claim", "1/505 (0.1980 %)", "1/101 (0.9901 %)", "0.0505", "40.126 %"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    let report = json(&hyperdust(folder.path(), &format!("{odds} --json")));
    assert_eq!(report["found"][3]["claims"], 100);
    assert_eq!(code(&hyperdust(folder.path(), &odds.replace("5%", "500%"))), 2);
    assert_eq!(code(&hyperdust(folder.path(), &odds.replace("20", "200"))), 1);
}
