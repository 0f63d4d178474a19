//! Changes of spectrograms in decibels.

mod apply;
mod config;
mod steps;

pub use apply::SpectrogramAugment;
pub use config::{Fill, Normalize, SpectrogramConfig, SpectrogramStep};
pub use steps::{FrequencyMask, GaussianNoise, IntensityJitter, RandomCrop, Refit, TimeMask, TimeReversal};
