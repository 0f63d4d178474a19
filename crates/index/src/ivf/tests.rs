use proptest::prelude::*;

use super::*;
use crate::{Filter, Neighbor};

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::InnerProduct, Metric::L2];
const DTYPES: [Dtype; 3] = [Dtype::F32, Dtype::F16, Dtype::Int8];

/// Rows around a few directions, none of them zero; some of them equal.
fn rows(n: usize, dim: usize, seed: usize) -> Vec<f32> {
    let value = |row: usize, d: usize| {
        let near = (row % 7 * 31 + d * 17) % 13;
        let own = (row * 7919 + d * 104_729 + seed * 31) % 101;
        near as f32 - 6.2 + own as f32 / 40.0
    };
    (0..n).flat_map(|row| (0..dim).map(move |d| value(row / 2 * 2, d))).collect()
}

fn ids(n: usize) -> Vec<u64> {
    (0..n as u64).map(|row| row * 3 + 1).collect()
}

fn bits(found: &[Neighbor]) -> Vec<(u64, u32)> {
    found.iter().map(|n| (n.id, n.score.to_bits())).collect()
}

fn both(config: &IvfConfig, ids: &[u64], vectors: &[f32]) -> (IvfIndex, FlatIndex) {
    let mut ivf = IvfIndex::train(config, vectors).unwrap();
    let mut flat = FlatIndex::new(&config.flat).unwrap();
    ivf.add_batch(ids, vectors).unwrap();
    flat.add_batch(ids, vectors).unwrap();
    (ivf, flat)
}

#[derive(Debug, Clone)]
struct Case {
    dim: usize,
    n: usize,
    nlist: usize,
    seed: usize,
    k: usize,
    removed: usize,
    modulus: u64,
}

