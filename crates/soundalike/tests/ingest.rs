//! Folders of music into libraries: what a second run does, and what trouble does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use soundalike::catalog::Catalog;
use soundalike::{Embedder, Error, IngestObserver, IngestOptions, Library, MusicFolder};
use support::{Bench, RATE, at_once, embedder, identify, song, write};

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

#[test]
fn two_broken_files_of_the_same_bytes_are_not_usable_either() {
    let bench = Bench::new();
    // Enough of a file to begin with audio: it is found out while it is embedded.
    for name in ["a.wav", "b.wav"] {
        write(&bench.music(name), &vec![0.0; 3 * RATE as usize]);
    }
    for _ in 0..2 {
        let error = bench.library().ingest(&bench.folder(), &IngestOptions::default(), &()).unwrap_err();
        assert!(matches!(error, Error::NothingUsable { found: 2, .. }), "{error}");
    }
    write(&bench.music("c.wav"), &song(1, 6.0));
    let report = bench.ingest();
    assert_eq!((report.indexed, report.skipped.len(), report.duplicates.len()), (1, 2, 0));
}

#[test]
fn rubbish_of_any_size_is_found_out_at_once() {
    let bench = Bench::with_songs();
    // No bytes on the disk, but a length.
    std::fs::File::create(bench.music("huge.wav")).unwrap().set_len(20 << 30).unwrap();
    let begun = std::time::Instant::now();
    let report = bench.ingest();
    assert!(begun.elapsed().as_secs() < 4, "{:?}", begun.elapsed());
    assert_eq!((report.indexed, report.skipped.len()), (3, 1));
}

/// Hands over to another embedder, but breaks what `break_it` does to its vectors.
struct Broken(Arc<dyn Embedder>, soundalike::EmbedderId, fn(&mut Vec<f32>));

impl Embedder for Broken {
    fn id(&self) -> &soundalike::EmbedderId {
        &self.1
    }

    fn dim(&self) -> usize {
        self.0.dim()
    }

    fn sample_rate(&self) -> u32 {
        self.0.sample_rate()
    }

    fn chunks(&self) -> &soundalike::features::ChunkConfig {
        self.0.chunks()
    }

    fn min_samples(&self) -> usize {
        self.0.min_samples()
    }

    fn embed(&self, samples: &[f32]) -> Result<Vec<f32>, Error> {
        let mut vector = self.0.embed(samples)?;
        (self.2)(&mut vector);
        Ok(vector)
    }
}

#[test]
fn bad_vectors_cost_a_file_and_not_the_library() {
    let cases: [fn(&mut Vec<f32>); 3] = [|v| v.fill(0.0), |v| v[3] = f32::NAN, |v| v.truncate(5)];
    for break_it in cases {
        let bench = Bench::with_songs();
        let broken = Broken(embedder(), soundalike::EmbedderId::new("broken", b""), break_it);
        let mut library = Library::open(&bench.path("library"), Arc::new(broken)).unwrap();
        let error = library.ingest(&bench.folder(), &IngestOptions::default(), &()).unwrap_err();
        assert!(
            matches!(&error, Error::NothingUsable { first, .. } if first.contains("a vector of broken")),
            "{error}"
        );
    }
}

