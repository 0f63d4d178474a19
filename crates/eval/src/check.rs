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

/// Refuses lengths that differ.
pub(crate) fn same_length(what: &'static str, expected: usize, got: usize) -> Result<(), Error> {
    if expected == got { Ok(()) } else { Err(Error::LengthMismatch { what, expected, got }) }
}

/// Scores in double precision; refuses none at all, NaN and infinities, and labels of another number.
pub(crate) fn scores<S: Copy + Into<f64>>(scores: &[S], labels: &[bool]) -> Result<Vec<f64>, Error> {
    not_empty("scores", scores)?;
    same_length("labels", scores.len(), labels.len())?;
    let checked = |(index, score): (usize, &S)| {
        let got: f64 = (*score).into();
        if got.is_finite() { Ok(got) } else { Err(Error::NotFinite { what: "score", index, got }) }
    };
    scores.iter().enumerate().map(checked).collect()
}

/// As [`scores`], and within 0 and 1.
pub(crate) fn probabilities<S: Copy + Into<f64>>(given: &[S], labels: &[bool]) -> Result<Vec<f64>, Error> {
    let given = scores(given, labels)?;
    match given.iter().enumerate().find(|(_, p)| !(0.0..=1.0).contains(*p)) {
        Some((index, got)) => Err(Error::NotProbability { index, got: *got }),
        None => Ok(given),
    }
}

/// Refuses labels that are all the same.
pub(crate) fn both_classes(labels: &[bool]) -> Result<(), Error> {
    match labels.first() {
        Some(got) if labels.iter().all(|l| l == got) => Err(Error::OneClass { n: labels.len(), got: *got }),
        _ => Ok(()),
    }
}

/// Refuses a share outside 0 to 1, NaN included.
pub(crate) fn share(what: &'static str, got: f64) -> Result<(), Error> {
    if (0.0..=1.0).contains(&got) { Ok(()) } else { Err(Error::OutOfRange { what, expected: "0 to 1", got }) }
}
