//! The example embed, on small sounds and an untrained network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]
#![cfg(feature = "flex")]

use std::path::Path;

use soundalike_audio::{WavFormat, write_wav};
use soundalike_learning::embed::{Embeddings, Rows, embed_all, summary, write_embeddings};
use soundalike_models::{
    Card, Checkpoint, ClipFrontEnd, ClipFrontEndConfig, IdentifyConfig, Model, ModelEmbedder, device,
};

/// 128 components of a second.
fn embedder() -> ModelEmbedder {
    let front_end = ClipFrontEndConfig::identify_16k_1s();
    let shape = ClipFrontEnd::new(&front_end).unwrap().shape();
    let config = IdentifyConfig::new().with_channels([4, 4, 4]).into();
    let model = Model::new(&config, shape, &device("flex").unwrap()).unwrap();
    ModelEmbedder::new(Checkpoint::new(model, Card::new("small", config, front_end)).unwrap()).unwrap()
}

fn sound(path: &Path, seconds: f64, level: f32) {
    let samples = (0..(seconds * 16_000.0) as usize).map(|i| {
        let t = i as f32 / 16_000.0;
        level * ((t * 1000.0).sin() + (t * t * 400.0).sin())
    });
    write_wav(path, &samples.collect::<Vec<_>>(), 16_000, WavFormat::F32).unwrap();
}

/// Sounds of 12.5 s, 10 s, 4 s and 0.5 s, silence, and what is no sound.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, seconds, level) in [
        ("a.wav", 12.5, 0.3),
        ("b.wav", 10.0, 0.3),
        ("c.wav", 4.0, 0.3),
        ("d.wav", 0.5, 0.3),
        ("e.wav", 12.0, 0.0),
    ] {
        sound(&folder.path().join(name), seconds, level);
    }
    std::fs::write(folder.path().join("f.wav"), b"no sound").unwrap();
    folder
}

fn run(embedder: &ModelEmbedder, path: &Path, rows: Rows) -> Embeddings {
    embed_all(embedder, path, rows, 2, |_| {}, || {}).unwrap()
}

#[test]
fn a_row_a_second() {
    let (folder, embedder) = (folder(), embedder());
    let rows = Rows { per_second: true, ..Rows::default() };
    let all = run(&embedder, folder.path(), rows);
    let shapes: Vec<_> = all.files.iter().map(|f| (f.rows.rows(), f.rows.cols())).collect();
    assert_eq!(shapes, [(12, 128), (10, 128), (4, 128)]);
    let reasons: Vec<_> =
        all.skipped.iter().map(|(file, why)| (file.to_str().unwrap(), why.as_str())).collect();
    assert_eq!(reasons.len(), 3);
    assert!(
        reasons[0].0 == "d.wav" && reasons[0].1.contains("0.50 s of audio, 1.00 s needed"),
        "{reasons:?}"
    );
    assert_eq!(reasons[1], ("e.wav", "silent throughout"));
    // The third second is the embedding of that second.
    let samples = soundalike_audio::decode(
        folder.path().join("b.wav"),
        &soundalike_audio::ReadConfig::new().with_sample_rate(16_000),
    );
    let third = embedder.embed(&samples.unwrap().samples[32_000..48_000]).unwrap();
    assert!(third.iter().zip(all.files[1].rows.row(2).unwrap()).all(|(a, b)| (a - b).abs() < 1e-5));

    let done = summary(&embedder, rows, &all);
    assert_eq!(
        done.files.iter().map(|f| (f.first_row, f.rows)).collect::<Vec<_>>(),
        [(0, 12), (12, 10), (22, 4)]
    );
    let out = folder.path().join("embeddings.json");
    assert_eq!(write_embeddings(&out, &done, &all).unwrap(), [26, 128]);
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    assert_eq!(json["files"][2]["embeddings"].as_array().unwrap().len(), 4);
    assert_eq!(json["files"][2]["embeddings"][3].as_array().unwrap().len(), 128);
    assert_eq!((json["row_seconds"].as_f64(), json["skipped"].as_array().unwrap().len()), (Some(1.0), 3));
    assert!(write_embeddings(&folder.path().join("x.txt"), &done, &all).is_err());
}

#[test]
fn ten_seconds_as_one_vector() {
    let (folder, embedder) = (folder(), embedder());
    let rows = Rows { per_second: true, seconds: Some(10.0), flatten: true, pad: false };
    let all = run(&embedder, folder.path(), rows);
    let shapes: Vec<_> = all.files.iter().map(|f| (f.rows.rows(), f.rows.cols())).collect();
    assert_eq!((shapes, all.skipped.len()), (vec![(1, 1280), (1, 1280)], 4));
    let out = folder.path().join("embeddings.npy");
    assert_eq!(write_embeddings(&out, &summary(&embedder, rows, &all), &all).unwrap(), [2, 1280]);
    let bytes = std::fs::read(&out).unwrap();
    let npy = npyz::NpyFile::new(&bytes[..]).unwrap();
    assert_eq!(npy.shape(), [2, 1280]);

    // Padded, all sounds count; the first seconds stay what they are.
    let padded = run(&embedder, folder.path(), Rows { pad: true, ..rows });
    assert_eq!((padded.files.len(), padded.skipped.len()), (4, 2));
    let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
    assert!(close(padded.files[1].rows.as_slice(), all.files[1].rows.as_slice()));

    // Not flattened: files x seconds x components.
    let rows = Rows { flatten: false, ..rows };
    let all = run(&embedder, folder.path(), rows);
    assert_eq!(write_embeddings(&out, &summary(&embedder, rows, &all), &all).unwrap(), [2, 10, 128]);
}

#[test]
fn one_vector_a_file() {
    let (folder, embedder) = (folder(), embedder());
    let all = run(&embedder, &folder.path().join("c.wav"), Rows::default());
    assert_eq!((all.files.len(), all.files[0].rows.rows()), (1, 1));
    let none = run(&embedder, &folder.path().join("none.wav"), Rows::default());
    assert_eq!((none.files.len(), none.skipped.len()), (0, 1));
}
