//! Several worlds side by side, at any width: one number of each in a plain array, operated on together.
//!
//! Vector envs compute with the number types of `hyperdust-gym`, one for each instruction set; these compare widths that no
//! register has, on every machine.

use core::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use hyperdust_kernel::math::{Mask, Real, scalar};

/// `N` worlds' values of one number.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(32))]
pub struct Lanes<const N: usize>(pub [f32; N]);

/// `N` truth values: all bits or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(32))]
pub struct LaneMask<const N: usize>(pub [u32; N]);

impl<const N: usize> Default for Lanes<N> {
    #[inline(always)]
    fn default() -> Self {
        Self([0.0; N])
    }
}

/// `N` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneBytes<const N: usize>(pub [u8; N]);

impl<const N: usize> Default for LaneBytes<N> {
    #[inline(always)]
    fn default() -> Self {
        Self([0; N])
    }
}

macro_rules! operator {
    ($trait:ident, $name:ident, $op:tt) => {
        impl<const N: usize> $trait for Lanes<N> {
            type Output = Self;
            #[inline(always)]
            fn $name(mut self, b: Self) -> Self {
                for (x, y) in self.0.iter_mut().zip(b.0) {
                    *x $op y;
                }
                self
            }
        }
    };
}
operator!(Add, add, +=);
operator!(Sub, sub, -=);
operator!(Mul, mul, *=);
operator!(Div, div, /=);

impl<const N: usize> Neg for Lanes<N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(self.0.map(|x| -x))
    }
}

impl<const N: usize> AddAssign for Lanes<N> {
    #[inline(always)]
    fn add_assign(&mut self, b: Self) {
        *self = *self + b;
    }
}

impl<const N: usize> SubAssign for Lanes<N> {
    #[inline(always)]
    fn sub_assign(&mut self, b: Self) {
        *self = *self - b;
    }
}

impl<const N: usize> Mask for LaneMask<N> {
    #[inline(always)]
    fn splat(value: bool) -> Self {
        Self([if value { !0 } else { 0 }; N])
    }
    #[inline(always)]
    fn any(self) -> bool {
        self.0.iter().fold(0, |a, &b| a | b) != 0
    }
    #[inline(always)]
    fn and(mut self, other: Self) -> Self {
        for (x, y) in self.0.iter_mut().zip(other.0) {
            *x &= y;
        }
        self
    }
    #[inline(always)]
    fn or(mut self, other: Self) -> Self {
        for (x, y) in self.0.iter_mut().zip(other.0) {
            *x |= y;
        }
        self
    }
    #[inline(always)]
    fn xor(mut self, other: Self) -> Self {
        for (x, y) in self.0.iter_mut().zip(other.0) {
            *x ^= y;
        }
        self
    }
    #[inline(always)]
    fn not(self) -> Self {
        Self(self.0.map(|x| !x))
    }
    #[inline(always)]
    fn lane(self, lane: usize) -> bool {
        self.0[lane] != 0
    }
}

impl<const N: usize> Real for Lanes<N> {
    type Mask = LaneMask<N>;
    type Byte = LaneBytes<N>;

    const LANES: usize = N;

    #[inline(always)]
    fn lane(&self, lane: usize) -> f32 {
        self.0[lane]
    }
    #[inline(always)]
    fn set_lane(&mut self, lane: usize, x: f32) {
        self.0[lane] = x;
    }
    #[inline(always)]
    fn byte(bytes: &LaneBytes<N>, lane: usize) -> u8 {
        bytes.0[lane]
    }
    #[inline(always)]
    fn set_byte(bytes: &mut LaneBytes<N>, lane: usize, x: u8) {
        bytes.0[lane] = x;
    }

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self([x; N])
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(self.0.map(scalar::sqrt))
    }
    #[inline(always)]
    fn low_bits(self) -> [LaneMask<N>; 2] {
        [1, 2].map(|bit| LaneMask(self.0.map(|x| if x.to_bits() & bit != 0 { !0 } else { 0 })))
    }
    #[inline(always)]
    fn abs(self) -> Self {
        Self(self.0.map(|x| f32::from_bits(x.to_bits() & 0x7fff_ffff)))
    }
    #[inline(always)]
    fn lt(self, other: Self) -> LaneMask<N> {
        let mut r = [0; N];
        for i in 0..N {
            r[i] = if self.0[i] < other.0[i] { !0 } else { 0 };
        }
        LaneMask(r)
    }
    #[inline(always)]
    fn select(mask: LaneMask<N>, a: Self, b: Self) -> Self {
        let mut r = [0.0; N];
        for i in 0..N {
            r[i] = f32::from_bits(a.0[i].to_bits() & mask.0[i] | b.0[i].to_bits() & !mask.0[i]);
        }
        Self(r)
    }
    #[inline(always)]
    fn map(self, f: impl Fn(f32) -> f32) -> Self {
        Self(self.0.map(f))
    }
    #[inline(always)]
    fn splat_byte(x: u8) -> LaneBytes<N> {
        LaneBytes([x; N])
    }
    #[inline(always)]
    fn bit(byte: LaneBytes<N>, i: usize) -> LaneMask<N> {
        LaneMask(byte.0.map(|b| if b >> i & 1 == 1 { !0 } else { 0 }))
    }
    #[inline(always)]
    fn set_bit(mut byte: LaneBytes<N>, i: usize, mask: LaneMask<N>) -> LaneBytes<N> {
        for (b, m) in byte.0.iter_mut().zip(mask.0) {
            *b = *b & !(1 << i) | (m as u8 & 1) << i;
        }
        byte
    }
    #[inline(always)]
    fn select_byte(mask: LaneMask<N>, mut a: LaneBytes<N>, b: LaneBytes<N>) -> LaneBytes<N> {
        for i in 0..N {
            if mask.0[i] == 0 {
                a.0[i] = b.0[i];
            }
        }
        a
    }
}
