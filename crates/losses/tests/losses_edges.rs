//! What has no usual answer: bad settings, shapes that do not fit, batches of one, zero vectors, extreme lengths and
//! temperatures, NaN.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod common;

use burn::module::Module;
use burn::nn::loss::{Reduction as BurnReduction, TripletMarginLossConfig};
use burn::tensor::{DType, Device, Int, Tensor};
use common::{On, deviation, devices, gradients, naive, rows, values};
use soundalike_losses::{
    ContrastMode, ContrastiveLossConfig, Denominator, Error, InfoNceLossConfig, Mining, NtXentLossConfig,
    Reduction, SupConLossConfig, TripletLossConfig,
};

const DENOMINATORS: [Denominator; 3] =
    [Denominator::AllOthers, Denominator::PositiveAndNegatives, Denominator::NegativesOnly];
const MININGS: [Mining; 3] = [Mining::All, Mining::SemiHard, Mining::Hard];

/// A loss of one matrix: its name, whether cosines make it, and itself.
type Named = (String, bool, Loss);
type Loss = Box<dyn Fn(&On, Tensor<2>, &[i64]) -> Tensor<1>>;

/// Every loss there is as a loss of labelled rows. Where a loss takes pairs, the second are the rows in reverse.
fn every_loss(t: f64) -> Vec<Named> {
    let mut all: Vec<Named> = Vec::new();
    let mut add = |name: String, cosine: bool, f: Loss| {
        all.push((name, cosine, f));
    };
    for denominator in DENOMINATORS {
        let loss = NtXentLossConfig::new().with_temperature(t).with_denominator(denominator).init().unwrap();
        let labelled = loss.clone();
        add(
            format!("nt_xent {denominator:?}"),
            true,
            Box::new(move |_, z, _| loss.forward(z.clone(), z.flip([0])).unwrap()),
        );
        add(
            format!("nt_xent of labels {denominator:?}"),
            true,
            Box::new(move |on, z, l| labelled.forward_labels(z, on.labels(l)).unwrap()),
        );
        for symmetric in [false, true] {
            let config = InfoNceLossConfig::new().with_temperature(t).with_symmetric(symmetric);
            let loss = config.with_denominator(denominator).init().unwrap();
            let explicit = loss.clone();
            add(
                format!("info_nce {denominator:?} {symmetric}"),
                true,
                Box::new(move |_, z, _| loss.forward(z.clone(), z.flip([0])).unwrap()),
            );
            add(
                format!("info_nce with negatives {denominator:?} {symmetric}"),
                true,
                Box::new(move |_, z, _| {
                    let negatives = z.clone().narrow(0, 0, 1);
                    explicit.forward_with_negatives(z.clone(), z.flip([0]), negatives).unwrap()
                }),
            );
        }
        let config = SupConLossConfig::new().with_temperature(t).with_base_temperature(0.07);
        let loss = config.clone().with_denominator(denominator).init().unwrap();
        add(
            format!("sup_con {denominator:?}"),
            true,
            Box::new(move |on, z, l| loss.forward(z, on.labels(l)).unwrap()),
        );
        for mode in [ContrastMode::All, ContrastMode::One] {
            let config = config.clone().with_denominator(denominator).with_contrast_mode(mode);
            let loss = config.init().unwrap();
            add(
                format!("sup_con of views {denominator:?} {mode:?}"),
                true,
                Box::new(move |on, z, l| {
                    let views = Tensor::stack::<3>(vec![z.clone(), z.flip([0])], 1);
                    loss.forward_views(views, Some(on.labels(l))).unwrap()
                }),
            );
        }
    }
    let loss = ContrastiveLossConfig::new().init().unwrap();
    let labelled = ContrastiveLossConfig::new().with_balanced(true).init().unwrap();
    add(
        "contrastive".into(),
        true,
        Box::new(move |on, z, l| {
            let similar: Vec<bool> = l.iter().map(|l| l % 2 == 0).collect();
            loss.forward(z.clone(), z.flip([0]), on.flags(&similar)).unwrap()
        }),
    );
    add(
        "contrastive of labels".into(),
        true,
        Box::new(move |on, z, l| labelled.forward_labels(z, on.labels(l)).unwrap()),
    );
    for normalize in [false, true] {
        for mining in MININGS {
            let config = TripletLossConfig::new().with_mining(mining).with_normalize(normalize);
            let loss = config.with_reduction(Reduction::MeanNonZero).init().unwrap();
            add(
                format!("triplet {mining:?} {normalize}"),
                normalize,
                Box::new(move |on, z, l| loss.forward(z, on.labels(l)).unwrap()),
            );
        }
        let loss = TripletLossConfig::new().with_normalize(normalize).init().unwrap();
        add(
            format!("triplets given {normalize}"),
            normalize,
            Box::new(move |_, z, _| {
                loss.forward_triplets(z.clone(), z.clone().flip([0]), z.clone() * 0.5 + z.flip([1]) * 0.1)
                    .unwrap()
            }),
        );
    }
    all
}

