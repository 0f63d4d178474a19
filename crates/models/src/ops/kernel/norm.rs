//! Batch normalisation, ReLU and 2 x 2 max pooling in one pass.

use rayon::prelude::*;
use soundalike_features::SimdLevel;

use super::geometry::Images;
use super::moments::Moments;
use super::simd::{Lanes, Work, run};

/// What is done to each channel: `(x - mean) * scale + shift`.
#[derive(Debug, Clone)]
pub(crate) struct Affine {
    pub(crate) mean: Vec<f32>,
    pub(crate) scale: Vec<f32>,
    pub(crate) shift: Vec<f32>,
}

impl Affine {
    /// The normalisation of a batch.
    pub(crate) fn new(moments: &Moments, gamma: &[f32], beta: &[f32], eps: f64) -> Self {
        let scale = moments.var.iter().zip(gamma).map(|(var, gamma)| gamma * inverse(*var, eps) as f32);
        Self {
            mean: moments.mean.iter().map(|mean| *mean as f32).collect(),
            scale: scale.collect(),
            shift: beta.to_vec(),
        }
    }
}

/// One by the deviation.
pub(crate) fn inverse(var: f64, eps: f64) -> f64 {
    (var + eps).sqrt().recip()
}

/// Normalises, rectifies and, if `pool` says so, pools to `out`. With pooling, `chosen` gets the input that each output
/// was made from, NaN if ReLU made it zero; it may be empty if nobody wants to know.
pub(crate) fn activate(
    images: Images,
    x: &[f32],
    affine: &Affine,
    pool: bool,
    out: &mut [f32],
    chosen: &mut [f32],
    level: SimdLevel,
) {
    if !pool {
        let rows = x.par_chunks_exact(images.row().max(1)).zip(out.par_chunks_exact_mut(images.row().max(1)));
        rows.for_each(|(x, out)| run(level, Rectify { affine, x, out }));
        return;
    }
    let pooled = images.pooled();
    let row = pooled.row().max(1);
    let rows = |number: usize| {
        let first = number / pooled.height * images.image() + number % pooled.height * 2 * images.row();
        x[first..first + 2 * images.row()].split_at(images.row())
    };
    let outs = out.par_chunks_exact_mut(row).enumerate();
    if chosen.is_empty() {
        outs.for_each(|(number, out)| run(level, Pool { affine, rows: rows(number), out, chosen: &mut [] }));
    } else {
        outs.zip(chosen.par_chunks_exact_mut(row)).for_each(|((number, out), chosen)| {
            run(level, Pool { affine, rows: rows(number), out, chosen });
        });
    }
}

/// [`Affine`] for some channels.
struct Channel<L: Lanes> {
    mean: L::V,
    scale: L::V,
    shift: L::V,
}

impl<L: Lanes> Channel<L> {
    #[inline(always)]
    fn new(s: L, affine: &Affine, at: usize) -> Self {
        Self {
            mean: s.get(&affine.mean, at),
            scale: s.get(&affine.scale, at),
            shift: s.get(&affine.shift, at),
        }
    }

    #[inline(always)]
    fn apply(&self, s: L, x: L::V) -> L::V {
        s.mul_add(s.sub(x, self.mean), self.scale, self.shift)
    }
}

/// One row without pooling.
pub(crate) struct Rectify<'a> {
    pub(crate) affine: &'a Affine,
    pub(crate) x: &'a [f32],
    pub(crate) out: &'a mut [f32],
}

impl Work for Rectify<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, s: L) {
        let Self { affine, x, out } = self;
        let channels = affine.mean.len();
        for (x, out) in x.chunks_exact(channels).zip(out.chunks_exact_mut(channels)) {
            for at in (0..channels).step_by(L::N) {
                let y = Channel::new(s, affine, at).apply(s, s.get(x, at));
                s.put(s.rectify(y), out, at, channels - at);
            }
        }
    }
}

/// Two rows that become one.
pub(crate) struct Pool<'a> {
    pub(crate) affine: &'a Affine,
    pub(crate) rows: (&'a [f32], &'a [f32]),
    pub(crate) out: &'a mut [f32],
    /// Empty if not wanted.
    pub(crate) chosen: &'a mut [f32],
}

impl Work for Pool<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, s: L) {
        let Self { affine, rows, out, chosen } = self;
        let channels = affine.mean.len();
        let (zero, nan) = (s.splat(0.0), s.splat(f32::NAN));
        let pairs = rows.0.chunks_exact(2 * channels).zip(rows.1.chunks_exact(2 * channels));
        for (number, ((top, bottom), out)) in pairs.zip(out.chunks_exact_mut(channels)).enumerate() {
            for at in (0..channels).step_by(L::N) {
                let (channel, count) = (Channel::new(s, affine, at), channels - at);
                let mut x = s.get(top, at);
                let mut y = channel.apply(s, x);
                let others = [s.get(top, channels + at), s.get(bottom, at), s.get(bottom, channels + at)];
                for other in others {
                    let value = channel.apply(s, other);
                    // A NaN goes through: it is neither passed over nor replaced.
                    let stays = s.at_most(value, y);
                    let number = s.equal(y, y);
                    x = s.select(number, s.select(stays, x, other), x);
                    y = s.select(number, s.select(stays, y, value), y);
                }
                let off = s.at_most(y, zero);
                s.put(s.select(off, zero, y), out, at, count);
                if let Some(chosen) = chosen.get_mut(number * channels..(number + 1) * channels) {
                    s.put(s.select(off, nan, x), chosen, at, count);
                }
            }
        }
    }
}
