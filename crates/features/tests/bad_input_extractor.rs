//! What extractors and streams answer to input that is empty, too short, not finite, or out of range.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use soundalike_features::{
    ChromaConfig, DbConfig, DbReference, Error, Extractor, ExtractorConfig, Feature, Features, Latency,
    LogMelConfig, MAX_SAMPLE, MelConfig, MfccConfig, OnsetStrengthConfig, PadMode, PcenConfig, RmsConfig,
    Scratch, SpectralBandwidthConfig, SpectralCentroidConfig, SpectralContrastConfig, SpectralFlatnessConfig,
    SpectralRolloffConfig, StftConfig, ZeroCrossingRateConfig,
};

fn all_features(stft: &StftConfig) -> Vec<Feature> {
    let mel = MelConfig::new(22_050).with_stft(stft.clone());
    [
        Feature::Stft,
        Feature::Power,
        Feature::Magnitude,
        Feature::Mel(mel.clone()),
        Feature::LogMel(LogMelConfig::new(1).with_mel(mel.clone())),
        Feature::Mfcc(MfccConfig::new(1).with_mel(mel.clone())),
        Feature::Pcen { mel, pcen: PcenConfig::default().with_hop_length(stft.hop_length) },
        Feature::SpectralCentroid(SpectralCentroidConfig::new(22_050).with_stft(stft.clone())),
        Feature::SpectralBandwidth(SpectralBandwidthConfig::new(22_050).with_stft(stft.clone())),
        Feature::SpectralRolloff(SpectralRolloffConfig::new(22_050).with_stft(stft.clone())),
        Feature::SpectralFlatness(SpectralFlatnessConfig::default().with_stft(stft.clone())),
        Feature::SpectralRms,
        Feature::Rms(
            RmsConfig::default()
                .with_frame_length(stft.n_fft)
                .with_hop_length(stft.hop_length)
                .with_center(stft.center)
                .with_pad_mode(stft.pad_mode),
        ),
        Feature::ZeroCrossingRate(
            ZeroCrossingRateConfig::default()
                .with_frame_length(stft.n_fft)
                .with_hop_length(stft.hop_length)
                .with_center(stft.center),
        ),
    ]
    .into_iter()
    .chain(features_with_bins(stft))
    .collect()
}

/// Those that need some bins.
fn features_with_bins(stft: &StftConfig) -> Vec<Feature> {
    if stft.n_fft < 64 {
        return Vec::new();
    }
    let contrast = SpectralContrastConfig::new(22_050).with_stft(stft.clone()).with_fmin(700.0);
    vec![
        Feature::Chroma(ChromaConfig::new(22_050).with_stft(stft.clone()).with_tuning(0.0)),
        Feature::SpectralContrast(contrast.with_n_bands(3)),
    ]
}

/// Each feature alone, then all.
fn extractors(stft: &StftConfig) -> Vec<Extractor> {
    let one = ExtractorConfig::new(22_050).with_stft(stft.clone());
    let mut configs: Vec<_> =
        all_features(stft).into_iter().map(|feature| one.clone().with_feature("x", feature)).collect();
    let all = all_features(stft).into_iter().enumerate();
    configs.push(all.fold(one, |config, (i, feature)| config.with_feature(i.to_string(), feature)));
    configs.iter().map(|config| Extractor::new(config).unwrap()).collect()
}

/// The four ways from samples to features.
fn answers(extractor: &Extractor, samples: &[f32]) -> [Result<(), Error>; 4] {
    let mut scratch = Scratch::new();
    let stream = |latency| {
        let mut stream = extractor.stream().unwrap().with_latency(latency);
        stream.push(samples)?;
        stream.finish().map(|_| ())
    };
    [
        extractor.compute(samples).map(|_| ()),
        extractor.compute_into(samples, &mut Features::new(), &mut scratch),
        stream(Latency::Frame),
        stream(Latency::Block),
    ]
}

