//! Checks that several metrics share.

use crate::Error;

/// Refuses an empty input.
pub(crate) fn not_empty<T>(what: &'static str, values: &[T]) -> Result<(), Error> {
    if values.is_empty() { Err(Error::Empty { what }) } else { Ok(()) }
}

/// Refuses a cut-off of zero.
pub(crate) fn positive_k(k: usize) -> Result<(), Error> {
    if k == 0 { Err(Error::ZeroK) } else { Ok(()) }
}

/// Refuses a confidence outside the open interval from 0 to 1, NaN included.
pub(crate) fn confidence(got: f64) -> Result<(), Error> {
    if got > 0.0 && got < 1.0 {
        Ok(())
    } else {
        Err(Error::OutOfRange { what: "confidence", expected: "more than 0 and less than 1", got })
    }
}
