//! What must hold for every configuration and every signal: shapes, finite values, the same results by every form of
//! a call, and the laws of the transform.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use proptest::prelude::*;
use soundalike_features::{
    ComplexMatrix, DbConfig, LogMel, LogMelConfig, Matrix, MelConfig, MelFilterBank, MelNorm, MelSpectrogram,
    Mfcc, MfccConfig, PadMode, Scratch, Stft, StftConfig, Window, pooling,
};

/// The tolerance of the STFT, in parts of the peak.
const PEAK: f32 = 1e-6;

fn transform() -> impl Strategy<Value = StftConfig> {
    let n_fft = prop_oneof![1usize..700, (0u32..11).prop_map(|k| 1 << k), Just(400usize)];
    let windows = [Window::Hann, Window::Hamming, Window::Blackman, Window::Rectangular];
    let pad_modes = [PadMode::Zeros, PadMode::Reflect, PadMode::Edge];
    (
        n_fft,
        1usize..600,
        prop::option::weighted(0.3, 0.0..1.0f64),
        0..windows.len(),
        any::<bool>(),
        0..pad_modes.len(),
    )
        .prop_map(move |(n_fft, hop_length, win_length, window, center, pad_mode)| {
            StftConfig::default()
                .with_n_fft(n_fft)
                .with_hop_length(hop_length.max(n_fft / 16))
                .with_win_length(win_length.map(|part| 1 + (part * n_fft as f64) as usize))
                .with_window(windows[window])
                .with_center(center)
                .with_pad_mode(pad_modes[pad_mode])
        })
}

fn bands() -> impl Strategy<Value = MelConfig> {
    (
        transform(),
        1000u32..100_000,
        1usize..140,
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        prop::option::of((0.0..0.4f64, 0.1..1.0f64)),
    )
        .prop_map(|(stft, rate, n_mels, htk, slaney, magnitude, range)| {
            let half = f64::from(rate) / 2.0;
            let (low, width) = range.unwrap_or((0.0, 1.0));
            MelConfig::new(rate)
                .with_stft(stft)
                .with_n_mels(n_mels)
                .with_htk(htk)
                .with_norm(if slaney { MelNorm::Slaney } else { MelNorm::None })
                .with_power(if magnitude { 1.0 } else { 2.0 })
                .with_fmin(low * half)
                .with_fmax((low + width * (1.0 - low)) * half)
        })
}

fn decibels() -> impl Strategy<Value = DbConfig> {
    (-12.0f32..0.0, -3.0f32..3.0, prop::option::of(0.0f32..120.0)).prop_map(|(amin, reference, top_db)| {
        DbConfig::default()
            .with_amin(10f32.powf(amin))
            .with_reference(10f32.powf(reference))
            .with_top_db(top_db)
    })
}

/// Noise under a tone, at any level, of 1 to 3,000 samples.
fn samples() -> impl Strategy<Value = Vec<f32>> {
    (prop::collection::vec(-1.0f32..1.0, 1..3000), 0.0f32..3.0, 0.0f32..1.0, -6.0f32..3.0).prop_map(
        |(noise, step, tone, level)| {
            let value = |(n, noise): (usize, f32)| {
                10f32.powf(level) * (tone * (step * n as f32).sin() + (1.0 - tone) * noise)
            };
            noise.into_iter().enumerate().map(value).collect()
        },
    )
}

/// Enough samples for a frame.
fn at_least_a_frame(mut samples: Vec<f32>, config: &StftConfig) -> Vec<f32> {
    if !config.center && samples.len() < config.n_fft {
        samples.resize(config.n_fft, 0.25);
    }
    samples
}

fn peak(matrix: &Matrix) -> f32 {
    matrix.as_slice().iter().fold(0.0, |a, v| a.max(v.abs()))
}

fn largest(z: &ComplexMatrix) -> f32 {
    peak(&z.re).max(peak(&z.im))
}

fn farthest(a: &[f32], b: impl IntoIterator<Item = f32>) -> f32 {
    a.iter().zip(b).fold(0.0, |worst, (a, b)| worst.max((a - b).abs()))
}

fn bits(matrix: &Matrix) -> Vec<u32> {
    matrix.as_slice().iter().map(|v| v.to_bits()).collect()
}

