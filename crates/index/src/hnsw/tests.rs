use super::*;
use crate::{Dtype, FlatIndex, FlatIndexConfig, Meta};

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::InnerProduct, Metric::L2];

/// Rows without structure in [-1, 1].
fn rows(n: usize, dim: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..n * dim).map(|_| next()).collect()
}

fn filled(config: &HnswConfig, n: usize) -> (HnswIndex, FlatIndex, Vec<u64>) {
    let vectors = rows(n, config.dim, 1);
    let ids: Vec<u64> = (0..n as u64).map(|i| u64::MAX - i * 5).collect();
    let mut hnsw = HnswIndex::new(config).unwrap();
    let flat = FlatIndexConfig::new(config.dim).with_metric(config.metric).with_dtype(Dtype::F32);
    let mut flat = FlatIndex::new(&flat).unwrap();
    hnsw.add_batch(&ids, &vectors).unwrap();
    flat.add_batch(&ids, &vectors).unwrap();
    (hnsw, flat, ids)
}

fn bits(found: &[Neighbor]) -> Vec<(u64, u32)> {
    found.iter().map(|n| (n.id, n.score.to_bits())).collect()
}

/// The share of the flat index's answers that the graph finds, and that all it finds is scored and ordered as there.
fn recall(hnsw: &HnswIndex, flat: &FlatIndex, queries: &[f32]) -> f64 {
    let (mut found, mut all) = (0, 0);
    for query in queries.chunks_exact(flat.dim()) {
        let ranking = bits(&flat.search(query, flat.len()).unwrap());
        let answer = bits(&hnsw.search(query, 10).unwrap());
        assert_eq!(answer.len(), flat.len().min(10));
        let mut rest = ranking.iter();
        assert!(answer.iter().all(|one| rest.any(|other| other == one)));
        found += ranking[..answer.len()].iter().filter(|one| answer.contains(one)).count();
        all += answer.len();
    }
    found as f64 / all as f64
}

#[test]
fn the_graph_finds_nearly_all_with_the_exact_scores() {
    for metric in METRICS {
        let (mut hnsw, mut flat, ids) = filled(&HnswConfig::new(16).with_metric(metric), 3000);
        let queries = rows(40, 16, 9);
        assert!(recall(&hnsw, &flat, &queries) >= 0.98);
        assert_eq!(
            hnsw.search_batch(&queries[..32], 3).unwrap()[1],
            hnsw.search(&queries[16..32], 3).unwrap()
        );
        for id in ids.iter().step_by(3) {
            assert!(hnsw.remove(*id).unwrap() && flat.remove(*id) && !hnsw.remove(*id).unwrap());
        }
        for id in ids.iter().skip(1).step_by(30) {
            let vector: Vec<f32> = hnsw.get(*id).unwrap().iter().map(|v| 0.5 - v).collect();
            hnsw.replace(*id, &vector).unwrap();
            flat.replace(*id, &vector).unwrap();
        }
        for (id, vector) in ids.iter().step_by(6).zip(rows(500, 16, 4).chunks_exact(16)) {
            hnsw.add(*id, vector).unwrap();
            flat.add(*id, vector).unwrap();
        }
        assert_eq!(hnsw.len(), flat.len());
        assert!(ids.iter().all(|id| hnsw.get(*id) == flat.get(*id)));
        assert!(recall(&hnsw, &flat, &queries) >= 0.97);
    }
}

#[test]
fn all_vectors_are_found_when_they_are_asked_for() {
    let (mut hnsw, flat, ids) = filled(&HnswConfig::new(3).with_expansion_search(1), 300);
    let query = [0.3, -0.2, 0.9];
    for k in [1, 299, 300, usize::MAX] {
        assert_eq!(hnsw.search(&query, k).unwrap().len(), k.min(300));
    }
    assert_eq!(bits(&hnsw.search(&query, 300).unwrap()), bits(&flat.search(&query, 300).unwrap()));
    for id in &ids[3..] {
        assert!(hnsw.remove(*id).unwrap());
    }
    assert_eq!(hnsw.search(&query, 10).unwrap().len(), 3);
    for id in &ids[..3] {
        hnsw.remove(*id).unwrap();
    }
    assert!(hnsw.is_empty() && hnsw.search(&query, 10).unwrap().is_empty());
}

