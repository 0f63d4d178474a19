//! Transforms in single precision: for every length that has a kernel and one that has none, close to double precision.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use soundalike_features::{ComplexMatrix, Precision, Stft, StftConfig};

#[test]
fn single_precision_is_near_double_precision() {
    for n_fft in [512, 1000, 1024, 2048, 4096] {
        // Frames of one block, of several, and of one that is not full.
        for n_samples in [1, 5000, 40_001] {
            let samples: Vec<f32> =
                (0..n_samples).map(|n| (n as f32 * 0.07).sin() + 0.3 * (n as f32 * 1.3).cos()).collect();
            let config = StftConfig::default().with_n_fft(n_fft).with_hop_length(n_fft / 4);
            let of = |precision| {
                let stft = Stft::new(&config.clone().with_precision(precision)).unwrap();
                (stft.stft(&samples).unwrap(), stft.power(&samples).unwrap())
            };
            let (single, single_power) = of(Precision::Single);
            let (double, double_power) = of(Precision::Double);
            let near = |a: &[f32], b: &[f32], what: &str| {
                assert_eq!(a.len(), b.len());
                let peak = b.iter().fold(0.0f32, |m, v| m.max(v.abs()));
                for (a, b) in a.iter().zip(b) {
                    assert!((a - b).abs() <= 1e-6 * peak, "{what} {n_fft} {n_samples}: {a} {b}");
                }
            };
            let both = |m: &ComplexMatrix| [m.re.as_slice(), m.im.as_slice()].concat();
            near(&both(&single), &both(&double), "complex");
            near(single_power.as_slice(), double_power.as_slice(), "power");
        }
    }
}

/// A frame whose samples all lie where the window is zero is silent, whatever the frame is that it shares a transform
/// with.
#[test]
fn silent_under_the_window_is_silent() {
    for n_fft in [64, 512] {
        let config = StftConfig::default()
            .with_n_fft(n_fft)
            .with_hop_length(n_fft / 2)
            .with_win_length(n_fft / 4)
            .with_center(false);
        // Sound up to the start of the second frame's window.
        let end = n_fft / 2 + 3 * n_fft / 8;
        let samples: Vec<f32> =
            (0..2 * n_fft).map(|n| if n <= end { (n as f32).sin() } else { 0.0 }).collect();
        let power = Stft::new(&config).unwrap().power(&samples).unwrap();
        for row in power.iter_rows() {
            assert!(row[0] > 0.0 && row[1..].iter().all(|value| *value == 0.0), "{n_fft}: {row:?}");
        }
    }
}
