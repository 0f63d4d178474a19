//! Equality with librosa 0.11 and torchaudio 2.11 on the values that golden/dsp.py and golden/dsp_torchaudio.py made.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use common::golden::{Case, cases, hold};
use soundalike_features::{
    AmplitudeDbConfig, DbConfig, DbReference, DctNorm, Delta, DeltaConfig, DeltaMode, Matrix, MelConfig,
    MelSpectrogram, Mfcc, MfccConfig, Pcen, PcenConfig, SlidingCmn, SlidingCmnConfig, Stft, StftConfig,
    Window, compute_deltas, db_to_amplitude, db_to_power, deemphasis, power_to_db_batch, preemphasis,
};

/// The signal, cut into rows.
fn rows(case: &Case) -> Matrix {
    let mut samples = case.samples();
    let rows: usize = case.number("rows").unwrap();
    let cols = samples.len() / rows;
    samples.truncate(rows * cols);
    Matrix::new(samples, rows, cols).unwrap()
}

fn row(samples: Vec<f32>) -> Matrix {
    let cols = samples.len();
    Matrix::new(samples, 1, cols).unwrap()
}

fn istft(case: &Case) -> Matrix {
    let window = match case.text("window") {
        None => Window::Hann,
        Some("hamming") => Window::Hamming,
        Some("blackman") => Window::Blackman,
        Some("rectangular") => Window::Rectangular,
        Some(other) => panic!("window {other}"),
    };
    let config = StftConfig::default()
        .with_n_fft(case.number("n_fft").unwrap_or(2048))
        .with_hop_length(case.number("hop_length").unwrap_or(512))
        .with_win_length(case.number("win_length"))
        .with_center(case.text("no_center").is_none())
        .with_window(window);
    let stft = Stft::new(&config).unwrap();
    let mut spectrogram = stft.stft(&case.samples()).unwrap();
    for part in [&mut spectrogram.re, &mut spectrogram.im] {
        if case.text("plain").is_some() {
            continue;
        }
        let cols = part.cols();
        for (i, value) in part.as_mut_slice().iter_mut().enumerate() {
            *value *= ((7 * (i / cols) + 3 * (i % cols)) % 5) as f32 / 2.0 - 1.0;
        }
    }
    row(stft.istft(&spectrogram, case.number("length")).unwrap())
}

fn reference(case: &Case) -> DbReference {
    match case.text("ref") {
        Some("max") => DbReference::Max,
        _ => case.number("ref").unwrap_or(1.0).into(),
    }
}

fn top_db(case: &Case) -> Option<f32> {
    match case.text("top_db") {
        Some("none") => None,
        _ => case.number("top_db").or(Some(80.0)),
    }
}

fn power_db(case: &Case) -> DbConfig {
    let amin = case.number("amin").unwrap_or(1e-10);
    DbConfig::default().with_reference(reference(case)).with_top_db(top_db(case)).with_amin(amin)
}

fn mel(case: &Case, power: f32, scale: f32) -> Matrix {
    let samples: Vec<f32> = case.samples().iter().map(|v| v * scale).collect();
    let config = MelConfig::new(case.sample_rate()).with_power(power);
    MelSpectrogram::new(&config).unwrap().compute(&samples).unwrap()
}

fn batch(case: &Case) -> Matrix {
    let mut clips = [1.0, 0.01].map(|scale| mel(case, 2.0, scale));
    power_to_db_batch(&mut clips, &power_db(case)).unwrap();
    let (rows, cols) = (clips[0].rows(), clips[0].cols());
    Matrix::new(clips.map(Matrix::into_vec).concat(), 2 * rows, cols).unwrap()
}

fn decibels(case: &Case) -> Vec<f32> {
    rows(case).into_vec().iter().map(|v| 60.0 * v).collect()
}

fn mfcc(case: &Case) -> Matrix {
    let mel = MelConfig::new(case.sample_rate()).with_n_mels(case.number("n_mels").unwrap_or(128));
    let config = MfccConfig::new(case.sample_rate())
        .with_mel(mel)
        .with_n_mfcc(case.number("n_mfcc").unwrap_or(20))
        .with_dct_type(case.number("dct_type").unwrap_or(2))
        .with_norm(if case.text("norm") == Some("none") { DctNorm::None } else { DctNorm::Ortho })
        .with_lifter(case.number("lifter").unwrap_or(0.0));
    Mfcc::new(&config).unwrap().compute(&case.samples()).unwrap()
}

fn delta(case: &Case, data: &Matrix) -> Matrix {
    let mode = match case.text("mode") {
        None | Some("interp") => DeltaMode::Interp,
        Some("nearest") => DeltaMode::Nearest,
        Some("mirror") => DeltaMode::Mirror,
        Some("constant") => DeltaMode::Constant,
        Some("wrap") => DeltaMode::Wrap,
        Some(other) => panic!("mode {other}"),
    };
    let config = DeltaConfig::default()
        .with_width(case.number("width").unwrap_or(9))
        .with_order(case.number("order").unwrap_or(1))
        .with_mode(mode);
    Delta::new(&config).unwrap().compute(data).unwrap()
}

