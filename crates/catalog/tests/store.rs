//! What is stored, what comes back, and what each change does to the rest.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use soundalike_catalog::{
    Catalog, Chunk, EmbeddingFault, Error, FileRecord, FileStatus, Song, Stats, Stored,
};

const MODEL: &str = "mfcc_3";

fn file(path: &str, track: &str, hash: &str) -> FileRecord {
    FileRecord {
        path: path.into(),
        size: 1234,
        mtime_ns: 1_700_000_000_123_456_789,
        ctime_ns: None,
        content_hash: Some(hash.into()),
        status: FileStatus::Ok { track_id: track.into() },
        tags: BTreeMap::from([("title".into(), "from the tag".into())]),
        warning: None,
    }
}

fn skipped(path: &str) -> FileRecord {
    let status = FileStatus::Skipped { reason: "no audio stream".into() };
    FileRecord { status, content_hash: None, ..file(path, "", "") }
}

fn chunks(n: usize, value: f32) -> Vec<Chunk> {
    let chunk = |i: usize| Chunk {
        start: 2.0 * i as f64,
        end: 2.0 * i as f64 + 5.0,
        embedding: vec![value, i as f32, -0.0],
    };
    (0..n).map(chunk).collect()
}

fn store(catalog: &mut Catalog, path: &str, track: &str, hash: &str, n: usize) -> Stored {
    catalog.store_track(&file(path, track, hash), &Song::new(track), MODEL, 3, &chunks(n, 1.0)).unwrap()
}

fn counts(catalog: &Catalog) -> (u64, u64, u64, u64) {
    let Stats { songs, embeddings, files_ok, files_skipped, .. } = catalog.stats().unwrap();
    (songs, embeddings, files_ok, files_skipped)
}

#[test]
fn everything_comes_back() {
    let mut catalog = Catalog::in_memory().unwrap();
    let song = Song {
        recording_id: "Ünïcode 'quoted\" id".into(),
        title: Some("T".into()),
        artist: Some("A".into()),
        album: Some("L".into()),
        year: Some(1999),
        genre: Some("G".into()),
        language: Some("de".into()),
        group: Some("works/7".into()),
        duration: Some(187.25),
        sample_rate: Some(44_100),
        channels: Some(2),
        extra: BTreeMap::from([("bpm".into(), "120".into()), ("ключ".into(), "ля \"минор\"".into())]),
    };
    let record = file("a/b.flac", &song.recording_id, "h");
    assert_eq!(catalog.store_track(&record, &song, MODEL, 3, &chunks(4, 0.5)).unwrap(), Stored::Written);
    assert_eq!(catalog.song(&song.recording_id).unwrap(), Some(song.clone()));
    assert_eq!(catalog.songs().unwrap(), std::slice::from_ref(&song));
    assert_eq!(catalog.file("a/b.flac").unwrap(), Some(record.clone()));
    assert_eq!(catalog.files().unwrap(), [record]);
    assert_eq!(catalog.track_embeddings(&song.recording_id, MODEL, 3).unwrap(), chunks(4, 0.5));
    assert_eq!(catalog.song("other").unwrap(), None);
    assert_eq!(catalog.file("other").unwrap(), None);
    assert!(catalog.track_embeddings("other", MODEL, 3).unwrap().is_empty());
    let bare = Song::new("bare");
    catalog.store_track(&file("c", "bare", "h2"), &bare, MODEL, 3, &[]).unwrap();
    assert_eq!(catalog.song("bare").unwrap(), Some(bare));
}

#[test]
fn embeddings_stream_in_id_order_with_their_places() {
    let mut catalog = Catalog::in_memory().unwrap();
    store(&mut catalog, "b", "b", "1", 3);
    store(&mut catalog, "a", "a", "2", 2);
    catalog.store_track(&file("a", "a", "2"), &Song::new("a"), "other", 1, &[]).unwrap();
    let mut seen = Vec::new();
    let generation = catalog
        .embeddings(MODEL, 3, |row| {
            seen.push((row.id, row.track_id.to_owned(), row.start, row.end, row.vector.to_vec()));
            Ok::<(), Error>(())
        })
        .unwrap();
    assert_eq!(generation, catalog.generation().unwrap());
    let tracks: Vec<&str> = seen.iter().map(|row| row.1.as_str()).collect();
    assert_eq!(tracks, ["b", "b", "b", "a", "a"]);
    assert!(seen.is_sorted_by(|x, y| x.0 < y.0));
    assert_eq!(seen[1].4, [1.0, 1.0, 0.0]);
    for (id, track, start, end, _) in &seen {
        let place = catalog.embedding_location(*id).unwrap().unwrap();
        assert_eq!((&place.track_id, place.start, place.end), (track, *start, *end));
    }
    let places = catalog.embedding_locations(MODEL).unwrap();
    let streamed: Vec<_> = seen.iter().map(|row| (row.0, &row.1, row.2, row.3)).collect();
    let located: Vec<_> = places.iter().map(|(id, p)| (*id, &p.track_id, p.start, p.end)).collect();
    assert_eq!(located, streamed);
    assert_eq!(catalog.tracks_of_model(MODEL).unwrap(), ["a", "b"]);
    assert!(catalog.embedding_locations("none").unwrap().is_empty());
    assert!(catalog.tracks_of_model("none").unwrap().is_empty());
    assert_eq!(catalog.embedding_location(u64::MAX).unwrap(), None);
    assert_eq!(catalog.embedding_location(999).unwrap(), None);
}

