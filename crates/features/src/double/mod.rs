//! Double precision in and out, where a caller asks for it: the functions with `f64` in their names.
//!
//! Whatever is computed here is computed in double precision from end to end, as librosa does for `float64` samples.
//! The one exception is librosa's too: the weights of the mel filters are rounded to single precision.

mod features;
mod fft;
mod stft;

pub(crate) use fft::RealFft;
use rustfft::num_complex::Complex64;

use crate::istft::InverseScratch;
use crate::lanes::DoubleLane;
use crate::{DbConfig, DbReference, Error, Matrix};

/// The largest magnitude of a sample that the `f64` forms accept: 1e100.
///
/// With it, no power, band or decibel that they compute can overflow double precision.
pub const MAX_SAMPLE_F64: f64 = 1e100;

/// The largest value of a spectrogram that is transformed back: those of samples up to [`MAX_SAMPLE_F64`] are smaller.
pub(crate) const MAX_SPECTRUM_F64: f64 = 1e107;

/// Memory for the `f64` forms.
#[derive(Default)]
pub(crate) struct DoubleScratch {
    pub(crate) block: BlockScratch,
    pub(crate) inverse: InverseScratch<f64>,
    /// One block of bands, `[band][lane]`.
    bands: Vec<DoubleLane>,
    /// One block of coefficients.
    coefficients: Vec<DoubleLane>,
    /// The decibels before a cosine transform.
    decibels: Matrix<f64>,
}

/// Memory for one block of frames.
#[derive(Default)]
pub(crate) struct BlockScratch {
    /// A frame that lies beyond the ends of the signal in part.
    frame: Vec<f64>,
    z: Vec<Complex64>,
    fft: Vec<Complex64>,
    /// The spectrum of one frame.
    bins: Vec<Complex64>,
    /// What is wanted of the spectra, `[bin][lane]` each.
    parts: [Vec<DoubleLane>; 2],
}

/// All values are finite and at most `limit` in magnitude.
pub(crate) fn within(values: &[f64], limit: f64) -> Result<(), Error> {
    match values.iter().enumerate().find(|(_, value)| value.is_nan() || value.abs() > limit) {
        None => Ok(()),
        Some((index, &got)) if got.is_finite() => Err(Error::ValueTooLarge { index, got, limit }),
        Some((index, _)) => Err(Error::NonFinite { index }),
    }
}

/// [`power_to_db`](crate::power_to_db) in double precision, in place.
///
/// A configuration's numbers are `f32`; each counts here as the shortest decimal number that it stands for, so that
/// an `amin` of 1e-10 is that to the last digit.
///
/// # Errors
/// As [`power_to_db`](crate::power_to_db); the values are then unchanged.
///
/// ```
/// use soundalike_features::{DbConfig, power_to_db_f64};
///
/// let mut values = [1.0, 100.0, 0.0];
/// power_to_db_f64(&mut values, &DbConfig::default())?;
/// assert_eq!(values, [0.0, 20.0, -60.0]);
/// # Ok::<(), soundalike_features::Error>(())
/// ```
pub fn power_to_db_f64(powers: &mut [f64], config: &DbConfig) -> Result<(), Error> {
    config.check()?;
    within(powers, f64::MAX)?;
    apply_db(powers, config);
    Ok(())
}

/// Converts powers that are known to be finite, by a configuration that has been checked.
fn apply_db(powers: &mut [f64], config: &DbConfig) {
    let amin = decimal(config.amin);
    let mut largest = f64::MIN;
    for power in powers.iter_mut() {
        *power = 10.0 * power.max(amin).log10();
        largest = largest.max(*power);
    }
    let offset = match config.reference {
        DbReference::Max => largest,
        DbReference::Value(value) => 10.0 * decimal(value).abs().max(amin).log10(),
    };
    let floor = config.top_db.map_or(f64::MIN, |top_db| (largest - offset) - decimal(top_db));
    for power in powers.iter_mut() {
        *power = (*power - offset).max(floor);
    }
}

/// The shortest decimal number that `value` stands for: what was written where it was made from text. Allocates
/// nothing.
fn decimal(value: f32) -> f64 {
    use std::io::Write as _;
    let mut text = [0u8; 32];
    let mut rest = text.as_mut_slice();
    let written = write!(rest, "{value:e}").is_ok();
    let length = 32 - rest.len();
    let text = text.get(..length).and_then(|text| std::str::from_utf8(text).ok());
    text.filter(|_| written).and_then(|text| text.parse().ok()).unwrap_or(f64::from(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_what_was_written() {
        for (value, want) in
            [(1e-10, 1e-10), (80.0, 80.0), (0.1, 0.1), (-2.5e-3, -2.5e-3), (0.0, 0.0), (1e38, 1e38)]
        {
            assert_eq!(decimal(value), want);
        }
        for value in [f32::MAX, f32::MIN_POSITIVE, f32::MIN, 1.0 / 3.0, f32::from_bits(1)] {
            assert_eq!(decimal(value) as f32, value);
        }
    }

    proptest! {
        #[test]
        fn decimals_round_back(bits in any::<u32>()) {
            let value = f32::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!((decimal(value) as f32).to_bits(), bits);
        }

        #[test]
        fn decibels_are_those_of_single_precision(
            exponents in prop::collection::vec(-20.0f32..20.0, 1..50),
            reference in prop::option::of(0.0f32..9.0),
            top_db in prop::option::of(0.0f32..200.0),
        ) {
            let mut single: Vec<f32> = exponents.iter().map(|e| 10f32.powf(*e)).collect();
            let mut double: Vec<f64> = single.iter().map(|v| f64::from(*v)).collect();
            let reference = reference.map_or(DbReference::Max, DbReference::Value);
            let config = DbConfig::default().with_reference(reference).with_top_db(top_db);
            crate::power_to_db(&mut single, &config).unwrap();
            power_to_db_f64(&mut double, &config).unwrap();
            for (a, b) in single.iter().zip(&double) {
                prop_assert!((f64::from(*a) - b).abs() < 1e-4, "{} and {}", a, b);
            }
        }
    }

    #[test]
    fn a_limit_is_within() {
        assert_eq!(within(&[1.0, -1.0, 0.0], 1.0), Ok(()));
        let error = Error::ValueTooLarge { index: 2, got: -1.5, limit: 1.0 };
        assert_eq!(within(&[1.0, 0.0, -1.5, f64::NAN], 1.0), Err(error));
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(within(&[0.0, bad, 7.0], 1.0), Err(Error::NonFinite { index: 1 }));
            assert_eq!(within(&[0.0, bad], f64::MAX), Err(Error::NonFinite { index: 1 }));
        }
    }
}
