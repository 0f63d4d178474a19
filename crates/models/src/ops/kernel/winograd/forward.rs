//! The convolution.

use rayon::prelude::*;
use soundalike_features::SimdLevel;

use super::super::geometry::{Geometry, Images};
use super::super::norm::Affine;
use super::super::simd::{Lanes, Work, block, run};
use super::super::tile::{best_tile, for_tile, multiply};
use super::FORM;
use super::plan::{Aligned, Corner, Tiles, Walk, plane};
use super::transform::{self, inputs, outputs};

/// What is done with the sums.
#[derive(Clone, Copy)]
pub(crate) enum Finish<'a> {
    /// They are the output.
    Nothing,
    /// Each channel's normalisation and ReLU.
    Rectify(&'a Affine),
    /// That and 2 x 2 max pooling.
    Pool(&'a Affine),
}

/// Convolves all images; `weights` are from [`super::pack_kernel`] with the block of `level`.
pub(crate) fn convolve(
    geometry: Geometry,
    input: &[f32],
    weights: &[f32],
    finish: Finish<'_>,
    level: SimdLevel,
    out: &mut [f32],
) {
    let tiles = Tiles::new(geometry.input);
    let images = match finish {
        Finish::Pool(_) => geometry.output.pooled(),
        _ => geometry.output,
    };
    let zeros = vec![0.0; geometry.input.channels];
    let tasks = tasks(tiles, images, matches!(finish, Finish::Pool(_)), out);
    tasks.into_par_iter().for_each_init(<[Aligned; 2]>::default, |memory, (rows, out)| {
        run(level, Task { tiles, images, input, zeros: &zeros, weights, finish, rows, memory, out });
    });
}

/// Splits `out` at rows of tiles, some of which are a task.
fn tasks(
    tiles: Tiles,
    images: Images,
    pool: bool,
    out: &mut [f32],
) -> Vec<(std::ops::Range<usize>, &mut [f32])> {
    /// Tiles that are enough for a task, and tasks that are enough for a thread.
    const ENOUGH: usize = 256;
    const TASKS: usize = 4;
    let shared = tiles.all_rows().div_ceil(TASKS * rayon::current_num_threads().max(1));
    let rows = ENOUGH.div_ceil(tiles.columns).min(shared).max(1);
    let mut rest = out;
    let mut tasks = Vec::new();
    for from in (0..tiles.all_rows()).step_by(rows) {
        let to = (from + rows).min(tiles.all_rows());
        let len = (first_row(tiles, images, pool, to) - first_row(tiles, images, pool, from)) * images.row();
        let (head, tail) = rest.split_at_mut(len);
        rest = tail;
        tasks.push((from..to, head));
    }
    tasks
}

/// The first row of outputs, counted through all images, of a row of tiles.
#[inline(always)]
fn first_row(tiles: Tiles, images: Images, pool: bool, row: usize) -> usize {
    let in_image = row % tiles.rows * if pool { 1 } else { 2 };
    row / tiles.rows * images.height + in_image.min(images.height)
}

struct Task<'a> {
    tiles: Tiles,
    /// The outputs.
    images: Images,
    input: &'a [f32],
    /// One pixel beyond the border.
    zeros: &'a [f32],
    weights: &'a [f32],
    finish: Finish<'a>,
    /// Of tiles.
    rows: std::ops::Range<usize>,
    memory: &'a mut [Aligned; 2],
    out: &'a mut [f32],
}

