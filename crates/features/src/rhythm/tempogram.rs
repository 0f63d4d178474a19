use std::fmt;
use std::sync::Arc;

use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};

use crate::{Error, Matrix, Norm, Scratch, Window, check};

/// The longest window, in frames.
const MAX_WIN_LENGTH: usize = 1 << 16;

/// The parameters of a tempogram; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct TempogramConfig {
    /// Frames of the onset strength that each frame of the result is computed from, 1 to 2^16. Default 384.
    pub win_length: usize,
    /// Whether a frame of the result is centred on that of the onset strength (which then falls to zero in a
    /// line beyond its ends) or starts there. Default true.
    pub center: bool,
    /// Shape of the window. Default Hann.
    pub window: Window,
    /// What each frame is divided by. Default [`Norm::Inf`].
    pub norm: Norm,
}

impl Default for TempogramConfig {
    fn default() -> Self {
        Self { win_length: 384, center: true, window: Window::Hann, norm: Norm::Inf }
    }
}

impl TempogramConfig {
    /// Sets the length of the window, in frames.
    #[must_use]
    pub fn with_win_length(mut self, win_length: usize) -> Self {
        self.win_length = win_length;
        self
    }

    /// Sets whether frames are centred.
    #[must_use]
    pub fn with_center(mut self, center: bool) -> Self {
        self.center = center;
        self
    }

    /// Sets the shape of the window.
    #[must_use]
    pub fn with_window(mut self, window: Window) -> Self {
        self.window = window;
        self
    }

    /// Sets what each frame is divided by.
    #[must_use]
    pub fn with_norm(mut self, norm: Norm) -> Self {
        self.norm = norm;
        self
    }
}

/// How much the onset strength around each frame resembles itself some frames later
/// (`librosa.feature.tempogram`): its windowed autocorrelation, `[win_length x frame]`, where row `l` belongs to a
/// lag of `l` frames.
#[derive(Clone)]
pub struct Tempogram {
    config: TempogramConfig,
    window: Vec<f64>,
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
}

/// Memory for two frames.
#[derive(Default)]
pub(crate) struct TempogramScratch {
    padded: Vec<f32>,
    z: Vec<Complex64>,
    fft: Vec<Complex64>,
    /// One column, or the sum of all.
    pub(super) column: Vec<f64>,
}

