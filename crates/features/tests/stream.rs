//! A stream gives the frames of the whole signal, however it is cut.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use proptest::prelude::*;
use soundalike_features::{
    Chroma, ChromaConfig, ComplexMatrix, DbConfig, Error, Extractor, ExtractorConfig, ExtractorStream,
    Feature, FeatureMatrix, Features, Latency, LogMel, LogMelConfig, Matrix, MelConfig, MelSpectrogram, Mfcc,
    MfccConfig, OnsetStrength, OnsetStrengthConfig, PadMode, PcenConfig, RmsConfig, SpectralBandwidthConfig,
    SpectralCentroidConfig, SpectralContrast, SpectralContrastConfig, SpectralFlatnessConfig,
    SpectralRolloffConfig, StftConfig, Window, ZeroCrossingRateConfig, clamp_top_db,
};

/// Every kind of feature, without a `top_db` floor.
fn extractor(stft: &StftConfig, n_mels: usize) -> Extractor {
    let mel = MelConfig::new(22_050).with_stft(stft.clone()).with_n_mels(n_mels);
    let db = DbConfig::default().with_top_db(None);
    let config = ExtractorConfig::new(22_050)
        .with_stft(stft.clone())
        .with_feature("stft", Feature::Stft)
        .with_feature("power", Feature::Power)
        .with_feature("magnitude", Feature::Magnitude)
        .with_feature("mel", Feature::Mel(mel.clone()))
        .with_feature("mel of magnitudes", Feature::Mel(mel.clone().with_power(1.0)))
        .with_feature("dB", Feature::LogMel(LogMelConfig::new(1).with_mel(mel.clone()).with_db(db.clone())))
        .with_feature(
            "mfcc",
            Feature::Mfcc(MfccConfig::new(1).with_mel(mel.clone()).with_db(db).with_n_mfcc(n_mels)),
        );
    let rms = RmsConfig::default().with_frame_length(stft.n_fft).with_hop_length(stft.hop_length);
    let rms = rms.with_center(stft.center);
    let rate =
        ZeroCrossingRateConfig::default().with_frame_length(stft.n_fft).with_hop_length(stft.hop_length);
    let config = config
        .with_feature("rms", Feature::Rms(rms.clone()))
        .with_feature("rms as padded", Feature::Rms(rms.with_pad_mode(stft.pad_mode)))
        .with_feature("crossings", Feature::ZeroCrossingRate(rate.with_center(stft.center)))
        .with_feature(
            "pcen",
            Feature::Pcen { mel, pcen: PcenConfig::default().with_hop_length(stft.hop_length) },
        );
    Extractor::new(&config).unwrap()
}

/// Puts matrices side by side.
#[derive(Default)]
struct Collected {
    columns: Vec<Vec<f32>>,
    rows: Vec<usize>,
}

impl Collected {
    fn add(&mut self, new: &Features) -> usize {
        let parts: Vec<&Matrix> = parts(new);
        self.columns.resize(parts.len(), Vec::new());
        self.rows = parts.iter().map(|part| part.rows()).collect();
        for (all, part) in self.columns.iter_mut().zip(&parts) {
            all.extend(part.transposed().as_slice());
        }
        parts[0].cols()
    }

    fn matrices(&self) -> Vec<Matrix> {
        let matrix = |(data, rows): (&Vec<f32>, &usize)| {
            Matrix::new(data.clone(), data.len() / rows, *rows).unwrap().transposed()
        };
        self.columns.iter().zip(&self.rows).map(matrix).collect()
    }
}

fn parts(features: &Features) -> Vec<&Matrix> {
    let mut parts = Vec::new();
    for (_, value) in features.iter() {
        match value {
            FeatureMatrix::Complex(ComplexMatrix { re, im, .. }) => parts.extend([re, im]),
            FeatureMatrix::Real(matrix) => parts.push(matrix),
            other => panic!("{other:?}"),
        }
    }
    parts
}

