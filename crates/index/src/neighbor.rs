use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::Metric;

/// One answer of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbor {
    /// The id under which the vector was added.
    pub id: u64,
    /// How similar it is to the query: higher is nearer. See [`Metric`] for each metric's meaning.
    pub score: f32,
    metric: Metric,
}

impl Neighbor {
    /// An answer made by hand, for callers that merge or test rankings.
    #[must_use]
    pub fn new(id: u64, score: f32, metric: Metric) -> Self {
        Self { id, score, metric }
    }

    /// How far it is from the query, lower is nearer: [`Metric::distance`] of the score.
    #[must_use]
    pub fn distance(&self) -> f32 {
        self.metric.distance(self.score)
    }
}

/// A vector that may be an answer; the greatest is the worst, so that a max-heap has the one to drop on top.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) score: f32,
    pub(crate) id: u64,
    pub(crate) position: usize,
}

impl Eq for Candidate {}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        // Scores are finite and never -0.0 (`finish` sees to that), so the total order is the numeric one.
        other.score.total_cmp(&self.score).then(self.id.cmp(&other.id))
    }
}

/// From a kernel's sum to the score. Rounding can take a cosine past 1, so it is clamped. Adding 0.0 turns -0.0 into
/// 0.0: equal scores must compare as equal, or ties would not be in id order.
pub(crate) fn finish(sum: f32, clamp: bool) -> f32 {
    if clamp { sum.clamp(-1.0, 1.0) + 0.0 } else { sum + 0.0 }
}

/// The k best candidates seen so far. Holds at most k entries at any time.
#[derive(Debug, Clone)]
pub(crate) struct TopK {
    k: usize,
    heap: BinaryHeap<Candidate>,
}

impl TopK {
    pub(crate) fn new(k: usize) -> Self {
        Self { k, heap: BinaryHeap::new() }
    }

    /// The sum, not yet passed through [`finish`], that a candidate must at least equal to enter.
    pub(crate) fn threshold(&self, clamp: bool) -> f32 {
        if self.heap.len() < self.k {
            return f32::NEG_INFINITY;
        }
        match self.heap.peek() {
            // Sums below -1 count as -1.
            Some(worst) if clamp && worst.score <= -1.0 => f32::NEG_INFINITY,
            Some(worst) => worst.score,
            None => f32::INFINITY,
        }
    }

    pub(crate) fn offer(&mut self, candidate: Candidate) {
        if self.heap.len() < self.k {
            self.heap.push(candidate);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && candidate < *worst
        {
            *worst = candidate;
        }
    }

    /// Takes over what another one has kept.
    #[cfg(any(test, feature = "rayon"))]
    pub(crate) fn merge(&mut self, other: Self) {
        for candidate in other.heap {
            self.offer(candidate);
        }
    }

    /// How many were kept.
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    /// What was kept, in no order.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.heap.iter()
    }

    /// Best first: score descending, then id ascending.
    pub(crate) fn into_neighbors(self, metric: Metric) -> Vec<Neighbor> {
        let sorted = self.heap.into_sorted_vec();
        sorted.into_iter().map(|c| Neighbor::new(c.id, c.score, metric)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(top: TopK) -> Vec<u64> {
        top.into_neighbors(Metric::Cosine).iter().map(|n| n.id).collect()
    }

    fn candidate(id: u64, score: f32) -> Candidate {
        Candidate { score, id, position: 0 }
    }

    #[test]
    fn ties_are_kept_by_the_smaller_id() {
        let mut top = TopK::new(2);
        for id in [9, 3, 7, 1] {
            top.offer(candidate(id, 0.5));
        }
        assert_eq!(ids(top), [1, 3]);
    }

    #[test]
    fn k_zero_keeps_nothing() {
        let mut top = TopK::new(0);
        top.offer(candidate(1, 1.0));
        assert_eq!(top.threshold(false), f32::INFINITY);
        assert!(ids(top).is_empty());
    }

    #[test]
    fn merging_is_as_if_one_had_seen_all() {
        let all: Vec<Candidate> = (0..40).map(|id| candidate(id, (id * 7 % 5) as f32)).collect();
        let mut whole = TopK::new(9);
        all.iter().for_each(|c| whole.offer(*c));
        for split in [0, 1, 5, 20, 39, 40] {
            let mut parts = [TopK::new(9), TopK::new(9)];
            for (at, c) in all.iter().enumerate() {
                parts[usize::from(at >= split)].offer(*c);
            }
            let [mut first, second] = parts;
            first.merge(second);
            assert_eq!(ids(first), ids(whole.clone()));
        }
    }

    #[test]
    fn sums_past_one_and_negative_zero_count_as_what_they_mean() {
        assert_eq!(finish(-0.0, false).to_bits(), 0.0f32.to_bits());
        assert_eq!(finish(-0.0, true).to_bits(), 0.0f32.to_bits());
        assert_eq!([finish(1.5, true), finish(-1.5, true), finish(1.5, false)], [1.0, -1.0, 1.5]);
        // A sum of -1.0000001 is a tie with -1.
        let mut top = TopK::new(1);
        top.offer(candidate(5, -1.0));
        assert_eq!(top.threshold(true), f32::NEG_INFINITY);
        assert_eq!(top.threshold(false), -1.0);
    }
}
