//! What a training run is: three sections, model, training and data, in YAML or in code.

mod data;
mod training;

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use soundalike_augment::{Sources, Waveform};
use soundalike_models::{ClipFrontEnd, ModelConfig};

pub use self::data::{
    DataConfig, EditPreset, EditsConfig, FrontEndPreset, FrontEndSection, LabelKind, ViewKind,
};
pub use self::training::{Negatives, Objective, Schedule, TrainingConfig, TripletMining};
use crate::Error;

/// A whole training run.
///
/// ```
/// use soundalike_train::TrainConfig;
///
/// let config = TrainConfig::from_yaml("
/// model:
///   kind: siamese
/// training:
///   objective: {kind: pairs}
///   steps: 400
/// data:
///   front_end: {preset: clip_22050_3s}
/// ")?;
/// assert_eq!(config.training.steps, 400);
/// # Ok::<(), soundalike_train::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TrainConfig {
    /// The network.
    pub model: ModelConfig,
    /// The objective, how long and how fast.
    pub training: TrainingConfig,
    /// What it is trained on.
    pub data: DataConfig,
}

impl TrainConfig {
    /// A run of these three sections.
    #[must_use]
    pub fn new(model: ModelConfig, training: TrainingConfig, data: DataConfig) -> Self {
        Self { model, training, data }
    }

    /// Reads YAML.
    ///
    /// # Errors
    /// [`Error::Config`] naming line and key for what is no YAML, an unknown key, a missing section or a value of
    /// another type; the errors of [`check`](Self::check).
    pub fn from_yaml(yaml: &str) -> Result<Self, Error> {
        Self::parse(yaml, Path::new("configuration"))
    }

    /// Reads a YAML file.
    ///
    /// # Errors
    /// [`Error::Io`], and as [`from_yaml`](Self::from_yaml).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let yaml = std::fs::read_to_string(path).map_err(Error::io(path))?;
        Self::parse(&yaml, path)
    }

    fn parse(yaml: &str, path: &Path) -> Result<Self, Error> {
        let config: Self = serde_saphyr::from_str(yaml)
            .map_err(|e| Error::Config { path: path.to_owned(), message: e.to_string() })?;
        config.check()?;
        Ok(config)
    }

    /// The configuration in YAML.
    ///
    /// # Errors
    /// [`Error::Config`] if it cannot be written, which no configuration that was read does.
    pub fn to_yaml(&self) -> Result<String, Error> {
        serde_saphyr::to_string(self)
            .map_err(|e| Error::Config { path: "configuration".into(), message: e.to_string() })
    }

    /// Checks each setting, and that model and objective go together.
    ///
    /// # Errors
    /// [`Error::Setting`], [`Error::Objective`], and those of the front end.
    pub fn check(&self) -> Result<(), Error> {
        self.training.check()?;
        self.data.check()?;
        self.objective_fits()?;
        let front_end = ClipFrontEnd::new(&self.data.front_end.build()?)?;
        // A genre head gets its classes from the labels.
        self.model_with_classes(2).check(front_end.shape())?;
        // Refuses what the edits cannot be; the noise and rooms that they are given come later.
        let any = Sources::new(vec![Arc::from([1.0])], vec![Arc::from([1.0])]);
        Waveform::new(&self.data.edits.build(), front_end.sample_rate(), any)?;
        Ok(())
    }

    /// The network's settings, with as many classes as there are labels.
    pub(crate) fn model_with_classes(&self, classes: usize) -> ModelConfig {
        match &self.model {
            ModelConfig::Genre(genre) if classes > 0 => {
                ModelConfig::Genre(genre.clone().with_classes(classes))
            }
            other => other.clone(),
        }
    }

    fn objective_fits(&self) -> Result<(), Error> {
        let (model, allowed) = match &self.model {
            ModelConfig::Siamese(_) => ("siamese", "pairs, contrastive or triplet"),
            ModelConfig::Simclr(_) => ("simclr", "nt_xent, info_nce, sup_con, contrastive or triplet"),
            ModelConfig::Autoencoder(_) => ("autoencoder", "reconstruction"),
            ModelConfig::Genre(_) => ("genre", "classification"),
            ModelConfig::Identify(_) => ("identify", "nt_xent, info_nce or sup_con"),
            _ => return Ok(()),
        };
        let objective = self.training.objective.name();
        if allowed.split([' ', ',']).any(|name| name == objective) {
            return Ok(());
        }
        Err(Error::Objective { model, objective, allowed })
    }
}
