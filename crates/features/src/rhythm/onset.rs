use crate::{Error, LogMel, LogMelConfig, Matrix, Scratch, check};

/// As many bands as a mel spectrogram can have.
const MAX_SIZE: usize = 4096;

/// The parameters of the onset strength; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct OnsetStrengthConfig {
    /// The mel spectrogram in decibels. Default as [`LogMelConfig::new`].
    pub log_mel: LogMelConfig,
    /// Each frame is compared with the one this many before, at least 1. Default 1.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub lag: usize,
    /// The earlier frame's bands are replaced by the largest of this many bands around each, 1 (which is
    /// the band itself) to 4096; more keep a tone that glides from counting as onsets. Default 1.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub max_size: usize,
    /// Whether slow changes of the result are taken out by a high-pass filter. Default false.
    #[cfg_attr(feature = "serde", serde(default))]
    pub detrend: bool,
    /// Whether the result is moved by half a transform, so that its frames are centred on their time. Default
    /// true.
    #[cfg_attr(feature = "serde", serde(default = "yes"))]
    pub center: bool,
}

fn one() -> usize {
    1
}

fn yes() -> bool {
    true
}

impl OnsetStrengthConfig {
    /// librosa's defaults for audio of `sample_rate` samples a second.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        let log_mel = LogMelConfig::new(sample_rate);
        Self { log_mel, lag: one(), max_size: one(), detrend: false, center: yes() }
    }

    /// Sets the mel spectrogram in decibels.
    #[must_use]
    pub fn with_log_mel(mut self, log_mel: LogMelConfig) -> Self {
        self.log_mel = log_mel;
        self
    }

    /// Sets how many frames lie between those that are compared.
    #[must_use]
    pub fn with_lag(mut self, lag: usize) -> Self {
        self.lag = lag;
        self
    }

    /// Sets how many bands of the earlier frame each is compared with.
    #[must_use]
    pub fn with_max_size(mut self, max_size: usize) -> Self {
        self.max_size = max_size;
        self
    }

    /// Sets whether slow changes are taken out.
    #[must_use]
    pub fn with_detrend(mut self, detrend: bool) -> Self {
        self.detrend = detrend;
        self
    }

    /// Sets whether frames are centred on their time.
    #[must_use]
    pub fn with_center(mut self, center: bool) -> Self {
        self.center = center;
        self
    }
}

/// How much louder than shortly before each frame is (`librosa.onset.onset_strength`), `[1 x frame]`: the mean
/// over all mel bands of the rise in decibels, where a fall counts as 0. There is one value for each frame of the
/// spectrogram, and 0 where the frame before is missing.
///
/// ```
/// use soundalike_features::{OnsetStrength, OnsetStrengthConfig};
///
/// let onset = OnsetStrength::new(&OnsetStrengthConfig::new(22_050))?;
/// let mut samples = vec![0.0f32; 22_050];
/// for (n, sample) in samples.iter_mut().enumerate().skip(11_264) {
///     *sample = (n as f32 * 0.3).sin();
/// }
/// let strength = onset.compute(&samples)?;
/// assert_eq!(strength.get(0, 10), Some(0.0));
/// assert!(strength.get(0, 23) > Some(10.0)); // 11264 lies in the frame that ends at 23 * 512
/// # Ok::<(), soundalike_features::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct OnsetStrength {
    config: OnsetStrengthConfig,
    log_mel: LogMel,
}

