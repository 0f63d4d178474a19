use std::hint::black_box;
use std::time::Instant;

use pulp::{Simd, WithSimd};
use serde::Serialize;
use soundalike_index::SimdLevel;

use super::sampler::cpu_seconds;

/// Bytes that are read to find the bandwidth: many times any cache.
const ARRAY_BYTES: usize = 512 << 20;
/// Accumulators: enough to hide the latency of each, few enough for 16 registers.
const ACCUMULATORS: usize = 12;
/// How long each limit is looked for, at most.
const SEARCH: f64 = 0.7;

/// What the machine can do at best, measured.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Limits {
    /// Bytes read from memory, 1e9 a second: a sum over an array of 512 MiB.
    pub read_gb_per_s: f64,
    /// Floating-point operations, 1e9 a second, a fused multiply-add counted as two: independent accumulators in
    /// registers.
    pub fma_gflop_per_s: f64,
}

impl Limits {
    /// Measures both with the instructions of `level` at most, on so many threads, for so many seconds each but not
    /// much longer than is useful. The best of many tries: a limit is what no disturbance took away from.
    #[must_use]
    pub fn measure(level: SimdLevel, threads: usize, seconds: f64) -> Self {
        let seconds = seconds.min(SEARCH);
        let array = vec![1.0f32; ARRAY_BYTES / 4];
        let share = (array.len() / threads.max(1)).max(1);
        let read = best_seconds(threads, seconds, |thread| {
            let part = array.get(thread * share..).unwrap_or(&[]);
            black_box(at_level(level, Sum(part.get(..share).unwrap_or(part))));
        });
        drop(array);
        let rounds = 1_000_000usize;
        // Without instructions for it, a fused multiply-add is a slow function: a product and a sum are the limit then.
        let fused = level > SimdLevel::Portable;
        let lanes = at_level(level, MultiplyAdd { rounds: 1, fused }).0;
        let operations = 2 * rounds * ACCUMULATORS * lanes * threads;
        let multiply = best_seconds(threads, seconds, |_| {
            black_box(at_level(level, MultiplyAdd { rounds, fused }));
        });
        Self {
            read_gb_per_s: (share * threads * 4) as f64 / read / 1e9,
            fma_gflop_per_s: operations as f64 / multiply / 1e9,
        }
    }
}

/// The least time of `work` on so many threads at once, over many tries.
fn best_seconds(threads: usize, seconds: f64, work: impl Fn(usize) + Sync) -> f64 {
    let (begin, mut best) = (Instant::now(), f64::INFINITY);
    let mut tries = 0;
    while tries < 3 || begin.elapsed().as_secs_f64() < seconds {
        let (start, cpu) = (Instant::now(), cpu_seconds());
        if threads <= 1 {
            work(0);
            // As the figures that are held to the limit: another program on the core takes nothing away.
            let used = cpu_seconds().zip(cpu).map(|(now, then)| now - then);
            best = best.min(used.unwrap_or(f64::INFINITY).min(start.elapsed().as_secs_f64()));
        } else {
            std::thread::scope(|scope| {
                for thread in 0..threads {
                    let work = &work;
                    scope.spawn(move || work(thread));
                }
            });
            best = best.min(start.elapsed().as_secs_f64());
        }
        tries += 1;
    }
    best
}

/// Runs `work` compiled for a level.
fn at_level<W: WithSimd>(level: SimdLevel, work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if level >= SimdLevel::Avx512
            && let Some(simd) = pulp::x86::V4::try_new()
        {
            return Simd::vectorize(simd, work);
        }
        if level >= SimdLevel::Avx2
            && let Some(simd) = pulp::x86::V3::try_new()
        {
            return Simd::vectorize(simd, work);
        }
    }
    if level == SimdLevel::Portable {
        return Simd::vectorize(pulp::Scalar256b, work);
    }
    pulp::Arch::new().dispatch(work)
}

/// The sum of all values, with as many accumulators as keep the loads coming.
struct Sum<'a>(&'a [f32]);

impl WithSimd for Sum<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let (vectors, rest) = S::as_simd_f32s(self.0);
        let (groups, few) = vectors.as_chunks::<8>();
        let mut sums = [simd.splat_f32s(0.0); 8];
        for group in groups {
            for (sum, value) in sums.iter_mut().zip(group) {
                *sum = simd.add_f32s(*sum, *value);
            }
        }
        let mut total = rest.iter().sum::<f32>();
        for value in sums.iter().chain(few) {
            total += simd.reduce_sum_f32s(*value);
        }
        total
    }
}

/// Fused multiply-adds that depend on nothing but their own accumulator. Returns the lanes of a vector, and a value
/// that keeps the compiler from dropping the work.
struct MultiplyAdd {
    rounds: usize,
    fused: bool,
}

impl WithSimd for MultiplyAdd {
    type Output = (usize, f32);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (usize, f32) {
        let (factor, term) = (simd.splat_f32s(black_box(0.5)), simd.splat_f32s(black_box(1.0)));
        let mut sums = [term; ACCUMULATORS];
        for _ in 0..self.rounds {
            for sum in &mut sums {
                *sum = if self.fused {
                    simd.mul_add_f32s(*sum, factor, term)
                } else {
                    simd.add_f32s(simd.mul_f32s(*sum, factor), term)
                };
            }
        }
        let total = sums.iter().map(|sum| simd.reduce_sum_f32s(*sum)).sum();
        (S::F32_LANES, total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_computations_are_right_at_each_level() {
        let values: Vec<f32> = (0..1037).map(|i| (i % 7) as f32).collect();
        for level in SimdLevel::ALL {
            assert_eq!(at_level(level, Sum(&values)), values.iter().sum::<f32>());
            for fused in [false, true] {
                let (lanes, total) = at_level(level, MultiplyAdd { rounds: 60, fused });
                // x / 2 + 1 goes to 2.
                assert_eq!(total, 2.0 * (lanes * ACCUMULATORS) as f32);
            }
        }
    }
}
