//! The receiver operating characteristic (ROC): what each threshold lets through.

use crate::bootstrap::resample_groups;
use crate::{BootstrapConfig, Criterion, Error, Estimate, check};

use std::hash::Hash;

/// One threshold and what it does: a pair is called a match where its score is at least the threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RocPoint {
    /// The threshold; infinity for the first point, which calls nothing a match.
    pub threshold: f64,
    /// Negatives at or above the threshold.
    pub false_positives: u64,
    /// Positives at or above the threshold.
    pub true_positives: u64,
    /// Share of the negatives at or above the threshold.
    pub false_positive_rate: f64,
    /// Share of the positives at or above the threshold (recall).
    pub true_positive_rate: f64,
}

impl RocPoint {
    /// False positive rate less false negative rate: -1 at the first point, rising to 1 at the last.
    pub(crate) fn imbalance(&self) -> f64 {
        self.false_positive_rate + self.true_positive_rate - 1.0
    }
}

/// The equal error rate, and where it lies.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct EqualErrorRate {
    /// The rate at which false positives (of the negatives) and false negatives (of the positives) meet, on the
    /// straight line between the two points of the curve around it.
    pub rate: f64,
    /// A threshold that comes as near to it as one can: [`Criterion::EqualError`].
    pub threshold: f64,
}

/// A whole ROC curve: one point a distinct score, from "nothing is a match" (0, 0) to "everything is" (1, 1).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RocCurve {
    points: Vec<RocPoint>,
    n_positive: u64,
    n_negative: u64,
}

impl RocCurve {
    /// The points, thresholds falling. Pairs of the same score lie behind the same point.
    pub fn points(&self) -> &[RocPoint] {
        &self.points
    }

    /// Number of positive pairs.
    pub fn n_positive(&self) -> u64 {
        self.n_positive
    }

    /// Number of negative pairs.
    pub fn n_negative(&self) -> u64 {
        self.n_negative
    }

    /// Area under the curve: [`roc_auc`].
    pub fn auc(&self) -> f64 {
        // Twice the area in whole couples: nothing is rounded before the division.
        let mut twice: u128 = 0;
        for pair in self.points.windows(2) {
            let [a, b] = pair else { continue };
            let step = u128::from(b.false_positives - a.false_positives);
            twice += step * u128::from(a.true_positives + b.true_positives);
        }
        twice as f64 / (2.0 * self.n_positive as f64 * self.n_negative as f64)
    }

    /// Where false positive rate and false negative rate meet: [`equal_error_rate`].
    pub fn equal_error_rate(&self) -> EqualErrorRate {
        let threshold = self.best_threshold(Criterion::EqualError).unwrap_or(f64::NAN);
        EqualErrorRate { rate: self.equal_error(), threshold }
    }

    /// The rate of [`RocCurve::equal_error_rate`] alone.
    pub(crate) fn equal_error(&self) -> f64 {
        for pair in self.points.windows(2) {
            let [a, b] = pair else { continue };
            if b.imbalance() >= 0.0 {
                let share = -a.imbalance() / (b.imbalance() - a.imbalance());
                return a.false_positive_rate + share * (b.false_positive_rate - a.false_positive_rate);
            }
        }
        1.0
    }

    /// The largest true positive rate whose false positive rate is at most `limit`: [`tpr_at_fpr`].
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a limit outside 0 to 1.
    pub fn tpr_at_fpr(&self, limit: f64) -> Result<f64, Error> {
        check::share("false positive rate", limit)?;
        Ok(self.reached(limit))
    }

    /// [`RocCurve::tpr_at_fpr`] for a limit that has been checked.
    pub(crate) fn reached(&self, limit: f64) -> f64 {
        let within = self.points.partition_point(|p| p.false_positive_rate <= limit);
        within.checked_sub(1).and_then(|at| self.points.get(at)).map_or(0.0, |p| p.true_positive_rate)
    }

