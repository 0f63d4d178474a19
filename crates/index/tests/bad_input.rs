//! Each public entry with what it must refuse, and that a refusal changes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use soundalike_index::{Error, Filter, FlatIndex, FlatIndexConfig, MAX_NORM, Metric, Neighbor};

fn index(metric: Metric) -> FlatIndex {
    let mut index = FlatIndex::new(&FlatIndexConfig::new(2).with_metric(metric)).unwrap();
    index.add_batch(&[1, 2, 3], &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0]).unwrap();
    index
}

#[test]
fn bad_vectors_are_refused_everywhere() {
    for metric in [Metric::Cosine, Metric::InnerProduct, Metric::L2] {
        let mut index = index(metric);
        let before = format!("{:?}", index.search(&[1.0, 2.0], 9).unwrap());
        let bad: &[&[f32]] = &[&[], &[1.0], &[1.0, 2.0, 3.0], &[f32::NAN, 1.0], &[1.0, f32::INFINITY]];
        for vector in bad {
            assert!(index.add(9, vector).is_err());
            assert!(index.add_batch(&[9], vector).is_err());
            assert!(index.replace(1, vector).is_err());
            assert!(index.search(vector, 1).is_err());
            assert!(index.search(vector, 0).is_err());
            assert!(index.search_filtered(vector, 1, &Filter::Predicate(&|_| true)).is_err());
            assert_eq!(index.search_batch(vector, 1).is_err(), !vector.is_empty());
        }
        assert_eq!(before, format!("{:?}", index.search(&[1.0, 2.0], 9).unwrap()));
        assert_eq!(index.len(), 3);
    }
}

#[test]
fn errors_say_where() {
    let mut cosine = index(Metric::Cosine);
    let zero = cosine.add_batch(&[7, 8], &[1.0, 1.0, 0.0, 0.0]);
    assert!(matches!(zero, Err(Error::ZeroVector { row: 1 })));
    let nan = cosine.search_batch(&[1.0, 1.0, 1.0, f32::NAN], 1);
    assert!(matches!(nan, Err(Error::NotFinite { row: 1, component: 1 })));
    let length = cosine.add_batch(&[7, 8], &[1.0, 1.0, 1.0]);
    assert!(matches!(length, Err(Error::BatchLength { expected: 4, got: 3 })));
    assert!(matches!(cosine.add(2, &[1.0, 1.0]), Err(Error::DuplicateId { id: 2 })));
    assert!(matches!(cosine.add_batch(&[8, 8], &[1.0; 4]), Err(Error::DuplicateId { id: 8 })));
    assert!(matches!(cosine.replace(9, &[1.0, 1.0]), Err(Error::UnknownId { id: 9 })));
    assert!(matches!(cosine.search(&[1.0], 1), Err(Error::WrongDim { expected: 2, got: 1 })));
    assert!(!cosine.contains(7) && !cosine.contains(8) && cosine.len() == 3);
    assert!(!cosine.remove(9));
    assert_eq!(cosine.get(9), None);
    for metric in [Metric::InnerProduct, Metric::L2] {
        let error = index(metric).add(7, &[1e19, 0.0]);
        assert!(matches!(error, Err(Error::TooLong { row: 0, limit, .. }) if limit == MAX_NORM));
        assert!(index(metric).search(&[1e19, 0.0], 1).is_err());
        assert_eq!(index(metric).search(&[0.0, 0.0], 3).unwrap().len(), 3);
    }
}

#[test]
fn the_longest_vectors_still_have_finite_scores() {
    let longest = (MAX_NORM / 2f64.sqrt() * 0.999_999) as f32;
    for metric in [Metric::InnerProduct, Metric::L2] {
        let mut index = FlatIndex::new(&FlatIndexConfig::new(2).with_metric(metric)).unwrap();
        index.add_batch(&[1, 2], &[longest, longest, -longest, -longest]).unwrap();
        let found = index.search(&[longest, longest], 2).unwrap();
        assert!(found.iter().all(|n| n.score.is_finite() && n.distance().is_finite()), "{found:?}");
        assert_eq!(found.iter().map(|n| n.id).collect::<Vec<_>>(), [1, 2]);
    }
}

