//! A companion at work for a server: jobs come over the wire, commitments and verdicts go back.
//!
//! What is under way lies in a folder, one file for each job and stage: a commitment (`NAME.hdcommit`) is there before the server
//! learns its hash, so a companion that was stopped goes on with the one that it made; then what the provider claims
//! (`NAME.hdgraph`), and the attestation where it is true (`NAME.hdattest`). With these three anybody can look at a dispute again
//! (`hyperdust companion check`).

use std::{
    collections::HashSet,
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
};

use hyperdust_kernel::merkle::Hash;
use hyperdust_proof::Graph;
use hyperdust_receipt::{Key, Terms};
use hyperdust_wire::{
    Code, Failure, Hex,
    client::{Client, ClientError},
    message::{CommitRequest, JobId, OpeningRequest},
};

use super::{
    Batch, Committed, Report, Verdict,
    queue::{self, Event, Limits},
};
use crate::{Error, Job, job::Models};

/// How files end: commitments, claims, attestations.
pub const COMMITMENT: &str = "hdcommit";
/// See [`COMMITMENT`].
pub const CLAIM: &str = "hdgraph";
/// See [`COMMITMENT`].
pub const ATTESTATION: &str = "hdattest";

/// Bytes of inputs that are fetched at a time: how much there is the server decides, which is the provider's.
pub const INPUTS: usize = 256 << 20;

/// A job of the server.
#[derive(Clone, Debug)]
pub struct Task {
    /// The server's name for it.
    pub id: Hex<32>,
    /// The same as a file's.
    pub name: String,
    /// Its inputs; none where it is committed to already, or the server does not give them.
    bytes: Option<Vec<u8>>,
    /// Why it does not.
    refused: Option<Failure>,
}

/// The companion's end.
pub struct Remote<'a, T> {
    client: Client,
    key: &'a Key,
    folder: PathBuf,
    terms: T,
    /// Jobs that it is done with, as far as it can be.
    over: HashSet<Hex<32>>,
}

impl<'a, T: Fn(&Job) -> Result<Terms, Error> + Sync> Remote<'a, T> {
    /// With this key, its files in `folder`. `terms` gives those that a job is taken on under, from elsewhere than the server.
    pub fn new(client: Client, key: &'a Key, folder: &Path, terms: T) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(|source| Error::Io { path: folder.into(), source })?;
        Ok(Self { client, key, folder: folder.into(), terms, over: HashSet::new() })
    }

    /// Jobs that wait, with their inputs: first those that are not committed to. As many as have [`INPUTS`] together, and one more; the others
    /// wait until these are over.
    pub fn fetch(&mut self) -> Result<Vec<Task>, Error> {
        self.fetch_of(|_| true)
    }

    /// As [`Remote::fetch`], of those that are wanted.
    pub fn fetch_of(&mut self, wanted: impl Fn(&Hash) -> bool) -> Result<Vec<Task>, Error> {
        let (mut tasks, mut held) = (Vec::new(), 0);
        for summary in self.client.jobs()?.jobs {
            if held > INPUTS {
                break;
            }
            let (id, name) = (summary.job, summary.job.to_string().trim_start_matches("0x").to_owned());
            if self.over.contains(&id) || !wanted(&id.0) {
                continue;
            }
            let (bytes, refused) = match self.committed(&name)? {
                true => (None, None),
                false => match self.client.job(JobId { job: id }) {
                    Ok(bytes) => (Some(bytes), None),
                    // It has gone since it was listed.
                    Err(ClientError::Refused(failure)) if failure.code == Code::NotFound => continue,
                    Err(ClientError::Refused(failure)) => (None, Some(failure)),
                    Err(error) => return Err(error.into()),
                },
            };
            held += bytes.as_ref().map_or(0, Vec::len);
            tasks.push(Task { id, name, bytes, refused });
        }
        tasks.sort_by_key(|task| task.bytes.is_none());
        Ok(tasks)
    }

    /// Whether a commitment to this job is there. One that is none was being written when this companion was stopped, so nobody has learnt of it:
    /// it is moved aside.
    fn committed(&self, name: &str) -> Result<bool, Error> {
        let path = file(&self.folder, name, COMMITMENT);
        let io = |source| Error::Io { path: path.clone(), source };
        match fs::read(&path) {
            Ok(bytes) if Committed::decode(&bytes).is_ok() => Ok(true),
            Ok(_) => fs::rename(&path, path.with_extension("broken")).map_err(io).map(|()| false),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(io(error)),
        }
    }

