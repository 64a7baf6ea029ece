//! What a client asks.

use std::borrow::Cow;

use crate::{
    Error, Header, Kind, Sort, control, limits,
    message::{
        CommitRequest, EpisodeId, EpisodeQuery, Hello, JobId, Open, OpeningRequest, PolicyName, PolicyOpen, Reset,
        Resume, Run, SeedsFrame, session::ResetControl,
    },
};

/// A request, with its frames borrowed.
#[derive(Clone, Debug, PartialEq)]
pub enum Request<'a> {
    /// Versions.
    Hello(Hello),
    /// The published scenes.
    Scenes,
    /// An answer.
    Ping,
    /// Drain and end.
    Shutdown,
    /// A new session.
    Open(Box<Open>),
    /// A session goes on.
    Resume(Resume),
    /// Episodes begin.
    Reset(Reset<'a>),
    /// One step of every lane: a frame for each array of an action, lanes first. Their lengths are the session's to check.
    Step(&'a [&'a [u8]]),
    /// Steps driven by a policy.
    Run(Run),
    /// The session's state.
    Snapshot,
    /// The session takes this state.
    Restore(&'a [u8]),
    /// The session ends.
    Close,
    /// `Signed<ActionRoot>`s, one after the other; each says its lane's stream and its segment.
    Receipt(&'a [u8]),
    /// A `Signed<Voucher>`.
    Voucher(&'a [u8]),
    /// Lists recorded episodes.
    Episodes(EpisodeQuery),
    /// A recorded episode.
    Episode(EpisodeId),
    /// A policy's shapes.
    PolicyOpen(PolicyOpen),
    /// Actions for rows of observations (float32), and a `Signed<Voucher>` where they are paid for.
    PolicyAct(PolicyName, &'a [u8], Option<&'a [u8]>),
    /// Lists jobs.
    Jobs,
    /// A job's inputs.
    Job(JobId),
    /// A companion's commitment.
    Commit(CommitRequest),
    /// What the commitment hides.
    Opening(OpeningRequest, &'a [u8]),
}

impl<'a> Request<'a> {
    /// What it asks for.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Hello(_) => Kind::Hello,
            Self::Scenes => Kind::Scenes,
            Self::Ping => Kind::Ping,
            Self::Shutdown => Kind::Shutdown,
            Self::Open(_) => Kind::Open,
            Self::Resume(_) => Kind::Resume,
            Self::Reset(_) => Kind::Reset,
            Self::Step(_) => Kind::Step,
            Self::Run(_) => Kind::Run,
            Self::Snapshot => Kind::Snapshot,
            Self::Restore(_) => Kind::Restore,
            Self::Close => Kind::Close,
            Self::Receipt(_) => Kind::Receipt,
            Self::Voucher(_) => Kind::Voucher,
            Self::Episodes(_) => Kind::Episodes,
            Self::Episode(_) => Kind::Episode,
            Self::PolicyOpen(_) => Kind::PolicyOpen,
            Self::PolicyAct(..) => Kind::PolicyAct,
            Self::Jobs => Kind::Jobs,
            Self::Job(_) => Kind::Job,
            Self::Commit(_) => Kind::Commit,
            Self::Opening(..) => Kind::Opening,
        }
    }

    /// The frames after the header.
    pub fn encode(&self) -> Result<Vec<Cow<'a, [u8]>>, Error> {
        let kind = self.kind().name();
        let frames = match self {
            Self::Hello(value) => vec![control::encode(kind, value)?.into()],
            Self::Open(value) => vec![control::encode(kind, &**value)?.into()],
            Self::Resume(value) => vec![control::encode(kind, value)?.into()],
            Self::Run(value) => vec![control::encode(kind, value)?.into()],
            Self::Episodes(value) => vec![control::encode(kind, value)?.into()],
            Self::Episode(value) => vec![control::encode(kind, value)?.into()],
            Self::PolicyOpen(value) => vec![control::encode(kind, value)?.into()],
            Self::Job(value) => vec![control::encode(kind, value)?.into()],
            Self::Commit(value) => vec![control::encode(kind, value)?.into()],
            Self::PolicyAct(value, frame, voucher) => {
                let frames = core::iter::once(*frame).chain(*voucher).map(Cow::Borrowed);
                core::iter::once(control::encode(kind, value)?.into()).chain(frames).collect()
            }
            Self::Opening(value, frame) => vec![control::encode(kind, value)?.into(), Cow::Borrowed(*frame)],
            Self::Restore(frame) | Self::Receipt(frame) | Self::Voucher(frame) => vec![Cow::Borrowed(*frame)],
            Self::Step(frames) => frames.iter().map(|frame| Cow::Borrowed(*frame)).collect(),
            Self::Reset(reset) => {
                let value = ResetControl { seeds: reset.seeds, mask: reset.mask.is_some() };
                let mut frames = vec![Cow::Owned(control::encode(kind, &value)?)];
                frames.extend(reset.each.iter().flat_map(|(seeds, given)| [*seeds, *given]).map(Cow::Borrowed));
                frames.extend(reset.mask.map(Cow::Borrowed));
                frames
            }
            Self::Scenes | Self::Ping | Self::Shutdown | Self::Snapshot | Self::Close | Self::Jobs => Vec::new(),
        };
        Ok(frames)
    }

    /// The request that these frames after its header are.
    pub fn decode(header: &Header, frames: &'a [&'a [u8]]) -> Result<Self, Error> {
        let kind = match header.sort {
            Sort::Request(kind) => kind,
            Sort::Reply(kind) => return Err(Error::Direction { kind: kind.name() }),
            Sort::Error => return Err(Error::Direction { kind: "ERROR" }),
            Sort::Notice => return Err(Error::Direction { kind: "NOTICE" }),
        };
        let name = kind.name();
        Ok(match kind {
            Kind::Hello => Self::Hello(control::decode(name, one(name, frames)?)?),
            Kind::Open => Self::Open(Box::new(control::decode(name, one(name, frames)?)?)),
            Kind::Resume => Self::Resume(control::decode(name, one(name, frames)?)?),
            Kind::Run => Self::Run(control::decode(name, one(name, frames)?)?),
            Kind::Episodes => Self::Episodes(control::decode(name, one(name, frames)?)?),
            Kind::Episode => Self::Episode(control::decode(name, one(name, frames)?)?),
            Kind::PolicyOpen => Self::PolicyOpen(control::decode(name, one(name, frames)?)?),
            Kind::Job => Self::Job(control::decode(name, one(name, frames)?)?),
            Kind::Commit => Self::Commit(control::decode(name, one(name, frames)?)?),
            Kind::PolicyAct => {
                let (json, data, voucher) = match frames {
                    [json, data] => (json, data, None),
                    [json, data, voucher] => (json, data, Some(within(name, voucher, limits::REQUEST_JSON)?)),
                    _ => {
                        let accepted = "2, or 3 where it is paid for";
                        return Err(Error::Frames { kind: name, found: frames.len(), accepted });
                    }
                };
                Self::PolicyAct(control::decode(name, json)?, within(name, data, limits::DATA)?, voucher)
            }
            Kind::Opening => {
                let [json, data] = two(name, frames)?;
                Self::Opening(control::decode(name, json)?, within(name, data, limits::DATA)?)
            }
            Kind::Restore => Self::Restore(within(name, one(name, frames)?, limits::DATA)?),
            Kind::Receipt => Self::Receipt(within(name, one(name, frames)?, limits::DATA)?),
            Kind::Voucher => Self::Voucher(within(name, one(name, frames)?, limits::REQUEST_JSON)?),
            Kind::Step => {
                for frame in frames {
                    within(name, frame, limits::DATA)?;
                }
                if frames.len() > limits::ARRAYS {
                    let accepted = "one for each array of an action";
                    return Err(Error::Frames { kind: name, found: frames.len(), accepted });
                }
                Self::Step(frames)
            }
            Kind::Reset => Self::Reset(reset(name, frames)?),
            Kind::Scenes => none(name, frames, Self::Scenes)?,
            Kind::Ping => none(name, frames, Self::Ping)?,
            Kind::Shutdown => none(name, frames, Self::Shutdown)?,
            Kind::Snapshot => none(name, frames, Self::Snapshot)?,
            Kind::Close => none(name, frames, Self::Close)?,
            Kind::Jobs => none(name, frames, Self::Jobs)?,
        })
    }
}

