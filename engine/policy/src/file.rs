//! A [`Design`] as safetensors. The names are in docs/policies.md.
//!
//! Everything in a file has a meaning: a tensor or a piece of metadata that is not known is an error, because a name that is misspelt
//! would give another policy in silence.

use std::collections::{BTreeMap, HashMap};

use hyperdust_mlp::Activation;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::{Dense, Design, Error};

/// Bytes of the header, at most: what a parser may be given to chew on.
const HEADER: u64 = 1 << 16;
const WEIGHT: &str = ".weight";
const ACTIVATIONS: [(&str, Activation); 3] =
    [("linear", Activation::Linear), ("relu", Activation::Relu), ("tanh", Activation::Tanh)];

impl Design {
    /// The design that a file holds.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let malformed = |error: safetensors::SafeTensorError| Error::Format(error.to_string());
        if let Some(length) = bytes.first_chunk::<8>().map(|length| u64::from_le_bytes(*length)).filter(|n| *n > HEADER)
        {
            return Err(Error::TooLong { what: "the header", found: length, accepted: HEADER });
        }
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(malformed)?;
        let file = SafeTensors::deserialize(bytes).map_err(malformed)?;
        let mut tensors: BTreeMap<String, TensorView<'_>> = file.tensors().into_iter().collect();
        let mut said: HashMap<String, String> = header.metadata().clone().unwrap_or_default();

        let count = tensors.keys().filter(|name| name.starts_with("layers.") && name.ends_with(WEIGHT)).count();
        let mut layers: Vec<Dense> = Vec::new();
        for number in 0..count.max(1) {
            let (weight, bias) = (format!("layers.{number}{WEIGHT}"), format!("layers.{number}.bias"));
            let bias = vector(&mut tensors, &bias)?.ok_or_else(|| missing(&bias, "float32 [units]"))?;
            let (shape, weight_) = matrix(&mut tensors, &weight)?;
            if shape[0] != bias.len() {
                return Err(tensor(
                    &weight,
                    format!("{shape:?}"),
                    format!("[{}, inputs], as its bias is long", bias.len()),
                ));
            }
            if let Some(before) = layers.last().map(|dense| dense.bias.len()).filter(|before| *before != shape[1]) {
                return Err(tensor(&weight, format!("{shape:?}"), format!("[{}, {before}]", shape[0])));
            }
            layers.push(Dense { weight: weight_, bias });
        }
        let normal = pair(&mut tensors, "observation.mean", "observation.std")?;
        let bounds = pair(&mut tensors, "action.low", "action.high")?;
        if let Some(name) = tensors.keys().next() {
            let accepted = "layers.N.weight and layers.N.bias (N from 0 on), observation.mean, observation.std, action.low, action.high";
            return Err(tensor(name, "it".into(), accepted.into()));
        }

        let hidden = activation(&mut said, "activation")?;
        if hidden.is_none() && layers.len() > 1 {
            let (key, found) = ("activation".into(), "none".into());
            return Err(Error::Metadata {
                key,
                found,
                accepted: "linear, relu or tanh, where there are two layers or more".into(),
            });
        }
        let output_activation = activation(&mut said, "output_activation")?.unwrap_or(Activation::Linear);
        let clip = match said.remove("observation_clip") {
            None => None,
            Some(text) => Some(text.parse::<f32>().map_err(|_| Error::Metadata {
                key: "observation_clip".into(),
                found: quoted(&text),
                accepted: "a number".into(),
            })?),
        };
        // What other libraries write into every file.
        said.remove("format");
        if let Some(key) = said.keys().min() {
            let accepted = "activation, output_activation, observation_clip, format".into();
            return Err(Error::Metadata { key: quoted(key), found: "it".into(), accepted });
        }
        Ok(Self { layers, activation: hidden.unwrap_or(Activation::Linear), output_activation, normal, clip, bounds })
    }

    /// A file that holds this design. An error where it is no policy: what is written can be read.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        self.network()?;
        let mut tensors: Vec<(String, Vec<usize>, &[f32])> = Vec::new();
        for (number, dense) in self.layers.iter().enumerate() {
            tensors.push((format!("layers.{number}{WEIGHT}"), vec![dense.bias.len(), dense.inputs()], &dense.weight));
            tensors.push((format!("layers.{number}.bias"), vec![dense.bias.len()], &dense.bias));
        }
        let pairs =
            [("observation.mean", "observation.std", &self.normal), ("action.low", "action.high", &self.bounds)];
        for (first, second, pair) in pairs {
            if let Some(pair) = pair {
                tensors.push((first.into(), vec![pair.0.len()], &pair.0));
                tensors.push((second.into(), vec![pair.1.len()], &pair.1));
            }
        }
        let bytes: Vec<Vec<u8>> =
            tensors.iter().map(|(_, _, numbers)| numbers.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
        let malformed = |error: safetensors::SafeTensorError| Error::Format(error.to_string());
        let views = tensors.into_iter().zip(&bytes).map(|((name, shape, _), bytes)| {
            TensorView::new(Dtype::F32, shape, bytes).map(|view| (name, view)).map_err(malformed)
        });
        let mut said = HashMap::from([
            ("activation".to_owned(), name(self.activation).to_owned()),
            ("output_activation".to_owned(), name(self.output_activation).to_owned()),
        ]);
        if let Some(clip) = self.clip {
            said.insert("observation_clip".into(), clip.to_string());
        }
        safetensors::serialize(views.collect::<Result<Vec<_>, _>>()?, Some(said)).map_err(malformed)
    }
}

