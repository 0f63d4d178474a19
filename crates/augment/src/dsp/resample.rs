//! Resampling by any factor: a windowed sinc, one set of taps for each place that an output sample has between two input
//! samples, which for a fraction p/q are q places. Factors near which there is no such fraction of small numbers have
//! taps for fewer places, and what lies between is interpolated.

use std::f64::consts::PI;

use pulp::{Arch, Simd, WithSimd};

/// The most sets of taps.
const MAX_PHASES: u64 = 256;

/// A fraction of small numbers is near enough within this share of the factor, 0.09 cents.
const NEAR: f64 = 5e-5;

/// Bits of a place between two sets of taps, for all other fractions.
const BETWEEN: u32 = 16;

/// The denominator of all other fractions.
const DENOMINATOR: u64 = MAX_PHASES << BETWEEN;

/// Zeros of the sinc on either side, at the lower of the two rates.
const ZEROS: f64 = 11.5;

/// Least number of taps; more than [`ZEROS`] need where nothing is lost by it.
const MIN_TAPS: usize = 32;

/// Taps are made in groups of as many.
const GROUP: usize = 16;

/// Shape of the Kaiser window: side lobes some 80 dB down.
const BETA: f64 = 8.0;

/// Steps of the window's table.
const STEPS: usize = 2048;

/// A fraction of whole numbers: input samples for each output sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) numerator: u64,
    pub(crate) denominator: u64,
}

impl Step {
    /// A fraction near to `value`, which is above 0: of small numbers, if there is one.
    pub(crate) fn nearest(value: f64) -> Self {
        let small = Self::of_small_numbers(value);
        if (small.value() / value - 1.0).abs() < NEAR {
            return small;
        }
        Self { numerator: (value * DENOMINATOR as f64).round() as u64, denominator: DENOMINATOR }
    }

    /// The nearest fraction whose denominator is at most [`MAX_PHASES`], by continued fractions.
    fn of_small_numbers(value: f64) -> Self {
        let (mut a, mut b) = ((0_u64, 1_u64), (1_u64, 0_u64));
        let mut x = value;
        for _ in 0..32 {
            let whole = x.floor();
            let next = (whole as u64 * b.0 + a.0, whole as u64 * b.1 + a.1);
            if next.1 > MAX_PHASES {
                // The largest multiple that still fits is nearer than the convergent before, or is not taken.
                let k = (MAX_PHASES - a.1) / b.1.max(1);
                let between = (k * b.0 + a.0, k * b.1 + a.1);
                let error = |(p, q): (u64, u64)| (p as f64 / q as f64 - value).abs();
                if k > 0 && error(between) < error(b) {
                    b = between;
                }
                break;
            }
            (a, b) = (b, next);
            let rest = x - whole;
            if rest < 1e-9 {
                break;
            }
            x = 1.0 / rest;
        }
        Self { numerator: b.0.max(1), denominator: b.1.max(1) }
    }

