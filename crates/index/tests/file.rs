//! The file format: what comes back, and what is noticed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod common;

use std::path::Path;

use common::seal::seal;
use common::{DTYPES, METRICS, is_of_file, meta, vector};
use soundalike_index::{Dtype, Error, FlatIndex, FlatIndexConfig, Meta, Metric};

fn sample(n: u64, dim: usize, metric: Metric) -> FlatIndex {
    sample_of(Dtype::F32, n, dim, metric)
}

fn sample_of(dtype: Dtype, n: u64, dim: usize, metric: Metric) -> FlatIndex {
    let config = FlatIndexConfig::new(dim).with_metric(metric).with_dtype(dtype).with_rescore(7);
    let mut index = FlatIndex::new(&config).unwrap();
    for id in 0..n {
        index.add(id * 3 + 1, &vector(id, dim)).unwrap();
    }
    index
}

type Open = fn(&Path) -> Result<(FlatIndex, Meta), Error>;

/// All ways to open a file.
const OPEN: [Open; 3] =
    [|path| FlatIndex::load(path), |path| FlatIndex::map(path), |path| FlatIndex::map_unverified(path)];
/// Those that look at the vectors.
const VERIFYING: [Open; 2] = [OPEN[0], OPEN[1]];

fn assert_refused(path: &Path, bytes: &[u8], what: &str) {
    std::fs::write(path, bytes).unwrap();
    for open in VERIFYING {
        match open(path) {
            Err(error) => {
                assert!(is_of_file(&error, path), "{what}: {error}");
            }
            Ok(_) => panic!("{what}: loaded"),
        }
    }
}

/// The same contents, the same answers.
fn assert_same(one: &FlatIndex, other: &FlatIndex, what: &str) {
    assert_eq!(
        (one.len(), one.dim(), one.metric(), one.dtype()),
        (other.len(), other.dim(), other.metric(), other.dtype())
    );
    assert!(one.ids().eq(other.ids()), "{what}");
    assert!(one.ids().all(|id| one.get(id) == other.get(id)), "{what}");
    for seed in 0..3 {
        let mut query = vector(seed + 900, one.dim());
        query.rotate_left(1);
        for k in [1, 10, 200] {
            assert_eq!(one.search(&query, k).unwrap(), other.search(&query, k).unwrap(), "{what}");
        }
    }
}

#[test]
fn an_index_comes_back_with_its_answers_and_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for (metric, dtype) in METRICS.into_iter().flat_map(|metric| DTYPES.map(|dtype| (metric, dtype))) {
        for n in [0, 1, 64, 65, 200] {
            let (first, second) = (folder.path().join("a"), folder.path().join("b"));
            let index = sample_of(dtype, n, 5, metric);
            index.save(&first, &meta()).unwrap();
            assert_eq!(FlatIndex::read_meta(&first).unwrap(), meta());
            for open in OPEN {
                let (back, back_meta) = open(&first).unwrap();
                assert_eq!(back_meta, meta());
                assert_same(&back, &index, &format!("{metric:?} {dtype:?} {n}"));
                back.save(&second, &meta()).unwrap();
                assert_eq!(std::fs::read(&first).unwrap(), std::fs::read(&second).unwrap());
            }
        }
    }
}

#[test]
fn more_than_one_segment_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    for dtype in DTYPES {
        let index = sample_of(dtype, 2 * 16_384 + 70, 2, Metric::L2);
        index.save(&path, &meta()).unwrap();
        for open in OPEN {
            assert_same(&open(&path).unwrap().0, &index, &format!("{dtype:?}"));
        }
    }
    sample(2 * 16_384 + 70, 2, Metric::L2).save(&path, &meta()).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let length = bytes.len();
    // The header is 64 bytes here; segments of equal length that change places are noticed too.
    let segment = 16_384 * 8 + 256 * 8 + 256 * 2 * 256;
    let (before, after) = bytes[64..64 + 2 * segment].split_at_mut(segment);
    before.swap_with_slice(after);
    assert_refused(&path, &bytes, "swapped segments");
    let (before, after) = bytes[64..64 + 2 * segment].split_at_mut(segment);
    before.swap_with_slice(after);
    for at in (0..length).step_by(length / 50) {
        bytes[at] ^= 0x10;
        assert_refused(&path, &bytes, &format!("bit in byte {at}"));
        bytes[at] ^= 0x10;
    }
}

