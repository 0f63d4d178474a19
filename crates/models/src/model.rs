//! A network with its head.

use burn::Tensor;
use burn::module::Module;
use burn::nn::Linear;
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Device};

use crate::nets::{Decoder, Encoder, Fan, TwoLayers, linear, unit_rows, value_of_each};
use crate::{Error, InputShape, ModelConfig};

/// A network: an encoder, and the head of its kind.
///
/// A module of burn's: on a device with gradients it trains, elsewhere (or after [`valid`](Self::valid)) it answers.
/// A `clone()` shares the running statistics of its batch norms; copy a model with [`valid`](Self::valid), or by
/// [`to_bytes`](Self::to_bytes) and [`with_bytes`](Self::with_bytes).
///
#[cfg_attr(feature = "flex", doc = "```")]
#[cfg_attr(not(feature = "flex"), doc = "```ignore")]
/// use burn::{Tensor, tensor::Device};
/// use soundalike_models::{InputShape, Model, ModelConfig, SiameseConfig};
///
/// let device = Device::flex();
/// let config: ModelConfig = SiameseConfig::new().with_channels([8, 16]).into();
/// let model = Model::new(&config, InputShape::new(32, 20), &device)?;
/// let clips = Tensor::<3>::zeros([2, 32, 20], &device);
/// let embeddings = model.embed(clips);
/// assert_eq!(embeddings.dims(), [2, 128]);
/// assert_eq!(model.pair_logits(embeddings.clone(), embeddings).dims(), [2]);
/// # Ok::<(), soundalike_models::Error>(())
/// ```
#[derive(Module, Debug)]
pub struct Model {
    /// From spectrograms to embeddings.
    pub encoder: Encoder,
    /// Siamese: from the absolute differences of two embeddings to a logit.
    pub head: Option<TwoLayers>,
    /// SimCLR: the projection head.
    pub projection: Option<TwoLayers>,
    /// Autoencoder: back to the spectrogram.
    pub decoder: Option<Decoder>,
    /// Genre: from embeddings to classes.
    pub classifier: Option<Linear>,
    #[module(skip)]
    config: ModelConfig,
    #[module(skip)]
    shape: InputShape,
}

/// [`Model::pair_logits`] of a kind without a head for pairs is this times (cosine - [`COSINE_MIDDLE`]).
const COSINE_SCALE: f64 = 10.0;
/// The cosine whose logit is 0.
const COSINE_MIDDLE: f64 = 0.5;

/// The cosine that [`Model::pair_logits`] made this of, for a kind without a head for pairs.
pub(crate) fn cosine_of_logit(logit: f64) -> f64 {
    logit / COSINE_SCALE + COSINE_MIDDLE
}

impl Model {
    /// A network whose weights are drawn by the device's generator (see [`Device::seed`]).
    ///
    /// # Errors
    /// As [`ModelConfig::check`].
    pub fn new(config: &ModelConfig, shape: InputShape, device: &Device) -> Result<Self, Error> {
        let model = Self::planned(config, shape, device)?;
        value_of_each(&model);
        Ok(model)
    }

    /// A network whose large weights are drawn, and their memory taken, only when they are first used.
    pub(crate) fn planned(config: &ModelConfig, shape: InputShape, device: &Device) -> Result<Self, Error> {
        config.check(shape)?;
        let encoder = config.encoder();
        let (dim, how) = (encoder.embedding_dim, encoder.initialization);
        let (mut head, mut projection, mut decoder, mut classifier) = (None, None, None, None);
        match config {
            ModelConfig::Siamese(siamese) => {
                head = Some(TwoLayers::new([dim, siamese.head_hidden, 1], how, device));
            }
            ModelConfig::Simclr(simclr) => {
                let widths = [dim, simclr.projection_hidden, simclr.projection_dim];
                projection = Some(TwoLayers::new(widths, how, device));
            }
            ModelConfig::Autoencoder(_) => decoder = Some(Decoder::new(&encoder, shape, device)?),
            ModelConfig::Genre(genre) => {
                classifier = Some(linear([dim, genre.classes], how, Fan::Straight, device));
            }
            ModelConfig::Identify(_) => {}
        }
        let encoder = Encoder::new(&encoder, shape, device)?;
        Ok(Self { encoder, head, projection, decoder, classifier, config: config.clone(), shape })
    }

    /// The settings it was made of.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The input it was made for.
    #[must_use]
    pub fn shape(&self) -> InputShape {
        self.shape
    }

    /// Components of an embedding.
    #[must_use]
    pub fn embedding_dim(&self) -> usize {
        self.config.embedding_dim()
    }

    /// How many numbers training adjusts: all weights, without the running statistics of batch norms.
    #[must_use]
    pub fn parameters(&self) -> usize {
        let decoder = self.decoder.iter().flat_map(|decoder| &decoder.blocks);
        let blocks = self.encoder.blocks.iter().chain(decoder);
        let statistics: usize = blocks.map(|block| 2 * block.bn.weight.lazy_shape().num_elements()).sum();
        self.num_params() - statistics
    }

    /// The embeddings; of length one for `identify`.
    ///
    /// # Shapes
    /// `[batch, n_mels, frames]` to `[batch, embedding_dim]`.
    ///
    /// # Panics
    /// For an input of another shape than the model's, and for a device that is not the model's.
    #[must_use]
    pub fn embed(&self, x: Tensor<3>) -> Tensor<2> {
        self.encoder.forward(x)
    }

