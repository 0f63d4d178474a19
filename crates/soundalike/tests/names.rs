//! Names, ids, copies and metadata tables: which file is which track.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod support;

use soundalike::{IngestOptions, MusicFolder};
use support::{Bench, at_once, identify, song, write};

#[test]
fn renamed_and_removed() {
    let bench = Bench::with_songs();
    bench.ingest();
    std::fs::rename(bench.music("a.wav"), bench.music("z.wav")).unwrap();
    std::fs::remove_file(bench.music("b.wav")).unwrap();
    let report = bench.ingest();
    assert_eq!((report.indexed, report.unchanged, report.moved.len()), (0, 1, 1));
    assert_eq!(report.removed.len(), 1);
    assert_eq!(bench.tracks(), ["c", "z"]);
    let library = bench.library();
    assert!(
        !library.catalog().track_embeddings("z", library.embedder().id().as_str(), 20).unwrap().is_empty()
    );
    // Names swapped: both are content that is known under another name.
    std::fs::rename(bench.music("c.wav"), bench.music("t")).unwrap();
    std::fs::rename(bench.music("z.wav"), bench.music("c.wav")).unwrap();
    std::fs::rename(bench.music("t"), bench.music("z.wav")).unwrap();
    bench.ingest();
    assert_eq!(bench.tracks(), ["c", "z"]);
    let answer = identify(&bench, &song(1, 5.0));
    assert_eq!(answer, Some(("c".to_owned(), 0)));
}

#[test]
fn the_same_file_twice_is_used_once_and_the_copy_takes_over() {
    let bench = Bench::with_songs();
    std::fs::copy(bench.music("a.wav"), bench.music("copy.wav")).unwrap();
    let report = bench.ingest();
    assert_eq!((report.indexed, report.duplicates.len()), (3, 1));
    assert!(report.duplicates.iter().all(|(copy, of)| copy.ends_with("copy.wav") && of.ends_with("a.wav")));
    assert_eq!(bench.tracks(), ["a", "b", "c"]);
    let report = bench.ingest();
    assert_eq!((report.indexed, report.unchanged, report.duplicates.len()), (0, 3, 1));
    std::fs::remove_file(bench.music("a.wav")).unwrap();
    let report = bench.ingest();
    assert_eq!((report.indexed, report.moved.len(), report.duplicates.len()), (0, 1, 0));
    assert_eq!(bench.tracks(), ["b", "c", "copy"]);
}

#[test]
fn equal_names_in_two_folders_are_two_tracks() {
    let bench = Bench::new();
    write(&bench.music("x/01.wav"), &song(1, 6.0));
    write(&bench.music("y/01.wav"), &song(2, 6.0));
    bench.ingest();
    assert_eq!(bench.tracks(), ["01", "y/01"]);
    bench.ingest();
    assert_eq!(bench.tracks(), ["01", "y/01"]);
}

#[cfg(unix)]
#[test]
fn names_that_are_not_utf8_links_and_loops() {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;
    let bench = Bench::new();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.wav");
    write(&bench.music(name), &song(1, 6.0));
    write(&bench.path("elsewhere/b.wav"), &song(2, 6.0));
    symlink(bench.path("elsewhere/b.wav"), bench.music("linked.wav")).unwrap();
    symlink(bench.path("music"), bench.music("loop")).unwrap();
    symlink(bench.path("nowhere.wav"), bench.music("dangling.wav")).unwrap();
    let report = bench.ingest();
    assert_eq!((report.indexed, report.duplicates.len()), (2, 0));
    assert_eq!(bench.tracks(), ["caf\u{fffd}", "linked"]);
    assert_eq!(bench.ingest().unchanged, 2);
}

#[test]
fn a_table_wins_over_names_and_is_checked_against_the_folder() {
    let bench = Bench::with_songs();
    let table = bench.path("table.csv");
    std::fs::write(
        &table,
        "title,file,track_id,year,mood,group\nFirst,a.wav,id-1,1999,calm,g\nThird,./music/c.wav,,,,\nGone,gone.wav,,,,\n",
    )
    .unwrap();
    let options = IngestOptions::default().with_metadata(Some(table.clone()));
    let report = bench.ingest_with(&options);
    assert_eq!(report.rows_without_file, ["gone.wav"]);
    assert_eq!(report.files_without_row, [bench.music("b.wav").canonicalize().unwrap()]);
    assert_eq!(bench.tracks(), ["b", "c", "id-1"]);
    let song = bench.library().song("id-1").unwrap().unwrap();
    assert_eq!(
        (song.title.as_deref(), song.year, song.group.as_deref()),
        (Some("First"), Some(1999), Some("g"))
    );
    assert_eq!(song.extra.get("mood").map(String::as_str), Some("calm"));

    // Another table over files that did not change: relabelled without decoding, ids swapped.
    std::fs::write(&table, "file,track_id,title\na.wav,c,New\nc.wav,id-1,Old\n").unwrap();
    let report = bench.ingest_with(&options);
    assert_eq!((report.indexed, report.unchanged), (0, 3));
    assert_eq!(bench.tracks(), ["b", "c", "id-1"]);
    assert_eq!(bench.library().song("c").unwrap().unwrap().title.as_deref(), Some("New"));
    assert_eq!(identify(&bench, &support::song(1, 5.0)), Some(("c".to_owned(), 0)));

    // Without a table, what the catalog has stays.
    assert_eq!(bench.ingest().unchanged, 3);
    assert_eq!(bench.library().song("c").unwrap().unwrap().title.as_deref(), Some("New"));
}

