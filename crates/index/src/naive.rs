//! The plain way: every score computed by itself, all of them sorted. Held against every search.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::half::{from_half, to_half};
use crate::{Dtype, Filter, FlatIndex, FlatIndexConfig, Metric};

/// What the index should hold, by id, in the form it was given.
struct Naive {
    metric: Metric,
    dtype: Dtype,
    vectors: BTreeMap<u64, Vec<f32>>,
}

fn unit(vector: &[f32]) -> Vec<f32> {
    let norm = vector.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
    vector.iter().map(|v| (f64::from(*v) / norm) as f32).collect()
}

fn score(metric: Metric, query: &[f32], vector: &[f32]) -> f32 {
    let mut sum = 0.0f32;
    for (q, x) in query.iter().zip(vector) {
        sum = if metric == Metric::L2 { (q - x).mul_add(q - x, sum) } else { q.mul_add(*x, sum) };
    }
    match metric {
        Metric::Cosine => sum.clamp(-1.0, 1.0),
        Metric::InnerProduct => sum,
        Metric::L2 => -sum,
    }
}

impl Naive {
    fn new(index: &FlatIndex) -> Self {
        Self { metric: index.metric(), dtype: index.dtype(), vectors: BTreeMap::new() }
    }

    /// A vector as it is stored.
    fn stored(&self, vector: &[f32]) -> Vec<f32> {
        let mut stored = if self.metric == Metric::Cosine { unit(vector) } else { vector.to_vec() };
        if self.dtype == Dtype::F16 {
            stored.iter_mut().for_each(|value| *value = from_half(to_half(*value)));
        }
        stored
    }

    fn search(&self, query: &[f32], k: usize, accept: impl Fn(u64) -> bool) -> Vec<(u64, f32)> {
        let query = if self.metric == Metric::Cosine { unit(query) } else { query.to_vec() };
        let accepted = self.vectors.iter().filter(|(id, _)| accept(**id));
        let scored = accepted.map(|(id, vector)| (*id, score(self.metric, &query, &self.stored(vector))));
        let mut all: Vec<_> = scored.collect();
        all.sort_by(|a, b| b.1.partial_cmp(&a.1).unwrap().then(a.0.cmp(&b.0)));
        all.truncate(k);
        all
    }
}

fn pairs(found: &[crate::Neighbor]) -> Vec<(u64, f32)> {
    found.iter().map(|n| (n.id, n.score)).collect()
}

#[derive(Debug, Clone)]
enum Change {
    Add(u64, Vec<f32>),
    Batch(Vec<(u64, Vec<f32>)>),
    Remove(u64),
    Replace(u64, Vec<f32>),
}

/// Components from a few small integers: many ties, many exact duplicates, and zero vectors.
fn vector(dim: usize) -> impl Strategy<Value = Vec<f32>> {
    proptest::collection::vec((-2i8..=2).prop_map(f32::from), dim)
}

fn changes(dim: usize) -> impl Strategy<Value = Vec<Change>> {
    let id = || 0u64..150;
    let change = prop_oneof![
        4 => (id(), vector(dim)).prop_map(|(id, v)| Change::Add(id, v)),
        2 => proptest::collection::vec((id(), vector(dim)), 0..90).prop_map(Change::Batch),
        2 => id().prop_map(Change::Remove),
        1 => (id(), vector(dim)).prop_map(|(id, v)| Change::Replace(id, v)),
    ];
    proptest::collection::vec(change, 1..60)
}

fn allowed(metric: Metric, vector: &[f32]) -> bool {
    metric != Metric::Cosine || vector.iter().any(|v| *v != 0.0)
}

/// Applies a change to both, and checks that both accept or both refuse it.
fn apply(index: &mut FlatIndex, naive: &mut Naive, change: Change) {
    let metric = index.metric();
    match change {
        Change::Add(id, v) => {
            let fits = allowed(metric, &v) && !naive.vectors.contains_key(&id);
            assert_eq!(index.add(id, &v).is_ok(), fits);
            if fits {
                naive.vectors.insert(id, v);
            }
        }
        Change::Batch(batch) => {
            let ids: Vec<u64> = batch.iter().map(|(id, _)| *id).collect();
            let flat: Vec<f32> = batch.iter().flat_map(|(_, v)| v.clone()).collect();
            let distinct: std::collections::BTreeSet<u64> = ids.iter().copied().collect();
            let fits = distinct.len() == ids.len()
                && batch.iter().all(|(id, v)| allowed(metric, v) && !naive.vectors.contains_key(id));
            assert_eq!(index.add_batch(&ids, &flat).is_ok(), fits);
            if fits {
                naive.vectors.extend(batch);
            }
        }
        Change::Remove(id) => assert_eq!(index.remove(id), naive.vectors.remove(&id).is_some()),
        Change::Replace(id, v) => {
            let fits = allowed(metric, &v) && naive.vectors.contains_key(&id);
            assert_eq!(index.replace(id, &v).is_ok(), fits);
            if fits {
                naive.vectors.insert(id, v);
            }
        }
    }
}

