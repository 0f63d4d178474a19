//! The training loop.

mod history;
mod objective;
mod state;
mod trainer;

pub use self::history::{History, HistoryRow};
pub use self::trainer::{Outcome, Progress, TrainOptions, Trainer};
