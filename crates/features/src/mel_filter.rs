use std::ops::{AddAssign, Mul, Range};

use crate::lanes::{LANES, add_scaled};
use crate::simd::{self, Vectorized};
use crate::{Error, Matrix, MelConfig, MelDomain, MelNorm, hz_to_mel, mel_to_hz};

/// Triangular filters that gather the bins of a spectrum into mel bands (`librosa.filters.mel`).
///
/// `n_mels + 2` points are spaced equally in mel between `fmin` and `fmax` and turned back to Hz; band `m` rises
/// linearly from point `m` to point `m + 1` and falls to zero at point `m + 2`, in Hz or (see
/// [`MelDomain`]) in mel. A bin at a triangle's very end has no weight, so that of 0 Hz never has any, and that of
/// the Nyquist frequency, which Kaldi leaves out, only by a rounding error. Only the bins under a triangle are
/// stored.
///
/// Where bands are narrower than a bin (many bands, short transforms), some triangles fall between two bins and
/// stay empty: such a band is zero for every signal, as in librosa, which warns of it.
/// [`Self::empty_bands`] counts them.
#[derive(Debug, Clone, PartialEq)]
pub struct MelFilterBank {
    bins: usize,
    bands: Vec<Band>,
    weights: Vec<f32>,
}

#[derive(Debug, Clone, PartialEq)]
struct Band {
    first_bin: usize,
    /// Where its weights lie in `weights`; weight `i` belongs to bin `first_bin + i`.
    weights: Range<usize>,
}

impl MelFilterBank {
    /// Makes the filters of `config` for spectra of `1 + n_fft / 2` bins.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range.
    pub fn new(config: &MelConfig) -> Result<Self, Error> {
        config.check()?;
        let fmax = config.fmax_hz();
        let n_fft = config.stft.n_fft;
        let bins = n_fft / 2 + 1;
        let bin_hz = f64::from(config.sample_rate) / n_fft as f64;
        let (low, high) = (hz_to_mel(config.fmin, config.scale), hz_to_mel(fmax, config.scale));
        let step = (high - low) / (config.n_mels + 1) as f64;
        // Where points and bins lie, in the unit in which the sides are straight.
        let mel_at = |i: usize| low + step * i as f64;
        let point_hz = |i: usize| mel_to_hz(mel_at(i), config.scale);
        let point = |i: usize| match config.domain {
            MelDomain::Hz => point_hz(i),
            MelDomain::Mel => mel_at(i),
        };
        let bin = |k: usize| match config.domain {
            MelDomain::Hz => bin_hz * k as f64,
            MelDomain::Mel => hz_to_mel(bin_hz * k as f64, config.scale),
        };

        let mut bank = Self { bins, bands: Vec::with_capacity(config.n_mels), weights: Vec::new() };
        for m in 0..config.n_mels {
            let (left, peak, right) = (point(m), point(m + 1), point(m + 2));
            let scale = match config.norm {
                MelNorm::Slaney => 2.0 / (point_hz(m + 2) - point_hz(m)),
                MelNorm::None => 1.0,
            };
            if !(left < peak && peak < right && scale < 1e6) {
                return Err(Error::config("fmax", fmax, "further above fmin for this number of bands"));
            }
            let weight = |k: usize| {
                let at = bin(k);
                ((at - left) / (peak - left)).min((right - at) / (right - peak)).max(0.0)
            };
            let begin = bank.weights.len();
            // Near the first bin, and at or before it in spite of rounding.
            let mut first_bin = ((point_hz(m) / bin_hz) as usize).saturating_sub(1).min(bins);
            while first_bin < bins && (bin(first_bin) <= left || (config.zero_dc && first_bin == 0)) {
                first_bin += 1;
            }
            bank.weights.extend(
                (first_bin..bins)
                    .take_while(|&k| bin(k) < right)
                    // librosa keeps the triangle in single precision before it scales it.
                    .map(|k| (f64::from(weight(k) as f32) * scale) as f32),
            );
            bank.bands.push(Band { first_bin, weights: begin..bank.weights.len() });
        }
        Ok(bank)
    }

    /// Number of bands.
    #[must_use]
    pub fn n_mels(&self) -> usize {
        self.bands.len()
    }

    /// Number of bins of the spectra that this is for.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.bins
    }

    /// Number of bands under which no bin lies.
    #[must_use]
    pub fn empty_bands(&self) -> usize {
        self.bands.iter().filter(|band| band.weights.is_empty()).count()
    }

    /// All weights with their zeros, `[n_mels x bins]`: the matrix that `librosa.filters.mel` returns.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if it does not fit.
    pub fn to_dense(&self) -> Result<Matrix, Error> {
        let mut dense = Matrix::default();
        dense.reshape(self.n_mels(), self.bins)?;
        for (row, band) in dense.as_mut_slice().chunks_exact_mut(self.bins).zip(&self.bands) {
            for (to, from) in row.iter_mut().skip(band.first_bin).zip(self.weights_of(band)) {
                *to = *from;
            }
        }
        Ok(dense)
    }

    /// Applies the filters to spectra `[bins x frame]`, which gives `[n_mels x frame]`.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] unless `spectra` has [`Self::bins`] rows, [`Error::OutOfMemory`] if the result
    /// does not fit.
    pub fn apply(&self, spectra: &Matrix) -> Result<Matrix, Error> {
        if spectra.rows() != self.bins {
            return Err(Error::LengthMismatch {
                what: "a spectrum",
                expected: self.bins,
                got: spectra.rows(),
            });
        }
        let mut out = Matrix::default();
        out.reshape(self.n_mels(), spectra.cols())?;
        let cols = spectra.cols().max(1);
        for (to, band) in out.as_mut_slice().chunks_exact_mut(cols).zip(&self.bands) {
            to.fill(0.0);
            for (weight, from) in self.weights_of(band).iter().zip(spectra.iter_rows().skip(band.first_bin)) {
                for (sum, value) in to.iter_mut().zip(from) {
                    *sum += weight * value;
                }
            }
        }
        Ok(out)
    }

    fn weights_of(&self, band: &Band) -> &[f32] {
        self.weights.get(band.weights.clone()).unwrap_or_default()
    }

    /// `bands[m] = sum_k weight[m][k] * bins[k]`, for a block of frames.
    pub(crate) fn apply_to_block<T: Value>(&self, bins: &[[T; LANES]], bands: &mut [[T; LANES]]) {
        simd::run(Apply { bank: self, bins, bands });
    }
}

/// What the filters apply to: `f32` or `f64`.
pub(crate) trait Value: Copy + Default + From<f32> + AddAssign + Mul<Output = Self> {}

impl Value for f32 {}
impl Value for f64 {}

struct Apply<'a, T> {
    bank: &'a MelFilterBank,
    bins: &'a [[T; LANES]],
    bands: &'a mut [[T; LANES]],
}

impl<T: Value> Vectorized for Apply<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (out, band) in self.bands.iter_mut().zip(&self.bank.bands) {
            let mut sum = [T::default(); LANES];
            let bins = self.bins.get(band.first_bin..).unwrap_or_default();
            let weights = self.bank.weights.get(band.weights.clone()).unwrap_or_default();
            for (weight, values) in weights.iter().zip(bins) {
                add_scaled(&mut sum, T::from(*weight), values);
            }
            *out = sum;
        }
    }
}
