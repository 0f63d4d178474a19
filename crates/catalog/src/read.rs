use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Row, params};

use crate::catalog::{from_json, path_bytes, path_from};
use crate::{
    Catalog, Chunk, EmbeddingFault, EmbeddingLocation, EmbeddingRow, Error, FileRecord, FileStatus,
    ModelCount, Song, Stats, blob,
};

const SONG: &str = r#"recording_id, title, artist, album, year, genre, language, "group", duration, sample_rate,
    channels, extra"#;
const FILE: &str = "path, track_id, size, mtime_ns, content_hash, status, reason, tags, ctime_ns, warning";
const EMBEDDING: &str = "id, track_id, chunk_start, chunk_end, embedding, embedding_dim";

/// Reading. Every method may also end in [`Error::Busy`], [`Error::Corrupt`] or [`Error::Sqlite`].
impl Catalog {
    /// The song with this id.
    ///
    /// # Errors
    /// Those named above.
    pub fn song(&self, track_id: &str) -> Result<Option<Song>, Error> {
        let sql = format!("SELECT {SONG} FROM songs WHERE recording_id = ?1");
        Ok(self.rows(&sql, [track_id], |row| self.song_of(row))?.pop())
    }

    /// All songs by id (in the order of its bytes).
    ///
    /// # Errors
    /// Those named above.
    pub fn songs(&self) -> Result<Vec<Song>, Error> {
        self.rows(&format!("SELECT {SONG} FROM songs ORDER BY recording_id"), [], |row| self.song_of(row))
    }

    /// The record of a file.
    ///
    /// # Errors
    /// Those named above.
    pub fn file(&self, path: impl AsRef<Path>) -> Result<Option<FileRecord>, Error> {
        let sql = format!("SELECT {FILE} FROM files WHERE path = ?1");
        Ok(self.rows(&sql, [path_bytes(path.as_ref())?], |row| self.file_of(row))?.pop())
    }

    /// All files by path (in the order of its bytes), the skipped ones too.
    ///
    /// # Errors
    /// Those named above.
    pub fn files(&self) -> Result<Vec<FileRecord>, Error> {
        self.rows(&format!("SELECT {FILE} FROM files ORDER BY path"), [], |row| self.file_of(row))
    }

    /// The models whose embeddings are here, by name; one entry for each dimension.
    ///
    /// # Errors
    /// Those named above.
    pub fn models(&self) -> Result<Vec<ModelCount>, Error> {
        let sql = "SELECT model_name, embedding_dim, COUNT(*), COUNT(DISTINCT track_id) FROM track_embeddings
                   GROUP BY model_name, embedding_dim ORDER BY model_name, embedding_dim";
        self.rows(sql, [], |row| {
            let count = |at: usize| self.unsigned(row, at);
            let dim = usize::try_from(count(1)?).map_err(|source| Error::corrupt(&self.path, source))?;
            let model = row.get(0).map_err(|source| self.sql(source))?;
            Ok(ModelCount { model, dim, embeddings: count(2)?, tracks: count(3)? })
        })
    }

