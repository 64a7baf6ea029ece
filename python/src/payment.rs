//! Sessions that are opened and paid on a chain, as `hyperdust/payment.py` uses them.
//!
//! Everything that a chain is told goes through `hyperdust_settlement`, the one implementation of money. It waits on a runtime of its own, of one thread:
//! the caller's. The interpreter lock is released while it does, and signals are looked after.

use std::{
    future::Future,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use alloy::primitives::{Address, B256, U256};
use hyperdust_receipt::{Agreement, Key};
use hyperdust_settlement::{
    Account, Error,
    account::Settings,
    amount::Coin,
    market::{NATIVE, Opening},
    user::{self, Kept, Wanted},
};
use hyperdust_wire::{Endpoint, curve::PublicKey, message::SigningRequest};
use pyo3::{prelude::*, types::PyDict};
use tokio::{runtime, time::timeout};

use crate::errors::{chain, python, wire};

/// How long a wait goes on without a look at signals.
const SLICE: Duration = Duration::from_millis(500);

/// Somebody who may open sessions: a node, a deployment that was checked there, a wallet.
#[pyclass(module = "hyperdust._core", frozen)]
pub struct Purse {
    account: Account,
    runtime: Mutex<runtime::Runtime>,
    patience: Duration,
}

/// Account, socket, its public key, whether it is on this machine, price of a unit.
type Offered = (String, String, String, bool, u128);

/// A session that was opened, and what it takes to pay for it.
#[pyclass(module = "hyperdust._core", frozen)]
pub struct Bought {
    pub agreement: Agreement,
    pub asset: u64,
    pub coin: Coin,
    /// Taken by the session that it pays for.
    secret: Mutex<Option<(Key, Kept)>>,
}

impl Bought {
    /// What OPEN says of it, so that the server knows who asks.
    pub fn request(&self, every: u32) -> PyResult<SigningRequest> {
        let secret = self.secret.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, _) = secret.as_ref().ok_or_else(taken)?;
        Ok(SigningRequest::paying(self.agreement.session, every, &self.agreement.domain, key))
    }

    /// The key that signs, and where its books are kept. Once.
    pub fn take(&self) -> PyResult<(Key, Kept)> {
        let mut secret = self.secret.lock().unwrap_or_else(PoisonError::into_inner);
        secret.take().ok_or_else(taken)
    }
}

fn taken() -> PyErr {
    python::StateError::new_err("another session is paid with this one")
}

#[pymethods]
impl Bought {
    /// Its id.
    #[getter]
    fn session(&self) -> String {
        B256::from(self.agreement.session).to_string()
    }
}

