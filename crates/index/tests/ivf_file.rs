//! Inverted files as files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod common;

use std::path::Path;

use common::seal::seal;
use soundalike_index::{Dtype, Error, FlatIndex, FlatIndexConfig, IvfConfig, IvfIndex, Meta, Metric};

fn vectors(n: usize, dim: usize) -> Vec<f32> {
    (0..n * dim).map(|i| ((i * i * 31 + i * 17) % 97) as f32 / 9.7 - 4.9).collect()
}

fn sample(dtype: Dtype, metric: Metric, n: usize) -> IvfIndex {
    let config =
        IvfConfig::new(4, 7).with_dtype(dtype).with_metric(metric).with_nprobe(3).with_seed(1 << 40 | 5);
    let vectors = vectors(n.max(7), 4);
    let mut index = IvfIndex::train(&config, &vectors).unwrap();
    index.add_batch(&(0..n as u64).collect::<Vec<_>>(), &vectors[..n * 4]).unwrap();
    index
}

type Open = fn(&Path) -> Result<(IvfIndex, Meta), Error>;

/// All ways to open a file.
const OPEN: [Open; 3] =
    [|path| IvfIndex::load(path), |path| IvfIndex::map(path), |path| IvfIndex::map_unverified(path)];

fn meta() -> Meta {
    Meta::new("mfcc:1f", 42)
}

fn assert_same(one: &mut IvfIndex, other: &mut IvfIndex, what: &str) {
    assert!(one.ids().eq(other.ids()) && one.list_lengths().eq(other.list_lengths()), "{what}");
    assert_same_answers(one, other, what);
}

fn assert_same_answers(one: &mut IvfIndex, other: &mut IvfIndex, what: &str) {
    assert_eq!(
        (one.len(), one.nlist(), one.nprobe()),
        (other.len(), other.nlist(), other.nprobe()),
        "{what}"
    );
    assert_eq!(
        (one.dim(), one.metric(), one.dtype()),
        (other.dim(), other.metric(), other.dtype()),
        "{what}"
    );
    let sorted = |index: &IvfIndex| {
        let mut ids: Vec<u64> = index.ids().collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(sorted(one), sorted(other), "{what}");
    let (before, queries) = (one.nprobe(), vectors(9, 4));
    for nprobe in [1, 3, 7] {
        one.set_nprobe(nprobe);
        other.set_nprobe(nprobe);
        for query in queries.chunks(4) {
            assert_eq!(one.search(query, 20).unwrap(), other.search(query, 20).unwrap(), "{what}");
        }
    }
    one.set_nprobe(before);
    other.set_nprobe(before);
}

#[test]
fn an_inverted_file_comes_back_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (path, second) = (folder.path().join("a"), folder.path().join("b"));
    for dtype in [Dtype::F32, Dtype::F16, Dtype::Int8] {
        for metric in [Metric::Cosine, Metric::InnerProduct, Metric::L2] {
            for n in [0, 1, 700] {
                let what = format!("{dtype:?} {metric:?} {n}");
                let mut index = sample(dtype, metric, n);
                index.set_margin(Some(2.5));
                for id in (0..n as u64).step_by(9) {
                    assert!(index.remove(id));
                }
                index.save(&path, &meta()).unwrap();
                let mut all = OPEN.map(|open| open(&path).unwrap());
                for (back, back_meta) in &mut all {
                    assert_eq!(*back_meta, meta());
                    assert_same(&mut index, back, &what);
                    back.save(&second, &meta()).unwrap();
                    assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(&second).unwrap(), "{what}");
                }
                if n == 1 {
                    continue;
                }
                change(&mut index);
                for (mut back, _) in all {
                    change(&mut back);
                    // Where vectors lie may differ, what is found may not.
                    assert_same_answers(&mut index, &mut back, &what);
                    // A mapped one, to the file that it lies in, and on from there.
                    back.save(&path, &meta()).unwrap();
                    for open in OPEN {
                        let (mut again, _) = open(&path).unwrap();
                        assert_same(&mut back, &mut again, &what);
                        let removed: Vec<u64> = again.ids().step_by(3).collect();
                        assert!(removed.into_iter().all(|id| again.remove(id)));
                        again.add(7_000_000, &[0.5, 1.0, -1.0, 2.0]).unwrap();
                        assert_eq!(again.search(&[0.5, 1.0, -1.0, 2.0], 1).unwrap().len(), 1);
                    }
                }
            }
        }
    }
}