impl fmt::Debug for Tempogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tempogram").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Tempogram {
    /// Checks the configuration and plans.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range.
    pub fn new(config: &TempogramConfig) -> Result<Self, Error> {
        let win_length = config.win_length;
        if !(1..=MAX_WIN_LENGTH).contains(&win_length) {
            return Err(Error::config("win_length", win_length as f64, "1 to 65536"));
        }
        let n_fft = fast_length(2 * win_length - 1);
        let mut planner = FftPlanner::new();
        Ok(Self {
            config: config.clone(),
            window: config.window.values_f64(win_length, true).collect(),
            forward: planner.plan_fft_forward(n_fft),
            inverse: planner.plan_fft_inverse(n_fft),
        })
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &TempogramConfig {
        &self.config
    }

    /// Columns of the result for `n` frames of the onset strength.
    ///
    /// # Errors
    /// [`Error::EmptyInput`] for none; [`Error::TooShort`] without `center` for fewer than `win_length`.
    pub fn frames(&self, n: usize) -> Result<usize, Error> {
        match n.checked_sub(self.config.win_length) {
            _ if n == 0 => Err(Error::EmptyInput),
            _ if self.config.center => Ok(n),
            Some(room) => Ok(1 + room),
            None => Err(Error::TooShort { expected: self.config.win_length, got: n }),
        }
    }

    /// The tempogram of an onset strength, one value for each frame.
    ///
    /// # Errors
    /// As [`Self::frames`], and [`Error::NonFinite`] or [`Error::SampleTooLarge`] for a value that is not usable,
    /// [`Error::OutOfMemory`] if the result is.
    pub fn compute(&self, onset_envelope: &[f32]) -> Result<Matrix, Error> {
        let mut out = Matrix::default();
        self.compute_into(onset_envelope, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::compute`] into `out`, which gets the result's shape. Allocates nothing once `out` and `scratch`
    /// have grown to what the configuration and the length need.
    ///
    /// # Errors
    /// As [`Self::compute`]; `out` is then unspecified.
    pub fn compute_into(
        &self,
        onset_envelope: &[f32],
        out: &mut Matrix,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let frames = self.frames(onset_envelope.len())?;
        check::samples(onset_envelope)?;
        out.reshape(self.config.win_length, frames)?;
        self.for_each_frame(onset_envelope, frames, &mut scratch.tempogram, |frame, _, values| {
            let column = out.as_mut_slice().iter_mut().skip(frame).step_by(frames);
            for (to, from) in column.zip(values) {
                *to = from as f32;
            }
        });
        Ok(())
    }

    /// Calls `emit(frame, column, values)` for each frame of an onset strength that has been checked, where
    /// `column` is the scratch's memory of that name.
    pub(super) fn for_each_frame(
        &self,
        onset_envelope: &[f32],
        frames: usize,
        scratch: &mut TempogramScratch,
        mut emit: impl FnMut(usize, &mut Vec<f64>, &mut dyn Iterator<Item = f64>),
    ) {
        let TempogramScratch { padded, z, fft, column } = scratch;
        self.pad(onset_envelope, padded);
        for frame in (0..frames).step_by(2) {
            let [first, second] =
                [padded.get(frame..).unwrap_or_default(), padded.get(frame + 1..).unwrap_or_default()];
            let loud = self.correlate(first, if frame + 1 < frames { second } else { &[] }, z, fft);
            let scale = 1.0 / z.len() as f64;
            let mut finish = |frame: usize, loud: bool, part: fn(&Complex64) -> f64| {
                // Rounding errors alone are no correlation.
                let scale = if loud { scale } else { 0.0 };
                let values = z.iter().take(self.config.win_length).map(|z| scale * part(z));
                let divisor = self.config.norm.divisor(values.clone(), f64::MIN_POSITIVE);
                emit(frame, column, &mut values.map(|value| value / divisor));
            };
            finish(frame, loud.0, |z| z.re);
            if frame + 1 < frames {
                finish(frame + 1, loud.1, |z| z.im);
            }
        }
    }

    /// The onset strength with a line up from zero before it and one down to zero after it.
    fn pad(&self, onset_envelope: &[f32], padded: &mut Vec<f32>) {
        padded.clear();
        let width = if self.config.center { self.config.win_length / 2 } else { 0 };
        let ramp = |edge: Option<&f32>| {
            let step = edge.map_or(0.0, |edge| f64::from(*edge) / width as f64);
            move |i: usize| (i as f64 * step) as f32
        };
        padded.extend((0..width).map(ramp(onset_envelope.first())));
        padded.extend_from_slice(onset_envelope);
        padded.extend((0..width).rev().map(ramp(onset_envelope.last())));
    }

    /// The autocorrelations of two windowed frames, as the real and the imaginary part of `z`, not scaled.
    /// Returns whether each frame holds anything but zeros.
    ///
    /// The powers of both spectra are real and even, as are the results, so that one inverse transform of
    /// `|A|^2 + i |B|^2` serves both.
    fn correlate(
        &self,
        first: &[f32],
        second: &[f32],
        z: &mut Vec<Complex64>,
        fft: &mut Vec<Complex64>,
    ) -> (bool, bool) {
        let n_fft = self.forward.len();
        z.clear();
        let both = first.iter().zip(second.iter().chain(std::iter::repeat(&0.0)));
        z.extend(
            both.zip(&self.window)
                .map(|((a, b), weight)| Complex64::new(f64::from(*a) * weight, f64::from(*b) * weight)),
        );
        let loud = z.iter().fold((false, false), |loud, z| (loud.0 | (z.re != 0.0), loud.1 | (z.im != 0.0)));
        z.resize(n_fft, Complex64::ZERO);
        fft.resize(
            self.forward.get_inplace_scratch_len().max(self.inverse.get_inplace_scratch_len()),
            Complex64::ZERO,
        );
        self.forward.process_with_scratch(z, fft);
        // Twice the spectra of the two frames at a bin and at the one opposite are p + conj q and (p - conj q) / i.
        let powers = |p: Complex64, q: Complex64| {
            let (a, b) = (p + q.conj(), p - q.conj());
            Complex64::new(0.25 * a.norm_sqr(), 0.25 * b.norm_sqr())
        };
        if let Some((constant, rest)) = z.split_first_mut() {
            *constant = powers(*constant, *constant);
            let (front, back) = rest.split_at_mut(rest.len().div_ceil(2));
            // An even length has a middle, which is opposite to itself.
            if front.len() > back.len()
                && let Some(middle) = front.last_mut()
            {
                *middle = powers(*middle, *middle);
            }
            for (p, q) in front.iter_mut().zip(back.iter_mut().rev()) {
                let power = powers(*p, *q);
                (*p, *q) = (power, power);
            }
        }
        self.inverse.process_with_scratch(z, fft);
        loud
    }
}

/// A length from `least` on with small prime factors alone.
fn fast_length(least: usize) -> usize {
    let at_least = |odd: usize| odd * least.div_ceil(odd).next_power_of_two();
    [1, 3, 5, 9, 15].into_iter().map(at_least).min().unwrap_or(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_to_the_definition() {
        for (win_length, n) in [(1, 3), (2, 5), (7, 20), (16, 1), (33, 50)] {
            for norm in [Norm::None, Norm::Inf, Norm::L1, Norm::L2] {
                let envelope: Vec<f32> = (0..n).map(|i| (i * i % 11) as f32).collect();
                let config = TempogramConfig::default().with_win_length(win_length).with_norm(norm);
                let tempogram = Tempogram::new(&config).unwrap();
                let got = tempogram.compute(&envelope).unwrap();
                let mut padded = Vec::new();
                tempogram.pad(&envelope, &mut padded);
                assert_eq!((got.rows(), got.cols()), (win_length, n));
                for t in 0..n {
                    let frame: Vec<f64> =
                        (0..win_length).map(|i| f64::from(padded[t + i]) * tempogram.window[i]).collect();
                    let want: Vec<f64> = (0..win_length)
                        .map(|lag| (lag..win_length).map(|i| frame[i] * frame[i - lag]).sum())
                        .collect();
                    let divisor = norm.divisor(want.iter().copied(), f64::MIN_POSITIVE);
                    for (lag, want) in want.iter().enumerate() {
                        let difference = f64::from(got.get(lag, t).unwrap()) - want / divisor;
                        assert!(
                            difference.abs() < 1e-6 * want.abs().max(1.0),
                            "{win_length} {norm:?} {t} {lag}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_silent_frame_beside_another_is_zero() {
        let mut envelope = [0.0; 40];
        envelope[30] = 1e6;
        let tempogram = Tempogram::new(&TempogramConfig::default().with_win_length(8)).unwrap();
        let got = tempogram.compute(&envelope).unwrap();
        // The window's first weight is zero, so frame 34, which starts at the peak, is silent too.
        for t in (0..=26).chain(34..40) {
            assert!((0..8).all(|lag| got.get(lag, t) == Some(0.0)), "{t}");
        }
        assert!((27..34).all(|t| got.get(0, t) == Some(1.0)));
    }

    #[test]
    fn lengths_are_fast_and_long_enough() {
        for (least, want) in
            [(1, 1), (2, 2), (5, 5), (7, 8), (687, 768), (767, 768), (769, 960), (1025, 1152)]
        {
            assert_eq!(fast_length(least), want);
        }
    }
}
