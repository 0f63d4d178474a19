//! The operations with gradients.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::{ActivationOps, FloatTensorOps, ModuleOps};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};
use burn::tensor::Shape;
use burn_flex::FlexTensor;
use soundalike_features::SimdLevel;

use super::FastOps;
use super::forward::{Normed, convolution};
use super::tensors::{ChannelsLast, dims, images_to_tensor, to_tensor, values};
use crate::ops::kernel::{Affine, Forward, Geometry, Moments, Packed, convolve, weight_gradient};
use crate::ops::memory;

/// The backend that tracks gradients.
type Tracking<C> = Autodiff<Flex, C>;
type Tracked = FloatTensor<Autodiff<Flex>>;

impl<C: CheckpointStrategy> FastOps for Tracking<C> {
    fn fast_conv3x3(x: FloatTensor<Self>, weight: FloatTensor<Self>, stride: usize) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node()];
        let x = ChannelsLast::new(x.into_primitive());
        let weight = weight.into_primitive().to_contiguous();
        let out = convolution(&x, &weight, stride);
        match ConvolutionBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(Convolution { x, weight, stride }, out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }

    fn fast_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        eps: f64,
        pool: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let nodes = [x.node(), gamma.node(), beta.node()];
        let x = ChannelsLast::new(x.into_primitive());
        let (gamma, beta) = (gamma.into_primitive(), beta.into_primitive());
        let (out, mean, var) = match NormBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let normed = Normed::new(&x, &gamma, &beta, eps, pool, true);
                let Normed { out, mean, var, moments, affine, chosen } = normed;
                let saved = Arc::new(Saved { x, moments, affine, eps, pool, chosen });
                (prep.finish(saved, out), mean, var)
            }
            OpsKind::UnTracked(prep) => {
                let normed = Normed::new(&x, &gamma, &beta, eps, pool, false);
                (prep.finish(normed.out), normed.mean, normed.var)
            }
        };
        (out, Tracked::new(mean), Tracked::new(var))
    }

    fn fast_block(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        scale: FloatTensor<Self>,
        shift: FloatTensor<Self>,
        stride: usize,
        pool: bool,
    ) -> FloatTensor<Self> {
        if ![&x, &weight, &scale, &shift].into_iter().any(Tracked::is_tracked) {
            let (x, weight) = (x.into_primitive(), weight.into_primitive());
            let (scale, shift) = (scale.into_primitive(), shift.into_primitive());
            return Tracked::new(Flex::fast_block(x, weight, scale, shift, stride, pool));
        }
        let out = Self::fast_conv3x3(x, weight, stride);
        let channels = out.shape()[1];
        let each = |of: FloatTensor<Self>| Self::float_reshape(of, Shape::from([1, channels, 1, 1]));
        let out = Self::float_add(Self::float_mul(out, each(scale)), each(shift));
        let out = Self::relu(out);
        if pool { Self::max_pool2d(out, [2; 2], [2; 2], [0; 2], [1; 2], false) } else { out }
    }

    fn fast_scale(x: FloatTensor<Self>, factors: FloatTensor<Self>) -> FloatTensor<Self> {
        if factors.is_tracked() {
            let shape = x.shape();
            let factors = Self::float_reshape(factors, Shape::from([shape[0], shape[1], 1, 1]));
            return Self::float_mul(x, factors);
        }
        let nodes = [x.node()];
        let (x, factors) = (x.into_primitive(), factors.into_primitive());
        let out = Flex::fast_scale(x, factors.clone());
        match ScaleBackward.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(factors, out),
            OpsKind::UnTracked(prep) => prep.finish(out),
        }
    }
}

#[derive(Debug)]
struct ScaleBackward;

impl Backward<Flex, 1> for ScaleBackward {
    type State = FlexTensor;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let (factors, gradient) = (ops.state, grads.consume::<Flex>(&ops.node));
        if let [Some(node)] = ops.parents {
            grads.register::<Flex>(node.id, Flex::fast_scale(gradient, factors));
        }
    }
}

#[derive(Debug)]
struct ConvolutionBackward;

#[derive(Debug, Clone)]
struct Convolution {
    x: ChannelsLast,
    weight: FlexTensor,
    stride: usize,
}

impl Backward<Flex, 2> for ConvolutionBackward {
    type State = Convolution;

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let [x_node, weight_node] = ops.parents;
        let gradient = ChannelsLast::new(grads.consume::<Flex>(&ops.node));
        let Convolution { x, weight, stride } = ops.state;
        let [outputs, inputs, ..] = dims(&weight);
        let geometry = Geometry::new(x.images, outputs, stride);
        let level = SimdLevel::current();
        if let Some(node) = weight_node {
            let of_weight = weight_gradient(geometry, x.values(), gradient.values(), level);
            grads.register::<Flex>(node.id, to_tensor([outputs, inputs, 3, 3], of_weight));
        }
        if let Some(node) = x_node {
            let packed = Packed::backward(geometry.backward(), values(&weight), level);
            // The input is not needed any more: its gradient may take its place.
            let mut of_x = x.into_buffer().unwrap_or_else(|_| memory::take(geometry.input.len()));
            convolve(geometry.backward(), gradient.values(), &packed, &mut of_x);
            grads.register::<Flex>(node.id, images_to_tensor(geometry.input, of_x));
        }
        gradient.recycle();
    }
}

#[derive(Debug)]
struct NormBackward;

/// What the backward pass needs.
#[derive(Debug, Clone)]
struct Saved {
    x: ChannelsLast,
    moments: Moments,
    affine: Affine,
    eps: f64,
    pool: bool,
    chosen: Vec<f32>,
}

impl Backward<Flex, 3> for NormBackward {
    type State = Arc<Saved>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let gradient = ChannelsLast::new(grads.consume::<Flex>(&ops.node));
        let saved = Arc::try_unwrap(ops.state).unwrap_or_else(|shared| Saved::clone(&shared));
        let Saved { x, moments, affine, eps, pool, chosen } = saved;
        let images = x.images;
        let mut x = x.into_values();
        let forward = Forward { images, moments: &moments, affine: &affine, eps, pool, chosen: &chosen };
        let of = forward.backward(&mut x, gradient.values(), SimdLevel::current());
        gradient.recycle();
        memory::give(chosen);
        let channels = images.channels;
        let tensors =
            [images_to_tensor(images, x), to_tensor([channels], of.gamma), to_tensor([channels], of.beta)];
        for (node, tensor) in ops.parents.into_iter().zip(tensors) {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, tensor);
            }
        }
    }
}
