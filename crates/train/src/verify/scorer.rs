//! How alike are two clips? One question, several answers.

use burn::prelude::*;
use soundalike_features::{Mfcc, MfccConfig, pooling};
use soundalike_models::{Checkpoint, ClipFrontEnd, ModelConfig};

use crate::Error;

/// Clips through a network at once.
const BATCH: usize = 32;

/// Turns clips into vectors and pairs of vectors into scores: the higher, the more alike.
pub trait Scorer {
    /// What it is, for a table.
    fn name(&self) -> &str;

    /// Samples a second that it expects.
    fn sample_rate(&self) -> u32;

    /// Vectors of these clips.
    ///
    /// # Errors
    /// What the front end refuses: samples that are not finite, clips that are too short.
    fn embed(&self, clips: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, Error>;

    /// Scores of pairs of vectors. Cosine unless the scorer has a head for it.
    ///
    /// # Errors
    /// Vectors of another length.
    fn score(&self, pairs: &[(&[f32], &[f32])]) -> Result<Vec<f32>, Error> {
        Ok(pairs.iter().map(|(a, b)| cosine(a, b)).collect())
    }
}

/// Embeds, and holds the scorer to its word: one vector a clip.
pub(crate) fn embed(scorer: &dyn Scorer, clips: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, Error> {
    let vectors = scorer.embed(clips)?;
    if vectors.len() != clips.len() {
        return Err(Error::Scorer { what: "vectors", got: vectors.len(), expected: clips.len() });
    }
    Ok(vectors)
}

/// Scores, and holds the scorer to its word: one score a pair.
pub(crate) fn score(scorer: &dyn Scorer, pairs: &[(&[f32], &[f32])]) -> Result<Vec<f32>, Error> {
    let scores = scorer.score(pairs)?;
    if scores.len() != pairs.len() {
        return Err(Error::Scorer { what: "scores", got: scores.len(), expected: pairs.len() });
    }
    Ok(scores)
}

pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    if norms > 0.0 { (dot(a, b) / norms) as f32 } else { 0.0 }
}

/// Means and deviations of 20 MFCCs, standardised over the training recordings: what learned encoders must beat.
#[derive(Debug)]
pub struct MfccScorer {
    mfcc: Mfcc,
    sample_rate: u32,
    mean: Vec<f32>,
    deviation: Vec<f32>,
}

impl MfccScorer {
    /// For clips at `sample_rate` Hz, standardised by `clips`.
    ///
    /// # Errors
    /// As [`Scorer::embed`]; [`Error::TooFew`] without clips.
    pub fn fit(sample_rate: u32, clips: &[Vec<f32>]) -> Result<Self, Error> {
        let mfcc = Mfcc::new(&MfccConfig::new(sample_rate).with_n_mfcc(20))?;
        let mut this = Self { mfcc, sample_rate, mean: vec![0.0; 40], deviation: vec![1.0; 40] };
        let vectors = this.embed(clips)?;
        if vectors.is_empty() {
            return Err(Error::TooFew { what: "clips", got: 0, expected: 1 });
        }
        let n = vectors.len() as f64;
        let moment =
            |i: usize, power: i32| vectors.iter().map(|v| f64::from(v[i]).powi(power)).sum::<f64>() / n;
        this.mean = (0..40).map(|i| moment(i, 1) as f32).collect();
        let variance = |i: usize| moment(i, 2) - moment(i, 1).powi(2);
        this.deviation = (0..40).map(|i| variance(i).max(1e-12).sqrt() as f32).collect();
        Ok(this)
    }
}

impl Scorer for MfccScorer {
    fn name(&self) -> &str {
        "MFCC mean and deviation"
    }

    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn embed(&self, clips: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, Error> {
        let vector = |clip: &Vec<f32>| {
            let mfcc = self.mfcc.compute(clip)?;
            let mut v = pooling::mean(&mfcc)?;
            v.extend(pooling::std(&mfcc)?);
            let scale = self.mean.iter().zip(&self.deviation);
            v.iter_mut().zip(scale).for_each(|(x, (mean, deviation))| *x = (*x - mean) / deviation);
            Ok(v)
        };
        clips.iter().map(vector).collect()
    }
}

/// A checkpoint: by its head if it is a Siamese net (probability), else by cosine.
#[derive(Debug)]
pub struct ModelScorer {
    checkpoint: Checkpoint,
    front_end: ClipFrontEnd,
    device: Device,
    name: String,
}

impl ModelScorer {
    /// Scores with `checkpoint`, which is on `device` (not for training).
    ///
    /// # Errors
    /// A front end that cannot be.
    pub fn new(checkpoint: Checkpoint, device: &Device) -> Result<Self, Error> {
        let front_end = ClipFrontEnd::new(&checkpoint.card.front_end)?;
        Ok(Self { name: checkpoint.card.name.clone(), front_end, device: device.clone(), checkpoint })
    }

    fn rows(tensor: Tensor<2>) -> Vec<Vec<f32>> {
        let [_, dim] = tensor.dims();
        let values: Vec<f32> = tensor.into_data().convert::<f32>().try_into_vec().unwrap_or_default();
        values.chunks(dim.max(1)).map(<[f32]>::to_vec).collect()
    }
}

impl Scorer for ModelScorer {
    fn name(&self) -> &str {
        &self.name
    }

    fn sample_rate(&self) -> u32 {
        self.front_end.sample_rate()
    }

    fn embed(&self, clips: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, Error> {
        let shape = self.front_end.shape();
        let mut rows = Vec::with_capacity(clips.len());
        for clips in clips.chunks(BATCH) {
            let mut inputs = Vec::with_capacity(clips.len() * shape.n_mels * shape.frames);
            for clip in clips {
                inputs.extend(self.front_end.compute(clip)?);
            }
            let data = TensorData::new(inputs, [clips.len(), shape.n_mels, shape.frames]);
            rows.extend(Self::rows(self.checkpoint.model.embed(Tensor::from_data(data, &self.device))));
        }
        Ok(rows)
    }

    fn score(&self, pairs: &[(&[f32], &[f32])]) -> Result<Vec<f32>, Error> {
        if !matches!(self.checkpoint.card.model, ModelConfig::Siamese(_)) {
            return Ok(pairs.iter().map(|(a, b)| cosine(a, b)).collect());
        }
        let expected = self.checkpoint.model.embedding_dim();
        if let Some(other) = pairs.iter().flat_map(|(a, b)| [a.len(), b.len()]).find(|&len| len != expected) {
            return Err(Error::Scorer { what: "components in a vector", got: other, expected });
        }
        let mut scores = Vec::with_capacity(pairs.len());
        for pairs in pairs.chunks(4096) {
            let tensor = |values: Vec<f32>| {
                Tensor::<2>::from_data(TensorData::new(values, [pairs.len(), expected]), &self.device)
            };
            let first = tensor(pairs.iter().flat_map(|(a, _)| a.iter().copied()).collect());
            let second = tensor(pairs.iter().flat_map(|(_, b)| b.iter().copied()).collect());
            let logits = self.checkpoint.model.pair_logits(first, second);
            let probability = burn::tensor::activation::sigmoid(logits);
            scores.extend(probability.into_data().convert::<f32>().try_into_vec::<f32>().unwrap_or_default());
        }
        Ok(scores)
    }
}
