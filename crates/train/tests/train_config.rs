//! Configurations: what is read, and what is refused with which words.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod common;

use std::path::Path;

use soundalike_train::{Error, Negatives, Objective, TrainConfig};

fn refusal(yaml: &str) -> String {
    TrainConfig::from_yaml(yaml).expect_err(yaml).to_string()
}

#[test]
fn what_is_written_is_read() {
    let config = common::config("kind: siamese", "kind: pairs, negatives: listed", "  patience: 3");
    assert_eq!(config.training.objective, Objective::Pairs { negatives: Negatives::Listed });
    assert_eq!((config.training.patience, config.training.steps), (3, 6));
    let again = TrainConfig::from_yaml(&config.to_yaml().unwrap()).unwrap();
    assert_eq!(again, config);
}

#[test]
fn every_shipped_configuration_is_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/configs");
    let mut found = 0;
    for folder in [folder.clone(), folder.join("quick")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.ends_with(".yaml") && !name.starts_with("augment") {
                TrainConfig::open(&path).unwrap_or_else(|e| panic!("{e}"));
                found += 1;
            }
        }
    }
    assert!(found >= 19, "{found}");
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let good = common::yaml("kind: siamese", "kind: pairs", "");
    for (from, to, key, line) in [
        ("batch_size: 6", "batch_sise: 6", "batch_sise", 5),
        ("data:", "date:", "date", 11),
        ("edits:", "edit:", "edit", 13),
        ("preset: verification", "presets: verification", "presets", 13),
    ] {
        let message = refusal(&good.replace(from, to));
        assert!(message.contains(key), "{key}: {message}");
        assert!(message.contains(&format!("line {line}")), "{key}, line {line}: {message}");
    }
    let message = refusal(&good.replace("channels", "chanels"));
    assert!(message.contains("chanels"), "{message}");
}

#[test]
fn a_missing_section_and_a_wrong_type_are_told() {
    let good = common::yaml("kind: siamese", "kind: pairs", "");
    let without = |section: &str| {
        let from = good.find(section).unwrap();
        let end = good[from + 1..].find("\ndata").map_or(good.len(), |at| from + 1 + at);
        format!("{}{}", &good[..from], &good[end..])
    };
    assert!(refusal(&without("training:")).contains("training"));
    let data = &good[..good.find("data:").unwrap()];
    assert!(refusal(data).contains("data"));
    assert!(refusal(&good.replace("batch_size: 6", "batch_size: many")).contains("line 5"));
    assert!(refusal("").contains("configuration"));
    assert!(refusal("model: [1, 2").contains("line"));
}

#[test]
fn settings_that_cannot_be_are_named() {
    let good = common::yaml("kind: siamese", "kind: pairs", "");
    for (from, to, name) in [
        ("batch_size: 6", "batch_size: 1", "training.batch_size"),
        ("steps: 6", "steps: 0", "training.steps"),
        ("validate_every: 2", "validate_every: 0", "training.validate_every"),
        ("warmup_steps: 2", "learning_rate: -1", "training.learning_rate"),
        ("warmup_steps: 2", "learning_rate: .nan", "training.learning_rate"),
        ("warmup_steps: 2", "weight_decay: 1", "training.weight_decay"),
        ("warmup_steps: 2", "workers: 0", "training.workers"),
        ("data:", "data:\n  jitter_seconds: -1", "data.jitter_seconds"),
        ("data:", "data:\n  same_group: 2", "data.same_group"),
        ("data:", "data:\n  split: [0.5, 0.5, 0.5]", "data.split"),
        ("seconds: 1.0", "seconds: 0", "data.front_end.seconds"),
    ] {
        assert!(refusal(&good.replace(from, to)).contains(name), "{name}");
    }
    // The front end's own refusals.
    assert!(matches!(
        TrainConfig::from_yaml(&good.replace("n_fft: 512", "n_fft: 0")),
        Err(Error::Model(_) | Error::Features(_))
    ));
    assert!(TrainConfig::from_yaml(&good.replace("n_mels: 32", "n_mels: 0")).is_err());
    // Four poolings halve 32 bands to 2; seven to nothing.
    assert!(TrainConfig::from_yaml(&good.replace("[4, 8]", "[4, 4, 4, 4, 4, 4, 4]")).is_err());
}

#[test]
fn model_and_objective_go_together() {
    for (model, objective) in [
        ("siamese", "kind: nt_xent"),
        ("simclr", "kind: pairs"),
        ("autoencoder", "kind: triplet"),
        ("genre", "kind: reconstruction"),
        ("identify", "kind: classification"),
    ] {
        let yaml = common::yaml(&format!("kind: {model}"), objective, "");
        let Err(Error::Objective { model: got, .. }) = TrainConfig::from_yaml(&yaml) else {
            panic!("{model}")
        };
        assert_eq!(got, model);
    }
    let yaml = common::yaml("kind: simclr", "kind: nt_xent, temperature: 0", "");
    assert!(refusal(&yaml).contains("temperature"));
    let yaml = common::yaml("kind: siamese", "kind: contrastive, margin: -1", "");
    assert!(refusal(&yaml).contains("margin"));
}

#[test]
fn a_file_that_is_not_there_is_told_by_its_name() {
    let error = TrainConfig::open("no/such/file.yaml").unwrap_err();
    assert!(matches!(&error, Error::Io { path, .. } if path == Path::new("no/such/file.yaml")), "{error}");
}
