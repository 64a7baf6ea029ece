//! Disputes on a chain: what a game's state says, the calls that move it, who plays when, and where games are found.
//!
//! The rules are twice there: `hyperdust_proof::game`, and the contract `Disputes`, which keeps a hash of each game's state and tells the state
//! itself in an event after every move. So a party needs no memory of its own: what it has to do next follows from the last events about a game
//! and from what it computed ([`Player::next`]). A process that is killed and started again, or another machine with the same data, plays on as if nothing had been.
//!
//! - [`State`]: what the chain keeps the hash of, and what is due in it.
//! - [`Game`], [`Games`]: a game as events tell it; [`Market::games`](crate::Market::games) reads them.
//! - [`Act`]: a move, or what ends a game; [`Market::act`](crate::Market::act) makes a call of it, with the coin that goes along.
//! - [`Player`]: decides. [`Lanes`]: what a claim commits to, and the openings by which a lane of it is disputed.
//!
//! What a player is told is not believed where it can be computed: the roots of a cut are those whose hash is in the state, and a state is one whose
//! hash the chain has. A node that keeps events back can make a party miss its time, and no more.

mod act;
mod game;
mod lanes;
mod player;
mod state;

pub use act::Act;
pub use game::{Collected, Game, Games};
pub use lanes::{Lane, Lanes};
pub use player::{Concession, Player, Stuck};
pub use state::{Outcome, State};
