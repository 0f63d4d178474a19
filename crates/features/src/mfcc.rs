use crate::check;
use crate::dct::Dct;
use crate::lanes::LANES;
use crate::{DbConfig, Error, LogMel, LogMelConfig, Matrix, MelConfig, Scratch};

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
}

fn default_n_mfcc() -> usize {
    20
}

impl MfccConfig {
    /// librosa's defaults for audio of `sample_rate` samples a second.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        Self { mel: MelConfig::new(sample_rate), db: DbConfig::default(), n_mfcc: default_n_mfcc() }
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
}

/// Mel-frequency cepstral coefficients (`librosa.feature.mfcc`), planned once and used for any number of signals:
/// [`LogMel`], then the orthonormal cosine transform of type 2 over the bands of each frame.
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
    log_mel: LogMel,
    dct: Dct,
}

impl Mfcc {
    /// Checks the configuration and plans.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range.
    pub fn new(config: &MfccConfig) -> Result<Self, Error> {
        let log_mel = LogMel::new(&LogMelConfig { mel: config.mel.clone(), db: config.db.clone() })?;
        if !(1..=config.mel.n_mels).contains(&config.n_mfcc) {
            return Err(Error::config("n_mfcc", config.n_mfcc as f64, "1 to n_mels"));
        }
        Ok(Self { config: config.clone(), log_mel, dct: Dct::new(config.mel.n_mels, config.n_mfcc) })
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