#[test]
fn several_embedders_side_by_side() {
    let bench = Bench::with_songs();
    bench.ingest();
    let other = || -> Arc<dyn Embedder> {
        let config = soundalike::MfccEmbedderConfig::default().with_chunks(4.0, 1.0);
        Arc::new(soundalike::MfccEmbedder::new(&config).unwrap())
    };
    let with_other = |folder: &str| {
        let folder = MusicFolder::scan(&bench.path(folder)).unwrap();
        let mut library = Library::open(&bench.path("library"), other()).unwrap();
        library.ingest(&folder, &IngestOptions::default(), &()).unwrap()
    };
    let models = || -> Vec<u64> {
        bench.library().catalog().models().unwrap().into_iter().map(|m| m.tracks).collect()
    };
    // Renamed, then read by the other embedder: what the first made stays.
    std::fs::rename(bench.music("a.wav"), bench.music("z.wav")).unwrap();
    let report = with_other("music");
    assert_eq!((report.indexed, report.moved.len()), (3, 1));
    assert_eq!(bench.tracks(), ["b", "c", "z"]);
    assert_eq!(models(), [3, 3]);
    assert_eq!(bench.ingest().unchanged, 3);
    // A copy elsewhere of a file that only the first embedder knows is no copy to the other.
    write(&bench.music("d.wav"), &song(4, 6.0));
    bench.ingest();
    std::fs::create_dir(bench.path("second")).unwrap();
    std::fs::copy(bench.music("d.wav"), bench.path("second/d2.wav")).unwrap();
    assert_eq!(with_other("second").indexed, 1);
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
    // One thread, so that not all files are decoded before the third is counted.
    let options = IngestOptions::default().with_threads(std::num::NonZeroUsize::new(1));
    let report = bench.library().ingest(&bench.folder(), &options, &stop).unwrap();
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
    let run = || {
        let report = bench.ingest();
        assert_eq!(report.indexed + report.unchanged, 8);
    };
    at_once(run, run);
    let together = bench.library().catalog().stats().unwrap();
    assert_eq!((together.songs, together.files_ok, together.generation), (8, 8, 8));
    // Renamed, and then both again; and with a table that gives new ids.
    for i in 0..8 {
        std::fs::rename(bench.music(format!("{i}.wav")), bench.music(format!("new-{i}.wav"))).unwrap();
    }
    let run = || {
        let report = bench.ingest();
        assert_eq!((report.indexed, report.unchanged + report.moved.len()), (0, 8));
    };
    at_once(run, run);
    assert_eq!(bench.tracks(), (0..8).map(|i| format!("new-{i}")).collect::<Vec<_>>());
    let rows: String = (0..8).map(|i| format!("new-{i}.wav,id-{i}\n")).collect();
    std::fs::write(bench.path("table.csv"), format!("file,track_id\n{rows}")).unwrap();
    let run = || {
        let options = IngestOptions::default().with_metadata(Some(bench.path("table.csv")));
        assert_eq!(bench.ingest_with(&options).unchanged, 8);
    };
    at_once(run, run);
    assert_eq!(bench.tracks(), (0..8).map(|i| format!("id-{i}")).collect::<Vec<_>>());
}

/// Counts how often it had to wait; ends while waiting when asked to.
struct Waits {
    told: AtomicUsize,
    give_up: bool,
}

impl IngestObserver for Waits {
    fn waiting(&self) {
        self.told.fetch_add(1, Ordering::SeqCst);
    }

    fn cancelled(&self) -> bool {
        self.give_up
    }
}

#[test]
fn an_ingest_that_waits_says_so_and_can_be_ended() {
    let bench = Bench::with_songs();
    let lock = std::fs::File::create({
        bench.library();
        bench.path("library/ingest.lock")
    })
    .unwrap();
    lock.lock().unwrap();
    let waits = Waits { told: AtomicUsize::new(0), give_up: true };
    let report = bench.library().ingest(&bench.folder(), &IngestOptions::default(), &waits).unwrap();
    assert!(report.interrupted && bench.tracks().is_empty());
    let waits = Waits { told: AtomicUsize::new(0), give_up: false };
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            bench.library().ingest(&bench.folder(), &IngestOptions::default(), &waits).unwrap().indexed
        });
        while waits.told.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        assert!(bench.tracks().is_empty());
        drop(lock);
        assert_eq!(waiting.join().unwrap(), 3);
    });
    assert_eq!(waits.told.into_inner(), 1);
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
        matches!(error, Error::UnusableIndexFile { .. })
            && error.to_string().contains(soundalike::INDEX_FILE),
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

#[test]
fn what_was_wrong_with_a_file_is_said_in_every_run() {
    let bench = Bench::with_songs();
    let whole = std::fs::read(bench.music("a.wav")).unwrap();
    std::fs::write(bench.music("a.wav"), &whole[..whole.len() * 2 / 3]).unwrap();
    for _ in 0..2 {
        let warnings = bench.ingest().warnings;
        assert!(warnings.len() == 1 && warnings[0].reason.contains("a.wav"), "{warnings:?}");
    }
    std::fs::rename(bench.music("a.wav"), bench.music("z.wav")).unwrap();
    assert!(bench.ingest().warnings[0].reason.contains("z.wav"));
}

#[test]
fn formats_that_cannot_be_read_are_listed() {
    let bench = Bench::with_songs();
    std::fs::write(bench.music("old.wma"), b"\x30\x26\xb2\x75\x8e\x66\xcf\x11".repeat(100)).unwrap();
    let report = bench.ingest();
    assert_eq!((report.found, report.indexed, report.skipped.len()), (4, 3, 1));
}