#[test]
fn removed_vectors_stay_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    for dtype in DTYPES {
        let mut index = sample_of(dtype, 500, 3, Metric::Cosine);
        for id in (0..500).filter(|id| id % 4 == 0 || *id > 480) {
            assert!(index.remove(id * 3 + 1));
        }
        // An id that was removed may come again.
        index.add(1, &[1.0, 2.0, 3.0]).unwrap();
        index.save(&path, &meta()).unwrap();
        for open in OPEN {
            let (mut back, _) = open(&path).unwrap();
            assert_same(&back, &index, &format!("{dtype:?}"));
            assert!(!back.contains(13) && !back.remove(13));
            back.compact();
            assert_same(&back, &index, &format!("{dtype:?}, compacted"));
        }
    }
}

#[test]
fn after_a_compaction_the_bytes_depend_on_the_live_vectors_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("a"), folder.path().join("b"));
    for dtype in DTYPES {
        let mut index = sample_of(dtype, 150, 3, Metric::L2);
        let mut direct = sample_of(dtype, 0, 3, Metric::L2);
        for id in 0..150 {
            if id % 4 == 0 {
                assert!(index.remove(id * 3 + 1));
            } else {
                direct.add(id * 3 + 1, &vector(id, 3)).unwrap();
            }
        }
        index.compact();
        index.save(&first, &meta()).unwrap();
        direct.save(&second, &meta()).unwrap();
        assert_eq!(std::fs::read(&first).unwrap(), std::fs::read(&second).unwrap());
    }
}

/// A mapped index goes through the same changes as one in memory, and is saved over the file that it lies in.
#[test]
fn a_mapped_index_can_be_changed_and_saved_to_its_own_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    for dtype in DTYPES {
        let mut index = sample_of(dtype, 16_384 + 100, 4, Metric::Cosine);
        index.save(&path, &meta()).unwrap();
        let (mut mapped, _) = FlatIndex::map(&path).unwrap();
        assert!(mapped.memory_bytes() < index.memory_bytes());
        for index in [&mut index, &mut mapped] {
            for id in 0..300 {
                index.add(1_000_000 + id, &vector(id + 7, 4)).unwrap();
                assert!(index.remove(id * 6 + 1));
                index.replace(id * 6 + 4, &vector(id + 3, 4)).unwrap();
            }
        }
        // What was replaced in the file has moved to the end: the order is another, the answers are the same.
        let answers = |index: &FlatIndex| index.search(&vector(11, 4), 500).unwrap();
        assert_eq!(answers(&index), answers(&mapped));
        mapped.save(&path, &meta()).unwrap();
        assert_eq!(answers(&index), answers(&mapped), "the old file is still mapped");
        for open in OPEN {
            assert_same(&open(&path).unwrap().0, &mapped, &format!("{dtype:?}"));
        }
    }
}

