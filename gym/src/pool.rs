//! A fixed set of threads that run jobs together with the thread that asks.
//!
//! Jobs own what they work on and travel by value, so nothing is shared and nothing needs `unsafe`. The
//! asking thread works too and takes whatever is left: a worker that wakes late costs nothing but its help,
//! and a process that was forked (which has no workers, and perhaps a lock that one of them held) runs all
//! jobs itself, as it does where they took so little the last time that sharing doesn't pay. Nothing is allocated after the first call. Every thread begins with the same jobs in each call, the longest first, and then
//! takes others': what is left at the end, while some thread has nothing to do, are short ones.
//! Between calls workers spin for a while, because a policy often answers that fast, and then sleep.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

/// Rounds of waiting before a thread sleeps: some hundred microseconds, what a small policy takes to answer. Waking a sleeper costs
/// as much, on virtual machines more.
const SPINS: u32 = 4096;

/// What all jobs together have to take, in nanoseconds, before it pays to share them: handing over and waiting for each other costs some
/// microseconds a call, and a core that spins between calls is one that the policy doesn't have.
const WORTHWHILE: u64 = 100_000;

/// Something that runs on any thread.
pub(crate) trait Job: Send + 'static {
    /// What every thread has one of, for one job after the other: it stays in that core's cache.
    type Tool: Send + 'static;

    /// Runs it.
    fn run(&mut self, tool: &mut Self::Tool);
    /// Where it belongs among the others.
    fn key(&self) -> usize;
    /// How long it is likely to take, in nanoseconds.
    fn cost(&self) -> u64;
}

/// The threads.
pub(crate) struct Pool<J: Job> {
    /// The process that has the workers.
    process: u32,
    shared: Option<Arc<Shared<J>>>,
    /// The asking thread's.
    tool: J::Tool,
}

struct Shared<J> {
    state: Mutex<State<J>>,
    work: Condvar,
    done: Condvar,
    /// Counts calls, so that a spinning worker sees a new one without the lock.
    posted: AtomicU64,
    /// Jobs that a worker has taken or may take and not brought back.
    away: AtomicUsize,
}

struct State<J> {
    /// Per thread, the asking one first: the jobs that it runs first, so that what they work on stays in its core's cache.
    waiting: Vec<Vec<J>>,
    finished: Vec<J>,
    panic: Option<Box<dyn Any + Send>>,
    closed: bool,
}

impl<J> State<J> {
    /// A job of this thread's own, or of the first that has some left.
    fn take(&mut self, thread: usize) -> Option<J> {
        let own = self.waiting[thread].pop();
        own.or_else(|| self.waiting.iter_mut().find_map(Vec::pop))
    }
}

impl<J> Shared<J> {
    /// The state. A panic can only happen inside a job, where nobody holds the lock.
    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J: Job> Pool<J> {
    /// `threads` in all, the asking one included, each with a tool.
    pub fn new(threads: usize, tool: impl Fn() -> J::Tool) -> Self {
        let process = std::process::id();
        if threads <= 1 {
            return Self { process, shared: None, tool: tool() };
        }
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                waiting: (0..threads).map(|_| Vec::new()).collect(),
                finished: Vec::new(),
                panic: None,
                closed: false,
            }),
            work: Condvar::new(),
            done: Condvar::new(),
            posted: AtomicU64::new(0),
            away: AtomicUsize::new(0),
        });
        for index in 1..threads {
            let (shared, mut tool) = (shared.clone(), tool());
            // Where the system refuses a thread, the others do its work.
            let _detached = thread::Builder::new()
                .name(format!("hyperdust-{index}"))
                .spawn(move || serve(&shared, index, &mut tool));
        }
        Self { process, shared: Some(shared), tool: tool() }
    }

    /// What is shared with workers; none where there are none, and no lock may be touched.
    fn workers(&self) -> Option<&Arc<Shared<J>>> {
        self.shared.as_ref().filter(|_| self.process == std::process::id())
    }

    /// Runs all jobs and gives them back in the order of their keys. `back` sees each as it comes back, in any order, while others
    /// still run. A job's panic goes on here, after all jobs are back.
    pub fn run(&mut self, jobs: &mut Vec<J>, mut back: impl FnMut(&J)) {
        let shared = self.workers().filter(|_| jobs.len() > 1 && jobs.iter().map(J::cost).sum::<u64>() >= WORTHWHILE);
        let Some(shared) = shared.cloned() else {
            for job in jobs {
                job.run(&mut self.tool);
                back(job);
            }
            return;
        };
        let total = jobs.len();
        {
            let mut state = shared.lock();
            let threads = state.waiting.len();
            for (index, job) in jobs.drain(..).enumerate() {
                state.waiting[index * threads / total].push(job);
            }
            // Popped from the back.
            state.waiting.iter_mut().for_each(|jobs| jobs.sort_unstable_by_key(J::cost));
            shared.away.store(total, Ordering::Relaxed);
            shared.posted.fetch_add(1, Ordering::Release);
        }
        shared.work.notify_all();
        let mut panic = None;
        let mut seen = 0;
        loop {
            let mut state = shared.lock();
            jobs.append(&mut state.finished);
            let job = state.take(0);
            drop(state);
            jobs[seen..].iter().for_each(&mut back);
            seen = jobs.len();
            let Some(mut job) = job else { break };
            panic = attempt(&mut job, &mut self.tool).or(panic);
            jobs.push(job);
            shared.away.fetch_sub(1, Ordering::Relaxed);
        }
        for _ in 0..SPINS {
            if shared.away.load(Ordering::Acquire) == 0 {
                break;
            }
            core::hint::spin_loop();
        }
        let mut state = shared.lock();
        while jobs.len() + state.finished.len() < total {
            state = shared.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        jobs.append(&mut state.finished);
        let panic = state.panic.take().or(panic);
        drop(state);
        jobs[seen..].iter().for_each(&mut back);
        jobs.sort_unstable_by_key(|job| job.key());
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
    }
}

