//! Opening: new files, other people's files, damaged files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::path::Path;

use rusqlite::Connection;
use soundalike_catalog::{
    APPLICATION_ID, Catalog, Chunk, EmbeddingFault, Error, FileRecord, FileStatus, SCHEMA_VERSION, Song,
};

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn add(catalog: &mut Catalog, track: &str) {
    let file = FileRecord {
        path: track.into(),
        size: 1,
        mtime_ns: 2,
        ctime_ns: None,
        content_hash: Some("h".into()),
        status: FileStatus::Ok { track_id: track.into() },
        tags: Default::default(),
        warning: None,
    };
    let chunks: Vec<Chunk> = (0..40)
        .map(|i| Chunk { start: f64::from(i), end: f64::from(i) + 5.0, embedding: vec![i as f32; 20] })
        .collect();
    catalog.store_track(&file, &Song::new(track), "m", 20, &chunks).unwrap();
}

/// Both ways of opening must fail alike and leave the folder as it is.
fn assert_untouched(path: &Path, expected: impl Fn(&Error) -> bool) {
    let (before, listed) = (std::fs::read(path).unwrap(), names(path.parent().unwrap()));
    for result in [Catalog::open(path), Catalog::open_read_only(path)] {
        let error = result.expect_err("opened");
        assert!(expected(&error), "{error}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    assert_eq!(std::fs::read(path).unwrap(), before);
    assert_eq!(names(path.parent().unwrap()), listed);
}

#[test]
fn a_missing_and_an_empty_file_become_a_catalog() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["missing.db", "empty.db", "file:name?mode=ro"] {
        let path = folder.path().join(name);
        if name.starts_with("empty") {
            std::fs::write(&path, b"").unwrap();
            assert!(matches!(Catalog::open_read_only(&path), Err(Error::NotACatalog { .. })));
        } else {
            assert!(matches!(Catalog::open_read_only(&path), Err(Error::Io { .. })));
        }
        let mut catalog = Catalog::open(&path).unwrap();
        assert_eq!(catalog.path(), path);
        add(&mut catalog, "t");
        drop(catalog);
        assert_eq!(Catalog::open(&path).unwrap().songs().unwrap(), [Song::new("t")]);
        let mut reader = Catalog::open_read_only(&path).unwrap();
        assert_eq!(reader.songs().unwrap(), [Song::new("t")]);
        assert!(matches!(reader.forget_file("t"), Err(Error::ReadOnly { .. })));
    }
    let vacuumed = folder.path().join("vacuumed.db");
    Connection::open(&vacuumed).unwrap().execute_batch("CREATE TABLE x (y); DROP TABLE x; VACUUM;").unwrap();
    assert!(std::fs::metadata(&vacuumed).unwrap().len() > 0);
    add(&mut Catalog::open(&vacuumed).unwrap(), "t");
}

#[test]
fn files_of_others_are_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("theirs");
    let not_ours = |error: &Error| matches!(error, Error::NotACatalog { .. });
    let text = "Dear diary, ".repeat(50);
    for bytes in
        [b"x".as_slice(), text.as_bytes(), &[0; 5000], b"SQLite format 3\0", b"SQLite format 3\0 and so on"]
    {
        std::fs::write(&path, bytes).unwrap();
        assert_untouched(&path, not_ours);
    }
    let make = |sql: &str| {
        std::fs::remove_file(&path).unwrap();
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    };
    make("CREATE TABLE songs (recording_id TEXT PRIMARY KEY)");
    assert_untouched(&path, not_ours);
    make("PRAGMA journal_mode = WAL; CREATE TABLE theirs (x)");
    assert_untouched(&path, not_ours);
    make("PRAGMA application_id = 7; CREATE TABLE theirs (x)");
    assert_untouched(&path, not_ours);
    make("PRAGMA application_id = 7; CREATE TABLE x (y); DROP TABLE x");
    assert_untouched(&path, not_ours);
    assert!(matches!(Catalog::open(folder.path()), Err(Error::NotACatalog { .. })));
}

