//! `hyperdust companion work`: for a server, job after job.

use std::{cell::OnceCell, num::NonZeroUsize, path::PathBuf, process::ExitCode, sync::Arc, thread, time::Duration};

use clap::Args;

use super::{Identity, Server, commit::Bars, shown, terms::Trust};
use crate::{
    Error, Program, SEGMENT,
    companion::{
        Verdict, machine,
        queue::Limits,
        remote::{Remote, Task, passes},
    },
};

/// Exit code where a claim is wrong.
const DISPUTED: u8 = 3;

#[derive(Args)]
pub(in crate::cli) struct Work {
    #[command(flatten)]
    server: Server,
    /// Folder for commitments, claims and attestations (NAME.hdcommit, .hdgraph, .hdattest); kept between runs
    #[arg(short, long, value_name = "FOLDER")]
    out: PathBuf,
    /// Threads that compute, each up to sixteen jobs of one scene side by side; by default one for each core
    #[arg(long, value_name = "THREADS", value_parser = clap::value_parser!(u16).range(1..=Limits::MOST_THREADS as i64))]
    jobs: Option<u16>,
    /// Folder with the programs that `make guest` builds: needed where a claim is wrong
    #[arg(long, env = "HYPERDUST_GUEST", value_name = "FOLDER")]
    guest: Option<PathBuf>,
    /// Seconds between looks for new jobs
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    wait: u64,
    /// Ends once no job waits; exit code 3 where a claim was wrong, 1 where a job could not be decided
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    identity: Identity,
}

impl Work {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let key = self.identity.key()?;
        let program = Program::committed(SEGMENT)?.root;
        let accepted = self.trust.read()?;
        let client = self.server.connect()?;
        let mut remote = Remote::new(client, &key, &self.out, |job| accepted.terms(job))?;
        let threads = self.jobs.and_then(|jobs| NonZeroUsize::new(jobs.into()));
        let threads = threads.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
        let guest = OnceCell::new();
        let (mut disputed, mut undecided) = (false, false);
        loop {
            let tasks = match remote.fetch() {
                Ok(tasks) => tasks,
                Err(error) if passes(&error) && !self.once => {
                    eprintln!("{error}");
                    Vec::new()
                }
                Err(error) => return Err(error),
            };
            let names: Vec<String> = tasks.iter().map(|task| task.name.chars().take(16).collect()).collect();
            let bars = Bars::new(&names);
            let computed = remote.compute(&tasks, program, threads, &|event| bars.show(event));
            bars.clear();
            let mut stuck = true;
            for (task, computed) in tasks.iter().zip(computed) {
                let settled = computed.and_then(|()| {
                    let settled = remote.settle(task, |job, number, state| {
                        let program = match guest.get() {
                            Some(program) => program,
                            None => {
                                let loaded = self.load(number)?;
                                guest.get_or_init(|| loaded)
                            }
                        };
                        machine(program)(job, number, state)
                    });
                    settled.map_err(Arc::new)
                });
                let waits = settled.as_ref().is_err_and(|error| passes(error));
                stuck &= waits;
                disputed |= matches!(settled, Ok(Verdict::Disputed { .. }));
                undecided |= !waits && !matches!(settled, Ok(Verdict::Attested(_) | Verdict::Disputed { .. }));
                print(task, &settled);
            }
            if self.once && tasks.is_empty() {
                return Ok(match (disputed, undecided) {
                    (true, _) => ExitCode::from(DISPUTED),
                    (false, true) => ExitCode::FAILURE,
                    (false, false) => ExitCode::SUCCESS,
                });
            }
            if stuck {
                thread::sleep(Duration::from_secs(self.wait));
            }
        }
    }

    fn load(&self, number: usize) -> Result<Program, Error> {
        super::check::load(self.guest.as_deref(), number)
    }
}

/// A verdict's reason, for people.
pub(super) fn why(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Attested(signed) => format!("root {}", shown(&signed.message.claim)),
        Verdict::Disputed { node, own, claimed } => {
            format!("segment {node} gives {}, also on the machine; claimed is {}", shown(own), shown(claimed))
        }
        Verdict::Inputs { segment, why } => format!("segment {segment}: {why}"),
        Verdict::Abstained { why } => why.clone(),
    }
}

fn print(task: &Task, settled: &Result<Verdict, Arc<Error>>) {
    let why = settled.as_ref().map_or_else(ToString::to_string, why);
    let verdict = settled.as_ref().map_or("error", Verdict::name);
    println!("{}  {verdict:9}  {why}", task.name);
}
