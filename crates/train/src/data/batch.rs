//! What the network is given.

use soundalike_augment::Edit;

/// Where a pair of views was cut.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Item {
    /// Index of the recording.
    pub track: usize,
    /// First sample of the first view.
    pub start: usize,
    /// First sample, in the recording, of what the second view was made from.
    pub second_start: usize,
    /// The edits of both views; `None` is the clip as it is.
    pub edits: [Option<Edit>; 2],
}

/// Views of `items.len()` clips.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Batch {
    /// The first view of each item: `[items x n_mels x frames]`, row by row.
    pub first: Vec<f32>,
    /// The second view of each.
    pub second: Vec<f32>,
    /// Where they were cut.
    pub items: Vec<Item>,
    /// Number of the piece of each item: items of one piece are never told to be different.
    pub pieces: Vec<usize>,
    /// The label of each item; 0 where none are needed.
    pub labels: Vec<usize>,
    /// Silent clips that were drawn and left.
    pub silent: usize,
}
