//! What each entry of chroma, spectral shape and rhythm answers to input that is empty, too short, not finite, or
//! out of range.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use soundalike_features::{
    Chroma, ChromaConfig, ChromaFilterBank, ChromaFilterConfig, Error, LogMelConfig, MAX_SAMPLE, Matrix,
    MelConfig, Norm, OnsetStrength, OnsetStrengthConfig, Rms, RmsConfig, SpectralBandwidth,
    SpectralBandwidthConfig, SpectralCentroid, SpectralCentroidConfig, SpectralContrast,
    SpectralContrastConfig, SpectralFlatness, SpectralFlatnessConfig, SpectralRolloff, SpectralRolloffConfig,
    StftConfig, Tempo, TempoConfig, Tempogram, TempogramConfig, TuningConfig, ZeroCrossingRate,
    ZeroCrossingRateConfig, estimate_tuning, estimate_tuning_from_spectrogram, pitch_tuning,
    tempo_frequencies,
};

type OfSamples = Box<dyn Fn(&[f32]) -> Result<Matrix, Error>>;
type OfMatrix = Box<dyn Fn(&Matrix) -> Result<Matrix, Error>>;

const BAD: [f64; 3] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

fn one(value: Result<f64, Error>) -> Result<Matrix, Error> {
    Matrix::new(vec![value? as f32], 1, 1)
}

fn stft_of(n_fft: usize, center: bool) -> StftConfig {
    StftConfig::default().with_n_fft(n_fft).with_hop_length((n_fft / 4).max(16)).with_center(center)
}

fn contrast_config(stft: &StftConfig) -> SpectralContrastConfig {
    SpectralContrastConfig::new(22_050).with_fmin(5000.0).with_n_bands(1).with_stft(stft.clone())
}

fn onset_config(stft: &StftConfig) -> OnsetStrengthConfig {
    let mel = MelConfig::new(22_050).with_stft(stft.clone()).with_n_mels(4);
    OnsetStrengthConfig::new(22_050).with_log_mel(LogMelConfig::new(22_050).with_mel(mel))
}

/// Every function that takes samples.
fn of_samples(n_fft: usize, center: bool) -> Vec<(&'static str, OfSamples)> {
    let stft = stft_of(n_fft, center);
    let hop = stft.hop_length;
    let fixed = Chroma::new(&ChromaConfig::new(22_050).with_stft(stft.clone()).with_tuning(0.1)).unwrap();
    let chroma = Chroma::new(&ChromaConfig::new(22_050).with_stft(stft.clone())).unwrap();
    let centroid =
        SpectralCentroid::new(&SpectralCentroidConfig::new(22_050).with_stft(stft.clone())).unwrap();
    let bandwidth_config = SpectralBandwidthConfig::new(22_050).with_stft(stft.clone());
    let bandwidth = SpectralBandwidth::new(&bandwidth_config).unwrap();
    let cubic = SpectralBandwidth::new(&bandwidth_config.clone().with_p(3.0)).unwrap();
    let sum = SpectralBandwidth::new(&bandwidth_config.with_p(0.01).with_norm(false)).unwrap();
    let around = bandwidth.clone();
    let rolloff = SpectralRolloff::new(&SpectralRolloffConfig::new(22_050).with_stft(stft.clone())).unwrap();
    let flatness_config = SpectralFlatnessConfig::default().with_stft(stft.clone());
    let flatness = SpectralFlatness::new(&flatness_config).unwrap();
    let flat = SpectralFlatness::new(&flatness_config.with_power(40.0)).unwrap();
    let contrast = SpectralContrast::new(&contrast_config(&stft)).unwrap();
    let crossings =
        ZeroCrossingRateConfig::default().with_frame_length(n_fft).with_hop_length(hop).with_center(center);
    let crossings = ZeroCrossingRate::new(&crossings).unwrap();
    let rms = RmsConfig::default().with_frame_length(n_fft).with_hop_length(hop).with_center(center);
    let rms = Rms::new(&rms).unwrap();
    let onset = OnsetStrength::new(&onset_config(&stft)).unwrap();
    let tempo = TempoConfig::new(22_050).with_onset(onset_config(&stft)).with_ac_size(0.5);
    let tempo = Tempo::new(&tempo).unwrap();
    let local = tempo.clone();
    let tuning = TuningConfig::new(22_050).with_stft(stft);
    vec![
        ("chroma of a tuning", Box::new(move |x| fixed.compute(x))),
        ("chroma", Box::new(move |x| chroma.compute(x))),
        ("tuning", Box::new(move |x| one(estimate_tuning(x, &tuning)))),
        ("centroid", Box::new(move |x| centroid.compute(x))),
        ("bandwidth", Box::new(move |x| bandwidth.compute(x))),
        ("bandwidth 3", Box::new(move |x| cubic.compute(x))),
        ("bandwidth of sums", Box::new(move |x| sum.compute(x))),
        (
            "bandwidth around",
            Box::new(move |x| {
                around.compute_with_centroid(x, &vec![1e38; around.frames(x.len()).unwrap_or(0)])
            }),
        ),
        ("rolloff", Box::new(move |x| rolloff.compute(x))),
        ("flatness", Box::new(move |x| flatness.compute(x))),
        ("flatness 40", Box::new(move |x| flat.compute(x))),
        ("contrast", Box::new(move |x| contrast.compute(x))),
        ("zero crossings", Box::new(move |x| crossings.compute(x))),
        ("rms", Box::new(move |x| rms.compute(x))),
        ("onset", Box::new(move |x| onset.compute(x))),
        ("tempo", Box::new(move |x| one(tempo.compute(x)))),
        ("local tempo", Box::new(move |x| local.local(x))),
    ]
}