#[test]
fn newer_schemas_are_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog");
    for got in [SCHEMA_VERSION + 1, i32::MAX, -1] {
        let _ = std::fs::remove_file(&path);
        add(&mut Catalog::open(&path).unwrap(), "t");
        Connection::open(&path).unwrap().pragma_update(None, "user_version", got).unwrap();
        assert_untouched(
            &path,
            |error| matches!(error, Error::UnsupportedVersion { expected: SCHEMA_VERSION, got: found, .. } if *found == got),
        );
    }
}

/// A catalog whose making was cut short between two steps: its owner is known, its schema is that of version 0.
#[test]
fn version_0_is_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog");
    let old = Connection::open(&path).unwrap();
    old.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    drop(old);
    assert!(matches!(Catalog::open_read_only(&path), Err(Error::UnsupportedVersion { got: 0, .. })));
    add(&mut Catalog::open(&path).unwrap(), "t");
    let back = Connection::open(&path).unwrap();
    let version: i32 = back.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, SCHEMA_VERSION);
}

/// Version 1 as it was first released. Frozen here: later releases must still read it.
#[test]
fn version_1_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(
        r#"
        CREATE TABLE songs (recording_id TEXT PRIMARY KEY, title TEXT, artist TEXT, album TEXT, duration REAL,
            language TEXT, year INTEGER, genre TEXT, "group" TEXT, sample_rate INTEGER, channels INTEGER,
            extra TEXT NOT NULL DEFAULT '{}', created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
        CREATE TABLE track_embeddings (id INTEGER PRIMARY KEY AUTOINCREMENT,
            track_id TEXT REFERENCES songs(recording_id) ON DELETE CASCADE ON UPDATE CASCADE,
            chunk_start REAL, chunk_end REAL, embedding BLOB, model_name TEXT, embedding_dim INTEGER,
            created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
        CREATE INDEX idx_track_id ON track_embeddings(track_id);
        CREATE INDEX idx_model_name ON track_embeddings(model_name);
        CREATE TABLE files (path BLOB PRIMARY KEY NOT NULL,
            track_id TEXT REFERENCES songs(recording_id) ON DELETE CASCADE ON UPDATE CASCADE,
            size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER, content_hash TEXT,
            status TEXT NOT NULL, reason TEXT, tags TEXT NOT NULL DEFAULT '{}', warning TEXT);
        CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value);
        INSERT INTO meta VALUES ('generation', 3);
        INSERT INTO songs (recording_id, title, extra) VALUES ('t', 'Title', '{"bpm":"90"}');
        INSERT INTO track_embeddings (track_id, chunk_start, chunk_end, embedding, model_name, embedding_dim)
            VALUES ('t', 0, 5, x'0000803f000000c0', 'm', 2);
        INSERT INTO files VALUES (x'612e6d7033', 't', 10, 20, NULL, 'h', 'ok', NULL, '{}', NULL);
        PRAGMA application_id = 1397508427;
        PRAGMA user_version = 1;
        "#,
    )
    .unwrap();
    drop(old);
    let catalog = Catalog::open(&path).unwrap();
    assert_eq!(catalog.generation().unwrap(), 3);
    let song = catalog.song("t").unwrap().unwrap();
    assert_eq!((song.title.as_deref(), song.extra["bpm"].as_str()), (Some("Title"), "90"));
    let chunk = Chunk { start: 0.0, end: 5.0, embedding: vec![1.0, -2.0] };
    assert_eq!(catalog.track_embeddings("t", "m", 2).unwrap(), [chunk]);
    assert_eq!(catalog.file("a.mp3").unwrap().unwrap().size, 10);
}

/// Runs SQL over a catalog with one track, as another program could, and reads everything.
fn tampered(sql: &str) -> Result<(), Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog");
    add(&mut Catalog::open(&path).unwrap(), "t");
    let other = Connection::open(&path).unwrap();
    other.pragma_update(None, "ignore_check_constraints", true).unwrap();
    other.execute_batch(sql).unwrap();
    drop(other);
    let catalog = Catalog::open(&path)?;
    read_all(&catalog)
}

