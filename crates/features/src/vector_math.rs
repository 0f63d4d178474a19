//! Logarithms and exponentials in double precision, without calls or branches, so that loops over them can be
//! vectorised (as the libraries' own cannot). Within 1e-14 of the value.

use std::f64::consts::{LOG2_E, SQRT_2};

/// Added to a number under 2^51 in magnitude, it leaves its nearest integer in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

// ln(2), split so that the product with an exponent is exact in the first part.
const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// `ln(x)` for a normal, finite `x > 0`.
///
/// `x = 2^e m` with `m` in `[sqrt(1/2), sqrt(2))`, and `ln m = 2 artanh s` with `s = (m - 1) / (m + 1)`, whose series
/// is cut where it falls under the precision: `|s| < 0.172`.
#[inline(always)]
pub(crate) fn ln(x: f64) -> f64 {
    // Bits of 2^52, over which an integer lies as it is.
    const TWO_52: u64 = 0x4330_0000_0000_0000;
    let shifted = x.to_bits().wrapping_sub((SQRT_2 / 2.0).to_bits()).wrapping_add(1023 << 52);
    let exponent = f64::from_bits((shifted >> 52) | TWO_52) - (f64::from_bits(TWO_52) + 1023.0);
    let m = f64::from_bits((shifted & ((1 << 52) - 1)) + (SQRT_2 / 2.0).to_bits());
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let low = 1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0)));
    let high = 1.0 / 11.0 + z * (1.0 / 13.0 + z * (1.0 / 15.0 + z * (1.0 / 17.0)));
    let (z2, double) = (z * z, 2.0 * s);
    exponent * LN_2_HIGH + (exponent * LN_2_LOW + (double + double * z * (low + z2 * z2 * high)))
}

/// `ln(1 + x)` for a finite `x >= 0`, also relative to the smallest result.
#[inline(always)]
pub(crate) fn ln_1p(x: f64) -> f64 {
    let sum = 1.0 + x;
    // What the sum has lost of `x`.
    ln(sum) + (x - (sum - 1.0)) / sum
}

/// `exp(x)`; beyond double precision, about the largest and the smallest normal number.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    let (scale, part) = exp_parts(x);
    scale + scale * part
}

/// `exp(x) - 1`, also relative to the smallest result.
#[inline(always)]
pub(crate) fn exp_m1(x: f64) -> f64 {
    let (scale, part) = exp_parts(x);
    (scale - 1.0) + scale * part
}

/// `2^k` and `exp(r) - 1` with `x = k ln(2) + r`.
#[inline(always)]
fn exp_parts(x: f64) -> (f64, f64) {
    let x = x.clamp(-708.0, 709.0);
    let rounded = x * LOG2_E + ROUND;
    let k = rounded - ROUND;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let scale = f64::from_bits(rounded.to_bits().wrapping_add(1023) << 52);
    // The series to r^12, |r| < 0.347.
    let mut part = 1.0 / 479_001_600.0;
    for factorial in
        [39_916_800.0, 3_628_800.0, 362_880.0, 40_320.0, 5_040.0, 720.0, 120.0, 24.0, 6.0, 2.0, 1.0]
    {
        part = part * r + 1.0 / factorial;
    }
    (scale, part * r)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(got: f64, want: f64, what: &str, x: f64) {
        assert!((got - want).abs() <= 1e-14 * want.abs(), "{what}({x:e}): {got:e} instead of {want:e}");
    }

    #[test]
    fn as_the_standard_library() {
        let mut x = f64::MIN_POSITIVE;
        while x < 1e308 {
            assert!((ln(x) - x.ln()).abs() <= 1e-14 * x.ln().abs().max(1e-2), "ln {x:e}");
            assert_close(ln_1p(x), x.ln_1p(), "ln_1p", x);
            for x in [x, -x] {
                if x.abs() < 708.0 {
                    assert_close(exp(x), x.exp(), "exp", x);
                    assert_close(exp_m1(x), x.exp_m1(), "exp_m1", x);
                }
            }
            x *= 1.003_7;
        }
        assert_eq!((ln(1.0), ln_1p(0.0), exp(0.0), exp_m1(0.0)), (0.0, 0.0, 1.0, 0.0));
    }

    #[test]
    fn beyond_the_range() {
        assert!(exp(1e300) > 1e307 && exp(1e300).is_finite());
        assert!(exp(-1e300) > 0.0 && exp(-1e300) < 1e-307);
        assert_eq!(exp_m1(-1e300), -1.0);
        assert!((ln_1p(f64::MAX) - f64::MAX.ln()).abs() < 1e-11);
    }
}
