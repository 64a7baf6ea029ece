//! Random worlds, natively and on the proof machine: the same bytes, or a difference, shrunk and named.
//!
//! Rust leaves the results of some floating-point operations open, and Rapier and Parry use them (docs/open-operations.md).
//! So worlds are drawn at places where those decide something: zeros of both signs, exact contacts, ties, tiny and huge
//! masses. World `number` of series `seed` is always the same one.

mod campaign;
mod numbers;
mod rigid;
mod robot;
mod task;

pub use campaign::{Campaign, Totals};

use std::{
    cell::RefCell,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use hyperdust_kernel::{
    AutoresetMode, Model, World,
    blueprint::{Blueprint, Integrator, Options, Task},
    layout::{Dtype, Layout},
    merkle::Kind,
    segment::{self, Actions, Begin, State, Stream},
};
use hyperdust_proof::machine::Status;
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};
use serde::Serialize;

use crate::{Guest, Segment};
use numbers::{mostly, one_of, value};

/// Instructions after which a world is given up. Few take a twentieth of it.
const MOST_INSTRUCTIONS: u64 = 1 << 30;

/// Everything that is drawn about a world and what happens in it.
#[derive(Clone, Debug)]
pub struct Plan {
    options: Options,
    pile: Option<rigid::Pile>,
    tree: Option<robot::Tree>,
    task: task::Plan,
    seed: u64,
    mode: AutoresetMode,
    /// For each step the numbers of an action, one after the other, again from the first where there are more.
    actions: Vec<[f32; 3]>,
}

/// What happened in a world in which both agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Played {
    /// 1 where the blueprint was refused, with the same words.
    pub refused: u64,
    /// 1 where the machine was stopped for its number of instructions; nothing is compared then.
    pub given_up: u64,
    /// Steps.
    pub steps: u64,
    /// Resets.
    pub resets: u64,
    /// Steps and resets that ended in a fault.
    pub faults: u64,
    /// Contact points, summed over physics steps.
    pub contacts: u64,
    /// 1 where anything touched.
    pub touched: u64,
    /// 1 with a robot.
    pub robots: u64,
    /// 1 with rigid bodies.
    pub piles: u64,
    /// Of the machine.
    pub instructions: u64,
}

/// Native code and the machine do not agree.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// Number of the world in its series.
    pub number: u64,
    /// The first step after which states differ; 0 is the first reset. None where the two do not even end in the same way.
    pub step: Option<u32>,
    /// What differs, with both values.
    pub what: String,
    /// The smallest world that was found to differ: blueprint and actions as they are run, in hexadecimal.
    pub blueprint: String,
    /// See `blueprint`.
    pub actions: String,
    /// The same for people.
    pub plan: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, step, what, plan, .. } = self;
        write!(f, "world {number}, first step {step:?}: {what}\nthe smallest such world: {plan}")
    }
}

/// All worlds.
pub fn plans() -> BoxedStrategy<Plan> {
    let bodies = prop_oneof![
        6 => rigid::pile().prop_map(|pile| (Some(pile), None)),
        3 => robot::tree().prop_map(|tree| (None, Some(tree))),
        1 => (rigid::pile(), robot::tree()).prop_map(|(pile, tree)| (Some(pile), Some(tree))),
    ];
    let actions = vec([value(), value(), value()], 1..=4);
    (options(), bodies, task::plan(), any::<u64>(), one_of(&AutoresetMode::ALL), actions)
        .prop_map(|(options, (pile, tree), task, seed, mode, actions)| Plan {
            options,
            pile,
            tree,
            task,
            seed,
            mode,
            actions,
        })
        .boxed()
}

fn options() -> BoxedStrategy<Options> {
    let gravity = one_of(&[
        [0.0, 0.0, -9.81],
        [0.0, 0.0, -10.0],
        [-0.0, -0.0, -0.0],
        [3.0, -4.0, -9.81],
        [0.0, 0.0, 9.81],
        [0.0, 0.0, -1e4],
    ]);
    (
        mostly(&[0.01, 0.002, 1.0 / 60.0, 0.05, 1e-6, 1.0]),
        1..=3u16,
        one_of(&[Integrator::Euler, Integrator::RungeKutta4, Integrator::ExplicitEuler]),
        mostly(&[8, 1, 30]),
        one_of(&[1, 2, 4]),
        prop_oneof![2 => Just([0.0, 0.0, -9.81]), 1 => gravity],
    )
        .prop_map(|(timestep, frame_skip, integrator, iterations, rigid_iterations, gravity)| Options {
            timestep,
            frame_skip,
            integrator,
            iterations,
            rigid_iterations,
            gravity,
        })
        .boxed()
}

