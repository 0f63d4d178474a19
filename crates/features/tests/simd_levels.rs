//! Every level of vector instructions gives the same results, within rounding, and those of the definition.
//!
//! The limit on the level is one for the whole process, so this is a binary and a single test of its own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use std::f64::consts::PI;

use soundalike_features::{
    AmplitudeDbConfig, Chroma, ChromaConfig, ChromaFilterConfig, DbConfig, DctNorm, Extractor,
    ExtractorConfig, Feature, Features, LogMelConfig, Matrix, MelConfig, MfccConfig, OnsetStrength,
    OnsetStrengthConfig, PadMode, Pcen, PcenConfig, Precision, RmsConfig, SimdLevel, SpectralBandwidthConfig,
    SpectralCentroidConfig, SpectralContrastConfig, SpectralFlatnessConfig, SpectralRolloff,
    SpectralRolloffConfig, Stft, StftConfig, ZeroCrossingRateConfig, amplitude_to_db, power_to_db,
};

const RATE: u32 = 22_050;

/// Calls `run` at each level that the processor has.
fn at_each_level<T>(mut run: impl FnMut(SimdLevel) -> T) -> Vec<(SimdLevel, T)> {
    let levels = SimdLevel::ALL.into_iter().filter(|level| *level <= SimdLevel::best());
    let results = levels
        .map(|level| {
            level.set_limit();
            assert_eq!(SimdLevel::current(), level);
            (level, run(level))
        })
        .collect();
    SimdLevel::best().set_limit();
    results
}

/// Sample `index` of the endless padded signal.
fn padded(samples: &[f32], index: i64, mode: PadMode) -> f64 {
    let last = samples.len() as i64 - 1;
    let mut at = index;
    match mode {
        PadMode::Zeros => {}
        PadMode::Edge => at = at.clamp(0, last),
        _ => {
            while last > 0 && !(0..=last).contains(&at) {
                at = if at < 0 { -at } else { 2 * last - at };
            }
            at = at.clamp(0, last);
        }
    }
    if (0..=last).contains(&at) { f64::from(samples[at as usize]) } else { 0.0 }
}

/// Real and imaginary parts of one frame by the definition, with a periodic Hann window.
fn frame(samples: &[f32], config: &StftConfig, t: usize) -> Vec<(f64, f64)> {
    let n_fft = config.n_fft;
    let lead = if config.center { n_fft / 2 } else { 0 } as i64;
    let turn = |n: usize| 2.0 * PI * n as f64 / n_fft as f64;
    let x: Vec<f64> = (0..n_fft)
        .map(|n| {
            let index = (t * config.hop_length + n) as i64 - lead;
            padded(samples, index, config.pad_mode) * (0.5 - 0.5 * turn(n).cos())
        })
        .collect();
    let roots: Vec<(f64, f64)> = (0..n_fft).map(|n| (turn(n).cos(), -turn(n).sin())).collect();
    (0..=n_fft / 2)
        .map(|k| {
            let mut at = 0;
            x.iter().fold((0.0, 0.0), |(re, im), x| {
                let (cos, sin) = roots[at];
                at = (at + k) % n_fft;
                (re + x * cos, im + x * sin)
            })
        })
        .collect()
}

fn transforms() -> Vec<StftConfig> {
    let of = |n_fft, hop| StftConfig::default().with_n_fft(n_fft).with_hop_length(hop);
    let mut all = Vec::new();
    for n_fft in [512, 1024, 2048, 4096, 400, 1023] {
        for hop in [n_fft / 4, 100, n_fft + 37] {
            for pad_mode in [PadMode::Zeros, PadMode::Reflect, PadMode::Edge] {
                all.push(of(n_fft, hop).with_pad_mode(pad_mode));
            }
            all.push(of(n_fft, hop).with_center(false));
        }
        all.push(of(n_fft, 1));
        all.push(of(n_fft, n_fft / 2).with_precision(Precision::Single));
    }
    all
}

