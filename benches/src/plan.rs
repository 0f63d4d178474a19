use soundalike_features::{
    Chroma, ChromaConfig, ComplexMatrix, Error, Extractor, ExtractorConfig, Feature, Features, Istft,
    KaldiFbank, KaldiFbankConfig, LogMel, LogMelConfig, Matrix, MelConfig, MelSpectrogram, Mfcc, MfccConfig,
    Precision, Scratch, SpectralCentroid, SpectralCentroidConfig, SpectralContrast, SpectralContrastConfig,
    Stft, StftConfig,
};

use crate::Failure;

/// The features that [`plan`] knows.
pub const FEATURES: [&str; 13] = [
    "stft",
    "power",
    "magnitude",
    "istft",
    "mel",
    "mel_single",
    "logmel",
    "mfcc",
    "chroma",
    "contrast",
    "centroid",
    "several",
    "fbank",
];

/// The result for a clip; what a plan does not give stays empty.
#[derive(Debug, Default)]
pub struct Output {
    matrix: Matrix,
    complex: ComplexMatrix,
    samples: Vec<f32>,
    features: Features,
    more: [Matrix; 3],
}

type Compute = dyn Fn(&[f32], &mut Output, &mut Scratch) -> Result<(), Error> + Send + Sync;

/// A feature of clips: any thread can compute it, into results and memory that are used again.
pub struct Plan {
    compute: Box<Compute>,
    prepare: Option<Box<Compute>>,
}

