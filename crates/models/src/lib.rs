#![doc = include_str!("../README.md")]

mod checkpoint;
mod config;
mod devices;
mod embedder;
mod error;
mod front_end;
mod model;
pub mod nets;
pub mod ops;
#[cfg(feature = "pytorch")]
mod pytorch;

pub use checkpoint::{Calibration, Card, Checkpoint, CheckpointProblem, Trained, read_card};
pub use config::{
    AutoencoderConfig, Downsampling, GenreConfig, IdentifyConfig, Initialization, InputShape, ModelConfig,
    Pooling, SiameseConfig, SimclrConfig,
};
pub use devices::{DEVICES, device};
pub use embedder::ModelEmbedder;
pub use error::Error;
pub use front_end::{ClipFrontEnd, ClipFrontEndConfig, FrontEndScratch, LogScale, Normalization};
pub use model::Model;
#[cfg(feature = "pytorch")]
pub use pytorch::import_pytorch;
