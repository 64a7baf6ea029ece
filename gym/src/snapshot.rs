//! Saved envs: every lane's world with the bookkeeping that its next call depends on.
//!
//! Bytes: `"HDES" ‖ format (u16 LE) ‖ borsh(mode, lanes)`; the worlds inside are the kernel's own
//! snapshots and name their blueprint. Decoding is total and allocates no more than a small multiple of
//! the input.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{AutoresetMode, Error, SnapshotError, Statistics, lane::Lane, recorder::Recorder};

const MAGIC: [u8; 4] = *b"HDES";
const FORMAT: u16 = 1;

/// A saved lane.
#[derive(Debug, BorshSerialize, BorshDeserialize)]
pub(crate) struct LaneState {
    ready: bool,
    reward: f32,
    terminated: bool,
    truncated: bool,
    over: bool,
    statistics: Statistics,
    world: Vec<u8>,
    recorder: Option<Box<Recorder>>,
}

/// Canonical bytes of lanes.
pub(crate) fn encode<'a>(mode: AutoresetMode, lanes: impl Iterator<Item = &'a Lane>) -> Vec<u8> {
    let lanes: Vec<LaneState> = lanes
        .map(|lane| LaneState {
            ready: lane.ready,
            reward: lane.reward,
            terminated: lane.terminated,
            truncated: lane.truncated,
            over: lane.over,
            statistics: lane.statistics,
            world: lane.world.snapshot(),
            recorder: lane.recorder.clone(),
        })
        .collect();
    let mut bytes = Vec::new();
    bytes.extend(MAGIC);
    bytes.extend(FORMAT.to_le_bytes());
    // Writing to memory cannot fail, and no reward or return is a NaN.
    (mode, lanes).serialize(&mut bytes).expect("lanes in memory are encodable");
    bytes
}

/// The lanes of a snapshot of an env with this mode and number of lanes.
pub(crate) fn decode(bytes: &[u8], mode: AutoresetMode, lanes: usize) -> Result<Vec<LaneState>, Error> {
    let malformed = |why: &str| Error::Snapshot(SnapshotError::Malformed(why.into()));
    let rest = bytes.strip_prefix(&MAGIC).ok_or_else(|| malformed("it does not start with \"HDES\""))?;
    let (format, body) = rest.split_first_chunk().ok_or_else(|| malformed("it is cut"))?;
    let format = u16::from_le_bytes(*format);
    if format != FORMAT {
        return Err(malformed(&format!("format {format}, accepted is {FORMAT}")));
    }
    let (found, states): (AutoresetMode, Vec<LaneState>) =
        borsh::from_slice(body).map_err(|e| malformed(&e.to_string()))?;
    if found != mode {
        return Err(Error::Snapshot(SnapshotError::Mode { found, mode }));
    }
    if states.len() != lanes {
        return Err(Error::Snapshot(SnapshotError::Lanes { found: states.len(), lanes }));
    }
    Ok(states)
}

/// Puts a saved lane into `lane`, which is of no use after an error.
pub(crate) fn apply(state: LaneState, lane: &mut Lane) -> Result<(), Error> {
    lane.world.restore(&state.world)?;
    let expected = lane.world.model().actions().size;
    for episode in state.recorder.iter().flat_map(|r| r.current.iter().chain(&r.finished)) {
        episode.check()?;
        if episode.action_size as usize != expected {
            return Err(crate::EpisodeError::ActionSize { found: episode.action_size, expected }.into());
        }
    }
    lane.idle();
    lane.ready = state.ready;
    lane.reward = state.reward;
    lane.terminated = state.terminated;
    lane.truncated = state.truncated;
    lane.over = state.over;
    lane.fault = lane.world.fault();
    lane.statistics = state.statistics;
    lane.recorder = state.recorder;
    Ok(())
}
