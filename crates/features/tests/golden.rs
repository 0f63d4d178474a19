//! Equality with librosa 0.11 on the values that golden/generate.py made, within: STFT 1e-6 of the peak, mel 1e-5
//! of the array's maximum, decibels 1e-4, MFCC 1e-3.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use std::collections::BTreeMap;

use common::signal;
use soundalike_features::{
    DbConfig, LogMel, LogMelConfig, Matrix, MelConfig, MelFilterBank, MelNorm, MelSpectrogram, Mfcc,
    MfccConfig, PadMode, Stft, StftConfig, Window,
};

struct Case {
    name: String,
    feature: String,
    keys: BTreeMap<String, String>,
    rows: usize,
    cols: usize,
    row_step: usize,
    col_step: usize,
    peak: f32,
    values: Vec<f32>,
}

impl Case {
    fn number<T: std::str::FromStr>(&self, key: &str) -> Option<T> {
        let text = self.keys.get(key)?;
        Some(text.parse().unwrap_or_else(|_| panic!("{}: {key}", self.name)))
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.keys.get(key).map(String::as_str)
    }

    fn samples(&self) -> Vec<f32> {
        signal(self.text("signal").unwrap(), self.number("sr").unwrap(), self.number("n").unwrap())
    }

    fn stft(&self) -> StftConfig {
        let mut config = StftConfig::default()
            .with_win_length(self.number("win_length"))
            .with_center(self.text("no_center").is_none())
            .with_pad_mode(match self.text("pad_mode") {
                None => PadMode::Zeros,
                Some("reflect") => PadMode::Reflect,
                Some("edge") => PadMode::Edge,
                Some(other) => panic!("pad_mode {other}"),
            })
            .with_window(match self.text("window") {
                None => Window::Hann,
                Some("hamming") => Window::Hamming,
                Some("blackman") => Window::Blackman,
                Some("rectangular") => Window::Rectangular,
                Some(other) => panic!("window {other}"),
            });
        config.n_fft = self.number("n_fft").unwrap_or(config.n_fft);
        config.hop_length = self.number("hop_length").unwrap_or(config.hop_length);
        config
    }

    fn mel(&self) -> MelConfig {
        let mut config = MelConfig::new(self.number("sr").unwrap())
            .with_stft(self.stft())
            .with_htk(self.text("htk").is_some())
            .with_norm(if self.text("norm") == Some("none") { MelNorm::None } else { MelNorm::Slaney })
            .with_fmax(self.number("fmax"));
        config.power = self.number("power").unwrap_or(config.power);
        config.n_mels = self.number("n_mels").unwrap_or(config.n_mels);
        config.fmin = self.number("fmin").unwrap_or(config.fmin);
        config
    }

    fn db(&self) -> DbConfig {
        let mut config = DbConfig::default();
        config.reference = self.number("ref").unwrap_or(config.reference);
        config.amin = self.number("amin").unwrap_or(config.amin);
        match self.text("top_db") {
            Some("none") => config.with_top_db(None),
            _ => {
                let top_db = self.number("top_db").or(config.top_db);
                config.with_top_db(top_db)
            }
        }
    }

    fn mfcc(&self) -> MfccConfig {
        let mut config = MfccConfig::new(self.number("sr").unwrap()).with_mel(self.mel()).with_db(self.db());
        config.n_mfcc = self.number("n_mfcc").unwrap_or(config.n_mfcc);
        config
    }

    fn compute(&self) -> Matrix {
        let samples = self.samples();
        match self.feature.as_str() {
            "stft_re" => Stft::new(&self.stft()).unwrap().stft(&samples).unwrap().re,
            "stft_im" => Stft::new(&self.stft()).unwrap().stft(&samples).unwrap().im,
            "magnitude" => Stft::new(&self.stft()).unwrap().magnitude(&samples).unwrap(),
            "filters" => MelFilterBank::new(&self.mel()).unwrap().to_dense().unwrap(),
            "mel" => MelSpectrogram::new(&self.mel()).unwrap().compute(&samples).unwrap(),
            "logmel" => {
                let config = LogMelConfig::new(1).with_mel(self.mel()).with_db(self.db());
                LogMel::new(&config).unwrap().compute(&samples).unwrap()
            }
            "mfcc" => Mfcc::new(&self.mfcc()).unwrap().compute(&samples).unwrap(),
            other => panic!("feature {other}"),
        }
    }

    /// The absolute tolerance.
    fn tolerance(&self) -> f32 {
        match self.feature.as_str() {
            "stft_re" | "stft_im" | "magnitude" => 1e-6 * self.peak,
            "filters" => 1e-6 * self.peak,
            "mel" => 1e-5 * self.peak,
            "logmel" => 1e-4,
            _ => 1e-3,
        }
    }

    /// The largest difference, and whether shape and all values agree.
    fn deviation(&self) -> f32 {
        let got = self.compute();
        assert_eq!((got.rows(), got.cols()), (self.rows, self.cols), "{}", self.name);
        let mut want = self.values.iter();
        let mut worst = 0f32;
        for r in kept(self.rows, self.row_step) {
            for c in kept(self.cols, self.col_step) {
                let difference = (got.get(r, c).unwrap() - want.next().unwrap()).abs();
                assert!(difference.is_finite(), "{} [{r}, {c}]", self.name);
                worst = worst.max(difference);
            }
        }
        assert_eq!(want.next(), None);
        worst
    }
}

/// Every step-th index, and the last.
fn kept(length: usize, step: usize) -> Vec<usize> {
    let mut index: Vec<usize> = (0..length).step_by(step).collect();
    if index.last() != Some(&(length - 1)) {
        index.push(length - 1);
    }
    index
}

fn cases() -> Vec<Case> {
    let mut rest: &[u8] = include_bytes!("golden/golden.bin");
    let mut cases = Vec::new();
    while !rest.is_empty() {
        let end = rest.iter().position(|b| *b == b'\n').unwrap();
        let name = std::str::from_utf8(&rest[..end]).unwrap().to_owned();
        rest = &rest[end + 1..];
        let mut next = || {
            let (word, after) = rest.split_first_chunk::<4>().unwrap();
            rest = after;
            *word
        };
        let mut size = || u32::from_le_bytes(next()) as usize;
        let (rows, cols, row_step, col_step) = (size(), size(), size(), size());
        let peak = f32::from_le_bytes(next());
        let count = kept(rows, row_step).len() * kept(cols, col_step).len();
        let values = (0..count).map(|_| f32::from_le_bytes(next())).collect();
        let mut words = name.split(' ');
        let feature = words.next().unwrap().to_owned();
        let keys = words
            .map(|word| word.split_once('=').unwrap())
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        cases.push(Case { name, feature, keys, rows, cols, row_step, col_step, peak, values });
    }
    cases
}

#[test]
fn equal_to_librosa() {
    let cases = cases();
    assert!(cases.len() > 100, "only {} cases", cases.len());
    let mut worst: BTreeMap<&str, (f32, &str)> = BTreeMap::new();
    let mut failed = Vec::new();
    for case in &cases {
        let deviation = case.deviation();
        let part = if deviation == 0.0 { 0.0 } else { deviation / case.tolerance() };
        let entry = worst.entry(&case.feature).or_insert((0.0, ""));
        if part >= entry.0 {
            *entry = (part, &case.name);
        }
        if deviation > case.tolerance() {
            failed.push(format!("{}: {deviation:e}, allowed {:e}", case.name, case.tolerance()));
        }
    }
    for (feature, (part, name)) in worst {
        println!("{feature}: worst at {:.1} % of the tolerance, in {name}", 100.0 * part);
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
