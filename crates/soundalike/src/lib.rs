#![cfg_attr(feature = "audio", doc = include_str!("../README.md"))]
#![cfg_attr(not(feature = "audio"), doc = "Identify a recording from a clip.")]

mod embedder;
mod error;
mod identify;
#[cfg(feature = "audio")]
mod ingest;
mod library;

pub use embedder::{Embedder, EmbedderId, MfccEmbedder, MfccEmbedderConfig, Standardization};
#[cfg(feature = "model")]
pub use embedder::{ModelEmbedder, ModelEmbedderConfig};
pub use error::Error;
pub use identify::{Answer, Candidate, ClipEmbedding, DEFAULT_THRESHOLD, Identifier, IdentifyOptions};
#[cfg(feature = "audio")]
pub use ingest::{FileNote, IngestObserver, IngestOptions, IngestReport, MusicFolder, hash_file};
pub use library::{CATALOG_FILE, INDEX_FILE, IndexSource, Library};
#[cfg(feature = "audio")]
pub use soundalike_audio as audio;
#[cfg(feature = "model")]
pub use soundalike_models as models;
pub use {soundalike_catalog as catalog, soundalike_eval as eval};
pub use {soundalike_features as features, soundalike_index as index};
