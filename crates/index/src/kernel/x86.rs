//! The lanes on x86-64.

use std::arch::x86_64::{__m128i, __m256, __m256i, __m512, __m512i};

use pulp::bytemuck::cast;

use super::lanes::{GROUP, Lanes, group};
use crate::buffer::{CodeRow, HalfRow, Row};
use crate::raw::{self, prefetch};

pulp::simd_type! {
    /// Proof that the processor has x86-64-v3.
    pub(crate) struct Avx2 {
        sse: "sse",
        sse2: "sse2",
        sse3: "sse3",
        ssse3: "ssse3",
        sse4_1: "sse4.1",
        sse4_2: "sse4.2",
        popcnt: "popcnt",
        avx: "avx",
        avx2: "avx2",
        bmi1: "bmi1",
        bmi2: "bmi2",
        f16c: "f16c",
        fma: "fma",
        lzcnt: "lzcnt",
    }

    /// Proof that the processor has x86-64-v4 and AVX-512 VNNI.
    pub(crate) struct Avx512 {
        sse: "sse",
        sse2: "sse2",
        sse3: "sse3",
        ssse3: "ssse3",
        sse4_1: "sse4.1",
        sse4_2: "sse4.2",
        popcnt: "popcnt",
        avx: "avx",
        avx2: "avx2",
        bmi1: "bmi1",
        bmi2: "bmi2",
        f16c: "f16c",
        fma: "fma",
        lzcnt: "lzcnt",
        avx512f: "avx512f",
        avx512bw: "avx512bw",
        avx512cd: "avx512cd",
        avx512dq: "avx512dq",
        avx512vl: "avx512vl",
        avx512vnni: "avx512vnni",
    }
}

/// The predicate of comparisons, which is false for NaN.
const GREATER_OR_EQUAL: i32 = 29;

impl Lanes for Avx512 {
    type F = __m512;
    type I = __m512i;
    const BLOCK_AT_ONCE: [bool; 2] = [true, true];

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        self.avx512f._mm512_set1_ps(value)
    }

    #[inline(always)]
    fn load(self, row: &Row, at: usize) -> __m512 {
        cast(*group(&row.0, at))
    }

    #[inline(always)]
    fn load_halves(self, row: &HalfRow, at: usize) -> __m512 {
        self.avx512f._mm512_cvtph_ps(cast(*group(&row.0, at)))
    }

    #[inline(always)]
    fn store(self, lanes: __m512) -> [f32; GROUP] {
        cast(lanes)
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        self.avx512f._mm512_sub_ps(a, b)
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        self.avx512f._mm512_mul_ps(a, b)
    }

    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        self.avx512f._mm512_fmadd_ps(a, b, c)
    }

    #[inline(always)]
    fn fnma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        self.avx512f._mm512_fnmadd_ps(a, b, c)
    }

    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        self.avx512f._mm512_max_ps(a, b)
    }

    #[inline(always)]
    fn at_least(self, a: __m512, b: __m512) -> u16 {
        self.avx512f._mm512_cmp_ps_mask::<GREATER_OR_EQUAL>(a, b)
    }

    #[inline(always)]
    fn start(self, offset: i32) -> __m512i {
        self.avx512f._mm512_set1_epi32(offset)
    }

    #[inline(always)]
    fn load_codes(self, row: &CodeRow, at: usize) -> __m512i {
        cast(*group(&row.0, at))
    }

    #[inline(always)]
    fn dot(self, sum: __m512i, codes: __m512i, query: [i8; CodeRow::DIMS]) -> __m512i {
        let query = self.avx512f._mm512_set1_epi32(cast(query));
        raw::dot_bytes(self, sum, codes, query)
    }

    #[inline(always)]
    fn to_f32(self, lanes: __m512i) -> __m512 {
        self.avx512f._mm512_cvtepi32_ps(lanes)
    }

    #[inline(always)]
    fn prefetch<T>(self, value: &T) {
        prefetch(value);
    }

    #[inline(always)]
    fn fma_one(self, a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}

/// Applies `op` to both halves of 16 lanes.
macro_rules! halves {
    (|$($name:ident),+| $op:expr) => {{
        let first = { $(let $name = $name[0];)+ $op };
        let second = { $(let $name = $name[1];)+ $op };
        [first, second]
    }};
}

impl Lanes for Avx2 {
    type F = [__m256; 2];
    type I = [__m256i; 2];
    const BLOCK_AT_ONCE: [bool; 2] = [true, false];

    #[inline(always)]
    fn splat(self, value: f32) -> Self::F {
        [self.avx._mm256_set1_ps(value); 2]
    }

    #[inline(always)]
    fn load(self, row: &Row, at: usize) -> Self::F {
        cast(*group(&row.0, at))
    }

    #[inline(always)]
    fn load_halves(self, row: &HalfRow, at: usize) -> Self::F {
        let bits: [__m128i; 2] = cast(*group(&row.0, at));
        halves!(|bits| raw::halves_to_f32(self, bits))
    }

    #[inline(always)]
    fn store(self, lanes: Self::F) -> [f32; GROUP] {
        cast(lanes)
    }

    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        halves!(|a, b| self.avx._mm256_sub_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        halves!(|a, b| self.avx._mm256_mul_ps(a, b))
    }

    #[inline(always)]
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        halves!(|a, b, c| self.fma._mm256_fmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn fnma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        halves!(|a, b, c| self.fma._mm256_fnmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        halves!(|a, b| self.avx._mm256_max_ps(a, b))
    }

    #[inline(always)]
    fn at_least(self, a: Self::F, b: Self::F) -> u16 {
        let bits = halves!(|a, b| {
            self.avx._mm256_movemask_ps(self.avx._mm256_cmp_ps::<GREATER_OR_EQUAL>(a, b)) as u16
        });
        bits[0] | bits[1] << 8
    }

    /// [`Lanes::dot`] takes the 128 off the codes, so that there is nothing to make good.
    #[inline(always)]
    fn start(self, _offset: i32) -> Self::I {
        [self.avx._mm256_setzero_si256(); 2]
    }

    #[inline(always)]
    fn load_codes(self, row: &CodeRow, at: usize) -> Self::I {
        let codes: [__m256i; 2] = cast(*group(&row.0, at));
        let top = self.avx._mm256_set1_epi8(i8::MIN);
        // The same as less 128, for codes as signed numbers.
        halves!(|codes| self.avx2._mm256_xor_si256(codes, top))
    }

    /// The instruction multiplies unsigned by signed bytes and adds pairs with saturation at 16 bits. So the sign of
    /// the query goes over to the codes: 2 * 127 * 128 fits.
    #[inline(always)]
    fn dot(self, sum: Self::I, codes: Self::I, query: [i8; CodeRow::DIMS]) -> Self::I {
        let query = self.avx._mm256_set1_epi32(cast(query));
        let magnitude = self.avx2._mm256_abs_epi8(query);
        let ones = self.avx._mm256_set1_epi16(1);
        halves!(|sum, codes| {
            let pairs = self.avx2._mm256_maddubs_epi16(magnitude, self.avx2._mm256_sign_epi8(codes, query));
            self.avx2._mm256_add_epi32(sum, self.avx2._mm256_madd_epi16(pairs, ones))
        })
    }

    #[inline(always)]
    fn to_f32(self, lanes: Self::I) -> Self::F {
        halves!(|lanes| self.avx._mm256_cvtepi32_ps(lanes))
    }

    #[inline(always)]
    fn prefetch<T>(self, value: &T) {
        prefetch(value);
    }

    #[inline(always)]
    fn fma_one(self, a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }
}
