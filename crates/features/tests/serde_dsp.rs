//! The configurations of decibels, MFCC, deltas and normalisations to JSON and back, by librosa's names.

#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};
use soundalike_features::{
    AmplitudeDbConfig, DbConfig, DbReference, DctNorm, DeltaConfig, DeltaMode, LifterKind, MfccConfig,
    PcenConfig, SlidingCmnConfig,
};

/// `json` reads as `config`, and what `config` writes too; a name that is none is refused.
fn reads<T: Serialize + DeserializeOwned + PartialEq + Debug>(json: &str, config: &T) {
    assert_eq!(&serde_json::from_str::<T>(json).unwrap(), config, "{json}");
    let written = serde_json::to_string(config).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&written).unwrap(), config, "{written}");
    let misspelt = json.replacen('{', r#"{"nonsense": 1, "#, 1).replace(", }", "}");
    assert!(serde_json::from_str::<T>(&misspelt).is_err(), "{misspelt}");
}

#[test]
fn by_their_names() {
    reads("{}", &DbConfig::default());
    reads(
        r#"{"reference": "max", "top_db": null}"#,
        &DbConfig::default().with_reference(DbReference::Max).with_top_db(None),
    );
    reads(r#"{"reference": 5.5}"#, &DbConfig::default().with_reference(5.5));
    reads(
        r#"{"reference": 2, "amin": 0.5}"#,
        &AmplitudeDbConfig::default().with_reference(2.0).with_amin(0.5),
    );
    assert_eq!(
        serde_json::to_string(&AmplitudeDbConfig::default().with_amin(0.5)).unwrap(),
        r#"{"reference":1.0,"amin":0.5,"top_db":80.0}"#
    );
    reads(r#"{"mel": {"sample_rate": 8000}}"#, &MfccConfig::new(8000));
    reads(
        r#"{"mel": {"sample_rate": 8000}, "dct_type": 3, "norm": "none", "lifter": 22, "lifter_kind": "kaldi"}"#,
        &MfccConfig::new(8000)
            .with_dct_type(3)
            .with_norm(DctNorm::None)
            .with_lifter(22.0)
            .with_lifter_kind(LifterKind::Kaldi),
    );
    reads(
        r#"{"width": 5, "order": 2, "mode": "nearest"}"#,
        &DeltaConfig::default().with_width(5).with_order(2).with_mode(DeltaMode::Nearest),
    );
    reads(r#"{"gain": 0.5, "b": 0.1}"#, &PcenConfig::default().with_gain(0.5).with_b(0.1));
    reads(
        r#"{"cmn_window": 300, "center": true}"#,
        &SlidingCmnConfig::default().with_cmn_window(300).with_center(true),
    );
}
