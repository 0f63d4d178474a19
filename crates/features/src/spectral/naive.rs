//! The definitions, written down as directly as they can be, in double precision, and that the fast paths equal
//! them.

use proptest::prelude::*;

use crate::{
    Chroma, ChromaConfig, ChromaFilterConfig, Matrix, Norm, Rms, RmsConfig, SpectralBandwidth,
    SpectralBandwidthConfig, SpectralCentroid, SpectralCentroidConfig, SpectralContrast,
    SpectralContrastConfig, SpectralFlatness, SpectralFlatnessConfig, SpectralRolloff, SpectralRolloffConfig,
    StftConfig,
};

const RATE: u32 = 22_050;

/// One frame's bins.
type Frame = Vec<f64>;

fn hz(bin: usize, n_fft: usize) -> f64 {
    bin as f64 * f64::from(RATE) / n_fft as f64
}

fn centroid(frame: &Frame, n_fft: usize) -> f64 {
    let total: f64 = frame.iter().sum();
    let first: f64 = frame.iter().enumerate().map(|(k, v)| hz(k, n_fft) * v).sum();
    if total > 0.0 { first / total } else { 0.0 }
}

fn bandwidth(frame: &Frame, n_fft: usize, p: f64, norm: bool) -> f64 {
    let centroid = centroid(frame, n_fft);
    let total: f64 = frame.iter().sum();
    let total = if norm && total > 0.0 { total } else { 1.0 };
    let sum: f64 =
        frame.iter().enumerate().map(|(k, v)| v / total * (hz(k, n_fft) - centroid).abs().powf(p)).sum();
    sum.powf(1.0 / p)
}

fn flatness(frame: &Frame, amin: f64, power: f64) -> f64 {
    let powers: Frame = frame.iter().map(|v| v.powf(power).max(amin)).collect();
    let count = powers.len() as f64;
    let logs: f64 = powers.iter().map(|v| v.ln()).sum();
    (logs / count).exp() / (powers.iter().sum::<f64>() / count)
}

/// Peaks and valleys of the bands, or none if a band has no bin.
fn extremes(frame: &Frame, n_fft: usize, config: &SpectralContrastConfig) -> Option<Vec<(f64, f64)>> {
    let edges: Vec<f64> =
        [0.0].into_iter().chain((0..=config.n_bands).map(|i| config.fmin * 2f64.powi(i as i32))).collect();
    (0..=config.n_bands)
        .map(|band| {
            let inside: Vec<usize> = (0..frame.len())
                .filter(|k| hz(*k, n_fft) >= edges[band] && hz(*k, n_fft) <= edges[band + 1])
                .collect();
            let first = inside.first()? - usize::from(band > 0);
            let is_last = band == config.n_bands;
            let end = if is_last { frame.len() } else { inside.last()? + 1 };
            let count = (config.quantile * (end - first) as f64).round_ties_even().max(1.0) as usize;
            let mut values = frame[first..if is_last { end } else { end - 1 }].to_vec();
            let count = count.min(values.len());
            values.sort_by(f64::total_cmp);
            let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
            (count > 0).then(|| (mean(&values[values.len() - count..]), mean(&values[..count])))
        })
        .collect()
}

/// All weights of the filters, `[class][bin]`.
fn chroma_filters(config: &ChromaFilterConfig, n_fft: usize, tuning: f64) -> Vec<Frame> {
    let n = config.n_chroma as f64;
    let a0 = 440.0 / 16.0 * 2f64.powf(tuning / n);
    let mut places: Frame = (1..=n_fft).map(|k| n * (hz(k, n_fft) / a0).log2()).collect();
    places.insert(0, places[0] - 1.5 * n);
    let columns: Vec<Frame> = (0..=n_fft / 2)
        .map(|k| {
            let width = if k == n_fft - 1 { 1.0 } else { (places[k + 1] - places[k]).max(1.0) };
            let half = (n / 2.0).round_ties_even();
            let weights: Frame = (0..config.n_chroma)
                .map(|class| {
                    let mut distance = places[k] - class as f64;
                    while distance >= n - half {
                        distance -= n;
                    }
                    while distance < -half {
                        distance += n;
                    }
                    (-2.0 * (distance / width).powi(2)).exp()
                })
                .collect();
            let length = norm(&weights, config.norm);
            let octave = |width: f64| (-0.5 * ((places[k] / n - config.ctroct) / width).powi(2)).exp();
            let octave = config.octwidth.map_or(1.0, octave);
            weights.iter().map(|w| w / length * octave).collect()
        })
        .collect();
    let shift = if config.base_c { 3 * (config.n_chroma / 12) } else { 0 };
    (0..config.n_chroma)
        .map(|class| columns.iter().map(|column| column[(class + shift) % config.n_chroma]).collect())
        .collect()
}

fn norm(values: &[f64], norm: Norm) -> f64 {
    match norm {
        Norm::Inf => values.iter().fold(0.0, |a: f64, b| a.max(*b)),
        Norm::L1 => values.iter().sum(),
        Norm::L2 => values.iter().map(|v| v * v).sum::<f64>().sqrt(),
        Norm::None => 1.0,
    }
}

