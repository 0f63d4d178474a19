//! The file format: what comes back, and what is noticed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use soundalike_index::{Error, FlatIndex, FlatIndexConfig, Meta, Metric};

fn sample(n: u64, dim: usize, metric: Metric) -> FlatIndex {
    let mut index = FlatIndex::new(&FlatIndexConfig::new(dim).with_metric(metric)).unwrap();
    for id in 0..n {
        let value = |d: usize| ((id * 31 + d as u64 * 17) % 23) as f32 - 11.3;
        index.add(id * 3 + 1, &(0..dim).map(value).collect::<Vec<_>>()).unwrap();
    }
    index
}

fn meta() -> Meta {
    Meta { embedder_id: "mfcc_20:1f".into(), generation: 42 }
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
    match FlatIndex::load(path) {
        Err(error) => {
            assert_eq!(path_of(&error), Some(path), "{what}: {error}");
            assert!(error.to_string().contains(&path.display().to_string()), "{what}: {error}");
        }
        Ok(_) => panic!("{what}: loaded"),
    }
}

#[test]
fn an_index_comes_back_with_its_answers_and_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for metric in [Metric::Cosine, Metric::InnerProduct, Metric::L2] {
        for n in [0, 1, 64, 65, 200] {
            let (first, second) = (folder.path().join("a"), folder.path().join("b"));
            let index = sample(n, 5, metric);
            index.save(&first, &meta()).unwrap();
            assert_eq!(FlatIndex::read_meta(&first).unwrap(), meta());
            let (back, back_meta) = FlatIndex::load(&first).unwrap();
            assert_eq!((back.len() as u64, back.dim(), back.metric()), (n, 5, metric));
            assert_eq!(back_meta, meta());
            let query = [0.3, -1.0, 2.0, 0.1, 0.7];
            assert_eq!(back.search(&query, 10).unwrap(), index.search(&query, 10).unwrap());
            assert!(back.ids().eq(index.ids()));
            back.save(&second, &meta()).unwrap();
            assert_eq!(std::fs::read(&first).unwrap(), std::fs::read(&second).unwrap());
        }
    }
}

#[test]
fn more_than_one_segment_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let index = sample(2 * 16_384 + 70, 2, Metric::L2);
    index.save(&path, &meta()).unwrap();
    let (back, _) = FlatIndex::load(&path).unwrap();
    assert!(back.ids().eq(index.ids()));
    assert!(index.ids().all(|id| back.get(id) == index.get(id)));
    let mut bytes = std::fs::read(&path).unwrap();
    let length = bytes.len();
    // The header is 64 bytes here; segments of equal length that change places are noticed too.
    let segment = 16_384 * 8 + 256 * 2 * 256;
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
fn the_bytes_depend_on_the_live_vectors_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("a"), folder.path().join("b"));
    let mut index = sample(150, 3, Metric::Cosine);
    for id in (0..150).filter(|id| id % 4 == 0) {
        assert!(index.remove(id * 3 + 1));
    }
    let mut direct = FlatIndex::new(&FlatIndexConfig::new(3)).unwrap();
    let whole = sample(150, 3, Metric::InnerProduct);
    for id in (0..150).filter(|id| id % 4 != 0) {
        direct.add(id * 3 + 1, &whole.get(id * 3 + 1).unwrap()).unwrap();
    }
    index.save(&first, &meta()).unwrap();
    direct.save(&second, &meta()).unwrap();
    assert_eq!(std::fs::read(&first).unwrap(), std::fs::read(&second).unwrap());
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
    assert_eq!(bytes.len(), 64 + 64 + 2 * 256 + 8 + 24);
    assert_eq!(&bytes[0..8], b"\x89SLX\r\n\x1a\n");
    assert_eq!(bytes[8..12], 1u32.to_le_bytes());
    assert_eq!(bytes[12..16], 2u32.to_le_bytes());
    assert_eq!(bytes[16..24], [2, 0, 1, 0, 0, 0, 0, 0]);
    assert_eq!(bytes[24..32], 1u64.to_le_bytes());
    assert_eq!(bytes[32..40], 7u64.to_le_bytes());
    assert_eq!(bytes[40], b'e');
    assert!(bytes[41..56].iter().all(|byte| *byte == 0));
    assert_eq!(bytes[64..72], [8, 7, 6, 5, 4, 3, 2, 1]);
    assert!(bytes[72..128].iter().all(|byte| *byte == 0));
    assert_eq!(bytes[128..132], 1f32.to_le_bytes());
    assert!(bytes[132..384].iter().all(|byte| *byte == 0));
    assert_eq!(bytes[384..388], (-2f32).to_le_bytes());
    assert_eq!(bytes[648..656], 672u64.to_le_bytes());
    assert_eq!(&bytes[664..672], b"SLX-end\n");
    // Checksums: xxh3-64 of the header, the segment, and (header checksum, segment checksums, length).
    let hash = |parts: &[&[u8]]| xxhash_rust::xxh3::xxh3_64(&parts.concat()).to_le_bytes();
    assert_eq!(bytes[56..64], hash(&[&bytes[..56]]));
    assert_eq!(bytes[640..648], hash(&[&bytes[64..640]]));
    assert_eq!(bytes[656..664], hash(&[&bytes[56..64], &bytes[640..656]]));
}