/// The layout of docs/formats.md, byte by byte, for one vector.
#[test]
fn the_layout_is_the_documented_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let mut index = FlatIndex::new(&FlatIndexConfig::new(2).with_metric(Metric::L2)).unwrap();
    index.add(0x0102_0304_0506_0708, &[1.0, -2.0]).unwrap();
    index.save(&path, &Meta::new("e", 7)).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes.len(), 64 + 64 + 64 + 2 * 256 + 16 + 24);
    assert_eq!(&bytes[0..8], b"\x89SLX\r\n\x1a\n");
    assert_eq!(bytes[8..12], 2u32.to_le_bytes());
    assert_eq!(bytes[12..16], 2u32.to_le_bytes());
    assert_eq!(bytes[16..24], [2, 0, 1, 0, 4, 0, 0, 0]);
    assert_eq!(bytes[24..32], 1u64.to_le_bytes());
    assert_eq!(bytes[32..40], 7u64.to_le_bytes());
    assert_eq!(bytes[40..48], [0; 8]);
    assert_eq!(bytes[48], b'e');
    assert!(bytes[49..56].iter().all(|byte| *byte == 0));
    assert_eq!(bytes[64..72], [8, 7, 6, 5, 4, 3, 2, 1]);
    assert!(bytes[72..128].iter().all(|byte| *byte == 0));
    assert_eq!(bytes[128..136], 1u64.to_le_bytes());
    assert!(bytes[136..192].iter().all(|byte| *byte == 0));
    assert_eq!(bytes[192..196], 1f32.to_le_bytes());
    assert!(bytes[196..448].iter().all(|byte| *byte == 0));
    assert_eq!(bytes[448..452], (-2f32).to_le_bytes());
    assert!(bytes[452..704].iter().all(|byte| *byte == 0));
    assert_eq!(bytes[720..728], 744u64.to_le_bytes());
    assert_eq!(&bytes[736..744], b"SLX-end\n");
    // Checksums: xxh3-64 of the header, of ids and marks, of the rest, and of (header checksum, these, length).
    let hash = |parts: &[&[u8]]| xxhash_rust::xxh3::xxh3_64(&parts.concat()).to_le_bytes();
    assert_eq!(bytes[56..64], hash(&[&bytes[..56]]));
    assert_eq!(bytes[704..712], hash(&[&bytes[64..192]]));
    assert_eq!(bytes[712..720], hash(&[&bytes[192..704]]));
    assert_eq!(bytes[728..736], hash(&[&bytes[56..64], &bytes[704..728]]));
}

/// The other dtypes' arrays, as docs/formats.md has them.
#[test]
fn the_arrays_are_the_documented_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let file = |dtype| {
        let mut index =
            FlatIndex::new(&FlatIndexConfig::new(2).with_metric(Metric::L2).with_dtype(dtype)).unwrap();
        index.add(1, &[1.0, -2.0]).unwrap();
        index.add(2, &[0.5, 0.0]).unwrap();
        index.save(&path, &Meta::new("e", 7)).unwrap();
        std::fs::read(&path).unwrap()
    };
    let bytes = file(Dtype::F16);
    assert_eq!(bytes[17], 1);
    assert_eq!(bytes[192..196], [0x00, 0x3c, 0x00, 0x38]);
    assert_eq!(bytes[320..324], [0x00, 0xc0, 0x00, 0x00]);
    let bytes = file(Dtype::Int8);
    assert_eq!(bytes[17], 2);
    // Codes: 1 of 2 is 63.5 of 127, rounded to the even 64; plus 128.
    assert_eq!(bytes[192..200], [192, 1, 0, 0, 255, 128, 0, 0]);
    let scales = 192 + 256;
    assert_eq!(
        bytes[scales..scales + 8],
        [(2.0f32 / 127.0).to_le_bytes(), (0.5f32 / 127.0).to_le_bytes()].concat()
    );
    let norms = scales + 256;
    assert_eq!(bytes[norms..norms + 8], [5f32.to_le_bytes(), 0.25f32.to_le_bytes()].concat());
    let vectors = norms + 256;
    assert_eq!(bytes[vectors..vectors + 16], [1f32, -2.0, 0.5, 0.0].map(f32::to_le_bytes).concat());
}

