//! Spectra to samples: the inverse of two frames in each complex transform, in double precision.

use std::fmt;
use std::sync::Arc;

use rustfft::num_complex::Complex64;
use rustfft::{Fft, FftPlanner};

use crate::lanes::LANES;
use crate::overlap::{Overlap, Sink, Value, Window};
use crate::{ComplexMatrix, Error, Matrix, Scratch, Stft, StftConfig};

/// Pairs of frames in a block.
const PAIRS: usize = LANES / 2;

/// Bins that are brought from rows to frames at a time, so that they stay in the nearest cache.
const TILE: usize = 64;

/// The inverse of the short-time Fourier transform (`librosa.istft`), planned once and used for any number of
/// spectrograms. [`Stft::istft`] is the same for a transform that is there already.
///
/// Each spectrum is transformed back, multiplied by the window and added to the frames that overlap with it; the
/// result is divided by the sum of the squared windows over each sample. So a spectrogram of [`Stft::stft`] gives
/// its samples back, wherever a window is not zero, and any other spectrogram gives the signal whose own is nearest
/// to it (Griffin and Lim). With `center`, the padding is cut off again. The configuration's `pad_mode` has no
/// influence.
#[derive(Clone)]
pub struct Istft {
    config: StftConfig,
    fft: Arc<dyn Fft<f64>>,
    window: Window,
}

/// Memory for one block of frames.
#[derive(Default)]
pub(crate) struct InverseScratch<T = f32> {
    /// One tile of bins, real and imaginary parts: `[bin][lane]`.
    tile: [Vec<[T; LANES]>; 2],
    /// Each pair of frames as one complex spectrum, then signal.
    pairs: Vec<Complex64>,
    fft: Vec<Complex64>,
    overlap: Overlap,
}

