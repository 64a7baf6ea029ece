//! A chain for one test, which ends with it.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    providers::{DynProvider, Provider},
};
use hyperdust_settlement::Chain;
use serde_json::{Value, json};

use super::{REFUSER, SINK, SPEAKER, signer};

/// A transaction on the chain.
#[derive(Clone, Debug)]
pub struct Mined {
    pub hash: B256,
    pub nonce: u64,
    pub input: Bytes,
    pub success: bool,
}

pub struct Anvil {
    process: Option<Child>,
    pub url: String,
    pub provider: DynProvider,
}

impl Drop for Anvil {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _gone = process.kill();
            let _reaped = process.wait();
        }
    }
}

impl Anvil {
    /// A chain that makes blocks when it is told to.
    pub async fn start() -> Self {
        let package = "contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil";
        let installed = || Path::new(env!("CARGO_MANIFEST_DIR")).join(package);
        let program = std::env::var_os("HYPERDUST_ANVIL").map_or_else(installed, Into::into);
        let mut command = Command::new(&program);
        command.args(["--port", "0", "--no-mining", "--order", "fees", "--accounts", "1"]);
        let spawned = command.stdout(Stdio::piped()).stderr(Stdio::null()).stdin(Stdio::null()).spawn();
        let mut process = spawned.unwrap_or_else(|error| {
            panic!("{}: {error}; install it with `npm ci` in actors/settlement/contracts", program.display())
        });
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let said = lines.find_map(|line| line.unwrap().strip_prefix("Listening on ").map(str::to_owned));
        let url = format!("http://{}", said.expect("anvil says where it listens"));
        // Its log has to go somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        let mut anvil = Self::at(url).await;
        anvil.process = Some(process);
        for account in [7, 8] {
            let coin = U256::from(10).pow(U256::from(20));
            anvil.ask("anvil_setBalance", json!([signer(account).address(), coin])).await;
        }
        // Stop; revert with "no"; log the input.
        for (address, code) in [(SINK, "0x00"), (REFUSER, "0x616e6f6000526002601efd"), (SPEAKER, "0x365f5f37365fa000")]
        {
            anvil.ask("anvil_setCode", json!([address, code])).await;
        }
        anvil
    }

    /// A chain that somebody else started.
    pub async fn at(url: String) -> Self {
        let provider = Chain::connect(&url).await.unwrap().provider().clone();
        Self { process: None, url, provider }
    }

    /// The same chain over a web socket.
    pub async fn socket(&self) -> DynProvider {
        Chain::connect(&self.url.replace("http://", "ws://")).await.unwrap().provider().clone()
    }

    pub async fn ask(&self, method: &'static str, params: Value) -> Value {
        self.provider.raw_request(method.into(), params).await.unwrap()
    }

    pub async fn mine(&self, blocks: u64) {
        for _ in 0..blocks {
            self.ask("evm_mine", json!([])).await;
        }
    }

    /// Puts `depth` empty blocks in the place of as many others. What was in them is gone from pool and chain.
    pub async fn reorganise(&self, depth: u64) {
        self.ask("anvil_reorg", json!([depth, []])).await;
    }

    /// Wei per gas of the next block.
    pub async fn base_fee(&self, wei: u64) {
        self.ask("anvil_setNextBlockBaseFeePerGas", json!([U256::from(wei)])).await;
    }

    pub async fn head(&self) -> u64 {
        self.provider.get_block_number().await.unwrap()
    }

    pub async fn time(&self) -> u64 {
        let block = self.ask("eth_getBlockByNumber", json!(["latest", false])).await;
        number(&block["timestamp"])
    }

    /// All transactions of an account on the chain, in order.
    pub async fn mined(&self, account: Address) -> Vec<Mined> {
        let mut mined = Vec::new();
        for block in 0..=self.head().await {
            let block = self.ask("eth_getBlockByNumber", json!([format!("{block:#x}"), true])).await;
            for transaction in block["transactions"].as_array().unwrap() {
                if transaction["from"].as_str().unwrap().parse() != Ok(account) {
                    continue;
                }
                let hash: B256 = transaction["hash"].as_str().unwrap().parse().unwrap();
                let receipt = self.ask("eth_getTransactionReceipt", json!([hash])).await;
                mined.push(Mined {
                    hash,
                    nonce: number(&transaction["nonce"]),
                    input: transaction["input"].as_str().unwrap().parse().unwrap(),
                    success: number(&receipt["status"]) == 1,
                });
            }
        }
        mined
    }
}

pub fn number(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}
