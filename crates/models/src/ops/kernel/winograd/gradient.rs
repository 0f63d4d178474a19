//! The gradient of the weights.

use std::ops::Range;

use rayon::prelude::*;
use soundalike_features::SimdLevel;

use super::super::geometry::Geometry;
use super::super::simd::{Lanes, Work, block, block_of, run};
use super::super::tile::{add_to, outer};
use super::FORM;
use super::plan::{Aligned, Tiles, plane};
use super::transform::{Places, gradients, inputs};
use super::weights::unpack_gradient;
use crate::ops::memory;

/// A batch is summed in at most so many parts, and those then in order.
const PARTS: usize = 8;
/// Values that all parts may have.
const MEMORY: usize = 2 << 20;
/// Blocks of output channels of a task: all of them need the inputs' forms.
const BLOCKS: usize = 4;

/// The gradient of `weight`, `[outputs][inputs][3][3]`, given `input` and the output's gradient.
pub(crate) fn weight_gradient(
    geometry: Geometry,
    input: &[f32],
    gradient: &[f32],
    level: SimdLevel,
) -> Vec<f32> {
    let (inputs, outputs) = (geometry.input.channels, geometry.output.channels);
    let block = block_of(level);
    let whole = inputs.next_multiple_of(block / 2);
    let of_block = FORM * whole * block;
    let len = outputs.div_ceil(block) * of_block;
    let all_rows = Tiles::new(geometry.input).all_rows();
    // Of the shape alone: the result does not depend on the number of threads.
    let parts = (MEMORY / len.max(1)).clamp(2, PARTS).min(all_rows).max(1);
    let zeros = vec![0.0; inputs];
    let mut sums = memory::take(parts * len);
    let tasks: Vec<_> = sums
        .chunks_mut(len)
        .enumerate()
        .flat_map(|(part, sums)| {
            let rows = all_rows * part / parts..all_rows * (part + 1) / parts;
            let groups = sums.chunks_mut(BLOCKS * of_block).enumerate();
            groups.map(move |(group, sums)| (rows.clone(), group * BLOCKS * block, sums))
        })
        .collect();
    tasks.into_par_iter().for_each_init(<[Aligned; 2]>::default, |memory, (rows, first, sums)| {
        sums.fill(0.0);
        run(level, Task { geometry, input, zeros: &zeros, gradient, rows, first, memory, sums });
    });
    let summed: Vec<&[f32]> = sums.chunks_exact(len).collect();
    let out = unpack_gradient(outputs, inputs, whole, &summed, level);
    memory::give(sums);
    out
}

struct Task<'a> {
    geometry: Geometry,
    input: &'a [f32],
    /// One pixel beyond the border.
    zeros: &'a [f32],
    gradient: &'a [f32],
    /// Of tiles.
    rows: Range<usize>,
    /// The first output channel.
    first: usize,
    memory: &'a mut [Aligned; 2],
    /// `[block][number][input][output]`, with inputs for whole vectors.
    sums: &'a mut [f32],
}

impl Work for Task<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, s: L) {
        let Self { geometry, input, zeros, gradient, rows, first, memory, sums } = self;
        let (tiles, tiles_out) = (Tiles::new(geometry.input), Tiles::new(geometry.output));
        let channels = geometry.input.channels;
        let whole = channels.next_multiple_of(L::N);
        let [forms, forms_out] = memory;
        for range in tiles.blocks(rows.start * tiles.columns..rows.end * tiles.columns, channels) {
            let count = range.len();
            let (plane_in, plane_out) = (plane(count, whole), plane(count, block::<L>()));
            let forms = forms.get(FORM * plane_in);
            let forms_out = forms_out.get(FORM * plane_out);
            // The tiles' values of one vector of channels lie side by side.
            let places = Places { plane: plane_in, tile_step: L::N, channel_step: count, whole: true };
            inputs(s, tiles, input, zeros, range.clone(), forms, places);
            for (number, sums) in sums.chunks_exact_mut(FORM * whole * block::<L>()).enumerate() {
                gradients(s, tiles_out, gradient, first + number * block::<L>(), range.clone(), forms_out);
                let planes = forms.chunks_exact(plane_in).zip(forms_out.chunks_exact(plane_out));
                for ((forms, forms_out), sums) in planes.zip(sums.chunks_exact_mut(whole * block::<L>())) {
                    let vectors = forms.chunks_exact(count * L::N);
                    for (forms, sums) in vectors.zip(sums.chunks_exact_mut(L::N * block::<L>())) {
                        if L::WIDE {
                            add::<L, 8>(s, forms, forms_out, count, sums);
                        } else {
                            add::<L, 4>(s, forms, forms_out, count, sums);
                        }
                    }
                }
            }
        }
    }
}

/// Adds the gradients of a vector's weights, `A` at once.
#[inline(always)]
fn add<L: Lanes, const A: usize>(s: L, forms: &[f32], gradients: &[f32], tiles: usize, out: &mut [f32]) {
    for (at, out) in out.chunks_exact_mut(A * block::<L>()).enumerate() {
        let mut sums = [[s.splat(0.0); 2]; A];
        for (values, weights) in
            forms.chunks_exact(L::N).zip(gradients.chunks_exact(block::<L>())).take(tiles)
        {
            outer(s, &values[at * A..][..A], weights, &mut sums);
        }
        add_to(s, sums, out);
    }
}
