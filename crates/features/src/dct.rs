use std::f64::consts::PI;

use crate::lanes::{Lane, add_scaled};

/// The first coefficients of the orthonormal cosine transform of type 2 (scipy's `dct(type=2, norm="ortho")`):
/// `y[k] = s_k sum_n x[n] cos(pi k (2n + 1) / 2N)`, `s_0 = sqrt(1/N)`, else `sqrt(2/N)`.
///
/// The cosines of an even `k` are the same from both ends, those of an odd one change their sign; so the input is
/// folded first, which halves the sums.
#[derive(Debug, Clone)]
pub(crate) struct Dct {
    inputs: usize,
    outputs: usize,
    /// `[k][n]`, for `n` in the first half (with the middle, if there is one).
    weights: Vec<f32>,
}

impl Dct {
    pub(crate) fn new(inputs: usize, outputs: usize) -> Self {
        let half = inputs.div_ceil(2);
        let weight = |k: usize, n: usize| {
            let scale = (if k == 0 { 1.0 } else { 2.0 } / inputs as f64).sqrt();
            // The angle's period is 4N; reduced, it is exact for any k and n.
            let angle = (k * (2 * n + 1)) % (4 * inputs);
            (scale * (PI * angle as f64 / (2 * inputs) as f64).cos()) as f32
        };
        let weights = (0..outputs).flat_map(|k| (0..half).map(move |n| weight(k, n))).collect();
        Self { inputs, outputs, weights }
    }

    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Transforms a block of frames; `fold` is memory.
    pub(crate) fn apply_to_block(&self, input: &[Lane], output: &mut [Lane], fold: &mut Vec<Lane>) {
        let half = self.inputs.div_ceil(2);
        fold.resize(2 * half, Lane::default());
        let (sums, differences) = fold.split_at_mut(half);
        for (((sum, difference), front), back) in
            sums.iter_mut().zip(differences.iter_mut()).zip(input).zip(input.iter().rev())
        {
            for (((s, d), a), b) in sum.iter_mut().zip(difference).zip(front).zip(back) {
                (*s, *d) = (a + b, a - b);
            }
        }
        if self.inputs % 2 == 1
            && let (Some(sum), Some(middle)) = (sums.last_mut(), input.get(half - 1))
        {
            *sum = *middle;
        }
        for (k, (out, weights)) in output.iter_mut().zip(self.weights.chunks_exact(half)).enumerate() {
            let mut sum = Lane::default();
            for (weight, values) in weights.iter().zip(if k % 2 == 0 { &*sums } else { &*differences }) {
                add_scaled(&mut sum, *weight, values);
            }
            *out = sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::LANES;
    use crate::naive;

    #[test]
    fn folded_is_direct() {
        for (inputs, outputs) in [(1, 1), (2, 2), (3, 3), (5, 2), (40, 13), (41, 41), (128, 20), (128, 128)] {
            let column =
                |lane: usize| (0..inputs).map(move |n| ((n * 7 + lane * 3) as f64 * 0.37).sin() * 50.0);
            let mut input = vec![Lane::default(); inputs];
            for lane in 0..LANES {
                for (to, from) in input.iter_mut().zip(column(lane)) {
                    to[lane] = from as f32;
                }
            }
            let mut output = vec![Lane::default(); outputs];
            Dct::new(inputs, outputs).apply_to_block(&input, &mut output, &mut Vec::new());
            for lane in 0..LANES {
                let want = naive::dct(&column(lane).collect::<Vec<_>>(), outputs);
                for (got, want) in output.iter().zip(want) {
                    assert!((f64::from(got[lane]) - want).abs() < 1e-4, "{inputs} {outputs}");
                }
            }
        }
    }
}