impl Work for Task<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, s: L) {
        let Self { tiles, images, input, zeros, weights, finish, rows, memory, out } = self;
        let channels = tiles.images.channels;
        let start = first_row(tiles, images, matches!(finish, Finish::Pool(_)), rows.start);
        let [forms, sums] = memory;
        for range in tiles.blocks(rows.start * tiles.columns..rows.end * tiles.columns, channels) {
            let (plane_in, plane_out) = (plane(range.len(), channels), plane(range.len(), block::<L>()));
            let forms = forms.get(FORM * plane_in);
            let sums = sums.get(FORM * plane_out);
            let places =
                transform::Places { plane: plane_in, tile_step: channels, channel_step: 1, whole: false };
            inputs(s, tiles, input, zeros, range.clone(), forms, places);
            for (number, weights) in weights.chunks_exact(FORM * channels * block::<L>()).enumerate() {
                let planes = forms.chunks_exact(plane_in).zip(sums.chunks_exact_mut(plane_out));
                for ((forms, sums), weights) in planes.zip(weights.chunks_exact(channels * block::<L>())) {
                    let tile = best_tile::<L>(range.len());
                    let mut at = 0;
                    while at < range.len() {
                        at = at.min(range.len() - tile);
                        let (forms, sums) = (&forms[at * channels..], &mut sums[at * block::<L>()..]);
                        for_tile!(tile, L, product, s, forms, channels, weights, sums);
                        at += tile;
                    }
                }
                let first = number * block::<L>();
                let places = Places { images, start, first, finish };
                if images.channels >= first + block::<L>() {
                    places.write::<L, true>(s, tiles.walk(range.clone()), sums, plane_out, out);
                } else {
                    places.write::<L, false>(s, tiles.walk(range.clone()), sums, plane_out, out);
                }
            }
        }
    }
}

#[inline(always)]
fn product<L: Lanes, const P: usize>(s: L, values: &[f32], reach: usize, weights: &[f32], out: &mut [f32]) {
    let mut sums = [[s.splat(0.0); 2]; P];
    multiply(s, values, reach, reach, weights, &mut sums);
    for (sums, out) in sums.into_iter().zip(out.chunks_exact_mut(block::<L>())) {
        let (low, high) = out.split_at_mut(L::N);
        s.store(sums[0], low);
        s.store(sums[1], high);
    }
}

/// Where a block's outputs go.
struct Places<'a> {
    images: Images,
    /// The first row of outputs that there is room for.
    start: usize,
    /// The first channel.
    first: usize,
    finish: Finish<'a>,
}

impl Places<'_> {
    /// Writes the outputs of some tiles, whose forms are `sums`. `WHOLE`: all of the block's channels count.
    #[inline(always)]
    fn write<L: Lanes, const WHOLE: bool>(
        &self,
        s: L,
        walk: Walk,
        sums: &[f32],
        plane: usize,
        out: &mut [f32],
    ) {
        for (i, corner) in walk.enumerate() {
            for part in [0, L::N] {
                let channel = self.first + part;
                if !WHOLE && channel >= self.images.channels {
                    continue;
                }
                let mut y = outputs(s, sums, plane, i * block::<L>() + part);
                if let Finish::Rectify(affine) | Finish::Pool(affine) = self.finish {
                    let (scale, shift) = (s.get(&affine.scale, channel), s.get(&affine.shift, channel));
                    let mean = s.get(&affine.mean, channel);
                    for y in &mut y {
                        *y = s.mul_add(s.sub(*y, mean), scale, shift);
                    }
                    if matches!(self.finish, Finish::Pool(_)) {
                        let best = s.maximum(s.maximum(y[0], y[1]), s.maximum(y[2], y[3]));
                        let Corner { image, row, column } = corner;
                        let corner = Corner { image, row: row / 2, column: column / 2 };
                        self.put::<L, WHOLE>(s, s.rectify(best), corner, channel, out);
                        continue;
                    }
                    for y in &mut y {
                        *y = s.rectify(*y);
                    }
                }
                for (i, y) in y.into_iter().enumerate() {
                    let corner = Corner { row: corner.row + i / 2, column: corner.column + i % 2, ..corner };
                    self.put::<L, WHOLE>(s, y, corner, channel, out);
                }
            }
        }
    }

    #[inline(always)]
    fn put<L: Lanes, const WHOLE: bool>(
        &self,
        s: L,
        y: L::V,
        corner: Corner,
        channel: usize,
        out: &mut [f32],
    ) {
        let Images { height, width, channels, .. } = self.images;
        let Corner { image, row, column } = corner;
        if row >= height || column >= width {
            return;
        }
        let at = ((image * height + row - self.start) * width + column) * channels + channel;
        if WHOLE {
            s.store(y, &mut out[at..at + L::N]);
        } else {
            s.put(y, out, at, channels - channel);
        }
    }
}
