//! Files of every kind and form with changed bytes, other lengths and hostile headers: each is refused, by an error that
//! names it, in no time and without much memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod common;

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Instant;

use common::seal::seal;
use common::{DTYPES, Kind, METRICS, is_of_file, meta};
use proptest::prelude::*;
use soundalike_index::{Dtype, Error, FlatIndex, Metric};

/// What a header may claim costs no more memory than this.
const MEMORY: u64 = 2 << 20;

fn saved(kind: Kind, n: usize, dim: usize, metric: Metric, path: &Path) -> Vec<u8> {
    kind.sample(n, dim, metric).save(path, &meta()).unwrap();
    std::fs::read(path).unwrap()
}

fn assert_refused(kind: Kind, path: &Path, bytes: &[u8], what: &str) {
    std::fs::write(path, bytes).unwrap();
    for open in kind.verifying() {
        match open(path) {
            Err(error) => assert!(is_of_file(&error, path), "{kind:?}, {what}: {error}"),
            Ok(_) => panic!("{kind:?}, {what}: opened"),
        }
    }
    // Without a look at the vectors: an error, or wrong scores. Nothing else.
    if let Some(Ok((index, _))) = kind.unverified().map(|open| open(path)) {
        assert!(index.search(&vec![0.3; index.dim()], 9).len() <= index.len());
    }
}

#[test]
fn every_changed_byte_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    for kind in Kind::all() {
        let mut bytes = saved(kind, 3, 2, Metric::InnerProduct, &path);
        let step = if bytes.len() > 2000 { 3 } else { 1 };
        for at in (0..bytes.len()).step_by(step) {
            let flips: &[u8] = if step == 1 { &[0x01, 0x80, 0xff] } else { &[0x01] };
            for flip in flips {
                bytes[at] ^= flip;
                assert_refused(kind, &path, &bytes, &format!("byte {at} ^ {flip:#x}"));
                bytes[at] ^= flip;
            }
        }
        std::fs::write(&path, &bytes).unwrap();
        assert!(kind.verifying().iter().all(|open| open(&path).is_ok()));
    }
}

/// Without a look at the vectors, a changed byte of one goes by; one of anything else does not.
#[test]
fn unverified_maps_notice_all_but_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    for dtype in DTYPES {
        let mut bytes = saved(Kind::Flat(dtype), 3, 2, Metric::InnerProduct, &path);
        for at in 0..bytes.len() {
            bytes[at] ^= 0x10;
            std::fs::write(&path, &bytes).unwrap();
            assert!(FlatIndex::map_unverified(&path).is_err() || (192..bytes.len() - 40).contains(&at));
            bytes[at] ^= 0x10;
        }
    }
}

/// 10,500 flips of one bit in files of more than one block, half of them with removed vectors.
#[test]
fn random_flips_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let mut state = 7u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let kinds = Kind::all();
    let rounds = 10_500usize.div_ceil(kinds.len() * 2);
    for (number, kind) in kinds.into_iter().flat_map(|kind| [kind, kind]).enumerate() {
        let mut index = kind.sample(400, 16, METRICS[number % 3]);
        if number % 2 == 1 {
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
        let open = kind.verifying();
        for round in 0..rounds {
            let (at, bit) = (random(length), random(8));
            flip(at, bit);
            let opened = open[round % open.len()](&path).map(|_| ());
            let error = opened.expect_err(&format!("bit {bit} of byte {at}, {kind:?}"));
            assert!(is_of_file(&error, &path), "{error}");
            flip(at, bit);
        }
        let (back, _) = open[0](&path).unwrap();
        assert_eq!(back.len(), index.len());
        assert_eq!(back.search(&[0.5; 16], 50), index.search(&[0.5; 16], 50), "all flipped back");
    }
}

#[test]
fn every_other_length_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    for kind in Kind::all() {
        let bytes = saved(kind, 3, 2, Metric::Cosine, &path);
        for length in 0..bytes.len() {
            assert_refused(kind, &path, &bytes[..length], &format!("{length} bytes"));
            if let Some(open) = kind.unverified() {
                assert!(open(&path).is_err() && FlatIndex::read_meta(&path).is_err());
            }
        }
        for more in [1, 8, 64, 1000] {
            let mut longer = bytes.clone();
            longer.resize(bytes.len() + more, 0);
            assert_refused(kind, &path, &longer, &format!("{more} bytes too many"));
        }
        assert_refused(kind, &path, &[bytes.as_slice(), &bytes].concat(), "the file twice");
    }
}

