use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::Error;

/// `PRAGMA application_id` of a catalog: the letters "SLIK".
pub const APPLICATION_ID: i32 = 0x534C_494B;

/// Step `n` takes a catalog from `user_version` n to n + 1. Steps are never edited once released, only added.
pub(crate) const MIGRATIONS: &[&str] = &[V1];

/// The schema version of this release (`PRAGMA user_version`).
pub const SCHEMA_VERSION: i32 = MIGRATIONS.len() as i32;

const V1: &str = r#"
CREATE TABLE songs (
    recording_id TEXT PRIMARY KEY,
    title TEXT,
    artist TEXT,
    album TEXT,
    duration REAL,
    language TEXT,
    year INTEGER,
    genre TEXT,
    "group" TEXT,
    sample_rate INTEGER,
    channels INTEGER,
    extra TEXT NOT NULL DEFAULT '{}',
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE track_embeddings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    track_id TEXT REFERENCES songs(recording_id) ON DELETE CASCADE ON UPDATE CASCADE,
    chunk_start REAL,
    chunk_end REAL,
    embedding BLOB,
    model_name TEXT,
    embedding_dim INTEGER,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_track_id ON track_embeddings(track_id);
CREATE INDEX idx_model_name ON track_embeddings(model_name);
CREATE TABLE files (
    path BLOB PRIMARY KEY NOT NULL,
    track_id TEXT REFERENCES songs(recording_id) ON DELETE CASCADE ON UPDATE CASCADE,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER,
    content_hash TEXT,
    status TEXT NOT NULL CHECK (status IN ('ok', 'skipped', 'copy')),
    reason TEXT,
    tags TEXT NOT NULL DEFAULT '{}',
    warning TEXT,
    CHECK ((status = 'ok') = (track_id IS NOT NULL)),
    CHECK ((status = 'ok') = (reason IS NULL))
);
CREATE INDEX idx_files_track_id ON files(track_id);
CREATE TABLE meta (
    key TEXT PRIMARY KEY NOT NULL,
    value
);
INSERT INTO meta (key, value) VALUES ('generation', 0), ('state', random() & 0x7fffffffffffffff);
"#;

/// Whose database this is and in which version; none for an empty one.
pub(crate) fn version(conn: &Connection, path: &Path) -> Result<Option<i32>, Error> {
    let sql = |source| Error::sqlite(path, source);
    // One statement, so that all three are of one moment: another process may be making the catalog.
    let (application_id, user_version, objects): (i64, i64, i64) = conn
        .query_row(
            "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),
                    (SELECT COUNT(*) FROM sqlite_schema)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .map_err(sql)?;
    let version = i32::try_from(user_version).map_err(|source| Error::corrupt(path, source))?;
    if application_id == i64::from(APPLICATION_ID) {
        return Ok(Some(version));
    }
    if application_id == 0 && version == 0 && objects == 0 {
        return Ok(None);
    }
    Err(Error::NotACatalog { path: path.to_owned() })
}

/// Brings an empty or older catalog to the newest version, all steps in one transaction.
pub(crate) fn migrate(conn: &mut Connection, path: &Path, migrations: &[&str]) -> Result<(), Error> {
    let newest = migrations.len() as i32;
    if version(conn, path)? == Some(newest) {
        return Ok(());
    }
    let sql = |source| Error::sqlite(path, source);
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
    // Asked again under the lock: another process may have done the work.
    let found = version(&transaction, path)?.unwrap_or(0);
    let done = usize::try_from(found).ok().filter(|done| *done <= migrations.len());
    let Some(done) = done else {
        return Err(Error::UnsupportedVersion { path: path.to_owned(), expected: newest, got: found });
    };
    for step in migrations.iter().skip(done) {
        transaction.execute_batch(step).map_err(sql)?;
    }
    tracing::debug!(path = %path.display(), from = found, to = newest, "catalog schema");
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(sql)?;
    transaction.pragma_update(None, "user_version", newest).map_err(sql)?;
    transaction.commit().map_err(sql)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &[&str] = &["CREATE TABLE a (x); INSERT INTO a VALUES (7);"];
    const NEW: &[&str] = &[OLD[0], "ALTER TABLE a ADD COLUMN y DEFAULT 5;", "CREATE TABLE b (z);"];

    fn number(conn: &Connection, sql: &str) -> rusqlite::Result<i64> {
        conn.query_row(sql, [], |row| row.get(0))
    }

    fn memory() -> &'static Path {
        Path::new(":memory:")
    }

    #[test]
    fn steps_run_once_each_and_keep_the_data() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, memory(), OLD).unwrap();
        assert_eq!(version(&conn, memory()).unwrap(), Some(1));
        migrate(&mut conn, memory(), NEW).unwrap();
        migrate(&mut conn, memory(), NEW).unwrap();
        assert_eq!(version(&conn, memory()).unwrap(), Some(3));
        assert_eq!(number(&conn, "SELECT x + y FROM a").unwrap(), 12);
    }

    #[test]
    fn a_step_that_fails_leaves_the_old_version() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, memory(), OLD).unwrap();
        let broken = [OLD[0], "CREATE TABLE c (x);", "CREATE TABLE a (already there);"];
        assert!(migrate(&mut conn, memory(), &broken).is_err());
        assert_eq!(version(&conn, memory()).unwrap(), Some(1));
        assert_eq!(number(&conn, "SELECT COUNT(*) FROM sqlite_schema").unwrap(), 1);
    }

    #[test]
    fn newer_and_negative_versions_are_refused() {
        for got in [2, 9, i32::MAX, -1] {
            let mut conn = Connection::open_in_memory().unwrap();
            migrate(&mut conn, memory(), OLD).unwrap();
            conn.pragma_update(None, "user_version", got).unwrap();
            let error = migrate(&mut conn, memory(), OLD).unwrap_err();
            assert!(
                matches!(error, Error::UnsupportedVersion { expected: 1, got: found, .. } if found == got)
            );
        }
    }

    #[test]
    fn another_programs_tables_are_refused() {
        let mut conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert!(matches!(migrate(&mut conn, memory(), OLD), Err(Error::NotACatalog { .. })));
    }

    #[test]
    fn the_seed_tables_and_indexes_are_there() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, memory(), MIGRATIONS).unwrap();
        let columns = |table: &str| -> Vec<String> {
            let mut statement = conn.prepare("SELECT name FROM pragma_table_info(?1) ORDER BY cid").unwrap();
            let names = statement.query_map([table], |row| row.get(0)).unwrap();
            names.map(Result::unwrap).collect()
        };
        let embeddings = columns("track_embeddings").join(" ");
        assert_eq!(
            embeddings,
            "id track_id chunk_start chunk_end embedding model_name embedding_dim created_at"
        );
        assert!(columns("songs").join(" ").starts_with("recording_id title artist album duration language"));
        for index in ["idx_track_id", "idx_model_name"] {
            let sql = format!("SELECT COUNT(*) FROM sqlite_schema WHERE type = 'index' AND name = '{index}'");
            assert_eq!(number(&conn, &sql).unwrap(), 1);
        }
    }
}
