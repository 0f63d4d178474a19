//! Views of `ndarray` in, arrays out, with the feature `ndarray`.
//!
//! Every function of this crate takes samples as a slice; [`samples`] makes one of any one-dimensional view. A
//! [`Matrix`] shows itself as a view without a copy, and becomes an array without one.
//!
//! ```
//! use ndarray::{Array1, Array2, s};
//! use soundalike_features::{MelConfig, MelSpectrogram, array};
//!
//! let stereo = Array2::from_shape_fn((44_100, 2), |(n, _)| (n as f32 * 0.1).sin());
//! let mel = MelSpectrogram::new(&MelConfig::new(44_100))?;
//! // One channel of interleaved samples lies in every second place: it is copied into one piece.
//! let bands = mel.compute(&array::samples(stereo.slice(s![.., 0])))?;
//! assert_eq!(bands.view().dim(), (128, 87));
//! let bands: Array2<f32> = bands.into();
//! // A contiguous view is used as it is.
//! let mono: Array1<f32> = stereo.column(0).to_owned();
//! assert_eq!(Array2::from(mel.compute(&array::samples(mono.view()))?), bands);
//! # Ok::<(), soundalike_features::Error>(())
//! ```

use std::borrow::Cow;

use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2, aview2};

use crate::{Error, Matrix};

/// The samples of a view as a slice: its own memory if they lie in one piece and in order, else a copy.
#[must_use]
pub fn samples<T: Copy>(view: ArrayView1<'_, T>) -> Cow<'_, [T]> {
    match view.to_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => Cow::Owned(view.iter().copied().collect()),
    }
}

impl<T: Copy + Default> Matrix<T> {
    /// The matrix as a view of `ndarray`, `[coefficient x frame]`, without a copy. (A matrix without values whose
    /// other side is longer than `isize::MAX` shows itself as 0 x 0.)
    #[must_use]
    pub fn view(&self) -> ArrayView2<'_, T> {
        ArrayView2::from_shape((self.rows(), self.cols()), self.as_slice()).unwrap_or(aview2::<T, 0>(&[]))
    }

    /// [`Self::view`], to be changed in place.
    #[must_use]
    pub fn view_mut(&mut self) -> ArrayViewMut2<'_, T> {
        let shape = self.view().dim();
        match ArrayViewMut2::from_shape(shape, self.as_mut_slice()) {
            Ok(view) => view,
            Err(_) => ArrayViewMut2::from(<&mut [[T; 0]]>::default()),
        }
    }
}

/// The same values without a copy; the shape is that of [`Matrix::view`].
impl<T: Copy + Default> From<Matrix<T>> for Array2<T> {
    fn from(matrix: Matrix<T>) -> Self {
        let shape = matrix.view().dim();
        Self::from_shape_vec(shape, matrix.into_vec()).unwrap_or_default()
    }
}

/// A copy, in row order whatever the order of the view.
///
/// # Errors
/// [`Error::OutOfMemory`].
impl<T: Copy + Default> TryFrom<ArrayView2<'_, T>> for Matrix<T> {
    type Error = Error;

    fn try_from(view: ArrayView2<'_, T>) -> Result<Self, Error> {
        let (rows, cols) = view.dim();
        let mut matrix = Self::default();
        matrix.reshape(rows, cols)?;
        for (to, from) in matrix.as_mut_slice().iter_mut().zip(view.iter()) {
            *to = *from;
        }
        Ok(matrix)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Axis, Slice, array};

    use super::*;
    use crate::{Mfcc, MfccConfig};

    #[test]
    fn samples_in_one_piece_are_not_copied() {
        let signal = Array1::from_iter((0..10).map(|n| n as f32));
        let part = |start, end, step| signal.slice_axis(Axis(0), Slice { start, end: Some(end), step });
        let whole = samples(signal.view());
        assert!(matches!(whole, Cow::Borrowed(_)));
        assert_eq!(whole.as_ptr(), signal.as_ptr());
        assert_eq!(&*samples(part(2, 5, 1)), [2.0, 3.0, 4.0]);
        for (step, want) in [(2, [1.0, 3.0, 5.0]), (-2, [5.0, 3.0, 1.0])] {
            let strided = samples(part(1, 6, step));
            assert!(matches!(strided, Cow::Owned(_)));
            assert_eq!(&*strided, want);
        }
        assert!(samples(part(3, 3, 1)).is_empty());
    }

    #[test]
    fn there_and_back() {
        let values = array![[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let mut matrix = Matrix::try_from(values.view()).unwrap();
        assert_eq!(matrix.row(1), Some(&[4.0, 5.0, 6.0][..]));
        assert_eq!(matrix.view(), values);
        assert_eq!(matrix.view().as_ptr(), matrix.as_slice().as_ptr());
        // Another order in memory.
        assert_eq!(Matrix::try_from(values.t()).unwrap(), matrix.transposed());
        let mut flipped = values.slice_axis(Axis(1), Slice::from(1..));
        flipped.invert_axis(Axis(0));
        let flipped = Matrix::try_from(flipped).unwrap();
        assert_eq!(flipped.as_slice(), [5.0, 6.0, 2.0, 3.0]);
        matrix.view_mut()[[0, 1]] = 9.0;
        assert_eq!(matrix.get(0, 1), Some(9.0));
        let address = matrix.as_slice().as_ptr();
        let array = Array2::from(matrix);
        assert_eq!((array.as_ptr(), array[[0, 1]], array.dim()), (address, 9.0, (2, 3)));
    }

    #[test]
    fn double_precision_likewise() {
        let values = array![[1.0f64, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let mut matrix = Matrix::try_from(values.t()).unwrap();
        assert_eq!(matrix.as_slice(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        matrix.view_mut()[[2, 1]] = 9.0;
        assert_eq!(Array2::from(matrix), array![[1.0, 4.0], [2.0, 5.0], [3.0, 9.0]]);
        assert_eq!(&*samples(values.row(1)), [4.0f64, 5.0, 6.0]);
    }

    #[test]
    fn shapes_without_values() {
        for (rows, cols, want) in
            [(0, 0, (0, 0)), (0, 3, (0, 3)), (3, 0, (3, 0)), (usize::MAX, 0, (0, 0)), (0, usize::MAX, (0, 0))]
        {
            let mut matrix = Matrix::new(Vec::new(), rows, cols).unwrap();
            assert_eq!(matrix.view().dim(), want);
            assert_eq!(matrix.view_mut().dim(), want);
            assert_eq!(Array2::from(matrix).dim(), want);
        }
        let empty = Matrix::try_from(Array2::<f32>::zeros((4, 0)).view()).unwrap();
        assert_eq!((empty.rows(), empty.cols()), (4, 0));
    }

    #[test]
    fn a_plan_takes_any_view() {
        let mfcc = Mfcc::new(&MfccConfig::new(22_050)).unwrap();
        let stereo = Array2::from_shape_fn((5000, 2), |(n, c)| ((n + 7 * c) as f32 * 0.1).sin());
        let right: Vec<f32> = (0..5000).map(|n| ((n + 7) as f32 * 0.1).sin()).collect();
        assert_eq!(mfcc.compute(&samples(stereo.column(1))).unwrap(), mfcc.compute(&right).unwrap());
        let none = Array1::<f32>::zeros(0);
        assert_eq!(mfcc.compute(&samples(none.view())), Err(Error::EmptyInput));
    }
}
