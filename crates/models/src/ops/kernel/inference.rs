//! Convolution, normalisation, ReLU and pooling in one pass: what the convolution makes stays in the cache.

use rayon::prelude::*;

use super::conv::{Packed, rows, strips};
use super::geometry::{Geometry, Padded};
use super::norm::{Affine, Pool, Rectify};
use super::simd::run;
use super::winograd::{self, Finish};

/// Convolves, applies `affine`, rectifies and, if `pool` says so, pools.
pub(crate) fn conv_block(
    geometry: Geometry,
    input: &[f32],
    weights: &Packed,
    affine: &Affine,
    pool: bool,
    out: &mut [f32],
) {
    if let Some(forms) = weights.forms() {
        let finish = if pool { Finish::Pool(affine) } else { Finish::Rectify(affine) };
        return winograd::convolve(geometry, input, forms, finish, weights.level(), out);
    }
    let output = if pool { geometry.output.pooled() } else { geometry.output };
    let scale = if pool { 2 } else { 1 };
    let level = weights.level();
    let strip = geometry.strip(rayon::current_num_threads(), pool);
    let row = geometry.output.row();
    strips(strip / scale, output.row(), output.image(), out).into_par_iter().for_each_init(
        <(Padded, Vec<f32>)>::default,
        |(padded, made), (image, from, out)| {
            let image = &input[image * geometry.input.image()..][..geometry.input.image()];
            made.resize(out.len() / output.row() * scale * row, 0.0);
            rows(geometry, image, from * scale, weights, padded, made);
            let made = made.chunks_exact(scale * row).zip(out.chunks_exact_mut(output.row()));
            for (made, out) in made {
                if pool {
                    run(level, Pool { affine, rows: made.split_at(row), out, chosen: &mut [] });
                } else {
                    run(level, Rectify { affine, x: made, out });
                }
            }
        },
    );
}
