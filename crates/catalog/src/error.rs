use std::io;
use std::path::{Path, PathBuf};

/// What SQLite itself said, kept as a source without its type.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Everything that can go wrong in this crate. Errors of a file or a database carry its path (`:memory:` for a
/// catalog in memory).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused to read a file.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file is no SQLite database, or one of another program. It was not touched.
    #[error("{}: not a soundalike catalog", path.display())]
    NotACatalog {
        /// The file.
        path: PathBuf,
    },
    /// The catalog has a schema version this release does not know (or, opened read-only, one that would have to be
    /// migrated first). It was not touched.
    #[error("{}: catalog schema version {got}, this release has version {expected}", path.display())]
    UnsupportedVersion {
        /// The catalog.
        path: PathBuf,
        /// The version of this release.
        expected: i32,
        /// The version found.
        got: i32,
    },
    /// The disk (or the quota) is full. The transaction was rolled back.
    #[error("{}: no space left to write", path.display())]
    DiskFull {
        /// The catalog.
        path: PathBuf,
    },
    /// Somebody else kept the catalog locked for longer than ten seconds. The transaction was rolled back.
    #[error("{}: locked by another process", path.display())]
    Busy {
        /// The catalog.
        path: PathBuf,
    },
    /// The catalog was opened read-only, or the file system allows no writing.
    #[error("{}: catalog is read-only", path.display())]
    ReadOnly {
        /// The catalog.
        path: PathBuf,
    },
    /// The database's bytes are damaged, or a row holds what this crate never writes.
    #[error("{}: damaged catalog: {source}", path.display())]
    Corrupt {
        /// The catalog.
        path: PathBuf,
        /// What SQLite or the conversion said.
        source: Source,
    },
    /// A row of `track_embeddings` cannot be used.
    #[error("{}: track_embeddings row {id}: {fault}", path.display())]
    CorruptEmbedding {
        /// The catalog.
        path: PathBuf,
        /// The row's id.
        id: i64,
        /// What is wrong with it.
        fault: EmbeddingFault,
    },
    /// Any other refusal by SQLite. The transaction was rolled back.
    #[error("{}: {source}", path.display())]
    Sqlite {
        /// The catalog.
        path: PathBuf,
        /// What SQLite said.
        source: Source,
    },
    /// An embedding to be stored cannot be read back as one.
    #[error("chunk {chunk}: {fault}")]
    InvalidEmbedding {
        /// Position in the list given.
        chunk: usize,
        /// What is wrong with it.
        fault: EmbeddingFault,
    },
    /// A value to be stored is outside of what its column can hold.
    #[error("{field} is not a value that can be stored")]
    InvalidField {
        /// The column or argument.
        field: &'static str,
    },
    /// The file's record names another track than the song stored with it, or none.
    #[error("file record names track {got:?}, expected {expected:?}")]
    TrackMismatch {
        /// The song's id.
        expected: String,
        /// The record's track; none for a skipped file.
        got: Option<String>,
    },
    /// No song has this id.
    #[error("no track {track_id:?} in the catalog")]
    UnknownTrack {
        /// The id.
        track_id: String,
    },
    /// Two tracks would get the same id.
    #[error("track id {track_id:?} would be used twice")]
    DuplicateTrack {
        /// The id.
        track_id: String,
    },
    /// The catalog has no record of this file.
    #[error("no file {} in the catalog", path.display())]
    UnknownFile {
        /// The file.
        path: PathBuf,
    },
    /// A file name that is not Unicode, on a system where such names cannot be stored (all but Unix).
    #[error("{}: file name is not Unicode", path.display())]
    NotUnicodePath {
        /// The file.
        path: PathBuf,
    },
    /// A metadata table without a `file` column, or without any line at all.
    #[error("{}: no column named \"file\" in the first line (found: {})", path.display(), found.join(", "))]
    NoFileColumn {
        /// The table.
        path: PathBuf,
        /// The names in its first line.
        found: Vec<String>,
    },
    /// A metadata table that names a column twice.
    #[error("{}: column {column:?} occurs twice", path.display())]
    DuplicateColumn {
        /// The table.
        path: PathBuf,
        /// The name.
        column: String,
    },
    /// A metadata table none of whose rows can be used.
    #[error("{}: no usable row ({} with problems{})", path.display(), problems.len(), first_of(problems))]
    NoUsableRow {
        /// The table.
        path: PathBuf,
        /// What is wrong with each.
        problems: Vec<crate::import::metadata::RowProblem>,
    },
}

fn first_of(problems: &[crate::import::metadata::RowProblem]) -> String {
    problems.first().map_or_else(String::new, |problem| format!("; the first: {problem}"))
}

/// What is wrong with an embedding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddingFault {
    /// The column holds no blob.
    #[error("the embedding is not a blob")]
    NotABlob,
    /// The blob is not `4 * embedding_dim` bytes long.
    #[error("blob of {got} bytes, expected {expected}")]
    Length {
        /// Bytes that would fit.
        expected: u64,
        /// Bytes there are.
        got: u64,
    },
    /// The vector has another dimension than asked for.
    #[error("embedding of dimension {got}, expected {expected}")]
    Dim {
        /// The dimension asked for.
        expected: usize,
        /// The dimension there is; -1 when the column holds no integer.
        got: i64,
    },
    /// A component is NaN or infinite.
    #[error("component {component} is not finite")]
    NotFinite {
        /// The component.
        component: usize,
    },
    /// The chunk's times are not finite numbers with start <= end.
    #[error("chunk times are not a range of seconds")]
    Times,
    /// The row belongs to no track.
    #[error("the row names no track")]
    NoTrack,
}

impl Error {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn corrupt(path: &Path, source: impl Into<Source>) -> Self {
        Self::Corrupt { path: path.to_owned(), source: source.into() }
    }

    pub(crate) fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::{Error as Sql, ErrorCode as Code};
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(Code::DiskFull) => return Self::DiskFull { path },
            // The shared-memory file cannot grow: SQLite has no room for it, and no better word.
            _ if source.sqlite_extended_error_code() == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE) => {
                return Self::DiskFull { path };
            }
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => return Self::Busy { path },
            Some(Code::ReadOnly) => return Self::ReadOnly { path },
            Some(Code::NotADatabase) => return Self::NotACatalog { path },
            Some(Code::DatabaseCorrupt) => {
                return Self::Corrupt { path, source: source.into() };
            }
            _ => {}
        }
        match source {
            Sql::FromSqlConversionFailure(..)
            | Sql::IntegralValueOutOfRange(..)
            | Sql::Utf8Error(..)
            | Sql::InvalidColumnType(..) => Self::Corrupt { path, source: source.into() },
            _ => Self::Sqlite { path, source: source.into() },
        }
    }
}