fn case() -> impl Strategy<Value = Case> {
    let k = prop_oneof![0usize..40, Just(usize::MAX)];
    (1usize..10, 1usize..900, 1usize..40, 0usize..1000, k, 2usize..9, 1u64..40).prop_map(
        |(dim, n, nlist, seed, k, removed, modulus)| Case {
            dim,
            n: n.max(nlist),
            nlist,
            seed,
            k,
            removed,
            modulus,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn looking_into_all_lists_is_the_exact_search(case in case()) {
        let Case { dim, n, nlist, seed, k, removed, modulus } = case;
        let (vectors, ids) = (rows(n, dim, seed), ids(n));
        let queries = rows(5, dim, seed + 1);
        let accept = |id: u64| id % modulus == 1;
        for (metric, dtype) in METRICS.into_iter().flat_map(|m| DTYPES.map(|d| (m, d))) {
            let config = IvfConfig::new(dim, nlist).with_metric(metric).with_dtype(dtype).with_nprobe(nlist);
            let (mut ivf, mut flat) = both(&config, &ids, &vectors);
            for id in ids.iter().step_by(removed) {
                prop_assert!(ivf.remove(*id) && flat.remove(*id));
            }
            if let Some(id) = ids.get(1) {
                prop_assert_eq!(ivf.replace(*id, &queries[..dim]).is_ok(), flat.replace(*id, &queries[..dim]).is_ok());
            }
            prop_assert_eq!(ivf.len(), flat.len());
            let (ivf_set, flat_set) = (ivf.filter(accept), flat.filter(accept));
            prop_assert_eq!(ivf_set.count(), flat_set.count());
            let batch = ivf.search_batch(&queries, k).unwrap();
            for (query, together) in queries.chunks_exact(dim).zip(&batch) {
                let exact = bits(&flat.search(query, k).unwrap());
                prop_assert_eq!(&bits(&ivf.search(query, k).unwrap()), &exact);
                prop_assert_eq!(&bits(together), &exact);
                let exact = flat.search_filtered(query, k, &Filter::Bitset(&flat_set)).unwrap();
                let found = ivf.search_filtered(query, k, &Filter::Bitset(&ivf_set)).unwrap();
                prop_assert_eq!(bits(&found), bits(&exact));
                let exact = flat.search_filtered(query, k, &Filter::Predicate(&accept)).unwrap();
                let found = ivf.search_filtered(query, k, &Filter::Predicate(&accept)).unwrap();
                prop_assert_eq!(bits(&found), bits(&exact));
            }
            let exact = flat.search_batch_filtered(&queries, k, &Filter::Bitset(&flat_set)).unwrap();
            for filter in [Filter::Bitset(&ivf_set), Filter::Predicate(&accept)] {
                let found = ivf.search_batch_filtered(&queries, k, &filter).unwrap();
                prop_assert!(found.iter().zip(&exact).all(|(one, other)| bits(one) == bits(other)));
            }
            for id in &ids {
                prop_assert_eq!(ivf.get(*id), flat.get(*id));
            }
        }
    }

    #[test]
    fn few_lists_still_give_all_answers_and_true_scores(case in case(), nprobe in 0usize..5) {
        let Case { dim, n, nlist, seed, k, modulus, .. } = case;
        let (vectors, ids) = (rows(n, dim, seed), ids(n));
        let query = &rows(1, dim, seed + 1);
        let accept = |id: u64| id % modulus == 1;
        for metric in METRICS {
            let config = IvfConfig::new(dim, nlist).with_metric(metric).with_nprobe(nprobe);
            let (ivf, flat) = both(&config, &ids, &vectors);
            let all = bits(&flat.search(query, n).unwrap());
            let found = bits(&ivf.search(query, k).unwrap());
            prop_assert_eq!(found.len(), k.min(n));
            // A part of the exact ranking, in its order.
            let mut ranking = all.iter();
            prop_assert!(found.iter().all(|one| ranking.any(|other| other == one)));
            let found = ivf.search_filtered(query, k, &Filter::Predicate(&accept)).unwrap();
            prop_assert_eq!(found.len(), k.min(ids.iter().filter(|id| accept(**id)).count()));
            prop_assert!(found.iter().all(|n| accept(n.id)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_batch_answers_as_its_queries_alone(
        case in case(),
        nprobe in 0usize..12,
        margin in prop_oneof![Just(None), (-2.0f32..4.0).prop_map(Some)],
        count in 1usize..40,
    ) {
        let Case { dim, n, nlist, seed, k, removed, modulus } = case;
        let (vectors, ids, queries) = (rows(n, dim, seed), ids(n), rows(count, dim, seed + 1));
        for (metric, dtype) in METRICS.into_iter().flat_map(|m| DTYPES.map(|d| (m, d))) {
            let config = IvfConfig::new(dim, nlist).with_metric(metric).with_dtype(dtype).with_nprobe(nprobe);
            let (mut ivf, _) = both(&config, &ids, &vectors);
            ivf.set_margin(margin);
            for id in ids.iter().step_by(removed) {
                prop_assert!(ivf.remove(*id));
            }
            let set = ivf.filter(|id| id % modulus == 1);
            let batch = ivf.search_batch(&queries, k).unwrap();
            let filtered = ivf.search_batch_filtered(&queries, k, &Filter::Bitset(&set)).unwrap();
            for (row, query) in queries.chunks_exact(dim).enumerate() {
                prop_assert_eq!(bits(&ivf.search(query, k).unwrap()), bits(&batch[row]));
                let alone = ivf.search_filtered(query, k, &Filter::Bitset(&set)).unwrap();
                prop_assert_eq!(bits(&alone), bits(&filtered[row]));
                prop_assert_eq!(alone.len(), k.min(set.count()));
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_index_and_another_one_another() {
    let (n, dim) = (3000, 6);
    let vectors = rows(n, dim, 1);
    let lengths = |seed: u64| {
        let config = IvfConfig::new(dim, 30).with_seed(seed).with_sample_per_list(20);
        let (ivf, _) = both(&config, &ids(n), &vectors);
        let found = bits(&ivf.search(&vectors[60..66], 20).unwrap());
        (ivf.list_lengths().collect::<Vec<_>>(), ivf.ids().collect::<Vec<_>>(), found)
    };
    assert_eq!(lengths(5), lengths(5));
    assert_ne!(lengths(5).0, lengths(6).0);
    assert_eq!(lengths(5).0.iter().sum::<usize>(), n);
}

#[test]
fn the_nearest_list_holds_what_is_asked_for() {
    let (n, dim) = (4000, 8);
    let vectors = rows(n, dim, 2);
    let config = IvfConfig::new(dim, 64).with_metric(Metric::L2).with_dtype(Dtype::F32).with_nprobe(1);
    let (ivf, _) = both(&config, &ids(n), &vectors);
    assert!(ivf.list_lengths().filter(|length| *length > 0).count() > 32);
    for vector in vectors.chunks_exact(dim).step_by(97) {
        let found = ivf.search(vector, 2).unwrap();
        assert_eq!([found[0].score, found[1].score], [0.0, 0.0], "vectors come in pairs");
    }
}

#[test]
fn a_margin_leaves_out_only_what_is_far() {
    let (n, dim) = (6000, 12);
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    let vectors: Vec<f32> = (0..n * dim).map(|_| next()).collect();
    for (metric, dtype) in METRICS.into_iter().flat_map(|m| DTYPES.map(|d| (m, d))) {
        let config = IvfConfig::new(dim, 300).with_metric(metric).with_dtype(dtype).with_nprobe(300);
        let (mut ivf, flat) = both(&config, &ids(n), &vectors);
        let found = |ivf: &IvfIndex, query: &[f32]| bits(&ivf.search(query, 100).unwrap());
        let mut missed = [0; 3];
        for query in vectors.chunks_exact(dim).step_by(400) {
            let exact = bits(&flat.search(query, 100).unwrap());
            for (missed, margin) in missed.iter_mut().zip([1e30, f32::NAN, -1e30]) {
                ivf.set_margin(Some(margin));
                let found = found(&ivf, query);
                assert_eq!(found.len(), 100);
                *missed += usize::from(found != exact);
            }
        }
        let far = if metric == Metric::InnerProduct { 0 } else { 1 };
        assert_eq!(missed[..2], [0, 0], "{metric:?} {dtype:?}");
        assert!(missed[2] >= far, "{metric:?} {dtype:?}: nothing was left out");
    }
}

#[test]
fn lists_are_compacted_one_by_one() {
    let (n, dim) = (20_000, 3);
    let vectors = rows(n, dim, 3);
    // One list of more than a segment, and some others.
    for nlist in [1, 50] {
        let config = IvfConfig::new(dim, nlist).with_nprobe(nlist);
        let (mut ivf, mut flat) = both(&config, &ids(n), &vectors);
        let before = ivf.memory_bytes();
        for id in ids(n).into_iter().filter(|id| id % 5 != 0) {
            assert!(ivf.remove(id) && flat.remove(id) && !ivf.remove(id));
        }
        let kept: usize = ivf.list_lengths().sum();
        assert!(kept - ivf.len() <= kept / 5 + 1024, "{kept}");
        assert!(ivf.memory_bytes() < before);
        for query in vectors.chunks_exact(dim).step_by(999) {
            let (found, exact) = (ivf.search(query, 30).unwrap(), flat.search(query, 30).unwrap());
            assert_eq!(bits(&found), bits(&exact));
        }
        let set = ivf.filter(|_| true);
        ivf.add(2, &[1.0, 2.0, 3.0]).unwrap();
        let stale = ivf.search_filtered(&[1.0; 3], 1, &Filter::Bitset(&set));
        assert!(matches!(stale, Err(Error::StaleFilter)));
        let stale = ivf.search_batch_filtered(&[1.0; 6], 1, &Filter::Bitset(&set));
        assert!(matches!(stale, Err(Error::StaleFilter)));
        assert_eq!(ivf.search(&[1.0, 2.0, 3.0], 1).unwrap()[0].id, 2);
    }
}

#[test]
fn what_cannot_be_used_is_refused_and_changes_nothing() {
    let vectors = rows(100, 2, 4);
    let train = |config: &IvfConfig, vectors: &[f32]| IvfIndex::train(config, vectors).map(|_| ());
    let config = IvfConfig::new(2, 8);
    assert!(matches!(train(&IvfConfig::new(0, 8), &vectors), Err(Error::InvalidDim { got: 0, .. })));
    for nlist in [0, MAX_NLIST + 1, usize::MAX] {
        let got = train(&IvfConfig::new(2, nlist), &vectors);
        assert!(matches!(got, Err(Error::InvalidNlist { got, max: MAX_NLIST }) if got == nlist));
    }
    let few = train(&IvfConfig::new(2, 101), &vectors);
    assert!(matches!(few, Err(Error::TooFewVectors { expected: 101, got: 100 })));
    assert!(matches!(train(&config, &[]), Err(Error::TooFewVectors { got: 0, .. })));
    assert!(matches!(train(&config, &vectors[1..]), Err(Error::BatchLength { expected: 200, got: 199 })));
    let mut bad = vectors.clone();
    bad[7] = f32::NAN;
    assert!(matches!(train(&config, &bad), Err(Error::NotFinite { row: 3, component: 1 })));
    bad[6..8].fill(0.0);
    assert!(matches!(train(&config, &bad), Err(Error::ZeroVector { row: 3 })));
    assert!(train(&config.clone().with_metric(Metric::L2), &bad).is_ok());
    bad[6..8].fill(1e19);
    assert!(matches!(
        train(&config.clone().with_metric(Metric::L2), &bad),
        Err(Error::TooLong { row: 3, .. })
    ));

    let (mut ivf, _) = both(&config, &ids(100), &vectors);
    let before = bits(&ivf.search(&[1.0, 0.5], 100).unwrap());
    assert!(matches!(ivf.add(1, &[1.0, 1.0]), Err(Error::DuplicateId { id: 1 })));
    assert!(matches!(ivf.add_batch(&[2, 2], &[1.0; 4]), Err(Error::DuplicateId { id: 2 })));
    assert!(matches!(ivf.add_batch(&[2, 3], &[1.0; 3]), Err(Error::BatchLength { expected: 4, got: 3 })));
    assert!(matches!(ivf.add_batch(&[2, 3], &[1.0, 1.0, 0.0, 0.0]), Err(Error::ZeroVector { row: 1 })));
    assert!(matches!(ivf.add(2, &[1.0]), Err(Error::WrongDim { expected: 2, got: 1 })));
    assert!(matches!(ivf.replace(2, &[1.0, 1.0]), Err(Error::UnknownId { id: 2 })));
    assert!(ivf.replace(1, &[f32::INFINITY, 1.0]).is_err() && !ivf.remove(2) && ivf.get(2).is_none());
    for query in [&[1.0][..], &[0.0, 0.0], &[f32::NAN, 0.0]] {
        assert!(ivf.search(query, 0).is_err() && ivf.search_batch(query, 1).is_err());
        let filter = Filter::Predicate(&|_| true);
        assert!(ivf.search_filtered(query, 1, &filter).is_err());
        assert!(ivf.search_batch_filtered(query, 1, &filter).is_err());
    }
    assert_eq!(bits(&ivf.search(&[1.0, 0.5], 100).unwrap()), before);
    assert!(ivf.add_batch(&[], &[]).is_ok() && ivf.search_batch(&[], 3).unwrap().is_empty());
    let empty = IvfIndex::train(&config, &vectors).unwrap();
    assert!(empty.is_empty() && empty.search(&[1.0, 2.0], 5).unwrap().is_empty());
}

#[test]
fn very_long_vectors_are_no_trouble() {
    let longest = 0.999e18f32;
    let vectors: Vec<f32> =
        (0..64).flat_map(|i| if i % 2 == 0 { [longest, 0.0] } else { [0.0, -longest] }).collect();
    for metric in [Metric::InnerProduct, Metric::L2] {
        let (ivf, flat) = both(&IvfConfig::new(2, 4).with_metric(metric).with_nprobe(4), &ids(64), &vectors);
        let query = [longest, 1.0];
        assert_eq!(bits(&ivf.search(&query, 9).unwrap()), bits(&flat.search(&query, 9).unwrap()));
    }
}
