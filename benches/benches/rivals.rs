//! Our features beside other Rust crates': 30 s of 22,050 Hz audio, `n_fft` 2048, hop 512, 128 Slaney bands, one
//! thread, plans and memory used again where the crate allows it, the same samples for all.
//!
//! ```text
//! cargo bench -p soundalike-benches --features rivals --bench rivals
//! ```
//!
//! `compare/rivals.py` runs this and prints the table of docs/compare.md. The environment variable
//! `SOUNDALIKE_BENCH_SIMD` (portable, avx2, avx512) limits the instructions that ours use.
//!
//! What is compared in each group, and where it is not the same thing:
//!
//! | group | ours | mel_spec | spectrograms |
//! |---|---|---|---|
//! | `magnitude` | `Stft::magnitude_into` | has none of its own | linear plan, magnitude, f32 and f64 |
//! | `mel` | `MelSpectrogram::compute_into` | cannot leave out the logarithm | mel plan, power |
//! | `mel_single` | the same with `Precision::Single` | | that plan in f32 again |
//! | `logmel` | decibels, `top_db` 80 | natural logarithm, no `top_db`; its result is a new vector at each call | decibels, fixed floor |
//! | `mfcc` | 20 coefficients | none | 20 coefficients from the plan's decibels; the function that takes a spectrogram allocates its result |
//! | `chroma` | librosa's filters, tuning given | none | each bin to its nearest class; plans at each call |
#![allow(clippy::expect_used, clippy::panic, reason = "a benchmark")]

use std::hint::black_box;
use std::num::NonZeroUsize;

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use mel_spec::mel::{BatchLogMelConfig, BatchLogMelSpectrogram};
use non_empty_slice::{NonEmptySlice, NonEmptyVec};
use soundalike_benches::{SAMPLE_RATE, audio, use_simd};
use soundalike_features::{
    Chroma, ChromaConfig, LogMel, LogMelConfig, Matrix, MelConfig, MelSpectrogram, Mfcc, MfccConfig,
    Precision, Scratch, Stft, StftConfig,
};
use spectrograms::{
    AmpScaleSpec, ChromaParams, Decibels, LogParams, Magnitude, MelNorm, MelParams, MfccParams, Power,
    Sample, SpectrogramParams, SpectrogramPlanner, StftParams, WindowType, chromagram, mfcc_from_log_mel,
};

const N_FFT: usize = 2048;
const HOP_LENGTH: usize = 512;
const N_MELS: usize = 128;
const N_MFCC: usize = 20;

type Group<'a> = BenchmarkGroup<'a, WallTime>;

/// The samples, as each crate wants them.
struct Samples {
    f32: NonEmptyVec<f32>,
    f64: NonEmptyVec<f64>,
}

impl Samples {
    fn new() -> Self {
        let samples = audio();
        let f64 = samples.iter().map(|v| f64::from(*v)).collect();
        Self { f32: vec(samples), f64: vec(f64) }
    }
}

fn vec<T>(values: Vec<T>) -> NonEmptyVec<T> {
    NonEmptyVec::new(values).unwrap_or_else(|_| panic!("there are samples"))
}

fn size(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).expect("not zero")
}

/// A group whose numbers stand for samples.
fn group<'a>(c: &'a mut Criterion, name: &str, samples: &Samples) -> Group<'a> {
    let mut group = c.benchmark_group(format!("rivals/{name}"));
    group.throughput(Throughput::Elements(samples.f32.as_slice().len() as u64));
    group
}

fn spectrogram_params() -> SpectrogramParams {
    let stft = StftParams::new(size(N_FFT), size(HOP_LENGTH), WindowType::Hanning, true).expect("transform");
    SpectrogramParams::new(stft, f64::from(SAMPLE_RATE)).expect("rate")
}

fn mel_params() -> MelParams {
    let fmax = f64::from(SAMPLE_RATE) / 2.0;
    MelParams::with_norm(size(N_MELS), 0.0, fmax, MelNorm::Slaney).expect("bands")
}

