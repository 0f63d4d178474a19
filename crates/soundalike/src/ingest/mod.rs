//! A folder of music into a library: what is new or changed is decoded and embedded, the rest is left alone.

mod ids;
mod metadata;
mod parallel;
mod plan;
mod run;
mod settle;
mod source;
mod track;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use soundalike_audio::{Limits, Scan, scan};
use soundalike_catalog::import::metadata::RowProblem;

use crate::Error;

use source::content_hash;

pub(crate) use run::Run;

/// A folder that holds files which could be audio.
#[derive(Debug)]
pub struct MusicFolder {
    root: PathBuf,
    scan: Scan,
}

impl MusicFolder {
    /// Lists the audio files below `folder`. Nothing is opened, so this is quick and changes nothing.
    ///
    /// # Errors
    /// [`Error::Audio`] for a folder that cannot be read, [`Error::NoAudio`] for one without audio files.
    pub fn scan(folder: &Path) -> Result<Self, Error> {
        // First, so that a missing folder is named as it was given.
        let found = scan(folder)?;
        if found.files.is_empty() {
            return Err(Error::NoAudio { folder: folder.to_owned(), skipped: found.skipped.len() });
        }
        let root = folder.canonicalize().map_err(|source| Error::Io { path: folder.to_owned(), source })?;
        Ok(Self { root, scan: found })
    }

    /// The folder, absolute and without links.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// How many files could be audio.
    #[must_use]
    pub fn len(&self) -> usize {
        self.scan.files.len()
    }

    /// Always `false`: a folder without audio files is an error of [`scan`](Self::scan).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scan.files.is_empty()
    }
}

/// The hash of a file's bytes by which copies are told: what the catalog has as `content_hash`.
///
/// # Errors
/// [`Error::Io`].
pub fn hash_file(path: &Path) -> Result<String, Error> {
    let hash = content_hash(path, &|| false).map_err(|source| Error::Io { path: path.to_owned(), source })?;
    Ok(hash.unwrap_or_default())
}

/// How a folder is read into a library.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct IngestOptions {
    /// Metadata table (CSV) whose filled cells win over the files' tags.
    pub metadata: Option<PathBuf>,
    /// Threads that decode; one a core by default.
    pub threads: Option<NonZeroUsize>,
    /// Limits for each file.
    pub limits: Limits,
    /// Read files again that were skipped in an earlier run, although they have not changed since.
    pub retry_skipped: bool,
}

impl IngestOptions {
    /// Sets the metadata table.
    #[must_use]
    pub fn with_metadata(mut self, table: Option<PathBuf>) -> Self {
        self.metadata = table;
        self
    }

    /// Sets the number of decoding threads.
    #[must_use]
    pub fn with_threads(mut self, threads: Option<NonZeroUsize>) -> Self {
        self.threads = threads;
        self
    }

    /// Sets the limits for each file.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets whether files that were skipped before are read again.
    #[must_use]
    pub fn with_retry_skipped(mut self, retry: bool) -> Self {
        self.retry_skipped = retry;
        self
    }
}

/// Follows an ingest, and may end it. Called from several threads.
pub trait IngestObserver: Sync {
    /// Another run holds the library; this one waits for it to end.
    fn waiting(&self) {}

    /// `files` files will now be looked at.
    fn examining(&self, files: usize) {
        let _ = files;
    }

    /// One of them was looked at.
    fn examined(&self) {}

    /// `files` files of `bytes` bytes altogether will now be decoded; the others are known already.
    fn decoding(&self, files: usize, bytes: u64) {
        let _ = (files, bytes);
    }

    /// Some `bytes` of them more were decoded: an estimate by the length that a file claims, which adds up to all bytes.
    fn read(&self, bytes: u64) {
        let _ = bytes;
    }

    /// One of them is done: in the catalog, or skipped with a reason.
    fn decoded(&self, file: &Path, skipped: Option<&str>) {
        let _ = (file, skipped);
    }

    /// Asked often; `true` ends the ingest early. What was finished stays.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Follows nothing.
impl IngestObserver for () {}

/// A file, and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileNote {
    /// The file, or a folder that could not be read.
    pub path: PathBuf,
    /// For a person to read; names the file.
    pub reason: String,
}

impl FileNote {
    fn new(path: &Path, what: impl std::fmt::Display) -> Self {
        Self { path: path.to_owned(), reason: format!("{}: {what}", path.display()) }
    }
}

/// What an ingest did.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct IngestReport {
    /// Files that could be audio.
    pub found: usize,
    /// Files decoded and stored in this run.
    pub indexed: usize,
    /// Files that had not changed since an earlier run and were not read again.
    pub unchanged: usize,
    /// Files found again under another name, not read again: from, to.
    pub moved: Vec<(PathBuf, PathBuf)>,
    /// Files of an earlier run that are no longer there; their tracks were taken out.
    pub removed: Vec<PathBuf>,
    /// Files with the same bytes as another: the copy, and the file that is used.
    pub duplicates: Vec<(PathBuf, PathBuf)>,
    /// Files that cannot be used, with a reason each.
    pub skipped: Vec<FileNote>,
    /// Files that are used although something is wrong with them, such as an end that is missing; those of earlier runs
    /// too.
    pub warnings: Vec<FileNote>,
    /// Files that did not get the id that the metadata table gives them, because another file has it.
    pub ids_taken: Vec<FileNote>,
    /// Cells `file` of the metadata table for which there is no file, or whose file another row names too.
    pub rows_without_file: Vec<String>,
    /// Files for which the metadata table has no row; empty without a table.
    pub files_without_row: Vec<PathBuf>,
    /// Rows of the metadata table that could not be used as they are.
    pub row_problems: Vec<RowProblem>,
    /// Seconds of audio decoded in this run.
    pub seconds_decoded: f64,
    /// Whether the observer ended the ingest before all files were done.
    pub interrupted: bool,
}
