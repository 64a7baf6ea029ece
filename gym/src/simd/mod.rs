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
mod number;
mod portable;

use std::{fmt::Debug, sync::Arc};

use hyperdust_kernel::{Model, Pack, World, math::Real};

/// Worlds per pack at the widest level: blocks of lanes are best multiples of it.
pub(crate) const WIDEST: usize = 16;
/// Lanes from which a pack is faster than one world after the other.
const WORTHWHILE: usize = 3;

/// Worlds that step together.
pub(crate) trait Together: Send + Sync + Debug {
    /// All of a step that follows acting, of the next few worlds; see [`Pack::step`].
    fn step(&mut self, worlds: &mut dyn Iterator<Item = &mut World>);
}

/// An instruction set: how its numbers are computed with.
trait Level: Send + Sync + Debug + Sized + 'static {
    type Number: Real;

    /// [`Pack::compute`] with its instructions.
    fn compute(&self, pack: &mut Pack<Self::Number>);
}

#[derive(Debug)]
struct Packed<L: Level> {
    level: L,
    pack: Pack<L::Number>,
}

impl<L: Level> Together for Packed<L> {
    fn step(&mut self, worlds: &mut dyn Iterator<Item = &mut World>) {
        self.pack.step(worlds, |pack| self.level.compute(pack));
    }
}

fn packed<L: Level>(level: L, model: &Arc<Model>) -> Option<Box<dyn Together>> {
    Some(Box::new(Packed { level, pack: Pack::new(model)? }))
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

#[cfg(test)]
mod tests;
