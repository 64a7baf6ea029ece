//! The same bytes in another process: a child runs what the parent ran, from the same seed and from the
//! parent's snapshots, and prints what it got. Different address space, allocator state and hash seeds.

use std::{env, fs, process::Command, sync::Arc};

use hyperdust_kernel::{Model, World};
use hyperdust_tests::{Actions, hex, scenes};

/// Names the child's input folder; set only in the child.
const ROLE: &str = "HYPERDUST_TESTS_CHILD";
const STEPS: usize = 30;

/// Digests after a run from a seed, and after one that goes on from `snapshot`.
fn report(name: &str, model: &Arc<Model>, snapshot: &[u8]) -> String {
    let mut fresh = World::new(model.clone(), 11);
    let mut restored = World::new(model.clone(), 0);
    restored.restore(snapshot).expect("a snapshot of this scene");
    for (world, seed) in [(&mut fresh, 21), (&mut restored, 22)] {
        let mut actions = Actions::new(model.actions(), seed);
        for _ in 0..STEPS {
            let outcome = world.step(actions.draw(model.actions()));
            if outcome.terminated || outcome.truncated {
                world.reset(None);
            }
        }
    }
    format!("run {name} {} {}\n", hex(&fresh.digest()), hex(&restored.digest()))
}

/// As the module says.
#[test]
fn another_process_agrees() {
    if let Some(folder) = env::var_os(ROLE) {
        for (name, model) in scenes() {
            let snapshot = fs::read(std::path::Path::new(&folder).join(name)).unwrap();
            print!("{}", report(name, &model, &snapshot));
        }
        return;
    }
    let folder = env::temp_dir().join(format!("hyperdust-tests-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let mut expected = String::new();
    for (name, model) in scenes() {
        let mut world = World::new(model.clone(), 5);
        let mut actions = Actions::new(model.actions(), 6);
        for _ in 0..20 {
            world.step(actions.draw(model.actions()));
        }
        let snapshot = world.snapshot();
        fs::write(folder.join(name), &snapshot).unwrap();
        expected += &report(name, &model, &snapshot);
        // What the child must equal is also the future of the world that was never saved.
        let mut saved = World::new(model.clone(), 0);
        saved.restore(&snapshot).unwrap();
        assert_eq!(saved.digest(), world.digest(), "{name}");
    }
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "process::another_process_agrees", "--nocapture", "--test-threads=1"])
        .env(ROLE, &folder)
        .output()
        .unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{output}\n{}", String::from_utf8_lossy(&child.stderr));
    let found: String = output
        .lines()
        .filter_map(|line| line.find("run ").map(|at| format!("{}\n", &line[at..])))
        .filter(|line| line.split_whitespace().count() == 4)
        .collect();
    assert_eq!(found, expected);
}
