//! Where a policy sits: a bounded queue, and a thread that takes what is in it together.
//!
//! There is no actor to look after the thread: it keeps nothing from one batch to the next, so there is nothing to bring back. A panic
//! costs its batch the answers, which their tickets say, and no other.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};

use hyperdust_policy::Policy;

use crate::serve::metrics::PolicyCounters;

/// Requests that may wait.
const QUEUE: usize = 1024;
/// Numbers of all rows that may wait: 64 MiB.
const WAITING: usize = 16 << 20;

/// Takes the actions, or why there are none.
pub type Answer = Box<dyn FnOnce(Result<&[f32], String>) + Send>;

/// Rows that somebody wants actions for.
pub struct Asked {
    /// Is told; dropped where nobody computes them.
    pub answer: Answer,
    /// The rows.
    pub numbers: Vec<f32>,
}

/// The way to a policy.
#[derive(Debug)]
pub struct Seat {
    /// What sits there.
    pub policy: Arc<Policy>,
    /// Rows of a request, at most.
    pub rows: usize,
    queue: SyncSender<Asked>,
    /// Numbers that wait or are computed now.
    waiting: Arc<AtomicUsize>,
}

impl Seat {
    /// With a thread that ends when this is dropped and everything was answered.
    pub fn new(
        name: &str,
        policy: Arc<Policy>,
        rows: usize,
        min_batch: usize,
        timeout: Duration,
        counters: PolicyCounters,
    ) -> std::io::Result<Self> {
        let (queue, receiver) = sync_channel(QUEUE);
        let waiting = Arc::<AtomicUsize>::default();
        let (hosted, counted) = (policy.clone(), waiting.clone());
        let label: String = name.chars().take(8).collect();
        std::thread::Builder::new().name(format!("policy-{label}")).spawn(move || {
            let (inputs, most) = (hosted.inputs(), hosted.rows());
            while let Some(batch) = gather(&receiver, inputs, min_batch, most, timeout) {
                let numbers = batch.iter().map(|asked| asked.numbers.len()).sum();
                counters.rows.inc_by((numbers / inputs) as u64);
                counters.batches.inc();
                if catch_unwind(AssertUnwindSafe(|| answer(&hosted, batch))).is_err() {
                    tracing::error!(policy = label, "a policy failed: its batch is not answered");
                }
                counted.fetch_sub(numbers, Ordering::SeqCst);
            }
        })?;
        Ok(Self { policy, rows, queue, waiting })
    }

    /// Queues rows; dropped, which their ticket says, where too many wait.
    pub fn put(&self, asked: Asked) {
        let count = asked.numbers.len();
        if self.waiting.fetch_add(count, Ordering::SeqCst) + count > WAITING || self.queue.try_send(asked).is_err() {
            self.waiting.fetch_sub(count, Ordering::SeqCst);
        }
    }

    /// Whether nothing waits.
    pub fn idle(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) == 0
    }
}

/// The next batch: what waits, until it is `min_batch` rows or the first has waited for `timeout`, and from then on whatever is
/// there, up to about `most` rows. `None`: nobody can ask any more.
fn gather(
    queue: &Receiver<Asked>,
    inputs: usize,
    min_batch: usize,
    most: usize,
    timeout: Duration,
) -> Option<Vec<Asked>> {
    let first = queue.recv().ok()?;
    let until = Instant::now() + timeout;
    let mut rows = first.numbers.len() / inputs;
    let mut batch = vec![first];
    while rows < most.max(min_batch) {
        let asked = if rows < min_batch {
            match queue.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                Ok(asked) => asked,
            }
        } else {
            match queue.try_recv() {
                Err(_) => break,
                Ok(asked) => asked,
            }
        };
        rows += asked.numbers.len() / inputs;
        batch.push(asked);
    }
    Some(batch)
}

