//! The objective, how long and how fast.

use serde::{Deserialize, Serialize};

use crate::Error;

/// Which other clips a pair objective is told to keep apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Negatives {
    /// Every other recording of the batch, under the edit that was drawn for it. A head of some thousand weights scores thousands of pairs in the time in which the encoder hears one clip.
    #[default]
    InBatch,
    /// One other recording for each clip, under an edit.
    Listed,
}

/// Which triplets count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TripletMining {
    /// All of the batch.
    All,
    /// Negatives farther than the positive, but within the margin.
    #[default]
    SemiHard,
    /// The farthest positive and the nearest negative of each anchor.
    Hard,
}

/// What is minimised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Objective {
    /// Binary cross-entropy of the head's logit; similar and different pairs have half of the loss each.
    Pairs {
        /// Where the different pairs come from.
        #[serde(default)]
        negatives: Negatives,
    },
    /// NT-Xent between two views.
    NtXent {
        /// Temperature.
        #[serde(default = "half")]
        temperature: f64,
    },
    /// InfoNCE with the batch's other views as negatives.
    InfoNce {
        /// Temperature.
        #[serde(default = "tenth")]
        temperature: f64,
        /// Whether both views are anchors.
        #[serde(default = "yes")]
        symmetric: bool,
    },
    /// Supervised contrastive, over the labels of the data section.
    SupCon {
        /// Temperature.
        #[serde(default = "tenth")]
        temperature: f64,
    },
    /// Contrastive loss with a margin: two views, and each view with another recording's.
    Contrastive {
        /// Margin.
        #[serde(default = "one")]
        margin: f64,
    },
    /// Triplet margin loss; the views of one recording are each other's positives.
    Triplet {
        /// Margin.
        #[serde(default = "fifth")]
        margin: f64,
        /// Which triplets count.
        #[serde(default)]
        mining: TripletMining,
    },
    /// Mean squared error of the rebuilt spectrogram.
    Reconstruction,
    /// Cross-entropy over the labels of the data section.
    Classification,
}

fn half() -> f64 {
    0.5
}
fn tenth() -> f64 {
    0.1
}
fn fifth() -> f64 {
    0.2
}
fn one() -> f64 {
    1.0
}
fn yes() -> bool {
    true
}

impl Objective {
    /// Its name in a configuration.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pairs { .. } => "pairs",
            Self::NtXent { .. } => "nt_xent",
            Self::InfoNce { .. } => "info_nce",
            Self::SupCon { .. } => "sup_con",
            Self::Contrastive { .. } => "contrastive",
            Self::Triplet { .. } => "triplet",
            Self::Reconstruction => "reconstruction",
            Self::Classification => "classification",
        }
    }

    /// Whether it needs the labels of the data section.
    #[must_use]
    pub fn needs_labels(&self) -> bool {
        matches!(self, Self::SupCon { .. } | Self::Classification)
    }
}

/// How the learning rate goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Half a cosine from the full rate down to a hundredth of it.
    #[default]
    Cosine,
    /// The full rate throughout.
    Constant,
}

/// The objective, how long and how fast. All but the objective has a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TrainingConfig {
    /// What is minimised.
    pub objective: Objective,
    /// Clips (or pairs of views) a step. Default 32.
    #[serde(default = "batch_size")]
    pub batch_size: usize,
    /// Steps of the optimiser. Default 1,000.
    #[serde(default = "steps")]
    pub steps: usize,
    /// Full learning rate of Adam. Default 1e-3.
    #[serde(default = "learning_rate")]
    pub learning_rate: f64,
    /// How it goes on. Default cosine.
    #[serde(default)]
    pub schedule: Schedule,
    /// Steps over which the rate rises from nothing. Default 20.
    #[serde(default = "warmup_steps")]
    pub warmup_steps: usize,
    /// Decoupled weight decay (AdamW). Default 1e-4.
    #[serde(default = "weight_decay")]
    pub weight_decay: f64,
    /// Seed of weights, order, edits and dropout. Default 1.
    #[serde(default = "seed")]
    pub seed: u64,
    /// Steps from one validation to the next, each of which also saves the state. Default 100.
    #[serde(default = "validate_every")]
    pub validate_every: usize,
    /// Batches of a validation; always the same. Default 8.
    #[serde(default = "validation_batches")]
    pub validation_batches: usize,
    /// Validations without a better loss after which the training ends early; 0 never ends it. Default 8.
    #[serde(default = "patience")]
    pub patience: usize,
    /// Threads that prepare batches. Default 2.
    #[serde(default = "workers")]
    pub workers: usize,
}