/// Spectra of 1 to 40 frames, at each level, against the definition.
fn spectra_are_those_of_the_definition() {
    for (i, config) in transforms().into_iter().enumerate() {
        // Lengths of each remainder by the frames that a block holds.
        let frames = 1 + i * 7 % 40;
        let least = if config.center { 1 } else { config.n_fft };
        let n = least + (frames - 1) * config.hop_length;
        let samples = common::signal(["tones", "noise", "chirp", "music"][i % 4], RATE, n);
        let frames = Stft::new(&config).unwrap().frames(n).unwrap();
        let chosen = [0, frames / 2, frames - 1];
        let want = chosen.map(|t| frame(&samples, &config, t));
        let peak = want.iter().flatten().fold(1e-9f64, |peak, z| peak.max(z.0.hypot(z.1)));
        let part = if config.precision == Precision::Single { 1e-6 } else { 2e-7 };
        for (level, (complex, power, magnitude)) in at_each_level(|_| {
            let stft = Stft::new(&config).unwrap();
            (stft.stft(&samples).unwrap(), stft.power(&samples).unwrap(), stft.magnitude(&samples).unwrap())
        }) {
            assert_eq!((magnitude.rows(), magnitude.cols()), (config.n_fft / 2 + 1, frames));
            for (t, want) in chosen.into_iter().zip(&want) {
                for (k, (re, im)) in want.iter().enumerate() {
                    let at = |matrix: &Matrix| f64::from(matrix.get(k, t).unwrap());
                    let size = re.hypot(*im);
                    for (got, want, tolerance) in [
                        (at(&complex.re), *re, part * peak),
                        (at(&complex.im), *im, part * peak),
                        (at(&magnitude), size, part * peak),
                        (at(&power), size * size, 2.0 * part * peak * peak),
                    ] {
                        assert!(
                            (got - want).abs() <= tolerance,
                            "{level} {config:?} [{k}, {t}]: {got} {want}"
                        );
                    }
                }
            }
        }
    }
}

/// All features at once, with all their paths.
fn extractor(stft: &StftConfig) -> Extractor {
    let mel = MelConfig::new(RATE).with_stft(stft.clone()).with_n_mels(40);
    let log_mel = LogMelConfig::new(RATE).with_mel(mel.clone());
    let mfcc = MfccConfig::new(RATE).with_mel(mel.clone());
    let none = mfcc.clone().with_norm(DctNorm::None);
    let bandwidth = SpectralBandwidthConfig::new(RATE).with_stft(stft.clone());
    let flatness = SpectralFlatnessConfig::default().with_stft(stft.clone());
    let contrast = SpectralContrastConfig::new(RATE).with_stft(stft.clone()).with_fmin(400.0).with_n_bands(4);
    let chroma = ChromaConfig::new(RATE).with_stft(stft.clone());
    let fine = ChromaFilterConfig::default().with_n_chroma(36);
    let rms = RmsConfig::default().with_frame_length(stft.n_fft).with_hop_length(stft.hop_length);
    let rate =
        ZeroCrossingRateConfig::default().with_frame_length(stft.n_fft).with_hop_length(stft.hop_length);
    let features = [
        Feature::Mel(mel.clone()),
        Feature::Mel(mel.clone().with_power(1.0)),
        Feature::SpectralCentroid(SpectralCentroidConfig::new(RATE).with_stft(stft.clone())),
        Feature::SpectralBandwidth(bandwidth.clone()),
        Feature::SpectralBandwidth(bandwidth.clone().with_p(1.0)),
        Feature::SpectralBandwidth(bandwidth.with_p(3.0)),
        Feature::SpectralFlatness(flatness.clone()),
        Feature::SpectralFlatness(flatness.with_power(1.0)),
        Feature::SpectralContrast(contrast.clone()),
        Feature::SpectralContrast(contrast.with_quantile(0.2)),
        Feature::Chroma(chroma.clone().with_tuning(0.0)),
        Feature::Chroma(chroma.clone().with_tuning(0.2).with_filters(fine)),
        Feature::Chroma(chroma),
        Feature::SpectralRms,
        Feature::Rms(rms.with_center(stft.center)),
        Feature::ZeroCrossingRate(rate.with_center(stft.center)),
        Feature::Pcen { mel, pcen: PcenConfig::default().with_hop_length(stft.hop_length) },
        Feature::LogMel(log_mel.clone()),
        Feature::OnsetStrength(OnsetStrengthConfig::new(RATE).with_log_mel(log_mel)),
        Feature::Mfcc(mfcc.clone()),
        Feature::Mfcc(mfcc.with_dct_type(3)),
        Feature::Mfcc(none.with_dct_type(1)),
    ];
    let config = ExtractorConfig::new(RATE).with_stft(stft.clone());
    let named = features.into_iter().map(|feature| (name(&feature), feature)).enumerate();
    let config = named
        .fold(config, |config, (i, (name, feature))| config.with_feature(format!("{i} {name}"), feature));
    Extractor::new(&config).unwrap()
}

