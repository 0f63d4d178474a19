//! Verification measures and splits against what a naive count says, on random pairs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use soundalike_eval::{
    BootstrapConfig, ConfusionMatrix, Criterion, Error, VerificationConfig, VerificationReport,
    best_threshold, bootstrap_by_group, brier_score, check_split, equal_error_rate,
    expected_calibration_error, folds_by_group, roc_auc, roc_auc_by_group, roc_curve, split_by_group,
    tpr_at_fpr, wilson,
};

/// Pairs of both classes whose scores, eighths or any number, tie often or never.
fn pairs() -> impl Strategy<Value = (Vec<f64>, Vec<bool>)> {
    let score = prop_oneof![(0_u8..=8).prop_map(|i| f64::from(i) / 8.0), 0.0..=1.0_f64];
    proptest::collection::vec((score, any::<bool>()), 2..60).prop_map(|pairs| {
        let (scores, mut labels): (Vec<f64>, Vec<bool>) = pairs.into_iter().unzip();
        labels[0] = true;
        labels[1] = false;
        (scores, labels)
    })
}

/// False and true positive rate of a threshold.
fn rates(scores: &[f64], labels: &[bool], threshold: f64) -> (f64, f64) {
    let of = |class: bool| {
        let all = labels.iter().filter(|l| **l == class).count();
        let passed = scores.iter().zip(labels).filter(|(s, l)| **l == class && **s >= threshold).count();
        passed as f64 / all as f64
    };
    (of(false), of(true))
}

/// All cuts that can be made: above everything, and at each score.
fn cuts(scores: &[f64]) -> Vec<f64> {
    let mut cuts = vec![f64::INFINITY];
    cuts.extend(scores);
    cuts.sort_by(|a, b| b.total_cmp(a));
    cuts.dedup();
    cuts
}

fn criterion() -> impl Strategy<Value = Criterion> {
    prop_oneof![
        Just(Criterion::Accuracy),
        Just(Criterion::F1),
        Just(Criterion::EqualError),
        (0.0..=1.0).prop_map(Criterion::MaxFalsePositiveRate),
    ]
}

