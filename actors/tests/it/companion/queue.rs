//! The queue computes every different node once, in an order that makes sense, and gives every job its own result.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use hyperdust_actors::{
    Error, Job,
    companion::{
        Batch, Committed,
        queue::{self, Event, Jobs, Limits, Output, Work},
    },
    job::Inputs,
    trial,
};
use hyperdust_kernel::merkle::Hash;
use hyperdust_proof::{Graph, Node, Source, graph::UNKNOWN};
use proptest::prelude::*;
use sha3::{Digest, Keccak256};

use super::{JOB, PROGRAM, committed, job, key, terms};

fn limits(threads: usize, active: usize, kept: usize) -> Limits {
    let number = |number| NonZeroUsize::new(number).unwrap();
    Limits { threads: number(threads), width: number(4), active: number(active), kept }
}

/// A node of program `label` that reads these nodes, and a string of its own.
fn node(label: u8, given: u8, reads: &[u32]) -> Node {
    let mut inputs = [Source::Empty; 4];
    inputs[0] = Source::Given([given; 32]);
    for (input, &read) in inputs[1..].iter_mut().zip(reads) {
        *input = Source::Node(read);
    }
    Node { program: [label; 32], inputs, output: UNKNOWN }
}

/// Jobs that are graphs; a node's output is the hash of program and inputs. Notes what is run.
#[derive(Default)]
struct Toy {
    graphs: Vec<Graph>,
    /// Programs whose nodes fail, and whose nodes panic.
    fails: Option<u8>,
    panics: Option<u8>,
    /// Whether nodes of equal given strings may be run side by side, and those that were: their programs.
    wide: bool,
    rows: Mutex<Vec<Vec<u8>>>,
    ran: Mutex<Vec<(u8, Hash)>>,
    /// Outputs that somebody holds.
    loaded: AtomicUsize,
    most: AtomicUsize,
}

fn toy_output(node: &Node, outputs: &[Option<Output>]) -> Hash {
    let mut hasher = Keccak256::new().chain_update(node.program);
    for (source, output) in node.inputs.iter().zip(outputs) {
        match source {
            Source::Given(root) => hasher.update(root),
            Source::Node(_) => hasher.update(output.as_ref().expect("what it reads is there")),
            Source::Empty => {}
        }
    }
    hasher.finalize().into()
}

impl Toy {
    fn new(graphs: Vec<Vec<Node>>) -> Self {
        Self { graphs: graphs.into_iter().map(|nodes| Graph::new(nodes).unwrap()).collect(), ..Self::default() }
    }

    /// What a job gives, computed alone.
    fn truth(&self, job: usize) -> Vec<Hash> {
        let mut outputs: Vec<Hash> = Vec::new();
        for node in self.graphs[job].nodes() {
            let read = |source: &Source| match source {
                Source::Node(index) => Some(Output::from(outputs[*index as usize].as_slice())),
                _ => None,
            };
            let reads: Vec<_> = node.inputs.iter().map(read).collect();
            outputs.push(toy_output(node, &reads));
        }
        outputs
    }

    fn programs(&self) -> Vec<u8> {
        self.ran.lock().unwrap().iter().map(|(program, _)| *program).collect()
    }
}

impl Jobs for Toy {
    type Job = Graph;
    type Done = Vec<Output>;

    fn plan(&self, number: usize) -> Result<Graph, Error> {
        let graph = self.graphs.get(number).ok_or_else(|| Error::Job("there is none".into()))?;
        Ok(Graph::new(graph.nodes().to_vec())?)
    }

    fn load(&self, number: usize) -> Result<(Graph, Graph), Error> {
        let now = self.loaded.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        Ok((self.plan(number)?, self.plan(number)?))
    }

    fn alike(&self, node: &Node) -> Option<Hash> {
        match node.inputs[0] {
            Source::Given(root) if self.wide => Some(root),
            _ => None,
        }
    }

