//! Models as files.

mod card;

pub use self::card::{Calibration, Card, Trained};

/// What is wrong with a checkpoint.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointProblem {
    /// It is no safetensors file, or not a whole one.
    #[error("not a whole safetensors file: {0}")]
    Format(String),
}