impl Plan {
    fn new(
        compute: impl Fn(&[f32], &mut Output, &mut Scratch) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Self {
        Self { compute: Box::new(compute), prepare: None }
    }

    /// Memory for the result of a clip, and what is not part of the feature itself: the spectrogram that `istft`
    /// starts from.
    ///
    /// # Errors
    /// As [`Self::compute`].
    pub fn output(&self, samples: &[f32]) -> Result<Output, Error> {
        let mut output = Output::default();
        if let Some(prepare) = &self.prepare {
            prepare(samples, &mut output, &mut Scratch::new())?;
        }
        Ok(output)
    }

    /// Computes the feature of a clip into that memory.
    ///
    /// # Errors
    /// If the samples cannot be used.
    pub fn compute(&self, samples: &[f32], output: &mut Output, scratch: &mut Scratch) -> Result<(), Error> {
        (self.compute)(samples, output, scratch)
    }
}

/// The feature of a name (of [`FEATURES`]), by librosa's defaults (`n_fft` 2048, hop 512, 128 bands, 20 coefficients,
/// chroma of a given tuning); `mel_single` is `mel` in single precision, `several` are six of the others from one
/// signal, `fbank` is Kaldi's filter bank of 80 bands.
///
/// # Errors
/// If there is no such feature, or not at this rate.
pub fn plan(feature: &str, sample_rate: u32) -> Result<Plan, Failure> {
    let transform = StftConfig::default();
    let mel = MelConfig::new(sample_rate);
    Ok(match feature {
        "stft" => {
            let plan = Stft::new(&transform)?;
            Plan::new(move |samples, out, scratch| plan.stft_into(samples, &mut out.complex, scratch))
        }
        "power" => {
            let plan = Stft::new(&transform)?;
            Plan::new(move |samples, out, scratch| plan.power_into(samples, &mut out.matrix, scratch))
        }
        "magnitude" => {
            let plan = Stft::new(&transform)?;
            Plan::new(move |samples, out, scratch| plan.magnitude_into(samples, &mut out.matrix, scratch))
        }
        "istft" => {
            let (plan, forward) = (Istft::new(&transform)?, Stft::new(&transform)?);
            let inverse = Plan::new(move |samples, out, scratch| {
                plan.compute_into(&out.complex, Some(samples.len()), &mut out.samples, scratch)
            });
            let prepare = move |samples: &[f32], out: &mut Output, scratch: &mut Scratch| {
                forward.stft_into(samples, &mut out.complex, scratch)
            };
            Plan { prepare: Some(Box::new(prepare)), ..inverse }
        }
        "mel" | "mel_single" => {
            let precision = if feature == "mel" { Precision::Double } else { Precision::Single };
            let plan = MelSpectrogram::new(&mel.with_stft(transform.with_precision(precision)))?;
            Plan::new(move |samples, out, scratch| plan.compute_into(samples, &mut out.matrix, scratch))
        }
        "logmel" => {
            let plan = LogMel::new(&LogMelConfig::new(sample_rate))?;
            Plan::new(move |samples, out, scratch| plan.compute_into(samples, &mut out.matrix, scratch))
        }
        "mfcc" => {
            let plan = Mfcc::new(&MfccConfig::new(sample_rate))?;
            Plan::new(move |samples, out, scratch| plan.compute_into(samples, &mut out.matrix, scratch))
        }
        "chroma" => {
            let plan = Chroma::new(&ChromaConfig::new(sample_rate).with_tuning(0.0))?;
            Plan::new(move |samples, out, scratch| plan.compute_into(samples, &mut out.matrix, scratch))
        }
        "contrast" => {
            let plan = SpectralContrast::new(&SpectralContrastConfig::new(sample_rate))?;
            Plan::new(move |samples, out, scratch| plan.compute_into(samples, &mut out.matrix, scratch))
        }
        "centroid" => {
            let plan = SpectralCentroid::new(&SpectralCentroidConfig::new(sample_rate))?;
            Plan::new(move |samples, out, scratch| plan.compute_into(samples, &mut out.matrix, scratch))
        }
        "several" => several(sample_rate)?,
        "fbank" => {
            let config = KaldiFbankConfig::default().with_sample_rate(sample_rate).with_num_mel_bins(80);
            let plan = KaldiFbank::new(&config)?;
            Plan::new(move |samples, out, scratch| plan.compute_into(samples, &mut out.matrix, scratch))
        }
        other => return Err(format!("there is no feature {other}").into()),
    })
}

/// Mel, its decibels and MFCC from one transform, and chroma, contrast and centroid each from its own.
fn several(sample_rate: u32) -> Result<Plan, Error> {
    let config = ExtractorConfig::new(sample_rate)
        .with_feature("mel", Feature::Mel(MelConfig::new(sample_rate)))
        .with_feature("logmel", Feature::LogMel(LogMelConfig::new(sample_rate)))
        .with_feature("mfcc", Feature::Mfcc(MfccConfig::new(sample_rate)));
    let plan = Extractor::new(&config)?;
    let chroma = Chroma::new(&ChromaConfig::new(sample_rate).with_tuning(0.0))?;
    let contrast = SpectralContrast::new(&SpectralContrastConfig::new(sample_rate))?;
    let centroid = SpectralCentroid::new(&SpectralCentroidConfig::new(sample_rate))?;
    Ok(Plan::new(move |samples, out, scratch| {
        let [first, second, third] = &mut out.more;
        plan.compute_into(samples, &mut out.features, scratch)?;
        chroma.compute_into(samples, first, scratch)?;
        contrast.compute_into(samples, second, scratch)?;
        centroid.compute_into(samples, third, scratch)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_computes() {
        let samples = crate::clip(22_050, 0.5, 1);
        for feature in FEATURES {
            let plan = plan(feature, 22_050).unwrap();
            let mut output = plan.output(&samples).unwrap();
            plan.compute(&samples, &mut output, &mut Scratch::new()).unwrap();
            let Output { matrix, complex, samples: back, features, .. } = &output;
            let frames = [matrix.cols(), complex.re.cols(), features.get("mfcc").map_or(0, Matrix::cols)];
            assert!(frames.contains(&22) || frames.contains(&48), "{feature}: {frames:?}");
            assert!(feature != "istft" || samples.iter().zip(back).all(|(a, b)| (a - b).abs() < 1e-6));
        }
        assert!(plan("nothing", 22_050).is_err());
    }
}
