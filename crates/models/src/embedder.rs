//! A model in use: samples in, vectors out.

use std::path::Path;

use burn::Tensor;
use burn::tensor::{Device, TensorData};
use soundalike_features::{ChunkConfig, Matrix, Tail};
use xxhash_rust::xxh3::Xxh3;

use crate::checkpoint::weights;
use crate::{Card, Checkpoint, ClipFrontEnd, Error, FrontEndScratch, Model, ModelConfig};

/// Clips that go through the network at once.
const BATCH: usize = 32;
/// Raised when the same weights and front end begin to give other vectors.
const ALGORITHM: u32 = 1;

/// Turns mono audio into a model's embeddings.
#[derive(Debug)]
pub struct ModelEmbedder {
    model: Model,
    card: Card,
    front_end: ClipFrontEnd,
    device: Device,
    parameters: Vec<u8>,
}

impl ModelEmbedder {
    /// Opens a checkpoint.
    ///
    /// # Errors
    /// As [`Checkpoint::load`].
    pub fn open(path: impl AsRef<Path>, device: &Device) -> Result<Self, Error> {
        Self::new(Checkpoint::load(path, &device.clone().without_autodiff())?)
    }

    /// An embedder of a checkpoint at hand, on the device it is on.
    ///
    /// # Errors
    /// As [`Checkpoint::new`].
    pub fn new(checkpoint: Checkpoint) -> Result<Self, Error> {
        let Checkpoint { model, card } = Checkpoint::new(checkpoint.model, checkpoint.card)?;
        let device = model.device();
        let (model, device) = if device.is_autodiff() {
            (model.to_valid(), device.without_autodiff())
        } else {
            (model, device)
        };
        let front_end = ClipFrontEnd::new(&card.front_end)?;
        let parameters = parameters(&model, &card)?;
        Ok(Self { model, card, front_end, device, parameters })
    }

    /// The model's name, and bytes that stand for everything its vectors depend on: weights, network and front end.
    #[must_use]
    pub fn name_and_hash(&self) -> (String, Vec<u8>) {
        (self.card.name.clone(), self.parameters.clone())
    }

    /// The model's card.
    #[must_use]
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The front end.
    #[must_use]
    pub fn front_end(&self) -> &ClipFrontEnd {
        &self.front_end
    }

