//! Folders of music into libraries: what a second run does, and what trouble does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod support;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use soundalike::catalog::Catalog;
use soundalike::{Error, IngestObserver, IngestOptions, Library, MusicFolder};
use support::{Bench, RATE, embedder, song, write};

#[test]
fn the_second_run_reads_only_what_changed() {
    let bench = Bench::with_songs();
    let first = bench.ingest();
    assert_eq!((first.found, first.indexed, first.unchanged), (3, 3, 0));
    assert!((first.seconds_decoded - 36.0).abs() < 0.1);
    let second = bench.ingest();
    assert_eq!((second.indexed, second.unchanged, second.seconds_decoded), (0, 3, 0.0));

    write(&bench.music("b.wav"), &song(9, 14.0));
    write(&bench.music("d.wav"), &song(4, 12.0));
    let third = bench.ingest();
    assert_eq!((third.indexed, third.unchanged), (2, 2));
    let library = bench.library();
    assert!((library.song("b").unwrap().unwrap().duration.unwrap() - 14.0).abs() < 0.01);
    assert_eq!(bench.tracks(), ["a", "b", "c", "d"]);
}

#[test]
fn a_touched_file_is_not_decoded_again() {
    let bench = Bench::with_songs();
    bench.ingest();
    let file = std::fs::File::options().write(true).open(bench.music("a.wav")).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1)).unwrap();
    let again = bench.ingest();
    assert_eq!((again.indexed, again.unchanged), (0, 3));
    // The new time is recorded, so that the file is not even hashed the next time.
    let recorded = bench.library().catalog().files().unwrap();
    assert_eq!(recorded.first().map(|f| f.mtime_ns), Some(1_000_000_000));
}

#[test]
fn chunks_of_five_seconds_every_two_cover_the_song() {
    let bench = Bench::new();
    write(&bench.music("a.wav"), &song(1, 12.5));
    bench.ingest();
    let library = bench.library();
    let chunks = library.catalog().track_embeddings("a", library.embedder().id().as_str(), 20).unwrap();
    let times: Vec<(f64, f64)> = chunks.iter().map(|c| (c.start, c.end)).collect();
    assert_eq!(times, [(0.0, 5.0), (2.0, 7.0), (4.0, 9.0), (6.0, 11.0), (7.5, 12.5)]);
}

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

#[test]
fn bad_files_are_listed_and_change_nothing_else() {
    let bench = Bench::with_songs();
    bench.ingest();
    let before = bench.library().catalog().stats().unwrap();
    std::fs::write(bench.music("text.mp3"), "this is a shopping list, not music ".repeat(400)).unwrap();
    std::fs::write(bench.music("empty.wav"), "").unwrap();
    write(&bench.music("silent.wav"), &vec![0.0; 10 * RATE as usize]);
    write(&bench.music("blip.wav"), &song(5, 0.05));
    for _ in 0..2 {
        let report = bench.ingest();
        assert_eq!((report.indexed, report.unchanged), (0, 3));
        let reasons: Vec<&str> = report.skipped.iter().map(|s| s.reason.as_str()).collect();
        assert_eq!(reasons.len(), 4, "{reasons:?}");
        for (name, word) in [
            ("blip.wav", "too short"),
            ("empty.wav", "empty"),
            ("silent.wav", "silent"),
            ("text.mp3", "not recognised"),
        ] {
            assert!(reasons.iter().any(|r| r.contains(name) && r.contains(word)), "{name}: {reasons:?}");
        }
        let after = bench.library().catalog().stats().unwrap();
        assert_eq!((before.songs, before.embeddings), (after.songs, after.embeddings));
    }
}

#[test]
fn a_song_that_breaks_is_taken_out() {
    let bench = Bench::with_songs();
    bench.ingest();
    std::fs::write(bench.music("a.wav"), "no longer audio").unwrap();
    let report = bench.ingest();
    assert_eq!((report.unchanged, report.skipped.len()), (2, 1));
    assert_eq!(bench.tracks(), ["b", "c"]);
}

