//! The operations that the networks are made of, from burn's own.

use burn::Tensor;
use burn::tensor::module::{batch_norm_train, conv2d, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};

/// Mean and biased variance of each channel of a batch.
pub(crate) struct BatchStatistics {
    pub(crate) mean: Tensor<1>,
    pub(crate) var: Tensor<1>,
}

/// 3x3 convolution, padding 1, no bias.
pub(crate) fn conv3x3(x: Tensor<4>, weight: Tensor<4>, stride: usize) -> Tensor<4> {
    conv2d(x, weight, None, ConvOptions::new([stride; 2], [1; 2], [1; 2], 1))
}

fn relu_pool(x: Tensor<4>, pool: bool) -> Tensor<4> {
    let x = burn::tensor::activation::relu(x);
    if pool { max_pool2d(x, MaxPoolOptions::new([2; 2])) } else { x }
}

/// Batch norm by the batch's statistics, ReLU, 2x2 max pooling.
pub(crate) fn batch_norm_relu_pool(
    x: Tensor<4>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    eps: f64,
    pool: bool,
) -> (Tensor<4>, BatchStatistics) {
    let out = batch_norm_train(x, gamma, beta, eps);
    (relu_pool(out.output, pool), BatchStatistics { mean: out.mean, var: out.variance })
}

/// Convolution, scale and shift of each channel, ReLU, 2x2 max pooling.
pub(crate) fn conv_block(
    x: Tensor<4>,
    weight: Tensor<4>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    stride: usize,
    pool: bool,
) -> Tensor<4> {
    let channels = scale.dims()[0];
    let y =
        conv3x3(x, weight, stride) * scale.reshape([1, channels, 1, 1]) + shift.reshape([1, channels, 1, 1]);
    relu_pool(y, pool)
}
