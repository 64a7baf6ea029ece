//! What a server must not lose, on one machine's disk: recorded episodes, jobs, verdicts, blueprints, and the journals from
//! which sessions go on after a crash.
//!
//! [`Store`] is what the rest of the server sees; [`SledStore`] is the one that there is. The rules:
//!
//! - **Nothing is acknowledged before [`Store::flush`] has returned.** Puts are gathered in memory, a flush writes all of them in
//!   order and waits for the disk; many callers share one.
//! - **Nothing wrong is ever given back.** Every value carries its key, a version and a checksum, and what has a content address is
//!   compared with it. What does not check is a typed error.
//! - **Nothing is dropped in silence.** What is pinned is never evicted; a damaged database is moved aside whole, what checks is
//!   taken over, and a report says what is missing.
//!
//! The bytes stored are opaque here: nothing in this crate knows what an episode or a command is.

mod disk;
mod error;
pub mod fsck;
mod id;
mod index;
pub mod key;
mod load;
mod open;
mod pending;
mod puts;
mod record;
mod sled_store;
mod store;
pub mod value;

pub use error::{Error, Unfit};
pub use id::Id;
pub use open::{Opened, Options};
pub use record::{
    EpisodeMeta, EpisodeRecord, JobMeta, JobRecord, Journal, MAX_NAME, MAX_OWNERS, MAX_PINS, MAX_TEXT, MAX_VALUE,
    Outcome, Page, Query, SessionRecord, Usage, Verdict,
};
pub use sled_store::SledStore;
pub use store::Store;