impl OnsetStrength {
    /// Checks the configuration and plans.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range.
    pub fn new(config: &OnsetStrengthConfig) -> Result<Self, Error> {
        if config.lag == 0 {
            return Err(Error::config("lag", 0.0, "at least 1"));
        }
        if !(1..=MAX_SIZE).contains(&config.max_size) {
            return Err(Error::config("max_size", config.max_size as f64, "1 to 4096"));
        }
        Ok(Self { config: config.clone(), log_mel: LogMel::new(&config.log_mel)? })
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &OnsetStrengthConfig {
        &self.config
    }

    /// Columns of the result for `n_samples` samples.
    ///
    /// # Errors
    /// As [`Stft::frames`](crate::Stft::frames).
    pub fn frames(&self, n_samples: usize) -> Result<usize, Error> {
        self.log_mel.frames(n_samples)
    }

    /// The onset strength of `samples` at the configured rate, `[1 x frame]`.
    ///
    /// # Errors
    /// As [`Stft::stft`](crate::Stft::stft).
    pub fn compute(&self, samples: &[f32]) -> Result<Matrix, Error> {
        let mut out = Matrix::default();
        self.compute_into(samples, &mut out, &mut Scratch::new())?;
        Ok(out)
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
        let mut log_mel = std::mem::take(&mut scratch.matrix);
        let result = self
            .log_mel
            .compute_into(samples, &mut log_mel, scratch)
            .and_then(|()| self.strength(&log_mel, out, &mut scratch.frame));
        scratch.matrix = log_mel;
        result
    }

    /// The onset strength from a spectrogram in decibels that is there already, `[n_mels x frame]` (librosa's
    /// `S`).
    ///
    /// # Errors
    /// [`Error::EmptyInput`] for no frames, [`Error::LengthMismatch`] unless there is one row for each band,
    /// [`Error::NonFinite`].
    pub fn compute_from_log_mel(&self, log_mel: &Matrix) -> Result<Matrix, Error> {
        let (expected, got) = (self.config.log_mel.mel.n_mels, log_mel.rows());
        if log_mel.is_empty() {
            return Err(Error::EmptyInput);
        }
        if got != expected {
            return Err(Error::LengthMismatch { what: "log_mel (rows)", expected, got });
        }
        check::finite(log_mel.as_slice())?;
        let mut out = Matrix::default();
        self.strength(log_mel, &mut out, &mut Vec::new())?;
        Ok(out)
    }

    /// From decibels to the strength. `memory` holds one row.
    pub(crate) fn strength(
        &self,
        log_mel: &Matrix,
        out: &mut Matrix,
        memory: &mut Vec<f32>,
    ) -> Result<(), Error> {
        let OnsetStrengthConfig { lag, max_size, .. } = self.config;
        let frames = log_mel.cols();
        out.reshape(1, frames)?;
        let out = out.as_mut_slice();
        out.fill(0.0);
        let stft = &self.config.log_mel.mel.stft;
        let delay = if self.config.center { stft.n_fft / stft.hop_length.saturating_mul(2) } else { 0 };
        let Some(strength) = out.get_mut(lag.saturating_add(delay).min(frames)..) else {
            return Ok(());
        };
        memory.clear();
        memory.resize(frames, 0.0);
        for (band, row) in log_mel.iter_rows().enumerate() {
            let before = if max_size == 1 {
                row
            } else {
                // At the ends librosa mirrors the bands, which adds none that are not there already.
                let first = band.saturating_sub(max_size / 2);
                let count = (band + max_size - max_size / 2) - first;
                memory.fill(f32::MIN);
                for near in log_mel.iter_rows().skip(first).take(count) {
                    for (most, value) in memory.iter_mut().zip(near) {
                        *most = if *value > *most { *value } else { *most };
                    }
                }
                memory.as_slice()
            };
            let now = row.get(lag..).unwrap_or_default();
            for ((sum, now), before) in strength.iter_mut().zip(now).zip(before) {
                let rise = now - before;
                *sum += if rise > 0.0 { rise } else { 0.0 };
            }
        }
        let bands = log_mel.rows() as f32;
        for value in strength {
            *value /= bands;
        }
        if self.config.detrend {
            high_pass(out);
        }
        Ok(())
    }
}

/// `y[t] = x[t] - x[t - 1] + 0.99 y[t - 1]`.
fn high_pass(values: &mut [f32]) {
    let (mut before, mut state) = (0.0, 0.0);
    for value in values {
        let now = f64::from(*value);
        state = now - before + 0.99 * state;
        before = now;
        *value = state as f32;
    }
}
