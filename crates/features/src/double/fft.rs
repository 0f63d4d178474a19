//! The transform of one real frame. Frames are not paired as they are for `f32`: the rounding errors of a loud frame
//! would lie on the quiet one beside it, which single precision hides and double precision does not.
//!
//! An even `n = 2 m` takes a complex transform of length `m`: with `z[j] = x[2 j] + i x[2 j + 1]` and its transform
//! `Z`, `E[k] = (Z[k] + conj Z[m-k]) / 2` and `O[k] = (Z[k] - conj Z[m-k]) / 2i` are those of the even and of the odd
//! samples, and `X[k] = E[k] + exp(-2 pi i k / n) O[k]`. An odd `n` takes a complex one of its own length.

use std::f64::consts::PI;
use std::fmt;
use std::sync::Arc;

use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};

#[derive(Clone)]
pub(crate) struct RealFft {
    n: usize,
    fft: Arc<dyn Fft<f64>>,
    /// `exp(-2 pi i k / n)` for `k` from 0 to `m`; for an odd `n` none.
    roots: Vec<Complex64>,
}

impl fmt::Debug for RealFft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RealFft").field("n", &self.n).finish_non_exhaustive()
    }
}

impl RealFft {
    /// Plans for frames of `n` samples, at least one.
    pub(crate) fn new(n: usize) -> Self {
        let odd = n % 2 == 1;
        let m = n / 2;
        let root = |k: usize| {
            // The second quarter mirrors the first, so that -1 is exact.
            let back = 2 * k > m;
            let (sin, cos) = (PI * (if back { m - k } else { k }) as f64 / m as f64).sin_cos();
            Complex64::new(if back { -cos } else { cos }, -sin)
        };
        Self {
            n,
            fft: FftPlanner::new().plan_fft_forward(if odd { n } else { m }),
            roots: if odd { Vec::new() } else { (0..=m).map(root).collect() },
        }
    }

    /// The bins of `frame`, each sample times twice its `half_window`. `z` and `memory` are of use inside alone.
    pub(crate) fn transform(
        &self,
        frame: &[f64],
        half_window: &[f64],
        z: &mut Vec<Complex64>,
        memory: &mut Vec<Complex64>,
        bins: &mut Vec<Complex64>,
    ) {
        let length = self.fft.len();
        z.resize(length, Complex64::ZERO);
        memory.resize(self.fft.get_inplace_scratch_len(), Complex64::ZERO);
        bins.clear();
        if self.roots.is_empty() {
            for ((z, x), weight) in z.iter_mut().zip(frame).zip(half_window) {
                *z = Complex64::new(2.0 * weight * x, 0.0);
            }
            self.fft.process_with_scratch(z, memory);
            bins.extend(z.iter().take(self.n / 2 + 1));
            return;
        }
        let (pairs, weights) = (frame.as_chunks().0, half_window.as_chunks().0);
        for ((z, [a, b]), [u, v]) in z.iter_mut().zip(pairs).zip(weights) {
            *z = Complex64::new(u * a, v * b);
        }
        self.fft.process_with_scratch(z, memory);
        // Bin m is bin 0 again.
        z.extend_from_within(..1);
        bins.extend(z.iter().zip(z.iter().rev()).zip(&self.roots).map(|((p, q), root)| {
            let even = Complex64::new(p.re + q.re, p.im - q.im);
            let odd = Complex64::new(p.im + q.im, q.re - p.re);
            even + root * odd
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_defined() {
        let (mut z, mut memory, mut bins) = (Vec::new(), Vec::new(), Vec::new());
        // Also a longer one before a shorter one, in the same memory.
        for n in [1, 2, 3, 4, 5, 6, 7, 8, 9, 64, 100, 255, 10, 12, 1] {
            let x: Vec<f64> = (0..n).map(|i| ((i * i * 7 + i) as f64 * 0.37).sin()).collect();
            let half: Vec<f64> = (0..n).map(|i| 0.5 + 0.25 * (i as f64).cos()).collect();
            RealFft::new(n).transform(&x, &half, &mut z, &mut memory, &mut bins);
            assert_eq!(bins.len(), n / 2 + 1);
            for (k, got) in bins.iter().enumerate() {
                let want: Complex64 = (0..n)
                    .map(|i| {
                        let angle = -2.0 * PI * ((k * i) % n) as f64 / n as f64;
                        Complex64::new(angle.cos(), angle.sin()) * (2.0 * half[i] * x[i])
                    })
                    .sum();
                assert!((got - want).norm() < 1e-14 * n as f64, "{n} {k}: {got} instead of {want}");
            }
            assert_eq!(bins[0].im, 0.0);
            if n % 2 == 0 {
                assert_eq!(bins[n / 2].im, 0.0);
            }
        }
    }
}
