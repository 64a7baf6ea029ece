//! What companions do: bond, commit to what they computed before the provider claims, open that afterwards.

use alloy::{
    primitives::{Address, B256, FixedBytes, U256, keccak256},
    providers::Provider,
    sol_types::SolValue,
};

use super::{Call, Market};
use crate::{Error, bindings as b};

/// Kind of a companion's commitment.
const COMMITMENT: &[u8; 20] = b"hyperdust commitment";

/// What a companion fixes before the claim: `keccak256(kind ‖ root ‖ address ‖ salt)`, four words. `root` is what its own results commit to, as a claim
/// does. Nothing can be read from it while the salt is secret, and no other can open it.
pub fn commitment(root: B256, companion: Address, salt: B256) -> B256 {
    let kind: FixedBytes<32> = FixedBytes::right_padding_from(COMMITMENT);
    keccak256((kind, root, companion, salt).abi_encode())
}

impl Market {
    /// Bonds the caller as a companion, with the bond that the deployment asks for.
    pub fn join(&self) -> Call {
        let bond = self.deployment.parameters.companion_bond;
        Call::new(self.at().companions, b::Companions::joinCall {}, "join as a companion").paying(bond)
    }

    /// Whether an account is a companion now.
    pub async fn joined(&self, node: &impl Provider, account: Address) -> Result<bool, Error> {
        let found = b::Companions::new(self.at().companions, node).companionOf(account).call().await?;
        Ok(found.standing == 1)
    }

    /// Whether an account has asked for its companion's bond back, and not taken it yet.
    pub async fn leaves(&self, node: &impl Provider, account: Address) -> Result<bool, Error> {
        let found = b::Companions::new(self.at().companions, node).companionOf(account).call().await?;
        Ok(found.standing == 2)
    }

    /// Asks for the companion's bond back; it can be taken after the delay.
    pub fn quit(&self) -> Call {
        Call::new(self.at().companions, b::Companions::quitCall {}, "leave as a companion")
    }

    /// Owes the caller its companion's bond.
    pub fn take_companion_bond(&self) -> Call {
        Call::new(self.at().companions, b::Companions::takeBondCall {}, "take a companion's bond back")
    }

    /// Fixes a [`commitment`] for a session that isn't claimed yet.
    pub fn commit(&self, session: B256, commitment: B256) -> Call {
        let call = b::Companions::commitCall { session, commitment };
        Call::new(self.at().companions, call, "commit to a session's results")
    }

    /// Shows that the caller had committed to what was then claimed.
    pub fn open_commitment(&self, session: B256, salt: B256) -> Call {
        let call = b::Companions::openCall { session, salt };
        Call::new(self.at().companions, call, "open a commitment")
    }

    /// Companions that opened a commitment to the session's claim.
    pub async fn attestations(&self, node: &impl Provider, session: B256) -> Result<U256, Error> {
        Ok(b::Companions::new(self.at().companions, node).attestations(session).call().await?)
    }
}