/// Adds to every list, some of it from the middle of a block on, and removes so much that lists are compacted.
fn change(index: &mut IvfIndex) {
    let more = vectors(1000, 4);
    for (id, vector) in (100_000..).zip(more.chunks(4)) {
        if id % 2 == 0 {
            index.add(id, vector).unwrap();
        }
    }
    for id in 0..400 {
        index.remove(id);
    }
    for (id, vector) in (100_000..).step_by(10).zip(more.chunks(4)).take(100) {
        index.replace(id, vector).unwrap();
    }
}

/// More than a segment, of which the lists go over into another one; with removed vectors and without.
#[test]
fn a_mapped_inverted_file_of_several_segments_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let n = 40_000;
    let vectors: Vec<f32> = (0..n * 4).map(|i| ((i * 7919) % 10_007) as f32 / 1000.0 - 5.0).collect();
    for (dtype, removed) in [(Dtype::F32, 0), (Dtype::Int8, 15_000)] {
        let config = IvfConfig::new(4, 7).with_dtype(dtype).with_metric(Metric::L2).with_nprobe(3);
        let mut index = IvfIndex::train(&config, &vectors).unwrap();
        index.add_batch(&(0..n as u64).collect::<Vec<_>>(), &vectors).unwrap();
        index.save(&path, &meta()).unwrap();
        let (mut mapped, _) = IvfIndex::map(&path).unwrap();
        assert!(mapped.memory_bytes() < index.memory_bytes());
        for index in [&mut index, &mut mapped] {
            change(index);
            (1000..1000 + removed).for_each(|id| assert!(index.remove(id)));
        }
        assert_same_answers(&mut index, &mut mapped, "changed");
        mapped.save(&path, &meta()).unwrap();
        for open in OPEN {
            let (mut back, _) = open(&path).unwrap();
            assert_same(&mut mapped, &mut back, "saved");
            assert_same_answers(&mut index, &mut back, "saved");
        }
    }
}

#[test]
fn each_kind_of_index_is_opened_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (flat, inverted) = (folder.path().join("flat"), folder.path().join("inverted"));
    FlatIndex::new(&FlatIndexConfig::new(4)).unwrap().save(&flat, &meta()).unwrap();
    sample(Dtype::F32, Metric::Cosine, 100).save(&inverted, &meta()).unwrap();
    let error = IvfIndex::load(&flat).unwrap_err();
    assert!(matches!(&error, Error::OtherKind { path, inverted: false } if *path == flat), "{error}");
    for open in OPEN {
        assert!(matches!(open(&flat), Err(Error::OtherKind { inverted: false, .. })));
    }
    for error in [FlatIndex::load(&inverted), FlatIndex::map(&inverted), FlatIndex::map_unverified(&inverted)]
    {
        let error = error.unwrap_err();
        assert!(matches!(&error, Error::OtherKind { path, inverted: true } if *path == inverted), "{error}");
    }
    assert_eq!(FlatIndex::read_meta(&inverted).unwrap(), meta());
}

fn assert_refused(path: &Path, bytes: &[u8], what: &str) {
    std::fs::write(path, bytes).unwrap();
    for open in [OPEN[0], OPEN[1]] {
        let Err(error) = open(path) else { panic!("{what}: loaded") };
        assert!(error.to_string().contains(&path.display().to_string()), "{what}: {error}");
    }
}

/// Right checksums over lists that do not fit the blocks.
#[test]
fn lists_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    // 40 vectors in at most seven blocks of one list each.
    sample(Dtype::F32, Metric::L2, 40).save(&path, &meta()).unwrap();
    let good = std::fs::read(&path).unwrap();
    let blocks = u64::from_le_bytes(good[24..32].try_into().unwrap()) as usize / 64;
    let segment = blocks * 512 + 64 + blocks * 4 * 256;
    let settings = 64 + segment;
    let (taken, of_block, spreads) = (settings + 64, settings + 128, settings + 192);
    let centres = spreads + 64;
    let end = centres + 128;
    assert_eq!(end + 32 + 24, good.len());
    let mut same = good.clone();
    seal(&mut same);
    assert_eq!(same, good, "the test's own checksums are wrong");
    let first = taken + 4 * u32::from_le_bytes(good[of_block..of_block + 4].try_into().unwrap()) as usize;
    for (at, value, what) in [
        (of_block, 7u32, "a list that is not there"),
        (of_block, u32::MAX, "a list far beyond"),
        (first, 0, "a list with a block and no vectors"),
        (first, 65, "more vectors than a block has"),
        (centres, f32::NAN.to_bits(), "a centre that is no number"),
        (centres + 4, f32::INFINITY.to_bits(), "an infinite centre"),
        (spreads, (-1f32).to_bits(), "a negative spread"),
        (settings + 24, 1, "a setting unknown"),
        (settings + 32, 1, "padding"),
    ] {
        let mut bytes = good.clone();
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        seal(&mut bytes);
        assert_refused(&path, &bytes, what);
    }
}
