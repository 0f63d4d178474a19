use std::sync::OnceLock;

use crate::check::{self, MAX_N_FFT};
use crate::lanes::Lane;
use crate::spectrum::{Spectra, Spectrum, SpectrumFeature, Wanted};
use crate::transform::Transform;
use crate::{Error, Istft, Matrix, PadMode, Scratch, Window};

/// The arithmetic inside a transform whose samples and results are `f32`.
///
/// The forms with `f64` in their names ([`Stft::stft_f64`] and the like) take and give `f64` and compute in it
/// throughout, whatever this says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Precision {
    /// Window and transform in `f64`, as in librosa: every bin is right to `f32` rounding, however weak it is.
    #[default]
    Double,
    /// Window and transform in `f32` where there is a kernel for the length (512, 1024, 2048 and 4096, on processors
    /// with AVX2), which takes little more than half the time. Errors are some 1e-8 of the loudest bin of the
    /// frame, so that bins 80 dB under it are off by up to 1e-3 dB.
    Single,
}

/// How a signal is cut into frames and transformed; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct StftConfig {
    /// Length of the transform in samples; any length from 1 to 2^22, even or odd. Default 2048.
    pub n_fft: usize,
    /// Samples from one frame to the next. Default 512.
    pub hop_length: usize,
    /// Length of the window, at most `n_fft`; a shorter window lies in the middle of the frame, between zeros.
    /// Default `None`: `n_fft`.
    pub win_length: Option<usize>,
    /// Shape of the window. Default Hann.
    pub window: Window,
    /// Whether the window is the periodic one of its shape or the symmetric one; scipy's `fftbins`, torch's
    /// `periodic`. Default true.
    pub periodic: bool,
    /// Whether frame `t` is centred on sample `t * hop_length` (the signal is then padded by `n_fft / 2` at
    /// both ends) or starts there. Default true.
    pub center: bool,
    /// What the padding holds, if `center` is set. Default zeros.
    pub pad_mode: PadMode,
    /// The arithmetic inside. Default double.
    pub precision: Precision,
}

impl Default for StftConfig {
    fn default() -> Self {
        Self {
            n_fft: 2048,
            hop_length: 512,
            win_length: None,
            window: Window::Hann,
            periodic: true,
            center: true,
            pad_mode: PadMode::Zeros,
            precision: Precision::Double,
        }
    }
}

impl StftConfig {
    /// Sets the length of the transform.
    #[must_use]
    pub fn with_n_fft(mut self, n_fft: usize) -> Self {
        self.n_fft = n_fft;
        self
    }

    /// Sets the samples from one frame to the next.
    #[must_use]
    pub fn with_hop_length(mut self, hop_length: usize) -> Self {
        self.hop_length = hop_length;
        self
    }

    /// Sets the length of the window; `None` is `n_fft`.
    #[must_use]
    pub fn with_win_length(mut self, win_length: impl Into<Option<usize>>) -> Self {
        self.win_length = win_length.into();
        self
    }

    /// Sets the shape of the window.
    #[must_use]
    pub fn with_window(mut self, window: Window) -> Self {
        self.window = window;
        self
    }

    /// Sets whether the window is periodic or symmetric.
    #[must_use]
    pub fn with_periodic(mut self, periodic: bool) -> Self {
        self.periodic = periodic;
        self
    }

    /// Sets whether frames are centred on their time.
    #[must_use]
    pub fn with_center(mut self, center: bool) -> Self {
        self.center = center;
        self
    }

    /// Sets what the padding holds.
    #[must_use]
    pub fn with_pad_mode(mut self, pad_mode: PadMode) -> Self {
        self.pad_mode = pad_mode;
        self
    }

    /// Sets the arithmetic inside.
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        if !(1..=MAX_N_FFT).contains(&self.n_fft) {
            return Err(Error::config("n_fft", self.n_fft as f64, "1 to 4194304"));
        }
        if self.hop_length == 0 {
            return Err(Error::config("hop_length", 0.0, "at least 1"));
        }
        if let Some(win_length) = self.win_length
            && !(1..=self.n_fft).contains(&win_length)
        {
            return Err(Error::config("win_length", win_length as f64, "1 to n_fft"));
        }
        self.window.check()
    }
}

/// Real and imaginary part of a spectrogram, each `[1 + n_fft / 2 x frame]`.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ComplexMatrix<T = f32> {
    /// The real parts.
    pub re: Matrix<T>,
    /// The imaginary parts.
    pub im: Matrix<T>,
}

/// The short-time Fourier transform (`librosa.stft`), planned once and used for any number of signals.
///
/// Frame `t`, bin `k` is `sum_n w[n] x[t * hop_length + n - lead] exp(-2 pi i k n / n_fft)`, where `lead` is
/// `n_fft / 2` (rounded down) with `center`, else 0. Windows are not normalised. There are `1 + n_fft / 2` bins,
/// and with `center` and an even `n_fft` there are `1 + samples / hop_length` frames.
///
/// ```
/// use soundalike_features::{Stft, StftConfig};
///
/// let stft = Stft::new(&StftConfig::default().with_n_fft(512).with_hop_length(128))?;
/// let samples: Vec<f32> = (0..4096).map(|n| (n as f32 * 0.1).sin()).collect();
/// let power = stft.power(&samples)?;
/// assert_eq!((power.rows(), power.cols()), (257, 33));
/// # Ok::<(), soundalike_features::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Stft {
    config: StftConfig,
    pub(crate) transform: Transform,
    /// Planned when it is first used.
    inverse: OnceLock<Istft>,
}