fn worth(scores: &[f64], labels: &[bool], threshold: f64, criterion: Criterion) -> f64 {
    let matrix = ConfusionMatrix::at_threshold(scores, labels, threshold).unwrap();
    let (fpr, tpr) = rates(scores, labels, threshold);
    match criterion {
        Criterion::Accuracy => matrix.accuracy(),
        Criterion::F1 => matrix.f1().unwrap_or(0.0),
        Criterion::EqualError => -(fpr - (1.0 - tpr)).abs(),
        Criterion::MaxFalsePositiveRate(limit) if fpr > limit => -1.0,
        Criterion::MaxFalsePositiveRate(_) => tpr,
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn auc_counts_couples((scores, labels) in pairs()) {
        let (mut won, mut couples) = (0.0, 0.0);
        for (a, _) in scores.iter().zip(&labels).filter(|(_, l)| **l) {
            for (b, _) in scores.iter().zip(&labels).filter(|(_, l)| !**l) {
                couples += 1.0;
                won += if a > b { 1.0 } else if a == b { 0.5 } else { 0.0 };
            }
        }
        prop_assert!((roc_auc(&scores, &labels).unwrap() - won / couples).abs() < 1e-12);
        // Single precision where it loses nothing, and any rising transformation, give the same.
        let stretched: Vec<f64> = scores.iter().map(|s| 5.0 * s - 2.0).collect();
        prop_assert!((roc_auc(&stretched, &labels).unwrap() - won / couples).abs() < 1e-12);
    }

    #[test]
    fn points_are_what_their_thresholds_do((scores, labels) in pairs()) {
        let curve = roc_curve(&scores, &labels).unwrap();
        prop_assert_eq!(curve.points().len(), cuts(&scores).len());
        for (point, cut) in curve.points().iter().zip(cuts(&scores)) {
            prop_assert_eq!(point.threshold, cut);
            prop_assert_eq!((point.false_positive_rate, point.true_positive_rate), rates(&scores, &labels, cut));
        }
    }

    #[test]
    fn limits_are_kept_and_reached((scores, labels) in pairs(), limit in 0.0..=1.0_f64) {
        let all = cuts(&scores).into_iter().map(|t| rates(&scores, &labels, t));
        let want = all.filter(|(fpr, _)| *fpr <= limit).map(|(_, tpr)| tpr).fold(0.0, f64::max);
        prop_assert_eq!(tpr_at_fpr(&scores, &labels, limit).unwrap(), want);
    }

    #[test]
    fn equal_error_lies_between_the_cuts_around_it((scores, labels) in pairs()) {
        let equal = equal_error_rate(&scores, &labels).unwrap();
        let all = cuts(&scores).into_iter().map(|t| rates(&scores, &labels, t));
        // No cut has both rates smaller, none both larger.
        for (fpr, tpr) in all {
            let miss = 1.0 - tpr;
            prop_assert!(fpr.max(miss) >= equal.rate - 1e-12 && fpr.min(miss) <= equal.rate + 1e-12);
        }
        // Turned round, the same errors are equal.
        let turned: Vec<f64> = scores.iter().map(|s| -s).collect();
        let others: Vec<bool> = labels.iter().map(|l| !l).collect();
        prop_assert!((equal_error_rate(&turned, &others).unwrap().rate - equal.rate).abs() < 1e-12);
    }

    #[test]
    fn no_threshold_is_better((scores, labels) in pairs(), criterion in criterion()) {
        let threshold = best_threshold(&scores, &labels, criterion).unwrap();
        prop_assert!(threshold.is_finite());
        let got = worth(&scores, &labels, threshold, criterion);
        for cut in cuts(&scores) {
            prop_assert!(worth(&scores, &labels, cut, criterion) <= got + 1e-12, "{} beats {}", cut, threshold);
        }
    }

    #[test]
    fn calibration_by_hand((scores, labels) in pairs(), n_bins in 1_usize..20) {
        let brier: f64 = scores.iter().zip(&labels).map(|(s, l)| (s - f64::from(u8::from(*l))).powi(2)).sum();
        prop_assert!((brier_score(&scores, &labels).unwrap() - brier / scores.len() as f64).abs() < 1e-12);
        let mut error = 0.0;
        for bin in 0..n_bins {
            let (low, high) = (bin as f64 / n_bins as f64, (bin + 1) as f64 / n_bins as f64);
            let inside = |s: f64| (s > low || bin == 0) && s <= high;
            let each = scores.iter().zip(&labels).filter(|(s, _)| inside(**s));
            error += each.map(|(s, l)| f64::from(u8::from(*l)) - s).sum::<f64>().abs();
        }
        let got = expected_calibration_error(&scores, &labels, n_bins).unwrap();
        prop_assert!((got - error / scores.len() as f64).abs() < 1e-12);
    }

    #[test]
    fn splits_keep_groups_whole_and_fractions_near(
        names in proptest::collection::vec(0_u16..25, 3..200),
        cut in (0.05..0.9_f64, 0.1..0.9_f64),
        seed in any::<u64>(),
    ) {
        let groups: Vec<String> = names.iter().map(|n| format!("track {n}")).collect();
        let fractions = [cut.0, (1.0 - cut.0) * cut.1, (1.0 - cut.0) * (1.0 - cut.1)];
        let mut sizes: BTreeMap<&String, usize> = BTreeMap::new();
        for group in &groups {
            *sizes.entry(group).or_default() += 1;
        }
        let got = split_by_group(&groups, &fractions, seed);
        if sizes.len() < 3 {
            let refused = matches!(got, Err(Error::TooFewGroups { expected: 3, .. }));
            prop_assert!(refused);
            return Ok(());
        }
        let parts = got.unwrap();
        check_split(&groups, &parts).unwrap();
        prop_assert_eq!(&parts, &split_by_group(&groups, &fractions, seed).unwrap());
        let largest = sizes.values().copied().max().unwrap() as f64;
        for (part, fraction) in fractions.iter().enumerate() {
            let count = parts.iter().filter(|p| **p == part).count() as f64;
            prop_assert!(count >= 1.0);
            let miss = (count - fraction * groups.len() as f64).abs();
            prop_assert!(miss <= 2.0 * largest, "part {} misses by {} of {}", part, miss, groups.len());
        }
        let k = 2 + (seed % 4) as usize;
        if k <= sizes.len() {
            let folds = folds_by_group(&groups, k, seed).unwrap();
            check_split(&groups, &folds).unwrap();
            let counts: Vec<usize> = (0..k).map(|fold| folds.iter().filter(|f| **f == fold).count()).collect();
            let spread = counts.iter().max().unwrap() - counts.iter().min().unwrap();
            prop_assert!(spread as f64 <= largest, "{:?}", counts);
            prop_assert_eq!(folds.iter().collect::<BTreeSet<_>>().len(), k);
        }
    }
}

/// 60 tracks, each the query of two pairs of the same and two of different recordings.
fn tracks() -> (Vec<f32>, Vec<bool>, Vec<String>) {
    let (mut scores, mut labels, mut groups) = (Vec::new(), Vec::new(), Vec::new());
    let mut state = 7_u32;
    for track in 0..60 {
        for pair in 0..4 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (state >> 8) as f32 / (1 << 24) as f32;
            let same = pair % 2 == 0;
            scores.push(if same { 0.45 + 0.55 * noise } else { 0.6 * noise });
            labels.push(same);
            groups.push(format!("track {track}"));
        }
    }
    (scores, labels, groups)
}

