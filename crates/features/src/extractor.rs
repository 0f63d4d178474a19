mod config;
mod features;
mod pass;
mod plan;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use config::{ExtractorConfig, Feature, NamedFeature};
use features::Shape;
pub use features::{FeatureMatrix, Features};
pub(crate) use pass::ExtractorScratch;
use plan::{Output, Source, Stage};

use crate::spectral::Shapes;
use crate::spectrum::{Spectra, Wanted};
use crate::{Error, Scratch, Stft};

/// Several features of one signal from one transform, planned once and used for any number of signals.
///
/// The results are bit for bit those of the features' own plans, which would transform the signal again for each.
/// Bands that several features have in common (mel, its decibels and its MFCC, say) are computed once.
///
/// ```
/// use soundalike_features::{Extractor, ExtractorConfig, Feature, MelConfig, MfccConfig, StftConfig};
///
/// let stft = StftConfig::default().with_n_fft(1024).with_hop_length(256);
/// let mel = MelConfig::new(22_050).with_stft(stft.clone()).with_n_mels(64);
/// let config = ExtractorConfig::new(22_050)
///     .with_stft(stft)
///     .with_feature("power", Feature::Power)
///     .with_feature("mel", Feature::Mel(mel.clone()))
///     .with_feature("mfcc", Feature::Mfcc(MfccConfig::new(22_050).with_mel(mel)));
/// let extractor = Extractor::new(&config)?;
///
/// let samples: Vec<f32> = (0..22_050).map(|n| (n as f32 * 0.1).sin()).collect();
/// let features = extractor.compute(&samples)?;
/// let shapes: Vec<_> = ["power", "mel", "mfcc"]
///     .iter()
///     .filter_map(|name| features.get(name))
///     .map(|matrix| (matrix.rows(), matrix.cols()))
///     .collect();
/// assert_eq!(shapes, [(513, 87), (64, 87), (20, 87)]);
/// # Ok::<(), soundalike_features::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Extractor {
    config: ExtractorConfig,
    pub(crate) stft: Stft,
    pub(crate) wanted: Wanted,
    sources: Vec<Source>,
    /// Centroids and bandwidths.
    shapes: Arc<Shapes>,
    stages: Vec<Stage>,
    outputs: Vec<Output>,
}

impl Extractor {
    /// Checks the configuration and plans.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter of the transform or of any feature out of range, or without a
    /// feature; [`Error::DuplicateFeature`]; [`Error::FeatureMismatch`] for a feature that names another rate,
    /// transform or framing.
    pub fn new(config: &ExtractorConfig) -> Result<Self, Error> {
        config.check()?;
        plan::plan(config)
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &ExtractorConfig {
        &self.config
    }

    /// Columns of the results for `n_samples` samples.
    ///
    /// # Errors
    /// As [`Stft::frames`].
    pub fn frames(&self, n_samples: usize) -> Result<usize, Error> {
        self.stft.frames(n_samples)
    }

    /// All features of `samples` at the configured rate, `[coefficient x frame]` each.
    ///
    /// # Errors
    /// As [`Stft::stft`].
    pub fn compute(&self, samples: &[f32]) -> Result<Features, Error> {
        let mut out = Features::new();
        self.compute_into(samples, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::compute`] into `out`, which gets the results' names and shapes. Allocates nothing once `out` and
    /// `scratch` have grown to what the configuration and the length need.
    ///
    /// # Errors
    /// As [`Stft::stft`]; `out` is then unspecified.
    pub fn compute_into(
        &self,
        samples: &[f32],
        out: &mut Features,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let frames = self.stft.accept(samples)?;
        self.reshape(out, frames, false)?;
        let mut memory = std::mem::take(&mut scratch.extractor);
        let result = self.begin_clip(frames, &mut memory).and_then(|()| {
            let emit = |first: usize, count: usize, block: &Spectra| {
                self.take_block(first, count, block, false, &mut memory, out);
            };
            self.stft.transform.for_each_block(samples, frames, &mut scratch.transform, self.wanted, emit);
            self.finish_stages(0, frames, |stage| &stage.db, &mut memory, out);
            let start = -(self.stft.padding() as i64);
            self.frames_in_time(samples, start, 0..frames, out, scratch);
            self.finish_clip(&mut memory, out, scratch)
        });
        scratch.extractor = memory;
        result
    }

    /// Gives all results their shapes.
    pub(crate) fn reshape(&self, out: &mut Features, frames: usize, streamed: bool) -> Result<(), Error> {
        let shapes = self.outputs.iter().zip(&self.config.features).map(|(output, feature)| Shape {
            name: &feature.name,
            rows: self.rows(output, streamed),
            complex: matches!(output, Output::Complex),
        });
        out.reshape(shapes, frames)
    }
}
