//! Matrices brought down to as many cells as there are pixels.

/// What stands for a block of values that shares one pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reduce {
    /// The largest: short events stay visible.
    Max,
    /// The mean.
    Mean,
}

/// Brings a row-major matrix down to at most `max_rows` x `max_columns`; never enlarges. NaN values are
/// skipped, a block of nothing else is NaN. `values` holds `rows * columns` values.
///
/// Returns the cells with their rows and columns.
pub(super) fn shrink(
    values: &[f32],
    (rows, columns): (usize, usize),
    (max_rows, max_columns): (usize, usize),
    reduce: Reduce,
) -> (Vec<f32>, usize, usize) {
    let (out_rows, out_columns) = (rows.min(max_rows.max(1)), columns.min(max_columns.max(1)));
    if (out_rows, out_columns) == (rows, columns) {
        return (values.to_vec(), rows, columns);
    }
    let start = |i: usize, n: usize, out_n: usize| (i as u128 * n as u128 / out_n as u128) as usize;
    let column_ends: Vec<usize> = (1..=out_columns).map(|c| start(c, columns, out_columns)).collect();
    let mut cells = Vec::with_capacity(out_rows * out_columns);
    let mut sums = vec![(0.0_f32, 0.0_f64, 0_u64); out_columns];
    let all_rows: Vec<&[f32]> = values.chunks(columns.max(1)).collect();
    for out_row in 0..out_rows {
        sums.fill((f32::NEG_INFINITY, 0.0, 0));
        let block = start(out_row, rows, out_rows)..start(out_row + 1, rows, out_rows);
        for row in all_rows.get(block).unwrap_or_default() {
            let mut rest = *row;
            let mut at = 0;
            for (end, (max, sum, count)) in column_ends.iter().zip(&mut sums) {
                let (head, tail) = rest.split_at_checked(end - at).unwrap_or((rest, &[]));
                (rest, at) = (tail, *end);
                for value in head.iter().filter(|v| !v.is_nan()) {
                    *max = max.max(*value);
                    *sum += f64::from(*value);
                    *count += 1;
                }
            }
        }
        cells.extend(sums.iter().map(|(max, sum, count)| match (reduce, count) {
            (_, 0) => f32::NAN,
            (Reduce::Max, _) => *max,
            (Reduce::Mean, _) => (sum / *count as f64) as f32,
        }));
    }
    (cells, out_rows, out_columns)
}

/// The smallest and the largest finite value; 0 and 1 where there is none, and one unit around a single
/// value, so that the range is never empty.
pub(super) fn finite_range(values: &[f32]) -> (f64, f64) {
    let finite = values.iter().filter(|v| v.is_finite());
    let (low, high) =
        finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
    let (low, high) = (f64::from(low), f64::from(high));
    if low > high {
        (0.0, 1.0)
    } else if low == high {
        let half = 0.5_f64.max(low.abs() * 1e-3);
        (low - half, high + half)
    } else {
        (low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blocks() {
        let values = [1.0, 2.0, 3.0, 4.0, f32::NAN, f32::NAN, 7.0, f32::NAN];
        let (cells, rows, columns) = shrink(&values, (2, 4), (2, 2), Reduce::Mean);
        assert_eq!((rows, columns), (2, 2));
        assert_eq!(&cells[..2], [1.5, 3.5]);
        assert!(cells[2].is_nan());
        assert_eq!(cells[3], 7.0);
        assert_eq!(shrink(&values, (2, 4), (1, 2), Reduce::Max).0, [2.0, 7.0]);
        assert_eq!(shrink(&values[..4], (2, 2), (9, 9), Reduce::Max), (values[..4].to_vec(), 2, 2));
    }

    #[test]
    fn ranges_are_never_empty() {
        assert_eq!(finite_range(&[]), (0.0, 1.0));
        assert_eq!(finite_range(&[f32::NAN, f32::INFINITY]), (0.0, 1.0));
        assert_eq!(finite_range(&[3.0, f32::NAN, 3.0]), (2.5, 3.5));
        assert_eq!(finite_range(&[-1.0, f32::NEG_INFINITY, 3.0]), (-1.0, 3.0));
        let (low, high) = finite_range(&[f32::MAX]);
        assert!(low < high && (high - low).is_finite());
    }

    proptest! {
        /// Every value falls into one block: the largest stays, and whole-number ratios keep the mean.
        #[test]
        fn nothing_is_lost(rows in 1..12_usize, columns in 1..40_usize, max in (1..15_usize, 1..50_usize)) {
            let values: Vec<f32> = (0..rows * columns).map(|i| (i * 7919 % 101) as f32).collect();
            let (cells, out_rows, out_columns) = shrink(&values, (rows, columns), max, Reduce::Max);
            prop_assert_eq!(cells.len(), out_rows * out_columns);
            prop_assert!(out_rows <= max.0 && out_columns <= max.1);
            let top = |v: &[f32]| v.iter().copied().fold(f32::MIN, f32::max);
            prop_assert_eq!(top(&cells), top(&values));
            let (means, ..) = shrink(&values, (rows, columns), (1, 1), Reduce::Mean);
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            prop_assert!((means[0] - mean).abs() < 1e-3);
        }
    }
}
