//! How weights start.

use burn::Tensor;
use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::Device;

use crate::Initialization;

/// What follows a layer, on which its start depends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fan {
    /// A ReLU, which halves the variance.
    Relu,
    /// Nothing of the kind.
    Straight,
}

pub(crate) fn initializer(how: Initialization, fan: Fan) -> Initializer {
    match (how, fan) {
        (Initialization::Kaiming, Fan::Relu) => {
            Initializer::KaimingNormal { gain: std::f64::consts::SQRT_2, fan_out_only: false }
        }
        (Initialization::Kaiming, Fan::Straight) => {
            Initializer::KaimingNormal { gain: 1.0, fan_out_only: false }
        }
        (Initialization::Xavier, _) => Initializer::XavierUniform { gain: 1.0 },
    }
}

/// The weight of a 3x3 convolution, `[output, input, 3, 3]`.
pub(crate) fn conv_weight(
    [input, output]: [usize; 2],
    how: Initialization,
    fan: Fan,
    device: &Device,
) -> Param<Tensor<4>> {
    let shape = [output, input, 3, 3];
    initializer(how, fan).init_with(shape, Some(9 * input), Some(9 * output), device)
}

/// A linear layer; its bias starts at zero.
pub(crate) fn linear([input, output]: [usize; 2], how: Initialization, fan: Fan, device: &Device) -> Linear {
    let mut layer = LinearConfig::new(input, output)
        .with_bias(false)
        .with_initializer(initializer(how, fan))
        .init(device);
    layer.bias = Some(Initializer::Zeros.init([output], device));
    layer
}

/// Draws all weights now, in the order in which they stand in the module: burn would draw each when it is first used,
/// so that the same seed could give two models.
pub(crate) fn value_of_each(module: &impl Module) {
    struct Values;
    impl ModuleVisitor for Values {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let _ = param.val();
        }
    }
    module.visit(&mut Values);
}