    /// What contrastive losses compare: SimCLR's projections, for all other kinds the embeddings.
    ///
    /// # Shapes
    /// `[batch, n_mels, frames]` to `[batch, dim]`.
    ///
    /// # Panics
    /// As [`embed`](Self::embed).
    #[must_use]
    pub fn project(&self, x: Tensor<3>) -> Tensor<2> {
        self.project_embeddings(self.embed(x))
    }

    /// [`project`](Self::project) of clips whose embeddings are known.
    ///
    /// # Shapes
    /// `[batch, embedding_dim]` to `[batch, dim]`.
    #[must_use]
    pub fn project_embeddings(&self, embeddings: Tensor<2>) -> Tensor<2> {
        match &self.projection {
            Some(projection) => projection.forward(embeddings),
            None => embeddings,
        }
    }

    /// For each pair of embeddings, the logit of its being the same recording: of the Siamese head, which has
    /// learned it; for other kinds 10 (cosine - 0.5), which orders pairs but is no measured probability.
    ///
    /// # Shapes
    /// Two of `[batch, embedding_dim]` to `[batch]`.
    #[must_use]
    pub fn pair_logits(&self, a: Tensor<2>, b: Tensor<2>) -> Tensor<1> {
        match &self.head {
            Some(head) => head.forward((a - b).abs()).squeeze_dim(1),
            None => {
                let cosine: Tensor<1> = (unit_rows(a) * unit_rows(b)).sum_dim(1).squeeze_dim(1);
                (cosine - COSINE_MIDDLE) * COSINE_SCALE
            }
        }
    }

    /// The spectrograms as the autoencoder rebuilds them from their embeddings.
    ///
    /// # Shapes
    /// `[batch, n_mels, frames]` to the same.
    ///
    /// # Errors
    /// [`Error::WrongKind`] for any other kind.
    ///
    /// # Panics
    /// As [`embed`](Self::embed).
    pub fn reconstruct(&self, x: Tensor<3>) -> Result<Tensor<3>, Error> {
        match &self.decoder {
            Some(decoder) => Ok(decoder.forward(self.embed(x))),
            None => self.other_kind("rebuild spectrograms", "autoencoder"),
        }
    }

    /// The logit of each class.
    ///
    /// # Shapes
    /// `[batch, n_mels, frames]` to `[batch, classes]`.
    ///
    /// # Errors
    /// [`Error::WrongKind`] for any other kind than `genre`.
    ///
    /// # Panics
    /// As [`embed`](Self::embed).
    pub fn class_logits(&self, x: Tensor<3>) -> Result<Tensor<2>, Error> {
        match &self.classifier {
            Some(classifier) => Ok(classifier.forward(self.embed(x))),
            None => self.other_kind("name classes", "genre"),
        }
    }

    fn other_kind<T>(&self, asked: &'static str, expected: &'static str) -> Result<T, Error> {
        Err(Error::WrongKind { asked, expected, got: self.config.kind() })
    }

    /// A copy for inference, without gradients, by the running statistics; what is done to the original does not
    /// change it.
    #[must_use]
    pub fn to_valid(&self) -> Self {
        Module::valid(self)
    }

    /// All weights, running statistics and identities, which optimisers keep their state by: what training resumes
    /// from, exactly. For files that others read, see [`Checkpoint`](crate::Checkpoint).
    ///
    /// # Errors
    /// [`Error::State`] if the device cannot give them.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let bytes = self.clone().into_record().into_bytes().map_err(state)?;
        Ok(bytes.to_vec())
    }

    /// A model of the same settings, on the same device, with the weights, statistics and identities of
    /// [`to_bytes`](Self::to_bytes). `self` stays as it is.
    ///
    /// # Errors
    /// [`Error::State`] for bytes that are damaged or of a model of other settings.
    pub fn with_bytes(&self, bytes: Vec<u8>) -> Result<Self, Error> {
        let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes)).map_err(state)?;
        // Loading into `self` or a clone would write into the running statistics that both share.
        let fresh = Self::planned(&self.config, self.shape, &self.device())?;
        fresh.try_load_record(record).map_err(state)
    }

    /// The model with the encoder of another: a genre head on what SimCLR has learned, say. The other keeps its own.
    ///
    /// # Errors
    /// [`Error::Setting`] if the encoders are not of the same settings (dropout and start apart) and input.
    pub fn with_encoder_of(mut self, other: &Self) -> Result<Self, Error> {
        let (mine, theirs) = (self.config.encoder(), other.config.encoder());
        if self.shape != other.shape {
            let InputShape { n_mels, frames } = other.shape;
            let got = format!("{n_mels} bands x {frames} frames in the other model");
            return Err(Error::setting("front_end", got, "one that makes the same input"));
        }
        let differs = [
            ("channels", mine.channels != theirs.channels),
            ("downsampling", mine.downsampling != theirs.downsampling),
            ("pooling", mine.pooling != theirs.pooling),
            ("embedding_dim", mine.embedding_dim != theirs.embedding_dim),
        ];
        if let Some((name, _)) = differs.into_iter().find(|(_, differs)| *differs) {
            return Err(Error::setting(name, "another in the other model", "the same"));
        }
        let record = other.encoder.clone().into_record();
        let fresh = Encoder::new(&mine, self.shape, &self.device())?;
        self.encoder = fresh.try_load_record(record).map_err(state)?;
        Ok(self)
    }

    /// Where the weights are.
    #[must_use]
    pub fn device(&self) -> Device {
        self.encoder.fc.weight.lazy_device()
    }
}

fn state(error: burn::store::RecordError) -> Error {
    Error::State { what: error.to_string() }
}
