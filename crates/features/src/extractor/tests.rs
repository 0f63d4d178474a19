use super::*;
use crate::lanes::Lane;
use crate::spectrum::{Spectrum, SpectrumFeature};
use crate::{
    DbConfig, LogMelConfig, Matrix, MelConfig, MfccConfig, SpectralBandwidthConfig, SpectralCentroidConfig,
};

#[test]
fn bands_and_decibels_in_common_are_computed_once() {
    let mel = || MelConfig::new(22_050);
    let config = ExtractorConfig::new(22_050)
        .with_feature("mel", Feature::Mel(mel()))
        .with_feature("log_mel", Feature::LogMel(LogMelConfig::new(22_050)))
        .with_feature("mfcc", Feature::Mfcc(MfccConfig::new(22_050)))
        .with_feature("mfcc13", Feature::Mfcc(MfccConfig::new(22_050).with_n_mfcc(13)));
    let plan = Extractor::new(&config).unwrap();
    assert_eq!((plan.sources.len(), plan.stages.len()), (1, 1));
    assert_eq!(plan.wanted, Wanted::from(Spectrum::Power));
    let other = config.clone().with_feature("40", Feature::Mel(mel().with_n_mels(40))).with_feature(
        "no floor",
        Feature::LogMel(LogMelConfig::new(1).with_mel(mel()).with_db(DbConfig::default().with_top_db(None))),
    );
    let plan = Extractor::new(&other).unwrap();
    assert_eq!((plan.sources.len(), plan.stages.len()), (2, 2));
}

#[test]
fn the_sums_of_centroids_and_bandwidths_are_taken_once() {
    let config = ExtractorConfig::new(22_050)
        .with_feature("p 2", Feature::SpectralBandwidth(SpectralBandwidthConfig::new(22_050)))
        .with_feature("centroid", Feature::SpectralCentroid(SpectralCentroidConfig::new(22_050)))
        .with_feature("p 1", Feature::SpectralBandwidth(SpectralBandwidthConfig::new(22_050).with_p(1.0)));
    let plan = Extractor::new(&config).unwrap();
    assert_eq!((plan.sources.len(), plan.shapes.rows.len()), (0, 3));
    assert_eq!(plan.wanted, Wanted::from(Spectrum::Magnitude));
}

/// Means of the bins, two at a time.
struct Halves {
    input: Spectrum,
    bins: usize,
}

impl SpectrumFeature for Halves {
    fn input(&self) -> Spectrum {
        self.input
    }

    fn bins(&self) -> usize {
        self.bins
    }

    fn rows(&self) -> usize {
        self.bins / 2
    }

    fn block(&self, bins: &[Lane], rows: &mut [Lane], memory: &mut Vec<Lane>) {
        memory.clear();
        memory.extend_from_slice(bins);
        for (row, [a, b]) in rows.iter_mut().zip(memory.as_chunks().0) {
            *row = std::array::from_fn(|i| 0.5 * (a[i] + b[i]));
        }
    }
}

/// Whatever is a [`SpectrumFeature`] can share the transform, and be streamed.
#[test]
fn any_feature_of_spectra() {
    let samples: Vec<f32> = (0..9000).map(|n| (n as f32 * 0.1).sin() + (n as f32 * 0.37).cos()).collect();
    let config = ExtractorConfig::new(22_050).with_feature("mel", Feature::Mel(MelConfig::new(22_050)));
    let mut plan = Extractor::new(&config).unwrap();
    let inputs = [Spectrum::Power, Spectrum::Magnitude];
    for (name, input) in ["power", "magnitude"].into_iter().zip(inputs) {
        let source = plan.source(Arc::new(Halves { input, bins: 1025 }), None);
        plan.outputs.push(Output::Rows(source));
        // Any feature will do for the name.
        plan.config = plan.config.with_feature(name, Feature::Power);
    }
    let got = plan.compute(&samples).unwrap();
    let mut stream = plan.stream().unwrap().with_latency(crate::Latency::Block);
    stream.push(&samples).unwrap();
    let streamed = stream.finish().unwrap().clone();
    for (name, input) in ["power", "magnitude"].into_iter().zip(inputs) {
        let (mut want, mut scratch) = (Matrix::default(), Scratch::new());
        plan.stft.run(&samples, &Halves { input, bins: 1025 }, &mut want, &mut scratch).unwrap();
        assert_eq!(got.get(name), Some(&want));
        // The stream's last frames are two.
        let last: Vec<f32> = want.iter_rows().flat_map(|row| &row[16..]).copied().collect();
        assert_eq!(streamed.get(name).unwrap().as_slice(), last);
    }
}
