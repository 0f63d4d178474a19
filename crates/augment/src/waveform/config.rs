//! What may happen to a waveform, and how often.

use serde::{Deserialize, Serialize};

use crate::{Error, Range, check};

/// Groups in groups, at most as deep.
const MAX_DEPTH: usize = 8;

/// What may happen to a waveform: the steps in their order, each with its probability and the ranges its parameters
/// are drawn from.
///
/// In a file, a step is its name with its parameters, and an unknown name is an error:
///
/// ```yaml
/// steps:
///   - pitch_shift: { semitones: [-2, 2], probability: 0.5 }
///   - one_of:
///       steps:
///         - none
///         - time_stretch: { rate: [0.8, 1.25] }
///         - combined: { steps: [{ speed: { rate: 1.02 } }, { gain: { db: -6 } }] }
///   - white_noise: { snr_db: [5, 30] }
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct WaveformConfig {
    /// The steps, first to last.
    pub steps: Vec<WaveformStep>,
}

impl WaveformConfig {
    /// These steps.
    #[must_use]
    pub fn new(steps: Vec<WaveformStep>) -> Self {
        Self { steps }
    }

    /// Adds a step at the end.
    #[must_use]
    pub fn with_step(mut self, step: impl Into<WaveformStep>) -> Self {
        self.steps.push(step.into());
        self
    }

    pub(crate) fn check(&self, sample_rate: u32) -> Result<(), Error> {
        self.steps.iter().try_for_each(|s| s.check(sample_rate, 1))
    }
}

/// One thing that may happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WaveformStep {
    /// Nothing; one of the choices of a [`OneOf`].
    None,
    /// Higher or lower, at the same tempo.
    PitchShift(PitchShift),
    /// Faster or slower, at the same pitch.
    TimeStretch(TimeStretch),
    /// Faster and higher or slower and lower, as a tape that runs at another speed.
    Speed(Speed),
    /// Louder or softer.
    Gain(Gain),
    /// White noise.
    WhiteNoise(WhiteNoise),
    /// Noise from the [`Sources`](crate::Sources).
    BackgroundNoise(BackgroundNoise),
    /// A room from the [`Sources`](crate::Sources).
    ImpulseResponse(ImpulseResponse),
    /// Only what is low.
    LowPass(LowPass),
    /// Only what is high.
    HighPass(HighPass),
    /// Only what lies between.
    BandPass(BandPass),
    /// Overdriven.
    Clipping(Clipping),
    /// About as through a lossy codec.
    LossyCoding(LossyCoding),
    /// Several steps together, in their order.
    Combined(Combined),
    /// One of several steps.
    OneOf(OneOf),
}

fn always() -> f64 {
    1.0
}

/// Defines a step's parameters: its fields, how it is made and that it is a [`WaveformStep`].
macro_rules! step {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)+
            /// How often it happens, 0 to 1. Default 1.
            #[serde(default = "always")]
            pub probability: f64,
        }

        impl $name {
            /// With these parameters, always.
            #[must_use]
            pub fn new($($field: impl Into<$type>),+) -> Self {
                Self { $($field: $field.into(),)+ probability: 1.0 }
            }

            /// Sets how often it happens, 0 to 1.
            #[must_use]
            pub fn with_probability(mut self, probability: f64) -> Self {
                self.probability = probability;
                self
            }
        }

        impl From<$name> for WaveformStep {
            fn from(step: $name) -> Self {
                Self::$name(step)
            }
        }
    };
}

step! {
    /// Pitch shift; the length stays.
    PitchShift {
        /// Upwards, -24 to 24.
        semitones: Range,
    }
}
step! {
    /// Time stretch; the pitch stays.
    TimeStretch {
        /// As many times as fast (librosa's `rate`), 0.25 to 4.
        rate: Range,
    }
}
step! {
    /// Speed.
    Speed {
        /// As many times as fast and as high, 0.25 to 4.
        rate: Range,
    }
}
step! {
    /// Gain.
    Gain {
        /// Decibels, -120 to 60.
        db: Range,
    }
}
step! {
    /// White noise, nearly Gaussian.
    WhiteNoise {
        /// Signal-to-noise ratio in decibels, over the whole signal; -60 to 120.
        snr_db: Range,
    }
}
step! {
    /// Noise of a source drawn at random, from a random start; a short one goes round.
    BackgroundNoise {
        /// Signal-to-noise ratio in decibels, over the whole signal; -60 to 120.
        snr_db: Range,
    }
}
step! {
    /// Low-pass, Butterworth of fourth order.
    LowPass {
        /// Where it is 3 dB down; above 0, below half the sample rate.
        hz: Range,
    }
}
step! {
    /// High-pass, Butterworth of fourth order.
    HighPass {
        /// Where it is 3 dB down; above 0, below half the sample rate.
        hz: Range,
    }
}
step! {
    /// High-pass and low-pass.
    BandPass {
        /// Where the high-pass is 3 dB down.
        low_hz: Range,
        /// Where the low-pass is 3 dB down.
        high_hz: Range,
    }
}
step! {
    /// Samples beyond a limit are set to it.
    Clipping {
        /// How far the limit lies under the largest sample, in decibels; 0 to 60.
        db: Range,
    }
}
step! {
    /// An approximation of lossy coding: the modified discrete cosine transform, rounded as coarsely as the bits allow.
    LossyCoding {
        /// Thousand bits a second, 4 to 512.
        kbps: Range,
    }
}
step! {
    /// Several steps together.
    Combined {
        /// The steps, first to last.
        steps: Vec<WaveformStep>,
    }
}