#[test]
fn the_callbacks_own_error_ends_the_stream() {
    #[derive(Debug)]
    enum Mine {
        Stop,
        Catalog,
    }
    impl From<Error> for Mine {
        fn from(_: Error) -> Self {
            Self::Catalog
        }
    }
    let mut catalog = Catalog::in_memory().unwrap();
    store(&mut catalog, "a", "a", "1", 5);
    let mut calls = 0;
    let stopped = catalog.embeddings(MODEL, 3, |_| {
        calls += 1;
        if calls == 2 { Err(Mine::Stop) } else { Ok(()) }
    });
    assert!(matches!(stopped, Err(Mine::Stop)) && calls == 2);
    assert!(matches!(catalog.embeddings(MODEL, 2, |_| Ok(())), Err(Mine::Catalog)));
    // The transaction of the reader has ended: writing works.
    store(&mut catalog, "b", "b", "2", 1);
}

#[test]
fn storing_again_replaces_one_model_alone() {
    let mut catalog = Catalog::in_memory().unwrap();
    store(&mut catalog, "a", "t", "1", 3);
    catalog.store_track(&file("a", "t", "1"), &Song::new("t"), "big", 1, &[chunk1()]).unwrap();
    // Same contents, another number of chunks: this model is replaced, the other stays.
    store(&mut catalog, "a", "t", "1", 2);
    assert_eq!(catalog.track_embeddings("t", MODEL, 3).unwrap().len(), 2);
    assert_eq!(catalog.track_embeddings("t", "big", 1).unwrap().len(), 1);
    let models = catalog.models().unwrap();
    let models: Vec<_> = models.iter().map(|m| (m.model.as_str(), m.dim, m.embeddings, m.tracks)).collect();
    assert_eq!(models, [("big", 1, 1, 1), (MODEL, 3, 2, 1)]);
    // Other contents: what the other model made of the old ones is gone.
    store(&mut catalog, "a", "t", "2", 2);
    assert!(catalog.track_embeddings("t", "big", 1).unwrap().is_empty());
}

fn chunk1() -> Chunk {
    Chunk { start: 0.0, end: 1.0, embedding: vec![1.0] }
}

#[test]
fn the_same_contents_are_stored_once() {
    let mut catalog = Catalog::in_memory().unwrap();
    assert_eq!(store(&mut catalog, "a", "t", "1", 3), Stored::Written);
    let generation = catalog.generation().unwrap();
    let song = Song { title: Some("ignored".into()), ..Song::new("t") };
    let again = catalog.store_track(&file("a", "t", "1"), &song, MODEL, 3, &chunks(3, 9.0)).unwrap();
    assert_eq!(again, Stored::AlreadyThere);
    assert_eq!(catalog.generation().unwrap(), generation);
    assert_eq!(catalog.song("t").unwrap(), Some(Song::new("t")));
    assert_eq!(catalog.track_embeddings("t", MODEL, 3).unwrap(), chunks(3, 1.0));
    for (hash, track, model) in [("2", "t", MODEL), ("2", "u", MODEL), ("2", "u", "other")] {
        let stored =
            catalog.store_track(&file("a", track, hash), &Song::new(track), model, 3, &chunks(3, 1.0));
        assert_eq!(stored.unwrap(), Stored::Written, "{hash} {track} {model}");
    }
    let unknown = FileRecord { content_hash: None, ..file("a", "u", "") };
    for _ in 0..2 {
        let stored = catalog.store_track(&unknown, &Song::new("u"), MODEL, 3, &chunks(3, 1.0)).unwrap();
        assert_eq!(stored, Stored::Written, "no hash, no proof");
    }
    assert_eq!(catalog.songs().unwrap().len(), 1, "the file is only one track");
}

