//! What a vector env returns: arrays with the lanes first, written in place by every call.
//!
//! One copy, from each lane's arena into its row. All bytes are defined: rows that a call does not concern
//! hold the lane's latest observation, and zeros in everything that has a mask.

use hyperdust_kernel::{Fault, Model, layout::Layout};

use crate::{AutoresetMode, Buffer, lane::Lane};

/// The last `reset` or `step` of a vector env of `n` lanes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// One `(n, *shape)` array per observation segment.
    pub observations: Vec<Buffer>,
    /// 0 for lanes that were reset.
    pub rewards: Vec<f64>,
    /// Per lane.
    pub terminated: Vec<bool>,
    /// Per lane.
    pub truncated: Vec<bool>,
    /// One array of `n` per [`Model::info_names`]; zero where `info_mask` is false.
    pub infos: Vec<Vec<f32>>,
    /// Lanes that this call stepped or reset.
    pub info_mask: Vec<bool>,
    /// As `observations`, of the episodes that `final_mask` names; zero elsewhere. Empty unless the mode is
    /// [`AutoresetMode::SameStep`].
    pub final_observations: Vec<Buffer>,
    /// As `infos`, of the episodes that `final_mask` names. Empty unless the mode is same-step.
    pub final_infos: Vec<Vec<f32>>,
    /// Lanes whose episode ended and which were reset in this call.
    pub final_mask: Vec<bool>,
    /// What went wrong in this call's step; with same-step autoreset it belongs to the final info.
    pub faults: Vec<Option<Fault>>,
    /// Return of the episodes that `episode_mask` names; 0 elsewhere.
    pub episode_returns: Vec<f64>,
    /// Length of the episodes that `episode_mask` names; 0 elsewhere.
    pub episode_lengths: Vec<u32>,
    /// Lanes whose episode ended in this call.
    pub episode_mask: Vec<bool>,
}

impl Batch {
    pub(crate) fn new(model: &Model, lanes: usize, mode: AutoresetMode) -> Self {
        let buffers = || model.observations().segments.iter().map(|s| Buffer::new(lanes * s.bytes())).collect();
        let infos = || vec![vec![0.0; lanes]; model.info_names().len()];
        let keeps = mode == AutoresetMode::SameStep;
        Self {
            observations: buffers(),
            rewards: vec![0.0; lanes],
            terminated: vec![false; lanes],
            truncated: vec![false; lanes],
            infos: infos(),
            info_mask: vec![false; lanes],
            final_observations: if keeps { buffers() } else { Vec::new() },
            final_infos: if keeps { infos() } else { Vec::new() },
            final_mask: vec![false; lanes],
            faults: vec![None; lanes],
            episode_returns: vec![0.0; lanes],
            episode_lengths: vec![0; lanes],
            episode_mask: vec![false; lanes],
        }
    }

    /// Hands the observation arrays out and puts zeroed ones in their place: for callers that keep a
    /// batch longer than until the next call.
    pub fn take_observations(&mut self) -> Vec<Buffer> {
        let fresh = self.observations.iter().map(|buffer| Buffer::new(buffer.len())).collect();
        core::mem::replace(&mut self.observations, fresh)
    }

    /// Writes the rows of the lanes from `first` on.
    pub(crate) fn gather(&mut self, layout: &Layout, first: usize, lanes: &[Lane]) {
        for (segment, buffer) in layout.segments.iter().zip(&mut self.observations) {
            let size = segment.bytes();
            let rows = &mut buffer[first * size..(first + lanes.len()) * size];
            for (row, lane) in rows.chunks_exact_mut(size.max(1)).zip(lanes) {
                row.copy_from_slice(&lane.world.observation()[segment.offset..segment.offset + size]);
            }
        }
        for (lane, row) in lanes.iter().zip(first..) {
            self.rewards[row] = f64::from(lane.reward);
            self.terminated[row] = lane.terminated;
            self.truncated[row] = lane.truncated;
            self.faults[row] = if lane.touched { lane.fault } else { None };
            self.info_mask[row] = lane.touched;
            let finished = lane.finished.unwrap_or_default();
            self.episode_mask[row] = lane.finished.is_some();
            self.episode_returns[row] = finished.episode_return;
            self.episode_lengths[row] = finished.length;
            if lane.touched {
                for (column, value) in self.infos.iter_mut().zip(lane.world.info()) {
                    column[row] = *value;
                }
            } else {
                self.infos.iter_mut().for_each(|column| column[row] = 0.0);
            }
            self.gather_final(layout, row, lane);
        }
    }

    fn gather_final(&mut self, layout: &Layout, row: usize, lane: &Lane) {
        let stale = self.final_mask[row];
        self.final_mask[row] = lane.has_final;
        if !lane.has_final && !stale {
            return;
        }
        for (segment, buffer) in layout.segments.iter().zip(&mut self.final_observations) {
            let size = segment.bytes();
            let target = &mut buffer[row * size..(row + 1) * size];
            if lane.has_final {
                target.copy_from_slice(&lane.final_observation[segment.offset..segment.offset + size]);
            } else {
                target.fill(0);
            }
        }
        for (index, column) in self.final_infos.iter_mut().enumerate() {
            column[row] = if lane.has_final { lane.final_info[index] } else { 0.0 };
        }
    }
}
