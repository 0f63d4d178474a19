use crate::buffer::{LANES, Row};
use crate::kernel::{Floats, GROUP, GROUPS, Lanes, Source, TILE};
use crate::neighbor::TopK;
use crate::scan::{Scan, Selection};
use crate::segment::{SEGMENT_BLOCKS, Shape};
use crate::simd::{Vectorized, run};
use crate::store::Store;
use crate::{Dtype, Metric};

/// The centres of the lists, in the same blocks as vectors are.
#[derive(Debug, Clone)]
pub(super) struct Quantizer {
    /// A centre's position is its list's number.
    store: Store,
    /// Of each list, the mean squared distance of the vectors it was trained on to its centre, and twice their
    /// deviation in one direction; NaN when unknown.
    spreads: Vec<(f32, f32)>,
}

/// A list as a search ranks it: the nearer the smaller; of equally near ones the smaller number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ranked(u64);

impl Ranked {
    fn new(score: f32, list: usize) -> Self {
        // The bits of floats, made to be ordered as the floats are, greatest first.
        let bits = score.to_bits();
        let ascending = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
        Self(u64::from(!ascending) << 32 | list as u64)
    }

    fn score(self) -> f32 {
        let ascending = !((self.0 >> 32) as u32);
        f32::from_bits(if ascending >> 31 == 1 { ascending & !(1 << 31) } else { !ascending })
    }

    pub(super) fn list(self) -> usize {
        (self.0 & u64::from(u32::MAX)) as usize
    }
}

impl Quantizer {
    /// `centres` holds `dim` components of each, `spreads` a number of each.
    pub(super) fn new(dim: usize, centres: &[f32], spreads: Vec<f32>) -> Self {
        let mut store = Store::new(Shape { dim, dtype: Dtype::F32, norms: false, row_copy: false });
        let centres = centres.chunks_exact(dim);
        store.reserve(centres.len());
        let last = centres.len().saturating_sub(1);
        for (list, centre) in centres.enumerate() {
            store.push(list as u64, centre, last - list);
        }
        let deviation = |spread: f32| 2.0 * (spread / dim as f32).sqrt();
        Self { store, spreads: spreads.into_iter().map(|spread| (spread, deviation(spread))).collect() }
    }

    /// The list that each vector belongs to: that of the nearest centre by Euclidean distance, whatever the metric.
    pub(super) fn assign(&self, vectors: &[Vec<f32>]) -> Vec<usize> {
        let mut tops = vec![TopK::new(1); vectors.len()];
        let (metric, selection) = (Metric::L2, Selection::All);
        Scan { store: &self.store, metric, selection, blocks: self.store.blocks() }.run(vectors, &mut tops);
        tops.iter().map(|top| top.candidates().next().map_or(0, |nearest| nearest.position)).collect()
    }

    /// All lists with their ranks for each query: by inner product with their centres when that is the metric, else by
    /// Euclidean distance.
    pub(super) fn rank(&self, metric: Metric, queries: &[Vec<f32>]) -> Vec<Vec<Ranked>> {
        let mut ranked: Vec<Vec<Ranked>> =
            queries.iter().map(|_| Vec::with_capacity(self.store.vectors())).collect();
        let (store, out) = (&self.store, ranked.as_mut_slice());
        match (metric == Metric::InnerProduct, queries.len()) {
            (true, 1) => run(Rank::<false, 1> { store, queries, out }),
            (true, _) => run(Rank::<false, TILE> { store, queries, out }),
            (false, 1) => run(Rank::<true, 1> { store, queries, out }),
            (false, _) => run(Rank::<true, TILE> { store, queries, out }),
        }
        ranked
    }

    /// The squared distance that a list's vectors hardly go below, for a list ranked by distance: its mean less
    /// `margin` deviations. NaN when unknown.
    pub(super) fn least_distance(&self, ranked: Ranked, margin: f32) -> f32 {
        let distance = -ranked.score();
        let (spread, deviation) = self.spreads.get(ranked.list()).copied().unwrap_or((f32::NAN, f32::NAN));
        distance + spread - margin * distance.sqrt() * deviation
    }

    /// The centres, one after another.
    pub(super) fn centres(&self) -> Vec<f32> {
        let mut centres = Vec::with_capacity(self.store.vectors() * self.store.shape.dim);
        for list in 0..self.store.vectors() {
            self.store.read(list, &mut centres);
        }
        centres
    }

    /// As given to [`Self::new`].
    pub(super) fn spreads(&self) -> Vec<f32> {
        self.spreads.iter().map(|(spread, _)| *spread).collect()
    }

