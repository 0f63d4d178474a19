use rustfft::num_complex::Complex64;

use super::{BlockScratch, MAX_SAMPLE_F64, within};
use crate::lanes::{DoubleLane, LANES};
use crate::{ComplexMatrix, Error, Istft, Matrix, Scratch, Stft};

/// What is wanted of a bin.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Re,
    Im,
    Power,
    Magnitude,
}

impl Part {
    /// Stores the part of each of `bins` in lane `i`.
    fn put(self, bins: &[Complex64], i: usize, lanes: &mut [DoubleLane]) {
        match self {
            Self::Re => put(bins, i, lanes, |z| z.re),
            Self::Im => put(bins, i, lanes, |z| z.im),
            Self::Power => put(bins, i, lanes, |z| z.norm_sqr()),
            Self::Magnitude => put(bins, i, lanes, |z| {
                let power = z.norm_sqr();
                // Squares of what is smaller lose digits.
                if power > 1e-280 { power.sqrt() } else { z.re.hypot(z.im) }
            }),
        }
    }
}

#[inline(always)]
fn put(bins: &[Complex64], i: usize, lanes: &mut [DoubleLane], part: impl Fn(&Complex64) -> f64) {
    for (lane, z) in lanes.iter_mut().zip(bins) {
        if let Some(to) = lane.get_mut(i) {
            *to = part(z);
        }
    }
}

impl Stft {
    /// Calls `emit(first, count, values)` for each block of up to `LANES` frames, where `values` holds for each of
    /// `wanted`, up to two, `[bin][lane]`. Lanes from `count` on hold zero or what was there before.
    pub(super) fn for_each_block_f64(
        &self,
        samples: &[f64],
        frames: usize,
        scratch: &mut BlockScratch,
        wanted: &[Part],
        mut emit: impl FnMut(usize, usize, &[Vec<DoubleLane>; 2]),
    ) {
        let (plan, fft) = (&self.transform, self.transform.real_fft());
        let BlockScratch { frame, z, fft: memory, bins, parts } = scratch;
        frame.resize(plan.n_fft(), 0.0);
        for lanes in parts.iter_mut() {
            lanes.resize(plan.bins(), [0.0; LANES]);
        }
        for first in (0..frames).step_by(LANES) {
            let count = LANES.min(frames - first);
            for i in 0..count {
                let start = (first + i) as i64 * self.config().hop_length as i64 - plan.padding() as i64;
                let frame = self.config().pad_mode.frame(samples, start, frame);
                fft.transform(frame, plan.half_window(), z, memory, bins);
                for (part, lanes) in wanted.iter().zip(parts.iter_mut()) {
                    part.put(bins, i, lanes);
                }
            }
            emit(first, count, parts);
        }
    }

    /// Checks the samples and returns the number of frames they make.
    pub(super) fn accept_f64(&self, samples: &[f64]) -> Result<usize, Error> {
        let frames = self.frames(samples.len())?;
        within(samples, MAX_SAMPLE_F64)?;
        Ok(frames)
    }

