//! The plan that augments spectrograms.

use super::config::{Normalize, SpectrogramConfig, SpectrogramStep};
use super::steps::{Canvas, TimeReversal};
use crate::random::Draws;
use crate::{Error, check};

/// Augments spectrograms by a [`SpectrogramConfig`].
///
/// ```
/// use soundalike_augment::{SpectrogramAugment, SpectrogramConfig};
///
/// let augment = SpectrogramAugment::new(&SpectrogramConfig::simclr())?;
/// let mut values: Vec<f32> = (0..128 * 130).map(|i| -(i as f32 * 0.01).sin().abs() * 80.0).collect();
/// println!("{}", augment.names(7).join(", "));
/// augment.apply(7, &mut values, 128, 130)?;
/// let mean: f32 = values.iter().sum::<f32>() / values.len() as f32;
/// assert!(mean.abs() < 1e-3);
/// # Ok::<(), soundalike_augment::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SpectrogramAugment {
    config: SpectrogramConfig,
}

impl SpectrogramAugment {
    /// Checks the configuration.
    ///
    /// # Errors
    /// [`Error::Subset`] for a subset of more steps than there are; [`Error::OutOfRange`] and
    /// [`Error::InvalidRange`] for a parameter.
    pub fn new(config: &SpectrogramConfig) -> Result<Self, Error> {
        config.check()?;
        Ok(Self { config: config.clone() })
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &SpectrogramConfig {
        &self.config
    }

    /// The steps that happen by this seed, in their order, each with a seed of its own.
    fn drawn(&self, seed: u64) -> Vec<(&SpectrogramStep, u64)> {
        let mut draws = Draws::new(seed);
        let n = self.config.steps.len();
        let mut order: Vec<usize> = (0..n).collect();
        let taken = self.config.subset.unwrap_or(n);
        // The first `taken` of a shuffle.
        for i in 0..taken.min(n) {
            order.swap(i, i + draws.index(n - i));
        }
        order.truncate(taken);
        order.sort_unstable();
        let steps = order.into_iter().filter_map(|i| self.config.steps.get(i));
        let mut drawn = Vec::new();
        for step in steps {
            if draws.happens(step.probability()) {
                drawn.push((step, draws.seed()));
            }
        }
        drawn
    }

    /// The names of the steps that [`Self::apply`] takes by this seed, in their order.
    #[must_use]
    pub fn names(&self, seed: u64) -> Vec<&'static str> {
        self.drawn(seed).into_iter().map(|(s, _)| s.name()).collect()
    }

    /// Changes a spectrogram in decibels, `[n_mels x frames]` row by row, by what this seed draws. The shape stays.
    ///
    /// # Errors
    /// [`Error::Empty`] if either side is 0, [`Error::Shape`] unless there are `n_mels * frames` values,
    /// [`Error::NotFinite`] and [`Error::TooLarge`] (above 1e6) for a value of no use; the values are then as they were.
    pub fn apply(&self, seed: u64, values: &mut [f32], n_mels: usize, frames: usize) -> Result<(), Error> {
        let (expected, got) = (n_mels.saturating_mul(frames), values.len());
        if expected != got {
            return Err(Error::Shape { n_mels, frames, expected, got });
        }
        if expected == 0 {
            return Err(Error::Empty { what: "spectrogram" });
        }
        check::samples(values, "value")?;
        let mut canvas = Canvas { values, rows: n_mels, frames };
        for (step, seed) in self.drawn(seed) {
            let mut draws = Draws::new(seed);
            match step {
                SpectrogramStep::RandomCrop(s) => s.apply(&mut canvas, &mut draws),
                SpectrogramStep::IntensityJitter(s) => s.apply(&mut canvas, &mut draws),
                SpectrogramStep::GaussianNoise(s) => s.apply(&mut canvas, &mut draws),
                SpectrogramStep::TimeReversal(_) => TimeReversal::apply(&mut canvas),
                SpectrogramStep::FrequencyMask(s) => s.apply(&mut canvas, &mut draws),
                SpectrogramStep::TimeMask(s) => s.apply(&mut canvas, &mut draws),
            }
        }
        let (offset, scale) = match self.config.normalize {
            Normalize::None => return Ok(()),
            Normalize::Standardize => {
                let mean = canvas.mean();
                let squares: f64 = canvas.values.iter().map(|v| f64::from(v - mean).powi(2)).sum();
                (mean, (squares / got as f64).sqrt() as f32)
            }
            Normalize::MinMax => {
                let low = canvas.values.iter().copied().fold(f32::INFINITY, f32::min);
                let high = canvas.values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                (low, high - low)
            }
        };
        // A constant spectrogram differs from its mean by rounding alone.
        let scale = if scale > 1e-6 * offset.abs().max(1e-6) { 1.0 / scale } else { 0.0 };
        canvas.values.iter_mut().for_each(|v| *v = (*v - offset) * scale);
        Ok(())
    }
}