/// The signal as it is padded, sample by sample.
fn padded(samples: &[f32], width: usize, mode: PadMode) -> Vec<f32> {
    let last = samples.len() as i64 - 1;
    let at = |i: i64| match mode {
        PadMode::Zeros if !(0..=last).contains(&i) => 0.0,
        PadMode::Reflect if last > 0 => {
            let mut i = i;
            while !(0..=last).contains(&i) {
                i = if i < 0 { -i } else { 2 * last - i };
            }
            samples[i as usize]
        }
        _ => samples[i.clamp(0, last) as usize],
    };
    (-(width as i64)..(samples.len() + width) as i64).map(at).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// All forms of all entries give the shape that they promise, finite numbers, and the same numbers, whatever
    /// the result and the scratch were used for before.
    #[test]
    fn every_form_gives_the_same(
        config in bands(),
        db in decibels(),
        part in 0.0..1.0f64,
        samples in samples(),
        earlier in bands(),
    ) {
        let samples = at_least_a_frame(samples, &config.stft);
        let n_mfcc = 1 + (part * config.n_mels as f64) as usize;
        let stft = Stft::new(&config.stft).unwrap();
        let mel = MelSpectrogram::new(&config).unwrap();
        let log_mel = LogMel::new(&LogMelConfig::new(1).with_mel(config.clone()).with_db(db.clone())).unwrap();
        let mfcc_config = MfccConfig::new(1).with_mel(config.clone()).with_db(db.clone()).with_n_mfcc(n_mfcc);
        let mfcc = Mfcc::new(&mfcc_config).unwrap();

        // Leave something behind.
        let (mut out, mut scratch) = (Matrix::default(), Scratch::new());
        let mut complex = ComplexMatrix::default();
        let earlier_samples = at_least_a_frame(vec![0.5; 777], &earlier.stft);
        Stft::new(&earlier.stft).unwrap().stft_into(&earlier_samples, &mut complex, &mut scratch).unwrap();
        let earlier_mfcc = MfccConfig::new(1).with_mel(earlier).with_n_mfcc(1);
        Mfcc::new(&earlier_mfcc).unwrap().compute_into(&earlier_samples, &mut out, &mut scratch).unwrap();

        let frames = stft.frames(samples.len()).unwrap();
        prop_assert_eq!(mel.frames(samples.len()), Ok(frames));
        prop_assert_eq!(log_mel.frames(samples.len()), Ok(frames));
        prop_assert_eq!(mfcc.frames(samples.len()), Ok(frames));
        let check = |rows: usize, result: &Matrix, out: &Matrix| {
            prop_assert_eq!((result.rows(), result.cols()), (rows, frames));
            prop_assert!(result.as_slice().iter().all(|v| v.is_finite()));
            prop_assert_eq!(bits(result), bits(out));
            Ok(())
        };
        let z = stft.stft(&samples).unwrap();
        stft.stft_into(&samples, &mut complex, &mut scratch).unwrap();
        check(stft.bins(), &z.re, &complex.re)?;
        check(stft.bins(), &z.im, &complex.im)?;
        stft.power_into(&samples, &mut out, &mut scratch).unwrap();
        check(stft.bins(), &stft.power(&samples).unwrap(), &out)?;
        stft.magnitude_into(&samples, &mut out, &mut scratch).unwrap();
        check(stft.bins(), &stft.magnitude(&samples).unwrap(), &out)?;
        mel.compute_into(&samples, &mut out, &mut scratch).unwrap();
        let mut powers = mel.compute(&samples).unwrap();
        check(config.n_mels, &powers, &out)?;
        log_mel.compute_into(&samples, &mut out, &mut scratch).unwrap();
        let in_db = log_mel.compute(&samples).unwrap();
        check(config.n_mels, &in_db, &out)?;
        mfcc.compute_into(&samples, &mut out, &mut scratch).unwrap();
        let coefficients = mfcc.compute(&samples).unwrap();
        check(n_mfcc, &coefficients, &out)?;

        // And step by step.
        powers.power_to_db(&db).unwrap();
        check(config.n_mels, &powers, &in_db)?;
        check(n_mfcc, &mfcc.compute_from_log_mel(&in_db).unwrap(), &coefficients)?;
        for pool in [pooling::mean, pooling::std, pooling::max] {
            let pooled = pool(&coefficients).unwrap();
            prop_assert_eq!(pooled.len(), n_mfcc);
            prop_assert!(pooled.iter().all(|v| v.is_finite()));
        }
    }

    #[test]
    fn magnitude_power_and_parts_agree(config in transform(), samples in samples()) {
        let samples = at_least_a_frame(samples, &config);
        let stft = Stft::new(&config).unwrap();
        let (z, power) = (stft.stft(&samples).unwrap(), stft.power(&samples).unwrap());
        let magnitude = stft.magnitude(&samples).unwrap();
        let tolerance = 4.0 * PEAK * largest(&z);
        let parts = z.re.as_slice().iter().zip(z.im.as_slice());
        let expected: Vec<f32> = parts.map(|(re, im)| re.hypot(*im)).collect();
        prop_assert!(farthest(magnitude.as_slice(), expected.iter().copied()) <= tolerance);
        let squares = expected.iter().map(|v| v * v);
        prop_assert!(farthest(power.as_slice(), squares) <= 4.0 * tolerance * largest(&z));
        prop_assert!(power.as_slice().iter().chain(magnitude.as_slice()).all(|v| *v >= 0.0));
    }

    /// Mel bands are the filters, applied to the spectrum of the same exponent.
    #[test]
    fn bands_are_filtered_spectra(config in bands(), samples in samples()) {
        let samples = at_least_a_frame(samples, &config.stft);
        let stft = Stft::new(&config.stft).unwrap();
        let spectrum =
            if config.power == 1.0 { stft.magnitude(&samples) } else { stft.power(&samples) }.unwrap();
        let filters = MelFilterBank::new(&config).unwrap();
        let got = MelSpectrogram::new(&config).unwrap().compute(&samples).unwrap();
        let want = filters.apply(&spectrum).unwrap();
        let heaviest = filters.to_dense().unwrap().as_slice().iter().fold(0.0, |a: f32, w| a.max(*w));
        // What lies in other bins rounds the bands, too.
        let tolerance = 1e-5 * peak(&want) + 1e-6 * heaviest * peak(&spectrum);
        prop_assert!(farthest(got.as_slice(), want.as_slice().iter().copied()) <= tolerance);
        prop_assert!(got.as_slice().iter().all(|v| *v >= 0.0));
    }

    #[test]
    fn a_sum_of_signals_has_the_sum_of_transforms(
        config in transform(),
        a in samples(),
        b in samples(),
        weight in -2.0f32..2.0,
    ) {
        let n = a.len().min(b.len());
        let (a, b) = (at_least_a_frame(a[..n].to_vec(), &config), at_least_a_frame(b[..n].to_vec(), &config));
        let sum: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a + weight * b).collect();
        let stft = Stft::new(&config).unwrap();
        let [a, b, sum] = [a, b, sum].map(|x| stft.stft(&x).unwrap());
        // The samples of the sum are rounded, too.
        let tolerance = 8.0 * PEAK * (largest(&a) + 2.0 * largest(&b)) + 1e-6;
        for (a, b, sum) in [(&a.re, &b.re, &sum.re), (&a.im, &b.im, &sum.im)] {
            let want = a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| a + weight * b);
            prop_assert!(farthest(sum.as_slice(), want) <= tolerance);
        }
    }

    /// Parseval: a frame's energy is that of its windowed samples.
    #[test]
    fn energy_is_kept(config in transform(), samples in samples()) {
        let config = config.with_center(false).with_win_length(None);
        let samples = at_least_a_frame(samples, &config);
        let n_fft = config.n_fft;
        let power = Stft::new(&config).unwrap().power(&samples).unwrap();
        let window = config.window.values(n_fft, config.periodic);
        for t in 0..power.cols() {
            let frame = &samples[t * config.hop_length..][..n_fft];
            let time: f64 = frame.iter().zip(&window).map(|(x, w)| (f64::from(*x) * f64::from(*w)).powi(2)).sum();
            let bin = |k: usize| {
                let twice = if k == 0 || 2 * k == n_fft { 1.0 } else { 2.0 };
                twice * f64::from(power.get(k, t).unwrap())
            };
            let frequency = (0..power.rows()).map(bin).sum::<f64>() / n_fft as f64;
            prop_assert!((time - frequency).abs() <= 1e-5 * time + 1e-30, "{} {}", time, frequency);
        }
    }

    /// A signal that starts `k` hops later has the same frames, `k` later.
    #[test]
    fn later_by_hops_is_later_by_frames(config in transform(), samples in samples(), k in 0usize..5) {
        let config = config.with_center(false);
        let samples = at_least_a_frame(samples, &config);
        let late: Vec<f32> = vec![0.125; k * config.hop_length].into_iter().chain(samples.clone()).collect();
        let stft = Stft::new(&config).unwrap();
        let (early, late) = (stft.stft(&samples).unwrap(), stft.stft(&late).unwrap());
        prop_assert_eq!(late.re.cols(), early.re.cols() + k);
        let tolerance = 2.0 * PEAK * largest(&early).max(largest(&late));
        for (early, late) in [(&early.re, &late.re), (&early.im, &late.im)] {
            for (early, late) in early.iter_rows().zip(late.iter_rows()) {
                prop_assert!(farthest(early, late[k..].iter().copied()) <= tolerance);
            }
        }
    }

    /// Twice the level is twice the amplitude and four times the power, without any rounding; and 6.02 dB.
    #[test]
    fn level_scales(config in bands(), samples in samples(), exponent in -8i32..8) {
        let samples = at_least_a_frame(samples, &config.stft);
        let factor = 2f32.powi(exponent);
        let scaled: Vec<f32> = samples.iter().map(|v| v * factor).collect();
        let stft = Stft::new(&config.stft).unwrap();
        let times = |matrix: &Matrix, factor: f32| -> Vec<f32> {
            matrix.as_slice().iter().map(|v| v * factor).collect()
        };
        prop_assume!(stft.power(&samples).unwrap().as_slice().iter().all(|v| *v == 0.0 || *v > 1e-25));
        let (z, scaled_z) = (stft.stft(&samples).unwrap(), stft.stft(&scaled).unwrap());
        prop_assert_eq!(times(&z.re, factor), scaled_z.re.into_vec());
        prop_assert_eq!(times(&z.im, factor), scaled_z.im.into_vec());
        let mel = MelSpectrogram::new(&config).unwrap();
        let (bands, scaled_bands) = (mel.compute(&samples).unwrap(), mel.compute(&scaled).unwrap());
        let factor = factor.powf(config.power);
        prop_assert_eq!(times(&bands, factor), scaled_bands.into_vec());

        let db = DbConfig::default().with_amin(1e-37).with_top_db(None);
        let log_mel = LogMel::new(&LogMelConfig::new(1).with_mel(config.clone()).with_db(db.clone())).unwrap();
        let shift = 10.0 * factor.log10();
        let above_amin = |power: &f32| power.min(power * factor) > 1e-36;
        let (plain, scaled_db) = (log_mel.compute(&samples).unwrap(), log_mel.compute(&scaled).unwrap());
        for ((power, a), b) in bands.as_slice().iter().zip(plain.as_slice()).zip(scaled_db.as_slice()) {
            prop_assert!(!above_amin(power) || (a + shift - b).abs() <= 1e-4, "{} {} {}", a, shift, b);
        }
        if bands.as_slice().iter().all(above_amin) {
            // Only the zeroth coefficient moves.
            let mfcc_config = MfccConfig::new(1).with_mel(config.clone()).with_db(db).with_n_mfcc(config.n_mels);
            let mfcc = Mfcc::new(&mfcc_config).unwrap();
            let (plain, scaled) = (mfcc.compute(&samples).unwrap(), mfcc.compute(&scaled).unwrap());
            for (i, (a, b)) in plain.iter_rows().zip(scaled.iter_rows()).enumerate() {
                let shift = if i == 0 { shift * (config.n_mels as f32).sqrt() } else { 0.0 };
                prop_assert!(farthest(b, a.iter().map(|v| v + shift)) <= 2e-3, "coefficient {}", i);
            }
        }
    }

    /// Centring is padding.
    #[test]
    fn centred_is_padded(config in transform(), samples in samples()) {
        let config = config.with_center(true);
        let wide = padded(&samples, config.n_fft / 2, config.pad_mode);
        prop_assume!(wide.len() >= config.n_fft);
        let centred = Stft::new(&config).unwrap().stft(&samples).unwrap();
        let plain = Stft::new(&config.with_center(false)).unwrap().stft(&wide).unwrap();
        prop_assert_eq!((plain.re.rows(), plain.re.cols()), (centred.re.rows(), centred.re.cols()));
        let tolerance = 2.0 * PEAK * largest(&plain);
        prop_assert!(farthest(centred.re.as_slice(), plain.re.as_slice().iter().copied()) <= tolerance);
        prop_assert!(farthest(centred.im.as_slice(), plain.im.as_slice().iter().copied()) <= tolerance);
    }

    /// A constant is its bin 0 alone, under a rectangular window.
    #[test]
    fn a_constant_has_one_bin(n_fft in 1usize..600, level in -100.0f32..100.0) {
        let config = StftConfig::default().with_n_fft(n_fft).with_window(Window::Rectangular).with_center(false);
        let z = Stft::new(&config).unwrap().stft(&vec![level; n_fft]).unwrap();
        let want = level * n_fft as f32;
        prop_assert!((z.re.get(0, 0).unwrap() - want).abs() <= PEAK * want.abs());
        prop_assert!(z.re.as_slice().iter().skip(1).chain(z.im.as_slice()).all(|v| v.abs() <= PEAK * want.abs()));
    }
}
