//! `hyperdust companion watch`: a companion of a chain's sessions, and a watchtower for their providers.
//!
//! Verdicts go to standard output; which sessions are found, computed, committed to and over goes to standard error, as troubles do.

use std::{
    collections::{BTreeMap, HashMap},
    num::NonZeroUsize,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use alloy::primitives::{Address, B256};
use clap::Args;
use hyperdust_kernel::merkle::Hash;
use hyperdust_receipt::claim;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::Server;
use crate::{
    Error, Program, SEGMENT,
    cli::chain,
    companion::{
        Verdict,
        queue::{Event, Limits},
        watcher::{Settings, Turn, Watcher},
    },
};

#[derive(Args)]
pub(in crate::cli) struct Watch {
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    who: chain::Who,
    /// Whose sessions are watched; everybody's without it
    #[arg(long, value_name = "ADDRESS", value_parser = chain::address)]
    provider: Option<Address>,
    /// Folder for what is computed and what is under way on the chain; kept between runs
    #[arg(short, long, value_name = "FOLDER")]
    out: PathBuf,
    /// Defends claims that it knows to be true, for providers that are away: answers questions, calls time, proves last steps. For the one --provider, where that
    /// entrusts it (`hyperdust provider entrust`), it makes the moves of games, too, from half of the time for each on
    #[arg(long)]
    defend: bool,
    /// Asks on the chain, once, for what a claim was computed from, where the server lists nothing of it for half of the window. A provider that is silent then
    /// loses its claim and the bond behind it; one that answers keeps what the question put up
    #[arg(long, requires = "provider")]
    ask: bool,
    /// Puts the companion's bond up, where it has none yet
    #[arg(long)]
    join: bool,
    /// Threads that compute, each up to sixteen jobs of one scene side by side; by default one for each core
    #[arg(long, value_name = "THREADS", value_parser = clap::value_parser!(u16).range(1..=Limits::MOST_THREADS as i64))]
    jobs: Option<u16>,
    /// Folder with the programs that `make guest` builds: needed where a claim is wrong, or has to be defended
    #[arg(long, env = "HYPERDUST_GUEST", value_name = "FOLDER")]
    guest: Option<PathBuf>,
    /// Seconds between looks at server and chain
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    wait: u64,
    /// Blocks, its own and those after it, after which what is in a block counts as done
    #[arg(long, value_name = "BLOCKS", default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    confirmations: u64,
    /// Ends once this session is over and everything about it is done
    #[arg(long, value_name = "SESSION", value_parser = chain::word)]
    until: Option<B256>,
}

/// A job's verdict, as a line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    session: Option<B256>,
    lane: Option<u32>,
    job: &'a str,
    verdict: &'a str,
    why: String,
}

/// How far a session has come, as far as it was told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Found,
    Computing,
    Committed,
}

/// Sessions that are watched, and what was told of them.
#[derive(Default)]
struct Followed {
    told: BTreeMap<B256, Told>,
    /// Lanes of sessions, by the names of their jobs.
    lanes: HashMap<Hash, (B256, u32)>,
    /// Jobs that were begun in the turn that found their session.
    early: Vec<Hash>,
}

impl Followed {
    /// Notes that a session has come so far; whether that is news.
    fn news(&mut self, session: B256, now: Told) -> bool {
        self.told.insert(session, now) != Some(now)
    }

    /// A job's computation has begun.
    fn begun(&mut self, job: Hash) {
        let Some((session, _)) = self.lanes.get(&job).copied() else { return self.early.push(job) };
        if self.news(session, Told::Computing) {
            let lanes = self.lanes.values().filter(|(of, _)| *of == session).count();
            eprintln!("session {session}: has ended, its {lanes} lane(s) are computed again");
        }
    }

    /// What a turn has brought.
    fn turned(&mut self, turn: &Turn, committed: impl Fn(B256) -> bool) {
        for (session, state) in &turn.found {
            for lane in 0..state.lanes {
                self.lanes.insert(claim::job(&session.0, lane.into()), (*session, lane));
            }
            if self.news(*session, Told::Found) {
                let (asset, provider) = (state.asset, state.provider);
                eprintln!("session {session}: found, asset {asset} with {provider}, {} lane(s)", state.lanes);
            }
        }
        for job in
            std::mem::take(&mut self.early).into_iter().filter(|job| self.lanes.contains_key(job)).collect::<Vec<_>>()
        {
            self.begun(job);
        }
        let fixed: Vec<_> = self.told.iter().filter(|(_, told)| **told != Told::Committed).map(|(of, _)| *of).collect();
        for session in fixed.into_iter().filter(|session| committed(*session)) {
            self.news(session, Told::Committed);
            eprintln!("session {session}: computed, and the result is committed to on the chain");
        }
    }

