//! Saves that are killed, or find no space: the old file or the new one, whole.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Kind, meta};
use soundalike_index::{Dtype, Error, FlatIndex, Meta, Metric};

const CHILD: &str = "SOUNDALIKE_INDEX_TEST_CHILD";

/// Runs one test of this file in a process of its own, started by a shell line that ends in `"$@"`.
fn child(test: &str, folder: &Path, shell: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", shell, "sh"]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(CHILD, folder).stdout(Stdio::null());
    command
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// A file size limit makes the system refuse a write in the middle, as a full disk does.
#[test]
fn a_save_that_finds_no_space_leaves_the_old_file() {
    if let Some(folder) = std::env::var_os(CHILD) {
        for kind in Kind::all() {
            let path = PathBuf::from(&folder).join(kind.name());
            let error = kind.sample(5000, 16, Metric::L2).save(&path, &meta()).unwrap_err();
            assert!(matches!(error, Error::Io { path: named, .. } if named == path));
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut before = Vec::new();
    for kind in Kind::all() {
        let path = folder.path().join(kind.name());
        kind.sample(10, 3, Metric::Cosine).save(&path, &meta()).unwrap();
        before.push((path.clone(), std::fs::read(&path).unwrap()));
    }
    let test = "a_save_that_finds_no_space_leaves_the_old_file";
    let limited = r#"trap '' XFSZ; ulimit -f 64; exec "$@""#;
    assert!(child(test, folder.path(), limited).status().unwrap().success());
    assert_eq!(names(folder.path()).len(), before.len());
    for (path, bytes) in before {
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
}

/// A thousand times, at moments spread over several saves.
#[test]
fn a_killed_save_leaves_the_old_or_the_new_file() {
    let test = "a_killed_save_leaves_the_old_or_the_new_file";
    killed(test, Kind::Flat(Dtype::F32), 1000);
}

/// A thousand times more.
#[test]
fn so_does_one_of_any_other_kind() {
    let test = "so_does_one_of_any_other_kind";
    let kinds: Vec<Kind> = Kind::all().into_iter().filter(|kind| *kind != Kind::Flat(Dtype::F32)).collect();
    if let Some(folder) = std::env::var_os(CHILD) {
        let name = std::env::var("SOUNDALIKE_INDEX_TEST_KIND").unwrap();
        let kind = kinds.into_iter().find(|kind| kind.name() == name).unwrap();
        save_for_ever(kind, Path::new(&folder));
    }
    let rounds = 1000usize.div_ceil(kinds.len());
    for kind in kinds {
        killed(test, kind, rounds as u64);
    }
}

/// Saves two indexes to one file in turn.
fn save_for_ever(kind: Kind, folder: &Path) -> ! {
    // They were saved before, since to make them takes some kinds too long.
    let open = kind.verifying()[0];
    let indexes = ["300", "400"].map(|name| open(&folder.join(name)).unwrap().0);
    loop {
        for index in &indexes {
            index.save(&folder.join("index"), &Meta::new("child", index.len() as u64)).unwrap();
        }
    }
}

fn killed(test: &str, kind: Kind, rounds: u64) {
    if let Some(folder) = std::env::var_os(CHILD) {
        save_for_ever(kind, Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    for n in [400, 300] {
        let index = kind.sample(n, 8, Metric::L2);
        index.save(&folder.path().join(n.to_string()), &meta()).unwrap();
        index.save(&path, &Meta::new("child", n as u64)).unwrap();
    }
    let mut sizes = [0, 0];
    for round in 0..rounds {
        let mut command = child(test, folder.path(), r#"exec "$@""#);
        let mut process = command.env("SOUNDALIKE_INDEX_TEST_KIND", kind.name()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(3000 + round * 997 % 10_000));
        process.kill().unwrap();
        process.wait().unwrap();
        for open in kind.verifying() {
            let (index, meta) = open(&path).unwrap();
            assert_eq!(index.len() as u64, meta.generation);
            sizes[usize::from(index.len() == 400)] += 1;
        }
    }
    println!("{kind:?}, left by {rounds} kills: {} of one, {} of the other", sizes[0], sizes[1]);
    assert!(sizes.iter().all(|left| *left > 0), "{sizes:?}: the kills came too early");
    // What the killed have left behind is no more than hidden files.
    let left = names(folder.path()).into_iter().filter(|name| !name.starts_with(".soundalike-"));
    assert_eq!(left.count(), 3);
    assert!(FlatIndex::read_meta(&path).is_ok() || kind.unverified().is_none());
}