#[test]
fn a_row_of_a_copy_describes_the_file_that_is_used() {
    let bench = Bench::with_songs();
    std::fs::copy(bench.music("a.wav"), bench.music("z.wav")).unwrap();
    std::fs::write(bench.path("t.csv"), "file,track_id,title\nz.wav,zed,Zed\nb.wav,bee,\nc.wav,,\n").unwrap();
    let report = bench.ingest_with(&IngestOptions::default().with_metadata(Some(bench.path("t.csv"))));
    assert_eq!((report.indexed, report.duplicates.len()), (3, 1));
    assert!(report.files_without_row.is_empty() && report.rows_without_file.is_empty());
    assert_eq!(bench.tracks(), ["bee", "c", "zed"]);
    assert_eq!(bench.library().song("zed").unwrap().unwrap().title.as_deref(), Some("Zed"));
}

#[test]
fn an_id_of_the_table_that_another_folder_has_is_reported() {
    let bench = Bench::new();
    write(&bench.path("other/taken.wav"), &song(1, 6.0));
    write(&bench.music("a.wav"), &song(2, 6.0));
    let other = MusicFolder::scan(&bench.path("other")).unwrap();
    bench.library().ingest(&other, &IngestOptions::default(), &()).unwrap();
    std::fs::write(bench.path("t.csv"), "file,track_id\na.wav,taken\n").unwrap();
    let report = bench.ingest_with(&IngestOptions::default().with_metadata(Some(bench.path("t.csv"))));
    assert_eq!(bench.tracks(), ["a", "taken"]);
    assert!(report.ids_taken.iter().any(|n| n.reason.contains("a.wav") && n.reason.contains("taken")));
}

#[test]
fn ids_follow_names_that_are_shifted_overwritten_or_in_folders() {
    let bench = Bench::new();
    for i in 1..=3 {
        write(&bench.music(format!("{i:02}.wav")), &song(i, 6.0));
    }
    write(&bench.music("y/01.wav"), &song(9, 6.0));
    bench.ingest();
    assert_eq!(bench.tracks(), ["01", "02", "03", "y/01"]);
    for i in (1..=3).rev() {
        let name = |i: u32| bench.music(format!("{i:02}.wav"));
        std::fs::rename(name(i), name(i + 1)).unwrap();
    }
    std::fs::rename(bench.music("y/01.wav"), bench.music("y/02.wav")).unwrap();
    bench.ingest();
    assert_eq!(bench.tracks(), ["02", "03", "04", "y/02"]);
    assert_eq!(identify(&bench, &song(1, 5.0)), Some(("02".to_owned(), 0)));
    // One song renamed over another.
    std::fs::rename(bench.music("04.wav"), bench.music("03.wav")).unwrap();
    bench.ingest();
    assert_eq!(bench.tracks(), ["02", "03", "y/02"]);
    assert_eq!(identify(&bench, &song(3, 5.0)), Some(("03".to_owned(), 0)));
}

#[test]
fn an_unreadable_table_ends_the_run_before_anything_is_written() {
    let bench = Bench::with_songs();
    let options = IngestOptions::default().with_metadata(Some(bench.path("missing.csv")));
    let error = bench.library().ingest(&bench.folder(), &options, &()).unwrap_err();
    assert!(error.to_string().contains("missing.csv"), "{error}");
    assert!(bench.tracks().is_empty());
}

#[test]
fn two_folders_at_once_with_the_same_names() {
    let bench = Bench::new();
    for i in 0..6 {
        write(&bench.path(&format!("x/{i}.wav")), &song(i, 6.0));
        write(&bench.path(&format!("y/{i}.wav")), &song(100 + i, 6.0));
    }
    let run = |name: &str| {
        let folder = MusicFolder::scan(&bench.path(name)).unwrap();
        let report = bench.library().ingest(&folder, &IngestOptions::default(), &()).unwrap();
        assert_eq!(report.indexed, 6);
    };
    at_once(|| run("x"), || run("y"));
    let library = bench.library();
    assert_eq!(bench.tracks().len(), 12);
    assert_eq!(library.catalog().tracks_of_model(library.embedder().id().as_str()).unwrap().len(), 12);
}

/// An archive unpacks with coarse times, and clips of one length have one size: only the content tells them apart.
#[cfg(unix)]
#[test]
fn files_of_one_size_and_time_that_change_places() {
    let bench = Bench::with_songs();
    let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
    for name in ["a.wav", "b.wav", "c.wav"] {
        let file = std::fs::File::options().write(true).open(bench.music(name)).unwrap();
        file.set_modified(time).unwrap();
    }
    bench.ingest();
    let rename = |from: &str, to: &str| std::fs::rename(bench.music(from), bench.music(to)).unwrap();
    rename("a.wav", "t");
    rename("b.wav", "a.wav");
    rename("t", "b.wav");
    bench.ingest();
    assert_eq!(identify(&bench, &song(1, 5.0)), Some(("b".to_owned(), 0)));
    assert_eq!(identify(&bench, &song(2, 5.0)), Some(("a".to_owned(), 0)));
}

#[test]
fn a_row_that_goes_takes_its_words_along() {
    let bench = Bench::with_songs();
    let with = |table: &str| {
        std::fs::write(bench.path("t.csv"), table).unwrap();
        bench.ingest_with(&IngestOptions::default().with_metadata(Some(bench.path("t.csv"))));
    };
    with("file,track_id,title,genre\na.wav,one,One,Rock\nb.wav,,Two,Pop\n");
    with("file,track_id,title\nb.wav,,Zwei\n");
    // As if it had been the only table.
    assert_eq!(bench.tracks(), ["a", "b", "c"]);
    let library = bench.library();
    assert_eq!(library.song("a").unwrap().unwrap().title, None);
    let b = library.song("b").unwrap().unwrap();
    assert_eq!((b.title.as_deref(), b.genre), (Some("Zwei"), None));
    assert!(b.duration.is_some());
}
