//! An extractor's results are those of the single plans, bit for bit.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use proptest::prelude::*;
use soundalike_features::{
    Chroma, ChromaConfig, DbConfig, DctNorm, Extractor, ExtractorConfig, Feature, FeatureMatrix, Features,
    LogMel, LogMelConfig, MelConfig, MelSpectrogram, Mfcc, MfccConfig, OnsetStrength, OnsetStrengthConfig,
    PadMode, Pcen, PcenConfig, Rms, RmsConfig, Scratch, SpectralBandwidth, SpectralBandwidthConfig,
    SpectralCentroid, SpectralCentroidConfig, SpectralContrast, SpectralContrastConfig, SpectralFlatness,
    SpectralFlatnessConfig, SpectralRolloff, SpectralRolloffConfig, Stft, StftConfig, Window,
    ZeroCrossingRate, ZeroCrossingRateConfig,
};

/// Every kind of feature, several of which have bands, decibels or sums in common.
fn features(stft: &StftConfig, n_mels: usize) -> Vec<(String, Feature)> {
    let mel = MelConfig::new(22_050).with_stft(stft.clone()).with_n_mels(n_mels);
    let loose = DbConfig::default().with_top_db(40.0).with_reference(0.5);
    let log_mel = LogMelConfig::new(22_050).with_mel(mel.clone());
    let mfcc = MfccConfig::new(22_050).with_mel(mel.clone()).with_n_mfcc(n_mels.min(13));
    let magnitude = mel.clone().with_power(1.0).with_htk(true);
    [
        Feature::Mfcc(mfcc.clone()),
        Feature::Stft,
        Feature::Mel(mel.clone()),
        Feature::LogMel(log_mel.clone()),
        Feature::Power,
        Feature::Mel(magnitude.clone()),
        Feature::LogMel(log_mel.clone().with_db(loose.clone())),
        Feature::Mfcc(mfcc.clone().with_n_mfcc(1)),
        Feature::Magnitude,
        Feature::Mfcc(mfcc.clone().with_db(loose)),
        Feature::LogMel(log_mel.with_mel(magnitude)),
        // The same once more.
        Feature::Mfcc(mfcc.clone()),
    ]
    .into_iter()
    .chain(more_features(stft, mel, mfcc))
    .enumerate()
    .map(|(i, feature)| (format!("{i}"), feature))
    .collect()
}

fn more_features(stft: &StftConfig, mel: MelConfig, mfcc: MfccConfig) -> Vec<Feature> {
    let pcen = PcenConfig::default().with_hop_length(stft.hop_length);
    let log_mel = LogMelConfig::new(22_050).with_mel(mel.clone());
    let onset = OnsetStrengthConfig::new(22_050).with_log_mel(log_mel);
    let chroma = ChromaConfig::new(22_050).with_stft(stft.clone());
    let bandwidth = SpectralBandwidthConfig::new(22_050).with_stft(stft.clone());
    let rms = RmsConfig::default().with_frame_length(stft.n_fft).with_hop_length(stft.hop_length);
    let rms = rms.with_center(stft.center);
    let rate =
        ZeroCrossingRateConfig::default().with_frame_length(stft.n_fft).with_hop_length(stft.hop_length);
    let mut features = vec![
        Feature::Mfcc(mfcc.with_dct_type(3).with_norm(DctNorm::None).with_lifter(22.0)),
        Feature::Pcen { mel: mel.clone(), pcen: pcen.clone() },
        Feature::Pcen { mel: mel.with_power(1.0), pcen: pcen.with_power(0.3) },
        Feature::OnsetStrength(onset.clone()),
        Feature::OnsetStrength(onset.with_lag(2).with_max_size(3).with_detrend(true)),
        Feature::SpectralBandwidth(bandwidth.clone()),
        Feature::SpectralCentroid(SpectralCentroidConfig::new(22_050).with_stft(stft.clone())),
        Feature::SpectralBandwidth(bandwidth.with_p(1.0).with_norm(false)),
        Feature::SpectralRolloff(SpectralRolloffConfig::new(22_050).with_stft(stft.clone())),
        Feature::SpectralFlatness(SpectralFlatnessConfig::default().with_stft(stft.clone())),
        Feature::SpectralRms,
        Feature::Rms(rms.clone()),
        Feature::Rms(rms.with_pad_mode(PadMode::Reflect)),
        Feature::ZeroCrossingRate(rate.with_center(stft.center)),
    ];
    // Those that need some bins.
    if stft.n_fft >= 64 {
        let contrast =
            SpectralContrastConfig::new(22_050).with_stft(stft.clone()).with_fmin(700.0).with_n_bands(3);
        features.extend([
            Feature::Chroma(chroma.clone().with_tuning(0.1)),
            Feature::Chroma(chroma.clone()),
            Feature::Chroma(chroma.with_tuning(None).with_norm(soundalike_features::Norm::L2)),
            Feature::SpectralContrast(contrast.clone()),
            Feature::SpectralContrast(contrast.with_linear(true).with_quantile(0.3)),
        ]);
    }
    features
}

