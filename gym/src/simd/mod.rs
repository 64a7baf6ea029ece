//! Steps of several worlds at once, with the widest vector instructions that the processor has.
//!
//! The kernel's lane arithmetic is one source over [`Real`], always inlined. Each module here has a number type for
//! one instruction set and a function that enables it, into which the whole of it is compiled once more. Every
//! operation is on one lane's numbers alone, correctly rounded, and nothing is contracted into fused multiply–adds:
//! the bits are the same everywhere (the tests here and the goldens compare them).

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod blake3;
mod keccak;
mod number;
mod portable;

use std::{fmt::Debug, sync::Arc};

use hyperdust_kernel::{
    Model, Pack, World,
    math::Real,
    merkle::{Hash, Kind},
    record::StepRecord,
};

/// Worlds per pack at the widest level: blocks of lanes are best multiples of it.
pub(crate) const WIDEST: usize = 16;
/// Lanes from which a pack is faster than one world after the other.
pub(crate) const WORTHWHILE: usize = 3;

/// Worlds that step together.
pub(crate) trait Together: Send + Sync + Debug {
    /// All of a step that follows acting, of the next few worlds; see [`Pack::step`].
    fn step(&mut self, worlds: &mut dyn Iterator<Item = &mut World>);

    /// Appends [`World::record`] of worlds that have just stepped with these actions.
    fn record(&mut self, stepped: &[(&World, &[u8])], records: &mut Vec<StepRecord>);
}

/// An instruction set: how its numbers are computed with.
trait Level: Send + Sync + Debug + Sized + 'static {
    type Number: Real;

    /// [`Pack::compute`] with its instructions.
    fn compute(&self, pack: &mut Pack<Self::Number>);

    /// BLAKE3 of at most as many messages as there are lanes, of one length that [`blake3::takes`].
    fn hash(&self, messages: &[&[u8]], hashes: &mut [[u8; 32]]);

    /// keccak-256 of any number of messages of `N` nodes of a Merkle tree each.
    fn keccak<const N: usize>(&self, messages: &[[Hash; N]], hashes: &mut [Hash]);
}

#[derive(Debug)]
struct Packed<L: Level> {
    level: L,
    pack: Pack<L::Number>,
    /// Room for what a digest hashes, per lane.
    states: Vec<Vec<u8>>,
}

impl<L: Level> Packed<L> {
    /// BLAKE3 of one message per lane, together where their lengths allow it.
    fn hashes(&self, messages: &[&[u8]]) -> [[u8; 32]; WIDEST] {
        let mut hashes = [[0; 32]; WIDEST];
        let alike = messages.iter().all(|m| m.len() == messages[0].len() && blake3::takes(m.len()));
        if alike && messages.len() >= WORTHWHILE {
            self.level.hash(messages, &mut hashes);
        } else {
            for (hash, message) in hashes.iter_mut().zip(messages) {
                *hash = *::blake3::hash(message).as_bytes();
            }
        }
        hashes
    }
}

impl<L: Level> Together for Packed<L> {
    fn step(&mut self, worlds: &mut dyn Iterator<Item = &mut World>) {
        self.pack.step(worlds, |pack| self.level.compute(pack));
    }

    fn record(&mut self, stepped: &[(&World, &[u8])], records: &mut Vec<StepRecord>) {
        for group in stepped.chunks(L::Number::LANES) {
            let mut messages: [&[u8]; WIDEST] = [&[]; WIDEST];
            for (message, (world, _)) in messages.iter_mut().zip(group) {
                *message = world.observation();
            }
            let observations = self.hashes(&messages[..group.len()]);
            for ((state, (world, _)), observation) in self.states.iter_mut().zip(group).zip(&observations) {
                state.clear();
                world.preimage(observation, state);
            }
            let mut messages: [&[u8]; WIDEST] = [&[]; WIDEST];
            for (message, state) in messages.iter_mut().zip(&self.states) {
                *message = state;
            }
            let states = self.hashes(&messages[..group.len()]);
            let mut messages: [&[u8]; WIDEST] = [&[]; WIDEST];
            for (message, (_, action)) in messages.iter_mut().zip(group) {
                *message = action;
            }
            let actions = self.hashes(&messages[..group.len()]);
            for (i, (world, _)) in group.iter().enumerate() {
                let outcome = world.outcome();
                records.push(StepRecord {
                    state: states[i],
                    observation: observations[i],
                    reward: outcome.reward,
                    terminated: outcome.terminated,
                    truncated: outcome.truncated,
                    action: actions[i],
                });
            }
        }
    }
}

fn packed<L: Level>(level: L, model: &Arc<Model>) -> Option<Box<dyn Together>> {
    let states = vec![Vec::new(); L::Number::LANES];
    Some(Box::new(Packed { level, pack: Pack::new(model)?, states }))
}

/// For worlds of `model` of which so many step at a time; `None` where they can't be packed, or it doesn't pay.
pub(crate) fn together(model: &Arc<Model>, lanes: usize) -> Option<Box<dyn Together>> {
    if lanes < WORTHWHILE {
        return None;
    }
    #[cfg(target_arch = "x86_64")]
    {
        if lanes > WIDEST / 2
            && let Some(level) = avx512::Avx512::detect()
        {
            return packed(level, model);
        }
        if let Some(level) = avx2::Avx2::detect() {
            return packed(level, model);
        }
    }
    packed(portable::Portable, model)
}

/// [`merkle::root`](hyperdust_kernel::merkle::root) of each string.
pub(crate) fn roots<const N: usize>(strings: [(Kind, &[u8]); N]) -> [Hash; N] {
    #[cfg(target_arch = "x86_64")]
    {
        if let Some(level) = avx512::Avx512::detect() {
            return keccak::roots(&level, strings);
        }
        if let Some(level) = avx2::Avx2::detect() {
            return keccak::roots(&level, strings);
        }
    }
    keccak::roots(&portable::Portable, strings)
}

#[cfg(test)]
mod tests;