#[test]
fn very_small_and_very_large_vectors_keep_their_direction() {
    let mut index = FlatIndex::new(&FlatIndexConfig::new(2)).unwrap();
    for (id, scale) in [(1, 1e-45f32), (2, 1e-30), (3, 1.0), (4, 1e30), (5, f32::MAX)] {
        index.add(id, &[scale, scale]).unwrap();
        let stored = index.get(id).unwrap();
        assert!(stored.iter().all(|v| (v - 0.5f32.sqrt()).abs() < 1e-6), "{scale}: {stored:?}");
        let found = index.search(&[scale, scale], 9).unwrap();
        assert!(found.iter().all(|n| (n.score - 1.0).abs() < 1e-6 && n.score <= 1.0));
    }
}

#[test]
fn a_bitset_is_of_one_index_at_one_time() {
    let mut first = index(Metric::L2);
    let query = [1.0, 0.1];
    let set = first.filter(|id| id != 1);
    let ids = |index: &FlatIndex| -> Result<Vec<u64>, Error> {
        Ok(index.search_filtered(&query, 9, &Filter::Bitset(&set))?.iter().map(|n| n.id).collect())
    };
    assert_eq!(ids(&first).unwrap(), [3, 2]);
    first.replace(2, &[1.0, 0.2]).unwrap();
    assert_eq!(ids(&first).unwrap(), [2, 3]);
    first.remove(2);
    assert_eq!(ids(&first).unwrap(), [3]);
    assert!(matches!(ids(&first.clone()), Err(Error::StaleFilter)));
    assert!(matches!(ids(&index(Metric::L2)), Err(Error::StaleFilter)));
    first.add(2, &[1.0, 0.2]).unwrap();
    assert!(matches!(ids(&first), Err(Error::StaleFilter)));
}

#[test]
fn empty_indexes_and_odd_k_have_plain_answers() {
    let empty = FlatIndex::new(&FlatIndexConfig::new(2)).unwrap();
    assert!(empty.is_empty());
    assert!(empty.search(&[1.0, 0.0], 5).unwrap().is_empty());
    assert_eq!(empty.search_batch(&[1.0, 0.0, 0.0, 1.0], 5).unwrap(), vec![vec![], vec![]]);
    assert!(empty.search_batch(&[], 5).unwrap().is_empty());
    let full = index(Metric::Cosine);
    assert!(full.search(&[1.0, 0.0], 0).unwrap().is_empty());
    assert_eq!(full.search(&[1.0, 0.0], usize::MAX).unwrap().len(), 3);
    assert!(full.search_filtered(&[1.0, 0.0], 5, &Filter::Predicate(&|_| false)).unwrap().is_empty());
    assert_eq!(full.bytes_per_vector(), 2 * 4 + 8);
}

#[test]
fn distances_belong_to_the_metric() {
    let expected = [(Metric::Cosine, 1.0 - 0.6), (Metric::InnerProduct, -3.0), (Metric::L2, 4.0 + 16.0)];
    for (metric, distance) in expected {
        let mut index = FlatIndex::new(&FlatIndexConfig::new(2).with_metric(metric)).unwrap();
        index.add(1, &[3.0, 4.0]).unwrap();
        let found: Vec<Neighbor> = index.search(&[1.0, 0.0], 1).unwrap();
        assert!((found[0].distance() - distance).abs() < 1e-6, "{metric:?}: {found:?}");
    }
}

#[test]
fn an_index_can_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    let index = index(Metric::Cosine);
    shared(&index);
    let set = index.filter(|_| true);
    shared(&set);
}
