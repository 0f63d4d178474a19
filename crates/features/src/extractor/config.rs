use crate::{
    ChromaConfig, Error, LogMelConfig, MelConfig, MfccConfig, OnsetStrengthConfig, PcenConfig, RmsConfig,
    SpectralBandwidthConfig, SpectralCentroidConfig, SpectralContrastConfig, SpectralFlatnessConfig,
    SpectralRolloffConfig, StftConfig, ZeroCrossingRateConfig,
};

/// A feature that an [`Extractor`](crate::Extractor) can compute, with the configuration of its own plan.
///
/// The configuration is the one that the feature's single plan takes, its `stft` and `sample_rate` too, which must
/// be the extractor's: so there is no second set of types to learn, the result is the single plan's by
/// construction, and a configuration that cannot share the transform is found out instead of being overruled.
/// [`Self::Rms`] and [`Self::ZeroCrossingRate`] are framed in time; their `frame_length`, `hop_length` and `center`
/// must be the transform's `n_fft`, `hop_length` and `center`.
///
/// What each gives in a stream is told by [`ExtractorStream`](crate::ExtractorStream).
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
#[non_exhaustive]
pub enum Feature {
    /// The complex spectrogram, as [`Stft::stft`](crate::Stft::stft).
    Stft,
    /// The power spectrogram, as [`Stft::power`](crate::Stft::power).
    Power,
    /// The magnitude spectrogram, as [`Stft::magnitude`](crate::Stft::magnitude).
    Magnitude,
    /// As [`MelSpectrogram`](crate::MelSpectrogram).
    Mel(MelConfig),
    /// As [`LogMel`](crate::LogMel).
    LogMel(LogMelConfig),
    /// As [`Mfcc`](crate::Mfcc).
    Mfcc(MfccConfig),
    /// A mel spectrogram after [`Pcen`](crate::Pcen), which names its rate and hop once more.
    Pcen {
        /// The mel spectrogram.
        mel: MelConfig,
        /// What is done to it.
        #[cfg_attr(feature = "serde", serde(default))]
        pcen: PcenConfig,
    },
    /// As [`OnsetStrength`](crate::OnsetStrength), from decibels that other features may share.
    OnsetStrength(OnsetStrengthConfig),
    /// As [`Chroma`](crate::Chroma). Without a given tuning, the power spectrogram of the whole clip is kept.
    Chroma(ChromaConfig),
    /// As [`SpectralCentroid`](crate::SpectralCentroid).
    SpectralCentroid(SpectralCentroidConfig),
    /// As [`SpectralBandwidth`](crate::SpectralBandwidth), from the centroids that are there if they are asked for.
    SpectralBandwidth(SpectralBandwidthConfig),
    /// As [`SpectralRolloff`](crate::SpectralRolloff).
    SpectralRolloff(SpectralRolloffConfig),
    /// As [`SpectralFlatness`](crate::SpectralFlatness).
    SpectralFlatness(SpectralFlatnessConfig),
    /// As [`SpectralContrast`](crate::SpectralContrast).
    SpectralContrast(SpectralContrastConfig),
    /// The root mean square from the magnitudes, as
    /// [`Rms::compute_from_spectrogram`](crate::Rms::compute_from_spectrogram): that of the windowed samples.
    SpectralRms,
    /// As [`Rms`](crate::Rms), of the samples.
    Rms(RmsConfig),
    /// As [`ZeroCrossingRate`](crate::ZeroCrossingRate).
    ZeroCrossingRate(ZeroCrossingRateConfig),
}

/// What a feature's configuration says that is the extractor's to say; `None` is nothing.
#[derive(Default)]
struct Shared<'a> {
    sample_rate: Option<u32>,
    stft: Option<&'a StftConfig>,
    frame_length: Option<usize>,
    hop_length: Option<usize>,
    center: Option<bool>,
}

