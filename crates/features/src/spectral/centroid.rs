use super::moments::Moments;
use super::{bin_hz, check_rate, frame_methods, saturated};
use crate::lanes::Lane;
use crate::spectrum::{Spectrum, SpectrumFeature};
use crate::{Error, Stft, StftConfig};

/// The parameters of the spectral centroid; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct SpectralCentroidConfig {
    /// Samples a second, at least 1.
    pub sample_rate: u32,
    /// How the signal is cut and transformed.
    #[cfg_attr(feature = "serde", serde(default))]
    pub stft: StftConfig,
}

impl SpectralCentroidConfig {
    /// librosa's defaults for audio of `sample_rate` samples a second.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        Self { sample_rate, stft: StftConfig::default() }
    }

    /// Sets how the signal is cut and transformed.
    #[must_use]
    pub fn with_stft(mut self, stft: StftConfig) -> Self {
        self.stft = stft;
        self
    }
}

/// The mean frequency of each frame in Hz, weighted by the magnitudes (`librosa.feature.spectral_centroid`),
/// `[1 x frame]`. A silent frame has 0.
///
/// ```
/// use soundalike_features::{SpectralCentroid, SpectralCentroidConfig};
///
/// let centroid = SpectralCentroid::new(&SpectralCentroidConfig::new(22_050))?;
/// let tone: Vec<f32> = (0..22_050).map(|n| (n as f32 * 0.285).sin()).collect(); // 1000 Hz
/// let hz = centroid.compute(&tone)?.get(0, 20).unwrap();
/// assert!((hz - 1000.0).abs() < 10.0);
/// # Ok::<(), soundalike_features::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SpectralCentroid {
    config: SpectralCentroidConfig,
    stft: Stft,
    bin_hz: f64,
}

impl SpectralCentroid {
    /// Checks the configuration and plans.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range.
    pub fn new(config: &SpectralCentroidConfig) -> Result<Self, Error> {
        check_rate(config.sample_rate)?;
        let stft = Stft::new(&config.stft)?;
        let bin_hz = bin_hz(config.sample_rate, config.stft.n_fft);
        Ok(Self { config: config.clone(), stft, bin_hz })
    }

    /// The centroids of a block.
    #[inline(always)]
    pub(super) fn row(&self, moments: &Moments, row: &mut Lane) {
        for (to, centroid) in row.iter_mut().zip(moments.centroids()) {
            *to = saturated(self.bin_hz * centroid);
        }
    }
}

frame_methods!(SpectralCentroid, SpectralCentroidConfig, "magnitude", "`[1 x frame]`");

impl SpectrumFeature for SpectralCentroid {
    fn input(&self) -> Spectrum {
        Spectrum::Magnitude
    }

    fn bins(&self) -> usize {
        self.stft.bins()
    }

    fn rows(&self) -> usize {
        1
    }

    #[inline(always)]
    fn block(&self, bins: &[Lane], rows: &mut [Lane], _: &mut Vec<Lane>) {
        let moments = Moments::of(bins);
        for row in rows {
            self.row(&moments, row);
        }
    }
}
