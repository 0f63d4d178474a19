//! From weights to forms, and from the gradients of forms to those of weights.

use rayon::prelude::*;
use soundalike_features::SimdLevel;

use super::super::simd::{Lanes, Work, block, block_of, run};
use super::FORM;

/// Weights of a kernel.
const TAPS: usize = 9;
/// At least the lanes of a block.
const MOST: usize = 32;

/// The kernels' forms, `[block of outputs][number][input][output]`, of `weight(output, input, tap)`.
pub(crate) fn pack_kernel(
    outputs: usize,
    inputs: usize,
    level: SimdLevel,
    weight: impl Fn(usize, usize, usize) -> f32 + Sync,
) -> Vec<f32> {
    let block = block_of(level);
    let mut forms = vec![0.0; outputs.div_ceil(block) * FORM * inputs * block];
    forms.par_chunks_mut(FORM * inputs * block).enumerate().for_each(|(number, forms)| {
        let first = number * block;
        for input in 0..inputs {
            let mut taps = [[0.0; MOST]; TAPS];
            for (lane, output) in (first..outputs.min(first + block)).enumerate() {
                for (tap, lanes) in taps.iter_mut().enumerate() {
                    lanes[lane] = weight(output, input, tap);
                }
            }
            run(level, Pack { taps: &taps, input, inputs, forms });
        }
    });
    forms
}

/// One input's kernels of a block.
struct Pack<'a> {
    taps: &'a [[f32; MOST]; TAPS],
    input: usize,
    inputs: usize,
    forms: &'a mut [f32],
}

impl Work for Pack<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, s: L) {
        let Self { taps, input, inputs, forms } = self;
        for at in [0, L::N] {
            let mut lines = [[s.splat(0.0); 4]; 3];
            for (line, taps) in lines.iter_mut().zip(taps.chunks_exact(3)) {
                *line = kernel_line(s, [s.get(&taps[0], at), s.get(&taps[1], at), s.get(&taps[2], at)]);
            }
            let [a, b, c] = lines;
            for (j, ((a, b), c)) in a.into_iter().zip(b).zip(c).enumerate() {
                let column = kernel_line(s, [a, b, c]);
                for (i, value) in column.into_iter().enumerate() {
                    s.put(value, forms, ((4 * i + j) * inputs + input) * block::<L>() + at, L::N);
                }
            }
        }
    }
}

/// Three weights of a line.
#[inline(always)]
fn kernel_line<L: Lanes>(s: L, g: [L::V; 3]) -> [L::V; 4] {
    let half = s.splat(0.5);
    let (ends, middle) = (s.mul(s.add(g[0], g[2]), half), s.mul(g[1], half));
    [g[0], s.add(ends, middle), s.sub(ends, middle), g[2]]
}

/// The gradients of weights, `[outputs][inputs][3][3]`, given that of their forms in parts, which are to be summed:
/// each `[block of outputs][number][whole][output]`, where of `whole` inputs `inputs` count.
pub(crate) fn unpack_gradient(
    outputs: usize,
    inputs: usize,
    whole: usize,
    parts: &[&[f32]],
    level: SimdLevel,
) -> Vec<f32> {
    let block = block_of(level);
    let mut out = vec![0.0; outputs * inputs * TAPS];
    out.par_chunks_mut(block * inputs * TAPS).enumerate().for_each(|(number, out)| {
        let first = number * FORM * whole * block;
        for input in 0..inputs {
            let mut taps = [[0.0; MOST]; TAPS];
            run(level, Unpack { parts, first: first + input * block, step: whole * block, taps: &mut taps });
            for (lane, out) in out.chunks_exact_mut(inputs * TAPS).enumerate() {
                for (out, lanes) in out[input * TAPS..].iter_mut().zip(&taps) {
                    *out = lanes[lane];
                }
            }
        }
    });
    out
}

/// One input's kernels of a block.
struct Unpack<'a> {
    parts: &'a [&'a [f32]],
    first: usize,
    /// Values from one number to the next.
    step: usize,
    taps: &'a mut [[f32; MOST]; TAPS],
}

impl Work for Unpack<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, s: L) {
        let Self { parts, first, step, taps } = self;
        for at in [0, L::N] {
            let mut lines = [[s.splat(0.0); 3]; 4];
            for (i, line) in lines.iter_mut().enumerate() {
                let mut numbers = [s.splat(0.0); 4];
                for (j, number) in numbers.iter_mut().enumerate() {
                    for part in parts {
                        *number = s.add(*number, s.get(part, first + (4 * i + j) * step + at));
                    }
                }
                *line = gradient_line(s, numbers);
            }
            let [a, b, c, d] = lines;
            for (j, (((a, b), c), d)) in a.into_iter().zip(b).zip(c).zip(d).enumerate() {
                let column = gradient_line(s, [a, b, c, d]);
                for (i, value) in column.into_iter().enumerate() {
                    s.put(value, &mut taps[3 * i + j], at, L::N);
                }
            }
        }
    }
}

/// The three weights' gradients, given that of their form.
#[inline(always)]
fn gradient_line<L: Lanes>(s: L, u: [L::V; 4]) -> [L::V; 3] {
    let half = s.splat(0.5);
    let (sum, difference) = (s.mul(s.add(u[1], u[2]), half), s.mul(s.sub(u[1], u[2]), half));
    [s.add(u[0], sum), difference, s.add(sum, u[3])]
}
