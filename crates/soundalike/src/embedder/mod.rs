//! What turns a stretch of audio into a vector, and the name under which its vectors are kept.

mod mfcc;
#[cfg(feature = "model")]
mod model;

use std::fmt;

pub use mfcc::{MfccEmbedder, MfccEmbedderConfig, Standardization};
#[cfg(feature = "model")]
pub use model::{ModelEmbedder, ModelEmbedderConfig};
use soundalike_features::ChunkConfig;

use crate::Error;

/// Name of an embedder together with a hash of every parameter that its vectors depend on.
///
/// Vectors of different ids are never compared: a catalog keeps them apart by this name, and an index file that
/// carries another id is not used.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmbedderId(String);

impl EmbedderId {
    /// The id of an embedder called `name` (letters, digits, `_`) whose parameters and weights are `parameters`,
    /// written in any fixed way.
    #[must_use]
    pub fn new(name: &str, parameters: &[u8]) -> Self {
        Self(format!("{name}-{:016x}", xxhash_rust::xxh3::xxh3_64(parameters)))
    }

    /// The id as it stands in a catalog's `model_name` and in an index file.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EmbedderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Turns mono audio into vectors of one length.
pub trait Embedder: Send + Sync {
    /// Name and parameter hash.
    fn id(&self) -> &EmbedderId;

    /// Components of a vector.
    fn dim(&self) -> usize;

    /// Sample rate in Hz at which [`embed`](Embedder::embed) expects its audio.
    fn sample_rate(&self) -> u32;

    /// How a recording is cut into the stretches that are embedded, in samples.
    fn chunks(&self) -> &ChunkConfig;

    /// The fewest samples that can be embedded.
    fn min_samples(&self) -> usize;

    /// The vector of `samples`, mono at [`sample_rate`](Embedder::sample_rate); normally one chunk, but any length
    /// from [`min_samples`](Embedder::min_samples) on. It has [`dim`](Embedder::dim) components, all finite and not
    /// all zero; anything else makes a file unusable and a clip an error, [`Error::BadVector`].
    ///
    /// # Errors
    /// [`Error::TooShort`] below `min_samples`; [`Error::Features`] for samples that are not finite.
    fn embed(&self, samples: &[f32]) -> Result<Vec<f32>, Error>;
}

/// Root mean square of `samples` in dB relative to full scale; minus infinity for silence and for no samples.
fn level_dbfs(samples: &[f32]) -> f64 {
    let power =
        samples.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / samples.len().max(1) as f64;
    10.0 * power.log10()
}

/// Chunks quieter than this are not embedded: every silence resembles every other.
pub(crate) const SILENCE_DBFS: f64 = -80.0;

/// Embeds, and holds the embedder to its word: one bad vector must not spoil a catalog or an index.
pub(crate) fn embed_checked(embedder: &dyn Embedder, samples: &[f32]) -> Result<Vec<f32>, Error> {
    let vector = embedder.embed(samples)?;
    let bad = |what| Err(Error::BadVector { embedder: embedder.id().clone(), what });
    match vector.len() {
        n if n != embedder.dim() => bad("has another length than the embedder says"),
        _ if vector.iter().any(|x| !x.is_finite()) => bad("has a component that is not finite"),
        _ if vector.iter().all(|x| *x == 0.0) => bad("is zero and has no direction"),
        _ => Ok(vector),
    }
}

/// Whether `samples` are too quiet to be embedded. Samples that are not finite are not silence: embedding them is the
/// error that says so.
pub(crate) fn is_silent(samples: &[f32]) -> bool {
    level_dbfs(samples) < SILENCE_DBFS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_depends_on_name_and_parameters() {
        let id = EmbedderId::new("mfcc", b"a");
        assert_eq!(id, EmbedderId::new("mfcc", b"a"));
        assert_ne!(id, EmbedderId::new("mfcc", b"b"));
        assert_ne!(id, EmbedderId::new("mfcd", b"a"));
        assert!(id.as_str().starts_with("mfcc-") && id.as_str().len() == 5 + 16);
    }

    #[test]
    fn levels() {
        assert!((level_dbfs(&[1.0, -1.0]) - 0.0).abs() < 1e-9);
        assert!((level_dbfs(&[0.1; 100]) + 20.0).abs() < 1e-4);
        assert_eq!(level_dbfs(&[0.0; 8]), f64::NEG_INFINITY);
        assert_eq!(level_dbfs(&[]), f64::NEG_INFINITY);
    }
}