fn run(stream: &mut ExtractorStream, samples: &[f32], cuts: &[usize]) -> Result<Collected, Error> {
    let mut all = Collected::default();
    let mut rest = samples;
    let mut given = 0;
    for cut in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (now, later) = rest.split_at((*cut).min(rest.len()));
        rest = later;
        given += all.add(stream.push(now)?) as u64;
        assert_eq!(stream.frames_given(), given);
        assert_eq!(stream.samples_seen(), (samples.len() - rest.len()) as u64);
    }
    all.add(stream.finish()?);
    Ok(all)
}

/// The largest difference that `part` may show; the parts are those of [`extractor`].
fn tolerance(part: usize, want: &[&Matrix]) -> f32 {
    let peak = |part: usize| want[part].as_slice().iter().fold(0f32, |a, b| a.max(b.abs()));
    match part {
        // Real and imaginary part have the peak of the complex values: one of them may be all rounding.
        0 | 1 => 1e-6 * peak(0).max(peak(1)),
        2 | 3 => 1e-6 * peak(part),
        // So may bands that lie where the spectrum has nothing.
        4 | 5 => 1e-6 * peak(part) + 1e-12 * peak(part - 2),
        6 => 1e-4,
        7 => 1e-3,
        // What is framed in time is always the same.
        8..=10 => 0.0,
        // Its slope is steep at zero, where a band may be all rounding.
        _ => 1e-5 * peak(part) + 1e-6 * peak(2),
    }
}

fn assert_equal(got: &[Matrix], want: &Features, latency: Latency) {
    let want = parts(want);
    assert_eq!(got.len(), want.len());
    for (i, (got, matrix)) in got.iter().zip(&want).enumerate() {
        let tolerance = tolerance(i, &want);
        let want = *matrix;
        if latency == Latency::Block {
            assert_eq!(got, want, "part {i}");
            continue;
        }
        assert_eq!((got.rows(), got.cols()), (want.rows(), want.cols()), "part {i}");
        for (a, b) in got.as_slice().iter().zip(want.as_slice()) {
            assert!((a - b).abs() <= tolerance, "part {i}: {a} instead of {b}");
        }
    }
}

