//! A table of songs as CSV: what a person knows about their files.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::Error;

/// A metadata table.
///
/// Comma-separated, UTF-8 (with or without a byte order mark), lines ended by LF or CRLF, fields quoted as RFC 4180
/// has it. The first line names the columns, in any order and in upper or lower case: `file` (required), `track_id`,
/// `title`, `artist`, `album`, `year`, `genre`, `language`, `group`. Other columns are kept by name.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct MetadataTable {
    /// The rows that can be used, in the order of the file.
    pub rows: Vec<MetadataRow>,
    /// The rows that were left out.
    pub problems: Vec<RowProblem>,
}

/// A row of a metadata table. Cells that are empty or all blank are none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct MetadataRow {
    /// The line on which the row begins; the first line of the file is 1.
    pub line: u64,
    /// The file, exactly as the table has it.
    pub file: String,
    /// The id the track shall have.
    pub track_id: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Artist.
    pub artist: Option<String>,
    /// Album.
    pub album: Option<String>,
    /// Year, 0 to 9999.
    pub year: Option<i32>,
    /// Genre.
    pub genre: Option<String>,
    /// Language.
    pub language: Option<String>,
    /// What belongs together.
    pub group: Option<String>,
    /// The cells of all other columns that are not empty, by the column's name. A column without a name is called
    /// `column N`, the first being 1.
    pub extra: BTreeMap<String, String>,
}

/// A row that was left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
#[non_exhaustive]
pub struct RowProblem {
    /// The line on which the row begins; the first line of the file is 1.
    pub line: u64,
    /// What is wrong with it.
    pub fault: RowFault,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowFault {
    /// It has more or fewer fields than the first line.
    #[error("{got} fields, expected {expected}")]
    FieldCount {
        /// Fields of the first line.
        expected: usize,
        /// Fields of this row.
        got: usize,
    },
    /// A cell is not UTF-8.
    #[error("column {column:?} is not UTF-8")]
    NotUtf8 {
        /// The column's name.
        column: String,
    },
    /// The file's name is empty or blank.
    #[error("no file name")]
    EmptyFile,
    /// An earlier row has the same file.
    #[error("file {file:?} is on line {first_line} already")]
    DuplicateFile {
        /// The file.
        file: String,
        /// The line of the row that was kept.
        first_line: u64,
    },
    /// An earlier row has the same track id.
    #[error("track id {track_id:?} is on line {first_line} already")]
    DuplicateTrackId {
        /// The track id.
        track_id: String,
        /// The line of the row that was kept.
        first_line: u64,
    },
    /// The year is no whole number from 0 to 9999.
    #[error("year {got:?} is no whole number from 0 to 9999")]
    BadYear {
        /// The cell.
        got: String,
    },
}

impl MetadataTable {
    /// Reads a table. Rows that cannot be used are listed and left out; of two rows with the same file or track id
    /// the first is kept.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::NoFileColumn`], [`Error::DuplicateColumn`], and [`Error::NoUsableRow`] when not one row
    /// can be used.
    pub fn read_csv(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| Error::io(path, source))?;
        // Named columns are handled here and not by the csv crate, which stops at the first row that is not UTF-8.
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes.as_slice());
        let mut record = csv::ByteRecord::new();
        let failed = |error: csv::Error| match error.into_kind() {
            csv::ErrorKind::Io(source) => Error::io(path, source),
            other => Error::io(path, std::io::Error::other(format!("{other:?}"))),
        };
        reader.read_byte_record(&mut record).map_err(failed)?;
        let columns = columns(path, &record)?;
        let mut table = Self::default();
        let mut seen = Seen::default();
        while reader.read_byte_record(&mut record).map_err(failed)? {
            let line = record.position().map_or(0, |at| first_line(&bytes, at));
            match row(line, &columns, &record).and_then(|row| seen.first(row)) {
                Ok(row) => table.rows.push(row),
                Err(fault) => table.problems.push(RowProblem { line, fault }),
            }
        }
        if table.rows.is_empty() {
            return Err(Error::NoUsableRow { path: path.to_owned(), problems: table.problems });
        }
        Ok(table)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    File,
    TrackId,
    Title,
    Artist,
    Album,
    Year,
    Genre,
    Language,
    Group,
    Extra,
}

