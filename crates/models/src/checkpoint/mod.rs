//! Models as files.

mod atomic;
mod card;
pub(crate) mod container;
mod problem;
pub(crate) mod weights;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use safetensors::SafeTensors;

pub use self::card::{Calibration, Card, Trained};
pub use self::problem::CheckpointProblem;
use crate::{ClipFrontEnd, ClipFrontEndConfig, Error, Model, ModelConfig};

/// Key of the card in a file's metadata.
const CARD_KEY: &str = "soundalike_card";
/// Key of the format.
const FORMAT_KEY: &str = "soundalike_format";
/// The format that is written and read.
const FORMAT: u32 = 1;

/// A model and what it says about itself: a safetensors file under PyTorch's names, with the card as JSON in its
/// metadata.
///
/// PyTorch reads the tensors into a module whose parts have the same names (`encoder.blocks.0.conv.weight`,
/// `encoder.blocks.0.bn.running_mean`, `encoder.fc.weight` ...).
#[derive(Debug)]
pub struct Checkpoint {
    /// The model.
    pub model: Model,
    /// Its card.
    pub card: Card,
}

impl Checkpoint {
    /// A model with its card.
    ///
    /// # Errors
    /// [`Error::Setting`] for a card of another network, or one whose front end makes another input.
    pub fn new(model: Model, card: Card) -> Result<Self, Error> {
        let checkpoint = Self { model, card };
        checkpoint.check()?;
        Ok(checkpoint)
    }

    fn check(&self) -> Result<(), Error> {
        self.card.check()?;
        if self.card.model != *self.model.config() {
            return Err(Error::setting("model", self.card.model.kind(), "the network that the model is"));
        }
        let shape = ClipFrontEnd::new(&self.card.front_end)?.shape();
        if shape != self.model.shape() {
            let got = format!("one that makes {} bands x {} frames", shape.n_mels, shape.frames);
            return Err(Error::setting("front_end", got, "one that makes the model's input"));
        }
        Ok(())
    }

    /// Refuses a checkpoint that was made with another network or another front end than the one at hand.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the part that differs.
    pub fn check_for(&self, model: &ModelConfig, front_end: &ClipFrontEndConfig) -> Result<(), Error> {
        if self.card.model != *model {
            let got = format!("{:?} in the checkpoint", self.card.model);
            return Err(Error::setting("model", got, "as in the configuration"));
        }
        if self.card.front_end != *front_end {
            let got = format!("{:?} in the checkpoint", self.card.front_end);
            return Err(Error::setting("front_end", got, "as in the configuration"));
        }
        Ok(())
    }

