use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tempfile::Builder;

/// The new file while it is written.
pub(crate) struct Output<'a> {
    file: &'a mut File,
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        allowed()?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Comes before each call to the system that can fail, so that tests can refuse any of them.
fn allowed() -> io::Result<()> {
    #[cfg(test)]
    refusal::next()?;
    Ok(())
}

/// Lets `write` fill a temporary file beside `path`, then puts it in the place of `path` in one step. A file that is
/// replaced leaves its permissions to the new one.
///
/// After an error `path` is as it was and the temporary file is gone; but for an error of the last step, which makes the
/// new name durable: `path` is the new file then.
pub(crate) fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut Output<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => return Err(io::ErrorKind::IsADirectory.into()),
    };
    #[cfg(unix)]
    let opened = File::open(folder)?;
    let mut builder = Builder::new();
    builder.prefix(".soundalike-").suffix(".tmp");
    #[cfg(unix)]
    let old = permissions(path);
    // Else the usual ones of a new file (less the umask), not the private ones of a temporary file.
    #[cfg(unix)]
    builder.permissions(old.clone().unwrap_or(std::os::unix::fs::PermissionsExt::from_mode(0o666)));
    allowed()?;
    let mut temporary = builder.tempfile_in(folder)?;
    write(&mut Output { file: temporary.as_file_mut() })?;
    #[cfg(unix)]
    if let Some(old) = old {
        permit(temporary.as_file(), old)?;
    }
    allowed()?;
    temporary.as_file().sync_all()?;
    allowed()?;
    temporary.persist(path).map_err(|error| error.error)?;
    // Makes the new name itself durable. Windows cannot open a folder as a file, and does not need to.
    #[cfg(unix)]
    {
        allowed()?;
        opened.sync_all()?;
    }
    Ok(())
}

/// Those of a file that is to be replaced: reading, writing and executing; what else there is in a mode is not for data.
/// A symbolic link has none of its own.
#[cfg(unix)]
fn permissions(path: &Path) -> Option<std::fs::Permissions> {
    use std::os::unix::fs::PermissionsExt;
    let old = std::fs::symlink_metadata(path).ok().filter(|old| old.is_file())?;
    Some(PermissionsExt::from_mode(old.permissions().mode() & 0o777))
}

/// Gives a file the permissions that the umask may have kept from it when it was made.
#[cfg(unix)]
fn permit(file: &File, permissions: std::fs::Permissions) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    // Where nothing is to be changed nothing can be refused: some file systems have no permissions.
    if file.metadata()?.permissions().mode() & 0o777 == permissions.mode() {
        return Ok(());
    }
    allowed()?;
    file.set_permissions(permissions)
}

/// Calls to the system that are refused, in the thread of a test.
#[cfg(test)]
pub(crate) mod refusal {
    use std::cell::Cell;
    use std::io;

    thread_local! {
        static ALLOWED: Cell<Option<usize>> = const { Cell::new(None) };
    }

    /// The next so many calls are allowed, none after them; without a number all are.
    pub(crate) fn after(calls: Option<usize>) {
        ALLOWED.set(calls);
    }

    pub(super) fn next() -> io::Result<()> {
        match ALLOWED.get() {
            Some(0) => Err(io::ErrorKind::StorageFull.into()),
            left => {
                ALLOWED.set(left.map(|left| left - 1));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
