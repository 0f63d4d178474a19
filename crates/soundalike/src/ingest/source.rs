//! A file as it lies on the disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use soundalike_audio::Limits;
use soundalike_catalog::{FileRecord, FileStatus};
use xxhash_rust::xxh3::Xxh3;

use super::track::{Refusal, probe};

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// Audio, as far as a first look tells; the hash of all bytes.
    Hash(String),
    /// Nothing that can be used, with the reason. Not hashed: rubbish can be large.
    Unusable(String),
}

/// Size and times of a file: while they stay the same, the content is taken to be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Stamp {
    size: u64,
    mtime_ns: i64,
    ctime_ns: Option<i64>,
}

impl Stamp {
    fn of_file(path: &Path) -> std::io::Result<Self> {
        let meta = std::fs::metadata(path)?;
        let since = meta.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mtime_ns = i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
        Ok(Self { size: meta.len(), mtime_ns, ctime_ns: ctime_ns(&meta) })
    }

    fn of_record(record: &FileRecord) -> Self {
        Self { size: record.size, mtime_ns: record.mtime_ns, ctime_ns: record.ctime_ns }
    }
}

/// When the file or its name last changed: a file that is renamed over another keeps its time of modification, but
/// gets a new one of these.
#[cfg(unix)]
fn ctime_ns(meta: &std::fs::Metadata) -> Option<i64> {
    use std::os::unix::fs::MetadataExt as _;
    meta.ctime().checked_mul(1_000_000_000)?.checked_add(meta.ctime_nsec())
}

#[cfg(not(unix))]
fn ctime_ns(_: &std::fs::Metadata) -> Option<i64> {
    None
}

/// A file with what tells whether it has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) relative: PathBuf,
    pub(super) stamp: Stamp,
    pub(super) content: Content,
}

impl Source {
    /// The hash of the content; `None` for a file that cannot be used.
    pub(super) fn hash(&self) -> Option<&str> {
        match &self.content {
            Content::Hash(hash) => Some(hash),
            Content::Unusable(_) => None,
        }
    }

    /// Bytes.
    pub(super) fn size(&self) -> u64 {
        self.stamp.size
    }

    /// What the catalog keeps of the file.
    pub(super) fn record(&self, status: FileStatus, tags: BTreeMap<String, String>) -> FileRecord {
        FileRecord {
            path: self.path.clone(),
            size: self.stamp.size,
            mtime_ns: self.stamp.mtime_ns,
            ctime_ns: self.stamp.ctime_ns,
            content_hash: self.hash().map(str::to_owned),
            status,
            tags,
            warning: None,
        }
    }
}

/// Whether a file still has the size and the times that were recorded.
pub(super) fn is_unchanged(record: &FileRecord) -> bool {
    Stamp::of_file(&record.path).is_ok_and(|stamp| stamp == Stamp::of_record(record))
}

/// What became of looking at a file.
pub(super) enum Examined {
    Source(Source),
    /// It could not be read now; another run may fare better.
    Unreadable(String),
    Cancelled,
}

/// Looks at one file. It is opened only where size or times differ from `known`, or where it was skipped
/// before and `retry` is set.
pub(super) fn examine(
    path: &Path,
    relative: &Path,
    known: Option<&FileRecord>,
    retry: bool,
    limits: &Limits,
    cancelled: &dyn Fn() -> bool,
) -> Examined {
    let unreadable = |e: std::io::Error| Examined::Unreadable(format!("{}: {e}", path.display()));
    let stamp = match Stamp::of_file(path) {
        Ok(stamp) => stamp,
        Err(e) => return unreadable(e),
    };
    let unchanged = known.filter(|k| Stamp::of_record(k) == stamp);
    let content = match unchanged {
        Some(FileRecord { content_hash: Some(hash), .. }) => Content::Hash(hash.clone()),
        Some(FileRecord { status: FileStatus::Skipped { reason }, .. }) if !retry => {
            Content::Unusable(reason.clone())
        }
        _ => match probe(path, limits) {
            Err(Refusal::Unusable(reason)) => Content::Unusable(reason),
            Err(Refusal::Unreadable(reason)) => return Examined::Unreadable(reason),
            Ok(()) => match content_hash(path, cancelled) {
                Ok(Some(hash)) => Content::Hash(hash),
                Ok(None) => return Examined::Cancelled,
                Err(e) => return unreadable(e),
            },
        },
    };
    Examined::Source(Source { path: path.to_owned(), relative: relative.to_owned(), stamp, content })
}

/// The hash of a file's bytes, as the catalog keeps it; `None` when cancelled.
pub(super) fn content_hash(path: &Path, cancelled: &dyn Fn() -> bool) -> std::io::Result<Option<String>> {
    let (mut file, mut hasher, mut buffer) = (File::open(path)?, Xxh3::new(), vec![0_u8; 1 << 18]);
    while !cancelled() {
        match file.read(&mut buffer)? {
            0 => return Ok(Some(format!("{:032x}", hasher.digest128()))),
            n => hasher.update(buffer.get(..n).unwrap_or_default()),
        }
    }
    Ok(None)
}
