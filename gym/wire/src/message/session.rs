//! Sessions: a client's vector env on a server.

use std::collections::BTreeMap;

use hyperdust_gym::{AutoresetMode, autoreset_mode};
use serde::{Deserialize, Serialize};

use crate::{
    ArraySpec, Error, Hex, Layout, Token, array,
    control::{Bad, Control, between, name},
    limits,
    message::{SigningRequest, SigningTerms},
};

/// The value of a scene's parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// A name.
    Text(String),
    /// Numbers.
    List(Vec<f64>),
}

/// OPEN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// A published scene's name.
    pub scene: String,
    /// Values of its parameters; those that are missing have their defaults.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
    /// Lanes.
    pub num_envs: usize,
    /// "NextStep", "SameStep" or "Disabled".
    pub autoreset: String,
    /// Truncates episodes after so many steps instead of the scene's number; 0: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_episode_steps: Option<u32>,
    /// Whether the server records the session's episodes.
    #[serde(default)]
    pub record: bool,
    /// Requests that may be unanswered at a time; the server may agree to fewer.
    #[serde(default = "one")]
    pub pipeline: u32,
    /// A public key (Z85) that may take the session over to step it, with the token: for an agent that may not choose seeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Signed action roots and receipts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing: Option<SigningRequest>,
}

fn one() -> u32 {
    1
}

impl Open {
    /// So many lanes of a scene, everything else as usual: next-step autoreset, nothing recorded, one request at a time.
    pub fn new(scene: impl Into<String>, num_envs: usize) -> Self {
        Self {
            scene: scene.into(),
            parameters: BTreeMap::new(),
            num_envs,
            autoreset: AutoresetMode::default().name().into(),
            max_episode_steps: None,
            record: false,
            pipeline: 1,
            agent: None,
            signing: None,
        }
    }
}

impl Control for Open {
    fn check(&self) -> Result<(), Bad> {
        name("scene", &self.scene, 1)?;
        between("parameters", self.parameters.len() as u64, 0, 256)?;
        self.parameters.keys().try_for_each(|key| name("parameters", key, 1))?;
        between("num_envs", self.num_envs as u64, 1, limits::LANES as u64)?;
        between("pipeline", self.pipeline.into(), 1, limits::PIPELINE.into())?;
        mode(&self.autoreset)?;
        if let Some(agent) = self.agent.as_ref().filter(|key| key.len() != 40) {
            return Err(Bad::new("agent", format_args!("{} characters", agent.len()), "40 characters of Z85"));
        }
        self.signing.as_ref().map_or(Ok(()), SigningRequest::check)
    }
}

fn mode(found: &str) -> Result<AutoresetMode, Bad> {
    autoreset_mode(found).map_err(|_| Bad::new("autoreset", found, "NextStep, SameStep or Disabled"))
}

/// What a connection may do with its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// STEP, RUN, CLOSE.
    Step,
    /// RESET, and its seeds.
    Reset,
    /// SNAPSHOT, RESTORE.
    State,
}

/// The answer to OPEN: everything that is fixed for the session's life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// Its number, from 1.
    pub session: u64,
    /// What RESUME needs.
    pub token: Token,
    /// As asked for.
    pub scene: String,
    /// Root of what is simulated.
    pub blueprint: Hex<32>,
    /// As asked for.
    pub num_envs: usize,
    /// As asked for.
    pub autoreset: String,
    /// Steps after which an episode is truncated; 0: none.
    pub max_episode_steps: u32,
    /// Requests that may be unanswered at a time.
    pub pipeline: u32,
    /// What this connection may do with it.
    pub rights: Vec<Right>,
    /// Arrays of an action, a frame each in STEP.
    pub actions: Vec<ArraySpec>,
    /// Arrays of an observation.
    pub observations: Vec<ArraySpec>,
    /// Names of the infos.
    pub infos: Vec<String>,
    /// Names of the bodies that faults speak of, by number; may be empty.
    pub bodies: Vec<String>,
    /// Texts of the faults: number 1 is the first.
    pub faults: Vec<String>,
    /// Where a batch's arrays lie.
    pub layout: Layout,
    /// Env steps per second of simulated time, for players; 0: unknown.
    pub render_fps: u32,
    /// What is signed, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing: Option<SigningTerms>,
}

impl Opened {
    /// Bytes of a lane's arrays of an action, by array: a STEP's frames have `num_envs` times as many.
    pub fn action_bytes(&self) -> impl Iterator<Item = usize> {
        self.actions.iter().map(|array| array.bytes() * self.num_envs)
    }

    /// What happens to lanes whose episode ended.
    pub fn mode(&self) -> AutoresetMode {
        mode(&self.autoreset).unwrap_or_default()
    }
}

