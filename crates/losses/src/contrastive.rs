//! The contrastive loss of pairs with a margin.

use burn::module::Module;
use burn::tensor::{Bool, Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::distance::{between, hinge, pairwise};
use crate::length::{unit_rows, wide};
use crate::pairs::Pairs;
use crate::reduction::{Reduction, Terms};
use crate::{Error, check};

/// How a pair's loss grows with its distance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Penalty {
    /// Half the square of what is beyond the margin, as in the paper.
    #[default]
    Squared,
    /// What is beyond the margin, as in pytorch-metric-learning.
    Linear,
}

/// Settings of [`ContrastiveLoss`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ContrastiveLossConfig {
    /// The distance from which on different pairs cost nothing. Default 1.
    pub margin: f64,
    /// The distance up to which similar pairs cost nothing. Default 0.
    pub positive_margin: f64,
    /// How the loss grows. Default [`Penalty::Squared`].
    pub penalty: Penalty,
    /// Whether embeddings are made of length 1 first, so that distances are 0 to 2. Default true, as in
    /// pytorch-metric-learning: a margin says something only where lengths are known.
    pub normalize: bool,
    /// Whether similar and different pairs are reduced apart and the two values added, as in
    /// pytorch-metric-learning, so that the more frequent kind does not drown the other. Default false.
    pub balanced: bool,
    /// How pairs become one value. Default [`Reduction::Mean`].
    pub reduction: Reduction,
}

impl Default for ContrastiveLossConfig {
    fn default() -> Self {
        Self {
            margin: 1.0,
            positive_margin: 0.0,
            penalty: Penalty::Squared,
            normalize: true,
            balanced: false,
            reduction: Reduction::Mean,
        }
    }
}

impl ContrastiveLossConfig {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// With another margin of different pairs.
    pub fn with_margin(mut self, margin: f64) -> Self {
        self.margin = margin;
        self
    }

    /// With another margin of similar pairs.
    pub fn with_positive_margin(mut self, positive_margin: f64) -> Self {
        self.positive_margin = positive_margin;
        self
    }

    /// With another penalty.
    pub fn with_penalty(mut self, penalty: Penalty) -> Self {
        self.penalty = penalty;
        self
    }

    /// Between embeddings of length 1, or as they are.
    pub fn with_normalize(mut self, normalize: bool) -> Self {
        self.normalize = normalize;
        self
    }

    /// Similar and different pairs apart, or together.
    pub fn with_balanced(mut self, balanced: bool) -> Self {
        self.balanced = balanced;
        self
    }

    /// With another reduction.
    pub fn with_reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }

    /// The loss.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] where a margin is negative or not a finite number.
    pub fn init(&self) -> Result<ContrastiveLoss, Error> {
        check::margin("margin", self.margin)?;
        check::margin("positive_margin", self.positive_margin)?;
        Ok(ContrastiveLoss { config: self.clone() })
    }
}

/// The contrastive loss (Hadsell, Chopra and LeCun, 2006): for a pair at the Euclidean distance d,
///
/// ```text
/// L = 1/2 max(0, d - positive_margin)^2   where similar
/// L = 1/2 max(0, margin - d)^2            where different
/// ```
///
/// or without halves and squares, by [`Penalty::Linear`]. Two equal embeddings have no direction in which to part:
/// their gradient is 0, also where they are different and cost the most.
///
/// With `normalize`, embeddings may have any length. Without, distances up to the largest number fit, but not their
/// squares.
#[derive(Module, Debug)]
pub struct ContrastiveLoss {
    #[module(skip)]
    config: ContrastiveLossConfig,
}

impl ContrastiveLoss {
    /// The settings.
    pub fn config(&self) -> &ContrastiveLossConfig {
        &self.config
    }

    /// Of given pairs: row i of `a` with row i of `b`.
    ///
    /// # Shapes
    /// - a, b: `[pairs, dim]`
    /// - similar: `[pairs]`
    /// - output: `[1]`; with [`Reduction::None`] `[pairs]`
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::Shape`], [`Error::DType`] or [`Error::Device`] where arguments do not fit.
    pub fn forward(&self, a: Tensor<2>, b: Tensor<2>, similar: Tensor<1, Bool>) -> Result<Tensor<1>, Error> {
        check::filled("a", &a)?;
        check::alike("b", &a, &b)?;
        check::flags("similar", &a, &similar)?;
        let [rows, _] = a.dims();
        let distances = between(self.prepared(a), self.prepared(b));
        Ok(self.reduce(distances, similar.clone(), similar.bool_not(), rows))
    }

    /// Of all pairs of labelled rows, in both orders: similar where labels are equal.
    ///
    /// # Shapes
    /// - z: `[batch, dim]`
    /// - labels: `[batch]`
    /// - output: `[1]`; with [`Reduction::None`] `[batch * batch]`, row by row, 0 for a row with itself
    ///
    /// # Memory
    /// `batch * batch * dim` numbers, several times.
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::Shape`] or [`Error::Device`] where labels do not fit.
    pub fn forward_labels(&self, z: Tensor<2>, labels: Tensor<1, Int>) -> Result<Tensor<1>, Error> {
        check::filled("z", &z)?;
        check::labels(&z, &labels)?;
        let [rows, _] = z.dims();
        let z = self.prepared(z);
        let distances = pairwise(z.clone(), z).reshape([rows * rows]);
        let Pairs { positives, negatives } = Pairs::from_labels(labels);
        let [similar, different] = [positives, negatives].map(|mask| mask.reshape([rows * rows]));
        Ok(self.reduce(distances, similar, different, rows))
    }

    fn prepared(&self, x: Tensor<2>) -> Tensor<2> {
        if self.config.normalize { unit_rows(wide(x)) } else { wide(x) }
    }

    fn reduce(
        &self,
        distances: Tensor<1>,
        similar: Tensor<1, Bool>,
        different: Tensor<1, Bool>,
        rows: usize,
    ) -> Tensor<1> {
        let Self { config } = self;
        let too_far = self.penalty(distances.clone().sub_scalar(config.positive_margin));
        let too_near = self.penalty(distances.neg().add_scalar(config.margin));
        let too_far = too_far.mask_fill(similar.clone().bool_not(), 0.0);
        let too_near = too_near.mask_fill(different.clone().bool_not(), 0.0);
        if config.balanced && config.reduction != Reduction::None {
            let similar = config.reduction.apply(Terms { losses: too_far, valid: similar, rows });
            let different = config.reduction.apply(Terms { losses: too_near, valid: different, rows });
            return similar + different;
        }
        let valid = similar.bool_or(different);
        config.reduction.apply(Terms { losses: too_far + too_near, valid, rows })
    }

    fn penalty(&self, beyond: Tensor<1>) -> Tensor<1> {
        let beyond = hinge(beyond);
        match self.config.penalty {
            Penalty::Linear => beyond,
            Penalty::Squared => (beyond.clone() * beyond).mul_scalar(0.5),
        }
    }
}