#[test]
fn a_track_lives_as_long_as_a_file_has_it() {
    let mut catalog = Catalog::in_memory().unwrap();
    store(&mut catalog, "a", "t", "1", 2);
    store(&mut catalog, "copy of a", "t", "1", 2);
    assert_eq!(counts(&catalog), (1, 2, 2, 0));
    assert!(catalog.forget_file("a").unwrap());
    assert_eq!(counts(&catalog), (1, 2, 1, 0));
    let generation = catalog.generation().unwrap();
    assert!(!catalog.forget_file("a").unwrap());
    assert_eq!(catalog.generation().unwrap(), generation);
    assert!(catalog.forget_file("copy of a").unwrap());
    assert_eq!(counts(&catalog), (0, 0, 0, 0));
}

#[test]
fn a_file_that_became_another_track_takes_the_old_one_along() {
    let mut catalog = Catalog::in_memory().unwrap();
    store(&mut catalog, "a", "old", "1", 2);
    store(&mut catalog, "a", "new", "1", 3);
    assert_eq!(catalog.song("old").unwrap(), None);
    assert_eq!(counts(&catalog), (1, 3, 1, 0));
}

#[test]
fn a_file_that_broke_is_remembered_and_its_track_removed() {
    let mut catalog = Catalog::in_memory().unwrap();
    store(&mut catalog, "a", "t", "1", 2);
    store(&mut catalog, "b", "u", "1", 2);
    catalog.record_skipped(&skipped("a")).unwrap();
    catalog.record_skipped(&skipped("c")).unwrap();
    assert_eq!(catalog.file("a").unwrap(), Some(skipped("a")));
    assert_eq!(counts(&catalog), (1, 2, 1, 2));
    // And it may be repaired.
    store(&mut catalog, "a", "t", "2", 1);
    assert_eq!(counts(&catalog), (2, 3, 2, 1));
    let wrong = catalog.record_skipped(&file("a", "t", "1"));
    assert!(matches!(wrong, Err(Error::InvalidField { field: "status" })));
}

#[test]
fn moved_files_keep_their_embeddings() {
    let mut catalog = Catalog::in_memory().unwrap();
    store(&mut catalog, "a", "t", "1", 2);
    store(&mut catalog, "b", "u", "2", 3);
    catalog.move_file("a", &file("z", "t", "1")).unwrap();
    assert_eq!(catalog.file("a").unwrap(), None);
    assert_eq!(catalog.track_embeddings("t", MODEL, 3).unwrap().len(), 2);
    // Onto a known path: that file's track has no file any more.
    catalog.move_file("z", &file("b", "t", "1")).unwrap();
    assert_eq!(counts(&catalog), (1, 2, 1, 0));
    // Onto itself: only the record changes.
    let touched = FileRecord { mtime_ns: -5, ..file("b", "t", "1") };
    catalog.move_file("b", &touched).unwrap();
    assert_eq!(catalog.files().unwrap(), [touched]);
    let generation = catalog.generation().unwrap();
    let missing = catalog.move_file("a", &file("y", "t", "1"));
    assert!(matches!(missing, Err(Error::UnknownFile { path }) if path.as_os_str() == "a"));
    let unknown = catalog.move_file("b", &file("y", "nobody", "1"));
    assert!(matches!(unknown, Err(Error::UnknownTrack { track_id }) if track_id == "nobody"));
    assert_eq!(catalog.generation().unwrap(), generation);
    assert_eq!(counts(&catalog), (1, 2, 1, 0));
}

#[test]
fn tracks_swap_and_rotate_their_ids() {
    let mut catalog = Catalog::in_memory().unwrap();
    for (n, track) in ["a", "b", "c", "\u{1}0-0"].into_iter().enumerate() {
        store(&mut catalog, &format!("file of {track}"), track, "1", n + 1);
    }
    let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(old, new)| ((*old).to_owned(), (*new).to_owned())).collect()
    };
    catalog.rename_tracks(&pairs(&[("a", "b"), ("b", "c"), ("c", "a"), ("\u{1}0-0", "d")])).unwrap();
    for (track, from, n) in [("b", "a", 1), ("c", "b", 2), ("a", "c", 3), ("d", "\u{1}0-0", 4)] {
        assert_eq!(catalog.track_embeddings(track, MODEL, 3).unwrap().len(), n, "{track}");
        let record = catalog.file(format!("file of {from}")).unwrap().unwrap();
        assert_eq!(record.status.track_id(), Some(track));
    }
    let ids = |catalog: &Catalog| -> Vec<String> {
        catalog.songs().unwrap().into_iter().map(|song| song.recording_id).collect()
    };
    assert_eq!(ids(&catalog), ["a", "b", "c", "d"]);
    let generation = catalog.generation().unwrap();
    for bad in [
        pairs(&[("a", "x"), ("nobody", "y")]),
        pairs(&[("a", "x"), ("b", "x")]),
        pairs(&[("a", "x"), ("a", "y")]),
        pairs(&[("a", "x"), ("b", "c")]),
        pairs(&[("a", "")]),
    ] {
        assert!(catalog.rename_tracks(&bad).is_err(), "{bad:?}");
    }
    catalog.rename_tracks(&[]).unwrap();
    catalog.rename_tracks(&pairs(&[("a", "a")])).unwrap();
    assert_eq!(catalog.generation().unwrap(), generation);
    assert_eq!(ids(&catalog), ["a", "b", "c", "d"]);
}

