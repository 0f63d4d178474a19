use std::f64::consts::PI;
use std::sync::OnceLock;

use crate::check;
use crate::dct::{self, Dct, DctNorm};
use crate::lanes::{LANES, Lane};
use crate::{DbConfig, Error, LogMel, LogMelConfig, Matrix, MelConfig, Scratch};

/// From which number a lifter counts the coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum LifterKind {
    /// From 1: the first coefficient is lifted too.
    #[default]
    Librosa,
    /// From 0: the first coefficient stays as it is (`cepstral-lifter` of Kaldi and HTK).
    Kaldi,
}

/// The parameters of mel-frequency cepstral coefficients; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct MfccConfig {
    /// The mel spectrogram.
    pub mel: MelConfig,
    /// The decibels. Default reference 1, amin 1e-10, top_db 80.
    #[cfg_attr(feature = "serde", serde(default))]
    pub db: DbConfig,
    /// Number of coefficients, 1 to the number of bands. Default 20.
    #[cfg_attr(feature = "serde", serde(default = "default_n_mfcc"))]
    pub n_mfcc: usize,
    /// Type of the cosine transform, 1, 2 or 3. Type 1 takes at least two bands. Default 2.
    #[cfg_attr(feature = "serde", serde(default = "default_dct_type"))]
    pub dct_type: u8,
    /// Scale of the cosine transform. Default orthonormal.
    #[cfg_attr(feature = "serde", serde(default))]
    pub norm: DctNorm,
    /// Coefficient `n` is multiplied by `1 + (lifter / 2) sin(pi n / lifter)`, which evens out the sizes of low and
    /// high ones: a number from 1e-9 to 1e9, or 0 for no lifter. Default 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub lifter: f64,
    /// Whether that `n` counts from 1 (librosa) or from 0 (Kaldi). Default librosa's.
    #[cfg_attr(feature = "serde", serde(default))]
    pub lifter_kind: LifterKind,
}

fn default_n_mfcc() -> usize {
    20
}

fn default_dct_type() -> u8 {
    2
}

impl MfccConfig {
    /// librosa's defaults for audio of `sample_rate` samples a second.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        Self {
            mel: MelConfig::new(sample_rate),
            db: DbConfig::default(),
            n_mfcc: default_n_mfcc(),
            dct_type: default_dct_type(),
            norm: DctNorm::Ortho,
            lifter: 0.0,
            lifter_kind: LifterKind::Librosa,
        }
    }

    /// Sets the mel spectrogram.
    #[must_use]
    pub fn with_mel(mut self, mel: MelConfig) -> Self {
        self.mel = mel;
        self
    }

    /// Sets the decibels.
    #[must_use]
    pub fn with_db(mut self, db: DbConfig) -> Self {
        self.db = db;
        self
    }

    /// Sets the number of coefficients.
    #[must_use]
    pub fn with_n_mfcc(mut self, n_mfcc: usize) -> Self {
        self.n_mfcc = n_mfcc;
        self
    }

    /// Sets the type of the cosine transform, 1, 2 or 3.
    #[must_use]
    pub fn with_dct_type(mut self, dct_type: u8) -> Self {
        self.dct_type = dct_type;
        self
    }

    /// Sets the scale of the cosine transform.
    #[must_use]
    pub fn with_norm(mut self, norm: DctNorm) -> Self {
        self.norm = norm;
        self
    }

    /// Sets the lifter; 0 for none.
    #[must_use]
    pub fn with_lifter(mut self, lifter: f64) -> Self {
        self.lifter = lifter;
        self
    }

    /// Sets from which number the lifter counts.
    #[must_use]
    pub fn with_lifter_kind(mut self, lifter_kind: LifterKind) -> Self {
        self.lifter_kind = lifter_kind;
        self
    }

    /// Checks what the log-mel spectrogram does not.
    fn check(&self) -> Result<(), Error> {
        if !(1..=self.mel.n_mels).contains(&self.n_mfcc) {
            return Err(Error::config("n_mfcc", self.n_mfcc as f64, "1 to n_mels"));
        }
        if !(1..=3).contains(&self.dct_type) {
            return Err(Error::config("dct_type", f64::from(self.dct_type), "1, 2 or 3"));
        }
        if self.dct_type == 1 && self.mel.n_mels < 2 {
            return Err(Error::config("n_mels", self.mel.n_mels as f64, "at least 2 for dct_type 1"));
        }
        if self.lifter != 0.0 && !(1e-9..=1e9).contains(&self.lifter) {
            return Err(Error::config("lifter", self.lifter, "0, or a number from 1e-9 to 1e9"));
        }
        Ok(())
    }

    /// What each band counts in each coefficient, `[n_mfcc][n_mels]`.
    pub(crate) fn dct_weights(&self) -> impl Iterator<Item = f64> {
        let n_mels = self.mel.n_mels;
        (0..self.n_mfcc).flat_map(move |k| {
            let gain = self.gain(k);
            (0..n_mels).map(move |n| gain * dct::weight(self.dct_type, self.norm, n_mels, k, n))
        })
    }

    /// What coefficient `k`, from 0, is multiplied by.
    fn gain(&self, k: usize) -> f64 {
        let n = match self.lifter_kind {
            LifterKind::Librosa => k + 1,
            LifterKind::Kaldi => k,
        };
        if self.lifter == 0.0 { 1.0 } else { 1.0 + self.lifter / 2.0 * (PI * n as f64 / self.lifter).sin() }
    }
}

