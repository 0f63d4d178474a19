//! Frames to spectra: by a kernel of ours where there is one for the length, else by rustfft, two real frames in
//! each complex transform.
//!
//! With `z = a + i b` and its transform `Z`, `A[k] = (Z[k] + conj Z[N-k]) / 2` and
//! `B[k] = (Z[k] - conj Z[N-k]) / 2i`.
//!
//! Why double precision: a transform's rounding errors spread over all bins, and in single precision bins 80 dB
//! under the loudest (where `top_db` cuts) are then off by up to 1e-3 dB, on a chirp or a pure tone, and in most
//! music as well; librosa, which windows and transforms in double precision, would not be matched to 1e-4 dB. It
//! also keeps a loud frame from drowning the quiet one that it shares a transform with.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};

use crate::double::RealFft;
use crate::kernel::{Kernel, KernelScratch};
use crate::lanes::{LANES, Lane};
use crate::spectrum::{Spectra, Wanted};
use crate::stft::{Precision, StftConfig};
use crate::{Error, PadMode};

/// Window, padding and transform, planned once.
#[derive(Clone)]
pub(crate) struct Transform {
    /// For the lengths that there is one for.
    kernel: Option<Kernel>,
    /// For all other lengths.
    fft: OnceLock<Arc<dyn Fft<f64>>>,
    half_window: Vec<f64>,
    /// For the `f64` forms; planned when it is first used.
    real_fft: OnceLock<RealFft>,
    hop_length: usize,
    center: bool,
    pad_mode: PadMode,
}

/// Memory for one block of frames.
#[derive(Default)]
pub(crate) struct TransformScratch {
    kernel: KernelScratch,
    pair: Pair,
    spectra: Spectra,
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
        let mut full = vec![0.0; (n_fft - win_length) / 2];
        full.extend(config.window.values_f64(win_length, config.periodic));
        full.resize(n_fft, 0.0);
        let window = full.iter().map(|weight| 0.5 * weight).collect();
        Self {
            kernel: Kernel::new(&full, config.hop_length, config.precision == Precision::Double),
            fft: OnceLock::new(),
            half_window: window,
            real_fft: OnceLock::new(),
            hop_length: config.hop_length,
            center: config.center,
            pad_mode: config.pad_mode,
        }
    }

    pub(crate) fn n_fft(&self) -> usize {
        self.half_window.len()
    }

    /// Samples of padding at either end.
    pub(crate) fn padding(&self) -> usize {
        if self.center { self.n_fft() / 2 } else { 0 }
    }

    /// Half the window, `n_fft` values.
    pub(crate) fn half_window(&self) -> &[f64] {
        &self.half_window
    }

    pub(crate) fn real_fft(&self) -> &RealFft {
        self.real_fft.get_or_init(|| RealFft::new(self.n_fft()))
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

    /// Calls `emit(first, count, spectra)` for each block of up to `LANES` frames, with what is wanted of bin `k`
    /// in lane `frame - first` of row `k`. Lanes from `count` on hold zero.
    pub(crate) fn for_each_block(
        &self,
        samples: &[f32],
        frames: usize,
        scratch: &mut TransformScratch,
        wanted: Wanted,
        mut emit: impl FnMut(usize, usize, &Spectra),
    ) {
        let TransformScratch { kernel: kernel_scratch, pair, spectra } = scratch;
        spectra.resize(wanted, self.bins());
        for first in (0..frames).step_by(LANES) {
            let count = LANES.min(frames - first);
            if let Some(kernel) = &self.kernel {
                let start = first as i64 * self.hop_length as i64 - self.padding() as i64;
                let row = |i: usize, memory| {
                    self.pad_mode.frame(samples, start + i as i64 * self.hop_length as i64, memory)
                };
                kernel.block(row, count, kernel_scratch, wanted, spectra);
            } else {
                if count < LANES {
                    spectra.all_mut().into_iter().for_each(|lanes| lanes.fill(Lane::default()));
                }
                for i in (0..count).step_by(2) {
                    self.pair(samples, first + i, i + 1 < count, pair).separate(i, spectra);
                }
            }
            emit(first, count, spectra);
        }
    }

    /// Transforms frame `first` and, if `both`, the frame after it (else zeros).
    fn pair<'a>(&self, samples: &[f32], first: usize, both: bool, pair: &'a mut Pair) -> PairSpectrum<'a> {
        let n = self.n_fft();
        let plan = self.fft.get_or_init(|| FftPlanner::new().plan_fft_forward(n));
        let Pair { frames: [a, b], z, fft } = pair;
        a.resize(n, 0.0);
        b.resize(n, 0.0);
        z.resize(n, Complex64::ZERO);
        fft.resize(plan.get_inplace_scratch_len(), Complex64::ZERO);

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
        // What the two frames have in common rounds both; one that is silent under its window must stay silent beside
        // a loud one.
        let nothing = |(sample, weight): (&f32, &f64)| *sample == 0.0 || *weight == 0.0;
        let silent = [a, b].map(|frame| frame.iter().zip(&self.half_window).all(nothing));
        plan.process_with_scratch(z, fft);
        PairSpectrum { z, silent }
    }
}

/// The transform of two frames in one, halved.
struct PairSpectrum<'a> {
    z: &'a [Complex64],
    silent: [bool; 2],
}

impl PairSpectrum<'_> {
    /// Stores both frames' bins in lanes `i` and `i + 1` of what is wanted.
    fn separate(&self, i: usize, spectra: &mut Spectra) {
        let Spectra { power, magnitude, re, im } = spectra;
        self.bins(power, |lane, a, b| {
            (lane[i], lane[i + 1]) = (a.norm_sqr() as f32, b.norm_sqr() as f32);
        });
        self.bins(magnitude, |lane, a, b| {
            (lane[i], lane[i + 1]) = (a.norm_sqr().sqrt() as f32, b.norm_sqr().sqrt() as f32);
        });
        self.bins(re, |lane, a, b| (lane[i], lane[i + 1]) = (a.re as f32, b.re as f32));
        self.bins(im, |lane, a, b| (lane[i], lane[i + 1]) = (a.im as f32, b.im as f32));
    }

    /// Calls `store` with each of `lanes`, one a bin, and both frames' values of the bin.
    #[inline(always)]
    fn bins(&self, lanes: &mut [Lane], mut store: impl FnMut(&mut Lane, Complex64, Complex64)) {
        let mut lanes = lanes.iter_mut();
        let mut both = |lane: &mut Lane, p: Complex64, q: Complex64| {
            let (a, b) = (Complex64::new(p.re + q.re, p.im - q.im), Complex64::new(p.im + q.im, q.re - p.re));
            let [a_silent, b_silent] = self.silent;
            store(
                lane,
                if a_silent { Complex64::ZERO } else { a },
                if b_silent { Complex64::ZERO } else { b },
            );
        };
        let Some((constant, rest)) = self.z.split_first() else {
            return;
        };
        if let Some(lane) = lanes.next() {
            both(lane, *constant, *constant);
        }
        // Bin k and bin n - k.
        for ((lane, p), q) in lanes.zip(rest).zip(rest.iter().rev()) {
            both(lane, *p, *q);
        }
    }
}
