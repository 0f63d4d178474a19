//! The loop: what it leaves behind, how it goes on, what stops it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod common;

use std::fs;
use std::ops::ControlFlow;
use std::sync::Arc;

use burn::prelude::Device;
use soundalike_models::Checkpoint;
use soundalike_train::{Corpus, Error, Parts, TrainOptions, Trainer};

#[test]
fn a_run_leaves_checkpoint_state_table_and_picture() {
    let _one = common::alone();
    let corpus = common::corpus(20);
    let config = common::config("kind: siamese", "kind: pairs", "");
    let folder = tempfile::tempdir().unwrap();
    let outcome = common::train(&config, &corpus, folder.path(), false);
    assert_eq!((outcome.steps, outcome.interrupted, outcome.stopped_early), (6, false, false));
    assert_eq!(outcome.history.rows().iter().map(|row| row.step).collect::<Vec<_>>(), [2, 4, 6]);
    assert!([2, 4, 6].contains(&outcome.best_step));
    let best = outcome.history.rows().iter().map(|row| row.validation_loss).fold(f64::INFINITY, f64::min);
    assert_eq!(best, outcome.best_loss);
    for name in
        ["config.yaml", "state.bin", "best.safetensors", "best.card.json", "history.csv", "curves.png"]
    {
        assert!(fs::metadata(folder.path().join(name)).unwrap().len() > 50, "{name}");
    }
    let checkpoint = Checkpoint::load(&outcome.checkpoint, &Device::flex()).unwrap();
    assert_eq!(checkpoint.card.trained.unwrap().steps, outcome.best_step);
    assert_eq!(soundalike_train::TrainConfig::open(folder.path().join("config.yaml")).unwrap(), config);
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 6, "{names:?}");
}