#[test]
fn a_report_holds_what_each_measure_says() {
    let (scores, labels, groups) = tracks();
    let config = VerificationConfig::new(0.5);
    let report = VerificationReport::new(&scores, &labels, &groups, &config).unwrap();
    let matrix = ConfusionMatrix::at_threshold(&scores, &labels, 0.5).unwrap();
    assert_eq!(report.confusion, matrix);
    assert_eq!((report.n_pairs, report.n_positive, report.n_negative, report.n_groups), (240, 120, 120, 60));
    assert_eq!(report.accuracy.value, matrix.accuracy());
    assert_eq!(report.precision.value, matrix.precision().unwrap());
    assert_eq!(report.recall.value, matrix.recall().unwrap());
    assert_eq!(report.f1.value, matrix.f1().unwrap());
    assert_eq!(report.false_positive_rate.value, matrix.false_positive_rate().unwrap());
    assert_eq!(report.equal_error_rate.value, equal_error_rate(&scores, &labels).unwrap().rate);
    assert_eq!(report.tpr_at_fpr_1e2.value, tpr_at_fpr(&scores, &labels, 1e-2).unwrap());
    assert_eq!(report.tpr_at_fpr_1e3.value, tpr_at_fpr(&scores, &labels, 1e-3).unwrap());
    assert!((report.brier.unwrap().value - brier_score(&scores, &labels).unwrap()).abs() < 1e-12);
    let error = expected_calibration_error(&scores, &labels, 10).unwrap();
    assert!((report.calibration_error.unwrap().value - error).abs() < 1e-12);
    // The same resamples as each measure's own, and as a naive statistic over whole pairs.
    let auc = roc_auc_by_group(&scores, &labels, &groups, &BootstrapConfig::default()).unwrap();
    assert_eq!(report.roc_auc, auc);
    let pairs: Vec<(f32, bool)> = scores.iter().copied().zip(labels.iter().copied()).collect();
    let naive = |sample: &[(f32, bool)]| {
        let (scores, labels): (Vec<f32>, Vec<bool>) = sample.iter().copied().unzip();
        roc_auc(&scores, &labels).unwrap()
    };
    assert_eq!(bootstrap_by_group(&groups, &pairs, naive, &BootstrapConfig::default()).unwrap(), auc);
    let naive = |sample: &[(f32, bool)]| {
        let (scores, labels): (Vec<f32>, Vec<bool>) = sample.iter().copied().unzip();
        ConfusionMatrix::at_threshold(&scores, &labels, 0.5).unwrap().f1().unwrap()
    };
    assert_eq!(bootstrap_by_group(&groups, &pairs, naive, &BootstrapConfig::default()).unwrap(), report.f1);
    for (name, estimate) in report.measures() {
        assert!(estimate.interval.low <= estimate.interval.high, "{name}");
        assert!(name == "calibration_error" || estimate.interval.contains(estimate.value), "{name}");
    }
}

