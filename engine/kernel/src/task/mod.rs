//! What the agent does, sees and is paid for, at run time.
//!
//! A [`Task`](crate::blueprint::Task) is compiled once into a [`Plan`]: layouts of actions and
//! observations, which [`Source`](crate::blueprint::Source)s are sensed, and programs whose slices are
//! addresses in one flat array of values. A step then is: [`action`] → physics → [`quantities`] →
//! programs → [`observation`], without allocation. Randomised initial states are [`reset`]'s.

mod action;
mod observation;
mod plan;
pub mod program;
mod quantities;
mod reset;

pub use quantities::source_len;

pub(crate) use plan::{Plan, Results};
pub(crate) use quantities::{Own, Sensed};
pub(crate) use reset::apply as apply_resets;

use alloc::{format, string::String};

use borsh::{BorshDeserialize, BorshSerialize};

use crate::blueprint::Budget;
use crate::error::Cap;

/// What a step cost, summed over its physics steps. Counts saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Cost {
    /// Contact points.
    pub contacts: u32,
    /// Constraint rows times solver iterations.
    pub rows: u32,
    /// Ray casts.
    pub rays: u32,
}

impl Cost {
    /// From counts that a solver keeps as numbers.
    pub(crate) fn of(contacts: f32, rows: f32) -> Self {
        Self { contacts: contacts as u32, rows: rows as u32, rays: 0 }
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            contacts: self.contacts.saturating_add(other.contacts),
            rows: self.rows.saturating_add(other.rows),
            rays: self.rays.saturating_add(other.rays),
        }
    }

    /// The first cap of `budget` that is passed; a cap of 0 never is.
    pub fn exceeds(self, budget: Budget) -> Option<Cap> {
        let passed = |spent: u32, cap: u32| cap != 0 && spent > cap;
        if passed(self.contacts, budget.contacts) {
            Some(Cap::Contacts)
        } else if passed(self.rows, budget.rows) {
            Some(Cap::Rows)
        } else if passed(self.rays, budget.rays) {
            Some(Cap::Rays)
        } else {
            None
        }
    }
}

/// Name under which `info` reports a reward term.
pub fn reward_info_name(term: &str) -> String {
    format!("reward_{term}")
}
