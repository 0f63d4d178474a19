//! Right and wrong answers at one threshold.

use crate::{Error, check};

/// The four counts of a yes-or-no question. At least one is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfusionMatrix {
    true_positives: u64,
    false_positives: u64,
    true_negatives: u64,
    false_negatives: u64,
}

impl ConfusionMatrix {
    /// From the four counts: matches found, matches that are none, differences seen, matches missed.
    ///
    /// # Errors
    /// [`Error::Empty`] where all are zero.
    pub fn new(
        true_positives: u64,
        false_positives: u64,
        true_negatives: u64,
        false_negatives: u64,
    ) -> Result<Self, Error> {
        let matrix = Self { true_positives, false_positives, true_negatives, false_negatives };
        if matrix.total() == 0 { Err(Error::Empty { what: "confusion matrix" }) } else { Ok(matrix) }
    }

    /// Calls each pair a match whose score is at least `threshold`, and counts.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::LengthMismatch`], [`Error::NotFinite`] for the first NaN or infinite score,
    /// [`Error::OutOfRange`] for a threshold of NaN.
    pub fn at_threshold<S: Copy + Into<f64>>(
        scores: &[S],
        labels: &[bool],
        threshold: f64,
    ) -> Result<Self, Error> {
        check_threshold(threshold)?;
        let scores = check::scores(scores, labels)?;
        let predicted: Vec<bool> = scores.iter().map(|s| *s >= threshold).collect();
        Self::from_predictions(&predicted, labels)
    }

    /// Counts answers that have been given.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::LengthMismatch`].
    pub fn from_predictions(predicted: &[bool], labels: &[bool]) -> Result<Self, Error> {
        check::not_empty("predictions", predicted)?;
        check::same_length("labels", predicted.len(), labels.len())?;
        let count = |answer: bool, label: bool| {
            predicted.iter().zip(labels).filter(|(p, l)| **p == answer && **l == label).count() as u64
        };
        Self::new(count(true, true), count(true, false), count(false, false), count(false, true))
    }

    /// Matches that were called so.
    pub fn true_positives(&self) -> u64 {
        self.true_positives
    }

    /// Others that were called matches.
    pub fn false_positives(&self) -> u64 {
        self.false_positives
    }

    /// Others that were called so.
    pub fn true_negatives(&self) -> u64 {
        self.true_negatives
    }

    /// Matches that were missed.
    pub fn false_negatives(&self) -> u64 {
        self.false_negatives
    }

    /// Number of pairs.
    pub fn total(&self) -> u64 {
        // Counts come from outside: beyond 2^64 the sum stays there.
        let right = self.true_positives.saturating_add(self.true_negatives);
        right.saturating_add(self.false_positives).saturating_add(self.false_negatives)
    }

    /// Share of right answers.
    pub fn accuracy(&self) -> f64 {
        self.true_positives.saturating_add(self.true_negatives) as f64 / self.total() as f64
    }

    /// Share of wrong answers: 1 less the accuracy.
    pub fn error_rate(&self) -> f64 {
        self.false_positives.saturating_add(self.false_negatives) as f64 / self.total() as f64
    }

    /// Share of matches among what was called so; `None` where nothing was.
    pub fn precision(&self) -> Option<f64> {
        share(self.true_positives, self.false_positives)
    }

    /// Share of the matches that were called so (true positive rate); `None` where there are none.
    pub fn recall(&self) -> Option<f64> {
        share(self.true_positives, self.false_negatives)
    }

    /// Harmonic mean of precision and recall, `2 tp / (2 tp + fp + fn)`; `None` where there are no matches and none
    /// was called so.
    pub fn f1(&self) -> Option<f64> {
        let wrong = self.false_positives.saturating_add(self.false_negatives);
        share(self.true_positives.saturating_mul(2), wrong)
    }

    /// Share of the others that were called matches; `None` where there are no others.
    pub fn false_positive_rate(&self) -> Option<f64> {
        share(self.false_positives, self.true_negatives)
    }

    /// Share of the matches that were missed; `None` where there are no matches.
    pub fn false_negative_rate(&self) -> Option<f64> {
        share(self.false_negatives, self.true_positives)
    }
}

/// Refuses a threshold of NaN, which nothing reaches.
pub(crate) fn check_threshold(got: f64) -> Result<(), Error> {
    if got.is_nan() {
        Err(Error::OutOfRange { what: "threshold", expected: "a number", got })
    } else {
        Ok(())
    }
}

/// `part` of `part` and `rest`.
fn share(part: u64, rest: u64) -> Option<f64> {
    let whole = part.saturating_add(rest);
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_worked_values() {
        let scores = [0.9, 0.7, 0.7, 0.4, 0.2];
        let labels = [true, false, true, true, false];
        let matrix = ConfusionMatrix::at_threshold(&scores, &labels, 0.7).unwrap();
        assert_eq!(matrix, ConfusionMatrix::new(2, 1, 1, 1).unwrap());
        assert_eq!(matrix.total(), 5);
        assert_eq!((matrix.accuracy(), matrix.error_rate()), (0.6, 0.4));
        assert_eq!((matrix.precision(), matrix.recall()), (Some(2.0 / 3.0), Some(2.0 / 3.0)));
        assert_eq!(matrix.f1(), Some(2.0 / 3.0));
        assert_eq!(matrix.false_positive_rate(), Some(0.5));
        assert_eq!(matrix.false_negative_rate(), Some(1.0 / 3.0));
    }

    #[test]
    fn the_seeds_figures() {
        // 1,598 pairs, 158 false positives, no false negatives: accuracy 90.1 %, precision 0.835, recall 1.
        let matrix = ConfusionMatrix::new(799, 158, 641, 0).unwrap();
        assert!((matrix.accuracy() - 0.901).abs() < 5e-4);
        assert!((matrix.precision().unwrap() - 0.835).abs() < 5e-4);
        assert_eq!(matrix.recall(), Some(1.0));
    }

    #[test]
    fn shares_of_nothing_are_none() {
        let matrix = ConfusionMatrix::at_threshold(&[0.1_f32, 0.2], &[false; 2], f64::INFINITY).unwrap();
        assert_eq!((matrix.precision(), matrix.recall(), matrix.f1()), (None, None, None));
        assert_eq!((matrix.false_positive_rate(), matrix.false_negative_rate()), (Some(0.0), None));
        assert_eq!(ConfusionMatrix::new(1, 0, 0, 0).unwrap().false_positive_rate(), None);
        let huge = ConfusionMatrix::new(u64::MAX, u64::MAX, u64::MAX, u64::MAX).unwrap();
        assert!(huge.accuracy().is_finite() && huge.f1().is_some());
    }

    #[test]
    fn refuses_what_has_no_answer() {
        assert!(matches!(ConfusionMatrix::new(0, 0, 0, 0), Err(Error::Empty { .. })));
        assert!(matches!(ConfusionMatrix::at_threshold::<f32>(&[], &[], 0.5), Err(Error::Empty { .. })));
        let got = ConfusionMatrix::at_threshold(&[f64::NAN], &[true], 0.5);
        assert!(matches!(got, Err(Error::NotFinite { index: 0, .. })));
        let got = ConfusionMatrix::at_threshold(&[0.1], &[true], f64::NAN);
        assert!(matches!(got, Err(Error::OutOfRange { what: "threshold", .. })));
        let got = ConfusionMatrix::from_predictions(&[true], &[]);
        assert!(matches!(got, Err(Error::LengthMismatch { expected: 1, got: 0, .. })));
    }
}
