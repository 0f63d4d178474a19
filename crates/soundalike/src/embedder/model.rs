//! A trained model as an embedder.

use std::path::Path;

use soundalike_features::ChunkConfig;

use super::{Embedder, EmbedderId};
use crate::Error;

/// Parameters of [`ModelEmbedder`].
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ModelEmbedderConfig {
    /// Distance between the starts of neighbouring chunks, as a part of a chunk: over 0, at most 1. A chunk is a clip
    /// of the model. Default a third: for a model of 3 s, a vector a second.
    pub hop: f64,
}

impl Default for ModelEmbedderConfig {
    fn default() -> Self {
        Self { hop: 1.0 / 3.0 }
    }
}

impl ModelEmbedderConfig {
    /// Sets the distance between neighbouring chunks, as a part of a chunk.
    #[must_use]
    pub fn with_hop(mut self, hop: f64) -> Self {
        self.hop = hop;
        self
    }
}

/// The embeddings of a trained model, from a checkpoint (`soundalike-models`).
///
/// Its [`EmbedderId`] covers weights, network, front end and chunks: vectors of a model that was trained on are never
/// compared with those of before.
#[derive(Debug)]
pub struct ModelEmbedder {
    id: EmbedderId,
    model: soundalike_models::ModelEmbedder,
    chunks: ChunkConfig,
}

impl ModelEmbedder {
    /// Opens a checkpoint on a device, by its name (see [`device`](soundalike_models::device)).
    ///
    /// # Errors
    /// [`Error::Model`] for a file that cannot be used and a device that is not there; as [`new`](Self::new).
    pub fn open(
        checkpoint: impl AsRef<Path>,
        device: &str,
        config: &ModelEmbedderConfig,
    ) -> Result<Self, Error> {
        let device = soundalike_models::device(device)?;
        Self::new(soundalike_models::ModelEmbedder::open(checkpoint, &device)?, config)
    }

    /// An embedder of a model at hand.
    ///
    /// # Errors
    /// [`Error::Setting`] for a hop that is none.
    pub fn new(model: soundalike_models::ModelEmbedder, config: &ModelEmbedderConfig) -> Result<Self, Error> {
        let clip = model.clip_samples();
        let hop = (config.hop * clip as f64).round();
        if !(config.hop <= 1.0 && hop >= 1.0) {
            let allowed = "over 0, at most 1, and at least a sample";
            return Err(Error::Setting { name: "hop", got: config.hop, allowed });
        }
        let chunks = ChunkConfig::new(clip, hop as usize);
        let (name, mut parameters) = model.name_and_hash();
        parameters.extend(chunks.chunk_length.to_le_bytes());
        parameters.extend(chunks.hop_length.to_le_bytes());
        Ok(Self { id: EmbedderId::new(&name, &parameters), model, chunks })
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &soundalike_models::ModelEmbedder {
        &self.model
    }
}

impl Embedder for ModelEmbedder {
    fn id(&self) -> &EmbedderId {
        &self.id
    }

    fn dim(&self) -> usize {
        self.model.dim()
    }

    fn sample_rate(&self) -> u32 {
        self.model.sample_rate()
    }

    fn chunks(&self) -> &ChunkConfig {
        &self.chunks
    }

    fn min_samples(&self) -> usize {
        self.model.clip_samples()
    }

    fn embed(&self, samples: &[f32]) -> Result<Vec<f32>, Error> {
        self.model.embed(samples).map_err(|error| match error {
            soundalike_models::Error::Samples { expected, got } => Error::TooShort { got, expected },
            soundalike_models::Error::Features(error) => Error::Features(error),
            other => Error::Model(other),
        })
    }
}
