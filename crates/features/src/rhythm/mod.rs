//! Features of what happens when: onsets, and the tempo that they repeat at.

mod onset;
mod tempo;
mod tempogram;

pub use onset::{OnsetStrength, OnsetStrengthConfig};
pub use tempo::{Tempo, TempoConfig, tempo_frequencies};
pub(crate) use tempogram::TempogramScratch;
pub use tempogram::{Tempogram, TempogramConfig};
