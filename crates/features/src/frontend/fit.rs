//! Samples made to fit: what the references do to a signal before and after it is cut into frames.

use std::ops::Range;

use crate::{Error, Matrix};

/// Zeros at the end of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// None; a signal must have this many samples.
    Whole { least: usize },
    /// As many as make the length `least`, and one more `step` for each that the signal is longer than `from`,
    /// begun ones included.
    Padded { least: usize, from: usize, step: usize },
}

impl Tail {
    /// A signal's length with its tail.
    pub(super) fn padded_len(self, len: usize) -> Result<usize, Error> {
        match self {
            Self::Whole { least } if len < least => Err(Error::TooShort { expected: least, got: len }),
            Self::Whole { .. } => Ok(len),
            Self::Padded { least, from, step } => Ok(least + len.saturating_sub(from).div_ceil(step) * step),
        }
    }
}

/// What is done to a signal before it is cut into frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fit {
    /// Whether samples take the way to 16-bit integers and back.
    pub(super) int16: bool,
    pub(super) tail: Tail,
    /// Zeros at either end, after that: half of what the transform is longer than the window. A frame then starts
    /// where its window does, as in the references, which put the window at the start of the transform. (Where the
    /// zeros of a transform lie changes its phase alone.)
    pub(super) margin: usize,
}

impl Fit {
    pub(super) const NONE: Self = Self { int16: false, tail: Tail::Whole { least: 1 }, margin: 0 };

    /// The length of what [`Self::apply`] makes.
    pub(super) fn len(&self, n_samples: usize) -> Result<usize, Error> {
        if n_samples == 0 {
            return Err(Error::EmptyInput);
        }
        Ok(self.tail.padded_len(n_samples)? + 2 * self.margin)
    }

    /// The signal to cut into frames, in `memory` unless nothing needs to be done.
    pub(super) fn apply<'a>(&self, samples: &'a [f32], memory: &'a mut Vec<f32>) -> Result<&'a [f32], Error> {
        let len = self.len(samples.len())?;
        if len == samples.len() && !self.int16 {
            return Ok(samples);
        }
        memory.clear();
        memory.try_reserve(len).map_err(|_| Error::OutOfMemory { rows: 1, cols: len })?;
        memory.resize(self.margin, 0.0);
        if self.int16 {
            memory.extend(samples.iter().map(|sample| through_int16(*sample)));
        } else {
            memory.extend_from_slice(samples);
        }
        memory.resize(len, 0.0);
        Ok(memory)
    }
}

/// To a 16-bit integer, cut off towards zero, and back.
fn through_int16(sample: f32) -> f32 {
    f32::from((sample.clamp(-1.0, 1.0) * 32767.0) as i16) / 32767.0
}

/// How a clip becomes patches, the items that a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patching {
    /// The whole clip is the one item.
    Whole,
    /// Pieces of the clip's frames; a rest that fills no patch is left out.
    Frames { length: usize, hop: usize },
    /// Windows of the samples, each computed by itself, with `front` zeros before the clip and as many behind as
    /// the last window wants.
    Windows { length: usize, hop: usize, front: usize },
    /// Windows of the samples, one after the other, each computed by itself; the last ends where the clip ends. A
    /// clip that is shorter is repeated as often as it fits wholly, then filled up with zeros.
    Repeated { length: usize },
}

/// Columns `range` of `matrix`.
pub(super) fn columns(matrix: &Matrix, range: Range<usize>) -> Result<Matrix, Error> {
    let mut out = Matrix::default();
    out.reshape(matrix.rows(), range.len())?;
    for (to, from) in out.as_mut_slice().chunks_exact_mut(range.len().max(1)).zip(matrix.iter_rows()) {
        if let Some(from) = from.get(range.clone()) {
            to.copy_from_slice(from);
        }
    }
    Ok(out)
}

/// `length` samples of the clip from `start - front` on, with zeros beyond its ends.
pub(super) fn window(samples: &[f32], start: usize, front: usize, window: &mut [f32]) {
    window.fill(0.0);
    let zeros = front.saturating_sub(start);
    let first = start.saturating_sub(front);
    let to = window.iter_mut().skip(zeros);
    for (to, from) in to.zip(samples.iter().skip(first)) {
        *to = *from;
    }
}

/// A clip that is at most `length` long, repeated as often as it fits wholly, then zeros.
pub(super) fn repeated(samples: &[f32], length: usize) -> Vec<f32> {
    let mut out = samples.repeat(length / samples.len().max(1));
    out.resize(length, 0.0);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails() {
        let padded = |tail: Tail, lens: &[usize]| -> Vec<usize> {
            lens.iter().map(|len| tail.padded_len(*len).unwrap()).collect()
        };
        let yamnet = Tail::Padded { least: 15_600, from: 15_600, step: 7_680 };
        assert_eq!(
            padded(yamnet, &[1, 15_600, 15_601, 23_280, 23_281]),
            [15_600, 15_600, 23_280, 23_280, 30_960]
        );
        // 199 frames of 2048 samples, one every 242.
        let kapre = Tail::Padded { least: 2048, from: 242, step: 242 };
        assert_eq!(padded(kapre, &[1, 242, 243, 48_000]), [2048, 2048, 2290, 198 * 242 + 2048]);
        let whole = Tail::Whole { least: 400 };
        assert_eq!(padded(whole, &[400, 401]), [400, 401]);
        assert_eq!(whole.padded_len(399), Err(Error::TooShort { expected: 400, got: 399 }));
    }

    #[test]
    fn margins_and_integers() {
        let fit = Fit { margin: 2, tail: Tail::Padded { least: 4, from: 4, step: 3 }, ..Fit::NONE };
        let mut memory = vec![9.0; 100];
        assert_eq!(fit.apply(&[1.0; 3], &mut memory).unwrap(), [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!(fit.len(5), Ok(11));
        assert_eq!(fit.len(0), Err(Error::EmptyInput));
        let int16 = Fit { int16: true, ..Fit::NONE };
        let samples = [2.0, -2.0, 0.5, -0.5, 3e-5, -3e-5, 3.1e-5];
        let step = 1.0 / 32767.0;
        let want = [1.0, -1.0, 16383.0 / 32767.0, -16383.0 / 32767.0, 0.0, 0.0, step];
        assert_eq!(int16.apply(&samples, &mut memory).unwrap(), want);
        let x = [1.0, 2.0];
        assert_eq!(Fit::NONE.apply(&x, &mut memory).unwrap().as_ptr(), x.as_ptr());
    }

    #[test]
    fn pieces() {
        let matrix = Matrix::new((0..6).map(|v| v as f32).collect(), 2, 3).unwrap();
        assert_eq!(columns(&matrix, 1..3).unwrap(), Matrix::new(vec![1.0, 2.0, 4.0, 5.0], 2, 2).unwrap());
        let mut piece = [9.0; 4];
        window(&[1.0, 2.0, 3.0], 0, 2, &mut piece);
        assert_eq!(piece, [0.0, 0.0, 1.0, 2.0]);
        window(&[1.0, 2.0, 3.0], 3, 2, &mut piece);
        assert_eq!(piece, [2.0, 3.0, 0.0, 0.0]);
        assert_eq!(repeated(&[1.0, 2.0], 5), [1.0, 2.0, 1.0, 2.0, 0.0]);
        assert_eq!(repeated(&[1.0, 2.0], 2), [1.0, 2.0]);
    }
}
