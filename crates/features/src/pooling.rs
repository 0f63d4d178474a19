//! From a matrix `[coefficient x frame]` to one value for each coefficient: what its frames have in common.
//!
//! Sums are taken in double precision. A matrix without frames has no such value: every function here then
//! returns [`Error::EmptyInput`]. The `_into` forms return [`Error::LengthMismatch`] unless `out` has one place
//! for each row.

use crate::{Error, Matrix};

/// The mean of each row.
///
/// # Errors
/// [`Error::EmptyInput`] for a matrix without values.
pub fn mean(matrix: &Matrix) -> Result<Vec<f32>, Error> {
    let mut out = vec![0.0; matrix.rows()];
    mean_into(matrix, &mut out)?;
    Ok(out)
}

/// [`mean`] into `out`, one place for each row.
///
/// # Errors
/// As [`mean`], and [`Error::LengthMismatch`].
pub fn mean_into(matrix: &Matrix, out: &mut [f32]) -> Result<(), Error> {
    pool_into(matrix, out, |row| row_mean(row) as f32)
}

/// The standard deviation of each row, of the population (numpy's default, `ddof=0`).
///
/// # Errors
/// [`Error::EmptyInput`] for a matrix without values.
pub fn std(matrix: &Matrix) -> Result<Vec<f32>, Error> {
    let mut out = vec![0.0; matrix.rows()];
    std_into(matrix, &mut out)?;
    Ok(out)
}

/// [`std()`] into `out`, one place for each row.
///
/// # Errors
/// As [`std()`], and [`Error::LengthMismatch`].
pub fn std_into(matrix: &Matrix, out: &mut [f32]) -> Result<(), Error> {
    pool_into(matrix, out, |row| {
        let mean = row_mean(row);
        let squares: f64 = row.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum();
        (squares / row.len() as f64).sqrt() as f32
    })
}

/// The largest value of each row.
///
/// # Errors
/// [`Error::EmptyInput`] for a matrix without values.
pub fn max(matrix: &Matrix) -> Result<Vec<f32>, Error> {
    let mut out = vec![0.0; matrix.rows()];
    max_into(matrix, &mut out)?;
    Ok(out)
}

/// [`max`] into `out`, one place for each row. NaN is passed over, unless a row holds nothing else.
///
/// # Errors
/// As [`max`], and [`Error::LengthMismatch`].
pub fn max_into(matrix: &Matrix, out: &mut [f32]) -> Result<(), Error> {
    pool_into(matrix, out, |row| row.iter().copied().fold(f32::NAN, f32::max))
}

fn row_mean(row: &[f32]) -> f64 {
    row.iter().map(|v| f64::from(*v)).sum::<f64>() / row.len() as f64
}

fn pool_into(matrix: &Matrix, out: &mut [f32], pool: impl Fn(&[f32]) -> f32) -> Result<(), Error> {
    if out.len() != matrix.rows() {
        return Err(Error::LengthMismatch { what: "the output", expected: matrix.rows(), got: out.len() });
    }
    if matrix.is_empty() {
        return Err(Error::EmptyInput);
    }
    for (value, row) in out.iter_mut().zip(matrix.iter_rows()) {
        *value = pool(row);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_worked() {
        let m = Matrix::new(vec![1.0, 2.0, 3.0, 6.0, -1.0, -1.0, -1.0, -1.0], 2, 4).unwrap();
        assert_eq!(mean(&m).unwrap(), [3.0, -1.0]);
        assert_eq!(std(&m).unwrap(), [3.5f32.sqrt(), 0.0]);
        assert_eq!(max(&m).unwrap(), [6.0, -1.0]);
    }

    #[test]
    fn a_large_offset_costs_no_precision() {
        let m = Matrix::new(vec![1e7, 1e7 + 1.0, 1e7, 1e7 + 1.0], 1, 4).unwrap();
        assert_eq!(std(&m).unwrap(), [0.5]);
    }

    #[test]
    fn bad_input() {
        for (rows, cols) in [(0, 0), (0, 3), (3, 0)] {
            let empty = Matrix::new(Vec::new(), rows, cols).unwrap();
            for pool in [mean, std, max] {
                assert_eq!(pool(&empty), Err(Error::EmptyInput));
            }
        }
        let m = Matrix::new(vec![1.0, 2.0], 2, 1).unwrap();
        for pool in [mean_into, std_into, max_into] {
            let error = pool(&m, &mut [0.0; 3]).unwrap_err();
            assert!(matches!(error, Error::LengthMismatch { expected: 2, got: 3, .. }));
        }
        let nan = Matrix::new(vec![f32::NAN, 2.0, f32::NAN, f32::NAN], 2, 2).unwrap();
        let max = max(&nan).unwrap();
        assert!(max[0] == 2.0 && max[1].is_nan());
        assert!(mean(&nan).unwrap().iter().all(|v| v.is_nan()));
    }
}
