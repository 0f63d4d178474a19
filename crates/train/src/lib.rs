#![doc = include_str!("../README.md")]

mod config;
mod data;
mod error;
mod files;
mod learn;
mod random;
mod verify;

pub use config::{
    DataConfig, EditPreset, EditsConfig, FrontEndPreset, FrontEndSection, LabelKind, Negatives, Objective,
    Schedule, TrainConfig, TrainingConfig, TripletMining, ViewKind,
};
pub use data::{Batch, Corpus, Item, Parts, Sampler, TrackInfo};
#[cfg(feature = "audio")]
pub use data::{Folder, SkippedFile};
pub use error::Error;
pub use learn::{History, HistoryRow, Outcome, Progress, TrainOptions, Trainer};
pub use verify::{
    Condition, Cut, MfccScorer, ModelScorer, Modification, ModificationScores, Pair, PairKind, PairMaker,
    PairSet, PairsConfig, RetrievalConfig, RetrievalRow, ScoredPairs, Scorer, held_out_modifications,
    modifications, segment_retrieval, write_pairs,
};
