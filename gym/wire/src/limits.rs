//! What a message may hold at most. A server may ask for less ([`crate::message::Limits`]), never for more.

/// Frames of a message, the header included.
pub const FRAMES: usize = 64;
/// Bytes of a request's JSON.
pub const REQUEST_JSON: usize = 64 << 10;
/// Bytes of a reply's JSON: spaces of large observations are long.
pub const REPLY_JSON: usize = 4 << 20;
/// Bytes of a frame of numbers, and of a snapshot.
pub const DATA: usize = 256 << 20;
/// Bytes of an episode or of a companion's inputs: what `hyperdust_gym::Episode` takes.
pub const FILE: usize = 1 << 30;
/// Arrays of an observation or an action.
pub const ARRAYS: usize = 48;
/// Info columns.
pub const INFOS: usize = 1024;
/// Dimensions of an array, lanes not counted.
pub const DIMENSIONS: usize = 8;
/// Bytes of a name.
pub const NAME: usize = 256;
/// Lanes of a session.
pub const LANES: usize = hyperdust_gym::MAX_LANES;
/// Requests of a session that may be unanswered at a time.
pub const PIPELINE: u32 = 64;
/// Steps that one RUN may ask for.
pub const RUN: u32 = 1 << 20;
/// Entries of one page of a list.
pub const PAGE: u32 = 256;
