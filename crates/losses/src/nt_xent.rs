//! NT-Xent: normalised, temperature-scaled cross entropy.

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::denominator::{Denominator, PairLosses};
use crate::length::{unit_rows, wide};
use crate::pairs::Pairs;
use crate::reduction::{Reduction, Terms};
use crate::{Error, check};

/// Settings of [`NtXentLoss`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct NtXentLossConfig {
    /// What similarities are divided by. Default 0.5, as lightly's; SimCLR took 0.1 to 0.5, identification by
    /// fingerprints about 0.05.
    pub temperature: f64,
    /// What a positive competes with. Default [`Denominator::PositiveAndNegatives`].
    pub denominator: Denominator,
    /// How terms become one value. Default [`Reduction::Mean`].
    pub reduction: Reduction,
}

impl Default for NtXentLossConfig {
    fn default() -> Self {
        Self { temperature: 0.5, denominator: Denominator::PositiveAndNegatives, reduction: Reduction::Mean }
    }
}

impl NtXentLossConfig {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// With another temperature.
    pub fn with_temperature(mut self, temperature: f64) -> Self {
        self.temperature = temperature;
        self
    }

    /// With another denominator.
    pub fn with_denominator(mut self, denominator: Denominator) -> Self {
        self.denominator = denominator;
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
    /// [`Error::OutOfRange`] where the temperature is not a finite number of at least 1e-8.
    pub fn init(&self) -> Result<NtXentLoss, Error> {
        check::temperature("temperature", self.temperature)?;
        Ok(NtXentLoss { config: self.clone() })
    }
}

/// NT-Xent, the loss of SimCLR (Chen et al., 2020, <https://arxiv.org/abs/2002.05709>).
///
/// For an anchor i with the positive p, and similarities s that are cosines,
///
/// ```text
/// L(i, p) = -log(exp(s_ip / T) / (exp(s_ip / T) + sum over negatives n of exp(s_in / T)))
/// ```
///
/// Embeddings may have any length; a zero vector has similarity 0 to all.
#[derive(Module, Debug)]
pub struct NtXentLoss {
    #[module(skip)]
    config: NtXentLossConfig,
}

impl NtXentLoss {
    /// The settings.
    pub fn config(&self) -> &NtXentLossConfig {
        &self.config
    }

    /// Of two views of each sample: row i of `z0` and row i of `z1` are each other's positive, all other rows of
    /// both are negatives. A batch of one has none: its loss is 0, and so is its gradient.
    ///
    /// # Shapes
    /// - z0, z1: `[batch, dim]`
    /// - output: `[1]`; with [`Reduction::None`] `[2 * batch]`, one an anchor, those of z0 first
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::Shape`], [`Error::DType`] or [`Error::Device`] where z1 is not like z0.
    pub fn forward(&self, z0: Tensor<2>, z1: Tensor<2>) -> Result<Tensor<1>, Error> {
        check::filled("z0", &z0)?;
        check::alike("z1", &z0, &z1)?;
        let [batch, _] = z0.dims();
        let sample = Tensor::<1, Int>::arange(0..batch as i64, &z0.device());
        let pairs = self.pairs(Tensor::cat(vec![z0, z1], 0), Tensor::cat(vec![sample.clone(), sample], 0));
        let (losses, valid) = pairs.of_anchors();
        Ok(self.config.reduction.apply(Terms { losses, valid, rows: 2 * batch }))
    }

    /// Of labelled rows: each pair of rows with one label makes a term, in both orders. This is `NTXentLoss` of
    /// pytorch-metric-learning. [`SupConLoss`](crate::SupConLoss) differs: it takes the mean over each anchor's
    /// positives first, and its denominator holds the other positives too.
    ///
    /// # Shapes
    /// - z: `[batch, dim]`
    /// - labels: `[batch]`
    /// - output: `[1]`; with [`Reduction::None`] `[batch * batch]`, row by row, 0 where a pair is not positive
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::Shape`] or [`Error::Device`] where labels do not fit.
    pub fn forward_labels(&self, z: Tensor<2>, labels: Tensor<1, Int>) -> Result<Tensor<1>, Error> {
        check::filled("z", &z)?;
        check::labels(&z, &labels)?;
        let [rows, _] = z.dims();
        let PairLosses { losses, valid } = self.pairs(z, labels);
        let terms =
            Terms { losses: losses.reshape([rows * rows]), valid: valid.reshape([rows * rows]), rows };
        Ok(self.config.reduction.apply(terms))
    }

    fn pairs(&self, z: Tensor<2>, labels: Tensor<1, Int>) -> PairLosses {
        let z = unit_rows(wide(z));
        let similarity = z.clone().matmul(z.transpose());
        self.config.denominator.losses(similarity, Pairs::from_labels(labels), self.config.temperature)
    }
}
