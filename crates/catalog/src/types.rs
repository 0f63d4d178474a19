use std::collections::BTreeMap;
use std::path::PathBuf;

/// A song: one row of `songs`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Song {
    /// The track's id, not empty.
    pub recording_id: String,
    /// Title.
    pub title: Option<String>,
    /// Artist.
    pub artist: Option<String>,
    /// Album.
    pub album: Option<String>,
    /// Year of release.
    pub year: Option<i32>,
    /// Genre.
    pub genre: Option<String>,
    /// Language.
    pub language: Option<String>,
    /// What belongs together (versions of one work, for example), for splits that must not tear it apart.
    pub group: Option<String>,
    /// Length in seconds.
    pub duration: Option<f64>,
    /// Samples a second of the file as it was decoded, before any resampling.
    pub sample_rate: Option<u32>,
    /// Channels of the file.
    pub channels: Option<u32>,
    /// Metadata this crate has no column for, by name.
    pub extra: BTreeMap<String, String>,
}

impl Song {
    /// A song of which only the id is known.
    #[must_use]
    pub fn new(recording_id: impl Into<String>) -> Self {
        Self { recording_id: recording_id.into(), ..Self::default() }
    }
}

/// A chunk of a track with its embedding.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chunk {
    /// Start in seconds from the track's beginning.
    pub start: f64,
    /// End in seconds, not before the start.
    pub end: f64,
    /// The vector.
    pub embedding: Vec<f32>,
}

/// A file that was looked at: one row of `files`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// Its path as given. On Unix any bytes; elsewhere it must be Unicode.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
    /// Last modification, nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Last change of the file or of its name, nanoseconds since 1970, where the system keeps it (`ctime` on Unix). A
    /// file that takes another's name keeps its `mtime_ns`, but not this.
    pub ctime_ns: Option<i64>,
    /// Hash of its contents, in the caller's own notation; none when it could not be read.
    pub content_hash: Option<String>,
    /// What became of it.
    pub status: FileStatus,
    /// Tags found in it, by name.
    pub tags: BTreeMap<String, String>,
    /// What was wrong with it although it could be used.
    pub warning: Option<String>,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileStatus {
    /// It is in the catalog as this track.
    Ok {
        /// The track's id.
        track_id: String,
    },
    /// It could not be used.
    Skipped {
        /// Why, for people.
        reason: String,
    },
    /// It has the contents of another file, which is used instead.
    Copy {
        /// Of which file, for people.
        reason: String,
    },
}

impl FileStatus {
    /// The track, if there is one.
    #[must_use]
    pub fn track_id(&self) -> Option<&str> {
        match self {
            Self::Ok { track_id } => Some(track_id),
            Self::Skipped { .. } | Self::Copy { .. } => None,
        }
    }
}

/// What [`crate::Catalog::store_track`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// The track was written.
    Written,
    /// The same contents are there already with the same model; nothing was changed.
    AlreadyThere,
}

/// A row of `track_embeddings` while it is being read.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct EmbeddingRow<'a> {
    /// The row's id: never used again, even after the row was deleted.
    pub id: u64,
    /// The track it belongs to.
    pub track_id: &'a str,
    /// Start in seconds from the track's beginning.
    pub start: f64,
    /// End in seconds.
    pub end: f64,
    /// The vector.
    pub vector: &'a [f32],
}

/// Where an embedding comes from.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EmbeddingLocation {
    /// The track.
    pub track_id: String,
    /// Start in seconds from the track's beginning.
    pub start: f64,
    /// End in seconds.
    pub end: f64,
}

/// How much a model has in the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelCount {
    /// The model's name.
    pub model: String,
    /// The dimension of its embeddings.
    pub dim: usize,
    /// Rows.
    pub embeddings: u64,
    /// Tracks with at least one row.
    pub tracks: u64,
}

/// What is in the catalog, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Rows of `songs`.
    pub songs: u64,
    /// Rows of `track_embeddings`, of all models.
    pub embeddings: u64,
    /// Files that are tracks.
    pub files_ok: u64,
    /// Files that could not be used.
    pub files_skipped: u64,
    /// Files that are copies of others.
    pub files_copied: u64,
    /// Counts the transactions that have written.
    pub generation: u64,
}
