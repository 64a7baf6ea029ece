//! What the number types of all instruction sets have in common, over a module's own primitive operations.

/// A byte per lane, by bit planes: word `i` holds bit `i` of every lane.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Planes(pub [u16; 8]);

/// `Number`, `Mask` and `Word` of a module over its `ops`: `V`, `M`, `W`, `LANES`, and a function for each operation.
macro_rules! number {
    () => {
        use core::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

        use hyperdust_kernel::{
            math::{self, Real},
            merkle::Hash,
        };

        use super::number::Planes;

        /// A number per world.
        #[derive(Clone, Copy, Debug)]
        #[repr(transparent)]
        pub(super) struct Number(ops::V);

        /// A truth value per world.
        #[derive(Clone, Copy, Debug)]
        pub(super) struct Mask(ops::M);

        impl Default for Number {
            #[inline(always)]
            fn default() -> Self {
                Self(ops::splat(0.0))
            }
        }
        impl Add for Number {
            type Output = Self;
            #[inline(always)]
            fn add(self, b: Self) -> Self {
                Self(ops::add(self.0, b.0))
            }
        }
        impl Sub for Number {
            type Output = Self;
            #[inline(always)]
            fn sub(self, b: Self) -> Self {
                Self(ops::sub(self.0, b.0))
            }
        }
        impl Mul for Number {
            type Output = Self;
            #[inline(always)]
            fn mul(self, b: Self) -> Self {
                Self(ops::mul(self.0, b.0))
            }
        }
        impl Div for Number {
            type Output = Self;
            #[inline(always)]
            fn div(self, b: Self) -> Self {
                Self(ops::div(self.0, b.0))
            }
        }
        impl Neg for Number {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                Self(ops::neg(self.0))
            }
        }
        impl AddAssign for Number {
            #[inline(always)]
            fn add_assign(&mut self, b: Self) {
                *self = *self + b;
            }
        }
        impl SubAssign for Number {
            #[inline(always)]
            fn sub_assign(&mut self, b: Self) {
                *self = *self - b;
            }
        }

        impl math::Mask for Mask {
            #[inline(always)]
            fn splat(value: bool) -> Self {
                Self(ops::from_bits(if value { !0 } else { 0 }))
            }
            #[inline(always)]
            fn any(self) -> bool {
                ops::to_bits(self.0) != 0
            }
            #[inline(always)]
            fn and(self, b: Self) -> Self {
                Self(ops::and(self.0, b.0))
            }
            #[inline(always)]
            fn or(self, b: Self) -> Self {
                Self(ops::or(self.0, b.0))
            }
            #[inline(always)]
            fn xor(self, b: Self) -> Self {
                Self(ops::xor(self.0, b.0))
            }
            #[inline(always)]
            fn not(self) -> Self {
                Self(ops::not(self.0))
            }
            #[inline(always)]
            fn lane(self, lane: usize) -> bool {
                ops::to_bits(self.0) >> lane & 1 == 1
            }
        }

        impl Real for Number {
            type Mask = Mask;
            type Byte = Planes;

            const LANES: usize = ops::LANES;

            #[inline(always)]
            fn splat(x: f32) -> Self {
                Self(ops::splat(x))
            }
            #[inline(always)]
            fn lane(&self, lane: usize) -> f32 {
                bytemuck::cast_ref::<ops::V, [f32; ops::LANES]>(&self.0)[lane]
            }
            #[inline(always)]
            fn set_lane(&mut self, lane: usize, x: f32) {
                bytemuck::cast_mut::<ops::V, [f32; ops::LANES]>(&mut self.0)[lane] = x;
            }
            #[inline(always)]
            fn byte(bytes: &Planes, lane: usize) -> u8 {
                (0..8).map(|i| ((bytes.0[i] >> lane & 1) as u8) << i).sum()
            }
            #[inline(always)]
            fn set_byte(bytes: &mut Planes, lane: usize, x: u8) {
                for (i, plane) in bytes.0.iter_mut().enumerate() {
                    *plane = *plane & !(1 << lane) | u16::from(x >> i & 1) << lane;
                }
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                Self(ops::sqrt(self.0))
            }
            #[inline(always)]
            fn low_bits(self) -> [Mask; 2] {
                ops::low_bits(self.0).map(Mask)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                Self(ops::abs(self.0))
            }
            #[inline(always)]
            fn lt(self, b: Self) -> Mask {
                Mask(ops::lt(self.0, b.0))
            }
            #[inline(always)]
            fn select(mask: Mask, a: Self, b: Self) -> Self {
                Self(ops::select(mask.0, a.0, b.0))
            }
            #[inline(always)]
            fn map(self, f: impl Fn(f32) -> f32) -> Self {
                Self(bytemuck::cast(bytemuck::cast::<ops::V, [f32; ops::LANES]>(self.0).map(f)))
            }
            #[inline(always)]
            fn splat_byte(x: u8) -> Planes {
                Planes(core::array::from_fn(|i| if x >> i & 1 == 1 { !0 } else { 0 }))
            }
            #[inline(always)]
            fn bit(byte: Planes, i: usize) -> Mask {
                Mask(ops::from_bits(byte.0[i]))
            }
            #[inline(always)]
            fn set_bit(mut byte: Planes, i: usize, mask: Mask) -> Planes {
                byte.0[i] = ops::to_bits(mask.0);
                byte
            }
            #[inline(always)]
            fn select_byte(mask: Mask, a: Planes, b: Planes) -> Planes {
                let m = ops::to_bits(mask.0);
                Planes(core::array::from_fn(|i| a.0[i] & m | b.0[i] & !m))
            }
        }

        /// A 32-bit word per message.
        #[derive(Clone, Copy, Debug)]
        #[repr(transparent)]
        pub(super) struct Word(ops::W);

        impl super::blake3::Word for Word {
            const LANES: usize = ops::LANES;

            #[inline(always)]
            fn splat(x: u32) -> Self {
                Self(ops::word(x))
            }
            #[inline(always)]
            fn set_lane(&mut self, lane: usize, x: u32) {
                bytemuck::cast_mut::<ops::W, [u32; ops::LANES]>(&mut self.0)[lane] = x;
            }
            #[inline(always)]
            fn lane(&self, lane: usize) -> u32 {
                bytemuck::cast_ref::<ops::W, [u32; ops::LANES]>(&self.0)[lane]
            }
            #[inline(always)]
            fn add(self, b: Self) -> Self {
                Self(ops::add_words(self.0, b.0))
            }
            #[inline(always)]
            fn xor(self, b: Self) -> Self {
                Self(ops::xor_words(self.0, b.0))
            }
            #[inline(always)]
            fn right_16(self) -> Self {
                Self(ops::right::<16, 16>(self.0))
            }
            #[inline(always)]
            fn right_12(self) -> Self {
                Self(ops::right::<12, 20>(self.0))
            }
            #[inline(always)]
            fn right_8(self) -> Self {
                Self(ops::right::<8, 24>(self.0))
            }
            #[inline(always)]
            fn right_7(self) -> Self {
                Self(ops::right::<7, 25>(self.0))
            }
        }
    };
}
pub(super) use number;

