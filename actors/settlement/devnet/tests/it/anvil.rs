//! Foundry's anvil as a process that ends with its value: the node that the devnet is compared with.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use alloy::primitives::hex;
use hyperdust_devnet::{ACCOUNTS, Genesis, account};
use serde_json::json;

/// A running anvil.
pub struct Anvil {
    process: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("HYPERDUST_ANVIL") {
        return path.into();
    }
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts");
    let path = contracts.join("node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
    assert!(
        path.exists(),
        "anvil is missing: run `npm ci` in actors/settlement/contracts, or name one in HYPERDUST_ANVIL (1.7.1)"
    );
    path
}

impl Anvil {
    /// Starts one that begins as `genesis` does, on a free port of this machine.
    pub fn start(genesis: &Genesis) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let alloc: serde_json::Map<_, _> = (0..ACCOUNTS)
            .map(|index| (account(index).address().to_string(), json!({"balance": format!("{:#x}", genesis.balance)})))
            .collect();
        let init = json!({
            "config": {"chainId": genesis.chain_id},
            "nonce": "0x0",
            "timestamp": format!("{:#x}", genesis.timestamp),
            "extraData": "0x",
            "gasLimit": format!("{:#x}", genesis.gas_limit),
            "difficulty": "0x0",
            "mixHash": hex::encode_prefixed([0; 32]),
            "coinbase": hex::encode_prefixed([0; 20]),
            "baseFeePerGas": format!("{:#x}", genesis.base_fee),
            "alloc": alloc,
        });
        let path = folder.path().join("genesis.json");
        std::fs::write(&path, init.to_string()).unwrap();
        let mut process = Command::new(binary())
            .args(["--port", "0", "--hardfork", "paris", "--accounts", "0", "--disable-default-create2-deployer"])
            .args(["--chain-id", &genesis.chain_id.to_string(), "--timestamp", &genesis.timestamp.to_string()])
            .arg("--init")
            .arg(&path)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("anvil starts");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("anvil says where it listens").unwrap();
            if let Some(address) = line.strip_prefix("Listening on ") {
                break address.trim().parse().unwrap();
            }
        };
        // It stops if nobody reads what it says.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address, _folder: folder }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
