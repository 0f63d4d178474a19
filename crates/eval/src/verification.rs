//! Everything about one verifier on one set of pairs.

use std::collections::HashSet;
use std::hash::Hash;

use crate::bootstrap::resample_groups;
use crate::calibration::{Tally, bin_of, error_of, squared_miss};
use crate::confusion::check_threshold;
use crate::roc::Ranking;
use crate::{
    BootstrapConfig, Cell, ConfusionMatrix, Error, Estimate, Interval, RocCurve, Table, check, wilson,
};

/// How to measure a verifier.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct VerificationConfig {
    /// A pair is called a match where its score is at least this. Chosen on validation pairs
    /// ([`crate::best_threshold`]), never on those that are measured.
    pub threshold: f64,
    /// Are the scores probabilities? Then they are checked to be, and Brier score and calibration error measured.
    pub probabilities: bool,
    /// Bins of the expected calibration error.
    pub n_bins: usize,
    /// How intervals are made.
    pub bootstrap: BootstrapConfig,
}

impl VerificationConfig {
    /// Probabilities, 10 bins, 1,000 resamples.
    pub fn new(threshold: f64) -> Self {
        Self { threshold, probabilities: true, n_bins: 10, bootstrap: BootstrapConfig::default() }
    }

    /// Sets whether the scores are probabilities (a cosine is none).
    pub fn with_probabilities(mut self, probabilities: bool) -> Self {
        self.probabilities = probabilities;
        self
    }

    /// Sets the bins of the calibration error.
    pub fn with_n_bins(mut self, n_bins: usize) -> Self {
        self.n_bins = n_bins;
        self
    }

    /// Sets how intervals are made.
    pub fn with_bootstrap(mut self, bootstrap: BootstrapConfig) -> Self {
        self.bootstrap = bootstrap;
        self
    }
}

/// The whole row of one verifier: counts, and every measure with its interval over groups.
///
/// Not Wilson's interval over pairs: that is for independent trials, and pairs of one track are not. But where not one
/// pair is wrong, no resample has an error either, and the bootstrap would claim certainty. Accuracy, precision, recall,
/// false positive rate and the true positive rates then get Wilson's interval with **groups** as its trials, and F1 the
/// F1 of the ends of precision and recall. (An AUC of 1 and an equal error rate of 0 keep an interval of no width.)
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct VerificationReport {
    /// Number of pairs.
    pub n_pairs: usize,
    /// Pairs of the same recording.
    pub n_positive: usize,
    /// Pairs of different recordings.
    pub n_negative: usize,
    /// Groups among the query sides.
    pub n_groups: usize,
    /// The threshold.
    pub threshold: f64,
    /// Right and wrong answers at the threshold.
    pub confusion: ConfusionMatrix,
    /// Share of right answers.
    pub accuracy: Estimate,
    /// Share of matches among what was called so; 0 where nothing was.
    pub precision: Estimate,
    /// Share of the matches that were called so.
    pub recall: Estimate,
    /// Harmonic mean of precision and recall.
    pub f1: Estimate,
    /// Share of the other pairs that were called matches.
    pub false_positive_rate: Estimate,
    /// Area under the ROC curve.
    pub roc_auc: Estimate,
    /// Equal error rate.
    pub equal_error_rate: Estimate,
    /// True positive rate at a false positive rate of at most 1e-2.
    pub tpr_at_fpr_1e2: Estimate,
    /// True positive rate at a false positive rate of at most 1e-3.
    pub tpr_at_fpr_1e3: Estimate,
    /// Brier score; `None` where the scores are no probabilities.
    pub brier: Option<Estimate>,
    /// Expected calibration error; `None` where the scores are no probabilities. Its interval lies above its value where
    /// calibration is good: a resample adds noise to every bin.
    pub calibration_error: Option<Estimate>,
}

/// How intervals are made, for below a table.
pub(crate) const NOTE: &str = "Intervals: percentile bootstrap over the groups of the query side; for rates of exactly \
    0 or 1 Wilson's, with groups as trials.";

/// The interval of a rate of 0 or 1 that no resample left: Wilson's, with groups as trials.
pub(crate) fn widen(estimate: Estimate, groups: usize, confidence: f64) -> Result<Estimate, Error> {
    let Estimate { value, interval } = estimate;
    let n = groups as u64;
    let interval = match value {
        _ if interval.width() > 0.0 => interval,
        0.0 => wilson(0, n, confidence)?,
        1.0 => wilson(n, n, confidence)?,
        _ => interval,
    };
    Ok(Estimate { value, interval })
}

/// Number of measures that are resampled.
const N: usize = 11;

