//! PyTorch's own files, by an explicit call.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![cfg(all(feature = "flex", feature = "pytorch"))]

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use soundalike_models::{
    Checkpoint, CheckpointProblem, Error, IdentifyConfig, SiameseConfig, import_pytorch,
};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

#[test]
fn a_state_dict_is_what_the_safetensors_file_is() {
    let device = Device::flex();
    let saved = Checkpoint::load(golden("siamese.safetensors"), &device).unwrap();
    let card = saved.card.clone();
    let imported = import_pytorch(golden("siamese.pth"), Some("state_dict"), card, &device).unwrap();
    assert!(imported.to_bytes().unwrap() == saved.to_bytes().unwrap());
}

#[test]
fn what_does_not_fit_is_named() {
    let device = Device::flex();
    let card = Checkpoint::load(golden("siamese.safetensors"), &device).unwrap().card;
    let import = |name: &str, key, card| import_pytorch(golden(name), key, card, &device).unwrap_err();
    let mut other = card.clone();
    other.model = SiameseConfig::new().with_channels([4, 7]).with_embedding_dim(5).into();
    let error = import("siamese.pth", Some("state_dict"), other);
    assert!(matches!(error, Error::Checkpoint { problem: CheckpointProblem::Shape { .. }, .. }), "{error}");
    let mut other = card.clone();
    other.model = IdentifyConfig::new().with_channels([4, 6, 8]).into();
    let error = import("siamese.pth", Some("state_dict"), other);
    assert!(matches!(error, Error::Checkpoint { problem: CheckpointProblem::Missing { .. }, .. }), "{error}");
    for (name, key) in [("siamese.safetensors", None), ("none.pth", None), ("siamese.pth", Some("weights"))] {
        assert!(
            matches!(import(name, key, card.clone()), Error::State { .. } | Error::Checkpoint { .. }),
            "{name}"
        );
    }
}
