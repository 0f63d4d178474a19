//! Equal to scikit-learn on the values that `golden/generate_verification.py` made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::collections::BTreeMap;

use soundalike_eval::{
    ConfusionMatrix, Criterion, best_threshold, brier_score, calibration_bins, equal_error_rate,
    expected_calibration_error, roc_auc, roc_curve, tpr_at_fpr,
};

/// The rows below the header, cut into their columns.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines().skip(1).map(|line| line.split(',').collect()).collect()
}

/// Scores and labels of each case.
fn cases() -> BTreeMap<&'static str, (Vec<f64>, Vec<bool>)> {
    let mut cases: BTreeMap<&str, (Vec<f64>, Vec<bool>)> = BTreeMap::new();
    for row in rows(include_str!("golden/pairs.csv")) {
        let case = cases.entry(row[0]).or_default();
        case.0.push(row[2].parse().unwrap());
        case.1.push(row[1] == "1");
    }
    cases
}

#[test]
fn curves_equal_scikit_learn() {
    let cases = cases();
    let mut expected: BTreeMap<&str, Vec<[f64; 3]>> = BTreeMap::new();
    for row in rows(include_str!("golden/roc.csv")) {
        let point = [1, 2, 3].map(|i| row[i].parse().unwrap());
        expected.entry(row[0]).or_default().push(point);
    }
    assert_eq!(expected.len(), 6);
    for (case, points) in expected {
        let (scores, labels) = &cases[case];
        let curve = roc_curve(scores, labels).unwrap();
        assert_eq!(curve.points().len(), points.len(), "{case}");
        for (got, [threshold, fpr, tpr]) in curve.points().iter().zip(points) {
            assert_eq!(got.threshold, threshold, "{case}");
            assert!((got.false_positive_rate - fpr).abs() < 1e-12, "{case}: {got:?}");
            assert!((got.true_positive_rate - tpr).abs() < 1e-12, "{case}: {got:?}");
        }
    }
}

#[test]
fn measures_equal_scikit_learn() {
    let cases = cases();
    let mut seen = BTreeMap::new();
    for row in rows(include_str!("golden/verification.csv")) {
        let (scores, labels) = &cases[row[0]];
        let matrix =
            || ConfusionMatrix::at_threshold(scores, labels, row[2].parse::<f64>().unwrap()).unwrap();
        let best = |criterion| {
            let threshold = best_threshold(scores, labels, criterion).unwrap();
            ConfusionMatrix::at_threshold(scores, labels, threshold).unwrap()
        };
        let filled = |n_bins| {
            let bins = calibration_bins(scores, labels, n_bins).unwrap();
            bins.into_iter().filter(|b| b.n > 0).nth(row[2].parse().unwrap()).unwrap()
        };
        let got = match row[1] {
            "roc_auc" => roc_auc(scores, labels).unwrap(),
            "brier" => brier_score(scores, labels).unwrap(),
            "equal_error_rate" => equal_error_rate(scores, labels).unwrap().rate,
            "tpr_at_fpr" => tpr_at_fpr(scores, labels, row[2].parse().unwrap()).unwrap(),
            "tp" => matrix().true_positives() as f64,
            "fp" => matrix().false_positives() as f64,
            "tn" => matrix().true_negatives() as f64,
            "fn" => matrix().false_negatives() as f64,
            "accuracy" => matrix().accuracy(),
            "error_rate" => matrix().error_rate(),
            // scikit-learn gives 0 (and warns) where there is none.
            "precision" => matrix().precision().unwrap_or(0.0),
            "recall" => matrix().recall().unwrap(),
            "f1" => matrix().f1().unwrap(),
            "false_positive_rate" => matrix().false_positive_rate().unwrap(),
            "best_accuracy" => best(Criterion::Accuracy).accuracy(),
            "best_f1" => best(Criterion::F1).f1().unwrap(),
            "calibration_error" => {
                expected_calibration_error(scores, labels, row[2].parse().unwrap()).unwrap()
            }
            "bin_5_positive" => filled(5).positive_rate.unwrap(),
            "bin_10_positive" => filled(10).positive_rate.unwrap(),
            "bin_15_positive" => filled(15).positive_rate.unwrap(),
            "bin_5_mean" => filled(5).mean_probability.unwrap(),
            "bin_10_mean" => filled(10).mean_probability.unwrap(),
            "bin_15_mean" => filled(15).mean_probability.unwrap(),
            other => panic!("unknown measure {other}"),
        };
        let want: f64 = row[3].parse().unwrap();
        assert!((got - want).abs() < 1e-9, "{row:?}: {got}");
        *seen.entry(row[1]).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), 23);
    assert!(seen.values().all(|n| *n >= 6), "{seen:?}");
}