impl<J: Job> core::fmt::Debug for Pool<J> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Pool").field("workers", &self.shared.is_some()).finish_non_exhaustive()
    }
}

impl<J: Job> Drop for Pool<J> {
    /// Tells the workers to go. They are not waited for: in a forked process there are none.
    fn drop(&mut self) {
        if let Some(shared) = self.workers() {
            shared.lock().closed = true;
            shared.posted.fetch_add(1, Ordering::Release);
            shared.work.notify_all();
        }
    }
}

fn serve<J: Job>(shared: &Shared<J>, thread: usize, tool: &mut J::Tool) {
    let mut seen = 0;
    loop {
        let mut state = shared.lock();
        loop {
            if state.closed {
                return;
            }
            if let Some(mut job) = state.take(thread) {
                drop(state);
                let panic = attempt(&mut job, tool);
                state = shared.lock();
                state.finished.push(job);
                state.panic = panic.or(state.panic.take());
                if shared.away.fetch_sub(1, Ordering::Release) == 1 {
                    shared.done.notify_one();
                }
                continue;
            }
            let posted = shared.posted.load(Ordering::Acquire);
            if posted == seen {
                state = shared.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            seen = posted;
            break;
        }
        drop(state);
        for _ in 0..SPINS {
            if shared.posted.load(Ordering::Acquire) != seen {
                break;
            }
            core::hint::spin_loop();
        }
    }
}

/// Runs a job; what it panicked with.
fn attempt<J: Job>(job: &mut J, tool: &mut J::Tool) -> Option<Box<dyn Any + Send>> {
    catch_unwind(AssertUnwindSafe(|| job.run(tool))).err()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    struct Square {
        key: usize,
        value: u64,
    }

    impl Job for Square {
        type Tool = ();

        fn run(&mut self, (): &mut ()) {
            assert_ne!(self.value, 13, "unlucky");
            self.value *= self.value;
        }

        fn key(&self) -> usize {
            self.key
        }

        fn cost(&self) -> u64 {
            WORTHWHILE + self.value
        }
    }

    fn jobs(values: impl Iterator<Item = u64>) -> Vec<Square> {
        values.enumerate().map(|(key, value)| Square { key, value }).collect()
    }

    /// Every job runs exactly once a call, is seen once as it comes back and then lies in order, whatever the number of threads, over
    /// many calls with and without pauses in which the workers fall asleep.
    #[test]
    fn runs_each_job_once_in_order() {
        for threads in [1, 2, 3, 8] {
            let mut pool = Pool::new(threads, || ());
            for round in 0..2000_u64 {
                let mut jobs = jobs(14..14 + round % 9);
                let mut back = Vec::new();
                pool.run(&mut jobs, |job| back.push((job.key, job.value)));
                back.sort_unstable();
                assert!(jobs.iter().map(|job| (job.key, job.value)).eq(back));
                assert!(jobs.iter().map(|job| job.value).eq((14..14 + round % 9).map(|v| v * v)));
                if round % 500 == 0 {
                    thread::sleep(std::time::Duration::from_millis(2));
                }
            }
        }
    }

    /// A panic inside a job reaches the caller, no job is lost, and the pool works on.
    #[test]
    fn panics_reach_the_caller() {
        let mut pool = Pool::new(2, || ());
        let mut broken = jobs([1, 13, 3, 4].into_iter());
        let caught = catch_unwind(AssertUnwindSafe(|| pool.run(&mut broken, |_| ())));
        assert!(caught.is_err());
        assert_eq!(broken.len(), 4);
        let mut fine = jobs(2..4);
        pool.run(&mut fine, |_| ());
        assert_eq!(fine[1].value, 9);
    }

    /// In a forked process, whose copy of the lock nobody will ever release, jobs still run and the pool
    /// still goes.
    #[test]
    fn a_forked_process_finishes() {
        let mut pool = Pool::new(2, || ());
        pool.process = pool.process.wrapping_add(1);
        let shared = pool.shared.clone().unwrap();
        let _held = shared.lock();
        let (done, finished) = mpsc::channel();
        thread::spawn(move || {
            let mut jobs = jobs(2..5);
            pool.run(&mut jobs, |_| ());
            drop(pool);
            done.send(jobs.iter().map(|job| job.value).collect::<Vec<_>>())
        });
        assert_eq!(finished.recv_timeout(std::time::Duration::from_secs(60)), Ok(vec![4, 9, 16]));
    }
}
