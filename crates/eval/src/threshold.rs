//! Choosing a threshold, on validation pairs.

use crate::{Error, RocCurve, check, roc_curve};

/// What a threshold is chosen for.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Criterion {
    /// The largest share of right answers.
    Accuracy,
    /// The largest F1.
    F1,
    /// The largest true positive rate with at most this false positive rate (0 to 1).
    MaxFalsePositiveRate(f64),
    /// The smallest difference between false positive rate and false negative rate.
    EqualError,
}

impl RocCurve {
    /// The best threshold by a criterion: [`best_threshold`].
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a false positive rate outside 0 to 1.
    pub fn best_threshold(&self, criterion: Criterion) -> Result<f64, Error> {
        if let Criterion::MaxFalsePositiveRate(limit) = criterion {
            check::share("false positive rate", limit)?;
        }
        let worth = |at: usize| -> Option<[f64; 3]> {
            let point = self.points().get(at)?;
            let (fp, tp) = (point.false_positives as f64, point.true_positives as f64);
            let (fpr, tpr) = (point.false_positive_rate, point.true_positive_rate);
            let [first, second] = match criterion {
                Criterion::Accuracy => [tp - fp, 0.0],
                // 2 tp / (2 tp + fp + fn)
                Criterion::F1 => [2.0 * tp / (tp + fp + self.n_positive() as f64), 0.0],
                Criterion::MaxFalsePositiveRate(limit) if fpr > limit => return None,
                Criterion::MaxFalsePositiveRate(_) => [tpr, -fp],
                Criterion::EqualError => [-point.imbalance().abs(), tpr - fpr],
            };
            Some([first, second, self.gap(at)])
        };
        let mut best = (0, [f64::NEG_INFINITY; 3]);
        for at in 0..self.points().len() {
            if let Some(worth) = worth(at)
                && worth > best.1
            {
                best = (at, worth);
            }
        }
        Ok(self.place(best.0))
    }

    /// The distance from a point's score down to the next one; 0 at both ends.
    fn gap(&self, at: usize) -> f64 {
        match (self.points().get(at), self.points().get(at + 1)) {
            (Some(here), Some(next)) if at > 0 => here.threshold - next.threshold,
            _ => 0.0,
        }
    }

    /// A finite threshold that calls the same pairs matches as a point does, as far from both neighbours as can be.
    fn place(&self, at: usize) -> f64 {
        let threshold = |at: usize| self.points().get(at).map(|p| p.threshold);
        match (threshold(at), threshold(at + 1)) {
            // Nothing is a match: just above the largest score.
            (_, Some(next)) if at == 0 => next.next_up(),
            (Some(here), Some(next)) => {
                let middle = f64::midpoint(here, next);
                if middle > next { middle } else { here }
            }
            (Some(here), None) => here,
            (None, _) => f64::NAN,
        }
    }
}

/// The threshold that is best on these pairs: choose it on validation, then measure on test.
///
/// The threshold lies in the middle between the lowest score that it lets through and the next one below, so that a
/// gap between the classes is shared by both sides (at the lowest passing score, where scikit-learn puts it, every
/// new match that scores a little less is lost). Where several cuts are equally good, the one in the widest gap is
/// taken, then the highest. It is always finite; where calling nothing a match is best, it lies just above the
/// largest score. Compare in double precision: `f64::from(score) >= threshold`.
///
/// # Errors
/// [`Error::Empty`], [`Error::LengthMismatch`], [`Error::NotFinite`], [`Error::OneClass`]; [`Error::OutOfRange`] for a
/// false positive rate outside 0 to 1.
pub fn best_threshold<S: Copy + Into<f64>>(
    scores: &[S],
    labels: &[bool],
    criterion: Criterion,
) -> Result<f64, Error> {
    roc_curve(scores, labels)?.best_threshold(criterion)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ConfusionMatrix;
    use Criterion::{Accuracy, EqualError, F1, MaxFalsePositiveRate};

    #[test]
    fn a_gap_is_shared() {
        let (scores, labels) = ([0.95, 0.9, 0.2, 0.1], [true, true, false, false]);
        for criterion in [Accuracy, F1, MaxFalsePositiveRate(0.0), MaxFalsePositiveRate(1.0), EqualError] {
            let threshold = best_threshold(&scores, &labels, criterion).unwrap();
            assert!((threshold - 0.55).abs() < 1e-12, "{criterion:?}: {threshold}");
        }
        // Of two cuts that are equally good, the one in the wider gap.
        let labels = [true, false, true, false];
        assert_eq!(best_threshold(&[0.875, 0.75, 0.5, 0.4375], &labels, Accuracy).unwrap(), 0.8125);
        assert_eq!(best_threshold(&[0.875, 0.8125, 0.75, 0.25], &labels, Accuracy).unwrap(), 0.5);
        // Neighbours among the doubles have no middle.
        let close = [1.0_f64.next_up(), 1.0];
        assert_eq!(best_threshold(&close, &[true, false], Accuracy).unwrap(), close[0]);
    }

    #[test]
    fn each_criterion_has_its_own() {
        let scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2];
        let labels = [true, false, true, true, false, false, true, false];
        let of = |criterion| {
            let threshold = best_threshold(&scores, &labels, criterion).unwrap();
            let matrix = ConfusionMatrix::at_threshold(&scores, &labels, threshold).unwrap();
            (matrix.true_positives(), matrix.false_positives())
        };
        assert_eq!(of(Accuracy), (3, 1));
        assert_eq!(of(MaxFalsePositiveRate(0.0)), (1, 0));
        assert_eq!(of(MaxFalsePositiveRate(0.25)), (3, 1));
        assert_eq!(of(EqualError), (3, 1));
        // 6 / 8 at (3, 1), 8 / 11 at (4, 3).
        assert_eq!(of(F1), (3, 1));
    }

    #[test]
    fn nothing_may_be_best() {
        let (scores, labels) = ([0.9, 0.8, 0.1], [false, false, true]);
        for criterion in [Accuracy, MaxFalsePositiveRate(0.1)] {
            let threshold = best_threshold(&scores, &labels, criterion).unwrap();
            assert!(threshold > 0.9 && threshold < 0.900_001, "{criterion:?}: {threshold}");
        }
        // With all scores tied either all or none are matches.
        assert_eq!(best_threshold(&[0.5; 3], &[true, true, false], Accuracy).unwrap(), 0.5);
    }

    #[test]
    fn refuses_what_has_no_answer() {
        for limit in [-0.1, 1.5, f64::NAN] {
            let got = best_threshold(&[0.1, 0.2], &[true, false], MaxFalsePositiveRate(limit));
            assert!(matches!(got, Err(Error::OutOfRange { .. })));
        }
        assert!(matches!(best_threshold(&[0.1], &[true], F1), Err(Error::OneClass { .. })));
        assert!(matches!(best_threshold::<f32>(&[], &[], F1), Err(Error::Empty { .. })));
    }
}
