//! What follows an embedding.

use burn::Tensor;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Device;
use burn::tensor::activation::relu;

use super::{Fan, linear};
use crate::Initialization;

/// Linear, ReLU, linear; or, without a hidden layer, one linear layer.
#[derive(Module, Debug)]
pub struct TwoLayers {
    /// The first layer.
    pub hidden: Option<Linear>,
    /// The last layer.
    pub out: Linear,
}

impl TwoLayers {
    /// `hidden` of 0 is no hidden layer.
    pub(crate) fn new([input, hidden, output]: [usize; 3], how: Initialization, device: &Device) -> Self {
        let first = (hidden > 0).then(|| linear([input, hidden], how, Fan::Relu, device));
        let width = if hidden > 0 { hidden } else { input };
        Self { hidden: first, out: linear([width, output], how, Fan::Straight, device) }
    }

    /// # Shapes
    /// `[batch, input]` to `[batch, output]`.
    #[must_use]
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = match &self.hidden {
            Some(hidden) => relu(hidden.forward(x)),
            None => x,
        };
        self.out.forward(x)
    }
}