fn columns(path: &Path, record: &csv::ByteRecord) -> Result<Vec<(Column, String)>, Error> {
    let mut columns = Vec::new();
    for (at, name) in record.iter().enumerate() {
        let name = if at == 0 { name.strip_prefix("\u{feff}".as_bytes()).unwrap_or(name) } else { name };
        let name = String::from_utf8_lossy(name).trim().to_owned();
        let column = match name.to_lowercase().as_str() {
            "file" => Column::File,
            "track_id" => Column::TrackId,
            "title" => Column::Title,
            "artist" => Column::Artist,
            "album" => Column::Album,
            "year" => Column::Year,
            "genre" => Column::Genre,
            "language" => Column::Language,
            "group" => Column::Group,
            _ => Column::Extra,
        };
        let name = if name.is_empty() { format!("column {}", at + 1) } else { name };
        let twice = columns
            .iter()
            .any(|(other, other_name)| (column == *other && column != Column::Extra) || *other_name == name);
        if twice {
            return Err(Error::DuplicateColumn { path: path.to_owned(), column: name });
        }
        columns.push((column, name));
    }
    if !columns.iter().any(|(column, _)| *column == Column::File) {
        let found = columns.into_iter().map(|(_, name)| name).collect();
        return Err(Error::NoFileColumn { path: path.to_owned(), found });
    }
    Ok(columns)
}

fn row(line: u64, columns: &[(Column, String)], record: &csv::ByteRecord) -> Result<MetadataRow, RowFault> {
    if record.len() != columns.len() {
        return Err(RowFault::FieldCount { expected: columns.len(), got: record.len() });
    }
    let mut row = MetadataRow { line, ..MetadataRow::default() };
    for ((column, name), cell) in columns.iter().zip(record) {
        let cell = std::str::from_utf8(cell).map_err(|_| RowFault::NotUtf8 { column: name.clone() })?;
        let trimmed = cell.trim();
        if trimmed.is_empty() {
            continue;
        }
        let text = || Some(trimmed.to_owned());
        match column {
            // A file name may well begin or end with a blank.
            Column::File => row.file = cell.to_owned(),
            Column::TrackId => row.track_id = text(),
            Column::Title => row.title = text(),
            Column::Artist => row.artist = text(),
            Column::Album => row.album = text(),
            Column::Genre => row.genre = text(),
            Column::Language => row.language = text(),
            Column::Group => row.group = text(),
            Column::Year => row.year = Some(year(trimmed)?),
            Column::Extra => {
                row.extra.insert(name.clone(), cell.to_owned());
            }
        }
    }
    if row.file.is_empty() { Err(RowFault::EmptyFile) } else { Ok(row) }
}

/// The line a record begins on. The reader's position is where it began to look: before the blank lines, and before
/// the LF of the CRLF that ended the record before.
fn first_line(bytes: &[u8], at: &csv::Position) -> u64 {
    let rest = usize::try_from(at.byte()).ok().and_then(|from| bytes.get(from..)).unwrap_or_default();
    let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    at.line() + ends.filter(|byte| **byte == b'\n').count() as u64
}

/// Whole numbers, and those that a table of floats made of them ("1999.0").
fn year(cell: &str) -> Result<i32, RowFault> {
    let whole = cell.strip_suffix(".0").unwrap_or(cell);
    match whole.parse() {
        Ok(year) if (0..=9999).contains(&year) => Ok(year),
        _ => Err(RowFault::BadYear { got: cell.to_owned() }),
    }
}

/// Lines of what has been kept so far.
#[derive(Default)]
struct Seen {
    files: HashMap<String, u64>,
    track_ids: HashMap<String, u64>,
}

impl Seen {
    fn first(&mut self, row: MetadataRow) -> Result<MetadataRow, RowFault> {
        if let Some(first_line) = self.files.get(&row.file) {
            return Err(RowFault::DuplicateFile { file: row.file, first_line: *first_line });
        }
        if let Some(track_id) = &row.track_id {
            if let Some(first_line) = self.track_ids.get(track_id) {
                let (track_id, first_line) = (track_id.clone(), *first_line);
                return Err(RowFault::DuplicateTrackId { track_id, first_line });
            }
            self.track_ids.insert(track_id.clone(), row.line);
        }
        self.files.insert(row.file.clone(), row.line);
        Ok(row)
    }
}
