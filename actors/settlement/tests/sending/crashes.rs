//! The process may end anywhere: before and after every request, signature and write.
//!
//! A child process does the real thing: it puts intents, sends them, follows logs, on a chain on which fees rise, strangers send and blocks vanish. It
//! ends itself (as `kill -9` would: nothing is unwound or flushed) at one point after the other; its successor finds the same folder and
//! chain. In the end every intent has happened exactly once.

use std::{
    env,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    sync::atomic::{AtomicU64, Ordering},
};

use hyperdust_settlement::{
    POINTS,
    fees::Pricing,
    follower::Options as FollowerOptions,
    outbox::{Failure, Intent},
    sender::Sender,
};

use super::{Anvil, Desk, Options, REFUSER, SPEAKER, State, check, following, intent, options, run, signer, strangers};

const FOLDER: &str = "HYPERDUST_SENDING_FOLDER";
const CHAIN: &str = "HYPERDUST_SENDING_CHAIN";
const POINT: &str = "HYPERDUST_SENDING_POINT";
const BATCH: &str = "HYPERDUST_SENDING_BATCH";

/// Something that happens to a batch once, however often the process ends.
fn once(folder: &Path, batch: u64, what: &str) -> bool {
    std::fs::File::create_new(folder.join(format!("{batch} {what}"))).is_ok()
}

/// Not a test by itself: what the test below starts.
#[test]
fn the_child() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else { return };
    let batch = env::var(BATCH).unwrap().parse().unwrap();
    let (point, hit) = match env::var(POINT) {
        Ok(point) => (point.rsplit_once('#').unwrap().0.to_owned(), point.rsplit_once('#').unwrap().1.parse().unwrap()),
        Err(_) => (String::new(), 0),
    };
    let scenario = fail::FailScenario::setup();
    if hit > 0 {
        let hits = AtomicU64::new(0);
        let end = move || {
            if hits.fetch_add(1, Ordering::SeqCst) + 1 == hit {
                std::process::abort();
            }
        };
        fail::cfg_callback(&point, end).unwrap();
    }
    // Each kind of transaction, in turn; where a point is reached by one of them alone, that.
    let legacy = point.contains("gasPrice") || batch % 3 == 1 && !point.contains("Priority");
    run(child(&folder, batch, legacy.then_some(Pricing::Legacy)));
    scenario.teardown();
}

/// Puts a batch of intents and goes on until everything is over.
async fn child(folder: &Path, batch: u64, pricing: Option<Pricing>) {
    let anvil = Anvil::at(env::var(CHAIN).unwrap()).await;
    let options = Options { replace_after: 2, pricing, ..options() };
    let mut desk = Desk::open(&folder.join("ledger"), anvil.provider.clone(), options);
    let mut follower = following::open_in(&desk.ledger, anvil.provider.clone(), FollowerOptions::default());
    for number in 0..3 {
        desk.outbox.put(intent(SPEAKER, &format!("{batch}/{number}"))).unwrap();
    }
    // The same deadline again after a restart.
    let path = folder.join(format!("{batch} deadline"));
    if !path.exists() {
        std::fs::write(&path, (anvil.time().await + 5).to_string()).unwrap();
    }
    let deadline = Some(std::fs::read_to_string(path).unwrap().parse().unwrap());
    desk.outbox.put(Intent { deadline, ..intent(REFUSER, &format!("{batch}/refused")) }).unwrap();
    for _ in 0..150 {
        pass(&mut desk.sender).await;
        while let Some(event) = follower.next().await.unwrap() {
            follower.acknowledge(&event).unwrap();
        }
        if desk.outbox.pending() == 0 {
            return;
        }
        let mine = |number: u64| desk.outbox.get(&format!("{batch}/{number}")).unwrap();
        if mine(0).state == State::Signed && once(folder, batch, "fees rise") {
            for _ in 0..3 {
                anvil.base_fee(40_000_000_000).await;
                anvil.mine(1).await;
                pass(&mut desk.sender).await;
            }
        }
        // What a stranger did must stay: blocks vanish before.
        let signed = (0..3).map(mine).find(|record| record.state == State::Signed);
        if let Some(nonce) = signed.and_then(|record| record.in_flight())
            && folder.join(format!("{batch} blocks vanish")).exists()
            && once(folder, batch, "a stranger sends")
        {
            strangers::send(&anvil, nonce, 20_000).await;
        }
        anvil.mine(1).await;
        if matches!(mine(0).state, State::Included(_)) && once(folder, batch, "blocks vanish") {
            anvil.reorganise(3).await;
        }
    }
    panic!("not over after 150 blocks: {:#?}", desk.outbox.all());
}

async fn pass(sender: &mut Sender) {
    let pass = sender.pass().await.unwrap();
    for change in pass.changes {
        println!("{}: {:?}", change.key, change.step);
    }
    for trouble in pass.troubles {
        println!("{trouble:?}");
    }
}

fn start(folder: &Path, anvil: &Anvil, batch: u64, point: Option<String>) -> (ExitStatus, String) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "crashes::the_child", "--nocapture"]);
    command.env(FOLDER, folder).env(CHAIN, &anvil.url).env(BATCH, batch.to_string());
    if let Some(point) = point {
        command.env(POINT, point);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status, said)
}

const SIGABRT: i32 = 6;

#[test]
fn it_may_end_at_every_point() {
    run(async {
        let mut batch = 0;
        // At the first time that a point is reached, then later.
        for hit in [1, 4] {
            let (anvil, folder) = (Anvil::start().await, tempfile::tempdir().unwrap());
            anvil.mine(5).await;
            let (mut ended, first) = (0, batch);
            // Keepers end in `disputes`.
            for point in POINTS.iter().filter(|point| !point.starts_with("keeper")) {
                // What a new process does once, it does not do twice.
                let (status, said) = start(folder.path(), &anvil, batch, Some(format!("{point}#{hit}")));
                if status.signal() == Some(SIGABRT) {
                    ended += 1;
                } else {
                    assert!(status.success(), "{point}: {said}");
                    assert!(hit > 1, "{point} was not reached: {said}");
                }
                batch += 1;
            }
            println!("{ended} points, at time {hit}");
            let (status, said) = start(folder.path(), &anvil, batch, None);
            assert!(status.success(), "{said}");
            let desk = Desk::open(&folder.path().join("ledger"), anvil.provider.clone(), options());
            let all = desk.outbox.all();
            assert!(all.len() as u64 > 3 * (batch - first));
            for record in &all {
                let refused = record.intent.call.to == REFUSER;
                let good = match &record.state {
                    State::Final { .. } => !refused,
                    State::Failed(Failure::Reverted { .. } | Failure::Expired) => refused,
                    _ => false,
                };
                assert!(good, "{record:#?}");
            }
            let strange =
                anvil.mined(signer(7).address()).await.iter().filter(|it| it.input.as_ref() == b"a stranger").count();
            println!("{} intents, {strange} transactions of strangers", all.len());
            check(&desk, &anvil).await;
        }
    });
}
