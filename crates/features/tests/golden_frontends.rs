//! Equality with the references' front ends, torchaudio 2.11 and Kaldi on the values that golden/frontends.py made,
//! within: mel 1e-5 of the array's maximum, decibels and other logarithms 1e-4, cepstral coefficients 1e-3; Essentia's
//! own single-precision results within 5e-4.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::golden::{Case, cases, hold};
use soundalike_features::{
    DbConfig, FrontEnd, KaldiFbank, KaldiFbankConfig, KaldiMfcc, KaldiMfccConfig, LogMel, LogMelConfig,
    Matrix, MelConfig, MelNorm, MelScale, MelSpectrogram, Mfcc, MfccConfig, PadMode, StftConfig, Window,
};

fn torch_mel(case: &Case) -> MelConfig {
    let n_fft = case.number("n_fft").unwrap_or(400);
    let win_length: Option<usize> = case.number("win_length");
    let hop_length = case.number("hop_length").unwrap_or(win_length.unwrap_or(n_fft) / 2);
    let stft = StftConfig::default()
        .with_n_fft(n_fft)
        .with_win_length(win_length)
        .with_hop_length(hop_length)
        .with_center(case.text("no_center").is_none())
        .with_pad_mode(if case.text("pad_mode") == Some("zeros") { PadMode::Zeros } else { PadMode::Reflect })
        .with_periodic(case.text("symmetric").is_none())
        .with_window(match case.text("window") {
            None => Window::Hann,
            Some("hamming") => Window::Hamming,
            Some("blackman") => Window::Blackman,
            Some(other) => panic!("window {other}"),
        });
    let slaney = |key| case.text(key) == Some("slaney");
    MelConfig::new(case.sample_rate())
        .with_stft(stft)
        .with_power(case.number("power").unwrap_or(2.0))
        .with_n_mels(case.number("n_mels").unwrap_or(128))
        .with_fmin(case.number("fmin").unwrap_or(0.0))
        .with_fmax(case.number("fmax"))
        .with_scale(if slaney("scale") { MelScale::Slaney } else { MelScale::Htk })
        .with_norm(if slaney("norm") { MelNorm::Slaney } else { MelNorm::None })
}

fn fbank(case: &Case) -> KaldiFbankConfig {
    let mut config = KaldiFbankConfig::default().with_sample_rate(case.sample_rate());
    let set = |value: &mut f64, key| *value = case.number(key).unwrap_or(*value);
    let flag = |value: &mut bool, key| *value = case.number(key).unwrap_or(*value);
    set(&mut config.frame_length, "frame_length");
    set(&mut config.frame_shift, "frame_shift");
    set(&mut config.preemphasis_coefficient, "preemphasis_coefficient");
    set(&mut config.low_freq, "low_freq");
    set(&mut config.high_freq, "high_freq");
    set(&mut config.energy_floor, "energy_floor");
    flag(&mut config.snip_edges, "snip_edges");
    flag(&mut config.remove_dc_offset, "remove_dc_offset");
    flag(&mut config.round_to_power_of_two, "round_to_power_of_two");
    flag(&mut config.use_power, "use_power");
    flag(&mut config.use_log_fbank, "use_log_fbank");
    flag(&mut config.use_energy, "use_energy");
    flag(&mut config.raw_energy, "raw_energy");
    config.num_mel_bins = case.number("num_mel_bins").unwrap_or(config.num_mel_bins);
    config.with_window(match case.text("window_type") {
        None => Window::Povey,
        Some("hanning") => Window::Hann,
        Some("hamming") => Window::Hamming,
        Some("blackman") => Window::Blackman,
        Some("rectangular") => Window::Rectangular,
        Some(other) => panic!("window_type {other}"),
    })
}

fn kaldi_mfcc(case: &Case) -> KaldiMfccConfig {
    let mut config = KaldiMfccConfig::default().with_fbank(fbank(case));
    config.num_ceps = case.number("num_ceps").unwrap_or(config.num_ceps);
    config.cepstral_lifter = case.number("cepstral_lifter").unwrap_or(config.cepstral_lifter);
    config
}

fn compute(case: &Case) -> Matrix {
    let samples = case.samples();
    match case.feature.as_str() {
        "kaldi_fbank" | "native_fbank" => {
            FrontEnd::from(KaldiFbank::new(&fbank(case)).unwrap()).compute(&samples).unwrap()
        }
        "kaldi_mfcc" | "native_mfcc" => {
            FrontEnd::from(KaldiMfcc::new(&kaldi_mfcc(case)).unwrap()).compute(&samples).unwrap()
        }
        "torch_mel" => MelSpectrogram::new(&torch_mel(case)).unwrap().compute(&samples).unwrap(),
        "torch_db" => {
            let db = DbConfig::default();
            let db = if case.text("top_db") == Some("none") { db.with_top_db(None) } else { db };
            let config = LogMelConfig::new(1).with_mel(torch_mel(case)).with_db(db);
            LogMel::new(&config).unwrap().compute(&samples).unwrap()
        }
        "torch_mfcc" => {
            let n_mfcc = case.number("n_mfcc").unwrap();
            let config = MfccConfig::new(1).with_mel(torch_mel(case)).with_n_mfcc(n_mfcc);
            Mfcc::new(&config).unwrap().compute(&samples).unwrap()
        }
        "essentia_run" => front_end("essentia_musicnn", case, &samples),
        name => front_end(name, case, &samples),
    }
}

fn front_end(name: &str, case: &Case, samples: &[f32]) -> Matrix {
    let front_end = match name {
        "librosa" => FrontEnd::librosa(case.sample_rate()).unwrap(),
        name => FrontEnd::by_name(name).unwrap(),
    };
    assert_eq!((front_end.name(), front_end.sample_rate()), (name, case.sample_rate()));
    let Some(count) = case.number::<usize>("patches") else {
        let whole = front_end.compute(samples).unwrap();
        assert_eq!(whole.rows(), front_end.coefficients(), "{}", case.name);
        assert_eq!(whole.cols(), front_end.frames(samples.len()).unwrap(), "{}", case.name);
        return whole;
    };
    let patches = front_end.patches(samples).unwrap();
    assert_eq!(patches.len(), count, "{}", case.name);
    let Some(index) = case.number::<usize>("patch") else {
        // No patch, where the script wrote a zero.
        return Matrix::new(vec![0.0], 1, 1).unwrap();
    };
    let shape = front_end.patch().unwrap();
    for patch in &patches {
        assert_eq!((patch.rows(), patch.cols()), (front_end.coefficients(), shape.frames), "{}", case.name);
    }
    patches[index].clone()
}

/// The absolute tolerance.
fn tolerance(case: &Case) -> f32 {
    match case.feature.as_str() {
        "torch_mel" => 1e-5 * case.peak,
        "kaldi_fbank" if case.text("use_log_fbank") == Some("false") => 1e-5 * case.peak,
        "torch_mfcc" | "kaldi_mfcc" | "native_mfcc" => 1e-3,
        // Essentia's own rounding, against its formula in double precision: 4.7e-4.
        "essentia_run" => 5e-4,
        _ => 1e-4,
    }
}

#[test]
fn equal_to_the_references() {
    let cases = cases(include_bytes!("golden/frontends.bin"));
    for name in FrontEnd::NAMES {
        let of_name = cases.iter().filter(|case| case.feature == name);
        assert!(of_name.count() >= 6, "{name}");
    }
    hold(&cases, compute, tolerance);
}