    /// Fills in the curve of a ranking in which each pair counts `weights` times. False where no positive or no
    /// negative is left.
    pub(crate) fn fill(&mut self, ranking: &Ranking, weights: &[u64]) -> bool {
        let (mut positive, mut negative) = (0, 0);
        for (label, weight) in ranking.labels.iter().zip(weights) {
            *(if *label { &mut positive } else { &mut negative }) += weight;
        }
        (self.n_positive, self.n_negative) = (positive, negative);
        self.points.clear();
        if positive == 0 || negative == 0 {
            return false;
        }
        let point = |threshold, false_positives: u64, true_positives: u64| RocPoint {
            threshold,
            false_positives,
            true_positives,
            false_positive_rate: false_positives as f64 / negative as f64,
            true_positive_rate: true_positives as f64 / positive as f64,
        };
        self.points.push(point(f64::INFINITY, 0, 0));
        let (mut fp, mut tp, mut last) = (0, 0, (0, 0));
        let mut pairs = ranking.scores.iter().zip(&ranking.labels).zip(weights).peekable();
        while let Some(((score, label), weight)) = pairs.next() {
            *(if *label { &mut tp } else { &mut fp }) += weight;
            let block_ends = pairs.peek().is_none_or(|((next, _), _)| *next < score);
            if block_ends && (fp, tp) != last {
                self.points.push(point(*score, fp, tp));
                last = (fp, tp);
            }
        }
        true
    }
}

/// Pairs with their scores falling: sorted once, then swept once a resample.
#[derive(Debug, Clone)]
pub(crate) struct Ranking {
    /// The scores, largest first.
    pub(crate) scores: Vec<f64>,
    /// Their labels.
    pub(crate) labels: Vec<bool>,
    /// Where each pair of the input stands.
    pub(crate) places: Vec<usize>,
}

impl Ranking {
    /// Sorts pairs; refuses what [`roc_curve`] refuses.
    pub(crate) fn new<S: Copy + Into<f64>>(scores: &[S], labels: &[bool]) -> Result<Self, Error> {
        let scores = check::scores(scores, labels)?;
        check::both_classes(labels)?;
        let mut pairs: Vec<(f64, bool, usize)> =
            scores.into_iter().zip(labels).enumerate().map(|(i, (s, l))| (s, *l, i)).collect();
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut places = vec![0; pairs.len()];
        for (place, (_, _, input)) in pairs.iter().enumerate() {
            if let Some(slot) = places.get_mut(*input) {
                *slot = place;
            }
        }
        let (scores, labels) = pairs.into_iter().map(|(s, l, _)| (s, l)).unzip();
        Ok(Self { scores, labels, places })
    }

    /// How often each pair of the ranking is in a sample of its places.
    pub(crate) fn count(&self, sample: &[usize], weights: &mut Vec<u64>) {
        weights.clear();
        weights.resize(self.scores.len(), 0);
        for place in sample {
            if let Some(weight) = weights.get_mut(*place) {
                *weight += 1;
            }
        }
    }
}

/// The ROC curve of `scores` (higher: more alike) and `labels` (true: the same recording).
///
/// Scores may be `f32` or `f64`, of any finite range. Pairs of equal score share a point: no order among them is
/// made up. No point is left out (scikit-learn: `roc_curve(.., drop_intermediate=False)`).
///
/// Fawcett, "An introduction to ROC analysis", 2006.
///
/// # Errors
/// [`Error::Empty`], [`Error::LengthMismatch`], [`Error::NotFinite`] for the first NaN or infinite score,
/// [`Error::OneClass`] where all labels are the same.
pub fn roc_curve<S: Copy + Into<f64>>(scores: &[S], labels: &[bool]) -> Result<RocCurve, Error> {
    let ranking = Ranking::new(scores, labels)?;
    let mut curve = RocCurve::default();
    curve.fill(&ranking, &vec![1; labels.len()]);
    Ok(curve)
}