fn reset<'a>(kind: &'static str, frames: &'a [&'a [u8]]) -> Result<Reset<'a>, Error> {
    let wrong =
        || Error::Frames { kind, found: frames.len(), accepted: "JSON, two where seeds are each, one for a mask" };
    let (json, mut rest) = frames.split_first().ok_or_else(wrong)?;
    let value: ResetControl = control::decode(kind, json)?;
    let mut each = None;
    if value.seeds == SeedsFrame::Each {
        let ([seeds, given], after) = rest.split_first_chunk().ok_or_else(wrong)?;
        within(kind, given, limits::LANES)?;
        bools("RESET: given", given)?;
        if seeds.len() != given.len() * 8 {
            return Err(Error::Length { what: "RESET: seeds", found: seeds.len(), accepted: given.len() * 8 });
        }
        each = Some((*seeds, *given));
        rest = after;
    }
    let mask = match (value.mask, rest) {
        (false, []) => None,
        (true, [mask]) => {
            within(kind, mask, limits::LANES)?;
            bools("RESET: mask", mask)?;
            Some(*mask)
        }
        _ => return Err(wrong()),
    };
    Ok(Reset { seeds: value.seeds, each, mask })
}

fn bools(what: &str, bytes: &[u8]) -> Result<(), Error> {
    match bytes.iter().position(|byte| *byte > 1) {
        Some(at) => Err(Error::Bool { what: what.into(), at, found: bytes[at] }),
        None => Ok(()),
    }
}

pub(super) fn none<T>(kind: &'static str, frames: &[&[u8]], value: T) -> Result<T, Error> {
    match frames {
        [] => Ok(value),
        _ => Err(Error::Frames { kind, found: frames.len(), accepted: "none" }),
    }
}

pub(super) fn one<'a>(kind: &'static str, frames: &[&'a [u8]]) -> Result<&'a [u8], Error> {
    match frames {
        [frame] => Ok(frame),
        _ => Err(Error::Frames { kind, found: frames.len(), accepted: "1" }),
    }
}

pub(super) fn two<'a>(kind: &'static str, frames: &[&'a [u8]]) -> Result<[&'a [u8]; 2], Error> {
    frames.try_into().map_err(|_| Error::Frames { kind, found: frames.len(), accepted: "2" })
}

pub(super) fn within<'a>(kind: &'static str, frame: &'a [u8], limit: usize) -> Result<&'a [u8], Error> {
    control::within(kind, frame.len(), limit)?;
    Ok(frame)
}
