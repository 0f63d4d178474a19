//! What each form of storage promises.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use soundalike_index::{Dtype, Error, Filter, FlatIndex, FlatIndexConfig, Meta, Metric, Neighbor};

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::InnerProduct, Metric::L2];
const DTYPES: [Dtype; 3] = [Dtype::F32, Dtype::F16, Dtype::Int8];

/// `n` vectors of components in [-1, 1) from a counter (splitmix64).
fn vectors(n: usize, dim: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..n * dim).map(|_| next()).collect()
}

fn index(config: &FlatIndexConfig, n: usize) -> FlatIndex {
    let mut index = FlatIndex::new(config).unwrap();
    let ids: Vec<u64> = (0..n as u64).collect();
    index.add_batch(&ids, &vectors(n, config.dim, 1)).unwrap();
    index
}

fn ids(found: &[Neighbor]) -> Vec<u64> {
    found.iter().map(|n| n.id).collect()
}

#[test]
fn int8_finds_what_f32_finds_with_the_same_scores() {
    let (n, dim, k) = (20_000, 64, 10);
    let queries = vectors(100, dim, 2);
    for metric in METRICS {
        let config = FlatIndexConfig::new(dim).with_metric(metric);
        let exact = index(&config, n).search_batch(&queries, k).unwrap();
        let coarse = index(&config.clone().with_dtype(Dtype::Int8), n).search_batch(&queries, k).unwrap();
        let mut once = index(&config.with_dtype(Dtype::Int8), n);
        once.set_rescore(0);
        let once = once.search_batch(&queries, k).unwrap();
        let mut found = [0, 0];
        for (at, exact) in exact.iter().enumerate() {
            for (count, answers) in found.iter_mut().zip([&coarse[at], &once[at]]) {
                assert_eq!(answers.len(), k);
                let same = |n: &&Neighbor| exact.contains(n);
                *count += answers.iter().filter(same).count();
            }
        }
        // Scored again, all are found; not so the best k of the codes alone.
        assert_eq!(found[0], 100 * k, "{metric:?}");
        assert!((900..1000).contains(&found[1]), "{metric:?}: {found:?}");
    }
}

#[test]
fn half_precision_is_near_f32() {
    let (n, dim, k) = (5_000, 32, 10);
    let queries = vectors(50, dim, 2);
    for metric in METRICS {
        let config = FlatIndexConfig::new(dim).with_metric(metric);
        let exact = index(&config, n).search_batch(&queries, k).unwrap();
        let halves = index(&config.with_dtype(Dtype::F16), n).search_batch(&queries, k).unwrap();
        let mut same = 0;
        for (exact, halves) in exact.iter().zip(&halves) {
            same += halves.iter().filter(|n| ids(exact).contains(&n.id)).count();
            for (a, b) in exact.iter().zip(halves) {
                // A half has 11 bits: rounded components are off by 2^-12 of their size at most.
                assert!((a.score - b.score).abs() < 6e-3, "{metric:?}: {a:?} {b:?}");
            }
        }
        assert!(same >= 490, "{metric:?}: {same} of 500");
    }
}

#[test]
fn filters_are_exact_at_every_share() {
    exact_filters(false);
}

