use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::Metric;
use crate::buffer::LANES;

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

/// A candidate; the greatest is the worst, so that a max-heap has the one to drop on top.
#[derive(Debug, PartialEq)]
struct Candidate {
    score: f32,
    id: u64,
}

impl Eq for Candidate {}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        // Scores are finite and never -0.0 (the kernels see to both), so the total order is the numeric one.
        other.score.total_cmp(&self.score).then(self.id.cmp(&other.id))
    }
}

/// The k best candidates seen so far. Holds at most k entries at any time.
pub(crate) struct TopK {
    k: usize,
    heap: BinaryHeap<Candidate>,
}

impl TopK {
    pub(crate) fn new(k: usize) -> Self {
        Self { k, heap: BinaryHeap::new() }
    }

    /// The score that a candidate must at least equal to enter.
    fn threshold(&self) -> f32 {
        if self.heap.len() < self.k {
            f32::NEG_INFINITY
        } else {
            self.heap.peek().map_or(f32::INFINITY, |worst| worst.score)
        }
    }

    pub(crate) fn offer(&mut self, id: u64, score: f32) {
        let candidate = Candidate { score, id };
        if self.heap.len() < self.k {
            self.heap.push(candidate);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && candidate < *worst
        {
            *worst = candidate;
        }
    }

    /// Offers those lanes of a block whose bit is set in `mask`; `ids` belong to the lanes.
    pub(crate) fn offer_block(&mut self, scores: &[f32; LANES], mask: u64, ids: &[u64]) {
        // Most blocks hold nothing good enough: one pass without a branch rejects them.
        let threshold = self.threshold();
        let mut any = false;
        for score in scores {
            any |= *score >= threshold;
        }
        if !any {
            return;
        }
        let mut rest = mask;
        while rest != 0 {
            let lane = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            if let (Some(score), Some(id)) = (scores.get(lane), ids.get(lane)) {
                self.offer(*id, *score);
            }
        }
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

    #[test]
    fn ties_are_kept_by_the_smaller_id() {
        let mut top = TopK::new(2);
        for id in [9, 3, 7, 1] {
            top.offer(id, 0.5);
        }
        let ids: Vec<u64> = top.into_neighbors(Metric::Cosine).iter().map(|n| n.id).collect();
        assert_eq!(ids, [1, 3]);
    }

    #[test]
    fn k_zero_keeps_nothing() {
        let mut top = TopK::new(0);
        top.offer(1, 1.0);
        top.offer_block(&[1.0; LANES], u64::MAX, &[0; LANES]);
        assert!(top.into_neighbors(Metric::L2).is_empty());
    }

    #[test]
    fn a_block_is_offered_under_its_mask() {
        let mut top = TopK::new(10);
        let ids: Vec<u64> = (100..164).collect();
        let mut scores = [0.0; LANES];
        scores[63] = 2.0;
        scores[5] = 1.0;
        scores[6] = 9.0;
        top.offer_block(&scores, 1 << 63 | 1 << 5, &ids);
        let found: Vec<u64> = top.into_neighbors(Metric::InnerProduct).iter().map(|n| n.id).collect();
        assert_eq!(found, [163, 105]);
    }
}
