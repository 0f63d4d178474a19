//! A factor for each channel of each image.

use rayon::prelude::*;
use soundalike_features::SimdLevel;

use super::geometry::Images;
use super::simd::{Lanes, Work, run};

/// Multiplies `values` with `factors`, `[batch][channels]`.
pub(crate) fn scale(images: Images, values: &mut [f32], factors: &[f32], level: SimdLevel) {
    let (height, channels) = (images.height.max(1), images.channels);
    values.par_chunks_exact_mut(images.row().max(1)).enumerate().for_each(|(row, values)| {
        let factors = &factors[row / height * channels..][..channels];
        run(level, Row { values, factors });
    });
}

struct Row<'a> {
    values: &'a mut [f32],
    factors: &'a [f32],
}

impl Work for Row<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, s: L) {
        let channels = self.factors.len();
        for pixel in self.values.chunks_exact_mut(channels) {
            for at in (0..channels).step_by(L::N) {
                let scaled = s.mul(s.get(pixel, at), s.get(self.factors, at));
                s.put(scaled, pixel, at, channels - at);
            }
        }
    }
}
