//! Sixteen or eight floats at once, by the instructions that the processor has.

use soundalike_features::SimdLevel;

/// Arithmetic on vectors of floats. Everything is inlined into code that is compiled for the level.
pub(crate) trait Lanes: Copy {
    /// `N` floats.
    type V: Copy;
    /// Floats of a vector.
    const N: usize;
    /// Whether there are 32 registers, so that 28 sums fit; else 12 do.
    const WIDE: bool;

    fn splat(self, value: f32) -> Self::V;
    /// `values` has `N` values.
    fn load(self, values: &[f32]) -> Self::V;
    /// `out` has `N` values.
    fn store(self, value: Self::V, out: &mut [f32]);
    /// `a * b + c`, rounded once where there is an instruction for it.
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
}

/// Output channels that a kernel computes at once: two vectors.
pub(crate) const fn block<L: Lanes>() -> usize {
    2 * L::N
}

/// Work that is compiled for each level. `run` must be `#[inline(always)]`, as must be all that it calls.
pub(crate) trait Work {
    fn run<L: Lanes>(self, lanes: L);
}

/// Output channels that the kernels of `level` compute at once.
pub(crate) fn block_of(level: SimdLevel) -> usize {
    match level {
        SimdLevel::Avx512 => 32,
        _ => 16,
    }
}

/// Runs `work` with the instructions of `level`.
pub(crate) fn run<W: Work>(level: SimdLevel, work: W) {
    #[cfg(target_arch = "x86_64")]
    {
        struct Call<W, L>(W, L);
        impl<W: Work, L: Lanes> pulp::NullaryFnOnce for Call<W, L> {
            type Output = ();
            #[inline(always)]
            fn call(self) {
                self.0.run(self.1);
            }
        }
        if level >= SimdLevel::Avx512
            && let Some(simd) = pulp::x86::V4::try_new()
        {
            return simd.vectorize(Call(work, x86::X86(simd)));
        }
        if level >= SimdLevel::Avx2
            && let Some(simd) = pulp::x86::V3::try_new()
        {
            return simd.vectorize(Call(work, x86::X86(simd)));
        }
    }
    let _ = level;
    work.run(Portable);
}

/// Plain code.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl Lanes for Portable {
    type V = [f32; 8];
    const N: usize = 8;
    const WIDE: bool = false;

    #[inline(always)]
    fn splat(self, value: f32) -> Self::V {
        [value; 8]
    }

    #[inline(always)]
    fn load(self, values: &[f32]) -> Self::V {
        values.first_chunk().copied().unwrap_or_default()
    }

    #[inline(always)]
    fn store(self, value: Self::V, out: &mut [f32]) {
        if let Some(out) = out.first_chunk_mut() {
            *out = value;
        }
    }

    #[inline(always)]
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        let mut out = c;
        for (out, (a, b)) in out.iter_mut().zip(a.into_iter().zip(b)) {
            // Not `f32::mul_add`, which is a call where the target has no such instruction.
            *out += a * b;
        }
        out
    }

    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        let mut out = a;
        for (out, b) in out.iter_mut().zip(b) {
            *out += b;
        }
        out
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use pulp::Simd;
    use pulp::bytemuck::{cast_slice, pod_read_unaligned};
    use pulp::x86::{V3, V4};

    use super::Lanes;

    /// The instructions of `S`.
    #[derive(Clone, Copy)]
    pub(crate) struct X86<S>(pub(crate) S);

    macro_rules! lanes {
        ($simd:ty, $wide:literal) => {
            impl Lanes for X86<$simd> {
                type V = <$simd as Simd>::f32s;
                const N: usize = <$simd as Simd>::F32_LANES;
                const WIDE: bool = $wide;

                #[inline(always)]
                fn splat(self, value: f32) -> Self::V {
                    self.0.splat_f32s(value)
                }
                #[inline(always)]
                fn load(self, values: &[f32]) -> Self::V {
                    pod_read_unaligned(cast_slice(values))
                }
                #[inline(always)]
                fn store(self, value: Self::V, out: &mut [f32]) {
                    out.copy_from_slice(cast_slice(&[value]));
                }
                #[inline(always)]
                fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                    self.0.mul_add_f32s(a, b, c)
                }
                #[inline(always)]
                fn add(self, a: Self::V, b: Self::V) -> Self::V {
                    self.0.add_f32s(a, b)
                }
            }
        };
    }

    lanes!(V4, true);
    lanes!(V3, false);
}
