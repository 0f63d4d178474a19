//! The file format: what comes back, and what is noticed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use soundalike_index::{Dtype, Error, FlatIndex, FlatIndexConfig, Meta, Metric};

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::InnerProduct, Metric::L2];
const DTYPES: [Dtype; 3] = [Dtype::F32, Dtype::F16, Dtype::Int8];

fn vector(id: u64, dim: usize) -> Vec<f32> {
    (0..dim).map(|d| ((id * 31 + d as u64 * 17) % 23) as f32 - 11.3).collect()
}

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

fn meta() -> Meta {
    Meta { embedder_id: "mfcc:1f".into(), generation: 42 }
}

/// The path an error of a file must carry.
fn path_of(error: &Error) -> Option<&Path> {
    match error {
        Error::Io { path, .. }
        | Error::NotAnIndex { path }
        | Error::UnsupportedVersion { path, .. }
        | Error::Corrupt { path, .. } => Some(path),
        _ => None,
    }
}

fn assert_refused(path: &Path, bytes: &[u8], what: &str) {
    std::fs::write(path, bytes).unwrap();
    for open in VERIFYING {
        match open(path) {
            Err(error) => {
                assert_eq!(path_of(&error), Some(path), "{what}: {error}");
                assert!(error.to_string().contains(&path.display().to_string()), "{what}: {error}");
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
fn every_changed_byte_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    for dtype in DTYPES {
        sample_of(dtype, 3, 2, Metric::InnerProduct).save(&path, &meta()).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xff] {
                bytes[at] ^= flip;
                assert_refused(&path, &bytes, &format!("byte {at} ^ {flip:#x}"));
                // Without a look at the vectors: an error, or wrong scores. Nothing else.
                if let Ok((index, _)) = FlatIndex::map_unverified(&path) {
                    assert!(at >= 192 && index.search(&[1.0, 2.0], 3).unwrap().len() <= 3);
                }
                bytes[at] ^= flip;
            }
        }
        std::fs::write(&path, &bytes).unwrap();
        FlatIndex::load(&path).unwrap();
    }
}

/// 10,000 flips of one bit in files of more than one block, half of them with removed vectors.
#[test]
fn random_flips_are_noticed() {
    use std::io::{Read, Seek, SeekFrom, Write};
    let folder = tempfile::tempdir().unwrap();
    let mut state = 7u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for (number, dtype) in DTYPES.into_iter().cycle().take(6).enumerate() {
        let path = folder.path().join("index");
        let mut index = sample_of(dtype, 400, 16, METRICS[number % 3]);
        if number >= 3 {
            (0..50).for_each(|id| assert!(index.remove(id * 9 + 1)));
        }
        index.save(&path, &meta()).unwrap();
        let length = std::fs::metadata(&path).unwrap().len();
        let mut file = std::fs::File::options().read(true).write(true).open(&path).unwrap();
        let mut flip = |at: u64, bit: u64| {
            let mut byte = [0];
            file.seek(SeekFrom::Start(at)).unwrap();
            file.read_exact(&mut byte).unwrap();
            file.seek(SeekFrom::Start(at)).unwrap();
            file.write_all(&[byte[0] ^ 1 << bit]).unwrap();
        };
        for round in 0..1700 {
            let (at, bit) = (random(length), random(8));
            flip(at, bit);
            let open = VERIFYING[round % 2];
            let error = open(&path).map(|_| ()).expect_err(&format!("bit {bit} of byte {at}, {dtype:?}"));
            assert_eq!(path_of(&error), Some(&*path));
            flip(at, bit);
        }
        assert_same(&FlatIndex::load(&path).unwrap().0, &index, "all flipped back");
    }
}

#[test]
fn every_other_length_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    for dtype in DTYPES {
        sample_of(dtype, 3, 2, Metric::Cosine).save(&path, &meta()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for length in 0..bytes.len() {
            assert_refused(&path, &bytes[..length], &format!("{length} bytes"));
            assert!(FlatIndex::map_unverified(&path).is_err() && FlatIndex::read_meta(&path).is_err());
        }
        for more in [1, 8, 64, 1000] {
            let mut longer = bytes.clone();
            longer.resize(bytes.len() + more, 0);
            assert_refused(&path, &longer, &format!("{more} bytes too many"));
        }
        assert_refused(&path, &[bytes.as_slice(), &bytes].concat(), "the file twice");
    }
}

/// Gives a header a right checksum, as an attacker would.
fn reseal(bytes: &mut [u8]) {
    let checksum = xxhash_rust::xxh3::xxh3_64(&bytes[..56]);
    bytes[56..64].copy_from_slice(&checksum.to_le_bytes());
}

/// Gives a whole file of one segment right checksums; ids and marks have 64 bytes each.
fn reseal_all(bytes: &mut [u8]) {
    reseal(bytes);
    let footer = bytes.len() - 40;
    let hash = |bytes: &[u8]| xxhash_rust::xxh3::xxh3_64(bytes).to_le_bytes();
    let checksums = [hash(&bytes[64..192]), hash(&bytes[192..footer])].concat();
    bytes[footer..footer + 16].copy_from_slice(&checksums);
    let sealed = hash(&[&bytes[56..64], &bytes[footer..footer + 24]].concat());
    bytes[footer + 24..footer + 32].copy_from_slice(&sealed);
}

#[test]
fn hostile_headers_cost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    for dtype in DTYPES {
        sample_of(dtype, 3, 2, Metric::Cosine).save(&path, &meta()).unwrap();
        let good = std::fs::read(&path).unwrap();
        for count in [0, 4, 1 << 40, 1 << 60, u64::MAX - 1, u64::MAX] {
            let mut bytes = good.clone();
            bytes[24..32].copy_from_slice(&u64::to_le_bytes(count));
            reseal(&mut bytes);
            if count == 4 {
                // Fits the same block: its vector is zeros.
                bytes[128] = 0b1111;
                reseal_all(&mut bytes);
            }
            let started = std::time::Instant::now();
            assert_refused(&path, &bytes, &format!("count {count}"));
            assert!(FlatIndex::map_unverified(&path).is_err() || count == 4);
            assert!(started.elapsed().as_millis() < 100, "count {count}: {:?}", started.elapsed());
        }
        for dim in [0u32, 1, 65_536, 65_537, u32::MAX] {
            let mut bytes = good.clone();
            bytes[12..16].copy_from_slice(&dim.to_le_bytes());
            reseal(&mut bytes);
            assert_refused(&path, &bytes, &format!("dim {dim}"));
        }
        for (at, value) in
            [(16, 3), (17, 3), (18, 0xff), (19, 0xff), (23, 1), (40, 1), (44, 1), (48, 0xff), (55, 1)]
        {
            let mut bytes = good.clone();
            bytes[at] = value;
            reseal(&mut bytes);
            assert_refused(&path, &bytes, &format!("byte {at} = {value}"));
        }
    }
    // A sparse file can claim any length for free.
    sample(3, 2, Metric::Cosine).save(&path, &meta()).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let count = 1u64 << 32;
    bytes[24..32].copy_from_slice(&count.to_le_bytes());
    reseal(&mut bytes);
    let length = 64 + count * 8 + count / 8 + count / 64 * 512 + count / 16_384 * 16 + 24;
    for length in [length - 1, length] {
        std::fs::write(&path, &bytes).unwrap();
        let sparse = std::fs::File::options().write(true).open(&path).unwrap();
        if sparse.set_len(length).is_ok() {
            let started = std::time::Instant::now();
            for open in OPEN {
                assert!(matches!(open(&path), Err(Error::Corrupt { .. })));
            }
            assert!(started.elapsed().as_millis() < 500, "{:?}", started.elapsed());
        }
    }
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
            reseal_all(&mut bytes);
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
                reseal_all(&mut bytes);
                assert_refused(&path, &bytes, "a half that is no number");
            }
        }
    }
    sample_of(Dtype::Int8, 3, 2, Metric::L2).save(&path, &meta()).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[196] = 0;
    reseal_all(&mut bytes);
    assert_refused(&path, &bytes, "a code that is never written");
    sample(3, 2, Metric::L2).save(&path, &meta()).unwrap();
    let good = std::fs::read(&path).unwrap();
    let mut same_id = good.clone();
    same_id.copy_within(64..72, 72);
    reseal_all(&mut same_id);
    assert_refused(&path, &same_id, "the same id twice");
    // Of which one was removed: that is how a file looks after a replacement.
    same_id[128] = 0b101;
    reseal_all(&mut same_id);
    std::fs::write(&path, &same_id).unwrap();
    assert_eq!(FlatIndex::load(&path).unwrap().0.len(), 2);
    for (at, what) in [(192 + 3 * 4, "a value in an unused lane"), (64 + 3 * 8, "padding of the ids")] {
        let mut beyond = good.clone();
        beyond[at] = 1;
        reseal_all(&mut beyond);
        assert_refused(&path, &beyond, what);
    }
    for (at, value) in [(128, 0b1111), (136, 1)] {
        let mut marks = good.clone();
        marks[at] = value;
        reseal_all(&mut marks);
        assert_refused(&path, &marks, "a mark of nothing");
    }
    let mut same = good.clone();
    reseal_all(&mut same);
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

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

