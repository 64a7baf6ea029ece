//! Eight worlds in one 256-bit register.
#![expect(unsafe_code, reason = "vector intrinsics")]

super::number::number!();

super::number::level!(Avx2, "avx2", || is_x86_feature_detected!("avx2"));

/// Every function here needs AVX2, which whoever holds an [`Avx2`] has; [`super::together`] makes these numbers for nobody else.
mod ops {
    use core::arch::x86_64::*;

    pub const LANES: usize = 8;
    pub type V = __m256;
    pub type M = __m256;
    pub type W = __m256i;

    super::super::number::intrinsics! {
        splat(x: f32) -> V { _mm256_set1_ps(x) }
        add(a: V, b: V) -> V { _mm256_add_ps(a, b) }
        sub(a: V, b: V) -> V { _mm256_sub_ps(a, b) }
        mul(a: V, b: V) -> V { _mm256_mul_ps(a, b) }
        div(a: V, b: V) -> V { _mm256_div_ps(a, b) }
        neg(a: V) -> V { _mm256_xor_ps(a, _mm256_set1_ps(-0.0)) }
        abs(a: V) -> V { _mm256_andnot_ps(_mm256_set1_ps(-0.0), a) }
        sqrt(a: V) -> V { _mm256_sqrt_ps(a) }
        lt(a: V, b: V) -> M { _mm256_cmp_ps::<_CMP_LT_OQ>(a, b) }
        select(m: M, a: V, b: V) -> V { _mm256_blendv_ps(b, a, m) }
        and(a: M, b: M) -> M { _mm256_and_ps(a, b) }
        or(a: M, b: M) -> M { _mm256_or_ps(a, b) }
        xor(a: M, b: M) -> M { _mm256_xor_ps(a, b) }
        not(a: M) -> M { _mm256_xor_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(-1))) }
        low_bits(a: V) -> [M; 2] {
            let bits = _mm256_castps_si256(a);
            let (first, second) = (_mm256_slli_epi32::<31>(bits), _mm256_slli_epi32::<30>(bits));
            [_mm256_castsi256_ps(_mm256_srai_epi32::<31>(first)), _mm256_castsi256_ps(_mm256_srai_epi32::<31>(second))]
        }
        from_bits(bits: u16) -> M {
            let place = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
            let own = _mm256_and_si256(_mm256_set1_epi32(bits.into()), place);
            _mm256_castsi256_ps(_mm256_cmpeq_epi32(own, place))
        }
        to_bits(m: M) -> u16 { _mm256_movemask_ps(m) as u16 }
        word(x: u32) -> W { _mm256_set1_epi32(x as i32) }
        add_words(a: W, b: W) -> W { _mm256_add_epi32(a, b) }
        xor_words(a: W, b: W) -> W { _mm256_xor_si256(a, b) }
        long(x: u64) -> W { _mm256_set1_epi64x(x as i64) }
        not_and_words(a: W, b: W) -> W { _mm256_andnot_si256(a, b) }
        left_longs(a: W, bits: u32) -> W {
            let (left, right) = (_mm256_set1_epi64x(bits.into()), _mm256_set1_epi64x(64 - i64::from(bits)));
            _mm256_or_si256(_mm256_sllv_epi64(a, left), _mm256_srlv_epi64(a, right))
        }
    }
    /// Rotates right by `R`, where `L` is 32 − `R`.
    #[inline(always)]
    pub fn right<const R: i32, const L: i32>(a: W) -> W {
        // SAFETY: the module's rule: there is AVX2.
        unsafe { _mm256_or_si256(_mm256_srli_epi32::<R>(a), _mm256_slli_epi32::<L>(a)) }
    }
}
