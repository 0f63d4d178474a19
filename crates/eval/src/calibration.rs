//! Does a probability of 0.8 come true eight times in ten?

use crate::{Error, check};

/// Pairs whose probability lies in one interval.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct CalibrationBin {
    /// Lower end of the interval; not part of it, but for the first.
    pub low: f64,
    /// Upper end, part of the interval.
    pub high: f64,
    /// Number of pairs.
    pub n: u64,
    /// Mean of their probabilities; `None` where there are no pairs.
    pub mean_probability: Option<f64>,
    /// Share of them that are positive; `None` where there are no pairs.
    pub positive_rate: Option<f64>,
}

/// Which of `n_bins` equal bins over 0 to 1 holds a probability: upper ends belong to their bin, as in
/// scikit-learn's `calibration_curve`.
pub(crate) fn bin_of(probability: f64, n_bins: usize) -> usize {
    let guess = ((probability * n_bins as f64).ceil() as usize).clamp(1, n_bins) - 1;
    // The product rounds: put right what it moved across an edge.
    let edge = |i: usize| i as f64 / n_bins as f64;
    if guess > 0 && probability <= edge(guess) {
        guess - 1
    } else if guess + 1 < n_bins && probability > edge(guess + 1) {
        guess + 1
    } else {
        guess
    }
}

/// What falls into a bin.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    n: u64,
    positive: u64,
    sum: f64,
}

impl Tally {
    pub(crate) fn add(&mut self, probability: f64, label: bool, weight: u64) {
        self.n += weight;
        self.positive += if label { weight } else { 0 };
        self.sum += weight as f64 * probability;
    }
}

/// The expected calibration error of filled bins.
pub(crate) fn error_of(bins: &[Tally]) -> f64 {
    let n: u64 = bins.iter().map(|b| b.n).sum();
    bins.iter().map(|b| (b.positive as f64 - b.sum).abs()).sum::<f64>() / n as f64
}

fn check_bins(n_bins: usize) -> Result<(), Error> {
    if (1..=1000).contains(&n_bins) {
        Ok(())
    } else {
        Err(Error::OutOfRange { what: "calibration bins", expected: "1 to 1,000", got: n_bins as f64 })
    }
}

fn tallies<S: Copy + Into<f64>>(
    probabilities: &[S],
    labels: &[bool],
    n_bins: usize,
) -> Result<Vec<Tally>, Error> {
    check_bins(n_bins)?;
    let probabilities = check::probabilities(probabilities, labels)?;
    let mut bins = vec![Tally::default(); n_bins];
    for (probability, label) in probabilities.iter().zip(labels) {
        if let Some(bin) = bins.get_mut(bin_of(*probability, n_bins)) {
            bin.add(*probability, *label, 1);
        }
    }
    Ok(bins)
}

/// `n_bins` equal intervals of probability, with what came true in each: the points of a reliability diagram.
///
/// Murphy and Winkler, "Reliability of Subjective Probability Forecasts of Precipitation and Temperature", 1977.
///
/// # Errors
/// [`Error::Empty`], [`Error::LengthMismatch`], [`Error::NotFinite`], [`Error::NotProbability`] outside 0 to 1,
/// [`Error::OutOfRange`] for bins outside 1 to 1,000.
pub fn calibration_bins<S: Copy + Into<f64>>(
    probabilities: &[S],
    labels: &[bool],
    n_bins: usize,
) -> Result<Vec<CalibrationBin>, Error> {
    let bins = tallies(probabilities, labels, n_bins)?;
    let edge = |i: usize| i as f64 / n_bins as f64;
    let bin = |(i, t): (usize, Tally)| CalibrationBin {
        low: edge(i),
        high: edge(i + 1),
        n: t.n,
        mean_probability: (t.n > 0).then(|| t.sum / t.n as f64),
        positive_rate: (t.n > 0).then(|| t.positive as f64 / t.n as f64),
    };
    Ok(bins.into_iter().enumerate().map(bin).collect())
}

