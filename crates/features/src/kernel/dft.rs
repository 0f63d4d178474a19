//! Discrete transforms of 8 to 64 points, each point a vector of frames.

use super::arith::{Arith, Real};

/// A complex number for each of several frames.
#[derive(Clone, Copy)]
pub(super) struct Complex<V> {
    pub(super) re: V,
    pub(super) im: V,
}

/// A root of unity, the same for all frames.
#[derive(Debug, Clone, Copy)]
pub(super) struct Root<T> {
    pub(super) re: T,
    pub(super) im: T,
}

impl<T: Real> Root<T> {
    /// `exp(-2 pi i k / n)`.
    pub(super) fn new(k: usize, n: usize) -> Self {
        let angle = -2.0 * std::f64::consts::PI * (k % n) as f64 / n as f64;
        Self { re: T::from_f64(angle.cos()), im: T::from_f64(angle.sin()) }
    }
}

#[inline(always)]
pub(super) fn add<A: Arith>(s: A, a: Complex<A::V>, b: Complex<A::V>) -> Complex<A::V> {
    Complex { re: s.add(a.re, b.re), im: s.add(a.im, b.im) }
}

#[inline(always)]
pub(super) fn sub<A: Arith>(s: A, a: Complex<A::V>, b: Complex<A::V>) -> Complex<A::V> {
    Complex { re: s.sub(a.re, b.re), im: s.sub(a.im, b.im) }
}

/// `a - i b`.
#[inline(always)]
fn sub_i<A: Arith>(s: A, a: Complex<A::V>, b: Complex<A::V>) -> Complex<A::V> {
    Complex { re: s.add(a.re, b.im), im: s.sub(a.im, b.re) }
}

/// `a + i b`.
#[inline(always)]
fn add_i<A: Arith>(s: A, a: Complex<A::V>, b: Complex<A::V>) -> Complex<A::V> {
    Complex { re: s.sub(a.re, b.im), im: s.add(a.im, b.re) }
}

#[inline(always)]
pub(super) fn rotate<A: Arith>(s: A, a: Complex<A::V>, root: &Root<A::T>) -> Complex<A::V> {
    let (re, im) = (s.splat(root.re), s.splat(root.im));
    Complex { re: s.neg_mul_add(a.im, im, s.mul(a.re, re)), im: s.mul_add(a.re, im, s.mul(a.im, re)) }
}

pub(super) type C<A> = Complex<<A as Arith>::V>;

#[inline(always)]
fn dft4<A: Arith>(s: A, x: (C<A>, C<A>, C<A>, C<A>)) -> (C<A>, C<A>, C<A>, C<A>) {
    let (even, even_difference) = (add(s, x.0, x.2), sub(s, x.0, x.2));
    let (odd, odd_difference) = (add(s, x.1, x.3), sub(s, x.1, x.3));
    (
        add(s, even, odd),
        sub_i(s, even_difference, odd_difference),
        sub(s, even, odd),
        add_i(s, even_difference, odd_difference),
    )
}

pub(super) type Eight<A> = (C<A>, C<A>, C<A>, C<A>, C<A>, C<A>, C<A>, C<A>);

// Tuples, not arrays: what is in an array tends to stay in memory.
#[inline(always)]
fn dft8<A: Arith>(s: A, x: Eight<A>) -> Eight<A> {
    let e = dft4(s, (x.0, x.2, x.4, x.6));
    let o = dft4(s, (x.1, x.3, x.5, x.7));
    let half_root = s.splat(A::T::from_f64(0.5f64.sqrt()));
    // Odd terms 1 and 3 times sqrt(2), turned by an eighth; of term 3 the imaginary part is negated.
    let o1 = Complex { re: s.add(o.1.re, o.1.im), im: s.sub(o.1.im, o.1.re) };
    let o3 = Complex { re: s.sub(o.3.im, o.3.re), im: s.add(o.3.re, o.3.im) };
    (
        add(s, e.0, o.0),
        Complex { re: s.mul_add(half_root, o1.re, e.1.re), im: s.mul_add(half_root, o1.im, e.1.im) },
        sub_i(s, e.2, o.2),
        Complex { re: s.mul_add(half_root, o3.re, e.3.re), im: s.neg_mul_add(half_root, o3.im, e.3.im) },
        sub(s, e.0, o.0),
        Complex { re: s.neg_mul_add(half_root, o1.re, e.1.re), im: s.neg_mul_add(half_root, o1.im, e.1.im) },
        add_i(s, e.2, o.2),
        Complex { re: s.neg_mul_add(half_root, o3.re, e.3.re), im: s.mul_add(half_root, o3.im, e.3.im) },
    )
}

