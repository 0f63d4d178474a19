//! What must hold for every configuration and every signal, of what is made from a transform, of changes over time and
//! normalisation, of rhythm, front ends, extractors and streams.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use proptest::prelude::*;
use soundalike_features::{
    Chroma, ChromaConfig, Delta, DeltaConfig, DeltaMode, Error, Extractor, ExtractorConfig, Feature,
    Features, FrontEnd, Latency, LogMel, LogMelConfig, Matrix, MelConfig, MelSpectrogram, Mfcc, MfccConfig,
    Norm, OnsetStrength, OnsetStrengthConfig, Pcen, PcenConfig, Rms, RmsConfig, Scratch, SpectralBandwidth,
    SpectralBandwidthConfig, SpectralCentroid, SpectralCentroidConfig, SpectralContrast,
    SpectralContrastConfig, SpectralFlatness, SpectralFlatnessConfig, SpectralRolloff, SpectralRolloffConfig,
    Stft, StftConfig, Tempo, TempoConfig, Tempogram, TempogramConfig, Window, ZeroCrossingRate,
    ZeroCrossingRateConfig,
};

const RATE: u32 = 16_000;

fn transform() -> impl Strategy<Value = StftConfig> {
    let windows = [
        Window::Hann,
        Window::Hamming,
        Window::Blackman,
        Window::Rectangular,
        Window::Povey,
        Window::Kaiser { beta: 9.5 },
    ];
    let n_fft = prop_oneof![64usize..700, Just(512usize), Just(1024usize)];
    (n_fft, 1usize..400, 0..windows.len(), any::<bool>(), any::<bool>()).prop_map(
        move |(n_fft, hop_length, window, periodic, center)| {
            StftConfig::default()
                .with_n_fft(n_fft)
                .with_hop_length(hop_length.max(n_fft / 16))
                .with_window(windows[window])
                .with_periodic(periodic)
                .with_center(center)
        },
    )
}

/// A tone over noise, some of it silent, of 1,100 samples (which fill a frame) to 5,000.
fn samples() -> impl Strategy<Value = Vec<f32>> {
    (prop::collection::vec(-1.0f32..1.0, 1100..5000), 0.0f32..3.0, 0.0f32..1.0, -5.0f32..1.0, 0usize..3000)
        .prop_map(|(noise, step, tone, level, silent)| {
            let value = |(n, noise): (usize, f32)| {
                10f32.powf(level) * (tone * (step * n as f32).sin() + (1.0 - tone) * noise)
            };
            let mut samples: Vec<f32> = noise.into_iter().enumerate().map(value).collect();
            let end = (silent + 900).min(samples.len());
            samples[silent.min(end)..end].fill(0.0);
            samples
        })
}

fn matrix() -> impl Strategy<Value = Matrix> {
    (1usize..6, 9usize..60).prop_flat_map(|(rows, cols)| {
        prop::collection::vec(-50.0f32..50.0, rows * cols)
            .prop_map(move |values| Matrix::new(values, rows, cols).unwrap())
    })
}

fn bits(matrix: &Matrix) -> Vec<u32> {
    matrix.as_slice().iter().map(|v| v.to_bits()).collect()
}

/// The result, which is finite, has that many rows, and comes out of both forms of the call alike, whatever the memory
/// was used for before.
fn both(
    rows: usize,
    scratch: &mut Scratch,
    samples: &[f32],
    compute: impl Fn(&[f32]) -> Result<Matrix, Error>,
    compute_into: impl Fn(&[f32], &mut Matrix, &mut Scratch) -> Result<(), Error>,
) -> Result<Matrix, TestCaseError> {
    let result = compute(samples).unwrap();
    let mut out = Matrix::new(vec![9.0; 12], 3, 4).unwrap();
    compute_into(samples, &mut out, scratch).unwrap();
    prop_assert_eq!((result.rows(), out.rows(), result.cols()), (rows, rows, out.cols()));
    prop_assert_eq!(bits(&result), bits(&out));
    prop_assert!(result.as_slice().iter().all(|v| v.is_finite()));
    Ok(result)
}

macro_rules! both {
    ($rows:expr, $scratch:expr, $samples:expr, $plan:expr) => {{
        let plan = $plan;
        both(
            $rows,
            $scratch,
            $samples,
            |x| plan.compute(x),
            |x, out, scratch| plan.compute_into(x, out, scratch),
        )?
    }};
}

