#![allow(clippy::needless_range_loop, reason = "an index of several arrays of lanes")]

use super::{bin_hz, check_rate, frame_methods};
use crate::lanes::{LANES, Lane};
use crate::spectrum::{Spectrum, SpectrumFeature};
use crate::{Error, Stft, StftConfig};

/// The parameters of the spectral roll-off; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct SpectralRolloffConfig {
    /// Samples a second, at least 1.
    pub sample_rate: u32,
    /// How the signal is cut and transformed.
    #[cfg_attr(feature = "serde", serde(default))]
    pub stft: StftConfig,
    /// The part of a frame's magnitudes that lies below, between 0 and 1. Default 0.85.
    #[cfg_attr(feature = "serde", serde(default = "default_roll_percent"))]
    pub roll_percent: f64,
}

fn default_roll_percent() -> f64 {
    0.85
}

impl SpectralRolloffConfig {
    /// librosa's defaults for audio of `sample_rate` samples a second.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        Self { sample_rate, stft: StftConfig::default(), roll_percent: default_roll_percent() }
    }

    /// Sets how the signal is cut and transformed.
    #[must_use]
    pub fn with_stft(mut self, stft: StftConfig) -> Self {
        self.stft = stft;
        self
    }

    /// Sets the part of a frame's magnitudes that lies below.
    #[must_use]
    pub fn with_roll_percent(mut self, roll_percent: f64) -> Self {
        self.roll_percent = roll_percent;
        self
    }
}

/// The frequency in Hz of the first bin of each frame up to which the magnitudes add up to `roll_percent` of
/// their sum (`librosa.feature.spectral_rolloff`), `[1 x frame]`. A silent frame has 0.
#[derive(Debug, Clone)]
pub struct SpectralRolloff {
    config: SpectralRolloffConfig,
    stft: Stft,
    bin_hz: f64,
}

impl SpectralRolloff {
    /// Checks the configuration and plans.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range.
    pub fn new(config: &SpectralRolloffConfig) -> Result<Self, Error> {
        check_rate(config.sample_rate)?;
        if !(config.roll_percent > 0.0 && config.roll_percent < 1.0) {
            return Err(Error::config("roll_percent", config.roll_percent, "a number between 0 and 1"));
        }
        let stft = Stft::new(&config.stft)?;
        let bin_hz = bin_hz(config.sample_rate, config.stft.n_fft);
        Ok(Self { config: config.clone(), stft, bin_hz })
    }
}

frame_methods!(SpectralRolloff, SpectralRolloffConfig, "magnitude", "`[1 x frame]`");

impl SpectrumFeature for SpectralRolloff {
    fn input(&self) -> Spectrum {
        Spectrum::Magnitude
    }

    fn bins(&self) -> usize {
        self.stft.bins()
    }

    fn rows(&self) -> usize {
        1
    }

    /// Sums are taken bin by bin in single precision because librosa's are: so the same magnitudes give the same
    /// bin, always. (A rounding error that moves a sum over the threshold moves the result by a whole bin.)
    #[inline(always)]
    fn block(&self, bins: &[Lane], rows: &mut [Lane], _: &mut Vec<Lane>) {
        let mut threshold = Lane::default();
        for values in bins {
            for i in 0..LANES {
                threshold[i] += values[i];
            }
        }
        let part = self.config.roll_percent as f32;
        for sum in &mut threshold {
            *sum *= part;
        }
        let mut sums = Lane::default();
        let mut below = [0u32; LANES];
        for values in bins {
            for i in 0..LANES {
                sums[i] += values[i];
                below[i] += u32::from(sums[i] < threshold[i]);
            }
        }
        for row in rows {
            for (to, bin) in row.iter_mut().zip(below) {
                *to = (f64::from(bin) * self.bin_hz) as f32;
            }
        }
    }
}
