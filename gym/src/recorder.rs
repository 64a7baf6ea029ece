//! Writing episodes down while they happen. Off unless asked for; then it costs one step record (three
//! hashes) and the action's bytes a step.

use borsh::{BorshDeserialize, BorshSerialize};
use hyperdust_kernel::{VERSION, World, record::StepRecord};

use crate::episode::{Episode, Start};

/// Records the episodes of one lane.
#[derive(Clone, Debug, Default, BorshSerialize, BorshDeserialize)]
pub(crate) struct Recorder {
    /// The episode being played, or the last one where none is.
    pub current: Option<Episode>,
    /// Whether `current` still grows.
    pub open: bool,
    /// Ended episodes, oldest first, until they are taken.
    pub finished: Vec<Episode>,
    /// Whether ended episodes are kept in `finished` (vector envs, which reset by themselves).
    pub keep: bool,
    /// Whether episodes carry their blueprint.
    pub embed: bool,
}

impl Recorder {
    /// The world is where an episode starts.
    pub fn begin(&mut self, start: Start, world: &World) {
        let model = world.model();
        self.current = Some(Episode {
            kernel: VERSION,
            blueprint: model.id(),
            // A validated blueprint always has bytes.
            blueprint_bytes: if self.embed { model.blueprint().encode().ok() } else { None },
            start,
            initial: world.record(),
            action_size: u32::try_from(model.actions().size).expect("limits bound the action arena"),
            actions: Vec::new(),
            records: Vec::new(),
        });
        self.open = true;
    }

    /// The world has just made a step with this action; `record` is its record, if it is known already.
    pub fn step(&mut self, action: &[u8], record: Option<StepRecord>, world: &World, ended: bool) {
        if !self.open {
            return;
        }
        let Some(episode) = &mut self.current else { return };
        episode.actions.extend_from_slice(action);
        episode.records.push(record.unwrap_or_else(|| world.record()));
        if ended {
            self.open = false;
            if self.keep {
                self.finished.extend(self.current.take());
            }
        }
    }
}
