//! Folder scans: order, links, loops, hidden and odd names, what is left out and why.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests too.

use std::fs;
use std::path::{Path, PathBuf};

use soundalike_audio::{Error, SkipReason, has_audio_extension, scan};

fn touch(root: &Path, names: &[&str]) {
    for name in names {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"x").unwrap();
    }
}

fn relative(root: &Path) -> Vec<PathBuf> {
    scan(root).unwrap().files.into_iter().map(|f| f.relative).collect()
}

#[test]
fn audio_is_found_by_extension_in_a_fixed_order() {
    let dir = tempfile::tempdir().unwrap();
    touch(
        dir.path(),
        &["b.MP3", "a/z.flac", "a/b/c.Ogg", "a.wav", "notes.txt", "mp3", "cover.jpg", "x.opus", "é 音.m4a"],
    );
    touch(dir.path(), &[".hidden.mp3", "._b.MP3", ".cache/d.mp3", "a/.x/e.mp3"]);
    let found = scan(dir.path()).unwrap();
    let names: Vec<_> = found.files.iter().map(|f| f.relative.to_str().unwrap()).collect();
    assert_eq!(names, ["a/b/c.Ogg", "a/z.flac", "a.wav", "b.MP3", "x.opus", "é 音.m4a"]);
    assert!(found.files.iter().all(|f| f.path == dir.path().join(&f.relative)));
    assert!(found.skipped.is_empty());
    assert_eq!(scan(dir.path()).unwrap(), found);
}

#[test]
fn a_hidden_root_and_an_empty_one_are_fine() {
    let dir = tempfile::tempdir().unwrap();
    let hidden = dir.path().join(".music");
    fs::create_dir(&hidden).unwrap();
    assert!(scan(&hidden).unwrap().files.is_empty());
    touch(&hidden, &["a.mp3"]);
    assert_eq!(relative(&hidden), [Path::new("a.mp3")]);
}

#[test]
fn bad_roots_are_typed_errors() {
    let dir = tempfile::tempdir().unwrap();
    touch(dir.path(), &["a.mp3"]);
    let missing = dir.path().join("no");
    assert!(matches!(scan(&missing), Err(Error::NotFound { path }) if path == missing));
    let file = dir.path().join("a.mp3");
    assert!(matches!(scan(&file), Err(Error::NotAFolder { path }) if path == file));
    assert!(scan("").is_err());
}

#[test]
fn extensions() {
    for yes in ["a.mp3", "a.b.FLAC", "/x/y.AiFf", "a.wave"] {
        assert!(has_audio_extension(yes), "{yes}");
    }
    for no in ["mp3", "a.mp3x", "a.", "", ".mp3", "a.mp3/"] {
        assert_eq!(has_audio_extension(no), no == "a.mp3/", "{no}");
    }
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn names_that_are_not_utf8_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let name = OsStr::from_bytes(b"caf\xe9.mp3");
        if fs::write(dir.path().join(name), b"x").is_err() {
            println!("skipped: this file system wants UTF-8");
            return;
        }
        assert_eq!(relative(dir.path()), [Path::new(name)]);
    }

    #[test]
    fn links_are_followed_and_loops_survived() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        touch(outside.path(), &["album/1.mp3", "album/2.mp3", "single.mp3"]);
        let root = dir.path();
        touch(root, &["a/own.mp3", "b/own.mp3"]);
        symlink(outside.path().join("single.mp3"), root.join("linked.mp3")).unwrap();
        symlink(outside.path().join("album"), root.join("album")).unwrap();
        symlink("nowhere", root.join("dangling.mp3")).unwrap();
        symlink("self.mp3", root.join("self.mp3")).unwrap();
        symlink(root, root.join("a/up")).unwrap();
        symlink(root.parent().unwrap(), root.join("a/above")).unwrap();
        symlink("../b", root.join("a/side")).unwrap();
        symlink("../a", root.join("b/side")).unwrap();
        // A second way into the album from within itself.
        symlink(outside.path().join("album"), outside.path().join("album/again")).unwrap();

        let found = scan(root).unwrap();
        let names: Vec<_> = found.files.iter().map(|f| f.relative.to_str().unwrap()).collect();
        assert_eq!(names, ["a/own.mp3", "album/1.mp3", "album/2.mp3", "b/own.mp3", "linked.mp3"]);
        let skipped: Vec<_> = found
            .skipped
            .iter()
            .map(|(p, reason)| (p.strip_prefix(root).unwrap().to_str().unwrap(), *reason))
            .collect();
        use SkipReason::{AlreadyScanned, DanglingLink, Unreadable};
        assert_eq!(
            skipped,
            [
                ("a/above", AlreadyScanned),
                ("a/side", AlreadyScanned),
                ("a/up", AlreadyScanned),
                ("album/again", AlreadyScanned),
                ("b/side", AlreadyScanned),
                ("dangling.mp3", DanglingLink),
                ("self.mp3", Unreadable),
            ]
        );
    }

    #[test]
    fn folders_that_all_link_to_each_other_are_read_once() {
        // Followed naively this has 12! ways through it.
        let dir = tempfile::tempdir().unwrap();
        for i in 0..12 {
            touch(dir.path(), &[&format!("d{i:02}/song.mp3")]);
            for j in 0..12 {
                let link = dir.path().join(format!("d{i:02}/l{j:02}"));
                symlink(dir.path().join(format!("d{j:02}")), link).unwrap();
            }
        }
        let found = scan(dir.path()).unwrap();
        assert_eq!((found.files.len(), found.skipped.len()), (12, 144));
    }

    #[test]
    fn a_folder_under_two_links_is_read_once() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        touch(outside.path(), &["x/1.mp3"]);
        symlink(outside.path(), dir.path().join("two")).unwrap();
        symlink(outside.path(), dir.path().join("one")).unwrap();
        symlink(outside.path().join("x"), dir.path().join("zzz")).unwrap();
        assert_eq!(relative(dir.path()), [Path::new("one/x/1.mp3")]);
        assert_eq!(scan(dir.path()).unwrap().skipped.len(), 2);
    }

    #[test]
    fn unreadable_folders_are_listed() {
        let dir = tempfile::tempdir().unwrap();
        touch(dir.path(), &["ok.mp3", "shut/a.mp3"]);
        let shut = dir.path().join("shut");
        fs::set_permissions(&shut, fs::Permissions::from_mode(0o000)).unwrap();
        let refused = fs::read_dir(&shut).is_err();
        let (inner, outer) = (scan(&shut), scan(dir.path()));
        fs::set_permissions(&shut, fs::Permissions::from_mode(0o755)).unwrap();
        if !refused {
            println!("skipped: permissions do not bind this user");
            return;
        }
        assert!(matches!(inner, Err(Error::Io { .. })));
        let outer = outer.unwrap();
        assert_eq!(outer.files.len(), 1);
        assert_eq!(outer.skipped, [(shut, SkipReason::Unreadable)]);
    }
}
