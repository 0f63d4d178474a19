//! Components as codes of one byte. A vector has one scale, its greatest magnitude divided by 127, and a component is
//! about `code * scale` with a code from -127 to 127. Codes of vectors are kept plus 128, those of queries as they are:
//! instructions for dot products of bytes multiply unsigned by signed ones.

/// The greatest code, and the negative of the least.
const MAX_CODE: f64 = 127.0;
/// What is added to the codes of vectors.
pub(crate) const OFFSET: i32 = 128;

/// Beside this number one unit in the last place is 1: adding it rounds to the nearest integer, ties to even, and leaves
/// that in the lowest bits.
const ROUND: f64 = 1.5 * (1u64 << 52) as f64;

/// The scale of a vector and its codes, in order.
pub(crate) fn quantize(vector: &[f32]) -> (f32, impl Iterator<Item = i8>) {
    let greatest = vector.iter().fold(0.0f32, |greatest, value| greatest.max(value.abs()));
    let factor = if greatest == 0.0 { 0.0 } else { MAX_CODE / f64::from(greatest) };
    let code = move |value: &f32| (f64::from(*value) * factor + ROUND).to_bits() as i8;
    ((f64::from(greatest) / MAX_CODE) as f32, vector.iter().map(code))
}

/// The stored form of a vector's code.
pub(crate) fn stored(code: i8) -> u8 {
    (i32::from(code) + OFFSET) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn extremes_have_the_extreme_codes() {
        for greatest in [1e-45f32, 1e-30, 0.3, 7.0, 1e18] {
            let vector = [greatest, -greatest, 0.0, greatest / 127.0];
            let (scale, codes) = quantize(&vector);
            let codes: Vec<i8> = codes.collect();
            assert_eq!(codes[..3], [127, -127, 0], "{greatest}");
            assert!(scale.is_finite());
        }
        assert_eq!(quantize(&[0.0, -0.0]).0, 0.0);
        assert_eq!(quantize(&[0.0, -0.0]).1.collect::<Vec<_>>(), [0, 0]);
        assert_eq!([stored(-127), stored(0), stored(127)], [1, 128, 255]);
    }

    proptest! {
        #[test]
        fn components_come_back_to_half_a_step(vector in proptest::collection::vec(-9.0f32..9.0, 1..50)) {
            let (scale, codes) = quantize(&vector);
            for (code, value) in codes.zip(&vector) {
                prop_assert!((f32::from(code) * scale - value).abs() <= scale * 0.5001);
            }
        }
    }
}
