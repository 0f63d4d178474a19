//! Features that are computed from one spectrum at a time. Whatever is one can share a transform with others, be
//! computed from a spectrogram that is there already, or from a stream.

use crate::lanes::{LANES, Lane};
use crate::simd::{self, Vectorized};
use crate::{Error, Matrix};

/// Which spectrum a feature is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spectrum {
    /// `re^2 + im^2`.
    Power,
    /// `sqrt(re^2 + im^2)`.
    Magnitude,
}

/// What is wanted of a transform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Wanted {
    pub(crate) power: bool,
    pub(crate) magnitude: bool,
    pub(crate) complex: bool,
}

impl Wanted {
    pub(crate) const COMPLEX: Self = Self { power: false, magnitude: false, complex: true };

    pub(crate) fn want(&mut self, spectrum: Spectrum) {
        match spectrum {
            Spectrum::Power => self.power = true,
            Spectrum::Magnitude => self.magnitude = true,
        }
    }
}

impl From<Spectrum> for Wanted {
    fn from(spectrum: Spectrum) -> Self {
        let mut wanted = Self::default();
        wanted.want(spectrum);
        wanted
    }
}

/// The spectra of a block of frames, each `[bin][lane]`; what is not wanted is empty.
#[derive(Debug, Default)]
pub(crate) struct Spectra {
    pub(crate) power: Vec<Lane>,
    pub(crate) magnitude: Vec<Lane>,
    pub(crate) re: Vec<Lane>,
    pub(crate) im: Vec<Lane>,
}

impl Spectra {
    pub(crate) fn of(&self, spectrum: Spectrum) -> &[Lane] {
        match spectrum {
            Spectrum::Power => &self.power,
            Spectrum::Magnitude => &self.magnitude,
        }
    }

    pub(crate) fn all_mut(&mut self) -> [&mut Vec<Lane>; 4] {
        [&mut self.power, &mut self.magnitude, &mut self.re, &mut self.im]
    }

    /// Gives each spectrum `bins` bins, or none. Memory is kept.
    pub(crate) fn resize(&mut self, wanted: Wanted, bins: usize) {
        let wanted = [wanted.power, wanted.magnitude, wanted.complex, wanted.complex];
        for (lanes, wanted) in self.all_mut().into_iter().zip(wanted) {
            lanes.resize(if wanted { bins } else { 0 }, Lane::default());
        }
    }
}

/// A feature of single spectra, over `LANES` frames at once.
pub(crate) trait SpectrumFeature {
    /// Which spectrum `block` takes.
    fn input(&self) -> Spectrum;

    /// Number of bins that `block` takes, `1 + n_fft / 2`.
    fn bins(&self) -> usize;

    /// Number of rows that `block` fills.
    fn rows(&self) -> usize;

    /// Computes `rows` of a block of frames from their spectra, `[bin][lane]`. Lanes that hold no frame are zero.
    /// `memory` is of use inside the call alone; it may be grown, but not at every call.
    ///
    /// It is compiled for each level of vector instructions if it, and all that is hot in it, is `#[inline(always)]`.
    fn block(&self, bins: &[Lane], rows: &mut [Lane], memory: &mut Vec<Lane>);

    /// [`Self::block`] with the best instructions there are.
    fn apply(&self, bins: &[Lane], rows: &mut [Lane], memory: &mut Vec<Lane>) {
        simd::run(Block { feature: self, bins, rows, memory });
    }
}

struct Block<'a, F: ?Sized> {
    feature: &'a F,
    bins: &'a [Lane],
    rows: &'a mut [Lane],
    memory: &'a mut Vec<Lane>,
}

impl<F: SpectrumFeature + ?Sized> Vectorized for Block<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.feature.block(self.bins, self.rows, self.memory);
    }
}

/// Runs `feature` over a spectrogram that is there already, `[bin x frame]`.
pub(crate) fn run_on_spectrogram(
    feature: &dyn SpectrumFeature,
    spectrogram: &Matrix,
) -> Result<Matrix, Error> {
    let (expected, got) = (feature.bins(), spectrogram.rows());
    if spectrogram.is_empty() {
        return Err(Error::EmptyInput);
    }
    if got != expected {
        return Err(Error::LengthMismatch { what: "a spectrogram (rows)", expected, got });
    }
    crate::check::finite(spectrogram.as_slice())?;
    let mut out = Matrix::default();
    run_into(feature, spectrogram, &mut out, &mut Default::default())?;
    Ok(out)
}

/// [`run_on_spectrogram`], of one that has been checked, into `out`; `lanes` is memory.
pub(crate) fn run_into(
    feature: &dyn SpectrumFeature,
    spectrogram: &Matrix,
    out: &mut Matrix,
    lanes: &mut [Vec<Lane>; 3],
) -> Result<(), Error> {
    let frames = spectrogram.cols();
    out.reshape(feature.rows(), frames)?;
    let [bins, rows, memory] = lanes;
    bins.resize(feature.bins(), Lane::default());
    rows.resize(feature.rows(), Lane::default());
    for first in (0..frames).step_by(LANES) {
        let count = LANES.min(frames - first);
        for (lane, row) in bins.iter_mut().zip(spectrogram.iter_rows()) {
            *lane = Lane::default();
            for (to, from) in lane.iter_mut().zip(row.iter().skip(first).take(count)) {
                *to = *from;
            }
        }
        feature.apply(bins, rows, memory);
        out.put_columns(first, count, rows);
    }
    Ok(())
}
