//! The signals of golden/common.py, by the same formulas.

#![allow(dead_code, reason = "not every test uses all of it")]

use std::f64::consts::PI;

pub(crate) mod golden;

/// Uniform in [-1, 1): the upper 24 bits of splitmix64.
pub(crate) fn noise(n: usize, seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 40) as f64 / (1u64 << 23) as f64 - 1.0
    })
    .take(n)
}

/// `n` samples of a signal at `sr` samples a second.
pub(crate) fn signal(kind: &str, sr: u32, n: usize) -> Vec<f32> {
    signal_f64(kind, sr, n).into_iter().map(|v| v as f32).collect()
}

/// [`signal`] before it is rounded to single precision.
pub(crate) fn signal_f64(kind: &str, sr: u32, n: usize) -> Vec<f64> {
    let rate = f64::from(sr);
    let time = (0..n).map(|i| i as f64 / rate);
    match kind {
        "chirp" => {
            let (f0, f1, length) = (50.0, 0.45 * rate, n as f64 / rate);
            time.map(|t| 0.8 * (2.0 * PI * (f0 * t + (f1 - f0) * t * t / (2.0 * length))).sin()).collect()
        }
        "tones" => time
            .zip(noise(n, 1))
            .map(|(t, noise)| {
                let x = 0.3 * (2.0 * PI * 440.0 * t).sin() + 0.2 * (2.0 * PI * 1234.5 * t).sin();
                x + 0.1 * (2.0 * PI * 3210.0 * t).sin() + 0.05 * noise
            })
            .collect(),
        "noise" => noise(n, 7).map(|v| 0.5 * v).collect(),
        "steps" => {
            let level = |i: usize| [1.0, 1e-3, 0.0][i * 5 / sr as usize % 3];
            noise(n, 3).enumerate().map(|(i, v)| v * level(i)).collect()
        }
        "impulse" => (0..n).map(|i| if i == n / 2 { 1.0 } else { 0.0 }).collect(),
        "silence" => vec![0.0; n],
        "music" => time.zip(noise(n, 11)).enumerate().map(|(i, (t, noise))| music(i, t, sr, noise)).collect(),
        other => panic!("signal {other}"),
    }
}

/// Four notes a second, six harmonics each, and a click of noise on every note.
fn music(index: usize, time: f64, sr: u32, noise: f64) -> f64 {
    const NOTES: [i32; 8] = [57, 60, 64, 69, 67, 64, 60, 55];
    let k = index * 4 / sr as usize;
    let since = time - k as f64 / 4.0;
    let f0 = 440.0 * 2f64.powf(f64::from(NOTES[k % 8] - 69) / 12.0);
    let tone = |h: f64| 0.3 / h * (-4.0 * since).exp() * (2.0 * PI * h * f0 * time).sin();
    0.1 * (-40.0 * since).exp() * noise + (1..7).map(|h| tone(f64::from(h))).sum::<f64>()
}
