use crate::buffer::{CodeRow, HalfRow, LANES, Row};
use crate::half::from_half;

/// Lanes that are computed together, a quarter of a block: 16 floats are one cache line.
pub(crate) const GROUP: usize = 16;
/// Groups in a block.
pub(crate) const GROUPS: usize = LANES / GROUP;

/// Arithmetic on 16 lanes with the instructions of one level. All levels give the same bits.
pub(crate) trait Lanes: Copy {
    /// 16 floats.
    type F: Copy;
    /// 16 integers of 32 bits.
    type I: Copy;
    /// Whether there are registers for the sums of a whole block: of one query, and of [`super::TILE`] queries.
    const BLOCK_AT_ONCE: [bool; 2];

    fn splat(self, value: f32) -> Self::F;
    fn load(self, row: &Row, group: usize) -> Self::F;
    fn load_halves(self, row: &HalfRow, group: usize) -> Self::F;
    fn store(self, lanes: Self::F) -> [f32; GROUP];
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b + c`, rounded once.
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// `c - a * b`, rounded once.
    fn fnma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// The greater one of each lane.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// A bit for each lane: `a >= b`.
    fn at_least(self, a: Self::F, b: Self::F) -> u16;

    /// What a sum of [`Lanes::dot`] begins with; `offset` is the negative of 128 times the sum of the query's codes,
    /// since vectors' codes are stored plus 128.
    fn start(self, offset: i32) -> Self::I;
    fn load_codes(self, row: &CodeRow, group: usize) -> Self::I;
    /// Adds to each lane the products of its four codes with the query's. The query's codes are not -128.
    fn dot(self, sum: Self::I, codes: Self::I, query: [i8; CodeRow::DIMS]) -> Self::I;
    fn to_f32(self, lanes: Self::I) -> Self::F;

    /// Asks for the value's cache lines, which will be read soon.
    #[inline(always)]
    fn prefetch<T>(self, _value: &T) {}

    /// `a * b + c` of single numbers, rounded once.
    fn fma_one(self, a: f32, b: f32, c: f32) -> f32;
}

/// A quarter of a row. The mask spares a bounds check: there are [`GROUPS`] of them.
#[inline(always)]
pub(crate) fn group<T>(row: &[T; LANES], group: usize) -> &[T; GROUP] {
    let (groups, _) = row.as_chunks::<GROUP>();
    &groups[group % GROUPS]
}

/// Plain code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable;

/// `a * b + c` rounded once, for finite numbers of which no sum overflows. The library function of that name is a
/// call for each number where the target has no such instruction, so that loops over it are not vectorised.
#[inline(always)]
pub(crate) fn fused(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
        return a.mul_add(b, c);
    }
    // The product is exact in f64. The sum is rounded to odd (Boldo and Melquiond, "Emulation of FMA and correctly
    // rounded sums", IEEE Transactions on Computers 57, 2008): rounding that to f32 is as if there were one rounding.
    let (product, c) = (f64::from(a) * f64::from(b), f64::from(c));
    let sum = product + c;
    let of_c = sum - product;
    let error = (product - (sum - of_c)) + (c - of_c);
    let bits = sum.to_bits();
    let outward = (error > 0.0) == (sum > 0.0);
    let odd = if outward { bits.wrapping_add(1) } else { bits.wrapping_sub(1) };
    let inexact_and_even = error != 0.0 && bits & 1 == 0;
    f64::from_bits(if inexact_and_even { odd } else { bits }) as f32
}

#[inline(always)]
fn zip(a: [f32; GROUP], b: [f32; GROUP], op: impl Fn(f32, f32) -> f32) -> [f32; GROUP] {
    let mut out = a;
    for (out, b) in out.iter_mut().zip(b) {
        *out = op(*out, b);
    }
    out
}

impl Lanes for Portable {
    type F = [f32; GROUP];
    type I = [i32; GROUP];
    const BLOCK_AT_ONCE: [bool; 2] = [false, false];

    #[inline(always)]
    fn splat(self, value: f32) -> Self::F {
        [value; GROUP]
    }

    #[inline(always)]
    fn load(self, row: &Row, at: usize) -> Self::F {
        *group(&row.0, at)
    }

    #[inline(always)]
    fn load_halves(self, row: &HalfRow, at: usize) -> Self::F {
        group(&row.0, at).map(from_half)
    }

    #[inline(always)]
    fn store(self, lanes: Self::F) -> [f32; GROUP] {
        lanes
    }

    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        let mut out = c;
        for (out, (a, b)) in out.iter_mut().zip(a.into_iter().zip(b)) {
            *out = fused(a, b, *out);
        }
        out
    }

    #[inline(always)]
    fn fnma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        self.fma(a.map(|a| -a), b, c)
    }

    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn at_least(self, a: Self::F, b: Self::F) -> u16 {
        let mut bits = 0;
        for (lane, (a, b)) in a.into_iter().zip(b).enumerate() {
            bits |= u16::from(a >= b) << lane;
        }
        bits
    }

    #[inline(always)]
    fn start(self, offset: i32) -> Self::I {
        [offset; GROUP]
    }

    #[inline(always)]
    fn load_codes(self, row: &CodeRow, at: usize) -> Self::I {
        group(&row.0, at).map(i32::from_le_bytes)
    }

    #[inline(always)]
    fn dot(self, sum: Self::I, codes: Self::I, query: [i8; CodeRow::DIMS]) -> Self::I {
        let mut out = sum;
        for (sum, codes) in out.iter_mut().zip(codes) {
            let codes = codes.to_le_bytes();
            for (code, query) in codes.into_iter().zip(query) {
                *sum += i32::from(code) * i32::from(query);
            }
        }
        out
    }

    #[inline(always)]
    fn to_f32(self, lanes: Self::I) -> Self::F {
        lanes.map(|lane| lane as f32)
    }

    #[inline(always)]
    fn fma_one(self, a: f32, b: f32, c: f32) -> f32 {
        fused(a, b, c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number() -> impl Strategy<Value = f32> {
        let bits = any::<u32>().prop_map(f32::from_bits);
        let finite = bits.prop_filter("finite", |v| v.is_finite() && v.abs() < 1e18);
        let round = (-40i32..40).prop_map(|e| 2f32.powi(e));
        prop_oneof![finite, round, -2.0f32..2.0, Just(0.0), Just(-0.0)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn the_fused_product_is_that_of_the_standard_library(a in number(), b in number(), c in number()) {
            prop_assert_eq!(fused(a, b, c).to_bits(), a.mul_add(b, c).to_bits());
            // Nearly cancelling sums are where a second rounding shows.
            let c = -(a * b);
            prop_assert_eq!(fused(a, b, c).to_bits(), a.mul_add(b, c).to_bits());
        }

        #[test]
        fn halfway_cases_are_rounded_once(a in 1u32..1 << 24, shift in 24i32..60, sign in any::<bool>()) {
            // 2^24 + 1 is halfway between two floats; the product decides from far below.
            let tiny = a as f32 * 2f32.powi(-shift) * if sign { -1.0 } else { 1.0 };
            for (x, y) in [(4097.0f32, 4097.0f32), (4095.0, 4097.0), (12_289.0, 1_365.333_4)] {
                prop_assert_eq!(fused(x, y, tiny).to_bits(), x.mul_add(y, tiny).to_bits());
            }
        }
    }
}
