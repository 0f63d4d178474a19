use crate::{Error, Matrix, check};

/// Cepstral mean normalisation over a whole clip, in place: each row less its mean.
///
/// # Errors
/// [`Error::EmptyInput`] for no values, [`Error::NonFinite`]; the values are then unchanged.
pub fn cmn(features: &mut Matrix) -> Result<(), Error> {
    normalise(features, false)
}

/// Cepstral mean and variance normalisation over a whole clip, in place: each row less its mean, over its standard
/// deviation (of the population). A row that does not change becomes zeros.
///
/// ```
/// use soundalike_features::{Matrix, cmvn};
///
/// let mut features = Matrix::new(vec![1.0, 5.0, 3.0, 3.0], 2, 2)?;
/// cmvn(&mut features)?;
/// assert_eq!(features.as_slice(), [-1.0, 1.0, 0.0, 0.0]);
/// # Ok::<(), soundalike_features::Error>(())
/// ```
///
/// # Errors
/// As [`cmn`].
pub fn cmvn(features: &mut Matrix) -> Result<(), Error> {
    normalise(features, true)
}

fn normalise(features: &mut Matrix, norm_vars: bool) -> Result<(), Error> {
    if features.is_empty() {
        return Err(Error::EmptyInput);
    }
    check::finite(features.as_slice())?;
    let cols = features.cols();
    for row in features.as_mut_slice().chunks_exact_mut(cols) {
        let mean = mean(row);
        let scale = if norm_vars {
            let squares: f64 = row.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum();
            if squares > 0.0 { (cols as f64 / squares).sqrt() } else { 0.0 }
        } else {
            1.0
        };
        for value in row {
            *value = ((f64::from(*value) - mean) * scale) as f32;
        }
    }
    Ok(())
}

fn mean(row: &[f32]) -> f64 {
    row.iter().map(|v| f64::from(*v)).sum::<f64>() / row.len().max(1) as f64
}

/// The parameters of [`SlidingCmn`]; the names and defaults are torchaudio's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct SlidingCmnConfig {
    /// Frames in the window, at least 1. Default 600.
    pub cmn_window: usize,
    /// Frames in the window at the start, at least 1: the first frames look ahead so far. Not used if centred.
    /// Default 100.
    pub min_cmn_window: usize,
    /// Whether the window is centred on the frame, as far as the ends allow, or ends with it. Default false.
    pub center: bool,
    /// Whether the variance is normalised too. Default false.
    pub norm_vars: bool,
}

impl Default for SlidingCmnConfig {
    fn default() -> Self {
        Self { cmn_window: 600, min_cmn_window: 100, center: false, norm_vars: false }
    }
}

impl SlidingCmnConfig {
    /// Sets the frames in the window.
    #[must_use]
    pub fn with_cmn_window(mut self, cmn_window: usize) -> Self {
        self.cmn_window = cmn_window;
        self
    }

    /// Sets the frames in the window at the start.
    #[must_use]
    pub fn with_min_cmn_window(mut self, min_cmn_window: usize) -> Self {
        self.min_cmn_window = min_cmn_window;
        self
    }

    /// Sets whether the window is centred.
    #[must_use]
    pub fn with_center(mut self, center: bool) -> Self {
        self.center = center;
        self
    }

    /// Sets whether the variance is normalised.
    #[must_use]
    pub fn with_norm_vars(mut self, norm_vars: bool) -> Self {
        self.norm_vars = norm_vars;
        self
    }

    /// The window of frame `t` of `frames`, first and one after the last, by Kaldi's rules. One that ends with its
    /// frame has `cmn_window` frames before it, so one more in all.
    fn window(&self, t: usize, frames: usize) -> (usize, usize) {
        let (start, end) = if self.center {
            let start = t.saturating_sub(self.cmn_window / 2);
            (start, start.saturating_add(self.cmn_window))
        } else {
            (t.saturating_sub(self.cmn_window), (t + 1).max(self.min_cmn_window))
        };
        // At the end of the clip the window stops moving.
        (start.saturating_sub(end.saturating_sub(frames)), end.min(frames))
    }
}

