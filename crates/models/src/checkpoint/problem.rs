//! What can be wrong with a checkpoint.

use crate::Error;

/// What is wrong with a checkpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointProblem {
    /// It is a folder, a pipe or the like.
    #[error("not a regular file")]
    NotAFile,
    /// It is no safetensors file, not a whole one, or one whose header contradicts itself.
    #[error("not a whole safetensors file: {0}")]
    Format(safetensors::SafeTensorError),
    /// It has no card of ours in its metadata.
    #[error("safetensors, but without a model card of soundalike in its metadata")]
    NoCard,
    /// It was written by a later version.
    #[error("its format is {got}; this version reads {expected}")]
    Version {
        /// The format that is read.
        expected: u32,
        /// What the file says.
        got: String,
    },
    /// Its card is no JSON, or not that of a card.
    #[error("its card: {0}")]
    Card(serde_json::Error),
    /// Its card describes a network or a front end that cannot be.
    #[error("its card: {0}")]
    Setting(#[source] Box<Error>),
    /// A tensor of the network that its card describes is not there.
    #[error("the tensor {tensor} is missing")]
    Missing {
        /// The tensor.
        tensor: String,
    },
    /// A tensor that the network which its card describes does not have.
    #[error("the network has no tensor {tensor}")]
    Unexpected {
        /// The tensor.
        tensor: String,
    },
    /// A tensor of another type.
    #[error("the tensor {tensor} is {got}, F32 expected")]
    Dtype {
        /// The tensor.
        tensor: String,
        /// Its type.
        got: String,
    },
    /// A tensor of another shape.
    #[error("the tensor {tensor} is {got:?}, {expected:?} expected")]
    Shape {
        /// The tensor.
        tensor: String,
        /// The shape that the network has.
        expected: Vec<usize>,
        /// The shape in the file.
        got: Vec<usize>,
    },
    /// A weight that is not finite, or a running variance below zero.
    #[error("the tensor {tensor} holds {value}")]
    Value {
        /// The tensor.
        tensor: String,
        /// The value.
        value: f32,
    },
}
