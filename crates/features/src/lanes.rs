//! Blocks of frames side by side. All arithmetic after the transform runs over `LANES` frames at once: sums
//! over bins and bands then keep their order within a frame, and the compiler can use vector registers
//! without being allowed to reorder floating-point sums.

use std::ops::{AddAssign, Mul};

/// Frames in a block: one cache line of `f32`.
pub(crate) const LANES: usize = 16;

/// One coefficient of `LANES` consecutive frames.
pub(crate) type Lane = [f32; LANES];

/// The same in double precision.
pub(crate) type DoubleLane = [f64; LANES];

/// `acc[i] += weight * values[i]`.
#[inline(always)]
pub(crate) fn add_scaled<T: Copy + AddAssign + Mul<Output = T>>(
    acc: &mut [T; LANES],
    weight: T,
    values: &[T; LANES],
) {
    for (a, v) in acc.iter_mut().zip(values) {
        *a += weight * *v;
    }
}
