//! Metadata tables: well-formed, odd and broken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::path::Path;

use proptest::prelude::*;
use soundalike_catalog::Error;
use soundalike_catalog::import::metadata::{MetadataTable, RowFault};

fn read(bytes: impl AsRef<[u8]>) -> Result<MetadataTable, Error> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    MetadataTable::read_csv(file.path())
}

fn faults(table: &MetadataTable) -> Vec<(u64, RowFault)> {
    table.problems.iter().map(|problem| (problem.line, problem.fault.clone())).collect()
}

#[test]
fn columns_come_in_any_order_and_case() {
    let table = read(
        "\u{feff}Year, TITLE ,file,Mood,GROUP,language,genre,album,artist,Track_ID,\r\n\
         1999,\"A \"\"title\"\", with\r\ntwo lines\",a b.mp3,calm,g,de,folk,L,A, id 1 ,more\r\n\
         ,,c.ogg,,,,,,,,\r\n",
    )
    .unwrap();
    assert!(table.problems.is_empty());
    let [full, bare] = table.rows.as_slice() else { panic!("{table:?}") };
    assert_eq!((full.line, bare.line), (2, 4));
    assert_eq!(full.year, Some(1999));
    assert_eq!(full.title.as_deref(), Some("A \"title\", with\r\ntwo lines"));
    assert_eq!(full.file, "a b.mp3");
    assert_eq!(full.track_id.as_deref(), Some("id 1"));
    let texts = [&full.artist, &full.album, &full.genre, &full.language, &full.group];
    assert_eq!(texts.map(|text| text.as_deref().unwrap()), ["A", "L", "folk", "de", "g"]);
    let extra: Vec<_> = full.extra.iter().map(|(name, cell)| (name.as_str(), cell.as_str())).collect();
    assert_eq!(extra, [("Mood", "calm"), ("column 11", "more")]);
    assert_eq!(bare.file, "c.ogg");
    assert!(bare.title.is_none() && bare.year.is_none() && bare.extra.is_empty());
}

#[test]
fn bad_rows_are_listed_with_their_lines() {
    let mut bytes = b"file,track_id,year\n\
        a,1,2000\n\
        b,2\n\
        c,3,2000,x\n\
        \n\
        ,4,\n\
        \"  \",5,\n\
        a,6,\n\
        d,1,\n\
        e,7,soon\n\
        f,8,1999.0\n\
        g,9,99999\n\
        h,10,-5\n"
        .to_vec();
    bytes.extend(b"\xff\xfe,11,\ni,,\nj,,\n");
    let table = read(bytes).unwrap();
    let files: Vec<&str> = table.rows.iter().map(|row| row.file.as_str()).collect();
    assert_eq!(files, ["a", "f", "i", "j"]);
    assert_eq!(table.rows[1].year, Some(1999));
    let year = |got: &str| RowFault::BadYear { got: got.into() };
    assert_eq!(
        faults(&table),
        [
            (3, RowFault::FieldCount { expected: 3, got: 2 }),
            (4, RowFault::FieldCount { expected: 3, got: 4 }),
            (6, RowFault::EmptyFile),
            (7, RowFault::EmptyFile),
            (8, RowFault::DuplicateFile { file: "a".into(), first_line: 2 }),
            (9, RowFault::DuplicateTrackId { track_id: "1".into(), first_line: 2 }),
            (10, year("soon")),
            (12, year("99999")),
            (13, year("-5")),
            (14, RowFault::NotUtf8 { column: "file".into() }),
        ]
    );
    assert!(table.problems[0].to_string().starts_with("line 3: "));
}

#[test]
fn tables_of_no_use_are_errors() {
    for (text, names) in [
        ("", vec![]),
        ("title,artist\nx,y\n", vec!["title", "artist"]),
        ("file;title\na;b\n", vec!["file;title"]),
    ] {
        let error = read(text).unwrap_err();
        assert!(matches!(error, Error::NoFileColumn { found, .. } if found == names), "{text}");
    }
    let utf16: Vec<u8> = "file,title\na,b\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(matches!(read(utf16), Err(Error::NoFileColumn { .. })));
    for text in ["file,FILE\na,b\n", "file,x,x\na,b,c\n"] {
        assert!(matches!(read(text), Err(Error::DuplicateColumn { .. })), "{text}");
    }
    assert!(matches!(read("file\n"), Err(Error::NoUsableRow { problems, .. }) if problems.is_empty()));
    let error = read("file,x\na\n").unwrap_err();
    assert!(error.to_string().contains("line 2: 1 fields, expected 2"), "{error}");
    assert!(matches!(MetadataTable::read_csv("/nowhere/at.all"), Err(Error::Io { .. })));
    assert!(matches!(MetadataTable::read_csv(std::env::temp_dir()), Err(Error::Io { .. })));
}

#[test]
fn an_open_quote_costs_its_rows_only() {
    let table = read("file,title\na,b\nc,\"never closed\nd,e\n").unwrap();
    assert_eq!(table.rows[0].file, "a");
    assert_eq!(table.rows.len() + table.problems.len(), 2);
}

#[test]
fn a_real_table() {
    let Some(path) = std::env::var_os("SOUNDALIKE_MUSIC").map(|folder| Path::new(&folder).join("tracks.csv"))
    else {
        println!("skipped: SOUNDALIKE_MUSIC names no folder with a tracks.csv");
        return;
    };
    let table = MetadataTable::read_csv(path).unwrap();
    assert!(table.problems.is_empty(), "{:?}", table.problems);
    assert!(table.rows.len() > 300);
    assert!(table.rows.iter().all(|row| row.extra.contains_key("clip_id")));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), header in any::<bool>()) {
        let start: &[u8] = if header { b"file,year,x\n" } else { b"" };
        let _ = read([start, &bytes].concat());
    }

    #[test]
    fn what_a_csv_writer_writes_is_read(cells in proptest::collection::vec("[ -~äß\n\r\",]{0,12}", 1..20)) {
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record(["file", "note"]).unwrap();
        for (at, cell) in cells.iter().enumerate() {
            out.write_record([at.to_string().as_str(), cell]).unwrap();
        }
        let table = read(out.into_inner().unwrap()).unwrap();
        prop_assert_eq!(table.rows.len(), cells.len());
        for (row, cell) in table.rows.iter().zip(&cells) {
            let expected = (!cell.trim().is_empty()).then_some(cell);
            prop_assert_eq!(row.extra.get("note"), expected);
        }
    }
}
