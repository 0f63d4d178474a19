//! What is done to one signal.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::step::EditStep;
use crate::Error;
use crate::dsp::vocoder::Vocoder;

/// The steps that are applied to one signal, with their parameters: drawn by
/// [`Waveform::draw`](crate::Waveform::draw) or put together by hand.
///
/// ```
/// use soundalike_augment::Edit;
///
/// let edit = Edit::pitch(4.0).then(Edit::tempo(1.3)).then(Edit::white_noise(8.0, 1));
/// assert_eq!(edit.to_string(), "pitch +4.0, tempo +30 %, noise 8 dB");
/// assert_eq!(edit.time_scale(), 1.0 / 1.3);
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    steps: Vec<EditStep>,
    /// Output samples at either end that are not as they would be within a longer signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    border: Option<usize>,
}

/// The border of an edit made by hand: for sample rates up to 32 kHz.
const BORDER: usize = 2048;

impl From<EditStep> for Edit {
    fn from(step: EditStep) -> Self {
        Self { steps: vec![step], border: None }
    }
}

impl Edit {
    /// Nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Higher by so many semitones.
    #[must_use]
    pub fn pitch(semitones: f64) -> Self {
        EditStep::PitchShift { semitones }.into()
    }

    /// So many times as fast, at the same pitch.
    #[must_use]
    pub fn tempo(rate: f64) -> Self {
        EditStep::TimeStretch { rate }.into()
    }

    /// So many times as fast and as high.
    #[must_use]
    pub fn speed(rate: f64) -> Self {
        EditStep::Speed { rate }.into()
    }

    /// Louder by so many decibels.
    #[must_use]
    pub fn gain(db: f64) -> Self {
        EditStep::Gain { db }.into()
    }

    /// White noise at a signal-to-noise ratio in decibels; another seed is other noise.
    #[must_use]
    pub fn white_noise(snr_db: f64, seed: u64) -> Self {
        EditStep::WhiteNoise { snr_db, seed }.into()
    }

    /// Noise number `source` at a signal-to-noise ratio in decibels, from `start` (0 to 1) of its length on.
    #[must_use]
    pub fn background_noise(snr_db: f64, source: usize, start: f64) -> Self {
        EditStep::BackgroundNoise { snr_db, source, start }.into()
    }

    /// Room number `room`. Its decay is not known here, so that [`Self::lead`] leaves no time for it.
    #[must_use]
    pub fn impulse_response(room: usize) -> Self {
        EditStep::ImpulseResponse { room, decay: 0 }.into()
    }

    /// Only what is below a frequency.
    #[must_use]
    pub fn low_pass(hz: f64) -> Self {
        EditStep::LowPass { hz }.into()
    }

    /// Only what is above a frequency.
    #[must_use]
    pub fn high_pass(hz: f64) -> Self {
        EditStep::HighPass { hz }.into()
    }

    /// Only what is between two frequencies.
    #[must_use]
    pub fn band_pass(low_hz: f64, high_hz: f64) -> Self {
        EditStep::BandPass { low_hz, high_hz }.into()
    }

    /// Clipped so many decibels under the largest sample.
    #[must_use]
    pub fn clipping(db: f64) -> Self {
        EditStep::Clipping { db }.into()
    }

    /// About as through a codec of so many thousand bits a second.
    #[must_use]
    pub fn lossy_coding(kbps: f64) -> Self {
        EditStep::LossyCoding { kbps }.into()
    }

    /// This, then another.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.steps.extend(other.steps);
        self.border = self.border.max(other.border);
        self
    }

    pub(crate) fn drawn(steps: Vec<EditStep>, sample_rate: u32) -> Self {
        Self { steps, border: Some(Vocoder::n_fft(sample_rate)) }
    }

    /// The steps, first to last.
    #[must_use]
    pub fn steps(&self) -> &[EditStep] {
        &self.steps
    }

    /// Whether nothing is done.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.steps.is_empty()
    }

    /// Output seconds for each input second: 1 / rate of tempo and speed. What is at second `t` of the input is at
    /// second `t * time_scale()` of the output; no step delays.
    #[must_use]
    pub fn time_scale(&self) -> f64 {
        self.steps.iter().map(|s| s.time_scale()).product()
    }

    /// How many samples [`Waveform::apply`](crate::Waveform::apply) makes of so many.
    #[must_use]
    pub fn output_samples(&self, input_samples: usize) -> usize {
        let warps = self.steps.split(|s| !s.warps());
        warps.fold(input_samples, |len, run| {
            let scale: f64 = run.iter().map(|s| s.time_scale()).product();
            (len as f64 * scale).round() as usize
        })
    }

    /// Output samples at the start that are not as they would be within a longer signal: frames that lie half before
    /// it, the room still empty.
    #[must_use]
    pub fn lead(&self) -> usize {
        let decay = |s: &EditStep| if let EditStep::ImpulseResponse { decay, .. } = s { *decay } else { 0 };
        self.tail() + self.steps.iter().map(decay).sum::<usize>()
    }

    /// Output samples at the end that are not as they would be within a longer signal.
    #[must_use]
    pub fn tail(&self) -> usize {
        if self.steps.iter().any(|s| s.reaches()) { self.border.unwrap_or(BORDER) } else { 0 }
    }

    /// How much input gives at least so many output samples between the borders ([`Self::cut`]).
    #[must_use]
    pub fn input_samples(&self, output_samples: usize) -> usize {
        let wanted = output_samples.saturating_add(self.lead() + self.tail());
        let mut input = (wanted as f64 / self.time_scale()).ceil() as usize;
        while self.output_samples(input) < wanted && input < usize::MAX / 2 {
            input += 1;
        }
        input
    }

    /// The first `output_samples` of an edited signal that are free of its borders. They begin with sample
    /// [`Self::lead`], so with what is at sample `lead() / time_scale()` of the input.
    ///
    /// # Errors
    /// [`Error::TooShort`] unless the signal has [`Self::lead`], these and [`Self::tail`] samples.
    pub fn cut<'a>(&self, edited: &'a [f32], output_samples: usize) -> Result<&'a [f32], Error> {
        let (lead, tail) = (self.lead(), self.tail());
        let expected = output_samples.saturating_add(lead + tail);
        match edited.get(lead..lead.saturating_add(output_samples)) {
            Some(middle) if edited.len() >= expected => Ok(middle),
            _ => Err(Error::TooShort { expected, got: edited.len() }),
        }
    }
}

impl fmt::Display for Edit {
    /// `pitch +4.0, noise 8 dB`; `none` for nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.steps.is_empty() {
            return f.write_str("none");
        }
        for (i, step) in self.steps.iter().enumerate() {
            write!(f, "{}{step}", if i > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}
