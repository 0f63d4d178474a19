//! Which triplets of a labelled batch to learn from.

use burn::tensor::{Bool, Tensor};
use serde::{Deserialize, Serialize};

use crate::distance::{between, hinge, pairwise, pairwise_detached};
use crate::pairs::Pairs;
use crate::reduction::Terms;

/// Which triplets (anchor, positive, negative) of a labelled batch make terms. d(p) and d(n) are the anchor's
/// distances to the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mining {
    /// All of them. With [`Reduction::MeanNonZero`](crate::Reduction::MeanNonZero) those that violate the margin.
    #[default]
    All,
    /// All with `d(p) < d(n) <= d(p) + margin`: in the right order, but not by the margin (Schroff et al., 2015,
    /// <https://arxiv.org/abs/1503.03832>).
    SemiHard,
    /// One an anchor: its farthest positive with its nearest negative (Hermans et al., 2017,
    /// <https://arxiv.org/abs/1703.07737>). Anchors without either are undefined.
    Hard,
}

impl Mining {
    /// `z` are embeddings, as distances are to be taken.
    pub(crate) fn terms(self, z: Tensor<2>, pairs: Pairs, margin: f64) -> Terms {
        match self {
            Self::All | Self::SemiHard => all(z, pairs, margin, self == Self::SemiHard),
            Self::Hard => hard(z, pairs, margin),
        }
    }
}

/// `[batch * batch * batch]` terms, in the order anchor, positive, negative.
fn all(z: Tensor<2>, pairs: Pairs, margin: f64, semi_hard: bool) -> Terms {
    let [rows, _] = z.dims();
    let shape = [rows, rows, rows];
    let distances = pairwise(z.clone(), z);
    let to_positive = distances.clone().unsqueeze_dim::<3>(2);
    let to_negative = distances.unsqueeze_dim::<3>(1);
    let gap = to_positive - to_negative;
    let losses = hinge(gap.clone().add_scalar(margin));
    let positive = pairs.positives.unsqueeze_dim::<3>(2).expand(shape);
    let negative = pairs.negatives.unsqueeze_dim::<3>(1).expand(shape);
    let mut valid = positive.bool_and(negative);
    if semi_hard {
        // By what it is not: where a distance is NaN the triplet stays, and the loss shows it.
        let gap = gap.detach();
        let hard = gap.clone().greater_equal_scalar(0.0);
        let easy = gap.lower_scalar(-margin);
        valid = valid.bool_and(hard.bool_or(easy).bool_not());
    }
    let losses = losses.mask_fill(valid.clone().bool_not(), 0.0);
    let terms = rows * rows * rows;
    Terms { losses: losses.reshape([terms]), valid: valid.reshape([terms]), rows }
}

/// `[batch]` terms.
fn hard(z: Tensor<2>, pairs: Pairs, margin: f64) -> Terms {
    let [rows, _] = z.dims();
    let distances = pairwise_detached(&z);
    let Pairs { positives, negatives } = pairs;
    let farthest = distances.clone().mask_fill(positives.clone().bool_not(), -1.0).argmax(1);
    let nearest = distances.mask_fill(negatives.clone().bool_not(), f32::MAX).argmin(1);
    let losses = triplets(
        z.clone(),
        z.clone().select(0, farthest.squeeze_dim(1)),
        z.select(0, nearest.squeeze_dim(1)),
        margin,
    );
    let any = |mask: Tensor<2, Bool>| mask.any_dim(1).squeeze_dim::<1>(1);
    let valid = any(positives).bool_and(any(negatives));
    Terms { losses: losses.mask_fill(valid.clone().bool_not(), 0.0), valid, rows }
}

/// One term a row.
pub(crate) fn triplets(
    anchor: Tensor<2>,
    positive: Tensor<2>,
    negative: Tensor<2>,
    margin: f64,
) -> Tensor<1> {
    hinge((between(anchor.clone(), positive) - between(anchor, negative)).add_scalar(margin))
}
