//! Features that say in a few numbers how a spectrum looks, and their two relatives that need no transform.

mod bandwidth;
mod centroid;
mod chroma;
mod chroma_filter;
mod contrast;
mod extremes;
mod flatness;
mod moments;
#[cfg(test)]
mod naive;
mod norm;
mod rms;
mod rolloff;
mod tuning;
mod zero_crossing;

pub use bandwidth::{SpectralBandwidth, SpectralBandwidthConfig};
pub use centroid::{SpectralCentroid, SpectralCentroidConfig};
pub(crate) use chroma::ChromaScratch;
pub use chroma::{Chroma, ChromaConfig};
pub use chroma_filter::{ChromaFilterBank, ChromaFilterConfig};
pub use contrast::{SpectralContrast, SpectralContrastConfig};
pub use flatness::{SpectralFlatness, SpectralFlatnessConfig};
pub(crate) use moments::{Shape, Shapes};
pub use norm::Norm;
pub use rms::{Rms, RmsConfig};
pub use rolloff::{SpectralRolloff, SpectralRolloffConfig};
pub use tuning::{TuningConfig, estimate_tuning, estimate_tuning_from_spectrogram, pitch_tuning};
pub use zero_crossing::{ZeroCrossingRate, ZeroCrossingRateConfig};

use crate::lanes::{LANES, Lane};
use crate::spectrum::{SpectrumFeature, run_on_spectrogram};
use crate::{Error, Matrix, check};

/// Bins whose sum is taken in single precision before it goes into one of double precision.
const PIECE: usize = 32;

/// Checks what is said to be a spectrogram of magnitudes or powers with `bins` rows.
fn check_spectrogram(spectrogram: &Matrix, bins: usize) -> Result<(), Error> {
    if spectrogram.is_empty() {
        return Err(Error::EmptyInput);
    }
    if spectrogram.rows() != bins {
        let (expected, got) = (bins, spectrogram.rows());
        return Err(Error::LengthMismatch { what: "a spectrogram (rows)", expected, got });
    }
    let values = spectrogram.as_slice();
    check::finite(values)?;
    match values.iter().position(|v| *v < 0.0) {
        Some(index) => Err(Error::Negative { index, got: values.get(index).copied().unwrap_or_default() }),
        None => Ok(()),
    }
}

/// Runs a feature over magnitudes or powers that are there already.
fn from_spectrogram(feature: &dyn SpectrumFeature, spectrogram: &Matrix) -> Result<Matrix, Error> {
    check_spectrogram(spectrogram, feature.bins())?;
    run_on_spectrogram(feature, spectrogram)
}

fn check_rate(sample_rate: u32) -> Result<(), Error> {
    if sample_rate == 0 { Err(Error::config("sample_rate", 0.0, "at least 1")) } else { Ok(()) }
}

/// The distance of two bins in Hz, rounded as numpy's `rfftfreq` does, as edges of bands are compared with it.
fn bin_hz(sample_rate: u32, n_fft: usize) -> f64 {
    1.0 / (n_fft as f64 * (1.0 / f64::from(sample_rate)))
}

/// The values of one frame of a block.
fn column(bins: &[Lane], lane: usize) -> impl Iterator<Item = f64> + Clone {
    bins.iter().map(move |values| values.get(lane).copied().map_or(0.0, f64::from))
}

/// Single precision, and the largest number instead of infinity.
#[inline(always)]
fn saturated(value: f64) -> f32 {
    value.min(f64::from(f32::MAX)) as f32
}

/// Whether sums in single precision have stayed in range in all lanes.
#[inline(always)]
fn all_finite(sums: &[f64; LANES]) -> bool {
    let mut all = true;
    for sum in sums {
        all &= sum.is_finite();
    }
    all
}

/// What all features of a transform have in common.
macro_rules! spectrum_methods {
    ($feature:ident, $config:ident, $shape:literal) => {
        impl $feature {
            /// The configuration this was made from.
            #[must_use]
            pub fn config(&self) -> &$config {
                &self.config
            }

            /// The transform.
            #[must_use]
            pub fn stft(&self) -> &$crate::Stft {
                &self.stft
            }

            /// Columns of the result for `n_samples` samples.
            ///
            /// # Errors
            /// As [`Stft::frames`](crate::Stft::frames).
            pub fn frames(&self, n_samples: usize) -> Result<usize, $crate::Error> {
                self.stft.frames(n_samples)
            }

            #[doc = concat!("The feature of `samples`, ", $shape, ".")]
            ///
            /// # Errors
            /// As [`Stft::stft`](crate::Stft::stft).
            pub fn compute(&self, samples: &[f32]) -> Result<$crate::Matrix, $crate::Error> {
                let mut out = $crate::Matrix::default();
                self.compute_into(samples, &mut out, &mut $crate::Scratch::new())?;
                Ok(out)
            }
        }
    };
}
use spectrum_methods;

/// The rest, for features that are done with each frame by itself; `$spectrum` is what they take, in words.
macro_rules! frame_methods {
    ($feature:ident, $config:ident, $spectrum:literal, $shape:literal) => {
        $crate::spectral::spectrum_methods!($feature, $config, $shape);

        impl $feature {
            /// [`Self::compute`] into `out`, which gets the result's shape. Allocates nothing once `out` and
            /// `scratch` have grown to what the configuration and the length need.
            ///
            /// # Errors
            /// As [`Stft::stft`](crate::Stft::stft); `out` is then unspecified.
            pub fn compute_into(
                &self,
                samples: &[f32],
                out: &mut $crate::Matrix,
                scratch: &mut $crate::Scratch,
            ) -> Result<(), $crate::Error> {
                self.stft.run(samples, self, out, scratch)
            }

            #[doc = concat!("The feature of a ", $spectrum, " spectrogram that is there already,")]
            /// `[1 + n_fft / 2 x frame]` (librosa's `S`).
            ///
            /// # Errors
            /// [`Error::EmptyInput`](crate::Error::EmptyInput) for no frames,
            /// [`Error::LengthMismatch`](crate::Error::LengthMismatch) unless there is one row for each bin,
            /// [`Error::NonFinite`](crate::Error::NonFinite), [`Error::Negative`](crate::Error::Negative).
            pub fn compute_from_spectrogram(
                &self,
                spectrogram: &$crate::Matrix,
            ) -> Result<$crate::Matrix, $crate::Error> {
                $crate::spectral::from_spectrogram(self, spectrogram)
            }
        }
    };
}
use frame_methods;