fn read_all(catalog: &Catalog) -> Result<(), Error> {
    catalog.songs()?;
    catalog.files()?;
    catalog.models()?;
    catalog.stats()?;
    catalog.embeddings("m", 20, |row| {
        assert!(row.vector.len() == 20 && row.vector.iter().all(|v| v.is_finite()));
        Ok(())
    })?;
    Ok(())
}

#[test]
fn rows_this_crate_never_writes_are_named() {
    tampered("SELECT 1").unwrap();
    let faults = [
        ("embedding = x'00000000'", EmbeddingFault::Length { expected: 80, got: 4 }),
        ("embedding = x''", EmbeddingFault::Length { expected: 80, got: 0 }),
        ("embedding = zeroblob(81)", EmbeddingFault::Length { expected: 80, got: 81 }),
        (
            "embedding = CAST(zeroblob(76) || x'0000c07f' AS BLOB)",
            EmbeddingFault::NotFinite { component: 19 },
        ),
        ("embedding = 'text'", EmbeddingFault::NotABlob),
        ("embedding = NULL", EmbeddingFault::NotABlob),
        ("embedding_dim = 19", EmbeddingFault::Dim { expected: 20, got: 19 }),
        ("embedding_dim = NULL", EmbeddingFault::Dim { expected: 20, got: -1 }),
        ("chunk_start = 'x'", EmbeddingFault::Times),
        ("chunk_end = -1", EmbeddingFault::Times),
        ("track_id = NULL", EmbeddingFault::NoTrack),
    ];
    for (change, expected) in faults {
        let error = tampered(&format!("UPDATE track_embeddings SET {change} WHERE id = 7")).unwrap_err();
        let found = matches!(&error, Error::CorruptEmbedding { id: 7, fault, .. } if *fault == expected);
        assert!(
            found || matches!(error, Error::Corrupt { .. }) && change == "embedding_dim = NULL",
            "{change}: {error}"
        );
    }
    for sql in [
        "UPDATE songs SET extra = 'no json'",
        "UPDATE songs SET extra = '[1]'",
        "UPDATE songs SET duration = 'long'",
        "UPDATE songs SET title = x'ff'",
        "UPDATE songs SET sample_rate = -1",
        "UPDATE songs SET year = 99999999999",
        "UPDATE files SET size = -1",
        "UPDATE files SET tags = 'x'",
        "UPDATE files SET status = 'skipped'",
        "UPDATE meta SET value = 'many'",
        "UPDATE meta SET value = -1",
        "INSERT INTO songs (recording_id) VALUES (NULL)",
    ] {
        assert!(matches!(tampered(sql), Err(Error::Corrupt { .. })), "{sql}");
    }
    assert!(matches!(tampered("DROP TABLE files"), Err(Error::Sqlite { .. })));
}

#[test]
fn damaged_files_end_in_errors_not_panics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog");
    let mut catalog = Catalog::open(&path).unwrap();
    for track in 0..12 {
        add(&mut catalog, &format!("track {track}"));
    }
    drop(catalog);
    let good = std::fs::read(&path).unwrap();
    assert!(good.len() > 12 * 4096);
    let mut refused = 0;
    for round in 0..150usize {
        let mut bytes = good.clone();
        match round % 3 {
            // A page of noise, a few bytes of noise, a truncation.
            0 => {
                let at = round * 4096 % bytes.len();
                bytes[at..at + 4096].iter_mut().enumerate().for_each(|(i, b)| *b = (i * 197 + round) as u8);
            }
            1 => {
                for i in 0..8 {
                    let at = (round * 7919 + i * 104_729) % bytes.len();
                    bytes[at] = bytes[at].wrapping_add(round as u8 | 1);
                }
            }
            _ => bytes.truncate(round * 631 % good.len()),
        }
        let damaged = folder.path().join("damaged");
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", damaged.display()));
        }
        std::fs::write(&damaged, &bytes).unwrap();
        let result = Catalog::open(&damaged).and_then(|mut catalog| {
            read_all(&catalog)?;
            catalog.forget_file("track 3").map(|_| ())
        });
        refused += usize::from(result.is_err());
    }
    // A changed number in a row can go unseen; most damage cannot.
    assert!(refused > 90, "{refused} of 150 noticed");
}
