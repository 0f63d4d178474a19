//! The gradient of [`super::norm`].

use rayon::prelude::*;
use soundalike_features::SimdLevel;

use super::geometry::Images;
use super::moments::Moments;
use super::norm::{Affine, inverse};
use super::simd::{Lanes, Work, run};

/// The gradients of `gamma` and `beta`.
pub(crate) struct Gradients {
    pub(crate) gamma: Vec<f32>,
    pub(crate) beta: Vec<f32>,
}

/// What the forward pass leaves.
pub(crate) struct Forward<'a> {
    pub(crate) images: Images,
    pub(crate) moments: &'a Moments,
    pub(crate) affine: &'a Affine,
    pub(crate) eps: f64,
    pub(crate) pool: bool,
    /// See [`super::norm::Activated`].
    pub(crate) chosen: &'a [f32],
}

impl Forward<'_> {
    /// The gradients, given that of the output. The one of the input takes the input's place in `x`.
    pub(crate) fn backward(&self, x: &mut [f32], gradient: &[f32], level: SimdLevel) -> Gradients {
        let Self { images, affine, pool, chosen, .. } = *self;
        let channels = images.channels;
        let outputs = if pool { images.pooled() } else { images };
        let x_at_outputs = if pool { chosen } else { &*x };
        let (image, row) = (outputs.image().max(1), outputs.row().max(1));
        let parts: Vec<Vec<f64>> = x_at_outputs
            .par_chunks_exact(image)
            .zip(gradient.par_chunks_exact(image))
            .map(|(x, gradient)| {
                let mut total = vec![0.0; 2 * channels];
                let mut sums = vec![0.0; 2 * channels];
                for (x, gradient) in x.chunks_exact(row).zip(gradient.chunks_exact(row)) {
                    let (sum, product) = sums.split_at_mut(channels);
                    run(level, RowSums { affine, pool, x, gradient, sum, product });
                    for (total, sum) in total.iter_mut().zip(&sums) {
                        *total += f64::from(*sum);
                    }
                }
                total
            })
            .collect();
        let mut total = vec![0.0; 2 * channels];
        for part in &parts {
            for (total, part) in total.iter_mut().zip(part) {
                *total += part;
            }
        }
        let (sum, product) = total.split_at(channels);
        let count = (images.batch * images.height * images.width) as f64;
        let spread = |i: usize| inverse(self.moments.var.get(i).copied().unwrap_or_default(), self.eps);
        let back = Affine {
            mean: affine.mean.clone(),
            scale: (0..channels)
                .map(|i| (f64::from(affine.scale[i]) * spread(i) * spread(i) * product[i] / count) as f32)
                .collect(),
            shift: (0..channels).map(|i| (f64::from(affine.scale[i]) * sum[i] / count) as f32).collect(),
        };
        self.dense(x, gradient, &back, level);
        Gradients {
            gamma: (0..channels).map(|i| (product[i] * spread(i)) as f32).collect(),
            // A channel that is NaN has no other gradient.
            beta: (0..channels).map(|i| (sum[i] + 0.0 * spread(i)) as f32).collect(),
        }
    }

    /// The gradient of the input, of which `back` tells what comes through mean and variance.
    fn dense(&self, x: &mut [f32], gradient: &[f32], back: &Affine, level: SimdLevel) {
        let Self { images, affine, pool, chosen, .. } = *self;
        let row = images.row();
        if !pool {
            let rows = x.par_chunks_exact_mut(row.max(1)).zip(gradient.par_chunks_exact(row.max(1)));
            rows.for_each(|(x, gradient)| run(level, Plain { affine, back, x, gradient }));
            return;
        }
        let pooled = images.pooled();
        x.par_chunks_exact_mut(images.image().max(1)).enumerate().for_each(|(number, x)| {
            for (pair, x) in x.chunks_mut((2 * row).max(1)).enumerate() {
                let at = number * pooled.image() + pair * pooled.row();
                // The last row of an odd number belongs to no output.
                let len = if pair < pooled.height { pooled.row() } else { 0 };
                let (gradient, chosen) = (&gradient[at..at + len], &chosen[at..at + len]);
                run(level, Unpool { affine, back, row, x, chosen, gradient });
            }
        });
    }
}

