//! SupCon: supervised contrastive learning.

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::denominator::Denominator;
use crate::length::{unit_rows, wide};
use crate::pairs::Pairs;
use crate::reduction::{Reduction, Terms};
use crate::{Error, check};

/// Which rows of a batch of several views are anchors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ContrastMode {
    /// All views of each sample.
    #[default]
    All,
    /// The first view of each sample; the others are candidates alone.
    One,
}

/// Settings of [`SupConLoss`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SupConLossConfig {
    /// What similarities are divided by. Default 0.1, the paper's best.
    pub temperature: f64,
    /// The loss is multiplied by `temperature / base_temperature`, so that gradients of different temperatures are
    /// of one size. Default `None`, which multiplies by nothing (pytorch-metric-learning); SupContrast takes 0.07.
    pub base_temperature: Option<f64>,
    /// Which views are anchors. Default [`ContrastMode::All`].
    pub contrast_mode: ContrastMode,
    /// What a positive competes with. Default [`Denominator::AllOthers`].
    pub denominator: Denominator,
    /// How anchors become one value. Default [`Reduction::Mean`]: over the anchors that have a positive.
    pub reduction: Reduction,
}

impl Default for SupConLossConfig {
    fn default() -> Self {
        Self {
            temperature: 0.1,
            base_temperature: None,
            contrast_mode: ContrastMode::All,
            denominator: Denominator::AllOthers,
            reduction: Reduction::Mean,
        }
    }
}

impl SupConLossConfig {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// With another temperature.
    pub fn with_temperature(mut self, temperature: f64) -> Self {
        self.temperature = temperature;
        self
    }

    /// With another base temperature, or none.
    pub fn with_base_temperature(mut self, base_temperature: impl Into<Option<f64>>) -> Self {
        self.base_temperature = base_temperature.into();
        self
    }

    /// With other anchors.
    pub fn with_contrast_mode(mut self, contrast_mode: ContrastMode) -> Self {
        self.contrast_mode = contrast_mode;
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
    /// [`Error::OutOfRange`] where a temperature is not a finite number of at least 1e-8.
    pub fn init(&self) -> Result<SupConLoss, Error> {
        check::temperature("temperature", self.temperature)?;
        if let Some(base) = self.base_temperature {
            check::temperature("base_temperature", base)?;
        }
        Ok(SupConLoss { config: self.clone() })
    }
}

/// The supervised contrastive loss (Khosla et al., 2020, <https://arxiv.org/abs/2004.11362>), its form `L_out`: for
/// an anchor i with the positives P and all others A, and similarities s that are cosines,
///
/// ```text
/// L(i) = T / T_base * mean over p in P of -log(exp(s_ip / T) / sum over a in A of exp(s_ia / T))
/// ```
///
/// An anchor without positives is undefined: it adds nothing, and [`Reduction::Mean`] does not count it, as in
/// pytorch-metric-learning ([`Reduction::BatchMean`] counts it as 0, as in SupContrast). It still is a negative of
/// others. (pytorch-metric-learning does not count anchors either whose loss is 0 to rounding, as happens at small
/// temperatures: [`Reduction::MeanNonZero`].) A batch in which no anchor has a positive has the loss 0. A batch of one label has the loss of the formula,
/// and not 0 as in pytorch-metric-learning, which wants a negative somewhere.
///
/// Embeddings may have any length; a zero vector has similarity 0 to all.
#[derive(Module, Debug)]
pub struct SupConLoss {
    #[module(skip)]
    config: SupConLossConfig,
}

impl SupConLoss {
    /// The settings.
    pub fn config(&self) -> &SupConLossConfig {
        &self.config
    }

    /// Of one view of each sample; rows with one label are positives.
    ///
    /// # Shapes
    /// - z: `[batch, dim]`
    /// - labels: `[batch]`
    /// - output: `[1]`; with [`Reduction::None`] `[batch]`
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::Shape`] or [`Error::Device`] where labels do not fit.
    pub fn forward(&self, z: Tensor<2>, labels: Tensor<1, Int>) -> Result<Tensor<1>, Error> {
        check::filled("z", &z)?;
        check::labels(&z, &labels)?;
        let [batch, _] = z.dims();
        Ok(self.anchors(z, labels, batch))
    }

    /// Of several views of each sample: positives of an anchor are the other views of its sample and, where labels
    /// are given, all views of samples with its label.
    ///
    /// # Shapes
    /// - z: `[batch, views, dim]`
    /// - labels: `[batch]`
    /// - output: `[1]`; with [`Reduction::None`] `[views * batch]`, the first view of all samples first, or `[batch]`
    ///   with [`ContrastMode::One`]
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::Shape`] or [`Error::Device`] where labels do not fit.
    pub fn forward_views(&self, z: Tensor<3>, labels: Option<Tensor<1, Int>>) -> Result<Tensor<1>, Error> {
        check::filled("z", &z)?;
        let [batch, views, dim] = z.dims();
        let labels = match labels {
            Some(labels) => {
                check::labels(&z, &labels)?;
                labels
            }
            None => Tensor::arange(0..batch as i64, &z.device()),
        };
        let rows = z.swap_dims(0, 1).reshape([views * batch, dim]);
        let anchors = match self.config.contrast_mode {
            ContrastMode::All => views * batch,
            ContrastMode::One => batch,
        };
        Ok(self.anchors(rows, labels.repeat(&[views]), anchors))
    }

    /// The first `anchors` rows of z against all.
    fn anchors(&self, z: Tensor<2>, labels: Tensor<1, Int>, anchors: usize) -> Tensor<1> {
        let Self { config } = self;
        let z = unit_rows(wide(z));
        let similarity = z.clone().narrow(0, 0, anchors).matmul(z.transpose());
        let pairs = Pairs::from_labels(labels).anchors(anchors);
        let losses = config.denominator.losses(similarity, pairs, config.temperature);
        let (losses, valid) = losses.of_anchors();
        let scale = config.base_temperature.map_or(1.0, |base| config.temperature / base);
        config.reduction.apply(Terms { losses: losses.mul_scalar(scale), valid, rows: anchors })
    }
}
