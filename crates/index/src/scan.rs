//! The pass over the blocks: scores of many vectors at a time, of which the few that are good enough reach a heap.

use std::ops::Range;

use crate::buffer::{HalfRow, LANES, Row};
use crate::gather::GatherPass;
use crate::kernel::{Codes, Floats, GROUP, GROUPS, Lanes, Source, TILE, Tile, exact};
use crate::neighbor::{Candidate, TopK, finish};
use crate::segment::{Arrays, SEGMENT_BLOCKS, SEGMENT_VECTORS, Segment};
use crate::simd::{Vectorized, run};
use crate::store::Store;
use crate::{Dtype, Metric};

/// So many blocks without a wanted vector are worth a jump over the first; fewer are scored for nothing.
const JUMP: usize = 4;
/// The block that is asked for while one is scored.
const AHEAD: usize = 1;
/// Bytes of queries that go through the blocks together: they stay in a part of the second-level cache.
const QUERY_BYTES: usize = 1 << 18;

/// Which vectors are wanted, besides being live.
#[derive(Clone, Copy)]
pub(crate) enum Selection<'a> {
    All,
    /// A word for each block of the store.
    Words(&'a [u64]),
    /// The same for few vectors. They are scored in f32 whatever they are stored in.
    Few(&'a [u64]),
    /// Asked only for vectors whose score is good enough, and once for each query.
    Accepted(&'a (dyn Fn(u64) -> bool + Sync)),
}

/// One pass over some blocks of a store.
#[derive(Clone)]
pub(crate) struct Scan<'a> {
    pub(crate) store: &'a Store,
    pub(crate) metric: Metric,
    pub(crate) selection: Selection<'a>,
    /// Block numbers.
    pub(crate) blocks: Range<usize>,
}

impl Scan<'_> {
    /// Offers every wanted vector to the query's heap: `tops` belong to the prepared `queries`. For int8 the scores
    /// are those of the codes.
    pub(crate) fn run(&self, queries: &[Vec<f32>], tops: &mut [TopK]) {
        // Floats in blocks are not gathered for one query: the groups they are in are scored where they are.
        if let Selection::Few(words) = self.selection
            && (queries.len() > 1 || self.store.shape.has_rows())
        {
            let clamp = self.metric == Metric::Cosine;
            return match (self.metric, queries.len()) {
                (Metric::L2, 1) => self.gather::<true, 1>(queries, tops, words, clamp),
                (Metric::L2, _) => self.gather::<true, TILE>(queries, tops, words, clamp),
                (_, 1) => self.gather::<false, 1>(queries, tops, words, clamp),
                (_, _) => self.gather::<false, TILE>(queries, tops, words, clamp),
            };
        }
        match (self.store.shape.dtype, self.metric) {
            (Dtype::F32, Metric::L2) => self.scan::<Floats<Row, true>>(queries, tops),
            (Dtype::F32, _) => self.scan::<Floats<Row, false>>(queries, tops),
            (Dtype::F16, Metric::L2) => self.scan::<Floats<HalfRow, true>>(queries, tops),
            (Dtype::F16, _) => self.scan::<Floats<HalfRow, false>>(queries, tops),
            (Dtype::Int8, Metric::L2) => self.scan::<Codes<true>>(queries, tops),
            (Dtype::Int8, _) => self.scan::<Codes<false>>(queries, tops),
        }
    }

    /// [`Self::run`] for one query over these block numbers, in their order, instead of [`Self::blocks`]. Not for few
    /// vectors.
    pub(crate) fn run_over(&self, ranges: &[Range<usize>], query: &Vec<f32>, top: &mut TopK) {
        match (self.store.shape.dtype, self.metric) {
            (Dtype::F32, Metric::L2) => self.over::<Floats<Row, true>>(ranges, query, top),
            (Dtype::F32, _) => self.over::<Floats<Row, false>>(ranges, query, top),
            (Dtype::F16, Metric::L2) => self.over::<Floats<HalfRow, true>>(ranges, query, top),
            (Dtype::F16, _) => self.over::<Floats<HalfRow, false>>(ranges, query, top),
            (Dtype::Int8, Metric::L2) => self.over::<Codes<true>>(ranges, query, top),
            (Dtype::Int8, _) => self.over::<Codes<false>>(ranges, query, top),
        }
    }

    fn over<R: Source>(&self, ranges: &[Range<usize>], query: &Vec<f32>, top: &mut TopK) {
        let clamp = self.clamps();
        let tiles = tiles::<R, 1>(std::slice::from_ref(query), std::slice::from_mut(top), clamp);
        run(RangesPass { pass: Pass::<R, 1> { scan: self, clamp, tiles }, ranges });
    }

    /// The codes' scores are not cosines.
    pub(crate) fn clamps(&self) -> bool {
        self.metric == Metric::Cosine && self.store.shape.dtype != Dtype::Int8
    }

    fn scan<R: Source>(&self, queries: &[Vec<f32>], tops: &mut [TopK]) {
        let clamp = self.clamps();
        if let ([_], [_]) = (queries, &tops) {
            return run(Pass::<R, 1> { scan: self, clamp, tiles: tiles::<R, 1>(queries, tops, clamp) });
        }
        let bytes = TILE * self.store.shape.dim * size_of::<f32>();
        let together = (QUERY_BYTES / bytes).max(1) * TILE;
        for (queries, tops) in queries.chunks(together).zip(tops.chunks_mut(together)) {
            run(Pass::<R, TILE> { scan: self, clamp, tiles: tiles::<R, TILE>(queries, tops, clamp) });
        }
    }

    fn gather<const L2: bool, const Q: usize>(
        &self,
        queries: &[Vec<f32>],
        tops: &mut [TopK],
        words: &[u64],
        clamp: bool,
    ) {
        let tiles = tiles::<Floats<Row, L2>, Q>(queries, tops, clamp);
        run(GatherPass::<L2, Q> { pass: Pass { scan: self, clamp, tiles }, words });
    }

    /// The block number with which a segment begins, and which of its blocks belong to the scan.
    #[inline(always)]
    pub(crate) fn of_segment(&self, number: usize) -> (usize, Range<usize>) {
        let first = number * SEGMENT_BLOCKS;
        let within = |block: usize| block.saturating_sub(first).min(SEGMENT_BLOCKS);
        (first, within(self.blocks.start)..within(self.blocks.end))
    }

    /// The `k` best of int8 candidates by their exact scores.
    pub(crate) fn rescored(&self, query: &[f32], candidates: &TopK, k: usize) -> TopK {
        let mut top = TopK::new(k);
        let positions = candidates.candidates().map(|candidate| candidate.position);
        run(Exact { scan: self, query, positions, top: &mut top });
        top
    }
}

