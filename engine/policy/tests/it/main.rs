//! A file is the policy that it describes, and nothing that is no policy is taken for one.

use hyperdust_policy::{Activation, Dense, Design, Error, Policy};
use proptest::prelude::*;

/// Numbers that trained networks have.
fn number() -> impl Strategy<Value = f32> {
    (-2000..2000_i32).prop_map(|n| n as f32 / 512.0)
}

fn numbers(count: usize) -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(number(), count)
}

fn activation() -> impl Strategy<Value = Activation> {
    prop_oneof![Just(Activation::Linear), Just(Activation::Relu), Just(Activation::Tanh)]
}

fn design() -> impl Strategy<Value = Design> {
    (prop::collection::vec(1..6_usize, 2..5), activation(), activation(), any::<[bool; 3]>()).prop_flat_map(
        |(sizes, activation, output_activation, [normal, clip, bounds])| {
            let (inputs, outputs) = (sizes[0], sizes[sizes.len() - 1]);
            let layers: Vec<_> = sizes
                .windows(2)
                .map(|pair| {
                    (numbers(pair[0] * pair[1]), numbers(pair[1])).prop_map(|(weight, bias)| Dense { weight, bias })
                })
                .collect();
            let std = numbers(inputs).prop_map(|list| list.into_iter().map(|x| x.abs() + 0.125).collect::<Vec<_>>());
            let width = numbers(outputs);
            (layers, numbers(inputs), std, numbers(outputs), width).prop_map(move |(layers, mean, std, low, width)| {
                Design {
                    layers,
                    activation,
                    output_activation,
                    normal: normal.then_some((mean, std)),
                    clip: clip.then_some(1.5),
                    bounds: bounds.then(|| {
                        let high = low.iter().zip(&width).map(|(low, width)| low + width.abs()).collect();
                        (low, high)
                    }),
                }
            })
        },
    )
}

/// What the documentation says, in f64 and in plain loops.
fn wanted(design: &Design, observation: &[f32]) -> Vec<f64> {
    let mut values: Vec<f64> = observation.iter().map(|x| f64::from(*x)).collect();
    if let Some((mean, std)) = &design.normal {
        values
            .iter_mut()
            .zip(mean.iter().zip(std))
            .for_each(|(x, (mean, std))| *x = (*x - f64::from(*mean)) / f64::from(*std));
    }
    if let Some(clip) = design.clip {
        values.iter_mut().for_each(|x| *x = x.clamp(-f64::from(clip), f64::from(clip)));
    }
    for (number, dense) in design.layers.iter().enumerate() {
        let last = number + 1 == design.layers.len();
        let activation = if last { design.output_activation } else { design.activation };
        values = (0..dense.bias.len())
            .map(|unit| {
                let row = &dense.weight[unit * values.len()..][..values.len()];
                let sum =
                    f64::from(dense.bias[unit]) + row.iter().zip(&values).map(|(w, x)| f64::from(*w) * x).sum::<f64>();
                match activation {
                    Activation::Linear => sum,
                    Activation::Relu => sum.max(0.0),
                    Activation::Tanh => sum.tanh(),
                }
            })
            .collect();
    }
    if let Some((low, high)) = &design.bounds {
        values.iter_mut().zip(low.iter().zip(high)).for_each(|(x, (low, high))| {
            *x = f64::from(*low) + (x.clamp(-1.0, 1.0) + 1.0) / 2.0 * (f64::from(*high) - f64::from(*low));
        });
    }
    values
}

proptest! {
    /// Normalising, clamping and stretching are what they are called, whatever of them there is, to a few roundings; the file gives the
    /// same policy again, bit for bit.
    #[test]
    fn a_file_is_its_policy(design in design(), seeds in prop::collection::vec(-6000..6000_i32, 40)) {
        let inputs = design.layers[0].inputs();
        let rows: Vec<f32> = seeds.iter().map(|n| *n as f32 / 1024.0).collect();
        let rows = &rows[..rows.len() / inputs * inputs];
        let policy = Policy::new(design.network().unwrap()).unwrap();
        let again = Design::decode(&design.encode().unwrap()).unwrap();
        prop_assert_eq!(&again, &design);
        prop_assert_eq!(&Policy::decode(&design.encode().unwrap()).unwrap(), &policy);
        prop_assert_eq!(&Policy::decode(&policy.network().encode().unwrap()).unwrap(), &policy);
        let actions = policy.act(rows).unwrap();
        for (row, found) in rows.chunks(inputs).zip(actions.chunks(policy.outputs())) {
            for (found, wanted) in found.iter().zip(wanted(&design, row)) {
                prop_assert!((f64::from(*found) - wanted).abs() <= 2e-3 * wanted.abs().max(1.0), "{found} for {wanted}");
            }
        }
    }

    /// A row's answer is its own: alone, or among any others.
    #[test]
    fn rows_do_not_mix(design in design(), seeds in prop::collection::vec(-6000..6000_i32, 60)) {
        let policy = Policy::new(design.network().unwrap()).unwrap();
        let rows: Vec<f32> = seeds.iter().map(|n| *n as f32 / 1024.0).collect();
        let rows = &rows[..rows.len() / policy.inputs() * policy.inputs()];
        let together = policy.act(rows).unwrap();
        for (row, found) in rows.chunks(policy.inputs()).zip(together.chunks(policy.outputs())) {
            prop_assert_eq!(policy.act(row).unwrap(), found);
        }
    }

    /// Any bytes are a policy or an error.
    #[test]
    fn bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Policy::decode(&bytes);
        let mut header = (bytes.len() as u64 + 2).to_le_bytes().to_vec();
        header.push(b'{');
        header.extend(&bytes);
        header.push(b'}');
        let _ = Policy::decode(&header);
    }

    /// So is a file of which some bytes were changed, or the end was cut off.
    #[test]
    fn damage_is_read_or_refused(design in design(), hits in prop::collection::vec(any::<(u16, u8)>(), 1..6), keep in any::<u16>()) {
        let mut bytes = design.encode().unwrap();
        let length = bytes.len();
        hits.iter().for_each(|(place, byte)| bytes[*place as usize % length] = *byte);
        if let Ok(policy) = Policy::decode(&bytes) {
            let _ = policy.act(&vec![0.5; policy.inputs()]);
        }
        let _ = Policy::decode(&bytes[..keep as usize % length]);
    }
}

