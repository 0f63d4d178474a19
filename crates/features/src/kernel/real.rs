//! Discrete transforms of 8 to 64 real points, each point a vector of frames.
//!
//! A transform of real points has bins that mirror each other, so half of them are enough. The first and the last one
//! are not made: the sums of the even and of the odd points, from which they follow, are of more use.

use super::arith::{Arith, Real};
use super::dft::{C, Complex, Root, add, dft8, neg, rotate, sub};

/// Where real points come from.
pub(super) trait RealSource<A: Arith> {
    /// The sum and the difference of point `n` and the one half of all points after it.
    fn butterfly(&self, n: usize) -> (A::V, A::V);
}

/// Where the bins of real points go.
pub(super) trait RealTarget<A: Arith> {
    /// The sums of the even and of the odd points.
    fn sums(&mut self, even: A::V, odd: A::V);
    /// Bin `k`, which is neither the first nor the last.
    fn bin(&mut self, k: usize, value: C<A>);
}

/// Bins of eight real points: the sums of the even and of the odd points, then bins 1 to 3.
pub(super) type EightBins<A> = [[<A as Arith>::V; 2]; 4];

/// Bin 0.
#[inline(always)]
fn zero<A: Arith>(s: A, eight: &EightBins<A>) -> A::V {
    s.add(eight[0][0], eight[0][1])
}

/// Bin 4.
#[inline(always)]
fn four<A: Arith>(s: A, eight: &EightBins<A>) -> A::V {
    s.sub(eight[0][0], eight[0][1])
}

/// Bin `k`.
#[inline(always)]
fn bin<A: Arith>(eight: &EightBins<A>, k: usize) -> C<A> {
    Complex { re: eight[k][0], im: eight[k][1] }
}

/// Bin `k` of transform `b`, turned.
#[inline(always)]
fn turned<A: Arith, const R: usize>(
    s: A,
    roots: &RealRoots<A::T>,
    memory: &[EightBins<A>; R],
    b: usize,
    k: usize,
) -> C<A> {
    rotate(s, bin::<A>(&memory[b], k), &roots[b][k])
}

/// Sum and difference of two bins 0.
#[inline(always)]
fn zeros<A: Arith>(s: A, a: &EightBins<A>, b: &EightBins<A>) -> (A::V, A::V) {
    let (a, b) = (zero(s, a), zero(s, b));
    (s.add(a, b), s.sub(a, b))
}

/// Two bins 4, the second a half turn further, turned.
#[inline(always)]
fn fours<A: Arith>(s: A, a: &EightBins<A>, b: &EightBins<A>, root: &Root<A::T>) -> C<A> {
    rotate(s, Complex { re: four(s, a), im: s.sub(b[0][1], b[0][0]) }, root)
}

/// From sums and differences of points 0 and 4, 1 and 5, 2 and 6, and 3 and 7.
#[inline(always)]
fn real8<A: Arith>(
    s: A,
    (s0, d0): (A::V, A::V),
    (s1, d1): (A::V, A::V),
    (s2, d2): (A::V, A::V),
    (s3, d3): (A::V, A::V),
) -> EightBins<A> {
    let half_root = s.splat(A::T::from_f64(0.5f64.sqrt()));
    let (difference, sum) = (s.sub(d1, d3), s.add(d1, d3));
    [
        [s.add(s0, s2), s.add(s1, s3)],
        [s.mul_add(half_root, difference, d0), s.neg_mul_add(half_root, sum, neg(s, d2))],
        [s.sub(s0, s2), s.sub(s3, s1)],
        [s.neg_mul_add(half_root, difference, d0), s.neg_mul_add(half_root, sum, d2)],
    ]
}

/// The roots of [`second`]: row `b`, column `k` is `exp(-2 pi i b k / 8 R)`.
pub(super) type RealRoots<T> = [[Root<T>; 5]; 8];

pub(super) fn real_roots<T: Real>(points: usize) -> RealRoots<T> {
    std::array::from_fn(|b| std::array::from_fn(|k| Root::new(b * k, points)))
}

/// The first half of a transform of `8 R` points: `R` transforms of 8 points.
#[inline(always)]
pub(super) fn first<A: Arith, const R: usize>(
    s: A,
    source: &impl RealSource<A>,
    memory: &mut [EightBins<A>; R],
) {
    for (b, eight) in memory.iter_mut().enumerate() {
        *eight = real8(
            s,
            source.butterfly(b),
            source.butterfly(b + R),
            source.butterfly(b + 2 * R),
            source.butterfly(b + 3 * R),
        );
    }
}

