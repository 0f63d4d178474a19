//! Checkpoints and embedders: round trips, hostile files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![cfg(feature = "flex")]

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use soundalike_models::{
    AutoencoderConfig, Calibration, Card, Checkpoint, CheckpointProblem, ClipFrontEndConfig, Error,
    GenreConfig, IdentifyConfig, Model, ModelConfig, ModelEmbedder, SiameseConfig, SimclrConfig, read_card,
};

use soundalike_features::MelConfig;

/// 16 mels, 9 frames.
fn front_end() -> ClipFrontEndConfig {
    let mel = MelConfig::new(8000).with_n_fft(256).with_hop_length(128).with_n_mels(16);
    ClipFrontEndConfig::new(mel, 0.128)
}

fn kinds() -> [ModelConfig; 5] {
    [
        SiameseConfig::new().with_channels([3, 5]).with_embedding_dim(6).with_head_hidden(4).into(),
        SimclrConfig::new().with_channels([3, 5]).with_embedding_dim(6).with_projection_dim(4).into(),
        AutoencoderConfig::new().with_channels([3, 5]).with_embedding_dim(6).into(),
        GenreConfig::new().with_channels([3, 5]).with_embedding_dim(6).with_classes(3).into(),
        IdentifyConfig::new().with_channels([3, 5]).with_embedding_dim(6).into(),
    ]
}

fn checkpoint(config: &ModelConfig) -> Checkpoint {
    let shape = soundalike_models::ClipFrontEnd::new(&front_end()).unwrap().shape();
    let model = Model::new(config, shape, &Device::flex()).unwrap();
    Checkpoint::new(model, Card::new("small", config.clone(), front_end())).unwrap()
}

fn siamese() -> Checkpoint {
    checkpoint(&kinds()[0])
}

