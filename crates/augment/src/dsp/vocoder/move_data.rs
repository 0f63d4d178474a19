//! Bringing spectra to frames, and frames to the signal.

use pulp::{Simd, WithSimd};
use rustfft::num_complex::Complex32;
use soundalike_features::ComplexMatrix;

use super::BLOCK;
use super::turn::Frame;

/// Brings a block's spectra, `[bin x frame]`, to its frames.
pub(super) struct Gather<'a> {
    pub(super) spectra: &'a ComplexMatrix,
    pub(super) frames: &'a mut [Frame],
}

impl WithSimd for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { spectra, frames } = self;
        for (matrix, imaginary) in [(&spectra.re, false), (&spectra.im, true)] {
            for (tile, rows) in matrix.as_slice().as_chunks::<BLOCK>().0.chunks(BLOCK).enumerate() {
                let mut square = [[0.0_f32; BLOCK]; BLOCK];
                for (i, row) in rows.iter().enumerate() {
                    for (j, x) in row.iter().enumerate() {
                        square[j][i] = *x;
                    }
                }
                for (frame, values) in frames.iter_mut().zip(&square) {
                    let part = if imaginary { &mut frame.im } else { &mut frame.re };
                    if let Some(to) = part.as_chunks_mut::<BLOCK>().0.get_mut(tile) {
                        *to = *values;
                    }
                }
            }
        }
    }
}

/// The sum of what was put down over each sample, by the sum of the squared windows.
pub(super) struct Divide<'a> {
    pub(super) sum: &'a [f32],
    pub(super) weight: &'a [f32],
    pub(super) unit: f32,
    pub(super) out: &'a mut [f32],
}

impl WithSimd for Divide<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for ((out, sum), weight) in self.out.iter_mut().zip(self.sum).zip(self.weight) {
            let w = *weight * self.unit;
            *out = *sum / if w > 1e-6 { w } else { f32::INFINITY };
        }
    }
}

/// Of two real signals' spectra `A` and `B`, the spectrum `A + i B`: one inverse gives both.
pub(super) struct Join<'a> {
    pub(super) a: &'a [Vec<f32>; 2],
    pub(super) b: &'a [Vec<f32>; 2],
    pub(super) pair: &'a mut [Complex32],
}

impl WithSimd for Join<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { a: [a_re, a_im], b: [b_re, b_im], pair } = self;
        let half = pair.len() / 2;
        let (low, high) = pair.split_at_mut(half);
        // The constant and the highest bin are real.
        low[0] = Complex32::new(a_re[0], b_re[0]);
        high[0] = Complex32::new(a_re[half], b_re[half]);
        let (ar, ai, br, bi) = (&a_re[1..half], &a_im[1..half], &b_re[1..half], &b_im[1..half]);
        let (low, high) = (&mut low[1..half], &mut high[1..half]);
        let n = half - 1;
        for k in 0..n {
            low[k] = Complex32::new(ar[k] - bi[k], ai[k] + br[k]);
        }
        for k in 0..n {
            high[n - 1 - k] = Complex32::new(ar[k] + bi[k], br[k] - ai[k]);
        }
    }
}

/// Adds the two frames of a pair where they belong, and the squares of their windows.
pub(super) struct Add<'a> {
    pub(super) pair: &'a [Complex32],
    pub(super) window: &'a [f32],
    pub(super) places: [usize; 2],
    pub(super) sum: &'a mut [f32],
    pub(super) weight: &'a mut [f32],
}

impl WithSimd for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { pair, window, places: [a, b], sum, weight } = self;
        let n = window.len();
        let pair = &pair[..n];
        let (sum_a, weight_a) = (&mut sum[a..a + n], &mut weight[a..a + n]);
        for i in 0..n {
            sum_a[i] += window[i] * pair[i].re;
            weight_a[i] += window[i] * window[i];
        }
        let (sum_b, weight_b) = (&mut sum[b..b + n], &mut weight[b..b + n]);
        for i in 0..n {
            sum_b[i] += window[i] * pair[i].im;
            weight_b[i] += window[i] * window[i];
        }
    }
}
