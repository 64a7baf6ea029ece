//! A companion of a chain's sessions at work: looks, computes, commits, learns what is claimed, attests or disputes; turn after turn.

use std::{
    collections::BTreeSet,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
};

use alloy::primitives::{Address, B256};
use hyperdust_kernel::merkle::Hash;
use hyperdust_receipt::{Key, Terms};
use hyperdust_settlement::{
    Account,
    keeper::{Keeper, Options},
    market::{NATIVE, SessionState, Status},
    outbox::{self, Ledger, Outbox},
    sender::{self, Sender, Told},
};
use hyperdust_wire::client::Client;
use tokio::runtime::Handle;

use super::{
    Verdict,
    chain::{Folder, Register},
    machine,
    queue::Event,
    remote::{Remote, Task, passes},
};
use crate::{Error, Job, Program, SEGMENT};

/// Folder of the outbox in the companion's.
const OUTBOX: &str = "outbox";

/// How it works.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Whose sessions are watched; everybody's where there is none.
    pub provider: Option<Address>,
    /// Whether claims that are true are defended for their provider: a watchtower.
    pub defend: bool,
    /// Whether inputs that the server doesn't give are asked for on the chain.
    pub demands: bool,
    /// Blocks after which what is in one counts as done.
    pub confirmations: u64,
    /// Threads that compute.
    pub threads: NonZeroUsize,
}

/// What a turn came to.
#[derive(Debug, Default)]
pub struct Turn {
    /// Sessions that are watched from now on, as they were opened.
    pub found: Vec<(B256, SessionState)>,
    /// Those that are over: nothing is left to do about them.
    pub over: Vec<B256>,
    /// Jobs that were computed and compared with what their server claims.
    pub verdicts: Vec<(Task, Result<Verdict, Arc<Error>>)>,
    /// What went wrong and is tried again.
    pub troubles: Vec<String>,
    /// Sessions that are watched.
    pub sessions: usize,
    /// Transactions that are not final yet.
    pub pending: usize,
}

type Agreed = Box<dyn Fn(&Job) -> Result<Terms, Error> + Sync>;
/// Connects to the server: again where it was away.
pub type Connect<'a> = Box<dyn Fn() -> Result<Client, Error> + 'a>;

/// The companion.
pub struct Watcher<'a> {
    account: Account,
    outbox: Outbox,
    sender: Sender,
    keeper: Keeper<Folder>,
    connect: Connect<'a>,
    /// None while the server is away: what was computed is enough to defend, and to attest.
    remote: Option<Remote<'a, Agreed>>,
    register: Register,
    key: &'a Key,
    folder: PathBuf,
    settings: Settings,
    program: Hash,
    machine: Option<Program>,
    /// The first block that was not looked at.
    next: u64,
    /// What was said of the sender's troubles.
    told: Told,
}

impl<'a> Watcher<'a> {
    /// Of this account, with its key; files in `folder`; jobs come from the server that `connect` reaches. `machine` is the program that disputes are played with.
    pub fn new(
        account: Account,
        key: &'a Key,
        connect: Connect<'a>,
        folder: &Path,
        machine: Option<Program>,
        settings: Settings,
    ) -> Result<Self, Error> {
        let register = Register::default();
        std::fs::create_dir_all(folder).map_err(|source| Error::Io { path: folder.into(), source })?;
        let chained = |error: sender::Error| Error::Chain(error.to_string());
        let ledger = Ledger::open(&folder.join(OUTBOX)).map_err(chained)?;
        let of = outbox::Account { chain: account.chain.id(), address: account.address() };
        let outbox = Outbox::open(&ledger, of).map_err(chained)?;
        let options = sender::Options { confirmations: settings.confirmations, ..Default::default() };
        let signer = Arc::new(account.wallet.signer());
        let sender = Sender::new(account.node().clone(), signer, outbox.clone(), options).map_err(chained)?;
        let image = machine.as_ref().map(|program| program.image.clone());
        let records = Folder::new(folder, key, register.clone(), image);
        let Settings { provider: serves, defend, demands, confirmations, .. } = settings;
        let options = Options { defend, serves, demands, confirmations, ..Options::default() };
        let keeper = Keeper::new(account.clone(), outbox.clone(), records, options);
        let program = Program::committed(SEGMENT)?.root;
        let next = account.market.deployment().block;
        let (remote, folder) = (None, folder.into());
        Ok(Self {
            account,
            outbox,
            sender,
            keeper,
            connect,
            remote,
            register,
            key,
            folder,
            settings,
            program,
            machine,
            next,
            told: Told::default(),
        })
    }

