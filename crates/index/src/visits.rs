//! The pass over blocks of which each is wanted by some of the queries: it is read once for all that want it.

use std::ops::Range;

use crate::buffer::{HalfRow, Row};
use crate::kernel::{Codes, Floats, Lanes, Source, TILE, Tile};
use crate::neighbor::TopK;
use crate::scan::{Pass, Queued, Scan};
use crate::simd::{Vectorized, run};
use crate::{Dtype, Metric};

/// Groups of blocks, and which queries each is for.
#[derive(Default)]
pub(crate) struct Visits<'a> {
    /// Block numbers, and which of `queries` they are for.
    pub(crate) groups: Vec<(&'a [Range<usize>], Range<usize>)>,
    /// Rows of queries.
    pub(crate) queries: Vec<u32>,
}

/// Says where a pass goes.
pub(crate) trait Rounds<'a> {
    /// What is to be visited next, after what the queries have found; false at the end.
    fn next(&mut self, tops: &[TopK], visits: &mut Visits<'a>) -> bool;
}

impl Scan<'_> {
    /// Offers the wanted vectors of each group's blocks to the heaps of its queries. Not for few vectors.
    pub(crate) fn run_rounds<'a>(
        &self,
        queries: &[Vec<f32>],
        tops: &mut [TopK],
        rounds: &mut dyn Rounds<'a>,
    ) {
        match (self.store.shape.dtype, self.metric) {
            (Dtype::F32, Metric::L2) => self.rounds::<Floats<Row, true>>(queries, tops, rounds),
            (Dtype::F32, _) => self.rounds::<Floats<Row, false>>(queries, tops, rounds),
            (Dtype::F16, Metric::L2) => self.rounds::<Floats<HalfRow, true>>(queries, tops, rounds),
            (Dtype::F16, _) => self.rounds::<Floats<HalfRow, false>>(queries, tops, rounds),
            (Dtype::Int8, Metric::L2) => self.rounds::<Codes<true>>(queries, tops, rounds),
            (Dtype::Int8, _) => self.rounds::<Codes<false>>(queries, tops, rounds),
        }
    }

    fn rounds<R: Source>(&self, queries: &[Vec<f32>], tops: &mut [TopK], rounds: &mut dyn Rounds<'_>) {
        let queries = queries.iter().map(|query| R::tile::<1>(std::slice::from_ref(query))).collect();
        run(VisitsPass::<R> { scan: self, queries, tops, rounds });
    }
}

struct VisitsPass<'a, 'b, R: Source> {
    scan: &'a Scan<'a>,
    queries: Vec<Tile<R::Component, 1>>,
    tops: &'a mut [TopK],
    rounds: &'a mut dyn Rounds<'b>,
}

impl<R: Source> Vectorized for VisitsPass<'_, '_, R> {
    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self { scan, queries, tops, rounds } = self;
        let mut visits = Visits::default();
        let mut found = Vec::new();
        while rounds.next(tops, &mut visits) {
            for (ranges, rows) in &visits.groups {
                let rows = visits.queries.get(rows.clone()).unwrap_or(&[]);
                // The heaps lie together while they are in use.
                let mut take =
                    |row: &u32| Some(std::mem::replace(tops.get_mut(*row as usize)?, TopK::new(0)));
                found.extend(rows.iter().filter_map(&mut take));
                match rows.len() {
                    1 => visit::<R, S, 1>(simd, scan, ranges, &queries, rows, &mut found),
                    _ => visit::<R, S, TILE>(simd, scan, ranges, &queries, rows, &mut found),
                }
                for (row, top) in rows.iter().zip(found.drain(..)) {
                    if let Some(place) = tops.get_mut(*row as usize) {
                        *place = top;
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn visit<R: Source, S: Lanes, const Q: usize>(
    simd: S,
    scan: &Scan<'_>,
    ranges: &[Range<usize>],
    queries: &[Tile<R::Component, 1>],
    rows: &[u32],
    tops: &mut [TopK],
) {
    let clamp = scan.clamps();
    let tiles = rows.chunks(Q).zip(tops.chunks_mut(Q)).map(|(rows, tops)| {
        let mut tile = Tile::default();
        tile.combine(rows.iter().filter_map(|row| queries.get(*row as usize)));
        Queued::new(tile, tops, clamp)
    });
    let mut pass = Pass::<R, Q> { scan, clamp, tiles: tiles.collect() };
    for range in ranges {
        pass.range(simd, range);
    }
}
