use super::stft::Part;
use super::{DoubleScratch, apply_db};
use crate::lanes::{DoubleLane, LANES, add_scaled};
use crate::spectrum::Spectrum;
use crate::{Error, LogMel, Matrix, MelSpectrogram, Mfcc, Scratch};

impl MelSpectrogram {
    /// [`Self::compute`] in double precision, as librosa computes it for `float64` samples: all but the filters'
    /// weights, which are rounded to single precision there too.
    ///
    /// # Errors
    /// As [`Stft::stft_f64`](crate::Stft::stft_f64).
    pub fn compute_f64(&self, samples: &[f64]) -> Result<Matrix<f64>, Error> {
        let mut out = Matrix::default();
        self.compute_f64_into(samples, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::compute_f64`] into `out`, under the terms of [`Self::compute_into`].
    ///
    /// # Errors
    /// As [`Stft::stft_f64`](crate::Stft::stft_f64); `out` is then unspecified.
    pub fn compute_f64_into(
        &self,
        samples: &[f64],
        out: &mut Matrix<f64>,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let frames = self.stft().accept_f64(samples)?;
        let n_mels = self.filters().n_mels();
        out.reshape(n_mels, frames)?;
        let part = match self.config().spectrum() {
            Spectrum::Power => Part::Power,
            Spectrum::Magnitude => Part::Magnitude,
        };
        let DoubleScratch { block, bands, .. } = &mut scratch.double;
        bands.resize(n_mels, [0.0; LANES]);
        self.stft().for_each_block_f64(samples, frames, block, &[part], |first, count, [bins, _]| {
            self.filters().apply_to_block(bins, bands);
            out.put_columns(first, count, bands);
        });
        Ok(())
    }
}

impl LogMel {
    /// [`Self::compute`] in double precision: [`MelSpectrogram::compute_f64`], then
    /// [`power_to_db_f64`](crate::power_to_db_f64).
    ///
    /// # Errors
    /// As [`Stft::stft_f64`](crate::Stft::stft_f64).
    pub fn compute_f64(&self, samples: &[f64]) -> Result<Matrix<f64>, Error> {
        let mut out = Matrix::default();
        self.compute_f64_into(samples, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::compute_f64`] into `out`, under the terms of [`Self::compute_into`].
    ///
    /// # Errors
    /// As [`Stft::stft_f64`](crate::Stft::stft_f64); `out` is then unspecified.
    pub fn compute_f64_into(
        &self,
        samples: &[f64],
        out: &mut Matrix<f64>,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        self.mel().compute_f64_into(samples, out, scratch)?;
        apply_db(out.as_mut_slice(), &self.config().db);
        Ok(())
    }
}

impl Mfcc {
    /// [`Self::compute`] in double precision: [`LogMel::compute_f64`], then the cosine transform and the lifter.
    ///
    /// # Errors
    /// As [`Stft::stft_f64`](crate::Stft::stft_f64).
    pub fn compute_f64(&self, samples: &[f64]) -> Result<Matrix<f64>, Error> {
        let mut out = Matrix::default();
        self.compute_f64_into(samples, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::compute_f64`] into `out`, under the terms of [`Self::compute_into`].
    ///
    /// # Errors
    /// As [`Stft::stft_f64`](crate::Stft::stft_f64); `out` is then unspecified.
    pub fn compute_f64_into(
        &self,
        samples: &[f64],
        out: &mut Matrix<f64>,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let mut decibels = std::mem::take(&mut scratch.double.decibels);
        let result = self.log_mel.compute_f64_into(samples, &mut decibels, scratch);
        let result = result.and_then(|()| self.cepstrum_f64(&decibels, out, &mut scratch.double));
        scratch.double.decibels = decibels;
        result
    }

    fn cepstrum_f64(
        &self,
        decibels: &Matrix<f64>,
        out: &mut Matrix<f64>,
        scratch: &mut DoubleScratch,
    ) -> Result<(), Error> {
        let (n_mels, n_mfcc, frames) = (decibels.rows(), self.config().n_mfcc, decibels.cols());
        out.reshape(n_mfcc, frames)?;
        let weights = self.dct_f64.get_or_init(|| self.config().dct_weights().collect());
        let DoubleScratch { bands, coefficients, .. } = scratch;
        bands.resize(n_mels, [0.0; LANES]);
        coefficients.resize(n_mfcc, [0.0; LANES]);
        for first in (0..frames).step_by(LANES) {
            let count = LANES.min(frames - first);
            for (lane, row) in bands.iter_mut().zip(decibels.iter_rows()) {
                for (to, from) in lane.iter_mut().zip(row.iter().skip(first).take(count)) {
                    *to = *from;
                }
            }
            for (sum, weights) in coefficients.iter_mut().zip(weights.chunks_exact(n_mels)) {
                *sum = DoubleLane::default();
                for (weight, band) in weights.iter().zip(&*bands) {
                    add_scaled(sum, *weight, band);
                }
            }
            out.put_columns(first, count, coefficients);
        }
        Ok(())
    }
}
