#![allow(clippy::needless_range_loop, reason = "an index of several arrays of lanes")]

use std::ops::Range;

use super::{Norm, check_rate};
use crate::check::MAX_N_FFT;
use crate::lanes::{LANES, Lane, add_scaled};
use crate::{Error, Matrix};

/// The most classes that an octave may be cut into.
const MAX_N_CHROMA: usize = 1200;

/// The most weights, of all bins and classes together: 256 MiB of them.
const MAX_WEIGHTS: usize = 1 << 26;

/// Weights under this part of the largest one of their bin count as zero: no sum changes by more than it.
const LEAST: f64 = 1e-9;

/// Bins that are gathered into all classes before the next ones are: a block of frames of them stays in the fastest
/// cache.
const TILE: usize = 256;

/// The parameters of a chroma filter bank; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct ChromaFilterConfig {
    /// Number of pitch classes in an octave, 1 to 1200. Default 12.
    pub n_chroma: usize,
    /// Octave of the centre of the weights' dominance, where A440 lies in octave 4. Default 5.
    pub ctroct: f64,
    /// Octaves from that centre in which the weights fall to 61 %, above 0; `None` for equal weight in all
    /// octaves. Default 2.
    pub octwidth: Option<f64>,
    /// What the weights of each bin are divided by. Default [`Norm::L2`].
    pub norm: Norm,
    /// Whether the first class is C (else A). Default true.
    pub base_c: bool,
}

impl Default for ChromaFilterConfig {
    fn default() -> Self {
        Self { n_chroma: 12, ctroct: 5.0, octwidth: Some(2.0), norm: Norm::L2, base_c: true }
    }
}

impl ChromaFilterConfig {
    /// Sets the number of pitch classes.
    #[must_use]
    pub fn with_n_chroma(mut self, n_chroma: usize) -> Self {
        self.n_chroma = n_chroma;
        self
    }

    /// Sets the octave where the weights are largest.
    #[must_use]
    pub fn with_ctroct(mut self, ctroct: f64) -> Self {
        self.ctroct = ctroct;
        self
    }

    /// Sets how fast the weights fall off from that octave; `None` for not at all.
    #[must_use]
    pub fn with_octwidth(mut self, octwidth: impl Into<Option<f64>>) -> Self {
        self.octwidth = octwidth.into();
        self
    }

    /// Sets what the weights of each bin are divided by.
    #[must_use]
    pub fn with_norm(mut self, norm: Norm) -> Self {
        self.norm = norm;
        self
    }

    /// Sets whether the first class is C.
    #[must_use]
    pub fn with_base_c(mut self, base_c: bool) -> Self {
        self.base_c = base_c;
        self
    }

    fn check(&self) -> Result<(), Error> {
        if !(1..=MAX_N_CHROMA).contains(&self.n_chroma) {
            return Err(Error::config("n_chroma", self.n_chroma as f64, "1 to 1200"));
        }
        if !self.ctroct.is_finite() {
            return Err(Error::config("ctroct", self.ctroct, "a number"));
        }
        if let Some(octwidth) = self.octwidth
            && !(octwidth > 0.0 && octwidth.is_finite())
        {
            return Err(Error::config("octwidth", octwidth, "a number above 0"));
        }
        Ok(())
    }
}

/// Weights that gather the bins of a spectrum into pitch classes (`librosa.filters.chroma`).
///
/// Only what is over 1e-9 of a bin's largest weight is stored, which is about half of all weights.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChromaFilterBank {
    bins: usize,
    n_chroma: usize,
    /// Pieces of rows.
    runs: Vec<Run>,
    weights: Vec<f32>,
    /// What making it needs: all weights, `[bin][class]`, and one bin's distances.
    dense: Vec<f32>,
    column: Vec<f64>,
}

/// Bins next to each other that a class takes.
#[derive(Debug, Clone, PartialEq)]
struct Run {
    class: usize,
    first_bin: usize,
    weights: Range<usize>,
}

impl ChromaFilterBank {
    /// Makes the weights for spectra of `1 + n_fft / 2` bins at a deviation of `tuning` from A440, in parts of a
    /// class (librosa's `tuning`).
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range: `n_fft` is 2 to 2^22, `tuning` at
    /// most ten octaves, and bins times classes are at most 2^26. [`Error::OutOfMemory`] if they do not fit.
    pub fn new(
        config: &ChromaFilterConfig,
        sample_rate: u32,
        n_fft: usize,
        tuning: f64,
    ) -> Result<Self, Error> {
        let mut bank = Self::default();
        bank.fill(config, sample_rate, n_fft, tuning)?;
        (bank.dense, bank.column) = (Vec::new(), Vec::new());
        Ok(bank)
    }

    /// [`Self::new`] in the same memory.
    pub(super) fn fill(
        &mut self,
        config: &ChromaFilterConfig,
        sample_rate: u32,
        n_fft: usize,
        tuning: f64,
    ) -> Result<(), Error> {
        config.check()?;
        check_rate(sample_rate)?;
        if !(2..=MAX_N_FFT).contains(&n_fft) {
            return Err(Error::config("n_fft", n_fft as f64, "2 to 4194304"));
        }
        if !(-10.0..=10.0).contains(&(tuning / config.n_chroma as f64)) {
            return Err(Error::config("tuning", tuning, "at most ten octaves"));
        }
        let classes = config.n_chroma;
        let bins = n_fft / 2 + 1;
        let len = bins * classes;
        if len > MAX_WEIGHTS {
            return Err(Error::config("n_chroma", classes as f64, "at most 67108864 / (1 + n_fft / 2)"));
        }
        let refused = |_| Error::OutOfMemory { rows: classes, cols: bins };
        (self.bins, self.n_chroma) = (bins, classes);
        self.dense.clear();
        self.dense.try_reserve_exact(len).map_err(refused)?;
        // All that any tuning can need, so that making it again allocates nothing.
        self.weights.clear();
        self.weights.try_reserve_exact(len).map_err(refused)?;
        self.dense_weights(config, sample_rate, n_fft, tuning);
        self.store();
        Ok(())
    }