    pub(crate) fn value(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

/// The window, for any number of factors.
#[derive(Debug)]
pub(crate) struct Resample {
    window: Vec<f32>,
}

/// Memory for one signal.
#[derive(Debug, Default)]
pub(crate) struct ResampleScratch {
    taps: Vec<f32>,
    padded: Vec<f32>,
}

impl Resample {
    pub(crate) fn new() -> Self {
        let window = (0..=STEPS + 1).map(|i| {
            let u = (i as f64 / STEPS as f64).min(1.0);
            (bessel(BETA * (1.0 - u * u).sqrt()) / bessel(BETA)) as f32
        });
        Self { window: window.collect() }
    }

    /// `len` samples, the n-th of which is what the signal is at `n * step` samples; before and behind its ends it is
    /// zero. Frequencies that the slower of both rates cannot hold are taken out.
    pub(crate) fn run(
        &self,
        input: &[f32],
        step: Step,
        len: usize,
        out: &mut Vec<f32>,
        scratch: &mut ResampleScratch,
    ) {
        out.clear();
        if step.numerator == step.denominator {
            out.extend(input.iter().copied().chain(std::iter::repeat(0.0)).take(len));
            return;
        }
        let ResampleScratch { taps, padded } = scratch;
        let n = self.fill(step, taps);
        // Sample i of the signal is sample i + n / 2 - 1 here: the first of the taps of place i is sample i.
        let lead = n / 2 - 1;
        let last = (len as u64).saturating_sub(1) * step.numerator / step.denominator;
        padded.clear();
        padded.resize(lead, 0.0);
        padded.extend_from_slice(input);
        padded.resize(padded.len().max(last as usize + n + 1), 0.0);
        out.resize(len, 0.0);
        Arch::new().dispatch(Sums { step, n, taps, padded, out });
    }

    /// Makes the taps, `[place][tap]`, and tells how many there are a place.
    fn fill(&self, step: Step, taps: &mut Vec<f32>) -> usize {
        let ratio = step.value().max(1.0);
        let n = ((2.0 * ZEROS * ratio) as usize).next_multiple_of(GROUP).max(MIN_TAPS);
        let half = n as f64 / 2.0;
        // The transition band ends at half the lower rate or a little above it.
        let zeros = half / ratio;
        let cutoff = (1.0 - 1.2 / zeros) / ratio;
        let phases = step.denominator.min(MAX_PHASES) as usize;
        // And those of the next sample.
        taps.resize(n * (phases + 1), 0.0);
        // From tap to tap, the angle of the sine grows by the same.
        let (turn_sin, turn_cos) = (PI * cutoff).sin_cos();
        for (phase, row) in taps.chunks_exact_mut(n).enumerate() {
            let part = phase as f64 / phases as f64;
            let first = 1.0 - half - part;
            let (mut sin, mut cos) = (PI * cutoff * first).sin_cos();
            let mut sum = 0.0;
            for (k, tap) in row.iter_mut().enumerate() {
                let t = first + k as f64;
                let sinc = if t.abs() < 1e-9 { cutoff } else { sin / (PI * t) };
                let value = sinc * f64::from(self.window(t.abs() / half));
                sum += value;
                *tap = value as f32;
                (sin, cos) = (sin * turn_cos + cos * turn_sin, cos * turn_cos - sin * turn_sin);
            }
            // A constant stays what it is, at every place.
            let scale = (1.0 / sum) as f32;
            row.iter_mut().for_each(|tap| *tap *= scale);
        }
        n
    }

    fn window(&self, u: f64) -> f32 {
        let at = u.min(1.0) * STEPS as f64;
        let i = at as usize;
        let part = (at - i as f64) as f32;
        match self.window.get(i..i + 2) {
            Some(&[a, b]) => a + part * (b - a),
            _ => 0.0,
        }
    }
}

/// The sums of products that the output is.
struct Sums<'a> {
    step: Step,
    n: usize,
    taps: &'a [f32],
    padded: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { step, n, taps, padded, out } = self;
        let row = |i: usize| taps.get(i * n..i * n + n).unwrap_or_default();
        // Two loops, so that neither asks in the middle which it is.
        if step.denominator <= MAX_PHASES {
            each(step, n, padded, out, |x, place| dot(simd, x, row(place)));
        } else {
            each(step, n, padded, out, |x, place| {
                let (place, part) = (place >> BETWEEN, place & ((1 << BETWEEN) - 1));
                dot_between(simd, x, row(place), row(place + 1), part as f32 / (1 << BETWEEN) as f32)
            });
        }
    }
}

/// Sets each output sample by the `n` input samples around it and its place between two of them.
#[inline(always)]
fn each(step: Step, n: usize, padded: &[f32], out: &mut [f32], value: impl Fn(&[f32], usize) -> f32) {
    let Step { numerator, denominator } = step;
    let (whole, more) = ((numerator / denominator) as usize, (numerator % denominator) as usize);
    let (mut at, mut place) = (0, 0);
    for out in out {
        *out = value(padded.get(at..at + n).unwrap_or_default(), place);
        at += whole;
        place += more;
        if place >= denominator as usize {
            place -= denominator as usize;
            at += 1;
        }
    }
}

