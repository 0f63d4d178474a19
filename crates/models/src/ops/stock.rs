//! The same by burn's own operations, for all devices.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::module::{batch_norm_train, conv2d, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};

use super::BatchStatistics;

pub(super) fn conv3x3(x: Tensor<4>, weight: Tensor<4>, stride: usize) -> Tensor<4> {
    conv2d(x, weight, None, ConvOptions::new([stride; 2], [1; 2], [1; 2], 1))
}

pub(super) fn batch_norm_relu_pool(
    x: Tensor<4>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    eps: f64,
    pool: bool,
) -> (Tensor<4>, BatchStatistics) {
    let normed = batch_norm_train(x, gamma, beta, eps);
    let statistics = BatchStatistics { mean: normed.mean, var: normed.variance };
    (relu_pool(normed.output, pool), statistics)
}

pub(super) fn affine_relu_pool(x: Tensor<4>, scale: Tensor<1>, shift: Tensor<1>, pool: bool) -> Tensor<4> {
    let [channels] = scale.dims();
    let shape = [1, channels, 1, 1];
    relu_pool(x * scale.reshape(shape) + shift.reshape(shape), pool)
}

fn relu_pool(x: Tensor<4>, pool: bool) -> Tensor<4> {
    let x = relu(x);
    if pool { max_pool2d(x, MaxPoolOptions::new([2; 2])) } else { x }
}
