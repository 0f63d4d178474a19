use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::params;

use crate::rows::{
    delete_file, drop_orphan, known_file, must_exist, put_chunks, put_file, put_song, rename, song_exists,
    unused_prefix,
};
use crate::{Catalog, Chunk, Error, FileRecord, Song, Stored, blob};

impl Catalog {
    /// Stores a track in one transaction: its song, its embeddings by one model, and the file they come from.
    ///
    /// What the track had of this model is replaced; what it has of others stays, unless this file was known with
    /// other contents, which makes all of them outdated. If the file was known as another track, that track is
    /// removed when no other file has it. A track may have no chunks at all.
    ///
    /// When the catalog already has this path with the same content hash as the same track, and the track has as many
    /// embeddings of this model and dimension, somebody else has done the work in the meantime:
    /// [`Stored::AlreadyThere`], and nothing is changed, the song neither.
    ///
    /// # Errors
    /// [`Error::TrackMismatch`], [`Error::InvalidField`], [`Error::InvalidEmbedding`]; of the database
    /// [`Error::DiskFull`], [`Error::Busy`], [`Error::ReadOnly`], [`Error::Corrupt`], [`Error::Sqlite`]. The catalog
    /// is then unchanged.
    pub fn store_track(
        &mut self,
        file: &FileRecord,
        song: &Song,
        model: &str,
        dim: usize,
        chunks: &[Chunk],
    ) -> Result<Stored, Error> {
        if file.status.track_id() != Some(&song.recording_id) {
            let got = file.status.track_id().map(str::to_owned);
            return Err(Error::TrackMismatch { expected: song.recording_id.clone(), got });
        }
        check_song(song)?;
        if model.is_empty() {
            return Err(Error::InvalidField { field: "model_name" });
        }
        if dim == 0 || i64::try_from(dim).is_err() {
            return Err(Error::InvalidField { field: "embedding_dim" });
        }
        for (at, chunk) in chunks.iter().enumerate() {
            blob::check(chunk, dim).map_err(|fault| Error::InvalidEmbedding { chunk: at, fault })?;
        }
        self.write(|transaction, path| {
            let sql = |source| Error::sqlite(path, source);
            let known = known_file(transaction, path, &file.path)?;
            let same_contents = known
                .as_ref()
                .is_some_and(|known| known.content_hash.is_some() && known.content_hash == file.content_hash);
            let same_track =
                known.as_ref().is_some_and(|known| known.track_id.as_deref() == file.status.track_id());
            if same_contents && same_track {
                let rows = transaction.query_row(
                    "SELECT COUNT(*) FROM track_embeddings
                     WHERE track_id = ?1 AND model_name = ?2 AND embedding_dim = ?3",
                    params![song.recording_id, model, dim as i64],
                    |row| row.get::<_, i64>(0),
                );
                if rows.map_err(sql)? == chunks.len() as i64 {
                    return Ok((Stored::AlreadyThere, false));
                }
            }
            put_song(transaction, path, song)?;
            let outdated = same_track && !same_contents;
            transaction
                .execute(
                    "DELETE FROM track_embeddings WHERE track_id = ?1 AND (?2 OR model_name = ?3)",
                    params![song.recording_id, outdated, model],
                )
                .map_err(sql)?;
            put_chunks(transaction, &song.recording_id, model, dim, chunks).map_err(sql)?;
            put_file(transaction, path, file)?;
            drop_orphan(transaction, path, known.and_then(|known| known.track_id))?;
            Ok((Stored::Written, true))
        })
    }

    /// Remembers a file that is not used (it cannot be, or is a copy), so that it need not be read again while it stays
    /// the same. If it was a track before, that track is removed when no other file has it.
    ///
    /// # Errors
    /// [`Error::InvalidField`] when the record names a track; of the database as
    /// [`Self::store_track`].
    pub fn record_skipped(&mut self, file: &FileRecord) -> Result<(), Error> {
        if file.status.track_id().is_some() {
            return Err(Error::InvalidField { field: "status" });
        }
        self.write(|transaction, path| {
            let known = known_file(transaction, path, &file.path)?;
            put_file(transaction, path, file)?;
            drop_orphan(transaction, path, known.and_then(|known| known.track_id))?;
            Ok(((), true))
        })
    }

    /// Forgets a file, and its song and embeddings when no other file has that track. False when the file is not
    /// known; nothing is then changed.
    ///
    /// # Errors
    /// Of the database as [`Self::store_track`].
    pub fn forget_file(&mut self, file: impl AsRef<Path>) -> Result<bool, Error> {
        let file = file.as_ref();
        self.write(|transaction, path| {
            let Some(known) = known_file(transaction, path, file)? else {
                return Ok((false, false));
            };
            delete_file(transaction, path, file)?;
            drop_orphan(transaction, path, known.track_id)?;
            Ok((true, true))
        })
    }

