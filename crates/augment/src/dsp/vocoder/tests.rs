//! The vocoder beside its definition.

use std::f64::consts::TAU;

use super::turn::{ATTACK, REACH};
use super::*;

/// Complex numbers as pairs.
type C = (f64, f64);

fn spectrum(frame: &[f64]) -> Vec<C> {
    let n = frame.len();
    let roots: Vec<C> = (0..n).map(|i| (-TAU * i as f64 / n as f64).sin_cos()).map(|(s, c)| (c, s)).collect();
    let bin = |k: usize| {
        frame.iter().enumerate().fold((0.0, 0.0), |(re, im), (i, x)| {
            let (c, s) = roots[k * i % n];
            (re + x * c, im + x * s)
        })
    };
    (0..=n / 2).map(bin).collect()
}

fn samples(spectrum: &[C], n: usize) -> Vec<f64> {
    let at = |i: usize| {
        let bin = |(k, (re, im)): (usize, &C)| {
            let (s, c) = (TAU * (k * i % n) as f64 / n as f64).sin_cos();
            let twice = if k == 0 || 2 * k == n { 1.0 } else { 2.0 };
            // The constant and the highest bin of a real signal are real.
            twice * if twice == 1.0 { re * c } else { re * c - im * s }
        };
        spectrum.iter().enumerate().map(bin).sum::<f64>() / n as f64
    };
    (0..n).map(at).collect()
}

/// The definition, with phases instead of differences of phases.
fn naive(vocoder: &Vocoder, input: &[f32], stretch: f64, len: usize) -> Vec<f64> {
    let (n, hops) = (vocoder.n_fft, vocoder.hops(stretch));
    let window: Vec<f64> = (0..n).map(|i| 0.5 - 0.5 * (TAU * i as f64 / n as f64).cos()).collect();
    let (mut sum, mut weight) = (vec![0.0; len + 4 * n], vec![0.0; len + 4 * n]);
    let (mut last, mut last_out): (Vec<C>, Vec<C>) =
        (vec![(0.0, 0.0); n / 2 + 1], vec![(0.0, 0.0); n / 2 + 1]);
    let mut last_peaks: Vec<usize> = Vec::new();
    let arg = |z: C| z.1.atan2(z.0);
    let power = |z: C| z.0 * z.0 + z.1 * z.1;
    // Of two equally near, the higher one.
    let nearest = |peaks: &[usize], k: usize| peaks.iter().rev().copied().min_by_key(|p| p.abs_diff(k));
    for t in 0.. {
        let place = hops.place(t);
        if place > len + n / 2 {
            break;
        }
        let put = (place - hops.place(t.max(1) - 1)) as f64;
        let sample = |i: usize| {
            let at = (t * hops.taken + i).checked_sub(n / 2);
            f64::from(at.and_then(|at| input.get(at)).copied().unwrap_or(0.0)) * window[i]
        };
        let x = spectrum(&(0..n).map(sample).collect::<Vec<_>>());
        let is_peak = |k: &usize| {
            let p = |i: usize| power(x[i]);
            p(*k) > p(k - 1) && p(*k) > p(k - 2) && p(*k) >= p(k + 1) && p(*k) >= p(k + 2)
        };
        let peaks: Vec<usize> = (2..n / 2 - 1).filter(is_peak).collect();
        let turns: Vec<f64> = peaks
            .iter()
            .map(|&k| {
                let from = nearest(&last_peaks, k);
                let j = from.filter(|j| j.abs_diff(k) <= REACH as usize).unwrap_or(k);
                if from.is_none() || power(x[k]) > f64::from(ATTACK) * power(last[j]) {
                    return 0.0;
                }
                // Frequency: the middle of the bin, and what the phase went on beyond that.
                let middle = TAU * k as f64 / n as f64;
                let parity = std::f64::consts::PI * (k.abs_diff(j) % 2) as f64;
                let off = arg(x[k]) - arg(last[j]) - parity - middle * hops.taken as f64;
                let frequency = middle + (off - TAU * (off / TAU).round()) / hops.taken as f64;
                // The phase at which this peak goes on, by how its region was put down.
                let out = arg(last_out[j]) + parity + frequency * put;
                out - arg(x[k])
            })
            .collect();
        let turned: Vec<C> = x
            .iter()
            .enumerate()
            .map(|(k, (re, im))| {
                let peak =
                    nearest(&peaks, k).map_or(0.0, |p| turns[peaks.iter().position(|q| *q == p).unwrap()]);
                let (s, c) = peak.sin_cos();
                (re * c - im * s, re * s + im * c)
            })
            .collect();
        for (i, y) in samples(&turned, n).into_iter().enumerate() {
            sum[place + i] += y * window[i];
            weight[place + i] += window[i] * window[i];
        }
        (last, last_out, last_peaks) = (x, turned, peaks);
    }
    (n / 2..n / 2 + len).map(|i| if weight[i] > 1e-6 { sum[i] / weight[i] } else { 0.0 }).collect()
}

#[test]
fn it_is_the_definition() {
    let vocoder = Vocoder::new(8_000);
    assert_eq!(vocoder.n_fft, 1024);
    let tone =
        |hz: f64, n: usize| (TAU * hz * n as f64 / 8_000.0).sin() * (-((n % 3_000) as f64) / 2_000.0).exp();
    let input: Vec<f32> = (0..9_000)
        .map(|n| {
            (0.3 * (tone(220.0, n) + tone(555.0, n) + tone(1_234.5, n))) as f32
                + 0.01 * crate::random::white(3, n as u64)
        })
        .collect();
    for stretch in [0.7, 0.9999, 1.26, 2.0] {
        let len = (input.len() as f64 * stretch) as usize;
        let mut got = vec![1.0];
        vocoder.run(&input, stretch, len, &mut got, &mut VocoderScratch::default()).unwrap();
        let want = naive(&vocoder, &input, stretch, len);
        let energy: f64 = want.iter().map(|x| x * x).sum();
        let error: f64 = got.iter().zip(&want).map(|(a, b)| (f64::from(*a) - b).powi(2)).sum();
        // A weak peak that rounding moves to the next bin is allowed for.
        let db = 10.0 * (error / energy).log10();
        assert!(db < -60.0, "{stretch}: {db} dB");
    }
}

#[test]
fn without_stretching_it_is_the_signal() {
    let vocoder = Vocoder::new(22_050);
    let input: Vec<f32> = (0..30_000).map(|n| crate::random::white(1, n) * 0.2).collect();
    let mut got = Vec::new();
    vocoder.run(&input, 1.0, input.len(), &mut got, &mut VocoderScratch::default()).unwrap();
    assert!(input.iter().zip(&got).all(|(a, b)| (a - b).abs() < 1e-5));
}
