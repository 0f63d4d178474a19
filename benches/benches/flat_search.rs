//! Exact search over 100,000 vectors of 64 components: one query, and 32 at once, for each form of storage and beside a
//! plain loop; one query under filters.
#![allow(clippy::expect_used, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use soundalike_index::{Dtype, Filter, FlatIndex, FlatIndexConfig};

const N: usize = 100_000;
const DIM: usize = 64;
const BATCH: usize = 32;
const K: usize = 10;

/// Components in [-1, 1) from a counter (splitmix64): the same on every run and machine.
fn vectors(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..n * DIM).map(|_| next()).collect()
}

fn normalised(vectors: &[f32]) -> Vec<f32> {
    let unit = |v: &[f32]| {
        let norm = v.iter().map(|x| x * x).sum::<f32>().sqrt();
        v.iter().map(|x| x / norm).collect::<Vec<f32>>()
    };
    vectors.chunks_exact(DIM).flat_map(unit).collect()
}

/// What one would write without a crate: a row a vector, a score each, all of them sorted.
fn naive(rows: &[f32], query: &[f32], k: usize) -> Vec<(usize, f32)> {
    let dot = |row: &[f32]| row.iter().zip(query).map(|(x, q)| x * q).sum::<f32>();
    let mut scores: Vec<(usize, f32)> = rows.chunks_exact(DIM).map(dot).enumerate().collect();
    scores.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scores.truncate(k);
    scores
}

fn flat_search(c: &mut Criterion) {
    let data = vectors(N, 1);
    let queries = vectors(BATCH, 2);
    let ids: Vec<u64> = (0..N as u64).collect();
    let rows = normalised(&data);
    let units = normalised(&queries);
    let one = &queries[..DIM];

    let mut group = c.benchmark_group("flat_search_100k_x_64");
    group.sample_size(20);
    for (name, dtype) in [("f32", Dtype::F32), ("f16", Dtype::F16), ("int8", Dtype::Int8)] {
        let mut index = FlatIndex::new(&FlatIndexConfig::new(DIM).with_dtype(dtype)).expect("dimension");
        index.add_batch(&ids, &data).expect("vectors");
        group.throughput(Throughput::Elements(N as u64));
        group.bench_function(format!("single_{name}"), |b| {
            b.iter(|| index.search(black_box(one), K).expect("query"));
        });
        for percent in [50, 10, 1] {
            let set =
                index.filter(|id| id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 < percent * (1 << 32) / 100);
            group.bench_function(format!("single_{name}_{percent}_percent"), |b| {
                b.iter(|| index.search_filtered(black_box(one), K, &Filter::Bitset(&set)).expect("query"));
            });
        }
        group.throughput(Throughput::Elements((N * BATCH) as u64));
        group.bench_function(format!("batch32_{name}"), |b| {
            b.iter(|| index.search_batch(black_box(&queries), K).expect("queries"));
        });
    }
    group.throughput(Throughput::Elements(N as u64));
    group.bench_function("single_naive", |b| b.iter(|| naive(&rows, black_box(&units[..DIM]), K)));
    group.throughput(Throughput::Elements((N * BATCH) as u64));
    group.bench_function("batch32_naive", |b| {
        b.iter(|| {
            let answers = units.chunks_exact(DIM).map(|query| naive(&rows, black_box(query), K));
            answers.collect::<Vec<_>>()
        });
    });
    group.finish();
}

criterion_group!(benches, flat_search);
criterion_main!(benches);
