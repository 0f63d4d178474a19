//! The settings of each kind of network.

use serde::{Deserialize, Serialize};

use super::{Downsampling, EncoderConfig, Initialization, ModelConfig, Pooling};

/// What all kinds have in common.
macro_rules! settings {
    ($config:ident, $kind:ident, normalize: $normalize:expr) => {
        impl $config {
            /// The defaults.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }

            /// Sets the output channels of each block, and so the number of blocks.
            #[must_use]
            pub fn with_channels(mut self, channels: impl Into<Vec<usize>>) -> Self {
                self.channels = channels.into();
                self
            }

            /// Sets how a block halves its input.
            #[must_use]
            pub fn with_downsampling(mut self, downsampling: Downsampling) -> Self {
                self.downsampling = downsampling;
                self
            }

            /// Sets what goes into the embedding's linear layer.
            #[must_use]
            pub fn with_pooling(mut self, pooling: Pooling) -> Self {
                self.pooling = pooling;
                self
            }

            /// Sets the components of an embedding.
            #[must_use]
            pub fn with_embedding_dim(mut self, embedding_dim: usize) -> Self {
                self.embedding_dim = embedding_dim;
                self
            }

            /// Sets how likely each channel of each block's output is left out in training.
            #[must_use]
            pub fn with_dropout(mut self, dropout: f64) -> Self {
                self.dropout = dropout;
                self
            }

            /// Sets how weights start.
            #[must_use]
            pub fn with_initialization(mut self, initialization: Initialization) -> Self {
                self.initialization = initialization;
                self
            }

            pub(crate) fn encoder(&self) -> EncoderConfig {
                EncoderConfig {
                    channels: self.channels.clone(),
                    downsampling: self.downsampling,
                    pooling: self.pooling,
                    embedding_dim: self.embedding_dim,
                    dropout: self.dropout,
                    initialization: self.initialization,
                    normalize: $normalize,
                }
            }
        }

        impl From<$config> for ModelConfig {
            fn from(config: $config) -> Self {
                Self::$kind(config)
            }
        }
    };
}

/// One encoder for two clips; a small head of the absolute differences gives one logit.
///
/// By default the last block's output is pooled to mean and maximum over time of each channel and band: a change of
/// tempo moves little in it, and the bands keep apart what lies in treble and bass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct SiameseConfig {
    /// Output channels of each block; as many blocks as channels. Default 32, 64, 128, 256.
    pub channels: Vec<usize>,
    /// How a block halves its input. Default max pooling.
    pub downsampling: Downsampling,
    /// What goes into the embedding's linear layer. Default mean and maximum over time.
    pub pooling: Pooling,
    /// Components of an embedding. Default 128.
    pub embedding_dim: usize,
    /// How likely each channel of each block's output is left out in training. Default 0.1.
    pub dropout: f64,
    /// How weights start. Default Kaiming.
    pub initialization: Initialization,
    /// Values of the head's hidden layer; 0 for none. Default 64.
    pub head_hidden: usize,
}

impl Default for SiameseConfig {
    fn default() -> Self {
        Self {
            channels: vec![32, 64, 128, 256],
            downsampling: Downsampling::MaxPool,
            pooling: Pooling::TimeMeanMax,
            embedding_dim: 128,
            dropout: 0.1,
            initialization: Initialization::Kaiming,
            head_hidden: 64,
        }
    }
}

settings!(SiameseConfig, Siamese, normalize: false);

impl SiameseConfig {
    /// Sets [`head_hidden`](Self::head_hidden).
    #[must_use]
    pub fn with_head_hidden(mut self, head_hidden: usize) -> Self {
        self.head_hidden = head_hidden;
        self
    }
}

impl SiameseConfig {
    /// 64-component embeddings, meant for clips of 5 s
    /// ([`ClipFrontEndConfig::clip_22050_5s`](crate::ClipFrontEndConfig::clip_22050_5s)).
    #[must_use]
    pub fn embed_64() -> Self {
        Self::new().with_embedding_dim(64)
    }
}

/// An encoder and, for training alone, a projection head of two layers (SimCLR, Chen et al. 2020).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct SimclrConfig {
    /// Output channels of each block; as many blocks as channels. Default 64, 128, 256, 512.
    pub channels: Vec<usize>,
    /// How a block halves its input. Default max pooling.
    pub downsampling: Downsampling,
    /// What goes into the embedding's linear layer. Default mean and maximum over time.
    pub pooling: Pooling,
    /// Components of an embedding. Default 128.
    pub embedding_dim: usize,
    /// How likely each channel of each block's output is left out in training. Default 0.1.
    pub dropout: f64,
    /// How weights start. Default Kaiming.
    pub initialization: Initialization,
    /// Values of the projection head's hidden layer. Default 128.
    pub projection_hidden: usize,
    /// Components of a projection. Default 64.
    pub projection_dim: usize,
}

