//! Which row of a metadata table belongs to which file.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};

use soundalike_audio::Tags;
use soundalike_catalog::Song;
use soundalike_catalog::import::metadata::{MetadataRow, MetadataTable};

/// The rows of a table, by file.
#[derive(Debug, Default)]
pub(super) struct MatchedRows<'a> {
    rows: HashMap<PathBuf, &'a MetadataRow>,
    /// Whether there is a table at all.
    pub(super) is_given: bool,
    /// The `file` cells for which there is no file, or none that another row does not have already.
    pub(super) without_file: Vec<String>,
}

impl<'a> MatchedRows<'a> {
    /// Matches `table` (read from `table_path`) with `files`, absolute paths below `root`. A relative `file` cell is
    /// looked for below `root`, then below the table's folder.
    pub(super) fn new(table: &'a MetadataTable, table_path: &Path, root: &Path, files: &[PathBuf]) -> Self {
        let known: HashMap<&Path, &PathBuf> = files.iter().map(|f| (f.as_path(), f)).collect();
        let table_folder =
            table_path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let table_folder = table_folder.canonicalize().unwrap_or_else(|_| table_folder.to_owned());
        let mut matched = Self { is_given: true, ..Self::default() };
        for row in &table.rows {
            let found = [root, &table_folder].into_iter().find_map(|base| {
                let path = lexically_normal(&base.join(&row.file));
                known.get(path.as_path()).copied().or_else(|| {
                    // The table may name the folder by another way through links.
                    let resolved = path.parent()?.canonicalize().ok()?.join(path.file_name()?);
                    known.get(resolved.as_path()).copied()
                })
            });
            match found {
                Some(file) if !matched.rows.contains_key(file) => {
                    matched.rows.insert(file.clone(), row);
                }
                _ => matched.without_file.push(row.file.clone()),
            }
        }
        matched
    }

    /// Gives the row of `copy` to `of`, the file with the same bytes that is used, unless that has one.
    pub(super) fn lend(&mut self, copy: &Path, of: &Path) {
        if let (Some(row), None) = (self.get(copy), self.get(of)) {
            self.rows.insert(of.to_owned(), row);
        }
    }

    pub(super) fn get(&self, file: &Path) -> Option<&'a MetadataRow> {
        self.rows.get(file).copied()
    }
}

/// `path` without `.` and `..`, not looking at the disk.
fn lexically_normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// The catalog's song for a file: each filled cell of the row wins over the file's own tag.
pub(super) fn song(id: &str, row: Option<&MetadataRow>, tags: &Tags) -> Song {
    let mut song = Song::new(id);
    let pick = |cell: Option<&String>, tag: Option<&String>| cell.or(tag).cloned();
    song.title = pick(row.and_then(|r| r.title.as_ref()), tags.title.as_ref());
    song.artist = pick(row.and_then(|r| r.artist.as_ref()), tags.artist.as_ref());
    song.album = pick(row.and_then(|r| r.album.as_ref()), tags.album.as_ref());
    song.genre = pick(row.and_then(|r| r.genre.as_ref()), tags.genre.as_ref());
    song.year = row.and_then(|r| r.year).or(tags.year);
    song.language = row.and_then(|r| r.language.clone());
    song.group = row.and_then(|r| r.group.clone());
    song.extra = row.map(|r| r.extra.clone()).unwrap_or_default();
    song
}

/// Tags as the catalog keeps them beside a file, so that a later table can be laid over them without decoding.
pub(super) fn tags_to_map(tags: &Tags) -> BTreeMap<String, String> {
    let texts =
        [("title", &tags.title), ("artist", &tags.artist), ("album", &tags.album), ("genre", &tags.genre)];
    let texts = texts.into_iter().filter_map(|(k, v)| Some((k.to_owned(), v.clone()?)));
    texts.chain(tags.year.map(|y| ("year".to_owned(), y.to_string()))).collect()
}

/// The inverse of [`tags_to_map`].
pub(super) fn tags_from_map(map: &BTreeMap<String, String>) -> Tags {
    let mut tags = Tags::default();
    tags.title = map.get("title").cloned();
    tags.artist = map.get("artist").cloned();
    tags.album = map.get("album").cloned();
    tags.genre = map.get("genre").cloned();
    tags.year = map.get("year").and_then(|y| y.parse().ok());
    tags
}
