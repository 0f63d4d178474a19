//! Euclidean distances, and the hinge that margins are made of.

use burn::tensor::Tensor;

use crate::length::lengths;

/// Numbers in one block of differences while searching for the hardest: 16 MiB in single precision.
const BLOCK: usize = 1 << 22;

/// Distances of the rows of `a` to the same rows of `b`, `[rows]`.
pub(crate) fn between(a: Tensor<2>, b: Tensor<2>) -> Tensor<1> {
    lengths(a - b).squeeze_dim(1)
}

/// Distances of each row of `a` to each row of `b`, `[rows of a, rows of b]`.
///
/// From differences, not from products: `|a|^2 + |b|^2 - 2ab` loses all digits of a small distance between long
/// vectors. It takes as much memory as rows of a x rows of b x dim numbers.
pub(crate) fn pairwise(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    lengths(a.unsqueeze_dim::<3>(1) - b.unsqueeze_dim::<3>(0)).squeeze_dim(2)
}

/// The same of `z` to itself without gradients, block by block, so that a large batch fits.
pub(crate) fn pairwise_detached(z: &Tensor<2>) -> Tensor<2> {
    let z = z.clone().detach();
    let [rows, dim] = z.dims();
    let block = (BLOCK / (rows * dim)).clamp(1, rows);
    let blocks = z.clone().split(block, 0).into_iter().map(|part| pairwise(part, z.clone())).collect();
    Tensor::cat(blocks, 0)
}

/// `max(x, 0)`, but NaN stays NaN: a loss of 0 would hide it. No gradient at 0.
pub(crate) fn hinge<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let below = x.clone().lower_equal_scalar(0.0);
    x.mask_fill(below, 0.0)
}
