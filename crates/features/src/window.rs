use std::f64::consts::PI;

use crate::Error;
use crate::check::MAX_N_FFT;

/// The largest `beta` of a Kaiser window: beyond it the Bessel function leaves the range of double precision.
const MAX_BETA: f64 = 700.0;

/// The window that a frame is multiplied by.
///
/// Each has a periodic form ("DFT-even": scipy's `fftbins=True`, torch's `periodic=True`), where `M = N` below, and a
/// symmetric one, where `M = N - 1` and the last value equals the first. librosa and torchaudio analyse with
/// periodic windows, Kaldi and Essentia with symmetric ones.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Window {
    /// `0.5 - 0.5 cos(2 pi n / M)`.
    #[default]
    Hann,
    /// `0.54 - 0.46 cos(2 pi n / M)`.
    Hamming,
    /// `0.42 - 0.5 cos(2 pi n / M) + 0.08 cos(4 pi n / M)`.
    Blackman,
    /// All ones.
    Rectangular,
    /// `I0(beta sqrt(1 - (2 n / M - 1)^2)) / I0(beta)` with the modified Bessel function `I0` (scipy's
    /// `("kaiser", beta)`).
    Kaiser {
        /// Shape: 0 is rectangular, 5 near Hamming, 8.6 near Blackman, 14 a usual choice; 0 to 700.
        beta: f64,
    },
    /// Kaldi's: the symmetric Hann window to the power 0.85. It is symmetric by definition, whatever `periodic` says.
    Povey,
}

impl Window {
    /// The `length` values of the window, periodic or symmetric. A window of one sample is 1, whichever its shape.
    /// `length` is at most 2^22, that of the longest transform; one beyond it counts as 2^22.
    /// (A Kaiser window's `beta` outside its range, which every plan refuses, counts as its magnitude, at most 700.)
    #[must_use]
    pub fn values(self, length: usize, periodic: bool) -> Vec<f32> {
        self.values_f64(length.min(MAX_N_FFT), periodic).map(|value| value as f32).collect()
    }

    pub(crate) fn values_f64(self, length: usize, periodic: bool) -> impl Iterator<Item = f64> {
        let symmetric = !periodic || self == Self::Povey;
        let step = 2.0 / length.saturating_sub(usize::from(symmetric)).max(1) as f64;
        let beta = match self {
            Self::Kaiser { beta } => beta.abs().min(MAX_BETA),
            _ => 0.0,
        };
        let peak = bessel_i0(beta);
        (0..length).map(move |n| {
            // 0 at the first value, 2 after the last of a period.
            let x = step * n as f64;
            match self {
                _ if length == 1 => 1.0,
                Self::Hann => 0.5 - 0.5 * (PI * x).cos(),
                Self::Hamming => 0.54 - 0.46 * (PI * x).cos(),
                Self::Blackman => 0.42 - 0.5 * (PI * x).cos() + 0.08 * (2.0 * PI * x).cos(),
                Self::Rectangular => 1.0,
                // 1 - (x - 1)^2, without the loss of digits at the ends.
                Self::Kaiser { .. } => bessel_i0(beta * (x * (2.0 - x)).max(0.0).sqrt()) / peak,
                Self::Povey => (0.5 - 0.5 * (PI * x).cos()).powf(0.85),
            }
        })
    }

    pub(crate) fn check(self) -> Result<(), Error> {
        match self {
            Self::Kaiser { beta } if !(0.0..=MAX_BETA).contains(&beta) => {
                Err(Error::config("beta", beta, "0 to 700"))
            }
            _ => Ok(()),
        }
    }
}

/// The modified Bessel function of the first kind and order 0, by its power series: all terms are positive, so no
/// digits are lost, and they fall once their index passes `x / 2`.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > 1e-17 * sum {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Window; 6] = [
        Window::Hann,
        Window::Hamming,
        Window::Blackman,
        Window::Rectangular,
        Window::Kaiser { beta: 14.0 },
        Window::Povey,
    ];

    fn close(got: &[f32], want: &[f32]) {
        assert_eq!(got.len(), want.len());
        for (g, w) in got.iter().zip(want) {
            assert!((g - w).abs() < 1e-6, "{got:?} instead of {want:?}");
        }
    }

    #[test]
    fn periodic_values() {
        assert_eq!(Window::Hann.values(4, true), [0.0, 0.5, 1.0, 0.5]);
        assert_eq!(Window::Rectangular.values(3, true), [1.0; 3]);
        close(&Window::Hamming.values(4, true), &[0.08, 0.54, 1.0, 0.54]);
        // scipy.signal.get_window("blackman", 5), get_window(("kaiser", 5.0), 6)
        close(&Window::Blackman.values(5, true), &[0.0, 0.2007701, 0.8492299, 0.8492299, 0.2007701]);
        let kaiser = Window::Kaiser { beta: 5.0 };
        close(&kaiser.values(6, true), &[0.03671089, 0.328202, 0.7753221, 1.0, 0.7753221, 0.328202]);
    }

    #[test]
    fn symmetric_values() {
        // scipy.signal.get_window(.., fftbins=False)
        close(&Window::Hann.values(5, false), &[0.0, 0.5, 1.0, 0.5, 0.0]);
        close(&Window::Hamming.values(5, false), &[0.08, 0.54, 1.0, 0.54, 0.08]);
        close(&Window::Blackman.values(5, false), &[0.0, 0.34, 1.0, 0.34, 0.0]);
        let kaiser = Window::Kaiser { beta: 8.6 };
        close(&kaiser.values(5, false), &[0.001332514, 0.3403936, 1.0, 0.3403936, 0.001332514]);
        let povey = [0.0, 0.5f32.powf(0.85), 1.0, 0.5f32.powf(0.85), 0.0];
        close(&Window::Povey.values(5, false), &povey);
        assert_eq!(Window::Povey.values(5, true), Window::Povey.values(5, false));
    }

    #[test]
    fn a_periodic_window_is_a_longer_symmetric_one_without_its_end() {
        for window in ALL.into_iter().filter(|window| *window != Window::Povey) {
            for length in [2, 7, 8, 400] {
                close(&window.values(length, true), &window.values(length + 1, false)[..length]);
            }
        }
    }

    #[test]
    fn symmetric_means_symmetric() {
        for window in ALL {
            for length in [2, 9, 400] {
                let values = window.values(length, false);
                close(&values, &values.iter().rev().copied().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn shortest_windows() {
        for window in ALL {
            for periodic in [true, false] {
                assert_eq!(window.values(1, periodic), [1.0]);
                assert!(window.values(0, periodic).is_empty());
            }
        }
        // scipy.signal.get_window("hann", 2, fftbins=False)
        assert_eq!(Window::Hann.values(2, false), [0.0, 0.0]);
    }

    #[test]
    fn longest_window() {
        assert_eq!(Window::Rectangular.values(usize::MAX, true).len(), 1 << 22);
    }

    #[test]
    fn shapes_out_of_range() {
        for beta in [-1.0, 700.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let window = Window::Kaiser { beta };
            assert!(matches!(window.check(), Err(Error::InvalidConfig { parameter: "beta", .. })), "{beta}");
            assert!(window.values(9, true).iter().all(|v| (0.0..=1.0).contains(v)), "{beta}");
        }
        for beta in [0.0, 700.0] {
            let window = Window::Kaiser { beta };
            assert_eq!(window.check(), Ok(()));
            assert!(window.values(9, false).iter().all(|v| (0.0..=1.0).contains(v)), "{beta}");
        }
        assert_eq!(Window::Kaiser { beta: 0.0 }.values(3, false), [1.0; 3]);
    }
}
