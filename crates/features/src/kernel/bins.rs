//! Where the bins go: row 0 separated, all others as they come.

use super::ROW;
use super::arith::{Arith, Real};
use super::dft::{C, Complex, Halfway, Root, Target, add, rotate, sub};
use crate::lanes::LANES;
use crate::spectrum::Wanted;

/// Row 0, while it is kept.
impl<A: Arith> Target<A> for &mut Halfway<A> {
    #[inline(always)]
    fn put(&mut self, k: usize, value: C<A>) {
        self[k] = [value.re, value.im];
    }
}

/// Bins of row 0: the transform of `2 ROW` real points, two in each complex one, is separated. Its bins are every
/// `step`-th bin. `roots` are halved.
#[inline(always)]
pub(super) fn separate<A: Arith>(
    s: A,
    row: &Halfway<A>,
    roots: &[Root<A::T>; ROW / 2 + 1],
    step: usize,
    bins: &mut Bins<'_, A>,
) {
    let half = s.splat(A::T::from_f64(0.5));
    for (k, root) in roots.iter().enumerate() {
        let ([p_re, p_im], [q_re, q_im]) = (row[k], row[(ROW - k) % ROW]);
        let even = Complex { re: s.mul(half, s.add(p_re, q_re)), im: s.mul(half, s.sub(p_im, q_im)) };
        let odd = rotate(s, Complex { re: s.add(p_im, q_im), im: s.sub(q_re, p_re) }, root);
        bins.put(step * k, add(s, even, odd));
        bins.put_conjugate(step * (ROW - k), sub(s, even, odd));
    }
}

/// The bins that row `k1` gives, and where they go.
pub(super) struct RowBins<'a, 'b, A: Arith> {
    pub(super) k1: usize,
    /// Rows, with those that mirror others.
    pub(super) points: usize,
    pub(super) bins: &'a mut Bins<'b, A>,
}

impl<A: Arith> Target<A> for RowBins<'_, '_, A> {
    #[inline(always)]
    fn put(&mut self, k: usize, value: C<A>) {
        if k < ROW / 2 {
            self.bins.put(self.points * k + self.k1, value);
        } else {
            self.bins.put_conjugate(self.points * (ROW - k) - self.k1, value);
        }
    }
}

/// Where the bins go.
pub(super) struct Bins<'a, A: Arith> {
    pub(super) s: A,
    pub(super) wanted: Wanted,
    pub(super) power_alone: bool,
    pub(super) power: &'a mut [A::Narrow],
    pub(super) magnitude: &'a mut [A::Narrow],
    pub(super) re: &'a mut [A::Narrow],
    pub(super) im: &'a mut [A::Narrow],
    /// Which of a bin's vectors are the present frames.
    pub(super) part: usize,
}

impl<A: Arith> Bins<'_, A> {
    #[inline(always)]
    fn put_conjugate(&mut self, k: usize, z: C<A>) {
        // Not negated: of the last bin, zero must stay a positive zero.
        let zero = self.s.splat(A::T::from_f64(0.0));
        self.put(k, Complex { re: z.re, im: self.s.sub(zero, z.im) });
    }

    #[inline(always)]
    fn put(&mut self, k: usize, z: C<A>) {
        let s = self.s;
        let place = k * (LANES / A::LANES) + self.part;
        if self.power_alone {
            self.power[place] = s.narrow(s.mul_add(z.re, z.re, s.mul(z.im, z.im)));
            return;
        }
        if self.wanted.complex {
            self.re[place] = s.narrow(z.re);
            self.im[place] = s.narrow(z.im);
        }
        if self.wanted.power || self.wanted.magnitude {
            let power = s.mul_add(z.re, z.re, s.mul(z.im, z.im));
            if self.wanted.power {
                self.power[place] = s.narrow(power);
            }
            if self.wanted.magnitude {
                self.magnitude[place] = s.narrow(s.sqrt(power));
            }
        }
    }
}