    pub(super) fn capacity_bytes(&self) -> usize {
        self.store.capacity_bytes() + self.spreads.capacity() * size_of::<(f32, f32)>()
    }
}

struct Rank<'a, const L2: bool, const Q: usize> {
    store: &'a Store,
    queries: &'a [Vec<f32>],
    out: &'a mut [Vec<Ranked>],
}

impl<const L2: bool, const Q: usize> Vectorized for Rank<'_, L2, Q> {
    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        for (queries, out) in self.queries.chunks(Q).zip(self.out.chunks_mut(Q)) {
            let tile = Floats::<Row, L2>::tile::<Q>(queries);
            for (number, segment) in self.store.segments.iter().enumerate() {
                for number in (number * SEGMENT_BLOCKS..).take(segment.live.len()) {
                    let block = Floats::<Row, L2>::block(segment, &self.store.shape, number % SEGMENT_BLOCKS);
                    let Some(block) = block else { continue };
                    let first = number * LANES;
                    let left = self.store.vectors() - first;
                    if S::BLOCK_AT_ONCE[usize::from(Q > 1)] {
                        let scores = Floats::<Row, L2>::scores::<S, Q, GROUPS>(simd, &tile, block, 0);
                        put::<S, Q, GROUPS>(simd, scores, first, left, out);
                    } else {
                        for group in 0..GROUPS {
                            let scores = Floats::<Row, L2>::scores::<S, Q, 1>(simd, &tile, block, group);
                            let at = group * GROUP;
                            put::<S, Q, 1>(simd, scores, first + at, left.saturating_sub(at), out);
                        }
                    }
                }
            }
        }
    }
}

/// Appends the ranks of `left` lists at most, from `first` on.
#[inline(always)]
fn put<S: Lanes, const Q: usize, const W: usize>(
    simd: S,
    scores: [[S::F; W]; Q],
    first: usize,
    left: usize,
    out: &mut [Vec<Ranked>],
) {
    for (scores, out) in scores.into_iter().zip(out) {
        let scores = scores.map(|group| simd.store(group));
        let scores = scores.as_flattened().iter().take(left).enumerate();
        out.extend(scores.map(|(lane, score)| Ranked::new(*score, first + lane)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_in_the_order_of_scores_and_then_of_numbers() {
        let scores = [-f32::MAX, -3.5, -1e-40, 0.0, 1e-40, 2.0, 1e30];
        for pair in scores.windows(2) {
            assert!(Ranked::new(pair[1], 9) < Ranked::new(pair[0], 1), "{pair:?}");
            assert!(Ranked::new(pair[0], 1) < Ranked::new(pair[0], 2));
        }
        for score in scores {
            let ranked = Ranked::new(score, 65_535);
            assert_eq!((ranked.list(), ranked.score()), (65_535, score));
        }
    }

    #[test]
    fn vectors_are_assigned_to_the_nearest_centre_and_ranked_alike() {
        let centres: Vec<f32> = (0..200).flat_map(|i| [i as f32, (i * 7 % 50) as f32, 1.0]).collect();
        let quantizer = Quantizer::new(3, &centres, vec![f32::NAN; 200]);
        let vectors: Vec<Vec<f32>> =
            (0..50).map(|i| vec![i as f32 * 3.7, (i * i % 50) as f32, 0.3]).collect();
        let distance = |v: &[f32], list: usize| -> f32 {
            centres[list * 3..][..3].iter().zip(v).map(|(c, v)| (c - v) * (c - v)).sum()
        };
        for metric in [Metric::L2, Metric::InnerProduct] {
            let alone = vectors.iter().flat_map(|v| quantizer.rank(metric, std::slice::from_ref(v)));
            assert!(quantizer.rank(metric, &vectors).into_iter().eq(alone));
        }
        for (vector, list) in vectors.iter().zip(quantizer.assign(&vectors)) {
            let nearest = (0..200).map(|list| distance(vector, list)).fold(f32::INFINITY, f32::min);
            assert!((distance(vector, list) - nearest).abs() < 1e-3);
            let rank = |metric| quantizer.rank(metric, std::slice::from_ref(vector)).remove(0);
            let ranked = rank(Metric::Cosine);
            assert_eq!((ranked.len(), ranked.iter().min().unwrap().list()), (200, list));
            let ranked = rank(Metric::InnerProduct);
            let product = |list: usize| -> f32 {
                centres[list * 3..][..3].iter().zip(vector).map(|(c, v)| c * v).sum()
            };
            let best = (0..200).map(product).fold(f32::NEG_INFINITY, f32::max);
            assert!((product(ranked.iter().min().unwrap().list()) - best).abs() <= best.abs() * 1e-6);
        }
    }
}
