use super::extremes;
use super::{bin_hz, check_rate, check_spectrogram, spectrum_methods};
use crate::lanes::Lane;
use crate::spectrum::{Spectrum, SpectrumFeature, run_on_spectrogram};
use crate::{Error, Matrix, Scratch, Stft, StftConfig};

/// The parameters of the spectral contrast; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct SpectralContrastConfig {
    /// Samples a second, at least 1.
    pub sample_rate: u32,
    /// How the signal is cut and transformed.
    #[cfg_attr(feature = "serde", serde(default))]
    pub stft: StftConfig,
    /// Where the second band starts, in Hz, above 0; the first holds what lies below. Default 200.
    #[cfg_attr(feature = "serde", serde(default = "default_fmin"))]
    pub fmin: f64,
    /// Number of bands above `fmin`, each an octave (the last takes what is left), at least 1. Every one must
    /// start under half the sample rate, and every band hold a bin. Default 6.
    #[cfg_attr(feature = "serde", serde(default = "default_n_bands"))]
    pub n_bands: usize,
    /// The part of a band's bins, between 0 and 1, that make its valley, and that make its peak. Default 0.02.
    #[cfg_attr(feature = "serde", serde(default = "default_quantile"))]
    pub quantile: f64,
    /// Whether the result is the difference of the magnitudes themselves, not of their decibels. Default false.
    #[cfg_attr(feature = "serde", serde(default))]
    pub linear: bool,
}

fn default_fmin() -> f64 {
    200.0
}

fn default_n_bands() -> usize {
    6
}

fn default_quantile() -> f64 {
    0.02
}

impl SpectralContrastConfig {
    /// librosa's defaults for audio of `sample_rate` samples a second.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        Self {
            sample_rate,
            stft: StftConfig::default(),
            fmin: default_fmin(),
            n_bands: default_n_bands(),
            quantile: default_quantile(),
            linear: false,
        }
    }

    /// Sets how the signal is cut and transformed.
    #[must_use]
    pub fn with_stft(mut self, stft: StftConfig) -> Self {
        self.stft = stft;
        self
    }

    /// Sets where the second band starts, in Hz.
    #[must_use]
    pub fn with_fmin(mut self, fmin: f64) -> Self {
        self.fmin = fmin;
        self
    }

    /// Sets the number of bands above `fmin`.
    #[must_use]
    pub fn with_n_bands(mut self, n_bands: usize) -> Self {
        self.n_bands = n_bands;
        self
    }

    /// Sets the part of a band's bins that make its valley and its peak.
    #[must_use]
    pub fn with_quantile(mut self, quantile: f64) -> Self {
        self.quantile = quantile;
        self
    }

    /// Sets whether the result is the difference of the magnitudes themselves.
    #[must_use]
    pub fn with_linear(mut self, linear: bool) -> Self {
        self.linear = linear;
        self
    }
}

/// In each of some bands of an octave, how far the loudest bins lie over the weakest
/// (`librosa.feature.spectral_contrast`), `[n_bands + 1 x frame]`.
///
/// As in librosa the values are decibels made of magnitudes (`10 log10`), and neither peaks nor valleys count
/// as more than 80 dB under the largest of them in the whole signal.
#[derive(Debug, Clone)]
pub struct SpectralContrast {
    config: SpectralContrastConfig,
    stft: Stft,
    bands: Vec<Band>,
}

#[derive(Debug, Clone)]
struct Band {
    first_bin: usize,
    bins: usize,
    /// How many bins make the valley, and how many the peak.
    count: usize,
}

impl SpectralContrast {
    /// Checks the configuration and plans.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range.
    pub fn new(config: &SpectralContrastConfig) -> Result<Self, Error> {
        check_rate(config.sample_rate)?;
        if !(config.fmin > 0.0 && config.fmin.is_finite()) {
            return Err(Error::config("fmin", config.fmin, "a frequency above 0 Hz"));
        }
        if config.n_bands == 0 {
            return Err(Error::config("n_bands", 0.0, "at least 1"));
        }
        if !(config.quantile > 0.0 && config.quantile < 1.0) {
            return Err(Error::config("quantile", config.quantile, "a number between 0 and 1"));
        }
        let stft = Stft::new(&config.stft)?;
        let bands = bands(config, stft.bins())?;
        Ok(Self { config: config.clone(), stft, bands })
    }

    /// [`Self::compute`] into `out`, which gets the result's shape. Allocates nothing once `out` and `scratch`
    /// have grown to what the configuration and the length need.
    ///
    /// # Errors
    /// As [`Stft::stft`](crate::Stft::stft); `out` is then unspecified.
    pub fn compute_into(
        &self,
        samples: &[f32],
        out: &mut Matrix,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let mut extremes = std::mem::take(&mut scratch.matrix);
        let result =
            self.stft.run(samples, self, &mut extremes, scratch).and_then(|()| self.finish(&extremes, out));
        scratch.matrix = extremes;
        result
    }