/// The room of a source drawn at random.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ImpulseResponse {
    /// How often it happens, 0 to 1. Default 1.
    #[serde(default = "always")]
    pub probability: f64,
}

impl Default for ImpulseResponse {
    fn default() -> Self {
        Self { probability: 1.0 }
    }
}

impl ImpulseResponse {
    /// Always.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how often it happens, 0 to 1.
    #[must_use]
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }
}

impl From<ImpulseResponse> for WaveformStep {
    fn from(step: ImpulseResponse) -> Self {
        Self::ImpulseResponse(step)
    }
}

/// One of several steps, drawn by their weights; the step's own probability counts too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct OneOf {
    /// The choices.
    pub steps: Vec<WaveformStep>,
    /// How often each is drawn beside the others. Default: all alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<Vec<f64>>,
    /// How often any of them happens, 0 to 1. Default 1.
    #[serde(default = "always")]
    pub probability: f64,
}

impl OneOf {
    /// One of these, all alike.
    #[must_use]
    pub fn new(steps: impl Into<Vec<WaveformStep>>) -> Self {
        Self { steps: steps.into(), weights: None, probability: 1.0 }
    }

    /// Sets how often each is drawn beside the others.
    #[must_use]
    pub fn with_weights(mut self, weights: impl Into<Vec<f64>>) -> Self {
        self.weights = Some(weights.into());
        self
    }

    /// Sets how often any of them happens, 0 to 1.
    #[must_use]
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }
}

impl From<OneOf> for WaveformStep {
    fn from(step: OneOf) -> Self {
        Self::OneOf(step)
    }
}

impl WaveformStep {
    /// How often it happens.
    #[must_use]
    pub fn probability(&self) -> f64 {
        match self {
            Self::None => 1.0,
            Self::PitchShift(s) => s.probability,
            Self::TimeStretch(s) => s.probability,
            Self::Speed(s) => s.probability,
            Self::Gain(s) => s.probability,
            Self::WhiteNoise(s) => s.probability,
            Self::BackgroundNoise(s) => s.probability,
            Self::ImpulseResponse(s) => s.probability,
            Self::LowPass(s) => s.probability,
            Self::HighPass(s) => s.probability,
            Self::BandPass(s) => s.probability,
            Self::Clipping(s) => s.probability,
            Self::LossyCoding(s) => s.probability,
            Self::Combined(s) => s.probability,
            Self::OneOf(s) => s.probability,
        }
    }

    fn check(&self, sample_rate: u32, depth: usize) -> Result<(), Error> {
        check::probability(self.probability())?;
        if depth > MAX_DEPTH {
            return Err(Error::TooDeep { limit: MAX_DEPTH, got: depth });
        }
        let rate = |r: Range| r.check("rate", 0.25..=4.0, "0.25 to 4");
        let snr = |r: Range| r.check("snr_db", -60.0..=120.0, "-60 to 120");
        let half = f64::from(sample_rate) / 2.0;
        let hz = |r: Range, what| r.check(what, 1.0..=0.999 * half, "1 to 0.999 times half the sample rate");
        match self {
            Self::None | Self::ImpulseResponse(_) => Ok(()),
            Self::PitchShift(s) => s.semitones.check("semitones", -24.0..=24.0, "-24 to 24"),
            Self::TimeStretch(s) => rate(s.rate),
            Self::Speed(s) => rate(s.rate),
            Self::Gain(s) => s.db.check("db", -120.0..=60.0, "-120 to 60"),
            Self::WhiteNoise(s) => snr(s.snr_db),
            Self::BackgroundNoise(s) => snr(s.snr_db),
            Self::LowPass(s) => hz(s.hz, "hz"),
            Self::HighPass(s) => hz(s.hz, "hz"),
            Self::BandPass(s) => {
                hz(s.low_hz, "low_hz")?;
                hz(s.high_hz, "high_hz")?;
                if s.low_hz.high < s.high_hz.low {
                    return Ok(());
                }
                let expected = "a range below that of high_hz";
                Err(Error::OutOfRange { what: "low_hz", expected, got: s.low_hz.high })
            }
            Self::Clipping(s) => s.db.check("db", 0.0..=60.0, "0 to 60"),
            Self::LossyCoding(s) => s.kbps.check("kbps", 4.0..=512.0, "4 to 512"),
            Self::Combined(s) => s.steps.iter().try_for_each(|s| s.check(sample_rate, depth + 1)),
            Self::OneOf(s) => s.check(sample_rate, depth),
        }
    }
}

impl OneOf {
    fn check(&self, sample_rate: u32, depth: usize) -> Result<(), Error> {
        if self.steps.is_empty() {
            return Err(Error::Empty { what: "one_of" });
        }
        if let Some(weights) = &self.weights {
            if weights.len() != self.steps.len() {
                return Err(Error::Weights { expected: self.steps.len(), got: weights.len() });
            }
            let wrong = |w: &&f64| !(0.0..=1e9).contains(*w);
            let sum: f64 = weights.iter().sum();
            if let Some(got) = weights.iter().find(wrong).copied().or((sum <= 0.0).then_some(sum)) {
                let expected = "0 to 1e9, and not all of them 0";
                return Err(Error::OutOfRange { what: "weights", expected, got });
            }
        }
        self.steps.iter().try_for_each(|s| s.check(sample_rate, depth + 1))
    }
}
