//! The definitions, written down as directly as they can be, in double precision: what the fast paths are held
//! equal to.

use std::f64::consts::PI;

use crate::{MelConfig, MelDomain, MelNorm, PadMode, StftConfig, Window, hz_to_mel, mel_to_hz};

/// Real and imaginary parts, `[frame][bin]`.
pub(crate) fn stft(samples: &[f32], config: &StftConfig) -> Vec<Vec<(f64, f64)>> {
    let n_fft = config.n_fft;
    let padded = if config.center { pad(samples, n_fft / 2, config.pad_mode) } else { samples.to_vec() };
    let win_length = config.win_length.unwrap_or(n_fft);
    let mut window = vec![0.0; n_fft];
    for i in 0..win_length {
        window[(n_fft - win_length) / 2 + i] = window_value(config.window, i, win_length, config.periodic);
    }
    let mut frames = Vec::new();
    let mut start = 0;
    while start + n_fft <= padded.len() {
        let bin = |k: usize| {
            let mut sum = (0.0, 0.0);
            for n in 0..n_fft {
                let x = f64::from(padded[start + n]) * window[n];
                let angle = -2.0 * PI * ((k * n) % n_fft) as f64 / n_fft as f64;
                sum.0 += x * angle.cos();
                sum.1 += x * angle.sin();
            }
            sum
        };
        frames.push((0..=n_fft / 2).map(bin).collect());
        start += config.hop_length;
    }
    frames
}

fn window_value(window: Window, n: usize, length: usize, periodic: bool) -> f64 {
    if length == 1 {
        return 1.0;
    }
    let symmetric = !periodic || window == Window::Povey;
    let turn = n as f64 / if symmetric { length - 1 } else { length } as f64;
    let cosines = |a: f64, b: f64, c: f64| a - b * (2.0 * PI * turn).cos() + c * (4.0 * PI * turn).cos();
    match window {
        Window::Hann => cosines(0.5, 0.5, 0.0),
        Window::Hamming => cosines(0.54, 0.46, 0.0),
        Window::Blackman => cosines(0.42, 0.5, 0.08),
        Window::Rectangular => 1.0,
        Window::Kaiser { beta } => i0(beta * (1.0 - (2.0 * turn - 1.0).powi(2)).max(0.0).sqrt()) / i0(beta),
        Window::Povey => cosines(0.5, 0.5, 0.0).powf(0.85),
    }
}

/// The Bessel function by its integral, `1/pi` times that of `exp(x cos t)` from 0 to pi.
fn i0(x: f64) -> f64 {
    let at = |i: i32| (x * (PI * (f64::from(i) + 0.5) / 100.0).cos()).exp();
    (0..100).map(at).sum::<f64>() / 100.0
}

/// Grows the signal by one sample at either end, `width` times.
fn pad(samples: &[f32], width: usize, mode: PadMode) -> Vec<f32> {
    let mut out = samples.to_vec();
    for _ in 0..width {
        let (before, after) = match mode {
            PadMode::Zeros => (0.0, 0.0),
            PadMode::Edge => (out[0], out[out.len() - 1]),
            PadMode::Reflect if samples.len() == 1 => (out[0], out[0]),
            PadMode::Reflect => {
                let added = (out.len() - samples.len()) / 2;
                // The new sample mirrors the one as far on the other side of the signal's end.
                (out[2 * added + 1], out[out.len() - 2 * added - 2])
            }
        };
        out.insert(0, before);
        out.push(after);
    }
    out
}

/// The filters, `[band][bin]`.
pub(crate) fn filters(config: &MelConfig) -> Vec<Vec<f64>> {
    let fmax = config.fmax.unwrap_or(f64::from(config.sample_rate) / 2.0);
    let (low, high) = (hz_to_mel(config.fmin, config.scale), hz_to_mel(fmax, config.scale));
    let points: Vec<f64> = (0..config.n_mels + 2)
        .map(|i| mel_to_hz(low + (high - low) * i as f64 / (config.n_mels + 1) as f64, config.scale))
        .collect();
    let hz = |k: usize| k as f64 * f64::from(config.sample_rate) / config.stft.n_fft as f64;
    let straight = |hz: f64| match config.domain {
        MelDomain::Hz => hz,
        MelDomain::Mel => hz_to_mel(hz, config.scale),
    };
    let row = |m: usize| {
        let area = match config.norm {
            MelNorm::Slaney => 2.0 / (points[m + 2] - points[m]),
            MelNorm::None => 1.0,
        };
        (0..=config.stft.n_fft / 2)
            .map(|k| {
                let (at, left) = (straight(hz(k)), straight(points[m]));
                let (peak, right) = (straight(points[m + 1]), straight(points[m + 2]));
                let up = (at - left) / (peak - left);
                let down = (right - at) / (right - peak);
                up.min(down).max(0.0) * area
            })
            .collect()
    };
    (0..config.n_mels).map(row).collect()
}