#[test]
fn samples_that_are_none() {
    for center in [true, false] {
        for (name, entry) in of_samples(64, center) {
            assert_eq!(entry(&[]), Err(Error::EmptyInput), "{name}");
        }
    }
}

#[test]
fn samples_that_are_no_numbers() {
    for (name, entry) in of_samples(64, true) {
        for index in [0, 1, 99] {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut samples = [0.1; 100];
                samples[index] = bad;
                assert_eq!(entry(&samples), Err(Error::NonFinite { index }), "{name}");
            }
            let mut samples = [0.1; 100];
            samples[index] = -1e11;
            let error = Error::SampleTooLarge { index, got: -1e11, limit: MAX_SAMPLE };
            assert_eq!(entry(&samples), Err(error), "{name}");
        }
    }
}

#[test]
fn samples_that_are_too_few() {
    for (name, entry) in of_samples(2048, true) {
        assert_eq!(entry(&[0.5]).unwrap().cols(), 1, "{name}");
    }
    for (name, entry) in of_samples(2048, false) {
        assert_eq!(entry(&[0.5; 2047]), Err(Error::TooShort { expected: 2048, got: 2047 }), "{name}");
        assert_eq!(entry(&[0.5; 2048]).unwrap().cols(), 1, "{name}");
    }
}

#[test]
fn any_level_gives_numbers() {
    for n_fft in [8, 64, 2048] {
        for (name, entry) in of_samples(n_fft, true) {
            for level in [MAX_SAMPLE, -MAX_SAMPLE, 0.0, -0.0, 1.0, 1e-20, f32::MIN_POSITIVE, 1e-45] {
                for samples in [vec![level; 3000], vec![level; 1], vec![0.0, level], vec![level, -level, 0.0]]
                {
                    let result = entry(&samples).unwrap();
                    assert!(result.as_slice().iter().all(|v| v.is_finite()), "{name} {n_fft} {level}");
                }
            }
        }
    }
}

#[test]
fn silence_is_nothing() {
    for (name, entry) in of_samples(64, true) {
        let want = match name {
            "flatness" | "flatness 40" => 1.0,
            "tempo" | "local tempo" => continue,
            _ => 0.0,
        };
        let got = entry(&[0.0; 1000]).unwrap();
        assert!(got.as_slice().iter().all(|v| *v == want), "{name}: {:?}", got.as_slice());
    }
    // The lag of 22 frames of 512 samples is nearest to 120 beats a minute.
    let tempo = Tempo::new(&TempoConfig::new(22_050)).unwrap();
    let want = 60.0 * 22_050.0 / (512.0 * 22.0);
    assert_eq!(tempo.compute(&[0.0; 1000]), Ok(want));
    assert_eq!(tempo.local(&[0.0; 1000]).unwrap().as_slice(), [want as f32; 2]);
}