/// Everything but the seconds, which no two runs share.
fn weights(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let bytes = fs::read(folder.join("best.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut all: Vec<_> = file.tensors().into_iter().map(|(name, t)| (name, t.data().to_vec())).collect();
    all.sort();
    all
}

#[test]
fn resumed_equals_unbroken() {
    let _one = common::alone();
    let corpus = common::corpus(20);
    let config = common::config("kind: siamese, embedding_dim: 16", "kind: pairs", "");
    let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let unbroken = common::train(&config, &corpus, whole.path(), false);
    // Stopped after steps 1, 3 and 5: between validations, so that sums of losses go along too.
    for (resume, stop) in [(false, 1), (true, 3), (true, 5)] {
        let options = TrainOptions::new(broken.path()).with_resume(resume);
        let trainer =
            Trainer::new(&config, &corpus, &common::parts(&corpus), &Device::flex(), options).unwrap();
        let outcome = trainer
            .run(&mut |now| if now.step >= stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            .unwrap();
        assert_eq!((outcome.steps, outcome.interrupted), (stop, true));
    }
    let resumed = common::train(&config, &corpus, broken.path(), true);
    assert_eq!(resumed.best_step, unbroken.best_step);
    let losses = |outcome: &soundalike_train::Outcome| {
        outcome.history.rows().iter().map(|r| (r.train_loss, r.validation_loss)).collect::<Vec<_>>()
    };
    assert_eq!(losses(&resumed), losses(&unbroken));
    assert_eq!(weights(broken.path()), weights(whole.path()));
}

#[test]
fn a_training_goes_on_only_with_its_own() {
    let _one = common::alone();
    let corpus = common::corpus(20);
    let config = common::config("kind: siamese", "kind: pairs", "");
    let folder = tempfile::tempdir().unwrap();
    let run = |config, corpus: &Arc<Corpus>, resume| {
        let options = TrainOptions::new(folder.path()).with_resume(resume);
        let trainer = Trainer::new(config, corpus, &common::parts(corpus), &Device::flex(), options)?;
        trainer.run(&mut |_| ControlFlow::Continue(()))
    };
    let told = |error: Error, what: &str| {
        assert!(matches!(&error, Error::State { what: w, .. } if w.contains(what)), "{error}");
    };
    told(run(&config, &corpus, true).unwrap_err(), "nothing to resume");
    run(&config, &corpus, false).unwrap();
    told(run(&config, &corpus, false).unwrap_err(), "already");
    let other = config_with_seed();
    told(run(&other, &corpus, true).unwrap_err(), "another configuration");
    told(run(&config, &common::corpus(22), true).unwrap_err(), "other recordings");
    let state = folder.path().join("state.bin");
    let good = fs::read(&state).unwrap();
    fs::write(&state, &good[..good.len() / 2]).unwrap();
    told(run(&config, &corpus, true).unwrap_err(), "damaged");
    assert_eq!(fs::read(&state).unwrap(), good[..good.len() / 2], "a damaged state is left as it is");
    fs::write(&state, &good).unwrap();
    assert_eq!(run(&config, &corpus, true).unwrap().steps, 6);
}

fn config_with_seed() -> soundalike_train::TrainConfig {
    common::config("kind: siamese", "kind: pairs", "  seed: 2")
}

#[test]
fn training_ends_early_when_validation_gets_no_better() {
    let _one = common::alone();
    let corpus = common::corpus(20);
    // A rate of nearly nothing: no validation is better than the one before by more than chance, and none is worse.
    let more = "  learning_rate: 1.0\n  schedule: constant\n  patience: 1";
    let config = common::config("kind: siamese", "kind: pairs", more);
    let config = {
        let mut config = config;
        config.training.steps = 400;
        config.training.validate_every = 1;
        config
    };
    let folder = tempfile::tempdir().unwrap();
    let outcome = common::train(&config, &corpus, folder.path(), false);
    assert!(outcome.stopped_early && outcome.steps < 400, "{}", outcome.steps);
    assert!(outcome.best_step < outcome.steps);
}

#[test]
fn every_objective_trains() {
    let _one = common::alone();
    let corpus = common::corpus(20);
    for (model, objective) in [
        ("kind: siamese", "kind: pairs"),
        ("kind: siamese", "kind: pairs, negatives: listed"),
        ("kind: siamese", "kind: contrastive"),
        ("kind: siamese", "kind: triplet"),
        ("kind: siamese", "kind: triplet, mining: all"),
        ("kind: siamese", "kind: triplet, mining: hard"),
        ("kind: simclr", "kind: nt_xent"),
        ("kind: simclr", "kind: info_nce"),
        ("kind: simclr", "kind: sup_con"),
        ("kind: autoencoder", "kind: reconstruction"),
        ("kind: genre", "kind: classification"),
        ("kind: identify", "kind: nt_xent, temperature: 0.05"),
    ] {
        let config = common::config(model, objective, "");
        let folder = tempfile::tempdir().unwrap();
        let outcome = common::train(&config, &corpus, folder.path(), false);
        assert_eq!(outcome.steps, 6, "{model} {objective}");
        assert!(
            outcome.best_loss.is_finite() && outcome.best_loss > 0.0,
            "{model} {objective}: {}",
            outcome.best_loss
        );
    }
}

#[test]
fn learning_learns() {
    let _one = common::alone();
    let corpus = common::corpus(20);
    let mut config =
        common::config("kind: siamese, embedding_dim: 16", "kind: pairs", "  learning_rate: 0.01");
    (config.training.steps, config.training.validate_every) = (60, 20);
    let folder = tempfile::tempdir().unwrap();
    let outcome = common::train(&config, &corpus, folder.path(), false);
    let rows = outcome.history.rows();
    assert!(rows[2].train_loss < 0.9 * rows[0].train_loss, "{rows:?}");
    // Chance is ln 2.
    assert!(outcome.best_loss < 0.67, "{rows:?}");
}

#[test]
fn parts_without_tracks_and_folders_that_are_none_are_errors() {
    let _one = common::alone();
    let corpus = common::corpus(20);
    let config = common::config("kind: siamese", "kind: pairs", "");
    let mut parts: Parts = common::parts(&corpus);
    parts.validation.clear();
    let options = TrainOptions::new("unused");
    assert!(matches!(
        Trainer::new(&config, &corpus, &parts, &Device::flex(), options),
        Err(Error::TooFew { .. })
    ));
    let file = tempfile::NamedTempFile::new().unwrap();
    let options = TrainOptions::new(file.path().join("folder"));
    let trainer = Trainer::new(&config, &corpus, &common::parts(&corpus), &Device::flex(), options).unwrap();
    assert!(matches!(trainer.run(&mut |_| ControlFlow::Continue(())), Err(Error::Io { .. })));
}
