use std::ops::Deref;
use std::sync::Arc;

use super::tuning::{Peaks, TuningConfig};
use super::{ChromaFilterBank, ChromaFilterConfig, Norm, check_spectrogram, spectrum_methods};
use crate::lanes::Lane;
use crate::spectrum::{Spectrum, SpectrumFeature, run_into, run_on_spectrogram};
use crate::{Error, Matrix, Scratch, Stft, StftConfig};

/// The parameters of a chromagram; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct ChromaConfig {
    /// Samples a second, at least 1.
    pub sample_rate: u32,
    /// How the signal is cut and transformed.
    #[cfg_attr(feature = "serde", serde(default))]
    pub stft: StftConfig,
    /// The filters.
    #[cfg_attr(feature = "serde", serde(default))]
    pub filters: ChromaFilterConfig,
    /// What each frame is divided by. Default [`Norm::Inf`].
    #[cfg_attr(feature = "serde", serde(default))]
    pub norm: Norm,
    /// Deviation from A440 in parts of a pitch class. Default `None`: it is estimated from the whole signal, as
    /// librosa does, which needs all of its spectrogram in memory at once.
    #[cfg_attr(feature = "serde", serde(default))]
    pub tuning: Option<f64>,
}

impl ChromaConfig {
    /// librosa's defaults for audio of `sample_rate` samples a second.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        Self {
            sample_rate,
            stft: StftConfig::default(),
            filters: ChromaFilterConfig::default(),
            norm: Norm::Inf,
            tuning: None,
        }
    }

    /// Sets how the signal is cut and transformed.
    #[must_use]
    pub fn with_stft(mut self, stft: StftConfig) -> Self {
        self.stft = stft;
        self
    }

    /// Sets the filters.
    #[must_use]
    pub fn with_filters(mut self, filters: ChromaFilterConfig) -> Self {
        self.filters = filters;
        self
    }

    /// Sets the number of pitch classes.
    #[must_use]
    pub fn with_n_chroma(mut self, n_chroma: usize) -> Self {
        self.filters.n_chroma = n_chroma;
        self
    }

    /// Sets what each frame is divided by.
    #[must_use]
    pub fn with_norm(mut self, norm: Norm) -> Self {
        self.norm = norm;
        self
    }

    /// Sets the deviation from A440; `None` to estimate it.
    #[must_use]
    pub fn with_tuning(mut self, tuning: impl Into<Option<f64>>) -> Self {
        self.tuning = tuning.into();
        self
    }
}

/// How much of each frame's power lies in each pitch class (`librosa.feature.chroma_stft`),
/// `[n_chroma x frame]`. A silent frame is zero.
///
/// ```
/// use soundalike_features::{Chroma, ChromaConfig};
///
/// let chroma = Chroma::new(&ChromaConfig::new(22_050))?;
/// let a440: Vec<f32> = (0..22_050).map(|n| (n as f32 * 0.125_38).sin()).collect();
/// let classes = chroma.compute(&a440)?;
/// assert_eq!(classes.get(9, 20), Some(1.0)); // C is 0, so A is 9
/// # Ok::<(), soundalike_features::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Chroma {
    config: ChromaConfig,
    stft: Stft,
    /// With a given tuning.
    fixed: Option<Arc<ChromaFilterBank>>,
}

/// Memory for a tuning that is estimated.
#[derive(Default)]
pub(crate) struct ChromaScratch {
    peaks: Peaks,
    bank: ChromaFilterBank,
    lanes: [Vec<Lane>; 3],
}

impl Chroma {
    /// Checks the configuration and plans.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range; `n_fft` is at least 2.
    pub fn new(config: &ChromaConfig) -> Result<Self, Error> {
        let stft = Stft::new(&config.stft)?;
        let bank = ChromaFilterBank::new(
            &config.filters,
            config.sample_rate,
            config.stft.n_fft,
            config.tuning.unwrap_or(0.0),
        )?;
        Ok(Self { config: config.clone(), stft, fixed: config.tuning.map(|_| Arc::new(bank)) })
    }

