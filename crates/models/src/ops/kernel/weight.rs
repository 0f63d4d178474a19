//! The gradient of the weights.
//!
//! It is a matrix product over all positions: the run of `3 * channels` input values that meets a row of weights, times
//! the output's gradient there. Twelve of the values times two vectors of output channels stay in registers while the
//! positions of some rows go by.

use rayon::prelude::*;
use soundalike_features::SimdLevel;

use super::geometry::{Geometry, Padded};
use super::simd::{Lanes, Work, block, block_of, run};
use super::tile::{add_to, outer};
use super::winograd;

/// At most as many parts of a batch are summed by themselves, and then in order: the result does not depend on how many
/// threads there are.
const PARTS: usize = 8;

/// Positions whose input and gradient are read again and again while they are in the cache.
const POSITIONS: usize = 512;

/// The gradient of `weight`, `[outputs][inputs][3][3]`, given `input` and the output's gradient.
pub(crate) fn weight_gradient(
    geometry: Geometry,
    input: &[f32],
    gradient: &[f32],
    level: SimdLevel,
) -> Vec<f32> {
    if winograd::fits(geometry) {
        return winograd::weight_gradient(geometry, input, gradient, level);
    }
    let (inputs, outputs) = (geometry.input.channels, geometry.output.channels);
    let block = block_of(level);
    let parts = PARTS.min(geometry.output.batch).max(1);
    let len = outputs.div_ceil(block) * 9 * inputs * block;
    let mut sums = vec![0.0; parts * len];
    sums.par_chunks_mut(len.max(1)).enumerate().for_each(|(part, sums)| {
        let mut scratch = Scratch::default();
        let batch = geometry.output.batch;
        for image in batch * part / parts..batch * (part + 1) / parts {
            let input = &input[image * geometry.input.image()..][..geometry.input.image()];
            let gradient = &gradient[image * geometry.output.image()..][..geometry.output.image()];
            scratch.add_image(geometry, input, gradient, level, sums);
        }
    });
    let mut out = vec![0.0; outputs * inputs * 9];
    out.par_chunks_mut((inputs * 9).max(1)).enumerate().for_each(|(output, out)| {
        let first = output / block * 9 * inputs * block + output % block;
        for (at, out) in out.iter_mut().enumerate() {
            let (input, tap) = (at / 9, at % 9);
            let place = first + (tap * inputs + input) * block;
            *out = sums.chunks_exact(len).map(|sums| sums[place]).sum();
        }
    });
    out
}

#[derive(Default)]
struct Scratch {
    padded: Padded,
    gradient: Vec<f32>,
}

impl Scratch {
    fn add_image(
        &mut self,
        geometry: Geometry,
        input: &[f32],
        gradient: &[f32],
        level: SimdLevel,
        sums: &mut [f32],
    ) {
        let (row, channels) = (geometry.output.row(), geometry.output.channels);
        let rows = (POSITIONS / geometry.output.width.max(1)).clamp(1, geometry.output.height.max(1));
        let whole = channels.next_multiple_of(block_of(level));
        for (strip, gradient) in gradient.chunks((rows * row).max(1)).enumerate() {
            let from = strip * rows;
            self.padded.fill(geometry, input, from, from + gradient.len() / row);
            let gradient = if whole == channels {
                gradient
            } else {
                self.gradient.clear();
                self.gradient.resize(gradient.len() / channels * whole, 0.0);
                let pixels = self.gradient.chunks_exact_mut(whole).zip(gradient.chunks_exact(channels));
                for (wide, pixel) in pixels {
                    wide[..channels].copy_from_slice(pixel);
                }
                &self.gradient
            };
            run(level, Rows { geometry, padded: &self.padded, from, gradient, channels: whole, sums });
        }
    }
}

struct Rows<'a> {
    geometry: Geometry,
    padded: &'a Padded,
    from: usize,
    gradient: &'a [f32],
    /// Of the gradient: a multiple of the block.
    channels: usize,
    sums: &'a mut [f32],
}

impl Work for Rows<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, s: L) {
        let reach = self.geometry.reach();
        let Self { geometry, padded, from, gradient, channels, sums } = self;
        for (number, sums) in sums.chunks_exact_mut(3 * reach * block::<L>()).enumerate() {
            for (tap, sums) in sums.chunks_exact_mut(reach * block::<L>()).enumerate() {
                let place =
                    Place { geometry, padded, from, gradient, channels, tap, first: number * block::<L>() };
                let mut at = 0;
                while at < reach {
                    let sums = &mut sums[at * block::<L>()..];
                    at += match reach - at {
                        12.. if L::WIDE => place.add::<L, 12>(s, at, sums),
                        6.. => place.add::<L, 6>(s, at, sums),
                        _ => place.add::<L, 3>(s, at, sums),
                    };
                }
            }
        }
    }
}

struct Place<'a> {
    geometry: Geometry,
    padded: &'a Padded,
    from: usize,
    gradient: &'a [f32],
    channels: usize,
    tap: usize,
    first: usize,
}

impl Place<'_> {
    /// Adds the gradients of the `A` weights from `at` on; `A`.
    #[inline(always)]
    fn add<L: Lanes, const A: usize>(&self, s: L, at: usize, out: &mut [f32]) -> usize {
        let width = self.geometry.output.width;
        let mut sums = [[s.splat(0.0); 2]; A];
        for (number, gradient) in self.gradient.chunks_exact(width * self.channels).enumerate() {
            let Some(source) = self.geometry.source(self.from + number, self.tap) else { continue };
            let values = &self.padded.row(source)[at..];
            let step = self.geometry.step();
            for (position, gradient) in gradient.chunks_exact(self.channels).enumerate() {
                let gradient = &gradient[self.first..][..block::<L>()];
                outer(s, &values[position * step..][..A], gradient, &mut sums);
            }
        }
        add_to(s, sums, out);
        A
    }
}
