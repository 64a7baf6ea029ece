//! One number, or the same number of several worlds at once.
//!
//! The robot solver is written once over [`Real`]. `f32` is one world; a lane type computes the same
//! operations in the same order for each of its worlds, so its results have the same bits. Decisions
//! are masks: a lane that is finished is frozen with [`Real::select`], never by leaving a loop that others are still in.

use core::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use super::scalar;

/// A truth value per lane.
pub trait Mask: Copy + core::fmt::Debug {
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
}

/// A number per lane.
pub trait Real:
    Copy
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
    type Byte: Copy + Default + core::fmt::Debug;

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
    /// Sine and cosine, [`scalar::sin_cos`].
    fn sin_cos(self) -> (Self, Self);
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
    fn sin_cos(self) -> (Self, Self) {
        scalar::sin_cos(self)
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