fn all_within(matrix: &Matrix, low: f32, high: f32) -> bool {
    matrix.as_slice().iter().all(|v| (low..=high).contains(v))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Of spectra: every form gives the same, within its range; and twice the level changes what it should alone.
    #[test]
    fn spectral_features(stft in transform(), samples in samples(), exponent in -6i32..6, n_chroma in 1usize..30) {
        let factor = 2f32.powi(exponent);
        let louder: Vec<f32> = samples.iter().map(|v| v * factor).collect();
        let mut scratch = Scratch::new();
        let half = RATE as f32 / 2.0;

        let chroma = ChromaConfig::new(RATE).with_stft(stft.clone()).with_n_chroma(n_chroma).with_tuning(0.1);
        let plan = Chroma::new(&chroma).unwrap();
        let classes = both!(n_chroma, &mut scratch, &samples, &plan);
        prop_assert!(all_within(&classes, 0.0, 1.0));
        for frame in classes.transposed().iter_rows() {
            let largest = frame.iter().fold(0.0f32, |a, v| a.max(*v));
            prop_assert!(largest == 1.0 || largest == 0.0, "{}", largest);
        }
        prop_assert_eq!(bits(&classes), bits(&plan.compute(&louder).unwrap()));
        let sums = Chroma::new(&chroma.with_norm(Norm::L1)).unwrap().compute(&samples).unwrap();
        for frame in sums.transposed().iter_rows() {
            let sum: f32 = frame.iter().sum();
            prop_assert!(sum == 0.0 || (sum - 1.0).abs() < 1e-5, "{}", sum);
        }

        let plan = SpectralCentroid::new(&SpectralCentroidConfig::new(RATE).with_stft(stft.clone())).unwrap();
        let centroid = both!(1, &mut scratch, &samples, &plan);
        prop_assert!(all_within(&centroid, 0.0, half));
        prop_assert_eq!(bits(&centroid), bits(&plan.compute(&louder).unwrap()));
        let plan = SpectralBandwidth::new(&SpectralBandwidthConfig::new(RATE).with_stft(stft.clone())).unwrap();
        prop_assert!(all_within(&both!(1, &mut scratch, &samples, &plan), 0.0, half));
        let flatness = SpectralFlatness::new(&SpectralFlatnessConfig::default().with_stft(stft.clone())).unwrap();
        prop_assert!(all_within(&both!(1, &mut scratch, &samples, &flatness), 0.0, 1.0));

        let rolloff = |percent: f64| {
            let config = SpectralRolloffConfig::new(RATE).with_stft(stft.clone()).with_roll_percent(percent);
            SpectralRolloff::new(&config).unwrap()
        };
        let low = both!(1, &mut scratch, &samples, rolloff(0.2));
        let high = both!(1, &mut scratch, &samples, rolloff(0.9));
        prop_assert!(low.as_slice().iter().zip(high.as_slice()).all(|(low, high)| low <= high));
        prop_assert!(all_within(&low, 0.0, half) && all_within(&high, 0.0, half));

        let contrast = SpectralContrastConfig::new(RATE).with_stft(stft).with_fmin(900.0).with_n_bands(3);
        both!(4, &mut scratch, &samples, SpectralContrast::new(&contrast).unwrap());
        let linear = both!(4, &mut scratch, &samples, SpectralContrast::new(&contrast.with_linear(true)).unwrap());
        prop_assert!(all_within(&linear, 0.0, f32::MAX));
    }

    /// What is framed in time.
    #[test]
    fn levels_and_crossings(stft in transform(), samples in samples(), exponent in -6i32..6) {
        let (factor, mut scratch) = (2f32.powi(exponent), Scratch::new());
        let config = RmsConfig::default()
            .with_frame_length(stft.n_fft)
            .with_hop_length(stft.hop_length)
            .with_center(stft.center);
        let plan = Rms::new(&config).unwrap();
        let rms = both!(1, &mut scratch, &samples, &plan);
        let peak = samples.iter().fold(0.0f32, |a, v| a.max(v.abs()));
        prop_assert!(all_within(&rms, 0.0, peak * 1.000_001));
        let louder: Vec<f32> = samples.iter().map(|v| v * factor).collect();
        let scaled: Vec<f32> = rms.as_slice().iter().map(|v| v * factor).collect();
        prop_assert_eq!(plan.compute(&louder).unwrap().into_vec(), scaled);

        let config = ZeroCrossingRateConfig::default()
            .with_frame_length(stft.n_fft)
            .with_hop_length(stft.hop_length)
            .with_center(stft.center)
            .with_zero_pos(false);
        let plan = ZeroCrossingRate::new(&config).unwrap();
        let rates = both!(1, &mut scratch, &samples, &plan);
        prop_assert!(all_within(&rates, 0.0, 1.0));
        let mirrored: Vec<f32> = samples.iter().map(|v| -v).collect();
        prop_assert_eq!(plan.compute(&mirrored).unwrap(), rates);
    }

    /// A transform and its inverse give the samples back, where frames overlap enough.
    #[test]
    fn there_and_back(n_fft in 16usize..700, part in 2usize..5, samples in samples()) {
        let config = StftConfig::default().with_n_fft(n_fft).with_hop_length(n_fft / (2 * part));
        let stft = Stft::new(&config).unwrap();
        let z = stft.stft(&samples).unwrap();
        let mut back = vec![7.0; 3];
        stft.istft_into(&z, Some(samples.len()), &mut back, &mut Scratch::new()).unwrap();
        prop_assert_eq!(&back, &stft.istft(&z, Some(samples.len())).unwrap());
        let peak = samples.iter().fold(0.0f32, |a, v| a.max(v.abs()));
        // The last samples lie under the last frame's edge.
        let sure = samples.len() - n_fft.min(samples.len());
        for (sample, back) in samples.iter().zip(&back).take(sure) {
            prop_assert!((sample - back).abs() <= 1e-5 * peak, "{} {}", sample, back);
        }
        prop_assert!(back.iter().all(|v| v.is_finite()));
    }

    /// Deltas are linear, know a straight line, and are the mirror image of those of the mirror image.
    #[test]
    fn deltas(data in matrix(), half in 1usize..5, mode in 0usize..5, slope in -3.0f32..3.0) {
        let modes = [DeltaMode::Interp, DeltaMode::Nearest, DeltaMode::Mirror, DeltaMode::Constant, DeltaMode::Wrap];
        let config = DeltaConfig::default().with_width(2 * half + 1).with_mode(modes[mode]);
        let plan = Delta::new(&config).unwrap();
        let delta = plan.compute(&data).unwrap();
        let mut out = Matrix::default();
        plan.compute_into(&data, &mut out).unwrap();
        prop_assert_eq!(&out, &delta);
        let (rows, cols) = (data.rows(), data.cols());
        let reversed = |m: &Matrix| {
            let values = m.iter_rows().flat_map(|row| row.iter().rev().copied()).collect();
            Matrix::new(values, rows, cols).unwrap()
        };
        let mirrored = reversed(&plan.compute(&reversed(&data)).unwrap());
        for (a, b) in delta.as_slice().iter().zip(mirrored.as_slice()) {
            prop_assert!((a + b).abs() <= 1e-4, "{} {}", a, b);
        }
        let sloped: Vec<f32> =
            data.as_slice().iter().enumerate().map(|(i, v)| v + slope * (i % cols) as f32).collect();
        let sloped = plan.compute(&Matrix::new(sloped, rows, cols).unwrap()).unwrap();
        for t in half..cols - half {
            let moved = sloped.get(0, t).unwrap() - delta.get(0, t).unwrap();
            prop_assert!((moved - slope).abs() <= 1e-4, "{} {}", moved, slope);
        }
    }

    /// A stream of blocks is normalised as the whole; more energy in a frame is never less there.
    #[test]
    fn energies(data in matrix(), cut in 1usize..9, b in 0.01f64..1.0) {
        let plan = Pcen::new(&PcenConfig::default().with_b(b)).unwrap();
        let whole = plan.compute(&data).unwrap();
        prop_assert!(whole.as_slice().iter().all(|v| v.is_finite() && *v >= 0.0));
        let mut state = plan.start(data.rows());
        let part = |from: usize, to: usize| {
            let values = data.iter_rows().flat_map(|row| &row[from..to]).copied().collect();
            Matrix::new(values, data.rows(), to - from).unwrap()
        };
        for (from, to) in [(0, cut), (cut, data.cols())].into_iter().filter(|(from, to)| from < to) {
            let mut out = Matrix::default();
            plan.continue_into(&part(from, to), &mut out, &mut state).unwrap();
            for (row, want) in out.iter_rows().zip(whole.iter_rows()) {
                prop_assert_eq!(row, &want[from..to]);
            }
        }
    }

    #[test]
    fn rhythm(samples in samples(), lag in 1usize..4, max_size in 1usize..5, detrend: bool) {
        let mel = MelConfig::new(RATE).with_n_fft(256).with_hop_length(64).with_n_mels(30);
        let onset = OnsetStrengthConfig::new(RATE).with_log_mel(LogMelConfig::new(RATE).with_mel(mel));
        let onset = onset.with_lag(lag).with_max_size(max_size).with_detrend(detrend);
        let mut scratch = Scratch::new();
        let strength = both!(1, &mut scratch, &samples, OnsetStrength::new(&onset).unwrap());
        prop_assert!(detrend || all_within(&strength, 0.0, f32::MAX));
        let tempo = Tempo::new(&TempoConfig::new(RATE).with_onset(onset).with_ac_size(0.5)).unwrap();
        let bpm = tempo.compute(&samples).unwrap();
        prop_assert!(bpm.is_finite() && bpm > 0.0);
        prop_assert_eq!(bpm, tempo.compute_from_onset(strength.as_slice()).unwrap());
        let tempogram = Tempogram::new(&TempogramConfig::default().with_win_length(20)).unwrap();
        prop_assert!(all_within(&both!(20, &mut scratch, strength.as_slice(), tempogram), -1.0, 1.0));
    }

    #[test]
    fn front_ends(samples in samples(), name in 0..FrontEnd::NAMES.len()) {
        let front = FrontEnd::by_name(FrontEnd::NAMES[name]).unwrap();
        // Some take half a second at least.
        let long: Vec<f32> = samples.iter().copied().cycle().take(17_000).collect();
        let whole = both!(front.coefficients(), &mut Scratch::new(), &long, &front);
        prop_assert_eq!(front.frames(long.len()), Ok(whole.cols()));
        if front.name() != "clap" {
            for patch in front.patches(&long).unwrap() {
                prop_assert_eq!(patch.rows(), front.coefficients());
                prop_assert_eq!(patch.cols(), front.patch().map_or(whole.cols(), |shape| shape.frames));
                prop_assert!(patch.as_slice().iter().all(|v| v.is_finite()));
            }
        }
    }

    /// An extractor gives what single plans give, and a stream in blocks what the extractor does (but for `top_db`),
    /// wherever it is cut.
    #[test]
    fn one_transform_for_all(stft in transform(), samples in samples(), cuts in prop::collection::vec(0usize..900, 0..9)) {
        let mel = MelConfig::new(RATE).with_stft(stft.clone()).with_n_mels(20);
        let mut log_mel = LogMelConfig::new(RATE).with_mel(mel.clone());
        log_mel.db.top_db = None;
        let mut mfcc = MfccConfig::new(RATE).with_mel(mel.clone()).with_n_mfcc(7);
        mfcc.db.top_db = None;
        let config = ExtractorConfig::new(RATE)
            .with_stft(stft.clone())
            .with_feature("power", Feature::Power)
            .with_feature("mel", Feature::Mel(mel.clone()))
            .with_feature("log_mel", Feature::LogMel(log_mel.clone()))
            .with_feature("mfcc", Feature::Mfcc(mfcc.clone()));
        let extractor = Extractor::new(&config).unwrap();
        let all = extractor.compute(&samples).unwrap();
        let single = [
            ("power", Stft::new(&stft).unwrap().power(&samples)),
            ("mel", MelSpectrogram::new(&mel).unwrap().compute(&samples)),
            ("log_mel", LogMel::new(&log_mel).unwrap().compute(&samples)),
            ("mfcc", Mfcc::new(&mfcc).unwrap().compute(&samples)),
        ];
        for (name, want) in &single {
            prop_assert_eq!(bits(all.get(name).unwrap()), bits(want.as_ref().unwrap()), "{}", name);
        }
        let mut stream = extractor.stream().unwrap().with_latency(Latency::Block);
        let mut pieces: Vec<Features> = Vec::new();
        let mut rest = samples.as_slice();
        for cut in cuts {
            let (now, later) = rest.split_at(cut.min(rest.len()));
            pieces.push(stream.push(now).unwrap().clone());
            rest = later;
        }
        pieces.push(stream.push(rest).unwrap().clone());
        pieces.push(stream.finish().unwrap().clone());
        for (name, want) in &single {
            for (i, row) in want.as_ref().unwrap().iter_rows().enumerate() {
                let got: Vec<u32> = pieces
                    .iter()
                    .flat_map(|piece| piece.get(name).unwrap().row(i).unwrap_or_default())
                    .map(|v| v.to_bits())
                    .collect();
                prop_assert_eq!(got, row.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), "{} {}", name, i);
            }
        }
    }
}