#[test]
fn right_checksums_do_not_excuse_wrong_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    for (metric, value) in [
        (Metric::Cosine, f32::NAN),
        (Metric::Cosine, 5.0),
        (Metric::Cosine, f32::INFINITY),
        (Metric::L2, f32::NAN),
        (Metric::L2, 1e30),
        (Metric::InnerProduct, f32::NEG_INFINITY),
    ] {
        // A component of an f32 vector; of int8 a scale, and (behind codes, scales and norms) a component.
        let norms = if metric == Metric::L2 { 256 } else { 0 };
        let places = [(Dtype::F32, 192), (Dtype::Int8, 192 + 256), (Dtype::Int8, 192 + 512 + norms)];
        for (dtype, at) in places.into_iter().filter(|(_, at)| *at != 448 || !value.is_finite()) {
            sample_of(dtype, 3, 2, metric).save(&path, &meta()).unwrap();
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            seal(&mut bytes);
            assert_refused(&path, &bytes, &format!("{metric:?} {dtype:?} {value}"));
        }
    }
    for metric in METRICS {
        for half in [0x7c00u16, 0xfc00, 0x7e00] {
            let mut index = sample_of(Dtype::F16, 3, 2, metric);
            // Of a removed vector, too: it lies beside the others.
            index.remove(1);
            index.save(&path, &meta()).unwrap();
            for at in [192, 194] {
                let mut bytes = std::fs::read(&path).unwrap();
                bytes[at..at + 2].copy_from_slice(&half.to_le_bytes());
                seal(&mut bytes);
                assert_refused(&path, &bytes, "a half that is no number");
            }
        }
    }
    sample_of(Dtype::Int8, 3, 2, Metric::L2).save(&path, &meta()).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[196] = 0;
    seal(&mut bytes);
    assert_refused(&path, &bytes, "a code that is never written");
    sample(3, 2, Metric::L2).save(&path, &meta()).unwrap();
    let good = std::fs::read(&path).unwrap();
    let mut same_id = good.clone();
    same_id.copy_within(64..72, 72);
    seal(&mut same_id);
    assert_refused(&path, &same_id, "the same id twice");
    // Of which one was removed: that is how a file looks after a replacement.
    same_id[128] = 0b101;
    seal(&mut same_id);
    std::fs::write(&path, &same_id).unwrap();
    assert_eq!(FlatIndex::load(&path).unwrap().0.len(), 2);
    for (at, what) in [(192 + 3 * 4, "a value in an unused lane"), (64 + 3 * 8, "padding of the ids")] {
        let mut beyond = good.clone();
        beyond[at] = 1;
        seal(&mut beyond);
        assert_refused(&path, &beyond, what);
    }
    for (at, value) in [(128, 0b1111), (136, 1)] {
        let mut marks = good.clone();
        marks[at] = value;
        seal(&mut marks);
        assert_refused(&path, &marks, "a mark of nothing");
    }
    let mut same = good.clone();
    seal(&mut same);
    assert_eq!(same, good, "the test's own checksums are wrong");
}

#[test]
fn what_is_no_index_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    assert!(matches!(FlatIndex::load(&missing), Err(Error::Io { path, .. }) if path == missing));
    assert!(matches!(FlatIndex::load(folder.path()), Err(Error::NotAnIndex { .. })));
    assert!(matches!(FlatIndex::read_meta(&missing), Err(Error::Io { .. })));
    let short = folder.path().join("short");
    std::fs::write(&short, "hello world, a text").unwrap();
    assert!(matches!(FlatIndex::load(&short), Err(Error::NotAnIndex { .. })));
    let text = folder.path().join("text");
    std::fs::write(&text, "A text that is long enough to hold a whole header of an index.".repeat(3))
        .unwrap();
    assert!(matches!(FlatIndex::load(&text), Err(Error::NotAnIndex { path }) if path == text));
    assert!(matches!(FlatIndex::read_meta(&text), Err(Error::NotAnIndex { .. })));
    let newer = folder.path().join("newer");
    sample(1, 2, Metric::L2).save(&newer, &meta()).unwrap();
    let mut bytes = std::fs::read(&newer).unwrap();
    bytes[8] = 3;
    std::fs::write(&newer, &bytes).unwrap();
    let error = FlatIndex::load(&newer).unwrap_err();
    assert!(matches!(error, Error::UnsupportedVersion { expected: 2, got: 3, .. }));
}
