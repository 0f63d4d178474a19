//! Values and gradients against pytorch-metric-learning, lightly, PyTorch and SupContrast's formula;
//! golden/losses.py makes and names them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod common;

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use common::{On, deviation, devices, gradients, rows, values};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use soundalike_losses::{
    ContrastiveLossConfig, InfoNceLossConfig, NtXentLossConfig, SupConLossConfig, TripletLossConfig,
};

#[derive(Deserialize)]
struct Case {
    source: String,
    loss: String,
    settings: serde_json::Value,
    inputs: Vec<Input>,
    labels: Option<Vec<i64>>,
    flags: Option<Vec<bool>>,
    shape: Option<[usize; 3]>,
    value: f64,
    gradients: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Input {
    seed: u64,
    groups: Vec<u64>,
    dim: usize,
    spread: f64,
    scale: f64,
    tracked: bool,
}

impl Case {
    fn config<T: DeserializeOwned>(&self) -> T {
        serde_json::from_value(self.settings.clone()).unwrap()
    }

    /// The value and the gradients of the inputs that have them.
    fn compute(&self, on: &On) -> (f64, Vec<Vec<f64>>) {
        let make = |i: &Input| on.matrix(&rows::embeddings(i.seed, &i.groups, i.dim, i.spread, i.scale));
        let inputs: Vec<Tensor<2>> = self.inputs.iter().map(make).collect();
        let labels = self.labels.as_ref().map(|labels| on.labels(labels));
        let [x, y, z] = [0, 1, 2].map(|i| inputs.get(i).cloned());
        let (x, y, z) = (x.unwrap(), || y.unwrap(), || z.unwrap());
        let loss = match self.loss.as_str() {
            "nt_xent" => self.config::<NtXentLossConfig>().init().unwrap().forward(x, y()),
            "nt_xent_labels" => {
                self.config::<NtXentLossConfig>().init().unwrap().forward_labels(x, labels.unwrap())
            }
            "info_nce" => self.config::<InfoNceLossConfig>().init().unwrap().forward(x, y()),
            "info_nce_negatives" => {
                self.config::<InfoNceLossConfig>().init().unwrap().forward_with_negatives(x, y(), z())
            }
            "sup_con" => self.config::<SupConLossConfig>().init().unwrap().forward(x, labels.unwrap()),
            "sup_con_views" => {
                let views = x.reshape(self.shape.unwrap());
                self.config::<SupConLossConfig>().init().unwrap().forward_views(views, labels)
            }
            "contrastive" => {
                let similar = on.flags(self.flags.as_ref().unwrap());
                self.config::<ContrastiveLossConfig>().init().unwrap().forward(x, y(), similar)
            }
            "contrastive_labels" => {
                self.config::<ContrastiveLossConfig>().init().unwrap().forward_labels(x, labels.unwrap())
            }
            "triplet" => self.config::<TripletLossConfig>().init().unwrap().forward(x, labels.unwrap()),
            "triplet_triplets" => {
                self.config::<TripletLossConfig>().init().unwrap().forward_triplets(x, y(), z())
            }
            other => panic!("{other}"),
        };
        let loss = loss.unwrap();
        assert_eq!(loss.dims(), [1]);
        let tracked: Vec<Tensor<2>> =
            self.inputs.iter().zip(inputs).filter(|(i, _)| i.tracked).map(|(_, x)| x).collect();
        let gradients = gradients(&loss, &tracked);
        (values(loss)[0], gradients)
    }
}

/// The value, relative to 1 where it is smaller; each gradient, relative to its largest element, but at least to
/// what rounding leaves of gradients that cancel: the inverse of the embeddings' scale.
fn worst(case: &Case, on: &On) -> (f64, f64) {
    let (value, gradients) = case.compute(on);
    let off = deviation(&[value], &[case.value], 1.0);
    assert_eq!(gradients.len(), case.gradients.len());
    let scale = case.inputs[0].scale;
    let each = gradients.iter().zip(&case.gradients).map(|(got, want)| deviation(got, want, 1.0 / scale));
    (off, each.fold(0.0, |worst, d| if d.is_nan() { d } else { worst.max(d) }))
}

#[test]
fn values_and_gradients_are_those_of_the_references() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("golden/losses.json")).unwrap();
    assert!(cases.len() > 300);
    for on in devices() {
        // Golden gradients carry nine digits.
        let tolerance = if on.single() { 1e-5 } else { 1e-8 };
        let mut table: BTreeMap<(&str, &str), (usize, f64, f64)> = BTreeMap::new();
        let mut failed = Vec::new();
        for case in &cases {
            let (value, gradient) = worst(case, &on);
            let entry = table.entry((&case.loss, &case.source)).or_default();
            *entry = (entry.0 + 1, entry.1.max(value), entry.2.max(gradient));
            if !(value <= tolerance && gradient <= tolerance) {
                failed.push(format!(
                    "{}, {} {}: value off by {value:.1e}, gradient by {gradient:.1e}",
                    case.loss, case.source, case.settings
                ));
            }
        }
        for ((loss, source), (count, value, gradient)) in table {
            println!(
                "{}: {loss}, {source}: {count} cases, value {value:.1e}, gradient {gradient:.1e}",
                on.name
            );
        }
        assert!(failed.is_empty(), "{}: {}\n{}", on.name, failed.len(), failed.join("\n"));
    }
}