    /// [`Self::stft`] in double precision, as librosa computes it for `float64` samples.
    ///
    /// ```
    /// use soundalike_features::{Stft, StftConfig};
    ///
    /// let stft = Stft::new(&StftConfig::default())?;
    /// let samples: Vec<f64> = (0..10_000).map(|n| (f64::from(n) * 0.1).sin()).collect();
    /// let spectrogram = stft.stft_f64(&samples)?;
    /// let back = stft.istft_f64(&spectrogram, Some(samples.len()))?;
    /// assert!(samples.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-14));
    /// # Ok::<(), soundalike_features::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Self::frames`], and [`Error::NonFinite`] for a sample that is NaN or infinite,
    /// [`Error::ValueTooLarge`] for one over [`MAX_SAMPLE_F64`] in magnitude, [`Error::OutOfMemory`] if the result
    /// does not fit into memory.
    pub fn stft_f64(&self, samples: &[f64]) -> Result<ComplexMatrix<f64>, Error> {
        let mut out = ComplexMatrix::default();
        self.stft_f64_into(samples, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::stft_f64`] into `out`, which gets the result's shape. Allocates nothing once `out` and `scratch` have
    /// grown to what the configuration and the length need.
    ///
    /// # Errors
    /// As [`Self::stft_f64`]; `out` is then unspecified.
    pub fn stft_f64_into(
        &self,
        samples: &[f64],
        out: &mut ComplexMatrix<f64>,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let frames = self.accept_f64(samples)?;
        out.re.reshape(self.bins(), frames)?;
        out.im.reshape(self.bins(), frames)?;
        let wanted = &[Part::Re, Part::Im];
        self.for_each_block_f64(
            samples,
            frames,
            &mut scratch.double.block,
            wanted,
            |first, count, [re, im]| {
                out.re.put_columns(first, count, re);
                out.im.put_columns(first, count, im);
            },
        );
        Ok(())
    }

    /// [`Self::power`] in double precision.
    ///
    /// # Errors
    /// As [`Self::stft_f64`].
    pub fn power_f64(&self, samples: &[f64]) -> Result<Matrix<f64>, Error> {
        let mut out = Matrix::default();
        self.power_f64_into(samples, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::power_f64`] into `out`, under the terms of [`Self::stft_f64_into`].
    ///
    /// # Errors
    /// As [`Self::stft_f64`]; `out` is then unspecified.
    pub fn power_f64_into(
        &self,
        samples: &[f64],
        out: &mut Matrix<f64>,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        self.spectrum_f64_into(samples, Part::Power, out, scratch)
    }

    /// [`Self::magnitude`] in double precision.
    ///
    /// # Errors
    /// As [`Self::stft_f64`].
    pub fn magnitude_f64(&self, samples: &[f64]) -> Result<Matrix<f64>, Error> {
        let mut out = Matrix::default();
        self.magnitude_f64_into(samples, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::magnitude_f64`] into `out`, under the terms of [`Self::stft_f64_into`].
    ///
    /// # Errors
    /// As [`Self::stft_f64`]; `out` is then unspecified.
    pub fn magnitude_f64_into(
        &self,
        samples: &[f64],
        out: &mut Matrix<f64>,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        self.spectrum_f64_into(samples, Part::Magnitude, out, scratch)
    }

    fn spectrum_f64_into(
        &self,
        samples: &[f64],
        part: Part,
        out: &mut Matrix<f64>,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let frames = self.accept_f64(samples)?;
        out.reshape(self.bins(), frames)?;
        self.for_each_block_f64(
            samples,
            frames,
            &mut scratch.double.block,
            &[part],
            |first, count, [part, _]| {
                out.put_columns(first, count, part);
            },
        );
        Ok(())
    }

    /// [`Self::istft`] in double precision, as [`Istft::compute_f64`] gives it.
    ///
    /// # Errors
    /// As [`Istft::compute_f64`].
    pub fn istft_f64(
        &self,
        spectrogram: &ComplexMatrix<f64>,
        length: Option<usize>,
    ) -> Result<Vec<f64>, Error> {
        self.inverse().compute_f64(spectrogram, length)
    }

    /// [`Self::istft_f64`] into `out`, under the terms of [`Istft::compute_into`].
    ///
    /// # Errors
    /// As [`Istft::compute_f64`]; `out` is then unspecified.
    pub fn istft_f64_into(
        &self,
        spectrogram: &ComplexMatrix<f64>,
        length: Option<usize>,
        out: &mut Vec<f64>,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        self.inverse().compute_f64_into(spectrogram, length, out, scratch)
    }
}

impl Istft {
    /// [`Self::compute`] in double precision, as librosa computes it for a `complex128` spectrogram.
    ///
    /// # Errors
    /// As [`Self::compute`], and [`Error::ValueTooLarge`] (by the index into either part) for a value over 1e107 in
    /// magnitude, which no spectrogram of samples up to [`MAX_SAMPLE_F64`] holds.
    pub fn compute_f64(
        &self,
        spectrogram: &ComplexMatrix<f64>,
        length: Option<usize>,
    ) -> Result<Vec<f64>, Error> {
        let mut out = Vec::new();
        self.compute_f64_into(spectrogram, length, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::compute_f64`] into `out`, under the terms of [`Self::compute_into`].
    ///
    /// # Errors
    /// As [`Self::compute_f64`]; `out` is then unspecified.
    pub fn compute_f64_into(
        &self,
        spectrogram: &ComplexMatrix<f64>,
        length: Option<usize>,
        out: &mut Vec<f64>,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        self.run(spectrogram, length, out, &mut scratch.double.inverse)
    }
}