/// Whether or not matches are near the query, and after vectors were removed.
#[test]
fn filters_are_exact_in_number_and_score() {
    use crate::Filter;
    for metric in METRICS {
        let (mut hnsw, mut flat, ids) = filled(&HnswConfig::new(6).with_metric(metric), 3000);
        let queries = rows(12, 6, 9);
        let place = |id: u64| (u64::MAX - id) / 5;
        let near = bits(&flat.search(&queries[..6], 1500).unwrap());
        let far = |id: u64| !near.iter().any(|(near, _)| *near == id);
        let accepts: [&(dyn Fn(u64) -> bool + Sync); 8] = [
            &|_| true,
            &|_| false,
            &|id| place(id).is_multiple_of(2),
            &|id| place(id).is_multiple_of(12),
            &|id| place(id).is_multiple_of(500),
            &|id| place(id) == 77,
            &|id| place(id) > 40,
            &far,
        ];
        let sets = accepts.map(|accept| hnsw.filter(accept));
        for removed in [0, 1] {
            if removed == 1 {
                for id in ids.iter().step_by(4) {
                    assert!(hnsw.remove(*id).unwrap() && flat.remove(*id));
                }
            }
            let (mut found_of_best, mut best_of_all) = (0, 0);
            for (accept, set) in accepts.iter().zip(&sets) {
                let matches = ids.iter().filter(|id| accept(**id) && flat.contains(**id)).count();
                let accepted = ids.iter().copied().filter(|id| accept(*id));
                assert_eq!(hnsw.filter_ids(accepted.chain([5])).count(), matches);
                for k in [0, 1, 10, 200, usize::MAX] {
                    let batch = hnsw.search_batch_filtered(&queries, k, &Filter::Bitset(set)).unwrap();
                    for (query, found) in queries.chunks_exact(6).zip(batch) {
                        for filter in [Filter::Bitset(set), Filter::Predicate(*accept)] {
                            assert_eq!(hnsw.search_filtered(query, k, &filter).unwrap(), found);
                        }
                        assert_eq!(found.len(), k.min(matches));
                        assert!(found.iter().all(|n| accept(n.id)));
                        let best =
                            flat.search_filtered(query, usize::MAX, &Filter::Predicate(*accept)).unwrap();
                        let mut ranking = best.iter();
                        assert!(found.iter().all(|one| ranking.any(|other| other == one)));
                        best_of_all += found.len();
                        found_of_best += best.iter().take(found.len()).filter(|n| found.contains(n)).count();
                    }
                }
            }
            assert!(found_of_best * 100 >= best_of_all * 99, "{found_of_best} of {best_of_all}");
        }
        let query = &queries[..6];
        hnsw.replace(ids[1], query).unwrap();
        let set = Filter::Bitset(&sets[0]);
        assert!(hnsw.search_filtered(query, 5, &set).is_ok());
        hnsw.add(3, query).unwrap();
        assert!(matches!(hnsw.search_filtered(query, 5, &set), Err(Error::StaleFilter)));
        let other = flat.filter(|_| true);
        let stale = hnsw.search_batch_filtered(query, 5, &Filter::Bitset(&other));
        assert!(matches!(stale, Err(Error::StaleFilter)));
        let set = hnsw.filter(|_| true);
        assert!(hnsw.search_filtered(&query[..5], 5, &Filter::Bitset(&set)).is_err());
        assert!(hnsw.search_batch_filtered(&query[..5], 5, &Filter::Bitset(&set)).is_err());
    }
}

#[test]
fn more_threads_search_than_there_is_room_for() {
    let (hnsw, _, _) = filled(&HnswConfig::new(8), 2000);
    let queries = rows(50, 8, 3);
    let expected = hnsw.search_batch(&queries, 5).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..10 {
                    assert_eq!(hnsw.search_batch(&queries, 5).unwrap(), expected);
                }
            });
        }
    });
}

