//! What a trainer knows of a policy, and how all of it becomes layers.

use hyperdust_mlp::{Activation, Layer, Network};

use crate::{Error, MOST_WEIGHTS};

/// A layer as trainers have it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dense {
    /// Units × inputs, unit by unit.
    pub weight: Vec<f32>,
    /// One a unit.
    pub bias: Vec<f32>,
}

impl Dense {
    fn units(&self) -> usize {
        self.bias.len()
    }

    /// Numbers that it reads, rounded down where the weights fit no number of them.
    pub fn inputs(&self) -> usize {
        self.weight.len() / self.units().max(1)
    }
}

/// A policy. An observation is normalised, `(x − mean) ÷ std`, then clamped; it goes through the layers; and where bounds are given, the
/// answer is clamped to −1 … 1 and stretched over them.
#[derive(Clone, Debug, PartialEq)]
pub struct Design {
    /// The first first; at least one.
    pub layers: Vec<Dense>,
    /// Of all layers but the last.
    pub activation: Activation,
    /// Of the last.
    pub output_activation: Activation,
    /// Mean and standard deviation of each input, in the input's unit.
    pub normal: Option<(Vec<f32>, Vec<f32>)>,
    /// Normalised inputs are clamped to ± this.
    pub clip: Option<f32>,
    /// What −1 and 1 stand for, for each output.
    pub bounds: Option<(Vec<f32>, Vec<f32>)>,
}

impl Design {
    /// Layers that are all the same kind, and nothing beside them.
    pub fn new(layers: Vec<Dense>, activation: Activation) -> Self {
        Self { layers, activation, output_activation: Activation::Linear, normal: None, clip: None, bounds: None }
    }

    /// One network for all of it. Clamping takes layers of its own: `min(max(x, a), b)` is `b − relu((b − a) − relu(x − a))`, which is
    /// exact at both ends and off by a rounding between them.
    pub fn network(&self) -> Result<Network, Error> {
        let (Some(first), Some(last)) = (self.layers.first(), self.layers.last()) else {
            return Ok(Network::new(Vec::new())?);
        };
        let (inputs, outputs) = (first.inputs(), last.units());
        self.check(inputs, outputs)?;
        let mut layers: Vec<Layer> = Vec::new();
        let end = self.layers.len() - 1;
        for (number, dense) in self.layers.iter().enumerate() {
            let activation = if number < end { self.activation } else { self.output_activation };
            layers.push(transposed(number, dense, activation)?);
        }
        if self.normal.is_some() || self.clip.is_some() {
            let (mean, std) = self.normal.clone().unwrap_or_else(|| (vec![0.0; inputs], vec![1.0; inputs]));
            normalised(&mut layers, &mean, &std, self.clip);
        }
        if let Some((low, high)) = &self.bounds {
            stretched(&mut layers, low, high);
        }
        Ok(Network::new(layers)?)
    }

    fn check(&self, inputs: usize, outputs: usize) -> Result<(), Error> {
        let sides = [("observation", &self.normal, inputs), ("action", &self.bounds, outputs)];
        for (name, pair, accepted) in sides {
            let found = pair.as_ref().map(|(first, second)| [first.len(), second.len()]);
            if let Some(found) = found.into_iter().flatten().find(|found| *found != accepted) {
                let (name, found, accepted) = (format!("{name}.*"), found.to_string(), accepted.to_string());
                return Err(Error::Tensor { name, found, accepted });
            }
        }
        let wrong = |name: &str, found: f32, accepted: &str| {
            Err(Error::Tensor { name: name.into(), found: found.to_string(), accepted: accepted.into() })
        };
        if let Some((mean, std)) = &self.normal {
            if let Some(found) = mean.iter().find(|x| !x.is_finite()) {
                return wrong("observation.mean", *found, "finite numbers");
            }
            if let Some(found) = std.iter().find(|x| !(x.is_finite() && **x > 0.0)) {
                return wrong("observation.std", *found, "finite numbers above 0");
            }
        }
        if let Some((low, high)) = &self.bounds
            && let Some((low, _)) =
                low.iter().zip(high).find(|(low, high)| !((**high - **low).is_finite() && low <= high))
        {
            return wrong("action.low", *low, "finite numbers up to action.high");
        }
        if let Some(found) = self.clip.filter(|clip| !(clip.is_finite() && *clip > 0.0)) {
            let (key, found) = ("observation_clip".into(), found.to_string());
            return Err(Error::Metadata { key, found, accepted: "a finite number above 0".into() });
        }
        // Before anything of that size is made.
        let square = |side: usize| (side as u64).saturating_mul(side as u64);
        let layers: u64 = self.layers.iter().map(|dense| dense.weight.len() as u64).sum();
        let clip = self.clip.map_or(0, |_| square(inputs).saturating_mul(2));
        let bounds = self.bounds.as_ref().map_or(0, |_| square(outputs).saturating_mul(3));
        let weights = layers.saturating_add(clip).saturating_add(bounds);
        if weights > MOST_WEIGHTS {
            let name = "all weights, those that stand for clamping included".into();
            let (found, accepted) = (weights.to_string(), format!("at most {MOST_WEIGHTS}"));
            return Err(Error::Tensor { name, found, accepted });
        }
        Ok(())
    }
}