fn stft_configs() -> impl Strategy<Value = StftConfig> {
    let pad = prop_oneof![Just(PadMode::Zeros), Just(PadMode::Reflect), Just(PadMode::Edge)];
    let hop = prop_oneof![1usize..12, 1usize..60, 60usize..200, Just(usize::MAX)];
    let window = prop_oneof![Just(Window::Hann), Just(Window::Rectangular)];
    (1usize..64, hop, any::<bool>(), pad, window).prop_map(|(n_fft, hop, center, pad_mode, window)| {
        StftConfig::default()
            .with_window(window)
            .with_n_fft(n_fft)
            .with_hop_length(hop)
            .with_center(center)
            .with_pad_mode(pad_mode)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn equal_to_the_whole(
        config in stft_configs(),
        samples in prop_oneof![
            prop::collection::vec(-1.0f32..1.0, 0..40),
            prop::collection::vec(prop_oneof![Just(0.0f32), -1.0f32..1.0, -1e-4f32..1e-4], 0..700),
        ],
        // At least one cut takes something.
        cuts in prop::collection::vec(prop_oneof![0usize..3, 0usize..90, Just(700)], 0..6),
        blocks: bool,
        first_length in 0usize..50,
    ) {
        let latency = if blocks { Latency::Block } else { Latency::Frame };
        let cuts: Vec<usize> = cuts.into_iter().chain([7]).collect();
        let extractor = extractor(&config, 4);
        let mut stream = extractor.stream().unwrap().with_latency(latency);
        // A stream that has ended, or was given up, is as good as new.
        let first = &samples[..first_length.min(samples.len())];
        let _ = run(&mut stream, first, &cuts);
        stream.push(first).unwrap();
        stream.reset();
        match (run(&mut stream, &samples, &cuts), extractor.compute(&samples)) {
            (Ok(got), Ok(want)) => assert_equal(&got.matrices(), &want, latency),
            (got, want) => prop_assert_eq!(got.map(|_| ()), want.map(|_| ())),
        }
        prop_assert_eq!(stream.samples_seen(), 0);
    }
}

/// Every length of a signal that there is beside a few transforms, every sample of which counts.
#[test]
fn all_small_sizes() {
    let samples = common::signal("noise", 22_050, 40);
    for (n_fft, hop) in (1..=9usize).flat_map(|n_fft| (1..=14usize).map(move |hop| (n_fft, hop))) {
        for (center, pad_mode) in
            [(false, PadMode::Zeros), (true, PadMode::Zeros), (true, PadMode::Edge), (true, PadMode::Reflect)]
        {
            let config = StftConfig::default()
                .with_n_fft(n_fft)
                .with_hop_length(hop)
                .with_window(Window::Rectangular)
                .with_center(center)
                .with_pad_mode(pad_mode);
            let config = ExtractorConfig::new(22_050).with_stft(config).with_feature("stft", Feature::Stft);
            let extractor = Extractor::new(&config).unwrap();
            let mut streams = [Latency::Frame, Latency::Block]
                .map(|latency| (latency, extractor.stream().unwrap().with_latency(latency)));
            for n in 0..samples.len() {
                let want = extractor.compute(&samples[..n]);
                for (latency, stream) in &mut streams {
                    for cut in [1, 40] {
                        match (run(stream, &samples[..n], &[cut]), &want) {
                            (Ok(got), Ok(want)) => assert_equal(&got.matrices(), want, *latency),
                            (got, want) => {
                                assert_eq!(got.map(|_| ()), want.as_ref().map(|_| ()).map_err(Clone::clone));
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn real_signals_and_sizes() {
    for (n_fft, hop, pad_mode) in [
        (2048, 512, PadMode::Zeros),
        (2048, 512, PadMode::Reflect),
        (1023, 300, PadMode::Edge),
        (400, 1000, PadMode::Reflect),
    ] {
        let config = StftConfig::default().with_n_fft(n_fft).with_hop_length(hop).with_pad_mode(pad_mode);
        let extractor = extractor(&config, 40);
        for signal in ["chirp", "music", "steps", "impulse", "silence"] {
            let samples = common::signal(signal, 22_050, 22_051);
            let want = extractor.compute(&samples).unwrap();
            for latency in [Latency::Frame, Latency::Block] {
                for cut in [1usize, 441, 512, 22_051] {
                    // One sample at a time is slow enough for one signal.
                    if cut == 1 && signal != "chirp" {
                        continue;
                    }
                    let mut stream = extractor.stream().unwrap().with_latency(latency);
                    let got = run(&mut stream, &samples, &[cut]).unwrap();
                    assert_equal(&got.matrices(), &want, latency);
                }
            }
        }
    }
}

#[test]
fn a_frame_comes_with_its_last_sample() {
    for n_fft in [1usize, 2, 9, 16] {
        for hop in [1usize, 4, 9, 16, 23] {
            for (center, pad_mode) in [
                (false, PadMode::Zeros),
                (true, PadMode::Zeros),
                (true, PadMode::Edge),
                (true, PadMode::Reflect),
            ] {
                let config = StftConfig::default()
                    .with_n_fft(n_fft)
                    .with_hop_length(hop)
                    .with_center(center)
                    .with_pad_mode(pad_mode);
                let mut stream = extractor(&config, 1).stream().unwrap();
                let padding = if center { n_fft / 2 } else { 0 };
                for seen in 1..200 {
                    stream.push(&[0.25]).unwrap();
                    // Frame t ends `n_fft - padding` samples after its start; the mirror needs one sample more than
                    // the padding is long.
                    let mut complete = (0..).take_while(|t| t * hop + n_fft - padding <= seen).count();
                    if pad_mode == PadMode::Reflect && padding > 0 && seen <= padding {
                        complete = 0;
                    }
                    assert_eq!(stream.frames_given(), complete as u64, "{config:?} {seen}");
                }
            }
        }
    }
}

#[test]
fn samples_that_are_no_numbers_are_not_taken() {
    let samples = common::signal("tones", 22_050, 5000);
    let extractor = extractor(&StftConfig::default().with_n_fft(256).with_hop_length(64), 10);
    let want = extractor.compute(&samples).unwrap();
    let mut stream = extractor.stream().unwrap().with_latency(Latency::Block);
    let mut all = Collected::default();
    for block in samples.chunks(900) {
        let seen = stream.samples_seen();
        let given = stream.frames_given();
        for (bad, error) in [
            (f32::NAN, Error::NonFinite { index: 700 }),
            (f32::NEG_INFINITY, Error::NonFinite { index: 700 }),
            (2e10, Error::SampleTooLarge { index: 700, got: 2e10, limit: 1e10 }),
        ] {
            let mut wrong = vec![0.5; 900];
            wrong[700] = bad;
            assert_eq!(stream.push(&wrong).unwrap_err(), error);
            assert_eq!((stream.samples_seen(), stream.frames_given()), (seen, given));
        }
        all.add(stream.push(block).unwrap());
        assert_eq!(all.columns[0].len(), all.rows[0] * stream.frames_given() as usize);
    }
    all.add(stream.finish().unwrap());
    assert_equal(&all.matrices(), &want, Latency::Block);
}

/// The finishing step of a stream: the floor under the loudest band of all, then MFCC.
#[test]
fn the_floor_is_a_finishing_step() {
    let config = LogMelConfig::new(22_050);
    let log_mel = LogMel::new(&config).unwrap();
    let mfcc = Mfcc::new(&MfccConfig::new(22_050)).unwrap();
    for signal in ["steps", "music", "chirp"] {
        let samples = common::signal(signal, 22_050, 33_075);
        let want = log_mel.compute(&samples).unwrap();
        let mut stream = log_mel.stream().unwrap().with_latency(Latency::Block);
        let mut columns: Vec<f32> = Vec::new();
        for block in samples.chunks(5000) {
            columns.extend(stream.push(block).unwrap().transposed().as_slice());
        }
        columns.extend(stream.finish().unwrap().transposed().as_slice());
        let mut got = Matrix::new(columns, want.cols(), 128).unwrap().transposed();
        // Without the floor it is not the same yet, on these signals.
        assert_ne!(got, want);
        let floor = got.as_slice().iter().fold(f32::MIN, |a, b| a.max(*b)) - 80.0;
        got.as_mut_slice().iter_mut().for_each(|value| *value = value.max(floor));
        assert_eq!(got, want);
        assert_eq!(mfcc.compute_from_log_mel(&got).unwrap(), mfcc.compute(&samples).unwrap());
    }
}

/// What becomes of frames one by one is the same in a stream; of contrast, after a finishing step.
#[test]
fn spectral_features() {
    for (n_fft, hop) in [(2048, 512), (1023, 300), (512, 2000)] {
        let stft = StftConfig::default().with_n_fft(n_fft).with_hop_length(hop);
        let contrast = SpectralContrastConfig::new(22_050).with_stft(stft.clone());
        let centroid = SpectralCentroidConfig::new(22_050).with_stft(stft.clone());
        let bandwidth = SpectralBandwidthConfig::new(22_050).with_stft(stft.clone());
        let rolloff = SpectralRolloffConfig::new(22_050).with_stft(stft.clone());
        let chroma = ChromaConfig::new(22_050).with_stft(stft.clone()).with_tuning(0.0);
        let config = ExtractorConfig::new(22_050)
            .with_stft(stft.clone())
            .with_feature("contrast", Feature::SpectralContrast(contrast.clone()))
            .with_feature("centroid", Feature::SpectralCentroid(centroid))
            .with_feature("bandwidth", Feature::SpectralBandwidth(bandwidth))
            .with_feature("rolloff", Feature::SpectralRolloff(rolloff))
            .with_feature(
                "flatness",
                Feature::SpectralFlatness(SpectralFlatnessConfig::default().with_stft(stft)),
            )
            .with_feature("rms", Feature::SpectralRms)
            .with_feature("chroma", Feature::Chroma(chroma));
        let extractor = Extractor::new(&config).unwrap();
        for signal in ["music", "steps"] {
            let samples = common::signal(signal, 22_050, 22_051);
            let want = extractor.compute(&samples).unwrap();
            for cut in [100, 5000] {
                let mut stream = extractor.stream().unwrap().with_latency(Latency::Block);
                let got = run(&mut stream, &samples, &[cut]).unwrap().matrices();
                let finished =
                    SpectralContrast::new(&contrast).unwrap().compute_from_extremes(&got[0]).unwrap();
                assert_eq!(got[0].rows(), 2 * finished.rows());
                let got = std::iter::once(&finished).chain(&got[1..]);
                for (got, want) in got.zip(parts(&want)) {
                    assert_eq!(got, want);
                }
            }
        }
    }
}

/// Onset strength and chroma of an estimated tuning come from what a stream gives, once all is there.
#[test]
fn whole_clips_are_a_finishing_step() {
    let log_mel = LogMelConfig::new(22_050);
    let onset = OnsetStrengthConfig::new(22_050).with_detrend(true);
    let config = ExtractorConfig::new(22_050)
        .with_feature("log_mel", Feature::LogMel(log_mel))
        .with_feature("power", Feature::Power);
    let extractor = Extractor::new(&config).unwrap();
    let whole = ExtractorConfig::new(22_050)
        .with_feature("onset", Feature::OnsetStrength(onset.clone()))
        .with_feature("chroma", Feature::Chroma(ChromaConfig::new(22_050)));
    for signal in ["music", "steps", "chirp"] {
        let samples = common::signal(signal, 22_050, 33_075);
        let want = Extractor::new(&whole).unwrap().compute(&samples).unwrap();
        let mut stream = extractor.stream().unwrap().with_latency(Latency::Block);
        let mut got = run(&mut stream, &samples, &[3000]).unwrap().matrices();
        let chroma =
            Chroma::new(&ChromaConfig::new(22_050)).unwrap().compute_from_spectrogram(&got[1]).unwrap();
        assert_eq!(want.get("chroma"), Some(&chroma));
        clamp_top_db(got[0].as_mut_slice(), 80.0).unwrap();
        let onset = OnsetStrength::new(&onset).unwrap().compute_from_log_mel(&got[0]).unwrap();
        assert_eq!(want.get("onset"), Some(&onset));
    }
}

#[test]
fn streams_of_single_plans() {
    let samples = common::signal("music", 22_050, 10_000);
    let mel = MelConfig::new(22_050).with_n_mels(40).with_hop_length(300);
    let db = DbConfig::default().with_top_db(None);
    let log_mel = LogMelConfig::new(1).with_mel(mel.clone()).with_db(db.clone());
    let mfcc = Mfcc::new(&MfccConfig::new(1).with_mel(mel.clone()).with_db(db)).unwrap();
    let mel = MelSpectrogram::new(&mel).unwrap();
    let log_mel = LogMel::new(&log_mel).unwrap();
    for (mut stream, want) in [
        (mel.stream().unwrap(), mel.compute(&samples).unwrap()),
        (log_mel.stream().unwrap(), log_mel.compute(&samples).unwrap()),
        (mfcc.stream().unwrap(), mfcc.compute(&samples).unwrap()),
    ] {
        stream = stream.with_latency(Latency::Block);
        let mut columns: Vec<f32> = Vec::new();
        for block in samples.chunks(1234) {
            columns.extend(stream.push(block).unwrap().transposed().as_slice());
        }
        assert_eq!((stream.samples_seen(), stream.frames_given()), (10_000, 16));
        columns.extend(stream.finish().unwrap().transposed().as_slice());
        assert_eq!(Matrix::new(columns, want.cols(), want.rows()).unwrap().transposed(), want);
        stream.push(&samples).unwrap();
        stream.reset();
        assert_eq!((stream.samples_seen(), stream.frames_given()), (0, 0));
        assert_eq!(stream.finish().unwrap_err(), Error::EmptyInput);
    }
}
