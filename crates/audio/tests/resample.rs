//! Length, alignment, amplitude, aliases and block independence of the resampler.

mod common;

use std::f64::consts::{PI, TAU};

use common::{noise, tone};
use proptest::prelude::*;
use soundalike_audio::{Error, Resampler, resample};

/// Common ratios, near-coprime ones among them (44,101 has no factor in common with 22,050).
const PAIRS: &[(u32, u32)] = &[
    (44_100, 22_050),
    (48_000, 22_050),
    (11_025, 22_050),
    (8_000, 22_050),
    (96_000, 22_050),
    (192_000, 22_050),
    (44_101, 22_050),
    (22_050, 44_101),
    (44_100, 16_000),
    (44_100, 48_000),
    (7_919, 22_050),
];

/// Amplitude and phase (in samples) of the component at `hz`, by a Hann-weighted projection.
fn component(samples: &[f32], rate: u32, hz: f64) -> (f64, f64) {
    let (mut re, mut im, mut sum) = (0.0, 0.0, 0.0);
    let n = samples.len() as f64;
    for (i, &s) in samples.iter().enumerate() {
        let w = 0.5 - 0.5 * (TAU * (i as f64 + 0.5) / n).cos();
        let angle = TAU * hz * i as f64 / f64::from(rate);
        re += w * f64::from(s) * angle.sin();
        im += w * f64::from(s) * angle.cos();
        sum += w;
    }
    let radians = im.atan2(re);
    (2.0 * re.hypot(im) / sum, radians / TAU * f64::from(rate) / hz)
}

fn rms_db(samples: &[f32]) -> f64 {
    let sum: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    10.0 * (sum / samples.len() as f64).log10()
}

#[test]
fn lengths_are_rounded_up() {
    for &(from, to) in PAIRS {
        for n in [0_usize, 1, 2, 999, 1_000, 44_100] {
            let got = resample(&vec![0.25; n], from, to).unwrap().len() as u64;
            let want = (n as u64 * u64::from(to)).div_ceil(u64::from(from));
            assert_eq!(got, want, "{from} {to} {n}");
        }
    }
}

#[test]
fn equal_rates_copy() {
    let samples = noise(1, 5_000);
    assert_eq!(resample(&samples, 44_100, 44_100).unwrap(), samples);
}

#[test]
fn tones_keep_amplitude_and_phase() {
    for &(from, to) in PAIRS {
        let nyquist = f64::from(from.min(to)) / 2.0;
        for hz in [100.0, 1_000.0, nyquist * 0.85] {
            let seconds = 1;
            let out = resample(&tone(hz, from, from as usize * seconds), from, to).unwrap();
            let inner = &out[to as usize / 4..to as usize * 3 / 4];
            let late = tone(hz, to, to as usize);
            let (amplitude, shift) = component(inner, to, hz);
            let (expected, shift0) = component(&late[to as usize / 4..to as usize * 3 / 4], to, hz);
            let db = 20.0 * (amplitude / expected).log10();
            assert!(db.abs() < 0.01, "{from} {to} {hz}: {db} dB");
            assert!((shift - shift0).abs() < 1e-3, "{from} {to} {hz}: {shift} {shift0}");
            // And nothing but the tone is there.
            let rest: Vec<f32> = inner.iter().zip(&late[to as usize / 4..]).map(|(a, b)| a - b).collect();
            let residue = rms_db(&rest);
            assert!(residue < -62.0, "{from} {to} {hz}: {residue} dB");
        }
        // In the middle of the band the two agree to the precision of f32.
        let out = resample(&tone(1_000.0, from, from as usize), from, to).unwrap();
        let late = tone(1_000.0, to, to as usize);
        let range = to as usize / 4..to as usize * 3 / 4;
        let worst = range.map(|i| (out[i] - late[i]).abs()).fold(0.0, f32::max);
        assert!(worst < 3e-6, "{from} {to}: {worst}");
    }
}

#[test]
fn tones_above_the_new_nyquist_vanish() {
    for &(from, to) in PAIRS.iter().filter(|(from, to)| to < from) {
        for share in [1.02, 1.2, 1.7] {
            let hz = f64::from(to) / 2.0 * share;
            if hz < f64::from(from) / 2.0 * 0.98 {
                let out = resample(&tone(hz, from, from as usize), from, to).unwrap();
                // Away from the ends, where the tone starts and stops abruptly.
                let db = rms_db(&out[to as usize / 3..to as usize * 2 / 3]);
                assert!(db < -100.0, "{from} {to} {hz}: {db} dB");
            }
        }
    }
}