/// Every function that takes a spectrogram of 33 rows.
fn of_spectrogram() -> Vec<(&'static str, OfMatrix)> {
    let stft = stft_of(64, true);
    let fixed = Chroma::new(&ChromaConfig::new(22_050).with_stft(stft.clone()).with_tuning(0.1)).unwrap();
    let chroma = ChromaConfig::new(22_050).with_stft(stft.clone()).with_norm(Norm::None);
    let chroma = Chroma::new(&chroma).unwrap();
    let centroid =
        SpectralCentroid::new(&SpectralCentroidConfig::new(22_050).with_stft(stft.clone())).unwrap();
    let bandwidth_config = SpectralBandwidthConfig::new(22_050).with_stft(stft.clone());
    let bandwidth = SpectralBandwidth::new(&bandwidth_config).unwrap();
    let sum = SpectralBandwidth::new(&bandwidth_config.with_p(0.5).with_norm(false)).unwrap();
    let around = bandwidth.clone();
    let rolloff = SpectralRolloff::new(&SpectralRolloffConfig::new(22_050).with_stft(stft.clone())).unwrap();
    let flatness_config = SpectralFlatnessConfig::default().with_stft(stft.clone());
    let flatness = SpectralFlatness::new(&flatness_config).unwrap();
    let flat = SpectralFlatness::new(&flatness_config.with_power(40.0)).unwrap();
    let contrast = SpectralContrast::new(&contrast_config(&stft)).unwrap();
    let linear = SpectralContrast::new(&contrast_config(&stft).with_linear(true).with_quantile(0.9)).unwrap();
    let rms = Rms::new(&RmsConfig::default().with_frame_length(64)).unwrap();
    let tuning = TuningConfig::new(22_050).with_stft(stft);
    vec![
        ("chroma of a tuning", Box::new(move |s| fixed.compute_from_spectrogram(s))),
        ("chroma", Box::new(move |s| chroma.compute_from_spectrogram(s))),
        ("tuning", Box::new(move |s| one(estimate_tuning_from_spectrogram(s, &tuning)))),
        ("centroid", Box::new(move |s| centroid.compute_from_spectrogram(s))),
        ("bandwidth", Box::new(move |s| bandwidth.compute_from_spectrogram(s))),
        ("bandwidth of sums", Box::new(move |s| sum.compute_from_spectrogram(s))),
        (
            "bandwidth around",
            Box::new(move |s| around.compute_from_spectrogram_with_centroid(s, &vec![-1e38; s.cols()])),
        ),
        ("rolloff", Box::new(move |s| rolloff.compute_from_spectrogram(s))),
        ("flatness", Box::new(move |s| flatness.compute_from_spectrogram(s))),
        ("flatness 40", Box::new(move |s| flat.compute_from_spectrogram(s))),
        ("contrast", Box::new(move |s| contrast.compute_from_spectrogram(s))),
        ("linear contrast", Box::new(move |s| linear.compute_from_spectrogram(s))),
        ("rms", Box::new(move |s| rms.compute_from_spectrogram(s))),
    ]
}

#[test]
fn spectrograms_that_are_none() {
    for (name, entry) in of_spectrogram() {
        let of = |data: Vec<f32>, rows, cols| entry(&Matrix::new(data, rows, cols).unwrap());
        for (rows, cols) in [(33, 0), (0, 0), (0, 5)] {
            assert_eq!(of(Vec::new(), rows, cols), Err(Error::EmptyInput), "{name}");
        }
        for rows in [1, 32, 34] {
            assert!(
                matches!(of(vec![0.1; rows * 2], rows, 2), Err(Error::LengthMismatch { expected: 33, got, .. }) if got == rows),
                "{name}"
            );
        }
        for index in [0, 20, 65] {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut data = vec![0.1; 66];
                data[index] = bad;
                assert_eq!(of(data, 33, 2), Err(Error::NonFinite { index }), "{name}");
            }
            let mut data = vec![0.1; 66];
            data[index] = -1e-30;
            assert_eq!(of(data, 33, 2), Err(Error::Negative { index, got: -1e-30 }), "{name}");
        }
    }
}

