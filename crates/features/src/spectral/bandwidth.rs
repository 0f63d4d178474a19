#![allow(clippy::needless_range_loop, reason = "an index of several arrays of lanes")]

use super::moments::Moments;
use super::{PIECE, all_finite, bin_hz, check_rate, check_spectrogram, column, frame_methods, saturated};
use crate::lanes::{LANES, Lane};
use crate::spectrum::{Spectrum, SpectrumFeature};
use crate::{Error, Matrix, Stft, StftConfig, check};

/// The parameters of the spectral bandwidth; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct SpectralBandwidthConfig {
    /// Samples a second, at least 1.
    pub sample_rate: u32,
    /// How the signal is cut and transformed.
    #[cfg_attr(feature = "serde", serde(default))]
    pub stft: StftConfig,
    /// The power that distances from the centroid are raised to, a number above 0. Default 2, which is about
    /// fifty times as fast as any other than 1.
    #[cfg_attr(feature = "serde", serde(default = "default_p"))]
    pub p: f64,
    /// Whether the magnitudes of each frame are divided by their sum first. Default true.
    #[cfg_attr(feature = "serde", serde(default = "default_norm"))]
    pub norm: bool,
}

fn default_p() -> f64 {
    2.0
}

fn default_norm() -> bool {
    true
}

impl SpectralBandwidthConfig {
    /// librosa's defaults for audio of `sample_rate` samples a second.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        Self { sample_rate, stft: StftConfig::default(), p: default_p(), norm: default_norm() }
    }

    /// Sets how the signal is cut and transformed.
    #[must_use]
    pub fn with_stft(mut self, stft: StftConfig) -> Self {
        self.stft = stft;
        self
    }

    /// Sets the power that distances are raised to.
    #[must_use]
    pub fn with_p(mut self, p: f64) -> Self {
        self.p = p;
        self
    }

    /// Sets whether the magnitudes of each frame are divided by their sum.
    #[must_use]
    pub fn with_norm(mut self, norm: bool) -> Self {
        self.norm = norm;
        self
    }
}

/// How far each frame's spectrum spreads around its centroid, in Hz (`librosa.feature.spectral_bandwidth`):
/// `(sum_k m[k] |hz[k] - centroid|^p)^(1 / p)`, `[1 x frame]`. A silent frame has 0; a result over the range of
/// `f32` (which only `norm = false` can reach) is `f32::MAX`.
#[derive(Debug, Clone)]
pub struct SpectralBandwidth {
    config: SpectralBandwidthConfig,
    stft: Stft,
    bin_hz: f64,
}

impl SpectralBandwidth {
    /// Checks the configuration and plans.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range.
    pub fn new(config: &SpectralBandwidthConfig) -> Result<Self, Error> {
        check_rate(config.sample_rate)?;
        if !(config.p > 0.0 && config.p.is_finite()) {
            return Err(Error::config("p", config.p, "a number above 0"));
        }
        let stft = Stft::new(&config.stft)?;
        let bin_hz = bin_hz(config.sample_rate, config.stft.n_fft);
        Ok(Self { config: config.clone(), stft, bin_hz })
    }

    /// The bandwidth around centroids that are known already: those of each frame in Hz.
    ///
    /// # Errors
    /// As [`Self::compute`]; [`Error::LengthMismatch`] unless there is one centroid for each frame,
    /// [`Error::NonFinite`] for one that is no number.
    pub fn compute_with_centroid(&self, samples: &[f32], centroid: &[f32]) -> Result<Matrix, Error> {
        self.around(&self.stft.magnitude(samples)?, centroid)
    }

    /// The bandwidth of a magnitude spectrogram around centroids that are known already: those of each frame
    /// in Hz (librosa's `S` and `centroid`).
    ///
    /// # Errors
    /// As [`Self::compute_from_spectrogram`]; [`Error::LengthMismatch`] unless there is one centroid for each
    /// frame, [`Error::NonFinite`] for one that is no number.
    pub fn compute_from_spectrogram_with_centroid(
        &self,
        spectrogram: &Matrix,
        centroid: &[f32],
    ) -> Result<Matrix, Error> {
        check_spectrogram(spectrogram, self.stft.bins())?;
        self.around(spectrogram, centroid)
    }

    fn around(&self, magnitudes: &Matrix, centroid: &[f32]) -> Result<Matrix, Error> {
        let (expected, got) = (magnitudes.cols(), centroid.len());
        if got != expected {
            return Err(Error::LengthMismatch { what: "the centroids", expected, got });
        }
        check::finite(centroid)?;
        let values = |frame: usize| {
            magnitudes.iter_rows().map(move |row| row.get(frame).copied().map_or(0.0, f64::from))
        };
        let mut out = Matrix::default();
        out.reshape(1, expected)?;
        for (frame, (to, hz)) in out.as_mut_slice().iter_mut().zip(centroid).enumerate() {
            let total: f64 = values(frame).sum();
            let total = if total < f64::from(f32::MIN_POSITIVE) { 1.0 } else { total };
            *to = self.finish(self.root(values(frame), f64::from(*hz) / self.bin_hz), total);
        }
        Ok(out)
    }

