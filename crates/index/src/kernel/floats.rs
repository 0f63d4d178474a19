use std::marker::PhantomData;

use super::lanes::Lanes;
use super::{Source, Tile};
use crate::buffer::{HalfRow, Row};
use crate::segment::{Arrays, Segment, Shape};

/// A row that holds one component of 64 vectors.
pub(crate) trait FloatRow: Sized + 'static {
    fn load<S: Lanes>(&self, simd: S, group: usize) -> S::F;
    fn rows(arrays: &Arrays) -> Option<&[Self]>;
}

impl FloatRow for Row {
    #[inline(always)]
    fn load<S: Lanes>(&self, simd: S, group: usize) -> S::F {
        simd.load(self, group)
    }

    #[inline(always)]
    fn rows(arrays: &Arrays) -> Option<&[Self]> {
        if let Arrays::F32(rows) = arrays { Some(rows) } else { None }
    }
}

impl FloatRow for HalfRow {
    #[inline(always)]
    fn load<S: Lanes>(&self, simd: S, group: usize) -> S::F {
        simd.load_halves(self, group)
    }

    #[inline(always)]
    fn rows(arrays: &Arrays) -> Option<&[Self]> {
        if let Arrays::F16(rows) = arrays { Some(rows) } else { None }
    }
}

/// Vectors of floats; inner products, or with `L2` negative squared distances.
pub(crate) struct Floats<R, const L2: bool>(PhantomData<R>);

impl<R: FloatRow, const L2: bool> Source for Floats<R, L2> {
    type Component = f32;
    type Block<'a> = &'a [R];
    type Row = R;

    fn tile<const Q: usize>(queries: &[Vec<f32>]) -> Tile<f32, Q> {
        let dim = queries.first().map_or(0, Vec::len);
        let mut rows = vec![[0.0; Q]; dim];
        for (lane, query) in queries.iter().take(Q).enumerate() {
            for (row, value) in rows.iter_mut().zip(query) {
                row[lane] = *value;
            }
        }
        Tile { rows, offsets: [0; Q], factors: [1.0; Q] }
    }

    #[inline(always)]
    fn block<'a>(segment: &'a Segment, shape: &Shape, block: usize) -> Option<&'a [R]> {
        R::rows(&segment.arrays)?.get(block * shape.dim..(block + 1) * shape.dim)
    }

    #[inline(always)]
    fn rows<'a>(segment: &'a Segment, shape: &Shape, block: usize) -> &'a [R] {
        Self::block(segment, shape, block).unwrap_or(&[])
    }

    #[inline(always)]
    fn scores<S: Lanes, const Q: usize, const W: usize>(
        simd: S,
        tile: &Tile<f32, Q>,
        block: &[R],
        first: usize,
    ) -> [[S::F; W]; Q] {
        let mut sums = [[simd.splat(0.0); W]; Q];
        for (query, row) in tile.rows.iter().zip(block) {
            let mut lanes = [simd.splat(0.0); W];
            for (w, lanes) in lanes.iter_mut().enumerate() {
                *lanes = row.load(simd, first + w);
            }
            for (sums, query) in sums.iter_mut().zip(query) {
                let query = simd.splat(*query);
                for (sum, lanes) in sums.iter_mut().zip(lanes) {
                    *sum = if L2 {
                        let difference = simd.sub(query, lanes);
                        simd.fnma(difference, difference, *sum)
                    } else {
                        simd.fma(query, lanes, *sum)
                    };
                }
            }
        }
        sums
    }
}

/// The score that [`Floats`] has for this one vector, bit for bit.
#[inline(always)]
pub(crate) fn exact<S: Lanes>(simd: S, l2: bool, query: &[f32], vector: &[f32]) -> f32 {
    let mut sum = 0.0;
    if l2 {
        for (query, value) in query.iter().zip(vector) {
            let difference = query - value;
            sum = simd.fma_one(-difference, difference, sum);
        }
    } else {
        for (query, value) in query.iter().zip(vector) {
            sum = simd.fma_one(*query, *value, sum);
        }
    }
    sum
}