#[test]
fn any_spectrogram_gives_numbers() {
    for (name, entry) in of_spectrogram() {
        for level in [f32::MAX, 1e30, 1.0, 0.0, -0.0, 1e-30, f32::MIN_POSITIVE, 1e-45] {
            for single in [false, true] {
                // Frames of one level, or with one bin of it.
                let data =
                    (0..33 * 20).map(|i| if single && i / 20 != i % 20 { 0.0 } else { level }).collect();
                let result = entry(&Matrix::new(data, 33, 20).unwrap()).unwrap();
                assert!(result.as_slice().iter().all(|v| v.is_finite()), "{name} {level:e} {single}");
            }
        }
    }
}

#[test]
fn centroids_onsets_and_frequencies() {
    let config = SpectralBandwidthConfig::new(22_050).with_stft(stft_of(64, true));
    let bandwidth = SpectralBandwidth::new(&config).unwrap();
    let s = Matrix::new(vec![0.5; 66], 33, 2).unwrap();
    let of = |centroid: &[f32]| bandwidth.compute_from_spectrogram_with_centroid(&s, centroid);
    assert!(matches!(of(&[1.0]), Err(Error::LengthMismatch { expected: 2, got: 1, .. })));
    assert_eq!(of(&[1.0, f32::NAN]), Err(Error::NonFinite { index: 1 }));
    assert!(matches!(bandwidth.compute_with_centroid(&[0.1; 16], &[]), Err(Error::LengthMismatch { .. })));

    let onset = OnsetStrength::new(&onset_config(&stft_of(64, true))).unwrap();
    let of = |data: Vec<f32>, rows, cols| onset.compute_from_log_mel(&Matrix::new(data, rows, cols).unwrap());
    assert_eq!(of(vec![], 4, 0), Err(Error::EmptyInput));
    assert!(matches!(of(vec![0.0; 6], 3, 2), Err(Error::LengthMismatch { expected: 4, got: 3, .. })));
    assert_eq!(of(vec![0.0, 0.0, 0.0, f32::NAN], 4, 1), Err(Error::NonFinite { index: 3 }));
    // A lag beyond the end compares nothing.
    let far = OnsetStrength::new(&onset_config(&stft_of(64, true)).with_lag(usize::MAX).with_max_size(4096));
    assert_eq!(far.unwrap().compute(&[0.5; 1000]).unwrap().as_slice(), [0.0; 63]);

    let tempogram = Tempogram::new(&TempogramConfig::default().with_win_length(8)).unwrap();
    let tempo = Tempo::new(&TempoConfig::new(22_050)).unwrap();
    let local = tempo.clone();
    let entries: [OfSamples; 3] = [
        Box::new(move |x| tempogram.compute(x)),
        Box::new(move |x| one(tempo.compute_from_onset(x))),
        Box::new(move |x| local.local_from_onset(x)),
    ];
    for entry in entries {
        assert_eq!(entry(&[]), Err(Error::EmptyInput));
        assert_eq!(entry(&[0.0, f32::NAN]), Err(Error::NonFinite { index: 1 }));
        assert!(matches!(entry(&[1e11]), Err(Error::SampleTooLarge { index: 0, .. })));
        for level in [MAX_SAMPLE, -1.0, 1e-45] {
            for envelope in [vec![level; 1], vec![level; 99], vec![level, -level, 0.0]] {
                assert!(entry(&envelope).unwrap().as_slice().iter().all(|v| v.is_finite()), "{level}");
            }
        }
    }
    let whole = Tempogram::new(&TempogramConfig::default().with_win_length(8).with_center(false)).unwrap();
    assert_eq!(whole.compute(&[1.0; 7]), Err(Error::TooShort { expected: 8, got: 7 }));
    assert_eq!(whole.compute(&[1.0; 8]).unwrap().cols(), 1);

    assert_eq!(pitch_tuning(&[], 0.01, 12), Ok(0.0));
    assert_eq!(pitch_tuning(&[0.0, -440.0], 0.01, 12), Ok(0.0));
    assert_eq!(pitch_tuning(&[440.0, f32::NAN], 0.01, 12), Err(Error::NonFinite { index: 1 }));
    assert!(pitch_tuning(&[f32::MAX, 1e-45], 1e-5, 1200).unwrap().is_finite());
}

