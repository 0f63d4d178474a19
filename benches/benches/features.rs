//! STFT, mel spectrogram, log-mel and MFCC of 30 s of 22,050 Hz audio, with librosa's default parameters and
//! memory that is used again from call to call.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use soundalike_features::{
    ComplexMatrix, LogMel, LogMelConfig, Matrix, MelConfig, MelSpectrogram, Mfcc, MfccConfig, Scratch, Stft,
    StftConfig,
};

const SAMPLE_RATE: u32 = 22_050;
const SECONDS: u32 = 30;

/// Three tones that swell and fade, over noise.
fn audio() -> Vec<f32> {
    let mut state = 1u32;
    (0..SAMPLE_RATE * SECONDS)
        .map(|n| {
            let t = f64::from(n) / f64::from(SAMPLE_RATE);
            let tones: f64 = [220.0, 554.4, 1318.5]
                .iter()
                .map(|hz| (std::f64::consts::TAU * hz * t).sin() * (0.5 + 0.5 * (t * hz / 100.0).sin()))
                .sum();
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = f64::from(state >> 8) / f64::from(1u32 << 23) - 1.0;
            (0.2 * tones + 0.05 * noise) as f32
        })
        .collect()
}

fn features(c: &mut Criterion) {
    let samples = audio();
    let mut group = c.benchmark_group("features/30s");
    group.throughput(Throughput::Elements(samples.len() as u64));
    let mut scratch = Scratch::new();
    let mut out = Matrix::default();

    let Ok(stft) = Stft::new(&StftConfig::default()) else {
        return;
    };
    group.bench_function("stft_complex", |b| {
        let mut out = ComplexMatrix::default();
        b.iter(|| stft.stft_into(black_box(&samples), &mut out, &mut scratch));
    });
    group.bench_function("stft_power", |b| {
        b.iter(|| stft.power_into(black_box(&samples), &mut out, &mut scratch));
    });
    let Ok(mel) = MelSpectrogram::new(&MelConfig::new(SAMPLE_RATE)) else {
        return;
    };
    group.bench_function("mel", |b| {
        b.iter(|| mel.compute_into(black_box(&samples), &mut out, &mut scratch));
    });
    let Ok(log_mel) = LogMel::new(&LogMelConfig::new(SAMPLE_RATE)) else {
        return;
    };
    group.bench_function("logmel", |b| {
        b.iter(|| log_mel.compute_into(black_box(&samples), &mut out, &mut scratch));
    });
    let Ok(mfcc) = Mfcc::new(&MfccConfig::new(SAMPLE_RATE)) else {
        return;
    };
    group.bench_function("mfcc", |b| {
        b.iter(|| mfcc.compute_into(black_box(&samples), &mut out, &mut scratch));
    });
    group.finish();
}

criterion_group!(benches, features);
criterion_main!(benches);
