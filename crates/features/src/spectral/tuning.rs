use super::{check_rate, check_spectrogram};
use crate::check::MAX_N_FFT;
use crate::{Error, Matrix, Scratch, Stft, StftConfig};

/// How the deviation from A440 is estimated; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct TuningConfig {
    /// Samples a second, at least 1.
    pub sample_rate: u32,
    /// How the signal is cut and transformed. Here librosa moves on by a quarter of the transform, so the default
    /// is 2048 and 512.
    #[cfg_attr(feature = "serde", serde(default))]
    pub stft: StftConfig,
    /// Width of a step of the histogram, in parts of a bin of the octave: 1e-5 to 1. Default 0.01.
    #[cfg_attr(feature = "serde", serde(default = "default_resolution"))]
    pub resolution: f64,
    /// Bins of an octave, 1 to 1200. Default 12.
    #[cfg_attr(feature = "serde", serde(default = "default_bins_per_octave"))]
    pub bins_per_octave: usize,
    /// The lowest frequency that counts, in Hz, from 0. Default 150.
    #[cfg_attr(feature = "serde", serde(default = "default_fmin"))]
    pub fmin: f64,
    /// Frequencies from here on do not count, in Hz. Default 4000.
    #[cfg_attr(feature = "serde", serde(default = "default_fmax"))]
    pub fmax: f64,
    /// A peak counts if it is over this part of its frame's largest value, 0 to 1. Default 0.1.
    #[cfg_attr(feature = "serde", serde(default = "default_threshold"))]
    pub threshold: f64,
}

fn default_resolution() -> f64 {
    0.01
}

fn default_bins_per_octave() -> usize {
    12
}

fn default_fmin() -> f64 {
    150.0
}

fn default_fmax() -> f64 {
    4000.0
}

fn default_threshold() -> f64 {
    0.1
}

impl TuningConfig {
    /// librosa's defaults for audio of `sample_rate` samples a second.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        Self {
            sample_rate,
            stft: StftConfig::default(),
            resolution: default_resolution(),
            bins_per_octave: default_bins_per_octave(),
            fmin: default_fmin(),
            fmax: default_fmax(),
            threshold: default_threshold(),
        }
    }

    /// Sets how the signal is cut and transformed.
    #[must_use]
    pub fn with_stft(mut self, stft: StftConfig) -> Self {
        self.stft = stft;
        self
    }

    /// Sets the width of a step of the histogram.
    #[must_use]
    pub fn with_resolution(mut self, resolution: f64) -> Self {
        self.resolution = resolution;
        self
    }

    /// Sets the bins of an octave.
    #[must_use]
    pub fn with_bins_per_octave(mut self, bins_per_octave: usize) -> Self {
        self.bins_per_octave = bins_per_octave;
        self
    }

    /// Sets the lowest frequency that counts, in Hz.
    #[must_use]
    pub fn with_fmin(mut self, fmin: f64) -> Self {
        self.fmin = fmin;
        self
    }

    /// Sets from where on frequencies do not count, in Hz.
    #[must_use]
    pub fn with_fmax(mut self, fmax: f64) -> Self {
        self.fmax = fmax;
        self
    }

    /// Sets the part of its frame's largest value that a peak must be over.
    #[must_use]
    pub fn with_threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }

    fn check(&self) -> Result<(), Error> {
        check_rate(self.sample_rate)?;
        check_histogram(self.resolution, self.bins_per_octave)?;
        if !(0.0..f64::INFINITY).contains(&self.fmin) {
            return Err(Error::config("fmin", self.fmin, "a frequency from 0 Hz"));
        }
        if !(self.fmax > self.fmin && self.fmax.is_finite()) {
            return Err(Error::config("fmax", self.fmax, "a frequency over fmin"));
        }
        if !(0.0..=1.0).contains(&self.threshold) {
            return Err(Error::config("threshold", self.threshold, "0 to 1"));
        }
        Ok(())
    }
}

fn check_histogram(resolution: f64, bins_per_octave: usize) -> Result<(), Error> {
    if !(1e-5..=1.0).contains(&resolution) {
        return Err(Error::config("resolution", resolution, "1e-5 to 1"));
    }
    if !(1..=1200).contains(&bins_per_octave) {
        return Err(Error::config("bins_per_octave", bins_per_octave as f64, "1 to 1200"));
    }
    Ok(())
}