impl Plan {
    /// The blueprint as it was drawn: zeros may be −0, and it may be refused. A robot that is none is left out.
    pub fn blueprint(&self) -> Blueprint {
        let robot = self.tree.as_ref().and_then(|tree| tree.build().ok());
        let rigid = self.pile.as_ref().map(rigid::Pile::build);
        let mut blueprint = Blueprint { options: self.options.clone(), robot, rigid, task: Task::default() };
        self.task.build(&mut blueprint);
        blueprint
    }

    /// The segment of its first `steps` steps.
    fn segment(&self, blueprint: &[u8], layout: &Layout, steps: usize) -> Segment {
        let numbers = &self.actions[..steps];
        let bytes: Vec<u8> = numbers.iter().flat_map(|numbers| action(layout, numbers)).collect();
        let begin = Begin::Reset { seed: Some(self.seed) };
        let actions =
            Actions::new(begin, self.mode, layout.size, steps as u32, &bytes).expect("few actions of their size");
        Segment { blueprint: blueprint.to_vec(), state: vec![], actions: actions.encode() }
    }
}

/// An action of these numbers.
fn action(layout: &Layout, numbers: &[f32; 3]) -> Vec<u8> {
    let mut bytes = vec![0; layout.size];
    let mut numbers = numbers.iter().cycle();
    for segment in &layout.segments {
        for cell in bytes[segment.offset..segment.offset + segment.bytes()].chunks_exact_mut(segment.dtype.size()) {
            let number = *numbers.next().expect("a cycle");
            match segment.dtype {
                Dtype::I32 => cell.copy_from_slice(&(number as i32).to_le_bytes()),
                Dtype::F32 => cell.copy_from_slice(&number.to_le_bytes()),
                Dtype::F64 => cell.copy_from_slice(&f64::from(number).to_le_bytes()),
                Dtype::U8 | Dtype::Bool => cell.copy_from_slice(&[number as u8]),
            }
        }
    }
    bytes
}

/// World `number` of the series `seed`.
pub fn draw(seed: u64, number: u64) -> impl proptest::strategy::ValueTree<Value = Plan> {
    plans().new_tree(&mut runner(seed, number)).expect("no world is rejected")
}

fn runner(seed: u64, number: u64) -> TestRunner {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&number.to_le_bytes());
    let config =
        Config { failure_persistence: None, max_shrink_iters: 2_000, max_shrink_time: 120_000, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &key))
}

/// Plays world `number` of the series `seed`; where the two differ, looks for the smallest world in which they still do.
pub fn play(guest: &Guest, seed: u64, number: u64) -> Result<Played, Difference> {
    let played = RefCell::new(None);
    let result = runner(seed, number).run_one(draw(seed, number), |plan| {
        let first = compare(guest, &plan).map_err(TestCaseError::fail)?;
        played.borrow_mut().get_or_insert(first);
        Ok(())
    });
    match result {
        Ok(_) => Ok(played.into_inner().unwrap_or_default()),
        Err(TestError::Fail(why, plan)) => Err(locate(guest, number, &plan, why.message())),
        Err(TestError::Abort(why)) => panic!("world {number} of series {seed}: {why}"),
    }
}

/// Runs all of a world on both sides; the error says how they differ.
fn compare(guest: &Guest, plan: &Plan) -> Result<Played, String> {
    let blueprint = plan.blueprint();
    let kinds = Played {
        robots: u64::from(blueprint.robot.is_some()),
        piles: u64::from(blueprint.rigid.is_some()),
        ..Played::default()
    };
    let model =
        quietly(|| Model::new(blueprint.clone())).map_err(|panic| format!("the blueprint: a panic: {panic}"))?;
    let Ok(model) = model else {
        // What nobody can encode, nobody can hand to the machine.
        let Ok(bytes) = blueprint.encode() else { return Ok(Played { refused: 1, ..kinds }) };
        let segment = plan.segment(&bytes, &Layout::default(), 0);
        return compare_bytes(guest, &segment, kinds);
    };
    let bytes =
        model.blueprint().encode().map_err(|error| format!("a valid blueprint that cannot be encoded: {error}"))?;
    compare_bytes(guest, &plan.segment(&bytes, model.actions(), plan.actions.len()), kinds)
}

fn compare_bytes(guest: &Guest, segment: &Segment, kinds: Played) -> Result<Played, String> {
    let mut played = kinds;
    let native =
        quietly(|| segment::run_watched(&segment.blueprint, &segment.state, &segment.actions, &mut Count(&mut played)))
            .map_err(|panic| format!("a native panic: {panic}"))?;
    let Some(end) = guest.run_within(&segment.inputs(), MOST_INSTRUCTIONS) else {
        return Ok(Played { given_up: 1, instructions: MOST_INSTRUCTIONS, ..kinds });
    };
    played.instructions = end.steps;
    let same = |kind: Kind, bytes: &[u8]| end.output.as_ref().is_some_and(|(k, b)| *k == kind.word() && b == bytes);
    match (&native, end.status) {
        (Ok(state), Status::Exited(0)) if same(segment::STATE, state) => Ok(played),
        (Ok(_), Status::Exited(0)) => Err("the states differ".into()),
        (Err(error), Status::Exited(1)) if same(crate::ERROR, error.to_string().as_bytes()) => {
            Ok(Played { refused: 1, ..played })
        }
        (Ok(_), status) => Err(format!("native code gives a state, and the machine ends as {status:?}")),
        (Err(error), status) => Err(format!("native code says {error:?}, and the machine ends as {status:?}")),
    }
}

