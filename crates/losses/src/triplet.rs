//! The triplet loss.

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::length::{unit_rows, wide};
use crate::mining::{Mining, triplets};
use crate::pairs::Pairs;
use crate::reduction::{Reduction, Terms};
use crate::{Error, check};

/// Settings of [`TripletLoss`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TripletLossConfig {
    /// By how much a negative must be farther than a positive. Default 1, as burn's and PyTorch's;
    /// pytorch-metric-learning takes 0.05.
    pub margin: f64,
    /// Which triplets of labelled rows make terms. Default [`Mining::All`].
    pub mining: Mining,
    /// Whether embeddings are made of length 1 first, as in pytorch-metric-learning. Default false, as in burn and
    /// PyTorch.
    pub normalize: bool,
    /// How triplets become one value. Default [`Reduction::Mean`].
    pub reduction: Reduction,
}

impl Default for TripletLossConfig {
    fn default() -> Self {
        Self { margin: 1.0, mining: Mining::All, normalize: false, reduction: Reduction::Mean }
    }
}

impl TripletLossConfig {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// With another margin.
    pub fn with_margin(mut self, margin: f64) -> Self {
        self.margin = margin;
        self
    }

    /// With other triplets of labelled rows.
    pub fn with_mining(mut self, mining: Mining) -> Self {
        self.mining = mining;
        self
    }

    /// Between embeddings of length 1, or as they are.
    pub fn with_normalize(mut self, normalize: bool) -> Self {
        self.normalize = normalize;
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
    /// [`Error::OutOfRange`] where the margin is negative or not a finite number.
    pub fn init(&self) -> Result<TripletLoss, Error> {
        check::margin("margin", self.margin)?;
        Ok(TripletLoss { config: self.clone() })
    }
}

/// The triplet loss over Euclidean distances d,
///
/// ```text
/// L = max(0, d(anchor, positive) - d(anchor, negative) + margin)
/// ```
///
/// of given triplets as burn's `TripletMarginLoss` with p = 2, and of those mined from labels. Distances may have any
/// size. That of two equal embeddings is 0 and has no gradient.
#[derive(Module, Debug)]
pub struct TripletLoss {
    #[module(skip)]
    config: TripletLossConfig,
}

impl TripletLoss {
    /// The settings.
    pub fn config(&self) -> &TripletLossConfig {
        &self.config
    }

    /// Of triplets mined from labels. A batch without any has the loss 0, and no gradient.
    ///
    /// # Shapes
    /// - z: `[batch, dim]`
    /// - labels: `[batch]`
    /// - output: `[1]`; with [`Reduction::None`] `[batch]` for [`Mining::Hard`], else `[batch * batch * batch]` in
    ///   the order anchor, positive, negative; 0 where there is no such triplet
    ///
    /// # Memory
    /// Several times `batch * batch * (batch + dim)` numbers, or `batch * (batch + dim)` for [`Mining::Hard`].
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::Shape`] or [`Error::Device`] where labels do not fit.
    pub fn forward(&self, z: Tensor<2>, labels: Tensor<1, Int>) -> Result<Tensor<1>, Error> {
        let Self { config } = self;
        check::filled("z", &z)?;
        check::labels(&z, &labels)?;
        let terms = config.mining.terms(self.prepared(z), Pairs::from_labels(labels), config.margin);
        Ok(config.reduction.apply(terms))
    }

    /// Of given triplets, one a row.
    ///
    /// # Shapes
    /// - anchor, positive, negative: `[batch, dim]`
    /// - output: `[1]`; with [`Reduction::None`] `[batch]`
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::Shape`], [`Error::DType`] or [`Error::Device`] where arguments differ.
    pub fn forward_triplets(
        &self,
        anchor: Tensor<2>,
        positive: Tensor<2>,
        negative: Tensor<2>,
    ) -> Result<Tensor<1>, Error> {
        check::filled("anchor", &anchor)?;
        check::alike("positive", &anchor, &positive)?;
        check::alike("negative", &anchor, &negative)?;
        let [rows, _] = anchor.dims();
        let [anchor, positive, negative] = [anchor, positive, negative].map(|x| self.prepared(x));
        let losses = triplets(anchor, positive, negative, self.config.margin);
        let valid = Tensor::<1, Int>::zeros([rows], &losses.device()).equal_scalar(0);
        Ok(self.config.reduction.apply(Terms { losses, valid, rows }))
    }

    fn prepared(&self, x: Tensor<2>) -> Tensor<2> {
        if self.config.normalize { unit_rows(wide(x)) } else { wide(x) }
    }
}
