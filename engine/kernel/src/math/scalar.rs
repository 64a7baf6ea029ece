//! Elementary functions of one `f32`, total and identical on every target.

/// Largest magnitude for which the short range reduction of [`sin_cos`] keeps full accuracy.
const SHORT_REDUCTION: f32 = 20_000.0;

/// Sine and cosine of `x` radians, error below 2 units in the last place of 1 for |x| ≤ 20,000.
///
/// Cody–Waite reduction by multiples of π/2 in three parts, then the minimax polynomials of Cephes'
/// `sinf`/`cosf` on [−π/4, π/4]. Branch-free but for the fallback (`libm`, Payne–Hanek) beyond that
/// range, so that lanes of it vectorise. Not finite: NaN.
#[inline(always)]
pub fn sin_cos(x: f32) -> (f32, f32) {
    if !in_short_range(x) {
        return libm::sincosf(x);
    }
    short_sin_cos(x)
}

#[inline(always)]
pub(crate) fn in_short_range(x: f32) -> bool {
    (-SHORT_REDUCTION..=SHORT_REDUCTION).contains(&x)
}

#[inline(always)]
pub(crate) fn short_sin_cos(x: f32) -> (f32, f32) {
    const MAGIC: f32 = 12_582_912.0; // 1.5·2²³: adding and subtracting it rounds to the nearest integer
    let n = (x * core::f32::consts::FRAC_2_PI + MAGIC) - MAGIC;
    let r = ((x - n * 1.570_312_5) - n * 4.837_513e-4) - n * 7.549_79e-8;
    let z = r * r;
    let s = ((-1.951_529_6e-4 * z + 8.332_161e-3) * z - 1.666_665_5e-1) * z * r + r;
    let c = ((2.443_315_7e-5 * z - 1.388_731_6e-3) * z + 4.166_664_6e-2) * z * z - 0.5 * z + 1.0;
    let quadrant = n as i32;
    let (a, b) = if quadrant & 1 == 0 { (s, c) } else { (c, s) };
    let sign_a = ((quadrant & 2) as u32) << 30;
    let sign_b = ((quadrant.wrapping_add(1) & 2) as u32) << 30;
    (f32::from_bits(a.to_bits() ^ sign_a), f32::from_bits(b.to_bits() ^ sign_b))
}

/// Square root. Correctly rounded by the instruction and by the library: the same bits.
#[inline(always)]
pub fn sqrt(x: f32) -> f32 {
    #[cfg(feature = "std")]
    return f32::sqrt(x);
    #[cfg(not(feature = "std"))]
    return libm::sqrtf(x);
}

/// Smaller of two numbers; the second where they are equal or not ordered.
#[inline(always)]
pub fn min(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// Larger of two numbers; the second where they are equal or not ordered.
#[inline(always)]
pub fn max(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// `x` limited to `[low, high]`; NaN stays NaN.
#[inline(always)]
pub fn clamp(x: f32, low: f32, high: f32) -> f32 {
    if x < low {
        low
    } else if x > high {
        high
    } else {
        x
    }
}

/// The same number with a canonical zero (+0).
#[inline(always)]
pub fn canonical(x: f32) -> f32 {
    x + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against `libm` in double precision over the whole short range and its edges.
    #[test]
    fn sin_cos_is_accurate() {
        let mut x = -SHORT_REDUCTION;
        let mut worst = 0.0f64;
        while x <= SHORT_REDUCTION {
            let (s, c) = sin_cos(x);
            worst = worst.max((f64::from(s) - libm::sin(f64::from(x))).abs());
            worst = worst.max((f64::from(c) - libm::cos(f64::from(x))).abs());
            x += 0.377;
        }
        assert!(worst < 6e-6, "{worst}");
        let mut near = 0.0f64;
        for i in -10_000..10_000 {
            let x = i as f32 * 1e-3;
            near = near.max((f64::from(sin_cos(x).0) - libm::sin(f64::from(x))).abs());
            near = near.max((f64::from(sin_cos(x).1) - libm::cos(f64::from(x))).abs());
        }
        assert!(near < 1.5e-7, "{near}");
    }

    #[test]
    fn every_input_has_a_result() {
        assert_eq!(sin_cos(0.0), (0.0, 1.0));
        assert!(sin_cos(f32::INFINITY).0.is_nan() && sin_cos(f32::NAN).1.is_nan());
        assert!(sin_cos(f32::MAX).0.abs() <= 1.0 && sin_cos(-3e8).1.abs() <= 1.0);
        assert_eq!(min(0.0, -0.0).to_bits(), (-0.0f32).to_bits());
        assert_eq!(max(1.0, f32::NAN).to_bits(), f32::NAN.to_bits());
        assert_eq!(canonical(-0.0).to_bits(), 0);
    }
}
