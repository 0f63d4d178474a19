//! A SQLite catalog of songs, the files they come from and their embeddings.
//!
//! ```
//! use soundalike_catalog::{Catalog, Chunk, FileRecord, FileStatus, Song};
//!
//! let mut catalog = Catalog::in_memory()?;
//! let song = Song { title: Some("A song".into()), ..Song::new("track-1") };
//! let file = FileRecord {
//!     path: "music/a.flac".into(),
//!     size: 1_000,
//!     mtime_ns: 0,
//!     ctime_ns: None,
//!     content_hash: Some("af1349b9".into()),
//!     status: FileStatus::Ok { track_id: "track-1".into() },
//!     tags: Default::default(),
//!     warning: None,
//! };
//! let chunks = [Chunk { start: 0.0, end: 5.0, embedding: vec![0.6, 0.8] }];
//! catalog.store_track(&file, &song, "mfcc_2", 2, &chunks)?;
//! assert_eq!(catalog.song("track-1")?, Some(song));
//! # Ok::<(), soundalike_catalog::Error>(())
//! ```
//!
//! Four tables: `songs` and `track_embeddings` hold what there is to find, `files` has one row for every file ever
//! looked at (the broken ones too, so that they are not read again while they stay the same), `meta` counts the
//! transactions. Embeddings of several models live side by side. `docs/formats.md` describes every column.
//!
//! Each method that writes is one transaction: after it has returned, its work outlives a killed process and a loss
//! of power; before, nothing of it is there. Several processes may write to one catalog.
//!
//! [`Catalog::open`] looks at a file's first bytes before SQLite does: a file of another program is an error, and
//! nothing is written to it or beside it.

mod blob;
mod catalog;
mod error;
mod open;
mod read;
mod registry;
mod rows;
mod schema;
mod types;
mod write;

pub mod import;

pub use catalog::Catalog;
pub use error::{EmbeddingFault, Error, Source};
pub use schema::{APPLICATION_ID, SCHEMA_VERSION};
pub use types::{
    Chunk, EmbeddingLocation, EmbeddingRow, FileRecord, FileStatus, ModelCount, Song, Stats, Stored,
};
