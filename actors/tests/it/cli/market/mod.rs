//! The commands that act on a chain: the real binary against the embedded chain over HTTP, whole stories from the first transaction to the last withdrawal. What
//! a command says it cost and brought is held to the chain's balances, to the wei.

mod agents;
mod devnet;
mod invoke;
mod refusals;
mod scenes;
mod sessions;

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, U256},
    providers::{DynProvider, Provider},
    rpc::types::TransactionRequest,
};
use hyperdust_devnet::{Devnet, Genesis, Served};
use hyperdust_receipt::{Signed, Voucher, claim::LaneClaim, list};
use hyperdust_settlement::{
    Account, Market,
    account::Settings,
    deployment::{Parameters, deploy},
    market::Claim,
};
use serde_json::Value;
use tempfile::TempDir;

use super::json;

const PASSWORD: &str = "correct horse";
const COIN: u64 = 1_000_000_000_000_000_000;

/// A chain with the market on it, and wallets.
struct Town {
    folder: TempDir,
    devnet: Devnet,
    served: Served,
    market: Market,
}

/// Runs something that waits for a chain.
fn wait<T>(business: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(business)
}

fn wei(value: &Value) -> U256 {
    U256::from_str_radix(value.as_str().unwrap_or_else(|| panic!("no text of wei: {value}")), 10).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

impl Town {
    /// With wallets of these names, each with a hundred coins.
    fn with(people: &[&str]) -> Self {
        let devnet = Devnet::in_memory(Genesis::default()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let deployer = devnet.accounts()[0].address();
        let made = wait(deploy(&devnet.provider(), deployer, Parameters::default())).unwrap();
        made.write(&folder.path().join("deployment.json")).unwrap();
        let served = devnet.serve(([127, 0, 0, 1], 0).into()).unwrap();
        let town = Self { folder, devnet, served, market: Market::new(made) };
        for person in people {
            let made = town.says(person, &format!("wallet new {person} --json"));
            town.give(text(&made["address"]).parse().unwrap(), U256::from(100 * u128::from(COIN)));
        }
        town
    }

    fn give(&self, to: Address, amount: U256) {
        let from = self.devnet.accounts()[0].address();
        let request = TransactionRequest::default().with_from(from).with_to(to).with_value(amount);
        let sent = wait(async { self.node().send_transaction(request).await.unwrap().get_receipt().await.unwrap() });
        assert!(sent.status());
    }

    fn node(&self) -> DynProvider {
        self.devnet.provider()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The binary, by whom, with everything else in its environment.
    fn command(&self, who: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hyperdust"));
        command.current_dir(self.folder.path()).env("HOME", self.folder.path());
        command.env("HYPERDUST_CHAIN", self.served.url()).env("HYPERDUST_DEPLOYMENT", "deployment.json");
        command.env("HYPERDUST_WALLETS", "wallets").env("HYPERDUST_WALLET", who).env("HYPERDUST_PASSWORD", PASSWORD);
        command
    }

    fn run(&self, who: &str, arguments: &str) -> Output {
        self.command(who).args(arguments.split_whitespace()).output().unwrap()
    }

    /// What it says as JSON, where it succeeds.
    fn says(&self, who: &str, arguments: &str) -> Value {
        let output = self.run(who, arguments);
        assert!(output.status.success(), "{arguments}: {output:?}");
        json(&output)
    }

    /// Why it doesn't succeed.
    fn refuses(&self, who: &str, arguments: &str) -> String {
        let output = self.run(who, arguments);
        assert!(!output.status.success(), "{arguments}: {output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains("panicked"), "{arguments}: {said}");
        said
    }

    fn address(&self, who: &str) -> Address {
        text(&self.says(who, &format!("wallet show {who} --json"))["address"]).parse().unwrap()
    }

    fn balance(&self, account: Address) -> U256 {
        wait(async { self.node().get_balance(account).await.unwrap() })
    }

    fn account(&self, who: &str) -> Account {
        let password = self.path(&format!("{who}.password"));
        std::fs::write(&password, PASSWORD).unwrap();
        let settings = Settings {
            chain: self.served.url(),
            deployment: self.path("deployment.json"),
            wallet: who.into(),
            wallets: Some(self.path("wallets")),
            password_file: Some(password),
        };
        wait(Account::open(&settings)).unwrap()
    }

    /// Time goes by, on the chain alone. So much and some more: blocks that came faster than one a second are ahead of the clock.
    fn sleep(&self, seconds: u64) {
        let (node, seconds) = (self.node(), seconds + 300);
        wait(async {
            let _: Value = node.raw_request("evm_increaseTime".into(), [seconds]).await.unwrap();
            let _: Value = node.raw_request("evm_mine".into(), ()).await.unwrap();
        });
    }

    /// What the provider's server does: claims so many units of a session, with the voucher of its signer.
    fn claims(&self, provider: &str, signer: &str, session: &str, units: u64) -> U256 {
        let (provider, signer) = (self.account(provider), self.account(signer));
        let session: B256 = session.parse().unwrap();
        wait(async {
            let state = self.market.session(&self.node(), session).await.unwrap();
            let amount = U256::from(units) * state.price;
            let lane = |lane| {
                let job = hyperdust_receipt::claim::job(&session.0, lane);
                LaneClaim { job, plan: [1; 32], claim: [2; 32], nodes: 3 }.item()
            };
            let lanes: Vec<_> = (0..u64::from(state.lanes)).map(lane).collect();
            let (session, actions, outputs) = (session.0, [0xaa; 32], [0x0b; 32]);
            let message = Voucher { session, units, amount: amount.to(), actions, outputs };
            let voucher = Signed::new(message, &self.market.deployment().domain(), &signer.wallet.key().unwrap());
            let claim = Claim { commitment: list::root(list::CLAIMS, &lanes).into(), voucher };
            let spent = provider.balance().await.unwrap();
            provider.send(&self.market.claim(&claim, state.signer).unwrap()).await.unwrap();
            spent - provider.balance().await.unwrap()
        })
    }
}
