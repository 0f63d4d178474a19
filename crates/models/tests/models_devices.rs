//! Forward and backward passes are the same on every device of this build.
//!
//! A machine without a graphics adapter skips `wgpu` and says so; with `SOUNDALIKE_REQUIRE_WGPU=1` that fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![cfg(feature = "flex")]

use burn::Tensor;
use burn::module::Module;
use burn::tensor::{Device, TensorData};
use soundalike_models::{
    AutoencoderConfig, Checkpoint, Error, IdentifyConfig, InputShape, Model, ModelConfig, SiameseConfig,
    device,
};

const SHAPE: [usize; 3] = [2, 16, 13];

/// Numbers that no device's generator decides.
fn input(seed: u32, device: &Device) -> Tensor<3> {
    let mut state = seed;
    let values = (0..SHAPE.iter().product()).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state) / f64::from(u32::MAX) * 2.0 - 1.0
    });
    let values: Vec<f32> = values.map(|x| x as f32).collect();
    Tensor::from_data(TensorData::new(values, SHAPE), device)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec_as().unwrap()
}

/// Weights that are the same on every device.
fn on(model: &Model, device: &Device) -> Model {
    let fresh = Model::new(model.config(), model.shape(), device).unwrap();
    fresh.with_bytes(model.to_bytes().unwrap()).unwrap()
}

/// Inference, training, and gradients of the input, of the first convolution and of its batch norm.
fn run(model: &Model, device: &Device) -> Vec<(&'static str, Vec<f32>)> {
    let answer = |model: &Model, a: Tensor<3>, b: Tensor<3>| match model.config() {
        ModelConfig::Siamese(_) => model.pair_logits(model.embed(a), model.embed(b)),
        ModelConfig::Autoencoder(_) => model.reconstruct(a).unwrap().flatten(0, 2),
        _ => model.embed(a).flatten(0, 1),
    };
    let valid = on(model, device);
    let inference = values(answer(&valid, input(1, device), input(2, device)));
    let device = device.clone().autodiff();
    let trained = valid.train();
    let a = input(1, &device).require_grad();
    let got = answer(&trained, a.clone(), input(2, &device));
    let training = values(got.clone().inner());
    let gradients = (got - 0.25).powi_scalar(2).sum().backward();
    let block = &trained.encoder.blocks[0];
    vec![
        ("inference", inference),
        ("training", training),
        ("gradient of the input", values(a.grad(&gradients).unwrap())),
        ("gradient of the convolution", values(block.conv.weight.val().grad(&gradients).unwrap())),
        ("gradient of the batch norm", values(block.bn.weight.val().grad(&gradients).unwrap())),
        ("running variance", values(block.bn.running_var.value().inner())),
    ]
}

/// `None` for a device that this build or this machine does not have.
fn open(name: &str) -> Option<Device> {
    match device(name) {
        Ok(device) => Some(device),
        Err(Error::NoAdapter) if std::env::var("SOUNDALIKE_REQUIRE_WGPU").as_deref() == Ok("1") => {
            panic!("SOUNDALIKE_REQUIRE_WGPU=1, and there is no graphics adapter")
        }
        Err(error) => {
            eprintln!("skipped: {error}");
            None
        }
    }
}

#[test]
fn equal_everywhere() {
    let flex = Device::flex();
    let kinds: [ModelConfig; 3] = [
        SiameseConfig::new().with_channels([4, 8]).with_embedding_dim(6).with_dropout(0.0).into(),
        IdentifyConfig::new().with_channels([4, 8]).with_embedding_dim(6).into(),
        AutoencoderConfig::new().with_channels([4, 8]).with_embedding_dim(6).into(),
    ];
    for config in kinds {
        let model = Model::new(&config, InputShape::new(SHAPE[1], SHAPE[2]), &flex).unwrap();
        let want = run(&model, &flex);
        for name in ["flex", "ndarray", "wgpu"] {
            let Some(device) = open(name) else { continue };
            for ((what, want), (_, got)) in want.iter().zip(run(&model, &device)) {
                assert_eq!(want.len(), got.len());
                let scale = want.iter().fold(1e-3_f32, |m, x| m.max(x.abs()));
                let worst = want.iter().zip(&got).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(worst <= 1e-4 * scale, "{name}, {}, {what}: {worst} of {scale}", config.kind());
            }
        }
    }
}

#[test]
fn checkpoints_open_everywhere() {
    let golden = |name| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/siamese.safetensors");
        open(name).map(|device| Checkpoint::load(path, &device).unwrap().to_bytes().unwrap())
    };
    let want = golden("flex").unwrap();
    for name in ["ndarray", "wgpu"] {
        if let Some(bytes) = golden(name) {
            assert!(bytes == want, "{name}");
        }
    }
}

#[test]
fn unknown_devices_are_named() {
    let error = device("abacus").unwrap_err().to_string();
    assert!(error.contains("abacus") && error.contains("flex"), "{error}");
}