/// Estimates how far a signal's notes lie from those of A440, in parts of a bin of the octave, -0.5 up to 0.5
/// (`librosa.estimate_tuning`): the most frequent deviation among the louder half of the spectral peaks. 0 if
/// there are none.
///
/// # Errors
/// [`Error::InvalidConfig`] for a parameter out of range, else as [`Stft::stft`].
///
/// ```
/// use soundalike_features::{TuningConfig, estimate_tuning};
///
/// let flat: Vec<f32> = (0..22_050).map(|n| (n as f32 * 0.1240).sin()).collect(); // 435 Hz
/// let tuning = estimate_tuning(&flat, &TuningConfig::new(22_050))?;
/// assert!((tuning - -0.19).abs() < 0.05);
/// # Ok::<(), soundalike_features::Error>(())
/// ```
pub fn estimate_tuning(samples: &[f32], config: &TuningConfig) -> Result<f64, Error> {
    config.check()?;
    let mut magnitudes = Matrix::default();
    Stft::new(&config.stft)?.magnitude_into(samples, &mut magnitudes, &mut Scratch::new())?;
    Ok(Peaks::default().tuning(&magnitudes, config.stft.n_fft, config))
}

/// [`estimate_tuning`] from a spectrogram that is there already, `[1 + n_fft / 2 x frame]` (librosa's `S`).
///
/// # Errors
/// [`Error::InvalidConfig`] for a parameter out of range, [`Error::EmptyInput`] for no frames,
/// [`Error::LengthMismatch`] unless there is one row for each bin, [`Error::NonFinite`], [`Error::Negative`].
pub fn estimate_tuning_from_spectrogram(spectrogram: &Matrix, config: &TuningConfig) -> Result<f64, Error> {
    config.check()?;
    let n_fft = config.stft.n_fft;
    if !(1..=MAX_N_FFT).contains(&n_fft) {
        return Err(Error::config("n_fft", n_fft as f64, "1 to 4194304"));
    }
    check_spectrogram(spectrogram, n_fft / 2 + 1)?;
    Ok(Peaks::default().tuning(spectrogram, n_fft, config))
}

/// The most frequent deviation of frequencies in Hz from those of A440, in parts of a bin of the octave, -0.5 up
/// to 0.5 (`librosa.pitch_tuning`). Frequencies that are not above 0 do not count; 0 if none is left.
///
/// # Errors
/// [`Error::InvalidConfig`] for a parameter out of range (`resolution` is 1e-5 to 1, `bins_per_octave` 1 to
/// 1200), [`Error::NonFinite`].
pub fn pitch_tuning(frequencies: &[f32], resolution: f64, bins_per_octave: usize) -> Result<f64, Error> {
    check_histogram(resolution, bins_per_octave)?;
    crate::check::finite(frequencies)?;
    let above = frequencies.iter().copied().filter(|hz| *hz > 0.0);
    Ok(Histogram::default().tuning(above, resolution, bins_per_octave))
}

/// The peaks of spectra, and the memory to find them. All arithmetic is in the precision that librosa's is in,
/// as its thresholds cut sharply.
#[derive(Default)]
pub(super) struct Peaks {
    /// What a peak of each frame must be over.
    least: Vec<f32>,
    hz: Vec<f32>,
    magnitudes: Vec<f32>,
    sorted: Vec<f32>,
    histogram: Histogram,
}

impl Peaks {
    /// The tuning that a spectrogram shows; all parameters have been checked.
    pub(super) fn tuning(&mut self, spectrogram: &Matrix, n_fft: usize, config: &TuningConfig) -> f64 {
        self.find(spectrogram, n_fft, config);
        let Some(least) = self.median() else {
            return 0.0;
        };
        let louder = self.hz.iter().zip(&self.magnitudes).filter(|(_, m)| **m >= least).map(|(hz, _)| *hz);
        self.histogram.tuning(louder, config.resolution, config.bins_per_octave)
    }

