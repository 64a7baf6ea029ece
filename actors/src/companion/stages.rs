//! A companion's way, one type for each stage, so that no stage can be left out.
//!
//! [`Assigned`] has inputs alone; [`Replayed`] has what they give, and is made only by computing it; [`Committed`] has fixed it.
//! What the provider claims goes into [`Committed::judge`](Committed::judge) and nowhere else. This compiles:
//!
//! ```
//! use hyperdust_actors::{Error, companion::{Committed, Verdict}};
//! use hyperdust_proof::Graph;
//! use hyperdust_receipt::Key;
//!
//! fn judge(at: Committed, claim: &Graph, key: &Key) -> Result<Verdict, Error> {
//!     at.judge(claim, key, |_, _, _| Ok(None))
//! }
//! ```
//!
//! and at an earlier stage it does not, because there is no such method:
//!
//! ```compile_fail,E0599
//! use hyperdust_actors::{Error, companion::{Assigned, Verdict}};
//! use hyperdust_proof::Graph;
//! use hyperdust_receipt::Key;
//!
//! fn judge(at: Assigned, claim: &Graph, key: &Key) -> Result<Verdict, Error> {
//!     at.judge(claim, key, |_, _, _| Ok(None))
//! }
//! ```

use std::{fmt, path::Path};

use borsh::{BorshDeserialize, BorshSerialize};
use hyperdust_kernel::merkle::Hash;
use hyperdust_proof::{Graph, Hex};
use hyperdust_receipt::{Address, Terms};
use sha3::{Digest, Keccak256};

use super::commitment::Reveal;
use crate::{Error, Job, job, job::roots};

const MAGIC: &[u8; 4] = b"HDCM";
const FORMAT: u16 = 1;
/// Bytes of a commitment with all that it is made of, at most.
pub const LONGEST: usize = 2 * job::LONGEST;

/// A job that a companion has taken on: inputs that the user signed, for a program that it knows.
#[derive(Clone, Debug)]
pub struct Assigned {
    job: Job,
}

impl Assigned {
    /// Takes a job on. `terms` are those of the session as the chain has them, `program` is the image root of the program whose
    /// native form this binary is. An error where the job has others, where the user did not sign all of its actions, or where
    /// a segment does not start from the end of the one before.
    pub fn new(job: Job, terms: &Terms, program: &Hash) -> Result<Self, Error> {
        match job.terms() {
            None => return Err(Error::Job("it has no terms under which anybody signed".into())),
            Some(found) if found != terms => return Err(Error::Job("its terms are not those of the session".into())),
            Some(_) => {}
        }
        if job.program() != *program {
            let (found, accepted) = (job.program(), Hex(program));
            return Err(Error::Job(format!("found program {}; accepted: {accepted}, the committed one", Hex(&found))));
        }
        job.check_signatures()?;
        Ok(Self { job })
    }

    /// The job.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// Computes the job natively; `each` is called after each segment.
    pub fn replay(self, each: impl FnMut(usize)) -> Result<Replayed, Error> {
        let outputs = self.job.replay(each)?;
        Ok(Replayed { job: self.job, outputs })
    }

    /// With the outputs that a [queue](super::queue) has computed for this very job.
    pub(super) fn replayed(self, outputs: Vec<Vec<u8>>) -> Replayed {
        Replayed { job: self.job, outputs }
    }
}

/// A job with outputs of one's own.
#[derive(Clone, Debug)]
pub struct Replayed {
    job: Job,
    outputs: Vec<Vec<u8>>,
}

impl Replayed {
    /// Fixes the outputs for the companion with this address, under a fresh salt.
    pub fn commit(self, address: Address) -> Result<Committed, Error> {
        let graph = self.job.graph(&roots(&self.outputs))?;
        let reveal = Reveal::salted(graph.root())?;
        Ok(Committed {
            commitment: reveal.commitment(&address),
            job: self.job,
            outputs: self.outputs,
            graph,
            address,
            reveal,
        })
    }
}

