//! Metrics over ranked lists in which any number of items may be relevant.

use crate::Error;
use crate::check::{not_empty, positive_k};

/// Relevant items among the first `k`.
fn hits(relevant: &[bool], k: usize) -> usize {
    relevant.iter().take(k).filter(|r| **r).count()
}

/// Mean of one figure a query.
fn mean_over<R: AsRef<[bool]>>(
    lists: &[R],
    figure: impl Fn(usize, &[bool]) -> Result<f64, Error>,
) -> Result<f64, Error> {
    not_empty("queries", lists)?;
    let mut sum = 0.0;
    for (query, list) in lists.iter().enumerate() {
        sum += figure(query, list.as_ref())?;
    }
    Ok(sum / lists.len() as f64)
}

/// Share of the first `k` places that hold a relevant item.
///
/// `relevant` is one query's answer, best first: is this item relevant? The divisor is always `k`, as in
/// TREC's evaluation: a list shorter than `k` leaves its missing places irrelevant.
///
/// # Errors
/// [`Error::Empty`] (a query without any answer), [`Error::ZeroK`].
pub fn precision_at_k(relevant: &[bool], k: usize) -> Result<f64, Error> {
    not_empty("relevance", relevant)?;
    positive_k(k)?;
    Ok(hits(relevant, k) as f64 / k as f64)
}

/// [`precision_at_k`], averaged over queries; here a query whose list is empty scores 0.
///
/// # Errors
/// [`Error::Empty`] (no queries), [`Error::ZeroK`].
pub fn mean_precision_at_k<R: AsRef<[bool]>>(lists: &[R], k: usize) -> Result<f64, Error> {
    positive_k(k)?;
    mean_over(lists, |_, list| Ok(hits(list, k) as f64 / k as f64))
}

/// Share of all relevant items that are among the first `k`.
///
/// `n_relevant` is the number of relevant items in the whole gallery, retrieved or not.
///
/// # Errors
/// [`Error::Empty`], [`Error::ZeroK`], [`Error::NothingRelevant`] where `n_relevant` is 0 (0 / 0), and
/// [`Error::TooMany`] where the list holds more relevant items than `n_relevant`.
pub fn recall_at_k(relevant: &[bool], n_relevant: usize, k: usize) -> Result<f64, Error> {
    not_empty("relevance", relevant)?;
    positive_k(k)?;
    recall(0, relevant, n_relevant, k)
}

/// [`recall_at_k`], averaged over queries; here a query whose list is empty scores 0.
///
/// `n_relevant` holds one count a query. Queries for which nothing is relevant have no recall: take them
/// out first, and report how many there were.
///
/// # Errors
/// As [`recall_at_k`], and [`Error::LengthMismatch`] where the two slices differ in length.
pub fn mean_recall_at_k<R: AsRef<[bool]>>(lists: &[R], n_relevant: &[usize], k: usize) -> Result<f64, Error> {
    positive_k(k)?;
    if lists.len() != n_relevant.len() {
        return Err(Error::LengthMismatch {
            what: "n_relevant",
            expected: lists.len(),
            got: n_relevant.len(),
        });
    }
    mean_over(lists, |query, list| recall(query, list, n_relevant.get(query).copied().unwrap_or(0), k))
}

/// The recall of one query whose `k` is known to be sound.
fn recall(query: usize, relevant: &[bool], n_relevant: usize, k: usize) -> Result<f64, Error> {
    if n_relevant == 0 {
        return Err(Error::NothingRelevant { query });
    }
    let present = hits(relevant, relevant.len());
    if present > n_relevant {
        return Err(Error::TooMany {
            what: "relevant items",
            expected: n_relevant as u64,
            got: present as u64,
        });
    }
    Ok(hits(relevant, k) as f64 / n_relevant as f64)
}