/// Cepstral mean normalisation in a sliding window (`torchaudio.functional.sliding_window_cmn`, Kaldi's
/// `apply-cmvn-sliding`): each value less the mean of its row over the window of its frame, and with `norm_vars` over
/// the standard deviation there.
///
/// Where a row does not change within the window, or the window is a single frame, `norm_vars` gives zero
/// (torchaudio: NaN). Features are `[coefficient x frame]`, as everywhere here; torchaudio takes them the other way
/// round.
#[derive(Debug, Clone)]
pub struct SlidingCmn {
    config: SlidingCmnConfig,
}

impl SlidingCmn {
    /// Checks the configuration.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a window of no frames.
    pub fn new(config: &SlidingCmnConfig) -> Result<Self, Error> {
        for (parameter, value) in
            [("cmn_window", config.cmn_window), ("min_cmn_window", config.min_cmn_window)]
        {
            if value == 0 {
                return Err(Error::config(parameter, 0.0, "at least 1"));
            }
        }
        Ok(Self { config: config.clone() })
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &SlidingCmnConfig {
        &self.config
    }

    /// The normalised features, in the shape of `features`.
    ///
    /// # Errors
    /// [`Error::EmptyInput`] for no values, [`Error::NonFinite`].
    pub fn compute(&self, features: &Matrix) -> Result<Matrix, Error> {
        let mut out = Matrix::default();
        self.compute_into(features, &mut out)?;
        Ok(out)
    }

    /// [`Self::compute`] into `out`, which gets the shape of `features`. Allocates nothing once `out` is large
    /// enough.
    ///
    /// # Errors
    /// As [`Self::compute`].
    pub fn compute_into(&self, features: &Matrix, out: &mut Matrix) -> Result<(), Error> {
        if features.is_empty() {
            return Err(Error::EmptyInput);
        }
        check::finite(features.as_slice())?;
        out.reshape(features.rows(), features.cols())?;
        for (x, y) in features.iter_rows().zip(out.as_mut_slice().chunks_exact_mut(features.cols())) {
            self.row(x, y);
        }
        Ok(())
    }

    fn row(&self, x: &[f32], y: &mut [f32]) {
        let at = |i: usize| x.get(i).map_or(0.0, |v| f64::from(*v));
        let (mut sum, mut squares) = (Sum::default(), Sum::default());
        let (mut start, mut end) = (0, 0);
        for (t, out) in y.iter_mut().enumerate() {
            // Neither end ever moves back.
            let (new_start, new_end) = self.config.window(t, x.len());
            for value in (end..new_end).map(at) {
                sum.add(value);
                squares.add(value * value);
            }
            for value in (start..new_start).map(at) {
                sum.add(-value);
                squares.add(-value * value);
            }
            (start, end) = (new_start, new_end);
            let count = (end - start) as f64;
            let mean = sum.value() / count;
            let mut value = at(t) - mean;
            if self.config.norm_vars {
                let around = squares.around(&sum, mean, count);
                // What is less than this is rounding.
                let changes = around > 1e-28 * squares.value();
                value *= if changes { (count / around).sqrt() } else { 0.0 };
            }
            *out = value as f32;
        }
    }
}

/// A sum that keeps what rounding takes from it, so that what was added can be taken away again.
#[derive(Default)]
struct Sum {
    high: f64,
    low: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        let sum = self.high + value;
        let part = sum - self.high;
        self.low += (self.high - (sum - part)) + (value - part);
        self.high = sum;
    }

    fn value(&self) -> f64 {
        self.high + self.low
    }

