//! Eight worlds in the registers that every processor of the target has (on x86-64 and AArch64 two of 128 bits).

use hyperdust_kernel::Pack;

super::number::number!();

/// See the module documentation.
#[derive(Debug)]
pub(super) struct Portable;

impl super::Level for Portable {
    type Number = Number;

    fn compute(&self, pack: &mut Pack<Number>) {
        pack.compute();
    }

    fn hash(&self, messages: &[&[u8]], hashes: &mut [[u8; 32]]) {
        super::blake3::hash::<Word>(messages, hashes);
    }

    fn keccak<const N: usize>(&self, messages: &[[Hash; N]], hashes: &mut [Hash]) {
        super::keccak::hash::<u64, N>(messages, hashes);
    }
}

/// One message at a time: registers of 128 bits that don't rotate are no faster.
impl super::keccak::Word for u64 {
    const LANES: usize = 1;

    #[inline(always)]
    fn splat(x: u64) -> Self {
        x
    }
    #[inline(always)]
    fn set_lane(&mut self, _: usize, x: u64) {
        *self = x;
    }
    #[inline(always)]
    fn lane(&self, _: usize) -> u64 {
        *self
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self ^ other
    }
    #[inline(always)]
    fn not_and(self, other: Self) -> Self {
        !self & other
    }
    #[inline(always)]
    fn left(self, bits: u32) -> Self {
        self.rotate_left(bits)
    }
}

mod ops {
    use wide::{f32x8, i32x8, u32x8};

    pub const LANES: usize = 8;
    pub type V = f32x8;
    pub type M = f32x8;
    pub type W = u32x8;

    macro_rules! plain {
        ($($name:ident $op:tt),*) => {$(
            #[inline(always)]
            pub fn $name(a: f32x8, b: f32x8) -> f32x8 {
                a $op b
            }
        )*};
    }
    plain!(add +, sub -, mul *, div /, and &, or |, xor ^);

    #[inline(always)]
    pub fn splat(x: f32) -> V {
        f32x8::splat(x)
    }
    #[inline(always)]
    pub fn neg(a: V) -> V {
        a ^ f32x8::splat(-0.0)
    }
    #[inline(always)]
    pub fn abs(a: V) -> V {
        a.abs()
    }
    #[inline(always)]
    pub fn sqrt(a: V) -> V {
        a.sqrt()
    }
    #[inline(always)]
    pub fn lt(a: V, b: V) -> M {
        a.simd_lt(b)
    }
    #[inline(always)]
    pub fn select(m: M, a: V, b: V) -> V {
        m.bitselect(a, b)
    }
    #[inline(always)]
    pub fn not(a: M) -> M {
        !a
    }
    #[inline(always)]
    pub fn low_bits(a: V) -> [M; 2] {
        let bits: i32x8 = bytemuck::cast(a);
        [bytemuck::cast((bits << 31) >> 31), bytemuck::cast((bits << 30) >> 31)]
    }
    #[inline(always)]
    pub fn from_bits(bits: u16) -> M {
        let place = i32x8::new([1, 2, 4, 8, 16, 32, 64, 128]);
        let absent = (i32x8::splat(bits.into()) & place).simd_eq(i32x8::ZERO);
        bytemuck::cast(!absent)
    }
    #[inline(always)]
    pub fn to_bits(m: M) -> u16 {
        m.to_bitmask() as u16
    }
    #[inline(always)]
    pub fn word(x: u32) -> W {
        u32x8::splat(x)
    }
    #[inline(always)]
    pub fn add_words(a: W, b: W) -> W {
        a + b
    }
    #[inline(always)]
    pub fn xor_words(a: W, b: W) -> W {
        a ^ b
    }
    /// Rotates right by `R`, where `L` is 32 − `R`.
    #[inline(always)]
    pub fn right<const R: i32, const L: i32>(a: W) -> W {
        (a >> R) | (a << L)
    }
}
