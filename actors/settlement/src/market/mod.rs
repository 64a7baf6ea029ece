//! What authors, providers, users, companions and agents do on the chain.
//!
//! Actions are pure: each gives a [`Call`], which is sent by whoever has the key, at once or out of an outbox. Arguments that the contracts would
//! refuse for what they are (lengths, sizes of numbers) are refused here first; what depends on the chain's state is not looked at. Reading
//! asks a node. What an action brought is read from its receipt, by events of this deployment's contracts alone.
//!
//! Amounts are wei, or the smallest unit of an ERC-20. A currency is the token's address; [`NATIVE`] is the chain's coin.

mod assets;
mod call;
mod companions;
mod discovery;
mod events;
mod history;
mod overtaken;
mod providers;
mod questions;
mod sessions;

use alloy::primitives::{Address, U256};

use crate::{Deployment, Error, bindings as b, deployment::Addresses};
pub use assets::{Agent, AssetState, Scene};
pub use call::Call;
pub use companions::commitment;
pub use discovery::{Offer, Survey};
pub(crate) use events::logs;
pub use events::{Event, Paid, coin_sent, cost};
pub(crate) use overtaken::overtaken;
pub use providers::ProviderState;
pub use questions::{Question, Standing};
pub use sessions::{Claim, Claimed, Opening, SessionState, Status};

/// Native coin among currencies.
pub const NATIVE: Address = Address::ZERO;

/// Contracts that owe money to whom it belongs to, until it is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purse {
    /// Fees, refunds, companions' parts.
    Sessions,
    /// Bonds that were taken back, challengers' shares.
    Providers,
    /// Companions' bonds, shares of caught ones'.
    Companions,
    /// What passes cost.
    Passes,
    /// Bonds of games about outputs.
    Disputes,
    /// Bonds of games about inputs.
    Inputs,
}

impl Purse {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Sessions, Self::Providers, Self::Companions, Self::Passes, Self::Disputes, Self::Inputs];

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Providers => "providers",
            Self::Companions => "companions",
            Self::Passes => "passes",
            Self::Disputes => "disputes",
            Self::Inputs => "inputs",
        }
    }

    /// Its address.
    pub fn at(self, addresses: &Addresses) -> Address {
        match self {
            Self::Sessions => addresses.sessions,
            Self::Providers => addresses.providers,
            Self::Companions => addresses.companions,
            Self::Passes => addresses.passes,
            Self::Disputes => addresses.disputes,
            Self::Inputs => addresses.inputs,
        }
    }
}

/// A deployment, and everything that is done with it.
#[derive(Clone, Debug)]
pub struct Market {
    deployment: Deployment,
}

impl Market {
    /// The market of a deployment, which somebody has [checked](Deployment::check).
    pub fn new(deployment: Deployment) -> Self {
        Self { deployment }
    }

    /// The deployment.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    fn at(&self) -> &Addresses {
        &self.deployment.addresses
    }

    /// Fetches all that the caller is owed there. What it brought: [`Market::withdrawn`].
    pub fn withdraw(&self, purse: Purse, currency: Address, to: Address) -> Call {
        let call = b::Sessions::withdrawCall { token: currency, to };
        Call::new(purse.at(self.at()), call, "withdraw what is owed")
    }

    /// What an account is owed there.
    pub async fn owed(
        &self,
        node: &impl alloy::providers::Provider,
        purse: Purse,
        currency: Address,
        account: Address,
    ) -> Result<U256, Error> {
        // Every purse has this function.
        let contract = b::Sessions::new(purse.at(self.at()), node);
        Ok(contract.owed(currency, account).call().await?)
    }

    /// Lets `spender` take so much of an ERC-20: `sessions` for deposits, `providers` for bonds.
    pub fn approve(&self, currency: Address, spender: Address, amount: U256) -> Call {
        Call::new(currency, b::Token::approveCall { spender, value: amount }, "allow a token to be taken")
    }

    /// Mints what a worker has earned in an epoch that is over. Anyone may.
    pub fn mint(&self, epoch: u64, worker: Address) -> Call {
        Call::new(self.at().work, b::Work::mintCall { epoch: U256::from(epoch), worker }, "mint an epoch's tokens")
    }

    /// Coin that was burnt for a worker's work in an epoch, and not yet minted for.
    pub async fn burnt(
        &self,
        node: &impl alloy::providers::Provider,
        epoch: u64,
        worker: Address,
    ) -> Result<U256, Error> {
        Ok(b::Work::new(self.at().work, node).burnt(U256::from(epoch), worker).call().await?)
    }

    /// The epoch that goes on.
    pub async fn epoch(&self, node: &impl alloy::providers::Provider) -> Result<u64, Error> {
        let epoch = b::Work::new(self.at().work, node).current().call().await?;
        number(epoch, "an epoch")
    }

    /// Tokens that an account has, in their smallest unit (10⁻¹⁸).
    pub async fn tokens(&self, node: &impl alloy::providers::Provider, account: Address) -> Result<U256, Error> {
        Ok(b::Token::new(self.at().token, node).balanceOf(account).call().await?)
    }
}

/// A number of the chain's that is small on every chain that tells the truth.
fn number(found: U256, what: &str) -> Result<u64, Error> {
    u64::try_from(found).map_err(|_| Error::Answer { why: format!("{what} is {found}") })
}

/// A price or an amount that the contracts keep in 96 bits.
fn narrow(amount: U256, what: &'static str) -> Result<alloy::primitives::aliases::U96, Error> {
    let wide = || Error::Argument { what, why: format!("{amount} does not fit into 96 bits") };
    if amount.bit_len() > 96 {
        return Err(wide());
    }
    Ok(amount.to())
}
