//! Configurations of chroma, spectral shape and rhythm to JSON and back, and what a person may leave out.

#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use soundalike_features::{
    ChromaConfig, ChromaFilterConfig, Norm, OnsetStrengthConfig, RmsConfig, SpectralBandwidthConfig,
    SpectralCentroidConfig, SpectralContrastConfig, SpectralFlatnessConfig, SpectralRolloffConfig,
    TempoConfig, TempogramConfig, TuningConfig, ZeroCrossingRateConfig,
};

/// A configuration comes back as it was, the least that a person must give makes the default, and a misspelt key
/// is refused.
fn hold<C>(config: &C, least: &str, default: &C)
where
    C: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let json = serde_json::to_string(config).unwrap();
    assert_eq!(&serde_json::from_str::<C>(&json).unwrap(), config);
    assert_ne!(config, default);
    assert_eq!(&serde_json::from_str::<C>(least).unwrap(), default);
    let misspelt = json.replacen('{', r#"{"hop_lenght": 1, "#, 1);
    assert!(serde_json::from_str::<C>(&misspelt).is_err(), "{misspelt}");
}

#[test]
fn there_and_back() {
    let rate = r#"{"sample_rate": 8000}"#;
    assert_eq!(
        serde_json::from_str::<SpectralCentroidConfig>(rate).unwrap(),
        SpectralCentroidConfig::new(8000)
    );
    let filters = ChromaFilterConfig::default().with_octwidth(None).with_norm(Norm::None);
    hold(
        &ChromaConfig::new(8000).with_filters(filters).with_norm(Norm::L1).with_tuning(0.2),
        r#"{"sample_rate": 8000}"#,
        &ChromaConfig::new(8000),
    );
    hold(
        &SpectralBandwidthConfig::new(8000).with_p(1.5).with_norm(false),
        r#"{"sample_rate": 8000}"#,
        &SpectralBandwidthConfig::new(8000),
    );
    hold(
        &SpectralRolloffConfig::new(8000).with_roll_percent(0.5),
        r#"{"sample_rate": 8000}"#,
        &SpectralRolloffConfig::new(8000),
    );
    hold(
        &SpectralContrastConfig::new(8000).with_linear(true).with_fmin(50.5),
        r#"{"sample_rate": 8000}"#,
        &SpectralContrastConfig::new(8000),
    );
    hold(&TuningConfig::new(8000).with_resolution(0.1), r#"{"sample_rate": 8000}"#, &TuningConfig::new(8000));
    hold(&SpectralFlatnessConfig::default().with_amin(1e-5), "{}", &SpectralFlatnessConfig::default());
    hold(&ZeroCrossingRateConfig::default().with_zero_pos(false), "{}", &ZeroCrossingRateConfig::default());
    hold(&RmsConfig::default().with_hop_length(7), "{}", &RmsConfig::default());
    hold(&TempogramConfig::default().with_win_length(7), "{}", &TempogramConfig::default());
    hold(
        &OnsetStrengthConfig::new(8000).with_lag(2),
        r#"{"log_mel": {"mel": {"sample_rate": 8000}}}"#,
        &OnsetStrengthConfig::new(8000),
    );
    hold(
        &TempoConfig::new(8000).with_max_tempo(None),
        r#"{"onset": {"log_mel": {"mel": {"sample_rate": 8000}}}}"#,
        &TempoConfig::new(8000),
    );
}
