//! Which vector instructions are used, found out at run time.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

/// The vector instructions that a plan uses.
///
/// The best level that the processor has is found out at run time; no compiler flag is needed. The levels' results
/// differ by rounding alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SimdLevel {
    /// Plain code, vectorised by the compiler for its target: SSE2 on x86-64, NEON on 64-bit ARM (where it has
    /// not been tested).
    Portable,
    /// AVX2 and FMA (x86-64-v3).
    Avx2,
    /// AVX-512 F, BW, CD, DQ and VL (x86-64-v4).
    Avx512,
}

static LIMIT: AtomicU8 = AtomicU8::new(u8::MAX);

impl SimdLevel {
    /// The levels, lowest first.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// The best level of this processor.
    #[must_use]
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if pulp::x86::V4::is_available() {
                return Self::Avx512;
            }
            if pulp::x86::V3::is_available() {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    /// Keeps the whole process from using more than `self` from now on; the transforms of plans that are there
    /// already keep their level. For measurements and tests; the processor's best level stays the limit.
    pub fn set_limit(self) {
        LIMIT.store(self as u8, Ordering::Relaxed);
    }

    /// The level in use: the best one within the limit set.
    #[must_use]
    pub fn current() -> Self {
        let limit = LIMIT.load(Ordering::Relaxed);
        let best = Self::best();
        Self::ALL.into_iter().find(|level| *level as u8 == limit).map_or(best, |limit| limit.min(best))
    }

    /// The level's name: `portable`, `avx2` or `avx512`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
}

impl fmt::Display for SimdLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Work that [`run`] compiles once for each level. `run` must be `#[inline(always)]`, as must be all that it
/// calls: only what is inlined is compiled for the level.
pub(crate) trait Vectorized {
    type Output;
    fn run(self) -> Self::Output;
}

/// Runs `work` with the instructions of [`SimdLevel::current`].
#[inline]
pub(crate) fn run<W: Vectorized>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    {
        struct Call<W>(W);
        impl<W: Vectorized> pulp::NullaryFnOnce for Call<W> {
            type Output = W::Output;
            #[inline(always)]
            fn call(self) -> W::Output {
                self.0.run()
            }
        }
        let level = SimdLevel::current();
        if level >= SimdLevel::Avx512
            && let Some(simd) = pulp::x86::V4::try_new()
        {
            return simd.vectorize(Call(work));
        }
        if level >= SimdLevel::Avx2
            && let Some(simd) = pulp::x86::V3::try_new()
        {
            return simd.vectorize(Call(work));
        }
    }
    work.run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_runs() {
        struct Sum<'a>(&'a [f32]);
        impl Vectorized for Sum<'_> {
            type Output = f32;
            #[inline(always)]
            fn run(self) -> f32 {
                self.0.iter().sum()
            }
        }
        assert_eq!(run(Sum(&[1.0, 2.0, 3.0])), 6.0);
        assert!(SimdLevel::current() <= SimdLevel::best());
    }
}
