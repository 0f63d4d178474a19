use std::fmt;

use crate::Matrix;
use crate::double::DoubleScratch;
use crate::extractor::ExtractorScratch;
use crate::frontend::KaldiScratch;
use crate::istft::InverseScratch;
use crate::lanes::Lane;
use crate::rhythm::TempogramScratch;
use crate::spectral::ChromaScratch;
use crate::transform::TransformScratch;

/// Working memory for the `_into` forms: make one for each thread and pass it to every call.
///
/// It grows to what the calls need and keeps it, so that calls of the same configuration allocate nothing from
/// the second on. One scratch may serve plans of any kind and configuration in turn.
#[derive(Default)]
pub struct Scratch {
    pub(crate) transform: TransformScratch,
    pub(crate) inverse: InverseScratch,
    /// The `f64` forms.
    pub(crate) double: DoubleScratch,
    /// One block of bands, `[band][lane]`.
    pub(crate) bands: Vec<Lane>,
    /// All blocks of bands, `[block][band][lane]`.
    pub(crate) blocks: Vec<Lane>,
    /// The halves of a cosine transform's input.
    pub(crate) fold: Vec<Lane>,
    /// Whatever a [`SpectrumFeature`](crate::spectrum::SpectrumFeature) needs.
    pub(crate) feature: Vec<Lane>,
    /// A front end's samples, padded.
    pub(crate) samples: Vec<f32>,
    /// Kaldi's frames.
    pub(crate) kaldi: KaldiScratch,
    /// One block of coefficients.
    pub(crate) coefficients: Vec<Lane>,
    /// The result of a step before the last, `[row x frame]`.
    pub(crate) matrix: Matrix,
    /// What a row holds before the last step.
    pub(crate) row: Matrix,
    /// Sums over pieces of a signal.
    pub(crate) sums: Vec<f64>,
    /// A padded frame of a signal.
    pub(crate) frame: Vec<f32>,
    pub(crate) chroma: ChromaScratch,
    pub(crate) tempogram: TempogramScratch,
    /// What an [`Extractor`](crate::Extractor) needs beside the spectra.
    pub(crate) extractor: ExtractorScratch,
}

impl Scratch {
    /// An empty scratch; it holds no memory before its first use.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").finish_non_exhaustive()
    }
}
