use crate::{
    Error, Extractor, ExtractorConfig, ExtractorStream, Feature, Latency, LogMel, Matrix, MelConfig,
    MelSpectrogram, Mfcc,
};

/// An [`ExtractorStream`] of one feature: the same, with one matrix as the result.
///
/// ```
/// use soundalike_features::{MelConfig, MelSpectrogram};
///
/// let mel = MelSpectrogram::new(&MelConfig::new(22_050))?;
/// let samples: Vec<f32> = (0..22_050).map(|n| (n as f32 * 0.1).sin()).collect();
/// let mut stream = mel.stream()?;
/// let mut frames = 0;
/// for block in samples.chunks(441) {
///     frames += stream.push(block)?.cols();
/// }
/// frames += stream.finish()?.cols();
/// assert_eq!(frames, mel.compute(&samples)?.cols());
/// # Ok::<(), soundalike_features::Error>(())
/// ```
#[derive(Debug)]
pub struct FeatureStream {
    stream: ExtractorStream,
}

impl FeatureStream {
    fn new(mel: &MelConfig, feature: Feature) -> Result<Self, Error> {
        let config = ExtractorConfig::new(mel.sample_rate)
            .with_stft(mel.stft.clone())
            .with_feature("feature", feature);
        Ok(Self { stream: Extractor::new(&config)?.stream()? })
    }

    /// As [`ExtractorStream::with_latency`].
    #[must_use]
    pub fn with_latency(self, latency: Latency) -> Self {
        Self { stream: self.stream.with_latency(latency) }
    }

    /// As [`ExtractorStream::samples_seen`].
    #[must_use]
    pub fn samples_seen(&self) -> u64 {
        self.stream.samples_seen()
    }

    /// As [`ExtractorStream::frames_given`].
    #[must_use]
    pub fn frames_given(&self) -> u64 {
        self.stream.frames_given()
    }

    /// As [`ExtractorStream::push`].
    ///
    /// # Errors
    /// As [`ExtractorStream::push`].
    pub fn push(&mut self, samples: &[f32]) -> Result<&Matrix, Error> {
        // There is one feature, and it is real.
        self.stream.push(samples)?.only().ok_or(Error::EmptyInput)
    }

    /// As [`ExtractorStream::finish`].
    ///
    /// # Errors
    /// As [`ExtractorStream::finish`].
    pub fn finish(&mut self) -> Result<&Matrix, Error> {
        self.stream.finish()?.only().ok_or(Error::EmptyInput)
    }

    /// As [`ExtractorStream::reset`].
    pub fn reset(&mut self) {
        self.stream.reset();
    }
}

impl MelSpectrogram {
    /// A stream of mel spectra.
    ///
    /// # Errors
    /// As [`Extractor::stream`].
    pub fn stream(&self) -> Result<FeatureStream, Error> {
        FeatureStream::new(self.config(), Feature::Mel(self.config().clone()))
    }
}

impl LogMel {
    /// A stream of mel spectra in decibels, without the `top_db` floor: see [`ExtractorStream`].
    ///
    /// # Errors
    /// As [`Extractor::stream`].
    pub fn stream(&self) -> Result<FeatureStream, Error> {
        FeatureStream::new(&self.config().mel, Feature::LogMel(self.config().clone()))
    }
}

impl Mfcc {
    /// A stream of coefficients, of decibels without the `top_db` floor: see [`ExtractorStream`].
    ///
    /// # Errors
    /// As [`Extractor::stream`].
    pub fn stream(&self) -> Result<FeatureStream, Error> {
        FeatureStream::new(&self.config().mel, Feature::Mfcc(self.config().clone()))
    }
}