#[test]
fn samples() {
    for pad_mode in [PadMode::Zeros, PadMode::Reflect, PadMode::Edge] {
        let config = StftConfig::default().with_n_fft(64).with_hop_length(16).with_pad_mode(pad_mode);
        for extractor in extractors(&config) {
            assert_eq!(answers(&extractor, &[]), [const { Err(Error::EmptyInput) }; 4]);
            for short in [1, 2, 32, 33, 63] {
                assert_eq!(answers(&extractor, &vec![0.5; short]), [const { Ok(()) }; 4]);
            }
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                for index in [0, 1, 99] {
                    let mut samples = [0.1; 100];
                    samples[index] = bad;
                    for answer in answers(&extractor, &samples) {
                        assert_eq!(answer, Err(Error::NonFinite { index }));
                    }
                }
            }
            let error = Error::SampleTooLarge { index: 1, got: -1e11, limit: MAX_SAMPLE };
            for answer in answers(&extractor, &[0.0, -1e11]) {
                assert_eq!(answer, Err(error.clone()));
            }
        }
    }
    for extractor in extractors(&StftConfig::default().with_center(false)) {
        assert_eq!(answers(&extractor, &[]), [const { Err(Error::EmptyInput) }; 4]);
        let short = [const { Err(Error::TooShort { expected: 2048, got: 2047 }) }; 4];
        assert_eq!(answers(&extractor, &[0.5; 2047]), short);
        assert_eq!(answers(&extractor, &[0.5; 2048]), [const { Ok(()) }; 4]);
    }
}