/// Places in the header of a kind's files with the values to be put there.
fn hostile(kind: Kind) -> Vec<(usize, Vec<u8>)> {
    let longs = |at: usize| {
        let values = [0, 64, 1 << 40, 1 << 60, u64::MAX - 63, u64::MAX];
        values.map(move |value: u64| (at, value.to_le_bytes().to_vec()))
    };
    let ints =
        |at: usize| [0u32, 1, 65_536, 65_537, u32::MAX].map(move |value| (at, value.to_le_bytes().to_vec()));
    let bytes = |places: &[(usize, u8)]| -> Vec<(usize, Vec<u8>)> {
        places.iter().map(|(at, value)| (*at, vec![*value])).collect()
    };
    match kind {
        Kind::Flat(_) | Kind::Inverted(_) => {
            // Lists in a flat file; another number of lists.
            let lists = ints(40)
                .into_iter()
                .filter(|(_, value)| *value != [0; 4] || matches!(kind, Kind::Inverted(_)));
            let single = [(16, 3), (17, 3), (18, 0xff), (19, 0xff), (44, 1), (48, 0xff), (55, 1)];
            longs(24).into_iter().chain(ints(12)).chain(lists).chain(bytes(&single)).collect()
        }
        #[cfg(feature = "hnsw")]
        Kind::Graph => {
            let single = [(16, 3), (24, 1), (28, 0), (31, 1), (35, 1), (64, 1), (72, 0xff), (86, 1)];
            longs(40)
                .into_iter()
                .chain(longs(48))
                .chain(ints(12))
                .chain(ints(20))
                .chain(bytes(&single))
                .collect()
        }
    }
}

#[test]
fn hostile_headers_cost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    for kind in Kind::all() {
        let good = saved(kind, 3, 2, Metric::Cosine, &path);
        for (at, value) in hostile(kind) {
            let mut bytes = good.clone();
            bytes[at..at + value.len()].copy_from_slice(&value);
            seal(&mut bytes);
            if bytes == good {
                continue;
            }
            let what = format!("{value:?} at {at}");
            std::fs::write(&path, &bytes).unwrap();
            let verifying = kind.verifying().into_iter().map(|open| (open, true));
            for (open, verifies) in verifying.chain(kind.unverified().map(|open| (open, false))) {
                let (mut opened, start) = (None, Instant::now());
                let memory = allocation_counter::measure(|| opened = Some(open(&path)));
                let time = start.elapsed().as_millis();
                match opened.unwrap() {
                    Err(error) => assert!(is_of_file(&error, &path), "{kind:?}, {what}: {error}"),
                    // Vectors of another dimension in as many bytes are seen by those who look at them alone.
                    Ok((index, _)) => {
                        assert!(!verifies && index.dim() == 1, "{kind:?}, {what}")
                    }
                }
                assert!(time < 100, "{kind:?}, {what}: {time} ms");
                assert!(memory.bytes_max < MEMORY, "{kind:?}, {what}: {} bytes", memory.bytes_max);
            }
        }
    }
}

/// A sparse file can claim any length for free.
#[test]
fn long_files_of_zeros_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let mut bytes = saved(Kind::Flat(Dtype::F32), 3, 2, Metric::Cosine, &path);
    let count = 1u64 << 32;
    bytes[24..32].copy_from_slice(&count.to_le_bytes());
    seal(&mut bytes);
    let length = 64 + count * 8 + count / 8 + count / 64 * 512 + count / 16_384 * 16 + 24;
    for length in [length - 1, length] {
        std::fs::write(&path, &bytes).unwrap();
        let sparse = std::fs::File::options().write(true).open(&path).unwrap();
        if sparse.set_len(length).is_ok() {
            let started = Instant::now();
            for open in [FlatIndex::load, FlatIndex::map, FlatIndex::map_unverified] {
                assert!(matches!(open(&path), Err(Error::Corrupt { .. })));
            }
            assert!(started.elapsed().as_millis() < 500, "{:?}", started.elapsed());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn random_bytes_are_refused(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..900),
        kind in proptest::sample::select(Kind::all()),
        start in 0usize..4,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        // Some begin as an index does, up to a header with a right checksum.
        let good = saved(kind, 3, 2, Metric::Cosine, &path);
        let keep = [0, 8, 12, 128][start].min(bytes.len());
        bytes[..keep].copy_from_slice(&good[..keep]);
        assert_refused(kind, &path, &bytes, "random bytes");
    }

    /// What the fuzz target does, in small: changed bytes under right checksums are refused, or make an index that can
    /// be used. Not of graphs: the library that reads them trusts what it reads.
    #[test]
    fn sealed_changes_are_refused_or_of_use(
        kind in proptest::sample::select(Kind::all()),
        metric in proptest::sample::select(METRICS.to_vec()),
        n in 0usize..150,
        removed in proptest::collection::vec(0u64..150, 0..20),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (path, scratch) = (folder.path().join("index"), folder.path().join("scratch"));
        let mut index = kind.sample(n, 3, metric);
        for id in removed {
            index.remove(id * 3 + 1);
        }
        index.save(&path, &meta()).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        for (at, value) in edits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if matches!(kind, Kind::Flat(_) | Kind::Inverted(_)) {
            seal(&mut bytes);
        }
        std::fs::write(&path, &bytes).unwrap();
        for open in kind.verifying().into_iter().chain(kind.unverified()) {
            match open(&path) {
                Ok((index, meta)) => index.exercise(&meta, &scratch),
                Err(error) => prop_assert!(is_of_file(&error, &path), "{}", error),
            }
        }
    }
}
