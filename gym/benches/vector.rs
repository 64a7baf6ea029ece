//! Environment steps per second of vector envs, by scene, lanes and threads, and what a batch costs beyond
//! its worlds.
//!
//! `cargo bench -p hyperdust-gym -- [scene …] [--seconds S] [--lanes N,…] [--threads N] [--json]`: the best of three runs of `S` seconds
//! (default 1) each, with random actions drawn beforehand and next-step autoreset, resets counted as they come. Numbers
//! are worth quoting only with the machine's name and a peer measured in the same hour.

use std::{
    env,
    hint::black_box,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use hyperdust_gym::{AutoresetMode, Seeds, VectorEnv, VectorOptions};
use hyperdust_kernel::{Model, World, rng::Rng};
use hyperdust_scene::Scene;

const RUNS: usize = 3;
/// Batches of actions, used in turn.
const ACTIONS: usize = 16;
/// Turns of each contestant where ratios are taken.
const TURNS: usize = 15;
/// Steps of a committed segment.
const SEGMENT: u32 = 64;

fn main() {
    let mut scenes = Vec::new();
    let mut seconds = 1.0;
    let mut json = false;
    let mut lanes = vec![1, 16, 256];
    let mut threads = vec![1, thread::available_parallelism().map_or(1, usize::from)];
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => seconds = arguments.next().and_then(|s| s.parse().ok()).expect("--seconds takes a number"),
            "--json" => json = true,
            "--threads" => threads = arguments.next().and_then(|s| s.parse().ok()).into_iter().collect(),
            "--lanes" => {
                let list = arguments.next().unwrap_or_default();
                lanes = list.split(',').map(|n| n.parse().expect("--lanes takes numbers")).collect();
            }
            // Cargo's own.
            "--bench" => {}
            name => scenes.push(name.to_owned()),
        }
    }
    if scenes.is_empty() {
        scenes = ["cartpole", "half_cheetah", "ant", "humanoid"].map(String::from).to_vec();
    }
    let time = Duration::from_secs_f64(seconds);
    for name in scenes {
        let cooked = Scene::builtin(&name).and_then(|scene| scene.cook(&Default::default()));
        let model = Model::new(cooked.expect("a published scene").blueprint).expect("a valid scene");
        let bare = best(|| world(&model, time));
        report(json, &name, 1, 0, bare, bare);
        for &lanes in &lanes {
            for &threads in &threads {
                if threads <= lanes {
                    report(
                        json,
                        &name,
                        lanes,
                        threads,
                        best(|| vector(&model, lanes, threads, Kind::default(), time)),
                        bare,
                    );
                }
            }
        }
        let [recorded, committed, alike] = costs(&model, time / 4);
        println!("{name:>14}   256 lanes  recording costs {:.1} %", 100.0 * (recorded - 1.0));
        println!(
            "{name:>14}   256 lanes  recording and committing every {SEGMENT} steps costs {:.1} %",
            100.0 * (committed - 1.0)
        );
        let all = thread::available_parallelism().map_or(1, usize::from);
        if all > 1 {
            let (gain, ceiling) = scaling(&model, 256, all, time / 4);
            println!("{name:>14}   256 lanes  {all} threads are {gain:.2} of one, {all} envs apart {ceiling:.2}");
        }
        println!("{name:>14}   256 lanes  diverging costs {:.1} %", 100.0 * (1.0 / alike - 1.0));
    }
}

/// 0 threads: a kernel world without a vector env around it.
fn report(json: bool, scene: &str, lanes: usize, threads: usize, rate: f64, bare: f64) {
    if json {
        println!(
            "{{\"scene\":\"{scene}\",\"num_envs\":{lanes},\"num_threads\":{threads},\"steps_per_second\":{rate:.0}}}"
        );
    } else {
        println!(
            "{scene:>14}  {lanes:>4} lanes  {threads:>2} threads  {rate:>10.0} steps/s  {:>5.2}× a bare world",
            rate / bare
        );
    }
}

fn best(mut run: impl FnMut() -> f64) -> f64 {
    (0..RUNS).map(|_| run()).fold(0.0, f64::max)
}

fn world(model: &Arc<Model>, time: Duration) -> f64 {
    let mut world = World::new(model.clone(), 0);
    let mut rng = Rng::new(1);
    let actions: Vec<Vec<u8>> = (0..ACTIONS).map(|_| arena(model, &mut rng)).collect();
    let mut steps = 0_u64;
    let start = Instant::now();
    while start.elapsed() < time {
        for action in actions.iter().cycle().take(64) {
            let outcome = black_box(world.step(action));
            if outcome.terminated || outcome.truncated {
                world.reset(None);
            }
            steps += 1;
        }
    }
    steps as f64 / start.elapsed().as_secs_f64()
}

/// What is done with the lanes.
#[derive(Clone, Copy, Default)]
struct Kind {
    record: bool,
    /// Steps of a segment.
    commit: Option<u32>,
    /// One seed and one action for all: no contact, iteration or reset is one lane's alone.
    alike: bool,
}

