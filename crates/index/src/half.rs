//! IEEE 754 half-precision floats as bits. Infinities and NaN do not occur: vectors are checked before.

/// The greatest finite half-precision float.
pub(crate) const MAX_HALF: f32 = 65_504.0;

/// Rounds to the nearest half, ties to even. `|value|` is at most [`MAX_HALF`].
#[inline]
pub(crate) fn to_half(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = (bits >> 16 & 0x8000) as u16;
    let magnitude = f32::from_bits(bits & 0x7fff_ffff);
    if magnitude < 2f32.powi(-14) {
        // Subnormal halves are multiples of 2^-24. Adding 2^-1 rounds to them: one unit in its last place is 2^-24.
        let rounded = (magnitude + 0.5).to_bits() - 0.5f32.to_bits();
        return sign | rounded as u16;
    }
    let bits = magnitude.to_bits();
    // 13 bits fall away; the exponent's bias goes from 127 to 15.
    let rounded = bits + 0x0fff + (bits >> 13 & 1);
    sign | ((rounded >> 13) - ((127 - 15) << 10)) as u16
}

/// Whether the bits are neither those of an infinity nor of NaN.
pub(crate) fn is_finite(half: u16) -> bool {
    half & 0x7c00 != 0x7c00
}

/// The value, which f32 holds exactly. Without a branch, so that loops over it become vector instructions.
#[inline(always)]
pub(crate) fn from_half(half: u16) -> f32 {
    let sign = u32::from(half & 0x8000) << 16;
    // As if the bias were that of f32; the product puts it right, for subnormal halves too, and is exact.
    let magnitude = f32::from_bits(u32::from(half & 0x7fff) << 13) * f32::from_bits((127 + 127 - 15) << 23);
    f32::from_bits(magnitude.to_bits() | sign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every finite half from the definition: sign, five bits of exponent, ten of fraction.
    fn defined(half: u16) -> f64 {
        let fraction = f64::from(half & 0x3ff) / 1024.0;
        let magnitude = match i32::from(half >> 10 & 0x1f) {
            0 => fraction * 2f64.powi(-14),
            exponent => (1.0 + fraction) * 2f64.powi(exponent - 15),
        };
        if half >> 15 == 1 { -magnitude } else { magnitude }
    }

    #[test]
    fn every_half_is_read_as_defined_and_comes_back() {
        for half in (0..=u16::MAX).filter(|half| half >> 10 & 0x1f != 0x1f) {
            let value = from_half(half);
            assert_eq!(f64::from(value), defined(half), "{half:#06x}");
            assert_eq!(to_half(value), half, "{half:#06x}");
        }
        assert_eq!(to_half(MAX_HALF), 0x7bff);
    }

    proptest! {
        #[test]
        fn rounding_is_to_the_nearest_and_then_to_even(
            value in prop_oneof![-MAX_HALF..=MAX_HALF, -1e-3f32..1e-3, -1e-6f32..1e-6],
        ) {
            let half = to_half(value);
            let error = (defined(half) - f64::from(value)).abs();
            for other in [half.wrapping_add(1), half.wrapping_sub(1)] {
                if other >> 10 & 0x1f != 0x1f && other >> 15 == half >> 15 {
                    let further = (defined(other) - f64::from(value)).abs();
                    prop_assert!(error < further || (error == further && half & 1 == 0));
                }
            }
        }
    }
}