fn out_of_range<T: std::fmt::Debug>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::OutOfRange { .. }))
}

#[test]
fn settings_outside_their_range_are_refused() {
    for bad in [0.0, -0.1, 1e-9, f64::NAN, f64::INFINITY] {
        assert!(out_of_range(NtXentLossConfig::new().with_temperature(bad).init()));
        assert!(out_of_range(InfoNceLossConfig::new().with_temperature(bad).init()));
        assert!(out_of_range(SupConLossConfig::new().with_temperature(bad).init()));
        assert!(out_of_range(SupConLossConfig::new().with_base_temperature(bad).init()));
    }
    for bad in [-1e-9, -1.0, f64::NAN, f64::INFINITY] {
        assert!(out_of_range(ContrastiveLossConfig::new().with_margin(bad).init()));
        assert!(out_of_range(ContrastiveLossConfig::new().with_positive_margin(bad).init()));
        assert!(out_of_range(TripletLossConfig::new().with_margin(bad).init()));
    }
    let error = NtXentLossConfig::new().with_temperature(0.0).init().unwrap_err();
    assert_eq!(error.to_string(), "temperature: expected a finite number of at least 1e-8, got 0");
    assert!(ContrastiveLossConfig::new().with_margin(0.0).init().is_ok());
}

#[test]
fn settings_are_read_from_text_and_unknown_ones_refused() {
    let config: SupConLossConfig = serde_json::from_str(
        r#"{"base_temperature": 0.07, "contrast_mode": "one", "reduction": "batch_mean"}"#,
    )
    .unwrap();
    let want = SupConLossConfig::new().with_base_temperature(0.07).with_contrast_mode(ContrastMode::One);
    assert_eq!(config, want.with_reduction(Reduction::BatchMean));
    assert_eq!(
        serde_json::from_str::<SupConLossConfig>(&serde_json::to_string(&config).unwrap()).unwrap(),
        config
    );
    let error = serde_json::from_str::<NtXentLossConfig>(r#"{"temperatur": 0.1}"#).unwrap_err().to_string();
    assert!(error.contains("temperatur"), "{error}");
    assert!(serde_json::from_str::<TripletLossConfig>(r#"{"mining": "easy"}"#).is_err());
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let device = Device::flex();
    let x = |rows: usize, dim: usize| Tensor::<2>::zeros([rows, dim], &device);
    let labels = |rows: usize| Tensor::<1, Int>::zeros([rows], &device);
    let flags = |rows: usize| labels(rows).equal_scalar(0);
    let shape = |result: Result<Tensor<1>, Error>, name: &str| {
        assert!(matches!(result, Err(Error::Shape { what, .. }) if what == name), "{name}: {result:?}");
    };
    let empty =
        |result: Result<Tensor<1>, Error>| assert!(matches!(result, Err(Error::Empty { .. })), "{result:?}");

    let nt_xent = NtXentLossConfig::new().init().unwrap();
    shape(nt_xent.forward(x(3, 4), x(2, 4)), "z1");
    shape(nt_xent.forward(x(3, 4), x(3, 5)), "z1");
    shape(nt_xent.forward_labels(x(3, 4), labels(2)), "labels");
    empty(nt_xent.forward(x(0, 4), x(0, 4)));
    empty(nt_xent.forward(x(3, 0), x(3, 0)));
    empty(nt_xent.forward_labels(x(0, 4), labels(0)));

    let info_nce = InfoNceLossConfig::new().init().unwrap();
    shape(info_nce.forward(x(3, 4), x(4, 4)), "positive");
    shape(info_nce.forward_with_negatives(x(3, 4), x(3, 4), x(7, 5)), "negatives");
    empty(info_nce.forward_with_negatives(x(3, 4), x(3, 4), x(0, 4)));
    empty(info_nce.forward(x(0, 4), x(0, 4)));
    assert!(info_nce.forward_with_negatives(x(3, 4), x(3, 4), x(7, 4)).is_ok());

    let sup_con = SupConLossConfig::new().init().unwrap();
    shape(sup_con.forward(x(3, 4), labels(4)), "labels");
    empty(sup_con.forward(x(0, 4), labels(0)));
    shape(sup_con.forward_views(Tensor::zeros([3, 2, 4], &device), Some(labels(6))), "labels");
    empty(sup_con.forward_views(Tensor::zeros([3, 0, 4], &device), None));

    let contrastive = ContrastiveLossConfig::new().init().unwrap();
    shape(contrastive.forward(x(3, 4), x(3, 3), flags(3)), "b");
    shape(contrastive.forward(x(3, 4), x(3, 4), flags(2)), "similar");
    empty(contrastive.forward(x(0, 4), x(0, 4), flags(0)));
    shape(contrastive.forward_labels(x(3, 4), labels(4)), "labels");

    let triplet = TripletLossConfig::new().init().unwrap();
    shape(triplet.forward_triplets(x(3, 4), x(2, 4), x(3, 4)), "positive");
    shape(triplet.forward_triplets(x(3, 4), x(3, 4), x(3, 3)), "negative");
    shape(triplet.forward(x(3, 4), labels(1)), "labels");
    empty(triplet.forward(x(0, 4), labels(0)));

    let error = nt_xent.forward(x(3, 4), x(2, 4)).unwrap_err();
    assert_eq!(error.to_string(), "z1: expected shape [3, 4], got [2, 4]");
    let double = Tensor::<2>::zeros([3, 4], (&device, DType::F64));
    let error = nt_xent.forward(x(3, 4), double).unwrap_err();
    assert_eq!(error.to_string(), "z1: expected f32 numbers, got f64");
}

#[test]
fn a_batch_of_one_costs_nothing() {
    for on in devices() {
        for (name, _, loss) in every_loss(0.05) {
            if name.contains("given") || name.contains("with negatives") || name == "contrastive" {
                continue; // they bring their own negatives
            }
            let z = on.matrix(&[vec![0.3, -2.0, 1.0]]);
            let value = loss(&on, z.clone(), &[7]);
            let gradient = gradients(&value, &[z]).concat();
            let value = values(value)[0];
            assert!(value.abs() < 1e-6, "{}, {name}: {value}", on.name);
            assert!(gradient.iter().all(|g| g.abs() < 1e-6), "{}, {name}: {gradient:?}", on.name);
        }
    }
}

#[test]
fn anchors_without_positives_add_nothing() {
    for on in devices() {
        let z = rows::embeddings(1, &[0, 0, 1, 1, 2], 6, 0.8, 1.0);
        let loss = |labels: &[i64], reduction| {
            let loss = SupConLossConfig::new().with_reduction(reduction).init().unwrap();
            values(loss.forward(on.matrix(&z), on.labels(labels)).unwrap())
        };
        let terms = loss(&[0, 0, 1, 1, 2], Reduction::None);
        assert_eq!(terms[4], 0.0);
        assert!(terms[..4].iter().all(|&l| l > 0.0));
        let sum: f64 = terms.iter().sum();
        assert!((loss(&[0, 0, 1, 1, 2], Reduction::Mean)[0] - sum / 4.0).abs() < 1e-5);
        assert!((loss(&[0, 0, 1, 1, 2], Reduction::BatchMean)[0] - sum / 5.0).abs() < 1e-5);
        // None has any.
        for (reduction, _) in [(Reduction::Mean, 0), (Reduction::MeanNonZero, 0), (Reduction::Sum, 0)] {
            assert_eq!(loss(&[0, 1, 2, 3, 4], reduction), [0.0]);
        }
    }
}

/// Finite in value and gradient, whatever is zero or equal.
#[test]
fn zero_and_equal_vectors_have_finite_gradients() {
    let batches = [
        vec![vec![0.0; 3]; 4],
        vec![vec![1.0, 2.0, -1.0]; 4],
        vec![vec![0.0; 3], vec![1.0, 0.0, 0.0], vec![0.0; 3], vec![-1.0, 0.0, 0.0]],
        vec![vec![1.0, 0.0, 0.0], vec![-1.0, 0.0, 0.0], vec![1.0, 0.0, 0.0], vec![-1.0, 0.0, 0.0]],
    ];
    for on in devices() {
        for batch in &batches {
            for t in [1e-8, 0.01, 0.5] {
                for (name, _, loss) in every_loss(t) {
                    let z = on.matrix(batch);
                    let value = loss(&on, z.clone(), &[0, 0, 1, 2]);
                    let gradient = gradients(&value, &[z]).concat();
                    let value = values(value);
                    assert!(value.iter().all(|v| v.is_finite()), "{}, {name} at {t}: {value:?}", on.name);
                    assert!(
                        gradient.iter().all(|g| g.is_finite()),
                        "{}, {name} at {t}: {gradient:?}",
                        on.name
                    );
                }
            }
        }
    }
}

/// A zero vector may still be learned from: its gradient is that of a vector of length one.
#[test]
fn a_zero_vector_has_similarity_zero_and_moves() {
    for on in devices() {
        let (z0, z1) = (on.matrix(&[vec![0.0, 0.0]]), on.matrix(&[vec![3.0, 4.0]]));
        let negative = on.matrix(&[vec![0.0, 1.0]]);
        let loss = InfoNceLossConfig::new().with_temperature(1.0).init().unwrap();
        let value = loss.forward_with_negatives(z0.clone(), z1, negative).unwrap();
        let gradient = gradients(&value, &[z0]);
        assert!((values(value)[0] - 2f64.ln()).abs() < 1e-6);
        // Half of the difference of the two directions, times -1.
        assert!(deviation(&gradient[0], &[-0.3, 0.1], 1.0) < 1e-6, "{gradient:?}");
    }
}

/// Cosine losses do not depend on lengths, and their gradients are inverse to them; others scale with them.
#[test]
fn embeddings_may_have_any_length() {
    let labels = [0, 0, 1, 1, 0, 2];
    let groups = [0, 0, 1, 1, 0, 2];
    for on in devices() {
        let unscaled = rows::embeddings(3, &groups, 5, 0.7, 1.0);
        for (name, cosine, loss) in every_loss(0.05) {
            let z = on.matrix(&unscaled);
            let value = loss(&on, z.clone(), &labels);
            let (want, gradient) = (values(value.clone())[0], gradients(&value, &[z]).concat());
            for scale in [1e-20, 1e-6, 1e6, 1e20] {
                let scaled: Vec<Vec<f64>> =
                    unscaled.iter().map(|row| row.iter().map(|x| x * scale).collect()).collect();
                let z = on.matrix(&scaled);
                let value = loss(&on, z.clone(), &labels);
                let got = gradients(&value, &[z]).concat();
                let value = values(value)[0];
                assert!(
                    value.is_finite() && got.iter().all(|g| g.is_finite()),
                    "{}, {name} at {scale:e}",
                    on.name
                );
                if cosine {
                    let off = (value - want).abs() / want.abs().max(1.0);
                    assert!(off < 1e-4, "{}, {name} at {scale:e}: {value}, not {want}", on.name);
                    let got: Vec<f64> = got.iter().map(|g| g * scale).collect();
                    let off = deviation(&got, &gradient, 1.0);
                    assert!(off < 1e-4, "{}, {name} at {scale:e}: gradient off by {off:e}", on.name);
                }
            }
        }
    }
}

#[test]
fn distances_may_have_any_size() {
    for on in devices() {
        for scale in [1e-20, 1e20] {
            let x = |v: [f64; 2]| on.matrix(&[v.map(|x| x * scale).to_vec()]);
            let (a, p, n) = (x([0.0, 0.0]), x([3.0, 4.0]), x([0.0, 1.0]));
            let loss = TripletLossConfig::new().with_margin(0.0).init().unwrap();
            let value = loss.forward_triplets(a, p.clone(), n.clone()).unwrap();
            let gradient = gradients(&value, &[p, n]);
            assert!((values(value)[0] / scale - 4.0).abs() < 1e-5);
            assert!(deviation(&gradient[0], &[0.6, 0.8], 1.0) < 1e-6, "{gradient:?}");
            assert!(deviation(&gradient[1], &[0.0, -1.0], 1.0) < 1e-6, "{gradient:?}");
        }
    }
}

/// The least temperature: the loss of a positive that is not the nearest is its difference divided by it.
#[test]
fn small_temperatures_neither_overflow_nor_vanish() {
    for on in devices() {
        for t in [1e-8, 1e-4, 0.01] {
            let (q, p, n) = (
                on.matrix(&[vec![1.0, 0.0]]),
                on.matrix(&[vec![-1.0, 0.0]]),
                on.matrix(&[vec![1.0, 0.0], vec![0.0, 1.0]]),
            );
            let loss = InfoNceLossConfig::new().with_temperature(t).init().unwrap();
            let wrong = loss.forward_with_negatives(q.clone(), p.clone(), n.clone()).unwrap();
            let gradient = gradients(&wrong, &[q.clone(), p.clone(), n.clone()]).concat();
            assert!((values(wrong)[0] * t - 2.0).abs() < 1e-5);
            assert!(gradient.iter().all(|g| g.is_finite()));
            // The other way round it is right beyond all doubt.
            let right = loss.forward_with_negatives(q.clone(), q.clone(), p).unwrap();
            assert!(values(right)[0].abs() < 1e-6);
        }
        // Far below every negative, and far above: the negatives' sum must not vanish on the way.
        let z = [vec![1.0, 0.0], vec![1.0, 0.01], vec![-1.0, 0.02], vec![-1.0, 0.0]];
        let labels = [0, 0, 1, 1];
        let loss =
            NtXentLossConfig::new().with_temperature(0.01).with_denominator(Denominator::NegativesOnly);
        let loss = loss.with_reduction(Reduction::None).init().unwrap();
        let got = values(loss.forward_labels(on.matrix(&z), on.labels(&labels)).unwrap());
        let want: Vec<f64> = (0..4)
            .flat_map(|i| naive::labelled_pairs(&z, &labels, i, 0.01, naive::Below::N))
            .map(|l| l.unwrap_or(0.0))
            .collect();
        assert!(want[1] < -190.0);
        assert!(deviation(&got, &want, 1.0) < 1e-5, "{got:?}, not {want:?}");
    }
}

/// A loss of 0 would hide it.
#[test]
fn nan_and_infinity_show() {
    // Shaders may be compiled as if NaN and infinity did not exist.
    for on in devices().into_iter().filter(|on| !on.name.starts_with("wgpu")) {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for (name, _, loss) in every_loss(0.1) {
                let mut batch = rows::embeddings(5, &[0, 0, 1, 1], 3, 0.5, 1.0);
                batch[0][1] = bad;
                let value = values(loss(&on, on.matrix(&batch), &[0, 0, 1, 1]))[0];
                assert!(!value.is_finite(), "{}, {name} of {bad}: {value}", on.name);
            }
        }
    }
}

#[test]
fn given_triplets_are_burns() {
    for on in devices() {
        let x = |seed| on.matrix(&rows::embeddings(seed, &[0, 1, 2, 3, 4], 6, 0.9, 1.0));
        for margin in [0.0, 0.3, 1.0] {
            let burns = TripletMarginLossConfig::new().with_margin(margin).init();
            let loss = TripletLossConfig::new().with_margin(margin).init().unwrap();
            let want = burns.forward(x(1), x(2), x(3), BurnReduction::Mean);
            let got = loss.forward_triplets(x(1), x(2), x(3)).unwrap();
            assert!((values(got)[0] - values(want)[0]).abs() < 1e-6);
        }
    }
}

/// Half precision is computed in single.
#[test]
fn half_precision_gives_single() {
    let device = Device::flex().autodiff();
    for dtype in [DType::F16, DType::BF16] {
        let half = On { name: "flex, half".into(), device: device.clone(), dtype };
        let single = On { name: "flex, single".into(), device: device.clone(), dtype: DType::F32 };
        let batch = [vec![1.0, 0.5], vec![-0.25, 2.0], vec![1.5, 1.0], vec![0.5, -1.0]];
        for (name, _, loss) in every_loss(0.01) {
            let z = half.matrix(&batch);
            let got = loss(&half, z.clone(), &[0, 0, 1, 1]);
            let want = values(loss(&single, single.matrix(&batch), &[0, 0, 1, 1]))[0];
            if !name.contains("given") {
                assert!((values(got.clone())[0] - want).abs() <= 1e-4 * want.abs().max(1.0), "{name}");
            }
            assert_eq!(got.dtype(), DType::F32, "{name}");
            assert!(gradients(&got, &[z]).concat().iter().all(|g| g.is_finite()), "{name}");
        }
    }
}

/// Without gradients, and with labels that know none: the usual mixture.
#[test]
fn tensors_with_and_without_autodiff_mix() {
    for on in devices() {
        let plain = on.device.clone().inner();
        let z = on.matrix(&rows::embeddings(2, &[0, 0, 1], 4, 0.5, 1.0));
        let labels = Tensor::<1, Int>::from_ints([0, 0, 1], &plain);
        let loss = SupConLossConfig::new().init().unwrap();
        let tracked = loss.forward(z.clone(), labels.clone()).unwrap();
        assert!(gradients(&tracked, std::slice::from_ref(&z))[0].iter().any(|&g| g != 0.0));
        let untracked = loss.forward(z.clone().inner(), labels.clone()).unwrap();
        assert_eq!(values(tracked), values(untracked));
        let loss = TripletLossConfig::new().with_mining(Mining::Hard).with_margin(5.0).init().unwrap();
        assert!(
            gradients(&loss.forward(z.clone(), labels).unwrap(), std::slice::from_ref(&z))[0]
                .iter()
                .any(|&g| g != 0.0)
        );
        // A bank of negatives without gradients.
        let bank = z.clone().inner();
        let loss = InfoNceLossConfig::new().init().unwrap();
        let value = loss.forward_with_negatives(z.clone(), z.clone(), bank).unwrap();
        assert!(gradients(&value, &[z])[0].iter().all(|g| g.is_finite()));
    }
}

/// A loss may be a field of a module.
#[test]
fn losses_are_modules() {
    let loss = NtXentLossConfig::new().with_temperature(0.2).init().unwrap();
    assert_eq!(loss.num_params(), 0);
    assert_eq!(loss.clone().valid().config().temperature, 0.2);
}

/// The hardest are found block by block where a batch is large.
#[test]
fn hard_mining_of_a_large_batch() {
    let on = devices().remove(1);
    let groups: Vec<u64> = (0..300).map(|i| i % 60).collect();
    let labels: Vec<i64> = groups.iter().map(|&g| g as i64).collect();
    let z = rows::embeddings(8, &groups, 64, 0.9, 1.0);
    let loss =
        TripletLossConfig::new().with_mining(Mining::Hard).with_reduction(Reduction::None).init().unwrap();
    let got = values(loss.forward(on.matrix(&z), on.labels(&labels)).unwrap());
    let want: Vec<f64> =
        naive::hard_triplets(&z, &labels, 1.0).into_iter().map(|l| l.unwrap_or(0.0)).collect();
    assert!(deviation(&got, &want, 1.0) < 1e-5);
}
