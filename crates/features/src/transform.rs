//! Frames to spectra: two real frames in each complex transform, in double precision.
//!
//! With `z = a + i b` and its transform `Z`, `A[k] = (Z[k] + conj Z[N-k]) / 2` and
//! `B[k] = (Z[k] - conj Z[N-k]) / 2i`.
//!
//! Why double: a transform's rounding errors spread over all bins, and in single precision bins 80 dB under the
//! loudest (where `top_db` cuts) are then off by up to 1e-3 dB, on a chirp or a pure tone; librosa, which windows
//! and transforms in double precision, would not be matched to 1e-4 dB. It also keeps a loud frame from drowning
//! the quiet one that it shares a transform with. The price, for mel of 30 s of audio in the bench
//! `features/30s/mel`: 2.9 ms, where single precision takes 2.0 ms (and one real transform a frame, in single
//! precision by the crate realfft, 2.7 ms).

use std::fmt;
use std::sync::Arc;

use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};

use crate::lanes::{LANES, Lane};
use crate::stft::StftConfig;
use crate::{Error, PadMode};

/// Window, padding and transform, planned once.
#[derive(Clone)]
pub(crate) struct Transform {
    fft: Arc<dyn Fft<f64>>,
    half_window: Vec<f64>,
    hop_length: usize,
    center: bool,
    pad_mode: PadMode,
}

/// Memory for one block of frames.
#[derive(Default)]
pub(crate) struct TransformScratch {
    pair: Pair,
    /// `[bin][lane]`, twice as many for complex spectra.
    lanes: Vec<Lane>,
}

/// Memory for two frames.
#[derive(Default)]
struct Pair {
    frames: [Vec<f32>; 2],
    /// The two frames as one complex signal, then its transform.
    z: Vec<Complex64>,
    fft: Vec<Complex64>,
}

impl fmt::Debug for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transform").field("n_fft", &self.n_fft()).finish_non_exhaustive()
    }
}

impl Transform {
    /// Plans for a configuration that has been checked.
    pub(crate) fn new(config: &StftConfig) -> Self {
        let n_fft = config.n_fft;
        let win_length = config.win_length.unwrap_or(n_fft);
        let mut window = vec![0.0; (n_fft - win_length) / 2];
        window.extend(config.window.values_f64(win_length).map(|weight| 0.5 * weight));
        window.resize(n_fft, 0.0);
        Self {
            fft: FftPlanner::new().plan_fft_forward(n_fft),
            half_window: window,
            hop_length: config.hop_length,
            center: config.center,
            pad_mode: config.pad_mode,
        }
    }

    fn n_fft(&self) -> usize {
        self.half_window.len()
    }

    /// Samples of padding at either end.
    fn padding(&self) -> usize {
        if self.center { self.n_fft() / 2 } else { 0 }
    }

    pub(crate) fn bins(&self) -> usize {
        self.n_fft() / 2 + 1
    }

    pub(crate) fn frames(&self, n_samples: usize) -> Result<usize, Error> {
        if n_samples == 0 {
            return Err(Error::EmptyInput);
        }
        match (n_samples + 2 * self.padding()).checked_sub(self.n_fft()) {
            Some(room) => Ok(1 + room / self.hop_length),
            None => Err(Error::TooShort { expected: self.n_fft(), got: n_samples }),
        }
    }

    /// Calls `emit(first, count, lanes)` for each block of up to `LANES` frames, with `value` of each bin in
    /// `lanes[bin][frame - first]`. Lanes from `count` on hold zero.
    pub(crate) fn for_each_block(
        &self,
        samples: &[f32],
        frames: usize,
        scratch: &mut TransformScratch,
        value: impl Fn(Complex64) -> f64,
        mut emit: impl FnMut(usize, usize, &[Lane]),
    ) {
        let TransformScratch { pair, lanes } = scratch;
        lanes.resize(self.bins(), [0.0; LANES]);
        for first in (0..frames).step_by(LANES) {
            let count = LANES.min(frames - first);
            if count < LANES {
                lanes.fill([0.0; LANES]);
            }
            for i in (0..count).step_by(2) {
                let both = self.pair(samples, first + i, i + 1 < count, pair);
                both.separate(lanes.iter_mut(), |lane, a, b| {
                    lane[i] = value(a) as f32;
                    lane[i + 1] = value(b) as f32;
                });
            }
            emit(first, count, lanes);
        }
    }

    /// Calls `emit(first, count, real, imaginary)` for each block, laid out as in [`Self::for_each_block`].
    pub(crate) fn for_each_complex_block(
        &self,
        samples: &[f32],
        frames: usize,
        scratch: &mut TransformScratch,
        mut emit: impl FnMut(usize, usize, &[Lane], &[Lane]),
    ) {
        let TransformScratch { pair, lanes } = scratch;
        lanes.resize(2 * self.bins(), [0.0; LANES]);
        let (re, im) = lanes.split_at_mut(self.bins());
        for first in (0..frames).step_by(LANES) {
            let count = LANES.min(frames - first);
            for i in (0..count).step_by(2) {
                let both = self.pair(samples, first + i, i + 1 < count, pair);
                both.separate(re.iter_mut().zip(im.iter_mut()), |(re, im), a, b| {
                    (re[i], re[i + 1]) = (a.re as f32, b.re as f32);
                    (im[i], im[i + 1]) = (a.im as f32, b.im as f32);
                });
            }
            emit(first, count, re, im);
        }
    }

    /// Transforms frame `first` and, if `both`, the frame after it (else zeros).
    fn pair<'a>(&self, samples: &[f32], first: usize, both: bool, pair: &'a mut Pair) -> PairSpectrum<'a> {
        let n = self.n_fft();
        let Pair { frames: [a, b], z, fft } = pair;
        a.resize(n, 0.0);
        b.resize(n, 0.0);
        z.resize(n, Complex64::ZERO);
        fft.resize(self.fft.get_inplace_scratch_len(), Complex64::ZERO);

        let start = first as i64 * self.hop_length as i64 - self.padding() as i64;
        let a = self.pad_mode.frame(samples, start, a);
        let b = if both {
            self.pad_mode.frame(samples, start + self.hop_length as i64, b)
        } else {
            b.fill(0.0);
            b
        };
        // The half that belongs to the separation is already in the window.
        for (((z, a), b), weight) in z.iter_mut().zip(a).zip(b).zip(&self.half_window) {
            *z = Complex64::new(f64::from(*a) * weight, f64::from(*b) * weight);
        }
        self.fft.process_with_scratch(z, fft);
        PairSpectrum { z }
    }
}

/// The transform of two frames in one, halved.
struct PairSpectrum<'a> {
    z: &'a [Complex64],
}

impl PairSpectrum<'_> {
    /// Calls `store` with each of `places`, one a bin, and both frames' values of the bin.
    #[inline(always)]
    fn separate<P>(
        &self,
        mut places: impl Iterator<Item = P>,
        mut store: impl FnMut(P, Complex64, Complex64),
    ) {
        let mut both = |place: P, p: Complex64, q: Complex64| {
            let (a, b) = (Complex64::new(p.re + q.re, p.im - q.im), Complex64::new(p.im + q.im, q.re - p.re));
            store(place, a, b);
        };
        let Some((constant, rest)) = self.z.split_first() else {
            return;
        };
        if let Some(place) = places.next() {
            both(place, *constant, *constant);
        }
        // Bin k and bin n - k.
        for ((place, p), q) in places.zip(rest).zip(rest.iter().rev()) {
            both(place, *p, *q);
        }
    }
}
