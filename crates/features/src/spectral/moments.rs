//! Sums over the bins of each frame of a block, for centroid and bandwidth.

#![allow(clippy::needless_range_loop, reason = "an index of several arrays of lanes")]

use super::{PIECE, SpectralBandwidth, SpectralCentroid, all_finite, column};
use crate::lanes::{LANES, Lane};
use crate::spectrum::{Spectrum, SpectrumFeature};

/// Sums over the bins of each frame of a block.
pub(super) struct Moments {
    /// What the magnitudes are divided by so that their sum is 1.
    pub(super) total: [f64; LANES],
    /// The sum of bin times magnitude.
    first: [f64; LANES],
}

impl Moments {
    #[inline(always)]
    pub(super) fn of(bins: &[Lane]) -> Self {
        let mut total = [0.0; LANES];
        let mut first = [0.0; LANES];
        for (piece, values) in bins.chunks(PIECE).enumerate() {
            let mut sums = Lane::default();
            let mut products = Lane::default();
            // Four bins at a time, so that not every addition waits for the one before.
            let (fours, rest) = values.as_chunks::<4>();
            let mut bin = 0.0;
            for [a, b, c, d] in fours {
                for i in 0..LANES {
                    let high = c[i] + d[i];
                    let sum = (a[i] + b[i]) + high;
                    sums[i] += sum;
                    products[i] += (b[i] + d[i] + 2.0 * high) + bin * sum;
                }
                bin += 4.0;
            }
            for values in rest {
                for i in 0..LANES {
                    sums[i] += values[i];
                    products[i] += bin * values[i];
                }
                bin += 1.0;
            }
            let start = (piece * PIECE) as f64;
            for i in 0..LANES {
                total[i] += f64::from(sums[i]);
                first[i] += start * f64::from(sums[i]) + f64::from(products[i]);
            }
        }
        if !(all_finite(&total) && all_finite(&first)) {
            exact(bins, &mut total, &mut first);
        }
        for total in &mut total {
            // librosa divides by nothing smaller.
            if *total < f64::from(f32::MIN_POSITIVE) {
                *total = 1.0;
            }
        }
        Self { total, first }
    }

    /// The centroids, counted in bins.
    #[inline(always)]
    pub(super) fn centroids(&self) -> [f64; LANES] {
        let mut centroids = [0.0; LANES];
        for i in 0..LANES {
            centroids[i] = self.first[i] / self.total[i];
        }
        centroids
    }
}

/// The sums where single precision has left its range.
#[cold]
#[inline(never)]
fn exact(bins: &[Lane], total: &mut [f64; LANES], first: &mut [f64; LANES]) {
    for (lane, (total, first)) in total.iter_mut().zip(first).enumerate() {
        *total = column(bins, lane).sum();
        *first = column(bins, lane).enumerate().map(|(bin, value)| bin as f64 * value).sum();
    }
}

/// Centroids and bandwidths of the same magnitudes, for which the sums are taken once: a row for each.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    pub(crate) bins: usize,
    pub(crate) rows: Vec<Shape>,
}

#[derive(Debug)]
pub(crate) enum Shape {
    Centroid(SpectralCentroid),
    Bandwidth(SpectralBandwidth),
}

impl SpectrumFeature for Shapes {
    fn input(&self) -> Spectrum {
        Spectrum::Magnitude
    }

    fn bins(&self) -> usize {
        self.bins
    }

    fn rows(&self) -> usize {
        self.rows.len()
    }

    #[inline(always)]
    fn block(&self, bins: &[Lane], rows: &mut [Lane], _: &mut Vec<Lane>) {
        let moments = Moments::of(bins);
        for (shape, row) in self.rows.iter().zip(rows) {
            match shape {
                Shape::Centroid(centroid) => centroid.row(&moments, row),
                Shape::Bandwidth(bandwidth) => bandwidth.row(&moments, bins, row),
            }
        }
    }
}