fn problem_of(bytes: &[u8]) -> CheckpointProblem {
    match Checkpoint::from_bytes(bytes, &Device::flex()) {
        Err(Error::Checkpoint { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

/// A file with this header and this many bytes of tensors.
fn file(header: &str, data: usize) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    bytes
}

/// Header and tensors of a file.
fn taken_apart(bytes: &[u8]) -> (serde_json::Value, Vec<u8>) {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    (serde_json::from_slice(&bytes[8..8 + length]).unwrap(), bytes[8 + length..].to_vec())
}

fn put_together(header: &serde_json::Value, data: &[u8]) -> Vec<u8> {
    let mut bytes = file(&header.to_string(), 0);
    bytes.extend(data);
    bytes
}

fn tone(n: usize) -> Vec<f32> {
    (0..n).map(|i| (i as f32 * 0.3).sin() * 0.5 + (i as f32 * 0.037).cos() * 0.2).collect()
}

#[test]
fn every_kind_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    for config in kinds() {
        let path = folder.path().join(format!("{}.safetensors", config.kind()));
        let mut saved = checkpoint(&config);
        saved.card.metrics.insert("accuracy".into(), 0.1 + 0.2);
        saved.card.calibration = Some(Calibration { slope: 1.5, intercept: -0.1 });
        saved.save(&path).unwrap();
        let loaded = Checkpoint::load(&path, &Device::flex()).unwrap();
        assert_eq!(loaded.card, saved.card);
        assert!(loaded.to_bytes().unwrap() == fs::read(&path).unwrap());
        assert_eq!(read_card(&path).unwrap(), saved.card);
        let beside = fs::read_to_string(path.with_extension("card.json")).unwrap();
        assert_eq!(serde_json::from_str::<Card>(&beside).unwrap(), saved.card);
        let (before, after) = (ModelEmbedder::new(saved).unwrap(), ModelEmbedder::new(loaded).unwrap());
        let clip = tone(before.clip_samples());
        assert_eq!(before.embed(&clip).unwrap(), after.embed(&clip).unwrap());
        assert_eq!(before.name_and_hash(), after.name_and_hash());
    }
}

#[test]
fn names_are_those_of_pytorch() {
    let (header, _) = taken_apart(&siamese().to_bytes().unwrap());
    let mut names: Vec<_> = header.as_object().unwrap().keys().cloned().collect();
    names.sort();
    let mut want = vec!["__metadata__".to_owned()];
    for block in 0..2 {
        want.push(format!("encoder.blocks.{block}.conv.weight"));
        for part in ["weight", "bias", "running_mean", "running_var"] {
            want.push(format!("encoder.blocks.{block}.bn.{part}"));
        }
    }
    for layer in ["encoder.fc", "head.hidden", "head.out"] {
        want.extend([format!("{layer}.weight"), format!("{layer}.bias")]);
    }
    want.sort();
    assert_eq!(names, want);
    // 2 x 5 channels x 4 bands, mean and maximum: PyTorch's order.
    assert_eq!(header["encoder.fc.weight"]["shape"], serde_json::json!([6, 40]));
    assert_eq!(header["__metadata__"]["format"], "pt");
}

#[test]
fn truncated_anywhere() {
    let bytes = siamese().to_bytes().unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let lengths = (0..header + 40).chain((header..bytes.len()).step_by(97)).chain([bytes.len() - 1]);
    for length in lengths {
        assert!(matches!(problem_of(&bytes[..length]), CheckpointProblem::Format(_)), "{length}");
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(matches!(problem_of(&longer), CheckpointProblem::Format(_)));
}

#[test]
fn damaged_bytes_never_panic() {
    let bytes = siamese().to_bytes().unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    for at in 0..header {
        for change in [0x01, 0x80, 0xff, b'"' ^ bytes[at], b'9' ^ bytes[at]] {
            let mut damaged = bytes.clone();
            damaged[at] ^= change;
            // Some changes only change a description or a seed's digit; none may panic.
            let _ = Checkpoint::from_bytes(&damaged, &Device::flex());
        }
    }
}

#[test]
fn hostile_headers() {
    let tensor = |dtype: &str, shape: &str, from: u64, to: u64| {
        format!(r#"{{"a": {{"dtype": "{dtype}", "shape": {shape}, "data_offsets": [{from}, {to}]}}}}"#)
    };
    let deep = "[".repeat(100_000);
    let hostile = [
        u64::MAX.to_le_bytes().to_vec(),
        (100_000_000_u64).to_le_bytes().to_vec(),
        file("", 0),
        file("null", 0),
        file("{", 0),
        file(&deep, 0),
        file(&tensor("F32", "[1]", 0, 8), 8),
        file(&tensor("F32", "[4611686018427387904]", 0, 0), 0),
        file(&tensor("F32", "[4611686018427387903]", 0, 18_446_744_073_709_551_612), 4),
        file(&tensor("F32", "[4611686018427387901]", 0, 18_446_744_073_709_551_604), 4),
        file(&tensor("F32", "[65536, 65536, 65536, 65536]", 0, 4), 4),
        file(&tensor("F32", "[1]", 4, 0), 4),
        file(&tensor("F32", "[-1]", 0, 4), 4),
        file(&tensor("F33", "[1]", 0, 4), 4),
    ];
    for bytes in hostile {
        assert!(matches!(problem_of(&bytes), CheckpointProblem::Format(_)));
    }
    for bytes in [file("{}", 0), file(&tensor("F32", "[1]", 0, 4), 4), file(r#"{"__metadata__": {}}"#, 0)] {
        assert!(matches!(problem_of(&bytes), CheckpointProblem::NoCard));
    }
}

#[test]
fn tensors_that_are_not_the_card_s() {
    let bytes = siamese().to_bytes().unwrap();
    let (header, data) = taken_apart(&bytes);
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut header = header.clone();
        change(&mut header);
        problem_of(&put_together(&header, &data))
    };
    let rename = |header: &mut serde_json::Value, from: &str, to: &str| {
        let value = header.as_object_mut().unwrap().remove(from).unwrap();
        header[to] = value;
    };
    let missing = with(&|h| rename(h, "head.out.bias", "head.out.bia"));
    assert!(matches!(missing, CheckpointProblem::Missing { tensor } if tensor == "head.out.bias"));
    let dtype = with(&|h| h["head.out.bias"]["dtype"] = "I32".into());
    assert!(
        matches!(dtype, CheckpointProblem::Dtype { tensor, got } if tensor == "head.out.bias" && got == "I32")
    );
    let shape = with(&|h| h["encoder.fc.weight"]["shape"] = serde_json::json!([40, 6]));
    assert!(
        matches!(shape, CheckpointProblem::Shape { expected, got, .. } if expected == [6, 40] && got == [40, 6])
    );

    // One more tensor at the end: PyTorch's counter is let pass, others are not.
    let more = |name: &str| {
        let mut header = header.clone();
        header[name] =
            serde_json::json!({"dtype": "I64", "shape": [], "data_offsets": [data.len(), data.len() + 8]});
        let mut data = data.clone();
        data.extend([0; 8]);
        put_together(&header, &data)
    };
    assert!(
        matches!(problem_of(&more("extra")), CheckpointProblem::Unexpected { tensor } if tensor == "extra")
    );
    let counted = more("encoder.blocks.0.bn.num_batches_tracked");
    assert!(Checkpoint::from_bytes(&counted, &Device::flex()).is_ok());

    let value = |tensor: &str, value: f32| {
        let at = header[tensor]["data_offsets"][0].as_u64().unwrap() as usize;
        let mut data = data.clone();
        data[at..at + 4].copy_from_slice(&value.to_le_bytes());
        problem_of(&put_together(&header, &data))
    };
    for bad in [f32::NAN, f32::INFINITY] {
        let name = "encoder.blocks.1.conv.weight";
        assert!(matches!(value(name, bad), CheckpointProblem::Value { tensor, .. } if tensor == name));
    }
    let variance = value("encoder.blocks.0.bn.running_var", -1.0);
    assert!(matches!(variance, CheckpointProblem::Value { value, .. } if value == -1.0));
}

#[test]
fn cards_that_lie() {
    let bytes = siamese().to_bytes().unwrap();
    let (header, data) = taken_apart(&bytes);
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut header = header.clone();
        let mut card: serde_json::Value =
            serde_json::from_str(header["__metadata__"]["soundalike_card"].as_str().unwrap()).unwrap();
        change(&mut card);
        header["__metadata__"]["soundalike_card"] = card.to_string().into();
        problem_of(&put_together(&header, &data))
    };
    // Networks of terabytes, and impossible ones: refused before memory is taken.
    let huge = with(&|c| c["model"]["embedding_dim"] = 65_536.into());
    assert!(matches!(huge, CheckpointProblem::Shape { .. }));
    let wide = with(&|c| {
        c["model"]["channels"] = serde_json::json!([4096, 4096]);
        c["model"]["pooling"] = "flatten".into();
    });
    assert!(matches!(wide, CheckpointProblem::Shape { .. }));
    let setting = |change: &dyn Fn(&mut serde_json::Value), name: &str| match with(change) {
        CheckpointProblem::Setting(error) => assert!(error.to_string().contains(name), "{error}"),
        other => panic!("{name}: {other:?}"),
    };
    setting(&|c| c["model"]["embedding_dim"] = u64::MAX.into(), "embedding_dim");
    setting(&|c| c["model"]["channels"] = serde_json::json!([3, 5, 5, 5, 5]), "channels");
    setting(&|c| c["model"]["dropout"] = 1.0.into(), "dropout");
    setting(&|c| c["front_end"]["mel"]["stft"]["n_fft"] = (1_u64 << 22).into(), "n_fft");
    setting(&|c| c["front_end"]["mel"]["sample_rate"] = 0.into(), "sample_rate");
    setting(&|c| c["front_end"]["clip_seconds"] = 1e300.into(), "clip_seconds");
    setting(&|c| c["front_end"]["clip_seconds"] = (-1).into(), "clip_seconds");
    setting(&|c| c["name"] = "../up".into(), "name");
    // Another architecture, another front end, no card at all.
    assert!(matches!(
        with(
            &|c| c["model"] = serde_json::json!({"kind": "identify", "channels": [3, 5], "embedding_dim": 6})
        ),
        CheckpointProblem::Shape { .. } | CheckpointProblem::Unexpected { .. }
    ));
    assert!(matches!(
        with(&|c| c["front_end"]["mel"]["n_mels"] = 32.into()),
        CheckpointProblem::Shape { .. }
    ));
    assert!(matches!(with(&|c| c["model"]["kind"] = "resnet".into()), CheckpointProblem::Card(_)));
    assert!(matches!(with(&|c| c["modell"] = 1.into()), CheckpointProblem::Card(_)));
    assert!(matches!(with(&|c| *c = 7.into()), CheckpointProblem::Card(_)));
    let mut later = header.clone();
    later["__metadata__"]["soundalike_format"] = "2".into();
    let later = problem_of(&put_together(&later, &data));
    assert!(matches!(later, CheckpointProblem::Version { expected: 1, got } if got == "2"));
}

#[test]
fn what_cannot_be_saved_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    siamese().save(&path).unwrap();
    let before = fs::read(&path).unwrap();
    let names = || fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names(), 2);

    let mut bad = siamese();
    let bias = bad.model.encoder.fc.bias.take().unwrap();
    bad.model.encoder.fc.bias = Some(bias.map(|b| b * f32::NAN));
    let error = bad.save(&path).unwrap_err();
    assert!(error.to_string().contains("encoder.fc.bias holds NaN"), "{error}");

    let mut other = siamese();
    other.card.model = kinds()[4].clone();
    assert!(matches!(other.save(&path), Err(Error::Setting { name: "model", .. })));
    let mut other = siamese();
    other.card.front_end.clip_seconds = 0.3;
    assert!(matches!(other.save(&path), Err(Error::Setting { name: "front_end", .. })));
    assert!(matches!(siamese().save(folder.path().join("none/x.safetensors")), Err(Error::Io { .. })));
    assert!((fs::read(&path).unwrap(), names()) == (before, 2));
}

#[test]
fn what_is_no_file() {
    let device = Device::flex();
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Checkpoint::load(folder.path().join("none"), &device), Err(Error::Io { .. })));
    let not = |path: &Path| {
        matches!(
            Checkpoint::load(path, &device),
            Err(Error::Checkpoint { problem: CheckpointProblem::NotAFile, .. })
        )
    };
    assert!(not(folder.path()));
    #[cfg(unix)]
    assert!(not(Path::new("/dev/zero")));
}

