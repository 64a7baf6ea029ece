//! How fast a companion computes a session's jobs again, against how fast they were made: `cargo run --release -p hyperdust-actors
//! --example replay [SCENE] [LANES] [THREADS]`. The session runs as a vector env that commits to its segments; the companion takes
//! the jobs on (which checks a signature of each segment), replays and commits, as `hyperdust companion commit` does. In turn, five
//! times; medians. How much of it the signatures are, is said beside it.

use std::{env, num::NonZeroUsize, sync::Arc, time::Instant};

use hyperdust_actors::{
    Error, Job,
    companion::{
        Batch, Committed,
        queue::{self, Limits},
    },
    job::Models,
    trial,
};
use hyperdust_gym::{AutoresetMode, Sampler, Seeds, Segment, VectorEnv, VectorOptions, rows};
use hyperdust_kernel::Model;

const STEPS: usize = 256;
const TURNS: usize = 5;
const PROGRAM: [u8; 32] = [1; 32];

fn main() -> Result<(), Error> {
    let mut arguments = env::args().skip(1);
    let scene = arguments.next().unwrap_or_else(|| "ant".into());
    let mut number = |otherwise: usize| arguments.next().map_or(otherwise, |text| text.parse().expect("a number"));
    let lanes = number(256);
    let threads = NonZeroUsize::new(number(2)).expect("at least one thread");
    let model = trial::model(&scene)?;
    let mut sampler = Sampler::new(model.actions(), 1);
    let batches: Vec<Vec<Vec<u8>>> = (0..STEPS)
        .map(|_| {
            let arenas: Vec<_> = (0..lanes).map(|_| sampler.draw(model.actions()).to_vec()).collect();
            rows(model.actions(), &arenas)
        })
        .collect();
    let (mut times, mut files) = ([Vec::new(), Vec::new(), Vec::new()], Vec::new());
    for _ in 0..TURNS {
        let start = Instant::now();
        let segments = run(&model, lanes, threads, &batches)?;
        times[0].push(start.elapsed().as_secs_f64());
        if files.is_empty() {
            for (seed, segments) in (0..).zip(&segments) {
                let job = Job::cut(&model, PROGRAM, segments)?;
                files.push(trial::sign(&job, seed, trial::SEGMENT_STEPS)?.encode());
            }
        }
        let start = Instant::now();
        commit(&files, threads);
        times[1].push(start.elapsed().as_secs_f64());
        let jobs = files.iter().map(|file| Job::decode(file)).collect::<Result<Vec<_>, _>>()?;
        let start = Instant::now();
        jobs.iter().try_for_each(Job::check_signatures)?;
        // On one thread; `commit` has several.
        times[2].push(start.elapsed().as_secs_f64() / threads.get() as f64);
    }
    let [run, commit, signatures] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[TURNS / 2]
    });
    let rate = |seconds: f64| (lanes * STEPS) as f64 / seconds;
    println!(
        "{scene}, {lanes} lanes, {threads} threads: run {:.0} steps/s; commit {:.0} steps/s, ratio {:.2}; without the \
         signatures {:.0} steps/s, ratio {:.2}",
        rate(run),
        rate(commit),
        run / commit,
        rate(commit - signatures),
        run / (commit - signatures)
    );
    Ok(())
}

fn run(
    model: &Arc<Model>,
    lanes: usize,
    threads: NonZeroUsize,
    batches: &[Vec<Vec<u8>>],
) -> Result<Vec<Vec<Segment>>, Error> {
    let options = VectorOptions { num_envs: lanes, num_threads: threads.get(), autoreset: AutoresetMode::NextStep };
    let mut env = VectorEnv::new(Arc::clone(model), options)?;
    env.commit(trial::SEGMENT_STEPS);
    env.reset(Seeds::First(0), None)?;
    for batch in batches {
        env.step(&batch.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
    }
    let mut segments = vec![Vec::new(); lanes];
    for (lane, segment) in env.take_segments(true)? {
        segments[lane].push(segment);
    }
    Ok(segments)
}

fn commit(files: &[Vec<u8>], threads: NonZeroUsize) {
    let terms = |job: &Job| job.terms().copied().ok_or_else(|| Error::Job("it has no terms".into()));
    let address = trial::key("companion").expect("a trial key").address();
    let sink = |_, committed: Committed| Ok(committed.commitment());
    let models = Models::default();
    let batch = Batch::new(|number: usize| Job::decode_with(&files[number], &models), terms, PROGRAM, address, sink);
    let report = queue::run(&batch, &vec![0; files.len()], Limits::threads(threads), &|_| {});
    assert!(report.results.iter().all(Result::is_ok));
}
