//! Discrete transforms of 64 complex points, each point a vector of frames.

use super::arith::{Arith, Real};

/// A complex number for each of several frames.
#[derive(Clone, Copy)]
#[repr(C)]
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

    pub(super) fn halved(self) -> Self {
        let half = T::from_f64(0.5);
        Self { re: self.re * half, im: self.im * half }
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

/// `-a`.
#[inline(always)]
pub(super) fn neg<A: Arith>(s: A, a: A::V) -> A::V {
    s.sub(s.splat(A::T::from_f64(-0.0)), a)
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
pub(super) fn dft8<A: Arith>(s: A, x: Eight<A>) -> Eight<A> {
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

/// The roots of [`second`]: row `k`, column `b` is `exp(-2 pi i b k / 64)`.
pub(super) type Roots<T> = [[Root<T>; 8]; 8];

pub(super) fn roots<T: Real>() -> Roots<T> {
    std::array::from_fn(|b| std::array::from_fn(|k| Root::new(b * k, 64)))
}

/// 64 points, half-transformed.
pub(super) type Halfway<A> = [[<A as Arith>::V; 2]; 64];

/// The first half of a transform: eight transforms of 8 points.
#[inline(always)]
pub(super) fn first<A: Arith>(s: A, source: &impl Source<A>, memory: &mut Halfway<A>) {
    for b in 0..8 {
        let x = (
            source.get(b),
            source.get(8 + b),
            source.get(16 + b),
            source.get(24 + b),
            source.get(32 + b),
            source.get(40 + b),
            source.get(48 + b),
            source.get(56 + b),
        );
        let y = dft8(s, x);
        memory[b] = [y.0.re, y.0.im];
        memory[8 + b] = [y.1.re, y.1.im];
        memory[16 + b] = [y.2.re, y.2.im];
        memory[24 + b] = [y.3.re, y.3.im];
        memory[32 + b] = [y.4.re, y.4.im];
        memory[40 + b] = [y.5.re, y.5.im];
        memory[48 + b] = [y.6.re, y.6.im];
        memory[56 + b] = [y.7.re, y.7.im];
    }
}

/// Point `b` of eight, turned.
#[inline(always)]
fn turned<A: Arith>(s: A, eight: &[[A::V; 2]; 8], roots: &[Root<A::T>; 8], b: usize) -> C<A> {
    let [re, im] = eight[b];
    rotate(s, Complex { re, im }, &roots[b])
}

/// The second half: eight more, of points turned by their roots.
#[inline(always)]
pub(super) fn second<A: Arith>(s: A, roots: &Roots<A::T>, memory: &Halfway<A>, target: &mut impl Target<A>) {
    let (eights, _) = memory.as_chunks::<8>();
    for (k, (eight, roots)) in eights.iter().zip(roots).enumerate() {
        let x = (
            Complex { re: eight[0][0], im: eight[0][1] },
            turned(s, eight, roots, 1),
            turned(s, eight, roots, 2),
            turned(s, eight, roots, 3),
            turned(s, eight, roots, 4),
            turned(s, eight, roots, 5),
            turned(s, eight, roots, 6),
            turned(s, eight, roots, 7),
        );
        let y = dft8(s, x);
        target.put(k, y.0);
        target.put(k + 8, y.1);
        target.put(k + 16, y.2);
        target.put(k + 24, y.3);
        target.put(k + 32, y.4);
        target.put(k + 40, y.5);
        target.put(k + 48, y.6);
        target.put(k + 56, y.7);
    }
}
