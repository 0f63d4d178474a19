#![doc = include_str!("../README.md")]

mod checkpoint;
mod config;
mod error;
mod front_end;
mod layers;
mod model;
pub mod nets;

pub use checkpoint::{Calibration, Card, Checkpoint, CheckpointProblem, Trained, read_card};
pub use config::{
    AutoencoderConfig, Downsampling, GenreConfig, IdentifyConfig, Initialization, InputShape, ModelConfig,
    Pooling, SiameseConfig, SimclrConfig,
};
pub use error::Error;
pub use front_end::{ClipFrontEnd, ClipFrontEndConfig, FrontEndScratch, LogScale, Normalization};
pub use model::Model;