impl Default for SimclrConfig {
    fn default() -> Self {
        Self {
            channels: vec![64, 128, 256, 512],
            downsampling: Downsampling::MaxPool,
            pooling: Pooling::TimeMeanMax,
            embedding_dim: 128,
            dropout: 0.1,
            initialization: Initialization::Kaiming,
            projection_hidden: 128,
            projection_dim: 64,
        }
    }
}

settings!(SimclrConfig, Simclr, normalize: false);

impl SimclrConfig {
    /// Sets [`projection_hidden`](Self::projection_hidden).
    #[must_use]
    pub fn with_projection_hidden(mut self, projection_hidden: usize) -> Self {
        self.projection_hidden = projection_hidden;
        self
    }

    /// Sets [`projection_dim`](Self::projection_dim).
    #[must_use]
    pub fn with_projection_dim(mut self, projection_dim: usize) -> Self {
        self.projection_dim = projection_dim;
        self
    }
}

/// An encoder whose embedding a decoder rebuilds the spectrogram from.
///
/// The decoder has the encoder's blocks backwards, each after a nearest-neighbour enlargement to the size that the
/// encoder had there, so that the output has exactly the input's shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct AutoencoderConfig {
    /// Output channels of each block; as many blocks as channels. Default 16, 32, 64, 64.
    pub channels: Vec<usize>,
    /// How a block halves its input. Default max pooling.
    pub downsampling: Downsampling,
    /// What goes into the embedding's linear layer. Default all of it.
    pub pooling: Pooling,
    /// Components of an embedding. Default 128.
    pub embedding_dim: usize,
    /// How likely each channel of each block's output is left out in training. Default 0.0.
    pub dropout: f64,
    /// How weights start. Default Kaiming.
    pub initialization: Initialization,
}

impl Default for AutoencoderConfig {
    fn default() -> Self {
        Self {
            channels: vec![16, 32, 64, 64],
            downsampling: Downsampling::MaxPool,
            pooling: Pooling::Flatten,
            embedding_dim: 128,
            dropout: 0.0,
            initialization: Initialization::Kaiming,
        }
    }
}

settings!(AutoencoderConfig, Autoencoder, normalize: false);

/// An encoder with a linear layer to classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct GenreConfig {
    /// Output channels of each block; as many blocks as channels. Default 32, 64, 128, 256.
    pub channels: Vec<usize>,
    /// How a block halves its input. Default max pooling.
    pub downsampling: Downsampling,
    /// What goes into the embedding's linear layer. Default mean and maximum.
    pub pooling: Pooling,
    /// Components of an embedding. Default 128.
    pub embedding_dim: usize,
    /// How likely each channel of each block's output is left out in training. Default 0.1.
    pub dropout: f64,
    /// How weights start. Default Kaiming.
    pub initialization: Initialization,
    /// How many classes. Default 0: a training sets it from its labels, and no model is made of it.
    pub classes: usize,
}

impl Default for GenreConfig {
    fn default() -> Self {
        Self {
            channels: vec![32, 64, 128, 256],
            downsampling: Downsampling::MaxPool,
            pooling: Pooling::MeanMax,
            embedding_dim: 128,
            dropout: 0.1,
            initialization: Initialization::Kaiming,
            classes: 0,
        }
    }
}

settings!(GenreConfig, Genre, normalize: false);

impl GenreConfig {
    /// Sets [`classes`](Self::classes).
    #[must_use]
    pub fn with_classes(mut self, classes: usize) -> Self {
        self.classes = classes;
        self
    }
}

/// A compact encoder of about a second: convolutions of stride 2, embeddings of length one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct IdentifyConfig {
    /// Output channels of each block; as many blocks as channels. Default 32, 64, 128, 256, 256.
    pub channels: Vec<usize>,
    /// How a block halves its input. Default convolutions of stride 2.
    pub downsampling: Downsampling,
    /// What goes into the embedding's linear layer. Default all of it.
    pub pooling: Pooling,
    /// Components of an embedding. Default 128.
    pub embedding_dim: usize,
    /// How likely each channel of each block's output is left out in training. Default 0.0.
    pub dropout: f64,
    /// How weights start. Default Kaiming.
    pub initialization: Initialization,
}

impl Default for IdentifyConfig {
    fn default() -> Self {
        Self {
            channels: vec![32, 64, 128, 256, 256],
            downsampling: Downsampling::Stride,
            pooling: Pooling::Flatten,
            embedding_dim: 128,
            dropout: 0.0,
            initialization: Initialization::Kaiming,
        }
    }
}

settings!(IdentifyConfig, Identify, normalize: true);
