//! Settings in YAML: defaults, and errors that name line and key.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use serde::Deserialize;
use soundalike_models::{
    ClipFrontEndConfig, Downsampling, ModelConfig, Pooling, SiameseConfig, SimclrConfig,
};

/// As it stands in a training's configuration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    model: ModelConfig,
}

fn read(yaml: &str) -> Result<ModelConfig, String> {
    serde_saphyr::from_str::<Whole>(yaml).map(|whole| whole.model).map_err(|e| e.to_string())
}

#[test]
fn defaults_and_settings() {
    assert_eq!(read("model:\n  kind: siamese\n").unwrap(), SiameseConfig::new().into());
    let yaml = "
model:
  kind: simclr
  channels: [16, 32, 64]
  downsampling: stride
  pooling: mean_max
  projection_dim: 32
";
    let want = SimclrConfig::new()
        .with_channels([16, 32, 64])
        .with_downsampling(Downsampling::Stride)
        .with_pooling(Pooling::MeanMax)
        .with_projection_dim(32);
    assert_eq!(read(yaml).unwrap(), want.into());
}

#[test]
fn errors_name_line_and_key() {
    let error = read("model:\n  kind: siamese\n  embedding_dim: 64\n  pools: 3\n").unwrap_err();
    assert!(error.contains("pools") && error.contains("line 4"), "{error}");
    let error = read("model:\n  kind: siamese\n  embedding_dim: many\n").unwrap_err();
    assert!(error.contains("line 3"), "{error}");
    let error = read("model:\n  kind: siamese\n  pooling: median\n").unwrap_err();
    assert!(error.contains("median") && error.contains("line 3"), "{error}");
    let error = read("model:\n  embedding_dim: 64\n").unwrap_err();
    assert!(error.contains("kind"), "{error}");
    let error = read("model:\n  kind: transformer\n").unwrap_err();
    assert!(error.contains("transformer") && error.contains("line 2"), "{error}");
}

#[test]
fn front_ends_come_back() {
    for config in [
        ClipFrontEndConfig::clip_22050_3s(),
        ClipFrontEndConfig::clip_22050_5s(),
        ClipFrontEndConfig::identify_16k_1s(),
    ] {
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<ClipFrontEndConfig>(&json).unwrap(), config);
    }
}