/// A vector env with actions to take in turn.
struct Runner {
    env: VectorEnv,
    batches: Vec<Vec<Vec<u8>>>,
}

impl Runner {
    fn new(model: &Arc<Model>, lanes: usize, threads: usize, kind: Kind) -> Self {
        let options = VectorOptions { num_envs: lanes, num_threads: threads, autoreset: AutoresetMode::NextStep };
        let mut env = VectorEnv::new(model.clone(), options).expect("options are valid");
        if kind.record {
            env.record(false);
        }
        if let Some(every) = kind.commit {
            env.commit(every);
        }
        let alike = vec![Some(0); lanes];
        let seeds = if kind.alike { Seeds::Each(&alike) } else { Seeds::First(0) };
        env.reset(seeds, None).expect("a new env can be reset");
        let mut rng = Rng::new(1);
        let batches = (0..ACTIONS)
            .map(|_| {
                let mut arenas: Vec<Vec<u8>> = (0..lanes).map(|_| arena(model, &mut rng)).collect();
                if kind.alike {
                    let first = arenas[0].clone();
                    arenas.fill(first);
                }
                let rows = |s: &hyperdust_kernel::layout::Segment| {
                    arenas.iter().flat_map(|arena| arena[s.offset..s.offset + s.bytes()].iter().copied()).collect()
                };
                model.actions().segments.iter().map(rows).collect()
            })
            .collect();
        Self { env, batches }
    }

    /// Steps per second over so long, and to the end of a segment.
    fn turn(&mut self, time: Duration) -> f64 {
        let mut steps = 0_u64;
        let start = Instant::now();
        while start.elapsed() < time {
            for batch in self.batches.iter().cycle().take(SEGMENT as usize) {
                let segments: Vec<&[u8]> = batch.iter().map(Vec::as_slice).collect();
                black_box(self.env.step(&segments).expect("actions are valid"));
                steps += self.env.num_envs() as u64;
            }
            // Ended episodes are their owner's to take away.
            drop(self.env.take_episodes());
            drop(self.env.take_segments(false).expect("no call panicked"));
        }
        steps as f64 / start.elapsed().as_secs_f64()
    }
}

fn vector(model: &Arc<Model>, lanes: usize, threads: usize, kind: Kind, time: Duration) -> f64 {
    Runner::new(model, lanes, threads, kind).turn(time)
}

/// What a step takes when it is recorded, when it is recorded and committed, and when all lanes are alike, as parts of a plain one's
/// time. Turn by turn; medians of the ratios.
fn costs(model: &Arc<Model>, time: Duration) -> [f64; 3] {
    let plain = Kind::default();
    let kinds =
        [Kind { record: true, ..plain }, Kind { commit: Some(SEGMENT), ..plain }, Kind { alike: true, ..plain }];
    let mut base = Runner::new(model, 256, 1, plain);
    let mut runners = kinds.map(|kind| (Runner::new(model, 256, 1, kind), Vec::new()));
    for _ in 0..TURNS {
        let base = base.turn(time);
        for (runner, ratios) in &mut runners {
            ratios.push(base / runner.turn(time));
        }
    }
    runners.map(|(_, ratios)| median(ratios))
}

/// How much faster `threads` threads are than one, and than one are as many envs with a share of the lanes each that know nothing of
/// each other: what the machine itself allows. Turn by turn, so that all see the same machine; medians of the ratios.
fn scaling(model: &Arc<Model>, lanes: usize, threads: usize, time: Duration) -> (f64, f64) {
    let kind = Kind::default();
    let mut one = Runner::new(model, lanes, 1, kind);
    let mut together = Runner::new(model, lanes, threads, kind);
    let mut apart: Vec<Runner> = (0..threads).map(|_| Runner::new(model, lanes / threads, 1, kind)).collect();
    let (mut gain, mut ceiling) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let base = one.turn(time);
        gain.push(together.turn(time) / base);
        let sum: f64 = thread::scope(|scope| {
            let runs: Vec<_> = apart.iter_mut().map(|runner| scope.spawn(|| runner.turn(time))).collect();
            runs.into_iter().map(|run| run.join().expect("no runner panics")).sum()
        });
        ceiling.push(sum / base);
    }
    (median(gain), median(ceiling))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A random member of the action space.
fn arena(model: &Model, rng: &mut Rng) -> Vec<u8> {
    let mut arena = vec![0; model.actions().size];
    for segment in &model.actions().segments {
        let cells = arena[segment.offset..segment.offset + segment.bytes()].chunks_exact_mut(4).enumerate();
        for (index, cell) in cells {
            cell.copy_from_slice(&match segment.choices {
                0 => rng.uniform(segment.low[index], segment.high[index]).to_le_bytes(),
                choices => ((rng.unit() * choices as f32) as i32).to_le_bytes(),
            });
        }
    }
    arena
}
