//! What a user does to come to a session that it pays for: finds the asset and who serves it, puts a deposit in, has the seed drawn; and what
//! it keeps of it on its own disk.
//!
//! A crash between two of its steps leaves a session that nobody uses: its id is in its books' file as soon as the chain has taken the deposit, which comes back by `close` and
//! `reclaim`.

mod find;
mod kept;
mod open;

pub use find::{Wanted, asset, offers};
pub use kept::Kept;
pub use open::{Bought, buy, seed};
