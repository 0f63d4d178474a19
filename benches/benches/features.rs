//! Each feature of 30 s of 22,050 Hz audio, with librosa's default parameters and memory that is used again from call
//! to call. What is measured is the list `FEATURES` of this package's library.
#![allow(clippy::expect_used, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use soundalike_benches::{FEATURES, SAMPLE_RATE, audio, plan};
use soundalike_features::Scratch;

fn features(c: &mut Criterion) {
    let samples = audio();
    let mut group = c.benchmark_group("features/30s");
    group.throughput(Throughput::Elements(samples.len() as u64));
    for feature in FEATURES {
        let plan = plan(feature, SAMPLE_RATE).expect("plan");
        let (mut out, mut scratch) = (plan.output(&samples).expect("memory"), Scratch::new());
        group.bench_function(feature, |b| {
            b.iter(|| plan.compute(black_box(&samples), &mut out, &mut scratch));
        });
    }
    group.finish();
}

criterion_group!(benches, features);
criterion_main!(benches);
