//! Equality of the `f64` forms with librosa 0.11 on float64 signals, on the values that golden/double.py made, within:
//! STFT, its inverse and mel 1e-12 of the array's maximum, decibels and MFCC 1e-9; the mel filters bit for bit.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::golden::{cases, hold};
use soundalike_features::{
    DbConfig, DbReference, DctNorm, LogMel, LogMelConfig, Matrix, MelConfig, MelFilterBank, MelNorm,
    MelSpectrogram, Mfcc, MfccConfig, PadMode, Stft, StftConfig, Window,
};

type Case = common::golden::Case<f64>;

fn stft(case: &Case) -> Stft {
    Stft::new(&stft_config(case)).unwrap()
}

fn stft_config(case: &Case) -> StftConfig {
    let mut config = StftConfig::default()
        .with_win_length(case.number("win_length"))
        .with_center(case.text("no_center").is_none())
        .with_pad_mode(match case.text("pad_mode") {
            None => PadMode::Zeros,
            Some("reflect") => PadMode::Reflect,
            Some("edge") => PadMode::Edge,
            Some(other) => panic!("pad_mode {other}"),
        })
        .with_window(match case.text("window") {
            None => Window::Hann,
            Some("hamming") => Window::Hamming,
            Some("blackman") => Window::Blackman,
            Some("rectangular") => Window::Rectangular,
            Some(other) => panic!("window {other}"),
        });
    config.n_fft = case.number("n_fft").unwrap_or(config.n_fft);
    config.hop_length = case.number("hop_length").unwrap_or(config.hop_length);
    config
}

fn mel(case: &Case) -> MelConfig {
    let mut config = MelConfig::new(case.sample_rate())
        .with_stft(stft_config(case))
        .with_htk(case.text("htk").is_some())
        .with_norm(if case.text("norm") == Some("none") { MelNorm::None } else { MelNorm::Slaney })
        .with_fmax(case.number("fmax"));
    config.power = case.number("power").unwrap_or(config.power);
    config.n_mels = case.number("n_mels").unwrap_or(config.n_mels);
    config.fmin = case.number("fmin").unwrap_or(config.fmin);
    config
}

fn db(case: &Case) -> DbConfig {
    let mut config = DbConfig::default();
    config.reference = match case.text("ref") {
        None => config.reference,
        Some("max") => DbReference::Max,
        Some(number) => DbReference::Value(number.parse().unwrap()),
    };
    config.amin = case.number("amin").unwrap_or(config.amin);
    config.top_db = match case.text("top_db") {
        Some("none") => None,
        _ => case.number("top_db").or(config.top_db),
    };
    config
}

fn mfcc(case: &Case) -> MfccConfig {
    let mut config = MfccConfig::new(1).with_mel(mel(case)).with_db(db(case));
    config.n_mfcc = case.number("n_mfcc").unwrap_or(config.n_mfcc);
    config.dct_type = case.number("dct_type").unwrap_or(config.dct_type);
    config.lifter = case.number("lifter").unwrap_or(config.lifter);
    if case.text("dct_norm") == Some("none") {
        config.norm = DctNorm::None;
    }
    config
}

fn istft(case: &Case) -> Matrix<f64> {
    let stft = stft(case);
    let mut spectrogram = stft.stft_f64(&case.samples_f64()).unwrap();
    for part in [&mut spectrogram.re, &mut spectrogram.im] {
        let cols = part.cols();
        for (i, value) in part.as_mut_slice().iter_mut().enumerate() {
            let (k, t) = (i / cols, i % cols);
            *value *= (((7 * k + 3 * t) % 5) as f64 - 2.0) / 2.0;
        }
    }
    let samples = stft.istft_f64(&spectrogram, case.number("length")).unwrap();
    let length = samples.len();
    Matrix::from_vec(samples, 1, length).unwrap()
}

fn compute(case: &Case) -> Matrix<f64> {
    let samples = case.samples_f64();
    match case.feature.as_str() {
        "stft_re" => stft(case).stft_f64(&samples).unwrap().re,
        "stft_im" => stft(case).stft_f64(&samples).unwrap().im,
        "magnitude" => stft(case).magnitude_f64(&samples).unwrap(),
        "power" => stft(case).power_f64(&samples).unwrap(),
        "istft" => istft(case),
        "filters" => {
            let filters = MelFilterBank::new(&mel(case)).unwrap().to_dense().unwrap();
            let (rows, cols) = (filters.rows(), filters.cols());
            let weights = filters.into_vec().into_iter().map(f64::from).collect();
            Matrix::from_vec(weights, rows, cols).unwrap()
        }
        "mel" => MelSpectrogram::new(&mel(case)).unwrap().compute_f64(&samples).unwrap(),
        "logmel" => {
            let config = LogMelConfig::new(1).with_mel(mel(case)).with_db(db(case));
            LogMel::new(&config).unwrap().compute_f64(&samples).unwrap()
        }
        "mfcc" => Mfcc::new(&mfcc(case)).unwrap().compute_f64(&samples).unwrap(),
        other => panic!("feature {other}"),
    }
}

/// The absolute tolerance.
fn tolerance(case: &Case) -> f64 {
    match case.feature.as_str() {
        "filters" => 0.0,
        "logmel" | "mfcc" => 1e-9,
        _ => 1e-12 * case.peak,
    }
}

#[test]
fn equal_to_librosa() {
    let cases = cases(include_bytes!("golden/double.bin"));
    assert!(cases.len() > 100, "only {} cases", cases.len());
    hold(&cases, compute, tolerance);
}
