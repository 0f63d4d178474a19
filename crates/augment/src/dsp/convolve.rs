//! Convolution with an impulse response by overlapping transforms, two pieces of the signal in each.

use std::fmt;
use std::sync::Arc;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

/// A planned impulse response.
pub(crate) struct Response {
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    spectrum: Vec<Complex32>,
    len: usize,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("len", &self.len).finish_non_exhaustive()
    }
}

/// Memory for one signal.
#[derive(Debug, Default)]
pub(crate) struct ConvolveScratch {
    pair: Vec<Complex32>,
    fft: Vec<Complex32>,
}

impl Response {
    /// Plans; `response` holds a sample at least.
    pub(crate) fn new(response: &[f32], planner: &mut FftPlanner<f32>) -> Self {
        // Pieces at least as long as the response: less than half of the work is for the overlap.
        let n = (2 * response.len()).next_power_of_two().max(1024);
        let (forward, inverse) = (planner.plan_fft_forward(n), planner.plan_fft_inverse(n));
        let mut spectrum: Vec<Complex32> =
            response.iter().map(|x| Complex32::new(x / n as f32, 0.0)).collect();
        spectrum.resize(n, Complex32::ZERO);
        forward.process(&mut spectrum);
        Self { forward, inverse, spectrum, len: response.len() }
    }

    /// Samples `skip..skip + input.len()` of the convolution.
    pub(crate) fn run(&self, input: &[f32], skip: usize, out: &mut Vec<f32>, scratch: &mut ConvolveScratch) {
        let n = self.spectrum.len();
        // Overlap and save: of n samples, the first `len - 1` wrap around.
        let piece = n - (self.len - 1);
        let ConvolveScratch { pair, fft } = scratch;
        pair.resize(n, Complex32::ZERO);
        fft.resize(
            self.forward.get_inplace_scratch_len().max(self.inverse.get_inplace_scratch_len()),
            Complex32::ZERO,
        );
        out.clear();
        out.resize(input.len(), 0.0);
        for (index, two) in out.chunks_mut(2 * piece).enumerate() {
            let first = (2 * index * piece + skip) as i64 - (self.len as i64 - 1);
            pair.fill(Complex32::ZERO);
            place(input, first, pair, |z, x| z.re = x);
            place(input, first + piece as i64, pair, |z, x| z.im = x);
            self.forward.process_with_scratch(pair, fft);
            pair.iter_mut().zip(&self.spectrum).for_each(|(z, h)| *z *= h);
            self.inverse.process_with_scratch(pair, fft);
            let results = pair.get(self.len - 1..).unwrap_or_default();
            let (a, b) = two.split_at_mut(piece.min(two.len()));
            a.iter_mut().zip(results).for_each(|(out, z)| *out = z.re);
            b.iter_mut().zip(results).for_each(|(out, z)| *out = z.im);
        }
    }
}

/// Calls `put` with each point and the sample that lies there, of those from sample `first` on (which may lie before
/// the signal).
fn place(input: &[f32], first: i64, points: &mut [Complex32], put: impl Fn(&mut Complex32, f32)) {
    let before = usize::try_from(-first).unwrap_or(0);
    let samples = input.get(usize::try_from(first).unwrap_or(0)..).unwrap_or_default();
    for (z, x) in points.iter_mut().skip(before).zip(samples) {
        put(z, *x);
    }
}

/// Where the direct sound of a response is: the first sample of at least half the largest magnitude.
pub(crate) fn direct_sound(response: &[f32]) -> usize {
    let largest = response.iter().fold(0f32, |m, x| m.max(x.abs()));
    response.iter().position(|x| x.abs() >= 0.5 * largest).unwrap_or(0)
}

/// Samples behind the direct sound until all but a millionth of the energy is over.
pub(crate) fn decay(response: &[f32]) -> usize {
    let total = super::energy(response);
    let mut left = total;
    let direct = direct_sound(response);
    for (i, x) in response.iter().enumerate() {
        left -= f64::from(*x) * f64::from(*x);
        if left <= 1e-6 * total {
            return i.saturating_sub(direct);
        }
    }
    response.len() - direct
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive(x: &[f32], h: &[f32], skip: usize) -> Vec<f64> {
        let at = |n: usize| -> f64 {
            h.iter()
                .enumerate()
                .filter(|(k, _)| *k <= n && n - k < x.len())
                .map(|(k, h)| f64::from(*h) * f64::from(x[n - k]))
                .sum()
        };
        (skip..skip + x.len()).map(at).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn as_defined(len in 0usize..4000, taps in 1usize..900, skip in 0usize..900, seed in 1u32..99) {
            let wave = |n: usize, by: u32| -> Vec<f32> {
                (0..n).map(|i| ((i as u32 * (seed + by)) as f32 * 0.7).sin()).collect()
            };
            let (x, h) = (wave(len, 0), wave(taps, 7));
            let skip = skip.min(taps - 1);
            let mut out = vec![3.0; 5];
            let response = Response::new(&h, &mut FftPlanner::new());
            response.run(&x, skip, &mut out, &mut ConvolveScratch::default());
            let want = naive(&x, &h, skip);
            prop_assert_eq!(out.len(), want.len());
            for (got, want) in out.iter().zip(want) {
                prop_assert!((f64::from(*got) - want).abs() < 2e-4, "{} {}", got, want);
            }
        }
    }

    #[test]
    fn the_direct_sound_and_the_end() {
        let mut h = vec![0.0; 100];
        (h[10], h[12], h[40]) = (0.8, -1.0, 0.1);
        assert_eq!(direct_sound(&h), 10);
        assert_eq!(decay(&h), 30);
        assert_eq!((direct_sound(&[0.0]), decay(&[1.0])), (0, 0));
    }
}
