//! From embeddings back to spectrograms.

use burn::Tensor;
use burn::module::Module;
use burn::nn::{Initializer, Linear};
use burn::tensor::Device;
use burn::tensor::activation::relu;
use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};

use super::block::{Conv3x3, ConvBlock};
use super::init::conv_weight;
use super::{Fan, linear};
use crate::config::EncoderConfig;
use crate::{Error, InputShape, ops};

/// The encoder's blocks backwards, each after a nearest-neighbour enlargement.
#[derive(Module, Debug)]
pub struct Decoder {
    /// From the embedding to the smallest map.
    pub fc: Linear,
    /// The blocks.
    pub blocks: Vec<ConvBlock>,
    /// From the largest map's channels to the spectrogram.
    pub out: Conv3x3,
    /// Rows and columns after `fc`, and after each enlargement.
    #[module(skip)]
    sizes: Vec<[usize; 2]>,
}

impl Decoder {
    /// Of a configuration that has been checked.
    pub(crate) fn new(config: &EncoderConfig, shape: InputShape, device: &Device) -> Result<Self, Error> {
        let mut sizes = shape.stages(config.channels.len(), config.downsampling)?;
        sizes.reverse();
        let how = config.initialization;
        let mut channels = config.channels.iter().rev().copied();
        let widest = channels.next().unwrap_or(1);
        let [height, width] = sizes.first().copied().unwrap_or_default();
        let mut input = widest;
        let blocks = channels.map(|output| {
            let channels = [std::mem::replace(&mut input, output), output];
            ConvBlock::new(channels, None, config.dropout, how, device)
        });
        let blocks = blocks.collect();
        Ok(Self {
            fc: linear([config.embedding_dim, widest * height * width], how, Fan::Relu, device),
            blocks,
            out: Conv3x3 {
                weight: conv_weight([input, 1], how, Fan::Straight, device),
                bias: Some(Initializer::Zeros.init([1], device)),
            },
            sizes,
        })
    }

    /// # Shapes
    /// `[batch, embedding_dim]` to `[batch, n_mels, frames]`.
    #[must_use]
    pub fn forward(&self, embedding: Tensor<2>) -> Tensor<3> {
        let x = relu(self.fc.forward(embedding));
        let [batch, values] = x.dims();
        let [height, width] = self.sizes.first().copied().unwrap_or([1, 1]);
        let mut x = x.reshape([batch, values / (height * width), height, width]);
        let enlarged = |x, size| {
            interpolate(x, InterpolateOptions::new(InterpolateMode::Nearest).with_output_size(size))
        };
        for (block, &size) in self.blocks.iter().zip(self.sizes.iter().skip(1)) {
            x = block.forward(enlarged(x, size));
        }
        let x = enlarged(x, self.sizes.last().copied().unwrap_or([1, 1]));
        let x = ops::conv3x3(x, self.out.weight.val(), 1);
        let x = x.squeeze_dim::<3>(1);
        match &self.out.bias {
            Some(bias) => x + bias.val().reshape([1, 1, 1]),
            None => x,
        }
    }
}
