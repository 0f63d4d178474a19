use rayon::prelude::*;
use soundalike_index::{Metric, Neighbor};

use super::Data;

/// Answers compared are the ten best.
pub(super) const AT: usize = 10;

/// The ten best of each query in double precision, by a plain loop that shares nothing with the index.
#[derive(Debug, Clone)]
pub struct Truth(Vec<Vec<u64>>);

impl Truth {
    /// Of the first `queries` queries, among the vectors whose id (their row) is accepted.
    #[must_use]
    pub fn new(data: &Data, metric: Metric, queries: usize, accept: impl Fn(u64) -> bool + Sync) -> Self {
        let some: Vec<&[f32]> = data.each_query().take(queries).collect();
        let best = |query: &&[f32]| pulp::Arch::new().dispatch(|| best(data, metric, query, &accept));
        Self(some.par_iter().map(best).collect())
    }

    /// How many queries it knows.
    #[must_use]
    pub fn queries(&self) -> usize {
        self.0.len()
    }

    /// The share of the true ten that was found, over the queries it knows; `answers` in their order.
    #[must_use]
    pub fn recall<'a>(&self, answers: impl IntoIterator<Item = &'a [Neighbor]>) -> f64 {
        let (mut found, mut all) = (0, 0);
        for (truth, answer) in self.0.iter().zip(answers) {
            all += truth.len();
            let answer = answer.get(..AT).unwrap_or(answer);
            found += truth.iter().filter(|id| answer.iter().any(|n| n.id == **id)).count();
        }
        if all == 0 { 1.0 } else { found as f64 / all as f64 }
    }
}

#[inline(always)]
fn best(data: &Data, metric: Metric, query: &[f32], accept: &(impl Fn(u64) -> bool + Sync)) -> Vec<u64> {
    let mut best: Vec<(f64, u64)> = Vec::with_capacity(AT + 1);
    for (id, vector) in (0..).zip(data.vectors.chunks_exact(data.dim)) {
        if !accept(id) {
            continue;
        }
        let score = match metric {
            Metric::L2 => -sum(query, vector, |q, x| (q - x) * (q - x)),
            // The query's length changes no order.
            Metric::Cosine => sum(query, vector, |q, x| q * x) / sum(vector, vector, |x, y| x * y).sqrt(),
            _ => sum(query, vector, |q, x| q * x),
        };
        if best.len() == AT && best.last().is_some_and(|(worst, _)| *worst >= score) {
            continue;
        }
        let place = best.partition_point(|(better, _)| *better >= score);
        best.insert(place, (score, id));
        best.truncate(AT);
    }
    best.into_iter().map(|(_, id)| id).collect()
}

#[inline(always)]
fn sum(a: &[f32], b: &[f32], term: impl Fn(f64, f64) -> f64) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    let mut sums = [0.0; 16];
    for (a, b) in a.iter().zip(b) {
        for i in 0..16 {
            sums[i] += term(f64::from(a[i]), f64::from(b[i]));
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| term(f64::from(*a), f64::from(*b)));
    sums.iter().sum::<f64>() + rest.sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_a_line_and_their_recall() {
        let vectors: Vec<f32> = (0..100u8).flat_map(|i| [f32::from(i), 1.0]).collect();
        let data = Data { dim: 2, vectors, queries: vec![50.2, 1.0, 3.0, 0.0] };
        let truth = Truth::new(&data, Metric::L2, 1, |id| id % 2 == 0);
        assert_eq!(truth.0, [[50, 52, 48, 54, 46, 56, 44, 58, 42, 60]]);
        let truth = Truth::new(&data, Metric::InnerProduct, 9, |_| true);
        assert_eq!(truth.queries(), 2);
        assert_eq!(truth.0[1], (90..100).rev().collect::<Vec<_>>());
        assert_eq!(Truth::new(&data, Metric::Cosine, 2, |id| id < 3).0[1], [2, 1, 0]);
        let answer: Vec<_> = (95..105).map(|id| Neighbor::new(id, 0.0, Metric::L2)).collect();
        assert_eq!(truth.recall([&answer[..], &answer[..]]), 0.5);
        assert_eq!(truth.recall([&answer[..], &answer[..2]]), (5.0 + 2.0) / 20.0);
    }
}