#[test]
fn no_error_seen_is_not_certainty() {
    // 30 tracks, each with a pair of both kinds, all right.
    let scores: Vec<f64> = (0..60).map(|i| if i % 2 == 0 { 0.9 } else { 0.1 }).collect();
    let labels: Vec<bool> = (0..60).map(|i| i % 2 == 0).collect();
    let groups: Vec<usize> = (0..60).map(|i| i / 2).collect();
    let report = VerificationReport::new(&scores, &labels, &groups, &VerificationConfig::new(0.5)).unwrap();
    let (all, none) = (wilson(30, 30, 0.95).unwrap(), wilson(0, 30, 0.95).unwrap());
    for estimate in [report.accuracy, report.precision, report.recall, report.tpr_at_fpr_1e2] {
        assert_eq!((estimate.value, estimate.interval), (1.0, all));
    }
    assert_eq!(report.false_positive_rate.interval, none);
    assert!((report.f1.interval.low - all.low).abs() < 1e-12 && report.f1.interval.high == 1.0);
    assert_eq!(report.roc_auc.interval.width(), 0.0);
    // Nothing is called a match: precision is 0 by convention, and nothing is known of it.
    let report = VerificationReport::new(&scores, &labels, &groups, &VerificationConfig::new(0.95)).unwrap();
    assert_eq!((report.precision.value, report.precision.interval), (0.0, wilson(0, 0, 0.95).unwrap()));
    assert_eq!(report.recall.interval, none);
}

#[test]
fn a_report_becomes_tables() {
    let (scores, labels, groups) = tracks();
    let config = VerificationConfig::new(0.5);
    let report = VerificationReport::new(&scores, &labels, &groups, &config).unwrap();
    let cosine =
        VerificationReport::new(&scores, &labels, &groups, &config.with_probabilities(false)).unwrap();
    assert_eq!((cosine.brier, cosine.calibration_error), (None, None));
    assert_eq!(cosine.roc_auc, report.roc_auc);
    let headers = VerificationReport::headers();
    for report in [&report, &cosine] {
        assert_eq!(report.row("net").len(), headers.len());
        assert!(report.row("net").iter().skip(1).all(|cell| cell.is_numeric()));
    }
    assert_eq!(cosine.row("net")[13].text(), "–");
    let markdown = report.table("Pairs").to_markdown();
    for line in ["| pairs | 240 |", "| groups | 60 |", "| threshold | 0.5000 |", "| ECE | ", "| ROC-AUC | 0."]
    {
        assert!(markdown.contains(line), "{line} in {markdown}");
    }
    assert_eq!(report.table("").rows().len(), cosine.table("").rows().len() + 2);
}

#[test]
fn a_report_refuses_what_cannot_be_measured() {
    let config = VerificationConfig::new(0.5);
    let of = |scores: &[f64], labels: &[bool], groups: &[u8], config: &VerificationConfig| {
        VerificationReport::new(scores, labels, groups, config)
    };
    let both = [true, false];
    assert!(matches!(of(&[], &[], &[], &config), Err(Error::Empty { .. })));
    assert!(matches!(of(&[0.1], &both, &[1], &config), Err(Error::LengthMismatch { what: "labels", .. })));
    assert!(matches!(
        of(&[0.1, 0.2], &both, &[1], &config),
        Err(Error::LengthMismatch { what: "groups", .. })
    ));
    assert!(matches!(of(&[0.1, f64::NAN], &both, &[1, 2], &config), Err(Error::NotFinite { index: 1, .. })));
    assert!(matches!(
        of(&[0.1, 0.2], &[true; 2], &[1, 2], &config),
        Err(Error::OneClass { n: 2, got: true })
    ));
    assert!(matches!(of(&[0.1, 1.2], &both, &[1, 2], &config), Err(Error::NotProbability { index: 1, .. })));
    of(&[0.1, 1.2], &both, &[1, 2], &config.clone().with_probabilities(false)).unwrap();
    let nan = VerificationConfig::new(f64::NAN);
    assert!(matches!(
        of(&[0.1, 0.2], &both, &[1, 2], &nan),
        Err(Error::OutOfRange { what: "threshold", .. })
    ));
    let none = config.clone().with_n_bins(0);
    assert!(matches!(of(&[0.1, 0.2], &both, &[1, 2], &none), Err(Error::OutOfRange { .. })));
    let none = config.with_bootstrap(BootstrapConfig::default().with_n_resamples(0));
    assert!(matches!(
        of(&[0.1, 0.2], &both, &[1, 2], &none),
        Err(Error::OutOfRange { what: "n_resamples", .. })
    ));
}