fn pcen(case: &Case) -> Matrix {
    let default = PcenConfig::default();
    let config = PcenConfig::default()
        .with_sample_rate(case.sample_rate())
        .with_hop_length(case.number("hop_length").unwrap_or(default.hop_length))
        .with_gain(case.number("gain").unwrap_or(default.gain))
        .with_bias(case.number("bias").unwrap_or(default.bias))
        .with_power(case.number("power").unwrap_or(default.power))
        .with_time_constant(case.number("time_constant").unwrap_or(default.time_constant))
        .with_eps(case.number("eps").unwrap_or(default.eps))
        .with_b(case.number("b"));
    let mut energies = mel(case, 1.0, 1.0);
    let scale: f32 = case.number("scale").unwrap_or(1.0);
    for value in energies.as_mut_slice() {
        *value *= scale;
    }
    Pcen::new(&config).unwrap().compute(&energies).unwrap()
}

fn sliding_window_cmn(case: &Case) -> Matrix {
    let default = SlidingCmnConfig::default();
    let config = SlidingCmnConfig::default()
        .with_cmn_window(case.number("cmn_window").unwrap_or(default.cmn_window))
        .with_min_cmn_window(case.number("min_cmn_window").unwrap_or(default.min_cmn_window))
        .with_center(case.text("center").is_some())
        .with_norm_vars(case.text("norm_vars").is_some());
    let mut features = rows(case);
    let offset: f32 = case.number("offset").unwrap_or(0.0);
    for value in features.as_mut_slice() {
        *value += offset;
    }
    SlidingCmn::new(&config).unwrap().compute(&features).unwrap()
}

fn compute(case: &Case) -> Matrix {
    match case.feature.as_str() {
        "istft" => istft(case),
        "power_db" => {
            let mut out = mel(case, 2.0, 1.0);
            out.power_to_db(&power_db(case)).unwrap();
            out
        }
        "amplitude_db" => {
            let config =
                AmplitudeDbConfig::default().with_reference(reference(case)).with_top_db(top_db(case));
            let mut out = mel(case, 1.0, 1.0);
            out.amplitude_to_db(&config.with_amin(case.number("amin").unwrap_or(1e-5))).unwrap();
            out
        }
        "power_db_batch" => batch(case),
        "db_to_power" | "db_to_amplitude" => {
            let mut values = decibels(case);
            let convert = if case.feature == "db_to_power" { db_to_power } else { db_to_amplitude };
            convert(&mut values, case.number("ref").unwrap_or(1.0)).unwrap();
            let rows = case.number("rows").unwrap();
            let cols = values.len() / rows;
            Matrix::new(values, rows, cols).unwrap()
        }
        "mfcc" => mfcc(case),
        "delta" => delta(case, &rows(case)),
        "mfcc_delta" => delta(case, &mfcc(case)),
        "pcen" => pcen(case),
        "preemphasis" | "deemphasis" => {
            let mut samples = case.samples();
            let filter = if case.feature == "preemphasis" { preemphasis } else { deemphasis };
            filter(&mut samples, case.number("coef").unwrap(), None).unwrap();
            row(samples)
        }
        "compute_deltas" => compute_deltas(&rows(case), case.number("win_length").unwrap()).unwrap(),
        "sliding_window_cmn" => sliding_window_cmn(case),
        other => panic!("feature {other}"),
    }
}

/// The absolute tolerance.
fn tolerance(case: &Case) -> f32 {
    match case.feature.as_str() {
        "power_db" | "amplitude_db" | "power_db_batch" => 1e-4,
        // Without a norm all values are larger, as far as by the root of twice the bands; a lifter multiplies them.
        "mfcc" if case.text("norm") == Some("none") => {
            1e-3 * (2.0 * case.number("n_mels").unwrap_or(128.0f32)).sqrt()
        }
        "mfcc" => 1e-3 * (1.0 + case.number("lifter").unwrap_or(0.0f32) / 2.0),
        "mfcc_delta" => 1e-3,
        "pcen" => 1e-5 * case.peak,
        // scipy leaves rounding where a derivative is zero.
        "delta" => 1e-6 * case.peak.max(1e-9),
        _ => 1e-6 * case.peak,
    }
}

#[test]
fn equal_to_librosa() {
    let cases = cases(include_bytes!("golden/dsp.bin"));
    assert!(cases.len() > 150, "only {} cases", cases.len());
    hold(&cases, compute, tolerance);
}

#[test]
fn equal_to_torchaudio() {
    let cases = cases(include_bytes!("golden/dsp_torchaudio.bin"));
    assert!(cases.len() > 50, "only {} cases", cases.len());
    hold(&cases, compute, tolerance);
}