#[test]
fn the_largest_samples_stay_finite() {
    for n_fft in [1, 64, 2048] {
        let config = StftConfig::default().with_n_fft(n_fft);
        for extractor in extractors(&config) {
            for sample in [MAX_SAMPLE, -MAX_SAMPLE, f32::MIN_POSITIVE / 8.0] {
                let mut stream = extractor.stream().unwrap();
                stream.push(&[sample; 3000]).unwrap();
                for features in [&extractor.compute(&[sample; 3000]).unwrap(), stream.finish().unwrap()] {
                    for (name, _) in features.iter() {
                        if let Some(matrix) = features.get(name) {
                            assert!(matrix.as_slice().iter().all(|v| v.is_finite()), "{n_fft} {name}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_push_of_nothing_is_nothing() {
    for pad_mode in [PadMode::Zeros, PadMode::Reflect, PadMode::Edge] {
        let extractor = &extractors(&StftConfig::default().with_pad_mode(pad_mode))[3];
        let mut stream = extractor.stream().unwrap();
        for _ in 0..3 {
            assert_eq!(stream.push(&[]).unwrap().get("x").map(|m| (m.rows(), m.cols())), Some((128, 0)));
        }
        assert_eq!((stream.samples_seen(), stream.frames_given()), (0, 0));
        assert_eq!(stream.finish().unwrap_err(), Error::EmptyInput);
        stream.push(&[0.5]).unwrap();
        stream.push(&[]).unwrap();
        assert_eq!(stream.finish().unwrap().get("x").map(|m| m.cols()), Some(1));
    }
}

#[test]
fn another_latency_starts_anew() {
    let config = StftConfig::default().with_n_fft(64).with_hop_length(16);
    let extractor = &extractors(&config)[1];
    let mut stream = extractor.stream().unwrap();
    stream.push(&[0.5; 100]).unwrap();
    assert!(stream.frames_given() > 0);
    for latency in [Latency::Block, Latency::Frame] {
        stream = stream.with_latency(latency);
        assert_eq!((stream.samples_seen(), stream.frames_given()), (0, 0));
        stream.push(&[0.5; 1000]).unwrap();
        let given = stream.frames_given() as usize;
        let left = stream.finish().unwrap().get("x").unwrap().cols();
        assert_eq!(given + left, extractor.frames(1000).unwrap());
    }
}

fn refused(config: &ExtractorConfig) -> &'static str {
    match Extractor::new(config) {
        Err(Error::InvalidConfig { parameter, .. }) => parameter,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn parameters_out_of_range() {
    let ok = || ExtractorConfig::new(22_050).with_feature("power", Feature::Power);
    let stft = StftConfig::default;
    assert_eq!(refused(&ExtractorConfig::new(22_050)), "features");
    assert_eq!(refused(&ExtractorConfig::new(0).with_feature("power", Feature::Power)), "sample_rate");
    for (stft, parameter) in [
        (stft().with_n_fft(0), "n_fft"),
        (stft().with_n_fft(usize::MAX), "n_fft"),
        (stft().with_hop_length(0), "hop_length"),
        (stft().with_win_length(4096), "win_length"),
    ] {
        assert_eq!(refused(&ok().with_stft(stft)), parameter);
    }
    let mel = || MelConfig::new(22_050);
    let no_floor = DbConfig::default().with_top_db(-1.0);
    for (feature, parameter) in [
        (Feature::Mel(mel().with_n_mels(0)), "n_mels"),
        (Feature::Mel(mel().with_fmin(500.0).with_fmax(400.0)), "fmin"),
        (Feature::Mel(mel().with_power(f32::NAN)), "power"),
        (Feature::LogMel(LogMelConfig::new(22_050).with_mel(mel().with_fmax(f64::NAN))), "fmax"),
        (Feature::LogMel(LogMelConfig::new(22_050).with_db(no_floor.clone())), "top_db"),
        (Feature::Mfcc(MfccConfig::new(22_050).with_db(no_floor)), "top_db"),
        (Feature::Mfcc(MfccConfig::new(22_050).with_n_mfcc(129)), "n_mfcc"),
        (Feature::Pcen { mel: mel(), pcen: PcenConfig::default().with_gain(-1.0) }, "gain"),
        (Feature::Chroma(ChromaConfig::new(22_050).with_tuning(f64::NAN)), "tuning"),
        (Feature::SpectralBandwidth(SpectralBandwidthConfig::new(22_050).with_p(0.0)), "p"),
        (Feature::SpectralRolloff(SpectralRolloffConfig::new(22_050).with_roll_percent(1.0)), "roll_percent"),
        (Feature::SpectralFlatness(SpectralFlatnessConfig::default().with_amin(0.0)), "amin"),
        (Feature::SpectralContrast(SpectralContrastConfig::new(22_050).with_n_bands(7)), "n_bands"),
        (Feature::OnsetStrength(OnsetStrengthConfig::new(22_050).with_lag(0)), "lag"),
        (Feature::ZeroCrossingRate(ZeroCrossingRateConfig::default().with_threshold(-1.0)), "threshold"),
    ] {
        assert_eq!(refused(&ok().with_feature("bad", feature)), parameter);
    }
}

#[test]
fn features_that_do_not_go_together() {
    let ok = || ExtractorConfig::new(22_050).with_feature("a", Feature::Power);
    let error = |config: ExtractorConfig| Extractor::new(&config).unwrap_err();
    assert_eq!(
        error(ok().with_feature("b", Feature::Stft).with_feature("a", Feature::Stft)),
        Error::DuplicateFeature { name: "a".into() }
    );
    let rate = MelConfig::new(16_000);
    let hop = MelConfig::new(22_050).with_hop_length(256);
    for (mel, parameter) in [(rate, "sample_rate"), (hop, "stft")] {
        for feature in [
            Feature::Mel(mel.clone()),
            Feature::LogMel(LogMelConfig::new(22_050).with_mel(mel.clone())),
            Feature::Mfcc(MfccConfig::new(22_050).with_mel(mel.clone())),
        ] {
            let mismatch = Error::FeatureMismatch { name: "m".into(), parameter };
            assert_eq!(error(ok().with_feature("m", feature)), mismatch);
        }
    }
    let stft = StftConfig::default().with_hop_length(256);
    let pcen = PcenConfig::default();
    let rms = RmsConfig::default();
    let rate = ZeroCrossingRateConfig::default();
    for (feature, parameter) in [
        (Feature::Pcen { mel: MelConfig::new(22_050), pcen: pcen.clone().with_hop_length(1) }, "hop_length"),
        (
            Feature::Pcen { mel: MelConfig::new(22_050), pcen: pcen.clone().with_sample_rate(1) },
            "sample_rate",
        ),
        (Feature::Pcen { mel: MelConfig::new(1), pcen }, "sample_rate"),
        (Feature::OnsetStrength(OnsetStrengthConfig::new(8000)), "sample_rate"),
        (Feature::Chroma(ChromaConfig::new(22_050).with_stft(stft.clone())), "stft"),
        (Feature::Chroma(ChromaConfig::new(1)), "sample_rate"),
        (Feature::SpectralCentroid(SpectralCentroidConfig::new(1)), "sample_rate"),
        (Feature::SpectralBandwidth(SpectralBandwidthConfig::new(1)), "sample_rate"),
        (Feature::SpectralRolloff(SpectralRolloffConfig::new(1)), "sample_rate"),
        (Feature::SpectralContrast(SpectralContrastConfig::new(1)), "sample_rate"),
        (Feature::SpectralFlatness(SpectralFlatnessConfig::default().with_stft(stft)), "stft"),
        (Feature::Rms(rms.clone().with_frame_length(2047)), "frame_length"),
        (Feature::Rms(rms.clone().with_hop_length(1)), "hop_length"),
        (Feature::Rms(rms.with_center(false)), "center"),
        (Feature::ZeroCrossingRate(rate.clone().with_frame_length(1)), "frame_length"),
        (Feature::ZeroCrossingRate(rate.clone().with_hop_length(1)), "hop_length"),
        (Feature::ZeroCrossingRate(rate.with_center(false)), "center"),
    ] {
        let mismatch = Error::FeatureMismatch { name: "m".into(), parameter };
        assert_eq!(error(ok().with_feature("m", feature)), mismatch);
    }
    let message = error(ok().with_feature("m", Feature::Mel(MelConfig::new(8000)))).to_string();
    assert_eq!(message, "feature \"m\" has another sample_rate than the extractor");
}

/// What needs the whole clip is computed from it, but not in a stream.
#[test]
fn features_that_cannot_be_streamed() {
    let zeros = StftConfig::default();
    let mirrored = RmsConfig::default().with_pad_mode(PadMode::Reflect);
    let loudest = LogMelConfig::new(22_050).with_db(DbConfig::default().with_reference(DbReference::Max));
    for (feature, parameter) in [
        (Feature::Chroma(ChromaConfig::new(22_050)), "tuning"),
        (Feature::OnsetStrength(OnsetStrengthConfig::new(22_050)), "log_mel"),
        (Feature::Rms(mirrored.clone()), "pad_mode"),
        (Feature::LogMel(loudest.clone()), "reference"),
        (Feature::Mfcc(MfccConfig::new(22_050).with_db(loudest.db)), "reference"),
    ] {
        let config =
            ExtractorConfig::new(22_050).with_feature("a", Feature::Power).with_feature("b", feature);
        let extractor = Extractor::new(&config).unwrap();
        assert!(extractor.compute(&[0.5; 5000]).is_ok());
        match extractor.stream() {
            Err(Error::NotStreamable { name, parameter: got, .. }) => {
                assert_eq!((name.as_str(), got), ("b", parameter));
            }
            other => panic!("{other:?}"),
        }
    }
    for stft in [zeros.clone().with_pad_mode(PadMode::Reflect), zeros.with_center(false)] {
        let rms = mirrored.clone().with_center(stft.center);
        let config = ExtractorConfig::new(22_050).with_stft(stft).with_feature("rms", Feature::Rms(rms));
        assert!(Extractor::new(&config).unwrap().stream().is_ok());
    }
    let config = ExtractorConfig::new(22_050).with_feature("c", Feature::Chroma(ChromaConfig::new(22_050)));
    assert_eq!(
        Extractor::new(&config).unwrap().stream().unwrap_err().to_string(),
        "feature \"c\" cannot be streamed: tuning is estimated from the whole clip unless it is given"
    );
}

#[test]
fn a_hop_beyond_the_end_is_one_frame() {
    for extractor in extractors(&StftConfig::default().with_hop_length(usize::MAX)) {
        let mut stream = extractor.stream().unwrap();
        stream.push(&[0.5; 5000]).unwrap();
        assert_eq!(stream.frames_given(), 1);
        stream.finish().unwrap();
        assert_eq!(extractor.frames(5000), Ok(1));
    }
}

#[test]
fn plans_are_shared_between_threads_and_streams_go_to_one() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<Extractor>();
    shared::<Features>();
    fn sent<T: Send + 'static>() {}
    sent::<soundalike_features::ExtractorStream>();
    sent::<soundalike_features::FeatureStream>();
}
