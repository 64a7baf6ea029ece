//! A whole dispute about a job, played by two parties on one machine: who lies, how it is found, and where it ends.
//!
//! Both parties derive the plan from what the user signed. The honest one ran the job; the liar did, too, but in one segment its machine
//! flipped a bit (`injection`), and everything after follows from there. They then play the [game](hyperdust_proof::game) by
//! the honest algorithm, each with what it believes to be true. A lie about an output ends at the flipped
//! instruction; one about actions ends at the segment whose actions nobody signed ([`judge`]).
//!
//! Before it accuses anybody, the honest party runs the disputed segment on the machine and compares it with its native
//! run: a difference between those two would be a fault of its own.

pub mod injection;
mod judge;
mod report;
pub mod settled;

use std::time::Instant;

use hyperdust_kernel::{AutoresetMode, merkle::Hash};
use hyperdust_proof::{
    Game, Graph, Party,
    game::{ARITY, Challenge, Clock, Reason, Runs, Terms, respond},
    graph::{MAX_STEPS, Run},
};

pub use injection::{Injection, Value};
pub use judge::{Signatures, evidence};
pub use report::{Guilty, Report};

use crate::{Error, Program, job::Job, job::roots};
use injection::{Lie, Look};

/// Seconds that a party has, and that a late move adds: the clocks of a trial, which nobody waits for.
const CLOCK: Clock = Clock { budget: 3600, extension: 600 };

/// A job computed honestly.
pub struct Truth {
    /// The job, with the user's signatures.
    pub job: Job,
    /// Output of each segment.
    pub outputs: Vec<Vec<u8>>,
}

impl Truth {
    /// Runs the job natively.
    pub fn of(job: Job) -> Result<Self, Error> {
        let outputs = job.replay(|_| {})?;
        Ok(Self { job, outputs })
    }

    fn graph(&self) -> Result<Graph, Error> {
        self.job.graph(&roots(&self.outputs))
    }

    /// Runs a segment on the machine, by the program's image, and refuses to go on where that gives something else than the native run.
    pub fn run(&self, image: &[u8], number: usize) -> Result<Run, Error> {
        let run = self.job.run(image, number, self.job.start(number, &self.outputs))?;
        if !run.trace.halted() {
            return Err(Error::Dispute(format!(
                "segment {number} takes more than {MAX_STEPS} instructions; accepted: segments of fewer steps"
            )));
        }
        if run.bytes() != self.outputs[number] {
            return Err(Error::Dispute(format!(
                "segment {number} gives another output on the machine ({:?}) than natively: nobody is accused",
                run.output().map(|head| head.root())
            )));
        }
        Ok(run)
    }
}

/// Plays a dispute in which `liar` lied by `injection`, or nobody did.
pub fn play(
    truth: &Truth,
    program: &Program,
    lie: Option<(Party, Injection)>,
    mut show: impl FnMut(&str),
) -> Result<Report, Error> {
    let start = Instant::now();
    let report = match lie {
        None => nobody(truth, program)?,
        Some((liar, injection)) if injection.value == Value::Action => actions(truth, liar, &injection)?,
        Some((liar, injection)) => outputs(truth, program, liar, &injection, &mut show)?,
    };
    Ok(report.after(start.elapsed()))
}

/// Nobody lied, so there is nothing to dispute; and the machine gives the last segment's output, too.
fn nobody(truth: &Truth, program: &Program) -> Result<Report, Error> {
    let segments = truth.job.segments().len();
    truth.run(&program.image, segments - 1)?;
    Ok(report::undisputed(segments as u32))
}

/// How one side of a dispute runs a node.
pub type Runner<'a> = Box<dyn FnMut(u32) -> Result<Run, Error> + 'a>;

/// What one side of a dispute knows.
pub type Knows<'a> = Runs<Runner<'a>>;

/// What the two sides of a dispute know, one of which lies about one instruction and computes everything that follows from it.
pub struct Sides<'a> {
    /// Of the side that is right.
    pub honest: Knows<'a>,
    /// Of the one that lies.
    pub liar: Knows<'a>,
    /// Segment and instruction of the lie.
    pub lie: (usize, u64),
}

