//! One index, one answer: the same bits alone, in a batch, under a filter, by one thread and by many, with every kind of
//! vector instructions. The limit of these is one for the process, so that this file has one test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use soundalike_index::{
    Bitset, Dtype, Filter, FlatIndex, FlatIndexConfig, IvfConfig, IvfIndex, Metric, Neighbor, SimdLevel,
};

const DIM: usize = 11;
/// More than one segment, and a block that is not full.
const N: u64 = 16_384 + 3_000 + 17;
const K: usize = 25;

/// Components from a counter (splitmix64) in [-1, 1).
fn value(seed: u64) -> f32 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
}

/// Every third vector is a copy of an earlier one, so that there are ties.
fn vector(id: u64) -> Vec<f32> {
    let id = if id % 3 == 2 { id / 7 } else { id };
    (0..DIM as u64).map(|d| value(id * 64 + d)).collect()
}

fn bits(found: &[Neighbor]) -> Vec<(u64, u32)> {
    found.iter().map(|n| (n.id, n.score.to_bits())).collect()
}

fn all_bits(found: &[Vec<Neighbor>]) -> Vec<Vec<(u64, u32)>> {
    found.iter().map(|found| bits(found)).collect()
}

/// All vectors are equally near and come with the greatest id first: every one drives out another.
fn ties_go_to_the_smallest_ids(config: &FlatIndexConfig) {
    let n = 1000;
    let mut index = FlatIndex::new(config).unwrap();
    (0..n).rev().for_each(|id| index.add(id, &vector(3)).unwrap());
    let set = index.filter(|id| id % 5 < 3);
    let opposite: Vec<f32> = vector(3).iter().map(|value| -value).collect();
    for query in [vector(3), vector(9), opposite] {
        let expected: Vec<u64> = (0..K as u64).collect();
        let ids = |found: &[Neighbor]| found.iter().map(|n| n.id).collect::<Vec<u64>>();
        assert_eq!(ids(&index.search(&query, K).unwrap()), expected, "{config:?}");
        for found in index.search_batch(&query.repeat(8), K).unwrap() {
            assert_eq!(ids(&found), expected, "{config:?}");
        }
        let expected: Vec<u64> = (0..n).filter(|id| id % 5 < 3).take(K).collect();
        assert_eq!(ids(&index.search_filtered(&query, K, &Filter::Bitset(&set)).unwrap()), expected);
    }
}

type Answers = Vec<Vec<(u64, u32)>>;

/// An inverted file that looks into some of its lists, with and without a margin: all ways at the present level.
fn inverted(index: &mut IvfIndex, sets: &[Bitset; 2], queries: &[f32]) -> Vec<Answers> {
    let mut all = Vec::new();
    for margin in [None, Some(1.5)] {
        index.set_margin(margin);
        let batch = all_bits(&index.search_batch(queries, K).unwrap());
        for (row, query) in queries.chunks(DIM).enumerate() {
            assert_eq!(bits(&index.search(query, K).unwrap()), batch[row]);
        }
        #[cfg(feature = "rayon")]
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let found = pool.install(|| index.par_search_batch(queries, K)).unwrap();
            assert_eq!(all_bits(&found), batch, "{threads} threads");
            for (row, query) in queries.chunks(DIM).enumerate() {
                let found = pool.install(|| index.par_search(query, K)).unwrap();
                assert_eq!(bits(&found), batch[row], "{threads} threads");
            }
        }
        all.push(batch);
        for set in sets {
            let set = Filter::Bitset(set);
            let batch = all_bits(&index.search_batch_filtered(queries, K, &set).unwrap());
            for (row, query) in queries.chunks(DIM).enumerate() {
                assert_eq!(bits(&index.search_filtered(query, K, &set).unwrap()), batch[row]);
                #[cfg(feature = "rayon")]
                assert_eq!(bits(&index.par_search_filtered(query, K, &set).unwrap()), batch[row]);
            }
            #[cfg(feature = "rayon")]
            assert_eq!(all_bits(&index.par_search_batch_filtered(queries, K, &set).unwrap()), batch);
            all.push(batch);
        }
    }
    all
}