    /// `(sum_k m[k] |k - centroid|^p)^(1 / p)` in double precision, for any `p`.
    fn root(&self, values: impl Iterator<Item = f64>, centroid: f64) -> f64 {
        let p = self.config.p;
        // Distances are taken as parts of one that none exceeds, as their powers could leave the range.
        let unit = centroid.abs().max((self.stft.bins() as f64 - centroid).abs()).max(1.0);
        let power = |bin: usize| {
            let distance = (bin as f64 - centroid).abs() / unit;
            if p == 2.0 { distance * distance } else { distance.powf(p) }
        };
        let sum: f64 = values.enumerate().filter(|(_, v)| *v > 0.0).map(|(bin, v)| v * power(bin)).sum();
        unit * sum.powf(1.0 / p)
    }

    /// The bandwidth in Hz from a root of sums in bins.
    fn finish(&self, root: f64, total: f64) -> f32 {
        let p = self.config.p;
        let root = match self.config.norm {
            false => root,
            true if p == 2.0 => root / total.sqrt(),
            true => root / total.powf(1.0 / p),
        };
        if root.is_nan() { 0.0 } else { saturated(self.bin_hz * root) }
    }

    /// The bandwidths of a block.
    #[inline(always)]
    pub(super) fn row(&self, moments: &Moments, bins: &[Lane], row: &mut Lane) {
        let centroids = moments.centroids();
        let p = self.config.p;
        let sums = if p == 2.0 {
            Some(sums::<true>(bins, &centroids))
        } else if p == 1.0 {
            Some(sums::<false>(bins, &centroids))
        } else {
            None
        };
        match sums {
            Some(sums) if all_finite(&sums) => {
                for ((to, sum), total) in row.iter_mut().zip(sums).zip(&moments.total) {
                    *to = self.finish(if p == 2.0 { sum.sqrt() } else { sum }, *total);
                }
            }
            _ => self.exact(bins, row),
        }
    }

    /// The bandwidths for any `p` and any magnitudes. Low powers make much of small distances, so that the centroids
    /// are taken anew, in double precision.
    #[inline(never)]
    fn exact(&self, bins: &[Lane], row: &mut Lane) {
        for (lane, to) in row.iter_mut().enumerate() {
            let moments = column(bins, lane).enumerate();
            let (total, first) =
                moments.fold((0.0, 0.0), |sums, (bin, value)| (sums.0 + value, sums.1 + bin as f64 * value));
            let total = if total < f64::from(f32::MIN_POSITIVE) { 1.0 } else { total };
            *to = self.finish(self.root(column(bins, lane), first / total), total);
        }
    }
}

/// The sums of `m[k] (k - centroid)^2` of a block, or of `m[k] |k - centroid|`.
#[inline(always)]
fn sums<const SQUARED: bool>(bins: &[Lane], centroids: &[f64; LANES]) -> [f64; LANES] {
    let mut total = [0.0; LANES];
    // The nearest bin, and how far the centroid lies over it: so a distance is right however near they are.
    let mut nearest = [0.0; LANES];
    let mut over = Lane::default();
    for i in 0..LANES {
        nearest[i] = (centroids[i] + 0.5).floor();
        over[i] = (centroids[i] - nearest[i]) as f32;
    }
    for (piece, values) in bins.chunks(PIECE).enumerate() {
        let mut from = Lane::default();
        for i in 0..LANES {
            from[i] = ((piece * PIECE) as f64 - nearest[i]) as f32;
        }
        let mut sums = Lane::default();
        let (fours, rest) = values.as_chunks::<4>();
        let mut bin = 0.0;
        for [a, b, c, d] in fours {
            for i in 0..LANES {
                let at = |offset: f32| {
                    let distance = (from[i] + (bin + offset)) - over[i];
                    if SQUARED { distance * distance } else { distance.abs() }
                };
                sums[i] += (a[i] * at(0.0) + b[i] * at(1.0)) + (c[i] * at(2.0) + d[i] * at(3.0));
            }
            bin += 4.0;
        }
        for values in rest {
            for i in 0..LANES {
                let distance = (from[i] + bin) - over[i];
                sums[i] += values[i] * if SQUARED { distance * distance } else { distance.abs() };
            }
            bin += 1.0;
        }
        for (total, sum) in total.iter_mut().zip(sums) {
            *total += f64::from(sum);
        }
    }
    total
}

frame_methods!(SpectralBandwidth, SpectralBandwidthConfig, "magnitude", "`[1 x frame]`");

impl SpectrumFeature for SpectralBandwidth {
    fn input(&self) -> Spectrum {
        Spectrum::Magnitude
    }

    fn bins(&self) -> usize {
        self.stft.bins()
    }

    fn rows(&self) -> usize {
        1
    }

    #[inline(always)]
    fn block(&self, bins: &[Lane], rows: &mut [Lane], _: &mut Vec<Lane>) {
        let moments = Moments::of(bins);
        for row in rows {
            self.row(&moments, bins, row);
        }
    }
}