/// A plan of spectrograms for mel bands in the scale `A`, and a result to write over.
macro_rules! mel_plan {
    ($scale:ty, $samples:expr) => {{
        let db = LogParams::new(-80.0).expect("floor");
        let planner = SpectrogramPlanner::new();
        let mut plan =
            planner.mel_plan::<$scale, _>(&spectrogram_params(), &mel_params(), Some(&db)).expect("plan");
        let out = plan.compute($samples).expect("result").into_data();
        (plan, out)
    }};
}

fn spectrograms_magnitude<T: Sample>(group: &mut Group<'_>, name: &str, samples: &NonEmptySlice<T>) {
    let planner = SpectrogramPlanner::new();
    let mut plan = planner.linear_plan::<Magnitude, T>(&spectrogram_params(), None).expect("plan");
    let mut out = plan.compute(samples).expect("result").into_data();
    group.bench_function(name, |b| b.iter(|| plan.compute_into(black_box(samples), &mut out)));
}

fn spectrograms_mel<A: AmpScaleSpec + 'static, T: Sample>(
    group: &mut Group<'_>,
    name: &str,
    samples: &NonEmptySlice<T>,
) {
    let (mut plan, mut out) = mel_plan!(A, samples);
    group.bench_function(name, |b| b.iter(|| plan.compute_into(black_box(samples), &mut out)));
}

fn spectrograms_mfcc<T: Sample>(group: &mut Group<'_>, name: &str, samples: &NonEmptySlice<T>) {
    let (mut plan, mut out) = mel_plan!(Decibels, samples);
    let params = MfccParams::new(size(N_MFCC)).with_lifter(0);
    group.bench_function(name, |b| {
        b.iter(|| {
            plan.compute_into(black_box(samples), &mut out)?;
            mfcc_from_log_mel(&out, &params)
        });
    });
}

fn spectrograms_chroma<T: Sample>(group: &mut Group<'_>, name: &str, samples: &NonEmptySlice<T>) {
    let stft = StftParams::new(size(N_FFT), size(HOP_LENGTH), WindowType::Hanning, true).expect("transform");
    let params = ChromaParams::music_standard();
    group.bench_function(name, |b| {
        b.iter(|| chromagram(black_box(samples), &stft, f64::from(SAMPLE_RATE), &params));
    });
}

fn mel_spec_plan() -> BatchLogMelSpectrogram {
    let config = BatchLogMelConfig {
        sample_rate: SAMPLE_RATE as usize,
        n_fft: N_FFT,
        win_length: N_FFT,
        hop_length: HOP_LENGTH,
        n_mels: N_MELS,
        ..BatchLogMelConfig::default()
    };
    BatchLogMelSpectrogram::new(config).expect("plan")
}

fn mel_spec_logmel(group: &mut Group<'_>, samples: &[f32]) {
    let plan = mel_spec_plan();
    let mut scratch = plan.scratch();
    group.bench_function("mel_spec_f32", |b| {
        b.iter(|| plan.compute_flat_with_scratch(black_box(samples), &mut scratch));
    });
}

/// Prints how far the rivals' mel bands are from ours, in parts of the largest: that they compute the same thing.
fn differences(samples: &Samples) {
    let ours = MelSpectrogram::new(&MelConfig::new(SAMPLE_RATE))
        .and_then(|plan| plan.compute(samples.f32.as_slice()));
    let ours = ours.expect("mel");
    let largest = ours.as_slice().iter().fold(0.0, |a: f32, b| a.max(*b));
    let print = |name: &str, theirs: &[f32]| {
        assert_eq!(theirs.len(), ours.as_slice().len(), "{name}: another shape");
        let difference = ours.as_slice().iter().zip(theirs).fold(0.0, |a: f32, (x, y)| a.max((x - y).abs()));
        println!("{name}: mel bands within {:.1e} of the largest of ours", difference / largest);
    };
    let plan = mel_spec_plan();
    let bands = plan.compute_flat(samples.f32.as_slice()).expect("mel").data;
    let guard = plan.config().log_zero_guard;
    print("mel_spec", &bands.iter().map(|v| v.exp() - guard).collect::<Vec<_>>());
    let (_, bands) = mel_plan!(Power, &samples.f32);
    print("spectrograms", &bands.iter().copied().collect::<Vec<f32>>());
}