#[pymethods]
impl Purse {
    /// Connects, checks the deployment and opens the wallet. `patience`: seconds that the chain may take for what it is asked to do.
    #[new]
    #[pyo3(signature = (chain, deployment, wallet, wallets, password_file, patience))]
    fn new(
        py: Python<'_>,
        chain: String,
        deployment: PathBuf,
        wallet: String,
        wallets: Option<PathBuf>,
        password_file: Option<PathBuf>,
        patience: f64,
    ) -> PyResult<Self> {
        let settings = Settings { chain, deployment, wallet, wallets, password_file };
        let patience = wire::seconds(patience)?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| python::Error::new_err(error.to_string()))?;
        let runtime = Mutex::new(runtime);
        let account = wait(py, &runtime, patience, "the node", async move { Account::open(&settings).await })?;
        Ok(Self { account, runtime, patience })
    }

    /// Its account.
    #[getter]
    fn address(&self) -> String {
        self.account.address().to_string()
    }

    /// Wei of a text: a number of coins, or a number and a unit.
    fn amount(&self, text: &str) -> PyResult<u128> {
        let coin = self.account.chain.coin();
        let bare = !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit() || c == b'.');
        let wei = if bare { coin.parse(&format!("{text} {}", coin.symbol)) } else { coin.parse(text) };
        let wei = wei.map_err(|error| python::AmountError::new_err(error.to_string()))?;
        wei.try_into().map_err(|_| python::AmountError::new_err(format!("{text:?} is more than any chain has")))
    }

    /// Number and blueprint of the asset: of this number, or the only one that is this blueprint.
    #[pyo3(signature = (number=None, content=None))]
    fn asset(&self, py: Python<'_>, number: Option<u64>, content: Option<&str>) -> PyResult<(u64, String)> {
        let wanted = match (number, content) {
            (Some(number), _) => Wanted::Number(number),
            (None, Some(content)) => Wanted::Content(parse("a blueprint's id", content)?),
            (None, None) => return Err(python::ChainError::new_err(("neither a scene nor an asset was named", false))),
        };
        let (number, content) = self.wait(py, "the asset", user::asset(&self.account, wanted, NATIVE))?;
        Ok((number, content.to_string()))
    }

    /// Who serves an asset for such a deposit, cheapest first.
    #[pyo3(signature = (asset, deposit, provider=None, address=None))]
    fn offers(
        &self,
        py: Python<'_>,
        asset: u64,
        deposit: u128,
        provider: Option<&str>,
        address: Option<&str>,
    ) -> PyResult<Vec<Offered>> {
        let provider: Option<Address> = provider.map(|text| parse("provider", text)).transpose()?;
        let found = user::offers(&self.account, asset, NATIVE, U256::from(deposit), provider, address);
        let offers = self.wait(py, "the providers", found)?.into_iter().filter_map(|offer| {
            let socket = address.unwrap_or(&offer.endpoint);
            // What a stranger has registered may be no address at all.
            let loopback = socket.parse::<Endpoint>().ok()?.loopback();
            let key = PublicKey(offer.curve.0).to_string();
            Some((offer.provider.to_string(), socket.to_owned(), key, loopback, offer.price.try_into().ok()?))
        });
        Ok(offers.collect())
    }

    /// Opens a session for so many lanes, at most at this price, and has its seed drawn if it shall count for minting. Its books will be in `folder`.
    #[expect(clippy::too_many_arguments, reason = "named arguments of one Python caller")]
    fn buy(
        &self,
        py: Python<'_>,
        asset: u64,
        content: &str,
        provider: &str,
        price: u128,
        deposit: u128,
        lanes: u32,
        minting: bool,
        folder: Option<PathBuf>,
    ) -> PyResult<Bought> {
        let opening = Opening {
            provider: parse("provider", provider)?,
            asset,
            currency: NATIVE,
            deposit: U256::from(deposit),
            signer: self.account.address(),
            lanes,
            max_price: U256::from(price),
            minting,
        };
        let content = parse("a blueprint's id", content)?;
        // A seed takes as long as it takes; the transactions before and after it have their time as well.
        let all = self.patience.saturating_mul(2);
        let folder = folder.unwrap_or_else(|| Settings::home().with_file_name("sessions"));
        let buying = user::buy(&self.account, &opening, content, self.patience, &folder);
        let (bought, kept) = wait(py, &self.runtime, all, "a session, which the chain may open all the same", buying)?;
        let agreement = bought.agreement(&self.account).map_err(chain)?;
        let key = self.account.wallet.key().map_err(chain)?;
        let coin = self.account.chain.coin();
        Ok(Bought { agreement, asset, coin, secret: Mutex::new(Some((key, kept))) })
    }

    /// What the chain says of a session.
    fn session<'py>(&self, py: Python<'py>, session: &str) -> PyResult<Bound<'py, PyDict>> {
        let id = parse("a session's id", session)?;
        let state = self.wait(py, "the session", self.account.market.session(self.account.node(), id))?;
        let said = PyDict::new(py);
        let number = |number: U256| u128::try_from(number).ok();
        said.set_item("status", format!("{:?}", state.status))?;
        said.set_item("user", state.user.to_string())?;
        said.set_item("provider", state.provider.to_string())?;
        said.set_item("asset", state.asset)?;
        said.set_item("deposit", number(state.deposit))?;
        said.set_item("price", number(state.price))?;
        said.set_item("lanes", state.lanes)?;
        said.set_item("minting", state.minting)?;
        said.set_item("amount", state.claim.and_then(|claim| number(claim.amount)))?;
        said.set_item("actions", state.claim.map(|claim| claim.actions.to_string()))?;
        said.set_item("outputs", state.claim.map(|claim| claim.outputs.to_string()))?;
        Ok(said)
    }
}

