//! A policy at the wheel: from a scene's observations to rows of numbers, and from rows of answers to the scene's actions.
//!
//! A row is all elements of all observation arrays, in the scene's order, as float32. Answers go to the action arrays in the same
//! way: an element of a continuous one takes one number; one of a discrete one takes as many as it has choices, and is the first of those
//! that are largest.

use hyperdust_gym::VectorEnv;
use hyperdust_kernel::{
    Model,
    layout::{Dtype, Layout, Segment},
};
use hyperdust_policy::Policy;

/// Why a policy cannot drive a scene, if it cannot.
pub fn fits(policy: &Policy, model: &Model) -> Result<(), String> {
    let inputs: usize = model.observations().segments.iter().map(Segment::elements).sum();
    let outputs: usize = model.actions().segments.iter().map(answers).sum();
    if (policy.inputs(), policy.outputs()) == (inputs, outputs) {
        return Ok(());
    }
    let (reads, gives) = (policy.inputs(), policy.outputs());
    Err(format!(
        "policy: found {reads} numbers in and {gives} out; accepted by the scene: {inputs} in and {outputs} out"
    ))
}

/// The actions that it takes now, an array of all lanes for each of the scene's; or why there are none. It [fits].
pub fn actions(policy: &Policy, env: &VectorEnv) -> Result<Vec<Vec<u8>>, String> {
    let model = env.model();
    let mut rows = Vec::with_capacity(env.num_envs() * policy.inputs());
    let observations: Vec<&[u8]> = env.batch().observations.iter().map(|buffer| buffer.as_slice()).collect();
    for lane in 0..env.num_envs() {
        for (segment, buffer) in model.observations().segments.iter().zip(&observations) {
            let size = segment.bytes();
            read(segment.dtype, &buffer[lane * size..(lane + 1) * size], &mut rows);
        }
    }
    let answers = policy.act(&rows).map_err(|error| format!("policy: {error}"))?;
    Ok(write(model.actions(), &answers, policy.outputs()))
}

/// Numbers that an action array takes.
fn answers(segment: &Segment) -> usize {
    segment.elements() * segment.choices.max(1) as usize
}

fn read(dtype: Dtype, bytes: &[u8], row: &mut Vec<f32>) {
    match dtype {
        Dtype::F32 => row.extend(bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes))),
        Dtype::F64 => row.extend(bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32)),
        Dtype::I32 => row.extend(bytes.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes) as f32)),
        Dtype::U8 | Dtype::Bool => row.extend(bytes.iter().map(|byte| f32::from(*byte))),
    }
}

fn write(actions: &Layout, answers: &[f32], outputs: usize) -> Vec<Vec<u8>> {
    let mut first = 0;
    let arrays = actions.segments.iter().map(|segment| {
        let count = self::answers(segment);
        let mut bytes = Vec::with_capacity(answers.len() / outputs.max(1) * segment.bytes());
        for row in answers.chunks_exact(outputs) {
            for chosen in row[first..first + count].chunks_exact(segment.choices.max(1) as usize) {
                let number = if segment.choices == 0 { chosen[0] } else { largest(chosen) as f32 };
                match segment.dtype {
                    Dtype::F32 => bytes.extend(number.to_le_bytes()),
                    Dtype::F64 => bytes.extend(f64::from(number).to_le_bytes()),
                    Dtype::I32 => bytes.extend((number as i32).to_le_bytes()),
                    Dtype::U8 => bytes.push(number as u8),
                    Dtype::Bool => bytes.push(u8::from(number > 0.0)),
                }
            }
        }
        first += count;
        bytes
    });
    arrays.collect()
}

fn largest(numbers: &[f32]) -> usize {
    (0..numbers.len()).reduce(|best, i| if numbers[i] > numbers[best] { i } else { best }).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(dtype: Dtype, shape: &[usize], choices: u32) -> Segment {
        let (name, unit, shape) = (String::new(), String::new(), shape.to_vec());
        Segment { name, dtype, shape, unit, offset: 0, low: vec![], high: vec![], choices }
    }

    /// Continuous arrays take their elements, discrete ones the first of the largest of their choices; each array has all lanes.
    #[test]
    fn answers_become_actions() {
        let mut layout = Layout::default();
        layout.push(segment(Dtype::F32, &[2], 0));
        layout.push(segment(Dtype::I32, &[], 3));
        let arrays = write(&layout, &[0.5, -1.0, 7.0, 9.0, 9.0, 1.0, 2.0, 0.0, -1.0, -1.0], 5);
        let floats: Vec<u8> = [0.5_f32, -1.0, 1.0, 2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        let choices: Vec<u8> = [1_i32, 0].iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(arrays, [floats, choices]);
    }

    /// Every type of observation is read as the number that it is.
    #[test]
    fn observations_become_rows() {
        let mut row = Vec::new();
        read(Dtype::F32, &1.5_f32.to_le_bytes(), &mut row);
        read(Dtype::F64, &(-2.5_f64).to_le_bytes(), &mut row);
        read(Dtype::I32, &(-3_i32).to_le_bytes(), &mut row);
        read(Dtype::Bool, &[1, 0], &mut row);
        assert_eq!(row, [1.5, -2.5, -3.0, 1.0, 0.0]);
    }
}
