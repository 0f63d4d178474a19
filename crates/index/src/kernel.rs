//! Scores of a block: one accumulator a vector, components in dimension order, a multiplication and then an addition
//! (each rounded). Every path does exactly these operations, so every path gives the same bits.

use crate::Metric;
use crate::buffer::{LANES, Row};

/// Queries that share one pass over a block.
pub(crate) const TILE: usize = 4;

/// Scores of all 64 lanes for `Q` queries; `queries` holds one component of each query per dimension.
pub(crate) fn score_block<const Q: usize>(
    metric: Metric,
    queries: &[[f32; Q]],
    rows: &[Row],
    out: &mut [[f32; LANES]; Q],
) {
    // The width keeps all accumulators of a pass in registers: 8 of the 16 that baseline x86-64 has.
    match (metric, Q) {
        (Metric::L2, 1) => accumulate::<Q, 32>(queries, rows, out, square),
        (Metric::L2, _) => accumulate::<Q, 8>(queries, rows, out, square),
        (_, 1) => accumulate::<Q, 32>(queries, rows, out, product),
        (_, _) => accumulate::<Q, 8>(queries, rows, out, product),
    }
    for score in out.as_flattened_mut() {
        *score = finish(metric, *score);
    }
}

/// The score of one lane.
pub(crate) fn score_lane(metric: Metric, query: &[[f32; 1]], rows: &[Row], lane: usize) -> f32 {
    let step = if metric == Metric::L2 { square } else { product };
    let mut sum = 0.0;
    for ([q], row) in query.iter().zip(rows) {
        sum += step(*q, row.0[lane % LANES]);
    }
    finish(metric, sum)
}

#[inline(always)]
fn product(q: f32, x: f32) -> f32 {
    q * x
}

#[inline(always)]
fn square(q: f32, x: f32) -> f32 {
    (q - x) * (q - x)
}

/// From the sum to the score. Rounding can take a cosine past 1, so it is clamped. Adding 0.0 turns -0.0 into 0.0:
/// equal scores must compare as equal, or ties would not be in id order.
#[inline(always)]
fn finish(metric: Metric, sum: f32) -> f32 {
    match metric {
        Metric::Cosine => sum.clamp(-1.0, 1.0) + 0.0,
        Metric::InnerProduct => sum + 0.0,
        Metric::L2 => 0.0 - sum,
    }
}

#[inline(always)]
fn accumulate<const Q: usize, const WIDTH: usize>(
    queries: &[[f32; Q]],
    rows: &[Row],
    out: &mut [[f32; LANES]; Q],
    step: impl Fn(f32, f32) -> f32,
) {
    for part in 0..LANES / WIDTH {
        let mut sums = [[0.0; WIDTH]; Q];
        for (q, row) in queries.iter().zip(rows) {
            let lanes = &row.0.as_chunks::<WIDTH>().0[part];
            for j in 0..Q {
                for i in 0..WIDTH {
                    sums[j][i] += step(q[j], lanes[i]);
                }
            }
        }
        for (out, sums) in out.iter_mut().zip(&sums) {
            out.as_chunks_mut::<WIDTH>().0[part] = *sums;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn all_paths_give_the_same_bits(
            dim in 1usize..40,
            seed in proptest::collection::vec(-3.0f32..3.0, 40 * (LANES + TILE)),
        ) {
            let value = |i: usize| seed[i % seed.len()];
            let rows: Vec<Row> =
                (0..dim).map(|d| Row(std::array::from_fn(|l| value(d * LANES + l)))).collect();
            let tile: Vec<[f32; TILE]> =
                (0..dim).map(|d| std::array::from_fn(|j| value(40 * LANES + d * TILE + j))).collect();
            for metric in [Metric::Cosine, Metric::InnerProduct, Metric::L2] {
                let mut many = [[0.0; LANES]; TILE];
                score_block(metric, &tile, &rows, &mut many);
                for j in 0..TILE {
                    let query: Vec<[f32; 1]> = tile.iter().map(|t| [t[j]]).collect();
                    let mut one = [[0.0; LANES]; 1];
                    score_block(metric, &query, &rows, &mut one);
                    for lane in 0..LANES {
                        let single = score_lane(metric, &query, &rows, lane);
                        prop_assert_eq!(single.to_bits(), one[0][lane].to_bits());
                        prop_assert_eq!(single.to_bits(), many[j][lane].to_bits());
                        prop_assert!(single.to_bits() != (-0.0f32).to_bits());
                    }
                }
            }
        }
    }
}