#[test]
fn every_changed_byte_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    sample(3, 2, Metric::InnerProduct).save(&path, &meta()).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            bytes[at] ^= flip;
            assert_refused(&path, &bytes, &format!("byte {at} ^ {flip:#x}"));
            bytes[at] ^= flip;
        }
    }
    std::fs::write(&path, &bytes).unwrap();
    FlatIndex::load(&path).unwrap();
}

#[test]
fn every_other_length_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    sample(3, 2, Metric::Cosine).save(&path, &meta()).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for length in 0..bytes.len() {
        assert_refused(&path, &bytes[..length], &format!("{length} bytes"));
    }
    for more in [1, 8, 64, 1000] {
        let mut longer = bytes.clone();
        longer.resize(bytes.len() + more, 0);
        assert_refused(&path, &longer, &format!("{more} bytes too many"));
    }
    assert_refused(&path, &[bytes.as_slice(), &bytes].concat(), "the file twice");
}

/// Gives a header a right checksum, as an attacker would.
fn reseal(bytes: &mut [u8]) {
    let checksum = xxhash_rust::xxh3::xxh3_64(&bytes[..56]);
    bytes[56..64].copy_from_slice(&checksum.to_le_bytes());
}

/// Gives a whole file of one segment right checksums.
fn reseal_all(bytes: &mut [u8]) {
    reseal(bytes);
    let footer = bytes.len() - 32;
    let segment = xxhash_rust::xxh3::xxh3_64(&bytes[64..footer]);
    bytes[footer..footer + 8].copy_from_slice(&segment.to_le_bytes());
    let sealed = [&bytes[56..64], &bytes[footer..footer + 16]].concat();
    let checksum = xxhash_rust::xxh3::xxh3_64(&sealed);
    bytes[footer + 16..footer + 24].copy_from_slice(&checksum.to_le_bytes());
}

