//! Weights from PyTorch's own files.

use std::collections::BTreeMap;
use std::path::Path;

use burn::store::{ModuleStore, PytorchStore};
use burn::tensor::{DType, Device};

use crate::checkpoint::container;
use crate::{Card, Checkpoint, CheckpointProblem, Error};

/// A checkpoint of the tensors in one of PyTorch's files (`.pt`, `.pth`: a `state_dict`, or a dictionary that has one
/// under `top_level_key`), whose names are those of [`Checkpoint`], and of a card of one's own.
///
/// # What is trusted
/// Such a file is a ZIP archive with a pickle in it. Nothing of the pickle is run: burn's reader interprets the few
/// instructions that describe tensors and refuses others, so a hostile file cannot call code as it could in Python.
/// But that reader is not ours and was not written against hostile files: it may take much memory, or panic. Import
/// only files whose maker is known, once, and [`save`](Checkpoint::save) the result; nothing else in this crate reads
/// pickles. The tensors themselves are checked as those of any checkpoint: names, shapes, types and values.
///
/// # Errors
/// [`Error::Setting`] for a card that cannot be; [`Error::State`] for a file that the reader refuses;
/// [`Error::Checkpoint`] for tensors that are not those of the card's network.
pub fn import_pytorch(
    path: impl AsRef<Path>,
    top_level_key: Option<&str>,
    card: Card,
    device: &Device,
) -> Result<Checkpoint, Error> {
    let path = path.as_ref();
    let problem = |problem| Error::Checkpoint { path: path.to_owned(), problem };
    let unreadable =
        |error: &dyn std::fmt::Debug| Error::State { what: format!("{}: {error:?}", path.display()) };
    let mut store = PytorchStore::from_file(path).map_indices_contiguous(false);
    if let Some(key) = top_level_key {
        store = store.with_top_level_key(key);
    }
    let mut tensors = BTreeMap::new();
    for (name, tensor) in store.get_all_tensors().map_err(|error| unreadable(&error))? {
        if name.ends_with(".num_batches_tracked") {
            continue;
        }
        if tensor.dtype != DType::F32 {
            let got = format!("{:?}", tensor.dtype);
            return Err(problem(CheckpointProblem::Dtype { tensor: name.clone(), got }));
        }
        let bytes = tensor.to_bytes().map_err(|error| unreadable(&error))?;
        tensors.insert(name.clone(), (tensor.shape.to_vec(), bytes.to_vec()));
    }
    let tensors: Vec<(&str, &[usize], Vec<u8>)> = tensors
        .iter()
        .map(|(name, (shape, bytes))| (name.as_str(), shape.as_slice(), bytes.clone()))
        .collect();
    let bytes = container::write(&BTreeMap::new(), &tensors).map_err(|error| unreadable(&error))?;
    Checkpoint::with_tensors(card, &bytes, device).map_err(problem)
}
