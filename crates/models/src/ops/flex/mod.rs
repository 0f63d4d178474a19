//! The kernels as operations of burn's flex backend.

mod backward;
mod forward;
mod tensors;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, DispatchTensorKind, backend_extension};
use burn::tensor::{DType, Tensor};

use super::BatchStatistics;

/// The operations that a backend needs.
///
/// (Backends other than flex are not asked for them: see [`fits`].)
#[backend_extension(Flex, Autodiff)]
pub(super) trait FastOps: Backend {
    fn fast_conv3x3(x: FloatTensor<Self>, weight: FloatTensor<Self>, stride: usize) -> FloatTensor<Self>;

    /// The output, the mean and the biased variance.
    fn fast_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        eps: f64,
        pool: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    fn fast_block(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        stride: usize,
        pool: bool,
    ) -> FloatTensor<Self>;

    fn fast_scale(x: FloatTensor<Self>, factors: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Whether the tensor is on the flex device and of `f32`.
pub(super) fn fits<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.dtype() == DType::F32
        && match tensor.clone().into_dispatch().kind {
            DispatchTensorKind::Flex(_) => true,
            DispatchTensorKind::Autodiff(kind) => matches!(*kind, DispatchTensorKind::Flex(_)),
            #[allow(unreachable_patterns, reason = "there may be no other device in this build")]
            _ => false,
        }
}

pub(super) fn conv3x3(x: Tensor<4>, weight: Tensor<4>, stride: usize) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::fast_conv3x3(x.into_dispatch(), weight.into_dispatch(), stride))
}

pub(super) fn batch_norm_relu_pool(
    x: Tensor<4>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    eps: f64,
    pool: bool,
) -> (Tensor<4>, BatchStatistics) {
    let (out, mean, var) =
        Dispatch::fast_norm(x.into_dispatch(), gamma.into_dispatch(), beta.into_dispatch(), eps, pool);
    let statistics = BatchStatistics { mean: Tensor::from_dispatch(mean), var: Tensor::from_dispatch(var) };
    (Tensor::from_dispatch(out), statistics)
}

pub(super) fn conv_block(
    x: Tensor<4>,
    weight: Tensor<4>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    stride: usize,
    pool: bool,
) -> Tensor<4> {
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    let (scale, shift) = (scale.into_dispatch(), shift.into_dispatch());
    Tensor::from_dispatch(Dispatch::fast_block(x, weight, scale, shift, stride, pool))
}

pub(super) fn scale_channels(x: Tensor<4>, factors: Tensor<2>) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::fast_scale(x.into_dispatch(), factors.into_dispatch()))
}