/// Some queries, and what they have found.
pub(crate) struct Queued<'a, C, const Q: usize> {
    pub(crate) tile: Tile<C, Q>,
    /// As many as there are queries in the tile.
    tops: &'a mut [TopK],
    /// Of the heaps; beyond them infinite.
    thresholds: [f32; Q],
}

impl<'a, C, const Q: usize> Queued<'a, C, Q> {
    pub(crate) fn new(tile: Tile<C, Q>, tops: &'a mut [TopK], clamp: bool) -> Self {
        let mut thresholds = [f32::INFINITY; Q];
        for (threshold, top) in thresholds.iter_mut().zip(tops.iter()) {
            *threshold = top.threshold(clamp);
        }
        Self { tile, tops, thresholds }
    }
}

fn tiles<'a, R: Source, const Q: usize>(
    queries: &[Vec<f32>],
    tops: &'a mut [TopK],
    clamp: bool,
) -> Vec<Queued<'a, R::Component, Q>> {
    let queued = queries.chunks(Q).zip(tops.chunks_mut(Q));
    queued.map(|(queries, tops)| Queued::new(R::tile(queries), tops, clamp)).collect()
}

/// The state of a scan for queries in tiles of `Q`.
pub(crate) struct Pass<'a, R: Source, const Q: usize> {
    pub(crate) scan: &'a Scan<'a>,
    pub(crate) clamp: bool,
    pub(crate) tiles: Vec<Queued<'a, R::Component, Q>>,
}

/// A block with the vectors wanted of it.
pub(crate) struct Wanted<'a, B> {
    pub(crate) block: B,
    pub(crate) lanes: u64,
    pub(crate) ids: &'a [u64],
    /// Of its first lane.
    pub(crate) position: usize,
}

