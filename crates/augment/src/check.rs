//! That samples can be computed with.

use crate::Error;

/// The largest magnitude of a sample.
pub(crate) const MAX_SAMPLE: f32 = 1e6;

pub(crate) fn samples(samples: &[f32], what: &'static str) -> Result<(), Error> {
    let wrong = |x: &f32| x.is_nan() || x.abs() > MAX_SAMPLE;
    // First without asking where, which is much faster.
    if !samples.iter().fold(false, |any, x| any | wrong(x)) {
        return Ok(());
    }
    match samples.iter().enumerate().find(|(_, x)| wrong(x)) {
        None => Ok(()),
        Some((index, &got)) if got.is_finite() => {
            Err(Error::TooLarge { what, index, got, limit: MAX_SAMPLE })
        }
        Some((index, &got)) => Err(Error::NotFinite { what, index, got }),
    }
}

/// That a probability is one.
pub(crate) fn probability(got: f64) -> Result<(), Error> {
    if (0.0..=1.0).contains(&got) {
        return Ok(());
    }
    Err(Error::OutOfRange { what: "probability", expected: "0 to 1", got })
}
