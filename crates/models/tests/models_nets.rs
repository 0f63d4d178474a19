//! The networks: shapes, gradients, running statistics, states.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![cfg(feature = "flex")]

use burn::Tensor;
use burn::tensor::{Device, Distribution};
use soundalike_models::{InputShape, Model, ModelConfig, SiameseConfig};

#[test]
fn siamese() {
    let device = Device::flex().autodiff();
    let config: ModelConfig = SiameseConfig::new().with_channels([4, 8]).into();
    let model = Model::new(&config, InputShape::new(16, 12), &device).unwrap();
    let x = Tensor::<3>::random([3, 16, 12], Distribution::Default, &device);
    let logits = model.pair_logits(model.embed(x.clone()), model.embed(x * 2.0));
    assert_eq!(logits.dims(), [3]);
}
