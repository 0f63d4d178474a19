//! Equality with librosa 0.11 on the values that golden/spectral.py made.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::golden::{Case, cases, hold};
use soundalike_features::{
    Chroma, ChromaConfig, ChromaFilterBank, ChromaFilterConfig, LogMelConfig, Matrix, MelConfig, Norm,
    OnsetStrength, OnsetStrengthConfig, PadMode, Rms, RmsConfig, SpectralBandwidth, SpectralBandwidthConfig,
    SpectralCentroid, SpectralCentroidConfig, SpectralContrast, SpectralContrastConfig, SpectralFlatness,
    SpectralFlatnessConfig, SpectralRolloff, SpectralRolloffConfig, Stft, StftConfig, Tempo, TempoConfig,
    Tempogram, TempogramConfig, TuningConfig, Window, ZeroCrossingRate, ZeroCrossingRateConfig,
    estimate_tuning,
};

fn stft(case: &Case) -> StftConfig {
    let mut config = StftConfig::default().with_center(case.text("no_center").is_none()).with_window(
        match case.text("window") {
            None => Window::Hann,
            Some("hamming") => Window::Hamming,
            Some("rectangular") => Window::Rectangular,
            Some(other) => panic!("window {other}"),
        },
    );
    config.n_fft = case.number("n_fft").unwrap_or(config.n_fft);
    config.hop_length = case.number("hop_length").unwrap_or(config.hop_length);
    config
}

fn norm(case: &Case, key: &str, default: Norm) -> Norm {
    match case.text(key) {
        None => default,
        Some("inf") => Norm::Inf,
        Some("l1") => Norm::L1,
        Some("l2") => Norm::L2,
        Some("none") => Norm::None,
        Some(other) => panic!("{key} {other}"),
    }
}

fn chroma_filters(case: &Case) -> ChromaFilterConfig {
    let mut config = ChromaFilterConfig::default()
        .with_norm(norm(case, "filter_norm", Norm::L2))
        .with_base_c(case.text("no_base_c").is_none());
    config.n_chroma = case.number("n_chroma").unwrap_or(config.n_chroma);
    config.ctroct = case.number("ctroct").unwrap_or(config.ctroct);
    match case.text("octwidth") {
        Some("none") => config.with_octwidth(None),
        _ => {
            let octwidth = case.number("octwidth").or(config.octwidth);
            config.with_octwidth(octwidth)
        }
    }
}

fn tuning(case: &Case) -> TuningConfig {
    let mut config = TuningConfig::new(case.sample_rate());
    let n_fft = case.number("n_fft").unwrap_or(2048);
    config.stft = config.stft.with_n_fft(n_fft).with_hop_length(n_fft / 4);
    config.resolution = case.number("resolution").unwrap_or(config.resolution);
    config.bins_per_octave = case.number("bins_per_octave").unwrap_or(config.bins_per_octave);
    config.fmin = case.number("fmin").unwrap_or(config.fmin);
    config.fmax = case.number("fmax").unwrap_or(config.fmax);
    config.threshold = case.number("threshold").unwrap_or(config.threshold);
    config
}

fn bandwidth(case: &Case) -> SpectralBandwidth {
    let mut config = SpectralBandwidthConfig::new(case.sample_rate())
        .with_stft(stft(case))
        .with_norm(case.text("no_norm").is_none());
    config.p = case.number("p").unwrap_or(config.p);
    SpectralBandwidth::new(&config).unwrap()
}

fn rolloff(case: &Case) -> SpectralRolloff {
    let mut config = SpectralRolloffConfig::new(case.sample_rate()).with_stft(stft(case));
    config.roll_percent = case.number("roll_percent").unwrap_or(config.roll_percent);
    SpectralRolloff::new(&config).unwrap()
}

fn flatness(case: &Case) -> SpectralFlatness {
    let mut config = SpectralFlatnessConfig::default().with_stft(stft(case));
    config.amin = case.number("amin").unwrap_or(config.amin);
    config.power = case.number("power").unwrap_or(config.power);
    SpectralFlatness::new(&config).unwrap()
}

fn contrast(case: &Case) -> SpectralContrast {
    let mut config = SpectralContrastConfig::new(case.sample_rate())
        .with_stft(stft(case))
        .with_linear(case.text("linear").is_some());
    config.fmin = case.number("fmin").unwrap_or(config.fmin);
    config.n_bands = case.number("n_bands").unwrap_or(config.n_bands);
    config.quantile = case.number("quantile").unwrap_or(config.quantile);
    SpectralContrast::new(&config).unwrap()
}

