//! Which vector instructions are used, found out at run time.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

#[cfg(target_arch = "x86_64")]
use crate::kernel::{Avx2, Avx512};
use crate::kernel::{Lanes, Portable};

/// The vector instructions that a search uses.
///
/// The best level that the processor has is found out at run time; no compiler flag is needed. Every level gives the
/// same answers, bit for bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SimdLevel {
    /// Plain code. Where the compiler's target has no fused multiply-add (x86-64 without flags), it is computed in
    /// double precision, which is slow.
    Portable,
    /// AVX2, FMA and F16C (x86-64-v3).
    Avx2,
    /// AVX-512 F, BW, CD, DQ, VL (x86-64-v4) and VNNI.
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
            if Avx512::is_available() {
                return Self::Avx512;
            }
            if Avx2::is_available() {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    /// Keeps the searches of the whole process from using more than `self` from now on. For measurements and tests;
    /// the processor's best level stays the limit.
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

/// Work that [`run`] compiles once for each level. `run` must be `#[inline(always)]`, as must be all that it calls in
/// its hot loops: only what is inlined is compiled for the level.
pub(crate) trait Vectorized {
    fn run<S: Lanes>(self, simd: S);
}

/// Runs `work` with the instructions of [`SimdLevel::current`].
pub(crate) fn run<W: Vectorized>(work: W) {
    run_at(SimdLevel::current(), work);
}

/// Runs `work` with the instructions of `level`, or of the best one below it that the processor has.
pub(crate) fn run_at<W: Vectorized>(level: SimdLevel, work: W) {
    #[cfg(target_arch = "x86_64")]
    {
        struct Call<W, S>(W, S);
        impl<W: Vectorized, S: Lanes> pulp::NullaryFnOnce for Call<W, S> {
            type Output = ();
            #[inline(always)]
            fn call(self) {
                self.0.run(self.1);
            }
        }
        if level >= SimdLevel::Avx512
            && let Some(simd) = Avx512::try_new()
        {
            return simd.vectorize(Call(work, simd));
        }
        if level >= SimdLevel::Avx2
            && let Some(simd) = Avx2::try_new()
        {
            return simd.vectorize(Call(work, simd));
        }
    }
    let _ = level;
    work.run(Portable);
}
