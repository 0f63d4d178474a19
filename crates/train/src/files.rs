//! Files that are whole or not there.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::Error;

/// Writes beside `path`, makes it durable, and only then gives it the name.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), Error> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let run = || {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".writing");
        // As any other new file, by the umask; a temporary one would be for its owner alone.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut temporary = builder.tempfile_in(folder)?;
        write(temporary.as_file_mut())?;
        temporary.as_file().sync_all()?;
        temporary.persist(path).map_err(|e| e.error)?;
        // Only Unix can open a folder, and needs it for the name to last.
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        Ok(())
    };
    run().map_err(Error::io(path))
}
