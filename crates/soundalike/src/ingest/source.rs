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

/// A file with what tells whether it has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) relative: PathBuf,
    pub(super) size: u64,
    pub(super) mtime_ns: i64,
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

    /// What the catalog keeps of the file.
    pub(super) fn record(&self, status: FileStatus, tags: BTreeMap<String, String>) -> FileRecord {
        FileRecord {
            path: self.path.clone(),
            size: self.size,
            mtime_ns: self.mtime_ns,
            content_hash: self.hash().map(str::to_owned),
            status,
            tags,
        }
    }
}

/// Size and time of change of a file.
fn stamp(path: &Path) -> std::io::Result<(u64, i64)> {
    let meta = std::fs::metadata(path)?;
    let since = meta.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok((meta.len(), i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)))
}

/// Whether a file still has the size and the time of change that were recorded.
pub(super) fn is_unchanged(record: &FileRecord) -> bool {
    stamp(&record.path).is_ok_and(|stamp| stamp == (record.size, record.mtime_ns))
}

/// What became of looking at a file.
pub(super) enum Examined {
    Source(Source),
    /// It could not be read now; another run may fare better.
    Unreadable(String),
    Cancelled,
}

/// Looks at one file. It is opened only where size or time of change differ from `known`, or where it was skipped
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
    let (size, mtime_ns) = match stamp(path) {
        Ok(stamp) => stamp,
        Err(e) => return unreadable(e),
    };
    let unchanged = known.filter(|k| (k.size, k.mtime_ns) == (size, mtime_ns));
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
    Examined::Source(Source { path: path.to_owned(), relative: relative.to_owned(), size, mtime_ns, content })
}

/// The hash of a file's bytes; `None` when cancelled.
fn content_hash(path: &Path, cancelled: &dyn Fn() -> bool) -> std::io::Result<Option<String>> {
    let (mut file, mut hasher, mut buffer) = (File::open(path)?, Xxh3::new(), vec![0_u8; 1 << 18]);
    while !cancelled() {
        match file.read(&mut buffer)? {
            0 => return Ok(Some(format!("{:032x}", hasher.digest128()))),
            n => hasher.update(buffer.get(..n).unwrap_or_default()),
        }
    }
    Ok(None)
}
