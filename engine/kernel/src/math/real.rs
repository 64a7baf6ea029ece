//! One number, or the same number of several worlds at once.
//!
//! The robot solver is written once over [`Real`]. `f32` is one world; a lane type computes the same
//! operations in the same order for each of its worlds, so its results have the same bits. Decisions
//! are masks: a lane that is finished is frozen with [`Real::select`], never by leaving a loop that others are still in.

use core::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use super::scalar;

/// A truth value per lane.
pub trait Mask: Copy + Send + Sync + core::fmt::Debug {
    /// All lanes equal.
    fn splat(value: bool) -> Self;
    /// Whether it holds in any lane.
    fn any(self) -> bool;
    /// Both.
    fn and(self, other: Self) -> Self;
    /// Either.
    fn or(self, other: Self) -> Self;
    /// Exactly one.
    fn xor(self, other: Self) -> Self;
    /// Not.
    fn not(self) -> Self;
    /// Whether it holds in this lane.
    fn lane(self, lane: usize) -> bool;
}

#[inline(always)]
fn splat<T: Real>([a, b, c]: [f32; 3]) -> [T; 3] {
    [T::splat(a), T::splat(b), T::splat(c)]
}

/// A number per lane.
pub trait Real:
    Copy
    + Send
    + Sync
    + core::fmt::Debug
    + Default
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
{
    /// A truth value per lane.
    type Mask: Mask;
    /// A byte per lane.
    type Byte: Copy + Default + Send + Sync + core::fmt::Debug;

    /// Number of lanes.
    const LANES: usize;

    /// The same number in every lane.
    fn splat(x: f32) -> Self;
    /// One lane's number.
    fn lane(&self, lane: usize) -> f32;
    /// Replaces one lane's number.
    fn set_lane(&mut self, lane: usize, x: f32);
    /// One lane's byte.
    fn byte(bytes: &Self::Byte, lane: usize) -> u8;
    /// Replaces one lane's byte.
    fn set_byte(bytes: &mut Self::Byte, lane: usize, x: u8);
    /// Square root.
    fn sqrt(self) -> Self;
    /// Bits 0 and 1 of the number's representation.
    fn low_bits(self) -> [Self::Mask; 2];
    /// Absolute value.
    fn abs(self) -> Self;
    /// `self < other`.
    fn lt(self, other: Self) -> Self::Mask;
    /// `a` where the mask holds, else `b`.
    fn select(mask: Self::Mask, a: Self, b: Self) -> Self;
    /// Applies a scalar function to each lane (for rare paths).
    fn map(self, f: impl Fn(f32) -> f32) -> Self;
    /// The same byte in every lane.
    fn splat_byte(x: u8) -> Self::Byte;
    /// Bit `i` of each lane's byte.
    fn bit(byte: Self::Byte, i: usize) -> Self::Mask;
    /// Each lane's byte with bit `i` set to the mask.
    fn set_bit(byte: Self::Byte, i: usize, mask: Self::Mask) -> Self::Byte;
    /// `a` where the mask holds, else `b`.
    fn select_byte(mask: Self::Mask, a: Self::Byte, b: Self::Byte) -> Self::Byte;

    /// Sine and cosine of an angle in radians, error below 2 units in the last place of 1 below [`scalar::SHORT_REDUCTION`].
    ///
    /// Cody–Waite reduction by multiples of π/2 in three parts, then the minimax polynomials of Cephes' `sinf` and `cosf`
    /// on [−π/4, π/4]; beyond that range `libm` (Payne–Hanek). Not finite: NaN.
    #[inline(always)]
    fn sin_cos(self) -> (Self, Self) {
        let shifted = self * Self::splat(core::f32::consts::FRAC_2_PI) + Self::splat(scalar::MAGIC);
        let n = shifted - Self::splat(scalar::MAGIC);
        let [p1, p2, p3]: [Self; 3] = splat(scalar::HALF_PI);
        let r = ((self - n * p1) - n * p2) - n * p3;
        let z = r * r;
        let [s1, s2, s3]: [Self; 3] = splat(scalar::SINE);
        let [c1, c2, c3]: [Self; 3] = splat(scalar::COSINE);
        let s = ((s1 * z + s2) * z - s3) * z * r + r;
        let c = ((c1 * z - c2) * z + c3) * z * z - Self::splat(0.5) * z + Self::splat(1.0);
        let [odd, second] = shifted.low_bits();
        let (sin, cos) = (Self::select(odd, c, s), Self::select(odd, s, c));
        let (sin, cos) = (Self::select(second, -sin, sin), Self::select(odd.xor(second), -cos, cos));
        let short = self.abs().lt(Self::splat(scalar::SHORT_REDUCTION));
        if !short.not().any() {
            return (sin, cos);
        }
        let (far_sin, far_cos) = (self.map(|x| libm::sincosf(x).0), self.map(|x| libm::sincosf(x).1));
        (Self::select(short, sin, far_sin), Self::select(short, cos, far_cos))
    }
    /// Neither NaN nor an infinity.
    #[inline(always)]
    fn is_finite(self) -> Self::Mask {
        self.abs().lt(Self::splat(f32::INFINITY))
    }
    /// Not a number.
    #[inline(always)]
    fn is_nan(self) -> Self::Mask {
        self.is_finite().or(Self::splat(f32::MAX).lt(self.abs())).not()
    }
    /// Either zero.
    #[inline(always)]
    fn is_zero(self) -> Self::Mask {
        Self::zero().lt(self.abs()).or(self.is_nan()).not()
    }
    /// Smaller; the second where equal or unordered.
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self::select(self.lt(other), self, other)
    }
    /// Larger; the second where equal or unordered.
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self::select(other.lt(self), self, other)
    }
    /// Limited to `[low, high]`.
    #[inline(always)]
    fn clamp(self, low: Self, high: Self) -> Self {
        let x = Self::select(self.lt(low), low, self);
        Self::select(high.lt(x), high, x)
    }
    /// Zero.
    #[inline(always)]
    fn zero() -> Self {
        Self::splat(0.0)
    }
    /// One.
    #[inline(always)]
    fn one() -> Self {
        Self::splat(1.0)
    }
}