/// A job with a companion's own outputs, fixed.
///
/// Bytes: `"HDCM" ‖ format (u16 LE) ‖ borsh(address, salt, job, outputs) ‖ keccak-256 of all before`. They are the companion's own
/// business until it reveals: they hold the salt. Decoding is total and bounded, and notices damage.
#[derive(Clone)]
pub struct Committed {
    job: Job,
    outputs: Vec<Vec<u8>>,
    graph: Graph,
    address: Address,
    commitment: Hash,
    reveal: Reveal,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct Body {
    address: Address,
    salt: Hash,
    job: Vec<u8>,
    outputs: Vec<Vec<u8>>,
}

impl Committed {
    /// What is published: it says nothing about the outputs until the [reveal](Self::reveal).
    pub fn commitment(&self) -> Hash {
        self.commitment
    }

    /// What opens the commitment. It is shown after the provider's claim is known, with the verdict.
    pub fn reveal(&self) -> Reveal {
        self.reveal
    }

    /// Whose commitment it is.
    pub fn address(&self) -> Address {
        self.address
    }

    /// The job.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// The graph with the companion's own outputs.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The companion's own outputs, one of each segment.
    pub fn outputs(&self) -> &[Vec<u8>] {
        &self.outputs
    }

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let body = Body {
            address: self.address,
            salt: self.reveal.salt,
            job: self.job.encode(),
            outputs: self.outputs.clone(),
        };
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        body.serialize(&mut bytes).expect("writing to memory does not fail");
        let sum: Hash = Keccak256::digest(&bytes).into();
        bytes.extend_from_slice(&sum);
        bytes
    }

    /// The commitment of these bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let refused = |why: String| Error::Commitment(why);
        if bytes.len() > LONGEST {
            return Err(refused(format!("found {} bytes; accepted: at most {LONGEST}", bytes.len())));
        }
        let Some((head, rest)) = bytes.split_first_chunk::<6>() else {
            return Err(refused(format!("found {} bytes; accepted: at least 38", bytes.len())));
        };
        if head[..4] != *MAGIC || head[4..] != FORMAT.to_le_bytes() {
            return Err(refused("the bytes do not start with \"HDCM\" and format 1".into()));
        }
        let sum = |bytes: &[u8]| <Hash>::from(Keccak256::digest(bytes));
        let rest = match rest.split_last_chunk::<32>() {
            Some((rest, found)) if sum(&bytes[..bytes.len() - 32]) == *found => rest,
            _ => return Err(refused("the bytes are damaged: their last 32 are not the hash of the others".into())),
        };
        let body: Body = borsh::from_slice(rest).map_err(|error| refused(error.to_string()))?;
        let job = Job::decode(&body.job)?;
        if body.outputs.len() != job.segments().len() {
            let (found, accepted) = (body.outputs.len(), job.segments().len());
            return Err(refused(format!("found {found} outputs; accepted: {accepted}, one of each segment")));
        }
        let graph = job.graph(&roots(&body.outputs))?;
        let reveal = Reveal { root: graph.root(), salt: body.salt };
        let Body { address, outputs, .. } = body;
        let commitment = reveal.commitment(&address);
        Ok(Self { job, outputs, graph, address, commitment, reveal })
    }

    /// Writes the bytes to a new file that its owner alone can read. An error where there is such a file already: a companion
    /// that replaced what it published could no longer reveal it.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        write_new(path, &self.encode())
    }
}

/// Writes a new file that its owner alone can read. An error where there is such a file already.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    use std::io::Write;
    let io = |source| Error::Io { path: path.into(), source };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(io)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io)?;
    // Its name is to be there, too, once somebody has learnt of it.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
}

impl fmt::Debug for Committed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Committed");
        shown.field("address", &self.address).field("commitment", &format_args!("{}", Hex(&self.commitment)));
        shown.field("segments", &self.outputs.len()).finish_non_exhaustive()
    }
}