fn zero_crossing_rate(case: &Case) -> ZeroCrossingRate {
    let mut config = ZeroCrossingRateConfig::default()
        .with_center(case.text("no_center").is_none())
        .with_zero_pos(case.text("no_zero_pos").is_none());
    config.frame_length = case.number("frame_length").unwrap_or(config.frame_length);
    config.hop_length = case.number("hop_length").unwrap_or(config.hop_length);
    config.threshold = case.number("threshold").unwrap_or(config.threshold);
    ZeroCrossingRate::new(&config).unwrap()
}

fn rms(case: &Case) -> Rms {
    let mut config = RmsConfig::default().with_center(case.text("no_center").is_none()).with_pad_mode(
        match case.text("pad_mode") {
            None | Some("zeros") => PadMode::Zeros,
            Some("reflect") => PadMode::Reflect,
            Some("edge") => PadMode::Edge,
            Some(other) => panic!("pad_mode {other}"),
        },
    );
    config.frame_length = case.number("frame_length").or(case.number("n_fft")).unwrap_or(config.frame_length);
    config.hop_length = case.number("hop_length").unwrap_or(config.hop_length);
    Rms::new(&config).unwrap()
}

fn onset(case: &Case) -> OnsetStrengthConfig {
    let mut mel = MelConfig::new(case.sample_rate()).with_stft(stft(case).with_center(true));
    mel.n_mels = case.number("n_mels").unwrap_or(mel.n_mels);
    let mut config = OnsetStrengthConfig::new(case.sample_rate())
        .with_log_mel(LogMelConfig::new(case.sample_rate()).with_mel(mel))
        .with_detrend(case.text("detrend").is_some())
        .with_center(case.text("no_center").is_none());
    config.lag = case.number("lag").unwrap_or(config.lag);
    config.max_size = case.number("max_size").unwrap_or(config.max_size);
    config
}

fn tempogram(case: &Case) -> Tempogram {
    let mut config = TempogramConfig::default()
        .with_norm(norm(case, "norm", Norm::Inf))
        .with_center(case.text("no_center").is_none());
    config.win_length = case.number("win_length").unwrap_or(config.win_length);
    Tempogram::new(&config).unwrap()
}

fn tempo(case: &Case) -> Tempo {
    let mut config = TempoConfig::new(case.sample_rate()).with_onset(onset(case));
    config.start_bpm = case.number("start_bpm").unwrap_or(config.start_bpm);
    config.std_bpm = case.number("std_bpm").unwrap_or(config.std_bpm);
    config.ac_size = case.number("ac_size").unwrap_or(config.ac_size);
    let config = match case.text("max_tempo") {
        Some("none") => config.with_max_tempo(None),
        _ => {
            let max_tempo = case.number("max_tempo").or(config.max_tempo);
            config.with_max_tempo(max_tempo)
        }
    };
    Tempo::new(&config).unwrap()
}

fn one(value: f64) -> Matrix {
    Matrix::new(vec![value as f32], 1, 1).unwrap()
}

/// From samples.
fn compute(case: &Case) -> Matrix {
    let samples = case.samples();
    let sr = case.sample_rate();
    match case.feature.as_str() {
        "chroma_filters" => {
            let tuning = case.number("tuning").unwrap_or(0.0);
            let bank = ChromaFilterBank::new(&chroma_filters(case), sr, stft(case).n_fft, tuning).unwrap();
            bank.to_dense().unwrap()
        }
        "chroma" => chroma(case).compute(&samples).unwrap(),
        "tuning" => one(estimate_tuning(&samples, &tuning(case)).unwrap()),
        "centroid" => centroid(case).compute(&samples).unwrap(),
        "bandwidth" => bandwidth(case).compute(&samples).unwrap(),
        "bandwidth_with_centroid" => {
            let plan = bandwidth(case);
            let frames = plan.frames(samples.len()).unwrap();
            plan.compute_with_centroid(&samples, &centroids(frames)).unwrap()
        }
        "rolloff" => rolloff(case).compute(&samples).unwrap(),
        "flatness" => flatness(case).compute(&samples).unwrap(),
        "contrast" => contrast(case).compute(&samples).unwrap(),
        "zero_crossing_rate" => zero_crossing_rate(case).compute(&samples).unwrap(),
        "rms" => rms(case).compute(&samples).unwrap(),
        "rms_from_spectrogram" => {
            let magnitudes = Stft::new(&stft(case)).unwrap().magnitude(&samples).unwrap();
            rms(case).compute_from_spectrogram(&magnitudes).unwrap()
        }
        "onset" => OnsetStrength::new(&onset(case)).unwrap().compute(&samples).unwrap(),
        "tempogram" => tempogram(case).compute(&envelope(case, &samples)).unwrap(),
        "tempo" => one(tempo(case).compute(&samples).unwrap()),
        "local_tempo" => tempo(case).local(&samples).unwrap(),
        other => panic!("feature {other}"),
    }
}