    /// [`Self::compute`] into `out`, which gets the result's shape. Allocates nothing once `out` and `scratch`
    /// have grown to what the configuration and the signal need.
    ///
    /// # Errors
    /// As [`Stft::stft`](crate::Stft::stft); `out` is then unspecified.
    pub fn compute_into(
        &self,
        samples: &[f32],
        out: &mut Matrix,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        if let Some(feature) = self.fixed() {
            return self.stft.run(samples, &feature, out, scratch);
        }
        let mut powers = std::mem::take(&mut scratch.matrix);
        let result = self
            .stft
            .power_into(samples, &mut powers, scratch)
            .and_then(|()| self.with_estimated_tuning(&powers, out, &mut scratch.chroma));
        scratch.matrix = powers;
        result
    }

    /// The chromagram of powers that show their tuning.
    pub(crate) fn with_estimated_tuning(
        &self,
        powers: &Matrix,
        out: &mut Matrix,
        scratch: &mut ChromaScratch,
    ) -> Result<(), Error> {
        let ChromaScratch { peaks, bank, lanes } = scratch;
        self.estimated(powers, peaks, bank)?;
        run_into(&FixedChroma { bank: &*bank, norm: self.config.norm }, powers, out, lanes)
    }

    /// The chromagram of a power spectrogram that is there already, `[1 + n_fft / 2 x frame]` (librosa's `S`).
    ///
    /// # Errors
    /// [`Error::EmptyInput`] for no frames, [`Error::LengthMismatch`] unless there is one row for each bin,
    /// [`Error::NonFinite`], [`Error::Negative`].
    pub fn compute_from_spectrogram(&self, spectrogram: &Matrix) -> Result<Matrix, Error> {
        check_spectrogram(spectrogram, self.stft.bins())?;
        if let Some(feature) = self.fixed() {
            return run_on_spectrogram(&feature, spectrogram);
        }
        let mut out = Matrix::default();
        self.with_estimated_tuning(spectrogram, &mut out, &mut ChromaScratch::default())?;
        Ok(out)
    }

    /// What is computed from single spectra, if the tuning is given.
    pub(crate) fn fixed(&self) -> Option<FixedChroma<Arc<ChromaFilterBank>>> {
        self.fixed.clone().map(|bank| FixedChroma { bank, norm: self.config.norm })
    }

    /// Makes the filters for the tuning that the powers show.
    fn estimated(
        &self,
        powers: &Matrix,
        peaks: &mut Peaks,
        bank: &mut ChromaFilterBank,
    ) -> Result<(), Error> {
        let ChromaConfig { sample_rate, filters, stft, .. } = &self.config;
        let config = TuningConfig::new(*sample_rate).with_bins_per_octave(filters.n_chroma);
        // librosa hands over the spectrogram alone here, so that an odd length is taken for the even one below.
        let tuning = peaks.tuning(powers, 2 * (powers.rows() - 1), &config);
        bank.fill(filters, *sample_rate, stft.n_fft, tuning)
    }
}

spectrum_methods!(Chroma, ChromaConfig, "`[n_chroma x frame]`");

/// Chroma of a given tuning.
pub(crate) struct FixedChroma<B> {
    bank: B,
    norm: Norm,
}

impl<B: Deref<Target = ChromaFilterBank>> SpectrumFeature for FixedChroma<B> {
    fn input(&self) -> Spectrum {
        Spectrum::Power
    }

    fn bins(&self) -> usize {
        self.bank.bins()
    }

    fn rows(&self) -> usize {
        self.bank.n_chroma()
    }

    #[inline(always)]
    fn block(&self, bins: &[Lane], rows: &mut [Lane], _: &mut Vec<Lane>) {
        self.bank.apply_to_block(bins, rows);
        // What librosa takes the norm of is finite.
        for value in rows.iter_mut().flatten() {
            *value = if *value > f32::MAX { f32::MAX } else { *value };
        }
        let divisors = self.norm.divisors(rows);
        for row in rows {
            for (value, divisor) in row.iter_mut().zip(&divisors) {
                *value = (f64::from(*value) / divisor) as f32;
            }
        }
    }
}
