//! Every scene for hundreds of steps natively and on the proof machine: equal bytes, and instructions a step.
//!
//! `measure [--steps N] [--json]` prints a table, or the same as JSON (`make evidence-guest` keeps that);
//! `measure --profile SCENE` says in which functions the instructions of 20 steps are.

use std::{collections::HashMap, env, process::ExitCode, sync::Arc, time::Instant};

use hyperdust_guest_tests::{Guest, Segment};
use hyperdust_kernel::{AutoresetMode, Model, rng::Rng, segment};
use hyperdust_mlp::{ANSWERS, Activation, Batch, Layer, NETWORK, Network, OBSERVATIONS};
use hyperdust_proof::{
    graph::MAX_STEPS,
    machine::{Status, plain},
};
use hyperdust_scene::{ParameterValue, Scene};
use hyperdust_tests::{Actions, scenes};
use serde::Serialize;

/// Steps of a segment; each goes on from the output of the one before.
const SEGMENT: u32 = 50;

/// What was found out about a scene.
#[derive(Serialize)]
struct Row {
    scene: String,
    steps: u32,
    episodes: u64,
    /// Of every segment's output, natively and on the machine.
    equal: bool,
    /// To decode blueprint and state, build the model, and hash and write the state: what a segment costs without a step.
    instructions_per_segment: u64,
    instructions_per_step: u64,
    /// In the segment where they were most.
    instructions_per_step_most: u64,
    instructions_per_physics_step: u64,
    /// Steps that a node's limit of instructions has room for, at the most expensive segment's rate.
    longest_segment: u64,
    output_bytes: usize,
    stack_bytes: u32,
    heap_bytes: u32,
    million_instructions_per_second: f64,
}

#[derive(Serialize)]
struct Policy {
    layers: Vec<u32>,
    rows: usize,
    equal: bool,
    instructions_per_row: u64,
    instructions_per_weight: f64,
}

