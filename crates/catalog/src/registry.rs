//! Which catalogs this process has open.
//!
//! POSIX has a trap here: when a process closes any descriptor of a file, it loses all its locks on that file, those of
//! SQLite's connections too; another process may then delete the write-ahead log under them. So a file that is open
//! already must not be opened and closed once more just to look at its first bytes. Nor need it be: it was looked at.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Device and inode.
type FileId = (u64, u64);

static OPEN: Mutex<BTreeMap<FileId, usize>> = Mutex::new(BTreeMap::new());

fn lock() -> MutexGuard<'static, BTreeMap<FileId, usize>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
fn file_id(metadata: &Metadata) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

/// Other systems bind a lock to the descriptor that took it.
#[cfg(not(unix))]
fn file_id(_metadata: &Metadata) -> Option<FileId> {
    None
}

/// The sole right to open catalogs, held while one is looked at and opened.
pub(crate) struct Opening(MutexGuard<'static, BTreeMap<FileId, usize>>);

impl Opening {
    pub(crate) fn begin() -> Self {
        Self(lock())
    }

    /// Whether a connection of this process has the file open.
    pub(crate) fn is_open(&self, metadata: &Metadata) -> bool {
        file_id(metadata).is_some_and(|id| self.0.contains_key(&id))
    }

    /// Counts the file that was just opened until the returned value is dropped.
    pub(crate) fn register(mut self, path: &Path) -> Registration {
        let id = std::fs::metadata(path).ok().as_ref().and_then(file_id);
        if let Some(id) = id {
            *self.0.entry(id).or_default() += 1;
        }
        Registration(id)
    }
}

/// Counts one connection as open. Must be dropped after it.
#[derive(Debug, Default)]
pub(crate) struct Registration(Option<FileId>);

impl Drop for Registration {
    fn drop(&mut self) {
        let Some(id) = self.0 else { return };
        let mut open = lock();
        if let Some(count) = open.get_mut(&id) {
            *count -= 1;
            if *count == 0 {
                open.remove(&id);
            }
        }
    }
}
