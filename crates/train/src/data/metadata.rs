//! A table that says more of the files of a folder.

use std::collections::HashMap;
use std::path::Path;

use super::TrackInfo;
use crate::Error;

#[derive(Debug, Default)]
pub(crate) struct Metadata {
    by_file: HashMap<String, TrackInfo>,
    by_name: HashMap<String, TrackInfo>,
}

impl Metadata {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let bad = |what: String| Error::Metadata { path: path.to_owned(), what };
        let file = std::fs::File::open(path).map_err(Error::io(path))?;
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(file);
        let headers = reader.headers().map_err(|e| bad(e.to_string()))?.clone();
        let column = |name: &str| headers.iter().position(|h| h.trim().eq_ignore_ascii_case(name));
        let (file, id) = (column("file"), column("id").or(column("track_id")));
        if file.is_none() && id.is_none() {
            return Err(bad("has neither a column file nor a column id".into()));
        }
        let (group, artist, piece) = (column("group"), column("artist"), column("version_key"));
        let (genre, coarse) = (column("genre"), column("genre_coarse"));
        let licence = column("licence").or(column("license"));
        let mut table = Self::default();
        for record in reader.records() {
            let record = record.map_err(|e| bad(e.to_string()))?;
            let get = |column: Option<usize>| {
                column.and_then(|c| record.get(c)).map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned)
            };
            let name = get(id).or_else(|| get(file)).unwrap_or_default();
            let info = TrackInfo {
                group: get(group).or_else(|| get(artist)).unwrap_or_else(|| name.clone()),
                piece: get(piece).unwrap_or_else(|| name.clone()),
                genre: get(genre).or_else(|| get(coarse)),
                licence: get(licence),
                id: name,
            };
            if let Some(id) = get(id) {
                table.by_name.insert(id, info.clone());
            }
            if let Some(file) = get(file) {
                table.by_file.insert(file.replace('\\', "/"), info);
            }
        }
        Ok(table)
    }

    /// The row of the file at `path`, whose name in its folder is `stem`: by any end of the path, else by id.
    pub(crate) fn find(&self, path: &Path, stem: &str) -> Option<TrackInfo> {
        let text = path.to_string_lossy().replace('\\', "/");
        let ends = std::iter::once(0).chain(text.match_indices('/').map(|(at, _)| at + 1));
        let by_file = ends.filter_map(|at| self.by_file.get(&text[at..])).next();
        let name = stem.rsplit('/').next().unwrap_or(stem);
        by_file.or_else(|| self.by_name.get(stem)).or_else(|| self.by_name.get(name)).cloned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]
    use super::*;

    fn table(text: &str) -> Result<Metadata, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, text).unwrap();
        Metadata::open(&path)
    }

    #[test]
    fn rows_are_found_by_the_end_of_a_path_and_by_id() {
        let table = table("id,file,group,genre,version_key\na,x/a.ogg,g1,folk,k\nb,,g2,,\n").unwrap();
        let a = table.find(Path::new("/music/x/a.ogg"), "a").unwrap();
        assert_eq!((a.group.as_str(), a.genre.as_deref(), a.piece.as_str()), ("g1", Some("folk"), "k"));
        let b = table.find(Path::new("/music/b.mp3"), "sub/b").unwrap();
        assert_eq!((b.group.as_str(), b.piece.as_str(), b.genre), ("g2", "b", None));
        assert!(table.find(Path::new("/music/c.mp3"), "c").is_none());
    }

    #[test]
    fn a_table_that_is_none_says_where() {
        assert!(matches!(table("title\nx\n"), Err(Error::Metadata { .. })));
        let Err(Error::Metadata { what, .. }) = table("id,group\na,b\nc\n") else { panic!() };
        assert!(what.contains("line: 3"), "{what}");
    }
}