impl VerificationReport {
    /// Measures `scores` (higher: more alike) against `labels` (true: the same recording).
    ///
    /// `groups` names the group (track, artist) of each pair's **query side**; whole groups are resampled
    /// ([`crate::bootstrap_by_group`]), so that what the other side of a pair adds to the uncertainty is left out: give
    /// other sides a wide choice of tracks. Resamples that hold one class only are drawn again. The threshold stays as
    /// it is: that it was itself chosen on a sample is not in the intervals either.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::LengthMismatch`], [`Error::NotFinite`] for the first NaN or infinite score,
    /// [`Error::OneClass`], [`Error::NotProbability`] where the configuration says that scores are, and
    /// [`Error::OutOfRange`] for a configuration that cannot be.
    pub fn new<S: Copy + Into<f64>, G: Eq + Hash>(
        scores: &[S],
        labels: &[bool],
        groups: &[G],
        config: &VerificationConfig,
    ) -> Result<Self, Error> {
        check_threshold(config.threshold)?;
        if !(1..=1000).contains(&config.n_bins) {
            let got = config.n_bins as f64;
            return Err(Error::OutOfRange { what: "calibration bins", expected: "1 to 1,000", got });
        }
        if config.probabilities {
            check::probabilities(scores, labels)?;
        }
        let ranking = Ranking::new(scores, labels)?;
        let mut measures = Measures::new(&ranking, config);
        let statistics = |sample: &[usize]| measures.of(sample);
        let estimates = resample_groups(groups, &ranking.places, statistics, &config.bootstrap)?;
        let [accuracy, precision, recall, f1, false_positive_rate, roc_auc, rest @ ..] = estimates;
        let [equal_error_rate, tpr_at_fpr_1e2, tpr_at_fpr_1e3, brier, calibration_error] = rest;
        let n_positive = labels.iter().filter(|l| **l).count();

        let called = |i: usize| scores.get(i).is_some_and(|s| (*s).into() >= config.threshold);
        let labelled = |class: bool| move |i: usize| labels.get(i) == Some(&class);
        let widened = |estimate, keep: &dyn Fn(usize) -> bool| {
            let concerned = groups.iter().enumerate().filter(|(i, _)| keep(*i)).map(|(_, group)| group);
            widen(estimate, concerned.collect::<HashSet<_>>().len(), config.bootstrap.confidence)
        };
        let precision = widened(precision, &called)?;
        let recall = widened(recall, &labelled(true))?;
        let f1 = if f1.value == 1.0 && f1.interval.width() == 0.0 {
            let (a, b) = (precision.interval.low, recall.interval.low);
            let low = if a + b > 0.0 { 2.0 * a * b / (a + b) } else { 0.0 };
            Estimate { value: f1.value, interval: Interval { low, high: 1.0 } }
        } else {
            f1
        };
        Ok(Self {
            n_pairs: labels.len(),
            n_positive,
            n_negative: labels.len() - n_positive,
            n_groups: groups.iter().collect::<HashSet<_>>().len(),
            threshold: config.threshold,
            confusion: ConfusionMatrix::at_threshold(scores, labels, config.threshold)?,
            accuracy: widened(accuracy, &|_| true)?,
            precision,
            recall,
            f1,
            false_positive_rate: widened(false_positive_rate, &labelled(false))?,
            roc_auc,
            equal_error_rate,
            tpr_at_fpr_1e2: widened(tpr_at_fpr_1e2, &labelled(true))?,
            tpr_at_fpr_1e3: widened(tpr_at_fpr_1e3, &labelled(true))?,
            brier: config.probabilities.then_some(brier),
            calibration_error: config.probabilities.then_some(calibration_error),
        })
    }

    /// Every measure by its name, such as `roc_auc`, in the order of [`VerificationReport::headers`]; without the
    /// last two where scores are no probabilities.
    pub fn measures(&self) -> Vec<(&'static str, Estimate)> {
        let always = [
            ("accuracy", self.accuracy),
            ("precision", self.precision),
            ("recall", self.recall),
            ("f1", self.f1),
            ("false_positive_rate", self.false_positive_rate),
            ("roc_auc", self.roc_auc),
            ("equal_error_rate", self.equal_error_rate),
            ("tpr_at_fpr_1e2", self.tpr_at_fpr_1e2),
            ("tpr_at_fpr_1e3", self.tpr_at_fpr_1e3),
        ];
        let calibration = [("brier", self.brier), ("calibration_error", self.calibration_error)];
        always.into_iter().chain(calibration.into_iter().filter_map(|(n, e)| Some((n, e?)))).collect()
    }

    /// Headers for a table of one verifier a row: [`VerificationReport::row`].
    pub fn headers() -> [&'static str; 14] {
        [
            "verifier",
            "pairs",
            "groups",
            "accuracy",
            "precision",
            "recall",
            "F1",
            "FPR",
            "ROC-AUC",
            "EER",
            "TPR at FPR 1e-2",
            "TPR at FPR 1e-3",
            "Brier",
            "ECE",
        ]
    }