    /// Finds the bins that are larger than both their neighbours and large enough, and where between the bins
    /// a parabola through the three has its top (`librosa.piptrack`).
    fn find(&mut self, spectrogram: &Matrix, n_fft: usize, config: &TuningConfig) {
        self.hz.clear();
        self.magnitudes.clear();
        self.least.clear();
        self.least.resize(spectrogram.cols(), 0.0);
        for row in spectrogram.iter_rows() {
            for (most, value) in self.least.iter_mut().zip(row) {
                *most = if *value > *most { *value } else { *most };
            }
        }
        for most in &mut self.least {
            *most *= config.threshold as f32;
        }
        let rate = f64::from(config.sample_rate);
        let fmax = config.fmax.min(rate / 2.0);
        let step = super::bin_hz(config.sample_rate, n_fft.max(1));
        let last = spectrogram.rows().saturating_sub(1);
        // The first bin is never a peak.
        let from = ((config.fmin / step) as usize).saturating_sub(1).max(1);
        for bin in from..=last {
            let hz = bin as f64 * step;
            if hz < config.fmin {
                continue;
            }
            if hz >= fmax {
                break;
            }
            let [Some(before), Some(row)] = [spectrogram.row(bin - 1), spectrogram.row(bin)] else {
                break;
            };
            // After the last bin there is no neighbour, and no parabola.
            let after = spectrogram.row(bin + 1);
            let frames = before.iter().zip(row).zip(after.unwrap_or(before)).zip(&self.least);
            for (((before, value), after_value), least) in frames {
                let is_peak = *value > *least && *value > *before;
                if !is_peak || (after.is_some() && *value < *after_value) {
                    continue;
                }
                let (shift, rise) =
                    if after.is_some() { parabola(*before, *value, *after_value) } else { (0.0, 0.0) };
                let hz = ((bin as f64 + f64::from(shift)) * rate / n_fft as f64) as f32;
                if hz > 0.0 {
                    self.hz.push(hz);
                    self.magnitudes.push(value + rise);
                }
            }
        }
    }

    /// The median of the magnitudes.
    fn median(&mut self) -> Option<f32> {
        self.sorted.clear();
        self.sorted.extend_from_slice(&self.magnitudes);
        if self.sorted.is_empty() {
            return None;
        }
        let middle = self.sorted.len() / 2;
        let is_odd = self.sorted.len() % 2 == 1;
        let (lower, upper, _) = self.sorted.select_nth_unstable_by(middle, f32::total_cmp);
        if is_odd {
            return Some(*upper);
        }
        lower.iter().copied().max_by(f32::total_cmp).map(|below| (below + *upper) / 2.0)
    }
}

/// How far from the middle bin the top of the parabola through three bins lies, and how much higher.
fn parabola(before: f32, value: f32, after: f32) -> (f32, f32) {
    let bend = f64::from(after + before) - 2.0 * f64::from(value);
    let slope = f64::from(after - before) / 2.0;
    let shift = if slope.abs() >= bend.abs() || !bend.is_finite() { 0.0 } else { (-slope / bend) as f32 };
    let gradient = (after - before) / 2.0;
    (shift, 0.5 * gradient * shift)
}

/// Counts how often each deviation occurs.
#[derive(Default)]
struct Histogram {
    counts: Vec<u32>,
}

impl Histogram {
    fn tuning(
        &mut self,
        frequencies: impl Iterator<Item = f32>,
        resolution: f64,
        bins_per_octave: usize,
    ) -> f64 {
        let steps = (1.0 / resolution).ceil().max(1.0) as usize;
        let width = 1.0 / steps as f64;
        let edge = |i: usize| i as f64 * width - 0.5;
        self.counts.clear();
        self.counts.resize(steps, 0);
        let mut any = false;
        for hz in frequencies {
            any = true;
            let octaves = f64::from(hz / 27.5).log2() as f32;
            let mut deviation = (bins_per_octave as f32 * octaves).rem_euclid(1.0);
            if deviation >= 0.5 {
                deviation -= 1.0;
            }
            let deviation = f64::from(deviation);
            // The edges are compared as they are; the estimate of the place may be off by one.
            let mut at = (((deviation + 0.5) / width) as usize).saturating_sub(1);
            while at + 1 < steps && edge(at + 1) <= deviation {
                at += 1;
            }
            if let Some(count) = self.counts.get_mut(at) {
                *count += 1;
            }
        }
        let most = self.counts.iter().copied().max().unwrap_or(0);
        match self.counts.iter().position(|count| *count == most) {
            Some(first) if any => edge(first),
            _ => 0.0,
        }
    }
}
