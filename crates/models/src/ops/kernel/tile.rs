//! The inner loop of every product: some rows of values times two vectors of columns, in registers.

use super::simd::{Lanes, block};

/// Rows that are computed at once.
const WIDE_TILES: [usize; 6] = [13, 11, 8, 4, 2, 1];
const NARROW_TILES: [usize; 4] = [6, 4, 2, 1];

/// How many of `rows` rows are best computed at once: as many as there are registers for, and so that few are computed
/// twice.
#[inline(always)]
pub(crate) fn best_tile<L: Lanes>(rows: usize) -> usize {
    // What a tile costs besides its rows.
    const FIXED: usize = 1;
    let tiles: &[usize] = if L::WIDE { &WIDE_TILES } else { &NARROW_TILES };
    let cost = |tile: &usize| rows.div_ceil(*tile) * (tile + FIXED);
    tiles.iter().copied().filter(|tile| *tile <= rows).min_by_key(cost).unwrap_or(1)
}

/// Calls `$work::<L, P>($args)` with `P` the value of `$tile`, which is one of [`best_tile`].
macro_rules! for_tile {
    ($tile:expr, $l:ident, $work:ident, $($args:expr),*) => {
        match $tile {
            13 if $l::WIDE => $work::<$l, 13>($($args),*),
            11 if $l::WIDE => $work::<$l, 11>($($args),*),
            8 if $l::WIDE => $work::<$l, 8>($($args),*),
            6 if !$l::WIDE => $work::<$l, 6>($($args),*),
            4 => $work::<$l, 4>($($args),*),
            2 => $work::<$l, 2>($($args),*),
            _ => $work::<$l, 1>($($args),*),
        }
    };
}
pub(crate) use for_tile;

/// Adds to `sums` the products of the `P` rows of `reach` values that begin at `values[p * step]` with `weights`.
#[inline(always)]
pub(crate) fn multiply<L: Lanes, const P: usize>(
    s: L,
    values: &[f32],
    step: usize,
    reach: usize,
    weights: &[f32],
    sums: &mut [[L::V; 2]; P],
) {
    let mut rows: [&[f32]; P] = [&[]; P];
    for (p, row) in rows.iter_mut().enumerate() {
        *row = &values[p * step..][..reach];
    }
    for (j, weights) in (0..reach).zip(weights.chunks_exact(block::<L>())) {
        let (low, high) = weights.split_at(L::N);
        let (low, high) = (s.load(low), s.load(high));
        for (sums, row) in sums.iter_mut().zip(&rows) {
            let value = s.splat(row[j]);
            sums[0] = s.mul_add(value, low, sums[0]);
            sums[1] = s.mul_add(value, high, sums[1]);
        }
    }
}

/// Adds to `sums` the product of each of `A` values with two vectors of weights.
#[inline(always)]
pub(crate) fn outer<L: Lanes, const A: usize>(
    s: L,
    values: &[f32],
    weights: &[f32],
    sums: &mut [[L::V; 2]; A],
) {
    let (low, high) = weights.split_at(L::N);
    let (low, high) = (s.load(low), s.load(high));
    for (sums, value) in sums.iter_mut().zip(values) {
        let value = s.splat(*value);
        sums[0] = s.mul_add(value, low, sums[0]);
        sums[1] = s.mul_add(value, high, sums[1]);
    }
}

/// Adds rows of sums to those in `out`.
#[inline(always)]
pub(crate) fn add_to<L: Lanes, const A: usize>(s: L, sums: [[L::V; 2]; A], out: &mut [f32]) {
    for (sums, out) in sums.into_iter().zip(out.chunks_exact_mut(block::<L>())) {
        let (low, high) = out.split_at_mut(L::N);
        s.store(s.add(s.load(low), sums[0]), low);
        s.store(s.add(s.load(high), sums[1]), high);
    }
}
