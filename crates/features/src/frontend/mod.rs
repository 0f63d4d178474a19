//! Ready front ends: what well-known models and libraries compute from samples, by name.

mod bands;
mod fit;
mod kaldi;
mod kaldi_config;
mod kaldi_frames;
mod presets;

use self::bands::Bands;
use self::fit::{Fit, Patching};
pub use self::kaldi::{KaldiFbank, KaldiMfcc};
pub use self::kaldi_config::{KaldiFbankConfig, KaldiMfccConfig};
pub(crate) use self::kaldi_frames::KaldiScratch;
use crate::spectrum::SpectrumFeature;
use crate::{ChunkConfig, DbConfig, Error, LogMel, Matrix, Scratch, Stft, check};

/// The input of a well-known model, or the features of a well-known library, exactly as the reference defines them:
/// sample rate, transform, bands, logarithm, and how a clip becomes the patches that a model takes.
///
/// Samples are mono, in -1 to 1, and at [`Self::sample_rate`]; this crate does not resample.
///
/// ```
/// use soundalike_features::FrontEnd;
///
/// let front_end = FrontEnd::by_name("vggish")?; // or FrontEnd::vggish()
/// let samples: Vec<f32> = (0..32_000).map(|n| (n as f32 * 0.1).sin()).collect();
/// assert_eq!(front_end.sample_rate(), 16_000);
/// let whole = front_end.compute(&samples)?;
/// assert_eq!((whole.rows(), whole.cols()), (64, 198));
/// let patches = front_end.patches(&samples)?; // 0.96 s each
/// assert_eq!((patches.len(), patches[0].rows(), patches[0].cols()), (2, 64, 96));
/// # Ok::<(), soundalike_features::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FrontEnd {
    name: &'static str,
    sample_rate: u32,
    fit: Fit,
    steps: Steps,
    patching: Patching,
}

/// From a signal that fits to coefficients.
#[allow(clippy::large_enum_variant, reason = "a front end holds one of them, and there are few front ends")]
#[derive(Debug, Clone)]
enum Steps {
    LogMel(LogMel),
    Bands {
        stft: Stft,
        bands: Bands,
        /// Whether the bands become decibels under their maximum, down to -80.
        below_maximum: bool,
    },
    KaldiFbank(KaldiFbank),
    KaldiMfcc(KaldiMfcc),
}

/// The patches of a front end, the items that its model takes.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PatchShape {
    /// Columns of each.
    pub frames: usize,
    /// Seconds from the start of one to the start of the next. (Where the last one ends with the audio, as of
    /// [`FrontEnd::clap`], it may start sooner.)
    pub hop: f64,
}

impl From<KaldiFbank> for FrontEnd {
    fn from(fbank: KaldiFbank) -> Self {
        Self {
            name: "kaldi_fbank",
            sample_rate: fbank.config().sample_rate,
            fit: Fit::NONE,
            steps: Steps::KaldiFbank(fbank),
            patching: Patching::Whole,
        }
    }
}

impl From<KaldiMfcc> for FrontEnd {
    fn from(mfcc: KaldiMfcc) -> Self {
        Self {
            name: "kaldi_mfcc",
            sample_rate: mfcc.config().fbank.sample_rate,
            fit: Fit::NONE,
            steps: Steps::KaldiMfcc(mfcc),
            patching: Patching::Whole,
        }
    }
}

impl FrontEnd {
    /// The names that [`Self::by_name`] knows.
    pub const NAMES: [&'static str; 12] = [
        "librosa",
        "torchaudio",
        "kaldi_fbank",
        "kaldi_mfcc",
        "vggish",
        "yamnet",
        "openl3_linear",
        "openl3_mel128",
        "openl3_mel256",
        "clap",
        "musicnn",
        "essentia_musicnn",
    ];

    /// The front end of that name, one of [`Self::NAMES`]; `librosa` is for 22,050 Hz, to which `librosa.load`
    /// resamples. `kaldi` stands for `kaldi_fbank`, and `openl3` for `openl3_mel256`, its authors' default.
    ///
    /// # Errors
    /// [`Error::UnknownFrontEnd`] for another name.
    pub fn by_name(name: &str) -> Result<Self, Error> {
        match name {
            "librosa" => Self::librosa(22_050),
            "torchaudio" => Self::torchaudio(),
            "kaldi" | "kaldi_fbank" => Self::kaldi_fbank(),
            "kaldi_mfcc" => Self::kaldi_mfcc(),
            "vggish" => Self::vggish(),
            "yamnet" => Self::yamnet(),
            "openl3_linear" => Self::openl3_linear(),
            "openl3_mel128" => Self::openl3_mel128(),
            "openl3" | "openl3_mel256" => Self::openl3_mel256(),
            "clap" => Self::clap(),
            "musicnn" => Self::musicnn(),
            "essentia_musicnn" => Self::essentia_musicnn(),
            other => Err(Error::UnknownFrontEnd { name: other.to_owned() }),
        }
    }

    /// Its name, one of [`Self::NAMES`].
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Samples a second that it takes.
    #[must_use]
    pub fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// Rows of its results.
    #[must_use]
    pub fn coefficients(&self) -> usize {
        match &self.steps {
            Steps::LogMel(log_mel) => log_mel.config().mel.n_mels,
            Steps::Bands { bands, .. } => bands.rows(),
            Steps::KaldiFbank(fbank) => fbank.rows(),
            Steps::KaldiMfcc(mfcc) => mfcc.config().num_ceps,
        }
    }