/// Networks have the weights of an input side by side, trainers those of a unit.
fn transposed(number: usize, dense: &Dense, activation: Activation) -> Result<Layer, Error> {
    let (inputs, units) = (dense.inputs(), dense.units());
    if inputs * units != dense.weight.len() {
        let (name, found) = (format!("layers.{number}.weight"), dense.weight.len().to_string());
        return Err(Error::Tensor { name, found, accepted: format!("a multiple of {units}") });
    }
    let mut weights = Vec::with_capacity(dense.weight.len());
    for input in 0..inputs {
        weights.extend((0..units).map(|unit| dense.weight[unit * inputs + input]));
    }
    let inputs = u32::try_from(inputs).unwrap_or(u32::MAX);
    Ok(Layer { inputs, activation, biases: dense.bias.clone(), weights })
}

/// Puts the normalisation before the first layer: into it where nothing is clamped.
fn normalised(layers: &mut Vec<Layer>, mean: &[f32], std: &[f32], clip: Option<f32>) {
    let Some(first) = layers.first_mut() else { return };
    let units = first.biases.len();
    let mut biases: Vec<f64> = first.biases.iter().map(|bias| f64::from(*bias)).collect();
    for (input, weights) in first.weights.chunks_exact_mut(units.max(1)).enumerate() {
        let (mean, std) = (f64::from(mean[input]), f64::from(std[input]));
        for (weight, bias) in weights.iter_mut().zip(&mut biases) {
            let wide = f64::from(*weight);
            match clip {
                None => {
                    *bias -= wide * mean / std;
                    *weight = (wide / std) as f32;
                }
                // What comes is clip − the number that it stands for.
                Some(clip) => {
                    *bias += wide * f64::from(clip);
                    *weight = -*weight;
                }
            }
        }
    }
    first.biases = biases.into_iter().map(|bias| bias as f32).collect();
    if let Some(clip) = clip {
        let scales: Vec<f32> = std.iter().map(|std| 1.0 / std).collect();
        let shifts =
            mean.iter().zip(std).map(|(mean, std)| (f64::from(clip) - f64::from(*mean) / f64::from(*std)) as f32);
        let above = diagonal(&scales, shifts.collect(), Activation::Relu);
        let below = diagonal(&vec![-1.0; mean.len()], vec![2.0 * clip; mean.len()], Activation::Relu);
        layers.splice(0..0, [above, below]);
    }
}

/// Puts clamping to −1 … 1 and stretching over the bounds behind the last layer.
fn stretched(layers: &mut Vec<Layer>, low: &[f32], high: &[f32]) {
    let Some(last) = layers.last_mut() else { return };
    let count = low.len();
    let half: Vec<f32> = low.iter().zip(high).map(|(low, high)| (high - low) / 2.0).collect();
    if last.activation == Activation::Tanh {
        // It is between −1 and 1 already.
        let middle = low.iter().zip(high).map(|(low, high)| low + (high - low) / 2.0).collect();
        layers.push(diagonal(&half, middle, Activation::Linear));
        return;
    }
    if last.activation == Activation::Linear {
        last.biases.iter_mut().for_each(|bias| *bias += 1.0);
        last.activation = Activation::Relu;
    } else {
        layers.push(diagonal(&vec![1.0; count], vec![1.0; count], Activation::Relu));
    }
    layers.push(diagonal(&vec![-1.0; count], vec![2.0; count], Activation::Relu));
    let back: Vec<f32> = half.iter().map(|half| -half).collect();
    layers.push(diagonal(&back, high.to_vec(), Activation::Linear));
}

/// Each number times its own scale, plus its own shift.
fn diagonal(scales: &[f32], shifts: Vec<f32>, activation: Activation) -> Layer {
    let count = scales.len();
    let mut weights = vec![0.0; count * count];
    scales.iter().enumerate().for_each(|(i, scale)| weights[i * count + i] = *scale);
    Layer { inputs: u32::try_from(count).unwrap_or(u32::MAX), activation, biases: shifts, weights }
}