    /// Components of a vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.model.embedding_dim()
    }

    /// Sample rate in Hz of the audio it takes.
    #[must_use]
    pub fn sample_rate(&self) -> u32 {
        self.front_end.sample_rate()
    }

    /// Samples of a clip, the fewest that can be embedded.
    #[must_use]
    pub fn clip_samples(&self) -> usize {
        self.front_end.clip_samples()
    }

    /// The embedding of a clip; of a longer stretch, the mean over windows of a clip's length every half of it, the
    /// last of which ends with the stretch. Of length one where the card says so.
    ///
    /// # Errors
    /// [`Error::Samples`] for less than a clip; [`Error::Features`] for samples that are not finite or too large;
    /// [`Error::NotFinite`] if the network's answer is.
    pub fn embed(&self, samples: &[f32]) -> Result<Vec<f32>, Error> {
        let clip = self.clip_samples();
        let rows = self.embed_windows(samples, clip.div_ceil(2))?;
        let mut sum = vec![0.0_f64; self.dim()];
        for row in rows.iter_rows() {
            sum.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x));
        }
        let count = rows.rows().max(1) as f64;
        let mut mean: Vec<f32> = sum.iter().map(|sum| (sum / count) as f32).collect();
        if rows.rows() > 1 {
            self.normalize(&mut mean);
        }
        Ok(mean)
    }

    /// The embedding of each clip of [`clip_samples`](Self::clip_samples) samples, `[clip x component]`; 32 clips go
    /// through the network at once.
    ///
    /// # Errors
    /// As [`embed`](Self::embed), and [`Error::Samples`] for a longer clip too.
    pub fn embed_many(&self, clips: &[&[f32]]) -> Result<Matrix, Error> {
        let mut scratch = FrontEndScratch::default();
        self.batches(clips.len(), |clip, out| match clips.get(clip) {
            Some(samples) => self.front_end.compute_into(samples, out, &mut scratch),
            None => Ok(()),
        })
    }

    /// The embedding of each window of a clip's length, one every `hop_length` samples and one that ends with the
    /// stretch, `[window x component]`. Each window is transformed for itself, so that a row is what
    /// [`embed`](Self::embed) gives for the window.
    ///
    /// # Errors
    /// As [`embed`](Self::embed); [`Error::Setting`] for a hop of 0.
    pub fn embed_windows(&self, samples: &[f32], hop_length: usize) -> Result<Matrix, Error> {
        self.enough(samples)?;
        if hop_length == 0 {
            return Err(Error::setting("hop_length", 0, "at least 1 sample"));
        }
        let config = ChunkConfig::new(self.clip_samples(), hop_length).with_tail(Tail::Align);
        let clips: Vec<&[f32]> = config
            .chunk_bounds(samples.len())?
            .map(|bounds| samples.get(bounds).unwrap_or_default())
            .collect();
        self.embed_many(&clips)
    }

    /// The embedding of each window of a query or a recording, `[window x component]`, one every `hop_frames` frames
    /// of the front end. The spectrogram is computed once, whatever the overlap.
    ///
    /// Where frames reach over a window's ends, they hear the samples beyond, which [`embed`](Self::embed) cannot: see
    /// [`ClipFrontEnd::window_into`]. Row `i` begins `i * hop_frames * hop_length` samples into the stretch; what is
    /// left at the end, less than a hop, is in no row.
    ///
    /// # Errors
    /// As [`embed`](Self::embed); [`Error::Setting`] for a hop of 0.
    pub fn embed_frames(&self, samples: &[f32], hop_frames: usize) -> Result<Matrix, Error> {
        self.enough(samples)?;
        if hop_frames == 0 {
            return Err(Error::setting("hop_frames", 0, "at least 1 frame"));
        }
        let powers = self.front_end.powers(samples)?;
        let windows = 1 + (powers.cols() - self.front_end.shape().frames) / hop_frames;
        self.batches(windows, |window, out| self.front_end.window_into(&powers, window * hop_frames, out))
    }

    fn enough(&self, samples: &[f32]) -> Result<(), Error> {
        if samples.len() < self.clip_samples() {
            return Err(Error::Samples { expected: self.clip_samples(), got: samples.len() });
        }
        Ok(())
    }

    /// Embeds `count` inputs, each of which `fill` computes.
    fn batches(
        &self,
        count: usize,
        mut fill: impl FnMut(usize, &mut [f32]) -> Result<(), Error>,
    ) -> Result<Matrix, Error> {
        let shape = self.front_end.shape();
        let (size, dim) = (shape.n_mels * shape.frames, self.dim());
        let mut rows = Vec::with_capacity(count * dim);
        for first in (0..count).step_by(BATCH) {
            let batch = BATCH.min(count - first);
            let mut inputs = vec![0.0; batch * size];
            for (i, input) in inputs.chunks_exact_mut(size).enumerate() {
                fill(first + i, input)?;
            }
            let data = TensorData::new(inputs, [batch, shape.n_mels, shape.frames]);
            let embeddings = self.model.embed(Tensor::from_data(data, &self.device));
            rows.extend(values(embeddings)?);
        }
        if rows.iter().any(|x| !x.is_finite()) {
            return Err(Error::NotFinite);
        }
        rows.chunks_exact_mut(dim).for_each(|row| self.normalize(row));
        Ok(Matrix::from_vec(rows, count, dim)?)
    }

    /// To length one, where the card says so; zeros stay zeros.
    fn normalize(&self, row: &mut [f32]) {
        let norm = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
        if self.card.normalize && norm > 0.0 {
            row.iter_mut().for_each(|x| *x = (f64::from(*x) / norm) as f32);
        }
    }

    /// The probability that two clips, of which these are the embeddings, are the same recording: by the Siamese head,
    /// for other kinds by the cosine; with the card's calibration if it has one.
    ///
    /// # Errors
    /// [`Error::Dimension`] for vectors of another length; [`Error::NotFinite`].
    pub fn score(&self, a: &[f32], b: &[f32]) -> Result<f32, Error> {
        Ok(self.scores(a, &[b])?.first().copied().unwrap_or_default())
    }

    /// [`score`](Self::score) of one embedding with each of many.
    ///
    /// # Errors
    /// As [`score`](Self::score).
    pub fn scores(&self, a: &[f32], others: &[&[f32]]) -> Result<Vec<f32>, Error> {
        let dim = self.dim();
        if let Some(bad) = std::iter::once(&a).chain(others).find(|v| v.len() != dim) {
            return Err(Error::Dimension { expected: dim, got: bad.len() });
        }
        if others.is_empty() {
            return Ok(Vec::new());
        }
        let tensor = |rows: Vec<f32>| {
            let count = rows.len() / dim;
            Tensor::<2>::from_data(TensorData::new(rows, [count, dim]), &self.device)
        };
        let first = tensor(a.to_vec()).expand([others.len(), dim]);
        let logits = values(self.model.pair_logits(first, tensor(others.concat())))?;
        logits.into_iter().map(|logit| self.probability(f64::from(logit))).collect()
    }

    fn probability(&self, logit: f64) -> Result<f32, Error> {
        let logit = match self.card.calibration {
            None => logit,
            Some(calibration) => {
                let score = match self.card.model {
                    ModelConfig::Siamese(_) => logit,
                    _ => crate::model::cosine_of_logit(logit),
                };
                calibration.slope * score + calibration.intercept
            }
        };
        let probability = (1.0 / (1.0 + (-logit).exp())) as f32;
        if probability.is_finite() { Ok(probability) } else { Err(Error::NotFinite) }
    }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, Error> {
    tensor
        .into_data()
        .try_into_vec_as::<f32>()
        .map_err(|error| Error::State { what: format!("the device's answer cannot be read: {error:?}") })
}

/// Everything that vectors depend on, in a form that does not change between builds.
fn parameters(model: &Model, card: &Card) -> Result<Vec<u8>, Error> {
    let mut hash = Xxh3::new();
    for (name, weight) in weights::collect(model)? {
        hash.update(name.as_bytes());
        weight.values.iter().for_each(|x| hash.update(&x.to_le_bytes()));
    }
    let settings =
        (ALGORITHM, &card.model, &card.front_end, card.normalize, format!("{:032x}", hash.digest128()));
    serde_json::to_vec(&settings).map_err(|error| Error::State { what: error.to_string() })
}