impl Feature {
    fn shared(&self) -> Shared<'_> {
        fn both(sample_rate: u32, stft: &StftConfig) -> Shared<'_> {
            Shared { sample_rate: Some(sample_rate), stft: Some(stft), ..Shared::default() }
        }
        fn of_mel(mel: &MelConfig) -> Shared<'_> {
            both(mel.sample_rate, &mel.stft)
        }
        let framed = |frame_length, hop_length, center| Shared {
            frame_length: Some(frame_length),
            hop_length: Some(hop_length),
            center: Some(center),
            ..Shared::default()
        };
        match self {
            Self::Stft | Self::Power | Self::Magnitude | Self::SpectralRms => Shared::default(),
            Self::Mel(mel) => of_mel(mel),
            Self::LogMel(config) => of_mel(&config.mel),
            Self::Mfcc(config) => of_mel(&config.mel),
            Self::Pcen { mel, pcen } => Shared {
                hop_length: Some(pcen.hop_length),
                // Of two rates, one that differs is told.
                sample_rate: Some(if mel.sample_rate == pcen.sample_rate { mel.sample_rate } else { 0 }),
                ..of_mel(mel)
            },
            Self::OnsetStrength(config) => of_mel(&config.log_mel.mel),
            Self::Chroma(config) => both(config.sample_rate, &config.stft),
            Self::SpectralCentroid(config) => both(config.sample_rate, &config.stft),
            Self::SpectralBandwidth(config) => both(config.sample_rate, &config.stft),
            Self::SpectralRolloff(config) => both(config.sample_rate, &config.stft),
            Self::SpectralContrast(config) => both(config.sample_rate, &config.stft),
            Self::SpectralFlatness(config) => Shared { stft: Some(&config.stft), ..Shared::default() },
            Self::Rms(config) => framed(config.frame_length, config.hop_length, config.center),
            Self::ZeroCrossingRate(config) => framed(config.frame_length, config.hop_length, config.center),
        }
    }

    /// The first parameter that differs from the extractor's.
    fn mismatch(&self, config: &ExtractorConfig) -> Option<&'static str> {
        let ExtractorConfig { sample_rate, stft, .. } = config;
        let shared = self.shared();
        [
            ("sample_rate", shared.sample_rate.is_none_or(|own| own == *sample_rate)),
            ("stft", shared.stft.is_none_or(|own| own == stft)),
            ("frame_length", shared.frame_length.is_none_or(|own| own == stft.n_fft)),
            ("hop_length", shared.hop_length.is_none_or(|own| own == stft.hop_length)),
            ("center", shared.center.is_none_or(|own| own == stft.center)),
        ]
        .into_iter()
        .find_map(|(parameter, fits)| (!fits).then_some(parameter))
    }
}

/// A feature and the name that its result shall have.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct NamedFeature {
    /// The name; any text that no other feature of the extractor has.
    pub name: String,
    /// The feature.
    pub feature: Feature,
}

/// Which features an [`Extractor`](crate::Extractor) computes, and from which transform.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct ExtractorConfig {
    /// Samples a second, at least 1.
    pub sample_rate: u32,
    /// How the signal is cut and transformed, for all features.
    #[cfg_attr(feature = "serde", serde(default))]
    pub stft: StftConfig,
    /// The features, at least one, in the order of the results.
    pub features: Vec<NamedFeature>,
}

impl ExtractorConfig {
    /// librosa's default transform of audio of `sample_rate` samples a second, and no feature yet.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        Self { sample_rate, stft: StftConfig::default(), features: Vec::new() }
    }

    /// Sets how the signal is cut and transformed.
    #[must_use]
    pub fn with_stft(mut self, stft: StftConfig) -> Self {
        self.stft = stft;
        self
    }

    /// Asks for one more feature, whose result shall be called `name`.
    #[must_use]
    pub fn with_feature(mut self, name: impl Into<String>, feature: Feature) -> Self {
        self.features.push(NamedFeature { name: name.into(), feature });
        self
    }

    /// Checks all but the features' own parameters.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.stft.check()?;
        if self.sample_rate == 0 {
            return Err(Error::config("sample_rate", 0.0, "at least 1"));
        }
        if self.features.is_empty() {
            return Err(Error::config("features", 0.0, "at least one"));
        }
        for (i, NamedFeature { name, feature }) in self.features.iter().enumerate() {
            if self.features.iter().take(i).any(|before| before.name == *name) {
                return Err(Error::DuplicateFeature { name: name.clone() });
            }
            if let Some(parameter) = feature.mismatch(self) {
                return Err(Error::FeatureMismatch { name: name.clone(), parameter });
            }
        }
        Ok(())
    }
}
