//! InfoNCE: which of the candidates belongs to the query?

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::denominator::Denominator;
use crate::length::{unit_rows, wide};
use crate::pairs::Pairs;
use crate::reduction::{Reduction, Terms};
use crate::{Error, check};

/// Settings of [`InfoNceLoss`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct InfoNceLossConfig {
    /// What similarities are divided by. Default 0.07, as in MoCo.
    pub temperature: f64,
    /// Whether positives are anchors too, with the queries (or the same explicit negatives) as candidates, as in
    /// CLIP. Default false.
    pub symmetric: bool,
    /// What the positive competes with. There is one a query, so that the default
    /// [`Denominator::PositiveAndNegatives`] and [`Denominator::AllOthers`] are the same.
    pub denominator: Denominator,
    /// How terms become one value. Default [`Reduction::Mean`].
    pub reduction: Reduction,
}

impl Default for InfoNceLossConfig {
    fn default() -> Self {
        Self {
            temperature: 0.07,
            symmetric: false,
            denominator: Denominator::PositiveAndNegatives,
            reduction: Reduction::Mean,
        }
    }
}

impl InfoNceLossConfig {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// With another temperature.
    pub fn with_temperature(mut self, temperature: f64) -> Self {
        self.temperature = temperature;
        self
    }

    /// In both directions, or from the query alone.
    pub fn with_symmetric(mut self, symmetric: bool) -> Self {
        self.symmetric = symmetric;
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
    pub fn init(&self) -> Result<InfoNceLoss, Error> {
        check::temperature("temperature", self.temperature)?;
        Ok(InfoNceLoss { config: self.clone() })
    }
}

/// InfoNCE (van den Oord et al., 2018, <https://arxiv.org/abs/1807.03748>) over cosines: cross entropy of the
/// positive among the candidates.
///
/// ```text
/// L(q) = -log(exp(s_qp / T) / (exp(s_qp / T) + sum over negatives n of exp(s_qn / T)))
/// ```
///
/// Unlike in NT-Xent, a query meets no other query. Embeddings may have any length.
#[derive(Module, Debug)]
pub struct InfoNceLoss {
    #[module(skip)]
    config: InfoNceLossConfig,
}

impl InfoNceLoss {
    /// The settings.
    pub fn config(&self) -> &InfoNceLossConfig {
        &self.config
    }

    /// Row i of `positive` belongs to row i of `query`; the others are its negatives. A batch of one has none: its
    /// loss is 0.
    ///
    /// # Shapes
    /// - query, positive: `[batch, dim]`
    /// - output: `[1]`; with [`Reduction::None`] `[batch]`, or `[2 * batch]` where symmetric, queries first
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::Shape`], [`Error::DType`] or [`Error::Device`] where positive is not like query.
    pub fn forward(&self, query: Tensor<2>, positive: Tensor<2>) -> Result<Tensor<1>, Error> {
        check::filled("query", &query)?;
        check::alike("positive", &query, &positive)?;
        let similarity = unit_rows(wide(query)).matmul(unit_rows(wide(positive)).transpose());
        let forth = self.terms(similarity.clone(), Pairs::one_positive_each);
        Ok(self.reduce(forth, || self.terms(similarity.transpose(), Pairs::one_positive_each)))
    }

    /// Row i of `positive` belongs to row i of `query`; all rows of `negatives`, and no others, are negatives of
    /// each query. This is MoCo's loss where `negatives` are a queue, and lightly's `NTXentLoss` with a memory bank.
    /// Gradients reach the negatives unless they are detached.
    ///
    /// # Shapes
    /// - query, positive: `[batch, dim]`
    /// - negatives: `[count, dim]`
    /// - output: `[1]`; with [`Reduction::None`] `[batch]`, or `[2 * batch]` where symmetric, queries first
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::Shape`], [`Error::DType`] or [`Error::Device`] where arguments do not fit.
    pub fn forward_with_negatives(
        &self,
        query: Tensor<2>,
        positive: Tensor<2>,
        negatives: Tensor<2>,
    ) -> Result<Tensor<1>, Error> {
        check::filled("query", &query)?;
        check::alike("positive", &query, &positive)?;
        check::same_dim("negatives", &query, &negatives)?;
        let [query, positive, negatives] = [query, positive, negatives].map(|x| unit_rows(wide(x)));
        let to_positive = (query.clone() * positive.clone()).sum_dim(1);
        let against = |anchor: Tensor<2>| {
            let candidates = vec![to_positive.clone(), anchor.matmul(negatives.clone().transpose())];
            self.terms(Tensor::cat(candidates, 1), Pairs::first_is_positive)
        };
        Ok(self.reduce(against(query), || against(positive)))
    }

    fn terms(&self, similarity: Tensor<2>, pairs: impl Fn(&Tensor<2>) -> Pairs) -> Terms {
        let [rows, _] = similarity.dims();
        let pairs = pairs(&similarity);
        let losses = self.config.denominator.losses(similarity, pairs, self.config.temperature);
        let (losses, valid) = losses.of_anchors();
        Terms { losses, valid, rows }
    }

    fn reduce(&self, forth: Terms, back: impl FnOnce() -> Terms) -> Tensor<1> {
        if !self.config.symmetric {
            return self.config.reduction.apply(forth);
        }
        let back = back();
        self.config.reduction.apply(Terms {
            losses: Tensor::cat(vec![forth.losses, back.losses], 0),
            valid: Tensor::cat(vec![forth.valid, back.valid], 0),
            rows: forth.rows + back.rows,
        })
    }
}