#[test]
fn hostile_headers_cost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    sample(3, 2, Metric::Cosine).save(&path, &meta()).unwrap();
    let good = std::fs::read(&path).unwrap();
    let started = std::time::Instant::now();
    for count in [0, 4, 1 << 40, 1 << 60, u64::MAX - 1, u64::MAX] {
        let mut bytes = good.clone();
        bytes[24..32].copy_from_slice(&u64::to_le_bytes(count));
        reseal(&mut bytes);
        if count == 4 {
            // Fits the same block: the ids then begin with padding, which makes a second vector of zeros.
            reseal_all(&mut bytes);
        }
        assert_refused(&path, &bytes, &format!("count {count}"));
    }
    for dim in [0u32, 1, 65_536, 65_537, u32::MAX] {
        let mut bytes = good.clone();
        bytes[12..16].copy_from_slice(&dim.to_le_bytes());
        reseal(&mut bytes);
        assert_refused(&path, &bytes, &format!("dim {dim}"));
    }
    for (at, value) in [(16, 3), (17, 1), (18, 0xff), (19, 0xff), (20, 1), (23, 1), (41, 0xff), (55, 1)] {
        let mut bytes = good.clone();
        bytes[at] = value;
        reseal(&mut bytes);
        assert_refused(&path, &bytes, &format!("byte {at} = {value}"));
    }
    // A sparse file can claim any length for free.
    let mut bytes = good.clone();
    let count = 1u64 << 32;
    bytes[24..32].copy_from_slice(&count.to_le_bytes());
    reseal(&mut bytes);
    std::fs::write(&path, &bytes).unwrap();
    let length = 64 + count * 8 + count / 64 * 512 + count / 16_384 * 8 + 24;
    let sparse = std::fs::File::options().write(true).open(&path).unwrap();
    if sparse.set_len(length - 1).is_ok() {
        assert!(matches!(FlatIndex::load(&path), Err(Error::Corrupt { .. })));
    }
    assert!(started.elapsed().as_secs_f64() < 2.0);
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
        sample(3, 2, metric).save(&path, &meta()).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[128..132].copy_from_slice(&value.to_le_bytes());
        reseal_all(&mut bytes);
        assert_refused(&path, &bytes, &format!("{metric:?} {value}"));
    }
    sample(3, 2, Metric::L2).save(&path, &meta()).unwrap();
    let good = std::fs::read(&path).unwrap();
    let mut same_id = good.clone();
    same_id.copy_within(64..72, 72);
    reseal_all(&mut same_id);
    assert_refused(&path, &same_id, "the same id twice");
    let mut beyond = good.clone();
    beyond[128 + 3 * 4] = 1;
    reseal_all(&mut beyond);
    assert_refused(&path, &beyond, "a value in an unused lane");
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
    let text = folder.path().join("text");
    std::fs::write(&text, "A text that is long enough to hold a whole header of an index.".repeat(3))
        .unwrap();
    assert!(matches!(FlatIndex::load(&text), Err(Error::NotAnIndex { path }) if path == text));
    assert!(matches!(FlatIndex::read_meta(&text), Err(Error::NotAnIndex { .. })));
    let newer = folder.path().join("newer");
    sample(1, 2, Metric::L2).save(&newer, &meta()).unwrap();
    let mut bytes = std::fs::read(&newer).unwrap();
    bytes[8] = 2;
    std::fs::write(&newer, &bytes).unwrap();
    let error = FlatIndex::load(&newer).unwrap_err();
    assert!(matches!(error, Error::UnsupportedVersion { expected: 1, got: 2, .. }));
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

#[cfg(unix)]
#[test]
fn a_killed_save_leaves_the_old_or_the_new_file() {
    if let Some(folder) = std::env::var_os(CHILD) {
        let path = PathBuf::from(folder).join("index");
        let indexes = [sample(3000, 8, Metric::L2), sample(4000, 8, Metric::L2)];
        loop {
            for index in &indexes {
                index.save(&path, &Meta::new("child", index.len() as u64)).unwrap();
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    sample(3000, 8, Metric::L2).save(&path, &Meta::new("child", 3000)).unwrap();
    let mut sizes = [0, 0];
    for round in 0u64..25 {
        let mut process =
            child("a_killed_save_leaves_the_old_or_the_new_file", folder.path(), r#"exec "$@""#)
                .spawn()
                .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(15 + round * 3));
        process.kill().unwrap();
        process.wait().unwrap();
        let (index, meta) = FlatIndex::load(&path).unwrap();
        assert_eq!(index.len() as u64, meta.generation);
        sizes[usize::from(index.len() == 4000)] += 1;
    }
    println!("left by 25 kills: {} old, {} new", sizes[0], sizes[1]);
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
        prop_assert!(FlatIndex::load(&path).is_err());
    }
}