fn rivals(c: &mut Criterion) {
    let level = std::env::var("SOUNDALIKE_BENCH_SIMD").unwrap_or_else(|_| "auto".into());
    println!("instructions: {}", use_simd(&level).expect("a level that this machine has"));
    let samples = Samples::new();
    differences(&samples);
    let (mut out, mut scratch) = (Matrix::default(), Scratch::new());

    let mut magnitude = group(c, "magnitude", &samples);
    let stft = Stft::new(&StftConfig::default()).expect("plan");
    magnitude.bench_function("soundalike", |b| {
        b.iter(|| stft.magnitude_into(black_box(samples.f32.as_slice()), &mut out, &mut scratch));
    });
    spectrograms_magnitude(&mut magnitude, "spectrograms_f32", &samples.f32);
    spectrograms_magnitude(&mut magnitude, "spectrograms_f64", &samples.f64);
    magnitude.finish();

    let mut mel = group(c, "mel", &samples);
    let plan = MelSpectrogram::new(&MelConfig::new(SAMPLE_RATE)).expect("plan");
    mel.bench_function("soundalike", |b| {
        b.iter(|| plan.compute_into(black_box(samples.f32.as_slice()), &mut out, &mut scratch));
    });
    spectrograms_mel::<Power, f32>(&mut mel, "spectrograms_f32", &samples.f32);
    spectrograms_mel::<Power, f64>(&mut mel, "spectrograms_f64", &samples.f64);
    mel.finish();

    let mut mel = group(c, "mel_single", &samples);
    let config =
        MelConfig::new(SAMPLE_RATE).with_stft(StftConfig::default().with_precision(Precision::Single));
    let plan = MelSpectrogram::new(&config).expect("plan");
    mel.bench_function("soundalike", |b| {
        b.iter(|| plan.compute_into(black_box(samples.f32.as_slice()), &mut out, &mut scratch));
    });
    spectrograms_mel::<Power, f32>(&mut mel, "spectrograms_f32", &samples.f32);
    mel.finish();

    let mut logmel = group(c, "logmel", &samples);
    let plan = LogMel::new(&LogMelConfig::new(SAMPLE_RATE)).expect("plan");
    logmel.bench_function("soundalike", |b| {
        b.iter(|| plan.compute_into(black_box(samples.f32.as_slice()), &mut out, &mut scratch));
    });
    mel_spec_logmel(&mut logmel, samples.f32.as_slice());
    spectrograms_mel::<Decibels, f32>(&mut logmel, "spectrograms_f32", &samples.f32);
    spectrograms_mel::<Decibels, f64>(&mut logmel, "spectrograms_f64", &samples.f64);
    logmel.finish();

    let mut mfcc = group(c, "mfcc", &samples);
    let plan = Mfcc::new(&MfccConfig::new(SAMPLE_RATE)).expect("plan");
    mfcc.bench_function("soundalike", |b| {
        b.iter(|| plan.compute_into(black_box(samples.f32.as_slice()), &mut out, &mut scratch));
    });
    spectrograms_mfcc::<f32>(&mut mfcc, "spectrograms_f32", &samples.f32);
    spectrograms_mfcc::<f64>(&mut mfcc, "spectrograms_f64", &samples.f64);
    mfcc.finish();

    let mut chroma = group(c, "chroma", &samples);
    let plan = Chroma::new(&ChromaConfig::new(SAMPLE_RATE).with_tuning(0.0)).expect("plan");
    chroma.bench_function("soundalike", |b| {
        b.iter(|| plan.compute_into(black_box(samples.f32.as_slice()), &mut out, &mut scratch));
    });
    spectrograms_chroma::<f32>(&mut chroma, "spectrograms_f32", &samples.f32);
    spectrograms_chroma::<f64>(&mut chroma, "spectrograms_f64", &samples.f64);
    chroma.finish();
}

criterion_group!(benches, rivals);
criterion_main!(benches);