/// Area under the ROC curve: the share of all couples of a positive and a negative in which the positive scores
/// higher, a tie counting one half (the Mann-Whitney statistic). 0.5 is chance.
///
/// Computed in whole numbers up to the last division. Hanley and McNeil, "The Meaning and Use of the Area under a
/// Receiver Operating Characteristic (ROC) Curve", 1982.
///
/// # Errors
/// As [`roc_curve`].
pub fn roc_auc<S: Copy + Into<f64>>(scores: &[S], labels: &[bool]) -> Result<f64, Error> {
    Ok(roc_curve(scores, labels)?.auc())
}

/// [`roc_auc`] with the percentile interval of [`crate::bootstrap_by_group`].
///
/// A pair belongs to two tracks. `groups` names the group (track, artist) of its **query side**, and whole groups
/// are drawn: what the other side of a pair adds to the uncertainty is not in the interval, so give the other
/// sides a wide choice of tracks. A resample that holds one class only has no curve and is drawn again.
///
/// # Errors
/// As [`roc_curve`] and [`crate::bootstrap_by_group`].
pub fn roc_auc_by_group<S: Copy + Into<f64>, G: Eq + Hash>(
    scores: &[S],
    labels: &[bool],
    groups: &[G],
    config: &BootstrapConfig,
) -> Result<Estimate, Error> {
    let ranking = Ranking::new(scores, labels)?;
    let (mut curve, mut weights) = (RocCurve::default(), Vec::new());
    let auc = |sample: &[usize]| {
        ranking.count(sample, &mut weights);
        curve.fill(&ranking, &weights).then(|| [curve.auc()])
    };
    let [estimate] = resample_groups(groups, &ranking.places, auc, config)?;
    Ok(estimate)
}

/// The equal error rate (EER): the rate at which as large a share of the negatives is let through as of the
/// positives is turned away.
///
/// Between two points of the curve the rate lies on the straight line that joins them, as in the customary
/// `brentq(lambda x: 1 - x - interp1d(fpr, tpr)(x), 0, 1)`. A threshold that reaches it exactly need not exist: the
/// nearest is given.
///
/// # Errors
/// As [`roc_curve`].
pub fn equal_error_rate<S: Copy + Into<f64>>(scores: &[S], labels: &[bool]) -> Result<EqualErrorRate, Error> {
    Ok(roc_curve(scores, labels)?.equal_error_rate())
}

