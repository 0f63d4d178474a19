//! One block of a network.

use burn::Tensor;
use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution};

use super::init::{Fan, conv_weight};
use super::norm::{ChannelNorm, EPSILON};
use crate::ops;
use crate::{Downsampling, Initialization};

/// The weights of a 3x3 convolution.
#[derive(Module, Debug)]
pub struct Conv3x3 {
    /// `[output channels, input channels, 3, 3]`.
    pub weight: Param<Tensor<4>>,
    /// One for each output channel; none before a batch norm, which would undo it.
    pub bias: Option<Param<Tensor<1>>>,
}

/// 3x3 convolution, batch norm, ReLU, 2x2 max pooling (or a stride of 2), and dropout of channels.
///
/// On a device with gradients, a batch is scaled by its own statistics, which also go into the running ones; on any
/// other device, and when frozen, by the running ones.
#[derive(Module, Debug)]
pub struct ConvBlock {
    /// The convolution.
    pub conv: Conv3x3,
    /// The batch norm.
    pub bn: ChannelNorm,
    stride: usize,
    pool: bool,
    dropout: f64,
}

impl ConvBlock {
    /// A block of `input` to `output` channels that halves its input (or, with `None`, keeps its size).
    pub(crate) fn new(
        [input, output]: [usize; 2],
        halve: Option<Downsampling>,
        dropout: f64,
        how: Initialization,
        device: &Device,
    ) -> Self {
        Self {
            conv: Conv3x3 { weight: conv_weight([input, output], how, Fan::Relu, device), bias: None },
            bn: ChannelNorm::new(output, device),
            stride: if halve == Some(Downsampling::Stride) { 2 } else { 1 },
            pool: halve == Some(Downsampling::MaxPool),
            dropout,
        }
    }

    /// The block's output.
    ///
    /// # Shapes
    /// `[batch, input channels, height, width]` to `[batch, output channels, height', width']`: half of each, rounded
    /// down with pooling and up with a stride.
    ///
    /// # Panics
    /// For another number of channels, and for a map that pooling leaves nothing of.
    #[must_use]
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        if !self.bn.trains_on(&x.device()) {
            let (scale, shift) = self.bn.scale_and_shift();
            return ops::conv_block(x, self.conv.weight.val(), scale, shift, self.stride, self.pool);
        }
        let y = ops::conv3x3(x, self.conv.weight.val(), self.stride);
        let [batch, _, height, width] = y.dims();
        let (weight, bias) = (self.bn.weight.val(), self.bn.bias.val());
        let (y, statistics) = ops::batch_norm_relu_pool(y, weight, bias, EPSILON, self.pool);
        self.bn.update(statistics, batch * height * width);
        self.drop_channels(y)
    }

    /// Whole channels: neighbouring values of a map say nearly the same, so that leaving out single ones does little.
    fn drop_channels(&self, x: Tensor<4>) -> Tensor<4> {
        if self.dropout == 0.0 {
            return x;
        }
        let [batch, channels, _, _] = x.dims();
        let keep = 1.0 - self.dropout;
        let mask = Tensor::<2>::random([batch, channels], Distribution::Bernoulli(keep), &x.device());
        ops::scale_channels(x, mask * (1.0 / keep))
    }
}
