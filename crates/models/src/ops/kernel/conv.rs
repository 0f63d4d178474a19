//! The convolution itself, which is also the one of the input's gradient.
//!
//! Channels come last, so that the three positions that meet a row of weights are one run of `3 * channels` values.
//! A tile of neighbouring positions times two vectors of output channels stays in registers while that run goes by:
//! one value of each position and two vectors of weights for each step.

use rayon::prelude::*;
use soundalike_features::SimdLevel;

use super::geometry::{Geometry, Padded};
use super::simd::{Lanes, Work, block, block_of, run};
use super::tile::{best_tile, for_tile, multiply};
use super::winograd::{self, Finish};

/// Weights in the order in which the kernel reads them.
pub(crate) struct Packed {
    values: Vec<f32>,
    level: SimdLevel,
    /// Whether they are Winograd's forms; else `[block of outputs][row][column][input][output]`.
    forms: bool,
}

impl Packed {
    /// Packs `weight`, `[outputs][inputs][3][3]`, for a convolution.
    pub(crate) fn new(geometry: Geometry, weight: &[f32], level: SimdLevel) -> Self {
        let inputs = geometry.input.channels;
        Self::from_fn(geometry, level, |output, input, tap| weight[(output * inputs + input) * 9 + tap])
    }

    /// Packs the weights that take the outputs' gradient to the inputs', for [`Geometry::backward`]: mirrored, and the
    /// other way round.
    pub(crate) fn backward(geometry: Geometry, weight: &[f32], level: SimdLevel) -> Self {
        let inputs = geometry.output.channels;
        Self::from_fn(geometry, level, |input, output, tap| weight[(output * inputs + input) * 9 + 8 - tap])
    }

    fn from_fn(
        geometry: Geometry,
        level: SimdLevel,
        weight: impl Fn(usize, usize, usize) -> f32 + Sync,
    ) -> Self {
        let (inputs, outputs) = (geometry.input.channels, geometry.output.channels);
        let block = block_of(level);
        if winograd::fits(geometry) {
            let values = winograd::pack_kernel(outputs, inputs, level, weight);
            return Self { values, level, forms: true };
        }
        let mut values = vec![0.0; outputs.div_ceil(block) * 9 * inputs * block];
        values.par_chunks_mut(9 * inputs * block).enumerate().for_each(|(number, values)| {
            let first = number * block;
            for (at, lanes) in values.chunks_exact_mut(block).enumerate() {
                for (lane, output) in lanes.iter_mut().zip(first..outputs) {
                    *lane = weight(output, at % inputs, at / inputs);
                }
            }
        });
        Self { values, level, forms: false }
    }

    /// The level that the weights are packed for.
    pub(crate) fn level(&self) -> SimdLevel {
        self.level
    }

    /// Winograd's forms, if they are that.
    pub(crate) fn forms(&self) -> Option<&[f32]> {
        self.forms.then_some(&self.values)
    }
}

/// Convolves all images.
pub(crate) fn convolve(geometry: Geometry, input: &[f32], weights: &Packed, out: &mut [f32]) {
    if let Some(forms) = weights.forms() {
        return winograd::convolve(geometry, input, forms, Finish::Nothing, weights.level, out);
    }
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

impl Work for Rows<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, s: L) {
        let Self { geometry, padded, from, weights, out } = self;
        let (width, channels) = (geometry.output.width, geometry.output.channels);
        let reach = geometry.reach();
        let tile = best_tile::<L>(width);
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
                    for_tile!(tile, L, compute, s, place, out, channels, first);
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

#[inline(always)]
fn compute<L: Lanes, const P: usize>(s: L, place: Place<'_>, out: &mut [f32], channels: usize, first: usize) {
    let Place { sources, weights, reach, step, at } = place;
    let mut sums = [[s.splat(0.0); 2]; P];
    for (source, weights) in sources.into_iter().zip(weights.chunks_exact(reach * block::<L>())) {
        if let Some(source) = source {
            multiply(s, &source[at * step..], step, reach, weights, &mut sums);
        }
    }
    for (p, sums) in sums.into_iter().enumerate() {
        store(s, sums, &mut out[p * channels..][..channels][first..]);
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
