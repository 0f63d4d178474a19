#![doc = include_str!("../README.md")]

mod check;
mod dsp;
mod error;
mod random;
mod range;
mod spectrogram;
mod waveform;

pub use error::Error;
pub use range::Range;
pub use spectrogram::{
    Fill, FrequencyMask, GaussianNoise, IntensityJitter, Normalize, RandomCrop, Refit, SpectrogramAugment,
    SpectrogramConfig, SpectrogramStep, TimeMask, TimeReversal,
};
pub use waveform::{
    BackgroundNoise, BandPass, Clipping, Combined, Edit, EditStep, Gain, HighPass, ImpulseResponse,
    LossyCoding, LowPass, OneOf, PitchShift, Scratch, Sources, Speed, TimeStretch, Waveform, WaveformConfig,
    WaveformStep, WhiteNoise,
};
