//! Equality with librosa 0.11 on the values that golden/generate.py made, within: STFT 1e-6 of the peak, mel 1e-5
//! of the array's maximum, decibels 1e-4, MFCC 1e-3.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::golden::{Case, cases, hold};
use soundalike_features::{
    DbConfig, LogMel, LogMelConfig, Matrix, MelConfig, MelFilterBank, MelNorm, MelSpectrogram, Mfcc,
    MfccConfig, PadMode, Stft, StftConfig, Window,
};

fn stft(case: &Case) -> StftConfig {
    let mut config = StftConfig::default()
        .with_win_length(case.number("win_length"))
        .with_center(case.text("no_center").is_none())
        .with_periodic(case.text("symmetric").is_none())
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
            Some("kaiser") => Window::Kaiser { beta: case.number("beta").unwrap() },
            Some(other) => panic!("window {other}"),
        });
    config.n_fft = case.number("n_fft").unwrap_or(config.n_fft);
    config.hop_length = case.number("hop_length").unwrap_or(config.hop_length);
    config
}

fn mel(case: &Case) -> MelConfig {
    let mut config = MelConfig::new(case.sample_rate())
        .with_stft(stft(case))
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
    config.reference = case.number::<f32>("ref").map_or(config.reference, Into::into);
    config.amin = case.number("amin").unwrap_or(config.amin);
    match case.text("top_db") {
        Some("none") => config.with_top_db(None),
        _ => {
            let top_db = case.number("top_db").or(config.top_db);
            config.with_top_db(top_db)
        }
    }
}

fn mfcc(case: &Case) -> MfccConfig {
    let mut config = MfccConfig::new(case.sample_rate()).with_mel(mel(case)).with_db(db(case));
    config.n_mfcc = case.number("n_mfcc").unwrap_or(config.n_mfcc);
    config
}

fn compute(case: &Case) -> Matrix {
    let samples = case.samples();
    match case.feature.as_str() {
        "stft_re" => Stft::new(&stft(case)).unwrap().stft(&samples).unwrap().re,
        "stft_im" => Stft::new(&stft(case)).unwrap().stft(&samples).unwrap().im,
        "magnitude" => Stft::new(&stft(case)).unwrap().magnitude(&samples).unwrap(),
        "filters" => MelFilterBank::new(&mel(case)).unwrap().to_dense().unwrap(),
        "mel" => MelSpectrogram::new(&mel(case)).unwrap().compute(&samples).unwrap(),
        "logmel" => {
            let config = LogMelConfig::new(1).with_mel(mel(case)).with_db(db(case));
            LogMel::new(&config).unwrap().compute(&samples).unwrap()
        }
        "mfcc" => Mfcc::new(&mfcc(case)).unwrap().compute(&samples).unwrap(),
        other => panic!("feature {other}"),
    }
}

/// The absolute tolerance.
fn tolerance(case: &Case) -> f32 {
    match case.feature.as_str() {
        "stft_re" | "stft_im" | "magnitude" => 1e-6 * case.peak,
        "filters" => 1e-6 * case.peak,
        "mel" => 1e-5 * case.peak,
        "logmel" => 1e-4,
        _ => 1e-3,
    }
}

#[test]
fn equal_to_librosa() {
    let cases = cases(include_bytes!("golden/golden.bin"));
    assert!(cases.len() > 100, "only {} cases", cases.len());
    hold(&cases, compute, tolerance);
}
