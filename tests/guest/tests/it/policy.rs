//! A policy's network answers with the same bits here and on the proof machine.

use hyperdust_guest_tests::Guest;
use hyperdust_kernel::rng::Rng;
use hyperdust_mlp::{ANSWERS, Activation, Batch, Error, Layer, NETWORK, Network, OBSERVATIONS, run};

fn numbers(rng: &mut Rng, count: usize, size: f32) -> Vec<f32> {
    (0..count).map(|_| rng.uniform(-size, size)).collect()
}

/// Layers of these widths; the last one's activation is `last`.
fn network(rng: &mut Rng, widths: &[u32], hidden: Activation, last: Activation) -> Network {
    let layer = |(number, pair): (usize, &[u32])| Layer {
        inputs: pair[0],
        activation: if number + 2 == widths.len() { last } else { hidden },
        biases: numbers(rng, pair[1] as usize, 0.5),
        weights: numbers(rng, (pair[0] * pair[1]) as usize, 1.5),
    };
    Network::new(widths.windows(2).enumerate().map(layer).collect()).expect("layers that fit")
}

/// Observations from tiny (subnormal) to large, through tanh and relu.
#[test]
fn networks_answer_with_the_same_bits() {
    let guest = Guest::new("policy-mlp");
    let mut rng = Rng::new(5);
    let cases: [(&[u32], _, _, f32); 4] = [
        (&[27, 64, 64, 8], Activation::Tanh, Activation::Tanh, 3.0),
        (&[11, 32, 3], Activation::Relu, Activation::Linear, 1e6),
        (&[4, 2], Activation::Linear, Activation::Tanh, 1e-39),
        (&[1, 1, 1, 1, 1], Activation::Tanh, Activation::Linear, 0.1),
    ];
    for (widths, hidden, last, size) in cases {
        let network = network(&mut rng, widths, hidden, last).encode().expect("finite numbers");
        let batch = Batch { columns: widths[0], numbers: numbers(&mut rng, 6 * widths[0] as usize, size) };
        let observations = batch.encode().expect("finite numbers");
        let native = run(&network, &observations).expect("a network and its observations");
        let end = guest.run(&[Some((NETWORK, &network)), Some((OBSERVATIONS, &observations))]);
        assert_eq!(end.result(ANSWERS), native, "{widths:?}");
    }
}

/// Refused with the same words: a batch of other columns, and an answer that overflows.
#[test]
fn refusals_are_the_same() {
    let guest = Guest::new("policy-mlp");
    let mut rng = Rng::new(6);
    let network = network(&mut rng, &[3, 3], Activation::Linear, Activation::Linear).encode().expect("finite numbers");
    for (columns, number) in [(4, 1.0), (3, f32::MAX)] {
        let batch = Batch { columns, numbers: vec![number; 12] };
        let observations = batch.encode().expect("finite numbers");
        let native = run(&network, &observations).expect_err("a batch that does not do");
        assert_eq!(matches!(native, Error::NotFinite { .. }), columns == 3);
        let end = guest.run(&[Some((NETWORK, &network)), Some((OBSERVATIONS, &observations))]);
        assert_eq!(end.refusal(), native.to_string());
    }
}