/// Counts what happens.
struct Count<'a>(&'a mut Played);

impl segment::Watch for Count<'_> {
    fn moved(&mut self, world: &World) {
        let contacts = u64::from(world.cost().contacts);
        *(if world.steps() == 0 { &mut self.0.resets } else { &mut self.0.steps }) += 1;
        self.0.faults += u64::from(world.fault().is_some());
        self.0.contacts += contacts;
        self.0.touched |= u64::from(contacts > 0);
    }
}

/// Runs `f`; a panic is an error with its message, and prints nothing.
fn quietly<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|panic| match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic.downcast_ref::<&str>().map_or("a panic", |text| text).to_string(),
    })
}

/// The first step after which states differ, and in what.
fn locate(guest: &Guest, number: u64, plan: &Plan, why: &str) -> Difference {
    let blueprint = plan.blueprint();
    let mut difference = Difference {
        number,
        step: None,
        what: why.to_owned(),
        blueprint: String::new(),
        actions: String::new(),
        plan: format!("{plan:?}"),
    };
    let hex = hyperdust_tests::hex;
    let Ok(Ok(model)) = quietly(|| Model::new(blueprint.clone())) else {
        difference.blueprint = blueprint.encode().map(|bytes| hex(&bytes)).unwrap_or_default();
        return difference;
    };
    let Ok(bytes) = model.blueprint().encode() else { return difference };
    difference.blueprint = hex(&bytes);
    for steps in 0..=plan.actions.len() {
        let segment = plan.segment(&bytes, model.actions(), steps);
        difference.actions = hex(&segment.actions);
        let native = quietly(|| segment.native());
        let end = guest.run_within(&segment.inputs(), MOST_INSTRUCTIONS);
        let (Ok(Ok(native)), Some((_, machine))) = (native, end.and_then(|end| end.output)) else {
            difference.step = Some(steps as u32);
            return difference;
        };
        if native != machine {
            difference.step = Some(steps as u32);
            difference.what = fields(&model, &native, &machine);
            return difference;
        }
    }
    difference
}

/// Names what differs between two states, first of all numbers of the simulation.
fn fields(model: &std::sync::Arc<Model>, native: &[u8], machine: &[u8]) -> String {
    let streams = [native, machine].map(|bytes| Stream::resume(model, bytes));
    let [Ok(native), Ok(machine)] = &streams else {
        return format!("a state that cannot be read: natively {:?}, on the machine {:?}", streams[0], streams[1]);
    };
    if let (Some(a), Some(b)) = (native.world(), machine.world()) {
        let arrays = |world: &World| -> Vec<(&'static str, Vec<f32>)> {
            let [positions, orientations, velocities, spins] = world.rigid_arrays().map(<[f32]>::to_vec);
            vec![
                ("qpos", world.qpos().to_vec()),
                ("qvel", world.qvel().to_vec()),
                ("rigid positions", positions),
                ("rigid orientations", orientations),
                ("rigid velocities", velocities),
                ("rigid angular velocities", spins),
                ("infos", world.info().to_vec()),
                ("reward", vec![world.outcome().reward]),
            ]
        };
        for ((name, a), (_, b)) in arrays(a).into_iter().zip(arrays(b)) {
            if let Some(i) = (0..a.len().min(b.len())).find(|&i| a[i].to_bits() != b[i].to_bits()) {
                let [p, q] = [a[i], b[i]];
                return format!(
                    "{name}[{i}]: natively {p:?} ({:#010x}), on the machine {q:?} ({:#010x})",
                    p.to_bits(),
                    q.to_bits()
                );
            }
        }
        for (name, a, b) in [
            ("fault", format!("{:?}", a.fault()), format!("{:?}", b.fault())),
            ("cost", format!("{:?}", a.cost()), format!("{:?}", b.cost())),
            ("outcome", format!("{:?}", a.outcome()), format!("{:?}", b.outcome())),
            ("observation", format!("{:02x?}", a.observation()), format!("{:02x?}", b.observation())),
            ("warm start", format!("{:02x?}", a.warm_start()), format!("{:02x?}", b.warm_start())),
        ] {
            if a != b {
                return format!("{name}: natively {a}, on the machine {b}");
            }
        }
    }
    let states = [native, machine].map(|stream| State { snapshot: vec![], ..stream.state() });
    format!("natively {:?}, on the machine {:?}", states[0], states[1])
}