    /// Writes the file, and the card beside it for people to read (`NAME.card.json` for `NAME.safetensors`; the one
    /// that counts is inside). Each is whole or not there, whenever the machine stops.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`Error::Checkpoint`] for weights that are not finite; [`Error::Io`]. Nothing is
    /// overwritten then.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let bytes = self.to_bytes().map_err(|error| match error {
            Error::Checkpoint { problem, .. } => Error::Checkpoint { path: path.to_owned(), problem },
            other => other,
        })?;
        atomic::write(path, &bytes).map_err(Error::io(path))?;
        let beside = path.with_extension("card.json");
        atomic::write(&beside, self.card_json()?.as_bytes()).map_err(Error::io(&beside))
    }

    fn card_json(&self) -> Result<String, Error> {
        let mut json = serde_json::to_string_pretty(&self.card).map_err(no_json)?;
        json.push('\n');
        Ok(json)
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        self.check()?;
        let here = |problem| Error::Checkpoint { path: PathBuf::from("checkpoint"), problem };
        let weights = weights::collect(&self.model)?;
        let mut tensors = Vec::with_capacity(weights.len());
        for (name, weight) in &weights {
            weights::check_values(name, weight.values.iter().copied()).map_err(here)?;
            let bytes: Vec<u8> = weight.values.iter().flat_map(|x| x.to_le_bytes()).collect();
            tensors.push((name.as_str(), weight.shape.as_slice(), bytes));
        }
        let metadata = BTreeMap::from([
            // What the transformers library looks for.
            ("format", "pt".to_owned()),
            (FORMAT_KEY, FORMAT.to_string()),
            (CARD_KEY, serde_json::to_string(&self.card).map_err(no_json)?),
        ]);
        container::write(&metadata, &tensors).map_err(no_json)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Checkpoint`] for a file that is truncated, hostile, of another version or whose
    /// tensors are not those of the network that its card describes.
    pub fn load(path: impl AsRef<Path>, device: &Device) -> Result<Self, Error> {
        let path = path.as_ref();
        let bytes = read(path)?;
        Self::parse(&bytes, device).map_err(|problem| Error::Checkpoint { path: path.to_owned(), problem })
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_bytes(bytes: &[u8], device: &Device) -> Result<Self, Error> {
        let path = PathBuf::from("checkpoint");
        Self::parse(bytes, device).map_err(|problem| Error::Checkpoint { path, problem })
    }

    fn parse(bytes: &[u8], device: &Device) -> Result<Self, CheckpointProblem> {
        let file = SafeTensors::deserialize(bytes).map_err(CheckpointProblem::Format)?;
        Self::assemble(card_of(bytes)?, &file, device)
    }

    fn assemble(card: Card, file: &SafeTensors<'_>, device: &Device) -> Result<Self, CheckpointProblem> {
        let setting = |error| CheckpointProblem::Setting(Box::new(error));
        card.check().map_err(setting)?;
        let shape = ClipFrontEnd::new(&card.front_end).map_err(setting)?.shape();
        // Takes no memory for weights: the card may be a lie.
        let planned = Model::planned(&card.model, shape, device).map_err(setting)?;
        Ok(Self { model: weights::apply(planned, file)?, card })
    }

    /// A card of one's own with the tensors of safetensors bytes that have none.
    #[cfg(feature = "pytorch")]
    pub(crate) fn with_tensors(card: Card, bytes: &[u8], device: &Device) -> Result<Self, CheckpointProblem> {
        let file = SafeTensors::deserialize(bytes).map_err(CheckpointProblem::Format)?;
        Self::assemble(card, &file, device)
    }
}

/// The card of a file, without its weights.
///
/// # Errors
/// As [`Checkpoint::load`], but that tensors are not compared with the card.
pub fn read_card(path: impl AsRef<Path>) -> Result<Card, Error> {
    let path = path.as_ref();
    card_of(&read(path)?).map_err(|problem| Error::Checkpoint { path: path.to_owned(), problem })
}

fn card_of(bytes: &[u8]) -> Result<Card, CheckpointProblem> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(CheckpointProblem::Format)?;
    let entry = |key| metadata.metadata().as_ref().and_then(|metadata| metadata.get(key));
    let (Some(format), Some(card)) = (entry(FORMAT_KEY), entry(CARD_KEY)) else {
        return Err(CheckpointProblem::NoCard);
    };
    if *format != FORMAT.to_string() {
        let got = format.chars().take(20).collect();
        return Err(CheckpointProblem::Version { expected: FORMAT, got });
    }
    serde_json::from_str(card).map_err(CheckpointProblem::Card)
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let kind = std::fs::metadata(path).map_err(Error::io(path))?;
    if !kind.is_file() {
        return Err(Error::Checkpoint { path: path.to_owned(), problem: CheckpointProblem::NotAFile });
    }
    let file = std::fs::File::open(path).map_err(Error::io(path))?;
    let mut bytes = Vec::new();
    // Not more than there was, should it grow meanwhile.
    file.take(kind.len()).read_to_end(&mut bytes).map_err(Error::io(path))?;
    Ok(bytes)
}

fn no_json(error: serde_json::Error) -> Error {
    Error::State { what: error.to_string() }
}
