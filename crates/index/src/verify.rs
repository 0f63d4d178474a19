//! Whether vectors of a file are such as this crate writes. A file with right checksums may still come from another
//! writer, and vectors that `add` would not have stored would make scores that are not numbers.

use crate::Metric;
use crate::buffer::{CodeRow, LANES};
use crate::half::{from_half, is_finite};
use crate::segment::{Arrays, Segment, Shape};
use crate::vector::MAX_NORM;

/// Whether all live vectors may be there; the removed ones need only be numbers, and lanes beyond are zero.
pub(crate) fn allowed(metric: Metric, shape: &Shape, segment: &Segment) -> bool {
    let block = |number: usize| Lanes {
        used: segment.len().saturating_sub(number * LANES).min(LANES),
        live: segment.live.get(number).copied().unwrap_or(0),
    };
    match &segment.arrays {
        Arrays::F32(rows) => rows.chunks(shape.dim).enumerate().all(|(number, rows)| {
            block(number).allowed(metric, 1e-3, rows.iter().map(|row| row.0.map(f64::from)))
        }),
        Arrays::F16(rows) => rows.chunks(shape.dim).enumerate().all(|(number, rows)| {
            if rows.iter().flat_map(|row| row.0).any(|half| !is_finite(half)) {
                return false;
            }
            let values = rows.iter().map(|row| row.0.map(|half| f64::from(from_half(half))));
            // Each component is rounded by up to 2^-11 of itself, and by up to 2^-25 where halves are subnormal.
            let rounding = 1e-3 + 2f64.powi(-25) * (shape.dim as f64).sqrt();
            block(number).allowed(metric, rounding, values)
        }),
        Arrays::Int8(arrays) => {
            // Codes only choose candidates: any that this crate writes will do. The least, 0, is written past the last
            // dimension and in lanes without a vector alone, where the other factor is 0.
            let code_rows = shape.code_rows().max(1);
            for (at, row) in arrays.codes.iter().enumerate() {
                let dims = (shape.dim - at % code_rows * CodeRow::DIMS).min(CodeRow::DIMS);
                let used = block(at / code_rows).live;
                let live = row.0.iter().enumerate().filter(|(lane, _)| used >> lane & 1 == 1);
                if live.map(|(_, codes)| codes).any(|codes| codes.iter().take(dims).any(|code| *code == 0)) {
                    return false;
                }
            }
            let factors = arrays.scales.iter().chain(arrays.norms.iter()).flat_map(|row| row.0);
            let norms = arrays.vectors.chunks(shape.dim).map(|vector| {
                vector.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>().sqrt()
            });
            factors.into_iter().all(|value| value.is_finite() && value >= 0.0)
                && norms.enumerate().all(|(offset, norm)| {
                    norm_allowed(metric, 1e-3, norm, block(offset / LANES).live >> (offset % LANES) & 1 == 1)
                })
        }
    }
}

/// The lanes of a block.
struct Lanes {
    used: usize,
    live: u64,
}

impl Lanes {
    fn allowed(&self, metric: Metric, tolerance: f64, rows: impl Iterator<Item = [f64; LANES]>) -> bool {
        let mut squares = [0.0; LANES];
        for row in rows {
            for (sum, value) in squares.iter_mut().zip(row) {
                *sum += value * value;
            }
        }
        squares.iter().enumerate().all(|(lane, square)| {
            if lane >= self.used {
                return *square == 0.0;
            }
            norm_allowed(metric, tolerance, square.sqrt(), self.live >> lane & 1 == 1)
        })
    }
}

/// False for NaN.
fn norm_allowed(metric: Metric, tolerance: f64, norm: f64, live: bool) -> bool {
    match metric {
        Metric::Cosine if live => (norm - 1.0).abs() < tolerance,
        _ => norm <= MAX_NORM,
    }
}