fn name(activation: Activation) -> &'static str {
    ACTIVATIONS.iter().find(|(_, known)| *known == activation).map_or("linear", |(name, _)| name)
}

/// The activation that is called so: `linear`, `relu` or `tanh`.
pub fn named(name: &str) -> Option<Activation> {
    ACTIVATIONS.iter().find(|(known, _)| *known == name).map(|(_, activation)| *activation)
}

fn activation(said: &mut HashMap<String, String>, key: &str) -> Result<Option<Activation>, Error> {
    let Some(text) = said.remove(key) else { return Ok(None) };
    named(&text).map(Some).ok_or_else(|| Error::Metadata {
        key: key.into(),
        found: quoted(&text),
        accepted: "linear, relu or tanh".into(),
    })
}

type Tensors<'a> = BTreeMap<String, TensorView<'a>>;
/// Two vectors that come together.
type Pair = (Vec<f32>, Vec<f32>);

fn pair(tensors: &mut Tensors<'_>, first: &str, second: &str) -> Result<Option<Pair>, Error> {
    match (vector(tensors, first)?, vector(tensors, second)?) {
        (Some(first), Some(second)) => Ok(Some((first, second))),
        (None, None) => Ok(None),
        (None, _) => Err(missing(first, &format!("it, where there is {second}"))),
        (_, None) => Err(missing(second, &format!("it, where there is {first}"))),
    }
}

fn vector(tensors: &mut Tensors<'_>, name: &str) -> Result<Option<Vec<f32>>, Error> {
    let Some(view) = tensors.remove(name) else { return Ok(None) };
    if view.dtype() != Dtype::F32 || view.shape().len() != 1 {
        return Err(tensor(name, format!("{} {:?}", view.dtype(), view.shape()), "F32 of one dimension".into()));
    }
    Ok(Some(numbers(&view)))
}

fn matrix(tensors: &mut Tensors<'_>, name: &str) -> Result<([usize; 2], Vec<f32>), Error> {
    let view = tensors.remove(name).ok_or_else(|| missing(name, "float32 [units, inputs]"))?;
    match (view.dtype(), view.shape()) {
        (Dtype::F32, [units, inputs]) => Ok(([*units, *inputs], numbers(&view))),
        (dtype, shape) => Err(tensor(name, format!("{dtype} {shape:?}"), "F32 [units, inputs]".into())),
    }
}

fn numbers(view: &TensorView<'_>) -> Vec<f32> {
    view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn missing(name: &str, accepted: &str) -> Error {
    tensor(name, "none".into(), accepted.into())
}

fn tensor(name: &str, found: String, accepted: String) -> Error {
    Error::Tensor { name: quoted(name), found, accepted }
}

/// Of texts from outside, the beginning.
fn quoted(text: &str) -> String {
    text.chars().take(64).flat_map(char::escape_debug).collect()
}
