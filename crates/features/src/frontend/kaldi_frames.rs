//! Kaldi's frames and their spectra. What is done to each frame by itself before its window (mean, pre-emphasis)
//! does not fit the transform that all else in this crate shares. Two frames go into one complex transform, in
//! double precision, as there: the logarithm's floor lies up to 200 dB under a loud band.

use std::fmt;
use std::sync::Arc;

use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};

use super::KaldiFbankConfig;
use crate::Error;
use crate::lanes::{LANES, Lane};

/// Frames of samples as they are given (not scaled), planned once.
#[derive(Clone)]
pub(super) struct KaldiFrames {
    fft: Arc<dyn Fft<f64>>,
    /// With the half that belongs to the separation of two frames.
    half_window: Vec<f64>,
    hop_length: usize,
    snip_edges: bool,
    remove_dc_offset: bool,
    preemphasis: f64,
    energy: Energy,
    power: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Energy {
    None,
    Raw,
    Windowed,
}

/// Memory for one block of frames.
#[derive(Default)]
pub(crate) struct KaldiScratch {
    /// The samples in which the block's frames lie, where the signal does not have them in one piece.
    span: Vec<f32>,
    /// The same with pre-emphasis.
    emphasised: Vec<f64>,
    /// Sums over one stride each.
    sums: Vec<f64>,
    z: Vec<Complex64>,
    fft: Vec<Complex64>,
    bins: Vec<Lane>,
}

impl fmt::Debug for KaldiFrames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KaldiFrames").field("n_fft", &self.fft.len()).finish_non_exhaustive()
    }
}

impl KaldiFrames {
    /// Plans for a configuration that has been checked.
    pub(super) fn new(config: &KaldiFbankConfig) -> Self {
        let window = config.window.values_f64(config.window_length(), false);
        Self {
            fft: FftPlanner::new().plan_fft_forward(config.n_fft()),
            half_window: window.map(|weight| 0.5 * weight).collect(),
            hop_length: config.hop_length(),
            snip_edges: config.snip_edges,
            remove_dc_offset: config.remove_dc_offset,
            preemphasis: config.preemphasis_coefficient,
            energy: match (config.use_energy, config.raw_energy) {
                (false, _) => Energy::None,
                (true, true) => Energy::Raw,
                (true, false) => Energy::Windowed,
            },
            power: config.use_power,
        }
    }

    pub(super) fn hop_length(&self) -> usize {
        self.hop_length
    }

    pub(super) fn frames(&self, n_samples: usize) -> Result<usize, Error> {
        let (window, hop) = (self.half_window.len(), self.hop_length);
        if n_samples == 0 {
            return Err(Error::EmptyInput);
        }
        if !self.snip_edges {
            let frames = (n_samples + hop / 2) / hop;
            return if frames > 0 {
                Ok(frames)
            } else {
                Err(Error::TooShort { expected: hop.div_ceil(2), got: n_samples })
            };
        }
        match n_samples.checked_sub(window) {
            Some(room) => Ok(1 + room / hop),
            None => Err(Error::TooShort { expected: window, got: n_samples }),
        }
    }

    /// Calls `emit(first, count, bins, energies)` for each block of up to `LANES` frames. Lanes from `count` on are
    /// unspecified; the energies are sums of squares, if they were asked for.
    pub(super) fn for_each_block(
        &self,
        samples: &[f32],
        frames: usize,
        scratch: &mut KaldiScratch,
        mut emit: impl FnMut(usize, usize, &[Lane], &[f64; LANES]),
    ) {
        let KaldiScratch { span, emphasised, sums, z, fft, bins } = scratch;
        let n_fft = self.fft.len();
        z.resize(n_fft, Complex64::ZERO);
        fft.resize(self.fft.get_inplace_scratch_len(), Complex64::ZERO);
        bins.resize(n_fft / 2 + 1, Lane::default());
        for first in (0..frames).step_by(LANES) {
            let count = LANES.min(frames - first);
            let block = self.block(samples, first, count, span, emphasised, sums);
            let mut energies = [0.0; LANES];
            for i in (0..count).step_by(2) {
                // The last frame of an odd number is its own partner.
                let pair = [block.frame(i), block.frame((i + 1).min(count - 1))];
                let both = self.window_pair(pair, z);
                if let Some(to) = energies.get_mut(i..i + 2) {
                    to.copy_from_slice(&both);
                }
                self.fft.process_with_scratch(z, fft);
                if self.power {
                    separate(z, bins, i, |re, im| re * re + im * im);
                } else {
                    separate(z, bins, i, |re, im| (re * re + im * im).sqrt());
                }
            }
            emit(first, count, bins, &energies);
        }
    }

