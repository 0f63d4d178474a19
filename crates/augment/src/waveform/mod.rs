//! Changes of samples.

mod apply;
mod config;
mod draw;
mod edit;
mod mix;
mod presets;
mod sources;
mod step;

pub use apply::{Scratch, Waveform};
pub use config::{
    BackgroundNoise, BandPass, Clipping, Combined, Gain, HighPass, ImpulseResponse, LossyCoding, LowPass,
    OneOf, PitchShift, Speed, TimeStretch, WaveformConfig, WaveformStep, WhiteNoise,
};
pub use edit::Edit;
pub use sources::Sources;
pub use step::EditStep;
