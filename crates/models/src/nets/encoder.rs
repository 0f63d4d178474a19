//! From spectrograms to embeddings.

use burn::Tensor;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Device;

use super::block::ConvBlock;
use super::{Fan, linear};
use crate::config::EncoderConfig;
use crate::{Error, InputShape, Pooling};

/// Blocks, pooling, and a linear layer to the embedding.
#[derive(Module, Debug)]
pub struct Encoder {
    /// The blocks.
    pub blocks: Vec<ConvBlock>,
    /// From the pooled values to the embedding.
    pub fc: Linear,
    #[module(skip)]
    pooling: Pooling,
    normalize: bool,
}

impl Encoder {
    /// Of a configuration that has been checked.
    pub(crate) fn new(config: &EncoderConfig, shape: InputShape, device: &Device) -> Result<Self, Error> {
        let stages = shape.stages(config.channels.len(), config.downsampling)?;
        let mut input = 1;
        let blocks = config.channels.iter().map(|&output| {
            let channels = [std::mem::replace(&mut input, output), output];
            let halve = Some(config.downsampling);
            ConvBlock::new(channels, halve, config.dropout, config.initialization, device)
        });
        let blocks = blocks.collect();
        let last = stages.last().copied().unwrap_or_default();
        let width = config.pooling.width(input, last);
        Ok(Self {
            blocks,
            fc: linear([width, config.embedding_dim], config.initialization, Fan::Straight, device),
            pooling: config.pooling,
            normalize: config.normalize,
        })
    }

    /// The embeddings.
    ///
    /// # Shapes
    /// `[batch, n_mels, frames]` to `[batch, embedding_dim]`.
    ///
    /// # Panics
    /// For another number of bands; and of frames, with a pooling that keeps them.
    #[must_use]
    pub fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        let map = self.blocks.iter().fold(x.unsqueeze_dim(1), |x, block| block.forward(x));
        let embedding = self.fc.forward(self.pooling.apply(map));
        if self.normalize { unit_rows(embedding) } else { embedding }
    }
}

/// Rows of length one; a row of zeros stays one.
pub(crate) fn unit_rows(x: Tensor<2>) -> Tensor<2> {
    // The floor is under the root, whose gradient at zero is infinite.
    let square = (x.clone() * x.clone()).sum_dim(1).clamp_min(1e-24);
    x / square.sqrt()
}