    /// What the frames of a block, which overlap, can share.
    fn block<'a>(
        &self,
        samples: &'a [f32],
        first: usize,
        count: usize,
        memory: &'a mut Vec<f32>,
        emphasised: &'a mut Vec<f64>,
        sums: &'a mut Vec<f64>,
    ) -> Block<'a> {
        let (window, hop) = (self.half_window.len(), self.hop_length);
        let stride = hop.min(window);
        let len = (count - 1) * stride + window;
        let start = self.start(first);
        let span = match inside(samples, start, len) {
            Some(span) if hop == stride => span,
            _ => {
                memory.resize(len, 0.0);
                if hop == stride {
                    mirrored(samples, start, memory);
                } else {
                    for (i, frame) in memory.chunks_exact_mut(window).enumerate() {
                        let start = self.start(first + i);
                        match inside(samples, start, window) {
                            Some(samples) => frame.copy_from_slice(samples),
                            None => mirrored(samples, start, frame),
                        }
                    }
                }
                memory.as_slice()
            }
        };
        emphasised.resize(len, 0.0);
        let pairs = span.iter().skip(1).zip(span);
        for (to, (x, before)) in emphasised.iter_mut().skip(1).zip(pairs) {
            *to = f64::from(*x) - self.preemphasis * f64::from(*before);
        }
        sums.clear();
        if self.remove_dc_offset {
            sums.extend(span.chunks_exact(stride).map(sum));
        }
        Block { span, emphasised, sums, window, stride }
    }

    /// Where frame `index` starts in the signal.
    fn start(&self, index: usize) -> i64 {
        let start = index as i64 * self.hop_length as i64;
        if self.snip_edges {
            start
        } else {
            start + (self.hop_length / 2) as i64 - (self.half_window.len() / 2) as i64
        }
    }

    /// Two frames, made ready, as the parts of one complex signal. Returns their energies.
    fn window_pair(&self, [a, b]: [Frame<'_>; 2], z: &mut [Complex64]) -> [f64; 2] {
        // The mean is that of the sample before too.
        let p = self.preemphasis;
        let offsets = [(1.0 - p) * a.mean, (1.0 - p) * b.mean];
        let (inside, beyond) = z.split_at_mut(self.half_window.len().min(z.len()));
        let pairs = a.emphasised.iter().zip(b.emphasised);
        for ((z, weight), (a, b)) in inside.iter_mut().zip(&self.half_window).zip(pairs) {
            *z = Complex64::new((a - offsets[0]) * weight, (b - offsets[1]) * weight);
        }
        // A frame's first sample has none before it in the frame; its own stands in.
        if let (Some(z), Some(weight), Some(a), Some(b)) =
            (inside.first_mut(), self.half_window.first(), a.samples.first(), b.samples.first())
        {
            let value = |x: f32, offset: f64| ((1.0 - p) * f64::from(x) - offset) * weight;
            *z = Complex64::new(value(*a, offsets[0]), value(*b, offsets[1]));
        }
        beyond.fill(Complex64::ZERO);
        match self.energy {
            Energy::None => [0.0; 2],
            Energy::Raw => {
                [a, b].map(|frame| frame.samples.iter().map(|x| (f64::from(*x) - frame.mean).powi(2)).sum())
            }
            Energy::Windowed => {
                inside.iter().fold([0.0; 2], |[a, b], z| [a + 4.0 * z.re * z.re, b + 4.0 * z.im * z.im])
            }
        }
    }
}

/// The samples of a block of frames: frame `i` begins at `i * stride`.
struct Block<'a> {
    span: &'a [f32],
    emphasised: &'a [f64],
    /// Sums of one stride each; none if the mean stays.
    sums: &'a [f64],
    window: usize,
    stride: usize,
}

#[derive(Clone, Copy)]
struct Frame<'a> {
    samples: &'a [f32],
    /// With pre-emphasis, but for the first.
    emphasised: &'a [f64],
    mean: f64,
}

impl Block<'_> {
    fn frame(&self, i: usize) -> Frame<'_> {
        let range = i * self.stride..i * self.stride + self.window;
        let samples = self.span.get(range.clone()).unwrap_or_default();
        let emphasised = self.emphasised.get(range).unwrap_or_default();
        let mean = if self.sums.is_empty() {
            0.0
        } else {
            let whole = self.window / self.stride;
            let strides: f64 = self.sums.iter().skip(i).take(whole).sum();
            let rest = samples.get(whole * self.stride..).unwrap_or_default();
            (strides + sum(rest)) / self.window as f64
        };
        Frame { samples, emphasised, mean }
    }
}

/// The `len` samples from `start` on, if the signal has them all.
fn inside(samples: &[f32], start: i64, len: usize) -> Option<&[f32]> {
    let start = usize::try_from(start).ok()?;
    samples.get(start..start.checked_add(len)?)
}

/// The samples from `start` on, where the signal is mirrored at its ends, which are repeated.
fn mirrored(samples: &[f32], start: i64, out: &mut [f32]) {
    let len = samples.len() as i64;
    for (to, index) in out.iter_mut().zip(start..) {
        let within = index.rem_euclid(2 * len.max(1));
        let at = within.min(2 * len - 1 - within);
        *to = usize::try_from(at).ok().and_then(|at| samples.get(at)).copied().unwrap_or(0.0);
    }
}

/// The sum, taken in lanes, so that it can be vectorised.
fn sum(values: &[f32]) -> f64 {
    let mut sums = [0.0f64; 8];
    let mut chunks = values.chunks_exact(sums.len());
    for chunk in &mut chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += f64::from(*x);
        }
    }
    sums.iter().sum::<f64>() + chunks.remainder().iter().map(|x| f64::from(*x)).sum::<f64>()
}

/// Stores `value` of each bin of the two frames in lanes `i` and `i + 1`. With `z` as the transform of `a + i b`,
/// halved, `A[k] = z[k] + conj z[n-k]` and `B[k] = -i (z[k] - conj z[n-k])`.
#[inline(always)]
fn separate(z: &[Complex64], bins: &mut [Lane], i: usize, value: impl Fn(f64, f64) -> f64) {
    let store = |bin: &mut Lane, p: &Complex64, q: &Complex64| {
        if let Some([a, b]) = bin.get_mut(i..i + 2) {
            *a = value(p.re + q.re, p.im - q.im) as f32;
            *b = value(p.im + q.im, q.re - p.re) as f32;
        }
    };
    let (Some((bin, bins)), Some((constant, rest))) = (bins.split_first_mut(), z.split_first()) else {
        return;
    };
    store(bin, constant, constant);
    for ((bin, p), q) in bins.iter_mut().zip(rest).zip(rest.iter().rev()) {
        store(bin, p, q);
    }
}
