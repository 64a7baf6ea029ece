//! Seeds of lanes.

use crate::Error;

/// How a reset seeds its lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seeds<'a> {
    /// Each lane's random stream goes on (Gymnasium's `seed=None`).
    Continue,
    /// Lane `i` gets `seed + i`, wrapping.
    First(u64),
    /// One per lane; `None` lets that lane's stream go on.
    Each(&'a [Option<u64>]),
}

impl Seeds<'_> {
    /// Refuses a list whose length is not `lanes`.
    pub(crate) fn check(self, lanes: usize) -> Result<(), Error> {
        match self {
            Self::Each(seeds) if seeds.len() != lanes => Err(Error::SeedCount { found: seeds.len(), lanes }),
            _ => Ok(()),
        }
    }

    /// Seed of a lane, after [`Seeds::check`].
    pub(crate) fn lane(self, lane: usize) -> Option<u64> {
        match self {
            Self::Continue => None,
            Self::First(seed) => Some(seed.wrapping_add(lane as u64)),
            Self::Each(seeds) => seeds[lane],
        }
    }
}

/// A seed from the operating system: for envs that are reset without ever having been given one.
pub(crate) fn entropy() -> Result<u64, Error> {
    getrandom::u64().map_err(Error::Entropy)
}
