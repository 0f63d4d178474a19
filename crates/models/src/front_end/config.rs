//! How a clip becomes a network's input.

use serde::{Deserialize, Serialize};
use soundalike_features::{DbConfig, DbReference, MelConfig};

use crate::Error;

/// The logarithm of the mel powers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LogScale {
    /// Decibels, as librosa's `power_to_db`.
    Db(DbConfig),
    /// `log10(max(power, floor))`.
    Log10 {
        /// Powers under this count as this; a normal number above zero.
        floor: f32,
    },
}

/// What is done to the logarithms.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Normalization {
    /// Nothing.
    #[default]
    None,
    /// `(x - mean) / std` with figures that are the same for every clip.
    Fixed {
        /// Subtracted.
        mean: f32,
        /// Divided by; above zero.
        std: f32,
    },
    /// The clip's mean is subtracted: gain no longer counts.
    ClipMean,
    /// The clip's mean is subtracted, and the rest divided by its standard deviation (at least 1e-5).
    ClipMeanStd,
}

/// How a clip becomes a network's input: mel bands, logarithm, normalisation, and the clip's length.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ClipFrontEndConfig {
    /// The mel spectrogram; its `sample_rate` is the clip's.
    pub mel: MelConfig,
    /// The logarithm.
    pub log: LogScale,
    /// What is done to the logarithms.
    #[serde(default)]
    pub normalize: Normalization,
    /// Seconds of a clip; rounded to samples. With centred frames, as many as `1 + samples / hop_length`.
    pub clip_seconds: f64,
}

impl ClipFrontEndConfig {
    /// A front end of one's own: decibels under the clip's maximum, at most 80, without normalisation.
    #[must_use]
    pub fn new(mel: MelConfig, clip_seconds: f64) -> Self {
        let db = DbConfig::default().with_reference(DbReference::Max).with_top_db(80.0);
        Self { mel, log: LogScale::Db(db), normalize: Normalization::None, clip_seconds }
    }

    /// 3 s at 22,050 Hz: 128 mels, n_fft 2048, hop 512, centred, so 130 frames (66,150 samples make exactly so many:
    /// nothing is cut or padded). Decibels under the clip's maximum, at most 80, mapped from -80..0 to -1..1.
    #[must_use]
    pub fn clip_22050_3s() -> Self {
        Self::new(MelConfig::new(22_050), 3.0).with_normalize(Normalization::Fixed { mean: -40.0, std: 40.0 })
    }

    /// As [`clip_22050_3s`](Self::clip_22050_3s), 5 s and so 216 frames.
    #[must_use]
    pub fn clip_22050_5s() -> Self {
        Self::clip_22050_3s().with_clip_seconds(5.0)
    }

    /// 1 s at 16 kHz: 64 Slaney mels of 200 to 6,000 Hz, n_fft 1024, hop 256, centred, so 63 frames; log10 of powers
    /// of at least 1e-10, less the second's mean.
    #[must_use]
    pub fn identify_16k_1s() -> Self {
        let mel = MelConfig::new(16_000).with_n_fft(1024).with_hop_length(256).with_n_mels(64);
        Self::new(mel.with_fmin(200.0).with_fmax(6000.0), 1.0)
            .with_log(LogScale::Log10 { floor: 1e-10 })
            .with_normalize(Normalization::ClipMean)
    }

    /// Sets the mel spectrogram.
    #[must_use]
    pub fn with_mel(mut self, mel: MelConfig) -> Self {
        self.mel = mel;
        self
    }

    /// Sets the logarithm.
    #[must_use]
    pub fn with_log(mut self, log: LogScale) -> Self {
        self.log = log;
        self
    }

    /// Sets what is done to the logarithms.
    #[must_use]
    pub fn with_normalize(mut self, normalize: Normalization) -> Self {
        self.normalize = normalize;
        self
    }

    /// Sets the seconds of a clip.
    #[must_use]
    pub fn with_clip_seconds(mut self, clip_seconds: f64) -> Self {
        self.clip_seconds = clip_seconds;
        self
    }

    /// Samples of a clip.
    pub(crate) fn clip_samples(&self) -> Result<usize, Error> {
        let samples = (self.clip_seconds * f64::from(self.mel.sample_rate)).round();
        if self.clip_seconds <= 3600.0 && samples >= 1.0 {
            return Ok(samples as usize);
        }
        Err(Error::setting("clip_seconds", self.clip_seconds, "at least one sample, at most 3,600"))
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        // A card from elsewhere must not make a plan take much memory.
        if self.mel.stft.n_fft > 1 << 16 {
            return Err(Error::setting("mel.stft.n_fft", self.mel.stft.n_fft, "at most 65,536"));
        }
        if let Normalization::Fixed { mean, std } = self.normalize {
            if !mean.is_finite() {
                return Err(Error::setting("normalize.mean", mean, "a finite number"));
            }
            if !(std.is_finite() && std > 0.0) {
                return Err(Error::setting("normalize.std", std, "a number above 0"));
            }
        }
        if let LogScale::Log10 { floor } = self.log
            && !(floor.is_normal() && floor > 0.0)
        {
            return Err(Error::setting("log.floor", floor, "a normal number above 0"));
        }
        Ok(())
    }

    /// The decibels that the logarithm is computed by.
    pub(crate) fn decibels(&self) -> DbConfig {
        match &self.log {
            LogScale::Db(db) => db.clone(),
            LogScale::Log10 { floor } => DbConfig::default().with_amin(*floor).with_top_db(None),
        }
    }
}
