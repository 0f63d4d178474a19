//! The pass over few vectors: they are copied together into f32 blocks, and those are scored. Blocks of which few
//! vectors are wanted are not read as a whole, and the scores are exact for every form of storage.

use crate::buffer::{LANES, Row};
use crate::copy::RowCopy;
use crate::half::from_half;
use crate::kernel::{Floats, Lanes};
use crate::scan::{Pass, Wanted};
use crate::segment::{Arrays, Segment};
use crate::simd::Vectorized;

/// A pass over the vectors of `words`, a word for each block of the store.
pub(crate) struct GatherPass<'a, const L2: bool, const Q: usize> {
    pub(crate) pass: Pass<'a, Floats<Row, L2>, Q>,
    pub(crate) words: &'a [u64],
}

impl<const L2: bool, const Q: usize> Vectorized for GatherPass<'_, L2, Q> {
    #[inline(always)]
    fn run<S: Lanes>(mut self, simd: S) {
        let scan = self.pass.scan;
        let mut gathered = Gathered::new(scan.store.shape.dim);
        let mut places = Vec::new();
        let ahead = if scan.store.shape.has_rows() { AHEAD_IN_ROWS } else { AHEAD };
        for (number, segment) in scan.store.segments.iter().enumerate() {
            let (first, here) = scan.of_segment(number);
            places.clear();
            for (block, live) in segment.live.iter().enumerate().take(here.end).skip(here.start) {
                let mut lanes = live & self.words.get(first + block).copied().unwrap_or(0);
                while lanes != 0 {
                    places.push((block, lanes.trailing_zeros() as usize));
                    lanes &= lanes - 1;
                }
            }
            for (at, (block, lane)) in places.iter().enumerate() {
                if let Some((block, lane)) = places.get(at + ahead) {
                    prefetch(simd, segment, gathered.rows.len(), *block, *lane);
                }
                gathered.push(segment, *block, *lane);
                if gathered.len == LANES {
                    self.pass.block(simd, &gathered.block(), &[]);
                    gathered.len = 0;
                }
            }
        }
        if gathered.len > 0 {
            self.pass.block(simd, &gathered.block(), &[]);
        }
    }
}

/// The vector that is asked for while one is copied: from blocks, where it is in as many cache lines as there are
/// dimensions, and from rows.
const AHEAD: usize = 2;
const AHEAD_IN_ROWS: usize = 10;

/// Asks for a vector's cache lines.
#[inline(always)]
fn prefetch<S: Lanes>(simd: S, segment: &Segment, dim: usize, block: usize, lane: usize) {
    let rows = block * dim..(block + 1) * dim;
    let own = (block * LANES + lane) * dim..(block * LANES + lane + 1) * dim;
    match &segment.copy {
        RowCopy::F32(all) => {
            return all.get(own).unwrap_or(&[]).chunks(16).for_each(|part| simd.prefetch(&part[0]));
        }
        RowCopy::F16(all) => {
            return all.get(own).unwrap_or(&[]).chunks(32).for_each(|part| simd.prefetch(&part[0]));
        }
        RowCopy::None => {}
    }
    match &segment.arrays {
        Arrays::F32(all) => {
            all.get(rows).unwrap_or(&[]).iter().for_each(|row| simd.prefetch(&row.0[lane % LANES]));
        }
        Arrays::F16(all) => {
            all.get(rows).unwrap_or(&[]).iter().for_each(|row| simd.prefetch(&row.0[lane % LANES]));
        }
        Arrays::Int8(arrays) => {
            arrays.vector(dim, block * LANES + lane).chunks(16).for_each(|part| simd.prefetch(&part[0]));
        }
    }
}

/// Up to 64 vectors from anywhere.
struct Gathered {
    rows: Vec<Row>,
    ids: [u64; LANES],
    len: usize,
}

impl Gathered {
    fn new(dim: usize) -> Self {
        Self { rows: vec![Row::ZERO; dim], ids: [0; LANES], len: 0 }
    }

    #[inline(always)]
    fn push(&mut self, segment: &Segment, block: usize, lane: usize) {
        let (dim, at) = (self.rows.len(), self.len % LANES);
        let own = (block * LANES + lane) * dim..(block * LANES + lane + 1) * dim;
        match (&segment.copy, &segment.arrays) {
            (RowCopy::F32(all), _) => {
                for (new, value) in self.rows.iter_mut().zip(all.get(own).unwrap_or(&[])) {
                    new.0[at] = *value;
                }
            }
            (RowCopy::F16(all), _) => {
                for (new, half) in self.rows.iter_mut().zip(all.get(own).unwrap_or(&[])) {
                    new.0[at] = from_half(*half);
                }
            }
            (RowCopy::None, Arrays::F32(rows)) => {
                let rows = rows.get(block * dim..(block + 1) * dim).unwrap_or(&[]);
                for (new, row) in self.rows.iter_mut().zip(rows) {
                    new.0[at] = row.0[lane % LANES];
                }
            }
            (RowCopy::None, Arrays::F16(rows)) => {
                let rows = rows.get(block * dim..(block + 1) * dim).unwrap_or(&[]);
                for (new, row) in self.rows.iter_mut().zip(rows) {
                    new.0[at] = from_half(row.0[lane % LANES]);
                }
            }
            (RowCopy::None, Arrays::Int8(arrays)) => {
                for (new, value) in self.rows.iter_mut().zip(arrays.vector(dim, block * LANES + lane)) {
                    new.0[at] = *value;
                }
            }
        }
        self.ids[at] = segment.ids.get(block * LANES + lane).copied().unwrap_or(0);
        self.len += 1;
    }

    /// The scores are final: nobody asks for the vectors' positions.
    fn block(&self) -> Wanted<'_, &[Row]> {
        let lanes = u64::MAX >> (LANES - self.len);
        Wanted { block: &self.rows, lanes, ids: &self.ids, position: 0 }
    }
}