impl fmt::Debug for Istft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Istft").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Istft {
    /// Checks the configuration and plans the transform.
    ///
    /// # Errors
    /// As [`Stft::new`].
    pub fn new(config: &StftConfig) -> Result<Self, Error> {
        config.check()?;
        Ok(Self::plan(config))
    }

    /// Plans for a configuration that has been checked.
    pub(crate) fn plan(config: &StftConfig) -> Self {
        let fft = FftPlanner::new().plan_fft_inverse(config.n_fft);
        Self { config: config.clone(), fft, window: Window::new(config) }
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &StftConfig {
        &self.config
    }

    /// The samples of a spectrogram, `[1 + n_fft / 2 x frame]`.
    ///
    /// There are `length` samples (behind the last frame: zeros), or without a `length` as many as the frames cover:
    /// `n_fft + hop_length * (frames - 1)`, less the padding of `n_fft / 2` (rounded down) at either end with
    /// `center`. Samples under no window are zero. A sample beyond single precision is infinite.
    ///
    /// # Errors
    /// [`Error::EmptyInput`] for no frames, [`Error::LengthMismatch`] unless there is a row for each bin and the
    /// imaginary part has the shape of the real part, [`Error::NonFinite`] (by the index into either part),
    /// [`Error::OutOfMemory`] if the result does not fit.
    pub fn compute(&self, spectrogram: &ComplexMatrix, length: Option<usize>) -> Result<Vec<f32>, Error> {
        let mut out = Vec::new();
        self.compute_into(spectrogram, length, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::compute`] into `out`, which gets the result's length. Allocates nothing once `out` and `scratch`
    /// have grown to what the configuration and the length need.
    ///
    /// # Errors
    /// As [`Self::compute`]; `out` is then unspecified.
    pub fn compute_into(
        &self,
        spectrogram: &ComplexMatrix,
        length: Option<usize>,
        out: &mut Vec<f32>,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        self.run(spectrogram, length, out, &mut scratch.inverse)
    }

    pub(crate) fn run<T: Value>(
        &self,
        spectrogram: &ComplexMatrix<T>,
        length: Option<usize>,
        out: &mut Vec<T>,
        scratch: &mut InverseScratch<T>,
    ) -> Result<(), Error> {
        let ComplexMatrix { re, im } = spectrogram;
        self.accept(re, im)?;
        let (n_fft, hop) = (self.config.n_fft, self.config.hop_length);
        let lead = if self.config.center { n_fft / 2 } else { 0 };
        let refused = |cols| Error::OutOfMemory { rows: 1, cols };
        let len = match length {
            Some(length) => length,
            None => {
                let covered = hop.checked_mul(re.cols() - 1).and_then(|hops| hops.checked_add(n_fft));
                covered.ok_or(refused(usize::MAX))? - 2 * lead
            }
        };
        if let Some(more) = len.checked_sub(out.len()) {
            out.try_reserve_exact(more).map_err(|_| refused(len))?;
        }
        out.clear();
        out.resize(len, T::default());
        // Frames that start behind the last sample are of no use.
        let frames = re.cols().min(lead.saturating_add(len).div_ceil(hop));

        let InverseScratch { tile, pairs, fft, overlap } = scratch;
        // Large transforms fill the cache on their own.
        let block = 2 * ((1 << 17) / n_fft).clamp(1, PAIRS);
        pairs.resize(block / 2 * n_fft, Complex64::ZERO);
        fft.resize(self.fft.get_inplace_scratch_len(), Complex64::ZERO);
        overlap.start(&self.window, block, frames);
        let mut sink = Sink { window: &self.window, frames, lead, out };
        for first in (0..frames).step_by(block) {
            let count = block.min(frames - first);
            self.gather(re, im, first, count, tile, pairs);
            let mut signals = pairs.chunks_exact_mut(n_fft);
            for pair in (0..count).step_by(2) {
                let Some(signal) = signals.next() else { break };
                self.fft.process_with_scratch(signal, fft);
                overlap.add(&self.window, signal, |z| z.re);
                if pair + 1 < count {
                    overlap.add(&self.window, signal, |z| z.im);
                }
            }
            overlap.emit(&mut sink);
        }
        overlap.finish(&mut sink);
        Ok(())
    }

    fn accept<T: Value>(&self, re: &Matrix<T>, im: &Matrix<T>) -> Result<(), Error> {
        let bins = self.config.n_fft / 2 + 1;
        if re.is_empty() {
            return Err(Error::EmptyInput);
        }
        for (what, expected, got) in [
            ("a spectrogram (rows)", bins, re.rows()),
            ("the imaginary part (rows)", bins, im.rows()),
            ("the imaginary part (columns)", re.cols(), im.cols()),
        ] {
            if expected != got {
                return Err(Error::LengthMismatch { what, expected, got });
            }
        }
        T::accept(re.as_slice())?;
        T::accept(im.as_slice())
    }

    /// Puts frames `first..first + count` into `pairs`: of frames with the spectra `A` and `B`, the spectrum
    /// `A + i B`, whose inverse has the one as its real and the other as its imaginary part.
    fn gather<T: Value>(
        &self,
        re: &Matrix<T>,
        im: &Matrix<T>,
        first: usize,
        count: usize,
        tile: &mut [Vec<[T; LANES]>; 2],
        pairs: &mut [Complex64],
    ) {
        let n_fft = self.config.n_fft;
        let bins = n_fft / 2 + 1;
        let [re_tile, im_tile] = tile;
        for start in (0..bins).step_by(TILE) {
            let size = TILE.min(bins - start);
            for (tile, matrix) in [(&mut *re_tile, re), (&mut *im_tile, im)] {
                tile.resize(size, [T::default(); LANES]);
                for (lane, row) in tile.iter_mut().zip(matrix.iter_rows().skip(start)) {
                    let row = row.get(first..).unwrap_or_default();
                    if let Some(whole) = row.first_chunk() {
                        *lane = *whole;
                    } else {
                        // The partner of the last frame, if it has none, is silence.
                        *lane = [T::default(); LANES];
                        for (to, from) in lane.iter_mut().zip(row) {
                            *to = *from;
                        }
                    }
                }
            }
            // The constant bin and, if `n_fft` is even, the highest one have no partner and no imaginary part.
            let alone = usize::from(start == 0);
            let mirrored = size - usize::from(start + size == bins && n_fft.is_multiple_of(2));
            for (pair, z) in pairs.chunks_exact_mut(n_fft).enumerate().take(count.div_ceil(2)) {
                let lanes = |lane: &[T; LANES]| {
                    let [a, b] = lane.as_chunks().0.get(pair).copied().unwrap_or_default();
                    (a.into(), b.into())
                };
                let (front, back) = z.split_at_mut(bins);
                let front = front.get_mut(start..).unwrap_or_default();
                for k in (0..alone).chain(mirrored.max(alone)..size) {
                    if let (Some(z), Some(re)) = (front.get_mut(k), re_tile.get(k)) {
                        let (a, b) = lanes(re);
                        *z = Complex64::new(a, b);
                    }
                }
                // Bin k lies also at n_fft - k, conjugated: `back` starts at the bin after the last.
                let last = n_fft - bins - (start + alone - 1).min(n_fft - bins);
                let partners = back.get_mut(..last).unwrap_or_default().iter_mut().rev();
                let whole = alone..mirrored.max(alone);
                let front = front.get_mut(whole.clone()).unwrap_or_default().iter_mut();
                let re = re_tile.get(whole.clone()).unwrap_or_default();
                let im = im_tile.get(whole).unwrap_or_default();
                for ((z, partner), (re, im)) in front.zip(partners).zip(re.iter().zip(im)) {
                    let ((a, b), (c, d)) = (lanes(re), lanes(im));
                    *z = Complex64::new(a - d, b + c);
                    *partner = Complex64::new(a + d, b - c);
                }
            }
        }
    }
}

impl Stft {
    /// The samples of a complex spectrogram (`librosa.istft`), as [`Istft::compute`] gives them.
    ///
    /// ```
    /// use soundalike_features::{Stft, StftConfig};
    ///
    /// let stft = Stft::new(&StftConfig::default())?;
    /// let samples: Vec<f32> = (0..10_000).map(|n| (n as f32 * 0.1).sin()).collect();
    /// let back = stft.istft(&stft.stft(&samples)?, Some(samples.len()))?;
    /// assert!(samples.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-6));
    /// # Ok::<(), soundalike_features::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Istft::compute`].
    pub fn istft(&self, spectrogram: &ComplexMatrix, length: Option<usize>) -> Result<Vec<f32>, Error> {
        self.inverse().compute(spectrogram, length)
    }

    /// [`Self::istft`] into `out`, under the terms of [`Istft::compute_into`].
    ///
    /// # Errors
    /// As [`Istft::compute`]; `out` is then unspecified.
    pub fn istft_into(
        &self,
        spectrogram: &ComplexMatrix,
        length: Option<usize>,
        out: &mut Vec<f32>,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        self.inverse().compute_into(spectrogram, length, out, scratch)
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use proptest::prelude::*;

    use super::*;
    use crate::Window as Shape;

    /// The definition: every frame by its sums, added up and divided.
    fn naive(spectrogram: &ComplexMatrix, length: Option<usize>, config: &StftConfig) -> Vec<f64> {
        let (n, hop, frames) = (config.n_fft, config.hop_length, spectrogram.re.cols());
        let win_length = config.win_length.unwrap_or(n);
        let mut window = vec![0.0; n];
        for (i, w) in config.window.values_f64(win_length, config.periodic).enumerate() {
            window[(n - win_length) / 2 + i] = if w < 1e-15 { 0.0 } else { w };
        }
        let mut sums = vec![(0.0, 0.0); n + hop * (frames - 1)];
        for t in 0..frames {
            for i in 0..n {
                let mut value = 0.0;
                for k in 0..n {
                    let (bin, sign) = if k <= n / 2 { (k, 1.0) } else { (n - k, -1.0) };
                    let angle = 2.0 * PI * ((k * i) % n) as f64 / n as f64;
                    let re = f64::from(spectrogram.re.get(bin, t).unwrap());
                    let im = sign * f64::from(spectrogram.im.get(bin, t).unwrap());
                    value += re * angle.cos();
                    if k > 0 && 2 * k != n {
                        value -= im * angle.sin();
                    }
                }
                let (sum, squares) = &mut sums[t * hop + i];
                *sum += value / n as f64 * window[i];
                *squares += window[i] * window[i];
            }
        }
        let lead = if config.center { n / 2 } else { 0 };
        let length = length.unwrap_or(sums.len() - 2 * lead);
        let divided = sums.iter().map(|(sum, squares)| if *squares > 1.2e-38 { sum / squares } else { *sum });
        divided.skip(lead).chain(std::iter::repeat(0.0)).take(length).collect()
    }

    fn config(n_fft: usize, hop: usize, win_length: usize, shape: usize, center: bool) -> StftConfig {
        let shapes = [Shape::Hann, Shape::Hamming, Shape::Blackman, Shape::Rectangular];
        StftConfig::default()
            .with_n_fft(n_fft)
            .with_hop_length(hop)
            .with_win_length(win_length)
            .with_window(shapes[shape])
            .with_center(center)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn as_defined(
            n_fft in prop_oneof![1usize..24, 120usize..140],
            hop in 1usize..40,
            win in any::<prop::sample::Index>(),
            shape in 0usize..4,
            center: bool,
            frames in 1usize..40,
            length in prop::option::of(0usize..500),
            seed in 1usize..99,
        ) {
            let config = config(n_fft, hop, 1 + win.index(n_fft), shape, center);
            let part = |from: usize| {
                let value = |i: usize| ((i * seed + from) as f32).sin();
                Matrix::new((0..(n_fft / 2 + 1) * frames).map(value).collect(), n_fft / 2 + 1, frames).unwrap()
            };
            let spectrogram = ComplexMatrix { re: part(0), im: part(7) };
            let istft = Istft::new(&config).unwrap();
            let got = istft.compute(&spectrogram, length).unwrap();
            let want = naive(&spectrogram, length, &config);
            prop_assert_eq!(got.len(), want.len());
            for (i, (got, want)) in got.iter().zip(want).enumerate() {
                let error = (f64::from(*got) - want).abs();
                prop_assert!(error <= 1e-6 * want.abs().max(1.0), "{}: {} instead of {}", i, got, want);
            }
            let mut out = vec![f32::NAN; 77];
            istft.compute_into(&spectrogram, length, &mut out, &mut Scratch::new()).unwrap();
            prop_assert_eq!(out, got);
        }
    }

    #[test]
    fn samples_come_back() {
        let samples: Vec<f32> =
            (0..10_001).map(|n| (n as f32 * 0.05).sin() + 0.5 * (n as f32 * 1.3).cos()).collect();
        for (n_fft, hop, win_length) in [
            (2048, 512, 2048),
            (512, 128, 512),
            (1023, 300, 1023),
            (1024, 160, 400),
            (400, 160, 399),
            (64, 1, 64),
            (1, 1, 1),
            (7, 2, 7),
        ] {
            for shape in 0..4 {
                let stft = Stft::new(&config(n_fft, hop, win_length, shape, true)).unwrap();
                let back = stft.istft(&stft.stft(&samples).unwrap(), Some(samples.len())).unwrap();
                let error = samples.iter().zip(&back).fold(0f32, |e, (a, b)| e.max((a - b).abs()));
                assert!(error < 2e-6, "{n_fft} {hop} {win_length} {shape}: {error}");
            }
        }
    }

    #[test]
    fn hand_worked_lengths() {
        let stft = |center| Stft::new(&config(8, 2, 8, 3, center)).unwrap();
        let ones = stft(true).stft(&[1.0; 20]).unwrap();
        assert_eq!(ones.re.cols(), 11);
        assert_eq!(stft(true).istft(&ones, None).unwrap().len(), 20);
        assert_eq!(stft(false).istft(&ones, None).unwrap().len(), 28);
        assert_eq!(stft(true).istft(&ones, Some(0)).unwrap(), []);
        // Behind the last frame there is nothing.
        let longer = stft(true).istft(&ones, Some(26)).unwrap();
        assert!(longer[..20].iter().all(|v| (v - 1.0).abs() < 1e-6), "{longer:?}");
        assert_eq!(longer[24..], [0.0, 0.0]);
        // A single centred frame is all padding.
        let one = stft(true).stft(&[1.0]).unwrap();
        assert_eq!((one.re.cols(), stft(true).istft(&one, None).unwrap().len()), (1, 0));
        assert_eq!(stft(true).istft(&one, Some(1)).unwrap(), [1.0]);
    }

    #[test]
    fn what_is_no_spectrogram() {
        let stft = Stft::new(&config(8, 2, 8, 0, true)).unwrap();
        let zeros = |rows: usize, cols: usize| Matrix::new(vec![0.0; rows * cols], rows, cols).unwrap();
        let of = |re: Matrix, im: Matrix| stft.istft(&ComplexMatrix { re, im }, None).map(|_| ());
        assert_eq!(of(zeros(5, 0), zeros(5, 0)), Err(Error::EmptyInput));
        assert_eq!(of(zeros(0, 0), zeros(5, 3)), Err(Error::EmptyInput));
        for (re, im) in
            [((4, 3), (4, 3)), ((6, 3), (6, 3)), ((5, 3), (4, 3)), ((5, 3), (5, 2)), ((5, 3), (0, 0))]
        {
            let result = of(zeros(re.0, re.1), zeros(im.0, im.1));
            assert!(matches!(result, Err(Error::LengthMismatch { .. })), "{re:?} {im:?}");
        }
        for bad in [f32::NAN, f32::INFINITY] {
            let mut broken = zeros(5, 3);
            broken.as_mut_slice()[7] = bad;
            assert_eq!(of(broken.clone(), zeros(5, 3)), Err(Error::NonFinite { index: 7 }));
            assert_eq!(of(zeros(5, 3), broken), Err(Error::NonFinite { index: 7 }));
        }
        let mut out = Vec::new();
        let huge = Stft::new(&config(8, usize::MAX / 2, 8, 0, true)).unwrap();
        for (frames, length) in [(3, None), (2, None), (2, Some(usize::MAX))] {
            let spectrogram = ComplexMatrix { re: zeros(5, frames), im: zeros(5, frames) };
            let error = huge.istft_into(&spectrogram, length, &mut out, &mut Scratch::new()).unwrap_err();
            assert!(matches!(error, Error::OutOfMemory { .. }));
        }
        let zero = ComplexMatrix { re: zeros(5, 2), im: zeros(5, 2) };
        assert_eq!(huge.istft(&zero, Some(3)).unwrap(), [0.0; 3]);
        // The largest numbers stay numbers, or become infinite.
        let largest = |sign: f32| Matrix::new(vec![f32::MAX * sign; 15], 5, 3).unwrap();
        let loud = stft.istft(&ComplexMatrix { re: largest(1.0), im: largest(-1.0) }, None).unwrap();
        assert!(!loud.iter().any(|v| v.is_nan()));
        assert!(Istft::new(&StftConfig::default().with_hop_length(0)).is_err());
    }
}
