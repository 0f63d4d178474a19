//! Several connections and several processes on one catalog; processes that are killed.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use soundalike_catalog::{Catalog, Chunk, FileRecord, FileStatus, Song, Stored};

const CHILD: &str = "SOUNDALIKE_CATALOG_TEST_CHILD";

fn store(catalog: &mut Catalog, track: &str) -> Stored {
    let file = FileRecord {
        path: format!("music/{track}.wav").into(),
        size: 10,
        mtime_ns: 20,
        ctime_ns: None,
        content_hash: Some(track.into()),
        status: FileStatus::Ok { track_id: track.into() },
        tags: Default::default(),
        warning: None,
    };
    let chunk = |i: usize| Chunk { start: i as f64, end: i as f64 + 5.0, embedding: vec![i as f32; 64] };
    let chunks: Vec<Chunk> = (0..20).map(chunk).collect();
    catalog.store_track(&file, &Song::new(track), "m", 64, &chunks).unwrap()
}

/// Runs one test of this file in a process of its own.
fn child(test: &str, path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn child_path() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

#[test]
fn connections_that_write_at_once_all_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog");
    let (threads, tracks) = (6, 12);
    thread::scope(|scope| {
        for writer in 0..threads {
            let path = &path;
            scope.spawn(move || {
                // They make the catalog at once, too.
                let mut catalog = Catalog::open(path).unwrap();
                for track in 0..tracks {
                    assert_eq!(store(&mut catalog, &format!("{writer}-{track}")), Stored::Written);
                }
            });
        }
    });
    let stats = Catalog::open(&path).unwrap().stats().unwrap();
    assert_eq!(stats.songs, threads * tracks);
    assert_eq!(stats.embeddings, threads * tracks * 20);
    assert_eq!(stats.generation, threads * tracks);
}

#[test]
fn the_same_folder_twice_at_once_is_stored_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog");
    let written: usize = thread::scope(|scope| {
        let ingest = || {
            let mut catalog = Catalog::open(&path).unwrap();
            (0..20).filter(|track| store(&mut catalog, &track.to_string()) == Stored::Written).count()
        };
        let handles = [scope.spawn(ingest), scope.spawn(ingest)];
        handles.into_iter().map(|handle| handle.join().unwrap()).sum()
    });
    assert_eq!(written, 20);
    let stats = Catalog::open(&path).unwrap().stats().unwrap();
    assert_eq!((stats.songs, stats.embeddings, stats.generation), (20, 400, 20));
}

#[test]
fn readers_see_whole_tracks_while_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog");
    let mut writer = Catalog::open(&path).unwrap();
    let reader = Catalog::open_read_only(&path).unwrap();
    thread::scope(|scope| {
        let writing = scope.spawn(move || {
            for track in 0..30 {
                store(&mut writer, &track.to_string());
            }
        });
        while !writing.is_finished() {
            let mut rows = 0;
            let generation = reader.embeddings("m", 64, |_| {
                rows += 1;
                Ok::<(), soundalike_catalog::Error>(())
            });
            assert_eq!(generation.unwrap() * 20, rows, "rows and generation are of one moment");
        }
    });
}

#[test]
fn processes_that_write_at_once_all_succeed() {
    if let Some(path) = child_path() {
        let mut catalog = Catalog::open(path).unwrap();
        for track in 0..10 {
            store(&mut catalog, &format!("{}-{track}", std::process::id()));
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog");
    let children: Vec<Child> =
        (0..3).map(|_| child("processes_that_write_at_once_all_succeed", &path)).collect();
    for mut process in children {
        assert!(process.wait().unwrap().success());
    }
    assert_eq!(Catalog::open(&path).unwrap().stats().unwrap().songs, 30);
}

#[test]
fn a_killed_process_loses_nothing_that_was_finished() {
    if let Some(path) = child_path() {
        let mut catalog = Catalog::open(path).unwrap();
        for track in 0.. {
            store(&mut catalog, &format!("{}-{track}", std::process::id()));
            println!("finished {}-{track}", std::process::id());
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog");
    let mut finished = Vec::new();
    for round in 0..8 {
        let mut process = child("a_killed_process_loses_nothing_that_was_finished", &path);
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        // The first round is killed while it is still making the catalog, or soon after.
        let wanted = finished.len() + round * 3;
        while finished.len() < wanted {
            let line = lines.next().expect("the child ended early");
            finished.extend(line.split("finished ").nth(1).map(str::to_owned));
        }
        process.kill().unwrap();
        process.wait().unwrap();
        finished.extend(lines.filter_map(|line| line.split("finished ").nth(1).map(str::to_owned)));
    }
    let catalog = Catalog::open(&path).unwrap();
    assert!(finished.len() >= 84);
    for track in &finished {
        assert!(catalog.song(track).unwrap().is_some(), "{track} was lost");
    }
    for song in catalog.songs().unwrap() {
        let chunks = catalog.track_embeddings(&song.recording_id, "m", 64).unwrap();
        assert_eq!(chunks.len(), 20, "half a track was kept");
    }
}

/// POSIX drops a process's locks on a file when any descriptor of it is closed: opening a catalog a second time must
/// not cost the first connection its lock on the database.
#[cfg(target_os = "linux")]
#[test]
fn opening_twice_keeps_the_locks_of_the_first() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog");
    let mut first = Catalog::open(&path).unwrap();
    store(&mut first, "one");
    let inode = format!(":{} ", std::fs::metadata(&path).unwrap().ino());
    let locks = || {
        let table = std::fs::read_to_string("/proc/locks").unwrap_or_default();
        table.lines().filter(|line| line.contains(&inode)).count()
    };
    let before = locks();
    if before == 0 {
        println!("skipped: this system does not list its locks");
        return;
    }
    // Kept open: SQLite takes the lock anew when a connection closes, which would hide its loss.
    let second = Catalog::open(&path).unwrap();
    let third = Catalog::open_read_only(&path).unwrap();
    assert_eq!(locks(), before);
    drop((second, third));
    assert_eq!(locks(), before);
    drop(first);
    assert_eq!(locks(), 0);
}