    /// Puts `new` in the place of the record of `old`: for a file that was moved or renamed, or (both paths the same)
    /// touched. Embeddings stay with their track. A record that was under the new path is replaced. Tracks that no
    /// file has any more are removed.
    ///
    /// # Errors
    /// [`Error::UnknownFile`], [`Error::UnknownTrack`] when `new` names a track that is not there; of the database as
    /// [`Self::store_track`].
    pub fn move_file(&mut self, old: impl AsRef<Path>, new: &FileRecord) -> Result<(), Error> {
        let old = old.as_ref();
        self.write(|transaction, path| {
            let Some(known) = known_file(transaction, path, old)? else {
                return Err(Error::UnknownFile { path: old.to_owned() });
            };
            if let Some(track_id) = new.status.track_id() {
                must_exist(transaction, path, track_id)?;
            }
            let replaced = known_file(transaction, path, &new.path)?;
            delete_file(transaction, path, old)?;
            put_file(transaction, path, new)?;
            drop_orphan(transaction, path, known.track_id)?;
            drop_orphan(transaction, path, replaced.and_then(|replaced| replaced.track_id))?;
            Ok(((), true))
        })
    }

    /// Gives tracks other ids, `(old, new)` each, all at once: swaps and rings are fine. Embeddings and files follow.
    ///
    /// # Errors
    /// [`Error::UnknownTrack`], [`Error::DuplicateTrack`] when an old id is listed twice or a new one would be used
    /// twice, [`Error::InvalidField`] for an empty one; of the database as [`Self::store_track`]. Nothing is then
    /// renamed.
    pub fn rename_tracks(&mut self, renames: &[(String, String)]) -> Result<(), Error> {
        let (mut olds, mut news) = (BTreeSet::new(), BTreeSet::new());
        for (old, new) in renames {
            if new.is_empty() {
                return Err(Error::InvalidField { field: "recording_id" });
            }
            for (set, id) in [(&mut olds, old), (&mut news, new)] {
                if !set.insert(id.as_str()) {
                    return Err(Error::DuplicateTrack { track_id: id.clone() });
                }
            }
        }
        self.write(|transaction, path| {
            for (old, new) in renames {
                must_exist(transaction, path, old)?;
                if !olds.contains(new.as_str()) && song_exists(transaction, path, new)? {
                    return Err(Error::DuplicateTrack { track_id: new.clone() });
                }
            }
            // Ids are unique at every step, not only at the end; so a ring goes by way of ids that nobody has.
            let prefix = unused_prefix(transaction, path)?;
            let moving = renames.iter().filter(|(old, new)| old != new);
            for (at, (old, _)) in moving.clone().enumerate() {
                rename(transaction, path, old, &format!("{prefix}{at}"))?;
            }
            for (at, (_, new)) in moving.clone().enumerate() {
                rename(transaction, path, &format!("{prefix}{at}"), new)?;
            }
            Ok(((), moving.count() > 0))
        })
    }

    /// Replaces what is known of a song (not its embeddings).
    ///
    /// # Errors
    /// [`Error::UnknownTrack`], [`Error::InvalidField`]; of the database as [`Self::store_track`].
    pub fn update_song(&mut self, song: &Song) -> Result<(), Error> {
        check_song(song)?;
        self.write(|transaction, path| {
            must_exist(transaction, path, &song.recording_id)?;
            put_song(transaction, path, song)?;
            Ok(((), true))
        })
    }
}

fn check_song(song: &Song) -> Result<(), Error> {
    if song.recording_id.is_empty() {
        return Err(Error::InvalidField { field: "recording_id" });
    }
    if song.duration.is_some_and(|seconds| !seconds.is_finite() || seconds < 0.0) {
        return Err(Error::InvalidField { field: "duration" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileStatus;

    /// SQLite answers a reached page limit as it answers a full disk.
    #[test]
    fn a_full_disk_is_named_and_changes_nothing() {
        let mut catalog = Catalog::in_memory().unwrap();
        let file = |track: &str| FileRecord {
            path: track.into(),
            size: 1,
            mtime_ns: 0,
            ctime_ns: None,
            content_hash: None,
            status: FileStatus::Ok { track_id: track.into() },
            tags: Default::default(),
            warning: None,
        };
        let chunks = vec![Chunk { start: 0.0, end: 1.0, embedding: vec![1.0; 2000] }; 10];
        catalog.store_track(&file("a"), &Song::new("a"), "m", 2000, &chunks).unwrap();
        let before = catalog.stats().unwrap();
        let pages: i64 = catalog.conn.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        let limit = format!("PRAGMA max_page_count = {}", pages + 4);
        catalog.conn.query_row(&limit, [], |row| row.get::<_, i64>(0)).unwrap();
        let error = catalog.store_track(&file("b"), &Song::new("b"), "m", 2000, &chunks).unwrap_err();
        assert!(matches!(error, Error::DiskFull { path } if path == Path::new(":memory:")));
        assert_eq!(catalog.stats().unwrap(), before);
        assert_eq!(catalog.song("b").unwrap(), None);
        catalog.update_song(&Song { title: Some("still writes".into()), ..Song::new("a") }).unwrap();
    }
}