    /// Computes those that are not committed to yet, side by side, and keeps the commitments. For each task what went wrong, if anything;
    /// `watch` knows them by their places. What is wrong with a job is not tried for ever.
    pub fn compute(
        &mut self,
        tasks: &[Task],
        program: Hash,
        threads: NonZeroUsize,
        watch: &(dyn Fn(Event) + Sync),
    ) -> Vec<Result<(), Arc<Error>>> {
        let fresh: Vec<usize> = (0..tasks.len()).filter(|&task| tasks[task].bytes.is_some()).collect();
        let models = Models::default();
        let read = |number: usize| Job::decode_with(tasks[fresh[number]].bytes.as_deref().unwrap_or_default(), &models);
        let folder = &self.folder;
        let sink =
            |number: usize, committed: Committed| committed.save(&file(folder, &tasks[fresh[number]].name, COMMITMENT));
        let batch = Batch::new(read, &self.terms, program, self.key.address(), sink);
        let report = queue::run(&batch, &vec![0; fresh.len()], Limits::threads(threads), watch);
        let mut results: Vec<_> = tasks.iter().map(|_| Ok(())).collect();
        fresh.into_iter().zip(report.results).for_each(|(task, result)| results[task] = result);
        for (task, result) in tasks.iter().zip(&mut results) {
            if let Some(failure) = &task.refused {
                *result = Err(Arc::new(ClientError::from(failure.clone()).into()));
            }
            if result.as_ref().is_err_and(|error| !passes(error)) {
                self.over.insert(task.id);
            }
        }
        results
    }

    /// Commits at the server, learns what is claimed, and sends the verdict. `machine` is as in [`Committed::judge`]; without a
    /// verdict (because the machine is not there, say) the commitment stays unopened, and the files say why.
    pub fn settle(
        &mut self,
        task: &Task,
        machine: impl FnOnce(&Job, usize, &[u8]) -> Result<Option<Hash>, Error>,
    ) -> Result<Verdict, Error> {
        let settled = self.judge(task, machine);
        // What is refused for good, or cannot be decided here, is not tried for ever.
        if !settled.as_ref().is_err_and(passes) {
            self.over.insert(task.id);
        }
        settled
    }

    fn judge(
        &mut self,
        task: &Task,
        machine: impl FnOnce(&Job, usize, &[u8]) -> Result<Option<Hash>, Error>,
    ) -> Result<Verdict, Error> {
        let committed = Committed::decode(&self.read(&task.name, COMMITMENT)?)?;
        if committed.job().terms().is_none_or(|terms| terms.job != task.id.0) {
            return Err(Error::Job("it is another stream's than the one that the server lists".into()));
        }
        let commitment = Hex(committed.commitment());
        let companion = Hex(committed.address().0);
        let claim = self.client.commit(CommitRequest { job: task.id, commitment, companion })?;
        // What is no claim is not kept: it would stand in the place of one.
        let graph = Graph::decode(&claim)?;
        self.write(&task.name, CLAIM, &claim)?;
        let verdict = committed.judge(&graph, self.key, machine)?;
        if let Verdict::Attested(signed) = &verdict {
            self.write(&task.name, ATTESTATION, &signed.encode())?;
        }
        let report = Report::new(&committed, verdict);
        match self.client.opening(OpeningRequest { job: task.id }, &report.encode()) {
            Ok(()) => Ok(report.verdict),
            Err(ClientError::Refused(failure)) if failure.code == Code::Forbidden => {
                Err(Error::Report(format!("the server has another verdict: {failure}")))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn read(&self, name: &str, ending: &str) -> Result<Vec<u8>, Error> {
        let path = file(&self.folder, name, ending);
        fs::read(&path).map_err(|source| Error::Io { path, source })
    }

    fn write(&self, name: &str, ending: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = file(&self.folder, name, ending);
        let new = path.with_extension("new");
        let written = fs::write(&new, bytes).and_then(|()| fs::rename(&new, &path));
        written.map_err(|source| Error::Io { path, source })
    }
}

/// Whether it may come out another way at another time.
pub fn passes(error: &Error) -> bool {
    matches!(error, Error::Client(error) if error.retryable())
}

fn file(folder: &Path, name: &str, ending: &str) -> PathBuf {
    folder.join(format!("{name}.{ending}"))
}
