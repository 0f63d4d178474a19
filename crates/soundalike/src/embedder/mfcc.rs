//! The baseline embedder: standardised means of MFCCs.

use soundalike_features::{ChunkConfig, Mfcc, MfccConfig, pooling};

use super::{Embedder, EmbedderId};
use crate::Error;

const N_MFCC: usize = 20;
const SAMPLE_RATE: u32 = 22_050;

/// Mean and standard deviation of each component of an embedding, over some body of music.
///
/// Raw MFCC means are dominated by the zeroth coefficient (loudness): nearly all directions agree and every cosine
/// distance is tiny. Subtracting the mean and dividing by the deviation gives each coefficient the same say.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Debug, Clone, PartialEq)]
pub struct Standardization {
    /// Mean of each component.
    pub mean: Vec<f32>,
    /// Standard deviation of each component; positive.
    pub std: Vec<f32>,
}

impl Standardization {
    /// Figures for 20 MFCC means of 5 s at 22,050 Hz, measured over 4,996 chunks of 358 freely licensed recordings
    /// by `cargo run --release --example standardize -- --music DIR`.
    #[must_use]
    pub fn music_22050() -> Self {
        Self { mean: MEAN.to_vec(), std: STD.to_vec() }
    }

    /// The figures of `vectors`: mean and population standard deviation of each component.
    ///
    /// # Errors
    /// [`Error::Standardization`] when there are fewer than two vectors, when they differ in length, hold a value
    /// that is not finite, or when a component never varies.
    pub fn fit<'a>(vectors: impl IntoIterator<Item = &'a [f32]>) -> Result<Self, Error> {
        let (mut n, mut sum, mut squares) = (0_u64, Vec::<f64>::new(), Vec::<f64>::new());
        for v in vectors {
            if n == 0 {
                sum = vec![0.0; v.len()];
                squares = sum.clone();
            }
            if v.len() != sum.len() || v.iter().any(|x| !x.is_finite()) {
                return Err(Error::Standardization { what: "vectors must be finite and of one length" });
            }
            for ((s, q), &x) in sum.iter_mut().zip(&mut squares).zip(v) {
                *s += f64::from(x);
                *q += f64::from(x) * f64::from(x);
            }
            n += 1;
        }
        if n < 2 {
            return Err(Error::Standardization { what: "at least two vectors are needed" });
        }
        let mean: Vec<f64> = sum.iter().map(|s| s / n as f64).collect();
        let std =
            squares.iter().zip(&mean).map(|(q, m)| (q / n as f64 - m * m).max(0.0).sqrt() as f32).collect();
        let fitted = Self { mean: mean.iter().map(|&m| m as f32).collect(), std };
        fitted.check(fitted.mean.len())?;
        Ok(fitted)
    }

    fn check(&self, dim: usize) -> Result<(), Error> {
        if self.mean.len() != dim || self.std.len() != dim {
            return Err(Error::Standardization {
                what: "mean and std must have one value for each coefficient",
            });
        }
        if self.mean.iter().any(|m| !m.is_finite()) || self.std.iter().any(|s| !s.is_finite() || *s <= 0.0) {
            return Err(Error::Standardization { what: "mean must be finite, std finite and positive" });
        }
        Ok(())
    }
}

/// Parameters of [`MfccEmbedder`].
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MfccEmbedderConfig {
    /// The coefficients; librosa's defaults, 20 of them at 22,050 Hz.
    pub mfcc: MfccConfig,
    /// Length of a chunk in seconds; 5 by default.
    pub chunk_seconds: f64,
    /// Distance between the starts of neighbouring chunks in seconds; 2 by default.
    pub hop_seconds: f64,
    /// Figures that the means are standardised with.
    pub standardization: Standardization,
}

impl MfccEmbedderConfig {
    /// The configuration with the given standardisation, which belongs to the other parameters.
    #[must_use]
    pub fn new(mfcc: MfccConfig, standardization: Standardization) -> Self {
        Self { mfcc, chunk_seconds: 5.0, hop_seconds: 2.0, standardization }
    }

    /// Sets length and hop of the chunks in seconds.
    #[must_use]
    pub fn with_chunks(mut self, chunk_seconds: f64, hop_seconds: f64) -> Self {
        self.chunk_seconds = chunk_seconds;
        self.hop_seconds = hop_seconds;
        self
    }
}

impl Default for MfccEmbedderConfig {
    fn default() -> Self {
        Self::new(MfccConfig::new(SAMPLE_RATE).with_n_mfcc(N_MFCC), Standardization::music_22050())
    }
}

