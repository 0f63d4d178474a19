//! From samples to a network's input.

mod config;

use soundalike_features::{DbConfig, Matrix, MelSpectrogram, Scratch, power_to_db};

pub use self::config::{ClipFrontEndConfig, LogScale, Normalization};
use crate::{Error, InputShape};

/// Turns clips of one length into a network's input, planned once and used for any number of clips.
///
/// ```
/// use soundalike_models::{ClipFrontEnd, ClipFrontEndConfig};
///
/// let front_end = ClipFrontEnd::new(&ClipFrontEndConfig::clip_22050_3s())?;
/// assert_eq!((front_end.sample_rate(), front_end.clip_samples()), (22_050, 66_150));
/// assert_eq!((front_end.shape().n_mels, front_end.shape().frames), (128, 130));
/// let samples: Vec<f32> = (0..66_150).map(|n| (n as f32 * 0.1).sin()).collect();
/// let input = front_end.compute(&samples)?;
/// assert_eq!(input.len(), 128 * 130);
/// assert!(input.iter().all(|x| (-1.0..=1.0).contains(x)));
/// # Ok::<(), soundalike_models::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ClipFrontEnd {
    config: ClipFrontEndConfig,
    mel: MelSpectrogram,
    decibels: DbConfig,
    clip_samples: usize,
    shape: InputShape,
}

/// Memory that [`ClipFrontEnd`] works in; reuse it from clip to clip.
#[derive(Debug, Default)]
pub struct FrontEndScratch {
    features: Scratch,
    powers: Matrix,
}

impl ClipFrontEnd {
    /// Checks the configuration and plans.
    ///
    /// # Errors
    /// [`Error::Setting`] and [`Error::Features`] for a setting that cannot be.
    pub fn new(config: &ClipFrontEndConfig) -> Result<Self, Error> {
        config.check()?;
        let mel = MelSpectrogram::new(&config.mel)?;
        let clip_samples = config.clip_samples()?;
        let decibels = config.decibels();
        // The only check of decibels that the features crate offers.
        power_to_db(&mut [1.0], &decibels)?;
        let shape = InputShape::new(config.mel.n_mels, mel.frames(clip_samples)?);
        shape.check()?;
        Ok(Self { config: config.clone(), mel, decibels, clip_samples, shape })
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &ClipFrontEndConfig {
        &self.config
    }

    /// Sample rate of the clips in Hz.
    #[must_use]
    pub fn sample_rate(&self) -> u32 {
        self.config.mel.sample_rate
    }

    /// Samples of a clip.
    #[must_use]
    pub fn clip_samples(&self) -> usize {
        self.clip_samples
    }

    /// Bands and frames of the result.
    #[must_use]
    pub fn shape(&self) -> InputShape {
        self.shape
    }

    /// The network's input, `[n_mels x frames]`, of a clip of [`clip_samples`](Self::clip_samples) samples.
    ///
    /// # Errors
    /// [`Error::Samples`] for a clip of another length, [`Error::Features`] for samples that are not finite or larger
    /// than [`soundalike_features::MAX_SAMPLE`].
    pub fn compute(&self, samples: &[f32]) -> Result<Vec<f32>, Error> {
        let mut out = vec![0.0; self.shape.n_mels * self.shape.frames];
        self.compute_into(samples, &mut out, &mut FrontEndScratch::default())?;
        Ok(out)
    }

    /// [`compute`](Self::compute) into `out`, of `n_mels * frames` values.
    ///
    /// # Errors
    /// As [`compute`](Self::compute), and [`Error::Dimension`] for an `out` of another length.
    pub fn compute_into(
        &self,
        samples: &[f32],
        out: &mut [f32],
        scratch: &mut FrontEndScratch,
    ) -> Result<(), Error> {
        if samples.len() != self.clip_samples {
            return Err(Error::Samples { expected: self.clip_samples, got: samples.len() });
        }
        let FrontEndScratch { features, powers } = scratch;
        self.mel.compute_into(samples, powers, features)?;
        self.window_into(powers, 0, out)
    }

    /// Mel powers of a whole recording, to cut windows of by [`window_into`](Self::window_into): each frame is
    /// transformed once, however many windows it is in.
    ///
    /// # Errors
    /// [`Error::Samples`] for less than a clip; [`Error::Features`] as [`compute`](Self::compute).
    pub fn powers(&self, samples: &[f32]) -> Result<Matrix, Error> {
        if samples.len() < self.clip_samples {
            return Err(Error::Samples { expected: self.clip_samples, got: samples.len() });
        }
        Ok(self.mel.compute(samples)?)
    }

    /// The network's input for the window that begins with frame `first` of `powers`, `first * hop_length` samples
    /// into the recording.
    ///
    /// It differs from [`compute`](Self::compute) of the same samples in the frames that reach over the window's ends
    /// (with the presets two at either end): there it has the recording's samples where `compute` has zeros.
    ///
    /// # Errors
    /// [`Error::Dimension`] for an `out` or a number of bands of another length; [`Error::Samples`] (counted in
    /// frames) if the recording ends before the window does.
    pub fn window_into(&self, powers: &Matrix, first: usize, out: &mut [f32]) -> Result<(), Error> {
        let InputShape { n_mels, frames } = self.shape;
        let (rows, end) = (powers.rows(), first.saturating_add(frames));
        if rows != n_mels {
            return Err(Error::Dimension { expected: n_mels, got: rows });
        }
        if out.len() != n_mels * frames {
            return Err(Error::Dimension { expected: n_mels * frames, got: out.len() });
        }
        if end > powers.cols() {
            return Err(Error::Samples { expected: end, got: powers.cols() });
        }
        for (row, to) in powers.iter_rows().zip(out.chunks_exact_mut(frames)) {
            if let Some(window) = row.get(first..end) {
                to.copy_from_slice(window);
            }
        }
        self.logarithm(out)
    }

    fn logarithm(&self, out: &mut [f32]) -> Result<(), Error> {
        power_to_db(out, &self.decibels)?;
        if let LogScale::Log10 { .. } = self.config.log {
            out.iter_mut().for_each(|x| *x *= 0.1);
        }
        let mean = |out: &[f32]| out.iter().map(|&x| f64::from(x)).sum::<f64>() / out.len() as f64;
        match self.config.normalize {
            Normalization::None => {}
            Normalization::Fixed { mean, std } => out.iter_mut().for_each(|x| *x = (*x - mean) / std),
            Normalization::ClipMean => {
                let mean = mean(out) as f32;
                out.iter_mut().for_each(|x| *x -= mean);
            }
            Normalization::ClipMeanStd => {
                let center = mean(out) as f32;
                out.iter_mut().for_each(|x| *x -= center);
                let variance =
                    out.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / out.len() as f64;
                let std = variance.sqrt().max(1e-5) as f32;
                out.iter_mut().for_each(|x| *x /= std);
            }
        }
        Ok(())
    }
}