const CHILD: &str = "SOUNDALIKE_INDEX_TEST_CHILD";

/// Runs one test of this file in a process of its own, started by a shell line that ends in `"$@"`.
fn child(test: &str, folder: &Path, shell: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", shell, "sh"]).arg(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(CHILD, folder).stdout(Stdio::null());
    command
}

/// A file size limit makes the system refuse a write in the middle, as a full disk does.
#[cfg(unix)]
#[test]
fn a_save_that_finds_no_space_leaves_the_old_file() {
    if let Some(folder) = std::env::var_os(CHILD) {
        let path = PathBuf::from(folder).join("index");
        let error = sample(5000, 16, Metric::L2).save(&path, &meta()).unwrap_err();
        assert!(matches!(error, Error::Io { path: named, .. } if named == path));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    sample(10, 3, Metric::Cosine).save(&path, &meta()).unwrap();
    let before = std::fs::read(&path).unwrap();
    let test = "a_save_that_finds_no_space_leaves_the_old_file";
    let limited = r#"trap '' XFSZ; ulimit -f 64; exec "$@""#;
    assert!(child(test, folder.path(), limited).status().unwrap().success());
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(names(folder.path()), ["index"]);
}

/// A thousand times, at moments spread over several saves.
#[cfg(unix)]
#[test]
fn a_killed_save_leaves_the_old_or_the_new_file() {
    if let Some(folder) = std::env::var_os(CHILD) {
        let path = PathBuf::from(folder).join("index");
        let indexes = [sample(300, 8, Metric::L2), sample(400, 8, Metric::L2)];
        loop {
            for index in &indexes {
                index.save(&path, &Meta::new("child", index.len() as u64)).unwrap();
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    sample(300, 8, Metric::L2).save(&path, &Meta::new("child", 300)).unwrap();
    let mut sizes = [0, 0];
    for round in 0u64..1000 {
        let mut process =
            child("a_killed_save_leaves_the_old_or_the_new_file", folder.path(), r#"exec "$@""#)
                .spawn()
                .unwrap();
        std::thread::sleep(std::time::Duration::from_micros(3000 + round * 37 % 9000));
        process.kill().unwrap();
        process.wait().unwrap();
        let (index, meta) = FlatIndex::load(&path).unwrap();
        assert_eq!(index.len() as u64, meta.generation);
        sizes[usize::from(index.len() == 400)] += 1;
    }
    println!("left by 1000 kills: {} of one, {} of the other", sizes[0], sizes[1]);
    assert!(sizes.iter().all(|left| *left > 0), "{sizes:?}: the kills came too early");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn random_bytes_are_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..600), start in 0usize..4) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        // Some begin as an index does, up to a header with a right checksum.
        let good = {
            sample(3, 2, Metric::Cosine).save(&path, &meta()).unwrap();
            std::fs::read(&path).unwrap()
        };
        let keep = [0, 8, 12, 64][start].min(bytes.len());
        bytes[..keep].copy_from_slice(&good[..keep]);
        std::fs::write(&path, &bytes).unwrap();
        for open in OPEN {
            prop_assert!(open(&path).is_err());
        }
    }
}
