//! The first frame of every message.

use crate::Error;

/// Version of the protocol that this crate speaks.
pub const VERSION: u16 = 1;

const MAGIC: [u8; 4] = *b"HYPD";
/// Added to a request's kind in its reply.
const REPLY: u16 = 0x8000;

/// What a message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
#[non_exhaustive]
pub enum Kind {
    /// Versions, limits, who one is.
    Hello = 1,
    /// The published scenes.
    Scenes = 2,
    /// Nothing but an answer.
    Ping = 3,
    /// The server drains and ends. Operators.
    Shutdown = 4,
    /// A new session.
    Open = 16,
    /// A session goes on, on this connection.
    Resume = 17,
    /// Episodes begin.
    Reset = 18,
    /// One step of every lane.
    Step = 19,
    /// Steps driven by a policy that the server hosts.
    Run = 20,
    /// The session's state. Operators.
    Snapshot = 21,
    /// The session takes a state. Operators.
    Restore = 22,
    /// The session ends.
    Close = 23,
    /// Signed action roots; the answer countersigns.
    Receipt = 32,
    /// A signed voucher.
    Voucher = 33,
    /// Lists recorded episodes.
    Episodes = 48,
    /// A recorded episode's bytes.
    Episode = 49,
    /// A policy's shapes.
    PolicyOpen = 64,
    /// Actions for observations.
    PolicyAct = 65,
    /// Lists jobs. Companions, like what follows.
    Jobs = 80,
    /// A job's inputs.
    Job = 81,
    /// A companion's commitment; the answer is the claim.
    Commit = 82,
    /// What the commitment hides.
    Opening = 83,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 22] = [
        Self::Hello,
        Self::Scenes,
        Self::Ping,
        Self::Shutdown,
        Self::Open,
        Self::Resume,
        Self::Reset,
        Self::Step,
        Self::Run,
        Self::Snapshot,
        Self::Restore,
        Self::Close,
        Self::Receipt,
        Self::Voucher,
        Self::Episodes,
        Self::Episode,
        Self::PolicyOpen,
        Self::PolicyAct,
        Self::Jobs,
        Self::Job,
        Self::Commit,
        Self::Opening,
    ];

    /// The kind with this number.
    pub fn of(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u16 == number)
    }

    /// Its name in `PROTOCOL.md`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hello => "HELLO",
            Self::Scenes => "SCENES",
            Self::Ping => "PING",
            Self::Shutdown => "SHUTDOWN",
            Self::Open => "OPEN",
            Self::Resume => "RESUME",
            Self::Reset => "RESET",
            Self::Step => "STEP",
            Self::Run => "RUN",
            Self::Snapshot => "SNAPSHOT",
            Self::Restore => "RESTORE",
            Self::Close => "CLOSE",
            Self::Receipt => "RECEIPT",
            Self::Voucher => "VOUCHER",
            Self::Episodes => "EPISODES",
            Self::Episode => "EPISODE",
            Self::PolicyOpen => "POLICY_OPEN",
            Self::PolicyAct => "POLICY_ACT",
            Self::Jobs => "JOBS",
            Self::Job => "JOB",
            Self::Commit => "COMMIT",
            Self::Opening => "OPENING",
        }
    }

    /// Whether requests of this kind belong to a session and are numbered there 1, 2, 3, …; each acts at most once. Others have
    /// session 0, any number, and may be asked again.
    pub fn numbered(self) -> bool {
        matches!(
            self,
            Self::Reset
                | Self::Step
                | Self::Run
                | Self::Snapshot
                | Self::Restore
                | Self::Close
                | Self::Receipt
                | Self::Voucher
        )
    }
}

/// What a message is, by its kind's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sort {
    /// Client to server.
    Request(Kind),
    /// Server to client: the answer to a request of this kind.
    Reply(Kind),
    /// Server to client: the answer to a request that was not carried out.
    Error,
    /// Server to client, unasked.
    Notice,
}

impl Sort {
    fn number(self) -> u16 {
        match self {
            Self::Request(kind) => kind as u16,
            Self::Reply(kind) => kind as u16 | REPLY,
            Self::Notice => 0xFFFE,
            Self::Error => 0xFFFF,
        }
    }

    fn of(number: u16) -> Option<Self> {
        match number {
            0xFFFF => Some(Self::Error),
            0xFFFE => Some(Self::Notice),
            number if number & REPLY != 0 => Kind::of(number & !REPLY).map(Self::Reply),
            number => Kind::of(number).map(Self::Request),
        }
    }
}

/// The first frame: 24 bytes, little-endian.
///
/// | bytes | |
/// |---|---|
/// | 0..4 | `"HYPD"` |
/// | 4..6 | version |
/// | 6..8 | kind |
/// | 8..16 | request: number of the request; a reply has its request's |
/// | 16..24 | session; 0: none |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// What follows.
    pub sort: Sort,
    /// Number of the request.
    pub request: u64,
    /// 0: none.
    pub session: u64,
}

impl Header {
    /// Bytes of a header.
    pub const BYTES: usize = 24;

    /// Of a request.
    pub fn request(kind: Kind, request: u64, session: u64) -> Self {
        Self { sort: Sort::Request(kind), request, session }
    }

    /// Of the answer to this request.
    pub fn reply(&self) -> Self {
        match self.sort {
            Sort::Request(kind) => Self { sort: Sort::Reply(kind), ..*self },
            _ => *self,
        }
    }

    /// Of an error that answers this message.
    pub fn error(&self) -> Self {
        Self { sort: Sort::Error, ..*self }
    }

    /// The frame.
    pub fn encode(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..6].copy_from_slice(&VERSION.to_le_bytes());
        bytes[6..8].copy_from_slice(&self.sort.number().to_le_bytes());
        bytes[8..16].copy_from_slice(&self.request.to_le_bytes());
        bytes[16..].copy_from_slice(&self.session.to_le_bytes());
        bytes
    }

    /// What the frame holds. [`Error::Version`] and [`Error::Kind`] are answered by [`Header::error`] of [`Header::ids`].
    pub fn decode(frame: &[u8]) -> Result<Self, Error> {
        let (version, number, request, session) = Self::parts(frame)?;
        if version != VERSION {
            return Err(Error::Version { found: version });
        }
        let sort = Sort::of(number).ok_or(Error::Kind { found: number })?;
        let header = Self { sort, request, session };
        if let Sort::Request(kind) = sort {
            if kind.numbered() != (session != 0) {
                return Err(Error::Session { kind: kind.name(), found: session });
            }
            if request == 0 {
                return Err(Error::Request { kind: kind.name() });
            }
        }
        Ok(header)
    }

    /// The two numbers of a frame that is a header of any version and kind, to answer it by.
    pub fn ids(frame: &[u8]) -> Option<Self> {
        let (_, _, request, session) = Self::parts(frame).ok()?;
        Some(Self { sort: Sort::Error, request, session })
    }

    fn parts(frame: &[u8]) -> Result<(u16, u16, u64, u64), Error> {
        let malformed = || Error::Header { found: frame.len() };
        let bytes: &[u8; Self::BYTES] = frame.try_into().map_err(|_| malformed())?;
        let (magic, rest) = bytes.split_first_chunk::<4>().ok_or_else(malformed)?;
        if *magic != MAGIC {
            return Err(malformed());
        }
        let short = |at: usize| u16::from_le_bytes([rest[at], rest[at + 1]]);
        let long = |at: usize| rest[at..at + 8].iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
        Ok((short(0), short(2), long(4), long(12)))
    }
}