impl Stft {
    /// Checks the configuration and plans the transform.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for `n_fft`, `hop_length`, `win_length` or a window's shape out of range.
    pub fn new(config: &StftConfig) -> Result<Self, Error> {
        config.check()?;
        Ok(Self { config: config.clone(), transform: Transform::new(config), inverse: OnceLock::new() })
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &StftConfig {
        &self.config
    }

    /// Rows of a spectrogram: `1 + n_fft / 2`.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.transform.bins()
    }

    /// Columns of a spectrogram of `n_samples` samples.
    ///
    /// # Errors
    /// [`Error::EmptyInput`] for no samples; [`Error::TooShort`] without `center` for fewer than `n_fft`.
    pub fn frames(&self, n_samples: usize) -> Result<usize, Error> {
        self.transform.frames(n_samples)
    }

    /// The complex spectrogram of `samples`.
    ///
    /// # Errors
    /// As [`Self::frames`], and [`Error::NonFinite`] or [`Error::SampleTooLarge`] for a sample that is not
    /// usable, [`Error::OutOfMemory`] if the result is.
    pub fn stft(&self, samples: &[f32]) -> Result<ComplexMatrix, Error> {
        let mut out = ComplexMatrix::default();
        self.stft_into(samples, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::stft`] into `out`, which gets the result's shape. Allocates nothing once `out` and `scratch` have
    /// grown to what the configuration and the length need.
    ///
    /// # Errors
    /// As [`Self::stft`]; `out` is then unspecified.
    pub fn stft_into(
        &self,
        samples: &[f32],
        out: &mut ComplexMatrix,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let frames = self.accept(samples)?;
        out.re.reshape(self.bins(), frames)?;
        out.im.reshape(self.bins(), frames)?;
        let store = |first: usize, count: usize, spectra: &Spectra| {
            out.re.put_columns(first, count, &spectra.re);
            out.im.put_columns(first, count, &spectra.im);
        };
        self.transform.for_each_block(samples, frames, &mut scratch.transform, Wanted::COMPLEX, store);
        Ok(())
    }

    /// The power spectrogram `re^2 + im^2`, `[1 + n_fft / 2 x frame]`.
    ///
    /// # Errors
    /// As [`Self::stft`].
    pub fn power(&self, samples: &[f32]) -> Result<Matrix, Error> {
        let mut out = Matrix::default();
        self.power_into(samples, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::power`] into `out`, under the terms of [`Self::stft_into`].
    ///
    /// # Errors
    /// As [`Self::stft`]; `out` is then unspecified.
    pub fn power_into(&self, samples: &[f32], out: &mut Matrix, scratch: &mut Scratch) -> Result<(), Error> {
        self.spectrum_into(samples, Spectrum::Power, out, scratch)
    }

    /// The magnitude spectrogram `sqrt(re^2 + im^2)`, `[1 + n_fft / 2 x frame]`.
    ///
    /// # Errors
    /// As [`Self::stft`].
    pub fn magnitude(&self, samples: &[f32]) -> Result<Matrix, Error> {
        let mut out = Matrix::default();
        self.magnitude_into(samples, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::magnitude`] into `out`, under the terms of [`Self::stft_into`].
    ///
    /// # Errors
    /// As [`Self::stft`]; `out` is then unspecified.
    pub fn magnitude_into(
        &self,
        samples: &[f32],
        out: &mut Matrix,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        self.spectrum_into(samples, Spectrum::Magnitude, out, scratch)
    }

    fn spectrum_into(
        &self,
        samples: &[f32],
        spectrum: Spectrum,
        out: &mut Matrix,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let frames = self.accept(samples)?;
        out.reshape(self.bins(), frames)?;
        let store = |first: usize, count: usize, spectra: &Spectra| {
            out.put_columns(first, count, spectra.of(spectrum));
        };
        self.transform.for_each_block(samples, frames, &mut scratch.transform, spectrum.into(), store);
        Ok(())
    }

    /// Runs a feature of single spectra over `samples`: `out` gets its rows, `[feature.rows() x frame]`.
    pub(crate) fn run(
        &self,
        samples: &[f32],
        feature: &dyn SpectrumFeature,
        out: &mut Matrix,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let frames = self.accept(samples)?;
        out.reshape(feature.rows(), frames)?;
        let Scratch { transform, bands, feature: memory, .. } = scratch;
        bands.resize(feature.rows(), Lane::default());
        let emit = |first: usize, count: usize, spectra: &Spectra| {
            feature.apply(spectra.of(feature.input()), bands, memory);
            out.put_columns(first, count, bands);
        };
        self.transform.for_each_block(samples, frames, transform, feature.input().into(), emit);
        Ok(())
    }

    /// The inverse transform.
    pub(crate) fn inverse(&self) -> &Istft {
        self.inverse.get_or_init(|| Istft::plan(&self.config))
    }

    /// Samples of padding at either end.
    pub(crate) fn padding(&self) -> usize {
        if self.config.center { self.config.n_fft / 2 } else { 0 }
    }

    /// Checks the samples and returns the number of frames they make.
    pub(crate) fn accept(&self, samples: &[f32]) -> Result<usize, Error> {
        let frames = self.frames(samples.len())?;
        check::samples(samples)?;
        Ok(frames)
    }
}
