//! The operations without gradients.

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use burn_flex::FlexTensor;
use soundalike_features::SimdLevel;

use super::FastOps;
use super::tensors::{ChannelsLast, dims, images_to_tensor, to_tensor, values};
use crate::ops::kernel::{Affine, Geometry, Moments, Packed, activate, conv_block, convolve, moments, scale};
use crate::ops::memory;

impl FastOps for Flex {
    fn fast_conv3x3(x: FloatTensor<Self>, weight: FloatTensor<Self>, stride: usize) -> FloatTensor<Self> {
        convolution(&ChannelsLast::new(x), &weight.to_contiguous(), stride)
    }

    fn fast_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        eps: f64,
        pool: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let normed = Normed::new(&ChannelsLast::new(x), &gamma, &beta, eps, pool, false);
        (normed.out, normed.mean, normed.var)
    }

    fn fast_block(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        stride: usize,
        pool: bool,
    ) -> FloatTensor<Self> {
        let (x, weight) = (ChannelsLast::new(x), weight.to_contiguous());
        let [outputs, ..] = dims(&weight);
        let geometry = Geometry::new(x.images, outputs, stride);
        let packed = Packed::new(geometry, values(&weight), SimdLevel::current());
        let affine = Affine {
            mean: vec![0.0; outputs],
            scale: values(&scale.to_contiguous()).to_vec(),
            shift: values(&shift.to_contiguous()).to_vec(),
        };
        let output = if pool { geometry.output.pooled() } else { geometry.output };
        let mut out = memory::take(output.len());
        conv_block(geometry, x.values(), &packed, &affine, pool, &mut out);
        images_to_tensor(output, out)
    }

    fn fast_scale(x: FloatTensor<Self>, factors: FloatTensor<Self>) -> FloatTensor<Self> {
        let x = ChannelsLast::new(x);
        let images = x.images;
        let mut out = x.into_values();
        scale(images, &mut out, values(&factors.to_contiguous()), SimdLevel::current());
        images_to_tensor(images, out)
    }
}

/// Convolves; `weight` is contiguous.
pub(super) fn convolution(x: &ChannelsLast, weight: &FlexTensor, stride: usize) -> FlexTensor {
    let [outputs, ..] = dims(weight);
    let geometry = Geometry::new(x.images, outputs, stride);
    let packed = Packed::new(geometry, values(weight), SimdLevel::current());
    let mut out = memory::take(geometry.output.len());
    convolve(geometry, x.values(), &packed, &mut out);
    images_to_tensor(geometry.output, out)
}

/// What the normalisation makes.
pub(super) struct Normed {
    pub(super) out: FlexTensor,
    pub(super) mean: FlexTensor,
    pub(super) var: FlexTensor,
    pub(super) moments: Moments,
    pub(super) affine: Affine,
    pub(super) chosen: Vec<f32>,
}

impl Normed {
    /// `keep` says whether the backward pass will need it.
    pub(super) fn new(
        x: &ChannelsLast,
        gamma: &FlexTensor,
        beta: &FlexTensor,
        eps: f64,
        pool: bool,
        keep: bool,
    ) -> Self {
        let level = SimdLevel::current();
        let images = x.images;
        let moments = moments(images, x.values(), level);
        let (gamma, beta) = (gamma.to_contiguous(), beta.to_contiguous());
        let affine = Affine::new(&moments, values(&gamma), values(&beta), eps);
        let output = if pool { images.pooled() } else { images };
        let mut out = memory::take(output.len());
        let mut chosen = memory::take(if pool && keep { output.len() } else { 0 });
        activate(images, x.values(), &affine, pool, &mut out, &mut chosen, level);
        let single = |values: &[f64]| values.iter().map(|value| *value as f32).collect();
        Self {
            out: images_to_tensor(output, out),
            mean: to_tensor([images.channels], single(&moments.mean)),
            var: to_tensor([images.channels], single(&moments.var)),
            moments,
            affine,
            chosen,
        }
    }
}
