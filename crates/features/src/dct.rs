#![allow(clippy::needless_range_loop, reason = "an index of several arrays of lanes")]

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use pulp::bytemuck::{cast_slice, cast_slice_mut};

use crate::kernel::{Arith, Dispatch, Kernels};
use crate::lanes::{LANES, Lane, add_scaled};
use crate::simd::{self, SimdLevel, Vectorized};

/// How a cosine transform is scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum DctNorm {
    /// So that all coefficients together keep the length of their input. librosa's `norm="ortho"`.
    #[default]
    Ortho,
    /// scipy's plain sums, twice the cosines. librosa's `norm=None`.
    None,
}

/// The first coefficients of the cosine transform of type 1, 2 or 3 (`scipy.fft.dct`), each times a gain.
///
/// Over the inputs, the cosines of types 1 and 2 are the same from both ends for an even `k` and change their sign
/// for an odd one; there the input is folded first, which halves the sums.
///
/// Decibels lie far from zero, all on one side, and sums of them in single precision would be off by 1e-3 for some
/// hundred bands. So a value near to all of them is taken out first, whose share is known beforehand, and what sums
/// lose by rounding is kept.
#[derive(Debug, Clone)]
pub(crate) struct Dct {
    inputs: usize,
    outputs: usize,
    /// How many inputs, folded or not, make an output.
    terms: usize,
    folded: bool,
    /// `[k][n]`; if folded, for `n` in the first half (with the middle, if there is one).
    weights: Vec<f32>,
    /// `[k]`: the sum of its weights over all inputs.
    constants: Vec<f64>,
}

/// Terms that are summed before the sum goes over into the one that keeps what it loses.
const PIECE: usize = 16;

impl Dct {
    /// Plans for a `dct_type` from 1 to 3; type 1 takes at least two inputs.
    pub(crate) fn new(
        inputs: usize,
        outputs: usize,
        dct_type: u8,
        norm: DctNorm,
        gain: impl Fn(usize) -> f64,
    ) -> Self {
        let folded = dct_type != 3;
        let terms = if folded { inputs.div_ceil(2) } else { inputs };
        let mut plan = Self {
            inputs,
            outputs,
            terms,
            folded,
            weights: Vec::with_capacity(outputs * terms),
            constants: Vec::new(),
        };
        for k in 0..outputs {
            let gain = gain(k);
            let weight = |n| gain * weight(dct_type, norm, inputs, k, n);
            plan.weights.extend((0..terms).map(|n| weight(n) as f32));
            plan.constants.push((0..inputs).map(weight).sum());
        }
        plan
    }

    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Transforms a block of frames; `memory` is of use inside the call alone.
    pub(crate) fn apply_to_block(&self, input: &[Lane], output: &mut [Lane], memory: &mut Vec<Lane>) {
        memory.resize(1 + if self.folded { 2 * self.terms } else { self.terms }, Lane::default());
        let Some((level, terms)) = memory.split_first_mut() else { return };
        simd::run(Terms { dct: self, input, level, terms });
        let simd_level = SimdLevel::current();
        if simd_level == SimdLevel::Portable {
            simd::run(Sums { dct: self, terms, output });
        } else {
            f32::dispatch(simd_level, Sums { dct: self, terms, output });
        }
        simd::run(AddLevel { dct: self, level, output });
    }
}

/// Takes the level out of a block, and folds it.
struct Terms<'a> {
    dct: &'a Dct,
    input: &'a [Lane],
    level: &'a mut Lane,
    /// If folded, sums, then differences.
    terms: &'a mut [Lane],
}

impl Vectorized for Terms<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { dct, input, level, terms } = self;
        set_level(level, input);
        // Copies of lanes, here and below, are what the compiler keeps in registers.
        let level = *level;
        if !dct.folded {
            for (term, value) in terms.iter_mut().zip(input) {
                *term = difference(*value, level);
            }
            return;
        }
        let (sums, differences) = terms.split_at_mut(dct.terms.min(terms.len()));
        let ends = input.iter().zip(input.iter().rev());
        for ((sum, apart), (front, back)) in sums.iter_mut().zip(differences).zip(ends) {
            let (front, back) = (*front, *back);
            let mut both = difference(front, level);
            add_scaled(&mut both, 1.0, &difference(back, level));
            *sum = both;
            *apart = difference(front, back);
        }
        if dct.inputs % 2 == 1
            && let (Some(sum), Some(middle)) = (sums.last_mut(), input.get(dct.terms - 1))
        {
            *sum = difference(*middle, level);
        }
    }
}

#[inline(always)]
fn difference(mut a: Lane, b: Lane) -> Lane {
    for i in 0..LANES {
        a[i] -= b[i];
    }
    a
}

/// A value near to those of each frame. Any would do; this is the mean of some of them.
#[inline(always)]
fn set_level(level: &mut Lane, input: &[Lane]) {
    level.fill(0.0);
    let mut count = 0.0;
    for values in input.iter().step_by(8) {
        add_scaled(level, 1.0, values);
        count += 1.0;
    }
    for level in level {
        *level /= f32::max(count, 1.0);
    }
}

