use crate::Error;
use crate::simd::{self, Vectorized};

/// The largest magnitude of a sample that is accepted: 1e10, well over the range of 32-bit integers.
///
/// With it, no power, band or decibel that this crate computes can overflow single precision.
pub const MAX_SAMPLE: f32 = 1e10;

/// The longest transform: with [`MAX_SAMPLE`], a power is at most (2^22 * 1e10)^2 = 1.8e33.
pub(crate) const MAX_N_FFT: usize = 1 << 22;

/// Whether any value is NaN, infinite, or larger than `limit` in magnitude. Without its sign bit, a float
/// orders as an integer, and NaN and infinity above all numbers, so that one comparison of integers serves.
fn any_above(values: &[f32], limit: f32) -> bool {
    simd::run(AnyAbove(values, limit))
}

struct AnyAbove<'a>(&'a [f32], f32);

impl Vectorized for AnyAbove<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let limit = self.1.to_bits();
        let mut any = false;
        for value in self.0 {
            any |= (value.to_bits() & 0x7fff_ffff) > limit;
        }
        any
    }
}

/// All samples are finite and at most [`MAX_SAMPLE`].
pub(crate) fn samples(samples: &[f32]) -> Result<(), Error> {
    if samples.is_empty() {
        return Err(Error::EmptyInput);
    }
    for (piece, block) in samples.chunks(PIECE).enumerate() {
        if any_above(block, MAX_SAMPLE) {
            return Err(first_bad_sample(block, piece * PIECE));
        }
    }
    Ok(())
}

/// All values are finite.
pub(crate) fn finite(values: &[f32]) -> Result<(), Error> {
    for (piece, block) in values.chunks(PIECE).enumerate() {
        if any_above(block, f32::MAX) {
            let within = block.iter().position(|v| !v.is_finite()).unwrap_or(0);
            return Err(Error::NonFinite { index: piece * PIECE + within });
        }
    }
    Ok(())
}

const PIECE: usize = 16_384;

#[cold]
fn first_bad_sample(block: &[f32], offset: usize) -> Error {
    let within = block.iter().position(|v| v.is_nan() || v.abs() > MAX_SAMPLE).unwrap_or(0);
    let index = offset + within;
    match block.get(within) {
        Some(&got) if got.is_finite() => Error::SampleTooLarge { index, got, limit: MAX_SAMPLE },
        _ => Error::NonFinite { index },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bad_sample_is_named() {
        for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for index in [0, 1, PIECE - 1, PIECE, 2 * PIECE + 99] {
                let mut x = vec![0.5f32; 2 * PIECE + 100];
                x[index] = bad;
                assert_eq!(samples(&x), Err(Error::NonFinite { index }));
                assert_eq!(finite(&x), Err(Error::NonFinite { index }));
            }
        }
    }

    #[test]
    fn the_limit_itself_is_accepted() {
        assert_eq!(samples(&[MAX_SAMPLE, -MAX_SAMPLE, f32::MIN_POSITIVE / 2.0, -0.0]), Ok(()));
        let over = MAX_SAMPLE.next_up();
        assert_eq!(
            samples(&[0.0, -over]),
            Err(Error::SampleTooLarge { index: 1, got: -over, limit: MAX_SAMPLE })
        );
        assert_eq!(finite(&[f32::MAX, f32::MIN]), Ok(()));
    }

    #[test]
    fn nothing_is_not_a_signal() {
        assert_eq!(samples(&[]), Err(Error::EmptyInput));
        assert_eq!(finite(&[]), Ok(()));
    }
}
