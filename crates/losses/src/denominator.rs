//! What a positive pair competes with.

use burn::tensor::{Bool, Tensor};
use serde::{Deserialize, Serialize};

use crate::pairs::Pairs;
use crate::softmax::{EXP_IS_ZERO, LogSumExp, log_sum_exp, softplus};

/// What stands below the line of `-log(exp(s_ip / T) / sum)` for the positive p of the anchor i.
///
/// Where every anchor has one positive, as with two views of each sample, the first two are the same. They differ
/// where labels repeat, and so do the libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Denominator {
    /// All others in the batch: this positive, the other positives, and the negatives. SupCon's paper and
    /// SupContrast, `SupConLoss` of pytorch-metric-learning, and SimCLR and lightly's `NTXentLoss`.
    AllOthers,
    /// This positive and the negatives, without the other positives, so that positives do not push one another
    /// away: `NTXentLoss` of pytorch-metric-learning. Without negatives the loss is 0.
    PositiveAndNegatives,
    /// The negatives alone: decoupled contrastive learning, lightly's `DCLLoss`. The loss may be negative. Anchors
    /// without negatives are undefined.
    NegativesOnly,
}

/// The loss of each positive pair.
pub(crate) struct PairLosses {
    /// `[anchors, others]`, 0 where there is no positive pair.
    pub(crate) losses: Tensor<2>,
    /// Which are defined.
    pub(crate) valid: Tensor<2, Bool>,
}

impl Denominator {
    /// `similarity` holds cosines, `[anchors, others]`.
    pub(crate) fn losses(self, similarity: Tensor<2>, pairs: Pairs, temperature: f64) -> PairLosses {
        let shape = similarity.dims();
        let competing = if self == Self::AllOthers { pairs.others() } else { pairs.negatives };
        let LogSumExp { logits, log_sum, any } = log_sum_exp(similarity, &competing, temperature);
        let any = any.expand(shape);
        let beyond = log_sum - logits;
        let (losses, valid) = match self {
            // A positive pair is itself among all others.
            Self::AllOthers => (beyond, pairs.positives),
            // Also where there is one positive, and all others would do: the gradient of a pair that is right by far
            // is the small share of its negatives itself, not the difference of 1 and the share of the positive.
            Self::PositiveAndNegatives => {
                (softplus(beyond.mask_fill(any.bool_not(), EXP_IS_ZERO)), pairs.positives)
            }
            Self::NegativesOnly => (beyond, pairs.positives.bool_and(any)),
        };
        PairLosses { losses: losses.mask_fill(valid.clone().bool_not(), 0.0), valid }
    }
}

impl PairLosses {
    /// The mean over each anchor's positives, and which anchors have any, `[anchors]` both.
    pub(crate) fn of_anchors(self) -> (Tensor<1>, Tensor<1, Bool>) {
        let Self { losses, valid } = self;
        let count = losses.clone().detach().zeros_like().mask_fill(valid.clone(), 1.0).sum_dim(1);
        let losses = losses.sum_dim(1) / count.clamp_min(1.0);
        (losses.squeeze_dim(1), valid.any_dim(1).squeeze_dim(1))
    }
}
