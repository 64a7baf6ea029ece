//! A companion of sessions on a chain: it finds them there, computes them again from what their server gives, and has a keeper say so.
//!
//! Per session: the jobs of all its lanes come over the wire once it has ended; they are computed and committed to in files ([`super::remote`]); the keeper commits
//! to them on the chain; only then the server is asked what it claims, and the keeper attests, or disputes, or asks. What was learnt lies in the companion's
//! folder, so it can be stopped anywhere. The terms of a job are those that the chain has, whatever the server says.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use alloy::primitives::{Address, B256};
use hyperdust_kernel::merkle::Hash;
use hyperdust_proof::{Graph, game::Runs, graph::Run};
use hyperdust_receipt::{Domain, Key, Terms, chain, claim, list};
use hyperdust_settlement::{
    dispute::Lanes,
    keeper::{Evidence, Failed, Records, Watched},
    market::{AssetState, SessionState},
};
use sha3::{Digest, Keccak256};

use super::{
    Committed,
    evidence::evidence,
    remote::{CLAIM, COMMITMENT},
};
use crate::{Error, Job, dispute::Truth};

/// Runs nodes of a job on the proof machine.
type Runner = Box<dyn FnMut(u32) -> Result<Run, Error> + Send>;

/// What is agreed on the chain about a lane's job.
#[derive(Clone, Copy, Debug)]
struct Known {
    session: B256,
    /// Root of what is simulated.
    content: B256,
    user: Address,
    provider: Address,
    /// Whether its server has listed it.
    listed: bool,
}

/// Jobs of sessions that are watched: under which terms one is taken on.
#[derive(Clone, Debug, Default)]
pub struct Register(Arc<Mutex<HashMap<Hash, Known>>>);

impl Register {
    fn add(&self, session: B256, state: &SessionState, content: B256) {
        let known = Known { session, content, user: state.signer, provider: state.provider, listed: false };
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for lane in 0..state.lanes {
            jobs.insert(claim::job(&session.0, lane.into()), known);
        }
    }

    fn remove(&self, session: B256) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, known| known.session != session);
    }

    /// Whether a session that is watched has this job, which its server has listed.
    pub fn listed(&self, job: &Hash) -> bool {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.get_mut(job).map(|known| known.listed = true).is_some()
    }

    /// Whether nothing of a session was listed so far.
    fn missing(&self, session: B256) -> bool {
        let jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !jobs.values().any(|known| known.session == session && known.listed)
    }

    /// The session that a job is a lane of.
    pub fn session_of(&self, job: &Hash) -> Option<B256> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(job).map(|known| known.session)
    }

    /// The terms of a job, where a session has it that is watched. How many steps a segment has, the two sides agree on by themselves.
    pub fn terms(&self, domain: &Domain, job: &Job) -> Result<Terms, Error> {
        let found = job.terms().ok_or_else(|| Error::Terms("the job has none under which anybody signed".into()))?;
        let jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known =
            jobs.get(&found.job).ok_or_else(|| Error::Terms("no session of the chain has this stream".into()))?;
        let (user, provider) = (known.user.0.0, known.provider.0.0);
        if found.domain != *domain || found.user.0 != user || found.provider.0 != provider {
            return Err(Error::Terms("chain, contract, user or provider are not those of the session".into()));
        }
        if job.model().id().0 != known.content.0 {
            return Err(Error::Terms("its scene is not the session's asset".into()));
        }
        Ok(*found)
    }
}

/// A companion's folder, as a keeper asks for what is in it.
pub struct Folder {
    path: PathBuf,
    register: Register,
    /// Sessions that are watched, as they were opened.
    sessions: BTreeMap<B256, SessionState>,
    /// Those whose inputs can be asked for on the chain.
    askable: HashSet<B256>,
    /// Secret that salts come from.
    seed: Hash,
    image: Option<Arc<Vec<u8>>>,
    own: HashMap<B256, Arc<Lanes>>,
    claimed: HashMap<B256, Arc<Lanes>>,
}

impl Folder {
    /// With what lies there, for a companion with this key. `image` is the program's, which disputes are played with.
    pub fn new(path: &Path, key: &Key, register: Register, image: Option<Vec<u8>>) -> Self {
        // A signature that nobody else can make and that is never shown. The same again after a restart, without a file.
        let word: Hash = Keccak256::digest(b"hyperdust companion salts").into();
        let seed = Keccak256::digest(key.sign(&word).to_bytes()).into();
        let (sessions, askable, own, claimed) = Default::default();
        Self { path: path.into(), register, sessions, seed, image: image.map(Arc::new), askable, own, claimed }
    }

    /// Begins to watch a session of this asset.
    pub fn watch(&mut self, session: B256, state: SessionState, asset: &AssetState) {
        self.register.add(session, &state, asset.content);
        if asset.program.is_some() && asset.agent.is_none() {
            self.askable.insert(session);
        }
        self.sessions.entry(session).or_insert(state);
    }

    /// Whether it is watched.
    pub fn watches(&self, session: B256) -> bool {
        self.sessions.contains_key(&session)
    }