/// The largest true positive rate that some threshold reaches while at most `limit` of the negatives get through.
///
/// Nothing is interpolated: with fewer than `1 / limit` negatives not one of them may get through, and the figure
/// says little about `limit` itself.
///
/// # Errors
/// As [`roc_curve`], and [`Error::OutOfRange`] for a limit outside 0 to 1.
pub fn tpr_at_fpr<S: Copy + Into<f64>>(scores: &[S], labels: &[bool], limit: f64) -> Result<f64, Error> {
    check::share("false positive rate", limit)?;
    roc_curve(scores, labels)?.tpr_at_fpr(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f64; 6] = [0.9, 0.8, 0.8, 0.4, 0.4, 0.1];
    const LABELS: [bool; 6] = [true, true, false, false, true, false];

    #[test]
    fn hand_worked_values() {
        let curve = roc_curve(&SCORES, &LABELS).unwrap();
        let points: Vec<(f64, u64, u64)> =
            curve.points().iter().map(|p| (p.threshold, p.false_positives, p.true_positives)).collect();
        assert_eq!(points, [(f64::INFINITY, 0, 0), (0.9, 0, 1), (0.8, 1, 2), (0.4, 2, 3), (0.1, 3, 3)]);
        // Of the 9 couples: .9 wins 3, .8 wins 2 and ties 1, .4 wins 1 and ties 1.
        assert!((roc_auc(&SCORES, &LABELS).unwrap() - 7.0 / 9.0).abs() < 1e-15);
        // The point (1/3, 2/3) is on the curve.
        let equal = equal_error_rate(&SCORES, &LABELS).unwrap();
        assert!((equal.rate - 1.0 / 3.0).abs() < 1e-15);
        assert!(equal.threshold > 0.4 && equal.threshold <= 0.8);
        assert_eq!(tpr_at_fpr(&SCORES, &LABELS, 0.0).unwrap(), 1.0 / 3.0);
        assert_eq!(tpr_at_fpr(&SCORES, &LABELS, 1.0 / 3.0).unwrap(), 2.0 / 3.0);
        assert_eq!(tpr_at_fpr(&SCORES, &LABELS, 0.99).unwrap(), 1.0);
    }

    #[test]
    fn the_limit_itself_is_allowed() {
        // One negative of a hundred, three of three hundred: exactly 1e-2.
        for n in [100_u32, 300, 700, 1100] {
            let top = n / 100;
            let mut scores: Vec<f64> = (0..n).map(|i| if i < top { 0.9 } else { 0.1 }).collect();
            let mut labels = vec![false; scores.len()];
            scores.extend([0.9, 0.5]);
            labels.extend([true, true]);
            assert_eq!(tpr_at_fpr(&scores, &labels, 1e-2).unwrap(), 1.0, "{n}");
            assert_eq!(tpr_at_fpr(&scores, &labels, 9e-3).unwrap(), 0.0, "{n}");
        }
    }

    #[test]
    fn all_tied_and_all_right() {
        let labels = [true, false, true, false, false];
        assert_eq!(roc_auc(&[0.5_f32; 5], &labels).unwrap(), 0.5);
        assert_eq!(equal_error_rate(&[-0.0, 0.0, 0.0, -0.0, 0.0], &labels).unwrap().rate, 0.5);
        let scores = [0.9_f32, 0.2, 0.8, 0.1, 0.0];
        assert_eq!(roc_auc(&scores, &labels).unwrap(), 1.0);
        let equal = equal_error_rate(&scores, &labels).unwrap();
        assert_eq!(equal.rate, 0.0);
        assert!((equal.threshold - 0.5).abs() < 1e-6);
        let wrong: Vec<f32> = scores.iter().map(|s| -s).collect();
        assert_eq!(roc_auc(&wrong, &labels).unwrap(), 0.0);
        assert_eq!(equal_error_rate(&wrong, &labels).unwrap().rate, 1.0);
    }

    #[test]
    fn intervals_redraw_resamples_of_one_class() {
        // Two groups, one a class: half of all resamples hold one class only.
        let estimate =
            roc_auc_by_group(&[0.9, 0.2], &[true, false], &["a", "b"], &BootstrapConfig::default()).unwrap();
        assert_eq!((estimate.value, estimate.interval.low, estimate.interval.high), (1.0, 1.0, 1.0));
    }

    #[test]
    fn refuses_what_has_no_answer() {
        assert!(matches!(roc_curve::<f32>(&[], &[]), Err(Error::Empty { what: "scores" })));
        assert!(matches!(
            roc_auc(&[0.5], &[true, false]),
            Err(Error::LengthMismatch { what: "labels", expected: 1, got: 2 })
        ));
        assert!(matches!(roc_auc(&[0.5, f32::NAN], &[true, false]), Err(Error::NotFinite { index: 1, .. })));
        assert!(matches!(
            roc_auc(&[f64::INFINITY, 0.0], &[true, false]),
            Err(Error::NotFinite { index: 0, .. })
        ));
        assert!(matches!(roc_auc(&[0.5, 0.6], &[true; 2]), Err(Error::OneClass { n: 2, got: true })));
        assert!(matches!(
            equal_error_rate(&[0.5, 0.6], &[false; 2]),
            Err(Error::OneClass { got: false, .. })
        ));
        for limit in [-0.1, 1.1, f64::NAN] {
            assert!(matches!(tpr_at_fpr(&SCORES, &LABELS, limit), Err(Error::OutOfRange { .. })));
        }
        let config = BootstrapConfig::default();
        assert!(matches!(
            roc_auc_by_group(&SCORES, &LABELS, &[1, 2], &config),
            Err(Error::LengthMismatch { what: "groups", expected: 6, got: 2 })
        ));
    }
}
