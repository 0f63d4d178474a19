//! Mean and variance of each channel over a batch.

use rayon::prelude::*;
use soundalike_features::SimdLevel;

use super::geometry::Images;
use super::simd::{Lanes, Work, run};

/// Mean and (biased) variance of each channel.
#[derive(Debug, Clone, Default)]
pub(crate) struct Moments {
    pub(crate) mean: Vec<f64>,
    pub(crate) var: Vec<f64>,
}

/// Mean and variance over all positions of all images.
///
/// Each row is summed around its own mean in single precision while it is in the cache, and rows are put together in
/// double precision (Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
/// variances", 1979), so that a large mean costs no digits and the result does not depend on the threads.
pub(crate) fn moments(images: Images, x: &[f32], level: SimdLevel) -> Moments {
    let channels = images.channels;
    let parts: Vec<Sums> = x
        .par_chunks_exact(images.image().max(1))
        .map(|image| {
            let mut total = Sums::new(channels);
            let mut row_sums = vec![0.0; 2 * channels];
            for row in image.chunks_exact(images.row().max(1)) {
                let (mean, squares) = row_sums.split_at_mut(channels);
                run(level, RowMoments { row, mean, squares });
                total.add(
                    images.width as f64,
                    mean.iter().copied().map(f64::from),
                    squares.iter().copied().map(f64::from),
                );
            }
            total
        })
        .collect();
    let mut total = Sums::new(channels);
    for part in &parts {
        total.add(part.count, part.mean.iter().copied(), part.squares.iter().copied());
    }
    let var = total.squares.iter().map(|squares| squares / total.count).collect();
    Moments { mean: total.mean, var }
}

/// Count, mean and squared deviations.
struct Sums {
    count: f64,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Sums {
    fn new(channels: usize) -> Self {
        Self { count: 0.0, mean: vec![0.0; channels], squares: vec![0.0; channels] }
    }

    fn add(&mut self, count: f64, mean: impl Iterator<Item = f64>, squares: impl Iterator<Item = f64>) {
        let all = self.count + count;
        let (share, weight) = (count / all, self.count * count / all);
        for ((to_mean, to_squares), (mean, squares)) in
            self.mean.iter_mut().zip(&mut self.squares).zip(mean.zip(squares))
        {
            let delta = mean - *to_mean;
            *to_mean += delta * share;
            *to_squares += squares + delta * delta * weight;
        }
        self.count = all;
    }
}

/// Mean and squared deviations of one row.
struct RowMoments<'a> {
    row: &'a [f32],
    mean: &'a mut [f32],
    squares: &'a mut [f32],
}

impl Work for RowMoments<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, s: L) {
        let Self { row, mean, squares } = self;
        let channels = mean.len();
        let mut at = 0;
        // Several vectors of channels at once: an addition need not wait for the one before it, and memory is read in
        // order.
        while at < channels {
            at += L::N
                * match (channels - at).div_ceil(L::N) {
                    1 => row_moments::<L, 1>(s, row, at, mean, squares),
                    2..4 => row_moments::<L, 2>(s, row, at, mean, squares),
                    _ => row_moments::<L, 4>(s, row, at, mean, squares),
                };
        }
    }
}

/// Those of the `G` vectors of channels from `at` on; `G`.
#[inline(always)]
fn row_moments<L: Lanes, const G: usize>(
    s: L,
    row: &[f32],
    at: usize,
    mean: &mut [f32],
    squares: &mut [f32],
) -> usize {
    let channels = mean.len();
    let share = s.splat(((row.len() / channels) as f32).recip());
    let mut middles = [s.splat(0.0); G];
    for x in row.chunks_exact(channels) {
        for (g, middle) in middles.iter_mut().enumerate() {
            *middle = s.add(*middle, s.get(x, at + g * L::N));
        }
    }
    for middle in &mut middles {
        *middle = s.mul(*middle, share);
    }
    let mut sums = [[s.splat(0.0); 2]; G];
    for x in row.chunks_exact(channels) {
        for (g, (sums, middle)) in sums.iter_mut().zip(&middles).enumerate() {
            let x = s.sub(s.get(x, at + g * L::N), *middle);
            sums[0] = s.add(sums[0], x);
            sums[1] = s.mul_add(x, x, sums[1]);
        }
    }
    for (g, ([rest, sum], middle)) in sums.into_iter().zip(middles).enumerate() {
        let at = at + g * L::N;
        // What rounding left of the mean.
        let correction = s.mul(rest, share);
        s.put(s.add(middle, correction), mean, at, channels - at);
        s.put(s.sub(sum, s.mul(rest, correction)), squares, at, channels - at);
    }
    G
}
