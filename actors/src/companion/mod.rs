//! A companion: computes again what a provider claims to have computed, and says under its name whether that is so.
//!
//! It gets [inputs only](crate::Job): scene, seed, signed actions. The order of things is that of the types, one for each stage:
//! [`Assigned`] → computes natively → [`Committed`] → is asked for states that no record contains ([`opening`]) → only then
//! learns the provider's outputs → [`Verdict`]. It [commits](commitment) to the root of its own graph before it learns another,
//! so it cannot copy one; [`canary`] jobs find those that learn it all the same and attest to it without computing; [`odds`] says how many
//! it takes. Before it accuses, the proof machine has to side with it ([`Committed::judge`]).
//!
//! Many jobs are computed by a [`queue`] of nodes, in which equal nodes of different jobs are one: a model that *m* users share is
//! computed once, and each of the *n* sessions in scenes once.

mod batch;
pub mod canary;
pub mod chain;
pub mod commitment;
pub mod evidence;
pub mod odds;
pub mod opening;
pub mod queue;
pub mod remote;
pub mod report;
pub mod session;
mod stages;
mod verdict;
pub mod watcher;

pub use batch::Batch;
pub use report::Report;
pub use session::Session;
pub(crate) use stages::write_new;
pub use stages::{Assigned, Committed, LONGEST, Replayed};
pub use verdict::{Verdict, machine};
