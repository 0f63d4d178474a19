use crate::lanes::LANES;
use crate::{DbConfig, Error, Matrix, MelConfig, MelSpectrogram, Scratch};

/// A mel spectrogram in decibels: the parameters of its two steps.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct LogMelConfig {
    /// The mel spectrogram.
    pub mel: MelConfig,
    /// The decibels. Default reference 1, amin 1e-10, top_db 80.
    #[cfg_attr(feature = "serde", serde(default))]
    pub db: DbConfig,
}

impl LogMelConfig {
    /// librosa's defaults for audio of `sample_rate` samples a second.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        Self { mel: MelConfig::new(sample_rate), db: DbConfig::default() }
    }

    /// Sets the mel spectrogram.
    #[must_use]
    pub fn with_mel(mut self, mel: MelConfig) -> Self {
        self.mel = mel;
        self
    }

    /// Sets the decibels.
    #[must_use]
    pub fn with_db(mut self, db: DbConfig) -> Self {
        self.db = db;
        self
    }
}

/// Mel spectrograms in decibels: [`MelSpectrogram`], then [`power_to_db`](crate::power_to_db) over the whole
/// result (so that `top_db` counts from the loudest band of the whole signal).
///
/// ```
/// use soundalike_features::{LogMel, LogMelConfig};
///
/// let log_mel = LogMel::new(&LogMelConfig::new(22_050))?;
/// let samples: Vec<f32> = (0..22_050).map(|n| (n as f32 * 0.1).sin()).collect();
/// let decibels = log_mel.compute(&samples)?;
/// assert_eq!((decibels.rows(), decibels.cols()), (128, 44));
/// # Ok::<(), soundalike_features::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct LogMel {
    config: LogMelConfig,
    mel: MelSpectrogram,
}

impl LogMel {
    /// Checks the configuration and plans.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range.
    pub fn new(config: &LogMelConfig) -> Result<Self, Error> {
        config.db.check()?;
        Ok(Self { config: config.clone(), mel: MelSpectrogram::new(&config.mel)? })
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &LogMelConfig {
        &self.config
    }

    /// The mel spectrogram's plan.
    #[must_use]
    pub fn mel(&self) -> &MelSpectrogram {
        &self.mel
    }

    /// Columns of the result for `n_samples` samples.
    ///
    /// # Errors
    /// As [`Stft::frames`](crate::Stft::frames).
    pub fn frames(&self, n_samples: usize) -> Result<usize, Error> {
        self.mel.frames(n_samples)
    }

    /// The mel spectrogram of `samples` in decibels, `[n_mels x frame]`.
    ///
    /// # Errors
    /// As [`Stft::stft`](crate::Stft::stft).
    pub fn compute(&self, samples: &[f32]) -> Result<Matrix, Error> {
        let mut out = Matrix::default();
        self.compute_into(samples, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::compute`] into `out`, under the terms of
    /// [`MelSpectrogram::compute_into`](crate::MelSpectrogram::compute_into).
    ///
    /// # Errors
    /// As [`Stft::stft`](crate::Stft::stft); `out` is then unspecified.
    pub fn compute_into(
        &self,
        samples: &[f32],
        out: &mut Matrix,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        self.mel.compute_into(samples, out, scratch)?;
        self.config.db.apply(out.as_mut_slice());
        Ok(())
    }

    /// All blocks of decibels into `scratch.blocks`, `[block][band][lane]`. Returns the number of frames.
    pub(crate) fn blocks(&self, samples: &[f32], scratch: &mut Scratch) -> Result<usize, Error> {
        let frames = self.mel.blocks(samples, scratch)?;
        // Unused lanes are zero and so never above the largest value of the others.
        self.config.db.apply(scratch.blocks.as_flattened_mut());
        debug_assert_eq!(scratch.blocks.len(), frames.div_ceil(LANES) * self.config.mel.n_mels);
        Ok(frames)
    }
}
