//! Reads the golden files; golden/common.py tells the format. Values are `f32`, in double.bin `f64`.

use std::collections::BTreeMap;

use soundalike_features::Matrix;

use super::{signal, signal_f64};

/// One result of the reference, of which every `row_step`-th row and `col_step`-th column is kept.
pub(crate) struct Case<T = f32> {
    /// The whole line.
    pub(crate) name: String,
    /// Its first word.
    pub(crate) feature: String,
    keys: BTreeMap<String, String>,
    rows: usize,
    cols: usize,
    row_step: usize,
    col_step: usize,
    /// Largest magnitude of the whole result.
    pub(crate) peak: T,
    values: Vec<T>,
}

/// What a golden file holds.
pub(crate) trait Value: Copy + Default + Into<f64> {
    /// The first value of `bytes`, and the rest.
    fn read(bytes: &[u8]) -> (Self, &[u8]);
}

impl Value for f32 {
    fn read(bytes: &[u8]) -> (Self, &[u8]) {
        let (word, rest) = bytes.split_first_chunk().unwrap();
        (Self::from_le_bytes(*word), rest)
    }
}

impl Value for f64 {
    fn read(bytes: &[u8]) -> (Self, &[u8]) {
        let (word, rest) = bytes.split_first_chunk().unwrap();
        (Self::from_le_bytes(*word), rest)
    }
}

impl<T: Value> Case<T> {
    pub(crate) fn number<N: std::str::FromStr>(&self, key: &str) -> Option<N> {
        let text = self.keys.get(key)?;
        Some(text.parse().unwrap_or_else(|_| panic!("{}: {key}", self.name)))
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.keys.get(key).map(String::as_str)
    }

    pub(crate) fn sample_rate(&self) -> u32 {
        self.number("sr").unwrap()
    }

    pub(crate) fn samples(&self) -> Vec<f32> {
        signal(self.text("signal").unwrap(), self.sample_rate(), self.number("n").unwrap())
    }

    pub(crate) fn samples_f64(&self) -> Vec<f64> {
        signal_f64(self.text("signal").unwrap(), self.sample_rate(), self.number("n").unwrap())
    }

    /// The largest difference from `got`, which must have the same shape and hold numbers alone.
    pub(crate) fn deviation(&self, got: &Matrix<T>) -> f64 {
        assert_eq!((got.rows(), got.cols()), (self.rows, self.cols), "{}", self.name);
        let mut want = self.values.iter();
        let mut worst = 0f64;
        for r in kept(self.rows, self.row_step) {
            for c in kept(self.cols, self.col_step) {
                let (got, want): (f64, f64) = (got.get(r, c).unwrap().into(), (*want.next().unwrap()).into());
                let difference = (got - want).abs();
                assert!(difference.is_finite(), "{} [{r}, {c}]", self.name);
                worst = worst.max(difference);
            }
        }
        assert!(want.next().is_none());
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

/// The cases of a golden file.
pub(crate) fn cases<T: Value>(mut rest: &[u8]) -> Vec<Case<T>> {
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
        let mut value = || {
            let (value, after) = T::read(rest);
            rest = after;
            value
        };
        let peak = value();
        let count = kept(rows, row_step).len() * kept(cols, col_step).len();
        let values = (0..count).map(|_| value()).collect();
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

/// Computes every case and holds it to its absolute tolerance. Prints the worst of each feature.
pub(crate) fn hold<T: Value>(
    cases: &[Case<T>],
    compute: impl Fn(&Case<T>) -> Matrix<T>,
    tolerance: impl Fn(&Case<T>) -> T,
) {
    let mut worst: BTreeMap<&str, (f64, &str)> = BTreeMap::new();
    let mut failed = Vec::new();
    for case in cases {
        let (deviation, tolerance) = (case.deviation(&compute(case)), tolerance(case).into());
        let part = if deviation == 0.0 { 0.0 } else { deviation / tolerance };
        let entry = worst.entry(&case.feature).or_insert((0.0, ""));
        if part >= entry.0 {
            *entry = (part, &case.name);
        }
        if deviation > tolerance {
            failed.push(format!("{}: {deviation:e}, allowed {tolerance:e}", case.name));
        }
    }
    for (feature, (part, name)) in worst {
        println!("{feature}: worst at {:.1} % of the tolerance, in {name}", 100.0 * part);
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