/// The mel spectrogram, `[frame][band]`.
pub(crate) fn mel(samples: &[f32], config: &MelConfig) -> Vec<Vec<f64>> {
    let filters = filters(config);
    stft(samples, &config.stft)
        .iter()
        .map(|frame| {
            let bins: Vec<f64> = frame
                .iter()
                .map(|(re, im)| (re * re + im * im).powf(f64::from(config.power) / 2.0))
                .collect();
            filters.iter().map(|row| row.iter().zip(&bins).map(|(w, v)| w * v).sum()).collect()
        })
        .collect()
}

/// The first coefficients of an orthonormal cosine transform of type 2.
pub(crate) fn dct(x: &[f64], outputs: usize) -> Vec<f64> {
    let n = x.len() as f64;
    (0..outputs)
        .map(|k| {
            let scale = if k == 0 { (1.0 / n).sqrt() } else { (2.0 / n).sqrt() };
            let cosine = |i: usize| (PI * k as f64 * (2 * i + 1) as f64 / (2.0 * n)).cos();
            scale * x.iter().enumerate().map(|(i, v)| v * cosine(i)).sum::<f64>()
        })
        .collect()
}

mod tests {
    use proptest::prelude::*;

    use crate::{
        DbConfig, Matrix, MelConfig, MelDomain, MelFilterBank, MelNorm, MelScale, MelSpectrogram, Mfcc,
        MfccConfig, PadMode, Stft, StftConfig, Window,
    };

    fn stft_configs() -> impl Strategy<Value = StftConfig> {
        let window = prop_oneof![
            Just(Window::Hann),
            Just(Window::Hamming),
            Just(Window::Blackman),
            Just(Window::Rectangular),
            (0.0..20.0f64).prop_map(|beta| Window::Kaiser { beta }),
            Just(Window::Povey),
        ];
        let window = (window, any::<bool>());
        let pad = prop_oneof![Just(PadMode::Zeros), Just(PadMode::Reflect), Just(PadMode::Edge)];
        (1usize..80, 1usize..60, any::<prop::sample::Index>(), window, any::<bool>(), pad).prop_map(
            |(n_fft, hop, win, (window, periodic), center, pad_mode)| {
                StftConfig::default()
                    .with_n_fft(n_fft)
                    .with_hop_length(hop)
                    .with_win_length(1 + win.index(n_fft))
                    .with_window(window)
                    .with_periodic(periodic)
                    .with_center(center)
                    .with_pad_mode(pad_mode)
            },
        )
    }

    fn signals() -> impl Strategy<Value = Vec<f32>> {
        prop::collection::vec(prop_oneof![Just(0.0f32), -1.0f32..1.0, -1e-4f32..1e-4], 1..300)
    }

    fn mel_configs() -> impl Strategy<Value = MelConfig> {
        let scale = prop_oneof![Just(MelScale::Slaney), Just(MelScale::Htk), Just(MelScale::Kaldi)];
        let fmin = prop_oneof![Just(0.0), 0.0..2000.0f64];
        let flags = any::<(bool, bool, bool, bool)>();
        (stft_configs(), 1usize..20, fmin, 1.0..1500.0f64, scale, flags).prop_map(
            |(stft, n_mels, fmin, width, scale, (mel, zero_dc, slaney, power))| {
                MelConfig::new(8000)
                    .with_stft(stft)
                    .with_n_mels(n_mels)
                    .with_fmin(fmin)
                    .with_fmax(fmin + width)
                    .with_scale(scale)
                    .with_domain(if mel { MelDomain::Mel } else { MelDomain::Hz })
                    .with_zero_dc(zero_dc)
                    .with_norm(if slaney { MelNorm::Slaney } else { MelNorm::None })
                    .with_power(if power { 2.0 } else { 1.0 })
            },
        )
    }