fn batch_size() -> usize {
    32
}
fn steps() -> usize {
    1000
}
fn learning_rate() -> f64 {
    1e-3
}
fn warmup_steps() -> usize {
    20
}
fn weight_decay() -> f64 {
    1e-4
}
fn seed() -> u64 {
    1
}
fn validate_every() -> usize {
    100
}
fn validation_batches() -> usize {
    8
}
fn patience() -> usize {
    8
}
fn workers() -> usize {
    2
}

impl TrainingConfig {
    /// The defaults, for this objective.
    #[must_use]
    pub fn new(objective: Objective) -> Self {
        Self {
            objective,
            batch_size: batch_size(),
            steps: steps(),
            learning_rate: learning_rate(),
            schedule: Schedule::default(),
            warmup_steps: warmup_steps(),
            weight_decay: weight_decay(),
            seed: seed(),
            validate_every: validate_every(),
            validation_batches: validation_batches(),
            patience: patience(),
            workers: workers(),
        }
    }

    /// Sets [`batch_size`](Self::batch_size).
    #[must_use]
    pub fn with_batch_size(mut self, batch_size: usize) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// Sets [`steps`](Self::steps).
    #[must_use]
    pub fn with_steps(mut self, steps: usize) -> Self {
        self.steps = steps;
        self
    }

    /// Sets [`learning_rate`](Self::learning_rate).
    #[must_use]
    pub fn with_learning_rate(mut self, learning_rate: f64) -> Self {
        self.learning_rate = learning_rate;
        self
    }

    /// Sets [`seed`](Self::seed).
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets [`validate_every`](Self::validate_every) and [`validation_batches`](Self::validation_batches).
    #[must_use]
    pub fn with_validation(mut self, every: usize, batches: usize) -> Self {
        (self.validate_every, self.validation_batches) = (every, batches);
        self
    }

    /// Sets [`workers`](Self::workers).
    #[must_use]
    pub fn with_workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// The learning rate of `step`, counted from 0.
    #[must_use]
    pub fn rate(&self, step: usize) -> f64 {
        let warm = ((step + 1) as f64 / self.warmup_steps.max(1) as f64).min(1.0);
        let decay = match self.schedule {
            Schedule::Constant => 1.0,
            Schedule::Cosine => {
                let done = step as f64 / self.steps.max(1) as f64;
                0.01 + 0.99 * 0.5 * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos())
            }
        };
        self.learning_rate * warm * decay
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let count = |name, value: usize, least: usize, most: usize, allowed| {
            if (least..=most).contains(&value) {
                return Ok(());
            }
            Err(Error::Setting { name, got: value.to_string(), allowed })
        };
        count("training.batch_size", self.batch_size, 2, 65_536, "2 to 65,536")?;
        count("training.steps", self.steps, 1, 1_000_000_000, "1 to 1,000,000,000")?;
        count("training.validate_every", self.validate_every, 1, usize::MAX, "at least 1")?;
        count("training.validation_batches", self.validation_batches, 1, 10_000, "1 to 10,000")?;
        count("training.workers", self.workers, 1, 256, "1 to 256")?;
        let number = |name, value: f64, good: bool, allowed| {
            if value.is_finite() && good {
                return Ok(());
            }
            Err(Error::Setting { name, got: value.to_string(), allowed })
        };
        let rate = self.learning_rate;
        number("training.learning_rate", rate, rate > 0.0 && rate <= 10.0, "over 0, at most 10")?;
        let decay = self.weight_decay;
        number("training.weight_decay", decay, (0.0..1.0).contains(&decay), "0 or more, under 1")?;
        match self.objective {
            Objective::NtXent { temperature: t }
            | Objective::InfoNce { temperature: t, .. }
            | Objective::SupCon { temperature: t } => {
                number("training.objective.temperature", t, t > 0.0, "over 0")
            }
            Objective::Contrastive { margin } | Objective::Triplet { margin, .. } => {
                number("training.objective.margin", margin, margin >= 0.0, "0 or more")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_rises_and_falls() {
        let config = TrainingConfig::new(Objective::Reconstruction).with_steps(100);
        assert!((config.rate(0) - 1e-3 / 20.0).abs() < 1e-6);
        assert!((config.rate(50) - 0.505e-3).abs() < 1e-6);
        assert!((config.rate(100) - 1e-5).abs() < 1e-9);
        assert!((0..99).skip(20).all(|step| config.rate(step + 1) < config.rate(step)));
    }
}
