//! What the user of a session, its provider and a chain share: who signed what, and who is to blame where a signature is missing.
//!
//! A user sends actions, a provider answers with steps. Every segment of a lane's stream is receipted twice: the user
//! signs the running root of the actions ([`ActionRoot`]), the provider countersigns the running root of the outputs
//! ([`OutputRoot`]). A user pays with [`Voucher`]s, and a companion that computed
//! a provider's claim again signs an [`Attestation`]; a [`Beginning`] says that it is the user who asks for a session. All five are EIP-712 typed data over secp256k1, so that a contract can
//! check them with `ecrecover`. [`chain`] says what a running root is, [`list`] what the Merkle root of a list of roots is,
//! [`claim`] what a provider commits to when it wants to be paid, [`due`] what a user owes by its receipts.
//! [`UserLedger`] and [`ProviderLedger`] are the rules that either side keeps to: nobody goes on without the other's
//! signature, so at most one segment is ever unsigned. [`blame`] judges a dispute about what the actions were: whoever
//! cannot show the other's signature carries the blame, and who kept to the ledger always can.
//!
//! The crate is pure: no clock, no randomness, no input or output, no `unsafe`; `no_std` with `alloc`. Everything decoded
//! from outside is of a fixed or bounded size, total, and refused with a reason. Secrets are in [`Key`] alone.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod address;
mod agreement;
mod blame;
pub mod chain;
pub mod claim;
mod codec;
mod error;
mod key;
mod ledger;
pub mod list;
mod message;
mod signature;
mod signed;
mod typed;

pub use address::Address;
pub use agreement::{Agreement, due};
pub use blame::{Actions, Blame, Evidence, Fault, Side, Statement, blame};
pub use error::{Error, Refusal};
pub use hyperdust_merkle::{Hash, Kind};
pub use key::Key;
pub use ledger::{Ledger, ProviderLedger, ProviderSide, Receipt, Terms, UserLedger, UserSide};
pub use message::{ActionRoot, Attestation, Beginning, OutputRoot, Voucher};
pub use signature::Signature;
pub use signed::Signed;
pub use typed::{Domain, Message};
