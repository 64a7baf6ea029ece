//! What a node can do, found out by asking it.

use std::{fmt, time::SystemTime};

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{Address, U256},
    providers::Provider,
    rpc::types::Filter,
};

use super::{Chain, Preset};
use crate::{Error, amount, error::cut};

/// Numbers of blocks that are tried, largest first.
const RANGES: [u64; 8] = [100_000, 10_000, 5_000, 2_000, 1_000, 500, 100, 1];

/// How transactions pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fees {
    /// By one gas price: blocks have no base fee.
    Legacy,
    /// By EIP-1559: the latest block has this base fee, in wei a gas.
    Dynamic {
        /// In wei a gas.
        base_fee: u64,
    },
}

/// Of how many blocks a node gives logs at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogRange {
    /// It gave those of so many.
    pub blocks: u64,
    /// Whether it refused more. If not, more may do.
    pub limited: bool,
}

/// What a chain and its node can do.
#[derive(Clone, Debug)]
pub struct Report {
    /// Scheme and host of the node.
    pub node: String,
    /// What the node calls itself, where it does.
    pub client: Option<String>,
    /// The chain's number.
    pub chain_id: u64,
    /// What is known of that number.
    pub preset: Option<&'static Preset>,
    /// The native coin, by the preset or as it was said.
    pub coin: amount::Coin,
    /// How transactions pay.
    pub fees: Fees,
    /// What the node thinks a gas costs, in wei.
    pub gas_price: u128,
    /// The latest block.
    pub latest: u64,
    /// When that was made, in Unix time's seconds.
    pub time: u64,
    /// The latest block that the node says is final. `None` where it knows no such tag: confirmations have to be counted.
    pub finalized: Option<u64>,
    /// Of how many blocks it gives logs at once.
    pub logs: LogRange,
}

impl Report {
    /// What isn't as it should be, or as it was known.
    pub fn concerns(&self) -> Vec<String> {
        let mut all = Vec::new();
        match (self.preset, self.fees) {
            (None, _) => all.push(format!("chain {} is not known here: the coin's name may be wrong", self.chain_id)),
            (Some(preset), Fees::Legacy) if !preset.legacy => {
                all.push(format!("{} was known to have EIP-1559's fees: legacy ones are used", preset.name));
            }
            (Some(preset), Fees::Dynamic { .. }) if preset.legacy => {
                all.push(format!("{} was known to take legacy fees alone: its blocks have a base fee", preset.name));
            }
            _ => {}
        }
        if self.finalized.is_none() {
            all.push("the node doesn't say which blocks are final: confirmations are counted".into());
        }
        if self.logs.blocks < 100 {
            all.push(format!("the node gives logs of {} block(s) at once: to catch up takes long", self.logs.blocks));
        }
        let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |now| now.as_secs());
        if now.saturating_sub(self.time) > 3_600 {
            all.push("the latest block is older than an hour: the node, or the chain, stands still".into());
        }
        all
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.preset.map_or("not known here", |preset| preset.name);
        let price = amount::decimal(U256::from(self.gas_price), 9);
        writeln!(f, "chain       {} ({name}), coin {}", self.chain_id, self.coin.symbol)?;
        let client = self.client.as_deref().unwrap_or("does not say what it is");
        writeln!(f, "node        {} ({client})", self.node)?;
        match self.fees {
            Fees::Legacy => writeln!(f, "fees        legacy, {price} gwei a gas")?,
            Fees::Dynamic { base_fee } => {
                let base = amount::decimal(U256::from(base_fee), 9);
                writeln!(f, "fees        EIP-1559, base fee {base} gwei, {price} gwei a gas")?;
            }
        }
        write!(f, "blocks      latest {}", self.latest)?;
        match self.finalized {
            Some(block) => writeln!(f, ", final {block}")?,
            None => writeln!(f, ", no word on which are final")?,
        }
        let more = if self.logs.limited { "at most" } else { "at least" };
        write!(f, "logs        of {more} {} blocks at once", self.logs.blocks)?;
        for concern in self.concerns() {
            write!(f, "\nnote        {concern}")?;
        }
        Ok(())
    }
}

pub(super) async fn probe(chain: &Chain) -> Result<Report, Error> {
    let node = chain.provider();
    let chain_id = node.get_chain_id().await?;
    if chain_id != chain.id() {
        return Err(Error::WrongChain { found: chain_id, accepted: chain.id() });
    }
    // Not every node says, and none has to.
    let client = refusable(node.get_client_version().await)?.map(|name| cut(&name));
    let latest = node.get_block_by_number(BlockNumberOrTag::Latest).await?;
    let latest = latest.ok_or_else(|| Error::Answer { why: "there is no latest block".into() })?.header;
    let fees = latest.base_fee_per_gas.map_or(Fees::Legacy, |base_fee| Fees::Dynamic { base_fee });
    let finalized = refusable(node.get_block_by_number(BlockNumberOrTag::Finalized).await)?.flatten();
    Ok(Report {
        node: chain.node().into(),
        client,
        chain_id,
        preset: chain.preset(),
        coin: chain.coin(),
        fees,
        gas_price: node.get_gas_price().await?,
        latest: latest.number,
        time: latest.timestamp,
        finalized: finalized.map(|block| block.header.number),
        logs: logs(node, latest.number).await?,
    })
}

/// The answer, or nothing where the node refuses the question as such.
fn refusable<T>(answer: alloy::transports::TransportResult<T>) -> Result<Option<T>, Error> {
    match answer.map_err(Error::from) {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_retryable() => Err(error),
        Err(_) => Ok(None),
    }
}

/// The largest range that the node gives logs of, of those that are tried.
async fn logs(node: &impl Provider, latest: u64) -> Result<LogRange, Error> {
    let mut limited = false;
    for range in RANGES {
        // A chain may be shorter than the range.
        let blocks = range.min(latest.saturating_add(1));
        let nobody = Filter::new().address(Address::ZERO).from_block(latest - (blocks - 1)).to_block(latest);
        match refusable(node.get_logs(&nobody).await)? {
            Some(_) => return Ok(LogRange { blocks, limited }),
            None => limited = true,
        }
    }
    Err(Error::Answer { why: "the node gives no logs".into() })
}
