//! What a network is made of.

mod kinds;
mod shape;
mod tagged;

use serde::{Deserialize, Serialize};

pub use self::kinds::{AutoencoderConfig, GenreConfig, IdentifyConfig, SiameseConfig, SimclrConfig};
pub use self::shape::InputShape;
use crate::Error;

/// How a block halves its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Downsampling {
    /// 2 x 2 max pooling after the convolution; an odd last row or column is dropped.
    #[default]
    MaxPool,
    /// A convolution of stride 2 and no pooling: about a fifth of the arithmetic.
    Stride,
}

/// What becomes of the last block's output, `[channel x band x frame]`, before the linear layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Pooling {
    /// All of it: the place in time counts.
    Flatten,
    /// Mean over frames of each channel and band: a change of tempo moves little.
    TimeMean,
    /// Mean and maximum over frames of each channel and band.
    TimeMeanMax,
    /// Mean over bands and frames of each channel: pitch counts only as far as the channels hear it.
    Mean,
    /// Mean and maximum over bands and frames of each channel.
    MeanMax,
}

impl Pooling {
    /// Values for `channels` of `bands` x `frames`.
    pub(crate) fn width(self, channels: usize, [bands, frames]: [usize; 2]) -> usize {
        match self {
            Self::Flatten => channels * bands * frames,
            Self::TimeMean => channels * bands,
            Self::TimeMeanMax => 2 * channels * bands,
            Self::Mean => channels,
            Self::MeanMax => 2 * channels,
        }
    }
}

/// How weights start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Initialization {
    /// He et al. 2015: normal, with variance 2 / fan-in before a ReLU and 1 / fan-in elsewhere.
    #[default]
    Kaiming,
    /// Glorot and Bengio 2010: uniform, with variance 2 / (fan-in + fan-out).
    Xavier,
}

/// A network: its kind, and the settings of that kind. In YAML and JSON, `kind` stands beside the settings.
///
/// ```
/// use soundalike_models::{ModelConfig, SiameseConfig};
///
/// let config: ModelConfig = serde_json::from_str(r#"{"kind": "siamese", "embedding_dim": 64}"#)?;
/// assert_eq!(config, ModelConfig::Siamese(SiameseConfig::new().with_embedding_dim(64)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ModelConfig {
    /// Says of two clips whether they are the same recording.
    Siamese(SiameseConfig),
    /// Embeddings for contrastive losses, with a projection head for training.
    Simclr(SimclrConfig),
    /// Rebuilds the spectrogram; the bottleneck is the embedding.
    Autoencoder(AutoencoderConfig),
    /// Says of a clip which class it is of.
    Genre(GenreConfig),
    /// Short embeddings of about a second, to find a recording by.
    Identify(IdentifyConfig),
}

/// What all kinds have in common.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EncoderConfig {
    pub(crate) channels: Vec<usize>,
    pub(crate) downsampling: Downsampling,
    pub(crate) pooling: Pooling,
    pub(crate) embedding_dim: usize,
    pub(crate) dropout: f64,
    pub(crate) initialization: Initialization,
    pub(crate) normalize: bool,
}

impl ModelConfig {
    /// The kind's name in a configuration.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Siamese(_) => "siamese",
            Self::Simclr(_) => "simclr",
            Self::Autoencoder(_) => "autoencoder",
            Self::Genre(_) => "genre",
            Self::Identify(_) => "identify",
        }
    }

    /// Components of an embedding.
    #[must_use]
    pub fn embedding_dim(&self) -> usize {
        self.encoder().embedding_dim
    }

    pub(crate) fn encoder(&self) -> EncoderConfig {
        match self {
            Self::Siamese(config) => config.encoder(),
            Self::Simclr(config) => config.encoder(),
            Self::Autoencoder(config) => config.encoder(),
            Self::Genre(config) => config.encoder(),
            Self::Identify(config) => config.encoder(),
        }
    }

    /// Checks each setting, and that the blocks fit an input of this shape.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the setting; [`Error::TooSmall`] for more blocks than the input allows.
    pub fn check(&self, shape: InputShape) -> Result<(), Error> {
        let encoder = self.encoder();
        shape.check()?;
        if !(1..=8).contains(&encoder.channels.len()) {
            return Err(Error::setting("channels", format!("{:?}", encoder.channels), "a list of 1 to 8"));
        }
        if encoder.channels.iter().any(|n| !(1..=4096).contains(n)) {
            return Err(Error::setting("channels", format!("{:?}", encoder.channels), "1 to 4,096 each"));
        }
        let width = |name, value: usize, allowed| {
            if (1..=65_536).contains(&value) { Ok(()) } else { Err(Error::setting(name, value, allowed)) }
        };
        width("embedding_dim", encoder.embedding_dim, "1 to 65,536")?;
        if !(0.0..1.0).contains(&encoder.dropout) {
            return Err(Error::setting("dropout", encoder.dropout, "0 or more, under 1"));
        }
        match self {
            Self::Siamese(config) if config.head_hidden > 65_536 => {
                return Err(Error::setting("head_hidden", config.head_hidden, "0 to 65,536"));
            }
            Self::Simclr(config) => {
                width("projection_hidden", config.projection_hidden, "1 to 65,536")?;
                width("projection_dim", config.projection_dim, "1 to 65,536")?;
            }
            Self::Genre(config) => {
                width("classes", config.classes, "1 to 65,536 (a training takes it from its labels)")?;
            }
            _ => {}
        }
        shape.stages(encoder.channels.len(), encoder.downsampling)?;
        Ok(())
    }
}