fn refused(result: Result<impl Sized, Error>) -> &'static str {
    match result {
        Err(Error::InvalidConfig { parameter, .. }) => parameter,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    }
}

/// Each feature refuses the transforms that the STFT refuses.
#[test]
fn transforms_that_are_none() {
    for (stft, parameter) in [
        (StftConfig::default().with_n_fft(0), "n_fft"),
        (StftConfig::default().with_n_fft(1 << 30), "n_fft"),
        (StftConfig::default().with_hop_length(0), "hop_length"),
        (StftConfig::default().with_win_length(4096), "win_length"),
    ] {
        let s = || stft.clone();
        let results = [
            refused(Chroma::new(&ChromaConfig::new(22_050).with_stft(s()))),
            refused(SpectralCentroid::new(&SpectralCentroidConfig::new(22_050).with_stft(s()))),
            refused(SpectralBandwidth::new(&SpectralBandwidthConfig::new(22_050).with_stft(s()))),
            refused(SpectralRolloff::new(&SpectralRolloffConfig::new(22_050).with_stft(s()))),
            refused(SpectralFlatness::new(&SpectralFlatnessConfig::default().with_stft(s()))),
            refused(SpectralContrast::new(&SpectralContrastConfig::new(22_050).with_stft(s()))),
            refused(OnsetStrength::new(&onset_config(&s()))),
            refused(Tempo::new(&TempoConfig::new(22_050).with_onset(onset_config(&s())))),
            refused(estimate_tuning(&[0.1], &TuningConfig::new(22_050).with_stft(s()))),
        ];
        assert_eq!(results, [parameter; 9]);
    }
    let empty = Matrix::default();
    let config = TuningConfig::new(22_050).with_stft(StftConfig::default().with_n_fft(0));
    assert_eq!(refused(estimate_tuning_from_spectrogram(&empty, &config)), "n_fft");
}

#[test]
fn rates_of_zero() {
    let results = [
        refused(Chroma::new(&ChromaConfig::new(0))),
        refused(SpectralCentroid::new(&SpectralCentroidConfig::new(0))),
        refused(SpectralBandwidth::new(&SpectralBandwidthConfig::new(0))),
        refused(SpectralRolloff::new(&SpectralRolloffConfig::new(0))),
        refused(SpectralContrast::new(&SpectralContrastConfig::new(0))),
        refused(OnsetStrength::new(&OnsetStrengthConfig::new(0))),
        refused(Tempo::new(&TempoConfig::new(0))),
        refused(estimate_tuning(&[0.1], &TuningConfig::new(0))),
        refused(ChromaFilterBank::new(&ChromaFilterConfig::default(), 0, 2048, 0.0)),
        refused(tempo_frequencies(3, 0, 512)),
    ];
    assert_eq!(results, ["sample_rate"; 10]);
    assert_eq!(refused(tempo_frequencies(3, 22_050, 0)), "hop_length");
    assert_eq!(tempo_frequencies(0, 22_050, 512), Ok(Vec::new()));
    assert_eq!(tempo_frequencies(1 << 20, 22_050, 512).unwrap().len(), 1 << 20);
    for bad in [(1 << 20) + 1, usize::MAX] {
        assert_eq!(refused(tempo_frequencies(bad, 22_050, 512)), "n_bins");
    }
}

