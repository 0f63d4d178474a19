use crate::Error;
use crate::lanes::LANES;

/// A matrix of `f32`, or of `f64` where a caller asks, row by row: `[coefficient x frame]`, as librosa lays its
/// features out.
///
/// Row `r` is one coefficient (a frequency bin, a mel band, a cepstral coefficient) over time and lies in one
/// piece; column `c` is one frame.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix<T = f32> {
    data: Vec<T>,
    rows: usize,
    cols: usize,
}

impl Matrix {
    /// Makes a matrix of `rows` x `cols` from values in row order. (It is [`Self::from_vec`] for `f32`: so
    /// `Matrix::new` needs no type.)
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] if `data` does not hold exactly `rows * cols` values.
    pub fn new(data: Vec<f32>, rows: usize, cols: usize) -> Result<Self, Error> {
        Self::from_vec(data, rows, cols)
    }
}

impl<T: Copy + Default> Matrix<T> {
    /// Makes a matrix of `rows` x `cols` from values in row order, of `f32` or `f64` as they are.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] if `data` does not hold exactly `rows * cols` values.
    pub fn from_vec(data: Vec<T>, rows: usize, cols: usize) -> Result<Self, Error> {
        let expected = rows.checked_mul(cols).ok_or(Error::OutOfMemory { rows, cols })?;
        if data.len() != expected {
            return Err(Error::LengthMismatch { what: "the data of a matrix", expected, got: data.len() });
        }
        Ok(Self { data, rows, cols })
    }

    /// The number of rows (coefficients).
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns (frames).
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Whether the matrix holds no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Row `row` (one coefficient over all frames), or `None` beyond the last.
    #[must_use]
    pub fn row(&self, row: usize) -> Option<&[T]> {
        if row >= self.rows {
            return None;
        }
        self.data.get(row * self.cols..(row + 1) * self.cols)
    }

    /// The value in `row` and `col`, or `None` outside the matrix.
    #[must_use]
    pub fn get(&self, row: usize, col: usize) -> Option<T> {
        if col >= self.cols {
            return None;
        }
        self.row(row)?.get(col).copied()
    }

    /// All rows, first to last. (A matrix without columns yields none.)
    pub fn iter_rows(&self) -> impl ExactSizeIterator<Item = &[T]> {
        self.data.chunks_exact(self.cols.max(1))
    }

    /// All values in row order.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.data
    }

    /// All values in row order, to be changed in place.
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// The values in row order, without a copy.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.data
    }

    /// A copy with rows and columns exchanged: `[frame x coefficient]`.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let mut data = vec![T::default(); self.data.len()];
        for (r, row) in self.iter_rows().enumerate() {
            for (value, out) in row.iter().zip(data.iter_mut().skip(r).step_by(self.rows.max(1))) {
                *out = *value;
            }
        }
        Self { data, rows: self.cols, cols: self.rows }
    }

    /// Gives the matrix a new shape. Its values are unspecified afterwards; memory is kept when it suffices.
    pub(crate) fn reshape(&mut self, rows: usize, cols: usize) -> Result<(), Error> {
        let len = rows.checked_mul(cols).ok_or(Error::OutOfMemory { rows, cols })?;
        if let Some(more) = len.checked_sub(self.data.len()) {
            self.data.try_reserve_exact(more).map_err(|_| Error::OutOfMemory { rows, cols })?;
        }
        self.data.resize(len, T::default());
        (self.rows, self.cols) = (rows, cols);
        Ok(())
    }

    /// Stores `lanes[i][..count]` at columns `first..first + count` of row `i`, for every row.
    pub(crate) fn put_columns(&mut self, first: usize, count: usize, lanes: &[[T; LANES]]) {
        for (row, lane) in self.data.chunks_exact_mut(self.cols.max(1)).zip(lanes) {
            if let (Some(to), Some(from)) = (row.get_mut(first..first + count), lane.get(..count)) {
                to.copy_from_slice(from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_columns_are_where_they_belong() {
        let m = Matrix::new(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 3).unwrap();
        assert_eq!((m.rows(), m.cols()), (2, 3));
        assert_eq!(m.row(1), Some(&[4.0, 5.0, 6.0][..]));
        assert_eq!(m.get(0, 2), Some(3.0));
        assert_eq!(m.iter_rows().count(), 2);
        let t = m.transposed();
        assert_eq!((t.rows(), t.cols()), (3, 2));
        assert_eq!(t.as_slice(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(t.transposed(), m);
    }

    #[test]
    fn outside_is_none() {
        let m = Matrix::new(vec![0.0; 6], 2, 3).unwrap();
        assert_eq!(m.row(2), None);
        assert_eq!(m.get(0, 3), None);
        assert_eq!(m.get(2, 0), None);
        let without_columns = Matrix::new(Vec::new(), 4, 0).unwrap();
        assert_eq!(without_columns.row(3), Some(&[][..]));
        assert_eq!(without_columns.row(4), None);
        assert_eq!(without_columns.transposed().rows(), 0);
    }

    #[test]
    fn a_wrong_length_is_refused() {
        let error = Matrix::new(vec![0.0; 5], 2, 3).unwrap_err();
        assert!(matches!(error, Error::LengthMismatch { expected: 6, got: 5, .. }));
        assert!(matches!(Matrix::new(Vec::new(), usize::MAX, 2), Err(Error::OutOfMemory { .. })));
        let error = Matrix::from_vec(vec![0f64; 5], 2, 3).unwrap_err();
        assert!(matches!(error, Error::LengthMismatch { expected: 6, got: 5, .. }));
    }

    #[test]
    fn a_shape_that_no_machine_can_hold_is_refused() {
        let mut m = Matrix::<f64>::default();
        assert!(matches!(m.reshape(usize::MAX, 2), Err(Error::OutOfMemory { .. })));
        assert!(matches!(m.reshape(usize::MAX / 8, 1), Err(Error::OutOfMemory { .. })));
        assert_eq!((m.rows(), m.cols()), (0, 0));
    }
}