#[derive(Serialize)]
struct Report {
    node_limit: u64,
    image_bytes: HashMap<&'static str, usize>,
    scenes: Vec<Row>,
    policy: Policy,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (mut steps, mut json) = (200u32, false);
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        match (argument, rest.clone().next()) {
            ("--json", _) => json = true,
            ("--steps", Some(number)) => {
                steps = number.parse().expect("a number of steps");
                rest.next();
            }
            ("--profile", Some(scene)) => {
                profile(scene);
                return ExitCode::SUCCESS;
            }
            _ => {
                eprintln!("usage: measure [--steps N] [--json] | measure --profile SCENE");
                return ExitCode::FAILURE;
            }
        }
    }
    let guest = Guest::new("segment");
    if !json {
        println!(
            "{:<22} {:>6} {:>6} {:>11} {:>11} {:>11} {:>8} {:>7}",
            "scene", "steps", "equal", "a segment", "a step", "physics", "longest", "M/s"
        );
    }
    let mut rows = Vec::new();
    for (name, model) in all() {
        let row = scene(&guest, name, &model, steps.div_ceil(SEGMENT));
        if !json {
            let Row { scene, steps, equal, longest_segment, million_instructions_per_second: speed, .. } = &row;
            let [start, step, physics] =
                [row.instructions_per_segment, row.instructions_per_step, row.instructions_per_physics_step]
                    .map(|count| format!("{:.3} M", count as f64 / 1e6));
            println!(
                "{scene:<22} {steps:>6} {equal:>6} {start:>11} {step:>11} {physics:>11} {longest_segment:>8} {speed:>7.0}"
            );
        }
        rows.push(row);
    }
    let mlp = Guest::new("policy-mlp");
    let policy = policy(&mlp);
    let good = policy.equal && rows.iter().all(|row| row.equal);
    if json {
        let image_bytes = [("segment", guest.image.len()), ("policy-mlp", mlp.image.len())].into();
        let report = Report { node_limit: MAX_STEPS, image_bytes, scenes: rows, policy };
        println!("{}", serde_json::to_string(&report).expect("numbers and names"));
    } else {
        let Policy { layers, rows, equal, instructions_per_row, instructions_per_weight } = &policy;
        println!(
            "policy {layers:?}: {rows} rows, equal: {equal}, {instructions_per_row} instructions a row, \
             {instructions_per_weight:.1} a weight"
        );
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The published scenes, and Ant with Euler's method instead of four evaluations a step.
fn all() -> Vec<(&'static str, Arc<Model>)> {
    let mut all = scenes();
    let euler = [("integrator".to_owned(), ParameterValue::Text("euler".into()))].into();
    let cooked = Scene::builtin("ant").and_then(|scene| scene.cook(&euler)).expect("a published scene");
    all.push(("ant (euler)", Model::new(cooked.blueprint).expect("a valid scene")));
    all
}

fn scene(guest: &Guest, name: &str, model: &Model, segments: u32) -> Row {
    let mut draw = Actions::new(model.actions(), 43);
    let mode = AutoresetMode::SameStep;
    let mut state = Segment::new(model, &[], mode, 0, &mut draw).native().expect("a first segment");
    let (mut equal, mut total, mut most, mut idle) = (true, 0, 0, 0);
    let (mut stack, mut heap, mut seconds, mut all) = (0, 0, 0.0, 0);
    for _ in 0..segments {
        let [empty, full] = [0, SEGMENT].map(|steps| Segment::new(model, &state, mode, steps, &mut draw));
        idle = guest.run(&empty.inputs()).steps;
        let start = Instant::now();
        let end = guest.run(&full.inputs());
        seconds += start.elapsed().as_secs_f64();
        all += end.steps;
        let steps = end.steps - idle;
        (total, most) = (total + steps, most.max(steps));
        (stack, heap) = (stack.max(end.stack()), heap.max(end.heap()));
        state = full.native().expect("a valid segment");
        equal &= end.result(segment::STATE) == state;
    }
    let steps = segments * SEGMENT;
    let step = total / u64::from(steps);
    let most = most / u64::from(SEGMENT);
    Row {
        scene: name.into(),
        steps,
        episodes: segment::State::decode(&state).expect("a segment's output").episodes,
        equal,
        instructions_per_segment: idle,
        instructions_per_step: step,
        instructions_per_step_most: most,
        instructions_per_physics_step: step / u64::from(model.blueprint().options.frame_skip),
        longest_segment: (MAX_STEPS - idle) / most,
        output_bytes: state.len(),
        stack_bytes: stack,
        heap_bytes: heap,
        million_instructions_per_second: (all as f64 / seconds / 1e5).round() / 10.0,
    }
}

fn policy(guest: &Guest) -> Policy {
    let (layers, rows) = (vec![27, 64, 64, 8], 16);
    let mut rng = Rng::new(1);
    let mut numbers = |count: u32| (0..count).map(|_| rng.uniform(-1.0, 1.0)).collect::<Vec<f32>>();
    let network = layers.windows(2).map(|pair| Layer {
        inputs: pair[0],
        activation: Activation::Tanh,
        biases: numbers(pair[1]),
        weights: numbers(pair[0] * pair[1]),
    });
    let network = Network::new(network.collect()).and_then(|network| network.encode()).expect("layers that fit");
    let observations = |rows: u32, numbers: &mut dyn FnMut(u32) -> Vec<f32>| {
        Batch { columns: 27, numbers: numbers(27 * rows) }.encode().expect("finite numbers")
    };
    let [none, some] = [0, rows as u32].map(|rows| observations(rows, &mut numbers));
    let run = |batch: &[u8]| guest.run(&[Some((NETWORK, &network)), Some((OBSERVATIONS, batch))]);
    let end = run(&some);
    let row = (end.steps - run(&none).steps) / rows as u64;
    let weights: u32 = layers.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let native = hyperdust_mlp::run(&network, &some).expect("a network and its observations");
    let equal = end.result(ANSWERS) == native;
    let instructions_per_weight = (10.0 * row as f64 / f64::from(weights)).round() / 10.0;
    Policy { layers, rows, equal, instructions_per_row: row, instructions_per_weight }
}

fn profile(scene: &str) {
    let guest = Guest::new("segment");
    let (_, model) = all().into_iter().find(|(name, _)| *name == scene).expect("a published scene");
    let segment = Segment::new(&model, &[], AutoresetMode::SameStep, 20, &mut Actions::new(model.actions(), 43));
    let mut state = guest.start(&segment.inputs());
    let mut counts = vec![0u64; guest.image.len() / 4];
    while state.processor.status == Status::Running {
        counts[(state.processor.pc / 4) as usize] += 1;
        plain::step(&mut state);
    }
    let map = guest.source_map();
    let mut functions: HashMap<&str, u64> = HashMap::new();
    for (pc, &count) in (0..).step_by(4).zip(&counts).filter(|(_, count)| **count > 0) {
        *functions.entry(map.symbol(pc).unwrap_or("?")).or_default() += count;
    }
    let mut functions: Vec<_> = functions.into_iter().collect();
    functions.sort_unstable_by_key(|&(name, count)| (std::cmp::Reverse(count), name));
    let total: u64 = counts.iter().sum();
    for (name, count) in functions.into_iter().take(30) {
        let name: String = name.chars().take(110).collect();
        println!("{:6.2} % {count:>12}  {name}", 100.0 * count as f64 / total as f64);
    }
}