/// The second half, for `R` of 1, 2, 4 or 8.
#[inline(always)]
pub(super) fn second<A: Arith, const R: usize>(
    s: A,
    roots: &RealRoots<A::T>,
    memory: &[EightBins<A>; R],
    target: &mut impl RealTarget<A>,
) {
    let m = memory;
    match R {
        1 => {
            target.sums(m[0][0][0], m[0][0][1]);
            for k in 1..4 {
                target.bin(k, bin::<A>(&m[0], k));
            }
        }
        2 => {
            target.sums(zero(s, &m[0]), zero(s, &m[1]));
            target.bin(4, Complex { re: four(s, &m[0]), im: s.sub(m[1][0][1], m[1][0][0]) });
            for k in 1..4 {
                let (a, b) = (bin::<A>(&m[0], k), turned(s, roots, m, 1, k));
                target.bin(k, Complex { re: s.add(a.re, b.re), im: s.add(a.im, b.im) });
                target.bin(8 - k, Complex { re: s.sub(a.re, b.re), im: s.sub(b.im, a.im) });
            }
        }
        4 => {
            let (a, b, c, d) = (zero(s, &m[0]), zero(s, &m[1]), zero(s, &m[2]), zero(s, &m[3]));
            target.sums(s.add(a, c), s.add(b, d));
            target.bin(8, Complex { re: s.sub(a, c), im: s.sub(d, b) });
            let (a, b, c, d) = (four(s, &m[0]), four(s, &m[1]), four(s, &m[2]), four(s, &m[3]));
            let half_root = s.splat(A::T::from_f64(0.5f64.sqrt()));
            let (difference, sum) = (s.sub(b, d), s.add(b, d));
            target.bin(
                4,
                Complex {
                    re: s.mul_add(half_root, difference, a),
                    im: s.neg_mul_add(half_root, sum, neg(s, c)),
                },
            );
            target.bin(
                12,
                Complex { re: s.neg_mul_add(half_root, difference, a), im: s.neg_mul_add(half_root, sum, c) },
            );
            for k in 1..4 {
                let y = half4(
                    s,
                    (
                        bin::<A>(&m[0], k),
                        turned(s, roots, m, 1, k),
                        turned(s, roots, m, 2, k),
                        turned(s, roots, m, 3, k),
                    ),
                );
                target.bin(k, y.0);
                target.bin(8 + k, y.1);
                target.bin(16 - k, y.2);
                target.bin(8 - k, y.3);
            }
        }
        _ => {
            let y = real8(
                s,
                zeros(s, &m[0], &m[4]),
                zeros(s, &m[1], &m[5]),
                zeros(s, &m[2], &m[6]),
                zeros(s, &m[3], &m[7]),
            );
            target.sums(y[0][0], y[0][1]);
            for k in 1..4 {
                target.bin(8 * k, bin::<A>(&y, k));
            }
            // Bins 4 + 16 m; a half turn between points b and b + 4.
            let y = half4(
                s,
                (
                    fours(s, &m[0], &m[4], &roots[0][4]),
                    fours(s, &m[1], &m[5], &roots[1][4]),
                    fours(s, &m[2], &m[6], &roots[2][4]),
                    fours(s, &m[3], &m[7], &roots[3][4]),
                ),
            );
            target.bin(4, y.0);
            target.bin(20, y.1);
            target.bin(28, y.2);
            target.bin(12, y.3);
            for k in 1..4 {
                let y = dft8(
                    s,
                    (
                        bin::<A>(&m[0], k),
                        turned(s, roots, m, 1, k),
                        turned(s, roots, m, 2, k),
                        turned(s, roots, m, 3, k),
                        turned(s, roots, m, 4, k),
                        turned(s, roots, m, 5, k),
                        turned(s, roots, m, 6, k),
                        turned(s, roots, m, 7, k),
                    ),
                );
                target.bin(k, y.0);
                target.bin(8 + k, y.1);
                target.bin(16 + k, y.2);
                target.bin(24 + k, y.3);
                target.bin(32 - k, conjugate(s, y.4));
                target.bin(24 - k, conjugate(s, y.5));
                target.bin(16 - k, conjugate(s, y.6));
                target.bin(8 - k, conjugate(s, y.7));
            }
        }
    }
}

/// A transform of four points, of which the last two bins are conjugated.
#[inline(always)]
fn half4<A: Arith>(s: A, x: (C<A>, C<A>, C<A>, C<A>)) -> (C<A>, C<A>, C<A>, C<A>) {
    let (even, even_difference) = (add(s, x.0, x.2), sub(s, x.0, x.2));
    let odd = add(s, x.1, x.3);
    // Times -i.
    let odd_difference = Complex { re: s.sub(x.1.im, x.3.im), im: s.sub(x.3.re, x.1.re) };
    (
        add(s, even, odd),
        add(s, even_difference, odd_difference),
        Complex { re: s.sub(even.re, odd.re), im: s.sub(odd.im, even.im) },
        Complex {
            re: s.sub(even_difference.re, odd_difference.re),
            im: s.sub(odd_difference.im, even_difference.im),
        },
    )
}

#[inline(always)]
fn conjugate<A: Arith>(s: A, a: C<A>) -> C<A> {
    Complex { re: a.re, im: neg(s, a.im) }
}