    /// With `self` the sum of squares of the `count` values that `sum` is the sum of: the sum of the squares of
    /// their differences from `mean`, which is `sum / count` but for its rounding.
    ///
    /// Products are taken with what rounding leaves of them (by the fused multiplication), or values far from zero
    /// would leave nothing of their differences.
    fn around(&self, sum: &Self, mean: f64, count: f64) -> f64 {
        let total = count * mean;
        let off = (sum.high - total) - count.mul_add(mean, -total) + sum.low;
        let product = mean * sum.high;
        let rest = mean.mul_add(sum.high, -product);
        (self.high - product) + (self.low - rest - mean * (sum.low + off))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Kaldi's rules, literally, and a sum over each window.
    fn naive(x: &[f32], config: &SlidingCmnConfig) -> Vec<f64> {
        let (frames, window, least) =
            (x.len() as i64, config.cmn_window as i64, config.min_cmn_window as i64);
        (0..frames)
            .map(|t| {
                let mut start = if config.center { t - window / 2 } else { t - window };
                let mut end = if config.center { start + window } else { t + 1 };
                if start < 0 {
                    end -= start;
                    start = 0;
                }
                if !config.center && end > t {
                    end = least.max(t + 1);
                }
                if end > frames {
                    start = (start - (end - frames)).max(0);
                    end = frames;
                }
                let values: Vec<f64> =
                    x[start as usize..end as usize].iter().map(|v| f64::from(*v)).collect();
                let count = values.len() as f64;
                let mean = values.iter().sum::<f64>() / count;
                let value = f64::from(x[t as usize]) - mean;
                let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
                match config.norm_vars {
                    false => value,
                    true if variance == 0.0 => 0.0,
                    true => value / variance.sqrt(),
                }
            })
            .collect()
    }

    proptest! {
        #[test]
        fn as_kaldi_has_it(
            x in prop::collection::vec(-1.0f32..1.0, 1..80),
            offset in prop_oneof![Just(0.0f32), -100.0f32..100.0],
            cmn_window in 1usize..50,
            min_cmn_window in 1usize..50,
            center: bool,
            norm_vars: bool,
        ) {
            let x: Vec<f32> = x.iter().map(|v| v + offset).collect();
            let config = SlidingCmnConfig { cmn_window, min_cmn_window, center, norm_vars };
            let cmn = SlidingCmn::new(&config).unwrap();
            let got = cmn.compute(&Matrix::new(x.clone(), 1, x.len()).unwrap()).unwrap();
            for (got, want) in got.as_slice().iter().zip(naive(&x, &config)) {
                prop_assert!((f64::from(*got) - want).abs() <= 1e-6 * want.abs().max(1.0), "{} {}", got, want);
            }
        }

        #[test]
        fn a_whole_clip(x in prop::collection::vec(-1.0f32..1.0, 2..80), offset in -1e3f32..1e3) {
            let x: Vec<f32> = x.iter().map(|v| v + offset).collect();
            let mean = x.iter().map(|v| f64::from(*v)).sum::<f64>() / x.len() as f64;
            let variance = x.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / x.len() as f64;
            prop_assume!(variance > 0.0);
            let whole = Matrix::new(x.clone(), 1, x.len()).unwrap();
            let (mut means, mut both) = (whole.clone(), whole);
            cmn(&mut means).unwrap();
            cmvn(&mut both).unwrap();
            for ((v, a), b) in x.iter().zip(means.as_slice()).zip(both.as_slice()) {
                let want = f64::from(*v) - mean;
                prop_assert!((f64::from(*a) - want).abs() <= 1e-6 * want.abs() + 1e-9);
                let want = want / variance.sqrt();
                prop_assert!((f64::from(*b) - want).abs() <= 1e-6 * want.abs() + 1e-6);
            }
        }
    }

    #[test]
    fn what_does_not_change_is_zero() {
        for value in [0.0, 0.1, -1e-30, 7e20, f32::MAX] {
            let mut row = Matrix::new(vec![value; 700], 1, 700).unwrap();
            for center in [false, true] {
                for norm_vars in [false, true] {
                    let config = SlidingCmnConfig::default().with_center(center).with_norm_vars(norm_vars);
                    let out = SlidingCmn::new(&config).unwrap().compute(&row).unwrap();
                    assert!(out.as_slice().iter().all(|v| *v == 0.0), "{value}");
                }
            }
            cmvn(&mut row).unwrap();
            assert!(row.as_slice().iter().all(|v| *v == 0.0), "{value}");
        }
    }

    /// A loud frame leaves nothing behind in the windows after it.
    #[test]
    fn what_leaves_the_window_is_gone() {
        let mut x = vec![1e10f32; 3];
        x.extend((0..50).map(|i| (i as f32).sin()));
        for norm_vars in [false, true] {
            let config = SlidingCmnConfig::default()
                .with_cmn_window(5)
                .with_min_cmn_window(1)
                .with_norm_vars(norm_vars);
            let row = Matrix::new(x.clone(), 1, x.len()).unwrap();
            let got = SlidingCmn::new(&config).unwrap().compute(&row).unwrap();
            for (got, want) in got.as_slice().iter().zip(naive(&x, &config)).skip(9) {
                assert!((f64::from(*got) - want).abs() < 1e-6, "{got} instead of {want}");
            }
        }
    }
}