fn chroma(case: &Case) -> Chroma {
    let config = ChromaConfig::new(case.sample_rate())
        .with_stft(stft(case))
        .with_filters(chroma_filters(case))
        .with_norm(norm(case, "norm", Norm::Inf))
        .with_tuning(case.number("tuning"));
    Chroma::new(&config).unwrap()
}

fn centroid(case: &Case) -> SpectralCentroid {
    let config = SpectralCentroidConfig::new(case.sample_rate()).with_stft(stft(case));
    SpectralCentroid::new(&config).unwrap()
}

fn centroids(frames: usize) -> Vec<f32> {
    (1..=frames).map(|i| 100.0 * i as f32).collect()
}

fn envelope(case: &Case, samples: &[f32]) -> Vec<f32> {
    OnsetStrength::new(&onset(case)).unwrap().compute(samples).unwrap().into_vec()
}

/// The absolute tolerance. Where a bin or a lag is chosen, it is what single precision cannot tell.
fn tolerance(case: &Case) -> f32 {
    match case.feature.as_str() {
        "rms" | "rms_from_spectrogram" | "chroma_filters" => 1e-6 * case.peak,
        "zero_crossing_rate" | "tuning" | "tempo" | "local_tempo" | "rolloff" => 1e-7 * case.peak,
        "onset" => 1e-4,
        // Decibels.
        "contrast" if case.text("linear").is_none() => 1e-5 * case.peak.max(1.0),
        _ => 1e-5 * case.peak,
    }
}

#[test]
fn equal_to_librosa() {
    let cases = cases(include_bytes!("golden/spectral.bin"));
    assert!(cases.len() > 300, "only {} cases", cases.len());
    hold(&cases, compute, tolerance);
}

/// A spectrogram that is there already gives what the samples give.
#[test]
fn equal_from_a_spectrogram() {
    let all = cases(include_bytes!("golden/spectral.bin"));
    let mut held = 0;
    for case in &all {
        let samples = case.samples();
        let magnitudes = || Stft::new(&stft(case)).unwrap().magnitude(&samples).unwrap();
        let got = match case.feature.as_str() {
            "chroma" => {
                let powers = Stft::new(&stft(case)).unwrap().power(&samples).unwrap();
                chroma(case).compute_from_spectrogram(&powers)
            }
            "centroid" => centroid(case).compute_from_spectrogram(&magnitudes()),
            "bandwidth" => bandwidth(case).compute_from_spectrogram(&magnitudes()),
            "bandwidth_with_centroid" => {
                let magnitudes = magnitudes();
                let given = centroids(magnitudes.cols());
                bandwidth(case).compute_from_spectrogram_with_centroid(&magnitudes, &given)
            }
            "rolloff" => rolloff(case).compute_from_spectrogram(&magnitudes()),
            "flatness" => flatness(case).compute_from_spectrogram(&magnitudes()),
            "contrast" => contrast(case).compute_from_spectrogram(&magnitudes()),
            "onset" => {
                let log_mel = soundalike_features::LogMel::new(&onset(case).log_mel).unwrap();
                let onset = OnsetStrength::new(&onset(case)).unwrap();
                onset.compute_from_log_mel(&log_mel.compute(&samples).unwrap())
            }
            "tempo" => Ok(one(tempo(case).compute_from_onset(&envelope(case, &samples)).unwrap())),
            "local_tempo" => tempo(case).local_from_onset(&envelope(case, &samples)),
            _ => continue,
        };
        held += 1;
        assert_eq!(got.unwrap(), compute(case), "{}", case.name);
    }
    assert!(held > 200, "only {held}");
}
