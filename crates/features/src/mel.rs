use crate::lanes::{LANES, Lane};
use crate::spectrum::Spectrum;
use crate::{Error, Matrix, MelFilterBank, MelScale, Scratch, Stft, StftConfig};

/// The most bands that a filter bank may have.
const MAX_N_MELS: usize = 4096;

/// How the triangles of a filter bank are scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum MelNorm {
    /// Each triangle has area one: its peak is 2 / (its width in Hz). librosa's `norm="slaney"`.
    #[default]
    Slaney,
    /// Each triangle's peak is one. librosa's `norm=None`.
    None,
}

/// In which unit the sides of a filter bank's triangles are straight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum MelDomain {
    /// In Hz, as in librosa and torchaudio.
    #[default]
    Hz,
    /// In mel, as in Kaldi, HTK and TensorFlow (so VGGish and YAMNet).
    Mel,
}

/// A mel spectrogram's parameters; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct MelConfig {
    /// Samples a second, at least 1.
    pub sample_rate: u32,
    /// How the signal is cut and transformed.
    #[cfg_attr(feature = "serde", serde(default))]
    pub stft: StftConfig,
    /// Exponent of the magnitudes that are gathered: 2 (power) or 1 (magnitude). Default 2.
    #[cfg_attr(feature = "serde", serde(default = "default_power"))]
    pub power: f32,
    /// Number of bands, 1 to 4096. Default 128.
    #[cfg_attr(feature = "serde", serde(default = "default_n_mels"))]
    pub n_mels: usize,
    /// Where the lowest band starts, in Hz. Default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub fmin: f64,
    /// Where the highest band ends, in Hz: over `fmin` and at most half the sample rate. Default `None`, which
    /// is half the sample rate.
    #[cfg_attr(feature = "serde", serde(default))]
    pub fmax: Option<f64>,
    /// The scale on which the bands are equally spaced. Default Slaney.
    #[cfg_attr(feature = "serde", serde(default))]
    pub scale: MelScale,
    /// How the triangles are scaled. Default Slaney.
    #[cfg_attr(feature = "serde", serde(default))]
    pub norm: MelNorm,
    /// In which unit the triangles' sides are straight. Default Hz.
    #[cfg_attr(feature = "serde", serde(default))]
    pub domain: MelDomain,
    /// Whether the bin of 0 Hz is kept out of all bands, as TensorFlow's matrix says. Default false. It changes no
    /// value: `fmin` is at least 0, so no triangle has weight there in any case.
    #[cfg_attr(feature = "serde", serde(default))]
    pub zero_dc: bool,
}

fn default_power() -> f32 {
    2.0
}

fn default_n_mels() -> usize {
    128
}

impl MelConfig {
    /// librosa's defaults for audio of `sample_rate` samples a second.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        Self {
            sample_rate,
            stft: StftConfig::default(),
            power: default_power(),
            n_mels: default_n_mels(),
            fmin: 0.0,
            fmax: None,
            scale: MelScale::Slaney,
            norm: MelNorm::Slaney,
            domain: MelDomain::Hz,
            zero_dc: false,
        }
    }

    /// Sets how the signal is cut and transformed.
    #[must_use]
    pub fn with_stft(mut self, stft: StftConfig) -> Self {
        self.stft = stft;
        self
    }

    /// Sets the length of the transform.
    #[must_use]
    pub fn with_n_fft(mut self, n_fft: usize) -> Self {
        self.stft.n_fft = n_fft;
        self
    }

    /// Sets the samples from one frame to the next.
    #[must_use]
    pub fn with_hop_length(mut self, hop_length: usize) -> Self {
        self.stft.hop_length = hop_length;
        self
    }

    /// Sets the exponent of the magnitudes, 2 or 1.
    #[must_use]
    pub fn with_power(mut self, power: f32) -> Self {
        self.power = power;
        self
    }

    /// Sets the number of bands.
    #[must_use]
    pub fn with_n_mels(mut self, n_mels: usize) -> Self {
        self.n_mels = n_mels;
        self
    }

    /// Sets where the lowest band starts, in Hz.
    #[must_use]
    pub fn with_fmin(mut self, fmin: f64) -> Self {
        self.fmin = fmin;
        self
    }

    /// Sets where the highest band ends, in Hz; `None` is half the sample rate.
    #[must_use]
    pub fn with_fmax(mut self, fmax: impl Into<Option<f64>>) -> Self {
        self.fmax = fmax.into();
        self
    }

    /// Sets the scale on which the bands are equally spaced.
    #[must_use]
    pub fn with_scale(mut self, scale: MelScale) -> Self {
        self.scale = scale;
        self
    }

    /// Sets the scale by librosa's flag: HTK's if true, else Slaney's.
    #[must_use]
    pub fn with_htk(self, htk: bool) -> Self {
        self.with_scale(if htk { MelScale::Htk } else { MelScale::Slaney })
    }

    /// Sets how the triangles are scaled.
    #[must_use]
    pub fn with_norm(mut self, norm: MelNorm) -> Self {
        self.norm = norm;
        self
    }

    /// Sets in which unit the triangles' sides are straight.
    #[must_use]
    pub fn with_domain(mut self, domain: MelDomain) -> Self {
        self.domain = domain;
        self
    }

    /// Sets whether the bin of 0 Hz is kept out of all bands.
    #[must_use]
    pub fn with_zero_dc(mut self, zero_dc: bool) -> Self {
        self.zero_dc = zero_dc;
        self
    }

    /// Where the highest band ends, in Hz.
    pub(crate) fn fmax_hz(&self) -> f64 {
        self.fmax.unwrap_or(f64::from(self.sample_rate) / 2.0)
    }

    /// Which spectrum the filters are applied to.
    pub(crate) fn spectrum(&self) -> Spectrum {
        if self.power == 1.0 { Spectrum::Magnitude } else { Spectrum::Power }
    }

    /// Checks all but what the filters' positions show.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.stft.check()?;
        if self.sample_rate == 0 {
            return Err(Error::config("sample_rate", 0.0, "at least 1"));
        }
        if self.power != 1.0 && self.power != 2.0 {
            return Err(Error::config("power", f64::from(self.power), "1 or 2"));
        }
        if !(1..=MAX_N_MELS).contains(&self.n_mels) {
            return Err(Error::config("n_mels", self.n_mels as f64, "1 to 4096"));
        }
        // NaN is in no range.
        let fmax = self.fmax_hz();
        if !(0.0..f64::INFINITY).contains(&self.fmin) {
            return Err(Error::config("fmin", self.fmin, "a frequency from 0 Hz"));
        }
        if !(0.0..=f64::from(self.sample_rate) / 2.0).contains(&fmax) {
            return Err(Error::config("fmax", fmax, "a frequency up to half the sample rate"));
        }
        if self.fmin >= fmax {
            return Err(Error::config("fmin", self.fmin, "a frequency under fmax"));
        }
        Ok(())
    }
}