/// Where a transform's points come from.
pub(super) trait Source<A: Arith> {
    fn get(&self, n: usize) -> C<A>;
}

/// Where a transform's result goes.
pub(super) trait Target<A: Arith> {
    fn put(&mut self, k: usize, value: C<A>);
}

impl<A: Arith, const N: usize> Source<A> for &[[A::V; 2]; N] {
    #[inline(always)]
    fn get(&self, n: usize) -> C<A> {
        let [re, im] = self[n];
        Complex { re, im }
    }
}

impl<A: Arith, const N: usize> Target<A> for &mut [[A::V; 2]; N] {
    #[inline(always)]
    fn put(&mut self, k: usize, value: C<A>) {
        self[k] = [value.re, value.im];
    }
}

/// The roots of [`first`]: row `b`, column `k` is `exp(-2 pi i b k / n)`.
pub(super) type Roots<T> = Vec<[Root<T>; 8]>;

pub(super) fn roots<T: Real>(n: usize) -> Roots<T> {
    (0..n / 8).map(|b| std::array::from_fn(|k| Root::new(b * k, n))).collect()
}

/// The first half of a transform of `N` points, where `N` is 16, 32 or 64: `N / 8` transforms of 8 points, turned by
/// their roots.
#[inline(always)]
pub(super) fn first<A: Arith, const N: usize>(
    s: A,
    roots: &[[Root<A::T>; 8]],
    source: impl Source<A>,
    memory: &mut [[A::V; 2]; N],
) {
    let step = N / 8;
    for b in 0..step {
        let x = (
            source.get(b),
            source.get(step + b),
            source.get(2 * step + b),
            source.get(3 * step + b),
            source.get(4 * step + b),
            source.get(5 * step + b),
            source.get(6 * step + b),
            source.get(7 * step + b),
        );
        let y = dft8(s, x);
        let [_, r1, r2, r3, r4, r5, r6, r7] = &roots[b];
        let y = if b == 0 {
            y
        } else {
            (
                y.0,
                rotate(s, y.1, r1),
                rotate(s, y.2, r2),
                rotate(s, y.3, r3),
                rotate(s, y.4, r4),
                rotate(s, y.5, r5),
                rotate(s, y.6, r6),
                rotate(s, y.7, r7),
            )
        };
        memory[b] = [y.0.re, y.0.im];
        memory[step + b] = [y.1.re, y.1.im];
        memory[2 * step + b] = [y.2.re, y.2.im];
        memory[3 * step + b] = [y.3.re, y.3.im];
        memory[4 * step + b] = [y.4.re, y.4.im];
        memory[5 * step + b] = [y.5.re, y.5.im];
        memory[6 * step + b] = [y.6.re, y.6.im];
        memory[7 * step + b] = [y.7.re, y.7.im];
    }
}

/// One eighth of the second half: `(y[k], y[k + 8], ..)`, as many as there are; those beyond are not of use.
#[inline(always)]
pub(super) fn second<A: Arith, const N: usize>(s: A, memory: &[[A::V; 2]; N], k: usize) -> Eight<A> {
    let at = |i: usize| Source::<A>::get(&memory, N / 8 * k + i);
    match N / 8 {
        2 => {
            let (a, b) = (at(0), at(1));
            let (even, odd) = (add(s, a, b), sub(s, a, b));
            (even, odd, even, odd, even, odd, even, odd)
        }
        4 => {
            let y = dft4(s, (at(0), at(1), at(2), at(3)));
            (y.0, y.1, y.2, y.3, y.0, y.1, y.2, y.3)
        }
        _ => dft8(s, (at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7))),
    }
}

/// The whole second half.
#[inline(always)]
pub(super) fn finish<A: Arith, const N: usize>(s: A, memory: &[[A::V; 2]; N], mut target: impl Target<A>) {
    for k in 0..8 {
        let y = second(s, memory, k);
        target.put(k, y.0);
        target.put(k + 8, y.1);
        if N >= 32 {
            target.put(k + 16, y.2);
            target.put(k + 24, y.3);
        }
        if N >= 64 {
            target.put(k + 32, y.4);
            target.put(k + 40, y.5);
            target.put(k + 48, y.6);
            target.put(k + 56, y.7);
        }
    }
}
