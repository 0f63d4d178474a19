//! The convolution itself, which is also the one of the input's gradient.
//!
//! Channels come last, so that the three positions that meet a row of weights are one run of `3 * channels` values.
//! A tile of neighbouring positions times two vectors of output channels stays in registers while that run goes by:
//! one value of each position and two vectors of weights for each step.

use rayon::prelude::*;
use soundalike_features::SimdLevel;

use super::geometry::{Geometry, Padded};
use super::simd::{Lanes, Work, block, block_of, run};

/// Weights in the order in which the kernel reads them: `[block of outputs][row][column][input][output]`.
pub(crate) struct Packed {
    values: Vec<f32>,
    level: SimdLevel,
}

impl Packed {
    /// Packs `weight`, `[outputs][inputs][3][3]`.
    pub(crate) fn new(weight: &[f32], outputs: usize, inputs: usize, level: SimdLevel) -> Self {
        Self::from_fn(outputs, inputs, level, |output, input, tap| {
            weight[(output * inputs + input) * 9 + tap]
        })
    }

    /// Packs the weights that take the outputs' gradient to the inputs': mirrored, and the other way round.
    pub(crate) fn backward(weight: &[f32], outputs: usize, inputs: usize, level: SimdLevel) -> Self {
        Self::from_fn(inputs, outputs, level, |input, output, tap| {
            weight[(output * inputs + input) * 9 + 8 - tap]
        })
    }

    fn from_fn(
        outputs: usize,
        inputs: usize,
        level: SimdLevel,
        weight: impl Fn(usize, usize, usize) -> f32 + Sync,
    ) -> Self {
        let block = block_of(level);
        let mut values = vec![0.0; outputs.div_ceil(block) * 9 * inputs * block];
        values.par_chunks_mut(9 * inputs * block).enumerate().for_each(|(number, values)| {
            let first = number * block;
            for (at, lanes) in values.chunks_exact_mut(block).enumerate() {
                for (lane, output) in lanes.iter_mut().zip(first..outputs) {
                    *lane = weight(output, at % inputs, at / inputs);
                }
            }
        });
        Self { values, level }
    }

    /// The level that the weights are packed for.
    pub(crate) fn level(&self) -> SimdLevel {
        self.level
    }
}

/// Convolves all images.
pub(crate) fn convolve(geometry: Geometry, input: &[f32], weights: &Packed, out: &mut [f32]) {
    let strip = geometry.strip(rayon::current_num_threads(), false);
    strips(strip, geometry.output.row(), geometry.output.image(), out).into_par_iter().for_each_init(
        Padded::default,
        |padded, (image, from, out)| {
            let image = &input[image * geometry.input.image()..][..geometry.input.image()];
            rows(geometry, image, from, weights, padded, out);
        },
    );
}

/// Splits `out` in strips of rows: number of the image, first row, values.
pub(crate) fn strips(
    rows: usize,
    row: usize,
    image: usize,
    out: &mut [f32],
) -> Vec<(usize, usize, &mut [f32])> {
    out.chunks_mut(image.max(1))
        .enumerate()
        .flat_map(|(number, values)| {
            let strips = values.chunks_mut((rows * row).max(1));
            strips.enumerate().map(move |(i, strip)| (number, i * rows, strip))
        })
        .collect()
}

/// Computes the output rows from `from` on that `out` has room for.
pub(crate) fn rows(
    geometry: Geometry,
    image: &[f32],
    from: usize,
    weights: &Packed,
    padded: &mut Padded,
    out: &mut [f32],
) {
    let to = from + out.len() / geometry.output.row().max(1);
    padded.fill(geometry, image, from, to);
    run(weights.level, Rows { geometry, padded, from, weights: &weights.values, out });
}

struct Rows<'a> {
    geometry: Geometry,
    padded: &'a Padded,
    from: usize,
    weights: &'a [f32],
    out: &'a mut [f32],
}

/// Positions that are computed at once.
const WIDE_TILES: [usize; 6] = [13, 11, 8, 4, 2, 1];
const NARROW_TILES: [usize; 4] = [6, 4, 2, 1];

