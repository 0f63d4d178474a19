//! Each loss against its double loop, and its gradient against differences of the double loop, on random batches.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod common;

use burn::tensor::Tensor;
use common::naive::{self, Below};
use common::{On, deviation, devices, gradients, values};
use proptest::prelude::*;
use soundalike_losses::{
    ContrastMode, ContrastiveLossConfig, Denominator, InfoNceLossConfig, Mining, NtXentLossConfig, Penalty,
    Reduction, SupConLossConfig, TripletLossConfig,
};

type Rows = Vec<Vec<f64>>;

const REDUCTIONS: [(Reduction, &str); 5] = [
    (Reduction::Mean, "mean"),
    (Reduction::MeanNonZero, "mean_non_zero"),
    (Reduction::BatchMean, "batch_mean"),
    (Reduction::Sum, "sum"),
    (Reduction::None, "none"),
];
const DENOMINATORS: [(Denominator, Below); 3] = [
    (Denominator::AllOthers, Below::A),
    (Denominator::PositiveAndNegatives, Below::P),
    (Denominator::NegativesOnly, Below::N),
];

/// Multiples of 1/1024 that both precisions hold, so that distances between different rows are never tiny.
fn matrix(rows: usize, dim: usize) -> impl Strategy<Value = Rows> {
    let number = (-4096..4096i32).prop_map(|n| f64::from(n) / 1024.0);
    proptest::collection::vec(proptest::collection::vec(number, dim), rows)
}

fn labelled() -> impl Strategy<Value = (Rows, Vec<i64>)> {
    (1..8usize, 1..6usize)
        .prop_flat_map(|(rows, dim)| (matrix(rows, dim), proptest::collection::vec(-2..2i64, rows)))
}

/// So many matrices of one shape, with at most as many rows.
fn alike(count: usize, most: usize) -> impl Strategy<Value = Vec<Rows>> {
    (1..=most, 1..6usize)
        .prop_flat_map(move |(rows, dim)| proptest::collection::vec(matrix(rows, dim), count))
}

fn temperature() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.01), Just(0.05), Just(0.1), Just(0.5), Just(3.0)]
}

fn config() -> ProptestConfig {
    ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() }
}

/// Gradients by central differences of `loss`, in double precision.
fn differences(inputs: &[Rows], loss: impl Fn(&[Rows]) -> f64) -> Vec<Vec<f64>> {
    let step = 1e-6;
    let mut inputs = inputs.to_vec();
    let mut all = Vec::new();
    for k in 0..inputs.len() {
        let mut gradient = Vec::new();
        for i in 0..inputs[k].len() {
            for j in 0..inputs[k][i].len() {
                let was = inputs[k][i][j];
                inputs[k][i][j] = was + step;
                let above = loss(&inputs);
                inputs[k][i][j] = was - step;
                let below = loss(&inputs);
                inputs[k][i][j] = was;
                gradient.push((above - below) / (2.0 * step));
            }
        }
        all.push(gradient);
    }
    all
}

/// Values in every reduction on every device, and, in double precision where `smooth`, the gradient of the sum.
///
/// `size` is the magnitude that rounding is relative to: that of logits or distances.
fn hold(
    inputs: &[Rows],
    size: f64,
    smooth: bool,
    loss: impl Fn(&On, &[Tensor<2>], Reduction) -> Tensor<1>,
    naive: impl Fn(&[Rows]) -> (Vec<Option<f64>>, usize),
) -> Result<(), TestCaseError> {
    let (terms, rows) = naive(inputs);
    for on in devices() {
        let tensors = || inputs.iter().map(|rows| on.matrix(rows)).collect::<Vec<_>>();
        let tolerance = if on.single() { 2e-5 } else { 1e-9 };
        for (reduction, name) in REDUCTIONS {
            // Whether a loss is 0 or barely above is a matter of rounding, and with it the number of terms.
            if reduction == Reduction::MeanNonZero && terms.iter().flatten().any(|&l| l.abs() < 1e-4 * size) {
                continue;
            }
            let got = values(loss(&on, &tensors(), reduction));
            let off = deviation(&got, &naive::reduced(&terms, rows, name), size);
            prop_assert!(off <= tolerance, "{}: {name} off by {off:e}", on.name);
        }
        if smooth && !on.single() {
            let tensors = tensors();
            let got = gradients(&loss(&on, &tensors, Reduction::Sum), &tensors);
            let want = differences(inputs, |inputs| naive(inputs).0.iter().flatten().sum());
            for (got, want) in got.iter().zip(&want) {
                let off = deviation(got, want, size);
                prop_assert!(off <= 1e-4, "{}: gradient off by {off:e}", on.name);
            }
        }
    }
    Ok(())
}

