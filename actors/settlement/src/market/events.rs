//! What receipts say: events of the deployment's contracts, gas, and coin that was sent out. Logs of any other contract are nobody's word.

use alloy::{
    primitives::{Address, B256, Log, U256},
    providers::Provider,
    rpc::types::{Filter, Log as Found, TransactionReceipt},
    sol_types::{SolEvent, SolEventInterface},
};

use super::{Market, NATIVE};
use crate::{Error, bindings as b};

/// An event of one of the deployment's contracts.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the contract's own")]
pub enum Event {
    Assets(b::assets::Assets::AssetsEvents),
    Companions(b::companions::Companions::CompanionsEvents),
    Disputes(b::disputes::Disputes::DisputesEvents),
    Inputs(b::inputs::Inputs::InputsEvents),
    Passes(b::passes::Passes::PassesEvents),
    Providers(b::providers::Providers::ProvidersEvents),
    Sessions(b::sessions::Sessions::SessionsEvents),
    Token(b::token::Token::TokenEvents),
    Work(b::work::Work::WorkEvents),
}

/// How a claim was paid out, in the session's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid {
    /// To the provider.
    pub provider: U256,
    /// To the asset's payee.
    pub author: U256,
    /// For the companion that will be drawn.
    pub companion: U256,
    /// Burnt.
    pub burnt: U256,
}

/// What a transaction cost its sender beside the coin that it sent, in wei. Chains that post their data elsewhere may charge for that as well.
pub fn cost(receipt: &TransactionReceipt) -> U256 {
    U256::from(receipt.gas_used) * U256::from(receipt.effective_gas_price)
}

/// Native coin that contracts sent out in the course of a transaction, because somebody fetched it: to whom, and how much. `purses` are the
/// contracts whose word counts: the deployment's, and those of shares.
pub fn coin_sent(receipt: &TransactionReceipt, purses: &[Address]) -> Vec<(Address, U256)> {
    let logs = receipt.logs().iter().filter(|log| purses.contains(&log.address()));
    let events = logs.filter_map(|log| b::Sessions::Withdrawn::decode_log(&log.inner).ok());
    events.filter(|event| event.token == NATIVE).map(|event| (event.to, event.amount)).collect()
}

impl Market {
    /// What a log says, if it is one of the deployment's contracts'.
    pub fn decode(&self, log: &Log) -> Option<Event> {
        let a = self.at();
        let at = log.address;
        match () {
            () if at == a.assets => SolEventInterface::decode_log(log).ok().map(|log| Event::Assets(log.data)),
            () if at == a.companions => SolEventInterface::decode_log(log).ok().map(|log| Event::Companions(log.data)),
            () if at == a.disputes => SolEventInterface::decode_log(log).ok().map(|log| Event::Disputes(log.data)),
            () if at == a.inputs => SolEventInterface::decode_log(log).ok().map(|log| Event::Inputs(log.data)),
            () if at == a.passes => SolEventInterface::decode_log(log).ok().map(|log| Event::Passes(log.data)),
            () if at == a.providers => SolEventInterface::decode_log(log).ok().map(|log| Event::Providers(log.data)),
            () if at == a.sessions => SolEventInterface::decode_log(log).ok().map(|log| Event::Sessions(log.data)),
            () if at == a.token => SolEventInterface::decode_log(log).ok().map(|log| Event::Token(log.data)),
            () if at == a.work => SolEventInterface::decode_log(log).ok().map(|log| Event::Work(log.data)),
            () => None,
        }
    }

    /// All that a receipt's logs say, in order.
    pub fn decode_all(&self, receipt: &TransactionReceipt) -> Vec<Event> {
        receipt.logs().iter().filter_map(|log| self.decode(&log.inner)).collect()
    }

    /// Every event of this kind by this contract, in order.
    pub fn events<E: SolEvent>(&self, receipt: &TransactionReceipt, by: Address) -> Vec<E> {
        let logs = receipt.logs().iter().filter(|log| log.address() == by);
        logs.filter_map(|log| E::decode_log(&log.inner).ok()).map(|log| log.data).collect()
    }

    /// The first of them.
    pub(super) fn event<E: SolEvent>(&self, receipt: &TransactionReceipt, by: Address) -> Result<E, Error> {
        let first = self.events::<E>(receipt, by).into_iter().next();
        let event = E::SIGNATURE.split('(').next().unwrap_or(E::SIGNATURE);
        first.ok_or(Error::NoEvent { transaction: receipt.transaction_hash, event })
    }

    /// Session that was opened.
    pub fn opened(&self, receipt: &TransactionReceipt) -> Result<B256, Error> {
        Ok(self.event::<b::Sessions::Opened>(receipt, self.at().sessions)?.session)
    }

    /// Seed that was drawn. `None` where the block was forgotten and another is waited for.
    pub fn seeded(&self, receipt: &TransactionReceipt) -> Option<B256> {
        self.events::<b::Sessions::Seeded>(receipt, self.at().sessions).first().map(|event| event.seed)
    }

    /// How a claim was paid out.
    pub fn paid(&self, receipt: &TransactionReceipt) -> Result<Paid, Error> {
        let event = self.event::<b::Sessions::Paid>(receipt, self.at().sessions)?;
        let b::Sessions::Paid { provider, author, companion, burnt, .. } = event;
        Ok(Paid { provider, author, companion, burnt })
    }

    /// Companion that was drawn, and its part. `None` where the block was forgotten and another is waited for.
    pub fn rewarded(&self, receipt: &TransactionReceipt) -> Option<(Address, U256)> {
        let events = self.events::<b::Sessions::Rewarded>(receipt, self.at().sessions);
        events.first().map(|event| (event.companion, event.amount))
    }

    /// Tokens that were minted, in their smallest unit.
    pub fn minted(&self, receipt: &TransactionReceipt) -> Result<U256, Error> {
        Ok(self.event::<b::Work::Minted>(receipt, self.at().work)?.amount)
    }

    /// What was fetched from this contract: a purse, or an agent's shares.
    pub fn withdrawn(&self, receipt: &TransactionReceipt, from: Address) -> Result<U256, Error> {
        Ok(self.event::<b::Sessions::Withdrawn>(receipt, from)?.amount)
    }
}

/// The logs of these blocks. A node that refuses so many is asked for half as many at a time.
pub(crate) async fn logs(node: &impl Provider, filter: &Filter, from: u64, to: u64) -> Result<Vec<Found>, Error> {
    let (mut found, mut next) = (Vec::new(), from);
    let mut span = to.saturating_sub(from).saturating_add(1);
    while next <= to {
        let last = next.saturating_add(span - 1).min(to);
        let page = filter.clone().from_block(next).to_block(last);
        match node.get_logs(&page).await.map_err(Error::from) {
            Ok(logs) => {
                found.extend(logs);
                next = last + 1;
            }
            Err(Error::Refused { .. }) if span > 1 => span = span.div_ceil(2),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}