#[test]
fn a_track_shorter_than_a_chunk_is_one_chunk() {
    let bench = Bench::new();
    write(&bench.music("short.wav"), &song(1, 2.0));
    assert_eq!(bench.ingest().indexed, 1);
    let library = bench.library();
    let chunks = library.catalog().track_embeddings("short", library.embedder().id().as_str(), 20).unwrap();
    assert_eq!(chunks.iter().map(|c| (c.start, c.end)).collect::<Vec<_>>(), [(0.0, 2.0)]);
}

#[test]
fn silent_stretches_are_not_indexed() {
    let bench = Bench::new();
    let mut samples = song(1, 6.0);
    samples.extend(vec![0.0; 20 * RATE as usize]);
    write(&bench.music("a.wav"), &samples);
    bench.ingest();
    let library = bench.library();
    let chunks = library.catalog().track_embeddings("a", library.embedder().id().as_str(), 20).unwrap();
    assert!(chunks.iter().all(|c| c.start < 6.0), "{:?}", chunks.iter().map(|c| c.start).collect::<Vec<_>>());
}

#[test]
fn folders_without_music() {
    let bench = Bench::new();
    let scan = |p: &Path| MusicFolder::scan(p);
    assert!(matches!(scan(&bench.path("music")), Err(Error::NoAudio { .. })));
    std::fs::write(bench.music("notes.txt"), "x").unwrap();
    assert!(matches!(scan(&bench.path("music")), Err(Error::NoAudio { .. })));
    let missing = scan(&bench.path("nowhere")).unwrap_err();
    assert!(missing.to_string().contains("nowhere"), "{missing}");
    assert!(scan(&bench.music("notes.txt")).is_err());
}

