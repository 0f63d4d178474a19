use super::zero_crossing::{check_framing, frames};
use super::{PIECE, all_finite, column, from_spectrogram};
use crate::lanes::{LANES, Lane};
use crate::spectrum::{Spectrum, SpectrumFeature};
use crate::{Error, Matrix, PadMode, Scratch, check};

/// The parameters of the root mean square; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct RmsConfig {
    /// Samples in a frame, 1 to 2^22. Default 2048.
    pub frame_length: usize,
    /// Samples from one frame to the next, at least 1. Default 512.
    pub hop_length: usize,
    /// Whether frame `t` is centred on sample `t * hop_length` or starts there. Default true.
    pub center: bool,
    /// What lies beyond the ends, if `center` is set. Default zeros.
    pub pad_mode: PadMode,
}

impl Default for RmsConfig {
    fn default() -> Self {
        Self { frame_length: 2048, hop_length: 512, center: true, pad_mode: PadMode::Zeros }
    }
}

impl RmsConfig {
    /// Sets the samples in a frame.
    #[must_use]
    pub fn with_frame_length(mut self, frame_length: usize) -> Self {
        self.frame_length = frame_length;
        self
    }

    /// Sets the samples from one frame to the next.
    #[must_use]
    pub fn with_hop_length(mut self, hop_length: usize) -> Self {
        self.hop_length = hop_length;
        self
    }

    /// Sets whether frames are centred on their time.
    #[must_use]
    pub fn with_center(mut self, center: bool) -> Self {
        self.center = center;
        self
    }

    /// Sets what lies beyond the ends.
    #[must_use]
    pub fn with_pad_mode(mut self, pad_mode: PadMode) -> Self {
        self.pad_mode = pad_mode;
        self
    }
}

/// The root of each frame's mean square (`librosa.feature.rms`), `[1 x frame]`.
///
/// ```
/// use soundalike_features::{Rms, RmsConfig};
///
/// let rms = Rms::new(&RmsConfig::default())?;
/// assert_eq!(rms.compute(&[0.5; 8000])?.get(0, 5), Some(0.5));
/// # Ok::<(), soundalike_features::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Rms {
    config: RmsConfig,
}

/// Frames that share pieces of at least this length are summed by pieces.
const LEAST_PIECE: usize = 64;

