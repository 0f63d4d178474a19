//! From the last block's output to a row.

use burn::Tensor;

use crate::Pooling;

impl Pooling {
    /// `[batch, channel, band, frame]` to `[batch, value]`.
    pub(crate) fn apply(self, x: Tensor<4>) -> Tensor<2> {
        let flat_map = |x: Tensor<4>| {
            let [batch, channels, bands, frames] = x.dims();
            x.reshape([batch, channels, 1, bands * frames])
        };
        match self {
            Self::Flatten => x.flatten(1, 3),
            Self::TimeMean => x.mean_dim(3).flatten(1, 3),
            Self::TimeMeanMax => mean_and_max(x),
            Self::Mean => flat_map(x).mean_dim(3).flatten(1, 3),
            Self::MeanMax => mean_and_max(flat_map(x)),
        }
    }
}

/// All means over the last dimension, then all maxima.
fn mean_and_max(x: Tensor<4>) -> Tensor<2> {
    let mean: Tensor<2> = x.clone().mean_dim(3).flatten(1, 3);
    let max: Tensor<2> = x.max_dim(3).flatten(1, 3);
    Tensor::cat(vec![mean, max], 1)
}
