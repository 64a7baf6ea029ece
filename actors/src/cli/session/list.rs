//! `hyperdust session list`: the sessions of a wallet, as the chain and the books on this disk tell them.

use std::path::{Path, PathBuf};

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{Address, B256, U256},
    providers::Provider,
};
use clap::Args;
use hyperdust_receipt::{Signed, Voucher};
use hyperdust_settlement::{
    account::Settings,
    amount,
    market::{NATIVE, Purse, SessionState, Status},
    user::Kept,
};
use serde::Serialize;

use super::{
    chain::{self, Place, View, Wallets, refused, some_wei, text, time},
    named,
};
use crate::{
    Error,
    cli::{print_json, wallet},
};

#[derive(Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    place: Place,
    /// Name of the wallet whose sessions are listed; its password isn't needed
    #[arg(long, value_name = "NAME", env = "HYPERDUST_WALLET", required_unless_present = "account")]
    wallet: Option<String>,
    #[command(flatten)]
    wallets: Wallets,
    /// Sessions of this account instead: an agent's, for instance
    #[arg(long, value_name = "ADDRESS", value_parser = chain::address)]
    account: Option<Address>,
    /// Folder of the files that `hyperdust.connect` keeps of sessions [default: ~/.hyperdust/sessions]
    #[arg(long, value_name = "FOLDER")]
    receipts: Option<PathBuf>,
    /// How many, the newest first; 0: all
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Prints a JSON object; amounts are texts of wei
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Listed {
    #[serde(serialize_with = "text")]
    account: Address,
    sessions: Vec<Row>,
    /// Sessions that there are, listed or not.
    total: usize,
    /// What `Sessions` owes the account, of all its sessions, until it is fetched.
    #[serde(with = "amount::wei")]
    owed: U256,
}

#[derive(Serialize)]
struct Row {
    session: B256,
    asset: u64,
    #[serde(serialize_with = "text")]
    provider: Address,
    status: &'static str,
    #[serde(with = "amount::wei")]
    deposit: U256,
    /// What was claimed of the deposit, nothing where it went back without a claim; before that what the last voucher on this disk pays; none where there is neither.
    #[serde(serialize_with = "some_wei")]
    used: Option<U256>,
    /// The file with what both sides signed; none where it isn't here.
    books: Option<PathBuf>,
    next: String,
}

impl List {
    pub(super) async fn run(self) -> Result<(), Error> {
        let account = self.account()?;
        let view = self.place.look().await?;
        let (market, node) = (&view.market, view.node());
        let folder = self.receipts.clone().unwrap_or_else(|| Settings::home().with_file_name("sessions"));
        let mut found = market.sessions_of(node, account).await?;
        found.reverse();
        let total = found.len();
        if self.limit > 0 {
            found.truncate(self.limit);
        }
        let now = node.get_block_by_number(BlockNumberOrTag::Latest).await;
        let now = now.map_err(hyperdust_settlement::Error::from)?.map_or(0, |block| block.header.timestamp);
        let mut sessions = Vec::new();
        for session in found {
            let mut state = market.session(node, session).await?;
            // The chain keeps a claim that fell.
            if state.status == Status::Ended && state.claim.is_some() && !market.was_paid(node, session).await? {
                state.claim = None;
            }
            sessions.push(Row::of(&view, session, &state, &folder, now));
        }
        let owed = market.owed(node, Purse::Sessions, NATIVE, account).await?;
        let listed = Listed { account, sessions, total, owed };
        match self.json {
            true => print_json(&listed),
            false => listed.print(&view),
        }
        Ok(())
    }

    fn account(&self) -> Result<Address, Error> {
        if let Some(account) = self.account {
            return Ok(account);
        }
        let name = self.wallet.as_deref().unwrap_or_default();
        let unsaid = || refused(format!("wallet {name}"), "a file that doesn't say whose it is", "--account ADDRESS");
        wallet::named(&self.wallets, name)?.ok_or_else(unsaid)
    }
}

impl Row {
    fn of(view: &View, session: B256, state: &SessionState, folder: &Path, now: u64) -> Self {
        let path = folder.join(format!("{session}.json"));
        let kept = Kept::read(&path);
        // Another chain may have had a session of this id: what was signed there counts for nothing here.
        let domain = view.market.deployment().domain();
        let signer = hyperdust_receipt::Address(state.signer.into_array());
        let ours = |signed: &Signed<Voucher>| signed.verify(&domain, &signer).is_ok();
        let voucher = kept.as_ref().ok().and_then(|(.., voucher)| voucher.filter(ours));
        let paid = voucher.map(|signed| U256::from(signed.message.amount));
        // Without a claim all of it went back, whatever was signed.
        let ended = state.status == Status::Ended;
        Self {
            session,
            asset: state.asset,
            provider: state.provider,
            status: named(state.status),
            deposit: state.deposit,
            used: state.claim.map(|claim| claim.amount).or(if ended { Some(U256::ZERO) } else { paid }),
            books: kept.is_ok().then_some(path),
            next: next(session, state, now),
        }
    }
}

/// What can be done with it now, or when.
fn next(session: B256, state: &SessionState, now: u64) -> String {
    let after = |what: &str| match now > state.ends {
        true => format!("`hyperdust session {what} {session}`"),
        false => format!("`hyperdust session {what} {session}` after {}", time(state.ends)),
    };
    match state.status {
        Status::Open if state.minting && state.seed.is_none() => format!("`hyperdust session draw {session}`"),
        Status::Open => format!("go on in it, or `hyperdust session close {session}`"),
        Status::Closing => after("reclaim"),
        Status::Claimed if state.games > 0 => format!("{} game(s) about it go on", state.games),
        Status::Claimed => after("finalise"),
        Status::Paid => format!("`hyperdust session finalise {session}` draws who of its companions is paid"),
        Status::Ended | Status::None => "nothing".into(),
    }
}

impl Listed {
    fn print(&self, view: &View) {
        for row in &self.sessions {
            let used = row.used.map_or_else(|| "not known here".into(), |used| view.show(used));
            println!("{}  {}", row.session, row.status);
            println!("  asset     {}, with {}", row.asset, row.provider);
            println!("  deposit   {}, used {used}", view.show(row.deposit));
            println!("  next      {}", row.next);
        }
        println!("{} of {} sessions of {}", self.sessions.len(), self.total, self.account);
        if !self.owed.is_zero() {
            println!("owed to it: {}; `hyperdust session withdraw` fetches it", view.show(self.owed));
        }
    }
}
