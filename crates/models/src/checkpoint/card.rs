//! What a model says about itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ClipFrontEndConfig, Error, ModelConfig};

/// How much training a model had.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Trained {
    /// Steps of the optimiser.
    pub steps: usize,
    /// Clips heard, with repetitions.
    pub clips: usize,
    /// Seconds it took.
    pub seconds: f64,
    /// The machine, in words.
    pub machine: String,
}

/// From a raw score to a probability: `1 / (1 + exp(-(slope * score + intercept)))`.
///
/// The raw score is the Siamese head's logit, for other kinds the cosine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Factor of the score.
    pub slope: f64,
    /// Added to it.
    pub intercept: f64,
}

/// What a model says about itself: enough to use it, and to judge it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Card {
    /// The model's name: letters, digits and `_`.
    pub name: String,
    /// The network.
    pub model: ModelConfig,
    /// What its input is made by.
    pub front_end: ClipFrontEndConfig,
    /// Hash of what it was trained on.
    #[serde(default)]
    pub data_hash: String,
    /// Figures, by name.
    #[serde(default)]
    pub metrics: BTreeMap<String, f64>,
    /// Licences of what it was trained on.
    #[serde(default)]
    pub licences: Vec<String>,
    /// What it is, in words.
    #[serde(default)]
    pub description: String,
    /// Revision of the code that trained it.
    #[serde(default)]
    pub revision: String,
    /// How much training it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained: Option<Trained>,
    /// Names of the classes, for a genre model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Whether embeddings are given with length one.
    pub normalize: bool,
    /// From scores of pairs to probabilities; without it, the sigmoid of [`Model::pair_logits`](crate::Model::pair_logits).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// The probability from which a pair counts as the same recording, chosen on validation data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
}

impl Card {
    /// A card with a name, a network and a front end; nothing is known about the rest.
    ///
    /// Embeddings are given with length one, but for a Siamese network, whose head needs their length.
    #[must_use]
    pub fn new(name: impl Into<String>, model: ModelConfig, front_end: ClipFrontEndConfig) -> Self {
        let normalize = !matches!(model, ModelConfig::Siamese(_));
        Self {
            name: name.into(),
            model,
            front_end,
            data_hash: String::new(),
            metrics: BTreeMap::new(),
            licences: Vec::new(),
            description: String::new(),
            revision: String::new(),
            trained: None,
            labels: Vec::new(),
            normalize,
            calibration: None,
            threshold: None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if self.name.is_empty() || self.name.len() > 100 || !self.name.chars().all(good) {
            return Err(Error::setting("name", format!("{:?}", self.name), "1 to 100 letters, digits and _"));
        }
        if let Some(Calibration { slope, intercept }) = self.calibration
            && !(slope.is_finite() && intercept.is_finite())
        {
            return Err(Error::setting("calibration", format!("{slope}, {intercept}"), "two finite numbers"));
        }
        match &self.model {
            ModelConfig::Genre(genre) if !self.labels.is_empty() && self.labels.len() != genre.classes => {
                Err(Error::setting("labels", self.labels.len(), "as many as the model has classes, or none"))
            }
            _ => Ok(()),
        }
    }
}