fn case() -> impl Strategy<Value = (Vec<Change>, Vec<Vec<f32>>, usize, u64)> {
    (1usize..9).prop_flat_map(|dim| {
        let queries = proptest::collection::vec(vector(dim), 1..8);
        let k = prop_oneof![0usize..12, Just(200), Just(usize::MAX)];
        (changes(dim), queries, k, 1u64..40)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn every_search_equals_the_sorted_scores((changes, queries, k, modulus) in case()) {
        let metrics = [Metric::Cosine, Metric::InnerProduct, Metric::L2];
        let dtypes = [Dtype::F32, Dtype::F16, Dtype::Int8];
        for (metric, dtype) in metrics.into_iter().flat_map(|m| dtypes.map(|d| (m, d))) {
            let dim = queries[0].len();
            let config = FlatIndexConfig::new(dim).with_metric(metric).with_dtype(dtype);
            // All are scored again, so that int8 has to be exact too.
            let mut index = FlatIndex::new(&config.with_rescore(usize::MAX)).unwrap();
            let mut naive = Naive::new(&index);
            for (number, change) in changes.clone().into_iter().enumerate() {
                // A copy of the rows comes and goes, and changes nothing.
                if number % 7 == 3 {
                    index.set_row_copy(number % 2 == 1);
                }
                apply(&mut index, &mut naive, change);
            }
            prop_assert_eq!(index.len(), naive.vectors.len());
            for (id, vector) in &naive.vectors {
                prop_assert_eq!(index.get(*id), Some(naive.stored(vector)));
            }
            let queries: Vec<_> = queries.iter().filter(|q| allowed(metric, q)).collect();
            let flat: Vec<f32> = queries.iter().flat_map(|q| q.iter().copied()).collect();
            let batch = index.search_batch(&flat, k).unwrap();
            prop_assert_eq!(batch.len(), queries.len());
            let accept = |id: u64| id.is_multiple_of(modulus);
            let set = index.filter(accept);
            let matches = || naive.vectors.keys().copied().filter(|id| accept(*id));
            prop_assert_eq!(set.count(), matches().count());
            prop_assert_eq!(&set.words, &index.filter_ids(matches().chain([1000, 2000])).words);
            let batch_by_set = index.search_batch_filtered(&flat, k, &Filter::Bitset(&set)).unwrap();
            let batch_by_id = index.search_batch_filtered(&flat, k, &Filter::Predicate(&accept)).unwrap();
            for (row, query) in queries.iter().enumerate() {
                let expected = naive.search(query, k, |_| true);
                prop_assert_eq!(&pairs(&index.search(query, k).unwrap()), &expected);
                prop_assert_eq!(&pairs(&batch[row]), &expected);
                let expected = naive.search(query, k, accept);
                let by_set = index.search_filtered(query, k, &Filter::Bitset(&set)).unwrap();
                prop_assert_eq!(&pairs(&by_set), &expected);
                let by_id = index.search_filtered(query, k, &Filter::Predicate(&accept)).unwrap();
                prop_assert_eq!(&pairs(&by_id), &expected);
                prop_assert_eq!(&pairs(&batch_by_set[row]), &expected);
                prop_assert_eq!(&pairs(&batch_by_id[row]), &expected);
            }
        }
    }
}

#[test]
fn compaction_changes_no_answer() {
    let mut index = FlatIndex::new(&FlatIndexConfig::new(4)).unwrap();
    let mut naive = Naive::new(&index);
    for id in 0..5000u64 {
        let v: Vec<f32> = (0..4).map(|d| ((id * 7 + d * 13) % 101) as f32 - 50.3).collect();
        apply(&mut index, &mut naive, Change::Add(id, v));
    }
    let before = index.memory_bytes();
    let query = [1.0, -2.0, 3.0, 0.5];
    for id in (0..5000).filter(|id| id % 7 != 0) {
        apply(&mut index, &mut naive, Change::Remove(id));
    }
    assert!(index.store.vectors() <= index.len() + 1024, "the dead were not dropped");
    assert!(index.memory_bytes() < before);
    assert_eq!(pairs(&index.search(&query, 20).unwrap()), naive.search(&query, 20, |_| true));
    assert_eq!(index.ids().collect::<Vec<_>>(), (0..5000).step_by(7).collect::<Vec<_>>());
}