    /// Looks, computes, and acts once. `each` hears how the computation gets on. Errors: the disk, or another chain.
    pub fn turn(&mut self, runtime: &Handle, each: &(dyn Fn(&[Task], Event) + Sync)) -> Result<Turn, Error> {
        let mut turn = Turn::default();
        if let Err(error) = runtime.block_on(self.discover(&mut turn.found)) {
            turn.troubles.push(error.to_string());
        }
        let before = self.watched();
        let tasks = self.compute(&mut turn, each)?;
        match runtime.block_on(self.keeper.accompany()) {
            Ok(failed) => {
                turn.troubles.extend(failed.iter().map(|(session, error)| format!("session {session}: {error}")))
            }
            Err(error) => turn.troubles.push(error.to_string()),
        }
        for task in tasks {
            // Only after the own result is fixed on the chain is the other one looked at.
            let session = self.keeper.records().session_of(&task.id.0);
            if session.is_some_and(|session| self.keeper.committed(session))
                && let Some(remote) = &mut self.remote
            {
                let machines = self.machine.as_ref();
                let settled = remote.settle(&task, |job, number, state| match machines {
                    Some(program) => machine(program)(job, number, state),
                    None => Ok(None),
                });
                turn.verdicts.push((task, settled.map_err(Arc::new)));
            }
        }
        let pass = runtime.block_on(async {
            if let Err(error) = self.keeper.fetch(NATIVE).await {
                turn.troubles.push(error.to_string());
            }
            self.sender.pass().await
        });
        match pass {
            Ok(pass) => turn.troubles.extend(self.told.news(&pass)),
            Err(error) if error.retryable() => turn.troubles.push(error.to_string()),
            Err(error) => return Err(Error::Chain(error.to_string())),
        }
        let after = self.watched();
        turn.over = before.into_iter().filter(|session| !after.contains(session)).collect();
        turn.sessions = after.len();
        turn.pending = self.outbox.pending();
        Ok(turn)
    }

    /// Finds sessions that were opened since it looked.
    async fn discover(&mut self, found: &mut Vec<(B256, SessionState)>) -> Result<(), hyperdust_settlement::Error> {
        let (market, node) = (self.account.market.clone(), self.account.node().clone());
        let (opened, next) = market.sessions_opened(&node, self.settings.provider, self.next).await?;
        for session in opened {
            if self.keeper.records().watches(session) {
                continue;
            }
            let state = market.session(&node, session).await?;
            let over = state.status == Status::Ended && state.games == 0;
            if !over && state.status != Status::None {
                let asset = market.asset(&node, state.asset).await?;
                self.keeper.records().watch(session, state, &asset);
                found.push((session, state));
            }
        }
        self.next = next;
        Ok(())
    }

    /// The server, connected to anew where it was away.
    fn reached(&mut self) -> Result<&mut Remote<'a, Agreed>, Error> {
        if self.remote.is_none() {
            let (domain, known) = (self.account.market.deployment().domain(), self.register.clone());
            let agreed: Agreed = Box::new(move |job| known.terms(&domain, job));
            self.remote = Some(Remote::new((self.connect)()?, self.key, &self.folder, agreed)?);
        }
        self.remote.as_mut().ok_or_else(|| Error::Job("there is no server".into()))
    }

    /// Computes what the server gives of sessions that are watched.
    fn compute(&mut self, turn: &mut Turn, each: &(dyn Fn(&[Task], Event) + Sync)) -> Result<Vec<Task>, Error> {
        let register = self.register.clone();
        let tasks = match self.reached().and_then(|remote| remote.fetch_of(|job| register.listed(job))) {
            Ok(tasks) => tasks,
            // The disk is this companion's own; all else is the server's, and may be otherwise later.
            Err(error @ Error::Io { .. }) => return Err(error),
            Err(error) => {
                turn.troubles.push(error.to_string());
                self.remote = self.remote.take().filter(|_| passes(&error));
                return Ok(Vec::new());
            }
        };
        let Some(remote) = &mut self.remote else { return Ok(Vec::new()) };
        let computed = remote.compute(&tasks, self.program, self.settings.threads, &|event| each(&tasks, event));
        let mut good = Vec::new();
        for (task, computed) in tasks.into_iter().zip(computed) {
            match computed {
                Ok(()) => good.push(task),
                Err(error) => turn.verdicts.push((task, Err(error))),
            }
        }
        Ok(good)
    }

    /// What was put onto the chain, and how far it has come.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Whether what was computed of a session is fixed on the chain.
    pub fn committed(&self, session: B256) -> bool {
        self.keeper.committed(session)
    }

    fn watched(&mut self) -> BTreeSet<B256> {
        self.keeper.records().watched().collect()
    }

    /// Whether a session is watched.
    pub fn watches(&mut self, session: B256) -> bool {
        self.keeper.records().watches(session)
    }
}