fn rms(samples: &[f32], config: &RmsConfig) -> Vec<f64> {
    let lead = if config.center { config.frame_length / 2 } else { 0 };
    let mut padded = vec![0.0; lead];
    padded.extend_from_slice(samples);
    padded.resize(padded.len() + lead, 0.0);
    padded
        .windows(config.frame_length)
        .step_by(config.hop_length)
        .map(|frame| frame.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>())
        .map(|energy| (energy / config.frame_length as f64).sqrt())
        .collect()
}

/// Frames of values over many orders of magnitude, of one level, of a single bin, and of nothing.
fn spectra() -> impl Strategy<Value = (usize, Vec<Frame>)> {
    (2usize..300).prop_flat_map(|n_fft| {
        let bins = n_fft / 2 + 1;
        let value = prop_oneof![Just(0.0f32), (-6.0f32..3.0).prop_map(|e| 10f32.powf(e))].prop_map(f64::from);
        let frame = prop_oneof![
            6 => prop::collection::vec(value, bins),
            1 => Just(vec![0.5; bins]),
            1 => (0..bins).prop_map(move |k| (0..bins).map(|i| if i == k { 3.0 } else { 0.0 }).collect()),
            1 => Just(vec![0.0; bins]),
        ];
        (Just(n_fft), prop::collection::vec(frame, 1..40))
    })
}

fn matrix(frames: &[Frame]) -> Matrix {
    let values = (0..frames[0].len()).flat_map(|k| frames.iter().map(move |frame| frame[k] as f32));
    Matrix::new(values.collect(), frames[0].len(), frames.len()).unwrap()
}

fn stft(n_fft: usize) -> StftConfig {
    StftConfig::default().with_n_fft(n_fft)
}

