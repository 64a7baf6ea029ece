//! A deployment: which contracts, on which chain, with which parameters. A file of JSON, made by [`deploy`], read by everybody else.
//!
//! Contracts know each other by addresses that follow from the deployer and its nonce, so nothing is set up after they exist and nobody
//! has a key to anything. Whoever gets a file from a stranger asks the chain ([`Deployment::check`]): the code at each address has to be
//! the committed one, byte for byte, with exactly the addresses and parameters of the file where the constructor writes them. A file that says
//! anything else than the chain is refused, so a deployment that was checked can be relied on.

mod code;
mod make;
mod parameters;

use std::{fs, io::Write, path::Path};

use alloy::{
    primitives::{Address, keccak256},
    providers::Provider,
};
use hyperdust_receipt::Domain;
use serde::{Deserialize, Serialize};

use crate::Error;
pub use make::{Creation, creations, deploy};
pub use parameters::Parameters;

/// Largest file of a deployment, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Where the contracts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Addresses {
    /// Passes to assets that ask for one.
    pub passes: Address,
    /// Scenes, agents, programs.
    pub assets: Address,
    /// The token of work.
    pub token: Address,
    /// Coin burnt, and tokens for it.
    pub work: Address,
    /// Who serves, and bonds.
    pub providers: Address,
    /// Who computes again.
    pub companions: Address,
    /// Games about outputs.
    pub disputes: Address,
    /// Games about inputs.
    pub inputs: Address,
    /// Deposits, vouchers, claims. Signatures are for this one.
    pub sessions: Address,
}

impl Addresses {
    /// Those that contracts get which `deployer` creates one after the other, from its transaction number `nonce` on.
    pub fn from_nonce(deployer: Address, nonce: u64) -> Self {
        let at = |i| deployer.create(nonce.wrapping_add(i));
        Self {
            passes: at(0),
            assets: at(1),
            token: at(2),
            work: at(3),
            providers: at(4),
            companions: at(5),
            disputes: at(6),
            inputs: at(7),
            sessions: at(8),
        }
    }

    /// With their names, in the order of creation.
    pub fn named(&self) -> [(&'static str, Address); 9] {
        [
            ("Passes", self.passes),
            ("Assets", self.assets),
            ("Token", self.token),
            ("Work", self.work),
            ("Providers", self.providers),
            ("Companions", self.companions),
            ("Disputes", self.disputes),
            ("Inputs", self.inputs),
            ("Sessions", self.sessions),
        ]
    }
}

/// A deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// The chain's number (EIP-155).
    pub chain_id: u64,
    /// A block before which there was nothing of it: followers of events begin here.
    pub block: u64,
    /// Where the contracts are.
    pub addresses: Addresses,
    /// What they were made with.
    pub parameters: Parameters,
}

impl Deployment {
    /// Reads a file. What it says is only known to be true after [`Deployment::check`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let disk = |source| Error::Disk { path: path.into(), source };
        let wrong = |why: String| Error::File { path: path.into(), why };
        let size = fs::metadata(path).map_err(disk)?.len();
        if size > LARGEST {
            return Err(wrong(format!("{size} bytes; a deployment has {LARGEST} at most")));
        }
        let text = fs::read_to_string(path).map_err(disk)?;
        let found: Self = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        found.parameters.check().map_err(|error| wrong(error.to_string()))?;
        Ok(found)
    }

    /// Writes a file, which is whole or not there at all.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let disk = |source| Error::Disk { path: path.into(), source };
        let mut text = serde_json::to_string_pretty(self).map_err(|error| disk(error.into()))?;
        text.push('\n');
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(disk)?;
        file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(disk)?;
        file.persist(path).map_err(|error| disk(error.error))?;
        Ok(())
    }

    /// What vouchers, roots and attestations are signed for.
    pub fn domain(&self) -> Domain {
        let contract = hyperdust_receipt::Address(self.addresses.sessions.into_array());
        Domain { chain_id: self.chain_id, contract }
    }

    /// Asks a node whether all is as it says: the chain, and every contract's code with what the constructor wrote into it.
    pub async fn check(&self, provider: &impl Provider) -> Result<(), Error> {
        let found = provider.get_chain_id().await?;
        if found != self.chain_id {
            return Err(Error::WrongChain { found, accepted: self.chain_id });
        }
        let codes = self.addresses.named().map(|(_, address)| async move { provider.get_code_at(address).await });
        let codes = futures_util::future::try_join_all(codes).await?;
        for ((contract, address), found) in self.addresses.named().into_iter().zip(codes) {
            let wrong = |why| Error::Deployment { contract, address, why };
            if found.is_empty() {
                return Err(wrong("there is no contract".into()));
            }
            let accepted = code::expected(contract, self, &found).map_err(wrong)?;
            if found != accepted {
                let hash = keccak256(&found);
                return Err(wrong(format!(
                    "another contract (code hash {hash}, {} bytes) than the one that this version knows; is what deployed it of the same version?",
                    found.len()
                )));
            }
        }
        Ok(())
    }
}
