//! Canaries with the real binary: planted and fixed before jobs are assigned, found by whoever computes, shown to whoever did not,
//! and no excuse for what anybody posts.

use std::{fs, path::Path};

use hyperdust_actors::{companion::Session, trial};
use hyperdust_proof::Graph;
use hyperdust_receipt::{Attestation, Signed};
use serde_json::{Value, json};

use super::{code, hyperdust, json as said, make};

const RULES: &str = "--fixed fixed.json --posted posted.json";
const CHECK: &str = "companion check out --claims handed --canaries opened --trial-key a --json";

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Three jobs of one session, of which `b` and `c` are canaries, fixed at 100; committed to, and opened.
fn planted() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for (seed, name) in ["a", "b", "c"].into_iter().enumerate() {
        make(at, name, &format!("--seed {seed} --terms session.json"));
    }
    let plant = "canary plant b.hdjob c.hdjob --claims handed --out secret.json --fixed fixed.json --time 100";
    let planted = hyperdust(at, plant);
    assert_eq!(code(&planted), 0, "{planted:?}");
    assert_eq!(code(&hyperdust(at, plant)), 1, "nothing is replaced");
    fs::copy(at.join("a.hdgraph"), at.join("handed/a.hdgraph")).unwrap();
    let commit = "companion commit a.hdjob b.hdjob c.hdjob --out out --terms session.json --trial-key a";
    assert_eq!(code(&hyperdust(at, commit)), 0);
    assert_eq!(code(&hyperdust(at, "canary open secret.json b.hdjob c.hdjob --out opened")), 0);
    assert_eq!(code(&hyperdust(at, "canary open secret.json a.hdjob --out opened")), 1, "a is none");
    fs::write(at.join("posted.json"), "[]").unwrap();
    folder
}

fn verdicts(at: &Path, more: &str) -> (i32, Vec<String>) {
    let checked = hyperdust(at, &format!("{CHECK} {more}"));
    let rows = said(&checked);
    let verdict = |row: &Value| row["verdict"].as_str().unwrap().to_owned();
    (code(&checked), rows.as_array().unwrap().iter().map(verdict).collect())
}

