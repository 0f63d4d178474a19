//! Single statements of the writing transactions.

use std::path::Path;

use rusqlite::{OptionalExtension, Transaction, params};

use crate::catalog::{path_bytes, to_json};
use crate::{Chunk, Error, FileRecord, FileStatus, Song, blob};

pub(crate) struct Known {
    pub(crate) track_id: Option<String>,
    pub(crate) content_hash: Option<String>,
}

pub(crate) fn known_file(
    transaction: &Transaction<'_>,
    path: &Path,
    file: &Path,
) -> Result<Option<Known>, Error> {
    transaction
        .query_row("SELECT track_id, content_hash FROM files WHERE path = ?1", [path_bytes(file)?], |row| {
            Ok(Known { track_id: row.get(0)?, content_hash: row.get(1)? })
        })
        .optional()
        .map_err(|source| Error::sqlite(path, source))
}

pub(crate) fn put_song(transaction: &Transaction<'_>, path: &Path, song: &Song) -> Result<(), Error> {
    let statement = r#"
        INSERT INTO songs (recording_id, title, artist, album, duration, language, year, genre, "group",
                           sample_rate, channels, extra)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
        ON CONFLICT (recording_id) DO UPDATE SET
            title = excluded.title, artist = excluded.artist, album = excluded.album,
            duration = excluded.duration, language = excluded.language, year = excluded.year,
            genre = excluded.genre, "group" = excluded."group", sample_rate = excluded.sample_rate,
            channels = excluded.channels, extra = excluded.extra"#;
    let values = params![
        song.recording_id,
        song.title,
        song.artist,
        song.album,
        song.duration,
        song.language,
        song.year,
        song.genre,
        song.group,
        song.sample_rate,
        song.channels,
        to_json(&song.extra, "extra")?,
    ];
    transaction.execute(statement, values).map_err(|source| Error::sqlite(path, source))?;
    Ok(())
}

pub(crate) fn put_chunks(
    transaction: &Transaction<'_>,
    track_id: &str,
    model: &str,
    dim: usize,
    chunks: &[Chunk],
) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO track_embeddings (track_id, chunk_start, chunk_end, embedding, model_name, embedding_dim)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut blob = Vec::new();
    for chunk in chunks {
        blob::encode(&chunk.embedding, &mut blob);
        insert.execute(params![track_id, chunk.start, chunk.end, blob, model, dim as i64])?;
    }
    Ok(())
}

pub(crate) fn put_file(transaction: &Transaction<'_>, path: &Path, file: &FileRecord) -> Result<(), Error> {
    let size = i64::try_from(file.size).map_err(|_| Error::InvalidField { field: "size" })?;
    let (status, track_id, reason) = match &file.status {
        FileStatus::Ok { track_id } => ("ok", Some(track_id), None),
        FileStatus::Skipped { reason } => ("skipped", None, Some(reason)),
        FileStatus::Copy { reason } => ("copy", None, Some(reason)),
    };
    let values = params![
        path_bytes(&file.path)?,
        track_id,
        size,
        file.mtime_ns,
        file.content_hash,
        status,
        reason,
        to_json(&file.tags, "tags")?,
        file.ctime_ns,
        file.warning,
    ];
    let statement = "
        INSERT INTO files (path, track_id, size, mtime_ns, content_hash, status, reason, tags,
                           ctime_ns, warning)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        ON CONFLICT (path) DO UPDATE SET
            track_id = excluded.track_id, size = excluded.size, mtime_ns = excluded.mtime_ns,
            content_hash = excluded.content_hash, status = excluded.status, reason = excluded.reason,
            tags = excluded.tags, ctime_ns = excluded.ctime_ns, warning = excluded.warning";
    transaction.execute(statement, values).map_err(|source| Error::sqlite(path, source))?;
    Ok(())
}

pub(crate) fn delete_file(transaction: &Transaction<'_>, path: &Path, file: &Path) -> Result<(), Error> {
    transaction
        .execute("DELETE FROM files WHERE path = ?1", [path_bytes(file)?])
        .map_err(|source| Error::sqlite(path, source))?;
    Ok(())
}

/// Deletes a song that no file has (any more), and with it its embeddings.
pub(crate) fn drop_orphan(
    transaction: &Transaction<'_>,
    path: &Path,
    track_id: Option<String>,
) -> Result<(), Error> {
    let Some(track_id) = track_id else { return Ok(()) };
    transaction
        .execute(
            "DELETE FROM songs WHERE recording_id = ?1
             AND NOT EXISTS (SELECT 1 FROM files WHERE files.track_id = ?1)",
            [track_id],
        )
        .map_err(|source| Error::sqlite(path, source))?;
    Ok(())
}

pub(crate) fn song_exists(transaction: &Transaction<'_>, path: &Path, track_id: &str) -> Result<bool, Error> {
    transaction
        .query_row("SELECT EXISTS (SELECT 1 FROM songs WHERE recording_id = ?1)", [track_id], |row| {
            row.get(0)
        })
        .map_err(|source| Error::sqlite(path, source))
}

pub(crate) fn must_exist(transaction: &Transaction<'_>, path: &Path, track_id: &str) -> Result<(), Error> {
    if song_exists(transaction, path, track_id)? {
        return Ok(());
    }
    Err(Error::UnknownTrack { track_id: track_id.to_owned() })
}

pub(crate) fn unused_prefix(transaction: &Transaction<'_>, path: &Path) -> Result<String, Error> {
    for attempt in 0u64.. {
        let prefix = format!("\u{1}{attempt}-");
        let taken = transaction.query_row(
            "SELECT EXISTS (SELECT 1 FROM songs WHERE substr(recording_id, 1, length(?1)) = ?1)",
            [&prefix],
            |row| row.get(0),
        );
        let taken: bool = taken.map_err(|source| Error::sqlite(path, source))?;
        if !taken {
            return Ok(prefix);
        }
    }
    Err(Error::InvalidField { field: "recording_id" })
}

pub(crate) fn rename(transaction: &Transaction<'_>, path: &Path, old: &str, new: &str) -> Result<(), Error> {
    transaction
        .execute("UPDATE songs SET recording_id = ?2 WHERE recording_id = ?1", [old, new])
        .map_err(|source| Error::sqlite(path, source))?;
    Ok(())
}
