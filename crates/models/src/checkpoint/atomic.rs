//! Files that are whole or not there.

use std::io::{self, Write};
use std::path::Path;

/// Puts `bytes` in the place of `path` in one step: beside it first, made durable, then renamed.
///
/// After an error `path` is as it was and nothing is left beside it; but for an error of the last step, which makes the
/// new name durable: `path` is the new file then.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => return Err(io::ErrorKind::IsADirectory.into()),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".soundalike-").suffix(".tmp");
    #[cfg(unix)]
    {
        // The usual permissions of a new file (less the umask), not the private ones of a temporary file.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut temporary = builder.tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    // Makes the new name itself durable. Windows cannot open a folder as a file, and does not need to.
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    Ok(())
}