/// Share of queries with at least one relevant item among the first `k`.
///
/// # Errors
/// [`Error::Empty`] (no queries), [`Error::ZeroK`].
pub fn hit_rate_at_k<R: AsRef<[bool]>>(lists: &[R], k: usize) -> Result<f64, Error> {
    positive_k(k)?;
    mean_over(lists, |_, list| Ok(if hits(list, k) > 0 { 1.0 } else { 0.0 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIST: [bool; 5] = [true, false, true, true, false];

    #[test]
    fn hand_worked_values() {
        assert_eq!(precision_at_k(&LIST, 1).unwrap(), 1.0);
        assert_eq!(precision_at_k(&LIST, 4).unwrap(), 0.75);
        // Past the end the divisor is still k.
        assert_eq!(precision_at_k(&LIST, 10).unwrap(), 0.3);
        assert_eq!(recall_at_k(&LIST, 6, 3).unwrap(), 2.0 / 6.0);
        assert_eq!(recall_at_k(&LIST, 3, 100).unwrap(), 1.0);
        let lists = [vec![true, false], vec![false, true], vec![false, false], vec![]];
        assert_eq!(mean_precision_at_k(&lists, 2).unwrap(), 0.25);
        assert_eq!(hit_rate_at_k(&lists, 1).unwrap(), 0.25);
        assert_eq!(hit_rate_at_k(&lists, 2).unwrap(), 0.5);
        assert_eq!(mean_recall_at_k(&lists, &[1, 2, 4, 4], 2).unwrap(), 1.5 / 4.0);
    }

    #[test]
    fn refuses_what_has_no_answer() {
        let none: [Vec<bool>; 0] = [];
        assert!(matches!(precision_at_k(&[], 1), Err(Error::Empty { .. })));
        assert!(matches!(recall_at_k(&[], 1, 1), Err(Error::Empty { .. })));
        assert!(matches!(mean_precision_at_k(&none, 1), Err(Error::Empty { what: "queries" })));
        assert!(matches!(mean_recall_at_k(&none, &[], 1), Err(Error::Empty { .. })));
        assert!(matches!(hit_rate_at_k(&none, 1), Err(Error::Empty { .. })));
        assert!(matches!(precision_at_k(&LIST, 0), Err(Error::ZeroK)));
        assert!(matches!(recall_at_k(&LIST, 3, 0), Err(Error::ZeroK)));
        assert!(matches!(mean_precision_at_k(&[LIST], 0), Err(Error::ZeroK)));
        assert!(matches!(mean_recall_at_k(&[LIST], &[3], 0), Err(Error::ZeroK)));
        assert!(matches!(hit_rate_at_k(&[LIST], 0), Err(Error::ZeroK)));
        assert!(matches!(recall_at_k(&LIST, 0, 1), Err(Error::NothingRelevant { query: 0 })));
        assert!(matches!(recall_at_k(&LIST, 2, 1), Err(Error::TooMany { expected: 2, got: 3, .. })));
        assert!(matches!(
            mean_recall_at_k(&[LIST, LIST], &[3, 0], 1),
            Err(Error::NothingRelevant { query: 1 })
        ));
        assert!(matches!(mean_recall_at_k(&[LIST], &[3, 3], 1), Err(Error::LengthMismatch { .. })));
    }

    proptest! {
        /// With one relevant item a list is a rank, and both families of metrics agree.
        #[test]
        fn one_relevant_item_is_a_rank(
            ranks in prop::collection::vec(prop::option::of(1..20_usize), 1..30),
            k in 1..25_usize,
        ) {
            let list = |rank: &Option<usize>| (1..=20).map(|r| Some(r) == *rank).collect();
            let lists: Vec<Vec<bool>> = ranks.iter().map(list).collect();
            let top = crate::top_k_accuracy(&ranks, k).unwrap();
            prop_assert!((hit_rate_at_k(&lists, k).unwrap() - top).abs() < 1e-12);
            prop_assert!((mean_precision_at_k(&lists, k).unwrap() * k as f64 - top).abs() < 1e-12);
            prop_assert!((mean_recall_at_k(&lists, &vec![1; lists.len()], k).unwrap() - top).abs() < 1e-12);
        }
    }
}