fn single(stft: &StftConfig, feature: &Feature, samples: &[f32]) -> FeatureMatrix {
    let plan = Stft::new(stft).unwrap();
    FeatureMatrix::Real(match feature {
        Feature::Stft => return FeatureMatrix::Complex(plan.stft(samples).unwrap()),
        Feature::Power => plan.power(samples).unwrap(),
        Feature::Magnitude => plan.magnitude(samples).unwrap(),
        Feature::Mel(config) => MelSpectrogram::new(config).unwrap().compute(samples).unwrap(),
        Feature::LogMel(config) => LogMel::new(config).unwrap().compute(samples).unwrap(),
        Feature::Mfcc(config) => Mfcc::new(config).unwrap().compute(samples).unwrap(),
        Feature::Pcen { mel, pcen } => {
            let mel = MelSpectrogram::new(mel).unwrap().compute(samples).unwrap();
            Pcen::new(pcen).unwrap().compute(&mel).unwrap()
        }
        Feature::OnsetStrength(config) => OnsetStrength::new(config).unwrap().compute(samples).unwrap(),
        Feature::Chroma(config) => Chroma::new(config).unwrap().compute(samples).unwrap(),
        Feature::SpectralCentroid(config) => SpectralCentroid::new(config).unwrap().compute(samples).unwrap(),
        Feature::SpectralBandwidth(config) => {
            SpectralBandwidth::new(config).unwrap().compute(samples).unwrap()
        }
        Feature::SpectralRolloff(config) => SpectralRolloff::new(config).unwrap().compute(samples).unwrap(),
        Feature::SpectralFlatness(config) => SpectralFlatness::new(config).unwrap().compute(samples).unwrap(),
        Feature::SpectralContrast(config) => SpectralContrast::new(config).unwrap().compute(samples).unwrap(),
        Feature::SpectralRms => {
            let rms = Rms::new(&RmsConfig::default().with_frame_length(stft.n_fft)).unwrap();
            rms.compute_from_spectrogram(&plan.magnitude(samples).unwrap()).unwrap()
        }
        Feature::Rms(config) => Rms::new(config).unwrap().compute(samples).unwrap(),
        Feature::ZeroCrossingRate(config) => ZeroCrossingRate::new(config).unwrap().compute(samples).unwrap(),
        other => panic!("{other:?}"),
    })
}

fn extractor(stft: &StftConfig, features: &[(String, Feature)]) -> Extractor {
    let mut config = ExtractorConfig::new(22_050).with_stft(stft.clone());
    for (name, feature) in features {
        config = config.with_feature(name, feature.clone());
    }
    Extractor::new(&config).unwrap()
}

