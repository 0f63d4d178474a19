//! Vectors of frames: the few operations that the transform needs, in single and in double precision, for each
//! kind of processor.

use pulp::bytemuck::Pod;

use crate::simd::SimdLevel;

/// A sample inside the transform.
pub(crate) trait Real: Pod + PartialOrd + std::ops::Mul<Output = Self> {
    fn from_f64(value: f64) -> Self;
}

impl Real for f32 {
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value as Self
    }
}

impl Real for f64 {
    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }
}

/// Arithmetic on `LANES` frames at once. All functions are inlined into code that is compiled for the processor.
pub(crate) trait Arith: Copy {
    type T: Real;
    /// One value of each of `LANES` frames.
    type V: Pod;
    /// The same in single precision.
    type Narrow: Pod;
    const LANES: usize;

    fn splat(self, value: Self::T) -> Self::V;
    /// `values` has `LANES` values.
    fn load(self, values: &[f32]) -> Self::V;
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a * b + c`.
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `c - a * b`.
    fn neg_mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    fn sqrt(self, a: Self::V) -> Self::V;
    fn narrow(self, a: Self::V) -> Self::Narrow;
    /// `out[c * stride + r] = rows[r][at + c]`, for `SQUARE` rows and columns. What does not fit is left out.
    fn transpose(self, rows: &[&[f32]; SQUARE], at: usize, out: &mut [f32], stride: usize);
}

/// Rows, and columns, of the squares that [`Arith::transpose`] moves.
pub(crate) const SQUARE: usize = 8;

/// Work that is compiled for each kind of processor.
pub(crate) trait Kernels<T: Real> {
    fn run<A: Arith<T = T>>(self, s: A);
}

/// A sample for which there are kernels.
pub(crate) trait Dispatch: Real {
    /// Runs `work` with the instructions of `level`, which is not [`SimdLevel::Portable`].
    fn dispatch(level: SimdLevel, work: impl Kernels<Self>);
}

macro_rules! dispatch {
    ($t:ty, $precision:ident) => {
        impl Dispatch for $t {
            fn dispatch(level: SimdLevel, work: impl Kernels<Self>) {
                #[cfg(target_arch = "x86_64")]
                {
                    struct Call<W, A>(W, A);
                    impl<W: Kernels<$t>, A: Arith<T = $t>> pulp::NullaryFnOnce for Call<W, A> {
                        type Output = ();
                        #[inline(always)]
                        fn call(self) {
                            self.0.run(self.1);
                        }
                    }
                    if level >= SimdLevel::Avx512
                        && let Some(simd) = pulp::x86::V4::try_new()
                    {
                        return simd.vectorize(Call(work, $precision(simd)));
                    }
                    if level >= SimdLevel::Avx2
                        && let Some(simd) = pulp::x86::V3::try_new()
                    {
                        return simd.vectorize(Call(work, $precision(simd)));
                    }
                }
                #[cfg(not(target_arch = "x86_64"))]
                let _ = (level, work);
            }
        }
    };
}

dispatch!(f32, Single);
dispatch!(f64, Double);

/// Single precision by the instructions of `S`.
#[derive(Clone, Copy)]
pub(crate) struct Single<S>(pub(crate) S);

/// Double precision by the instructions of `S`.
#[derive(Clone, Copy)]
pub(crate) struct Double<S>(pub(crate) S);

/// All of `values` as one value of the same size.
#[inline(always)]
fn whole<T: Pod, A: Pod>(values: &[T]) -> A {
    pulp::bytemuck::pod_read_unaligned(pulp::bytemuck::cast_slice(values))
}

#[inline(always)]
fn put_head<T: Pod, A: Pod>(value: A, out: &mut [T]) {
    let count = size_of::<A>() / size_of::<T>();
    if let Some(out) = out.get_mut(..count) {
        out.copy_from_slice(pulp::bytemuck::cast_slice(&[value]));
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::arch::x86_64::__m256;

    use pulp::x86::{V3, V4};
    use pulp::{Simd, f32x4, f32x8};

    use pulp::bytemuck::cast;

    use super::{Arith, Double, SQUARE, Single, put_head, whole};

    macro_rules! single {
        ($simd:ty) => {
            type T = f32;
            type V = <$simd as Simd>::f32s;
            type Narrow = Self::V;
            const LANES: usize = <$simd as Simd>::F32_LANES;
            #[inline(always)]
            fn splat(self, value: f32) -> Self::V {
                self.0.splat_f32s(value)
            }
            #[inline(always)]
            fn load(self, values: &[f32]) -> Self::V {
                whole(values)
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
            fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                self.0.mul_add_f32s(a, b, c)
            }
            #[inline(always)]
            fn neg_mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                self.0.negate_mul_add_f32s(a, b, c)
            }
            #[inline(always)]
            fn sqrt(self, a: Self::V) -> Self::V {
                self.0.sqrt_f32s(a)
            }
            #[inline(always)]
            fn narrow(self, a: Self::V) -> Self::Narrow {
                a
            }
        };
    }

    macro_rules! double {
        ($simd:ty) => {
            type T = f64;
            type V = <$simd as Simd>::f64s;
            const LANES: usize = <$simd as Simd>::F64_LANES;
            #[inline(always)]
            fn splat(self, value: f64) -> Self::V {
                self.0.splat_f64s(value)
            }
            #[inline(always)]
            fn add(self, a: Self::V, b: Self::V) -> Self::V {
                self.0.add_f64s(a, b)
            }
            #[inline(always)]
            fn sub(self, a: Self::V, b: Self::V) -> Self::V {
                self.0.sub_f64s(a, b)
            }
            #[inline(always)]
            fn mul(self, a: Self::V, b: Self::V) -> Self::V {
                self.0.mul_f64s(a, b)
            }
            #[inline(always)]
            fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                self.0.mul_add_f64s(a, b, c)
            }
            #[inline(always)]
            fn neg_mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                self.0.negate_mul_add_f64s(a, b, c)
            }
            #[inline(always)]
            fn sqrt(self, a: Self::V) -> Self::V {
                self.0.sqrt_f64s(a)
            }
        };
    }

    /// Eight values of row `r` from `at` on.
    #[inline(always)]
    fn row(rows: &[&[f32]; SQUARE], r: usize, at: usize) -> __m256 {
        whole(rows[r].get(at..at + SQUARE).unwrap_or(&[0.0; SQUARE]))
    }

    /// An 8 x 8 square, transposed.
    #[inline(always)]
    fn square8(simd: V3, rows: &[&[f32]; SQUARE], at: usize) -> [__m256; 8] {
        let avx = simd.avx;
        let mut quads = [avx._mm256_setzero_ps(); 8];
        for q in [0, 4] {
            let (a, b, c, d) =
                (row(rows, q, at), row(rows, q + 1, at), row(rows, q + 2, at), row(rows, q + 3, at));
            let (ab, cd) = (avx._mm256_unpacklo_ps(a, b), avx._mm256_unpacklo_ps(c, d));
            quads[q] = avx._mm256_shuffle_ps::<0x44>(ab, cd);
            quads[q + 1] = avx._mm256_shuffle_ps::<0xee>(ab, cd);
            let (ab, cd) = (avx._mm256_unpackhi_ps(a, b), avx._mm256_unpackhi_ps(c, d));
            quads[q + 2] = avx._mm256_shuffle_ps::<0x44>(ab, cd);
            quads[q + 3] = avx._mm256_shuffle_ps::<0xee>(ab, cd);
        }
        let mut out = quads;
        for i in 0..4 {
            out[i] = avx._mm256_permute2f128_ps::<0x20>(quads[i], quads[4 + i]);
            out[4 + i] = avx._mm256_permute2f128_ps::<0x31>(quads[i], quads[4 + i]);
        }
        out
    }

    impl Arith for Single<V4> {
        single!(V4);
        #[inline(always)]
        fn transpose(self, rows: &[&[f32]; SQUARE], at: usize, out: &mut [f32], stride: usize) {
            Single(*self.0).transpose(rows, at, out, stride);
        }
    }

    impl Arith for Single<V3> {
        single!(V3);
        #[inline(always)]
        fn transpose(self, rows: &[&[f32]; SQUARE], at: usize, out: &mut [f32], stride: usize) {
            for (c, column) in square8(self.0, rows, at).into_iter().enumerate() {
                put_head(column, out.get_mut(c * stride..).unwrap_or_default());
            }
        }
    }

    impl Arith for Double<V4> {
        double!(V4);
        type Narrow = f32x8;
        #[inline(always)]
        fn load(self, values: &[f32]) -> Self::V {
            cast(self.0.avx512f._mm512_cvtps_pd(whole(values)))
        }
        #[inline(always)]
        fn narrow(self, a: Self::V) -> f32x8 {
            cast(self.0.avx512f._mm512_cvtpd_ps(cast(a)))
        }
        #[inline(always)]
        fn transpose(self, rows: &[&[f32]; SQUARE], at: usize, out: &mut [f32], stride: usize) {
            Single(*self.0).transpose(rows, at, out, stride);
        }
    }

    impl Arith for Double<V3> {
        double!(V3);
        type Narrow = f32x4;
        #[inline(always)]
        fn load(self, values: &[f32]) -> Self::V {
            cast(self.0.avx._mm256_cvtps_pd(whole(values)))
        }
        #[inline(always)]
        fn narrow(self, a: Self::V) -> f32x4 {
            cast(self.0.avx._mm256_cvtpd_ps(cast(a)))
        }
        #[inline(always)]
        fn transpose(self, rows: &[&[f32]; SQUARE], at: usize, out: &mut [f32], stride: usize) {
            Single(self.0).transpose(rows, at, out, stride);
        }
    }
}
