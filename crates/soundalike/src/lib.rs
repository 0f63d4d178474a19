#![doc = include_str!("../README.md")]

mod embedder;
mod error;
mod identify;
mod ingest;
mod library;

pub use embedder::{Embedder, EmbedderId, MfccEmbedder, MfccEmbedderConfig, Standardization};
pub use error::Error;
pub use identify::{Answer, Candidate, ClipEmbedding, DEFAULT_THRESHOLD, Identifier, IdentifyOptions};
pub use ingest::{FileNote, IngestObserver, IngestOptions, IngestReport, MusicFolder};
pub use library::{CATALOG_FILE, INDEX_FILE, IndexSource, Library};
pub use {soundalike_audio as audio, soundalike_catalog as catalog, soundalike_eval as eval};
pub use {soundalike_features as features, soundalike_index as index};