#[test]
fn every_way_gives_the_same_bits() {
    let queries: Vec<f32> = (0..14).flat_map(|q| vector(1_000_000 + 3 * q)).chain(vector(5)).collect();
    let half = |id: u64| id.is_multiple_of(2);
    let few = |id: u64| id.is_multiple_of(61);
    for metric in [Metric::Cosine, Metric::InnerProduct, Metric::L2] {
        for dtype in [Dtype::F32, Dtype::F16, Dtype::Int8] {
            let config = FlatIndexConfig::new(DIM).with_metric(metric).with_dtype(dtype);
            let mut index = FlatIndex::new(&config).unwrap();
            // In an order that is not that of the ids.
            let ids: Vec<u64> = (0..N).map(|id| id * 7_919 % N).collect();
            let vectors: Vec<f32> = ids.iter().flat_map(|id| vector(*id)).collect();
            index.add_batch(&ids, &vectors).unwrap();
            (0..N).filter(|id| id % 13 == 0).for_each(|id| assert!(index.remove(id)));
            let sets = [index.filter(half), index.filter(few)];
            let lists = IvfConfig::new(DIM, 80).with_metric(metric).with_dtype(dtype).with_nprobe(9);
            let mut ivf = IvfIndex::train(&lists, &vectors).unwrap();
            ivf.add_batch(&ids, &vectors).unwrap();
            (0..N).filter(|id| id % 13 == 0).for_each(|id| assert!(ivf.remove(id)));
            let ivf_sets = [ivf.filter(half), ivf.filter(few)];
            let mut first = None;
            for level in SimdLevel::ALL {
                level.set_limit();
                ties_go_to_the_smallest_ids(&config);
                let batch = all_bits(&index.search_batch(&queries, K).unwrap());
                let ties = batch.iter().flat_map(|found| found.windows(2)).filter(|w| w[0].1 == w[1].1);
                assert!(ties.count() > 5);
                let mut filtered = Vec::new();
                for set in &sets {
                    let set = Filter::Bitset(set);
                    filtered.push(all_bits(&index.search_batch_filtered(&queries, K, &set).unwrap()));
                }
                for (row, query) in queries.chunks(DIM).enumerate() {
                    assert_eq!(bits(&index.search(query, K).unwrap()), batch[row]);
                    for (set, filtered) in sets.iter().zip(&filtered) {
                        let alone = index.search_filtered(query, K, &Filter::Bitset(set)).unwrap();
                        assert_eq!(bits(&alone), filtered[row]);
                    }
                }
                #[cfg(feature = "rayon")]
                for threads in [1, 2, 3] {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                    let found = pool.install(|| index.par_search_batch(&queries, K)).unwrap();
                    assert_eq!(all_bits(&found), batch, "{threads} threads");
                    for (row, query) in queries.chunks(DIM).enumerate() {
                        let found = pool.install(|| index.par_search(query, K)).unwrap();
                        assert_eq!(bits(&found), batch[row], "{threads} threads");
                        for (set, filtered) in sets.iter().zip(&filtered) {
                            let set = Filter::Bitset(set);
                            let found = pool.install(|| index.par_search_filtered(query, K, &set)).unwrap();
                            assert_eq!(bits(&found), filtered[row], "{threads} threads");
                        }
                    }
                    for (set, filtered) in sets.iter().zip(&filtered) {
                        let set = Filter::Bitset(set);
                        let found = pool.install(|| index.par_search_batch_filtered(&queries, K, &set));
                        assert_eq!(all_bits(&found.unwrap()), *filtered, "{threads} threads");
                    }
                }
                let answers = (batch, filtered, inverted(&mut ivf, &ivf_sets, &queries));
                assert_eq!(
                    *first.get_or_insert_with(|| answers.clone()),
                    answers,
                    "{level} {metric:?} {dtype:?}"
                );
            }
        }
    }
}