#[test]
fn a_checkpoint_of_other_settings_is_named() {
    let checkpoint = siamese();
    let (model, front_end) = (checkpoint.card.model.clone(), checkpoint.card.front_end.clone());
    checkpoint.check_for(&model, &front_end).unwrap();
    let other = front_end.clone().with_clip_seconds(0.2);
    assert!(matches!(checkpoint.check_for(&model, &other), Err(Error::Setting { name: "front_end", .. })));
    let error = checkpoint.check_for(&kinds()[1], &front_end);
    assert!(matches!(error, Err(Error::Setting { name: "model", .. })));
}

#[test]
fn embedders() {
    let embedder = ModelEmbedder::new(checkpoint(&kinds()[4])).unwrap();
    let (clip, dim) = (embedder.clip_samples(), embedder.dim());
    let long = tone(clip * 3 + 17);
    let one = embedder.embed(&long[..clip]).unwrap();
    assert!((one.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);

    // Windows: each is what it is for itself, and the last ends with the stretch.
    let windows = embedder.embed_windows(&long, 500).unwrap();
    assert_eq!((windows.rows(), windows.cols()), (1 + (long.len() - clip) / 500 + 1, dim));
    let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
    assert!(close(windows.row(0).unwrap(), &one));
    let last = embedder.embed(&long[long.len() - clip..]).unwrap();
    assert!(close(windows.row(windows.rows() - 1).unwrap(), &last));
    let mean = embedder.embed(&long).unwrap();
    assert!((mean.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);

    // Many go in batches, and a batch changes nothing.
    let clips: Vec<&[f32]> = (0..70).map(|i| &long[i * 7..i * 7 + clip]).collect();
    let many = embedder.embed_many(&clips).unwrap();
    assert!(close(many.row(69).unwrap(), &embedder.embed(clips[69]).unwrap()));
    assert_eq!(embedder.embed_many(&[]).unwrap().rows(), 0);

    // Frames: one spectrogram for all windows.
    let frames = embedder.embed_frames(&long, 2).unwrap();
    let all = 1 + long.len() / 128;
    assert_eq!(frames.rows(), 1 + (all - 9) / 2);

    let similar = embedder.score(&one, &one).unwrap();
    assert!((similar - 1.0 / (1.0 + (-5.0_f32).exp())).abs() < 1e-5, "{similar}");
    assert_eq!(embedder.scores(&one, &[&one, &mean]).unwrap().len(), 2);
    assert!(embedder.scores(&one, &[]).unwrap().is_empty());

    let bad = |result: Result<Vec<f32>, Error>| result.unwrap_err();
    assert!(matches!(bad(embedder.embed(&long[..clip - 1])), Error::Samples { .. }));
    assert!(matches!(bad(embedder.embed(&[])), Error::Samples { got: 0, .. }));
    assert!(matches!(bad(embedder.embed(&vec![f32::NAN; clip])), Error::Features(_)));
    assert!(matches!(embedder.embed_windows(&long, 0), Err(Error::Setting { .. })));
    assert!(matches!(embedder.embed_frames(&long, 0), Err(Error::Setting { .. })));
    assert!(matches!(embedder.score(&one, &one[1..]), Err(Error::Dimension { .. })));
    // Silence has an embedding, which is finite.
    assert!(embedder.embed(&vec![0.0; clip]).unwrap().iter().all(|x| x.is_finite()));
}

#[test]
fn frames_within_a_window_are_those_of_the_window() {
    let front_end = soundalike_models::ClipFrontEnd::new(
        &ClipFrontEndConfig::identify_16k_1s().with_normalize(soundalike_models::Normalization::None),
    )
    .unwrap();
    let long = tone(5 * 16_000);
    let powers = front_end.powers(&long).unwrap();
    let (first, shape) = (31, front_end.shape());
    let mut shared = vec![0.0; shape.n_mels * shape.frames];
    front_end.window_into(&powers, first, &mut shared).unwrap();
    let start = first * 256;
    let alone = front_end.compute(&long[start..start + 16_000]).unwrap();
    for (a, b) in shared.chunks(shape.frames).zip(alone.chunks(shape.frames)) {
        // Frames 0, 1 and 61, 62 reach over the ends; half of a transform is two hops.
        for (t, (a, b)) in a.iter().zip(b).enumerate().take(shape.frames - 2).skip(2) {
            assert!((a - b).abs() < 1e-5, "frame {t}: {a} {b}");
        }
    }
    assert!(matches!(front_end.window_into(&powers, 252, &mut shared), Err(Error::Samples { .. })));
    assert!(matches!(front_end.window_into(&powers, 0, &mut shared[1..]), Err(Error::Dimension { .. })));
}

#[test]
fn ids_cover_weights_and_front_end() {
    let hash = |checkpoint: Checkpoint| ModelEmbedder::new(checkpoint).unwrap().name_and_hash().1;
    let bytes = siamese().to_bytes().unwrap();
    let load = || Checkpoint::from_bytes(&bytes, &Device::flex()).unwrap();
    let same = hash(load());
    let mut described = load();
    described.card.description = "another description".into();
    assert_eq!(hash(described), same);
    let mut normalized = load();
    normalized.card.normalize = true;
    assert_ne!(hash(normalized), same);
    let mut louder = load();
    louder.card.front_end.log = soundalike_models::LogScale::Log10 { floor: 1e-8 };
    assert_ne!(hash(louder), same);
    let mut moved = load();
    let bias = moved.model.encoder.fc.bias.take().unwrap();
    moved.model.encoder.fc.bias = Some(bias.map(|b| b + 1e-6));
    assert_ne!(hash(moved), same);
}
