//! A market on a node: deployed, with people who have keys and coin; and books, in which every receipt is entered, so that at the end every balance can be held
//! to what receipts alone say.

use std::collections::BTreeMap;

use alloy::{
    primitives::{Address, B256, U256},
    providers::{DynProvider, Provider},
    rpc::types::TransactionReceipt,
    signers::local::PrivateKeySigner,
};
use hyperdust_receipt::{Key, Signed, Voucher, claim::LaneClaim, list};
use hyperdust_settlement::{
    Call, Chain, Deployment, Error, Market,
    bindings::Work,
    deployment::{self, Parameters},
    market::{Claim, NATIVE, Opening, Purse, Scene, coin_sent, cost},
};

use crate::anvil::give;

/// Wei of a gwei and of a coin.
pub const GWEI: u64 = 1_000_000_000;
pub fn coin(thousandths: u64) -> U256 {
    U256::from(thousandths) * U256::from(1_000_000_000_000_000_u64)
}

/// Somebody with a key.
pub struct Person {
    pub address: Address,
    /// Signs vouchers.
    pub key: Key,
    /// Signs transactions.
    pub node: DynProvider,
}

pub struct World {
    pub chain: Chain,
    pub market: Market,
    pub author: Person,
    pub provider: Person,
    pub user: Person,
    pub companion: Person,
    pub program: B256,
    books: BTreeMap<Address, U256>,
    /// What each action used, in order.
    pub gas: Vec<(String, u64)>,
}

async fn person(chain: &Chain, number: u8) -> Person {
    let secret = [number; 32];
    let signer = PrivateKeySigner::from_slice(&secret).unwrap();
    let address = signer.address();
    give(chain.provider(), address, coin(100_000)).await;
    Person { address, key: Key::from_secret(&secret).unwrap(), node: chain.signing(signer.into()) }
}

impl World {
    pub async fn start(url: &str) -> Self {
        Self::with(url, Parameters::default()).await
    }

    pub async fn with(url: &str, parameters: Parameters) -> Self {
        let chain = Chain::connect(url).await.unwrap();
        let deployer = person(&chain, 1).await;
        let made = deployment::deploy(&deployer.node, deployer.address, parameters).await.unwrap();
        Self::of(chain, made).await
    }

    async fn of(chain: Chain, made: Deployment) -> Self {
        let [author, provider, user, companion] =
            [person(&chain, 2).await, person(&chain, 3).await, person(&chain, 4).await, person(&chain, 5).await];
        let mut books = BTreeMap::new();
        let people = [author.address, provider.address, user.address, companion.address];
        for account in people.into_iter().chain(made.addresses.named().map(|(_, address)| address)) {
            books.insert(account, chain.provider().get_balance(account).await.unwrap());
        }
        let program = B256::repeat_byte(0x11);
        Self { chain, market: Market::new(made), author, provider, user, companion, program, books, gas: Vec::new() }
    }

    pub fn node(&self) -> &DynProvider {
        self.chain.provider()
    }

    /// Sends an action, and enters its receipt.
    pub async fn send(&mut self, who: fn(&Self) -> &Person, call: Call) -> Result<TransactionReceipt, Error> {
        let (node, from) = (who(self).node.clone(), who(self).address);
        let sent = node.send_transaction(call.request(from)).await?;
        let receipt = sent.get_receipt().await.unwrap();
        assert!(receipt.status(), "{}", call.what);
        self.enter(from, &call, &receipt);
        self.gas.push((call.what, receipt.gas_used));
        Ok(receipt)
    }

    /// Sends the opening of a session, and gives the session.
    pub async fn opened(&mut self, who: fn(&Self) -> &Person, call: Call) -> B256 {
        let receipt = self.send(who, call).await.unwrap();
        self.market.opened(&receipt).unwrap()
    }

    fn enter(&mut self, from: Address, call: &Call, receipt: &TransactionReceipt) {
        let mut change = |account, add: U256, take: U256| {
            let balance = self.books.entry(account).or_default();
            *balance = *balance + add - take;
        };
        change(from, U256::ZERO, cost(receipt) + call.value);
        change(call.to, call.value, U256::ZERO);
        let a = self.market.deployment().addresses;
        for purse in Purse::ALL.map(|purse| purse.at(&a)) {
            for (to, amount) in coin_sent(receipt, &[purse]) {
                change(purse, U256::ZERO, amount);
                change(to, amount, U256::ZERO);
            }
        }
        for burnt in self.market.events::<Work::Burnt>(receipt, a.work) {
            change(a.sessions, U256::ZERO, burnt.amount);
            change(a.work, burnt.amount, U256::ZERO);
        }
    }

    /// Balances that receipts give are the chain's, to the wei.
    pub async fn books_are_right(&self) {
        for (account, balance) in &self.books {
            assert_eq!(self.node().get_balance(*account).await.unwrap(), *balance, "{account}");
        }
    }

    /// A program, a provable scene of 3 gwei a unit, and a provider of 7 gwei with a bond of ten coins. Returns the scene.
    pub async fn stocked(&mut self) -> u64 {
        let program = self.program;
        self.send(|w| &w.author, self.market.add_program(program)).await.unwrap();
        let receipt =
            self.send(|w| &w.author, self.market.publish_scene(&scene(Some(program))).unwrap()).await.unwrap();
        let asset = self.market.published(&receipt).unwrap();
        let curve = B256::repeat_byte(0xc0);
        self.send(|w| &w.provider, self.market.register("tcp://127.0.0.1:5555", curve).unwrap()).await.unwrap();
        self.send(|w| &w.provider, self.market.bond(NATIVE, coin(10_000)).unwrap()).await.unwrap();
        let price = U256::from(7 * GWEI);
        self.send(|w| &w.provider, self.market.offer(asset, NATIVE, price, true).unwrap()).await.unwrap();
        asset
    }

    pub fn opening(&self, asset: u64, deposit: U256) -> Opening {
        Opening {
            provider: self.provider.address,
            asset,
            currency: NATIVE,
            deposit,
            signer: self.user.address,
            lanes: 2,
            max_price: U256::from(10 * GWEI),
            minting: false,
        }
    }

    /// What the user signs for so many units of 10 gwei, and the provider claims with it.
    pub fn claim(&self, session: B256, units: u64) -> Claim {
        let amount = u128::from(units) * u128::from(10 * GWEI);
        let message = Voucher { session: session.0, units, amount, actions: [0xaa; 32], outputs: [0x0b; 32] };
        let voucher = Signed::new(message, &self.market.deployment().domain(), &self.user.key);
        Claim { commitment: lanes(session), voucher }
    }
}

/// What the lanes of a session commit to.
pub fn lanes(session: B256) -> B256 {
    let lane = |lane| LaneClaim {
        job: hyperdust_receipt::claim::job(&session.0, lane),
        plan: [1; 32],
        claim: [2; 32],
        nodes: 3,
    };
    list::root(list::CLAIMS, &[lane(0).item(), lane(1).item()]).into()
}

pub fn scene(program: Option<B256>) -> Scene {
    Scene {
        package: B256::repeat_byte(0x22),
        content: B256::repeat_byte(0x33),
        program,
        price: U256::from(3 * GWEI),
        pass: None,
        uri: "ipfs://scene".into(),
    }
}
