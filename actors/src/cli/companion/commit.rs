//! `hyperdust companion commit`: many jobs at once, those of one scene side by side, with bars.

use std::{
    collections::{BTreeSet, HashMap},
    num::NonZeroUsize,
    path::PathBuf,
    process::ExitCode,
    sync::{Mutex, PoisonError},
    thread,
};

use clap::Args;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Serialize;

use super::{COMMITMENT, Identity, read, shown, stem, terms::Trust};
use crate::{
    Error, Job, Program, SEGMENT,
    cli::print_json,
    companion::{
        Batch, Committed,
        queue::{self, Event, Limits},
    },
    job::{self, Models},
};

#[derive(Args)]
pub(in crate::cli) struct Commit {
    /// Files of jobs; a commitment has its job's name
    #[arg(required_unless_present = "urgent", value_name = "JOB")]
    files: Vec<PathBuf>,
    /// Files of jobs that are computed before the others
    #[arg(long, value_name = "JOB")]
    urgent: Vec<PathBuf>,
    /// Folder that commitments are written to (NAME.hdcommit)
    #[arg(short, long, value_name = "FOLDER")]
    out: PathBuf,
    /// Threads that compute, each up to sixteen jobs of one scene side by side; by default one for each core
    #[arg(long, value_name = "THREADS", value_parser = clap::value_parser!(u16).range(1..=Limits::MOST_THREADS as i64))]
    jobs: Option<u16>,
    #[command(flatten)]
    trust: Trust,
    /// Prints a JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    identity: Identity,
}

#[derive(Serialize)]
struct Done {
    segments: usize,
    commitment: String,
}

#[derive(Serialize)]
struct Row {
    job: String,
    #[serde(flatten)]
    done: Option<Done>,
    error: Option<String>,
}

#[derive(Serialize)]
struct Summary {
    address: String,
    jobs: Vec<Row>,
    nodes: usize,
    computed: usize,
}

impl Commit {
    pub(super) fn run(self) -> Result<ExitCode, Error> {
        let address = self.identity.key()?.address();
        let program = Program::committed(SEGMENT)?.root;
        std::fs::create_dir_all(&self.out).map_err(|source| Error::Io { path: self.out.clone(), source })?;
        let mut files = self.files.clone();
        files.extend(self.urgent.iter().filter(|path| !self.files.contains(path)).cloned());
        let priorities: Vec<i32> = files.iter().map(|path| i32::from(self.urgent.contains(path))).collect();
        let names: Vec<String> = files.iter().map(|path| stem(path)).collect();
        let mut seen = BTreeSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(*name)) {
            return Err(Error::Job(format!("two files are named \"{twice}\", and their commitments would be, too")));
        }
        let models = Models::default();
        let read = |number: usize| Job::decode_with(&read(&files[number], job::LONGEST)?, &models);
        let accepted = self.trust.read()?;
        let terms = |job: &Job| accepted.terms(job);
        let sink = |number: usize, committed: Committed| {
            committed.save(&self.out.join(format!("{}.{COMMITMENT}", names[number])))?;
            Ok(Done { segments: committed.outputs().len(), commitment: shown(&committed.commitment()) })
        };
        let batch = Batch::new(read, terms, program, address, sink);
        let asked = self.jobs.and_then(|jobs| NonZeroUsize::new(jobs.into()));
        let threads = asked.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
        let bars = Bars::new(&names);
        let report = queue::run(&batch, &priorities, Limits::threads(threads), &|event| bars.show(event));
        bars.clear();
        let row = |(job, result): (&String, Result<Done, _>)| match result {
            Ok(done) => Row { job: job.clone(), done: Some(done), error: None },
            Err(error) => Row { job: job.clone(), done: None, error: Some(std::sync::Arc::<Error>::to_string(&error)) },
        };
        let summary = Summary {
            address: address.to_string(),
            jobs: names.iter().zip(report.results).map(row).collect(),
            nodes: report.nodes,
            computed: report.runs,
        };
        let failed = summary.jobs.iter().any(|row| row.error.is_some());
        if self.json {
            print_json(&summary)
        } else {
            print(&summary)
        }
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn print(summary: &Summary) {
    let width = summary.jobs.iter().map(|row| row.job.len()).max().unwrap_or(0);
    for Row { job, done, error } in &summary.jobs {
        match (done, error) {
            (Some(done), _) => println!("{job:width$}  {:6} segments  {}", done.segments, done.commitment),
            (None, error) => println!("{job:width$}  {}", error.as_deref().unwrap_or_default()),
        }
    }
    println!("{} nodes, {} computed, by {}", summary.nodes, summary.computed, summary.address);
}

/// Bars of single jobs, at most: more than fit on a screen would scroll away.
const MOST_BARS: usize = 8;

/// A bar for everything, and one for each of the first jobs that have begun.
pub(super) struct Bars<'a> {
    names: &'a [String],
    all: MultiProgress,
    total: ProgressBar,
    each: Mutex<HashMap<usize, ProgressBar>>,
}

impl<'a> Bars<'a> {
    pub(super) fn new(names: &'a [String]) -> Self {
        let all = MultiProgress::new();
        let total = all.add(ProgressBar::new(0).with_style(style()).with_message("all"));
        Self { names, all, total, each: Mutex::default() }
    }

    pub(super) fn clear(&self) {
        self.all.clear().ok();
    }

    pub(super) fn show(&self, event: Event) {
        let mut each = self.each.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Planned { nodes } => self.total.set_length(nodes as u64),
            Event::Begun { .. } if each.len() == MOST_BARS => {}
            Event::Begun { job, nodes, known } => {
                let bar = ProgressBar::new(nodes as u64).with_style(style()).with_message(self.names[job].clone());
                let bar = self.all.add(bar);
                bar.set_position(known as u64);
                each.insert(job, bar);
            }
            Event::Computed { jobs } => {
                self.total.inc(1);
                jobs.iter().filter_map(|job| each.get(job)).for_each(|bar| bar.inc(1));
            }
            Event::Over { job, error } => {
                if let Some(bar) = each.remove(&job) {
                    bar.finish_and_clear();
                    self.all.remove(&bar);
                }
                if let Some(error) = error {
                    self.all.println(format!("{}: {error}", self.names[job])).ok();
                }
            }
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{msg:24!} {wide_bar} {pos}/{len} segments {elapsed} (left: {eta})")
        .expect("the template is valid")
}
