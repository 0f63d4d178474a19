//! Lengths of vectors that neither overflow nor vanish, and vectors of length one.

use burn::tensor::{Bool, DType, FloatDType, Tensor};

/// A vector without any element as large as this counts as zero: the gradient of its direction, of the order of the
/// inverse, would leave single precision.
const SMALLEST: f64 = 1e-30;

/// Half-precision tensors as single precision, others as they are: at a temperature of 0.01, eleven bits leave
/// nothing of a similarity.
pub(crate) fn wide<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    match x.dtype() {
        DType::F16 | DType::BF16 => x.cast(FloatDType::F32),
        _ => x,
    }
}

/// Each row divided by its length, whatever that is. A zero row stays zero, so that its similarity to any other is
/// 0, and takes its gradient as if its length were one: finite, and away from zero.
pub(crate) fn unit_rows(x: Tensor<2>) -> Tensor<2> {
    let Scaled { x, vanishing, .. } = scaled(x);
    let squares = x.clone() * x.clone();
    let length = squares.sum_dim(1).mask_fill(vanishing, 1.0).sqrt();
    x / length
}

/// The Euclidean length along the last dimension, which stays with size 1. The gradient of a zero vector is zero.
pub(crate) fn lengths<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let Scaled { x, scale, vanishing } = scaled(x);
    let squares = x.clone() * x;
    let length = squares.sum_dim(D - 1).mask_fill(vanishing.clone(), 1.0).sqrt();
    (length * scale).mask_fill(vanishing, 0.0)
}

/// Vectors whose largest element is one in magnitude, so that their squares fit.
struct Scaled<const D: usize> {
    x: Tensor<D>,
    /// The original's largest magnitude; 1 where it vanishes. No gradient flows through it, and none is missing:
    /// both users multiply it back or do not depend on it.
    scale: Tensor<D>,
    vanishing: Tensor<D, Bool>,
}

fn scaled<const D: usize>(x: Tensor<D>) -> Scaled<D> {
    let largest = x.clone().detach().max_abs_dim(D - 1);
    let vanishing = largest.clone().lower_scalar(SMALLEST);
    let scale = largest.mask_fill(vanishing.clone(), 1.0);
    Scaled { x: x / scale.clone(), scale, vanishing }
}