/// Means over time of 20 MFCCs, standardised: the classic non-learned baseline.
///
/// It hears timbre and mix, not melody, so it is weak as an identifier; every learned model is measured against it.
#[derive(Debug)]
pub struct MfccEmbedder {
    id: EmbedderId,
    mfcc: Mfcc,
    chunks: ChunkConfig,
    sample_rate: u32,
    min_samples: usize,
    standardization: Standardization,
}

impl MfccEmbedder {
    /// Checks the configuration and plans the transforms.
    ///
    /// # Errors
    /// [`Error::Features`] for parameters that `soundalike-features` refuses, [`Error::Setting`] for chunks shorter than
    /// a frame or a hop of nothing, [`Error::Standardization`] for figures that do not fit the number of coefficients.
    pub fn new(config: &MfccEmbedderConfig) -> Result<Self, Error> {
        let mfcc = Mfcc::new(&config.mfcc)?;
        config.standardization.check(config.mfcc.n_mfcc)?;
        let sample_rate = config.mfcc.mel.sample_rate;
        let min_samples = config.mfcc.mel.stft.n_fft;
        let samples = |name, seconds: f64, least: usize, allowed| {
            let samples = (seconds * f64::from(sample_rate)).round();
            // A day: more is a slip, and sums of it could overflow.
            let most = 86_400.0 * f64::from(sample_rate);
            if samples.is_finite() && samples >= least as f64 && samples <= most {
                return Ok(samples as usize);
            }
            Err(Error::Setting { name, got: seconds, allowed })
        };
        let one_frame = "at least one frame (n_fft samples), at most a day";
        let chunks = ChunkConfig::new(
            samples("chunk_seconds", config.chunk_seconds, min_samples, one_frame)?,
            samples("hop_seconds", config.hop_seconds, 1, "at least one sample, at most a day")?,
        );
        Ok(Self {
            id: EmbedderId::new(&format!("mfcc{}", config.mfcc.n_mfcc), &parameters(config, &chunks)?),
            mfcc,
            chunks,
            sample_rate,
            min_samples,
            standardization: config.standardization.clone(),
        })
    }

    /// The means of the coefficients before they are standardised: what [`Standardization::fit`] takes.
    ///
    /// # Errors
    /// As [`Embedder::embed`].
    pub fn raw_means(&self, samples: &[f32]) -> Result<Vec<f32>, Error> {
        if samples.len() < self.min_samples {
            return Err(Error::TooShort { got: samples.len(), expected: self.min_samples });
        }
        Ok(pooling::mean(&self.mfcc.compute(samples)?)?)
    }
}

/// Raised when the same parameters begin to give other vectors.
const ALGORITHM: u32 = 1;

/// Every parameter in a written form that does not change between builds.
fn parameters(config: &MfccEmbedderConfig, chunks: &ChunkConfig) -> Result<Vec<u8>, Error> {
    let Standardization { mean, std } = &config.standardization;
    let all = ("mean", ALGORITHM, &config.mfcc, chunks, mean, std);
    serde_json::to_vec(&all)
        .map_err(|_| Error::Standardization { what: "the parameters cannot be written down" })
}

impl Embedder for MfccEmbedder {
    fn id(&self) -> &EmbedderId {
        &self.id
    }

    fn dim(&self) -> usize {
        self.standardization.mean.len()
    }

    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn chunks(&self) -> &ChunkConfig {
        &self.chunks
    }

    fn min_samples(&self) -> usize {
        self.min_samples
    }

    fn embed(&self, samples: &[f32]) -> Result<Vec<f32>, Error> {
        let mut v = self.raw_means(samples)?;
        let figures = self.standardization.mean.iter().zip(&self.standardization.std);
        v.iter_mut().zip(figures).for_each(|(x, (mean, std))| *x = (*x - mean) / std);
        Ok(v)
    }
}

const MEAN: [f32; N_MFCC] = [
    -194.42, 134.08, 4.9271, 24.125, 4.5907, 7.9292, -0.24314, 3.2116, -2.1551, 1.3136, -3.4624, 0.50311,
    -1.866, 0.081582, -1.7954, 0.31559, -1.744, 0.27483, -1.9882, 0.22339,
];
const STD: [f32; N_MFCC] = [
    105.29, 50.907, 26.708, 16.86, 11.61, 10.821, 9.3831, 9.5031, 8.045, 7.9449, 7.4324, 7.3351, 6.2958,
    6.4947, 5.9013, 5.5305, 5.1542, 5.4824, 5.8993, 6.0226,
];