impl Control for Opened {
    const LIMIT: usize = limits::REPLY_JSON;

    fn check(&self) -> Result<(), Bad> {
        between("session", self.session, 1, u64::MAX)?;
        between("num_envs", self.num_envs as u64, 1, limits::LANES as u64)?;
        between("pipeline", self.pipeline.into(), 1, limits::PIPELINE.into())?;
        array::check("actions", &self.actions)?;
        array::check("observations", &self.observations)?;
        between("infos", self.infos.len() as u64, 0, limits::INFOS as u64)?;
        self.infos.iter().try_for_each(|info| name("infos", info, 0))?;
        for (index, array) in self.actions.iter().enumerate() {
            let bytes = (array.bytes() as u64).saturating_mul(self.num_envs as u64);
            between(&format!("actions[{index}]: bytes of all lanes"), bytes, 0, limits::DATA as u64)?;
        }
        let mode = mode(&self.autoreset)?;
        let layout = Layout::of(&self.observations, &self.infos, self.num_envs, mode)
            .map_err(|error: Error| Bad::new("layout", error, "shorter frames"))?;
        if layout != self.layout {
            return Err(Bad::new(
                "layout",
                "another one",
                "what follows from observations, infos, num_envs and autoreset",
            ));
        }
        Ok(())
    }
}

/// RESUME: the session of this token goes on, on this connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// Its number.
    pub session: u64,
    /// From its opening.
    pub token: Token,
    /// All requests up to this number are answered, as far as the client knows; 0: none.
    pub answered: u64,
    /// Where the client can send them again from this number on: the session goes on though the server has forgotten these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<u64>,
}

impl Resume {
    /// The last request that the server must have: those after it can be had from the client.
    pub fn needed(&self) -> u64 {
        self.again.map_or(self.answered, |again| self.answered.min(again - 1))
    }
}

impl Control for Resume {
    fn check(&self) -> Result<(), Bad> {
        between("again", self.again.unwrap_or(1), 1, u64::MAX)?;
        between("session", self.session, 1, u64::MAX)
    }
}

/// The answer to RESUME.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resumed {
    /// As in its opening; the token and the rights are this connection's.
    pub opened: Opened,
    /// The number that the session expects next: greater than `answered`. Smaller ones have acted, and are answered again where
    /// they are sent again.
    pub next: u64,
}

impl Control for Resumed {
    const LIMIT: usize = limits::REPLY_JSON;

    fn check(&self) -> Result<(), Bad> {
        between("next", self.next, 1, u64::MAX)?;
        self.opened.check()
    }
}

/// What follows the JSON of a RESET.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeedsFrame {
    /// No seeds: each lane's random stream goes on.
    Continue,
    /// No frame: lane `i` gets `first + i`, wrapping.
    First(u64),
    /// Two frames: a seed a lane (8 bytes, little-endian), and a byte a lane: 1 where it is given, 0 where the stream goes on.
    Each,
}

/// RESET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reset<'a> {
    /// How lanes are seeded.
    pub seeds: SeedsFrame,
    /// Of [`SeedsFrame::Each`]: seeds, and which are given.
    pub each: Option<(&'a [u8], &'a [u8])>,
    /// A byte a lane, 1: reset it; none: all lanes.
    pub mask: Option<&'a [u8]>,
}

impl Reset<'_> {
    /// The seeds of [`SeedsFrame::Each`].
    pub fn seeds(&self) -> Option<Vec<Option<u64>>> {
        let (seeds, given) = self.each?;
        let seeds = seeds.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
        Some(seeds.zip(given).map(|(seed, given)| (*given != 0).then_some(seed)).collect())
    }

    /// The mask as an env takes it.
    pub fn mask(&self) -> Option<Vec<bool>> {
        self.mask.map(|mask| mask.iter().map(|byte| *byte != 0).collect())
    }
}

/// The JSON of a RESET.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetControl {
    pub seeds: SeedsFrame,
    #[serde(default)]
    pub mask: bool,
}

impl Control for ResetControl {}

/// RUN: the server steps the session with actions of a policy that it hosts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Its name.
    pub policy: String,
    /// How many steps; the answer is the last one's batch.
    pub steps: u32,
}

impl Control for Run {
    fn check(&self) -> Result<(), Bad> {
        name("policy", &self.policy, 1)?;
        between("steps", self.steps.into(), 1, limits::RUN.into())
    }
}

/// The answer to CLOSE.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closed {
    /// Steps of every lane, since the session began.
    pub steps: u64,
    /// Episodes that were recorded and are safe on disk.
    pub episodes: u64,
}

impl Control for Closed {}
