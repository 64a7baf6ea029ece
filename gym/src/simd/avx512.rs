//! Sixteen worlds in one 512-bit register.
#![expect(unsafe_code, reason = "vector intrinsics")]

super::number::number!();

super::number::level!(Avx512, "avx512f,avx512dq", || {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq")
});

/// Every function here needs AVX-512, which whoever holds an [`Avx512`] has; [`super::together`] makes these numbers for nobody else.
mod ops {
    use core::arch::x86_64::*;

    pub const LANES: usize = 16;
    pub type V = __m512;
    pub type M = __mmask16;
    pub type W = __m512i;

    super::super::number::intrinsics! {
        splat(x: f32) -> V { _mm512_set1_ps(x) }
        add(a: V, b: V) -> V { _mm512_add_ps(a, b) }
        sub(a: V, b: V) -> V { _mm512_sub_ps(a, b) }
        mul(a: V, b: V) -> V { _mm512_mul_ps(a, b) }
        div(a: V, b: V) -> V { _mm512_div_ps(a, b) }
        neg(a: V) -> V { _mm512_xor_ps(a, _mm512_set1_ps(-0.0)) }
        abs(a: V) -> V { _mm512_andnot_ps(_mm512_set1_ps(-0.0), a) }
        sqrt(a: V) -> V { _mm512_sqrt_ps(a) }
        lt(a: V, b: V) -> M { _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b) }
        select(m: M, a: V, b: V) -> V { _mm512_mask_blend_ps(m, b, a) }
        word(x: u32) -> W { _mm512_set1_epi32(x as i32) }
        add_words(a: W, b: W) -> W { _mm512_add_epi32(a, b) }
        xor_words(a: W, b: W) -> W { _mm512_xor_si512(a, b) }
        long(x: u64) -> W { _mm512_set1_epi64(x as i64) }
        not_and_words(a: W, b: W) -> W { _mm512_andnot_si512(a, b) }
        left_longs(a: W, bits: u32) -> W { _mm512_rolv_epi64(a, _mm512_set1_epi64(bits.into())) }
        low_bits(a: V) -> [M; 2] {
            let bits = _mm512_castps_si512(a);
            [_mm512_test_epi32_mask(bits, _mm512_set1_epi32(1)), _mm512_test_epi32_mask(bits, _mm512_set1_epi32(2))]
        }
    }
    /// Rotates right by `R`; `L`, what is left of 32, is for those who must shift twice.
    #[inline(always)]
    pub fn right<const R: i32, const L: i32>(a: W) -> W {
        // SAFETY: the module's rule: there is AVX-512.
        unsafe { _mm512_ror_epi32::<R>(a) }
    }
    #[inline(always)]
    pub fn and(a: M, b: M) -> M {
        a & b
    }
    #[inline(always)]
    pub fn or(a: M, b: M) -> M {
        a | b
    }
    #[inline(always)]
    pub fn xor(a: M, b: M) -> M {
        a ^ b
    }
    #[inline(always)]
    pub fn not(a: M) -> M {
        !a
    }
    #[inline(always)]
    pub fn from_bits(bits: u16) -> M {
        bits
    }
    #[inline(always)]
    pub fn to_bits(m: M) -> u16 {
        m
    }
}
