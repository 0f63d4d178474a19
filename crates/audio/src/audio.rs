//! What comes out of a file.

use crate::tags::Tags;

/// What the file is, as far as decoding has confirmed it.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub struct AudioInfo {
    /// Sample rate of the file, in Hz (of the decoded audio, not of the resampled output).
    pub sample_rate: u32,
    /// Number of channels before mixing down.
    pub channels: u16,
    /// Short name of the container format, such as `wave`, `flac`, `mp3`, `ogg`, `isomp4`.
    pub format: String,
    /// Short name of the codec, such as `pcm_s16le`, `mp3`, `vorbis`, `aac`.
    pub codec: String,
    /// Length in seconds as the header claims it; a hint, unchecked, absent where the format has
    /// none.
    pub duration_hint_s: Option<f64>,
}

/// What was wrong with a file that still gave audio.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Warnings {
    /// Packets that could not be decoded and were left out; the audio closes up over them.
    pub skipped_packets: u64,
    /// The file gave less audio than its own header, index or end mark promises, or ends within
    /// a frame, or its container became unreadable on the way: most likely it was cut short.
    pub truncated: bool,
    /// Samples that were NaN, infinite or beyond 1e12, replaced by zero (counted per channel).
    pub non_finite_samples: u64,
    /// Frames cut from the start as encoder delay because AAC always has it, where the file does
    /// not say how many (1,024); `None` where the file says, or there is nothing to cut.
    pub assumed_delay_frames: Option<u32>,
}

impl Warnings {
    /// True if no audio was lost or replaced. An assumed encoder delay is not a loss.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.skipped_packets == 0 && !self.truncated && self.non_finite_samples == 0
    }
}

/// Decoded audio in memory: mono, at the rate asked for.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub struct Audio {
    /// Mono samples; full scale is -1 to 1, floating-point files may go beyond.
    pub samples: Vec<f32>,
    /// Sample rate of `samples`, in Hz.
    pub sample_rate: u32,
    /// What the file is.
    pub info: AudioInfo,
    /// Its tags.
    pub tags: Tags,
    /// What was wrong with it.
    pub warnings: Warnings,
}

impl Audio {
    /// Length of `samples` in seconds.
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.sample_rate.max(1))
    }
}
