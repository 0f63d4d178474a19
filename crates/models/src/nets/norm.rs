//! Batch norm's parameters and running statistics.

use burn::Tensor;
use burn::module::{Flag, Module, Param, RunningState};
use burn::nn::Initializer;
use burn::tensor::Device;

use crate::ops::BatchStatistics;

/// Scale, shift and running statistics of each channel; the names and numbers are those of PyTorch's `BatchNorm2d`.
///
/// The statistics are a buffer, not a parameter. A `clone()` shares them with its original, as in burn's own batch
/// norm: copy a model with [`Model::valid`](crate::Model::valid) or by its record.
#[derive(Module, Debug)]
pub struct ChannelNorm {
    /// Scale of each channel (gamma).
    pub weight: Param<Tensor<1>>,
    /// Shift of each channel (beta).
    pub bias: Param<Tensor<1>>,
    /// Running mean of each channel.
    pub running_mean: RunningState<Tensor<1>>,
    /// Running variance of each channel, of samples (divided by n - 1).
    pub running_var: RunningState<Tensor<1>>,
    /// Whether it is trained, so that a batch is scaled by its own statistics on a device with gradients.
    pub training: Param<Flag>,
}

/// Added to a variance.
pub(crate) const EPSILON: f64 = 1e-5;
/// Weight of a batch in the running statistics.
const MOMENTUM: f64 = 0.1;

impl ChannelNorm {
    pub(crate) fn new(channels: usize, device: &Device) -> Self {
        Self {
            weight: Initializer::Ones.init([channels], device),
            bias: Initializer::Zeros.init([channels], device),
            running_mean: RunningState::new(Tensor::zeros([channels], device)),
            running_var: RunningState::new(Tensor::ones([channels], device)),
            training: Param::from_bool(true),
        }
    }

    /// Whether a batch on `device` is scaled by its own statistics.
    pub(crate) fn trains_on(&self, device: &Device) -> bool {
        device.is_autodiff() && self.training.is_enabled()
    }

    /// Takes a batch of `count` values a channel into the running statistics.
    pub(crate) fn update(&self, batch: BatchStatistics, count: usize) {
        // PyTorch scales a batch by its biased variance, and keeps the unbiased one.
        let unbiased = if count > 1 { count as f64 / (count - 1) as f64 } else { 1.0 };
        for (state, value) in [(&self.running_mean, batch.mean), (&self.running_var, batch.var * unbiased)] {
            let old = state.value_sync().detach();
            state.update(old * (1.0 - MOMENTUM) + value.detach() * MOMENTUM);
            // Else the last update would be missing from a record.
            let _ = state.value_sync();
        }
    }

    /// What the running statistics make of each channel: `scale * x + shift`.
    pub(crate) fn scale_and_shift(&self) -> (Tensor<1>, Tensor<1>) {
        let scale = self.weight.val() / (self.running_var.value_sync() + EPSILON).sqrt();
        let shift = self.bias.val() - self.running_mean.value_sync() * scale.clone();
        (scale, shift)
    }
}