/// From terms to outputs, but for the level.
struct Sums<'a> {
    dct: &'a Dct,
    terms: &'a [Lane],
    output: &'a mut [Lane],
}

impl Vectorized for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { dct, terms, output } = self;
        let (terms, differences) = terms.split_at(dct.terms.min(terms.len()));
        for (k, (out, weights)) in
            output.iter_mut().zip(dct.weights.chunks_exact(dct.terms.max(1))).enumerate()
        {
            *out = sum(weights, if dct.folded && k % 2 == 1 { differences } else { terms });
        }
    }
}

/// The same with four outputs at a time that are made of the same terms: an addition need not wait for the one before,
/// and each term is loaded once for four.
impl Kernels<f32> for Sums<'_> {
    #[inline(always)]
    fn run<A: Arith<T = f32>>(self, s: A) {
        let Self { dct, terms, output } = self;
        let parts = LANES / A::LANES;
        let count = dct.terms;
        let (even, odd) = terms.split_at(count.min(terms.len()));
        let output: &mut [A::V] = cast_slice_mut(output.as_flattened_mut());
        let step = if dct.folded { 2 } else { 1 };
        for first in 0..step {
            let terms: &[A::V] = cast_slice(if first == 1 { odd } else { even }.as_flattened());
            for start in (first..dct.outputs).step_by(4 * step) {
                // The last ones may be done again instead of outputs that are not there.
                let mut ks = [start; 4];
                for i in 1..4 {
                    let k = start + i * step;
                    ks[i] = if k < dct.outputs { k } else { ks[i - 1] };
                }
                let w0 = &dct.weights[ks[0] * count..(ks[0] + 1) * count];
                let w1 = &dct.weights[ks[1] * count..(ks[1] + 1) * count];
                let w2 = &dct.weights[ks[2] * count..(ks[2] + 1) * count];
                let w3 = &dct.weights[ks[3] * count..(ks[3] + 1) * count];
                for part in 0..parts {
                    let zero = s.splat(0.0);
                    let mut totals = [zero; 4];
                    // What the totals have too much.
                    let mut excesses = [zero; 4];
                    let mut begin = 0;
                    while begin < count {
                        let end = count.min(begin + PIECE);
                        let mut sums = [zero; 4];
                        for n in begin..end {
                            let term = terms[n * parts + part];
                            sums[0] = s.mul_add(s.splat(w0[n]), term, sums[0]);
                            sums[1] = s.mul_add(s.splat(w1[n]), term, sums[1]);
                            sums[2] = s.mul_add(s.splat(w2[n]), term, sums[2]);
                            sums[3] = s.mul_add(s.splat(w3[n]), term, sums[3]);
                        }
                        for i in 0..4 {
                            let more = s.sub(sums[i], excesses[i]);
                            let new = s.add(totals[i], more);
                            excesses[i] = s.sub(s.sub(new, totals[i]), more);
                            totals[i] = new;
                        }
                        begin = end;
                    }
                    for i in 0..4 {
                        output[ks[i] * parts + part] = totals[i];
                    }
                }
            }
        }
    }
}

/// Puts the level back.
struct AddLevel<'a> {
    dct: &'a Dct,
    level: &'a Lane,
    output: &'a mut [Lane],
}

impl Vectorized for AddLevel<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { dct, level, output } = self;
        let level = *level;
        for (out, constant) in output.iter_mut().zip(&dct.constants) {
            let mut sum = *out;
            for i in 0..LANES {
                sum[i] = (f64::from(sum[i]) + constant * f64::from(level[i])) as f32;
            }
            *out = sum;
        }
    }
}

/// `sum_n weights[n] terms[n]`.
#[inline(always)]
fn sum(weights: &[f32], terms: &[Lane]) -> Lane {
    let mut total = Lane::default();
    // What the total has too much.
    let mut excess = Lane::default();
    for (weights, terms) in weights.chunks(PIECE).zip(terms.chunks(PIECE)) {
        let mut sum = Lane::default();
        // Four at a time, so that not every addition waits for the one before.
        let (four_weights, last_weights) = weights.as_chunks::<4>();
        let (fours, last_terms) = terms.as_chunks::<4>();
        for ([p, q, r, s], [a, b, c, d]) in four_weights.iter().zip(fours) {
            for i in 0..LANES {
                sum[i] += (p * a[i] + q * b[i]) + (r * c[i] + s * d[i]);
            }
        }
        for (weight, term) in last_weights.iter().zip(last_terms) {
            add_scaled(&mut sum, *weight, term);
        }
        for i in 0..LANES {
            let more = sum[i] - excess[i];
            let new = total[i] + more;
            excess[i] = (new - total[i]) - more;
            total[i] = new;
        }
    }
    total
}