#[test]
fn a_saved_index_comes_back_and_can_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph");
    let meta = Meta::new("mfcc_20", 7);
    for metric in METRICS {
        for n in [0, 1, 500] {
            let (mut hnsw, _, ids) = filled(&HnswConfig::new(5).with_metric(metric), n);
            for id in ids.iter().skip(1).step_by(4) {
                hnsw.remove(*id).unwrap();
            }
            hnsw.save(&path, &meta).unwrap();
            let (mut back, back_meta) = HnswIndex::load(&path).unwrap();
            assert_eq!((&back_meta, back.config(), back.len()), (&meta, hnsw.config(), hnsw.len()));
            for query in rows(20, 5, 2).chunks_exact(5) {
                assert_eq!(back.search(query, 10).unwrap(), hnsw.search(query, 10).unwrap());
            }
            for (id, vector) in (1..).zip(rows(600, 5, 8).chunks_exact(5)) {
                back.add(id, vector).unwrap();
            }
            assert_eq!(back.len(), hnsw.len() + 600);
            if metric != Metric::InnerProduct {
                assert_eq!(back.search(&rows(600, 5, 8)[..5], 1).unwrap()[0].id, 1);
            }
        }
    }
}

#[test]
fn a_file_of_another_kind_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flat");
    assert!(matches!(HnswIndex::load(&path), Err(Error::Io { .. })));
    let flat = FlatIndex::new(&FlatIndexConfig::new(2)).unwrap();
    flat.save(&path, &Meta::default()).unwrap();
    assert!(matches!(HnswIndex::load(&path), Err(Error::NotAnIndex { .. })));
    assert!(matches!(HnswIndex::load(folder.path()), Err(Error::NotAnIndex { .. })));
}

#[test]
fn what_cannot_be_used_is_refused_and_changes_nothing() {
    let config = HnswConfig::new(2);
    assert!(matches!(HnswIndex::new(&HnswConfig::new(0)), Err(Error::InvalidDim { got: 0, .. })));
    for bad in [
        config.clone().with_connectivity(1),
        config.clone().with_expansion_add(0),
        config.clone().with_expansion_search(usize::MAX),
    ] {
        assert!(matches!(HnswIndex::new(&bad), Err(Error::InvalidGraph { .. })));
    }
    let mut hnsw = HnswIndex::new(&config).unwrap();
    assert!(hnsw.search(&[1.0, 0.0], 3).unwrap().is_empty());
    hnsw.add(1, &[3.0, 4.0]).unwrap();
    assert_eq!(hnsw.get(1), Some(vec![0.6, 0.8]));
    assert!(matches!(hnsw.add(1, &[1.0, 0.0]), Err(Error::DuplicateId { id: 1 })));
    assert!(matches!(hnsw.add_batch(&[2, 2], &[1.0; 4]), Err(Error::DuplicateId { id: 2 })));
    assert!(matches!(hnsw.add_batch(&[2], &[1.0]), Err(Error::BatchLength { expected: 2, got: 1 })));
    assert!(matches!(hnsw.add(2, &[1.0]), Err(Error::WrongDim { .. })));
    assert!(matches!(hnsw.add(2, &[0.0, 0.0]), Err(Error::ZeroVector { .. })));
    assert!(matches!(hnsw.add(2, &[f32::NAN, 0.0]), Err(Error::NotFinite { .. })));
    assert!(matches!(hnsw.replace(2, &[1.0, 0.0]), Err(Error::UnknownId { id: 2 })));
    assert!(hnsw.replace(1, &[0.0, 0.0]).is_err() && hnsw.search(&[0.0, 0.0], 0).is_err());
    assert!(hnsw.search_batch(&[1.0; 3], 1).is_err() && hnsw.set_expansion_search(0).is_err());
    assert_eq!((hnsw.len(), hnsw.get(1)), (1, Some(vec![0.6, 0.8])));
    let mut l2 = HnswIndex::new(&config.with_metric(Metric::L2)).unwrap();
    assert!(matches!(l2.add(1, &[65_600.0, 0.0]), Err(Error::OutOfRange { component: 0, .. })));
    assert!(l2.is_empty());
    assert!(matches!(l2.save("x", &Meta::new("e".repeat(1025), 0)), Err(Error::EmbedderIdTooLong { .. })));
}
