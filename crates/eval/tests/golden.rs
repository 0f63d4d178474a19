//! Equal to scikit-learn, numpy and statsmodels on the values that `golden/generate.py` made.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use soundalike_eval::{
    Histogram, hit_rate_at_k, mean_precision_at_k, mean_rank, mean_recall_at_k, mean_reciprocal_rank,
    precision_at_k, recall_at_k, top_k_accuracy, wilson,
};

/// The rows below the header, cut into their columns.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines().skip(1).map(|line| line.split(',').collect()).collect()
}

/// One query's items: score, is it the right one, is it relevant.
type Items = Vec<(f64, bool, bool)>;

fn queries() -> Vec<Items> {
    let mut queries: BTreeMap<usize, Items> = BTreeMap::new();
    for row in rows(include_str!("golden/scores.csv")) {
        let item = (row[2].parse().unwrap(), row[3] == "1", row[4] == "1");
        queries.entry(row[0].parse().unwrap()).or_default().push(item);
    }
    let mut queries: Vec<Items> = queries.into_values().collect();
    for items in &mut queries {
        items.sort_by(|a, b| b.0.total_cmp(&a.0));
    }
    queries
}

#[test]
fn retrieval_equals_scikit_learn() {
    let queries = queries();
    assert_eq!(queries.len(), 60);
    let ranks: Vec<Option<usize>> =
        queries.iter().map(|q| Some(1 + q.iter().position(|i| i.1).unwrap())).collect();
    let lists: Vec<Vec<bool>> = queries.iter().map(|q| q.iter().map(|i| i.2).collect()).collect();
    let totals: Vec<usize> = lists.iter().map(|l| l.iter().filter(|r| **r).count()).collect();
    let mut histogram = Histogram::new(0.1, 1.0, 9).unwrap();
    for (score, ..) in queries.iter().flatten() {
        histogram.add(*score).unwrap();
    }
    let mut seen = BTreeMap::new();
    for row in rows(include_str!("golden/expected.csv")) {
        let (metric, k) = (row[0], row[1].parse::<usize>().unwrap());
        let got = match metric {
            "mean_rank" => mean_rank(&ranks, 12).unwrap(),
            "mean_reciprocal_rank" => mean_reciprocal_rank(&ranks).unwrap(),
            "top_k_accuracy" => top_k_accuracy(&ranks, k).unwrap(),
            "precision_at_k" => {
                let each: Vec<f64> = lists.iter().map(|l| precision_at_k(l, k).unwrap()).collect();
                let mean = each.iter().sum::<f64>() / each.len() as f64;
                assert!((mean - mean_precision_at_k(&lists, k).unwrap()).abs() < 1e-12);
                mean
            }
            "recall_at_k" => {
                let each = lists.iter().zip(&totals).map(|(l, n)| recall_at_k(l, *n, k).unwrap());
                let mean = each.sum::<f64>() / lists.len() as f64;
                assert!((mean - mean_recall_at_k(&lists, &totals, k).unwrap()).abs() < 1e-12);
                mean
            }
            "hit_rate_at_k" => hit_rate_at_k(&lists, k).unwrap(),
            "histogram" => histogram.counts()[k] as f64,
            other => panic!("unknown metric {other}"),
        };
        let want: f64 = row[2].parse().unwrap();
        assert!((got - want).abs() < 1e-9, "{metric} at {k}: {got}, scikit-learn has {want}");
        *seen.entry(metric).or_insert(0) += 1;
    }
    assert_eq!(seen.into_values().collect::<Vec<_>>(), [9, 12, 1, 1, 12, 12, 12]);
}

#[test]
fn wilson_equals_statsmodels() {
    let rows = rows(include_str!("golden/wilson.csv"));
    assert!(rows.len() > 100);
    for row in rows {
        let number = |i: usize| row[i].parse::<f64>().unwrap();
        let got = wilson(row[0].parse().unwrap(), row[1].parse().unwrap(), number(2)).unwrap();
        assert!(
            (got.low - number(3)).abs() < 1e-9 && (got.high - number(4)).abs() < 1e-9,
            "{row:?}: {got:?}"
        );
    }
}
