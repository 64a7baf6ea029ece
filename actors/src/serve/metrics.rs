//! What the server counts, as Prometheus reads it.
//!
//! Handles are looked up once, when a session is opened: counting a step is an atomic addition. Labels come from the server's own
//! lists (scenes, kinds, codes), never from clients, so their number is bounded.

use hyperdust_store::Outcome;
use hyperdust_wire::{Code, Kind};
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

/// All of them.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    steps: IntCounterVec,
    requests: HistogramVec,
    failures: IntCounterVec,
    /// Sessions that live.
    pub sessions: IntGauge,
    /// Connections that have said something lately.
    pub connections: IntGauge,
    /// Messages that wait for the gateway to send them.
    pub outbox: IntGauge,
    /// Answers that were dropped because their client does not read; it gets them when it asks again.
    pub dropped: IntCounter,
    /// Sessions that were begun again after their worker failed.
    pub restarts: IntCounter,
    /// Episodes that are safe in the store.
    pub episodes: IntCounter,
    /// Episodes that wait to be written.
    pub recorder: IntGauge,
    /// Seconds of a commit.
    pub commits: Histogram,
    /// Bytes of the store.
    pub store: IntGauge,
    /// What waits to be computed again.
    pub companion: IntGauge,
    verdicts: IntCounterVec,
}

/// What a session counts.
#[derive(Clone, Debug)]
pub struct Counters {
    /// Steps of lanes.
    pub steps: IntCounter,
    /// Seconds of a step, from its arrival at the worker to its answer.
    pub step: Histogram,
    /// The same of a reset.
    pub reset: Histogram,
}

impl Metrics {
    /// All zero.
    pub fn new() -> Self {
        let registry = Registry::new();
        macro_rules! make {
            ($kind:ident, $name:literal, $help:literal) => {
                register(&registry, $kind::new($name, $help))
            };
            ($kind:ident, $name:literal, $help:literal, $label:literal) => {
                register(&registry, $kind::new(Opts::new($name, $help), &[$label]))
            };
        }
        // 16 µs to 8 s, each twice the one before.
        let buckets: Vec<f64> = (0..20).map(|power| 16e-6 * f64::from(1 << power)).collect();
        let seconds = |name, help| HistogramOpts::new(name, help).buckets(buckets.clone());
        Self {
            steps: make!(IntCounterVec, "hyperdust_steps_total", "Steps of lanes", "scene"),
            requests: register(
                &registry,
                HistogramVec::new(seconds("hyperdust_request_seconds", "Requests at their session"), &["kind"]),
            ),
            failures: make!(IntCounterVec, "hyperdust_failures_total", "Requests that were refused", "code"),
            sessions: make!(IntGauge, "hyperdust_sessions", "Sessions that live"),
            connections: make!(IntGauge, "hyperdust_connections", "Connections that have said something lately"),
            outbox: make!(IntGauge, "hyperdust_outbox", "Messages that wait to be sent"),
            dropped: make!(IntCounter, "hyperdust_dropped_total", "Answers to clients that do not read"),
            restarts: make!(IntCounter, "hyperdust_restarts_total", "Sessions begun again after a failure"),
            episodes: make!(IntCounter, "hyperdust_episodes_total", "Episodes that are safe in the store"),
            recorder: make!(IntGauge, "hyperdust_recorder", "Episodes that wait to be written"),
            commits: register(
                &registry,
                Histogram::with_opts(seconds("hyperdust_commit_seconds", "Commits to the store")),
            ),
            store: make!(IntGauge, "hyperdust_store_bytes", "Bytes of the store"),
            companion: make!(IntGauge, "hyperdust_companion", "Episodes and jobs that wait to be computed again"),
            verdicts: make!(IntCounterVec, "hyperdust_verdicts_total", "Verdicts of the companion", "outcome"),
            registry,
        }
    }

    /// The handles of a session in this scene, one of the catalogue's.
    pub fn counters(&self, scene: &str) -> Counters {
        let request = |kind: Kind| self.requests.with_label_values(&[kind.name()]);
        Counters {
            steps: self.steps.with_label_values(&[scene]),
            step: request(Kind::Step),
            reset: request(Kind::Reset),
        }
    }

    /// Steps of all lanes.
    pub fn steps(&self) -> u64 {
        let families = prometheus::core::Collector::collect(&self.steps);
        let metrics = families.iter().flat_map(|family| family.get_metric());
        metrics.map(|metric| metric.get_counter().get_value() as u64).sum()
    }

    /// A request was refused.
    pub fn failed(&self, code: Code) {
        self.failures.with_label_values(&[code.name()]).inc();
    }

    /// The companion has come to a verdict.
    pub fn verdict(&self, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::Attested => "attested",
            Outcome::Disputed => "disputed",
            Outcome::Inputs => "inputs",
            Outcome::Abstained => "abstained",
        };
        self.verdicts.with_label_values(&[outcome]).inc();
    }

    /// Prometheus' text.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        let encoded = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        encoded.expect("text in memory can be written");
        String::from_utf8(text).expect("labels are text")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Names are written down above, each once.
fn register<T: prometheus::core::Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<T>) -> T {
    let made = made.expect("names and labels are well-formed");
    registry.register(Box::new(made.clone())).expect("names differ");
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was counted is in the text, under its scene; nothing clashes.
    #[test]
    fn text() {
        let metrics = Metrics::new();
        metrics.counters("ant").steps.inc_by(7);
        metrics.failed(Code::Quota);
        let text = metrics.render();
        assert!(text.contains("hyperdust_steps_total{scene=\"ant\"} 7"), "{text}");
        assert!(text.contains("hyperdust_failures_total{code=\"quota\"} 1"), "{text}");
    }
}