    fn run_alike(&self, nodes: &[Work<'_, Graph>]) -> Vec<Result<Vec<u8>, Error>> {
        let node = |work: &Work<'_, Graph>| work.job.nodes()[work.index as usize].clone();
        let given: Vec<Source> = nodes.iter().map(|work| node(work).inputs[0]).collect();
        assert!(given.iter().all(|source| *source == given[0]), "only what is alike is run together");
        self.rows.lock().unwrap().push(nodes.iter().map(|work| node(work).program[0]).collect());
        nodes.iter().map(|work| self.run(work.job, work.index, work.outputs)).collect()
    }

    fn run(&self, job: &Graph, index: u32, outputs: &[Option<Output>]) -> Result<Vec<u8>, Error> {
        let node = &job.nodes()[index as usize];
        let output = toy_output(node, outputs);
        self.ran.lock().unwrap().push((node.program[0], output));
        if self.fails == Some(node.program[0]) {
            return Err(Error::Job(format!("program {} fails", node.program[0])));
        }
        assert!(self.panics != Some(node.program[0]), "program {} panics", node.program[0]);
        Ok(output.to_vec())
    }

    fn finish(&self, _: usize, _: &Graph, outputs: &[Output]) -> Result<Vec<Output>, Error> {
        self.loaded.fetch_sub(1, Ordering::SeqCst);
        Ok(outputs.to_vec())
    }
}

fn all_true(toy: &Toy, results: &[Result<Vec<Output>, Arc<Error>>]) {
    for (job, result) in results.iter().enumerate() {
        let found: Vec<Hash> = result.as_ref().unwrap().iter().map(|output| output[..].try_into().unwrap()).collect();
        assert_eq!(found, toy.truth(job), "job {job}");
    }
}

/// Four sessions of three segments each, and two models that all of them use: n sessions and m models are 4·3 + 2 nodes, not 4·(3 + 2).
#[test]
fn users_and_models_add_and_do_not_multiply() {
    let session = |user: u8| {
        vec![node(100, 0, &[]), node(101, 0, &[]), node(1, user, &[0, 1]), node(1, user, &[2]), node(1, user, &[3])]
    };
    for threads in [1, 3] {
        for active in [1, 4] {
            let toy = Toy::new((0..4).map(session).collect());
            let report = queue::run(&toy, &[0; 4], limits(threads, active, 1 << 20), &|_| {});
            all_true(&toy, &report.results);
            assert_eq!((report.nodes, report.runs), (4 * 5, 4 * 3 + 2));
            let mut ran = toy.programs();
            ran.sort();
            assert_eq!(ran[12..], [100, 101], "each model once");
        }
    }
}

/// Without room to keep what later jobs share, it is computed again rather than kept; the results are the same.
#[test]
fn memory_is_bounded_at_the_price_of_running_again() {
    let user = |user: u8| vec![node(100, 0, &[]), node(1, user, &[0])];
    let toy = Toy::new((0..6).map(user).collect());
    let report = queue::run(&toy, &[0; 6], limits(1, 1, 0), &|_| {});
    all_true(&toy, &report.results);
    assert_eq!(report.runs, 12);
    assert_eq!(toy.most.load(Ordering::SeqCst), 1, "one job in memory at a time");
    let toy = Toy::new((0..6).map(user).collect());
    let report = queue::run(&toy, &[0; 6], limits(1, 1, 32), &|_| {});
    all_true(&toy, &report.results);
    assert_eq!(report.runs, 7, "32 bytes are one output");
}

/// The most urgent first, and equals in their order; results are in the jobs' order all the same.
#[test]
fn priorities_order_the_work_and_not_the_results() {
    let toy = Toy::new((0..5).map(|job| vec![node(job, 0, &[]), node(job, 1, &[0])]).collect());
    let over = Mutex::new(Vec::new());
    let report = queue::run(&toy, &[0, 5, 0, 9, 5], limits(1, 1, 0), &|event| {
        if let Event::Over { job, error: None } = event {
            over.lock().unwrap().push(job);
        }
    });
    all_true(&toy, &report.results);
    assert_eq!(toy.programs(), [3, 3, 1, 1, 4, 4, 0, 0, 2, 2]);
    assert_eq!(*over.lock().unwrap(), [3, 1, 4, 0, 2]);
}

/// Chains of one scene side by side, four at a time; another scene's in between, alone; the most urgent in the first row.
#[test]
fn what_is_alike_is_run_side_by_side() {
    let chain = |job: u8| vec![node(job, 0, &[]), node(job, 0, &[0]), node(job, 0, &[1])];
    let mut graphs: Vec<_> = (0..8).map(chain).collect();
    graphs.push(vec![node(8, 1, &[]), node(8, 1, &[0])]);
    let toy = Toy { wide: true, ..Toy::new(graphs) };
    let report = queue::run(&toy, &[0, 0, 0, 0, 0, 0, 0, 7, 9], limits(1, 9, 1 << 20), &|_| {});
    all_true(&toy, &report.results);
    assert_eq!((report.nodes, report.runs), (8 * 3 + 2, 8 * 3 + 2));
    assert_eq!(toy.programs()[..2], [8, 8], "the most urgent, alone in its scene");
    let rows = toy.rows.into_inner().unwrap();
    assert_eq!(rows.iter().map(Vec::len).collect::<Vec<_>>(), [4; 6]);
    assert_eq!(rows[..3], [[7, 0, 1, 2], [7, 0, 1, 2], [7, 0, 1, 2]]);
}

/// Two threads and four jobs: neither takes more than two, or the other would wait. One thread takes all four.
#[test]
fn a_thread_takes_its_share() {
    for (threads, most) in [(1, 4), (2, 2), (4, 1)] {
        let chain = |job: u8| -> Vec<Node> {
            (0_u32..20).map(|at| node(job, 0, &at.checked_sub(1).into_iter().collect::<Vec<_>>())).collect()
        };
        let toy = Toy { wide: true, ..Toy::new((0..4).map(chain).collect()) };
        let report = queue::run(&toy, &[0; 4], limits(threads, 4, 1 << 20), &|_| {});
        all_true(&toy, &report.results);
        let rows = toy.rows.into_inner().unwrap();
        assert!(rows.iter().all(|row| row.len() <= most), "{threads} threads: {rows:?}");
        assert!(threads > 1 || rows.len() == 20);
    }
}

/// A node that fails, or panics, fails the jobs that it is part of, once; the others are computed.
#[test]
fn errors_stay_with_their_jobs() {
    for (fails, panics, word) in [(Some(66), None, "fails"), (None, Some(66), "panics")] {
        for (threads, wide) in [(1, false), (4, false), (1, true), (4, true)] {
            let good = |job: u8| vec![node(job, 0, &[]), node(job, 1, &[0])];
            let bad = |job: u8| vec![node(job, 0, &[]), node(66, 0, &[]), node(job, 1, &[0, 1])];
            let graphs = vec![good(0), bad(1), good(2), bad(3), bad(4)];
            let toy = Toy { fails, panics, wide, ..Toy::new(graphs) };
            let report = queue::run(&toy, &[0; 5], limits(threads, 2, 1 << 20), &|_| {});
            for (job, result) in report.results.iter().enumerate() {
                match result {
                    Ok(_) => assert!(matches!(job, 0 | 2)),
                    Err(error) => assert!(matches!(job, 1 | 3 | 4) && error.to_string().contains(word), "{error}"),
                }
            }
            // Whose panic it was is found by running a row again, one by one.
            let again = usize::from(panics.is_some() && toy.rows.lock().unwrap().iter().any(|row| row.contains(&66)));
            assert_eq!(toy.programs().iter().filter(|&&program| program == 66).count(), 1 + again);
        }
    }
}

/// A job that cannot be planned, and one that is another when it is loaded.
#[test]
fn jobs_that_cannot_be_had_are_errors_of_their_own() {
    struct Fickle(Toy);
    impl Jobs for Fickle {
        type Job = Graph;
        type Done = Vec<Output>;
        fn plan(&self, number: usize) -> Result<Graph, Error> {
            self.0.plan(number)
        }
        fn load(&self, number: usize) -> Result<(Graph, Graph), Error> {
            self.0.load(if number == 1 { 0 } else { number })
        }
        fn run(&self, job: &Graph, index: u32, outputs: &[Option<Output>]) -> Result<Vec<u8>, Error> {
            self.0.run(job, index, outputs)
        }
        fn finish(&self, number: usize, job: &Graph, outputs: &[Output]) -> Result<Vec<Output>, Error> {
            self.0.finish(number, job, outputs)
        }
    }
    let toy = Fickle(Toy::new((0..3).map(|job| vec![node(job, 0, &[])]).collect()));
    let report = queue::run(&toy, &[0; 4], limits(2, 2, 0), &|_| {});
    let errors: Vec<_> = report.results.iter().map(|result| result.as_ref().err().map(ToString::to_string)).collect();
    assert!(errors[0].is_none() && errors[2].is_none());
    assert!(errors[1].as_ref().unwrap().contains("another one than a moment ago"), "{errors:?}");
    assert!(errors[3].as_ref().unwrap().contains("there is none"), "{errors:?}");
}

/// Two sessions that begin alike and part at the fourth segment: what they share is computed once, also when the jobs are real.
#[test]
fn jobs_of_one_beginning_share_it() {
    let model = trial::model("cartpole").unwrap();
    let (long, short) = (JOB.clone(), 3);
    // The same user stopped earlier: signatures over the first segments are those of the longer job.
    let cut: Vec<Inputs> = long.segments()[..short].to_vec();
    let cut = Job::new(&model, PROGRAM, cut, long.terms().copied()).unwrap();
    let jobs = [long, cut, job(8, 20)];
    let batch = Batch::new(
        |number: usize| Ok(jobs[number].clone()),
        |job: &Job| Ok(terms(job)),
        PROGRAM,
        key().address(),
        |_: usize, committed: Committed| Ok(committed),
    );
    for threads in [1, 2] {
        let report = queue::run(&batch, &[0; 3], limits(threads, 2, 1 << 20), &|_| {});
        assert_eq!((report.nodes, report.runs), (5 + 3 + 3, 5 + 3));
        for (job, result) in jobs.iter().zip(&report.results) {
            let (found, alone) = (result.as_ref().unwrap(), committed(job));
            assert_eq!(found.outputs(), alone.outputs(), "as computed alone");
            assert_eq!(found.graph().root(), alone.graph().root());
        }
    }
}

/// More jobs than are run side by side, on one thread and on two, some of other lengths, some in another scene: each as it is alone.
#[test]
fn jobs_side_by_side_are_as_alone() {
    let pendulum = trial::model("pendulum").unwrap();
    let mut jobs: Vec<Job> = (0..19).map(|seed| job(seed, 20 + 3 * (seed % 4) as u32)).collect();
    jobs.extend((0..3).map(|seed| trial::job(&pendulum, PROGRAM, seed, 20, 8).unwrap()));
    let batch = Batch::new(
        |number: usize| Ok(jobs[number].clone()),
        |job: &Job| Ok(terms(job)),
        PROGRAM,
        key().address(),
        |_: usize, committed: Committed| Ok(committed.graph().root()),
    );
    for threads in [1, 2] {
        let limits = Limits::threads(NonZeroUsize::new(threads).unwrap());
        let report = queue::run(&batch, &vec![0; jobs.len()], limits, &|_| {});
        for (job, result) in jobs.iter().zip(&report.results) {
            assert_eq!(*result.as_ref().unwrap(), committed(job).graph().root());
        }
    }
}

/// A job whose actions nobody signed is refused, and only that one.
#[test]
fn unsigned_jobs_are_refused_alone() {
    let mut segments = JOB.segments().to_vec();
    segments[1].signed = None;
    let unsigned = Job::new(JOB.model(), PROGRAM, segments, JOB.terms().copied()).unwrap();
    let jobs = [JOB.clone(), unsigned];
    let batch = Batch::new(
        |number: usize| Ok(jobs[number].clone()),
        |job: &Job| Ok(terms(job)),
        PROGRAM,
        key().address(),
        |_: usize, committed: Committed| Ok(committed.commitment()),
    );
    let report = queue::run(&batch, &[0, 1], limits(2, 2, 0), &|_| {});
    assert!(report.results[0].is_ok());
    assert!(report.results[1].as_ref().unwrap_err().to_string().starts_with("segment 1: its actions"));
}

prop_compose! {
    /// Graphs of few programs and strings, so that nodes are often equal.
    fn graphs()(shapes in prop::collection::vec(
        prop::collection::vec((0u8..3, 0u8..2, prop::collection::vec(any::<prop::sample::Index>(), 0..3)), 1..8), 1..8,
    )) -> Vec<Vec<Node>> {
        let graph = |shape: Vec<(u8, u8, Vec<prop::sample::Index>)>| {
            let nodes = shape.into_iter().enumerate().map(|(at, (label, given, reads))| {
                let reads: Vec<u32> = reads.iter().filter(|_| at > 0).map(|read| read.index(at) as u32).collect();
                node(label, given, &reads)
            });
            nodes.collect::<Vec<_>>()
        };
        shapes.into_iter().map(graph).collect()
    }
}

proptest! {
    /// Whatever the graphs, threads, limits, priorities and failures: every job ends, with the truth or with a failure that it has
    /// part in; with room enough, no two runs give the same node.
    #[test]
    fn every_job_ends_as_it_would_alone(
        graphs in graphs(), threads in 1usize..5, active in 1usize..5, room: bool, wide: bool, fails in prop::option::of(0u8..3),
        priorities in prop::collection::vec(-2i32..3, 8),
    ) {
        let toy = Toy { fails, wide, ..Toy::new(graphs) };
        let kept = if room { 1 << 20 } else { 40 };
        let report = queue::run(&toy, &priorities[..toy.graphs.len()], limits(threads, active, kept), &|_| {});
        for (job, result) in report.results.iter().enumerate() {
            let doomed = toy.graphs[job].nodes().iter().any(|node| fails == Some(node.program[0]));
            prop_assert_eq!(result.is_err(), doomed);
            if let Ok(outputs) = result {
                let found: Vec<&[u8]> = outputs.iter().map(|output| &output[..]).collect();
                prop_assert_eq!(found, toy.truth(job));
            }
        }
        let mut ran = toy.ran.into_inner().unwrap();
        prop_assert_eq!(ran.len(), report.runs);
        if room && fails.is_none() {
            let runs = ran.len();
            ran.sort();
            ran.dedup();
            prop_assert_eq!(ran.len(), runs);
        }
    }
}
