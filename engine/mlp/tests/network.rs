//! The network computes what its documentation says, operation for operation, and refuses everything else.

use hyperdust_mlp::{Activation, Batch, Error, Layer, Network, run};
use proptest::prelude::*;

fn layer(inputs: u32, activation: Activation, biases: &[f32], weights: &[f32]) -> Layer {
    Layer { inputs, activation, biases: biases.to_vec(), weights: weights.to_vec() }
}

fn answer(layers: Vec<Layer>, numbers: &[f32]) -> Result<Batch, Error> {
    let network = Network::new(layers)?;
    network.answer(&Batch { columns: network.inputs(), numbers: numbers.to_vec() })
}

/// Weights lie input by input; each activation is applied; rows do not mix.
#[test]
fn a_small_network_by_hand() {
    let first = layer(2, Activation::Relu, &[0.5, -1.0, 0.0], &[1.0, 2.0, -3.0, 10.0, 20.0, -30.0]);
    let second = layer(3, Activation::Linear, &[100.0], &[1.0, -1.0, 7.0]);
    // Row 1: 0.5 + 1 + 20, -1 + 2 + 40, and -63, which becomes 0. Row 2: 0.5 - 10 and -1 - 20 become 0, and 30.
    let answers = answer(vec![first, second], &[1.0, 2.0, 0.0, -1.0]).expect("a network that fits");
    assert_eq!(answers, Batch { columns: 1, numbers: vec![100.0 + 21.5 - 41.0, 100.0 + 7.0 * 30.0] });
    let tanh = answer(vec![layer(1, Activation::Tanh, &[0.25], &[2.0])], &[0.5]).expect("a network that fits");
    assert_eq!(tanh.numbers, [libm::tanhf(1.25)]);
}

/// The bias comes first, then the products from the first input to the last: any other order gives other bits here.
#[test]
fn the_order_of_additions_is_the_documented_one() {
    let weights = [1e8, 1.0, -1e8, 1.0];
    let answers = answer(vec![layer(4, Activation::Linear, &[3.0], &weights)], &[1.0; 4]).expect("a network that fits");
    let expected = (((3.0f32 + 1e8) + 1.0) - 1e8) + 1.0;
    assert_eq!(answers.numbers, [expected]);
    assert_ne!(expected, 5.0, "the exact sum");
}

/// A product is rounded before it is added: a fused operation would give another number.
#[test]
fn products_are_rounded() {
    let x = 1.0 + 3.0 * f32::EPSILON;
    let answers = answer(vec![layer(1, Activation::Linear, &[-1.0], &[x])], &[x]).expect("a network that fits");
    assert_eq!(answers.numbers, [x * x - 1.0]);
    assert_ne!(answers.numbers, [x.mul_add(x, -1.0)]);
}

/// -0 leaves as +0; an answer that overflows, or a NaN on the way, is an error and names its row.
#[test]
fn zeros_are_canonical_and_nothing_else_is_not_finite() {
    let zero = answer(vec![layer(1, Activation::Linear, &[-0.0], &[-1.0])], &[0.0]).expect("a network that fits");
    assert_eq!(zero.numbers[0].to_bits(), 0);
    let large = layer(1, Activation::Linear, &[0.0], &[f32::MAX]);
    assert_eq!(answer(vec![large.clone()], &[1.0, 2.0]), Err(Error::NotFinite { row: 1 }));
    let difference = layer(2, Activation::Relu, &[0.0], &[f32::MAX, -f32::MAX]);
    assert_eq!(answer(vec![difference], &[2.0, 2.0]), Err(Error::NotFinite { row: 0 }), "infinity minus infinity");
}