    /// Seconds from one column to the next.
    #[must_use]
    pub fn frame_hop(&self) -> f64 {
        self.seconds(match &self.steps {
            Steps::LogMel(log_mel) => log_mel.config().mel.stft.hop_length,
            Steps::Bands { stft, .. } => stft.config().hop_length,
            Steps::KaldiFbank(fbank) => fbank.hop_length(),
            Steps::KaldiMfcc(mfcc) => mfcc.fbank().hop_length(),
        })
    }

    /// The patches that [`Self::patches`] makes; `None` where the whole clip is one.
    #[must_use]
    pub fn patch(&self) -> Option<PatchShape> {
        let of_samples = |length, hop| {
            let frames = self.frames(length).unwrap_or_default();
            Some(PatchShape { frames, hop: self.seconds(hop) })
        };
        match self.patching {
            Patching::Whole => None,
            Patching::Frames { length, hop } => {
                Some(PatchShape { frames: length, hop: hop as f64 * self.frame_hop() })
            }
            Patching::Windows { length, hop, .. } => of_samples(length, hop),
            Patching::Repeated { length } => of_samples(length, length),
        }
    }

    fn seconds(&self, samples: usize) -> f64 {
        samples as f64 / f64::from(self.sample_rate)
    }

    /// Columns of [`Self::compute`] for `n_samples` samples.
    ///
    /// # Errors
    /// [`Error::EmptyInput`] for no samples; [`Error::TooShort`] where the reference neither centres nor pads and
    /// they fill no frame (`vggish`, `openl3_linear`, Kaldi's).
    pub fn frames(&self, n_samples: usize) -> Result<usize, Error> {
        let n_samples = self.fit.len(n_samples)?;
        match &self.steps {
            Steps::LogMel(log_mel) => log_mel.frames(n_samples),
            Steps::Bands { stft, .. } => stft.frames(n_samples),
            Steps::KaldiFbank(fbank) => fbank.frames(n_samples),
            Steps::KaldiMfcc(mfcc) => mfcc.frames(n_samples),
        }
    }

    /// The features of the whole clip, `[coefficient x frame]`.
    ///
    /// # Errors
    /// As [`Self::frames`], and [`Error::NonFinite`] or [`Error::SampleTooLarge`] for a sample that is not usable,
    /// [`Error::OutOfMemory`] if the result is.
    pub fn compute(&self, samples: &[f32]) -> Result<Matrix, Error> {
        let mut out = Matrix::default();
        self.compute_into(samples, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::compute`] into `out`, which gets the result's shape. Allocates nothing once `out` and `scratch` have
    /// grown to what the front end and the length need.
    ///
    /// # Errors
    /// As [`Self::compute`]; `out` is then unspecified.
    pub fn compute_into(
        &self,
        samples: &[f32],
        out: &mut Matrix,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        check::samples(samples)?;
        let mut memory = std::mem::take(&mut scratch.samples);
        let result = self
            .fit
            .apply(samples, &mut memory)
            .and_then(|samples| self.steps.compute_into(samples, out, scratch));
        scratch.samples = memory;
        result
    }

    /// The patches of a clip, first to last, each `[coefficient x frame]`; [`Self::patch`] tells their shape, and the
    /// constructor how a clip is cut. Where there are no patches, the whole clip is the only one.
    ///
    /// A clip too short for a patch has none, where the reference neither pads nor repeats it (`vggish`, `musicnn`,
    /// `essentia_musicnn`).
    ///
    /// # Errors
    /// As [`Self::compute`].
    pub fn patches(&self, samples: &[f32]) -> Result<Vec<Matrix>, Error> {
        match self.patching {
            Patching::Whole => Ok(vec![self.compute(samples)?]),
            Patching::Frames { length, hop } => {
                let whole = self.compute(samples)?;
                let starts = (0..).step_by(hop).take_while(|start| start + length <= whole.cols());
                starts.map(|start| fit::columns(&whole, start..start + length)).collect()
            }
            Patching::Windows { length, hop, front } => {
                check::samples(samples)?;
                let tail = fit::Tail::Padded { least: length, from: length, step: hop };
                let last = tail.padded_len(front + samples.len())? - length;
                let mut scratch = Scratch::new();
                let mut window = vec![0.0; length];
                let starts = (0..=last).step_by(hop);
                starts
                    .map(|start| {
                        fit::window(samples, start, front, &mut window);
                        let mut patch = Matrix::default();
                        self.compute_into(&window, &mut patch, &mut scratch)?;
                        Ok(patch)
                    })
                    .collect()
            }
            Patching::Repeated { length } => {
                check::samples(samples)?;
                if samples.len() <= length {
                    return Ok(vec![self.compute(&fit::repeated(samples, length))?]);
                }
                let windows = ChunkConfig::new(length, length).chunk_bounds(samples.len())?;
                windows.map(|bounds| self.compute(samples.get(bounds).unwrap_or_default())).collect()
            }
        }
    }
}

impl Steps {
    fn compute_into(&self, samples: &[f32], out: &mut Matrix, scratch: &mut Scratch) -> Result<(), Error> {
        match self {
            Self::LogMel(log_mel) => log_mel.compute_into(samples, out, scratch),
            Self::Bands { stft, bands, below_maximum } => {
                stft.run(samples, bands, out, scratch)?;
                if *below_maximum {
                    // The floor is 80 dB under the maximum, which then becomes 0.
                    out.power_to_db(&DbConfig::default())?;
                    let maximum = out.as_slice().iter().copied().fold(f32::MIN, f32::max);
                    out.as_mut_slice().iter_mut().for_each(|value| *value -= maximum);
                }
                Ok(())
            }
            Self::KaldiFbank(fbank) => fbank.compute_into(samples, out, scratch),
            Self::KaldiMfcc(mfcc) => mfcc.compute_into(samples, out, scratch),
        }
    }
}
