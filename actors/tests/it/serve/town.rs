//! A chain with a market, people with wallets, and a scene that is published and offered: where servers are paid. It stands on the embedded chain or on a real
//! node; everybody has the same keys on each, so that what they do there can be compared.

use std::{
    cell::RefCell,
    collections::HashMap,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use alloy::{
    primitives::{B256, U256},
    providers::DynProvider,
    signers::local::PrivateKeySigner,
};
use hyperdust_actors::{
    Program, SEGMENT,
    companion::watcher::{Settings, Turn, Watcher},
    serve::{Config, Options},
    trial,
};
use hyperdust_devnet::{Devnet, Genesis, Served};
use hyperdust_gym::AutoresetMode;
use hyperdust_receipt::Agreement;
use hyperdust_settlement::{
    Account, Chain, Deployment, Wallet,
    deployment::{Parameters, deploy},
    market::{NATIVE, Opening, Purse, Scene, SessionState},
};
use hyperdust_wire::{
    client::{self, Client, ClientError, SignedSession},
    message::{Open, SigningRequest},
};

use super::{
    anvil::{self, Anvil},
    house::{Actions, House, recorded},
};

const PASSWORD: &str = "a password of a test";
pub const LANES: u32 = 3;
/// Steps of a segment.
pub const EVERY: u32 = 8;
/// Wei of a unit: the author's part and the provider's.
pub const PRICES: [u64; 2] = [3_000_000_000, 7_000_000_000];
pub const PRICE: u128 = (PRICES[0] + PRICES[1]) as u128;
/// Anvil's chain; what is signed, and so its bytes, depend on it.
const CHAIN: u64 = 31_337;
/// The rules that the embedded chain has.
const RULES: [&str; 2] = ["--hardfork", "paris"];
/// Who is here. The number of each is all bytes of its key.
pub const PEOPLE: [&str; 5] = ["deployer", "author", "provider", "user", "companion"];

/// Times that the blocks of these tests don't use up: each is a second later than the last, however quickly they come.
pub fn parameters() -> Parameters {
    Parameters { window: 100_000, closing: 100_000, answer: 50_000, epoch: 200_000, ..Parameters::trial() }
}

pub fn coin(thousandths: u64) -> U256 {
    U256::from(thousandths) * U256::from(1_000_000_000_000_000_u64)
}

/// What a town stands on. It ends when it is dropped.
pub enum Node {
    /// The embedded chain, over HTTP.
    Devnet(Served),
    /// A real node, over HTTP.
    Http(Anvil),
    /// A real node, over WebSocket.
    Ws(Anvil),
}

impl Node {
    pub fn devnet() -> Self {
        let devnet = Devnet::in_memory(Genesis { chain_id: CHAIN, ..Genesis::default() }).unwrap();
        Self::Devnet(devnet.serve("127.0.0.1:0".parse().unwrap()).unwrap())
    }

    pub fn http() -> Self {
        Self::Http(Anvil::with(&RULES))
    }

    pub fn ws() -> Self {
        Self::Ws(Anvil::with(&RULES))
    }

    pub fn url(&self) -> String {
        match self {
            Self::Devnet(served) => served.url(),
            Self::Http(anvil) => anvil.http(),
            Self::Ws(anvil) => anvil.ws(),
        }
    }
}

pub struct Town {
    pub runtime: tokio::runtime::Runtime,
    pub folder: tempfile::TempDir,
    pub node: DynProvider,
    pub deployment: Deployment,
    asset: u64,
    content: [u8; 32],
    /// To open a wallet takes a while, as it should.
    accounts: RefCell<HashMap<String, Account>>,
    /// What the server is told.
    pub url: String,
    /// After those that are connected to it.
    _chain: Node,
}

impl Town {
    pub fn new(scene: &str) -> Self {
        Self::on(Node::devnet(), scene)
    }

    pub fn on(chain: Node, scene: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let url = chain.url();
        let (wallets, mut deployer) = (folder.path().join("wallets"), None);
        for (number, name) in (1..).zip(PEOPLE) {
            let wallet = Wallet::import(&wallets, name, PASSWORD, &[number; 32]).unwrap();
            deployer.get_or_insert(wallet);
        }
        let deployer = deployer.unwrap();
        std::fs::write(folder.path().join("password"), format!("{PASSWORD}\n")).unwrap();
        let (node, deployment) = runtime.block_on(async {
            let chain = Chain::connect(&url).await.unwrap();
            for number in (1..).take(PEOPLE.len()) {
                let address = PrivateKeySigner::from_slice(&[number; 32]).unwrap().address();
                anvil::give(chain.provider(), address, coin(100_000)).await;
            }
            let signing = chain.signing(deployer.ethereum());
            (chain.provider().clone(), deploy(&signing, deployer.address(), parameters()).await.unwrap())
        });
        deployment.write(&folder.path().join("deployment.json")).unwrap();
        let content = trial::model(scene).unwrap().id().0;
        let accounts = RefCell::default();
        let mut town = Self { runtime, folder, node, deployment, asset: 0, content, accounts, url, _chain: chain };
        town.asset = town.stocked();
        town
    }

    /// A program, the scene, and a provider with a bond that offers it.
    fn stocked(&self) -> u64 {
        let program = B256::from(Program::committed(SEGMENT).unwrap().root);
        let published = Scene {
            package: B256::repeat_byte(0x22),
            content: self.content.into(),
            program: Some(program),
            price: U256::from(PRICES[0]),
            pass: None,
            uri: "ipfs://scene".into(),
        };
        let (author, provider) = (self.account("author"), self.account("provider"));
        self.runtime.block_on(async {
            let market = &author.market;
            author.send(&market.add_program(program)).await.unwrap();
            let receipt = author.send(&market.publish_scene(&published).unwrap()).await.unwrap();
            let asset = market.published(&receipt).unwrap();
            let register = market.register("tcp://127.0.0.1:5555", B256::repeat_byte(0xc0)).unwrap();
            provider.send(&register).await.unwrap();
            provider.send(&market.bond(NATIVE, coin(20_000)).unwrap()).await.unwrap();
            provider.send(&market.offer(asset, NATIVE, U256::from(PRICES[1]), true).unwrap()).await.unwrap();
            asset
        })
    }

    pub fn account(&self, name: &str) -> Account {
        if let Some(account) = self.accounts.borrow().get(name) {
            return account.clone();
        }
        let wallet = Wallet::open(&self.folder.path().join("wallets"), name, PASSWORD).unwrap();
        let account = self.runtime.block_on(async {
            let chain = Chain::over(self.node.clone()).await.unwrap();
            Account::of(chain, self.deployment.clone(), wallet).await.unwrap()
        });
        self.accounts.borrow_mut().insert(name.into(), account.clone());
        account
    }

    /// A server that is paid here, with its data in the town's folder: another one goes on where the last has ended.
    pub fn house(&self, patience: u64) -> House {
        self.house_with(|config| config.settlement.patience = patience)
    }

    /// The same with other settings.
    pub fn house_with(&self, other: impl FnOnce(&mut Config)) -> House {
        let change = |config: &mut Config| {
            settle(config, self.folder.path(), &self.url);
            other(config);
        };
        House::new(change, Options::default())
    }

    /// A session of the user's on the chain, with its seed where it mints.
    pub fn opened(&self, deposit: U256, minting: bool) -> B256 {
        let user = self.account("user");
        let opening = Opening {
            provider: self.account("provider").address(),
            asset: self.asset,
            currency: NATIVE,
            deposit,
            signer: user.address(),
            lanes: LANES,
            max_price: U256::from(PRICE),
            minting,
        };
        self.runtime.block_on(async {
            let receipt = user.send(&user.market.open(&opening).unwrap()).await.unwrap();
            let session = user.market.opened(&receipt).unwrap();
            if minting {
                anvil::blocks(&self.node, 2).await;
                user.send(&user.market.draw(session)).await.unwrap();
            }
            session
        })
    }

    pub fn later(&self, seconds: u64) {
        self.runtime.block_on(anvil::later(&self.node, seconds));
    }

    pub fn state(&self, session: B256) -> SessionState {
        let account = self.account("user");
        self.runtime.block_on(account.market.session(&self.node, session)).unwrap()
    }

    /// Blocks come until this holds.
    pub fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        for _ in 0..2_400 {
            if holds() {
                return;
            }
            self.runtime.block_on(anvil::blocks(&self.node, 1));
            thread::sleep(Duration::from_millis(50));
        }
        panic!("it does not come to this: {what}");
    }

    pub fn owed(&self, name: &str) -> U256 {
        let account = self.account(name);
        let owed = account.market.owed(&self.node, Purse::Sessions, NATIVE, account.address());
        self.runtime.block_on(owed).unwrap()
    }

    pub fn agreement(&self, session: B256) -> Agreement {
        let state = self.state(session);
        Agreement {
            domain: self.deployment.domain(),
            session: session.0,
            user: hyperdust_receipt::Address(state.signer.0.0),
            provider: hyperdust_receipt::Address(state.provider.0.0),
            content: self.content,
            lanes: state.lanes,
            price: state.price.to(),
            deposit: state.deposit.to(),
            seed: state.seed.map(|seed| seed.0),
        }
    }

    pub fn open(&self, session: B256) -> Open {
        let key = self.account("user").wallet.key().unwrap();
        let signing = SigningRequest::paying(session.0, 1000, &self.deployment.domain(), &key);
        Open { signing: Some(signing), ..recorded("cartpole", LANES as usize, AutoresetMode::NextStep) }
    }

    /// The user's end of it on a server.
    pub fn play(&self, endpoint: &str, options: &client::Options, session: B256) -> Result<SignedSession, ClientError> {
        let remote = Client::connect(endpoint, options)?.open(self.open(session))?;
        let (key, agreement) = (self.account("user").wallet.key().unwrap(), self.agreement(session));
        SignedSession::paying(remote, key, Box::new(|_| Ok(())), agreement, agreement.deposit)
    }

    /// A companion at work for the provider until this holds; blocks come meanwhile.
    pub fn accompany(
        &self,
        endpoint: &str,
        options: &client::Options,
        folder: &Path,
        mut done: impl FnMut(&mut Watcher<'_>, &Turn) -> bool,
    ) {
        let account = self.account("companion");
        let key = account.wallet.key().unwrap();
        let connect = Box::new(|| Ok(Client::connect(endpoint, options)?));
        let provider = Some(self.account("provider").address());
        let threads = std::num::NonZeroUsize::MIN;
        let settings = Settings { provider, defend: true, demands: false, confirmations: 2, threads };
        let mut watcher = Watcher::new(account, &key, connect, folder, None, settings).unwrap();
        let handle = self.runtime.handle().clone();
        self.until("the companion is done", || {
            let turn = watcher.turn(&handle, &|_, _| {}).unwrap();
            done(&mut watcher, &turn)
        });
    }
}

/// Has a server paid in the town of this folder, where its data is, too.
pub fn settle(config: &mut Config, folder: &Path, url: &str) {
    config.data = folder.join("data");
    config.settlement.chain = Some(url.into());
    config.settlement.deployment = folder.join("deployment.json");
    config.settlement.wallet = "provider".into();
    config.settlement.wallets = Some(folder.join("wallets"));
    config.settlement.password_file = Some(folder.join("password"));
    (config.settlement.patience, config.settlement.look, config.settlement.confirmations) = (0, 1, 2);
    config.signing.every = EVERY;
}

/// Where such a server keeps what it sends to the chain.
pub fn outbox(folder: &Path) -> PathBuf {
    folder.join("data").join("settlement")
}

/// Steps of random actions.
pub fn steps(remote: &mut SignedSession, count: usize) -> Result<(), ClientError> {
    let mut actions = Actions::new(remote.opened(), 5);
    for _ in 0..count {
        let drawn = actions.draw();
        remote.step(&drawn.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
    }
    Ok(())
}