/// Each message names the part and what is accepted.
#[test]
fn what_does_not_fit_is_refused() {
    let linear = |inputs: u32, units: usize, weights: usize| {
        layer(inputs, Activation::Linear, &vec![0.0; units], &vec![0.0; weights])
    };
    let said = |layers: Vec<Layer>| Network::new(layers).expect_err("no network").to_string();
    assert_eq!(said(vec![]), "layers: found 0; accepted: 1 to 16");
    assert_eq!(said(vec![linear(1, 1, 1); 17]), "layers: found 17; accepted: 1 to 16");
    assert_eq!(said(vec![linear(0, 1, 0)]), "layer 0: inputs: found 0; accepted: 1 to 4096");
    assert_eq!(said(vec![linear(1, 0, 0)]), "layer 0: units: found 0; accepted: 1 to 4096");
    assert_eq!(said(vec![linear(2, 3, 5)]), "layer 0: weights: found 5; accepted: 6");
    assert_eq!(said(vec![linear(2, 3, 6), linear(2, 1, 2)]), "layer 1: inputs: found 2; accepted: 3");
    let infinite = layer(1, Activation::Linear, &[f32::INFINITY], &[0.0]);
    assert_eq!(said(vec![infinite]), "layer 0: a weight or bias: found inf; accepted: finite numbers");

    let network = Network::new(vec![linear(2, 1, 2)]).expect("a network");
    let said = |columns, count| {
        network.answer(&Batch { columns, numbers: vec![0.0; count] }).expect_err("no batch of it").to_string()
    };
    assert_eq!(said(3, 3), "observations: columns: found 3; accepted: 2, the network's inputs");
    assert_eq!(said(2, 3), "observations: numbers: found 3; accepted: a multiple of 2");
    let wide = Network::new(vec![linear(2, 4096, 8192), linear(4096, 4096, 1 << 24)]).expect("a network");
    let batch = Batch { columns: 2, numbers: vec![0.0; 64] };
    assert!(wide.answer(&batch).expect_err("too much").to_string().starts_with("observations: rows × weights: found"));
}

fn networks() -> impl Strategy<Value = (Network, Batch)> {
    let widths = prop::collection::vec(1usize..6, 2..5);
    (widths, any::<u64>(), 0usize..4).prop_map(|(widths, seed, rows)| {
        let mut state = seed | 1;
        let mut draw = |count: usize| -> Vec<f32> {
            let mut next = || {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (state >> 40) as f32 / (1u64 << 22) as f32 - 2.0
            };
            (0..count).map(|_| next()).collect()
        };
        let layers = widths
            .windows(2)
            .map(|pair| layer(pair[0] as u32, Activation::Tanh, &draw(pair[1]), &draw(pair[0] * pair[1])));
        let network = Network::new(layers.collect()).expect("layers that fit");
        (network, Batch { columns: widths[0] as u32, numbers: draw(rows * widths[0]) })
    })
}

proptest! {
    /// A batch's rows are independent, and bytes give what values give.
    #[test]
    fn rows_do_not_influence_each_other((network, batch) in networks()) {
        let together = network.answer(&batch).expect("finite");
        let alone: Vec<f32> = batch.numbers.chunks(batch.columns as usize).flat_map(|row| {
            network.answer(&Batch { columns: batch.columns, numbers: row.to_vec() }).expect("finite").numbers
        }).collect();
        prop_assert_eq!(&together.numbers, &alone);
        let bytes = run(&network.encode().expect("finite"), &batch.encode().expect("finite")).expect("valid bytes");
        prop_assert_eq!(Batch::decode(&bytes).expect("a batch"), together);
    }

    /// Encodings are read back as what they were; cut or changed ones never panic.
    #[test]
    fn decoding_is_total((network, batch) in networks(), cut in any::<prop::sample::Index>(), bit in any::<prop::sample::Index>()) {
        let bytes = network.encode().expect("finite");
        prop_assert_eq!(&Network::decode(&bytes).expect("a network"), &network);
        let observations = batch.encode().expect("finite");
        prop_assert!(run(&bytes[..cut.index(bytes.len())], &observations).is_err());
        let mut changed = bytes.clone();
        let bit = bit.index(8 * bytes.len());
        changed[bit / 8] ^= 1 << (bit % 8);
        let _ = run(&changed, &observations);
        let _ = run(&observations, &bytes);
    }
}