    /// Those that are.
    pub fn watched(&self) -> impl Iterator<Item = B256> {
        self.sessions.keys().copied()
    }

    /// The session that a job is a lane of.
    pub fn session_of(&self, job: &Hash) -> Option<B256> {
        self.register.session_of(job)
    }

    fn file(&self, session: B256, lane: u32, ending: &str) -> PathBuf {
        let job = hyperdust_proof::Hex(&claim::job(&session.0, lane.into())).to_string();
        self.path.join(format!("{}.{ending}", job.trim_start_matches("0x")))
    }

    fn read(&self, session: B256, lane: u32, ending: &str) -> Result<Option<Vec<u8>>, Failed> {
        let path = self.file(session, lane, ending);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failed::records(format_args!("{}: {error}", path.display()))),
        }
    }

    fn committed(&self, session: B256, lane: u32) -> Result<Option<Committed>, Failed> {
        let bytes = self.read(session, lane, COMMITMENT)?;
        bytes.map(|bytes| Committed::decode(&bytes).map_err(Failed::records)).transpose()
    }

    fn lanes(&self, session: B256, of: impl Fn(u32) -> Result<Option<Graph>, Failed>) -> Result<Option<Lanes>, Failed> {
        let Some(state) = self.sessions.get(&session) else { return Ok(None) };
        let graphs: Option<Vec<Graph>> = (0..state.lanes).map(of).collect::<Result<_, _>>()?;
        Ok(graphs.map(|graphs| Lanes::of(session, &graphs)))
    }

    fn salt(&self, session: B256) -> B256 {
        let salt: Hash = Keccak256::new().chain_update(self.seed).chain_update(session).finalize().into();
        salt.into()
    }
}

impl Records for Folder {
    type Knowledge = Runs<Runner>;

    fn sessions(&mut self) -> Result<Vec<B256>, Failed> {
        Ok(self.sessions.keys().copied().collect())
    }

    fn knowledge(&mut self, session: B256, lane: u32) -> Result<Self::Knowledge, Failed> {
        let missing = || Failed::records(format_args!("lane {lane} of session {session} was not computed"));
        let committed = self.committed(session, lane)?.ok_or_else(missing)?;
        let image = self.image.clone();
        let graph = committed.graph().clone();
        let truth = Truth { job: committed.job().clone(), outputs: committed.outputs().to_vec() };
        let run = move |node: u32| {
            let image =
                image.as_ref().ok_or_else(|| Error::Dispute("--guest names no folder with the programs".into()))?;
            truth.run(image, node as usize)
        };
        Ok(Runs::new(graph, Box::new(run)))
    }

    fn defends(&self) -> bool {
        self.image.is_some()
    }

    fn evidence(&mut self, session: B256, lane: u32, segment: u32) -> Result<Option<Evidence>, Failed> {
        let Some(committed) = self.committed(session, lane)? else { return Ok(None) };
        if (segment as usize) < committed.job().segments().len() {
            return Ok(evidence(committed.job(), segment));
        }
        // Past the end: what the user signed last, if the voucher is for that.
        let lanes = self.sessions.get(&session).map_or(0, |state| state.lanes);
        let (mut roots, mut last) = (Vec::new(), None);
        for index in 0..lanes {
            let signed =
                self.committed(session, index)?.and_then(|it| it.job().segments().last().and_then(|it| it.signed));
            roots.push(signed.map_or(chain::START, |signed| signed.message.root));
            if index == lane {
                last = signed;
            }
        }
        let siblings =
            list::prove(&roots, lane.into()).map(|proof| proof.siblings.into_iter().map(B256::from).collect());
        Ok(siblings.map(|siblings| Evidence { segment: None, before: last, siblings }))
    }

    fn over(&mut self, session: B256) -> Result<(), Failed> {
        self.sessions.remove(&session);
        self.register.remove(session);
        self.askable.remove(&session);
        self.own.remove(&session);
        self.claimed.remove(&session);
        Ok(())
    }

    fn watched(&mut self, session: B256, _: &SessionState) -> Result<Watched, Failed> {
        let own = match self.own.get(&session) {
            Some(own) => Some(own.clone()),
            None => {
                let graph = |lane| Ok(self.committed(session, lane)?.map(|committed| committed.graph().clone()));
                let own = self.lanes(session, graph)?.map(Arc::new);
                own.clone().map(|own| self.own.insert(session, own));
                own
            }
        };
        let claimed = match self.claimed.get(&session) {
            Some(claimed) => Some(claimed.clone()),
            None => {
                let graph = |lane| {
                    let bytes = self.read(session, lane, CLAIM)?;
                    // What is none says nothing of the claim: then it is asked for on the chain.
                    Ok(bytes.and_then(|bytes| Graph::decode(&bytes).ok()))
                };
                let claimed = self.lanes(session, graph)?.map(Arc::new);
                claimed.clone().map(|claimed| self.claimed.insert(session, claimed));
                claimed
            }
        };
        let missing = self.askable.contains(&session) && self.register.missing(session);
        Ok(Watched { own: own.map(|own| (own, self.salt(session))), claimed, missing })
    }
}