/// Expected calibration error (ECE): how far the share of positives lies from the mean probability, over
/// [`calibration_bins`] weighted by their pairs.
///
/// Of the probability of a match (the binary form of Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated
/// Probabilities Using Bayesian Binning", 2015), not of the larger of both classes' probabilities (Guo et al., "On
/// Calibration of Modern Neural Networks", 2017). It depends on the number of bins, and is biased upwards where
/// bins hold few pairs: state both.
///
/// # Errors
/// As [`calibration_bins`].
pub fn expected_calibration_error<S: Copy + Into<f64>>(
    probabilities: &[S],
    labels: &[bool],
    n_bins: usize,
) -> Result<f64, Error> {
    Ok(error_of(&tallies(probabilities, labels, n_bins)?))
}

/// Brier score: the mean squared difference between the probability of a match and what is true (1 or 0). Smaller is
/// better; always saying 0.5 gives 0.25.
///
/// Brier, "Verification of Forecasts Expressed in Terms of Probability", 1950 (half of his sum over both classes, as
/// scikit-learn has it).
///
/// # Errors
/// [`Error::Empty`], [`Error::LengthMismatch`], [`Error::NotFinite`], [`Error::NotProbability`] outside 0 to 1.
pub fn brier_score<S: Copy + Into<f64>>(probabilities: &[S], labels: &[bool]) -> Result<f64, Error> {
    let probabilities = check::probabilities(probabilities, labels)?;
    let sum: f64 = probabilities.iter().zip(labels).map(|(p, l)| squared_miss(*p, *l)).sum();
    Ok(sum / labels.len() as f64)
}

pub(crate) fn squared_miss(probability: f64, label: bool) -> f64 {
    (probability - if label { 1.0 } else { 0.0 }).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_worked_values() {
        let (probabilities, labels) = ([0.0, 0.25, 0.5, 0.75, 1.0], [false, true, true, false, true]);
        // 0, 0.5625, 0.25, 0.5625, 0
        assert!((brier_score(&probabilities, &labels).unwrap() - 0.275).abs() < 1e-15);
        let bins = calibration_bins(&probabilities, &labels, 2).unwrap();
        assert_eq!((bins[0].n, bins[0].mean_probability), (3, Some(0.25)));
        assert_eq!((bins[1].low, bins[1].high, bins[1].positive_rate), (0.5, 1.0, Some(0.5)));
        // (|2 - 0.75| + |1 - 1.75|) / 5
        assert!((expected_calibration_error(&probabilities, &labels, 2).unwrap() - 0.4).abs() < 1e-15);
        let bins = calibration_bins(&[0.05_f32], &[true], 10).unwrap();
        assert_eq!((bins[0].n, bins[1].n, bins[1].positive_rate), (1, 0, None));
    }

    #[test]
    fn upper_ends_belong_to_their_bin() {
        for n in 1..=300_usize {
            for i in 0..=n {
                let edge = i as f64 / n as f64;
                assert_eq!(bin_of(edge, n), i.saturating_sub(1), "{i} of {n}");
                if i > 0 && i < n {
                    assert_eq!(bin_of(edge.next_up(), n), i, "above {i} of {n}");
                    assert_eq!(bin_of(edge.next_down(), n), i - 1, "below {i} of {n}");
                }
            }
        }
    }

    #[test]
    fn one_class_is_defined() {
        assert!((brier_score(&[0.9, 0.8], &[true; 2]).unwrap() - 0.025).abs() < 1e-12);
        assert!((expected_calibration_error(&[0.9, 0.8], &[true; 2], 1).unwrap() - 0.15).abs() < 1e-12);
    }

    #[test]
    fn refuses_what_is_no_probability() {
        assert!(matches!(
            brier_score(&[0.5, 1.5], &[true; 2]),
            Err(Error::NotProbability { index: 1, got }) if got == 1.5
        ));
        assert!(matches!(brier_score(&[-1e-9], &[true]), Err(Error::NotProbability { .. })));
        assert!(matches!(brier_score(&[f32::NAN], &[true]), Err(Error::NotFinite { index: 0, .. })));
        assert!(matches!(brier_score::<f64>(&[], &[]), Err(Error::Empty { .. })));
        assert!(matches!(brier_score(&[0.5], &[]), Err(Error::LengthMismatch { .. })));
        for n in [0, 1001] {
            assert!(matches!(calibration_bins(&[0.5], &[true], n), Err(Error::OutOfRange { .. })));
            assert!(matches!(expected_calibration_error(&[0.5], &[true], n), Err(Error::OutOfRange { .. })));
        }
    }
}