impl<R: Source, const Q: usize> Vectorized for Pass<'_, R, Q> {
    #[inline(always)]
    fn run<S: Lanes>(mut self, simd: S) {
        for (number, segment) in self.scan.store.segments.iter().enumerate() {
            let (_, here) = self.scan.of_segment(number);
            self.segment(simd, number, segment, here);
        }
    }
}

/// A pass over some ranges of block numbers alone.
struct RangesPass<'a, R: Source, const Q: usize> {
    pass: Pass<'a, R, Q>,
    ranges: &'a [Range<usize>],
}

impl<R: Source, const Q: usize> Vectorized for RangesPass<'_, R, Q> {
    #[inline(always)]
    fn run<S: Lanes>(mut self, simd: S) {
        let store = self.pass.scan.store;
        for (at, range) in self.ranges.iter().enumerate() {
            // The processor cannot know where the next range begins.
            if let Some(next) = self.ranges.get(at + 1)
                && let Some(segment) = store.segments.get(next.start / SEGMENT_BLOCKS)
            {
                for row in R::rows(segment, &store.shape, next.start % SEGMENT_BLOCKS) {
                    simd.prefetch(row);
                }
            }
            self.pass.range(simd, range);
        }
    }
}

impl<R: Source, const Q: usize> Pass<'_, R, Q> {
    /// Some block numbers, of as many segments as they are in.
    #[inline(always)]
    pub(crate) fn range<S: Lanes>(&mut self, simd: S, range: &Range<usize>) {
        let mut start = range.start;
        while start < range.end {
            let number = start / SEGMENT_BLOCKS;
            let Some(segment) = self.scan.store.segments.get(number) else { break };
            let first = number * SEGMENT_BLOCKS;
            let end = range.end.min(first + SEGMENT_BLOCKS);
            self.segment(simd, number, segment, start - first..end - first);
            start = end;
        }
    }

    #[inline(always)]
    fn segment<S: Lanes>(&mut self, simd: S, number: usize, segment: &Segment, here: Range<usize>) {
        let Scan { store, selection, .. } = self.scan;
        let first = number * SEGMENT_BLOCKS;
        for (block, live) in segment.live.iter().enumerate().take(here.end).skip(here.start) {
            let of = |block: usize, live: u64| match selection {
                Selection::Words(words) | Selection::Few(words) => {
                    live & words.get(first + block).copied().unwrap_or(0)
                }
                Selection::All | Selection::Accepted(_) => live,
            };
            let lanes = of(block, *live);
            if lanes == 0 {
                // The processor reads ahead of one that walks, not of one that jumps.
                let ahead = segment.live.iter().enumerate().skip(block + 1).take(JUMP - 1);
                let walk = Q == 1 && !matches!(selection, Selection::Few(_));
                if !walk || ahead.fold(0, |any, (block, live)| any | of(block, *live)) == 0 {
                    continue;
                }
            }
            let ids = segment.ids.get(block * LANES..).unwrap_or(&[]);
            let position = (first + block) * LANES;
            // A pass for one query keeps the processor's own prefetching busy; only beside the work for many
            // does it fall behind.
            let next = if Q > 1 { R::rows(segment, &store.shape, block + AHEAD) } else { &[] };
            if let Some(block) = R::block(segment, &store.shape, block) {
                self.block(simd, &Wanted { block, lanes, ids, position }, next);
            }
        }
    }

    /// Scores a block for all queries, and asks for `next`.
    #[inline(always)]
    pub(crate) fn block<S: Lanes>(&mut self, simd: S, wanted: &Wanted<'_, R::Block<'_>>, next: &[R::Row]) {
        let has = |group: &usize| wanted.lanes >> (group * GROUP) & 0xffff != 0;
        let sparse =
            matches!(self.scan.selection, Selection::Few(_)) && !(0..GROUPS).all(|group| has(&group));
        let at_once = S::BLOCK_AT_ONCE[usize::from(Q > 1)] && !sparse;
        let share = next.len().div_ceil(self.tiles.len().max(1)).max(1);
        let mut shares = next.chunks(share);
        for queued in &mut self.tiles {
            for row in shares.next().unwrap_or(&[]) {
                simd.prefetch(row);
            }
            if at_once {
                score::<R, S, Q, GROUPS>(simd, queued, wanted, 0, self.scan, self.clamp);
            } else {
                for group in (0..GROUPS).filter(has) {
                    score::<R, S, Q, 1>(simd, queued, wanted, group, self.scan, self.clamp);
                }
            }
        }
    }
}

