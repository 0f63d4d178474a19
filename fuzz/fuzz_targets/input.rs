//! What the fuzz targets share: parts of an input, and what must hold of every answer.

use arbitrary::Arbitrary;
use soundalike_features::{Error, MAX_SAMPLE, Matrix, PadMode, Precision, Scratch, StftConfig, Window};

/// Most values of a result, so that a run takes milliseconds.
pub const MOST_VALUES: usize = 200_000;

/// Mostly small, now and then absurd.
#[derive(Arbitrary, Debug, Clone, Copy)]
pub enum Size {
    Tiny(u8),
    Small(u16),
    Common(u8),
    Any(usize),
}

impl Size {
    pub fn get(self) -> usize {
        match self {
            Self::Tiny(n) => n.into(),
            Self::Small(n) => usize::from(n) % 5000,
            Self::Common(n) => 1 << (n % 14),
            Self::Any(n) => n,
        }
    }
}

#[derive(Arbitrary, Debug)]
pub struct Transform {
    n_fft: Size,
    hop_length: Size,
    win_length: Option<Size>,
    window: u8,
    periodic: bool,
    single: bool,
    center: bool,
    pad_mode: u8,
}

impl Transform {
    pub fn config(&self) -> StftConfig {
        let windows = [
            Window::Hann,
            Window::Hamming,
            Window::Blackman,
            Window::Rectangular,
            Window::Povey,
            Window::Kaiser { beta: f64::from(self.window) },
        ];
        let pad_modes = [PadMode::Zeros, PadMode::Reflect, PadMode::Edge];
        StftConfig::default()
            .with_n_fft(self.n_fft.get())
            .with_hop_length(self.hop_length.get())
            .with_win_length(self.win_length.map(Size::get))
            .with_window(windows[usize::from(self.window) % windows.len()])
            .with_periodic(self.periodic)
            .with_precision(if self.single { Precision::Single } else { Precision::Double })
            .with_center(self.center)
            .with_pad_mode(pad_modes[usize::from(self.pad_mode) % pad_modes.len()])
    }
}

/// A plausible number, or any at all.
#[derive(Arbitrary, Debug, Clone, Copy)]
pub enum Number {
    Plausible(u16),
    Any(f64),
}

impl Number {
    pub fn get(self) -> f64 {
        match self {
            Self::Plausible(n) => f64::from(n) / 4.0,
            Self::Any(n) => n,
        }
    }
}

#[derive(Arbitrary, Debug)]
pub enum Samples {
    /// Any bit patterns, NaN among them.
    Any(Vec<f32>),
    /// Finite ones of a level.
    Bytes(Vec<i8>, f32),
    /// Few bytes, many samples.
    Repeated(Vec<i8>, u16),
}

impl Samples {
    pub fn get(self) -> Vec<f32> {
        match self {
            Self::Any(samples) => samples,
            Self::Bytes(samples, level) => samples.iter().map(|v| f32::from(*v) * level).collect(),
            Self::Repeated(samples, times) => {
                let len = samples.len() * usize::from(times);
                samples.iter().map(|v| f32::from(*v) / 128.0).cycle().take(len.min(8000)).collect()
            }
        }
    }
}

/// The shape is as promised, and every value a finite number.
#[track_caller]
pub fn whole(matrix: &Matrix, rows: usize, cols: usize) {
    assert_eq!((matrix.rows(), matrix.cols()), (rows, cols));
    assert_eq!(matrix.as_slice().len(), rows * cols);
    assert!(matrix.as_slice().iter().all(|v| v.is_finite()), "not finite");
}

#[track_caller]
pub fn same(a: &Matrix, b: &Matrix) {
    assert_eq!((a.rows(), a.cols()), (b.rows(), b.cols()));
    assert!(a.as_slice().iter().zip(b.as_slice()).all(|(a, b)| a.to_bits() == b.to_bits()), "not the same");
}

/// What a plan answers: an error of the samples, or `rows` rows and as many columns as it said, in both its forms.
#[track_caller]
pub fn plan(
    samples: &[f32],
    rows: usize,
    frames: Result<usize, Error>,
    compute: impl Fn(&[f32]) -> Result<Matrix, Error>,
    compute_into: impl Fn(&[f32], &mut Matrix, &mut Scratch) -> Result<(), Error>,
) -> Option<Matrix> {
    if frames.as_ref().is_ok_and(|frames| frames.saturating_mul(rows) > MOST_VALUES) {
        return None;
    }
    let (mut out, mut scratch) = (Matrix::default(), Scratch::new());
    let result = compute(samples);
    let into = compute_into(samples, &mut out, &mut scratch);
    match result {
        Ok(matrix) => {
            assert_eq!(into, Ok(()));
            assert!(usable(samples), "unusable samples were accepted");
            whole(&matrix, rows, frames.expect("a result without frames"));
            same(&matrix, &out);
            assert_eq!(compute_into(samples, &mut out, &mut scratch), Ok(()));
            same(&matrix, &out);
            Some(matrix)
        }
        Err(error) => {
            assert_eq!(into, Err(error.clone()));
            match frames {
                Ok(_) => assert!(!usable(samples), "{error} of usable samples"),
                Err(expected) => assert_eq!(error, expected),
            }
            None
        }
    }
}

pub fn usable(samples: &[f32]) -> bool {
    !samples.is_empty() && samples.iter().all(|v| v.abs() <= MAX_SAMPLE)
}

impl Default for Samples {
    fn default() -> Self {
        Self::Any(Vec::new())
    }
}
