//! Sixteen or eight floats at once, by the instructions that the processor has.

use soundalike_features::SimdLevel;

/// Arithmetic on vectors of floats. Everything is inlined into code that is compiled for the level.
pub(crate) trait Lanes: Copy {
    /// `N` floats.
    type V: Copy;
    /// `N` answers.
    type M: Copy;
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
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a <= b`; no for NaN.
    fn at_most(self, a: Self::V, b: Self::V) -> Self::M;
    /// `a == b`; no for NaN.
    fn equal(self, a: Self::V, b: Self::V) -> Self::M;
    /// `a` where the answer is yes, else `b`.
    fn select(self, mask: Self::M, a: Self::V, b: Self::V) -> Self::V;

    /// Zero where `a` is not above it; NaN stays.
    #[inline(always)]
    fn rectify(self, a: Self::V) -> Self::V {
        let zero = self.splat(0.0);
        self.select(self.at_most(a, zero), zero, a)
    }

    /// The greater one, or NaN if one of them is that.
    #[inline(always)]
    fn maximum(self, a: Self::V, b: Self::V) -> Self::V {
        let greater = self.select(self.at_most(a, b), b, a);
        self.select(self.equal(b, b), greater, b)
    }

    /// `N` of `values` from `at` on, or as many as there are, and zeros.
    #[inline(always)]
    fn get(self, values: &[f32], at: usize) -> Self::V {
        if let Some(values) = values.get(at..at + Self::N) {
            return self.load(values);
        }
        let mut all = [0.0; 16];
        for (all, value) in all.iter_mut().zip(values.get(at..).unwrap_or_default()) {
            *all = *value;
        }
        self.load(&all[..Self::N])
    }

    /// Writes the first `count` values to `out`, from `at` on.
    #[inline(always)]
    fn put(self, value: Self::V, out: &mut [f32], at: usize, count: usize) {
        if count >= Self::N {
            self.store(value, &mut out[at..at + Self::N]);
        } else {
            let mut all = [0.0; 16];
            self.store(value, &mut all[..Self::N]);
            out[at..at + count].copy_from_slice(&all[..count]);
        }
    }
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
    type M = [bool; 8];
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
        zip(a, b, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        zip(a, b, |a, b| a * b)
    }

    #[inline(always)]
    fn at_most(self, a: Self::V, b: Self::V) -> Self::M {
        zip(a, b, |a, b| a <= b)
    }

    #[inline(always)]
    fn equal(self, a: Self::V, b: Self::V) -> Self::M {
        zip(a, b, |a, b| a == b)
    }

    #[inline(always)]
    fn select(self, mask: Self::M, a: Self::V, b: Self::V) -> Self::V {
        let mut out = b;
        for (out, (mask, a)) in out.iter_mut().zip(mask.into_iter().zip(a)) {
            if mask {
                *out = a;
            }
        }
        out
    }
}

#[inline(always)]
fn zip<T: Copy + Default>(a: [f32; 8], b: [f32; 8], op: impl Fn(f32, f32) -> T) -> [T; 8] {
    let mut out = [T::default(); 8];
    for (out, (a, b)) in out.iter_mut().zip(a.into_iter().zip(b)) {
        *out = op(a, b);
    }
    out
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
                type M = <$simd as Simd>::m32s;
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
                #[inline(always)]
                fn sub(self, a: Self::V, b: Self::V) -> Self::V {
                    self.0.sub_f32s(a, b)
                }
                #[inline(always)]
                fn mul(self, a: Self::V, b: Self::V) -> Self::V {
                    self.0.mul_f32s(a, b)
                }
                #[inline(always)]
                fn at_most(self, a: Self::V, b: Self::V) -> Self::M {
                    self.0.less_than_or_equal_f32s(a, b)
                }
                #[inline(always)]
                fn equal(self, a: Self::V, b: Self::V) -> Self::M {
                    self.0.equal_f32s(a, b)
                }
                #[inline(always)]
                fn select(self, mask: Self::M, a: Self::V, b: Self::V) -> Self::V {
                    self.0.select_f32s(mask, a, b)
                }
            }
        };
    }

    lanes!(V4, true);
    lanes!(V3, false);
}