fn name(feature: &Feature) -> String {
    let text = format!("{feature:?}");
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

/// How far the levels' results may lie apart.
fn tolerance(name: &str, want: &Matrix) -> f32 {
    let peak = want.as_slice().iter().fold(0f32, |a, b| a.max(b.abs()));
    match name.split(' ').nth(1).unwrap() {
        "LogMel" | "OnsetStrength" => 1e-4,
        // Without a norm, sums are 2 sqrt(40 / 2) times those with it.
        "Mfcc" if name.starts_with("21") => 1e-2,
        "Mfcc" => 1e-3,
        "ZeroCrossingRate" => 0.0,
        _ => 1e-5 * peak,
    }
}

fn features_agree() {
    for stft in [
        StftConfig::default(),
        StftConfig::default().with_n_fft(512).with_hop_length(100).with_pad_mode(PadMode::Reflect),
        StftConfig::default().with_n_fft(1024).with_hop_length(2000).with_pad_mode(PadMode::Edge),
        StftConfig::default().with_n_fft(4096).with_center(false),
        StftConfig::default().with_n_fft(1023).with_hop_length(300),
        StftConfig::default().with_n_fft(400).with_hop_length(160),
    ] {
        for (signal, n) in [("tones", 11_025), ("music", 22_050), ("noise", 4096), ("silence", 5000)] {
            let samples = common::signal(signal, RATE, n);
            let results = at_each_level(|_| extractor(&stft).compute(&samples).unwrap());
            let (_, want): &(SimdLevel, Features) = &results[0];
            for (level, got) in &results[1..] {
                for (name, _) in want.iter() {
                    let (got, want) = (got.get(name).unwrap(), want.get(name).unwrap());
                    assert_eq!((got.rows(), got.cols()), (want.rows(), want.cols()));
                    let pairs = got.as_slice().iter().zip(want.as_slice());
                    let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
                    assert!(worst <= tolerance(name, want), "{level} {signal} {stft:?} {name}: {worst:e}");
                }
            }
        }
    }
}

/// Silent frames, beside loud ones too, are exactly zero, so that what depends on the weakest bins is defined.
fn silence_is_silent() {
    for n_fft in [256, 400, 512, 1000, 1023, 1024, 2048, 4096] {
        let config = StftConfig::default().with_n_fft(n_fft).with_hop_length(n_fft / 2);
        for loud in [0, 5 * n_fft] {
            // Silence, a loud frame or none, silence again.
            let mut samples = vec![0.0; 20 * n_fft];
            samples[8 * n_fft..8 * n_fft + loud].copy_from_slice(&common::signal("noise", RATE, loud));
            let rolloff = SpectralRolloffConfig::new(RATE).with_stft(config.clone());
            let chroma = ChromaConfig::new(RATE).with_stft(config.clone()).with_tuning(0.0);
            for (level, (power, rolloff, chroma)) in at_each_level(|_| {
                let power = Stft::new(&config).unwrap().power(&samples).unwrap();
                let rolloff = SpectralRolloff::new(&rolloff).unwrap().compute(&samples).unwrap();
                (power, rolloff, Chroma::new(&chroma).unwrap().compute(&samples).unwrap())
            }) {
                let silent = |t: usize| loud == 0 || !(15..=27).contains(&t);
                for matrix in [&power, &rolloff, &chroma] {
                    for row in matrix.iter_rows() {
                        for (t, value) in row.iter().enumerate() {
                            assert!(!silent(t) || *value == 0.0, "{level} {n_fft} {t}: {value:e}");
                        }
                    }
                }
                assert!(loud == 0 || rolloff.as_slice()[20] > 1000.0);
            }
        }
    }
}

/// Decibels are within 1e-5 of the definition, at every level.
fn decibels_are_exact() {
    let powers: Vec<f32> = (0..40_001).map(|i| 10f32.powf(-15.0 + 30.0 * i as f32 / 40_000.0)).collect();
    for (level, (of_power, of_amplitude)) in at_each_level(|_| {
        let (mut a, mut b) = (powers.clone(), powers.clone());
        power_to_db(&mut a, &DbConfig::default().with_top_db(None)).unwrap();
        amplitude_to_db(&mut b, &AmplitudeDbConfig::default().with_top_db(None)).unwrap();
        (a, b)
    }) {
        for ((power, a), b) in powers.iter().zip(of_power).zip(of_amplitude) {
            let of = |scale: f64, amin: f64| scale * f64::from(*power).max(amin).log10();
            for (got, want) in [(a, of(10.0, 1e-10)), (b, of(20.0, 1e-5))] {
                assert!((f64::from(got) - want).abs() <= 2e-5, "{level} {power:e}: {got} instead of {want}");
            }
        }
    }
}

/// A plan that was made at one level gives the same at another.
fn plans_outlive_the_limit() {
    let samples = common::signal("music", RATE, 11_025);
    let onset = OnsetStrength::new(&OnsetStrengthConfig::new(RATE)).unwrap();
    let pcen = Pcen::new(&PcenConfig::default()).unwrap();
    let power = Stft::new(&StftConfig::default()).unwrap().power(&samples).unwrap();
    let results = at_each_level(|_| (onset.compute(&samples).unwrap(), pcen.compute(&power).unwrap()));
    for (_, (onset, pcen)) in &results {
        for (got, want) in [(onset, &results[0].1.0), (pcen, &results[0].1.1)] {
            for (got, want) in got.as_slice().iter().zip(want.as_slice()) {
                assert!((got - want).abs() <= 1e-5 * want.abs().max(1.0));
            }
        }
    }
}

#[test]
fn levels() {
    spectra_are_those_of_the_definition();
    features_agree();
    silence_is_silent();
    decibels_are_exact();
    plans_outlive_the_limit();
}