    /// What is over is forgotten.
    fn over(&mut self, turn: &Turn) {
        for session in &turn.over {
            self.told.remove(session);
            self.lanes.retain(|_, (of, _)| of != session);
            eprintln!("session {session}: over");
        }
    }
}

impl Watch {
    pub(super) fn run(self: Box<Self>) -> Result<ExitCode, Error> {
        let io = |source| Error::Io { path: "the runtime".into(), source };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(io)?;
        let actor = runtime.block_on(self.who.open())?;
        if self.join && !runtime.block_on(actor.market().joined(actor.node(), actor.address()))? {
            runtime.block_on(actor.send(&actor.market().join()))?;
            eprintln!("the bond of {} is up", actor.address());
        }
        if !runtime.block_on(actor.market().joined(actor.node(), actor.address()))? {
            eprintln!(
                "warning: no companion's bond of {} is up: --join puts it up, else it can attest to nothing",
                actor.address()
            );
        }
        let account = actor.account.clone();
        let key = account.wallet.key()?;
        let machine = self.guest.as_deref().map(|folder| Program::load(folder, SEGMENT)).transpose()?;
        let threads = self.jobs.and_then(|jobs| NonZeroUsize::new(jobs.into()));
        let threads = threads.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
        let Self { provider, defend, ask: demands, confirmations, .. } = *self;
        let settings = Settings { provider, defend, demands, confirmations, threads };
        self.introduce(&account);
        let connect = Box::new(|| self.server.connect());
        let mut watcher = Watcher::new(account, &key, connect, &self.out, machine, settings)?;
        let followed = Mutex::new(Followed::default());
        let following = || followed.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut last, mut seen) = (Vec::new(), false);
        loop {
            let bar = ProgressBar::new(0).with_style(style());
            let turn = watcher.turn(runtime.handle(), &|tasks, event| match event {
                Event::Planned { nodes } => bar.set_length(nodes as u64),
                // New jobs are before those that were computed, so their numbers are those of the tasks.
                Event::Begun { job, .. } => bar.suspend(|| following().begun(tasks[job].id.0)),
                Event::Computed { .. } => bar.inc(1),
                Event::Over { .. } => {}
            })?;
            bar.finish_and_clear();
            following().turned(&turn, |session| watcher.committed(session));
            self.show(&turn, &following(), &mut last);
            following().over(&turn);
            if let Some(session) = self.until {
                let watched = watcher.watches(session);
                if seen && !watched && turn.pending == 0 {
                    return Ok(ExitCode::SUCCESS);
                }
                seen |= watched;
            }
            thread::sleep(Duration::from_secs(self.wait));
        }
    }

    /// What is watched, and by whom.
    fn introduce(&self, account: &hyperdust_settlement::Account) {
        let whose = self.provider.map_or_else(|| "everybody".into(), |provider| provider.to_string());
        let (companion, chain, server) = (account.address(), account.chain.id(), &self.server.server);
        eprintln!(
            "{companion} watches sessions of {whose} on chain {chain}, with jobs of {server}, and keeps what it computes in {}",
            self.out.display()
        );
        if self.defend && self.provider.is_none() {
            eprintln!("warning: without --provider it makes no moves of games for anybody that entrusts it");
        }
        if self.guest.is_none() {
            let defended = if self.defend { ", and none can be defended in a game" } else { "" };
            eprintln!("warning: --guest names no folder: a claim that is wrong can't be disputed to its end{defended}");
        }
    }

    /// What is new; a trouble that goes on is told once.
    fn show(&self, turn: &Turn, followed: &Followed, last: &mut Vec<String>) {
        for (task, verdict) in &turn.verdicts {
            let (verdict, why) = said(verdict);
            let (session, lane) = followed.lanes.get(&task.id.0).copied().unzip();
            match (self.who.json(), session, lane) {
                (true, ..) => {
                    let line = Line { session, lane, job: &task.name, verdict, why };
                    println!("{}", serde_json::to_string(&line).expect("no map with odd keys"));
                }
                (_, Some(session), Some(lane)) => println!("session {session} lane {lane}  {verdict:9}  {why}"),
                _ => println!("{}  {verdict:9}  {why}", task.name),
            }
        }
        for trouble in turn.troubles.iter().filter(|trouble| !last.contains(trouble)) {
            eprintln!("{trouble}");
        }
        last.clone_from(&turn.troubles);
    }
}

fn said(settled: &Result<Verdict, Arc<Error>>) -> (&str, String) {
    match settled {
        Ok(verdict) => (verdict.name(), super::work::why(verdict)),
        Err(error) => ("error", error.to_string()),
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:40} {pos}/{len} segments").expect("the template is valid")
}
