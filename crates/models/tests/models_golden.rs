//! Forward passes, gradients and running statistics are PyTorch's, on the tensors of golden.py.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![cfg(feature = "flex")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use burn::Tensor;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, TensorData};
use safetensors::SafeTensors;
use soundalike_models::{Checkpoint, Model, ModelConfig};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

fn read(name: &str) -> Tensors {
    let bytes = std::fs::read(path(name)).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let numbers = |bytes: &[u8]| bytes.chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    file.iter().map(|(name, t)| (name.to_owned(), (t.shape().to_vec(), numbers(t.data())))).collect()
}

fn tensor<const D: usize>(from: &Tensors, name: &str, device: &Device) -> Tensor<D> {
    let (shape, values) = from[name].clone();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Within `tolerance` of the largest value.
fn assert_close<const D: usize>(what: &str, got: Tensor<D>, want: &Tensors, tolerance: f32) {
    let (shape, want) = &want[what];
    assert_eq!(got.dims().as_slice(), shape, "{what}");
    let got: Vec<f32> = got.into_data().try_into_vec_as().unwrap();
    let scale = want.iter().fold(1e-3_f32, |m, x| m.max(x.abs()));
    let worst = got.iter().zip(want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= tolerance * scale, "{what}: {worst} of {scale}");
}

/// What PyTorch's module of the kind returns.
fn answer(model: &Model, a: Tensor<3>, b: Tensor<3>) -> Tensor<1> {
    let flat = |t: Tensor<2>| t.flatten::<1>(0, 1);
    match model.config() {
        ModelConfig::Siamese(_) => model.pair_logits(model.embed(a), model.embed(b)),
        ModelConfig::Autoencoder(_) => model.reconstruct(a).unwrap().flatten(0, 2),
        ModelConfig::Genre(_) => flat(model.class_logits(a).unwrap()),
        _ => flat(model.project(a)),
    }
}

fn flattened(expected: &Tensors, name: &str) -> Tensors {
    let (_, values) = expected[name].clone();
    Tensors::from([(name.to_owned(), (vec![values.len()], values))])
}

/// Compares each parameter's gradient, or each running statistic, by name.
struct Compare<'a> {
    path: Vec<String>,
    expected: &'a Tensors,
    gradients: Option<&'a Gradients>,
    compared: usize,
}

impl ModuleVisitor for Compare<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.path.join(".");
        let running = name.contains(".running_");
        let (name, value) = match self.gradients {
            Some(gradients) if !running => (format!("grad.{name}"), param.val().grad(gradients).unwrap()),
            None if running => (format!("after.{name}"), param.val()),
            _ => return,
        };
        let value = if D == 2 { value.swap_dims(0, 1) } else { value };
        assert_close(&name, value, self.expected, 1e-4);
        self.compared += 1;
    }
}

fn compare(kind: &str) {
    let device = Device::flex();
    let Checkpoint { model, .. } = Checkpoint::load(path(&format!("{kind}.safetensors")), &device).unwrap();
    let expected = read(&format!("{kind}.expected.safetensors"));
    let input = |name, device: &Device| tensor::<3>(&expected, name, device);
    assert_close("embedding", model.embed(input("a", &device)), &expected, 1e-5);
    let got = answer(&model, input("a", &device), input("b", &device));
    assert_close("inference", got, &flattened(&expected, "inference"), 1e-5);

    let device = device.autodiff();
    let model = model.train();
    let a = input("a", &device).require_grad();
    let got = answer(&model, a.clone(), input("b", &device));
    let (_, direction) = &flattened(&expected, "direction")["direction"];
    let direction = Tensor::<1>::from_floats(direction.as_slice(), &device);
    assert_close("training", got.clone().inner(), &flattened(&expected, "training"), 1e-5);
    let gradients = (got * direction).sum().backward();
    assert_close("grad.a", a.grad(&gradients).unwrap(), &expected, 1e-4);
    let mut compare =
        Compare { path: Vec::new(), expected: &expected, gradients: Some(&gradients), compared: 0 };
    model.visit(&mut compare);
    assert_eq!(compare.compared, expected.keys().filter(|k| k.starts_with("grad.")).count() - 1);
    let mut compare = Compare { path: Vec::new(), expected: &expected, gradients: None, compared: 0 };
    model.visit(&mut compare);
    assert_eq!(compare.compared, expected.keys().filter(|k| k.starts_with("after.")).count());
}

#[test]
fn siamese() {
    compare("siamese");
}

#[test]
fn simclr() {
    compare("simclr");
}

#[test]
fn autoencoder() {
    compare("autoencoder");
}

#[test]
fn genre() {
    compare("genre");
}

#[test]
fn identify() {
    compare("identify");
}
