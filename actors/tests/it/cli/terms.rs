//! A companion takes jobs on under the terms that it was told, and not under those that a job's file says.

use std::path::Path;

use serde_json::{Value, json};

use super::{code, hyperdust, make};

fn commit(at: &Path, terms: &Value, out: &str) -> (i32, String) {
    std::fs::write(at.join("session.json"), terms.to_string()).unwrap();
    let said = hyperdust(at, &format!("companion commit job.hdjob --out {out} --trial-key a --terms session.json"));
    (code(&said), String::from_utf8(said.stdout).unwrap() + &String::from_utf8(said.stderr).unwrap())
}

/// The session's own terms are accepted, with its streams named or not; any other, in any part, is refused, and the part is named.
#[test]
fn every_term_counts() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    make(at, "job", "--terms terms.json");
    let good: Value = serde_json::from_slice(&std::fs::read(at.join("terms.json")).unwrap()).unwrap();
    assert_eq!(commit(at, &good, "named").0, 0);
    let mut unnamed = good.clone();
    unnamed.as_object_mut().unwrap().remove("jobs");
    assert_eq!(commit(at, &unnamed, "unnamed").0, 0);

    let stranger = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F";
    let others = [
        ("chain", json!(30), "chain: the job has 31; accepted: 30"),
        ("contract", json!(stranger), "contract: the job has 0x1111"),
        ("user", json!(stranger), "user: the job has"),
        ("provider", json!(stranger), "provider: the job has"),
        ("every", json!(9), "every: the job has 8; accepted: 9"),
        ("jobs", json!([format!("0x{}", "7".repeat(64))]), "stream: the job has 0x"),
        ("user", json!("0x12"), "terms: "),
        ("more", json!(1), "unknown field `more`"),
    ];
    for (part, value, why) in others {
        let mut other = good.clone();
        other[part] = value;
        let (code, said) = commit(at, &other, "refused");
        assert_eq!(code, 1, "{part}: {said}");
        assert!(said.contains(why), "{part}: {said}");
    }
    assert!(!at.join("refused/job.hdcommit").exists());
}

/// Two sessions' jobs in one go, each under its own terms; a session's file grows by a stream for each job that is made for it.
#[test]
fn several_sessions_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    make(at, "one", "--seed 1 --terms first.json");
    make(at, "two", "--seed 2 --terms first.json");
    make(at, "three", "--seed 3 --terms second.json");
    let jobs = "one.hdjob two.hdjob three.hdjob --trial-key a";
    let both = hyperdust(at, &format!("companion commit {jobs} --out both --terms first.json --terms second.json"));
    assert_eq!(code(&both), 0, "{both:?}");
    let first = hyperdust(at, &format!("companion commit {jobs} --out first --terms first.json"));
    assert_eq!(code(&first), 1);
    assert!(at.join("first/two.hdcommit").exists() && !at.join("first/three.hdcommit").exists());
}

/// Nobody's word but the operator's: --terms or --user has to be there where the key is a real one, and not both.
#[test]
fn somebody_says_whose_signatures_count() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    make(at, "job", "--terms terms.json");
    let said = |more: &str| code(&hyperdust(at, &format!("companion commit job.hdjob --out out {more}")));
    assert_eq!(said("--key key"), 2);
    let user = "--user 0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F";
    assert_eq!(said(&format!("--trial-key a --terms terms.json {user}")), 2);
    assert_eq!(said(&format!("--trial-key a {user}")), 1, "another user");
}
