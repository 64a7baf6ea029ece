//! `hyperdust companion watch`: a companion of a chain's sessions, and a watchtower for their providers.

use std::{num::NonZeroUsize, path::PathBuf, process::ExitCode, sync::Arc, thread, time::Duration};

use alloy::primitives::{Address, B256};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::Server;
use crate::{
    Error, Program, SEGMENT,
    cli::{chain, print_json},
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
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Defends claims that it knows to be true, for a provider that is away
    #[arg(long)]
    defend: bool,
    /// Asks on the chain, once, for what a claim was computed from, where the server gives nothing of it for half of the window. A provider that is silent then
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
    job: &'a str,
    verdict: &'a str,
    why: String,
}

impl Watch {
    pub(super) fn run(self: Box<Self>) -> Result<ExitCode, Error> {
        let io = |source| Error::Io { path: "the runtime".into(), source };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(io)?;
        let actor = runtime.block_on(self.who.open())?;
        if self.join && !runtime.block_on(actor.market().joined(actor.node(), actor.address()))? {
            runtime.block_on(actor.send(&actor.market().join()))?;
        }
        let account = actor.account.clone();
        let key = account.wallet.key()?;
        let machine = self.guest.as_deref().map(|folder| Program::load(folder, SEGMENT)).transpose()?;
        let threads = self.jobs.and_then(|jobs| NonZeroUsize::new(jobs.into()));
        let threads = threads.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
        let Self { provider, defend, ask: demands, confirmations, .. } = *self;
        let settings = Settings { provider, defend, demands, confirmations, threads };
        let connect = Box::new(|| self.server.connect());
        let mut watcher = Watcher::new(account, &key, connect, &self.out, machine, settings)?;
        let (mut last, mut seen) = (Vec::new(), false);
        loop {
            let bar = ProgressBar::new(0).with_style(style());
            let turn = watcher.turn(runtime.handle(), &|_, event| match event {
                Event::Planned { nodes } => bar.set_length(nodes as u64),
                Event::Computed { .. } => bar.inc(1),
                _ => {}
            })?;
            bar.finish_and_clear();
            self.show(&turn, &mut last);
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

    /// What is new; a trouble that goes on is told once.
    fn show(&self, turn: &Turn, last: &mut Vec<String>) {
        for (task, verdict) in &turn.verdicts {
            let (verdict, why) = said(verdict);
            match self.who.json() {
                true => print_json(&Line { job: &task.name, verdict, why }),
                false => println!("{}  {verdict:9}  {why}", task.name),
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