/// The tile that wastes least on `width` positions.
fn best_tile(tiles: &[usize], width: usize) -> usize {
    // What a tile costs besides its positions.
    const FIXED: usize = 1;
    let cost = |tile: &usize| width.div_ceil(*tile) * (tile + FIXED);
    tiles.iter().copied().filter(|tile| *tile <= width).min_by_key(cost).unwrap_or(1)
}

impl Work for Rows<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, s: L) {
        let Self { geometry, padded, from, weights, out } = self;
        let (width, channels) = (geometry.output.width, geometry.output.channels);
        let reach = geometry.reach();
        let tile = best_tile(if L::WIDE { &WIDE_TILES } else { &NARROW_TILES }, width);
        for (number, weights) in weights.chunks_exact(3 * reach * block::<L>()).enumerate() {
            let first = number * block::<L>();
            for (row, out) in out.chunks_exact_mut(geometry.output.row()).enumerate() {
                let sources: [Option<&[f32]>; 3] = std::array::from_fn(|tap| {
                    geometry.source(from + row, tap).map(|source| padded.row(source))
                });
                let mut at = 0;
                while at < width {
                    // The last tile overlaps the one before it.
                    at = at.min(width - tile);
                    let place = Place { sources, weights, reach, step: geometry.step(), at };
                    let out = &mut out[at * channels..];
                    match tile {
                        13 if L::WIDE => place.tile::<L, 13>(s, out, channels, first),
                        11 if L::WIDE => place.tile::<L, 11>(s, out, channels, first),
                        8 if L::WIDE => place.tile::<L, 8>(s, out, channels, first),
                        6 if !L::WIDE => place.tile::<L, 6>(s, out, channels, first),
                        4 => place.tile::<L, 4>(s, out, channels, first),
                        2 => place.tile::<L, 2>(s, out, channels, first),
                        _ => place.tile::<L, 1>(s, out, channels, first),
                    }
                    at += tile;
                }
            }
        }
    }
}

/// Where a tile's values are.
struct Place<'a> {
    sources: [Option<&'a [f32]>; 3],
    weights: &'a [f32],
    reach: usize,
    step: usize,
    at: usize,
}

impl Place<'_> {
    #[inline(always)]
    fn tile<L: Lanes, const P: usize>(self, s: L, out: &mut [f32], channels: usize, first: usize) {
        let Self { sources, weights, reach, step, at } = self;
        let mut sums = [[s.splat(0.0); 2]; P];
        for (source, weights) in sources.into_iter().zip(weights.chunks_exact(reach * block::<L>())) {
            let Some(source) = source else { continue };
            let mut values: [&[f32]; P] = [&[]; P];
            for (p, values) in values.iter_mut().enumerate() {
                *values = &source[(at + p) * step..][..reach];
            }
            for (j, weights) in (0..reach).zip(weights.chunks_exact(block::<L>())) {
                let (low, high) = weights.split_at(L::N);
                let (low, high) = (s.load(low), s.load(high));
                for (sums, values) in sums.iter_mut().zip(&values) {
                    let value = s.splat(values[j]);
                    sums[0] = s.mul_add(value, low, sums[0]);
                    sums[1] = s.mul_add(value, high, sums[1]);
                }
            }
        }
        for (p, sums) in sums.into_iter().enumerate() {
            store(s, sums, &mut out[p * channels..][..channels][first..]);
        }
    }
}

/// Writes as many of two vectors' values as `out` has room for.
#[inline(always)]
fn store<L: Lanes>(s: L, sums: [L::V; 2], out: &mut [f32]) {
    if let Some((out, _)) = out.split_at_mut_checked(block::<L>()) {
        let (low, high) = out.split_at_mut(L::N);
        s.store(sums[0], low);
        s.store(sums[1], high);
    } else {
        let mut all = [0.0; 32];
        let (low, high) = all[..block::<L>()].split_at_mut(L::N);
        s.store(sums[0], low);
        s.store(sums[1], high);
        for (out, value) in out.iter_mut().zip(all) {
            *out = value;
        }
    }
}
