//! The only randomness of a world: a ChaCha8 stream that can be saved as (seed, position).
//!
//! The key is the seed (8 bytes, little-endian) followed by a constant; the stream number is 0. One
//! number drawn is one 32-bit word (uniform) or two (normal), whatever the arguments, so positions can
//! be predicted. `reset(None)` goes on in the stream, `reset(Some(seed))` starts the stream of that seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng};

use crate::blueprint::Distribution;
use crate::math::scalar;

/// Completes a seed to a key.
pub const KEY: &[u8; 24] = b"hyperdust world rng   v1";

/// A saved or running stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng {
    seed: u64,
    stream: ChaCha8Rng,
}

impl Rng {
    /// The stream of `seed`, at its start.
    pub fn new(seed: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..].copy_from_slice(KEY);
        Self { seed, stream: ChaCha8Rng::from_seed(key) }
    }

    /// The stream of `seed`, after `position` words.
    pub fn at(seed: u64, position: u64) -> Self {
        let mut rng = Self::new(seed);
        rng.stream.set_word_pos(u128::from(position));
        rng
    }

    /// What the stream was started with.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// 32-bit words drawn so far (modulo 2⁶⁴).
    pub fn position(&self) -> u64 {
        self.stream.get_word_pos() as u64
    }

    /// A multiple of 2⁻²⁴ in [0, 1): the upper 24 bits of a word.
    pub fn unit(&mut self) -> f32 {
        (self.stream.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// In `[low, high)`; `low` where the interval is empty.
    pub fn uniform(&mut self, low: f32, high: f32) -> f32 {
        let value = low + (high - low) * self.unit();
        // Rounding may reach the bound that is excluded.
        if value < high { value } else { scalar::max(high.next_down(), low) }
    }

    /// A standard normal number by Box–Muller: `√(−2 ln(1 − u₁)) cos 2πu₂`; its magnitude is below 5.8.
    pub fn normal(&mut self) -> f32 {
        let radius = libm::sqrtf(-2.0 * libm::logf(1.0 - self.unit()));
        let (_, cosine) = scalar::sin_cos(core::f32::consts::TAU * self.unit());
        radius * cosine
    }

    /// One number of a distribution.
    pub fn draw(&mut self, distribution: Distribution) -> f32 {
        match distribution {
            Distribution::Uniform { low, high } => self.uniform(low, high),
            Distribution::Normal { mean, deviation } => mean + deviation * self.normal(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// The first words of a seed's stream never change: seeds in episodes depend on them.
    #[test]
    fn the_stream_is_fixed() {
        let mut rng = Rng::new(42);
        let drawn: Vec<u32> = (0..4).map(|_| rng.stream.next_u32()).collect();
        assert_eq!(drawn, GOLDEN);
    }

    /// Also computed by a ChaCha8 written from its definition.
    const GOLDEN: [u32; 4] = [3_549_217_896, 956_317_091, 3_488_387_368, 142_395_435];

    /// (seed, position) is the whole state, also in the middle of a block.
    #[test]
    fn a_saved_stream_goes_on() {
        for drawn in [0, 1, 15, 16, 63, 64, 65, 1000] {
            let mut rng = Rng::new(7);
            for _ in 0..drawn {
                rng.unit();
            }
            assert_eq!(rng.position(), drawn);
            let mut again = Rng::at(rng.seed(), rng.position());
            for _ in 0..100 {
                assert_eq!(rng.normal().to_bits(), again.normal().to_bits());
            }
            assert_eq!(rng.position(), again.position());
        }
    }

    /// Mean, variance and bounds of both distributions.
    #[test]
    fn distributions_have_their_moments() {
        let mut rng = Rng::new(1);
        let (mut sum, mut squares) = (0.0f64, 0.0f64);
        for _ in 0..100_000 {
            let x = f64::from(rng.normal());
            sum += x;
            squares += x * x;
        }
        assert!((sum / 1e5).abs() < 0.01 && (squares / 1e5 - 1.0).abs() < 0.02, "{sum} {squares}");
        let mut mean = 0.0;
        for _ in 0..100_000 {
            let x = rng.uniform(-0.1, 0.1);
            assert!((-0.1..0.1).contains(&x));
            mean += f64::from(x) / 1e5;
        }
        assert!(mean.abs() < 1e-3);
    }

    /// `high` stays excluded where rounding would reach it, and empty intervals give `low`.
    #[test]
    fn narrow_intervals_are_half_open() {
        let mut rng = Rng::new(3);
        let high = 1.0f32.next_up();
        for _ in 0..1000 {
            assert_eq!(rng.uniform(1.0, high), 1.0);
            assert_eq!(rng.uniform(2.0, 2.0), 2.0);
        }
    }
}
