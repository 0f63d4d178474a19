//! What can go wrong.

use std::path::PathBuf;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A configuration is not YAML, or not one of ours; the message names line and key.
    #[error("{}: {message}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Line, column and key.
        message: String,
    },
    /// A setting that cannot be.
    #[error("{name} is {got}; it must be {allowed}")]
    Setting {
        /// The section and key, as in the configuration.
        name: &'static str,
        /// What it is.
        got: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// An objective that the model cannot be trained with.
    #[error("a model of kind {model} cannot be trained with the objective {objective}; it takes {allowed}")]
    Objective {
        /// Kind of the model.
        model: &'static str,
        /// Kind of the objective.
        objective: &'static str,
        /// The objectives it takes.
        allowed: &'static str,
    },
    /// Too few tracks, or too few that can be told apart.
    #[error("{what}: {got} found, at least {expected} needed")]
    TooFew {
        /// Of what.
        what: &'static str,
        /// How many there are.
        got: usize,
        /// How many are needed.
        expected: usize,
    },
    /// Recordings at another sample rate than the front end's.
    #[error("the recordings are at {got} Hz; the front end takes {expected} Hz")]
    SampleRate {
        /// Of the recordings.
        got: u32,
        /// Of the front end.
        expected: u32,
    },
    /// The loss is no number. The last good checkpoint is kept.
    #[error(
        "the loss of step {step} is not finite; the checkpoint of step {kept} is kept. A lower learning rate may help"
    )]
    NotFinite {
        /// The step.
        step: usize,
        /// The step of the state that is kept.
        kept: usize,
    },
    /// A training state that is damaged or belongs to another training.
    #[error("{}: {what}", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Where a table of metadata is wrong.
    #[error("{}: {what}", path.display())]
    Metadata {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line.
        what: String,
    },
    /// A scorer that does not keep its word.
    #[error("a scorer gave {got} {what}, {expected} expected")]
    Scorer {
        /// Of what.
        what: &'static str,
        /// How many there are.
        got: usize,
        /// How many there should be.
        expected: usize,
    },
    /// A worker that prepares batches ended.
    #[error("a worker that prepares batches ended unexpectedly")]
    Worker,
    /// From the model.
    #[error(transparent)]
    Model(#[from] soundalike_models::Error),
    /// From the loss.
    #[error(transparent)]
    Loss(#[from] soundalike_losses::Error),
    /// From the augmentation.
    #[error(transparent)]
    Augment(#[from] soundalike_augment::Error),
    /// From the front end.
    #[error(transparent)]
    Features(#[from] soundalike_features::Error),
    /// From the evaluation.
    #[error(transparent)]
    Eval(#[from] soundalike_eval::Error),
    /// From reading audio.
    #[cfg(feature = "audio")]
    #[error(transparent)]
    Audio(#[from] soundalike_audio::Error),
}

impl Error {
    /// For `map_err` on what the system does with `path`.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
