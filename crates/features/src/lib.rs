#![doc = include_str!("../README.md")]
//!
//! # Single and double precision
//!
//! Samples and results are `f32`. What lies between is `f64` in the transform ([`Precision::Double`], the default) and
//! wherever `f32` would show in the result; [`Precision::Single`] trades some of that for speed.
//!
//! For `f64` samples there are forms with `f64` in their names, which give `f64` and compute in it throughout, as
//! librosa does for `float64` samples (all but the mel filters' weights, which are single precision there too):
//! [`Stft::stft_f64`], [`Stft::power_f64`], [`Stft::magnitude_f64`], [`Stft::istft_f64`],
//! [`MelSpectrogram::compute_f64`], [`LogMel::compute_f64`], [`Mfcc::compute_f64`] and [`power_to_db_f64`]. Tests
//! hold them to librosa within 1e-12 of the peak, decibels and MFCC within 1e-9. They take several times as long: there
//! are no kernels of ours for them.

mod amplitude_db;
#[cfg(feature = "ndarray")]
pub mod array;
#[cfg(feature = "rayon")]
pub mod batch;
mod check;
mod chunks;
mod cmvn;
mod db;
mod dct;
mod delta;
mod double;
mod emphasis;
mod error;
mod extractor;
mod feature_stream;
mod frontend;
mod istft;
mod kernel;
mod lanes;
mod logmel;
mod matrix;
mod mel;
mod mel_filter;
mod mel_scale;
mod mfcc;
#[cfg(test)]
mod naive;
mod overlap;
mod pad;
mod pcen;
pub mod pooling;
mod rhythm;
mod scratch;
mod simd;
mod spectral;
mod spectrum;
mod stft;
mod stream;
mod transform;
mod vector_math;
mod window;

pub use amplitude_db::{AmplitudeDbConfig, amplitude_to_db, db_to_amplitude, db_to_power};
pub use check::MAX_SAMPLE;
pub use chunks::{ChunkConfig, Chunker, Tail};
pub use cmvn::{SlidingCmn, SlidingCmnConfig, cmn, cmvn};
pub use db::{DbConfig, DbReference, clamp_top_db, power_to_db, power_to_db_batch};
pub use dct::DctNorm;
pub use delta::{Delta, DeltaConfig, DeltaMode, compute_deltas};
pub use double::{MAX_SAMPLE_F64, power_to_db_f64};
pub use emphasis::{deemphasis, preemphasis};
pub use error::Error;
pub use extractor::{Extractor, ExtractorConfig, Feature, FeatureMatrix, Features, NamedFeature};
pub use feature_stream::FeatureStream;
pub use frontend::{FrontEnd, KaldiFbank, KaldiFbankConfig, KaldiMfcc, KaldiMfccConfig, PatchShape};
pub use istft::Istft;
pub use logmel::{LogMel, LogMelConfig};
pub use matrix::Matrix;
pub use mel::{MelConfig, MelDomain, MelNorm, MelSpectrogram};
pub use mel_filter::MelFilterBank;
pub use mel_scale::{MelScale, hz_to_mel, mel_to_hz};
pub use mfcc::{LifterKind, Mfcc, MfccConfig};
pub use pad::PadMode;
pub use pcen::{Pcen, PcenConfig, PcenState};
pub use rhythm::{
    OnsetStrength, OnsetStrengthConfig, Tempo, TempoConfig, Tempogram, TempogramConfig, tempo_frequencies,
};
pub use scratch::Scratch;
pub use simd::SimdLevel;
pub use spectral::{
    Chroma, ChromaConfig, ChromaFilterBank, ChromaFilterConfig, Norm, Rms, RmsConfig, SpectralBandwidth,
    SpectralBandwidthConfig, SpectralCentroid, SpectralCentroidConfig, SpectralContrast,
    SpectralContrastConfig, SpectralFlatness, SpectralFlatnessConfig, SpectralRolloff, SpectralRolloffConfig,
    TuningConfig, ZeroCrossingRate, ZeroCrossingRateConfig, estimate_tuning,
    estimate_tuning_from_spectrogram, pitch_tuning,
};
pub use stft::{ComplexMatrix, Precision, Stft, StftConfig};
pub use stream::{ExtractorStream, Latency};
pub use window::Window;
