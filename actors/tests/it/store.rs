//! `hyperdust episode list|show` and `hyperdust store`: the real binary on a real store.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use hyperdust_gym::{AutoresetMode, Seeds, VectorEnv, VectorOptions};
use hyperdust_store::{EpisodeMeta, Id, Options, Outcome, SledStore, Store, Verdict};

use super::serve::house::{House, Player, recorded};

fn hyperdust(folder: &Path, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hyperdust"));
    command.current_dir(folder).env("HYPERDUST_STORE", "store").args(arguments.split_whitespace()).output().unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn open(folder: &Path) -> SledStore {
    SledStore::open(&Options { path: folder.join("store"), ..Options::default() }).unwrap().0
}

/// Five episodes, the third of which has a verdict; by number.
fn fill(folder: &Path) -> Vec<Id> {
    let store = open(folder);
    let ids: Vec<Id> = (0..5_u64)
        .map(|number| {
            let scene = if number == 4 { "ant" } else { "hopper" }.to_owned();
            let (seed, time_ms) = ((number != 1).then_some(number), 1_700_000_000_000 + 1000 * number);
            let meta = EpisodeMeta { scene, seed, time_ms, steps: 10 * number, ..EpisodeMeta::default() };
            store.put_episode(&meta, format!("episode {number}").as_bytes()).unwrap()
        })
        .collect();
    let (by, detail) = ("companion".to_owned(), "at step 7".to_owned());
    store.put_verdict(&Verdict { subject: ids[2], by, outcome: Outcome::Disputed, detail, time_ms: 0 }).unwrap();
    store.flush().unwrap();
    ids
}

/// Filters, pages and order of the list are the store's; the table says the same as the JSON.
#[test]
fn episodes_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let ids = fill(folder.path());
    let listed = hyperdust(folder.path(), "episode list --scene hopper --limit 2 --offset 1 --json");
    let page = json(&listed);
    assert_eq!((page["total"].as_u64(), page["more"].as_bool()), (Some(4), Some(true)));
    let names: Vec<_> = page["episodes"].as_array().unwrap().iter().map(|e| e["id"].as_str().unwrap()).collect();
    assert_eq!(names, [ids[2].to_string(), ids[1].to_string()]);
    assert_eq!(page["episodes"][1]["seed"], serde_json::Value::Null);
    let table = text(&hyperdust(folder.path(), "episode list").stdout);
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!((rows.len(), rows[6]), (7, "5 of 5"));
    assert!(rows[1].starts_with(&ids[4].to_string()[..12]) && rows[1].contains("2023-11-14T22:13:24Z"), "{table}");
    assert!(rows[1].ends_with("unchecked") && rows[3].ends_with("disputed"), "{table}");
}

/// An episode is found by the beginning of its name, shown with its verdicts, and its bytes are those that were put.
#[test]
fn an_episode_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let ids = fill(folder.path());
    let begins = &ids[2].to_string()[..10];
    let shown = json(&hyperdust(folder.path(), &format!("episode show {begins} --save out.hdep --json")));
    assert_eq!(shown["id"], ids[2].to_string());
    assert_eq!(shown["verdicts"][0]["outcome"], "disputed");
    assert_eq!(fs::read(folder.path().join("out.hdep")).unwrap(), b"episode 2");
    let people = text(&hyperdust(folder.path(), &format!("episode show {}", ids[2])).stdout);
    assert!(people.contains("disputed by companion") && people.contains("at step 7"), "{people}");
    for (arguments, said) in [
        ("episode show 00112233445566778899", "is not in the store"),
        ("episode show xyz", "accepted"),
        (&format!("episode show {begins} --save out.hdep"), "out.hdep"),
        ("episode list --store nowhere", "there is no store"),
        ("episode verify out.hdep", "out.hdep: found episode"),
    ] {
        let refused = hyperdust(folder.path(), arguments);
        assert_eq!(refused.status.code(), Some(1), "{arguments}");
        assert!(text(&refused.stderr).contains(said), "{arguments}: {refused:?}");
    }
    assert!(!folder.path().join("nowhere").exists());
}

/// A recording is run again straight from a store and from a file that was exported of it, without its scene; one that is not true has
/// exit code 1.
#[test]
fn episodes_are_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let model = hyperdust_actors::trial::model("cartpole").unwrap();
    let options = VectorOptions { num_envs: 1, num_threads: 1, autoreset: AutoresetMode::SameStep };
    let mut env = VectorEnv::new(model.clone(), options).unwrap();
    env.record(false);
    env.reset(Seeds::First(3), None).unwrap();
    while env.take_episodes().is_empty() {
        env.step(&[&[1, 0, 0, 0]]).unwrap();
    }
    env.reset(Seeds::First(4), None).unwrap();
    for _ in 0..5 {
        env.step(&[&[1, 0, 0, 0]]).unwrap();
    }
    let mut episode = env.episode(0).unwrap().unwrap().clone();
    let store = open(folder.path());
    let blueprint = Id(model.id().0);
    store.put_blueprint(&blueprint, &model.blueprint().encode().unwrap()).unwrap();
    let meta = EpisodeMeta { scene: "no such scene".into(), blueprint, ..EpisodeMeta::default() };
    let right = store.put_episode(&meta, &episode.encode()).unwrap();
    episode.records[1].reward = 7.0;
    let wrong = store.put_episode(&meta, &episode.encode()).unwrap();
    store.flush().unwrap();
    drop(store);
    let run = |arguments: &str| {
        let output = hyperdust(folder.path(), arguments);
        (output.status.code(), text(&output.stdout))
    };
    assert_eq!(run(&format!("episode verify {right} --store store")).0, Some(0));
    let (code, said) = run(&format!("episode verify {wrong} --store store"));
    assert_eq!((code, said.trim()), (Some(1), "step 2 differs in its reward"));
    assert_eq!(run(&format!("episode export {right} --store store --out out.hdep")).0, Some(0));
    assert_eq!(run("episode verify out.hdep").0, Some(0));
    assert_eq!(run(&format!("episode export {right} --store store --out out.hdep")).0, Some(1), "it is there already");
}