impl Purse {
    fn wait<T: Send>(
        &self,
        py: Python<'_>,
        what: &str,
        future: impl Future<Output = Result<T, Error>> + Send,
    ) -> PyResult<T> {
        wait(py, &self.runtime, self.patience, what, future)
    }
}

/// Waits without the interpreter's lock, looking after signals.
fn wait<T: Send>(
    py: Python<'_>,
    runtime: &Mutex<runtime::Runtime>,
    patience: Duration,
    what: &str,
    future: impl Future<Output = Result<T, Error>> + Send,
) -> PyResult<T> {
    let until = Instant::now().checked_add(patience);
    let mut future = Box::pin(future);
    loop {
        let done = py.detach(|| {
            let runtime = runtime.lock().unwrap_or_else(PoisonError::into_inner);
            runtime.block_on(async { timeout(SLICE, &mut future).await })
        });
        match done {
            Ok(done) => return done.map_err(chain),
            Err(_) => py.check_signals()?,
        }
        if until.is_some_and(|until| Instant::now() >= until) {
            return Err(chain(Error::Late { what: what.into(), after: patience }));
        }
    }
}

fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(what: &str, text: &str) -> PyResult<T> {
    text.parse().map_err(|error| python::ChainError::new_err((format!("{what}: {text:?}: {error}"), false)))
}

/// What a session has cost, by name, and as people read it.
pub fn receipt<'py>(
    py: Python<'py>,
    bought: &Arc<Terms>,
    signed: &hyperdust_wire::client::SignedSession,
) -> PyResult<Option<Bound<'py, PyDict>>> {
    let Some(spent) = signed.spending() else { return Ok(None) };
    let said = PyDict::new(py);
    let Terms { agreement, asset, coin } = &**bought;
    let hash = |hash: [u8; 32]| B256::from(hash).to_string();
    said.set_item("session", hash(agreement.session))?;
    said.set_item("provider", Address::from(agreement.provider.0).to_string())?;
    said.set_item("asset", asset)?;
    said.set_item("price", spent.price)?;
    said.set_item("units", spent.units)?;
    said.set_item("amount", spent.amount)?;
    said.set_item("unpaid", spent.unpaid)?;
    said.set_item("deposit", spent.deposit)?;
    said.set_item("remaining", spent.remaining)?;
    let voucher = signed.voucher().map(|signed| signed.message);
    said.set_item("actions", voucher.map(|voucher| hash(voucher.actions)))?;
    said.set_item("outputs", voucher.map(|voucher| hash(voucher.outputs)))?;
    let lanes = signed.receipts().into_iter().map(|receipt| {
        let actions = receipt?.actions.message;
        let outputs = receipt?.outputs.map(|outputs| hash(outputs.message.root));
        Some((actions.steps, hash(actions.root), outputs))
    });
    said.set_item("lanes", lanes.collect::<Vec<_>>())?;
    let show = |wei: u128| coin.show(U256::from(wei));
    let owed = match spent.unpaid {
        0 => String::new(),
        unpaid => format!(", {unpaid} more are made and not paid yet"),
    };
    let text = format!(
        "{} paid for {} units at {}{owed}; {} remain of {} (session {})",
        show(spent.amount),
        spent.units,
        show(spent.price),
        show(spent.remaining),
        show(spent.deposit),
        hash(agreement.session),
    );
    said.set_item("text", text)?;
    Ok(Some(said))
}

/// What of a [`Bought`] a session goes on with.
pub struct Terms {
    agreement: Agreement,
    asset: u64,
    pub coin: Coin,
}

impl Terms {
    /// Of this one.
    pub fn of(bought: &Bought) -> Arc<Self> {
        Arc::new(Self { agreement: bought.agreement, asset: bought.asset, coin: bought.coin })
    }
}
