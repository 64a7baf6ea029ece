//! Who is there, what it takes, and which scenes it has.

use serde::{Deserialize, Serialize};

use crate::{
    Hex,
    control::{Bad, Control, between, name},
    limits,
};

/// HELLO: the first request of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// Versions that the client speaks.
    pub versions: Vec<u16>,
    /// Its name and release, for logs.
    pub client: String,
}

impl Control for Hello {
    fn check(&self) -> Result<(), Bad> {
        between("versions", self.versions.len() as u64, 1, 64)?;
        name("client", &self.client, 0)
    }
}

/// What a connection may do. Beyond loopback it hangs on the key that the connection was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Acts in worlds that are its own or were given to it.
    Agent,
    /// Gets the inputs of jobs that it is assigned.
    Companion,
    /// Everything.
    Operator,
}

/// What a server takes at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Lanes of a session.
    pub lanes: usize,
    /// Sessions of this client.
    pub sessions: u32,
    /// Unanswered requests of a session.
    pub pipeline: u32,
    /// Bytes of a frame of numbers.
    pub data: usize,
    /// A connection says something at least so often: PING where it has nothing else to say.
    pub heartbeat_ms: u64,
    /// A connection that is silent for so long has no sessions any more; they are kept for RESUME.
    pub silence_ms: u64,
    /// A session without a connection is kept for so long.
    pub resume_ms: u64,
}

/// The answer to HELLO.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Welcome {
    /// The version that both speak from here on.
    pub version: u16,
    /// The server's name and release.
    pub server: String,
    /// `hyperdust_kernel::VERSION`: what digests and episodes depend on.
    pub kernel: u16,
    /// What this connection may do.
    pub role: Role,
    /// What the server takes.
    pub limits: Limits,
    /// Whether it begins nothing new.
    pub draining: bool,
}

impl Welcome {
    /// Before a server has said anything.
    #[cfg(feature = "sockets")]
    pub(crate) fn nobody() -> Self {
        let limits = Limits {
            lanes: limits::LANES,
            sessions: 1,
            pipeline: 1,
            data: limits::DATA,
            heartbeat_ms: 1000,
            silence_ms: 60_000,
            resume_ms: 600_000,
        };
        let (server, role) = (String::new(), Role::Agent);
        Self { version: crate::VERSION, server, kernel: hyperdust_kernel::VERSION, role, limits, draining: false }
    }
}

impl Control for Welcome {
    const LIMIT: usize = limits::REPLY_JSON;

    fn check(&self) -> Result<(), Bad> {
        name("server", &self.server, 0)?;
        between("limits.lanes", self.limits.lanes as u64, 1, limits::LANES as u64)?;
        between("limits.pipeline", self.limits.pipeline.into(), 1, limits::PIPELINE.into())?;
        between("limits.data", self.limits.data as u64, 1, limits::DATA as u64)?;
        between("limits.heartbeat_ms", self.limits.heartbeat_ms, 1, u64::MAX)
    }
}

/// A published scene.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SceneSummary {
    /// What OPEN calls it.
    pub name: String,
    /// For people.
    pub title: String,
    /// Root of its blueprint with default parameters.
    pub blueprint: Hex<32>,
    /// "provable" or "attested".
    pub tier: String,
    /// Steps after which an episode is truncated; 0: none.
    pub max_episode_steps: u32,
    /// Names of what OPEN may set.
    pub parameters: Vec<String>,
}

/// The answer to SCENES.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SceneList {
    /// By name.
    pub scenes: Vec<SceneSummary>,
}

impl Control for SceneList {
    const LIMIT: usize = limits::REPLY_JSON;
}

/// Why a server speaks unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoticeKind {
    /// It ends soon: finish and CLOSE.
    Draining,
    /// The session in the header is another connection's from now on.
    Detached,
    /// The session in the header is gone.
    SessionLost,
}

/// NOTICE: sent by the server, unasked; its request number is 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// For programs.
    pub notice: NoticeKind,
    /// For people.
    pub message: String,
    /// Until it happens; none: it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_ms: Option<u64>,
}

impl Control for Notice {}
