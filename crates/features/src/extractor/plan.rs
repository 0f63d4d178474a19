//! From a configuration to what is computed block by block, and where each result comes from.

use std::fmt;
use std::sync::Arc;

use super::{Extractor, ExtractorConfig, Feature, NamedFeature};
use crate::lanes::Lane;
use crate::spectral::{Shape, Shapes};
use crate::spectrum::{Spectrum, SpectrumFeature, Wanted};
use crate::{
    Chroma, DbConfig, DbReference, Error, MelConfig, MelFilterBank, Mfcc, OnsetStrength, PadMode, Pcen, Rms,
    RmsConfig, SpectralBandwidth, SpectralCentroid, SpectralContrast, SpectralFlatness, SpectralRolloff,
    Stft, ZeroCrossingRate,
};

/// Rows that are computed block by block from a spectrum.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) feature: Arc<dyn SpectrumFeature + Send + Sync>,
    /// What it was made from, if it may be shared.
    mel: Option<MelConfig>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("rows", &self.feature.rows()).finish_non_exhaustive()
    }
}

/// Decibels of a source, which need the whole clip before they are done.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub(super) source: usize,
    pub(super) rows: usize,
    pub(super) db: DbConfig,
    /// The same as far as a stream can tell: no `top_db`.
    pub(super) streamed_db: DbConfig,
}

/// Where a result comes from; one for each feature asked for.
#[derive(Debug, Clone)]
pub(super) enum Output {
    Complex,
    Spectrum(Spectrum),
    /// The rows of a source.
    Rows(usize),
    /// A row of the shapes.
    Shape(usize),
    /// The rows of a source, row by row from the frames before.
    Pcen(usize, Pcen),
    /// The rows of a source, which are peaks and valleys, once all are there.
    Contrast(usize, Box<SpectralContrast>),
    /// The decibels of a stage.
    Decibels(usize),
    /// The cosine transform of a stage.
    Cepstrum(usize, Box<Mfcc>),
    /// The rises of a stage, once all is there.
    Onset(usize, Box<OnsetStrength>),
    /// The powers, once all are there.
    Chroma(Box<Chroma>),
    /// The samples.
    Rms(Rms),
    ZeroCrossingRate(ZeroCrossingRate),
}

/// Mel bands as one feature among others.
struct MelBands {
    input: Spectrum,
    filters: MelFilterBank,
}

impl SpectrumFeature for MelBands {
    fn input(&self) -> Spectrum {
        self.input
    }

    fn bins(&self) -> usize {
        self.filters.bins()
    }

    fn rows(&self) -> usize {
        self.filters.n_mels()
    }

    fn block(&self, bins: &[Lane], rows: &mut [Lane], _: &mut Vec<Lane>) {
        self.filters.apply_to_block(bins, rows);
    }
}

/// Plans what a checked configuration asks for.
pub(super) fn plan(config: &ExtractorConfig) -> Result<Extractor, Error> {
    let mut plan = Extractor {
        config: config.clone(),
        stft: Stft::new(&config.stft)?,
        wanted: Wanted::default(),
        sources: Vec::new(),
        shapes: Arc::default(),
        stages: Vec::new(),
        outputs: Vec::new(),
    };
    let mut shapes = Shapes { bins: plan.stft.bins(), rows: Vec::new() };
    for NamedFeature { feature, .. } in &config.features {
        let output = plan.plan(feature, &mut shapes)?;
        plan.outputs.push(output);
    }
    if !shapes.rows.is_empty() {
        plan.wanted.want(shapes.input());
    }
    plan.shapes = Arc::new(shapes);
    Ok(plan)
}

impl Extractor {
    /// What is computed from single spectra takes one arm here: `self.rows_of(..)`.
    fn plan(&mut self, feature: &Feature, shapes: &mut Shapes) -> Result<Output, Error> {
        let mut shape = |shape| {
            shapes.rows.push(shape);
            Output::Shape(shapes.rows.len() - 1)
        };
        Ok(match feature {
            Feature::Stft => {
                self.wanted.complex = true;
                Output::Complex
            }
            Feature::Power => self.spectrum(Spectrum::Power),
            Feature::Magnitude => self.spectrum(Spectrum::Magnitude),
            Feature::Mel(mel) => Output::Rows(self.mel(mel)?),
            Feature::Pcen { mel, pcen } => {
                let pcen = Pcen::new(pcen)?;
                Output::Pcen(self.mel(mel)?, pcen)
            }
            Feature::LogMel(config) => Output::Decibels(self.stage(&config.mel, &config.db)?),
            Feature::Mfcc(config) => {
                let mfcc = Box::new(Mfcc::new(config)?);
                Output::Cepstrum(self.stage(&config.mel, &config.db)?, mfcc)
            }
            Feature::OnsetStrength(config) => {
                let onset = Box::new(OnsetStrength::new(config)?);
                Output::Onset(self.stage(&config.log_mel.mel, &config.log_mel.db)?, onset)
            }
            Feature::Chroma(config) => {
                let chroma = Chroma::new(config)?;
                match chroma.fixed() {
                    Some(fixed) => self.rows_of(fixed),
                    None => {
                        self.wanted.want(Spectrum::Power);
                        Output::Chroma(Box::new(chroma))
                    }
                }
            }
            Feature::SpectralCentroid(config) => shape(Shape::Centroid(SpectralCentroid::new(config)?)),
            Feature::SpectralBandwidth(config) => shape(Shape::Bandwidth(SpectralBandwidth::new(config)?)),
            Feature::SpectralRolloff(config) => self.rows_of(SpectralRolloff::new(config)?),
            Feature::SpectralFlatness(config) => self.rows_of(SpectralFlatness::new(config)?),
            Feature::SpectralContrast(config) => {
                let contrast = SpectralContrast::new(config)?;
                Output::Contrast(self.source(Arc::new(contrast.clone()), None), Box::new(contrast))
            }
            Feature::SpectralRms => {
                self.rows_of(Rms::new(&RmsConfig::default().with_frame_length(self.config.stft.n_fft))?)
            }
            Feature::Rms(config) => Output::Rms(Rms::new(config)?),
            Feature::ZeroCrossingRate(config) => Output::ZeroCrossingRate(ZeroCrossingRate::new(config)?),
        })
    }

