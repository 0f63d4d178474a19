//! Metrics over the rank of the one right item.

use crate::Error;
use crate::check::{not_empty, positive_k};

/// Refuses an empty input and ranks of zero.
fn check(ranks: &[Option<usize>]) -> Result<(), Error> {
    not_empty("ranks", ranks)?;
    match ranks.iter().position(|rank| *rank == Some(0)) {
        Some(index) => Err(Error::ZeroRank { index }),
        None => Ok(()),
    }
}

/// Share of queries whose right item is among the first `k`.
///
/// `ranks` holds one entry a query: the rank of the right item, counted from 1, or `None` where it was
/// not retrieved, which counts as a miss. `k` may exceed the number of retrieved items. Equal to
/// scikit-learn's `top_k_accuracy_score` where no scores are tied.
///
/// # Errors
/// [`Error::Empty`], [`Error::ZeroK`], [`Error::ZeroRank`].
pub fn top_k_accuracy(ranks: &[Option<usize>], k: usize) -> Result<f64, Error> {
    Ok(top_k_hits(ranks, k)? as f64 / ranks.len() as f64)
}

/// Number of queries whose right item is among the first `k`: the successes for [`crate::wilson`], out of
/// `ranks.len()`.
///
/// # Errors
/// [`Error::Empty`], [`Error::ZeroK`], [`Error::ZeroRank`].
pub fn top_k_hits(ranks: &[Option<usize>], k: usize) -> Result<u64, Error> {
    check(ranks)?;
    positive_k(k)?;
    Ok(ranks.iter().flatten().filter(|rank| **rank <= k).count() as u64)
}

/// Mean rank of the right item, where an item that was not retrieved counts as `rank_if_missing`.
///
/// The customary `rank_if_missing` is the number of items in the gallery, the worst possible rank.
/// Leaving missing items out instead would reward a system for losing the hard ones, so there is no such
/// option.
///
/// # Errors
/// [`Error::Empty`], [`Error::ZeroRank`], and [`Error::PenaltyTooSmall`] where `rank_if_missing` is needed
/// and is better than a rank that is present (or 0).
pub fn mean_rank(ranks: &[Option<usize>], rank_if_missing: usize) -> Result<f64, Error> {
    check(ranks)?;
    let worst = ranks.iter().flatten().copied().max().unwrap_or(1);
    if rank_if_missing < worst && ranks.iter().any(Option::is_none) {
        return Err(Error::PenaltyTooSmall { expected: worst, got: rank_if_missing });
    }
    let sum: f64 = ranks.iter().map(|rank| rank.unwrap_or(rank_if_missing) as f64).sum();
    Ok(sum / ranks.len() as f64)
}

/// Mean reciprocal rank (MRR): the mean of `1 / rank`, where an item that was not retrieved adds 0.
///
/// Voorhees, "The TREC-8 Question Answering Track Report", 1999.
///
/// # Errors
/// [`Error::Empty`], [`Error::ZeroRank`].
pub fn mean_reciprocal_rank(ranks: &[Option<usize>]) -> Result<f64, Error> {
    check(ranks)?;
    let sum: f64 = ranks.iter().flatten().map(|rank| 1.0 / *rank as f64).sum();
    Ok(sum / ranks.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANKS: [Option<usize>; 5] = [Some(1), Some(4), None, Some(2), Some(1)];

    #[test]
    fn hand_worked_values() {
        assert_eq!(top_k_accuracy(&RANKS, 1).unwrap(), 0.4);
        assert_eq!(top_k_accuracy(&RANKS, 2).unwrap(), 0.6);
        assert_eq!(top_k_accuracy(&RANKS, 3).unwrap(), 0.6);
        assert_eq!(top_k_accuracy(&RANKS, 1000).unwrap(), 0.8);
        assert_eq!(top_k_hits(&RANKS, 2).unwrap(), 3);
        // (1 + 4 + 10 + 2 + 1) / 5 and (1 + 1/4 + 0 + 1/2 + 1) / 5
        assert_eq!(mean_rank(&RANKS, 10).unwrap(), 3.6);
        assert_eq!(mean_reciprocal_rank(&RANKS).unwrap(), 0.55);
    }

    #[test]
    fn nothing_retrieved_is_defined() {
        assert_eq!(top_k_accuracy(&[None, None], 5).unwrap(), 0.0);
        assert_eq!(mean_rank(&[None, None], 7).unwrap(), 7.0);
        assert_eq!(mean_reciprocal_rank(&[None]).unwrap(), 0.0);
    }

    #[test]
    fn refuses_what_has_no_answer() {
        assert!(matches!(top_k_accuracy(&[], 1), Err(Error::Empty { what: "ranks" })));
        assert!(matches!(mean_rank(&[], 1), Err(Error::Empty { .. })));
        assert!(matches!(mean_reciprocal_rank(&[]), Err(Error::Empty { .. })));
        assert!(matches!(top_k_accuracy(&RANKS, 0), Err(Error::ZeroK)));
        assert!(matches!(top_k_accuracy(&[Some(3), Some(0)], 1), Err(Error::ZeroRank { index: 1 })));
        assert!(matches!(mean_reciprocal_rank(&[Some(0)]), Err(Error::ZeroRank { index: 0 })));
    }

    #[test]
    fn a_penalty_never_pays() {
        assert!(matches!(mean_rank(&RANKS, 3), Err(Error::PenaltyTooSmall { expected: 4, got: 3 })));
        assert!(matches!(mean_rank(&[None], 0), Err(Error::PenaltyTooSmall { expected: 1, got: 0 })));
        // Without a missing item it is not used.
        assert_eq!(mean_rank(&[Some(3), Some(5)], 0).unwrap(), 4.0);
    }
}
