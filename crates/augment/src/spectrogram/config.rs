//! What may happen to a spectrogram, and how often.

use serde::{Deserialize, Serialize};

use super::steps::{FrequencyMask, GaussianNoise, IntensityJitter, RandomCrop, TimeMask, TimeReversal};
use crate::Error;

/// What may happen to a spectrogram in decibels, `[n_mels x frames]`: some of the steps, drawn for each sample, in their
/// order; then normalisation.
///
/// ```yaml
/// subset: 3
/// steps:
///   - random_crop: { share: [0.6, 1], refit: resize }
///   - intensity_jitter: { db: [-6, 6], contrast: [0.8, 1.2] }
///   - gaussian_noise: { std_db: [0, 4] }
///   - time_reversal: { probability: 0.5 }
///   - frequency_mask: { count: 2, share: [0, 0.15] }
///   - time_mask: { count: 2, share: [0, 0.15] }
/// normalize: standardize
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SpectrogramConfig {
    /// The steps, first to last.
    pub steps: Vec<SpectrogramStep>,
    /// As many of the steps, drawn at random, are taken for each sample (each then by its own probability). Default
    /// `None`: all of them.
    #[serde(default)]
    pub subset: Option<usize>,
    /// What is done to the values at the end. Default nothing.
    #[serde(default)]
    pub normalize: Normalize,
}

impl Default for SpectrogramConfig {
    /// [`Self::simclr`].
    fn default() -> Self {
        Self::simclr()
    }
}

impl SpectrogramConfig {
    /// These steps, all of them for each sample, without normalisation.
    #[must_use]
    pub fn new(steps: Vec<SpectrogramStep>) -> Self {
        Self { steps, subset: None, normalize: Normalize::None }
    }

    /// All six, three a sample, standardised.
    #[must_use]
    pub fn simclr() -> Self {
        Self::new(vec![
            RandomCrop::default().into(),
            IntensityJitter::default().into(),
            GaussianNoise::default().into(),
            TimeReversal::default().into(),
            FrequencyMask::default().into(),
            TimeMask::default().into(),
        ])
        .with_subset(3)
        .with_normalize(Normalize::Standardize)
    }

    /// What leaves a recording recognisable to the second: no time reversal, and no crop that would move or stretch
    /// what is heard; two of the rest a sample, not normalised.
    #[must_use]
    pub fn identification() -> Self {
        Self::new(vec![
            IntensityJitter::default().into(),
            GaussianNoise::default().into(),
            FrequencyMask::default().into(),
            TimeMask::default().into(),
        ])
        .with_subset(2)
    }

    /// Sets how many of the steps are taken for each sample.
    #[must_use]
    pub fn with_subset(mut self, subset: impl Into<Option<usize>>) -> Self {
        self.subset = subset.into();
        self
    }

    /// Sets what is done to the values at the end.
    #[must_use]
    pub fn with_normalize(mut self, normalize: Normalize) -> Self {
        self.normalize = normalize;
        self
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        if let Some(got) = self.subset.filter(|s| *s > self.steps.len()) {
            return Err(Error::Subset { expected: self.steps.len(), got });
        }
        self.steps.iter().try_for_each(SpectrogramStep::check)
    }
}

/// What is done to the values at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Normalize {
    /// Nothing.
    #[default]
    None,
    /// Mean 0 and standard deviation 1 over the sample; a constant one becomes 0.
    Standardize,
    /// From 0, the least value of the sample, to 1, the greatest; a constant one becomes 0.
    MinMax,
}

/// What a mask or a border is filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fill {
    /// The least value of the sample: silence.
    #[default]
    Minimum,
    /// The mean of the sample.
    Mean,
}

/// One thing that may happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SpectrogramStep {
    /// A part of the time.
    RandomCrop(RandomCrop),
    /// Louder or softer, with more or less contrast.
    IntensityJitter(IntensityJitter),
    /// Gaussian noise.
    GaussianNoise(GaussianNoise),
    /// Backwards.
    TimeReversal(TimeReversal),
    /// Bands without sound.
    FrequencyMask(FrequencyMask),
    /// Moments without sound.
    TimeMask(TimeMask),
}

impl SpectrogramStep {
    /// The name in a configuration.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::RandomCrop(_) => "random_crop",
            Self::IntensityJitter(_) => "intensity_jitter",
            Self::GaussianNoise(_) => "gaussian_noise",
            Self::TimeReversal(_) => "time_reversal",
            Self::FrequencyMask(_) => "frequency_mask",
            Self::TimeMask(_) => "time_mask",
        }
    }

    /// How often it happens.
    #[must_use]
    pub fn probability(&self) -> f64 {
        match self {
            Self::RandomCrop(s) => s.probability,
            Self::IntensityJitter(s) => s.probability,
            Self::GaussianNoise(s) => s.probability,
            Self::TimeReversal(s) => s.probability,
            Self::FrequencyMask(s) => s.probability,
            Self::TimeMask(s) => s.probability,
        }
    }

    fn check(&self) -> Result<(), Error> {
        crate::check::probability(self.probability())?;
        match self {
            Self::RandomCrop(s) => s.share.check("share", 0.01..=1.0, "0.01 to 1"),
            Self::IntensityJitter(s) => {
                s.db.check("db", -120.0..=120.0, "-120 to 120")?;
                s.contrast.check("contrast", 0.0..=10.0, "0 to 10")
            }
            Self::GaussianNoise(s) => s.std_db.check("std_db", 0.0..=120.0, "0 to 120"),
            Self::TimeReversal(_) => Ok(()),
            Self::FrequencyMask(FrequencyMask { share, count, .. })
            | Self::TimeMask(TimeMask { share, count, .. }) => {
                share.check("share", 0.0..=1.0, "0 to 1")?;
                if *count <= 1000 {
                    return Ok(());
                }
                Err(Error::OutOfRange { what: "count", expected: "at most 1000", got: *count as f64 })
            }
        }
    }
}
