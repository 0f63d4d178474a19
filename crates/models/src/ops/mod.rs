//! Fast operations for CPUs: 3 x 3 convolution, and batch normalisation, ReLU and max pooling as one operation.
//!
//! On burn's flex device (Cargo feature `flex`) tensors of `f32` go through kernels of our own, forward and backward.
//! What they return is laid out channels-last, which any operation of burn can read, and which spares the next one of
//! these operations a copy. On other devices and for other types burn's own operations do the same.
//!
//! Results do not depend on the number of threads. They differ between processors with and without AVX-512 or AVX2 by
//! rounding. NaN goes through; by the way that convolutions of 16 channels and more are computed, a value that is not
//! finite may spoil outputs one position beyond the kernel's reach.
//!
//! The backward pass writes gradients where their inputs were if nobody else holds these, and keeps large buffers for the
//! next step: see [`release_memory`].

#[cfg(feature = "flex")]
mod flex;
#[cfg(feature = "flex")]
mod kernel;
#[cfg(feature = "flex")]
mod memory;
mod stock;

use burn::tensor::Tensor;

/// Mean and variance of each channel of a batch, to update running statistics with. They carry no gradient.
#[derive(Debug, Clone)]
pub struct BatchStatistics {
    /// The mean, `[channels]`.
    pub mean: Tensor<1>,
    /// The biased variance (divided by the number of values, not one less), `[channels]`.
    pub var: Tensor<1>,
}

/// Convolves `x` with 3 x 3 kernels: padding 1, no bias. Differentiable in both.
///
/// # Shapes
/// - `x`: `[batch, inputs, height, width]`
/// - `weight`: `[outputs, inputs, 3, 3]`
/// - output: `[batch, outputs, ceil(height / stride), ceil(width / stride)]`
///
/// # Panics
/// If the shapes do not fit each other, a dimension is zero, or `stride` is neither 1 nor 2: the callers in this crate
/// have checked them.
#[must_use]
pub fn conv3x3(x: Tensor<4>, weight: Tensor<4>, stride: usize) -> Tensor<4> {
    check_convolution(&x, &weight, stride);
    #[cfg(feature = "flex")]
    if flex::fits(&x) && flex::fits(&weight) {
        return flex::conv3x3(x, weight, stride);
    }
    stock::conv3x3(x, weight, stride)
}

/// Batch normalisation by the batch's own statistics, then ReLU, then 2 x 2 max pooling (an odd last row or column is
/// left out) if `pool` says so. Differentiable in `x`, `gamma` and `beta`.
///
/// # Shapes
/// - `x`: `[batch, channels, height, width]`
/// - `gamma`, `beta`: `[channels]`
/// - output: `[batch, channels, height / 2, width / 2]` with pooling, else as `x`
///
/// # Panics
/// If the shapes do not fit each other or a dimension is zero.
#[must_use]
pub fn batch_norm_relu_pool(
    x: Tensor<4>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    eps: f64,
    pool: bool,
) -> (Tensor<4>, BatchStatistics) {
    check_channels(&x, &gamma, &beta);
    #[cfg(feature = "flex")]
    if flex::fits(&x) && flex::fits(&gamma) && flex::fits(&beta) {
        return flex::batch_norm_relu_pool(x, gamma, beta, eps, pool);
    }
    stock::batch_norm_relu_pool(x, gamma, beta, eps, pool)
}

/// Inference in one pass: [`conv3x3`], each channel times `scale` plus `shift`, ReLU, 2 x 2 max pooling if `pool` says
/// so. With `scale = gamma / sqrt(var + eps)` and `shift = beta - mean * scale` it is what a trained block computes.
/// Where a gradient is tracked it is computed in steps, so that it stays differentiable.
///
/// # Shapes
/// As [`conv3x3`] and [`batch_norm_relu_pool`]; `scale`, `shift`: `[outputs]`.
///
/// # Panics
/// As [`conv3x3`].
#[must_use]
pub fn conv_block(
    x: Tensor<4>,
    weight: Tensor<4>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    stride: usize,
    pool: bool,
) -> Tensor<4> {
    check_convolution(&x, &weight, stride);
    let [outputs, ..] = weight.dims();
    assert_eq!(
        [scale.dims(), shift.dims()],
        [[outputs]; 2],
        "scale and shift have one value for each output"
    );
    #[cfg(feature = "flex")]
    if flex::fits(&x) && flex::fits(&weight) && flex::fits(&scale) && flex::fits(&shift) {
        return flex::conv_block(x, weight, scale, shift, stride, pool);
    }
    stock::affine_relu_pool(stock::conv3x3(x, weight, stride), scale, shift, pool)
}

/// Multiplies each channel of each image with a factor: dropout of whole channels. Differentiable in both.
///
/// # Shapes
/// - `x` and output: `[batch, channels, height, width]`
/// - `factors`: `[batch, channels]`
///
/// # Panics
/// If the shapes do not fit each other or a dimension is zero.
#[must_use]
pub fn scale_channels(x: Tensor<4>, factors: Tensor<2>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    assert_eq!(factors.dims(), [batch, channels], "there is one factor for each channel of each image");
    assert!(batch * channels * height * width > 0, "no dimension is zero");
    #[cfg(feature = "flex")]
    if flex::fits(&x) && flex::fits(&factors) {
        return flex::scale_channels(x, factors);
    }
    x * factors.reshape([batch, channels, 1, 1])
}

/// Frees the large buffers that training with these operations keeps for its next step (as much as one step needs, at
/// most 1 GiB).
pub fn release_memory() {
    #[cfg(feature = "flex")]
    memory::release();
}

fn check_convolution(x: &Tensor<4>, weight: &Tensor<4>, stride: usize) {
    let ([batch, inputs, height, width], weight) = (x.dims(), weight.dims());
    assert_eq!(weight[1..], [inputs, 3, 3], "the weights are [outputs, {inputs}, 3, 3]");
    assert!(batch * inputs * height * width * weight[0] > 0, "no dimension is zero");
    assert!(matches!(stride, 1 | 2), "the stride is 1 or 2");
}

fn check_channels(x: &Tensor<4>, gamma: &Tensor<1>, beta: &Tensor<1>) {
    let [batch, channels, height, width] = x.dims();
    assert_eq!(
        [gamma.dims(), beta.dims()],
        [[channels]; 2],
        "gamma and beta have one value for each channel"
    );
    assert!(batch * channels * height * width > 0, "no dimension is zero");
}
