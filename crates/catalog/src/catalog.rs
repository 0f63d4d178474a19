use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::Error;
use crate::registry::Registration;

/// An open catalog: one connection to one SQLite file.
///
/// It is `Send` but not `Sync`: threads that read or write at once open one each.
pub struct Catalog {
    pub(crate) conn: Connection,
    pub(crate) path: PathBuf,
    /// After `conn`: fields are dropped in this order.
    pub(crate) _registration: Registration,
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Catalog {
    /// The path it was opened by; `:memory:` for one in memory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn sql(&self, source: rusqlite::Error) -> Error {
        Error::sqlite(&self.path, source)
    }

    /// Runs one writing transaction. `work` says whether it changed anything: if so the generation is bumped and the state drawn anew, if not
    /// (or after an error) everything is rolled back.
    pub(crate) fn write<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>, &Path) -> Result<(T, bool), Error>,
    ) -> Result<T, Error> {
        let path = &self.path;
        let sql = |source| Error::sqlite(path, source);
        // Immediate: waits for the lock at the beginning, where waiting can succeed, and not half way through.
        let transaction = self.conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
        let (out, changed) = work(&transaction, path)?;
        if changed {
            transaction
                .execute_batch(
                    "INSERT INTO meta (key, value) VALUES ('generation', 1)
                     ON CONFLICT (key) DO UPDATE SET value = value + 1;
                     INSERT OR REPLACE INTO meta (key, value) VALUES ('state', random() & 0x7fffffffffffffff);",
                )
                .map_err(sql)?;
            transaction.commit().map_err(sql)?;
        }
        Ok(out)
    }
}

pub(crate) fn to_json(map: &BTreeMap<String, String>, field: &'static str) -> Result<String, Error> {
    serde_json::to_string(map).map_err(|_| Error::InvalidField { field })
}

pub(crate) fn from_json(path: &Path, text: &str) -> Result<BTreeMap<String, String>, Error> {
    serde_json::from_str(text).map_err(|source| Error::corrupt(path, source))
}

/// A path as the bytes of column `files.path`.
#[cfg(unix)]
pub(crate) fn path_bytes(path: &Path) -> Result<&[u8], Error> {
    use std::os::unix::ffi::OsStrExt;
    Ok(path.as_os_str().as_bytes())
}

/// A path as the bytes of column `files.path`.
#[cfg(not(unix))]
pub(crate) fn path_bytes(path: &Path) -> Result<&[u8], Error> {
    let text = path.to_str().ok_or_else(|| Error::NotUnicodePath { path: path.to_owned() })?;
    Ok(text.as_bytes())
}

/// The path that column `files.path` of the catalog at `_catalog` holds.
#[cfg(unix)]
pub(crate) fn path_from(_catalog: &Path, bytes: &[u8]) -> Result<PathBuf, Error> {
    use std::os::unix::ffi::OsStrExt;
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(bytes)))
}

/// The path that column `files.path` of the catalog at `catalog` holds.
#[cfg(not(unix))]
pub(crate) fn path_from(catalog: &Path, bytes: &[u8]) -> Result<PathBuf, Error> {
    let text = std::str::from_utf8(bytes).map_err(|source| Error::corrupt(catalog, source))?;
    Ok(PathBuf::from(text))
}
