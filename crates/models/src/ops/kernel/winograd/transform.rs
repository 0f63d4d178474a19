//! From values of images to forms and back.

use super::super::simd::{Lanes, block};
use super::plan::{Corner, Tiles, plane};

/// Four inputs of a line.
#[inline(always)]
fn input_line<L: Lanes>(s: L, d: [L::V; 4]) -> [L::V; 4] {
    [s.sub(d[0], d[2]), s.add(d[1], d[2]), s.sub(d[2], d[1]), s.sub(d[1], d[3])]
}

/// Two outputs' gradients of a line.
#[inline(always)]
fn gradient_line<L: Lanes>(s: L, y: [L::V; 2]) -> [L::V; 4] {
    [y[0], s.add(y[0], y[1]), s.sub(y[0], y[1]), s.sub(s.splat(0.0), y[1])]
}

/// Two outputs of a line.
#[inline(always)]
fn output_line<L: Lanes>(s: L, m: [L::V; 4]) -> [L::V; 2] {
    [s.add(s.add(m[0], m[1]), m[2]), s.sub(s.sub(m[1], m[2]), m[3])]
}

/// A vector of `values`; `WHOLE` says that there is one.
#[inline(always)]
fn get<L: Lanes, const WHOLE: bool>(s: L, values: &[f32], at: usize) -> L::V {
    if WHOLE { s.load(&values[at..at + L::N]) } else { s.get(values, at) }
}

/// Where the forms of inputs lie.
#[derive(Clone, Copy)]
pub(super) struct Places {
    pub(super) plane: usize,
    pub(super) tile_step: usize,
    pub(super) channel_step: usize,
    /// Whether there is room for whole vectors.
    pub(super) whole: bool,
}

/// The forms of the inputs of some tiles: number `n` of a channel of the `t`-th tile lies at
/// `n * plane + t * tile_step + channel * channel_step`, and with it those of a vector of channels.
#[inline(always)]
pub(super) fn inputs<L: Lanes>(
    s: L,
    tiles: Tiles,
    x: &[f32],
    zeros: &[f32],
    range: std::ops::Range<usize>,
    forms: &mut [f32],
    places: Places,
) {
    // Whole vectors need no look at where they end.
    if tiles.images.channels.is_multiple_of(L::N) {
        inputs_of::<L, true>(s, tiles, x, zeros, range, forms, places);
    } else {
        inputs_of::<L, false>(s, tiles, x, zeros, range, forms, places);
    }
}

#[inline(always)]
fn inputs_of<L: Lanes, const WHOLE: bool>(
    s: L,
    tiles: Tiles,
    x: &[f32],
    zeros: &[f32],
    range: std::ops::Range<usize>,
    forms: &mut [f32],
    Places { plane, tile_step, channel_step, whole }: Places,
) {
    let channels = tiles.images.channels;
    for (number, corner) in tiles.walk(range).enumerate() {
        let patch = tiles.patch(x, zeros, corner);
        for at in (0..channels).step_by(L::N) {
            let mut lines = [[s.splat(0.0); 4]; 4];
            for (i, line) in lines.iter_mut().enumerate() {
                let [a, b, c, d] = [patch[4 * i], patch[4 * i + 1], patch[4 * i + 2], patch[4 * i + 3]];
                *line = input_line(
                    s,
                    [
                        get::<L, WHOLE>(s, a, at),
                        get::<L, WHOLE>(s, b, at),
                        get::<L, WHOLE>(s, c, at),
                        get::<L, WHOLE>(s, d, at),
                    ],
                );
            }
            let [a, b, c, d] = lines;
            for (j, (((a, b), c), d)) in a.into_iter().zip(b).zip(c).zip(d).enumerate() {
                let column = input_line(s, [a, b, c, d]);
                for (i, value) in column.into_iter().enumerate() {
                    let place = (4 * i + j) * plane + number * tile_step + at * channel_step;
                    if WHOLE || whole {
                        s.store(value, &mut forms[place..place + L::N]);
                    } else {
                        s.put(value, forms, place, channels - at);
                    }
                }
            }
        }
    }
}

/// The forms of the outputs' gradients of some tiles, for the block of channels from `first` on:
/// `[number][tile][block]`.
#[inline(always)]
pub(super) fn gradients<L: Lanes>(
    s: L,
    tiles: Tiles,
    gradient: &[f32],
    first: usize,
    range: std::ops::Range<usize>,
    forms: &mut [f32],
) {
    let images = tiles.images;
    let plane = plane(range.len(), block::<L>());
    for (number, Corner { image, row, column }) in tiles.walk(range).enumerate() {
        let mut pixels: [&[f32]; 4] = [&[]; 4];
        for (i, pixel) in pixels.iter_mut().enumerate() {
            let (row, column) = (row + i / 2, column + i % 2);
            if row < images.height && column < images.width {
                let at = ((image * images.height + row) * images.width + column) * images.channels;
                *pixel = &gradient[at..at + images.channels][first..];
            }
        }
        for at in (0..block::<L>()).step_by(L::N) {
            let top = gradient_line(s, [s.get(pixels[0], at), s.get(pixels[1], at)]);
            let bottom = gradient_line(s, [s.get(pixels[2], at), s.get(pixels[3], at)]);
            for (j, (top, bottom)) in top.into_iter().zip(bottom).enumerate() {
                let column = gradient_line(s, [top, bottom]);
                for (i, value) in column.into_iter().enumerate() {
                    let place = (4 * i + j) * plane + number * block::<L>() + at;
                    s.put(value, forms, place, L::N);
                }
            }
        }
    }
}

/// The 2 x 2 outputs, row by row, of which `forms` has one vector's sums of tile `number`.
#[inline(always)]
pub(super) fn outputs<L: Lanes>(s: L, forms: &[f32], plane: usize, place: usize) -> [L::V; 4] {
    let mut lines = [[s.splat(0.0); 2]; 4];
    for (i, line) in lines.iter_mut().enumerate() {
        let mut sums = [s.splat(0.0); 4];
        for (j, sum) in sums.iter_mut().enumerate() {
            *sum = s.load(&forms[(4 * i + j) * plane + place..][..L::N]);
        }
        *line = output_line(s, sums);
    }
    let left = output_line(s, [lines[0][0], lines[1][0], lines[2][0], lines[3][0]]);
    let right = output_line(s, [lines[0][1], lines[1][1], lines[2][1], lines[3][1]]);
    [left[0], right[0], left[1], right[1]]
}