#[test]
fn all_at_once_and_each_alone() {
    for stft in [
        StftConfig::default(),
        StftConfig::default().with_hop_length(2048).with_center(false),
        StftConfig::default().with_n_fft(511).with_hop_length(100).with_pad_mode(PadMode::Reflect),
        StftConfig::default().with_n_fft(256).with_hop_length(700).with_window(Window::Hamming),
        StftConfig::default().with_n_fft(400).with_win_length(300).with_center(false),
    ] {
        let features = features(&stft, 40);
        let all = extractor(&stft, &features);
        let (mut out, mut scratch) = (Features::new(), Scratch::new());
        for (signal, n) in [("chirp", 22_050), ("steps", 9_999), ("tones", 2_048), ("silence", 3_000)] {
            let samples = common::signal(signal, 22_050, n);
            all.compute_into(&samples, &mut out, &mut scratch).unwrap();
            assert_eq!(out.len(), features.len());
            for ((name, feature), (got_name, got)) in features.iter().zip(out.iter()) {
                let want = single(&stft, feature, &samples);
                assert_eq!(got_name, name);
                assert_eq!(*got, want, "{feature:?}");
                let alone = extractor(&stft, &[(name.clone(), feature.clone())]);
                // The memory of another extractor does no harm.
                alone.compute_into(&samples, &mut out.clone(), &mut scratch).unwrap();
                assert_eq!(alone.compute(&samples).unwrap().iter().next().unwrap().1, &want);
            }
            assert_eq!(all.compute(&samples).unwrap(), out);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Any choice of features, in any order.
    #[test]
    fn any_features(
        samples in prop::collection::vec(-1.0f32..1.0, 1..400),
        (n_fft, hop) in (1usize..70, 1usize..90),
        center: bool,
        picks in prop::collection::vec(0usize..26, 1..6),
    ) {
        let stft = StftConfig::default().with_n_fft(n_fft).with_hop_length(hop).with_center(center);
        let all = features(&stft, 5);
        let picked: Vec<(String, Feature)> =
            picks.iter().enumerate().map(|(i, pick)| (format!("{i}"), all[*pick].1.clone())).collect();
        let plan = extractor(&stft, &picked);
        match plan.compute(&samples) {
            Ok(got) => for ((_, feature), (_, got)) in picked.iter().zip(got.iter()) {
                prop_assert_eq!(got, &single(&stft, feature, &samples));
            },
            Err(error) => prop_assert_eq!(Err(error), Stft::new(&stft).unwrap().power(&samples)),
        }
    }
}

#[test]
fn results_by_name() {
    let config = ExtractorConfig::new(22_050)
        .with_feature("b", Feature::Power)
        .with_feature("", Feature::Stft)
        .with_feature("a", Feature::Mel(MelConfig::new(22_050)));
    let extractor = Extractor::new(&config).unwrap();
    assert_eq!(extractor.config(), &config);
    assert_eq!(extractor.frames(22_050), Ok(44));
    let mut out = extractor.compute(&[0.5; 22_050]).unwrap();
    assert_eq!(out.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["b", "", "a"]);
    assert!(out.get("").is_none() && out.get_complex("b").is_none() && out.get("c").is_none());
    assert_eq!(out.get_complex("").unwrap().im.rows(), 1025);
    let a = out.get("a").unwrap().clone();
    assert_eq!(out.take("a"), Some(a.clone()));
    assert_eq!((out.take(""), out.take("c")), (None, None));
    assert_eq!((out.len(), out.is_empty()), (3, false));
    // What was taken out is made again.
    extractor.compute_into(&[0.5; 22_050], &mut out, &mut Scratch::new()).unwrap();
    assert_eq!(out.get("a"), Some(&a));
}

#[cfg(feature = "serde")]
#[test]
fn a_configuration_as_text() {
    let json = r#"{"sample_rate": 8000, "stft": {"n_fft": 256}, "features": [
        {"name": "spectrum", "feature": "power"},
        {"name": "bands", "feature": {"log_mel": {"mel": {"sample_rate": 8000, "stft": {"n_fft": 256}}}}}
    ]}"#;
    let stft = StftConfig::default().with_n_fft(256);
    let mel = MelConfig::new(8000).with_stft(stft.clone());
    let config = ExtractorConfig::new(8000)
        .with_stft(stft)
        .with_feature("spectrum", Feature::Power)
        .with_feature("bands", Feature::LogMel(LogMelConfig::new(8000).with_mel(mel)));
    assert_eq!(serde_json::from_str::<ExtractorConfig>(json).unwrap(), config);
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<ExtractorConfig>(&text).unwrap(), config);
    let misspelt = json.replace("\"name\"", "\"nmae\"");
    assert!(serde_json::from_str::<ExtractorConfig>(&misspelt).is_err());
}