/// A level whose instructions not every processor has: its name, its target features, and how to see them.
#[cfg(target_arch = "x86_64")]
macro_rules! level {
    ($level:ident, $features:literal, $detect:expr) => {
        /// Proof that this processor has the instructions. Numbers of this module must not be touched without one.
        #[derive(Debug)]
        pub(super) struct $level(());

        impl $level {
            pub fn detect() -> Option<Self> {
                let detect: fn() -> bool = $detect;
                detect().then_some(Self(()))
            }
        }

        impl super::Level for $level {
            type Number = Number;

            fn compute(&self, pack: &mut hyperdust_kernel::Pack<Number>) {
                #[target_feature(enable = $features)]
                fn compute(pack: &mut hyperdust_kernel::Pack<Number>) {
                    pack.compute();
                }
                // SAFETY: `self` exists only where `detect` saw the instructions.
                unsafe { compute(pack) }
            }

            fn hash(&self, messages: &[&[u8]], hashes: &mut [[u8; 32]]) {
                #[target_feature(enable = $features)]
                fn hash(messages: &[&[u8]], hashes: &mut [[u8; 32]]) {
                    super::blake3::hash::<Word>(messages, hashes);
                }
                // SAFETY: as above.
                unsafe { hash(messages, hashes) }
            }

            fn keccak<const N: usize>(&self, messages: &[[Hash; N]], hashes: &mut [Hash]) {
                #[target_feature(enable = $features)]
                fn keccak<const N: usize>(messages: &[[Hash; N]], hashes: &mut [Hash]) {
                    super::keccak::hash::<Long, N>(messages, hashes);
                }
                // SAFETY: as above.
                unsafe { keccak(messages, hashes) }
            }
        }

        /// A 64-bit word per message.
        #[derive(Clone, Copy, Debug)]
        #[repr(transparent)]
        struct Long(ops::W);

        impl super::keccak::Word for Long {
            const LANES: usize = ops::LANES / 2;

            #[inline(always)]
            fn splat(x: u64) -> Self {
                Self(ops::long(x))
            }
            #[inline(always)]
            fn set_lane(&mut self, lane: usize, x: u64) {
                bytemuck::cast_mut::<ops::W, [u64; ops::LANES / 2]>(&mut self.0)[lane] = x;
            }
            #[inline(always)]
            fn lane(&self, lane: usize) -> u64 {
                bytemuck::cast_ref::<ops::W, [u64; ops::LANES / 2]>(&self.0)[lane]
            }
            #[inline(always)]
            fn xor(self, other: Self) -> Self {
                Self(ops::xor_words(self.0, other.0))
            }
            #[inline(always)]
            fn not_and(self, other: Self) -> Self {
                Self(ops::not_and_words(self.0, other.0))
            }
            #[inline(always)]
            fn left(self, bits: u32) -> Self {
                Self(ops::left_longs(self.0, bits))
            }
        }
    };
}
#[cfg(target_arch = "x86_64")]
pub(super) use level;

/// Functions of a level's `ops`. They need its instructions, which whoever holds the level has; nobody else is given its numbers.
#[cfg(target_arch = "x86_64")]
macro_rules! intrinsics {
    ($($name:ident ($($x:ident: $type:ty),*) -> $out:ty $body:block)*) => {$(
        #[inline(always)]
        pub fn $name($($x: $type),*) -> $out {
            // SAFETY: see the macro.
            unsafe { $body }
        }
    )*};
}
#[cfg(target_arch = "x86_64")]
pub(super) use intrinsics;