/// What input `n` of `inputs` counts in coefficient `k`.
pub(crate) fn weight(dct_type: u8, norm: DctNorm, inputs: usize, k: usize, n: usize) -> f64 {
    // The angle is `pi * steps / whole`; reduced by its period, it is exact for any k and n.
    let cosine = |steps: usize, whole: usize| (PI * (steps % (2 * whole)) as f64 / whole as f64).cos();
    let count = inputs as f64;
    match dct_type {
        1 => {
            let last = (inputs - 1).max(1);
            let is_end = |i: usize| i == 0 || i == last;
            let cosine = cosine(k * n, last);
            match norm {
                DctNorm::None => cosine * if is_end(n) { 1.0 } else { 2.0 },
                DctNorm::Ortho => {
                    let end = |i: usize| if is_end(i) { FRAC_1_SQRT_2 } else { 1.0 };
                    cosine * end(k) * end(n) * (2.0 / last as f64).sqrt()
                }
            }
        }
        2 => {
            let cosine = cosine(k * (2 * n + 1), 2 * inputs);
            match norm {
                DctNorm::None => 2.0 * cosine,
                DctNorm::Ortho => cosine * (if k == 0 { 1.0 } else { 2.0 } / count).sqrt(),
            }
        }
        _ => {
            let cosine = cosine((2 * k + 1) * n, 2 * inputs);
            let once = if n == 0 { 1.0 } else { 2.0 };
            match norm {
                DctNorm::None => once * cosine,
                DctNorm::Ortho => cosine * (once / count).sqrt(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scipy's sums, and its way to make them orthonormal: the ends weighted before and after type 1, the constant
    /// before type 3 and after type 2, and one factor for all.
    fn naive(dct_type: u8, ortho: bool, x: &[f64], k: usize) -> f64 {
        let n = x.len() as f64;
        let (root, k_) = (2f64.sqrt(), k as f64);
        let mut x = x.to_vec();
        let last = x.len() - 1;
        match dct_type {
            1 => {
                if ortho {
                    x[0] *= root;
                    x[last] *= root;
                }
                let inner: f64 = (1..last).map(|i| x[i] * (PI * k_ * i as f64 / last as f64).cos()).sum();
                let y = x[0] + x[last] * (PI * k_).cos() + 2.0 * inner;
                let end = if k == 0 || k == last { root } else { 1.0 };
                if ortho { y / end / (2.0 * last as f64).sqrt() } else { y }
            }
            2 => {
                let y: f64 = x
                    .iter()
                    .enumerate()
                    .map(|(i, v)| 2.0 * v * (PI * k_ * (2 * i + 1) as f64 / (2.0 * n)).cos())
                    .sum();
                if ortho { y / (2.0 * n).sqrt() / if k == 0 { root } else { 1.0 } } else { y }
            }
            _ => {
                if ortho {
                    x[0] *= root;
                }
                let angle = |i: usize| PI * (2.0 * k_ + 1.0) * i as f64 / (2.0 * n);
                let y =
                    x[0] + x.iter().enumerate().skip(1).map(|(i, v)| 2.0 * v * angle(i).cos()).sum::<f64>();
                if ortho { y / (2.0 * n).sqrt() } else { y }
            }
        }
    }

    #[test]
    fn folded_is_direct() {
        for (inputs, outputs) in [(1, 1), (2, 2), (3, 3), (5, 2), (40, 13), (41, 41), (128, 20), (128, 128)] {
            for (dct_type, norm) in [1, 2, 3].iter().flat_map(|t| [(*t, DctNorm::Ortho), (*t, DctNorm::None)])
            {
                if dct_type == 1 && inputs == 1 {
                    continue;
                }
                let column =
                    |lane: usize| (0..inputs).map(move |n| ((n * 7 + lane * 3) as f64 * 0.37).sin() * 50.0);
                let mut input = vec![Lane::default(); inputs];
                for lane in 0..LANES {
                    for (to, from) in input.iter_mut().zip(column(lane)) {
                        to[lane] = from as f32;
                    }
                }
                let mut output = vec![Lane::default(); outputs];
                let gain = |k: usize| 1.0 + k as f64 * 0.01;
                Dct::new(inputs, outputs, dct_type, norm, gain).apply_to_block(
                    &input,
                    &mut output,
                    &mut Vec::new(),
                );
                // Without a norm, sums grow with the inputs, and so does their rounding.
                let tolerance =
                    if norm == DctNorm::None { 2e-4 * (2.0 * inputs as f64).sqrt() } else { 2e-4 };
                for lane in 0..LANES {
                    let x: Vec<f64> = column(lane).collect();
                    for (k, got) in output.iter().enumerate() {
                        let want = gain(k) * naive(dct_type, norm == DctNorm::Ortho, &x, k);
                        let error = (f64::from(got[lane]) - want).abs();
                        assert!(
                            error < tolerance * gain(k),
                            "{dct_type} {norm:?} {inputs} {outputs}: {error}"
                        );
                    }
                }
            }
        }
    }
}