/// However far an answer lies beyond its bounds, it becomes the bound; also where the sums have lost all their small digits.
#[test]
fn bounds_hold() {
    let mut design = Design::new(vec![Dense { weight: vec![1.0], bias: vec![0.0] }], Activation::Linear);
    design.bounds = Some((vec![-3.0], vec![5.0]));
    let policy = Policy::new(design.network().unwrap()).unwrap();
    let answers = policy.act(&[1e30, 7.0, 1.0, -1.0, -2.0, -1e30]).unwrap();
    assert_eq!(answers, [5.0, 5.0, 5.0, -3.0, -3.0, -3.0]);
}

/// A file with these tensors (F32, zeros) and this metadata.
fn file(tensors: &[(&str, &str, usize)], metadata: &str) -> Vec<u8> {
    let mut offset = 0;
    let mut header = format!("{{\"__metadata__\":{metadata}");
    for (name, shape, count) in tensors {
        header += &format!(
            ",\"{name}\":{{\"dtype\":\"F32\",\"shape\":{shape},\"data_offsets\":[{offset},{}]}}",
            offset + 4 * count
        );
        offset += 4 * count;
    }
    header += "}";
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; offset]].concat()
}

/// What is wrong with a file is said by name.
#[test]
fn errors_say_what() {
    let (weight, bias) = (("layers.0.weight", "[2,3]", 6), ("layers.0.bias", "[2]", 2));
    let said = |tensors: &[(&str, &str, usize)], metadata: &str| match Policy::decode(&file(tensors, metadata)) {
        Ok(_) => "a policy".to_owned(),
        Err(error) => error.to_string(),
    };
    assert_eq!(said(&[weight, bias], "{}"), "a policy");
    assert_eq!(said(&[weight, bias], "{\"format\":\"pt\"}"), "a policy");
    let second = [("layers.1.weight", "[1,2]", 2), ("layers.1.bias", "[1]", 1)];
    for (tensors, metadata, part) in [
        (vec![], "{}", "layers.0.bias: found none"),
        (vec![weight], "{}", "layers.0.bias: found none"),
        (vec![bias], "{}", "layers.0.weight: found none"),
        (vec![weight, ("layers.0.bias", "[3]", 3)], "{}", "found [2, 3]; accepted: [3, inputs]"),
        (vec![weight, ("layers.0.bias", "[2,1]", 2)], "{}", "accepted: F32 of one dimension"),
        (vec![("layers.0.weight", "[6]", 6), bias], "{}", "accepted: F32 [units, inputs]"),
        (vec![weight, bias, ("layer.1.bias", "[1]", 1)], "{}", "tensor layer.1.bias"),
        (vec![weight, bias, ("action.low", "[2]", 2)], "{}", "action.high: found none"),
        (
            vec![weight, bias, ("observation.mean", "[2]", 2), ("observation.std", "[2]", 2)],
            "{}",
            "found 2; accepted: 3",
        ),
        (vec![weight, bias, ("observation.mean", "[3]", 3), ("observation.std", "[3]", 3)], "{}", "above 0"),
        (vec![weight, bias, second[0], second[1]], "{}", "metadata activation: found none"),
        (vec![weight, bias], "{\"activation\":\"gelu\"}", "found gelu; accepted: linear, relu or tanh"),
        (vec![weight, bias], "{\"observation_clip\":\"-1\"}", "observation_clip: found -1"),
        (vec![weight, bias], "{\"activaton\":\"tanh\"}", "metadata activaton"),
    ] {
        let said = said(&tensors, metadata);
        assert!(said.contains(part), "{said:?} has no {part:?}");
    }
    assert!(matches!(Policy::decode(&u64::MAX.to_le_bytes()), Err(Error::Network(_))));
    assert!(matches!(Policy::decode(&(1_u64 << 20).to_le_bytes()), Err(Error::TooLong { .. })));
}

/// A short file cannot ask for much memory: shapes are held to the bytes that are there, and clamping to the limit on weights.
#[test]
fn little_is_little() {
    assert!(
        Policy::decode(&file(&[("layers.0.weight", "[4096,1048576]", 4), ("layers.0.bias", "[1]", 1)], "{}")).is_err()
    );
    let wide =
        file(&[("layers.0.weight", "[1,4096]", 4096), ("layers.0.bias", "[1]", 1)], "{\"observation_clip\":\"10\"}");
    let error = Policy::decode(&wide).unwrap_err().to_string();
    assert!(error.starts_with("tensor all weights"), "{error}");
}