/// Mel-frequency cepstral coefficients (`librosa.feature.mfcc`), planned once and used for any number of signals:
/// [`LogMel`], then the cosine transform over the bands of each frame, and the lifter.
///
/// ```
/// use soundalike_features::{Mfcc, MfccConfig};
///
/// let mfcc = Mfcc::new(&MfccConfig::new(22_050))?;
/// let samples: Vec<f32> = (0..22_050).map(|n| (n as f32 * 0.1).sin()).collect();
/// let coefficients = mfcc.compute(&samples)?;
/// assert_eq!((coefficients.rows(), coefficients.cols()), (20, 44));
/// # Ok::<(), soundalike_features::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Mfcc {
    config: MfccConfig,
    pub(crate) log_mel: LogMel,
    dct: Dct,
    /// [`MfccConfig::dct_weights`] for the `f64` forms; made when first used.
    pub(crate) dct_f64: OnceLock<Vec<f64>>,
}

impl Mfcc {
    /// Checks the configuration and plans.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range.
    pub fn new(config: &MfccConfig) -> Result<Self, Error> {
        let log_mel = LogMel::new(&LogMelConfig { mel: config.mel.clone(), db: config.db.clone() })?;
        config.check()?;
        let gain = |k| config.gain(k);
        let dct = Dct::new(config.mel.n_mels, config.n_mfcc, config.dct_type, config.norm, gain);
        Ok(Self { config: config.clone(), log_mel, dct, dct_f64: OnceLock::new() })
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &MfccConfig {
        &self.config
    }

    /// Columns of the result for `n_samples` samples.
    ///
    /// # Errors
    /// As [`Stft::frames`](crate::Stft::frames).
    pub fn frames(&self, n_samples: usize) -> Result<usize, Error> {
        self.log_mel.frames(n_samples)
    }

    /// The coefficients of `samples` at the configured rate, `[n_mfcc x frame]`.
    ///
    /// # Errors
    /// As [`Stft::stft`](crate::Stft::stft).
    pub fn compute(&self, samples: &[f32]) -> Result<Matrix, Error> {
        let mut out = Matrix::default();
        self.compute_into(samples, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::compute`] into `out`, under the terms of
    /// [`MelSpectrogram::compute_into`](crate::MelSpectrogram::compute_into).
    ///
    /// # Errors
    /// As [`Stft::stft`](crate::Stft::stft); `out` is then unspecified.
    pub fn compute_into(
        &self,
        samples: &[f32],
        out: &mut Matrix,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let frames = self.log_mel.blocks(samples, scratch)?;
        out.reshape(self.dct.outputs(), frames)?;
        let Scratch { blocks, fold, coefficients, .. } = scratch;
        coefficients.resize(self.dct.outputs(), [0.0; LANES]);
        for (i, block) in blocks.chunks_exact(self.config.mel.n_mels).enumerate() {
            let first = i * LANES;
            self.dct.apply_to_block(block, coefficients, fold);
            out.put_columns(first, LANES.min(frames - first), coefficients);
        }
        Ok(())
    }

    /// The coefficients of a mel spectrogram in decibels that is there already, `[n_mels x frame]` (librosa's `S`):
    /// what [`Self::compute`] gives for the samples that `log_mel` was made from.
    ///
    /// # Errors
    /// [`Error::EmptyInput`] for no frames, [`Error::LengthMismatch`] unless there is one row for each band,
    /// [`Error::NonFinite`].
    pub fn compute_from_log_mel(&self, log_mel: &Matrix) -> Result<Matrix, Error> {
        let (expected, got) = (self.config.mel.n_mels, log_mel.rows());
        if log_mel.is_empty() {
            return Err(Error::EmptyInput);
        }
        if got != expected {
            return Err(Error::LengthMismatch { what: "log_mel (rows)", expected, got });
        }
        check::finite(log_mel.as_slice())?;
        let mut out = Matrix::default();
        out.reshape(self.dct.outputs(), log_mel.cols())?;
        let mut block = vec![[0.0; LANES]; expected];
        let mut coefficients = vec![[0.0; LANES]; self.dct.outputs()];
        let mut fold = Vec::new();
        for first in (0..log_mel.cols()).step_by(LANES) {
            let count = LANES.min(log_mel.cols() - first);
            for (lane, row) in block.iter_mut().zip(log_mel.iter_rows()) {
                if let (Some(to), Some(from)) = (lane.get_mut(..count), row.get(first..first + count)) {
                    to.copy_from_slice(from);
                }
            }
            self.dct.apply_to_block(&block, &mut coefficients, &mut fold);
            out.put_columns(first, count, &coefficients);
        }
        Ok(out)
    }

    /// The coefficients of one block of decibels, `[band][lane]`; `fold` is memory.
    pub(crate) fn apply_to_block(&self, decibels: &[Lane], coefficients: &mut [Lane], fold: &mut Vec<Lane>) {
        self.dct.apply_to_block(decibels, coefficients, fold);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LogMel;

    #[test]
    fn from_decibels_equals_from_samples() {
        let config = MfccConfig::new(22_050);
        let mfcc = Mfcc::new(&config).unwrap();
        let log_mel = LogMel::new(&LogMelConfig::new(22_050)).unwrap();
        for n in [1, 5_000, 22_050] {
            let samples: Vec<f32> =
                (0..n).map(|i| (i as f32 * 0.1).sin() + (i as f32 * 0.37).cos()).collect();
            let decibels = log_mel.compute(&samples).unwrap();
            assert_eq!(mfcc.compute_from_log_mel(&decibels).unwrap(), mfcc.compute(&samples).unwrap());
        }
    }

    #[test]
    fn lifters_multiply_coefficients() {
        let log_mel = Matrix::new((0..128).map(|i| (i as f32 * 0.7).sin() * 40.0).collect(), 128, 1).unwrap();
        let config = MfccConfig::new(22_050);
        let of = |config: &MfccConfig| Mfcc::new(config).unwrap().compute_from_log_mel(&log_mel).unwrap();
        let plain = of(&config);
        for (kind, first) in [(LifterKind::Librosa, 1), (LifterKind::Kaldi, 0)] {
            let lifted = of(&config.clone().with_lifter(22.0).with_lifter_kind(kind));
            for (k, (got, plain)) in lifted.as_slice().iter().zip(plain.as_slice()).enumerate() {
                let want = f64::from(*plain) * (1.0 + 11.0 * (PI * (k + first) as f64 / 22.0).sin());
                assert!((f64::from(*got) - want).abs() < 1e-3, "{kind:?} {k}: {got} instead of {want}");
            }
        }
    }

    #[test]
    fn refuses_what_is_no_log_mel() {
        let mfcc = Mfcc::new(&MfccConfig::new(22_050)).unwrap();
        let of =
            |data: Vec<f32>, rows, cols| mfcc.compute_from_log_mel(&Matrix::new(data, rows, cols).unwrap());
        assert!(matches!(of(vec![], 128, 0), Err(Error::EmptyInput)));
        assert!(matches!(
            of(vec![0.0; 64], 64, 1),
            Err(Error::LengthMismatch { expected: 128, got: 64, .. })
        ));
        let mut bad = vec![0.0; 128];
        bad[7] = f32::NAN;
        assert!(matches!(of(bad, 128, 1), Err(Error::NonFinite { index: 7 })));
    }
}
