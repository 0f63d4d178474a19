//! What a model is trained on: front end, edits, parts.

use serde::{Deserialize, Serialize};
use soundalike_augment::{SpectrogramConfig, WaveformConfig, WaveformStep};
use soundalike_models::ClipFrontEndConfig;

use crate::Error;

/// The front ends that have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FrontEndPreset {
    /// 3 s at 22,050 Hz: 128 mels, 130 frames, decibels.
    #[default]
    #[serde(rename = "clip_22050_3s")]
    Clip22050,
    /// 1 s at 16 kHz: 64 mels of 200 to 6,000 Hz, 63 frames, logarithm less the second's mean.
    #[serde(rename = "identify_16k_1s")]
    Identify16k,
}

/// The front end: one with a name, and what is to be different.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct FrontEndSection {
    /// Which one.
    pub preset: FrontEndPreset,
    /// Samples a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<u32>,
    /// Seconds of a clip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Mel bands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n_mels: Option<usize>,
    /// Samples of a transform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n_fft: Option<usize>,
    /// Samples from one frame to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hop_length: Option<usize>,
    /// Lower edge of the bands in Hz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fmin: Option<f64>,
    /// Upper edge of the bands in Hz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fmax: Option<f64>,
}

impl FrontEndSection {
    /// The front end that it describes.
    ///
    /// # Errors
    /// [`Error::Setting`] for a length that is none.
    pub fn build(&self) -> Result<ClipFrontEndConfig, Error> {
        let mut config = match self.preset {
            FrontEndPreset::Clip22050 => ClipFrontEndConfig::clip_22050_3s(),
            FrontEndPreset::Identify16k => ClipFrontEndConfig::identify_16k_1s(),
        };
        if let Some(seconds) = self.seconds {
            if !(seconds.is_finite() && seconds > 0.0 && seconds <= 3600.0) {
                return Err(Error::Setting {
                    name: "data.front_end.seconds",
                    got: seconds.to_string(),
                    allowed: "over 0, at most 3,600",
                });
            }
            config = config.with_clip_seconds(seconds);
        }
        let mel = &mut config.mel;
        mel.sample_rate = self.sample_rate.unwrap_or(mel.sample_rate);
        mel.n_mels = self.n_mels.unwrap_or(mel.n_mels);
        mel.stft.n_fft = self.n_fft.unwrap_or(mel.stft.n_fft);
        mel.stft.hop_length = self.hop_length.unwrap_or(mel.stft.hop_length);
        mel.fmin = self.fmin.unwrap_or(mel.fmin);
        mel.fmax = self.fmax.or(mel.fmax);
        Ok(config)
    }
}

/// Edits that have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EditPreset {
    /// None.
    #[default]
    None,
    /// Pitch, tempo, white noise, and combinations.
    Verification,
    /// What the world does to music: rooms, noise, band limits, small changes of speed, tempo and pitch.
    Identification,
}

/// The edits of waveforms: some with a name, or a list of one's own.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct EditsConfig {
    /// Which ones.
    pub preset: EditPreset,
    /// Instead of those of the preset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<WaveformStep>>,
}

impl EditsConfig {
    /// The edits that it describes.
    #[must_use]
    pub fn build(&self) -> WaveformConfig {
        match (&self.steps, self.preset) {
            (Some(steps), _) => WaveformConfig::new(steps.clone()),
            (None, EditPreset::None) => WaveformConfig::new(Vec::new()),
            (None, EditPreset::Verification) => WaveformConfig::verification(),
            (None, EditPreset::Identification) => WaveformConfig::identification(),
        }
    }
}

/// What the two views of an item are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewKind {
    /// The clip as it is, and the clip under an edit.
    #[default]
    CleanAndEdited,
    /// The clip under two edits.
    BothEdited,
}

/// What a label is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelKind {
    /// The metadata's genre; tracks without one are left out.
    #[default]
    Genre,
    /// The track's group: artist, album or source.
    Group,
    /// The track itself.
    Track,
}

/// What a model is trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct DataConfig {
    /// From samples to the network's input.
    pub front_end: FrontEndSection,
    /// Edits of the waveform.
    pub edits: EditsConfig,
    /// What the two views of an item are.
    pub views: ViewKind,
    /// Augmentation of the spectrogram of each edited view; none by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spectrogram: Option<SpectrogramConfig>,
    /// The most that an edited view may start sooner or later than the clip, in seconds. Default 0.
    pub jitter_seconds: f64,
    /// How likely the next item of a batch is of the group of the one before: other recordings that are hard to
    /// tell from it. Default 0.3.
    pub same_group: f64,
    /// Shares of tracks for training, validation and test; groups stay together. Default .75, .15, .10.
    pub split: [f64; 3],
    /// Seed of the split. Default 1.
    pub split_seed: u64,
    /// What a label is.
    pub label: LabelKind,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            front_end: FrontEndSection::default(),
            edits: EditsConfig::default(),
            views: ViewKind::default(),
            spectrogram: None,
            jitter_seconds: 0.0,
            same_group: 0.3,
            split: [0.75, 0.15, 0.10],
            split_seed: 1,
            label: LabelKind::default(),
        }
    }
}

impl DataConfig {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let bad = |name, got: String, allowed| Err(Error::Setting { name, got, allowed });
        if !(0.0..=60.0).contains(&self.jitter_seconds) {
            return bad("data.jitter_seconds", self.jitter_seconds.to_string(), "0 to 60");
        }
        if !(0.0..=1.0).contains(&self.same_group) {
            return bad("data.same_group", self.same_group.to_string(), "0 to 1");
        }
        let sum: f64 = self.split.iter().sum();
        let parts = self.split.iter().all(|part| part.is_finite() && *part > 0.0);
        if !parts || (sum - 1.0).abs() > 1e-6 {
            return bad("data.split", format!("{:?}", self.split), "three positive shares with sum 1");
        }
        Ok(())
    }
}