#[test]
fn a_song_is_updated_without_its_embeddings() {
    let mut catalog = Catalog::in_memory().unwrap();
    store(&mut catalog, "a", "t", "1", 2);
    let song = Song { year: Some(-44), artist: Some("B".into()), ..Song::new("t") };
    catalog.update_song(&song).unwrap();
    assert_eq!(catalog.song("t").unwrap(), Some(song));
    assert_eq!(counts(&catalog), (1, 2, 1, 0));
    assert!(matches!(catalog.update_song(&Song::new("u")), Err(Error::UnknownTrack { .. })));
}

#[test]
fn what_cannot_be_read_back_is_not_stored() {
    let mut catalog = Catalog::in_memory().unwrap();
    let generation = catalog.generation().unwrap();
    let good = Song::new("t");
    let one = |start: f64, end: f64, embedding: &[f32]| {
        vec![chunks(1, 0.0)[0].clone(), Chunk { start, end, embedding: embedding.to_vec() }]
    };
    let faults = [
        (one(0.0, 1.0, &[1.0, 2.0]), EmbeddingFault::Dim { expected: 3, got: 2 }),
        (one(0.0, 1.0, &[1.0, f32::NAN, 2.0]), EmbeddingFault::NotFinite { component: 1 }),
        (one(2.0, 1.0, &[1.0; 3]), EmbeddingFault::Times),
        (one(0.0, f64::NAN, &[1.0; 3]), EmbeddingFault::Times),
    ];
    for (chunks, expected) in faults {
        let error = catalog.store_track(&file("a", "t", "1"), &good, MODEL, 3, &chunks).unwrap_err();
        assert!(matches!(error, Error::InvalidEmbedding { chunk: 1, fault } if fault == expected));
    }
    let mut refused = |record: &FileRecord, song: &Song, model: &str, dim: usize| {
        assert!(catalog.store_track(record, song, model, dim, &[]).is_err());
    };
    refused(&file("a", "u", "1"), &good, MODEL, 3);
    refused(&skipped("a"), &good, MODEL, 3);
    refused(&file("a", "", "1"), &Song::new(""), MODEL, 3);
    refused(&file("a", "t", "1"), &good, "", 3);
    refused(&file("a", "t", "1"), &good, MODEL, 0);
    refused(&FileRecord { size: u64::MAX, ..file("a", "t", "1") }, &good, MODEL, 3);
    for seconds in [f64::NAN, f64::INFINITY, -1.0] {
        refused(&file("a", "t", "1"), &Song { duration: Some(seconds), ..good.clone() }, MODEL, 3);
    }
    assert_eq!(counts(&catalog), (0, 0, 0, 0));
    assert_eq!(catalog.generation().unwrap(), generation);
}

#[cfg(unix)]
#[test]
fn names_that_are_not_unicode_survive() {
    use std::os::unix::ffi::OsStrExt;
    let mut catalog = Catalog::in_memory().unwrap();
    let name = PathBuf::from(std::ffi::OsStr::from_bytes(b"caf\xe9/\xff\xfe 'x'.mp3"));
    let record = FileRecord { path: name.clone(), ..file("", "t", "1") };
    catalog.store_track(&record, &Song::new("t"), MODEL, 3, &chunks(1, 0.0)).unwrap();
    assert_eq!(catalog.files().unwrap(), std::slice::from_ref(&record));
    assert_eq!(catalog.file(&name).unwrap(), Some(record));
    assert!(catalog.forget_file(&name).unwrap());
}

#[test]
fn each_change_bumps_the_generation() {
    let mut catalog = Catalog::in_memory().unwrap();
    assert_eq!(catalog.generation().unwrap(), 0);
    store(&mut catalog, "a", "t", "1", 1);
    catalog.record_skipped(&skipped("b")).unwrap();
    catalog.update_song(&Song::new("t")).unwrap();
    catalog.rename_tracks(&[("t".into(), "u".into())]).unwrap();
    catalog.move_file("b", &skipped("c")).unwrap();
    catalog.forget_file("a").unwrap();
    assert_eq!(catalog.generation().unwrap(), 6);
}