    /// Hands every embedding of a model to `each`, in the order of ids, without holding more than one in memory.
    /// Ends with the first error, of the catalog or of `each`. All rows are of one moment, whose generation is
    /// returned.
    ///
    /// # Errors
    /// Those named above, [`Error::CorruptEmbedding`] for a row that is not a finite vector of `dim` components, and
    /// whatever `each` returns.
    pub fn embeddings<E: From<Error>>(
        &self,
        model: &str,
        dim: usize,
        each: impl FnMut(EmbeddingRow<'_>) -> Result<(), E>,
    ) -> Result<u64, E> {
        // One transaction, so that the generation and the rows are of the same moment.
        let transaction = self.conn.unchecked_transaction().map_err(|source| self.sql(source))?;
        let generation = self.generation()?;
        let sql = format!("SELECT {EMBEDDING} FROM track_embeddings WHERE model_name = ?1 ORDER BY id");
        self.each_embedding(&sql, params![model], dim, each)?;
        transaction.finish().map_err(|source| self.sql(source))?;
        Ok(generation)
    }

    /// The chunks of a track by one model, in the order they were stored. Empty when there are none.
    ///
    /// # Errors
    /// Those named above, and [`Error::CorruptEmbedding`].
    pub fn track_embeddings(&self, track_id: &str, model: &str, dim: usize) -> Result<Vec<Chunk>, Error> {
        let sql = format!(
            "SELECT {EMBEDDING} FROM track_embeddings WHERE track_id = ?1 AND model_name = ?2 ORDER BY id"
        );
        let mut chunks = Vec::new();
        self.each_embedding(&sql, params![track_id, model], dim, |row| {
            chunks.push(Chunk { start: row.start, end: row.end, embedding: row.vector.to_vec() });
            Ok::<(), Error>(())
        })?;
        Ok(chunks)
    }

    /// Where the embeddings of a model come from, with their ids and in that order; the vectors are not read.
    ///
    /// # Errors
    /// Those named above.
    pub fn embedding_locations(&self, model: &str) -> Result<Vec<(u64, EmbeddingLocation)>, Error> {
        let sql = "SELECT id, track_id, chunk_start, chunk_end FROM track_embeddings WHERE model_name = ?1 ORDER BY id";
        self.rows(sql, [model], |row| {
            let place = || -> rusqlite::Result<_> {
                Ok(EmbeddingLocation { track_id: row.get(1)?, start: row.get(2)?, end: row.get(3)? })
            };
            Ok((self.unsigned(row, 0)?, place().map_err(|source| self.sql(source))?))
        })
    }

    /// The ids of the tracks that have embeddings of a model, sorted.
    ///
    /// # Errors
    /// Those named above.
    pub fn tracks_of_model(&self, model: &str) -> Result<Vec<String>, Error> {
        let sql = "SELECT DISTINCT track_id FROM track_embeddings WHERE model_name = ?1 ORDER BY track_id";
        self.rows(sql, [model], |row| row.get(0).map_err(|source| self.sql(source)))
    }

    /// Where the embedding with this id comes from.
    ///
    /// # Errors
    /// Those named above.
    pub fn embedding_location(&self, id: u64) -> Result<Option<EmbeddingLocation>, Error> {
        let Ok(id) = i64::try_from(id) else {
            return Ok(None);
        };
        self.conn
            .prepare_cached("SELECT track_id, chunk_start, chunk_end FROM track_embeddings WHERE id = ?1")
            .and_then(|mut statement| {
                statement
                    .query_row([id], |row| {
                        let (track_id, start, end) = (row.get(0)?, row.get(1)?, row.get(2)?);
                        Ok(EmbeddingLocation { track_id, start, end })
                    })
                    .optional()
            })
            .map_err(|source| self.sql(source))
    }

    /// How many transactions have changed the catalog. To tell whether something derived from a catalog is up to date,
    /// use [`Self::state`].
    ///
    /// # Errors
    /// Those named above.
    pub fn generation(&self) -> Result<u64, Error> {
        self.number("SELECT value FROM meta WHERE key = 'generation'")
    }

    /// A number drawn at random by each transaction that changes the catalog. What was derived from a catalog of the
    /// same state is up to date, even where a catalog was deleted and begun again, or restored from a copy: another
    /// history can come to the same generation, but not to the same state.
    ///
    /// # Errors
    /// Those named above.
    pub fn state(&self) -> Result<u64, Error> {
        self.number("SELECT value FROM meta WHERE key = 'state'")
    }

    /// Counts.
    ///
    /// # Errors
    /// Those named above.
    pub fn stats(&self) -> Result<Stats, Error> {
        Ok(Stats {
            songs: self.number("SELECT COUNT(*) FROM songs")?,
            embeddings: self.number("SELECT COUNT(*) FROM track_embeddings")?,
            files_ok: self.number("SELECT COUNT(*) FROM files WHERE status = 'ok'")?,
            files_skipped: self.number("SELECT COUNT(*) FROM files WHERE status = 'skipped'")?,
            files_copied: self.number("SELECT COUNT(*) FROM files WHERE status = 'copy'")?,
            generation: self.generation()?,
        })
    }

    fn number(&self, sql: &str) -> Result<u64, Error> {
        Ok(self.rows(sql, [], |row| self.unsigned(row, 0))?.pop().unwrap_or(0))
    }

    /// SQLite has signed integers only; what is stored here is never negative.
    fn unsigned(&self, row: &Row<'_>, at: usize) -> Result<u64, Error> {
        let number: i64 = row.get(at).map_err(|source| self.sql(source))?;
        u64::try_from(number).map_err(|source| Error::corrupt(&self.path, source))
    }

    fn rows<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        read: impl Fn(&Row<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut statement = self.conn.prepare_cached(sql).map_err(|source| self.sql(source))?;
        let mut rows = statement.query(params).map_err(|source| self.sql(source))?;
        let mut out = Vec::new();
        while let Some(row) = rows.next().map_err(|source| self.sql(source))? {
            out.push(read(row)?);
        }
        Ok(out)
    }

    fn song_of(&self, row: &Row<'_>) -> Result<Song, Error> {
        let song = || -> rusqlite::Result<(Song, String)> {
            let song = Song {
                recording_id: row.get(0)?,
                title: row.get(1)?,
                artist: row.get(2)?,
                album: row.get(3)?,
                year: row.get(4)?,
                genre: row.get(5)?,
                language: row.get(6)?,
                group: row.get(7)?,
                duration: row.get(8)?,
                sample_rate: row.get(9)?,
                channels: row.get(10)?,
                extra: Default::default(),
            };
            Ok((song, row.get(11)?))
        };
        let (song, extra) = song().map_err(|source| self.sql(source))?;
        Ok(Song { extra: from_json(&self.path, &extra)?, ..song })
    }

    fn file_of(&self, row: &Row<'_>) -> Result<FileRecord, Error> {
        let sql = |source| self.sql(source);
        let path = row.get::<_, Vec<u8>>(0).map_err(sql)?;
        let status = row.get::<_, String>(5).map_err(sql)?;
        let status = match status.as_str() {
            "ok" => FileStatus::Ok { track_id: row.get(1).map_err(sql)? },
            "copy" => FileStatus::Copy { reason: row.get(6).map_err(sql)? },
            _ => FileStatus::Skipped { reason: row.get(6).map_err(sql)? },
        };
        Ok(FileRecord {
            path: path_from(&self.path, &path)?,
            size: self.unsigned(row, 2)?,
            mtime_ns: row.get(3).map_err(sql)?,
            ctime_ns: row.get(8).map_err(sql)?,
            warning: row.get(9).map_err(sql)?,
            content_hash: row.get(4).map_err(sql)?,
            status,
            tags: from_json(&self.path, &row.get::<_, String>(7).map_err(sql)?)?,
        })
    }

    fn each_embedding<E: From<Error>>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        dim: usize,
        mut each: impl FnMut(EmbeddingRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = |source| self.sql(source);
        let mut statement = self.conn.prepare_cached(sql).map_err(failed)?;
        let mut rows = statement.query(params).map_err(failed)?;
        let mut vector = Vec::with_capacity(dim.min(1 << 16));
        while let Some(row) = rows.next().map_err(failed)? {
            let id: i64 = row.get(0).map_err(failed)?;
            let wrong = |fault| Error::CorruptEmbedding { path: self.path.clone(), id, fault };
            let row_id = u64::try_from(id).map_err(|source| Error::corrupt(&self.path, source))?;
            let track_id = match row.get_ref(1).map_err(failed)? {
                ValueRef::Text(text) => {
                    std::str::from_utf8(text).map_err(|source| Error::corrupt(&self.path, source))?
                }
                _ => return Err(wrong(EmbeddingFault::NoTrack).into()),
            };
            let times = [row.get_ref(2), row.get_ref(3)].map(|value| match value {
                Ok(ValueRef::Real(seconds)) => seconds,
                Ok(ValueRef::Integer(seconds)) => seconds as f64,
                _ => f64::NAN,
            });
            let [start, end] = times;
            blob::check_times(start, end).map_err(wrong)?;
            let stored_dim = row.get_ref(5).map_err(failed)?.as_i64().unwrap_or(-1);
            let ValueRef::Blob(bytes) = row.get_ref(4).map_err(failed)? else {
                return Err(wrong(EmbeddingFault::NotABlob).into());
            };
            blob::decode(bytes, stored_dim, dim, &mut vector).map_err(wrong)?;
            each(EmbeddingRow { id: row_id, track_id, start, end, vector: &vector })?;
        }
        Ok(())
    }
}
