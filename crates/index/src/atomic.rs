use std::fs::File;
use std::io;
use std::path::Path;

use tempfile::Builder;

/// Lets `write` fill a temporary file beside `path`, then puts it in the place of `path` in one step.
///
/// After an error `path` is as it was and the temporary file is gone; but for an error of the last step, which makes the
/// new name durable: `path` is the new file then.
pub(crate) fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
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
    {
        // The usual permissions of a new file (less the umask), not the private ones of a temporary file.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut temporary = builder.tempfile_in(folder)?;
    write(temporary.as_file_mut())?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    // Makes the new name itself durable. Windows cannot open a folder as a file, and does not need to.
    #[cfg(unix)]
    opened.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.bin");
        std::fs::write(&path, b"old").unwrap();
        let result = write_atomically(&path, |file| {
            file.write_all(b"half of the new")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["index.bin"]);
    }

    #[test]
    fn a_path_that_cannot_be_replaced_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a-folder");
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("inside"), b"").unwrap();
        assert!(write_atomically(&path, |file| file.write_all(b"new")).is_err());
        assert_eq!(names(folder.path()), ["a-folder"]);
        assert!(write_atomically(Path::new("/"), |_| Ok(())).is_err());
        assert!(write_atomically(&folder.path().join("none/here"), |_| Ok(())).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn the_file_has_the_permissions_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (ours, usual) = (folder.path().join("ours"), folder.path().join("usual"));
        write_atomically(&ours, |file| file.write_all(b"x")).unwrap();
        std::fs::write(&usual, b"x").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&usual));
    }
}