#[test]
fn chroma_out_of_range() {
    let bank = |config: ChromaFilterConfig| refused(ChromaFilterBank::new(&config, 22_050, 2048, 0.0));
    let ok = ChromaFilterConfig::default;
    assert_eq!(bank(ok().with_n_chroma(0)), "n_chroma");
    assert_eq!(bank(ok().with_n_chroma(usize::MAX)), "n_chroma");
    assert_eq!(bank(ok().with_octwidth(0.0)), "octwidth");
    assert_eq!(bank(ok().with_octwidth(-1.0)), "octwidth");
    for bad in BAD {
        assert_eq!(bank(ok().with_octwidth(bad)), "octwidth");
        assert_eq!(bank(ok().with_ctroct(bad)), "ctroct");
        assert_eq!(refused(ChromaFilterBank::new(&ok(), 22_050, 2048, bad)), "tuning");
        assert_eq!(refused(Chroma::new(&ChromaConfig::new(22_050).with_tuning(bad))), "tuning");
    }
    assert_eq!(refused(ChromaFilterBank::new(&ok(), 22_050, 2048, 121.0)), "tuning");
    for n_fft in [0, 1, 1 << 30] {
        assert_eq!(refused(ChromaFilterBank::new(&ok(), 22_050, n_fft, 0.0)), "n_fft");
    }
    for (n_chroma, n_fft) in [(1200, 1 << 22), (32, 1 << 22), (1200, 1 << 17)] {
        let config = ok().with_n_chroma(n_chroma);
        assert_eq!(refused(ChromaFilterBank::new(&config, 22_050, n_fft, 0.0)), "n_chroma");
    }
    let stft = StftConfig::default().with_n_fft(1);
    assert_eq!(refused(Chroma::new(&ChromaConfig::new(22_050).with_stft(stft))), "n_fft");
    // Extremes that are in range give numbers.
    for (n_chroma, n_fft, tuning) in [(1200, 3, 12_000.0), (1, 2, -10.0), (2, 2048, 0.5)] {
        let config = ok().with_n_chroma(n_chroma).with_ctroct(1e300).with_octwidth(1e-300);
        let bank = ChromaFilterBank::new(&config, u32::MAX, n_fft, tuning).unwrap();
        assert!(bank.to_dense().unwrap().as_slice().iter().all(|v| v.is_finite()));
    }
}

#[test]
fn tuning_out_of_range() {
    let of = |config: TuningConfig| refused(estimate_tuning(&[0.1], &config));
    let ok = || TuningConfig::new(22_050);
    for bad in BAD.into_iter().chain([0.0, -0.01, 1.1]) {
        assert_eq!(of(ok().with_resolution(bad)), "resolution");
        assert_eq!(refused(pitch_tuning(&[440.0], bad, 12)), "resolution");
    }
    for bad in [0, 5000] {
        assert_eq!(of(ok().with_bins_per_octave(bad)), "bins_per_octave");
        assert_eq!(refused(pitch_tuning(&[440.0], 0.01, bad)), "bins_per_octave");
    }
    for bad in BAD.into_iter().chain([-1.0]) {
        assert_eq!(of(ok().with_fmin(bad)), "fmin");
        assert_eq!(of(ok().with_fmax(bad)), "fmax");
        assert_eq!(of(ok().with_threshold(bad)), "threshold");
    }
    assert_eq!(of(ok().with_fmin(500.0).with_fmax(500.0)), "fmax");
    // A band of frequencies over all bins has no peak.
    let over = ok().with_fmin(1e300).with_fmax(1e301);
    assert_eq!(estimate_tuning(&[0.1; 3000], &over), Ok(0.0));
}

#[test]
fn shapes_out_of_range() {
    for bad in BAD.into_iter().chain([0.0, -1.0]) {
        assert_eq!(refused(SpectralBandwidth::new(&SpectralBandwidthConfig::new(8000).with_p(bad))), "p");
        let config = SpectralFlatnessConfig::default();
        assert_eq!(refused(SpectralFlatness::new(&config.clone().with_power(bad))), "power");
        assert_eq!(refused(SpectralFlatness::new(&config.with_amin(bad as f32))), "amin");
        let config = SpectralContrastConfig::new(22_050).with_fmin(bad);
        assert_eq!(refused(SpectralContrast::new(&config)), "fmin");
    }
    for bad in BAD.into_iter().chain([0.0, 1.0, -0.1, 1.1]) {
        let config = SpectralRolloffConfig::new(8000).with_roll_percent(bad);
        assert_eq!(refused(SpectralRolloff::new(&config)), "roll_percent");
        let config = SpectralContrastConfig::new(22_050).with_quantile(bad);
        assert_eq!(refused(SpectralContrast::new(&config)), "quantile");
    }
    let contrast = |sample_rate, n_fft, fmin, n_bands| {
        let stft = StftConfig::default().with_n_fft(n_fft);
        let config = SpectralContrastConfig::new(sample_rate).with_stft(stft).with_fmin(fmin);
        SpectralContrast::new(&config.with_n_bands(n_bands)).map(|_| ())
    };
    assert_eq!(refused(contrast(22_050, 2048, 200.0, 0)), "n_bands");
    // The last band would begin at 12,800 Hz; and at half the sample rate exactly.
    assert_eq!(refused(contrast(22_050, 2048, 200.0, 7)), "n_bands");
    assert_eq!(refused(contrast(12_800, 2048, 200.0, 6)), "n_bands");
    assert_eq!(contrast(12_802, 2048, 200.0, 6), Ok(()));
    assert_eq!(refused(contrast(22_050, 2048, 200.0, usize::MAX)), "n_bands");
    // The first band has the constant alone, which librosa makes NaN; or no bin lies within the others.
    assert_eq!(refused(contrast(22_050, 64, 200.0, 6)), "fmin");
    assert_eq!(refused(contrast(22_050, 2048, 1e-300, 6)), "fmin");
    assert_eq!(refused(contrast(22_050, 1, 200.0, 1)), "fmin");
}

