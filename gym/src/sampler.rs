//! Random members of an action space, drawn from the kernel's own stream: the same on every machine.

use hyperdust_kernel::{
    layout::{Dtype, Layout},
    rng::Rng,
};

/// A stream of action arenas.
#[derive(Clone, Debug)]
pub struct Sampler {
    rng: Rng,
    arena: Vec<u8>,
}

impl Sampler {
    /// The stream of `seed`.
    pub fn new(layout: &Layout, seed: u64) -> Self {
        Self { rng: Rng::new(seed), arena: vec![0; layout.size] }
    }

    /// The next arena: uniform within the bounds, ±1 where there are none.
    pub fn draw(&mut self, layout: &Layout) -> &[u8] {
        for segment in &layout.segments {
            let bytes = &mut self.arena[segment.offset..segment.offset + segment.bytes()];
            for (index, cell) in bytes.chunks_exact_mut(segment.dtype.size()).enumerate() {
                let bound = |bounds: &[f32], none: f32| {
                    bounds.get(index).copied().filter(|bound| bound.abs() < f32::MAX).unwrap_or(none)
                };
                let (low, high) = match segment.choices {
                    0 => (bound(&segment.low, -1.0), bound(&segment.high, 1.0)),
                    choices => (0.0, choices as f32),
                };
                let value = self.rng.uniform(low, high);
                match segment.dtype {
                    Dtype::F32 => cell.copy_from_slice(&value.to_le_bytes()),
                    Dtype::F64 => cell.copy_from_slice(&f64::from(value).to_le_bytes()),
                    Dtype::I32 => cell.copy_from_slice(&(value as i32).to_le_bytes()),
                    Dtype::U8 | Dtype::Bool => cell.copy_from_slice(&[value as u8]),
                }
            }
        }
        &self.arena
    }
}

/// The rows of a batch: per segment one contiguous `(lanes, *shape)` array of these arenas.
pub fn rows(layout: &Layout, arenas: &[Vec<u8>]) -> Vec<Vec<u8>> {
    layout
        .segments
        .iter()
        .map(|s| arenas.iter().flat_map(|arena| &arena[s.offset..s.offset + s.bytes()]).copied().collect())
        .collect()
}