    /// The cells under [`VerificationReport::headers`], each measure with its interval.
    pub fn row(&self, name: &str) -> Vec<Cell> {
        let mut cells = vec![Cell::from(name), Cell::from(self.n_pairs), Cell::from(self.n_groups)];
        cells.extend(self.measures().into_iter().map(|(name, estimate)| cell(name, estimate)));
        cells.resize(Self::headers().len(), Cell::number(f64::NAN, 0));
        cells
    }

    /// A table of one measure a row, counts first.
    pub fn table(&self, caption: impl Into<String>) -> Table {
        let counts = [
            ("pairs", self.n_pairs as u64),
            ("same", self.n_positive as u64),
            ("different", self.n_negative as u64),
            ("groups", self.n_groups as u64),
            ("true positives", self.confusion.true_positives()),
            ("false positives", self.confusion.false_positives()),
            ("true negatives", self.confusion.true_negatives()),
            ("false negatives", self.confusion.false_negatives()),
        ];
        let mut table = Table::new(caption).with_headers(["measure", "value"]);
        for (name, count) in counts {
            table.push([Cell::from(name), Cell::from(count)]);
        }
        table.push([Cell::from("threshold"), Cell::number(self.threshold, 4)]);
        for (header, (name, estimate)) in Self::headers().iter().skip(3).zip(self.measures()) {
            table.push([Cell::from(*header), cell(name, estimate)]);
        }
        table.with_note(NOTE)
    }
}

/// An estimate as it is customarily written.
fn cell(name: &str, Estimate { value, interval }: Estimate) -> Cell {
    match name {
        "roc_auc" | "brier" | "calibration_error" => Cell::number_with(value, interval, 4),
        _ => Cell::percent_with(value, interval, 1),
    }
}

/// What computes all measures of a resample, with room to do it in.
struct Measures<'r> {
    ranking: &'r Ranking,
    probabilities: bool,
    /// Places before this one are called matches.
    cut: usize,
    /// The calibration bin of each place; empty where scores are no probabilities.
    bins: Vec<usize>,
    tallies: Vec<Tally>,
    weights: Vec<u64>,
    curve: RocCurve,
}

impl<'r> Measures<'r> {
    fn new(ranking: &'r Ranking, config: &VerificationConfig) -> Self {
        let bin = |score: &f64| bin_of(*score, config.n_bins);
        Self {
            ranking,
            probabilities: config.probabilities,
            cut: ranking.scores.partition_point(|score| *score >= config.threshold),
            bins: if config.probabilities { ranking.scores.iter().map(bin).collect() } else { Vec::new() },
            tallies: vec![Tally::default(); config.n_bins],
            weights: Vec::new(),
            curve: RocCurve::default(),
        }
    }

    /// All measures of the pairs at these places; `None` where they are of one class.
    fn of(&mut self, sample: &[usize]) -> Option<[f64; N]> {
        self.ranking.count(sample, &mut self.weights);
        if !self.curve.fill(self.ranking, &self.weights) {
            return None;
        }
        let (mut tp, mut fp) = (0, 0);
        for (label, weight) in self.ranking.labels.iter().zip(&self.weights).take(self.cut) {
            *(if *label { &mut tp } else { &mut fp }) += weight;
        }
        let (positive, negative) = (self.curve.n_positive(), self.curve.n_negative());
        let matrix = ConfusionMatrix::new(tp, fp, negative - fp, positive - tp).ok()?;
        let (brier, calibration) = if self.probabilities { self.calibration() } else { (0.0, 0.0) };
        Some([
            matrix.accuracy(),
            matrix.precision().unwrap_or(0.0),
            matrix.recall()?,
            matrix.f1()?,
            matrix.false_positive_rate()?,
            self.curve.auc(),
            self.curve.equal_error(),
            self.curve.reached(1e-2),
            self.curve.reached(1e-3),
            brier,
            calibration,
        ])
    }

    /// Brier score and expected calibration error.
    fn calibration(&mut self) -> (f64, f64) {
        self.tallies.fill(Tally::default());
        let (mut sum, mut n) = (0.0, 0);
        let pairs = self.ranking.scores.iter().zip(&self.ranking.labels).zip(&self.weights).zip(&self.bins);
        for (((score, label), weight), bin) in pairs.filter(|((_, weight), _)| **weight > 0) {
            sum += *weight as f64 * squared_miss(*score, *label);
            n += weight;
            if let Some(tally) = self.tallies.get_mut(*bin) {
                tally.add(*score, *label, *weight);
            }
        }
        (sum / n as f64, error_of(&self.tallies))
    }
}
