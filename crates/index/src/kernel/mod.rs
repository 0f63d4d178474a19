//! Scores of a block: one accumulator a vector, components in dimension order, fused multiply-adds. Every path does
//! exactly these operations, so every path gives the same bits.

mod codes;
mod floats;
mod lanes;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use codes::Codes;
pub(crate) use floats::{Floats, exact};
pub(crate) use lanes::{GROUP, GROUPS, Lanes, Portable};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

use crate::segment::{Segment, Shape};

/// Queries that share one pass over a block: their sums fill three quarters of the registers.
pub(crate) const TILE: usize = 6;

/// Up to `Q` queries as a kernel wants them.
#[derive(Debug, Clone)]
pub(crate) struct Tile<C, const Q: usize> {
    /// For each row of a block what each query has there.
    pub(crate) rows: Vec<[C; Q]>,
    /// What a query adds to all its sums.
    pub(crate) offsets: [i32; Q],
    /// What a query multiplies all its sums with.
    pub(crate) factors: [f32; Q],
}

impl<C: Copy + Default, const Q: usize> Tile<C, Q> {
    /// Makes it of queries that are tiles of one.
    pub(crate) fn combine<'a>(&mut self, queries: impl Iterator<Item = &'a Tile<C, 1>>)
    where
        C: 'a,
    {
        self.rows.fill([C::default(); Q]);
        for (lane, query) in queries.take(Q).enumerate() {
            self.rows.resize(query.rows.len(), [C::default(); Q]);
            for (row, [component]) in self.rows.iter_mut().zip(&query.rows) {
                row[lane] = *component;
            }
            self.offsets[lane] = query.offsets[0];
            self.factors[lane] = query.factors[0];
        }
    }
}

impl<C, const Q: usize> Default for Tile<C, Q> {
    fn default() -> Self {
        Self { rows: Vec::new(), offsets: [0; Q], factors: [1.0; Q] }
    }
}

/// A form of stored vectors that can be scanned.
pub(crate) trait Source {
    /// What a query has for one row of a block; the default is that of a zero vector.
    type Component: Copy + Default;
    /// A block's arrays.
    type Block<'a>: Copy;
    /// What the greatest of a block's arrays consists of.
    type Row;

    /// Up to `Q` queries; those that are missing are zero vectors.
    fn tile<const Q: usize>(queries: &[Vec<f32>]) -> Tile<Self::Component, Q>;

    /// A block of a segment; none when the segment holds another form.
    fn block<'a>(segment: &'a Segment, shape: &Shape, block: usize) -> Option<Self::Block<'a>>;

    /// The greatest of a block's arrays; empty when there is no such block.
    fn rows<'a>(segment: &'a Segment, shape: &Shape, block: usize) -> &'a [Self::Row];

    /// Scores of the `W` groups from `first` on. They are the final ones but for [`crate::neighbor::finish`].
    fn scores<S: Lanes, const Q: usize, const W: usize>(
        simd: S,
        tile: &Tile<Self::Component, Q>,
        block: Self::Block<'_>,
        first: usize,
    ) -> [[S::F; W]; Q];
}

#[cfg(test)]
mod tests;