/// Mel spectrograms (`librosa.feature.melspectrogram`), planned once and used for any number of signals.
///
/// ```
/// use soundalike_features::{MelConfig, MelSpectrogram};
///
/// let mel = MelSpectrogram::new(&MelConfig::new(22_050).with_n_mels(64))?;
/// let samples: Vec<f32> = (0..22_050).map(|n| (n as f32 * 0.1).sin()).collect();
/// let bands = mel.compute(&samples)?;
/// assert_eq!((bands.rows(), bands.cols()), (64, 44));
/// # Ok::<(), soundalike_features::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MelSpectrogram {
    config: MelConfig,
    stft: Stft,
    filters: MelFilterBank,
}

impl MelSpectrogram {
    /// Checks the configuration and plans the transform and the filters.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range.
    pub fn new(config: &MelConfig) -> Result<Self, Error> {
        let filters = MelFilterBank::new(config)?;
        Ok(Self { config: config.clone(), stft: Stft::new(&config.stft)?, filters })
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &MelConfig {
        &self.config
    }

    /// The filters.
    #[must_use]
    pub fn filters(&self) -> &MelFilterBank {
        &self.filters
    }

    /// The transform.
    #[must_use]
    pub fn stft(&self) -> &Stft {
        &self.stft
    }

    /// Columns of the result for `n_samples` samples.
    ///
    /// # Errors
    /// As [`Stft::frames`].
    pub fn frames(&self, n_samples: usize) -> Result<usize, Error> {
        self.stft.frames(n_samples)
    }

    /// The mel spectrogram of `samples` at the configured rate, `[n_mels x frame]`.
    ///
    /// # Errors
    /// As [`Stft::stft`].
    pub fn compute(&self, samples: &[f32]) -> Result<Matrix, Error> {
        let mut out = Matrix::default();
        self.compute_into(samples, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::compute`] into `out`, which gets the result's shape. Allocates nothing once `out` and `scratch`
    /// have grown to what the configuration and the length need.
    ///
    /// # Errors
    /// As [`Stft::stft`]; `out` is then unspecified.
    pub fn compute_into(
        &self,
        samples: &[f32],
        out: &mut Matrix,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let frames = self.stft.accept(samples)?;
        out.reshape(self.config.n_mels, frames)?;
        let Scratch { transform, bands, .. } = scratch;
        bands.resize(self.config.n_mels, [0.0; LANES]);
        self.for_each_block(samples, frames, transform, |first, count, bins| {
            self.filters.apply_to_block(bins, bands);
            out.put_columns(first, count, bands);
        });
        Ok(())
    }

    /// All blocks of bands into `scratch.blocks`, `[block][band][lane]`, where unused lanes are zero. Returns the
    /// number of frames.
    pub(crate) fn blocks(&self, samples: &[f32], scratch: &mut Scratch) -> Result<usize, Error> {
        let frames = self.stft.accept(samples)?;
        let n_mels = self.config.n_mels;
        let Scratch { transform, blocks, .. } = scratch;
        let blocks_len = frames.div_ceil(LANES).saturating_mul(n_mels);
        if let Some(more) = blocks_len.checked_sub(blocks.len()) {
            let refused = Error::OutOfMemory { rows: n_mels, cols: frames };
            blocks.try_reserve_exact(more).map_err(|_| refused)?;
        }
        blocks.resize(blocks_len, [0.0; LANES]);
        let mut rest = blocks.chunks_exact_mut(n_mels);
        self.for_each_block(samples, frames, transform, |_, _, bins| {
            if let Some(bands) = rest.next() {
                self.filters.apply_to_block(bins, bands);
            }
        });
        Ok(frames)
    }

    fn for_each_block(
        &self,
        samples: &[f32],
        frames: usize,
        scratch: &mut crate::transform::TransformScratch,
        mut emit: impl FnMut(usize, usize, &[Lane]),
    ) {
        let spectrum = self.config.spectrum();
        self.stft.transform.for_each_block(
            samples,
            frames,
            scratch,
            spectrum.into(),
            |first, count, spectra| {
                emit(first, count, spectra.of(spectrum));
            },
        );
    }
}
