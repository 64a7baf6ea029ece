//! Opens a session and waits for its seed.

use std::{path::Path, time::Duration};

use alloy::{
    primitives::{B256, U256},
    providers::Provider,
};
use hyperdust_receipt::Agreement;
use tokio::time::{Instant, sleep};

use super::Kept;
use crate::{
    Account, Error,
    market::{Opening, SessionState, Status},
};

/// How long one waits before a node is asked for the next block.
const PACE: Duration = Duration::from_millis(500);

/// A session that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bought {
    /// Its id.
    pub session: B256,
    /// What the chain says of it.
    pub state: SessionState,
    /// Root of the asset's blueprint.
    pub content: B256,
}

impl Bought {
    /// What both sides hold each other to.
    pub fn agreement(&self, account: &Account) -> Result<Agreement, Error> {
        let s = &self.state;
        let number = |what, number: U256| {
            u128::try_from(number).map_err(|_| Error::Answer { why: format!("a session's {what} is {number}") })
        };
        Ok(Agreement {
            domain: account.market.deployment().domain(),
            session: self.session.0,
            user: hyperdust_receipt::Address(s.signer.into_array()),
            provider: hyperdust_receipt::Address(s.provider.into_array()),
            content: self.content.0,
            lanes: s.lanes,
            price: number("price", s.price)?,
            deposit: number("deposit", s.deposit)?,
            seed: s.seed.map(|seed| seed.0),
        })
    }
}

/// Opens a session and, where its work shall count for minting, has its seed drawn. `content`: root of the asset's blueprint.
///
/// The deposit is away as soon as the chain has taken the first transaction; an error after that names the session, and so do its books in the folder `books`, which are there
/// before anything else is done.
pub async fn buy(
    account: &Account,
    opening: &Opening,
    content: B256,
    patience: Duration,
    books: &Path,
) -> Result<(Bought, Kept), Error> {
    if opening.provider == account.address() {
        let why = format!("{} is the provider itself: nobody is paid by its own wallet", account.address());
        return Err(Error::Argument { what: "open a session", why });
    }
    let has = account.balance().await?;
    if opening.currency.is_zero() && has < opening.deposit {
        let coin = account.chain.coin();
        let why =
            format!("{} has {}, the deposit is {}", account.address(), coin.show(has), coin.show(opening.deposit));
        return Err(Error::Argument { what: "open a session", why });
    }
    Kept::prepare(books)?;
    let receipt = account.send(&account.market.open(opening)?).await?;
    let session = account.market.opened(&receipt)?;
    let kept = Kept::create(books, account.market.deployment().domain(), session)?;
    if opening.minting {
        seed(account, session, patience).await?;
    }
    let state = account.market.session(account.node(), session).await?;
    let same = (state.user, state.signer, state.provider, state.asset, state.lanes, state.deposit)
        == (account.address(), opening.signer, opening.provider, opening.asset, opening.lanes, opening.deposit);
    if !same || state.price > opening.max_price {
        return Err(Error::Answer { why: format!("session {session} is not the one that was opened") });
    }
    Ok((Bought { session, state, content }, kept))
}

/// The seed of a minting session, which anybody may draw once two blocks have come. Draws it, unless somebody else has; an error where the
/// chain takes longer than `patience`. No transaction is sent for the sake of a block; the embedded devnet, which has no others, is asked for one.
pub async fn seed(account: &Account, session: B256, patience: Duration) -> Result<B256, Error> {
    let (market, node) = (&account.market, account.node());
    let until = Instant::now() + patience;
    let ours = account.chain.is_devnet().await;
    loop {
        let state = market.session(node, session).await?;
        if let Some(seed) = state.seed {
            return Ok(seed);
        }
        if !state.minting || state.status != Status::Open {
            let why = format!("session {session} has none to be drawn: it is not open, or not for minting");
            return Err(Error::Argument { what: "draw a session's seed", why });
        }
        // In the block after this one the hash of the awaited one is known, unless the node counts otherwise and says so.
        if node.get_block_number().await? >= state.draw_block {
            match account.send(&market.draw(session)).await {
                // Too late for that block's hash, perhaps: then a later one is waited for.
                Ok(_) => continue,
                Err(Error::Reverted { why, .. }) if matches!(why.name(), Some("TooEarly" | "WrongStatus")) => {}
                // Mined after somebody else's, or a block too early.
                Err(Error::Failed { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if Instant::now() >= until {
            let what = format!("two blocks after session {session} was opened, from which its seed is drawn");
            return Err(Error::Late { what, after: patience });
        }
        match ours {
            true => node.raw_request::<(), serde_json::Value>("evm_mine".into(), ()).await.map(drop)?,
            false => sleep(PACE).await,
        }
    }
}