impl Mask for bool {
    #[inline(always)]
    fn splat(value: bool) -> Self {
        value
    }
    #[inline(always)]
    fn any(self) -> bool {
        self
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self & other
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self | other
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self ^ other
    }
    #[inline(always)]
    fn not(self) -> Self {
        !self
    }
    #[inline(always)]
    fn lane(self, _: usize) -> bool {
        self
    }
}

impl Real for f32 {
    type Mask = bool;
    type Byte = u8;

    const LANES: usize = 1;

    #[inline(always)]
    fn lane(&self, _: usize) -> f32 {
        *self
    }
    #[inline(always)]
    fn set_lane(&mut self, _: usize, x: f32) {
        *self = x;
    }
    #[inline(always)]
    fn byte(bytes: &u8, _: usize) -> u8 {
        *bytes
    }
    #[inline(always)]
    fn set_byte(bytes: &mut u8, _: usize, x: u8) {
        *bytes = x;
    }

    #[inline(always)]
    fn splat(x: f32) -> Self {
        x
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        scalar::sqrt(self)
    }
    #[inline(always)]
    fn low_bits(self) -> [bool; 2] {
        [self.to_bits() & 1 != 0, self.to_bits() & 2 != 0]
    }
    #[inline(always)]
    fn abs(self) -> Self {
        f32::from_bits(self.to_bits() & 0x7fff_ffff)
    }
    #[inline(always)]
    fn lt(self, other: Self) -> bool {
        self < other
    }
    #[inline(always)]
    fn select(mask: bool, a: Self, b: Self) -> Self {
        if mask { a } else { b }
    }
    #[inline(always)]
    fn map(self, f: impl Fn(f32) -> f32) -> Self {
        f(self)
    }
    #[inline(always)]
    fn splat_byte(x: u8) -> u8 {
        x
    }
    #[inline(always)]
    fn bit(byte: u8, i: usize) -> bool {
        byte >> i & 1 == 1
    }
    #[inline(always)]
    fn set_bit(byte: u8, i: usize, mask: bool) -> u8 {
        byte & !(1 << i) | u8::from(mask) << i
    }
    #[inline(always)]
    fn select_byte(mask: bool, a: u8, b: u8) -> u8 {
        if mask { a } else { b }
    }
}
