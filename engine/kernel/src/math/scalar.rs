//! Elementary functions of one `f32`, total and identical on every target.

use super::Real;

/// Magnitude below which the short range reduction of [`Real::sin_cos`] keeps full accuracy.
pub(super) const SHORT_REDUCTION: f32 = 20_000.0;
/// 1.5·2²³: adding it rounds to the nearest integer, whose two's complement are then the low bits.
pub(super) const MAGIC: f32 = 12_582_912.0;
/// π/2 in three parts, each short enough that its multiples are exact.
pub(super) const HALF_PI: [f32; 3] = [1.570_312_5, 4.837_513e-4, 7.549_79e-8];
/// Cephes' `sinf` on [−π/4, π/4].
pub(super) const SINE: [f32; 3] = [-1.951_529_6e-4, 8.332_161e-3, 1.666_665_5e-1];
/// Cephes' `cosf` there.
pub(super) const COSINE: [f32; 3] = [2.443_315_7e-5, 1.388_731_6e-3, 4.166_664_6e-2];

/// [`Real::sin_cos`] of one number.
#[inline(always)]
pub fn sin_cos(x: f32) -> (f32, f32) {
    Real::sin_cos(x)
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