/// Computes a batch and tells everybody their part.
fn answer(policy: &Policy, batch: Vec<Asked>) {
    let together = match batch.as_slice() {
        [one] => policy.act(&one.numbers),
        many => policy.act(&many.iter().flat_map(|asked| &asked.numbers).copied().collect::<Vec<_>>()),
    };
    match together {
        Ok(actions) => {
            let mut rest = actions.as_slice();
            for Asked { answer, numbers } in batch {
                let (mine, others) = rest.split_at(numbers.len() / policy.inputs() * policy.outputs());
                rest = others;
                answer(Ok(mine));
            }
        }
        // Somebody's rows have no answer: only theirs.
        Err(_) => {
            for Asked { answer, numbers } in batch {
                match policy.act(&numbers) {
                    Ok(actions) => answer(Ok(&actions)),
                    Err(error) => answer(Err(error.to_string())),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use hyperdust_policy::{Activation, Dense, Design};

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn policy() -> Policy {
        let layers = [(2, 3), (3, 1)].map(|(inputs, units)| Dense {
            weight: (0..inputs * units).map(|i| 0.3 * i as f32 - 0.7).collect(),
            bias: vec![0.1; units],
        });
        Policy::new(Design::new(layers.to_vec(), Activation::Tanh).network().unwrap()).unwrap()
    }

    fn asked(numbers: &[f32]) -> (Asked, Receiver<Result<Vec<f32>, String>>) {
        let (tell, told) = channel();
        let answer = move |result: Result<&[f32], String>| tell.send(result.map(<[f32]>::to_vec)).unwrap();
        (Asked { answer: Box::new(answer), numbers: numbers.to_vec() }, told)
    }

    /// A batch is what it takes to have so many rows, and what is there besides; with no patience it is what is there.
    #[test]
    fn batches() {
        let (queue, receiver) = sync_channel(16);
        let put = |rows: usize| queue.send(asked(&vec![0.5; 2 * rows]).0).unwrap();
        let lengths = |batch: Option<Vec<Asked>>| -> Vec<usize> {
            batch.unwrap().iter().map(|asked| asked.numbers.len() / 2).collect()
        };
        [1, 1, 2, 1].into_iter().for_each(&put);
        assert_eq!(lengths(gather(&receiver, 2, 4, 100, HOUR)), [1, 1, 2, 1]);
        [1, 1, 2, 1].into_iter().for_each(&put);
        assert_eq!(lengths(gather(&receiver, 2, 1, 2, HOUR)), [1, 1]);
        assert_eq!(lengths(gather(&receiver, 2, 3, 2, HOUR)), [2, 1]);
        put(1);
        assert_eq!(lengths(gather(&receiver, 2, 50, 100, Duration::ZERO)), [1]);
        put(1);
        std::thread::scope(|scope| {
            scope.spawn(|| [1, 1].into_iter().for_each(&put));
            assert_eq!(lengths(gather(&receiver, 2, 3, 100, HOUR)), [1, 1, 1]);
        });
        put(1);
        drop(queue);
        assert_eq!(lengths(gather(&receiver, 2, 3, 100, HOUR)), [1], "the last are not waited with");
        assert!(gather(&receiver, 2, 3, 100, HOUR).is_none());
    }

    /// In a batch everybody gets what they would have got alone, and rows that have no answer are nobody else's loss.
    #[test]
    fn answers_are_each_ones_own() {
        let policy = policy();
        let rows = [&[0.5, -1.0][..], &[1.0, 2.0, 3.0, 4.0], &[f32::NAN, 0.0], &[], &[0.5, -1.0]];
        let (batch, told): (Vec<_>, Vec<_>) = rows.iter().map(|rows| asked(rows)).unzip();
        answer(&policy, batch);
        let answers: Vec<_> = told.iter().map(|told| told.recv().unwrap()).collect();
        for (rows, answer) in rows.iter().zip(&answers) {
            assert_eq!(answer.as_ref().ok(), policy.act(rows).ok().as_ref(), "{rows:?}");
        }
        assert!(answers[2].as_ref().unwrap_err().contains("NaN"), "{answers:?}");
        assert_eq!(answers[0], answers[4]);
    }

    /// What is too much is dropped, and what is dropped leaves room again.
    #[test]
    fn queues_are_bounded() {
        let counters = crate::serve::metrics::Metrics::new().policy("p");
        let seat = Seat::new("p", Arc::new(policy()), 100, 1, HOUR, counters).unwrap();
        let (large, told) = asked(&vec![0.0; WAITING + 2]);
        seat.put(large);
        assert!(told.recv().is_err(), "nobody will answer");
        assert!(seat.idle());
        let (small, told) = asked(&[0.5, 0.5]);
        seat.put(small);
        assert_eq!(told.recv().unwrap(), Ok(policy().act(&[0.5, 0.5]).unwrap()));
    }
}
