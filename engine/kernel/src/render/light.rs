//! Colours: sky, sun, haze, the checker, and the way from light to bytes.
//!
//! All arithmetic is on linear light; sRGB exists only in a shape's colour and in the picture.

use alloc::{boxed::Box, vec};

use super::Vec3;
use crate::math::scalar::{clamp, max, sqrt};
use crate::math::spatial::vec3;

/// Unit, towards the sun.
pub const SUN: Vec3 = Vec3 { x: 0.36, y: -0.48, z: 0.8 };
/// The sun's light.
const SUNLIGHT: Vec3 = Vec3 { x: 1.02, y: 0.96, z: 0.86 };
/// From above and, reflected, from below.
const SKYLIGHT: Vec3 = Vec3 { x: 0.36, y: 0.42, z: 0.52 };
const GROUNDLIGHT: Vec3 = Vec3 { x: 0.17, y: 0.16, z: 0.15 };
/// The sky itself.
const ZENITH: Vec3 = Vec3 { x: 0.10, y: 0.24, z: 0.52 };
const HORIZON: Vec3 = Vec3 { x: 0.62, y: 0.72, z: 0.83 };
const BELOW: Vec3 = Vec3 { x: 0.30, y: 0.33, z: 0.36 };
/// How much darker the second tone of a checker is.
const DARKER: f32 = 0.62;

#[inline(always)]
fn times(a: Vec3, b: Vec3) -> Vec3 {
    vec3(a.x * b.x, a.y * b.y, a.z * b.z)
}

#[inline(always)]
pub fn mix(a: Vec3, b: Vec3, share: f32) -> Vec3 {
    a + (b - a).scale(share)
}

/// sRGB to linear light. Once for each shape, so `libm`'s power is not too dear.
pub fn linear(srgb: [f32; 3]) -> Vec3 {
    let decode = |x: f32| {
        let x = clamp(if x.is_nan() { 0.0 } else { x }, 0.0, 1.0);
        if x <= 0.040_45 { x / 12.92 } else { libm::powf((x + 0.055) / 1.055, 2.4) }
    };
    vec3(decode(srgb[0]), decode(srgb[1]), decode(srgb[2]))
}

/// What a ray along `d` sees where nothing is.
#[inline(always)]
pub fn sky(d: Vec3) -> Vec3 {
    if d.z < 0.0 {
        return mix(HORIZON, BELOW, sqrt(clamp(-d.z * 2.0, 0.0, 1.0)));
    }
    mix(HORIZON, ZENITH, sqrt(clamp(d.z * 1.2, 0.0, 1.0)))
}

/// Light sent back by a surface of `color`. `sun`: whether the sun reaches it.
#[inline(always)]
pub fn reflected(color: Vec3, normal: Vec3, d: Vec3, sun: bool, glossy: bool) -> Vec3 {
    let ambient = mix(GROUNDLIGHT, SKYLIGHT, 0.5 + 0.5 * normal.z);
    let mut out = times(color, ambient);
    if sun {
        out += times(color, SUNLIGHT).scale(max(0.0, normal.dot(SUN)));
        if glossy {
            let half = super::unit(SUN - d);
            let mut gloss = max(0.0, normal.dot(half));
            for _ in 0..5 {
                gloss = gloss * gloss;
            }
            out += SUNLIGHT.scale(0.18 * gloss);
        }
    }
    out
}

/// Fades into the horizon with distance.
#[inline(always)]
pub fn through_haze(color: Vec3, distance: f32, half: f32) -> Vec3 {
    let x = distance / half;
    mix(HORIZON, color, 1.0 / (1.0 + x * x))
}

/// Share of the darker tone's effect at a point of a plane, mean over a square of side `width`; squares of 1 m.
#[inline(always)]
pub fn squares(x: f32, y: f32, width: f32) -> f32 {
    let w = max(width, 1e-4);
    // Integral of a square wave of period 2 across the footprint.
    let wave = |p: f32| {
        let tooth = |q: f32| (fraction(q * 0.5) - 0.5).abs();
        2.0 * (tooth(p - 0.5 * w) - tooth(p + 0.5 * w)) / w
    };
    clamp(0.5 - 0.5 * wave(x) * wave(y), 0.0, 1.0)
}

// x − ⌊x⌋. Beyond 2³¹ the cast saturates and the result is cut off by the caller.
#[inline(always)]
fn fraction(x: f32) -> f32 {
    let rest = x - (x as i32) as f32;
    if rest < 0.0 { rest + 1.0 } else { rest }
}

/// `color` with a share of its darker tone.
#[inline(always)]
pub fn toned(color: Vec3, share: f32) -> Vec3 {
    color.scale(1.0 - (1.0 - DARKER) * share)
}

/// From linear light to sRGB bytes, by a table over its square root (where sRGB is nearly straight).
pub struct Tones(Box<[u8]>);

const STEPS: usize = 1024;

impl Tones {
    pub fn new() -> Self {
        let mut table = vec![0; STEPS].into_boxed_slice();
        for (i, tone) in table.iter_mut().enumerate() {
            let root = i as f32 / (STEPS - 1) as f32;
            let light = root * root;
            let coded = if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * libm::powf(light, 1.0 / 2.4) - 0.055 };
            *tone = (coded * 255.0 + 0.5) as u8;
        }
        Self(table)
    }

    #[inline(always)]
    pub fn byte(&self, light: f32) -> u8 {
        // A soft shoulder: highlights bend towards white and are not cut off. A NaN becomes 0 in the cast.
        let bent = if light > 0.8 { 1.0 - 0.04 / (light - 0.6) } else { light };
        let index = (sqrt(max(bent, 0.0)) * (STEPS - 1) as f32 + 0.5) as usize;
        self.0[if index < STEPS { index } else { STEPS - 1 }]
    }
}