/// Makes a lie by `injection`, which isn't one about actions. An error where it would change no output.
pub fn sides<'a>(
    truth: &'a Truth,
    program: &'a Program,
    injection: &Injection,
    mut show: impl FnMut(&str),
) -> Result<Sides<'a>, Error> {
    let job = &truth.job;
    let (number, moves) = locate(job, injection.step)?;
    show(&format!("segment {number} runs on the proof machine"));
    let honest = truth.run(&program.image, number)?;
    let mut look = Look::new(injection.value, moves);
    job.segment(number, job.start(number, &truth.outputs), &mut look)?;
    let pattern = look.found.unwrap_or_default();
    show("the liar's machine flips its bit, and runs on");
    let counter = injection::counter(program)?;
    let Some(Lie { run: lied, instruction }) = injection::flip(&honest, counter, moves, &pattern, injection.bit)?
    else {
        return Err(Error::Injection {
            found: injection.to_string(),
            accepted: "a value whose change reaches the segment's output".into(),
        });
    };
    let believed = follow(truth, number, lied.bytes());
    let graphs = (truth.graph()?, job.graph(&believed.roots)?);
    let (mut honest, mut lied) = (Some(honest), Some(lied));
    let true_runs = move |index: u32| match honest.take_if(|_| index as usize == number) {
        Some(run) => Ok(run),
        None => truth.run(&program.image, index as usize),
    };
    let false_runs = move |index: u32| match lied.take_if(|_| index as usize == number) {
        Some(run) => Ok(run),
        None => believed.run(job, program, index as usize),
    };
    Ok(Sides {
        honest: Runs::new(graphs.0, Box::new(true_runs)),
        liar: Runs::new(graphs.1, Box::new(false_runs)),
        lie: (number, instruction),
    })
}

/// A dispute about what a segment gave.
fn outputs(
    truth: &Truth,
    program: &Program,
    liar: Party,
    injection: &Injection,
    show: &mut impl FnMut(&str),
) -> Result<Report, Error> {
    let Sides { honest: mut true_runs, liar: mut false_runs, lie } = sides(truth, program, injection, &mut *show)?;
    show("both play");
    let judge = Signatures::of(&truth.job)?;
    let claim = match liar {
        Party::Provider => false_runs.graph().root(),
        Party::Challenger => true_runs.graph().root(),
    };
    let mut game = new_game(truth, claim, Challenge::Outputs, &judge)?;
    let mut at = 0;
    while let Some(turn) = game.turn() {
        at += 1;
        let stuck = |error: &dyn std::fmt::Display| Error::Dispute(format!("the {} cannot move: {error}", turn.by));
        let action = if turn.by == liar {
            respond(turn.by, &game, at, &mut false_runs).map_err(|error| stuck(&error))?
        } else {
            respond(turn.by, &game, at, &mut true_runs).map_err(|error| stuck(&error))?
        };
        let action = action.ok_or_else(|| stuck(&"it has no move"))?;
        game.play(turn.by, at, action, &judge).map_err(|error| stuck(&error))?;
    }
    let guilty = match game.outcome().map(|outcome| outcome.reason) {
        Some(Reason::StepRefuted { node, step } | Reason::StepProven { node, step }) => {
            let run = true_runs.run(node).map_err(|error| Error::Dispute(error.to_string()))?;
            Some(Guilty::at(&run.trace.state_at(step), program, step))
        }
        _ => None,
    };
    report::of(&game, &judge, guilty, Some(lie))
}