#[test]
fn nothing_usable_is_an_error_that_names_a_file() {
    let bench = Bench::new();
    std::fs::write(bench.music("broken.mp3"), "nothing").unwrap();
    let error = bench.library().ingest(&bench.folder(), &IngestOptions::default(), &()).unwrap_err();
    assert!(matches!(error, Error::NothingUsable { found: 1, .. }));
    assert!(error.to_string().contains("broken.mp3"), "{error}");
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
fn an_unreadable_table_ends_the_run_before_anything_is_written() {
    let bench = Bench::with_songs();
    let options = IngestOptions::default().with_metadata(Some(bench.path("missing.csv")));
    let error = bench.library().ingest(&bench.folder(), &options, &()).unwrap_err();
    assert!(error.to_string().contains("missing.csv"), "{error}");
    assert!(bench.tracks().is_empty());
}

/// Ends the ingest after some files.
struct StopAfter {
    files: usize,
    done: AtomicUsize,
}

impl IngestObserver for StopAfter {
    fn decoded(&self, _: &Path, _: Option<&str>) {
        self.done.fetch_add(1, Ordering::SeqCst);
    }

    fn cancelled(&self) -> bool {
        self.done.load(Ordering::SeqCst) >= self.files
    }
}

#[test]
fn what_was_finished_stays_when_the_run_is_ended() {
    let bench = Bench::new();
    for i in 0..12 {
        write(&bench.music(format!("{i:02}.wav")), &song(i, 6.0));
    }
    let stop = StopAfter { files: 3, done: AtomicUsize::new(0) };
    let report = bench.library().ingest(&bench.folder(), &IngestOptions::default(), &stop).unwrap();
    assert!(report.interrupted);
    let kept = bench.tracks().len();
    assert!((3..12).contains(&kept) && kept == report.indexed, "{kept} {}", report.indexed);
    let report = bench.ingest();
    assert_eq!((report.indexed, report.unchanged, report.interrupted), (12 - kept, kept, false));
    assert_eq!(bench.tracks().len(), 12);
}

#[test]
fn two_ingests_at_once_give_what_one_gives() {
    let bench = Bench::new();
    for i in 0..8 {
        write(&bench.music(format!("{i}.wav")), &song(i, 6.0));
    }
    std::thread::scope(|scope| {
        let run = || bench.ingest();
        let (one, two) = (scope.spawn(run), scope.spawn(run));
        for report in [one.join().unwrap(), two.join().unwrap()] {
            assert_eq!(report.indexed + report.unchanged, 8);
        }
    });
    let together = bench.library().catalog().stats().unwrap();
    let alone = Library::open(&bench.path("alone"), embedder())
        .and_then(|mut l| {
            l.ingest(&bench.folder(), &IngestOptions::default(), &())?;
            Ok(l.catalog().stats()?)
        })
        .unwrap();
    assert_eq!(
        (together.songs, together.embeddings, together.files_ok),
        (alone.songs, alone.embeddings, alone.files_ok)
    );
}

#[test]
fn a_catalog_of_another_program_is_refused_and_kept() {
    let bench = Bench::with_songs();
    let path = bench.path("library").join(soundalike::CATALOG_FILE);
    std::fs::create_dir(bench.path("library")).unwrap();
    let foreign = b"SQLite format 3\0 but of somebody else: not a database at all".repeat(20);
    std::fs::write(&path, &foreign).unwrap();
    assert!(matches!(Library::open(&bench.path("library"), embedder()), Err(Error::Catalog(_))));
    assert_eq!(std::fs::read(&path).unwrap(), foreign);
    assert_eq!(std::fs::read_dir(bench.path("library")).unwrap().count(), 1);
    assert!(Catalog::open(&path).is_err());
}

#[test]
fn the_index_file_is_used_when_it_fits_rebuilt_when_older_refused_when_changed() {
    use soundalike::IndexSource::{File, Rebuilt};
    let bench = Bench::with_songs();
    bench.ingest();
    let source = || bench.library().identifier().map(|(_, source)| source);
    assert_eq!(source().unwrap(), Rebuilt);
    assert_eq!(source().unwrap(), File);
    write(&bench.music("d.wav"), &song(4, 6.0));
    bench.ingest();
    assert_eq!(source().unwrap(), Rebuilt);
    assert_eq!(source().unwrap(), File);

    let path = bench.library().index_path();
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let error = source().unwrap_err();
    assert!(
        matches!(error, Error::Index(_)) && error.to_string().contains(soundalike::INDEX_FILE),
        "{error}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "a file that was changed is left as it is");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(source().unwrap(), Rebuilt);
}

#[test]
fn an_index_of_a_catalog_that_was_begun_again_is_not_used() {
    use soundalike::IndexSource::Rebuilt;
    let bench = Bench::with_songs();
    bench.ingest();
    bench.library().identifier().unwrap();
    let generation = bench.library().catalog().generation().unwrap();
    for name in ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"] {
        let _ = std::fs::remove_file(bench.path("library").join(name));
    }
    for (seed, name) in [(11, "a.wav"), (12, "b.wav"), (13, "c.wav")] {
        write(&bench.music(name), &song(seed, 12.0));
    }
    bench.ingest();
    assert_eq!(bench.library().catalog().generation().unwrap(), generation);
    assert_eq!(bench.library().identifier().unwrap().1, Rebuilt);
    assert_eq!(identify(&bench, &song(11, 5.0)), Some(("a".to_owned(), 0)));
}

/// The matched track and its offset in whole seconds.
fn identify(bench: &Bench, samples: &[f32]) -> Option<(String, i64)> {
    let library = bench.library();
    let clip = soundalike::ClipEmbedding::new(&**library.embedder(), samples).unwrap();
    let (identifier, _) = library.identifier().unwrap();
    let answer = identifier.identify(&clip, &soundalike::IdentifyOptions::default()).unwrap();
    answer.matched().map(|c| (c.track_id.clone(), c.offset_s.round() as i64))
}
