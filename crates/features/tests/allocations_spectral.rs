//! The `_into` forms of chroma, spectral shape and rhythm allocate nothing from the second call on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use allocation_counter::measure;
use soundalike_features::{
    Chroma, ChromaConfig, Matrix, OnsetStrength, OnsetStrengthConfig, Rms, RmsConfig, Scratch,
    SpectralBandwidth, SpectralBandwidthConfig, SpectralCentroid, SpectralCentroidConfig, SpectralContrast,
    SpectralContrastConfig, SpectralFlatness, SpectralFlatnessConfig, SpectralRolloff, SpectralRolloffConfig,
    Tempo, TempoConfig, Tempogram, TempogramConfig, ZeroCrossingRate, ZeroCrossingRateConfig,
};

#[test]
fn none_after_the_first_call() {
    let tuned = Chroma::new(&ChromaConfig::new(22_050).with_tuning(0.0)).unwrap();
    let chroma = Chroma::new(&ChromaConfig::new(22_050)).unwrap();
    let centroid = SpectralCentroid::new(&SpectralCentroidConfig::new(22_050)).unwrap();
    let bandwidth = SpectralBandwidth::new(&SpectralBandwidthConfig::new(22_050)).unwrap();
    let rolloff = SpectralRolloff::new(&SpectralRolloffConfig::new(22_050)).unwrap();
    let flatness = SpectralFlatness::new(&SpectralFlatnessConfig::default()).unwrap();
    let contrast = SpectralContrastConfig::new(22_050);
    let wide = SpectralContrast::new(&contrast.clone().with_quantile(0.3)).unwrap();
    let contrast = SpectralContrast::new(&contrast).unwrap();
    let crossings = ZeroCrossingRate::new(&ZeroCrossingRateConfig::default()).unwrap();
    let rms = Rms::new(&RmsConfig::default()).unwrap();
    let onset = OnsetStrength::new(&OnsetStrengthConfig::new(22_050).with_max_size(3)).unwrap();
    let tempo = Tempo::new(&TempoConfig::new(22_050)).unwrap();
    let tempogram = Tempogram::new(&TempogramConfig::default()).unwrap();

    let long = common::signal("music", 22_050, 44_100);
    let mut scratch = Scratch::new();
    let mut out: [Matrix; 12] = Default::default();
    let mut all = |samples: &[f32]| {
        let s = &mut scratch;
        tuned.compute_into(samples, &mut out[0], s).unwrap();
        chroma.compute_into(samples, &mut out[1], s).unwrap();
        centroid.compute_into(samples, &mut out[2], s).unwrap();
        bandwidth.compute_into(samples, &mut out[3], s).unwrap();
        rolloff.compute_into(samples, &mut out[4], s).unwrap();
        flatness.compute_into(samples, &mut out[5], s).unwrap();
        contrast.compute_into(samples, &mut out[6], s).unwrap();
        wide.compute_into(samples, &mut out[7], s).unwrap();
        crossings.compute_into(samples, &mut out[8], s).unwrap();
        rms.compute_into(samples, &mut out[9], s).unwrap();
        onset.compute_into(samples, &mut out[10], s).unwrap();
        tempogram.compute_into(&samples[..1000], &mut out[11], s).unwrap();
        tempo.compute_with_scratch(samples, s).unwrap();
    };
    assert!(measure(|| all(&long)).count_total > 0, "the counter counts");
    assert_eq!(measure(|| all(&long)).count_total, 0);
    assert_eq!(measure(|| all(&long[..7000])).count_total, 0);
    assert_eq!(measure(|| all(&long)).count_total, 0);
}
