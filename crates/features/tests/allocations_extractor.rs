//! An extractor allocates nothing from the second call on, and a stream holds a block of frames, however long it is.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use allocation_counter::measure;
use soundalike_features::{
    ChromaConfig, Extractor, ExtractorConfig, Feature, Features, Latency, LogMelConfig, MelConfig,
    MfccConfig, OnsetStrengthConfig, PadMode, PcenConfig, RmsConfig, Scratch, SpectralBandwidthConfig,
    SpectralCentroidConfig, SpectralContrastConfig, SpectralFlatnessConfig, SpectralRolloffConfig,
    StftConfig, ZeroCrossingRateConfig,
};

/// All features, or all that can be streamed.
fn extractor(stft: &StftConfig, streamed: bool) -> Extractor {
    let mel = MelConfig::new(22_050).with_stft(stft.clone());
    let pcen = PcenConfig::default().with_hop_length(stft.hop_length);
    let rms = RmsConfig::default().with_frame_length(stft.n_fft).with_hop_length(stft.hop_length);
    let rate =
        ZeroCrossingRateConfig::default().with_frame_length(stft.n_fft).with_hop_length(stft.hop_length);
    let chroma = ChromaConfig::new(22_050).with_stft(stft.clone());
    let log_mel = LogMelConfig::new(22_050).with_mel(mel.clone());
    let whole = ExtractorConfig::new(22_050)
        .with_feature("onset", Feature::OnsetStrength(OnsetStrengthConfig::new(22_050).with_log_mel(log_mel)))
        .with_feature("tuned", Feature::Chroma(chroma.clone()));
    let config = if streamed { ExtractorConfig::new(22_050) } else { whole };
    let config = config
        .with_feature("pcen", Feature::Pcen { mel: mel.clone(), pcen })
        .with_feature("rms", Feature::Rms(rms))
        .with_feature("crossings", Feature::ZeroCrossingRate(rate))
        .with_feature("chroma", Feature::Chroma(chroma.with_tuning(0.0)))
        .with_feature(
            "centroid",
            Feature::SpectralCentroid(SpectralCentroidConfig::new(22_050).with_stft(stft.clone())),
        )
        .with_feature(
            "bandwidth",
            Feature::SpectralBandwidth(SpectralBandwidthConfig::new(22_050).with_stft(stft.clone())),
        )
        .with_feature(
            "rolloff",
            Feature::SpectralRolloff(SpectralRolloffConfig::new(22_050).with_stft(stft.clone())),
        )
        .with_feature(
            "flatness",
            Feature::SpectralFlatness(SpectralFlatnessConfig::default().with_stft(stft.clone())),
        )
        .with_feature(
            "contrast",
            Feature::SpectralContrast(SpectralContrastConfig::new(22_050).with_stft(stft.clone())),
        )
        .with_feature("spectral rms", Feature::SpectralRms);
    let config = config
        .with_stft(stft.clone())
        .with_feature("stft", Feature::Stft)
        .with_feature("power", Feature::Power)
        .with_feature("magnitude", Feature::Magnitude)
        .with_feature("mel", Feature::Mel(mel.clone()))
        .with_feature("log_mel", Feature::LogMel(LogMelConfig::new(22_050).with_mel(mel.clone())))
        .with_feature("mfcc", Feature::Mfcc(MfccConfig::new(22_050).with_mel(mel)));
    Extractor::new(&config).unwrap()
}

fn configs() -> [StftConfig; 3] {
    [
        StftConfig::default(),
        StftConfig::default().with_n_fft(1023).with_hop_length(300).with_pad_mode(PadMode::Reflect),
        StftConfig::default().with_n_fft(512).with_hop_length(2000).with_pad_mode(PadMode::Edge),
    ]
}

#[test]
fn none_after_the_first_call() {
    for stft in configs() {
        let extractor = extractor(&stft, false);
        let long = common::signal("tones", 22_050, 22_050);
        let (mut out, mut scratch) = (Features::new(), Scratch::new());
        let mut all = |samples: &[f32]| extractor.compute_into(samples, &mut out, &mut scratch).unwrap();
        assert!(measure(|| all(&long)).count_total > 0, "the counter counts");
        assert_eq!(measure(|| all(&long)).count_total, 0);
        assert_eq!(measure(|| all(&long[..5000])).count_total, 0);
        assert_eq!(measure(|| all(&long)).count_total, 0);
    }
}

#[test]
fn a_stream_holds_a_block_of_frames() {
    let minute = common::signal("tones", 22_050, 1_323_000);
    for stft in configs() {
        let extractor = extractor(&stft, true);
        for latency in [Latency::Frame, Latency::Block] {
            for cut in [1usize, 777, 10_000] {
                let mut stream = extractor.stream().unwrap().with_latency(latency);
                let mut pass = |samples: &[f32]| {
                    for block in samples.chunks(cut) {
                        stream.push(block).unwrap();
                    }
                    stream.finish().unwrap();
                };
                let second = &minute[..if cut == 1 { 22_050 } else { 220_500 }];
                assert!(measure(|| pass(second)).count_total > 0, "the counter counts");
                // From then on nothing, however long it is.
                assert_eq!(measure(|| pass(second)).count_total, 0, "{stft:?} {latency:?} {cut}");
                if cut != 1 {
                    assert_eq!(measure(|| pass(&minute)).count_total, 0, "{stft:?} {latency:?} {cut}");
                }
            }
        }
        // The samples that are held: a block of frames, and half a frame at the edge.
        let samples = stft.n_fft + 15 * stft.hop_length.min(stft.n_fft) + stft.n_fft / 2 + 1;
        let plan = measure(|| drop(extractor.clone())).bytes_max;
        let held = measure(|| drop(extractor.stream().unwrap())).bytes_max - plan;
        let least = (samples * size_of::<f32>()) as u64;
        assert!(held >= least, "{held} bytes, {least} of samples");
    }
}

/// All memory of a stream, its results and the transform's too, does not depend on how long it runs.
#[test]
fn a_long_stream_takes_no_more_memory_than_a_short_one() {
    let minute = common::signal("tones", 22_050, 1_323_000);
    let extractor = extractor(&StftConfig::default(), true);
    let peak = |samples: &[f32]| {
        measure(|| {
            let mut stream = extractor.stream().unwrap();
            for block in samples.chunks(1000) {
                stream.push(block).unwrap();
            }
            stream.finish().unwrap();
        })
        .bytes_max
    };
    let (short, long) = (peak(&minute[..66_150]), peak(&minute));
    assert_eq!(long, short);
    // The results of the whole minute would take more than that: 4,400 rows by 2,584 frames.
    assert!(long < 3_000_000, "{long} bytes");
}
