//! What can go wrong.

use std::path::PathBuf;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting that cannot be.
    #[error("{name} is {got}; it must be {allowed}")]
    Setting {
        /// The setting, as in a configuration.
        name: &'static str,
        /// What it is.
        got: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// More blocks that halve their input than the input has rows or columns for.
    #[error(
        "channels: block {block} of {blocks} would halve {height} bands x {width} frames to nothing; \
         use fewer blocks, more bands or longer clips"
    )]
    TooSmall {
        /// The block, counted from 1.
        block: usize,
        /// How many there are.
        blocks: usize,
        /// Rows of the block's input.
        height: usize,
        /// Columns of the block's input.
        width: usize,
    },
    /// A model of another kind was asked.
    #[error("a model of kind {got} cannot {asked}; one of kind {expected} can")]
    WrongKind {
        /// What it was asked to do.
        asked: &'static str,
        /// The kind that can.
        expected: &'static str,
        /// The kind it is.
        got: &'static str,
    },
    /// Another number of samples than the front end takes.
    #[error("{got} samples, {expected} expected")]
    Samples {
        /// Samples needed.
        expected: usize,
        /// Samples given.
        got: usize,
    },
    /// Vectors of another length than the model's.
    #[error("a vector of {got} components, {expected} expected")]
    Dimension {
        /// Components of the model's vectors.
        expected: usize,
        /// Components given.
        got: usize,
    },
    /// The network's answer is not finite.
    #[error("the network's answer is not finite")]
    NotFinite,
    /// A state to resume from that does not belong to this model.
    #[error("a saved state does not belong to this model: {what}")]
    State {
        /// What is wrong with it.
        what: String,
    },
    /// A checkpoint that cannot be used.
    #[error("{}: {problem}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: crate::CheckpointProblem,
    },
    /// A device that this build does not have.
    #[error(
        "no device {name:?} in this build; it has {available:?}, others by Cargo features (flex, ndarray, wgpu)"
    )]
    Device {
        /// The name.
        name: String,
        /// The names of those that it has.
        available: &'static [&'static str],
    },
    /// No graphics adapter that wgpu can use.
    #[error("wgpu finds no graphics adapter on this machine")]
    NoAdapter,
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// From the front end.
    #[error(transparent)]
    Features(#[from] soundalike_features::Error),
}

impl Error {
    /// For `map_err` on what the system does with `path`.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn setting(name: &'static str, got: impl ToString, allowed: &'static str) -> Self {
        Self::Setting { name, got: got.to_string(), allowed }
    }
}
