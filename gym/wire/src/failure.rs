//! Errors that a server answers with.

use serde::{Deserialize, Serialize};

use crate::{
    control::{Bad, Control},
    limits,
};

/// What went wrong, for programs. `PROTOCOL.md` says of each what a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// The frames are no message.
    Malformed,
    /// The server speaks other versions.
    Version,
    /// A frame is longer than the server takes.
    TooLarge,
    /// The role or the session's rights do not allow it.
    Forbidden,
    /// No such scene, episode, policy or job, or none that this client may see.
    NotFound,
    /// Values that the scene does not take: parameters, actions, seeds, masks. Nothing was stepped.
    Invalid,
    /// A step before the first reset, or of an ended lane without autoreset. Nothing was stepped.
    NeedsReset,
    /// No such session (any more).
    UnknownSession,
    /// The session is another connection's now, or this one was silent for too long: RESUME.
    Detached,
    /// The token is not that session's.
    BadToken,
    /// The number is not the next one; `next` says which is.
    Order,
    /// Answered so long ago that the answer is no longer kept.
    Forgotten,
    /// More unanswered requests than agreed on.
    Pipeline,
    /// A quota is used up; `retry_after_ms` says for how long.
    Quota,
    /// The server has no room for it now.
    Busy,
    /// The server is about to end and begins nothing new.
    Draining,
    /// The session's worker failed; RESUME starts it again from its log.
    SessionFailed,
    /// The session's log ends before what this client has seen: it cannot go on.
    RolledBack,
    /// A signature is missing that has to come first.
    Unsigned,
    /// A signature or a root that does not hold.
    Receipt,
    /// The store does not take anything now, as when the disk is full.
    Storage,
    /// A bug of the server.
    Internal,
}

impl Code {
    /// All codes.
    pub const ALL: [Self; 22] = [
        Self::Malformed,
        Self::Version,
        Self::TooLarge,
        Self::Forbidden,
        Self::NotFound,
        Self::Invalid,
        Self::NeedsReset,
        Self::UnknownSession,
        Self::Detached,
        Self::BadToken,
        Self::Order,
        Self::Forgotten,
        Self::Pipeline,
        Self::Quota,
        Self::Busy,
        Self::Draining,
        Self::SessionFailed,
        Self::RolledBack,
        Self::Unsigned,
        Self::Receipt,
        Self::Storage,
        Self::Internal,
    ];

    /// Whether the same request may succeed later, or after what the code asks for (RESUME, a signature).
    pub fn retryable(self) -> bool {
        matches!(
            self,
            Self::Detached
                | Self::Pipeline
                | Self::Quota
                | Self::Busy
                | Self::Draining
                | Self::SessionFailed
                | Self::Unsigned
                | Self::Storage
                | Self::Order
        )
    }

    /// Whether this is the answer to a numbered request for good: the number is used up and the next one is due. All others
    /// left the number free.
    pub fn answers(self) -> bool {
        matches!(self, Self::Invalid | Self::NeedsReset | Self::NotFound | Self::Receipt | Self::Internal)
    }

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Version => "version",
            Self::TooLarge => "too_large",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Invalid => "invalid",
            Self::NeedsReset => "needs_reset",
            Self::UnknownSession => "unknown_session",
            Self::Detached => "detached",
            Self::BadToken => "bad_token",
            Self::Order => "order",
            Self::Forgotten => "forgotten",
            Self::Pipeline => "pipeline",
            Self::Quota => "quota",
            Self::Busy => "busy",
            Self::Draining => "draining",
            Self::SessionFailed => "session_failed",
            Self::RolledBack => "rolled_back",
            Self::Unsigned => "unsigned",
            Self::Receipt => "receipt",
            Self::Storage => "storage",
            Self::Internal => "internal",
        }
    }
}

impl core::fmt::Display for Code {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

/// The JSON of an error reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(deny_unknown_fields)]
#[error("{message} ({code})")]
pub struct Failure {
    /// For programs.
    pub code: Code,
    /// For people: what was wrong, where, what is accepted.
    pub message: String,
    /// [`Code::retryable`] of the code, for clients that do not know it.
    pub retryable: bool,
    /// To a session's request: the number that the session expects next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// Not before so many milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// To [`Code::Version`]: what the server speaks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<u16>,
}

impl Failure {
    /// Characters of a message; more are cut.
    const MESSAGE: usize = 2000;

    /// With nothing but a code and a message, which is cut where it is too long.
    pub fn new(code: Code, message: impl ToString) -> Self {
        let message = message.to_string().chars().take(Self::MESSAGE).collect();
        Self { code, message, retryable: code.retryable(), next: None, retry_after_ms: None, versions: Vec::new() }
    }

    /// The same, to a session's request.
    pub fn next(self, next: u64) -> Self {
        Self { next: Some(next), ..self }
    }
}

impl Control for Failure {
    const LIMIT: usize = limits::REQUEST_JSON;

    fn check(&self) -> Result<(), Bad> {
        let count = self.message.chars().count();
        if count > Self::MESSAGE {
            return Err(Bad::new("message", format_args!("{count} characters"), format!("at most {}", Self::MESSAGE)));
        }
        Ok(())
    }
}

impl From<&crate::Error> for Failure {
    fn from(error: &crate::Error) -> Self {
        match error {
            crate::Error::Version { .. } => Self { versions: vec![crate::VERSION], ..Self::new(Code::Version, error) },
            crate::Error::TooLong { .. } => Self::new(Code::TooLarge, error),
            _ => Self::new(Code::Malformed, error),
        }
    }
}

impl From<&hyperdust_gym::Error> for Failure {
    /// What an env says, as the session's answer.
    fn from(error: &hyperdust_gym::Error) -> Self {
        use hyperdust_gym::Error;
        let code = match error {
            Error::StepBeforeReset | Error::LaneBeforeReset { .. } | Error::NeedsReset { .. } => Code::NeedsReset,
            Error::Poisoned | Error::Closed => Code::SessionFailed,
            Error::Entropy(_) => Code::Internal,
            _ => Code::Invalid,
        };
        Self::new(code, error)
    }
}
