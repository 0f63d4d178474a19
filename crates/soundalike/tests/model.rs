//! A trained model as the embedder of a library.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod support;

use std::path::PathBuf;
use std::sync::Arc;

use soundalike::models::{Card, Checkpoint, ClipFrontEnd, ClipFrontEndConfig, IdentifyConfig, Model, device};
use soundalike::{
    ClipEmbedding, Embedder, Error, IdentifyOptions, IngestOptions, Library, ModelEmbedder,
    ModelEmbedderConfig, MusicFolder,
};
use support::{Bench, RATE, song};

/// A net that has learned nothing: different sounds still give different vectors.
fn untrained(bench: &Bench, name: &str, clip_seconds: f64) -> PathBuf {
    let front_end = ClipFrontEndConfig::clip_22050_3s().with_clip_seconds(clip_seconds);
    let shape = ClipFrontEnd::new(&front_end).unwrap().shape();
    let config = IdentifyConfig::new().with_channels([8, 8, 8]).into();
    let model = Model::new(&config, shape, &device("flex").unwrap()).unwrap();
    let path = bench.path(&format!("{name}.safetensors"));
    Checkpoint::new(model, Card::new(name, config, front_end)).unwrap().save(&path).unwrap();
    path
}

fn open(path: &PathBuf) -> ModelEmbedder {
    ModelEmbedder::open(path, "flex", &ModelEmbedderConfig::default()).unwrap()
}

#[test]
fn a_library_of_a_model_s_vectors() {
    let bench = Bench::with_songs();
    let embedder: Arc<dyn Embedder> = Arc::new(open(&untrained(&bench, "net", 3.0)));
    assert!(embedder.id().as_str().starts_with("net-"));
    assert_eq!((embedder.chunks().chunk_length, embedder.chunks().hop_length), (66_150, 22_050));
    let mut library = Library::open(&bench.path("library"), Arc::clone(&embedder)).unwrap();
    let folder = MusicFolder::scan(&bench.path("music")).unwrap();
    library.ingest(&folder, &IngestOptions::default(), &()).unwrap();
    let (identifier, _) = library.identifier().unwrap();
    assert_eq!(identifier.vectors(), 3 * 10);
    // Seconds 4 to 9 of a song: its own vectors, exactly.
    let samples = song(2, 12.0);
    let second = RATE as usize;
    let clip = ClipEmbedding::new(&*embedder, &samples[4 * second..9 * second]).unwrap();
    let answer = identifier.identify(&clip, &IdentifyOptions::default()).unwrap();
    let best = answer.matched().unwrap();
    assert_eq!(best.track_id, "b");
    assert!((best.offset_s - 4.0).abs() < 0.01 && best.distance() < 1e-3, "{best:?}");
}

#[test]
fn ids_and_errors() {
    let bench = Bench::new();
    let path = untrained(&bench, "net", 1.0);
    let embedder = open(&path);
    assert_eq!(embedder.id(), open(&path).id());
    assert_ne!(embedder.id(), open(&untrained(&bench, "net", 1.0)).id(), "other weights");
    let denser = ModelEmbedder::open(&path, "flex", &ModelEmbedderConfig::default().with_hop(0.5)).unwrap();
    assert_ne!(embedder.id(), denser.id(), "other chunks");
    for hop in [0.0, -1.0, 1.5, f64::NAN] {
        let config = ModelEmbedderConfig::default().with_hop(hop);
        assert!(matches!(ModelEmbedder::open(&path, "flex", &config), Err(Error::Setting { .. })), "{hop}");
    }
    let least = embedder.min_samples();
    assert!(matches!(embedder.embed(&vec![0.1; least - 1]), Err(Error::TooShort { .. })));
    assert!(matches!(embedder.embed(&vec![f32::NAN; least]), Err(Error::Features(_))));
    let none = ModelEmbedder::open(bench.path("none"), "flex", &ModelEmbedderConfig::default());
    assert!(matches!(none, Err(Error::Model(_))));
    let no_device = ModelEmbedder::open(&path, "abacus", &ModelEmbedderConfig::default()).unwrap_err();
    assert!(no_device.to_string().contains("abacus"), "{no_device}");
}