/// What opens canaries is their maker's alone, and what is published says nothing of them.
#[test]
fn what_is_published_gives_nothing_away() {
    let folder = planted();
    let at = folder.path();
    let (secret, fixed) = (read(&at.join("secret.json")), read(&at.join("fixed.json")));
    assert_eq!((secret.as_array().unwrap().len(), &fixed["count"], &fixed["time"]), (2, &json!(2), &json!(100)));
    let text = fixed.to_string();
    for canary in secret.as_array().unwrap() {
        for part in ["job", "claim", "salt"] {
            assert!(!text.contains(canary[part].as_str().unwrap()));
        }
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(at.join("secret.json")).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

/// A wrong claim that was fixed in time and posted by nobody is a canary, and no lie; fixed too late, posted by anybody, or opened with
/// another's file, it is a wrong claim like any other (which the machine is asked about, and is not there).
#[test]
fn only_a_canary_that_nobody_posted_is_excused() {
    let folder = planted();
    let at = folder.path();
    let all = |a: &str, b: &str, c: &str| [a, b, c].map(str::to_owned).to_vec();
    assert_eq!(verdicts(at, &format!("{RULES} --assigned 101")), (0, all("attested", "canary", "canary")));
    assert_eq!(verdicts(at, &format!("{RULES} --assigned 100")), (1, all("attested", "error", "error")));

    let claim = &read(&at.join("opened/b.hdcanary"))["canary"]["claim"];
    let anybody = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F";
    fs::write(at.join("posted.json"), json!([{"by": anybody, "claim": claim}]).to_string()).unwrap();
    assert_eq!(verdicts(at, &format!("{RULES} --assigned 101")), (1, all("attested", "error", "canary")));
    fs::write(at.join("posted.json"), "[]").unwrap();

    // A true claim is no canary, whatever is opened for it.
    fs::copy(at.join("opened/b.hdcanary"), at.join("opened/a.hdcanary")).unwrap();
    fs::copy(at.join("opened/c.hdcanary"), at.join("opened/b.hdcanary")).unwrap();
    assert_eq!(verdicts(at, &format!("{RULES} --assigned 101")), (1, all("attested", "error", "canary")));

    // Without all of the rules nothing is excused, and the command says so.
    assert_eq!(code(&hyperdust(at, CHECK)), 2);
    assert_eq!(code(&hyperdust(at, &format!("{CHECK} --fixed fixed.json --assigned 101"))), 2);
}

/// Whoever attests to a canary is named (exit code 3); an attestation to the truth, and one to a claim that somebody posted, accuse nobody
/// of that.
#[test]
fn whoever_attests_to_a_canary_is_caught() {
    let folder = planted();
    let at = folder.path();
    let session = Session::decode(&fs::read(at.join("session.json")).unwrap()).unwrap();
    let claim = Graph::decode(&fs::read(at.join("handed/b.hdgraph")).unwrap()).unwrap();
    let job = hyperdust_actors::Job::decode(&fs::read(at.join("b.hdjob")).unwrap()).unwrap().terms().unwrap().job;
    let lazy = trial::key("lazy").unwrap();
    let message = Attestation { job, plan: claim.plan(), claim: claim.root(), commitment: [5; 32] };
    fs::write(at.join("lazy.hdattest"), Signed::new(message, &session.domain(), &lazy).encode()).unwrap();

    let caught = |canary: &str, attestation: &str| {
        let rules = format!("{RULES} --assigned 101 --terms session.json --json");
        hyperdust(at, &format!("canary caught opened/{canary}.hdcanary --attestation {attestation} {rules}"))
    };
    let found = caught("b", "lazy.hdattest");
    assert_eq!(code(&found), 3, "{found:?}");
    assert_eq!(said(&found), json!({"caught": true, "companion": lazy.address().to_string()}));
    assert_eq!(code(&caught("c", "lazy.hdattest")), 1, "another canary");
    assert_eq!(verdicts(at, &format!("{RULES} --assigned 101")).0, 0);
    assert_eq!(code(&caught("b", "out/a.hdattest")), 1, "the truth");

    let anybody = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F";
    let posted = json!([{"by": anybody, "claim": read(&at.join("opened/b.hdcanary"))["canary"]["claim"]}]);
    fs::write(at.join("posted.json"), posted.to_string()).unwrap();
    let found = caught("b", "lazy.hdattest");
    assert_eq!(code(&found), 1);
    assert!(String::from_utf8_lossy(&found.stderr).contains("never excused"), "{found:?}");
}

/// The canary rate from what was fixed: 2 of 200 are the 1 % of the documentation.
#[test]
fn odds_know_what_was_fixed() {
    let folder = planted();
    let at = folder.path();
    let odds = |more: &str| {
        hyperdust(at, &format!("companion odds --check-rate 5% {more} --reward 100 --cost 20 --bond 10000 --json"))
    };
    assert_eq!(said(&odds("--fixed fixed.json --handed 200")), said(&odds("--canary-rate 1%")));
    assert_eq!(code(&odds("--fixed fixed.json --handed 1")), 1, "fewer than there are canaries");
    for more in ["", "--handed 200", "--fixed fixed.json", "--fixed fixed.json --handed 200 --canary-rate 1%"] {
        assert_eq!(code(&odds(more)), 2, "{more:?}");
    }
}

/// Any bytes in place of any file: an error, exit code 1, never a panic.
#[test]
fn garbage_is_refused() {
    let folder = planted();
    let at = folder.path();
    for file in ["fixed.json", "posted.json", "opened/b.hdcanary"] {
        let good = fs::read(at.join(file)).unwrap();
        for bytes in [&b"{}"[..], b"", b"[1]", &good[..good.len() - 2], &[0xff; 40]] {
            fs::write(at.join(file), bytes).unwrap();
            let checked = hyperdust(at, &format!("{CHECK} {RULES} --assigned 101"));
            assert_eq!(code(&checked), 1, "{file}: {checked:?}");
        }
        fs::write(at.join(file), good).unwrap();
    }
    fs::write(at.join("secret.json"), "[{}]").unwrap();
    assert_eq!(code(&hyperdust(at, "canary open secret.json b.hdjob --out opened")), 1);
}