/// Sums over one row of outputs: of the gradients that get through ReLU, and of their products with `x - mean`.
struct RowSums<'a> {
    affine: &'a Affine,
    pool: bool,
    x: &'a [f32],
    gradient: &'a [f32],
    sum: &'a mut [f32],
    product: &'a mut [f32],
}

impl Work for RowSums<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, s: L) {
        let Self { affine, pool, x, gradient, sum, product } = self;
        let channels = sum.len();
        let zero = s.splat(0.0);
        for at in (0..channels).step_by(L::N) {
            let count = channels - at;
            let (mean, scale, shift) =
                (s.get(&affine.mean, at), s.get(&affine.scale, at), s.get(&affine.shift, at));
            let (mut total, mut products) = (zero, zero);
            for (x, gradient) in x.chunks_exact(channels).zip(gradient.chunks_exact(channels)) {
                let (x, gradient) = (s.get(x, at), s.get(gradient, at));
                let centred = s.sub(x, mean);
                let through = if pool {
                    s.select(s.equal(x, x), gradient, zero)
                } else {
                    s.select(s.at_most(s.mul_add(centred, scale, shift), zero), zero, gradient)
                };
                let centred = if pool { s.select(s.equal(x, x), centred, zero) } else { centred };
                total = s.add(total, through);
                products = s.mul_add(through, centred, products);
            }
            s.put(total, sum, at, count);
            s.put(products, product, at, count);
        }
    }
}

/// One row without pooling.
struct Plain<'a> {
    affine: &'a Affine,
    back: &'a Affine,
    x: &'a mut [f32],
    gradient: &'a [f32],
}

impl Work for Plain<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, s: L) {
        let Self { affine, back, x, gradient } = self;
        let channels = affine.mean.len();
        let zero = s.splat(0.0);
        for (x, gradient) in x.chunks_exact_mut(channels).zip(gradient.chunks_exact(channels)) {
            for at in (0..channels).step_by(L::N) {
                let (scale, shift) = (s.get(&affine.scale, at), s.get(&affine.shift, at));
                let centred = s.sub(s.get(x, at), s.get(&affine.mean, at));
                let off = s.at_most(s.mul_add(centred, scale, shift), zero);
                let through = s.select(off, zero, s.get(gradient, at));
                let back = s.mul_add(centred, s.get(&back.scale, at), s.get(&back.shift, at));
                s.put(s.sub(s.mul(through, scale), back), x, at, channels - at);
            }
        }
    }
}

/// Two rows of inputs, or the last one, that became one of outputs.
struct Unpool<'a> {
    affine: &'a Affine,
    back: &'a Affine,
    /// Values of a row of inputs.
    row: usize,
    x: &'a mut [f32],
    chosen: &'a [f32],
    gradient: &'a [f32],
}

impl Work for Unpool<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, s: L) {
        let Self { affine, back, row, x, chosen, gradient } = self;
        let channels = affine.mean.len();
        let zero = s.splat(0.0);
        let outputs = chosen.chunks_exact(channels).zip(gradient.chunks_exact(channels));
        for (number, (chosen, gradient)) in outputs.enumerate() {
            for at in (0..channels).step_by(L::N) {
                let (mean, scale) = (s.get(&affine.mean, at), s.get(&affine.scale, at));
                let (slope, level) = (s.get(&back.scale, at), s.get(&back.shift, at));
                let mut chosen = s.get(chosen, at);
                let through = s.mul(s.get(gradient, at), scale);
                for place in [0, channels, row, row + channels] {
                    let place = number * 2 * channels + place + at;
                    let value = s.get(x, place);
                    let here = s.equal(value, chosen);
                    // Of equal ones it was the first.
                    chosen = s.select(here, s.splat(f32::NAN), chosen);
                    let back = s.mul_add(s.sub(value, mean), slope, level);
                    s.put(s.sub(s.select(here, through, zero), back), x, place, channels - at);
                }
            }
        }
        // What no output was made from.
        let used = chosen.len() * 2;
        for x in x.chunks_exact_mut(row) {
            for x in x[used..].chunks_exact_mut(channels) {
                for at in (0..channels).step_by(L::N) {
                    let centred = s.sub(s.get(x, at), s.get(&affine.mean, at));
                    let back = s.mul_add(centred, s.get(&back.scale, at), s.get(&back.shift, at));
                    s.put(s.sub(zero, back), x, at, channels - at);
                }
            }
        }
    }
}
