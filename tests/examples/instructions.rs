//! Machine instructions of one environment step, counted by `valgrind --tool=callgrind`, against `tests/instructions.toml`.
//!
//! Seconds depend on the machine and on who else uses it; instructions hardly do. A change of more than a tenth either way fails: a
//! slower step was not meant, and a faster one wants its new count (`--write`). Counted are `alone`, one world, and `together`,
//! sixteen lanes of a vector env. Valgrind shows programs a processor with AVX2 at most; on one without
//! it `together` counts other instructions and is only printed, and so are both on other architectures than x86-64.

use std::{
    collections::BTreeMap,
    env, fs,
    path::Path,
    process::{Command, ExitCode},
};

use hyperdust_gym::{AutoresetMode, Seeds, VectorEnv, VectorOptions};
use hyperdust_kernel::{Model, World};
use hyperdust_scene::Scene;
use hyperdust_tests::Actions;

const SCENE: &str = "ant";
const LANES: usize = 16;
/// The difference between a long and a short run is free of what comes before the first step.
const STEPS: [u64; 2] = [50, 250];
/// A change that passes, as a fraction.
const TOLERANCE: f64 = 0.1;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["alone", steps] => alone(steps.parse().expect("a number of steps")),
        ["together", steps] => together(steps.parse().expect("a number of steps")),
        [] => return compare(false),
        ["--write"] => return compare(true),
        _ => {
            eprintln!("usage: instructions [--write]");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn compare(write: bool) -> ExitCode {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.toml");
    let found: BTreeMap<String, u64> = ["alone", "together"]
        .map(|way| (way.to_owned(), (count(way, STEPS[1]) - count(way, STEPS[0])) / per(way)))
        .into();
    if write {
        let text = format!(
            "# Machine instructions per environment step and world of the scene `{SCENE}`; made by `make instructions-write`.\n{}",
            toml::to_string(&found).expect("names and numbers")
        );
        fs::write(&path, text).expect("the file can be written");
    }
    let wanted: BTreeMap<String, u64> =
        toml::from_str(&fs::read_to_string(&path).expect("tests/instructions.toml")).expect("names and numbers");
    let mut fails = false;
    for (way, &found) in &found {
        let change = found as f64 / wanted[way] as f64 - 1.0;
        let counts = cfg!(target_arch = "x86_64") && (way != "together" || has_avx2());
        let bad = counts && change.abs() > TOLERANCE;
        println!("{SCENE} {way}: {found} instructions per step, {:+.1} % of what is committed", 100.0 * change);
        if bad {
            println!("  that is more than ±{} %: mend it, or commit the new count (`--write`)", 100.0 * TOLERANCE);
        }
        fails |= bad;
    }
    if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx2() -> bool {
    false
}

/// World steps between the two runs.
fn per(way: &str) -> u64 {
    (STEPS[1] - STEPS[0]) * if way == "together" { LANES as u64 } else { 1 }
}

/// Instructions of a run of this program.
fn count(way: &str, steps: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().expect("this program has a path"))
        .args([way, &steps.to_string()])
        .output()
        .expect("valgrind runs (Debian package valgrind)");
    let said = String::from_utf8_lossy(&output.stderr);
    let counted = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    counted.unwrap_or_else(|| panic!("valgrind counted nothing: {said}"))
}

fn model() -> std::sync::Arc<Model> {
    let cooked = Scene::builtin(SCENE).and_then(|scene| scene.cook(&Default::default())).expect("a published scene");
    Model::new(cooked.blueprint).expect("a valid scene")
}

fn alone(steps: u64) {
    let model = model();
    let mut world = World::new(model.clone(), 0);
    let mut actions = Actions::new(model.actions(), 0);
    for _ in 0..steps {
        let outcome = world.step(actions.draw(model.actions()));
        if outcome.terminated || outcome.truncated {
            world.reset(None);
        }
    }
}

fn together(steps: u64) {
    let model = model();
    let options = VectorOptions { num_envs: LANES, num_threads: 1, autoreset: AutoresetMode::SameStep };
    let mut envs = VectorEnv::new(model.clone(), options).expect("valid options");
    envs.reset(Seeds::First(0), None).expect("seeds are given");
    let mut actions = Actions::new(model.actions(), 0);
    for _ in 0..steps {
        let batch: Vec<u8> = (0..LANES).flat_map(|_| actions.draw(model.actions()).to_vec()).collect();
        envs.step(&[&batch]).expect("actions are valid");
    }
}