/// Whether directions change slowly enough for differences.
fn long_enough(inputs: &[Rows]) -> bool {
    let length = |row: &Vec<f64>| naive::distance(row, &vec![0.0; row.len()]);
    inputs.iter().flatten().all(|row| length(row) > 0.3)
}

/// Whether no distance is near 0, where a distance has an edge, nor any triplet or pair near its margin.
fn apart(z: &Rows, edges: impl Fn(f64) -> bool) -> bool {
    z.iter().enumerate().all(|(i, a)| {
        z[..i].iter().all(|b| {
            let d = naive::distance(a, b);
            d > 0.01 && !edges(d)
        })
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn nt_xent(inputs in alike(2, 5), t in temperature()) {
        for (denominator, below) in DENOMINATORS {
            let loss = |_: &On, x: &[Tensor<2>], reduction| {
                let config = NtXentLossConfig::new().with_temperature(t).with_denominator(denominator);
                config.with_reduction(reduction).init().unwrap().forward(x[0].clone(), x[1].clone()).unwrap()
            };
            let naive = |x: &[Rows]| (naive::nt_xent(&x[0], &x[1], t, below), 2 * x[0].len());
            hold(&inputs, (1.0 / t).max(1.0), long_enough(&inputs), loss, naive)?;
        }
    }

    #[test]
    fn nt_xent_of_labels((z, labels) in labelled(), t in temperature()) {
        for (denominator, below) in DENOMINATORS {
            let loss = |on: &On, x: &[Tensor<2>], reduction| {
                let config = NtXentLossConfig::new().with_temperature(t).with_denominator(denominator);
                let loss = config.with_reduction(reduction).init().unwrap();
                loss.forward_labels(x[0].clone(), on.labels(&labels)).unwrap()
            };
            let naive = |x: &[Rows]| {
                let rows = x[0].len();
                let pairs = |i| naive::labelled_pairs(&x[0], &labels, i, t, below);
                ((0..rows).flat_map(pairs).collect(), rows)
            };
            let inputs = [z.clone()];
            hold(&inputs, (1.0 / t).max(1.0), long_enough(&inputs), loss, naive)?;
        }
    }

    #[test]
    fn info_nce(inputs in alike(2, 6), t in temperature(), symmetric: bool) {
        for (denominator, below) in DENOMINATORS {
            let loss = |_: &On, x: &[Tensor<2>], reduction| {
                let config = InfoNceLossConfig::new().with_temperature(t).with_denominator(denominator);
                let loss = config.with_symmetric(symmetric).with_reduction(reduction).init().unwrap();
                loss.forward(x[0].clone(), x[1].clone()).unwrap()
            };
            let naive = |x: &[Rows]| {
                let mut terms = naive::info_nce(&x[0], &x[1], None, t, below);
                if symmetric {
                    terms.extend(naive::info_nce(&x[1], &x[0], None, t, below));
                }
                let rows = terms.len();
                (terms, rows)
            };
            hold(&inputs, (1.0 / t).max(1.0), long_enough(&inputs), loss, naive)?;
        }
    }

    #[test]
    fn info_nce_with_negatives(inputs in alike(3, 5), more in 0..3usize, t in temperature(), symmetric: bool) {
        let mut inputs = inputs;
        for k in 0..more {
            // Other counts than that of the queries.
            let row = inputs[2][0].iter().map(|n| n * 0.5 + k as f64 + 1.0).collect();
            inputs[2].push(row);
        }
        for (denominator, below) in DENOMINATORS {
            let loss = |_: &On, x: &[Tensor<2>], reduction| {
                let config = InfoNceLossConfig::new().with_temperature(t).with_denominator(denominator);
                let loss = config.with_symmetric(symmetric).with_reduction(reduction).init().unwrap();
                loss.forward_with_negatives(x[0].clone(), x[1].clone(), x[2].clone()).unwrap()
            };
            let naive = |x: &[Rows]| {
                let mut terms = naive::info_nce(&x[0], &x[1], Some(&x[2]), t, below);
                if symmetric {
                    terms.extend(naive::info_nce(&x[1], &x[0], Some(&x[2]), t, below));
                }
                let rows = terms.len();
                (terms, rows)
            };
            hold(&inputs, (1.0 / t).max(1.0), long_enough(&inputs), loss, naive)?;
        }
    }

    #[test]
    fn sup_con((z, labels) in labelled(), t in temperature(), base in proptest::option::of(0.05..1.0)) {
        for (denominator, below) in DENOMINATORS {
            let loss = |on: &On, x: &[Tensor<2>], reduction| {
                let config = SupConLossConfig::new().with_temperature(t).with_base_temperature(base);
                let loss = config.with_denominator(denominator).with_reduction(reduction).init().unwrap();
                loss.forward(x[0].clone(), on.labels(&labels)).unwrap()
            };
            let scale = base.map_or(1.0, |base| t / base);
            let naive = |x: &[Rows]| {
                let terms = naive::sup_con(&x[0], &labels, x[0].len(), t, below);
                (terms.into_iter().map(|l| l.map(|l| l * scale)).collect(), x[0].len())
            };
            let inputs = [z.clone()];
            hold(&inputs, (1.0 / t).max(1.0) * scale.max(1.0), long_enough(&inputs), loss, naive)?;
        }
    }

    #[test]
    fn sup_con_of_views(
        inputs in (1..4usize, 1..4usize).prop_flat_map(|(views, dim)| {
            (1..4usize).prop_flat_map(move |batch| {
                (proptest::collection::vec(matrix(batch, dim), views), proptest::collection::vec(0..3i64, batch))
            })
        }),
        t in temperature(),
        all: bool,
        with_labels: bool,
    ) {
        let (inputs, labels) = inputs;
        let (views, batch) = (inputs.len(), labels.len());
        let labels: Vec<i64> = if with_labels { labels } else { (0..batch as i64).collect() };
        let anchors = if all { views * batch } else { batch };
        let loss = |on: &On, x: &[Tensor<2>], reduction| {
            let mode = if all { ContrastMode::All } else { ContrastMode::One };
            let config = SupConLossConfig::new().with_temperature(t).with_contrast_mode(mode);
            let loss = config.with_reduction(reduction).init().unwrap();
            let labels = with_labels.then(|| on.labels(&labels));
            loss.forward_views(Tensor::stack(x.to_vec(), 1), labels).unwrap()
        };
        let repeated = labels.repeat(views);
        let naive =
            |x: &[Rows]| (naive::sup_con(&x.concat(), &repeated, anchors, t, Below::A), anchors);
        hold(&inputs, (1.0 / t).max(1.0), long_enough(&inputs), loss, naive)?;
    }

    #[test]
    fn contrastive(
        inputs in alike(2, 6),
        flags in proptest::collection::vec(any::<bool>(), 6),
        near in prop_oneof![Just(0.0), Just(0.2)],
        margin in prop_oneof![Just(0.5), Just(1.0), Just(5.0)],
        squared: bool,
        normalize: bool,
    ) {
        let flags = &flags[..inputs[0].len()];
        let penalty = if squared { Penalty::Squared } else { Penalty::Linear };
        let loss = |on: &On, x: &[Tensor<2>], reduction| {
            let config = ContrastiveLossConfig::new().with_margin(margin).with_positive_margin(near);
            let config = config.with_penalty(penalty).with_normalize(normalize).with_reduction(reduction);
            config.init().unwrap().forward(x[0].clone(), x[1].clone(), on.flags(flags)).unwrap()
        };
        let distances = |x: &[Rows]| -> Vec<f64> {
            let [a, b] = [0, 1].map(|k| if normalize { naive::normalized(&x[k]) } else { x[k].clone() });
            a.iter().zip(&b).map(|(a, b)| naive::distance(a, b)).collect()
        };
        let naive = |x: &[Rows]| {
            let one = |(d, &similar): (f64, &bool)| Some(naive::contrastive(d, similar, near, margin, squared));
            (distances(x).into_iter().zip(flags).map(one).collect(), flags.len())
        };
        let edge = |d: f64| d < 0.01 || (d - near).abs() < 1e-3 || (d - margin).abs() < 1e-3;
        let smooth = long_enough(&inputs) && !distances(&inputs).into_iter().any(edge);
        hold(&inputs, 10.0, smooth, loss, naive)?;
    }

    #[test]
    fn contrastive_of_labels_is_that_of_all_pairs((z, labels) in labelled(), balanced: bool) {
        for on in devices() {
            for (reduction, _) in REDUCTIONS {
                let config = ContrastiveLossConfig::new().with_balanced(balanced).with_reduction(reduction);
                let loss = config.init().unwrap();
                let got = loss.forward_labels(on.matrix(&z), on.labels(&labels)).unwrap();
                let pairs: Vec<(usize, usize)> =
                    (0..z.len()).flat_map(|i| (0..z.len()).map(move |j| (i, j))).filter(|(i, j)| i != j).collect();
                if pairs.is_empty() {
                    prop_assert!(values(got).iter().all(|&l| l == 0.0));
                    continue;
                }
                let side = |k: fn(&(usize, usize)) -> usize| {
                    on.matrix(&pairs.iter().map(|p| z[k(p)].clone()).collect::<Vec<_>>())
                };
                let similar: Vec<bool> = pairs.iter().map(|&(i, j)| labels[i] == labels[j]).collect();
                let want = values(loss.forward(side(|p| p.0), side(|p| p.1), on.flags(&similar)).unwrap());
                let mut got = values(got);
                match reduction {
                    Reduction::BatchMean => {
                        // A batch of rows here, of pairs there.
                        got[0] *= z.len() as f64 / pairs.len() as f64;
                    }
                    Reduction::None => {
                        let rows = z.len();
                        got = pairs.iter().map(|(i, j)| got[i * rows + j]).collect();
                    }
                    // Where a loss is 0 or barely above, the two ways may count differently.
                    Reduction::MeanNonZero if want.iter().any(|l| l.abs() < 1e-4) => continue,
                    _ => {}
                }
                let off = deviation(&got, &want, 1.0);
                prop_assert!(off < 1e-5, "{}: {reduction:?} off by {off:e}", on.name);
            }
        }
    }

    #[test]
    fn triplets_given(inputs in alike(3, 6), margin in prop_oneof![Just(0.0), Just(0.2), Just(3.0)]) {
        let loss = |_: &On, x: &[Tensor<2>], reduction| {
            let loss = TripletLossConfig::new().with_margin(margin).with_reduction(reduction).init().unwrap();
            loss.forward_triplets(x[0].clone(), x[1].clone(), x[2].clone()).unwrap()
        };
        let gaps = |x: &[Rows]| -> Vec<f64> {
            let gap = |i: usize| naive::distance(&x[0][i], &x[1][i]) - naive::distance(&x[0][i], &x[2][i]);
            (0..x[0].len()).map(gap).collect()
        };
        let naive = |x: &[Rows]| {
            (gaps(x).into_iter().map(|gap| Some((gap + margin).max(0.0))).collect(), x[0].len())
        };
        let smooth = gaps(&inputs).into_iter().all(|gap| (gap + margin).abs() > 1e-3)
            && (0..inputs[0].len()).all(|i| {
                apart(&inputs.iter().map(|rows| rows[i].clone()).collect(), |_| false)
            });
        hold(&inputs, 10.0, smooth, loss, naive)?;
    }

    #[test]
    fn triplets_mined((z, labels) in labelled(), margin in prop_oneof![Just(0.2), Just(1.0), Just(3.0)], normalize: bool) {
        let z = if normalize { z } else { z.iter().map(|row| row.iter().map(|n| n * 4.0).collect()).collect() };
        let prepared = |z: &Rows| if normalize { naive::normalized(z) } else { z.clone() };
        // Semi-hard ends where a gap is 0 or the margin: no gap may be near either.
        let ready = prepared(&z);
        let mut gaps = naive::triplets(&ready, &labels, 1e6, false).into_iter().flatten().map(|l| l - 1e6);
        let clear = gaps.all(|gap| gap.abs() > 1e-3 && (gap + margin).abs() > 1e-3);
        for mining in [Mining::All, Mining::SemiHard, Mining::Hard] {
            if mining == Mining::SemiHard && !clear {
                continue;
            }
            let loss = |on: &On, x: &[Tensor<2>], reduction| {
                let config = TripletLossConfig::new().with_margin(margin).with_mining(mining);
                let loss = config.with_normalize(normalize).with_reduction(reduction).init().unwrap();
                loss.forward(x[0].clone(), on.labels(&labels)).unwrap()
            };
            let naive = |x: &[Rows]| {
                let z = prepared(&x[0]);
                let terms = match mining {
                    Mining::Hard => naive::hard_triplets(&z, &labels, margin),
                    _ => naive::triplets(&z, &labels, margin, mining == Mining::SemiHard),
                };
                (terms, z.len())
            };
            let inputs = [z.clone()];
            let smooth = clear && long_enough(&inputs) && apart(&ready, |_| false);
            hold(&inputs, 20.0, smooth, loss, naive)?;
        }
    }
}