/// Whatever is read from it.
#[test]
fn a_row_copy_changes_no_answer() {
    exact_filters(true);
    let mut index = index(&FlatIndexConfig::new(8), 30_000);
    let before = index.memory_bytes();
    index.set_row_copy(true);
    index.set_row_copy(true);
    (0..20_000).for_each(|id| assert!(index.remove(id)));
    let few = |id: u64| id.is_multiple_of(20);
    let query = vectors(1, 8, 3);
    let with = index.search_filtered(&query, 50, &Filter::Predicate(&few)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    index.save(&path, &Meta::default()).unwrap();
    index.set_row_copy(false);
    assert!(index.memory_bytes() < before);
    assert_eq!(with.len(), 50);
    for mut index in [index, FlatIndex::load(&path).unwrap().0, FlatIndex::map(&path).unwrap().0] {
        for copy in [false, true] {
            index.set_row_copy(copy);
            assert_eq!(index.search_filtered(&query, 50, &Filter::Predicate(&few)).unwrap(), with);
        }
        index.add(1, &query).unwrap();
        index.replace(29_980, &query).unwrap();
        let found = index.search_filtered(&query, 2, &Filter::Predicate(&|id| id == 1 || few(id))).unwrap();
        assert_eq!(ids(&found), [1, 29_980]);
    }
}

fn exact_filters(row_copy: bool) {
    let (n, dim) = (20_000, 6);
    let queries = vectors(7, dim, 9);
    for metric in METRICS {
        for dtype in DTYPES {
            let config = FlatIndexConfig::new(dim).with_metric(metric).with_dtype(dtype);
            let mut index = index(&config.with_rescore(usize::MAX), n);
            if row_copy {
                let before = (index.bytes_per_vector() - 8, index.memory_bytes());
                index.set_row_copy(true);
                let times = if dtype == Dtype::Int8 { 1 } else { 2 };
                assert_eq!(index.bytes_per_vector() - 8, before.0 * times);
                assert!(index.memory_bytes() - before.1 >= before.0 * n * (times - 1));
                let more = vectors(1000, dim, 77);
                index.add_batch(&(n as u64..n as u64 + 1000).collect::<Vec<_>>(), &more).unwrap();
                index.replace(40, &more[..dim]).unwrap();
            }
            (0..n as u64).filter(|id| id % 11 == 3).for_each(|id| assert!(index.remove(id)));
            let all: Vec<Vec<Neighbor>> =
                queries.chunks(dim).map(|query| index.search(query, usize::MAX).unwrap()).collect();
            for step in [1, 2, 10, 50, 100, 1000, 7_000, 30_000] {
                let accept = |id: u64| id.wrapping_mul(0x9e37_79b9_7f4a_7c15) % step == step / 2;
                let set = index.filter(accept);
                for k in [1, 10, 300] {
                    let batch = index.search_batch_filtered(&queries, k, &Filter::Bitset(&set)).unwrap();
                    let by_id =
                        index.search_batch_filtered(&queries, k, &Filter::Predicate(&accept)).unwrap();
                    assert_eq!(batch, by_id);
                    for (row, query) in queries.chunks(dim).enumerate() {
                        let expected = all[row].iter().filter(|n| accept(n.id)).take(k);
                        let expected: Vec<Neighbor> = expected.copied().collect();
                        assert_eq!(batch[row], expected, "{metric:?} {dtype:?} {step} {k}");
                        for filter in [Filter::Bitset(&set), Filter::Predicate(&accept)] {
                            let alone = index.search_filtered(query, k, &filter).unwrap();
                            assert_eq!(alone, expected, "{metric:?} {dtype:?} {step} {k} {filter:?}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn int8_under_a_filter_gives_as_many_as_there_are() {
    let dim = 16;
    let index = index(&FlatIndexConfig::new(dim).with_dtype(Dtype::Int8), 10_000);
    let query = vectors(1, dim, 3);
    for (share, matches) in [(2u64, 5_000), (10, 1_000), (500, 20), (9_999, 2)] {
        let accept = |id: u64| id.is_multiple_of(share);
        let set = index.filter(accept);
        assert_eq!(set.count(), matches);
        for k in [1, 30, 2_000, usize::MAX] {
            for filter in [Filter::Bitset(&set), Filter::Predicate(&accept)] {
                let found = index.search_filtered(&query, k, &filter).unwrap();
                assert_eq!(found.len(), k.min(matches));
                assert!(found.iter().all(|n| accept(n.id)));
            }
        }
    }
}

#[test]
fn a_predicate_is_asked_twice_at_most() {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    let index = index(&FlatIndexConfig::new(4), 30_000);
    let query = vectors(1, 4, 3);
    for share in [1u64, 2, 100, 20_000] {
        let asked: Vec<AtomicU32> = (0..30_000).map(|_| AtomicU32::new(0)).collect();
        let accept = |id: u64| {
            asked[id as usize].fetch_add(1, Relaxed);
            id.is_multiple_of(share)
        };
        index.search_filtered(&query, 10, &Filter::Predicate(&accept)).unwrap();
        assert!(asked.iter().all(|times| times.load(Relaxed) <= 2));
    }
}

#[test]
fn memory_is_as_stated() {
    let n = 16_384 * 2;
    let per_vector = [(Metric::Cosine, [48, 28, 64]), (Metric::L2, [48, 28, 68])];
    for (metric, expected) in per_vector {
        for (dtype, expected) in DTYPES.into_iter().zip(expected) {
            let config = FlatIndexConfig::new(10).with_metric(metric).with_dtype(dtype);
            let index = index(&config, n);
            assert_eq!(index.bytes_per_vector(), expected, "{metric:?} {dtype:?}");
            let table = index.memory_bytes() - n * expected;
            assert!(table > n * 17 && table < n * 41, "{metric:?} {dtype:?}: {table}");
        }
    }
}

#[test]
fn components_beyond_half_precision_are_refused() {
    for metric in METRICS {
        let config = FlatIndexConfig::new(2).with_metric(metric).with_dtype(Dtype::F16);
        let mut index = FlatIndex::new(&config).unwrap();
        index.add(1, &[65_504.0, -65_504.0]).unwrap();
        let got = index.add_batch(&[2, 3], &[1.0, 1.0, 0.5, -65_505.0]);
        let replaced = index.replace(1, &[1e9, 0.0]);
        if metric == Metric::Cosine {
            got.unwrap();
            replaced.unwrap();
            assert_eq!(index.get(1), Some(vec![1.0, 0.0]));
        } else {
            assert!(matches!(got, Err(Error::OutOfRange { row: 1, component: 1, limit: 65_504.0 })));
            assert!(matches!(replaced, Err(Error::OutOfRange { row: 0, component: 0, .. })));
            assert_eq!(index.get(1), Some(vec![65_504.0, -65_504.0]));
            assert_eq!(index.len(), 1);
            // A query is not stored, and so not bound by what can be.
            assert_eq!(index.search(&[1e9, 0.0], 1).unwrap().len(), 1);
        }
    }
}

#[test]
fn small_and_zero_vectors_are_searched_in_every_form() {
    for metric in [Metric::InnerProduct, Metric::L2] {
        for dtype in DTYPES {
            let config = FlatIndexConfig::new(3).with_metric(metric).with_dtype(dtype);
            let mut index = FlatIndex::new(&config).unwrap();
            index.add_batch(&[4, 3, 2], &[0.0, 0.0, 0.0, 1e-45, 0.0, 0.0, 1.0, -1.0, 0.5]).unwrap();
            for query in [[0.0; 3], [1e-45, 0.0, 0.0], [1.0, -1.0, 0.5], [-1e18, 0.0, 0.0]] {
                let found = index.search(&query, 9).unwrap();
                assert_eq!(found.len(), 3);
                assert!(found.iter().all(|n| n.score.is_finite()));
                let ordered = |w: &[Neighbor]| (-w[0].score, w[0].id) < (-w[1].score, w[1].id);
                assert!(found.windows(2).all(ordered), "{metric:?} {dtype:?} {found:?}");
            }
            assert_eq!(index.search(&[1.0, -1.0, 0.5], 1).unwrap()[0].id, 2);
        }
    }
}

#[test]
fn removed_vectors_make_room() {
    for dtype in DTYPES {
        let mut index = index(&FlatIndexConfig::new(8).with_dtype(dtype), 40_000);
        let before = index.memory_bytes();
        let query = vectors(1, 8, 5);
        for id in 0..20_000 {
            assert!(index.remove(id * 2));
        }
        let vectors = index.bytes_per_vector() * 20_000;
        assert!(index.memory_bytes() < before * 2 / 3 && index.memory_bytes() > vectors, "{dtype:?}");
        assert_eq!(ids(&index.search(&query, usize::MAX).unwrap()).len(), 20_000);
        assert!(index.ids().eq((0..20_000).map(|id| id * 2 + 1)));
        for id in [1u64, 20_001, 39_999] {
            let vector = index.get(id).unwrap();
            assert_eq!(index.search(&vector, 1).unwrap()[0].id, id);
        }
    }
}

#[test]
fn every_form_comes_back_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let queries = vectors(8, 9, 7);
    for metric in METRICS {
        for dtype in DTYPES {
            let config = FlatIndexConfig::new(9).with_metric(metric).with_dtype(dtype);
            let index = index(&config, 17_000);
            let path = folder.path().join("index");
            index.save(&path, &Meta::new("x", 1)).unwrap();
            let (back, _) = FlatIndex::load(&path).unwrap();
            assert_eq!((back.dtype(), back.metric(), back.len()), (dtype, metric, 17_000));
            let answers = |index: &FlatIndex| index.search_batch(&queries, 12).unwrap();
            assert_eq!(answers(&back), answers(&index));
        }
    }
}

/// Int8 misses what its codes rank too low, but the same on every way: alone, in a batch, by predicate or bitset.
#[test]
fn a_predicate_and_its_bitset_find_the_same() {
    let mut values = vectors(20_000, 8, 3);
    // One great component makes the codes of the others coarse.
    values.chunks_exact_mut(8).for_each(|vector| vector[0] = 40.0);
    let mut index = FlatIndex::new(
        &FlatIndexConfig::new(8).with_dtype(Dtype::Int8).with_metric(Metric::InnerProduct).with_rescore(1),
    )
    .unwrap();
    index.add_batch(&(0..20_000).collect::<Vec<_>>(), &values).unwrap();
    let queries = vectors(60, 8, 11);
    for modulus in [30, 55, 70, 90, 200] {
        let accept = move |id: u64| id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40 < (1 << 24) / modulus;
        let set = index.filter(accept);
        let batch = index.search_batch_filtered(&queries, 10, &Filter::Predicate(&accept)).unwrap();
        for (query, batch) in queries.chunks_exact(8).zip(batch) {
            let alone = index.search_filtered(query, 10, &Filter::Predicate(&accept)).unwrap();
            assert_eq!(alone, batch, "one in {modulus}");
            assert_eq!(
                index.search_filtered(query, 10, &Filter::Bitset(&set)).unwrap(),
                batch,
                "one in {modulus}"
            );
        }
    }
}

/// Also by the sample that says whether it accepts few.
#[test]
fn a_predicate_is_asked_for_vectors_of_the_index_alone() {
    for dtype in DTYPES {
        let mut index = FlatIndex::new(&FlatIndexConfig::new(4).with_dtype(dtype)).unwrap();
        index.add_batch(&(0..5000).collect::<Vec<_>>(), &vectors(5000, 4, 5)).unwrap();
        (0..900).for_each(|id| assert!(index.remove(id)));
        let accept = |id: u64| {
            assert!(id >= 900, "{id} was removed");
            id.is_multiple_of(3)
        };
        assert_eq!(
            index.search_filtered(&[1.0, 2.0, 0.5, 0.1], 9, &Filter::Predicate(&accept)).unwrap().len(),
            9
        );
    }
}
