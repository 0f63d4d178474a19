use super::*;

use crate::{Dtype, Error, FlatIndex, FlatIndexConfig, IvfConfig, IvfIndex, Meta, Metric};

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

#[cfg(unix)]
#[test]
fn a_file_that_is_replaced_leaves_its_permissions() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let mode = |path: &Path| std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777;
    for (before, after) in [(0o600, 0o600), (0o640, 0o640), (0o444, 0o444), (0o4755, 0o755), (0o666, 0o666)] {
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, b"old").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(before)).unwrap();
        write_atomically(&path, |file| file.write_all(b"new")).unwrap();
        assert_eq!((mode(&path), std::fs::read(&path).unwrap()), (after, b"new".to_vec()));
    }
    // A link is replaced, and has no permissions to leave; what it points to stays.
    let (link, usual) = (folder.path().join("link"), folder.path().join("usual"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&path, &link).unwrap();
    write_atomically(&link, |file| file.write_all(b"newer")).unwrap();
    std::fs::write(&usual, b"x").unwrap();
    assert_eq!((mode(&link), mode(&path)), (mode(&usual), 0o600));
    assert_eq!(std::fs::read(&path).unwrap(), b"new");
}

/// Saves with each call to the system refused in turn, from the first on, until none is: creating the temporary file,
/// each write, permissions, sync, rename, sync of the folder.
fn refuse_each_call(
    save: &dyn Fn(&Path, bool) -> Result<(), Error>,
    same: &dyn Fn(&Path, bool),
    least_calls: usize,
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    save(&path, false).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    }
    let old = std::fs::read(&path).unwrap();
    let mut calls = 0;
    loop {
        refusal::after(Some(calls));
        let saved = save(&path, true);
        refusal::after(None);
        assert_eq!(names(folder.path()), ["index"], "call {calls}");
        let Err(error) = saved else { break };
        let Error::Io { path: named, source } = &error else { panic!("{error}") };
        assert_eq!((named, source.kind()), (&path, io::ErrorKind::StorageFull));
        if std::fs::read(&path).unwrap() != old {
            // Only the very last call is after the rename: the new file is there, whole.
            same(&path, true);
            std::fs::write(&path, &old).unwrap();
            refusal::after(Some(calls + 1));
            assert!(save(&path, true).is_ok(), "a call after the folder's sync");
            refusal::after(None);
            calls += 1;
            break;
        }
        same(&path, false);
        calls += 1;
    }
    assert!(calls >= least_calls, "{calls} calls");
    same(&path, true);
}

fn vectors(n: usize) -> Vec<f32> {
    (0..n * 3).map(|i| (i * 37 % 101) as f32 - 50.3).collect()
}

#[test]
fn whichever_call_fails_the_old_file_stays() {
    for dtype in [Dtype::F32, Dtype::F16, Dtype::Int8] {
        let config = FlatIndexConfig::new(3).with_dtype(dtype).with_metric(Metric::L2);
        let flat = |n: usize| {
            let mut index = FlatIndex::new(&config).unwrap();
            index.add_batch(&(0..n as u64).collect::<Vec<_>>(), &vectors(n)).unwrap();
            index
        };
        let indexes = [flat(1), flat(900)];
        let save = |path: &Path, new: bool| indexes[usize::from(new)].save(path, &Meta::new("x", 1));
        let same = |path: &Path, new: bool| {
            let expected = &indexes[usize::from(new)];
            assert!(FlatIndex::load(path).unwrap().0.ids().eq(expected.ids()));
        };
        refuse_each_call(&save, &same, 8);

        let config = IvfConfig::new(3, 5).with_dtype(dtype);
        let inverted = |n: usize| {
            let mut index = IvfIndex::train(&config, &vectors(900)).unwrap();
            index.add_batch(&(0..n as u64).collect::<Vec<_>>(), &vectors(n)).unwrap();
            index
        };
        let indexes = [inverted(1), inverted(900)];
        let save = |path: &Path, new: bool| indexes[usize::from(new)].save(path, &Meta::new("x", 1));
        let same = |path: &Path, new: bool| {
            let expected = &indexes[usize::from(new)];
            assert!(IvfIndex::load(path).unwrap().0.ids().eq(expected.ids()));
        };
        refuse_each_call(&save, &same, 8);
    }
}

#[cfg(feature = "hnsw")]
#[test]
fn whichever_call_fails_the_old_graph_stays() {
    use crate::{HnswConfig, HnswIndex};
    let graph = |n: usize| {
        let mut index = HnswIndex::new(&HnswConfig::new(3)).unwrap();
        index.add_batch(&(0..n as u64).collect::<Vec<_>>(), &vectors(n)).unwrap();
        index
    };
    let indexes = [graph(1), graph(300)];
    let save = |path: &Path, new: bool| indexes[usize::from(new)].save(path, &Meta::new("x", 1));
    let same = |path: &Path, new: bool| {
        assert_eq!(HnswIndex::load(path).unwrap().0.len(), indexes[usize::from(new)].len());
    };
    refuse_each_call(&save, &same, 8);
}
