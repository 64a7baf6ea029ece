//! A node for one test: started on a free port of this machine, gone when it is dropped. A test fails, and isn't skipped, where there is none.

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use alloy::{
    primitives::{Address, U256},
    providers::{DynProvider, ext::AnvilApi},
};

/// A running node.
pub struct Anvil {
    process: Child,
    port: u16,
}

impl Anvil {
    /// Mines a block for each transaction. Ten accounts have 10,000 coins each, and it signs for them.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// The same with more arguments.
    pub fn with(arguments: &[&str]) -> Self {
        let program = program();
        let mut process = Command::new(&program)
            .args(["--host", "127.0.0.1", "--port", "0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{}: {error}; `npm ci` in actors/settlement/contracts brings it", program.display())
            });
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines.next().expect("anvil ended before it listened").unwrap();
            if let Some(address) = line.strip_prefix("Listening on ") {
                break address.rsplit(':').next().unwrap().trim().parse().unwrap();
            }
        };
        // It would wait for a reader else.
        thread::spawn(move || lines.for_each(drop));
        Self { process, port }
    }

    pub fn http(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn ws(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where `npm ci` puts it, from the folder of whichever crate's tests these are.
fn program() -> PathBuf {
    let installed = "actors/settlement/contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil";
    let of = |folder: &Path| Some(folder.join(installed)).filter(|program| program.exists());
    let found = || Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find_map(of).unwrap_or_else(|| installed.into());
    env::var_os("HYPERDUST_ANVIL").map_or_else(found, PathBuf::from)
}

/// The chain's clock goes forward, and a block is made.
pub async fn later(node: &DynProvider, seconds: u64) {
    node.anvil_increase_time(seconds).await.unwrap();
    node.evm_mine(None).await.unwrap();
}

/// So many blocks are made.
pub async fn blocks(node: &DynProvider, count: u64) {
    node.anvil_mine(Some(count), None).await.unwrap();
}

/// Gives an account coin.
pub async fn give(node: &DynProvider, account: Address, wei: U256) {
    node.anvil_set_balance(account, wei).await.unwrap();
}