/// A dispute about what the user asked for: the provider used other actions, or the companion says so.
fn actions(truth: &Truth, liar: Party, injection: &Injection) -> Result<Report, Error> {
    let (number, _) = locate(&truth.job, injection.step)?;
    let used = match liar {
        Party::Provider => altered(&truth.job, number, injection)?,
        Party::Challenger => truth.job.clone(),
    };
    let used = Truth::of(used)?;
    let judge = Signatures::of(&truth.job)?;
    let graph = used.graph()?;
    let node = u32::try_from(number).unwrap_or(u32::MAX);
    let mut game = new_game(&used, graph.root(), Challenge::Inputs { node }, &judge)?;
    let shown = Runs::new(graph, |_| Err::<Run, _>("nothing is run"));
    // Whoever claims altered actions shows the best it has: the signature over the true ones.
    let mut shown = shown.with_evidence([(node, evidence(&truth.job, number)?)].into());
    let stuck = |error: &dyn std::fmt::Display| Error::Dispute(error.to_string());
    let answer = respond(Party::Provider, &game, 1, &mut shown).map_err(|error| stuck(&error))?;
    let answer = answer.ok_or_else(|| stuck(&"the provider has no move"))?;
    game.play(Party::Provider, 1, answer, &judge).map_err(|error| stuck(&error))?;
    report::of(&game, &judge, None, None)
}

fn new_game(truth: &Truth, claim: Hash, challenge: Challenge, judge: &Signatures) -> Result<Game, Error> {
    let plan = truth.job.plan();
    let terms =
        Terms { nodes: plan.count(), plan: plan.plan(), claim, challenge, arity: ARITY, clock: CLOCK, filed: 0 };
    Game::filed(terms, judge).map_err(|error| Error::Dispute(error.to_string()))
}

/// What a liar believes: the truth up to its lie, and what follows from that.
struct Believed {
    outputs: Vec<Vec<u8>>,
    roots: Vec<Hash>,
}

impl Believed {
    fn run(&self, job: &Job, program: &Program, number: usize) -> Result<Run, Error> {
        job.run(&program.image, number, job.start(number, &self.outputs))
    }
}

fn follow(truth: &Truth, number: usize, output: &[u8]) -> Believed {
    let mut outputs = truth.outputs[..number].to_vec();
    outputs.push(output.to_vec());
    let mut roots = roots(&outputs);
    for later in number + 1..truth.outputs.len() {
        let next = truth.job.segment(later, truth.job.start(later, &outputs), &mut ());
        // A state that cannot go on has no true successor, so any claim about one is as good.
        let next = next.unwrap_or_else(|_| truth.outputs[later].clone());
        roots.extend(crate::job::roots(std::slice::from_ref(&next)));
        outputs.push(next);
    }
    Believed { outputs, roots }
}

/// The segment of a step of the job, from 1, and how many resets and steps the program has counted after it.
fn locate(job: &Job, step: u32) -> Result<(usize, u32), Error> {
    let mut rest = step;
    if job.mode()? == AutoresetMode::SameStep {
        let found = "a job with same-step autoreset, in which a step may be two moves".into();
        return Err(Error::Injection { found, accepted: "another mode".into() });
    }
    for number in 0..job.segments().len() {
        let (count, resets) = job.shape(number)?;
        if (1..=count).contains(&rest) {
            return Ok((number, resets + rest));
        }
        rest = rest.saturating_sub(count);
    }
    Err(Error::Injection { found: format!("step={step}"), accepted: format!("1 to {}", job.steps()?) })
}

/// The job with one bit of an action flipped, under the same signatures.
fn altered(job: &Job, number: usize, injection: &Injection) -> Result<Job, Error> {
    let mut segments = job.segments().to_vec();
    // Below the injection's step, which is a u32.
    let before: u32 = (0..number).map(|earlier| job.shape(earlier).map(|shape| shape.0)).sum::<Result<u32, Error>>()?;
    let size = job.model().actions().size;
    let bit = injection.bit as usize % (8 * size.max(1));
    let place = segments[number].actions.len() - size * (job.shape(number)?.0 - (injection.step - before - 1)) as usize
        + bit / 8;
    let byte = segments[number].actions.get_mut(place).ok_or_else(|| Error::Injection {
        found: injection.to_string(),
        accepted: "a scene that takes actions".into(),
    })?;
    *byte ^= 1 << (bit % 8);
    Job::new(job.model(), job.program(), segments, job.terms().copied())
}