fn assert_close(got: &Matrix, want: &[Vec<f64>], tolerance: f64) -> Result<(), TestCaseError> {
    prop_assert_eq!((got.rows(), got.cols()), (want[0].len(), want.len()));
    for (frame, column) in want.iter().enumerate() {
        for (row, want) in column.iter().enumerate() {
            let got = f64::from(got.get(row, frame).unwrap());
            let close = (got - want).abs() <= tolerance * want.abs().max(1e-6);
            prop_assert!(close, "[{}, {}]: {} instead of {}", row, frame, got, want);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn shapes_are_their_sums((n_fft, frames) in spectra(), percent in 0.01f64..0.99) {
        let s = matrix(&frames);
        let each = |f: &dyn Fn(&Frame) -> f64| -> Vec<Vec<f64>> { frames.iter().map(|v| vec![f(v)]).collect() };
        let config = SpectralCentroidConfig::new(RATE).with_stft(stft(n_fft));
        let got = SpectralCentroid::new(&config).unwrap().compute_from_spectrogram(&s).unwrap();
        assert_close(&got, &each(&|v| centroid(v, n_fft)), 1e-6)?;

        for (p, norm) in [(2.0, true), (2.0, false), (1.0, true), (1.0, false), (3.5, true), (0.7, false)] {
            let config = SpectralBandwidthConfig::new(RATE).with_stft(stft(n_fft)).with_p(p).with_norm(norm);
            let bandwidth_plan = SpectralBandwidth::new(&config).unwrap();
            let got = bandwidth_plan.compute_from_spectrogram(&s).unwrap();
            // Of a single bin only rounding is left, of hundreds of bins' width.
            let want = each(&|v| bandwidth(v, n_fft, p, norm));
            for ((got, want), frame) in got.as_slice().iter().zip(want.iter().flatten()).zip(&frames) {
                // Without a norm, the same of what the magnitudes add up to.
                let level = if norm { 1.0 } else { frame.iter().sum::<f64>().powf(1.0 / p).max(1.0) };
                let slack = 1e-5 * want.max(if norm { 1e-3 * f64::from(RATE) } else { 1.0 }) + 7e-3 * level;
                prop_assert!((f64::from(*got) - want).abs() <= slack, "{} {}: {} instead of {}", p, norm, got, want);
            }
        }

        for (amin, power) in [(1e-10, 2.0), (1e-3, 1.0), (1e-10, 0.6), (1e-20, 4.0)] {
            let config = SpectralFlatnessConfig::default().with_stft(stft(n_fft)).with_amin(amin).with_power(power);
            let got = SpectralFlatness::new(&config).unwrap().compute_from_spectrogram(&s).unwrap();
            assert_close(&got, &each(&|v| flatness(v, f64::from(amin), power)), 3e-6)?;
        }

        let config = SpectralRolloffConfig::new(RATE).with_stft(stft(n_fft)).with_roll_percent(percent);
        let got = SpectralRolloff::new(&config).unwrap().compute_from_spectrogram(&s).unwrap();
        for (got, frame) in got.as_slice().iter().zip(&frames) {
            let bin = (f64::from(*got) / hz(1, n_fft)).round() as usize;
            let total: f64 = frame.iter().sum();
            let below: f64 = frame[..bin].iter().sum();
            // Within rounding it is the first bin that reaches the threshold.
            prop_assert!(below <= total * percent * (1.0 + 1e-5));
            prop_assert!(below + frame[bin] >= total * percent * (1.0 - 1e-5));
        }
    }

    #[test]
    fn contrast_is_that_of_sorted_bands(
        (n_fft, frames) in spectra(),
        fmin in 100.0f64..3000.0,
        n_bands in 1usize..5,
        quantile in 0.01f64..0.99,
        linear: bool,
    ) {
        let config = SpectralContrastConfig::new(RATE)
            .with_stft(stft(n_fft))
            .with_fmin(fmin)
            .with_n_bands(n_bands)
            .with_quantile(quantile)
            .with_linear(linear);
        let want: Option<Vec<_>> = frames.iter().map(|frame| extremes(frame, n_fft, &config)).collect();
        let plan = SpectralContrast::new(&config);
        let too_high = fmin * 2f64.powi(n_bands as i32 - 1) >= f64::from(RATE) / 2.0;
        prop_assert_eq!(plan.is_ok(), want.is_some() && !too_high);
        let (Ok(plan), Some(mut want)) = (plan, want) else {
            return Ok(());
        };
        if !linear {
            let most = want.iter().flatten().fold((0.0f64, 0.0f64), |most, v| (most.0.max(v.0), most.1.max(v.1)));
            let db = |v: f64, most: f64| {
                let of = |v: f64| 10.0 * v.max(1e-10).log10();
                of(v).max(of(most) - 80.0)
            };
            want.iter_mut().flatten().for_each(|v| *v = (db(v.0, most.0), db(v.1, most.1)));
        }
        let want: Vec<Vec<f64>> = want.iter().map(|frame| frame.iter().map(|v| v.0 - v.1).collect()).collect();
        let peak = want.iter().flatten().fold(1e-3, |a: f64, b| a.max(b.abs()));
        let got = plan.compute_from_spectrogram(&matrix(&frames)).unwrap();
        for (frame, column) in want.iter().enumerate() {
            for (band, want) in column.iter().enumerate() {
                let got = f64::from(got.get(band, frame).unwrap());
                prop_assert!((got - want).abs() <= 1e-6 * peak.max(1.0), "{} instead of {}", got, want);
            }
        }
    }

    #[test]
    fn sparse_chroma_is_dense_chroma(
        (n_fft, frames) in spectra(),
        n_chroma in 1usize..40,
        tuning in -0.5f64..0.5,
        octwidth in prop::option::of(0.5f64..4.0),
        base_c: bool,
        norms in (0usize..4, 0usize..4),
    ) {
        let all = [Norm::Inf, Norm::L1, Norm::L2, Norm::None];
        let filters = ChromaFilterConfig::default()
            .with_n_chroma(n_chroma)
            .with_octwidth(octwidth)
            .with_base_c(base_c)
            .with_norm(all[norms.0]);
        let config = ChromaConfig::new(RATE)
            .with_stft(stft(n_fft))
            .with_filters(filters.clone())
            .with_norm(all[norms.1])
            .with_tuning(tuning);
        let weights = chroma_filters(&filters, n_fft, tuning);
        let want: Vec<Vec<f64>> = frames
            .iter()
            .map(|frame| {
                let raw: Frame =
                    weights.iter().map(|row| row.iter().zip(frame).map(|(w, v)| w * v).sum()).collect();
                let length = norm(&raw, all[norms.1]);
                raw.iter().map(|v| v / if length > 1e-37 { length } else { 1.0 }).collect()
            })
            .collect();
        let got = Chroma::new(&config).unwrap().compute_from_spectrogram(&matrix(&frames)).unwrap();
        let peak = want.iter().flatten().fold(1e-3, |a: f64, b| a.max(*b));
        for (frame, column) in want.iter().enumerate() {
            for (class, want) in column.iter().enumerate() {
                let got = f64::from(got.get(class, frame).unwrap());
                prop_assert!((got - want).abs() <= 3e-6 * peak, "[{}, {}]: {} instead of {}", class, frame, got, want);
            }
        }
    }

    #[test]
    fn pieces_make_frames(
        samples in prop::collection::vec(prop_oneof![Just(0.0f32), -1.0f32..1.0], 1..2000),
        (pieces, hop, piece) in (1usize..6, 1usize..6, prop_oneof![Just(1usize), Just(17), Just(64), Just(100)]),
        center: bool,
    ) {
        let config = RmsConfig::default()
            .with_frame_length(pieces * piece)
            .with_hop_length(hop * piece)
            .with_center(center);
        let want: Vec<Vec<f64>> = rms(&samples, &config).into_iter().map(|v| vec![v]).collect();
        match Rms::new(&config).unwrap().compute(&samples) {
            Ok(got) => assert_close(&got, &want, 1e-6)?,
            Err(_) => prop_assert!(want.is_empty()),
        }
    }
}
