//! From one value a term to one value a batch.

use burn::tensor::{Bool, Tensor};
use serde::{Deserialize, Serialize};

/// How the terms of a loss (one an anchor, a pair or a triplet: each loss says which) become its value.
///
/// Not every row of a batch need make a term: an anchor without a positive, or a row of pairs in which nothing
/// pairs, is *undefined*. It adds nothing to any sum, and no gradient comes from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reduction {
    /// The mean over the defined terms; 0 where there is none.
    #[default]
    Mean,
    /// The mean over the terms above 0; 0 where there is none. The `AvgNonZeroReducer` of pytorch-metric-learning:
    /// triplets and pairs that already keep their margin do not thin out the others.
    MeanNonZero,
    /// The sum over the terms, divided by the number of rows in the batch, defined or not: one row of the batch
    /// weighs the same in every batch. The mean that SupContrast takes where an anchor has no positive.
    BatchMean,
    /// The sum over the terms.
    Sum,
    /// The terms themselves, 0 where undefined.
    None,
}

/// The terms of a loss.
pub(crate) struct Terms {
    /// 0 where undefined.
    pub(crate) losses: Tensor<1>,
    /// Which are defined.
    pub(crate) valid: Tensor<1, Bool>,
    /// Rows in the batch, for [`Reduction::BatchMean`].
    pub(crate) rows: usize,
}

impl Reduction {
    /// One value, or all of them for [`Reduction::None`]. The number of terms is counted on the device.
    pub(crate) fn apply(self, terms: Terms) -> Tensor<1> {
        let Terms { losses, valid, rows } = terms;
        match self {
            Self::Mean => mean(losses, valid),
            Self::MeanNonZero => {
                let above = losses.clone().greater_scalar(0.0);
                mean(losses, above)
            }
            Self::BatchMean => losses.sum().mul_scalar(1.0 / rows as f64),
            Self::Sum => losses.sum(),
            Self::None => losses,
        }
    }
}

fn mean(losses: Tensor<1>, counted: Tensor<1, Bool>) -> Tensor<1> {
    let count = losses.clone().detach().zeros_like().mask_fill(counted, 1.0).sum().clamp_min(1.0);
    losses.sum() / count
}
