#![doc = include_str!("../README.md")]

mod check;
mod chunks;
mod db;
mod dct;
mod error;
mod lanes;
mod logmel;
mod matrix;
mod mel;
mod mel_filter;
mod mel_scale;
mod mfcc;
#[cfg(test)]
mod naive;
mod pad;
pub mod pooling;
mod scratch;
mod stft;
mod transform;
mod window;

pub use check::MAX_SAMPLE;
pub use chunks::{ChunkConfig, Chunker, Tail};
pub use db::{DbConfig, power_to_db};
pub use error::Error;
pub use logmel::{LogMel, LogMelConfig};
pub use matrix::Matrix;
pub use mel::{MelConfig, MelNorm, MelSpectrogram};
pub use mel_filter::MelFilterBank;
pub use mel_scale::{MelScale, hz_to_mel, mel_to_hz};
pub use mfcc::{Mfcc, MfccConfig};
pub use pad::PadMode;
pub use scratch::Scratch;
pub use stft::{ComplexMatrix, Stft, StftConfig};
pub use window::Window;
