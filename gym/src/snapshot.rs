//! Saved envs: every lane's world with the bookkeeping that its next call depends on.
//!
//! Bytes: `"HDES" ‖ format (u16 LE) ‖ borsh(mode, lanes)`; the worlds inside are the kernel's own
//! snapshots and name their blueprint. Decoding is total and allocates no more than a small multiple of
//! the input.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{AutoresetMode, Episode, Error, SnapshotError, Statistics, lane::Lane, recorder::Recorder};

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
    lane.cut();
    lane.world.restore(&state.world)?;
    let expected = lane.world.model().actions().size;
    for episode in state.recorder.iter().flat_map(|r| r.current.iter().chain(&r.finished)) {
        episode.check()?;
        if episode.action_size as usize != expected {
            return Err(crate::EpisodeError::ActionSize { found: episode.action_size, expected }.into());
        }
    }
    if let Some(recorder) = &state.recorder
        && recorder.open
        && recorder.current.as_ref().is_none_or(Episode::complete)
    {
        let why = "a recording goes on, but its episode has ended or is missing";
        return Err(Error::Snapshot(SnapshotError::Malformed(why.into())));
    }
    lane.idle();
    lane.ready = state.ready;
    lane.reward = state.reward;
    lane.terminated = state.terminated;
    lane.truncated = state.truncated;
    lane.timed_out = false;
    lane.over = state.over;
    lane.fault = lane.world.fault();
    lane.statistics = state.statistics;
    lane.recorder = state.recorder;
    if let Some(journal) = &mut lane.journal {
        journal.move_to(&lane.world, lane.over);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use hyperdust_kernel::{Model, World};
    use hyperdust_scene::Scene;

    use super::*;

    /// A recording that says it goes on needs an episode that can.
    #[test]
    fn open_recordings_can_go_on() {
        let cooked = Scene::builtin("cartpole").unwrap().cook(&Default::default()).unwrap();
        let world = World::new(Model::new(cooked.blueprint).unwrap(), 1);
        let mut lane = Lane::new(world, AutoresetMode::Disabled);
        lane.reset(Some(1));
        lane.record(Recorder::default());
        let action = vec![0; lane.world.model().actions().size];
        lane.step(&action, AutoresetMode::Disabled);
        let restored = |change: &dyn Fn(&mut Recorder)| {
            let mut changed = lane.clone();
            change(changed.recorder.as_mut().unwrap());
            let bytes = encode(AutoresetMode::Disabled, core::iter::once(&changed));
            let mut states = decode(&bytes, AutoresetMode::Disabled, 1).unwrap();
            apply(states.remove(0), &mut lane.clone()).map_err(|error| error.to_string())
        };
        let end = |recorder: &mut Recorder| recorder.current.as_mut().unwrap().records[0].truncated = true;
        restored(&|_| ()).unwrap();
        assert!(restored(&end).unwrap_err().contains("a recording goes on"));
        assert!(restored(&|recorder| recorder.current = None).unwrap_err().contains("a recording goes on"));
        let closed = |recorder: &mut Recorder| {
            end(recorder);
            recorder.open = false;
        };
        restored(&closed).unwrap();
    }
}
