//! What can go wrong.

/// Everything this crate refuses, with the figures that made it refuse.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing to measure or draw.
    #[error("{what}: empty input")]
    Empty {
        /// What was empty.
        what: &'static str,
    },
    /// A cut-off of zero: "among the first 0" has no answer.
    #[error("k must be at least 1, got 0")]
    ZeroK,
    /// Ranks count from 1.
    #[error("rank {index}: ranks count from 1, got 0")]
    ZeroRank {
        /// Position of the rank in the input.
        index: usize,
    },
    /// The rank given to a missing item is better than a rank that was reached, so that missing
    /// would pay.
    #[error("the rank of a missing item must be at least {expected}, the worst rank present, got {got}")]
    PenaltyTooSmall {
        /// The worst rank in the input.
        expected: usize,
        /// The rank that was to stand for a missing item.
        got: usize,
    },
    /// Recall over a query with no relevant item at all.
    #[error("query {query}: recall needs at least one relevant item")]
    NothingRelevant {
        /// Position of the query in the input (0 where there is one query only).
        query: usize,
    },
    /// More relevant items were retrieved, or more trials succeeded, than there are.
    #[error("{what}: at most {expected} are possible, got {got}")]
    TooMany {
        /// What was counted.
        what: &'static str,
        /// The largest possible count.
        expected: u64,
        /// The count that was given.
        got: u64,
    },
    /// A value is NaN or infinite where a finite one is needed.
    #[error("{what} {index}: expected a finite number, got {got}")]
    NotFinite {
        /// What holds the value.
        what: &'static str,
        /// Position of the value.
        index: usize,
        /// The value.
        got: f64,
    },
    /// A parameter outside its range.
    #[error("{what}: expected {expected}, got {got}")]
    OutOfRange {
        /// The parameter.
        what: &'static str,
        /// The range in words.
        expected: &'static str,
        /// The value that was given.
        got: f64,
    },
    /// Two inputs that belong together have different lengths.
    #[error("{what}: expected {expected} values, got {got}")]
    LengthMismatch {
        /// The input whose length is wrong.
        what: &'static str,
        /// The length that fits the other input.
        expected: usize,
        /// Its length.
        got: usize,
    },
    /// Labels of one class only: there is nothing to tell apart.
    #[error("labels: expected both classes, all {n} are {got}")]
    OneClass {
        /// Number of labels.
        n: usize,
        /// What all of them are.
        got: bool,
    },
    /// A score that is to be a probability lies outside 0 to 1.
    #[error("probability {index}: expected 0 to 1, got {got}")]
    NotProbability {
        /// Position of the score.
        index: usize,
        /// The score.
        got: f64,
    },
    /// Fewer groups than parts: some part would stay empty.
    #[error("expected at least {expected} groups, one a part, got {got}")]
    TooFewGroups {
        /// Number of parts or folds.
        expected: usize,
        /// Number of groups.
        got: usize,
    },
    /// A group (a track, an artist) stands in two parts of a split: what is learned in one leaks into the other.
    #[error("{group:?} is in {first} and in {second}")]
    SharedGroup {
        /// The group.
        group: String,
        /// One part that holds it.
        first: String,
        /// Another part that holds it.
        second: String,
    },
    /// A picture too small to hold its labels, or too large to hold in memory.
    #[cfg(feature = "report")]
    #[error("picture size: expected {low} to {high} pixels a side, got {width} x {height}")]
    PictureSize {
        /// The smallest side.
        low: u32,
        /// The largest side.
        high: u32,
        /// The width that was asked for.
        width: u32,
        /// The height that was asked for.
        height: u32,
    },
    /// The PNG or SVG could not be produced.
    #[cfg(feature = "report")]
    #[error("the picture could not be encoded")]
    Encode {
        /// The encoder's own account.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A report could not be written; what stood at the path before still stands there.
    #[cfg(feature = "report")]
    #[error("cannot write {}", path.display())]
    Write {
        /// The file that was to be written.
        path: std::path::PathBuf,
        /// The system's account.
        source: std::io::Error,
    },
}
