//! Small files that were kept: good ones of every kind and form, and bad ones, those that fuzzing or testing found among
//! them. Names begin with `valid-` and the kind, or with `refused-`. A file that was found goes there as it is.
//!
//! `cargo test -p soundalike-index --features hnsw --test corpus -- --ignored` makes those that this file describes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod common;

use std::path::{Path, PathBuf};
use std::time::Instant;

use common::seal::seal;
use common::{Index, Kind, is_of_file, meta, vector};
use soundalike_index::{Dtype, FlatIndex, IvfIndex, Metric};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// Files by name, in order.
fn files() -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(corpus()).unwrap().map(|entry| entry.unwrap());
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn good_files_are_opened_and_written_again_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (path, again) = (folder.path().join("index"), folder.path().join("again"));
    let mut seen = 0;
    for (name, bytes) in files().into_iter().filter(|(name, _)| name.starts_with("valid-")) {
        std::fs::write(&path, &bytes).unwrap();
        for kind in Kind::all() {
            let is_it = name["valid-".len()..].starts_with(&kind.name());
            for open in kind.verifying().into_iter().chain(kind.unverified()) {
                match open(&path) {
                    Ok((index, found)) => {
                        assert_eq!(found, meta());
                        index.save(&again, &found).unwrap();
                        // The library of graphs does not promise that.
                        if !name.starts_with("valid-graph") {
                            assert_eq!(std::fs::read(&again).unwrap(), bytes, "{name}");
                        }
                        let query = vector(5, index.dim());
                        assert_eq!(index.search(&query, 1000).len(), index.len(), "{name}");
                        index.exercise(&found, &again);
                        seen += usize::from(is_it);
                    }
                    Err(error) => assert!(!is_it && is_of_file(&error, &path), "{name}: {error}"),
                }
            }
        }
    }
    assert!(seen >= 9 * 3, "{seen}");
}

#[test]
fn bad_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let mut seen = 0;
    for (name, bytes) in files().into_iter().filter(|(name, _)| name.starts_with("refused-")) {
        std::fs::write(&path, &bytes).unwrap();
        for kind in Kind::all() {
            let start = Instant::now();
            for open in kind.verifying() {
                let error = open(&path).map(|_| ()).expect_err(&name);
                assert!(is_of_file(&error, &path), "{name}: {error}");
            }
            assert!(start.elapsed().as_millis() < 200, "{name}: {:?}", start.elapsed());
            if let Some(Ok((index, meta))) = kind.unverified().map(|open| open(&path)) {
                index.exercise(&meta, &folder.path().join("again"));
            }
        }
        seen += 1;
    }
    assert!(seen >= 15, "{seen}");
}

fn bytes_of(index: &Index, folder: &Path) -> Vec<u8> {
    let path = folder.join("index");
    index.save(&path, &meta()).unwrap();
    std::fs::read(path).unwrap()
}

#[test]
#[ignore = "writes the corpus"]
fn make() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(corpus().join(name), bytes).unwrap();
    for kind in Kind::all() {
        let name = kind.name();
        let good = bytes_of(&kind.sample(3, 2, Metric::L2), folder.path());
        put(&format!("valid-{name}"), &good);
        put(&format!("refused-cut-{name}"), &good[..good.len() - 9]);
        let mut claim = good.clone();
        // Vectors, or slots of a graph.
        let at = if name == "graph" { 40 } else { 24 };
        claim[at..at + 8].copy_from_slice(&(1u64 << 60).to_le_bytes());
        seal(&mut claim);
        put(&format!("refused-claim-{name}"), &claim);
    }
    let sealed = |name: &str, kind: Kind, metric: Metric, change: &dyn Fn(&mut [u8])| {
        let mut bytes = bytes_of(&kind.sample(3, 2, metric), folder.path());
        change(&mut bytes);
        seal(&mut bytes);
        put(name, &bytes);
    };
    let float = |bytes: &mut [u8], at: usize, value: f32| {
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    };
    let (f32, f16, int8) = (Kind::Flat(Dtype::F32), Kind::Flat(Dtype::F16), Kind::Flat(Dtype::Int8));
    sealed("refused-nan", f32, Metric::L2, &|bytes| float(bytes, 192, f32::NAN));
    sealed("refused-not-of-length-one", f32, Metric::Cosine, &|bytes| float(bytes, 192, 5.0));
    sealed("refused-infinite-half", f16, Metric::L2, &|bytes| bytes[192..194].copy_from_slice(&[0, 0x7c]));
    sealed("refused-code-0", int8, Metric::L2, &|bytes| bytes[192] = 0);
    sealed("refused-id-twice", f32, Metric::L2, &|bytes| bytes.copy_within(64..72, 72));
    sealed("refused-mark-of-nothing", f32, Metric::L2, &|bytes| bytes[128] = 0b1111);
    sealed("refused-dim-0", f32, Metric::L2, &|bytes| bytes[12] = 0);
    let lists = Kind::Inverted(Dtype::F32);
    let blocks = {
        let bytes = bytes_of(&lists.sample(3, 2, Metric::L2), folder.path());
        u64::from_le_bytes(bytes[24..32].try_into().unwrap()) as usize / 64
    };
    let settings = 64 + blocks * 512 + 64 + blocks * 2 * 256;
    let at = |number: usize| settings + 64 * number;
    sealed("refused-places-beyond-a-block", lists, Metric::L2, &|bytes| bytes[at(1)..at(1) + 20].fill(65));
    sealed("refused-list-beyond", lists, Metric::L2, &|bytes| bytes[at(2)] = 200);
    sealed("refused-negative-spread", lists, Metric::L2, &|bytes| float(bytes, at(3), -1.0));
    sealed("refused-infinite-centre", lists, Metric::L2, &|bytes| float(bytes, at(4), f32::INFINITY));
    put("refused-text", b"A text that is long enough to be a header, but says something else altogether.");
    put("refused-empty", b"");

    put("valid-flat-f32-of-none", &bytes_of(&f32.sample(0, 2, Metric::Cosine), folder.path()));
    let mut removed = int8.sample(70, 3, Metric::Cosine);
    (0..30).for_each(|id| assert!(removed.remove(id * 6 + 1)));
    put("valid-flat-int8-of-which-some-are-removed", &bytes_of(&removed, folder.path()));
    // Blocks that were not full when the file was mapped, and others behind them.
    bytes_of(&Kind::Inverted(Dtype::Int8).sample(9, 2, Metric::Cosine), folder.path());
    let (mut mapped, _) = IvfIndex::map(folder.path().join("index")).unwrap();
    (100..109).for_each(|id| mapped.add(id, &vector(id, 2)).unwrap());
    put("valid-inverted-int8-that-went-on", &bytes_of(&Index::Inverted(mapped), folder.path()));
    assert!(FlatIndex::load(corpus().join("valid-flat-f32")).is_ok());
}