/// A server that runs has its store open: it is asked itself, by whole names and by beginnings; who tries the store is told so.
#[test]
fn a_server_that_runs_is_asked() {
    let house = House::plain();
    let folder = tempfile::tempdir().unwrap();
    // More than there are digits: two names begin alike.
    let mut player = Player::open(house.ipc(), recorded("cartpole", 20, AutoresetMode::SameStep), 3);
    player.reset(3);
    let mut ended = [false; 20];
    while ended.contains(&false) {
        let batch = player.step();
        (0..20).for_each(|lane| ended[lane] |= batch.episode_mask[lane]);
    }
    player.close();
    let endpoint = &house.server().endpoints[0];
    let run = |arguments: &str| hyperdust(folder.path(), &format!("episode {arguments} --server {endpoint}"));
    let all = json(&run("list --limit 0 --json"));
    let names: Vec<&str> = all["episodes"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert!(names.len() >= 20 && all["more"] == false && all["total"].is_null(), "{all}");
    let page = json(&run("list --limit 2 --offset 3 --json"));
    assert_eq!(page["episodes"].as_array().unwrap(), &all["episodes"].as_array().unwrap()[3..5]);
    assert_eq!(page["more"], true);
    assert_eq!(json(&run("list --scene ant --json"))["episodes"].as_array().map(Vec::len), Some(0));
    let table = text(&run("list --limit 0").stdout);
    assert!(table.contains(&names[0][..12]), "{table}");

    let begins = &names[5][..16];
    let shown = json(&run(&format!("show {begins} --save out.hdep --json")));
    assert_eq!((&shown["id"], &shown["verdicts"]), (&names[5].into(), &serde_json::Value::Null));
    // As it was recorded, without its blueprint.
    assert!(hyperdust(folder.path(), "episode verify out.hdep --scene cartpole").status.success());
    for name in [begins.to_owned(), format!("0x{begins}"), names[5].to_owned()] {
        let verified = run(&format!("verify {name}"));
        assert!(verified.status.success(), "{name}: {verified:?}");
    }
    assert!(run(&format!("export {begins} -o exported.hdep")).status.success());
    assert!(hyperdust(folder.path(), "episode verify exported.hdep").status.success());
    let alike = |digit: char| names.iter().filter(|name| name.starts_with(digit)).count();
    let (digit, count) = "0123456789abcdef".chars().map(|digit| (digit, alike(digit))).max_by_key(|one| one.1).unwrap();
    for act in ["show", "verify"] {
        let said = text(&run(&format!("{act} {digit}")).stderr);
        assert!(said.contains(&format!("found {count} whose names begin with {digit}")), "{said}");
    }
    let held = hyperdust(folder.path(), &format!("episode list --store {}", house.data.display()));
    assert!(text(&held.stderr).contains("--server ENDPOINT"), "{held:?}");
}

/// Exit code 0 for a whole store, 1 for a damaged one, and then what is lost is named; who has it open is told.
#[test]
fn a_store_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let ids = fill(folder.path());
    let checked = hyperdust(folder.path(), "store fsck --json");
    assert_eq!((checked.status.code(), json(&checked)["clean"].as_bool()), (Some(0), Some(true)), "{checked:?}");
    let compacted = hyperdust(folder.path(), "store compact");
    assert!(compacted.status.success(), "{compacted:?}");
    {
        let store = open(folder.path());
        assert_eq!(store.episode_bytes(&ids[0]).unwrap().as_deref(), Some(&b"episode 0"[..]));
        let refused = hyperdust(folder.path(), "store fsck");
        assert!(text(&refused.stderr).contains("another process"), "{refused:?}");
    }
    let mut harmed = 0;
    for path in files(&folder.path().join("store")) {
        let mut bytes = fs::read(&path).unwrap();
        // Every copy: one that is left is found, and then nothing is lost.
        while let Some(at) = bytes.windows(9).position(|window| window == b"episode 0") {
            bytes[at] ^= 1;
            harmed += 1;
        }
        fs::write(&path, bytes).unwrap();
    }
    assert!(harmed > 0, "values lie there as they are");
    let checked = hyperdust(folder.path(), "store fsck --json");
    assert_eq!((checked.status.code(), json(&checked)["clean"].as_bool()), (Some(1), Some(false)), "{checked:?}");
    // What was saved is whole from then on.
    assert_eq!(hyperdust(folder.path(), "store fsck").status.code(), Some(0));
    assert_eq!(json(&hyperdust(folder.path(), "episode list --json"))["total"].as_u64(), Some(4));
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