#[test]
fn upsampling_adds_no_image() {
    for (from, to) in [(8_000, 22_050), (11_025, 22_050), (22_050, 44_101)] {
        let hz = f64::from(from) * 0.4;
        let out = resample(&tone(hz, from, from as usize), from, to).unwrap();
        let (image, _) = component(&out[to as usize / 4..to as usize * 3 / 4], to, f64::from(from) - hz);
        assert!(20.0 * image.log10() < -100.0, "{from} {to}: {image}");
    }
}

#[test]
fn direct_current_is_kept() {
    for &(from, to) in PAIRS {
        let out = resample(&vec![0.5; from as usize], from, to).unwrap();
        for s in &out[to as usize / 4..to as usize * 3 / 4] {
            assert!((s - 0.5).abs() < 2e-6, "{from} {to}: {s}");
        }
    }
}

#[test]
fn an_impulse_stays_where_it_was() {
    for &(from, to) in PAIRS {
        let mut samples = vec![0.0; 20_000];
        samples[10_000] = 1.0;
        let out = resample(&samples, from, to).unwrap();
        let total: f64 = out.iter().map(|&s| f64::from(s)).sum();
        let centre: f64 = out.iter().enumerate().map(|(i, &s)| i as f64 * f64::from(s)).sum::<f64>() / total;
        let expected = 10_000.0 * f64::from(to) / f64::from(from);
        assert!((centre - expected).abs() < 0.02, "{from} {to}: {centre} {expected}");
        // The first sample too: a start is neither lost nor delayed.
        let first = resample(&[1.0], from, to).unwrap();
        assert!(first[0] > 0.05, "{from} {to}: {first:?}");
    }
}

/// The definition, slowly: a windowed sinc summed over the whole input.
fn naive(samples: &[f32], from: u32, to: u32, half_width: f64) -> Vec<f64> {
    let cutoff = 0.957 * (f64::from(to) / f64::from(from)).min(1.0);
    let bessel = |x: f64| {
        (1..60)
            .fold((1.0, 1.0), |(t, s), k| {
                let t: f64 = t * x * x / 4.0 / f64::from(k * k);
                (t, s + t)
            })
            .1
    };
    let len = (samples.len() as u64 * u64::from(to)).div_ceil(u64::from(from));
    let kernel = |x: f64| {
        let edge = x / half_width;
        if edge.abs() >= 1.0 {
            return 0.0;
        }
        let sinc = if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
        sinc * bessel(12.5 * (1.0 - edge * edge).sqrt()) / bessel(12.5)
    };
    (0..len)
        .map(|n| {
            let t = n as f64 * f64::from(from) / f64::from(to);
            let tap = |(i, &s): (usize, &f32)| f64::from(s) * kernel((t - i as f64) * cutoff) * cutoff;
            samples.iter().enumerate().map(tap).sum()
        })
        .collect()
}

#[test]
fn the_sinc_equals_its_definition() {
    for (from, to) in [(44_101, 22_050), (22_050, 44_101), (7_919, 22_051)] {
        let samples = noise(7, 1_500);
        let fast = resample(&samples, from, to).unwrap();
        let slow = naive(&samples, from, to, 96.0);
        assert_eq!(fast.len(), slow.len());
        let worst = fast.iter().zip(&slow).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
        assert!(worst < 5e-7, "{from} {to}: {worst}");
    }
}

#[test]
fn rates_out_of_range_are_refused() {
    for (from, to) in [(0, 22_050), (22_050, 0), (999, 22_050), (22_050, 768_001), (u32::MAX, u32::MAX)] {
        assert!(matches!(resample(&[0.0], from, to), Err(Error::InvalidSampleRate { .. })), "{from} {to}");
    }
}

#[test]
fn the_least_convenient_rates_stay_cheap() {
    // Both prime: one common block would be 767,957 frames.
    for (from, to) in [(767_957, 1_009), (1_009, 767_957), (767_957, 767_951)] {
        let mut resampler = Resampler::new(from, to).unwrap();
        let mut out = Vec::new();
        resampler.process(&vec![0.5; 4_000], &mut out).unwrap();
        resampler.finish(&mut out).unwrap();
        assert_eq!(out.len() as u64, (4_000 * u64::from(to)).div_ceil(u64::from(from)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn blocks_make_no_difference(
        pair in 0..PAIRS.len(),
        seed in any::<u64>(),
        blocks in prop::collection::vec(0_usize..3_000, 1..8),
    ) {
        let (from, to) = PAIRS[pair];
        let samples = noise(seed, blocks.iter().sum());
        let whole = resample(&samples, from, to).unwrap();
        let mut resampler = Resampler::new(from, to).unwrap();
        // Twice: after `finish` a resampler is as new.
        for _ in 0..2 {
            let (mut out, mut at) = (Vec::new(), 0);
            for &len in &blocks {
                resampler.process(&samples[at..at + len], &mut out).unwrap();
                at += len;
            }
            resampler.finish(&mut out).unwrap();
            prop_assert!(out == whole);
        }
    }
}