impl Rms {
    /// Checks the configuration.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range.
    pub fn new(config: &RmsConfig) -> Result<Self, Error> {
        check_framing(config.frame_length, config.hop_length)?;
        Ok(Self { config: config.clone() })
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &RmsConfig {
        &self.config
    }

    /// Columns of the result for `n_samples` samples.
    ///
    /// # Errors
    /// [`Error::EmptyInput`] for no samples; [`Error::TooShort`] without `center` for fewer than a frame.
    pub fn frames(&self, n_samples: usize) -> Result<usize, Error> {
        frames(n_samples, self.config.frame_length, self.config.hop_length, self.config.center)
    }

    /// The root mean square of each frame of `samples`, `[1 x frame]`.
    ///
    /// # Errors
    /// As [`Self::frames`], and [`Error::NonFinite`] or [`Error::SampleTooLarge`] for a sample that is not
    /// usable.
    pub fn compute(&self, samples: &[f32]) -> Result<Matrix, Error> {
        let mut out = Matrix::default();
        self.compute_into(samples, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::compute`] into `out`, which gets the result's shape. Allocates nothing once `out` and `scratch`
    /// have grown to what the configuration and the length need.
    ///
    /// # Errors
    /// As [`Self::compute`]; `out` is then unspecified.
    pub fn compute_into(
        &self,
        samples: &[f32],
        out: &mut Matrix,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let frames = self.frames(samples.len())?;
        check::samples(samples)?;
        out.reshape(1, frames)?;
        self.fill(samples, -(self.lead() as i64), out.as_mut_slice(), scratch);
        Ok(())
    }

    /// Samples of a frame before its time.
    pub(crate) fn lead(&self) -> usize {
        if self.config.center { self.config.frame_length / 2 } else { 0 }
    }

    /// The frames that start at sample `start`, a hop after it, and so on, as many as there is room for. `samples`
    /// holds them, or ends where the signal does.
    pub(crate) fn fill(&self, samples: &[f32], start: i64, out: &mut [f32], scratch: &mut Scratch) {
        let RmsConfig { frame_length, hop_length, pad_mode, .. } = self.config;
        let Scratch { sums, frame, .. } = scratch;
        let mut energy_at = |start: i64, length: usize| {
            frame.resize(length, 0.0);
            energy(pad_mode.frame(samples, start, frame))
        };
        let finish = |energy: f64| (energy / frame_length as f64).sqrt() as f32;
        let piece = common_divisor(frame_length, hop_length);
        if piece >= LEAST_PIECE && hop_length < frame_length {
            // Every frame is made of whole pieces, and every piece lies in several frames.
            let (of_frame, of_hop) = (frame_length / piece, hop_length / piece);
            let count = out.len().saturating_sub(1) * of_hop + of_frame;
            sums.clear();
            sums.extend((0..count).map(|i| energy_at(start + (i * piece) as i64, piece)));
            for (to, pieces) in out.iter_mut().zip(sums.windows(of_frame).step_by(of_hop)) {
                *to = finish(pieces.iter().sum());
            }
        } else {
            let hop = i64::try_from(hop_length).unwrap_or(i64::MAX);
            for (i, to) in out.iter_mut().enumerate() {
                *to = finish(energy_at(start.saturating_add(hop.saturating_mul(i as i64)), frame_length));
            }
        }
    }

    /// The root mean square of each frame from a magnitude spectrogram made with a rectangular window,
    /// `[1 + frame_length / 2 x frame]` (librosa's `S`). A result over the range of `f32` is `f32::MAX`.
    ///
    /// # Errors
    /// [`Error::EmptyInput`] for no frames, [`Error::LengthMismatch`] unless there is one row for each bin,
    /// [`Error::NonFinite`], [`Error::Negative`].
    pub fn compute_from_spectrogram(&self, spectrogram: &Matrix) -> Result<Matrix, Error> {
        from_spectrogram(self, spectrogram)
    }

    /// The root mean square of a frame from the sum of its squared magnitudes.
    fn finish(&self, squares: f64, first: f64, last: f64) -> f32 {
        let length = self.config.frame_length as f64;
        // The first bin stands for itself alone; so does the last one if the length is even.
        let once = if self.config.frame_length.is_multiple_of(2) {
            first * first + last * last
        } else {
            first * first
        };
        super::saturated((2.0 * (squares - 0.5 * once).max(0.0)).sqrt() / length)
    }
}

impl SpectrumFeature for Rms {
    fn input(&self) -> Spectrum {
        Spectrum::Magnitude
    }

    fn bins(&self) -> usize {
        self.config.frame_length / 2 + 1
    }

    fn rows(&self) -> usize {
        1
    }

    #[inline(always)]
    fn block(&self, bins: &[Lane], rows: &mut [Lane], _: &mut Vec<Lane>) {
        let mut squares = [0.0; LANES];
        for piece in bins.chunks(PIECE) {
            let mut sums = Lane::default();
            for values in piece {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum += value * value;
                }
            }
            for (square, sum) in squares.iter_mut().zip(sums) {
                *square += f64::from(sum);
            }
        }
        if !all_finite(&squares) {
            for (lane, square) in squares.iter_mut().enumerate() {
                *square = column(bins, lane).map(|v| v * v).sum();
            }
        }
        let (Some(first), Some(last), Some(row)) = (bins.first(), bins.last(), rows.first_mut()) else {
            return;
        };
        for (((to, square), first), last) in row.iter_mut().zip(squares).zip(first).zip(last) {
            *to = self.finish(square, f64::from(*first), f64::from(*last));
        }
    }
}

/// The sum of squares.
fn energy(samples: &[f32]) -> f64 {
    let mut total = 0.0;
    for piece in samples.chunks(PIECE * LANES) {
        let mut sums = Lane::default();
        let mut whole = piece.chunks_exact(LANES);
        for values in &mut whole {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += value * value;
            }
        }
        let rest: f64 = whole.remainder().iter().map(|v| f64::from(*v) * f64::from(*v)).sum();
        total += rest + sums.iter().map(|sum| f64::from(*sum)).sum::<f64>();
    }
    total
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}
