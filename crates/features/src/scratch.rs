use std::fmt;

use crate::lanes::Lane;
use crate::transform::TransformScratch;

/// Working memory for the `_into` forms: make one for each thread and pass it to every call.
///
/// It grows to what the calls need and keeps it, so that calls of the same configuration allocate nothing from
/// the second on. One scratch may serve plans of any kind and configuration in turn.
#[derive(Default)]
pub struct Scratch {
    pub(crate) transform: TransformScratch,
    /// One block of bands, `[band][lane]`.
    pub(crate) bands: Vec<Lane>,
    /// All blocks of bands, `[block][band][lane]`.
    pub(crate) blocks: Vec<Lane>,
    /// The halves of a cosine transform's input.
    pub(crate) fold: Vec<Lane>,
    /// One block of coefficients.
    pub(crate) coefficients: Vec<Lane>,
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
