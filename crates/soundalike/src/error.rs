//! What can go wrong.

use std::path::PathBuf;

use crate::EmbedderId;

/// Errors of the facade; those of the crates below keep their own types inside.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading audio or a folder failed.
    #[cfg(feature = "audio")]
    #[error(transparent)]
    Audio(#[from] soundalike_audio::Error),
    /// The catalog failed.
    #[error(transparent)]
    Catalog(#[from] soundalike_catalog::Error),
    /// The index, or its file, failed.
    #[error(transparent)]
    Index(#[from] soundalike_index::Error),
    /// The library's index file is not one of ours or not of this version, or its bytes were changed. It is left as
    /// it is.
    #[error("{source} (an index is a cache of the catalog: delete this file, and it is made again)")]
    UnusableIndexFile {
        /// What is wrong with it, with its path.
        source: soundalike_index::Error,
    },
    /// A model failed, or its checkpoint cannot be used.
    #[cfg(feature = "model")]
    #[error(transparent)]
    Model(#[from] soundalike_models::Error),
    /// Computing features failed.
    #[error(transparent)]
    Features(#[from] soundalike_features::Error),
    /// A file operation on `path` failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A folder holds no file that could be audio.
    #[error("{}: no audio files here (wav, mp3, ogg, flac, aiff, m4a ...){}", folder.display(), also_skipped(*skipped))]
    NoAudio {
        /// The folder.
        folder: PathBuf,
        /// Entries that could not be looked at.
        skipped: usize,
    },
    /// A folder holds audio files, but not one could be used.
    #[error("{}: none of {found} audio files can be used; the first: {first}", folder.display())]
    NothingUsable {
        /// The folder.
        folder: PathBuf,
        /// Candidate files found.
        found: usize,
        /// The first file with its reason.
        first: String,
    },
    /// Fewer samples than the embedder needs.
    #[error("{got} samples are too few: at least {expected} are needed")]
    TooShort {
        /// Samples given.
        got: usize,
        /// Samples needed.
        expected: usize,
    },
    /// A query holds nothing but silence.
    #[error("the query is silent (below {limit_dbfs} dBFS throughout)")]
    SilentQuery {
        /// Level below which audio counts as silent.
        limit_dbfs: f64,
    },
    /// Figures for standardising do not fit.
    #[error("standardisation: {what}")]
    Standardization {
        /// What is wrong.
        what: &'static str,
    },
    /// An embedder made a vector that cannot be searched.
    #[error("a vector of {embedder} {what}")]
    BadVector {
        /// The embedder.
        embedder: EmbedderId,
        /// What is wrong with the vector.
        what: &'static str,
    },
    /// Vectors of two embedders were to be compared.
    #[error("vectors of {got} cannot be compared with those of {expected}")]
    OtherEmbedder {
        /// The embedder of the library.
        expected: EmbedderId,
        /// The embedder of the clip.
        got: EmbedderId,
    },
    /// A setting is out of range.
    #[error("{name} is {got}: {allowed}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its value.
        got: f64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// The library holds no vectors of this embedder.
    #[error("{}: the library holds nothing that {embedder} can search", library.display())]
    EmptyLibrary {
        /// The library's folder.
        library: PathBuf,
        /// The embedder asked for.
        embedder: EmbedderId,
    },
}

fn also_skipped(n: usize) -> String {
    if n == 0 { String::new() } else { format!(", and {n} entries could not be read") }
}