    fn peak<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
        values.into_iter().fold(1e-30, |a, b| a.max(b.abs()))
    }

    fn double(samples: &[f32]) -> Vec<f64> {
        samples.iter().map(|v| f64::from(*v)).collect()
    }

    fn assert_close<T: Copy + Default + Into<f64>>(
        got: &Matrix<T>,
        want: &[Vec<f64>],
        tolerance: f64,
    ) -> Result<(), TestCaseError> {
        prop_assert_eq!(got.cols(), want.len());
        for (c, column) in want.iter().enumerate() {
            prop_assert_eq!(got.rows(), column.len());
            for (r, want) in column.iter().enumerate() {
                let got: f64 = got.get(r, c).unwrap().into();
                prop_assert!((got - want).abs() <= tolerance, "[{}, {}]: {} instead of {}", r, c, got, want);
            }
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn stft_is_the_sum_of_its_definition(samples in signals(), config in stft_configs()) {
            let stft = Stft::new(&config).unwrap();
            if stft.frames(samples.len()).is_err() {
                prop_assert!(!config.center && samples.len() < config.n_fft);
                return Ok(());
            }
            let want = super::stft(&samples, &config);
            let part = |f: fn(&(f64, f64)) -> f64| -> Vec<Vec<f64>> {
                want.iter().map(|frame| frame.iter().map(f).collect()).collect()
            };
            let magnitudes = part(|z| z.0.hypot(z.1));
            let peak = peak(magnitudes.iter().flatten());
            let got = stft.stft(&samples).unwrap();
            assert_close(&got.re, &part(|z| z.0), 1e-6 * peak)?;
            assert_close(&got.im, &part(|z| z.1), 1e-6 * peak)?;
            assert_close(&stft.magnitude(&samples).unwrap(), &magnitudes, 1e-6 * peak)?;
            let power = part(|z| z.0 * z.0 + z.1 * z.1);
            assert_close(&stft.power(&samples).unwrap(), &power, 1e-6 * peak * peak)?;
            let samples = double(&samples);
            let got = stft.stft_f64(&samples).unwrap();
            assert_close(&got.re, &part(|z| z.0), 1e-13 * peak)?;
            assert_close(&got.im, &part(|z| z.1), 1e-13 * peak)?;
            assert_close(&stft.magnitude_f64(&samples).unwrap(), &magnitudes, 1e-13 * peak)?;
            assert_close(&stft.power_f64(&samples).unwrap(), &power, 1e-13 * peak * peak)?;
        }

        #[test]
        fn filters_are_triangles(config in mel_configs()) {
            let want = super::filters(&config);
            let filters = MelFilterBank::new(&config).unwrap();
            let dense = filters.to_dense().unwrap();
            let columns: Vec<Vec<f64>> =
                (0..filters.bins()).map(|k| want.iter().map(|row| row[k]).collect()).collect();
            assert_close(&dense, &columns, 1e-6 * peak(columns.iter().flatten()))?;
            let empty = want.iter().filter(|row| row.iter().all(|w| *w <= 0.0)).count();
            prop_assert_eq!(filters.empty_bands(), empty);
            // Also where nothing asks for it.
            prop_assert!(dense.iter_rows().all(|row| row[0] == 0.0));
        }

        #[test]
        fn sparse_mel_is_dense_mel(samples in signals(), config in mel_configs()) {
            let mel = MelSpectrogram::new(&config).unwrap();
            prop_assume!(mel.frames(samples.len()).is_ok());
            let want = super::mel(&samples, &config);
            let tolerance = 1e-5 * peak(want.iter().flatten());
            assert_close(&mel.compute(&samples).unwrap(), &want, tolerance)?;
            // The filters' weights are rounded to single precision.
            assert_close(&mel.compute_f64(&double(&samples)).unwrap(), &want, 0.02 * tolerance)?;
            let spectra = if config.power == 2.0 { mel.stft().power(&samples) } else { mel.stft().magnitude(&samples) };
            assert_close(&mel.filters().apply(&spectra.unwrap()).unwrap(), &want, tolerance)?;
        }

        #[test]
        fn mfcc_is_the_dct_of_decibels(samples in signals(), mel in mel_configs(), part in any::<prop::sample::Index>()) {
            let n_mfcc = 1 + part.index(mel.n_mels);
            let config = MfccConfig::new(8000).with_mel(mel.clone()).with_n_mfcc(n_mfcc);
            let mfcc = Mfcc::new(&config).unwrap();
            prop_assume!(mfcc.frames(samples.len()).is_ok());
            let mut db: Vec<Vec<f64>> = super::mel(&samples, &mel);
            for value in db.iter_mut().flatten() {
                *value = 10.0 * value.max(f64::from(DbConfig::default().amin)).log10();
            }
            let floor = db.iter().flatten().fold(f64::MIN, |a, b| a.max(*b)) - 80.0;
            let want: Vec<Vec<f64>> = db
                .iter()
                .map(|column| super::dct(&column.iter().map(|v| v.max(floor)).collect::<Vec<_>>(), n_mfcc))
                .collect();
            assert_close(&mfcc.compute(&samples).unwrap(), &want, 1e-3)?;
            assert_close(&mfcc.compute_f64(&double(&samples)).unwrap(), &want, 1e-5)?;
        }
    }
}
