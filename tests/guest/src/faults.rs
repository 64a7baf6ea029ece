//! Trial disputes over random faults: one bit of one value, at a random step of a random scene, by either side or none.

use hyperdust_actors::{
    Error, Program,
    dispute::{self, Injection, Truth, Value},
    trial,
};
use hyperdust_kernel::rng::Rng;
use hyperdust_proof::Party;
use serde::Serialize;

/// Steps of an episode, and of a segment of it.
const STEPS: u32 = 20;
const SEGMENT: u32 = 8;
/// Cuts of a trace of 2³¹ instructions that are allowed.
const MOST_CUTS: u32 = 8;
/// Injections that are drawn for a case, until one reaches the output.
const DRAWS: u32 = 40;

/// A case and how it ended.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// Number of the case, from 0.
    pub number: u32,
    /// The scene.
    pub scene: String,
    /// What was flipped; none where nobody lied.
    pub injection: Option<String>,
    /// Who lied.
    pub liar: Option<&'static str>,
    /// Segment of the step in question.
    pub segment: Option<u32>,
    /// Injections that were drawn and changed nothing that anybody could claim.
    pub without_effect: u32,
    /// How it ended.
    pub report: dispute::Report,
}

impl Case {
    /// What is wrong with how it ended, if anything: the liar is to be blamed, at exactly the instruction that lied.
    pub fn wrong(&self) -> Option<String> {
        let report = &self.report;
        let wrong = |what: &str| Some(format!("case {}: {what}: {self:?}", self.number));
        if report.blamed != self.liar {
            return wrong("somebody else is blamed");
        }
        if let Some((_, instruction)) = report.injected
            && report.instruction_index != Some(instruction)
        {
            return wrong("it ends at another instruction");
        }
        if report.node != self.segment {
            return wrong("it ends in another segment");
        }
        if report.provider_moves > MOST_CUTS {
            return wrong("too many cuts");
        }
        None
    }
}

/// Plays case `number` of the series `seed`.
pub fn play(program: &Program, seed: u64, number: u32) -> Result<Case, Error> {
    let mut rng = Rng::new(seed.wrapping_mul(1 << 32).wrapping_add(number.into()));
    let mut below = |limit: u32| (rng.unit() * limit as f32) as u32;
    let names = hyperdust_scene::Scene::builtin_names();
    let scene = names[below(names.len() as u32) as usize];
    let model = trial::model(scene)?;
    let truth = Truth::of(trial::job(&model, program.root, u64::from(below(1 << 20)), STEPS, SEGMENT)?)?;
    // In turn, so that every value is flipped by either side; every seventh case by nobody.
    let liar = match number % 7 {
        6 => None,
        n if n % 2 == 0 => Some(Party::Provider),
        _ => Some(Party::Challenger),
    };
    let mut without_effect = 0;
    loop {
        let injection = Injection {
            step: 1 + below(STEPS),
            bit: below(1 << 16),
            value: Value::ALL[below(Value::ALL.len() as u32) as usize],
        };
        match dispute::play(&truth, program, liar.map(|liar| (liar, injection)), |_| {}) {
            Err(Error::Injection { .. }) if without_effect < DRAWS => without_effect += 1,
            Err(error) => return Err(error),
            Ok(report) => {
                return Ok(Case {
                    number,
                    scene: scene.to_string(),
                    injection: liar.map(|_| injection.to_string()),
                    segment: liar.map(|_| (injection.step - 1) / SEGMENT),
                    liar: liar.map(|liar| if liar == Party::Provider { "provider" } else { "companion" }),
                    without_effect,
                    report,
                });
            }
        }
    }
}
