//! Logs, and filters that remember what they told.

use alloy::{
    eips::BlockNumberOrTag,
    primitives::U256,
    rpc::types::{Filter, FilterBlockOption, Log},
};

use super::{
    Answer, answer,
    params::{Params, out_of_range, quantity},
};
use crate::{
    Failure, Shared,
    chain::{At, Chain},
    filters::{About, Hashes},
};

/// Most logs of an answer.
const MOST: usize = 10_000;

pub fn get(shared: &Shared, params: &mut Params) -> Answer {
    let filter: Filter = params.get(0, "filter")?;
    let chain = shared.chain()?;
    answer(find(&chain, &filter, 0)?)
}

/// The logs that a filter takes in blocks from `first` on.
fn find(chain: &Chain, filter: &Filter, first: usize) -> Result<Vec<Log>, Failure> {
    let last = chain.blocks().len() - 1;
    let (from, to) = match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => {
            let number = chain.number_of(hash).ok_or_else(|| Failure::server("unknown block"))?;
            (number, number)
        }
        FilterBlockOption::Range { from_block, to_block } => {
            let number = |tag: Option<BlockNumberOrTag>| match tag.unwrap_or_default() {
                BlockNumberOrTag::Number(number) => usize::try_from(number).unwrap_or(usize::MAX),
                tag => match chain.find_tag(tag) {
                    Some(At::Block(number)) => number,
                    Some(At::Next) | None => last,
                },
            };
            let (from, to) = (number(from_block), number(to_block));
            if from > last {
                return Err(out_of_range(last as u64, from as u64));
            }
            (from, to)
        }
    };
    let mut found = Vec::new();
    for mined in chain.blocks().iter().take(to.saturating_add(1)).skip(from.max(first)) {
        if !mined.logs(filter, MOST, &mut found) {
            return Err(Failure::limit(format!("query returned more than {MOST} results")));
        }
    }
    Ok(found)
}

pub fn install(shared: &Shared, params: &mut Params) -> Answer {
    let filter: Filter = params.get(0, "filter")?;
    if filter.topics.iter().map(|topic| topic.len()).sum::<usize>() + filter.address.len() > 4096 {
        return Err(Failure::params("filter: accepted: at most 4096 addresses and topics"));
    }
    put(shared, About::Logs(Box::new(filter)))
}

pub fn install_blocks(shared: &Shared) -> Answer {
    put(shared, About::Blocks)
}

pub fn install_transactions(shared: &Shared) -> Answer {
    put(shared, About::Transactions)
}

fn put(shared: &Shared, about: About) -> Answer {
    let mut chain = shared.chain()?;
    let next = chain.blocks().len();
    answer(quantity(chain.filters.install(about, next)))
}

fn id(params: &mut Params) -> Result<u64, Failure> {
    // One that no filter can have is one that is not there.
    Ok(u64::try_from(params.get::<U256>(0, "filter")?).unwrap_or(u64::MAX))
}

pub fn changes(shared: &Shared, params: &mut Params) -> Answer {
    let id = id(params)?;
    let mut chain = shared.chain()?;
    let end = chain.blocks().len();
    let (about, first) = chain.filters.advance(id, end)?;
    let new = chain.blocks().get(first..).unwrap_or_default();
    match about {
        About::Logs(filter) => answer(find_new(&chain, &filter, first)?),
        About::Blocks => answer(new.iter().map(|mined| mined.hash).collect::<Hashes>()),
        About::Transactions => {
            let hashes = new.iter().flat_map(|mined| mined.transactions.iter().map(|signed| *signed.tx_hash()));
            answer(hashes.collect::<Hashes>())
        }
    }
}

/// As [`find`]; a filter that names no blocks is about all that come.
fn find_new(chain: &Chain, filter: &Filter, first: usize) -> Result<Vec<Log>, Failure> {
    let mut filter = filter.clone();
    if let FilterBlockOption::Range { from_block, to_block } = &mut filter.block_option {
        // "From the latest" was said when it was installed; since then it is all.
        if !matches!(from_block, Some(BlockNumberOrTag::Number(_))) {
            *from_block = Some(BlockNumberOrTag::Earliest);
        }
        if !matches!(to_block, Some(BlockNumberOrTag::Number(_))) {
            *to_block = Some(BlockNumberOrTag::Latest);
        }
    }
    if matches!(filter.block_option, FilterBlockOption::Range { from_block: Some(BlockNumberOrTag::Number(from)), .. } if from > chain.head().header.number)
    {
        // It is about blocks that are yet to come.
        return Ok(Vec::new());
    }
    find(chain, &filter, first)
}

pub fn all(shared: &Shared, params: &mut Params) -> Answer {
    let id = id(params)?;
    let chain = shared.chain()?;
    match chain.filters.about(id) {
        Some(About::Logs(filter)) => answer(find(&chain, filter, 0)?),
        _ => Err(Failure::server("filter not found")),
    }
}

pub fn uninstall(shared: &Shared, params: &mut Params) -> Answer {
    let id = id(params)?;
    answer(shared.chain()?.filters.uninstall(id))
}
