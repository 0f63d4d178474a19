use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::registry::{Opening, Registration};
use crate::schema::{APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION, migrate, version};
use crate::{Catalog, Error};

/// How long a writer waits for another.
const BUSY: Duration = Duration::from_secs(10);

impl Catalog {
    /// Opens a catalog for reading and writing; makes it when there is no such file, or an empty one.
    ///
    /// Several processes may have one catalog open and write to it: each write is one transaction and waits up to ten
    /// seconds for the others. A transaction that has returned is on the disk, and outlives a killed process and a
    /// loss of power.
    ///
    /// # Errors
    /// [`Error::NotACatalog`] and [`Error::UnsupportedVersion`], found by reading the file's first bytes: nothing is
    /// then written to it or beside it. [`Error::Io`], [`Error::DiskFull`], [`Error::Busy`], [`Error::Corrupt`],
    /// [`Error::Sqlite`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let opening = Opening::begin();
        inspect(path, &opening)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        // Declared before the connection and so dropped after it, on every way out.
        let registration;
        let mut conn = connect(path, flags)?;
        registration = opening.register(path);
        // The schema is made under the rollback journal, so that the file itself names its owner from its first byte
        // on; a write-ahead log could keep that name to itself for long.
        migrate(&mut conn, path, MIGRATIONS)?;
        write_ahead(&conn).map_err(|source| Error::sqlite(path, source))?;
        Ok(Self { conn, path: path.to_owned(), _registration: registration })
    }

    /// Opens a catalog for reading. Writing to it is [`Error::ReadOnly`].
    ///
    /// While it is open SQLite keeps its usual `-wal` and `-shm` files beside it, so the folder must be writable
    /// unless they are there already.
    ///
    /// # Errors
    /// As [`Self::open`]; a missing file is [`Error::Io`], an empty one [`Error::NotACatalog`], one with an older
    /// schema [`Error::UnsupportedVersion`].
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let opening = Opening::begin();
        match inspect(path, &opening)? {
            Found::Catalog => {}
            Found::Missing => return Err(Error::io(path, ErrorKind::NotFound.into())),
            Found::Empty => {
                return Err(Error::NotACatalog { path: path.to_owned() });
            }
        }
        let registration;
        let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        registration = opening.register(path);
        match version(&conn, path)? {
            Some(SCHEMA_VERSION) => Ok(Self { conn, path: path.to_owned(), _registration: registration }),
            Some(got) => {
                Err(Error::UnsupportedVersion { path: path.to_owned(), expected: SCHEMA_VERSION, got })
            }
            None => Err(Error::NotACatalog { path: path.to_owned() }),
        }
    }

    /// A catalog that lives in memory and ends with this value.
    ///
    /// # Errors
    /// [`Error::Sqlite`].
    pub fn in_memory() -> Result<Self, Error> {
        let path = PathBuf::from(":memory:");
        let mut conn = Connection::open_in_memory().map_err(|source| Error::sqlite(&path, source))?;
        settings(&conn).map_err(|source| Error::sqlite(&path, source))?;
        migrate(&mut conn, &path, MIGRATIONS)?;
        Ok(Self { conn, path, _registration: Registration::default() })
    }
}

#[derive(Debug, PartialEq)]
enum Found {
    Missing,
    Empty,
    Catalog,
}

/// Looks at the file without SQLite, which would create files beside it just by looking.
fn inspect(path: &Path, opening: &Opening) -> Result<Found, Error> {
    let not_ours = || Error::NotACatalog { path: path.to_owned() };
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Missing),
        Err(error) => return Err(Error::io(path, error)),
    };
    if !metadata.is_file() {
        return Err(not_ours());
    }
    if opening.is_open(&metadata) {
        return Ok(Found::Catalog);
    }
    // The database header of 100 bytes, then the page header of the schema table.
    let mut head = Vec::new();
    let mut file = File::open(path).map_err(|source| Error::io(path, source))?;
    file.by_ref().take(108).read_to_end(&mut head).map_err(|source| Error::io(path, source))?;
    if head.is_empty() {
        return Ok(Found::Empty);
    }
    let Some(head) = head.first_chunk::<108>() else {
        return Err(not_ours());
    };
    if !head.starts_with(b"SQLite format 3\0") {
        return Err(not_ours());
    }
    let number =
        |at: usize| head.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |b| i32::from_be_bytes(*b));
    let (user_version, application_id) = (number(60), number(68));
    if application_id == APPLICATION_ID {
        if !(0..=SCHEMA_VERSION).contains(&user_version) {
            let (path, expected) = (path.to_owned(), SCHEMA_VERSION);
            return Err(Error::UnsupportedVersion { path, expected, got: user_version });
        }
        return Ok(Found::Catalog);
    }
    // A database in which nothing was ever made: the schema table is one leaf page (type 13) without cells.
    let no_tables = head[100] == 13 && head[103..105] == [0, 0] && !beside(path, "-wal").exists();
    if application_id == 0 && user_version == 0 && no_tables { Ok(Found::Empty) } else { Err(not_ours()) }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, Error> {
    // Without SQLITE_OPEN_URI: a file may be called "file:x".
    let sql = |source| Error::sqlite(path, source);
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(sql)?;
    settings(&conn).map_err(sql)?;
    Ok(conn)
}

fn settings(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(BUSY)?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    // A catalog may come from anybody: its schema may call no functions, and damaged pages are noticed early.
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "cell_size_check", true)
}

/// Switches to the write-ahead log. SQLite does not wait here as it does elsewhere, so two processes that make a
/// catalog at once have to be told apart by trying again.
fn write_ahead(conn: &Connection) -> rusqlite::Result<()> {
    let until = Instant::now() + BUSY;
    loop {
        let result = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0));
        match result {
            // Some file systems cannot have it; the rollback journal is as safe, only slower.
            Ok(_) => return Ok(()),
            Err(error) => {
                let code = error.sqlite_error_code();
                let busy = matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked));
                if !busy || Instant::now() >= until {
                    return Err(error);
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}