/// Scores `W` groups from `first` on, and offers what reaches the threshold.
#[inline(always)]
fn score<R: Source, S: Lanes, const Q: usize, const W: usize>(
    simd: S,
    queued: &mut Queued<'_, R::Component, Q>,
    wanted: &Wanted<'_, R::Block<'_>>,
    first: usize,
    scan: &Scan<'_>,
    clamp: bool,
) {
    let scores = R::scores::<S, Q, W>(simd, &queued.tile, wanted.block, first);
    // Most blocks hold nothing good enough: they are rejected without leaving the registers.
    let mut any = 0;
    for (scores, threshold) in scores.iter().zip(queued.thresholds) {
        // Of a number and NaN, which an unverified file may make, `max` gives the second.
        let mut best = simd.splat(f32::NEG_INFINITY);
        for scores in scores {
            best = simd.max(*scores, best);
        }
        any |= simd.at_least(best, simd.splat(threshold));
    }
    if any == 0 {
        return;
    }
    for (query, (scores, threshold)) in scores.iter().zip(queued.thresholds).enumerate() {
        let threshold = simd.splat(threshold);
        let mut hits = 0;
        for (w, scores) in scores.iter().enumerate() {
            hits |= u64::from(simd.at_least(*scores, threshold)) << ((first + w) * GROUP);
        }
        hits &= wanted.lanes;
        if hits == 0 {
            continue;
        }
        let mut stored = [[0.0; GROUP]; W];
        for (stored, scores) in stored.iter_mut().zip(scores) {
            *stored = simd.store(*scores);
        }
        if let (Some(top), Some(threshold)) = (queued.tops.get_mut(query), queued.thresholds.get_mut(query)) {
            let offered = Offered {
                hits: hits >> (first * GROUP),
                scores: stored.as_flattened(),
                ids: wanted.ids.get(first * GROUP..).unwrap_or(&[]),
                position: wanted.position + first * GROUP,
            };
            offer(top, &offered, &scan.selection, clamp);
            *threshold = top.threshold(clamp);
        }
    }
}

/// Lanes of a block that reach the threshold.
struct Offered<'a> {
    hits: u64,
    scores: &'a [f32],
    ids: &'a [u64],
    position: usize,
}

/// Few vectors come here: a call of its own keeps the registers of the kernel free.
#[inline(never)]
fn offer(top: &mut TopK, offered: &Offered<'_>, selection: &Selection<'_>, clamp: bool) {
    let mut rest = offered.hits;
    while rest != 0 {
        let lane = rest.trailing_zeros() as usize;
        rest &= rest - 1;
        if let (Some(sum), Some(id)) = (offered.scores.get(lane), offered.ids.get(lane)) {
            // The threshold rises while a block is offered.
            if *sum >= top.threshold(clamp)
                && match selection {
                    Selection::Accepted(accept) => accept(*id),
                    Selection::All | Selection::Words(_) | Selection::Few(_) => true,
                }
            {
                let (score, position) = (finish(*sum, clamp), offered.position + lane);
                top.offer(Candidate { score, id: *id, position });
            }
        }
    }
}

/// Exact scores of int8 vectors by their positions.
struct Exact<'a, P> {
    scan: &'a Scan<'a>,
    query: &'a [f32],
    positions: P,
    top: &'a mut TopK,
}

impl<P: Iterator<Item = usize>> Vectorized for Exact<'_, P> {
    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Scan { store, metric, .. } = self.scan;
        for position in self.positions {
            let (number, offset) = (position / SEGMENT_VECTORS, position % SEGMENT_VECTORS);
            if let Some(segment) = store.segments.get(number)
                && let Some(id) = segment.ids.get(offset)
                && let Arrays::Int8(arrays) = &segment.arrays
            {
                let vector = arrays.vector(store.shape.dim, offset);
                let sum = exact(simd, *metric == Metric::L2, self.query, vector);
                let score = finish(sum, *metric == Metric::Cosine);
                self.top.offer(Candidate { score, id: *id, position });
            }
        }
    }
}
