//! What a server answers.

use std::borrow::Cow;

use crate::{
    Error, Failure, Header, Kind, Sort, control, limits,
    message::{
        Closed, EpisodeList, EpisodeSummary, JobList, Notice, Opened, Policy, Resumed, SceneList, Welcome,
        request::{none, one, two, within},
    },
};

/// A reply or a notice, with its frames borrowed. A reply's kind is in its header; several kinds are answered alike.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply<'a> {
    /// To HELLO.
    Welcome(Welcome),
    /// To SCENES.
    Scenes(SceneList),
    /// To OPEN.
    Opened(Box<Opened>),
    /// To RESUME.
    Resumed(Box<Resumed>),
    /// To RESET, STEP, RUN and RESTORE: frames of the session's [`crate::Layout`], which checks their lengths.
    Batch(&'a [u8], Option<&'a [u8]>),
    /// To SNAPSHOT: `hyperdust_gym::VectorEnv::snapshot`.
    Snapshot(&'a [u8]),
    /// To CLOSE.
    Closed(Closed),
    /// To RECEIPT, for each root in the request's order: the root of the segment's output, and a `Signed<OutputRoot>`.
    Receipt(&'a [u8], &'a [u8]),
    /// To EPISODES.
    Episodes(EpisodeList),
    /// To EPISODE: what it is, and `hyperdust_gym::Episode`'s bytes.
    Episode(EpisodeSummary, &'a [u8]),
    /// To POLICY_OPEN.
    Policy(Policy),
    /// To POLICY_ACT: rows of actions (float32).
    Actions(&'a [u8]),
    /// To JOBS.
    Jobs(JobList),
    /// To JOB: inputs alone.
    Job(&'a [u8]),
    /// To COMMIT: the provider's claim.
    Claim(&'a [u8]),
    /// To PING, SHUTDOWN, VOUCHER and OPENING.
    Done,
    /// To anything.
    Failure(Failure),
    /// To nothing.
    Notice(Notice),
}

impl<'a> Reply<'a> {
    /// The frames after the header; `kind` names the request in errors.
    pub fn encode(&self, kind: Kind) -> Result<Vec<Cow<'a, [u8]>>, Error> {
        let kind = kind.name();
        Ok(match self {
            Self::Welcome(value) => vec![control::encode(kind, value)?.into()],
            Self::Scenes(value) => vec![control::encode(kind, value)?.into()],
            Self::Opened(value) => vec![control::encode(kind, &**value)?.into()],
            Self::Resumed(value) => vec![control::encode(kind, &**value)?.into()],
            Self::Closed(value) => vec![control::encode(kind, value)?.into()],
            Self::Episodes(value) => vec![control::encode(kind, value)?.into()],
            Self::Policy(value) => vec![control::encode(kind, value)?.into()],
            Self::Jobs(value) => vec![control::encode(kind, value)?.into()],
            Self::Failure(value) => vec![control::encode(kind, value)?.into()],
            Self::Notice(value) => vec![control::encode(kind, value)?.into()],
            Self::Episode(value, bytes) => vec![control::encode(kind, value)?.into(), Cow::Borrowed(*bytes)],
            Self::Receipt(outputs, signed) => vec![Cow::Borrowed(*outputs), Cow::Borrowed(*signed)],
            Self::Batch(batch, finals) => core::iter::once(*batch).chain(*finals).map(Cow::Borrowed).collect(),
            Self::Snapshot(bytes) | Self::Actions(bytes) | Self::Job(bytes) | Self::Claim(bytes) => {
                vec![Cow::Borrowed(*bytes)]
            }
            Self::Done => Vec::new(),
        })
    }

    /// The reply that these frames after its header are.
    pub fn decode(header: &Header, frames: &[&'a [u8]]) -> Result<Self, Error> {
        let kind = match header.sort {
            Sort::Reply(kind) => kind,
            Sort::Error => return Ok(Self::Failure(control::decode("ERROR", one("ERROR", frames)?)?)),
            Sort::Notice => return Ok(Self::Notice(control::decode("NOTICE", one("NOTICE", frames)?)?)),
            Sort::Request(kind) => return Err(Error::Direction { kind: kind.name() }),
        };
        let name = kind.name();
        Ok(match kind {
            Kind::Hello => Self::Welcome(control::decode(name, one(name, frames)?)?),
            Kind::Scenes => Self::Scenes(control::decode(name, one(name, frames)?)?),
            Kind::Open => Self::Opened(Box::new(control::decode(name, one(name, frames)?)?)),
            Kind::Resume => Self::Resumed(Box::new(control::decode(name, one(name, frames)?)?)),
            Kind::Close => Self::Closed(control::decode(name, one(name, frames)?)?),
            Kind::Episodes => Self::Episodes(control::decode(name, one(name, frames)?)?),
            Kind::PolicyOpen => Self::Policy(control::decode(name, one(name, frames)?)?),
            Kind::Jobs => Self::Jobs(control::decode(name, one(name, frames)?)?),
            Kind::Episode => {
                let [json, bytes] = two(name, frames)?;
                Self::Episode(control::decode(name, json)?, within(name, bytes, limits::FILE)?)
            }
            Kind::Receipt => {
                let [outputs, signed] = two(name, frames)?;
                Self::Receipt(within(name, outputs, limits::DATA)?, within(name, signed, limits::DATA)?)
            }
            Kind::Reset | Kind::Step | Kind::Run | Kind::Restore => match frames {
                [batch] => Self::Batch(within(name, batch, limits::DATA)?, None),
                [batch, finals] => {
                    Self::Batch(within(name, batch, limits::DATA)?, Some(within(name, finals, limits::DATA)?))
                }
                _ => return Err(Error::Frames { kind: name, found: frames.len(), accepted: "1 or 2" }),
            },
            Kind::Snapshot => Self::Snapshot(within(name, one(name, frames)?, limits::DATA)?),
            Kind::PolicyAct => Self::Actions(within(name, one(name, frames)?, limits::DATA)?),
            Kind::Job => Self::Job(within(name, one(name, frames)?, limits::FILE)?),
            Kind::Commit => Self::Claim(within(name, one(name, frames)?, limits::DATA)?),
            Kind::Ping | Kind::Shutdown | Kind::Voucher | Kind::Opening => none(name, frames, Self::Done)?,
        })
    }
}
