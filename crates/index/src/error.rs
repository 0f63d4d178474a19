use std::io;
use std::path::{Path, PathBuf};

/// Everything that can go wrong in this crate.
///
/// Errors of vectors carry the `row` inside the call that caused them: 0 for a single vector, the position in the
/// batch otherwise. Errors of files carry the path.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The dimension asked for is zero or above [`crate::MAX_DIM`].
    #[error("dimension {got} is outside 1..={max}")]
    InvalidDim {
        /// The dimension asked for.
        got: usize,
        /// The greatest dimension accepted.
        max: usize,
    },
    /// The number of lists asked for is zero or above [`crate::MAX_NLIST`].
    #[error("{got} lists are outside 1..={max}")]
    InvalidNlist {
        /// The number asked for.
        got: usize,
        /// The greatest number accepted.
        max: usize,
    },
    /// Lists cannot be trained on fewer vectors than there are to be lists.
    #[error("{got} vectors to train {expected} lists on")]
    TooFewVectors {
        /// The number of lists.
        expected: usize,
        /// The number of vectors.
        got: usize,
    },
    /// A setting of a graph is outside of its bounds.
    #[error("{what} {got} is outside {least}..={most}")]
    InvalidGraph {
        /// The setting.
        what: &'static str,
        /// The value asked for.
        got: usize,
        /// The least value accepted.
        least: usize,
        /// The greatest value accepted.
        most: usize,
    },
    /// The library that keeps the graph refused a call: usually for want of memory.
    #[error("graph, {doing}: {message}")]
    Graph {
        /// What it was asked to do.
        doing: &'static str,
        /// Its own words.
        message: String,
    },
    /// A vector or a query has another dimension than the index.
    #[error("vector of dimension {got}, expected {expected}")]
    WrongDim {
        /// The index's dimension.
        expected: usize,
        /// The dimension given.
        got: usize,
    },
    /// A batch's number of values does not fit its number of ids, or is no multiple of the dimension.
    #[error("batch of {got} values, expected {expected}")]
    BatchLength {
        /// The number of values that would have fitted.
        expected: usize,
        /// The number of values given.
        got: usize,
    },
    /// A component is NaN or infinite.
    #[error("component {component} of row {row} is not finite")]
    NotFinite {
        /// Row inside the call.
        row: usize,
        /// Component inside the vector.
        component: usize,
    },
    /// A zero vector has no direction, so cosine similarity is not defined for it.
    #[error("row {row} is a zero vector, which has no cosine similarity")]
    ZeroVector {
        /// Row inside the call.
        row: usize,
    },
    /// The vector is so long that scores could overflow (inner product and L2 only).
    #[error("row {row} has norm {norm:e}, above the limit {limit:e}")]
    TooLong {
        /// Row inside the call.
        row: usize,
        /// Its Euclidean norm.
        norm: f64,
        /// The greatest norm accepted, [`crate::MAX_NORM`].
        limit: f64,
    },
    /// A component is beyond what half precision can hold ([`crate::Dtype::F16`] only).
    #[error("component {component} of row {row} is beyond {limit}, the greatest half-precision float")]
    OutOfRange {
        /// Row inside the call.
        row: usize,
        /// Component inside the vector.
        component: usize,
        /// The greatest magnitude accepted.
        limit: f32,
    },
    /// The id is in the index already, or twice in one batch.
    #[error("id {id} is in the index already")]
    DuplicateId {
        /// The id.
        id: u64,
    },
    /// The id is not in the index.
    #[error("id {id} is not in the index")]
    UnknownId {
        /// The id.
        id: u64,
    },
    /// A bitset was made by another index, or before vectors of this one were added or moved.
    #[error("the filter's bitset does not belong to the index as it is now; make it again")]
    StaleFilter,
    /// The embedder id is longer than the file format allows.
    #[error("embedder id of {got} bytes, at most {limit} are allowed")]
    EmbedderIdTooLong {
        /// The limit, [`crate::MAX_EMBEDDER_ID`].
        limit: usize,
        /// Its length in bytes.
        got: usize,
    },
    /// The operating system refused to read or write a file.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file does not start as an index file does.
    #[error("{}: not an index file", path.display())]
    NotAnIndex {
        /// The file.
        path: PathBuf,
    },
    /// The file holds another kind of index than was asked for.
    #[error("{}: {}", path.display(), if *inverted { "an inverted file: open it as one" } else { "a flat index: open it as one" })]
    OtherKind {
        /// The file.
        path: PathBuf,
        /// Whether it holds an inverted file ([`crate::IvfIndex`]), or else a [`crate::FlatIndex`].
        inverted: bool,
    },
    /// The file was written in a version of the format that this release does not know.
    #[error("{}: index format version {got}, this release reads version {expected}", path.display())]
    UnsupportedVersion {
        /// The file.
        path: PathBuf,
        /// The version this release reads.
        expected: u32,
        /// The version found.
        got: u32,
    },
    /// The file is an index file, but its bytes are not those that were written.
    #[error("{}: damaged index file: {what}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The part that does not fit.
        what: &'static str,
    },
}

impl Error {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn corrupt(path: &Path, what: &'static str) -> Self {
        Self::Corrupt { path: path.to_owned(), what }
    }
}