#[test]
fn framing_and_rhythm_out_of_range() {
    for bad in [0, 1 << 30] {
        let config = ZeroCrossingRateConfig::default().with_frame_length(bad);
        assert_eq!(refused(ZeroCrossingRate::new(&config)), "frame_length");
        assert_eq!(refused(Rms::new(&RmsConfig::default().with_frame_length(bad))), "frame_length");
        assert_eq!(refused(Tempogram::new(&TempogramConfig::default().with_win_length(bad))), "win_length");
    }
    let length = |win_length| Tempogram::new(&TempogramConfig::default().with_win_length(win_length));
    assert_eq!(refused(length((1 << 16) + 1)), "win_length");
    assert!(length(1 << 16).is_ok());
    let config = ZeroCrossingRateConfig::default().with_hop_length(0);
    assert_eq!(refused(ZeroCrossingRate::new(&config)), "hop_length");
    assert_eq!(refused(Rms::new(&RmsConfig::default().with_hop_length(0))), "hop_length");
    assert_eq!(refused(OnsetStrength::new(&OnsetStrengthConfig::new(8000).with_lag(0))), "lag");
    for bad in [0, 4097, usize::MAX / 4, usize::MAX] {
        let config = OnsetStrengthConfig::new(8000).with_max_size(bad);
        assert_eq!(refused(OnsetStrength::new(&config)), "max_size");
    }
    for bad in BAD.into_iter().chain([0.0, -1.0]) {
        let ok = || TempoConfig::new(22_050);
        assert_eq!(refused(Tempo::new(&ok().with_start_bpm(bad))), "start_bpm");
        assert_eq!(refused(Tempo::new(&ok().with_std_bpm(bad))), "std_bpm");
        assert_eq!(refused(Tempo::new(&ok().with_ac_size(bad))), "ac_size");
        assert_eq!(refused(Tempo::new(&ok().with_max_tempo(bad))), "max_tempo");
        if bad != 0.0 {
            let config = ZeroCrossingRateConfig::default().with_threshold(bad as f32);
            assert_eq!(refused(ZeroCrossingRate::new(&config)), "threshold");
        }
    }
    for bad in [0.04, 1e9, 1e300] {
        assert_eq!(refused(Tempo::new(&TempoConfig::new(22_050).with_ac_size(bad))), "ac_size");
    }
    // Priors so narrow that no lag is likely, and a hop as long as can be.
    let narrow = Tempo::new(&TempoConfig::new(22_050).with_std_bpm(1e-300).with_start_bpm(1e-300)).unwrap();
    assert!(narrow.compute(&[0.1; 5000]).unwrap().is_finite());
    let far = RmsConfig::default().with_hop_length(usize::MAX);
    assert_eq!(Rms::new(&far).unwrap().compute(&[0.5; 5000]).unwrap().cols(), 1);
    let far = ZeroCrossingRateConfig::default().with_hop_length(usize::MAX);
    assert_eq!(ZeroCrossingRate::new(&far).unwrap().compute(&[0.5; 5000]).unwrap().cols(), 1);
}
