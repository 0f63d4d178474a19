//! How a feature is computed from the blocks of a file, and how it is drawn.

use soundalike_features::{
    ComplexMatrix, Error, Extractor, ExtractorConfig, Feature as Shared, FrontEnd, Matrix, StftConfig,
};

use super::{Feature, Options};
use crate::cli::Outcome;
use crate::pictures::Style;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Request<'a> {
    /// A feature with options, of audio at this rate.
    Feature(Feature, &'a Options, u32),
    /// A front end by name; its own rate unless one is given; whole, or in the patches that its model takes.
    Preset {
        /// One of [`FrontEnd::NAMES`].
        name: &'a str,
        /// A rate, which `librosa` alone leaves open.
        sample_rate: Option<u32>,
        /// Whether patches are wanted.
        patches: bool,
    },
}

/// What a file became.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// `[coefficient x frame]`.
    Matrix(Matrix),
    /// `[coefficient x frame]`, complex.
    Complex(ComplexMatrix),
    /// Beats a minute, and the onset strength they come from.
    Tempo(f64, Matrix),
    /// `[coefficient x frame]` each.
    Patches(Vec<Matrix>),
    /// `[second x coefficient]`.
    Seconds(Matrix),
}

impl Values {
    /// The shape of the array in a file.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        match self {
            Self::Matrix(matrix) | Self::Seconds(matrix) => vec![matrix.rows(), matrix.cols()],
            Self::Complex(matrix) => vec![matrix.re.rows(), matrix.re.cols()],
            Self::Tempo(..) => vec![1],
            Self::Patches(patches) => {
                let (rows, cols) = patches.first().map_or((0, 0), |patch| (patch.rows(), patch.cols()));
                vec![patches.len(), rows, cols]
            }
        }
    }
}

/// A step from matrix to matrix, or to what is written.
pub(super) type Step<T> = Box<dyn Fn(Matrix) -> Result<T, Error> + Send + Sync>;

/// From all samples to what is written.
pub(super) type Compute = Box<dyn Fn(&[f32]) -> Result<Values, Error> + Send + Sync>;

/// Where values come from.
pub(super) enum Source {
    /// One kind of spectrum, block by block. `each` is done with every block and leaves `rows` rows, `finish` with all of
    /// them side by side.
    Blocks { extractor: Box<Extractor>, each: Step<Matrix>, rows: usize, finish: Step<Values> },
    /// The complex spectrum, block by block.
    Complex(Box<Extractor>),
    /// All samples at once.
    Samples(Compute),
}

/// A feature or a preset that has been checked: how to compute it, and what its picture shows.
pub struct Plan {
    /// The feature, if it is one.
    pub feature: Option<Feature>,
    /// The preset, if it is one.
    pub preset: Option<&'static str>,
    /// Samples a second.
    pub sample_rate: u32,
    /// Seconds from one frame to the next.
    pub frame_seconds: f64,
    /// Seconds from one patch to the next, if there are patches.
    pub patch_seconds: Option<f64>,
    /// How it is drawn.
    pub style: Style,
    pub(super) source: Source,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { feature, preset, sample_rate, .. } = self;
        write!(f, "Plan({feature:?}, {preset:?}, {sample_rate} Hz)")
    }
}

impl Plan {
    /// Checks all parameters.
    ///
    /// # Errors
    /// Those of the library for a parameter out of range; for an unknown preset, a rate that it does not have, and
    /// patches where there are none.
    pub fn new(request: Request<'_>) -> Outcome<Self> {
        match request {
            Request::Feature(feature, options, sample_rate) => {
                Self::of_feature(feature, options, sample_rate)
            }
            Request::Preset { name, sample_rate, patches } => Self::of_preset(name, sample_rate, patches),
        }
    }

    fn of_preset(name: &str, sample_rate: Option<u32>, patches: bool) -> Outcome<Self> {
        let front_end = match (name, sample_rate) {
            ("librosa", Some(rate)) => FrontEnd::librosa(rate)?,
            _ => FrontEnd::by_name(name)?,
        };
        let rate = front_end.sample_rate();
        if sample_rate.is_some_and(|asked| asked != rate) {
            return Err(format!("--sample-rate: {name} is for {rate} Hz").into());
        }
        let shape = front_end.patch();
        if patches && shape.is_none() {
            return Err(format!("--patches: {name} has none; leave it out for the whole file").into());
        }
        let plan = Self {
            feature: None,
            preset: Some(front_end.name()),
            sample_rate: rate,
            frame_seconds: front_end.frame_hop(),
            patch_seconds: shape.filter(|_| patches).map(|shape| shape.hop),
            style: Style::of_preset(name, rate),
            source: Source::Samples(Box::new(move |samples| {
                if patches {
                    Ok(Values::Patches(front_end.patches(samples)?))
                } else {
                    Ok(Values::Matrix(front_end.compute(samples)?))
                }
            })),
        };
        Ok(plan)
    }
}

/// The only feature of the extractors here.
pub(super) const ONLY: &str = "values";

/// Blocks of a kind of spectrum.
pub(super) fn blocks(
    shared: Shared,
    stft: &StftConfig,
    sample_rate: u32,
    each: Step<Matrix>,
    finish: Step<Values>,
) -> Result<Source, Error> {
    let bands = if let Shared::Mel(mel) = &shared { mel.n_mels } else { stft.n_fft / 2 + 1 };
    let extractor = Box::new(extractor(shared, stft, sample_rate)?);
    // What a frame of silence becomes tells how much a file will take before it is read.
    let rows = each(Matrix::new(vec![0.0; bands], bands, 1)?)?.rows();
    Ok(Source::Blocks { extractor, each, rows, finish })
}

pub(super) fn extractor(shared: Shared, stft: &StftConfig, sample_rate: u32) -> Result<Extractor, Error> {
    let config = ExtractorConfig::new(sample_rate).with_stft(stft.clone());
    Extractor::new(&config.with_feature(ONLY, shared))
}