    /// All weights into `dense`.
    fn dense_weights(&mut self, config: &ChromaFilterConfig, sample_rate: u32, n_fft: usize, tuning: f64) {
        let classes = config.n_chroma as f64;
        let lowest = 440.0 * 2f64.powf(tuning / classes) / 16.0;
        let step = f64::from(sample_rate) / n_fft as f64;
        // The place of a bin on the scale of classes; that of 0 Hz is made up, an octave and a half under the next.
        let place = |bin: usize| classes * ((bin as f64 * step) / lowest).log2();
        let half = (classes / 2.0).round_ties_even();
        let shift = if config.base_c { 3 * (config.n_chroma / 12) } else { 0 };
        for bin in 0..self.bins {
            let at = if bin == 0 { place(1) - 1.5 * classes } else { place(bin) };
            // n_fft - 1 is the last bin that librosa looks at; only n_fft 2 comes as far.
            let width = if bin + 1 < n_fft { (place(bin + 1) - at).max(1.0) } else { 1.0 };
            self.column.clear();
            self.column.extend((0..config.n_chroma).map(|class| {
                let distance = (at - class as f64 + half + 10.0 * classes).rem_euclid(classes) - half;
                (-0.5 * (2.0 * distance / width).powi(2)).exp()
            }));
            let divisor = config.norm.divisor(self.column.iter().copied(), f64::MIN_POSITIVE);
            let octave = config
                .octwidth
                .map_or(1.0, |width| (-0.5 * ((at / classes - config.ctroct) / width).powi(2)).exp());
            let largest = self.column.iter().fold(0.0f64, |a, b| a.max(*b));
            self.column.rotate_left(shift);
            self.dense.extend(self.column.iter().map(|weight| {
                if *weight < LEAST * largest { 0.0 } else { (weight / divisor * octave) as f32 }
            }));
        }
    }

    /// From `dense` to what is stored, a few bins of all classes after the other.
    fn store(&mut self) {
        self.runs.clear();
        self.weights.clear();
        for (tile, dense) in self.dense.chunks(TILE * self.n_chroma.max(1)).enumerate() {
            for class in 0..self.n_chroma {
                let mut open = false;
                for (bin, weight) in dense.iter().skip(class).step_by(self.n_chroma).enumerate() {
                    let at = self.weights.len();
                    match self.runs.last_mut() {
                        _ if *weight == 0.0 => {
                            open = false;
                            continue;
                        }
                        Some(run) if open => run.weights.end = at + 1,
                        _ => {
                            let first_bin = tile * TILE + bin;
                            self.runs.push(Run { class, first_bin, weights: at..at + 1 });
                        }
                    }
                    open = true;
                    self.weights.push(*weight);
                }
            }
        }
    }

    /// Number of pitch classes.
    #[must_use]
    pub fn n_chroma(&self) -> usize {
        self.n_chroma
    }

    /// Number of bins of the spectra that this is for.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// All weights, `[n_chroma x bins]`: the matrix that `librosa.filters.chroma` returns, but for what is left
    /// out.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if it does not fit.
    pub fn to_dense(&self) -> Result<Matrix, Error> {
        let mut dense = Matrix::default();
        dense.reshape(self.n_chroma, self.bins)?;
        dense.as_mut_slice().fill(0.0);
        for run in &self.runs {
            let row = dense.as_mut_slice().iter_mut().skip(run.class * self.bins + run.first_bin);
            for (to, from) in row.zip(self.weights_of(run)) {
                *to = *from;
            }
        }
        Ok(dense)
    }

    fn weights_of(&self, run: &Run) -> &[f32] {
        self.weights.get(run.weights.clone()).unwrap_or_default()
    }

    /// `classes[c] = sum_k weight[c][k] * bins[k]`, for a block of frames.
    #[inline(always)]
    pub(super) fn apply_to_block(&self, bins: &[Lane], classes: &mut [Lane]) {
        classes.fill(Lane::default());
        for run in &self.runs {
            let Some(class) = classes.get_mut(run.class) else { continue };
            let bins = bins.get(run.first_bin..).unwrap_or_default();
            // Four bins at a time, so that not every addition waits for the one before.
            let (weights, last_weights) = self.weights_of(run).as_chunks::<4>();
            let (fours, _) = bins.as_chunks::<4>();
            let mut sum = Lane::default();
            for ([p, q, r, s], [a, b, c, d]) in weights.iter().zip(fours) {
                for i in 0..LANES {
                    sum[i] += (p * a[i] + q * b[i]) + (r * c[i] + s * d[i]);
                }
            }
            for (weight, values) in last_weights.iter().zip(bins.iter().skip(4 * weights.len())) {
                add_scaled(&mut sum, *weight, values);
            }
            add_scaled(class, 1.0, &sum);
        }
    }
}