    /// The contrast of a magnitude spectrogram that is there already, `[1 + n_fft / 2 x frame]` (librosa's `S`).
    ///
    /// # Errors
    /// [`Error::EmptyInput`] for no frames, [`Error::LengthMismatch`] unless there is one row for each bin,
    /// [`Error::NonFinite`], [`Error::Negative`].
    pub fn compute_from_spectrogram(&self, spectrogram: &Matrix) -> Result<Matrix, Error> {
        check_spectrogram(spectrogram, self.stft.bins())?;
        let mut out = Matrix::default();
        self.finish(&run_on_spectrogram(self, spectrogram)?, &mut out)?;
        Ok(out)
    }

    /// The contrast of a signal from the peaks and valleys of its bands, `[2 (n_bands + 1) x frame]`, peaks first:
    /// what an [`ExtractorStream`](crate::ExtractorStream) gives, whose frames are to be put together first, since
    /// the floor under the values is that of the whole signal.
    ///
    /// # Errors
    /// As [`Self::compute_from_spectrogram`].
    pub fn compute_from_extremes(&self, extremes: &Matrix) -> Result<Matrix, Error> {
        check_spectrogram(extremes, 2 * self.bands.len())?;
        let mut out = Matrix::default();
        self.finish(extremes, &mut out)?;
        Ok(out)
    }

    /// From what [`SpectrumFeature::block`] gives for all frames of a signal to the contrast.
    pub(crate) fn finish(&self, extremes: &Matrix, out: &mut Matrix) -> Result<(), Error> {
        let rows = self.bands.len();
        out.reshape(rows, extremes.cols())?;
        let (peaks, valleys) = extremes.as_slice().split_at(out.as_slice().len());
        let (least_peak, least_valley) = (least(peaks), least(valleys));
        for ((to, peak), valley) in out.as_mut_slice().iter_mut().zip(peaks).zip(valleys) {
            *to = if self.config.linear {
                peak - valley
            } else {
                // The difference of the decibels would lose digits where it is small.
                let (peak, valley) = (f64::from(*peak).max(least_peak), f64::from(*valley).max(least_valley));
                (10.0 * (peak / valley).log10()) as f32
            };
        }
        Ok(())
    }
}

/// What smaller values count as: `power_to_db`'s amin, and 80 dB under the largest.
fn least(values: &[f32]) -> f64 {
    let most = values.iter().fold(0.0f32, |a, b| a.max(*b));
    (1e-8 * f64::from(most)).max(1e-10)
}

/// The bins of each band. A band above `fmin` begins with the last bin under its lower edge, and ends before the
/// last bin that is not over its upper edge; the last goes to the end.
fn bands(config: &SpectralContrastConfig, bins: usize) -> Result<Vec<Band>, Error> {
    let too_high = Error::config(
        "n_bands",
        config.n_bands as f64,
        "fewer bands: one begins at or over half the sample rate",
    );
    let no_bin =
        Error::config("fmin", config.fmin, "a higher frequency, or a longer n_fft: a band has no bin");
    let hz = bin_hz(config.sample_rate, config.stft.n_fft);
    let at = |bin: usize| bin as f64 * hz;
    let mut bands = Vec::new();
    let (mut low, mut high) = (0.0, config.fmin);
    for band in 0..=config.n_bands {
        if low >= 0.5 * f64::from(config.sample_rate) {
            return Err(too_high);
        }
        let is_last = band == config.n_bands;
        // The edges are compared as they are; the estimate of where they lie may be off by one.
        let mut first = ((low / hz) as usize).saturating_sub(1);
        while at(first) < low {
            first += 1;
        }
        let mut end = ((high / hz) as usize).saturating_sub(1).clamp(first, bins.max(first));
        while end < bins && at(end) <= high {
            end += 1;
        }
        if first >= end.min(bins) {
            return Err(no_bin);
        }
        let first_bin = first.saturating_sub(usize::from(band > 0));
        let end = if is_last { bins } else { end };
        let whole = end - first_bin;
        let bins = if is_last { whole } else { whole - 1 };
        if bins == 0 {
            return Err(no_bin);
        }
        let count = ((config.quantile * whole as f64).round_ties_even() as usize).clamp(1, bins);
        bands.push(Band { first_bin, bins, count });
        (low, high) = (high, 2.0 * high);
    }
    Ok(bands)
}

spectrum_methods!(SpectralContrast, SpectralContrastConfig, "`[n_bands + 1 x frame]`");

/// Gives the peaks of all bands, then their valleys; [`SpectralContrast::finish`] does the rest.
impl SpectrumFeature for SpectralContrast {
    fn input(&self) -> Spectrum {
        Spectrum::Magnitude
    }

    fn bins(&self) -> usize {
        self.stft.bins()
    }

    fn rows(&self) -> usize {
        2 * self.bands.len()
    }

    #[inline(always)]
    fn block(&self, bins: &[Lane], rows: &mut [Lane], memory: &mut Vec<Lane>) {
        let Some((peaks, valleys)) = rows.split_at_mut_checked(self.bands.len()) else {
            return;
        };
        for ((band, peak), valley) in self.bands.iter().zip(peaks).zip(valleys) {
            let values = bins.get(band.first_bin..band.first_bin + band.bins).unwrap_or_default();
            (*valley, *peak) = extremes::means(values, band.count, memory);
        }
    }
}
