//! The network: layers, what is accepted as one, and the arithmetic.

use alloc::{format, string::String, vec::Vec};

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{Batch, Error, MOST_WORK, decode, encode};

/// Layers, at most.
const MOST_LAYERS: usize = 16;
/// Inputs and units of a layer, at most.
const WIDEST: u32 = 4096;

/// What is applied to each unit of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum Activation {
    /// Nothing.
    Linear,
    /// Negative numbers become 0.
    Relu,
    /// `libm::tanhf`.
    Tanh,
}

/// A layer of units that all see the same inputs. Borsh: the fields in this order.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Layer {
    /// Numbers that it reads.
    pub inputs: u32,
    /// What is applied to each sum.
    pub activation: Activation,
    /// One a unit: the sum's start.
    pub biases: Vec<f32>,
    /// Inputs × units: first the weights of input 0 in all units, then those of input 1. (A processor with wide registers
    /// then adds many units at once, and each unit's order stays.)
    pub weights: Vec<f32>,
}

/// A policy's network. Borsh: the layers.
#[derive(Clone, Debug, PartialEq, BorshSerialize, BorshDeserialize)]
pub struct Network {
    layers: Vec<Layer>,
}

impl Network {
    /// A network of these layers, the first first. An error where they do not fit each other, a number is not finite, or
    /// one is over the limits: 1 to 16 layers of 1 to 4096 inputs and units.
    pub fn new(layers: Vec<Layer>) -> Result<Self, Error> {
        if layers.is_empty() || layers.len() > MOST_LAYERS {
            return Err(invalid("layers".into(), layers.len(), format!("1 to {MOST_LAYERS}")));
        }
        let mut before: Option<usize> = None;
        for (number, Layer { inputs, biases, weights, .. }) in layers.iter().enumerate() {
            let at = |part: &str| format!("layer {number}: {part}");
            let accepted = 1..=WIDEST as usize;
            let (inputs, units) = (*inputs as usize, biases.len());
            if !accepted.contains(&inputs) || before.is_some_and(|units| units != inputs) {
                let accepted = before.map_or_else(|| format!("1 to {WIDEST}"), |units| format!("{units}"));
                return Err(invalid(at("inputs"), inputs, accepted));
            }
            if !accepted.contains(&units) {
                return Err(invalid(at("units"), units, format!("1 to {WIDEST}")));
            }
            if weights.len() != inputs * units {
                return Err(invalid(at("weights"), weights.len(), format!("{}", inputs * units)));
            }
            if let Some(x) = biases.iter().chain(weights).find(|x| !x.is_finite()) {
                return Err(invalid(at("a weight or bias"), x, "finite numbers".into()));
            }
            before = Some(units);
        }
        Ok(Self { layers })
    }

    /// The network that `bytes` are the encoding of.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let Self { layers } = decode("network", bytes)?;
        Self::new(layers)
    }

    /// Its encoding.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        encode("network", self)
    }

    /// Numbers that it reads.
    pub fn inputs(&self) -> u32 {
        self.layers.first().map_or(0, |layer| layer.inputs)
    }

    /// Numbers that it answers with.
    pub fn outputs(&self) -> u32 {
        self.layers.last().map_or(0, |layer| layer.biases.len() as u32)
    }

    /// The answers to a batch, row by row. An error where it has not the right columns, holds a number that is not finite,
    /// asks for more than [`MOST_WORK`], or where an answer is not finite.
    pub fn answer(&self, observations: &Batch) -> Result<Batch, Error> {
        observations.check(self.inputs())?;
        let weights: usize = self.layers.iter().map(|layer| layer.weights.len()).sum();
        let work = observations.rows() as u64 * weights as u64;
        if work > MOST_WORK {
            return Err(invalid("observations: rows × weights".into(), work, format!("at most {MOST_WORK}")));
        }
        let mut numbers = Vec::with_capacity(observations.rows() * self.outputs() as usize);
        let (mut values, mut sums) = (Vec::new(), Vec::new());
        for (row, observation) in observations.numbers.chunks_exact(self.inputs() as usize).enumerate() {
            values.clear();
            values.extend_from_slice(observation);
            for layer in &self.layers {
                layer.apply(&values, &mut sums);
                core::mem::swap(&mut values, &mut sums);
            }
            if values.iter().any(|x| !x.is_finite()) {
                return Err(Error::NotFinite { row });
            }
            // -0 becomes +0.
            numbers.extend(values.iter().map(|x| x + 0.0));
        }
        Ok(Batch { columns: self.outputs(), numbers })
    }
}

impl Layer {
    /// The order of operations that the crate promises.
    fn apply(&self, inputs: &[f32], sums: &mut Vec<f32>) {
        sums.clear();
        sums.extend_from_slice(&self.biases);
        for (&input, weights) in inputs.iter().zip(self.weights.chunks_exact(self.biases.len())) {
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += weight * input;
            }
        }
        for sum in sums {
            *sum = match self.activation {
                Activation::Linear => *sum,
                // A NaN stays one, to be found.
                Activation::Relu if *sum < 0.0 => 0.0,
                Activation::Relu => *sum,
                Activation::Tanh => libm::tanhf(*sum),
            };
        }
    }
}

fn invalid(what: String, found: impl core::fmt::Display, accepted: String) -> Error {
    Error::Invalid { what, found: format!("{found}"), accepted }
}