    fn spectrum(&mut self, spectrum: Spectrum) -> Output {
        self.wanted.want(spectrum);
        Output::Spectrum(spectrum)
    }

    fn rows_of(&mut self, feature: impl SpectrumFeature + Send + Sync + 'static) -> Output {
        Output::Rows(self.source(Arc::new(feature), None))
    }

    pub(super) fn source(
        &mut self,
        feature: Arc<dyn SpectrumFeature + Send + Sync>,
        mel: Option<MelConfig>,
    ) -> usize {
        self.wanted.want(feature.input());
        self.sources.push(Source { feature, mel });
        self.sources.len() - 1
    }

    /// The source of these bands, which there is but one of.
    fn mel(&mut self, config: &MelConfig) -> Result<usize, Error> {
        if let Some(there) = self.sources.iter().position(|source| source.mel.as_ref() == Some(config)) {
            return Ok(there);
        }
        let filters = MelFilterBank::new(config)?;
        let input = config.spectrum();
        Ok(self.source(Arc::new(MelBands { input, filters }), Some(config.clone())))
    }

    /// The stage of these decibels, which there is but one of.
    fn stage(&mut self, mel: &MelConfig, db: &DbConfig) -> Result<usize, Error> {
        db.check()?;
        let source = self.mel(mel)?;
        if let Some(there) = self.stages.iter().position(|stage| stage.source == source && stage.db == *db) {
            return Ok(there);
        }
        let streamed_db = db.clone().with_top_db(None);
        self.stages.push(Stage { source, rows: mel.n_mels, db: db.clone(), streamed_db });
        Ok(self.stages.len() - 1)
    }

    /// Rows of a result; in a stream, what is only finished with the whole clip may have others.
    pub(super) fn rows(&self, output: &Output, streamed: bool) -> usize {
        let of_source = |source: usize| self.sources.get(source).map_or(0, |source| source.feature.rows());
        match output {
            Output::Complex | Output::Spectrum(_) => self.stft.bins(),
            Output::Rows(source) | Output::Pcen(source, _) => of_source(*source),
            Output::Contrast(source, _) if streamed => of_source(*source),
            Output::Contrast(source, _) => of_source(*source) / 2,
            Output::Decibels(stage) => self.stages.get(*stage).map_or(0, |stage| stage.rows),
            Output::Cepstrum(_, mfcc) => mfcc.config().n_mfcc,
            Output::Chroma(chroma) => chroma.config().filters.n_chroma,
            Output::Shape(_) | Output::Onset(..) | Output::Rms(_) | Output::ZeroCrossingRate(_) => 1,
        }
    }

    /// Whether a result comes from the samples themselves.
    pub(crate) fn has_frames_in_time(&self) -> bool {
        self.outputs.iter().any(|output| matches!(output, Output::Rms(_) | Output::ZeroCrossingRate(_)))
    }

    /// Whether all features can be computed before the whole clip is there.
    pub(crate) fn check_streamable(&self) -> Result<(), Error> {
        for (output, feature) in self.outputs.iter().zip(&self.config.features) {
            let (parameter, what) = match output {
                Output::Chroma(_) => ("tuning", "is estimated from the whole clip unless it is given"),
                Output::Onset(..) => (
                    "log_mel",
                    "has a floor that depends on the whole clip; stream it, then use OnsetStrength::compute_from_log_mel",
                ),
                Output::Rms(rms)
                    if rms.config().center
                        && rms.config().pad_mode == PadMode::Reflect
                        && self.config.stft.pad_mode != PadMode::Reflect =>
                {
                    ("pad_mode", "mirrors samples that come after the frame, as the transform does not")
                }
                Output::Decibels(stage) | Output::Cepstrum(stage, _)
                    if self
                        .stages
                        .get(*stage)
                        .is_some_and(|stage| stage.db.reference == DbReference::Max) =>
                {
                    (
                        "reference",
                        "is the maximum of the whole clip; stream with a fixed one, then subtract the maximum",
                    )
                }
                _ => continue,
            };
            return Err(Error::NotStreamable { name: feature.name.clone(), parameter, what });
        }
        Ok(())
    }
}