/// The sum of the products; both lengths are a multiple of [`GROUP`].
#[inline(always)]
fn dot<S: Simd>(simd: S, x: &[f32], h: &[f32]) -> f32 {
    let ((x, _), (h, _)) = (S::as_simd_f32s(x), S::as_simd_f32s(h));
    let mut sums = [simd.splat_f32s(0.0); 2];
    let ((x, last_x), (h, last_h)) = (x.as_chunks::<2>(), h.as_chunks::<2>());
    for (x, h) in x.iter().zip(h) {
        for i in 0..2 {
            sums[i] = simd.mul_add_e_f32s(x[i], h[i], sums[i]);
        }
    }
    for (x, h) in last_x.iter().zip(last_h) {
        sums[0] = simd.mul_add_e_f32s(*x, *h, sums[0]);
    }
    simd.reduce_sum_f32s(simd.add_f32s(sums[0], sums[1]))
}

/// The sum of the products with taps `part` of the way from `a` to `b`.
#[inline(always)]
fn dot_between<S: Simd>(simd: S, x: &[f32], a: &[f32], b: &[f32], part: f32) -> f32 {
    let ((x, _), (a, _), (b, _)) = (S::as_simd_f32s(x), S::as_simd_f32s(a), S::as_simd_f32s(b));
    let part = simd.splat_f32s(part);
    let mut sum = simd.splat_f32s(0.0);
    for (x, (a, b)) in x.iter().zip(a.iter().zip(b)) {
        let h = simd.mul_add_e_f32s(part, simd.sub_f32s(*b, *a), *a);
        sum = simd.mul_add_e_f32s(*x, h, sum);
    }
    simd.reduce_sum_f32s(sum)
}

/// The modified Bessel function of the first kind and order 0, by its series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..64 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use proptest::prelude::*;

    use super::*;

    fn sine(cycles: f64, len: usize) -> Vec<f32> {
        (0..len).map(|n| (TAU * cycles * n as f64).sin() as f32).collect()
    }

    fn run(input: &[f32], step: Step, len: usize) -> Vec<f32> {
        let mut out = vec![7.0; 3];
        Resample::new().run(input, step, len, &mut out, &mut ResampleScratch::default());
        out
    }

    #[test]
    fn fractions_are_near() {
        for semitones in -2400..=2400 {
            let value = 2f64.powf(f64::from(semitones) / 1200.0);
            let step = Step::nearest(value);
            let cents = 1200.0 * (step.value() / value).log2();
            assert!(cents.abs() < 0.1, "{value}: {step:?}, {cents} cents");
        }
        assert_eq!(Step::nearest(1.0), Step { numerator: 1, denominator: 1 });
        assert_eq!(Step::nearest(1.25), Step { numerator: 5, denominator: 4 });
    }

    #[test]
    fn a_sine_is_the_sine_of_the_new_rate() {
        for (p, q) in [(3, 4), (4, 3), (21, 20), (127, 160), (2, 1), (1, 3), (10_003, 10_000)] {
            let step = Step::nearest(f64::from(p) / f64::from(q));
            let x = sine(0.11, 4000);
            let len = (x.len() as f64 / step.value()) as usize;
            let got = run(&x, step, len);
            for (n, got) in got.iter().enumerate().skip(100).take(len - 200) {
                let want = (TAU * 0.11 * n as f64 * step.value()).sin();
                assert!((f64::from(*got) - want).abs() < 3e-4, "{p}/{q} at {n}: {got}, {want}");
            }
        }
    }

    #[test]
    fn what_the_new_rate_cannot_hold_is_taken_out() {
        let x = sine(0.45, 8000);
        let got = run(&x, Step { numerator: 5, denominator: 4 }, 6400);
        let left = got[100..6300].iter().fold(0f32, |m, v| m.max(v.abs()));
        assert!(left < 3e-3, "{left}");
    }

    proptest! {
        #[test]
        fn any_length_and_factor(len in 0usize..300, out in 0usize..300, p in 1u64..600, q in 1u64..600) {
            let got = run(&vec![1.0; len], Step::nearest((p + q / 4) as f64 / (q + p / 4) as f64), out);
            prop_assert_eq!(got.len(), out);
            prop_assert!(got.iter().all(|v| v.is_finite() && v.abs() < 1.5));
        }
    }
}
