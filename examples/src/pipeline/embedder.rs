//! What makes the vectors: MFCCs, or a trained model.

use std::path::Path;
use std::sync::Arc;

use soundalike::{DEFAULT_THRESHOLD, Embedder, MfccEmbedder, MfccEmbedderConfig};

use crate::cli::Outcome;

/// An embedder with what goes with it.
pub struct Chosen {
    /// The embedder.
    pub embedder: Arc<dyn Embedder>,
    /// What it is, in words.
    pub what: String,
    /// Cosine distance below which the nearest song is called a match, unless told otherwise: for MFCCs 0.3, for a
    /// model the figure `match_distance` of its card, or 0.3 where there is none.
    pub threshold: f64,
}

/// MFCCs, or the model of a checkpoint.
///
/// # Errors
/// For a checkpoint that cannot be used, and for any in a build without the feature `model`.
pub fn choose(model: Option<&Path>) -> Outcome<Chosen> {
    let Some(path) = model else {
        return Ok(Chosen {
            embedder: Arc::new(MfccEmbedder::new(&MfccEmbedderConfig::default())?),
            what: "means of 20 MFCCs over a chunk, standardised with fixed figures that are part of the id"
                .to_owned(),
            threshold: DEFAULT_THRESHOLD,
        });
    };
    trained(path)
}

#[cfg(feature = "model")]
fn trained(path: &Path) -> Outcome<Chosen> {
    use soundalike::{ModelEmbedder, ModelEmbedderConfig};
    let embedder = ModelEmbedder::open(path, "flex", &ModelEmbedderConfig::default())?;
    let card = embedder.model().card();
    let what = format!("embeddings of the {} model {}: {}", card.model.kind(), card.name, card.description);
    let threshold = card.metrics.get("match_distance").copied().filter(|d| (0.0..=2.0).contains(d));
    Ok(Chosen {
        what: what.trim_end_matches([':', ' ']).to_owned(),
        threshold: threshold.unwrap_or(DEFAULT_THRESHOLD),
        embedder: Arc::new(embedder),
    })
}

#[cfg(not(feature = "model"))]
fn trained(path: &Path) -> Outcome<Chosen> {
    Err(format!("--model {}: this build has no models; add --features model before the --", path.display())
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mfcc_unless_told_otherwise() {
        let chosen = choose(None).unwrap();
        assert!(chosen.embedder.id().as_str().starts_with("mfcc20-") && chosen.what.contains("MFCC"));
        assert_eq!(chosen.threshold, DEFAULT_THRESHOLD);
    }

    #[cfg(not(feature = "model"))]
    #[test]
    fn a_build_without_models_says_which_feature() {
        let error = choose(Some(Path::new("x.safetensors"))).err().unwrap().to_string();
        assert!(error.contains("--model x.safetensors") && error.contains("--features model"), "{error}");
    }
}
