//! The six steps, each by itself.

use serde::{Deserialize, Serialize};

use super::config::{Fill, SpectrogramStep};
use crate::Range;
use crate::random::{Draws, white};

/// A spectrogram that is changed in place, `[row x frame]`; neither side is 0.
pub(crate) struct Canvas<'a> {
    pub(crate) values: &'a mut [f32],
    pub(crate) rows: usize,
    pub(crate) frames: usize,
}

impl Canvas<'_> {
    pub(crate) fn mean(&self) -> f32 {
        (self.values.iter().map(|v| f64::from(*v)).sum::<f64>() / self.values.len() as f64) as f32
    }

    fn fill(&self, fill: Fill) -> f32 {
        match fill {
            Fill::Minimum => self.values.iter().copied().fold(f32::INFINITY, f32::min),
            Fill::Mean => self.mean(),
        }
    }
}

macro_rules! step {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident ($with:ident): $type:ty = $default:expr,)* } $probability:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            #[doc = concat!("How often it happens, 0 to 1. Default ", stringify!($probability), ".")]
            pub probability: f64,
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* probability: $probability }
            }
        }

        impl $name {
            $(
                #[doc = concat!("Sets `", stringify!($field), "`.")]
                #[must_use]
                pub fn $with(mut self, $field: impl Into<$type>) -> Self {
                    self.$field = $field.into();
                    self
                }
            )*

            /// Sets how often it happens, 0 to 1.
            #[must_use]
            pub fn with_probability(mut self, probability: f64) -> Self {
                self.probability = probability;
                self
            }
        }

        impl From<$name> for SpectrogramStep {
            fn from(step: $name) -> Self {
                Self::$name(step)
            }
        }
    };
}

step! {
    /// Random crop in time: a part of the frames, from a random start, brought back to the number of frames.
    RandomCrop {
        /// The share of the frames that is kept. Default 0.6 to 1.
        share (with_share): Range = Range::new(0.6, 1.0),
        /// How the part is brought back to the number of frames. Default resized.
        refit (with_refit): Refit = Refit::Resize,
    } 1.0
}
step! {
    /// Intensity jitter, on decibels: what colour jitter is to pictures.
    IntensityJitter {
        /// Decibels that are added to all. Default -6 to 6.
        db (with_db): Range = Range::new(-6.0, 6.0),
        /// The factor of the distances from the mean. Default 0.8 to 1.2.
        contrast (with_contrast): Range = Range::new(0.8, 1.2),
    } 1.0
}
step! {
    /// Gaussian noise on each value.
    GaussianNoise {
        /// Its standard deviation in decibels. Default 0 to 4.
        std_db (with_std_db): Range = Range::new(0.0, 4.0),
    } 1.0
}
step! {
    /// The last frame first. What is heard in time order (identification, speech) should not use it.
    TimeReversal {} 0.5
}
step! {
    /// SpecAugment's frequency mask: neighbouring rows set to one value.
    FrequencyMask {
        /// The number of masks, which may overlap; at most 1000. Default 2.
        count (with_count): usize = 2_usize,
        /// The share of the rows that a mask covers. Default 0 to 0.15.
        share (with_share): Range = Range::new(0.0, 0.15),
        /// The value. Default the minimum.
        fill (with_fill): Fill = Fill::Minimum,
    } 1.0
}
step! {
    /// SpecAugment's time mask: neighbouring frames set to one value.
    TimeMask {
        /// The number of masks, which may overlap; at most 1000. Default 2.
        count (with_count): usize = 2_usize,
        /// The share of the frames that a mask covers. Default 0 to 0.15.
        share (with_share): Range = Range::new(0.0, 0.15),
        /// The value. Default the minimum.
        fill (with_fill): Fill = Fill::Minimum,
    } 1.0
}

/// How a part of the frames becomes as many frames as before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refit {
    /// Stretched over the whole time, with straight lines between frames.
    #[default]
    Resize,
    /// Put where a random start says, the rest filled with the least value.
    Pad,
}

impl RandomCrop {
    pub(crate) fn apply(&self, canvas: &mut Canvas<'_>, draws: &mut Draws) {
        let frames = canvas.frames;
        let share = draws.between(self.share.low, self.share.high);
        let kept = ((share * frames as f64).round() as usize).clamp(1, frames);
        let start = draws.index(frames - kept + 1);
        let to = draws.index(frames - kept + 1);
        let fill = canvas.fill(Fill::Minimum);
        let mut part = Vec::with_capacity(kept);
        for row in canvas.values.chunks_exact_mut(frames) {
            part.clear();
            part.extend_from_slice(row.get(start..start + kept).unwrap_or_default());
            match self.refit {
                Refit::Resize => resize(&part, row),
                Refit::Pad => {
                    row.fill(fill);
                    row.iter_mut().skip(to).zip(&part).for_each(|(to, from)| *to = *from);
                }
            }
        }
    }
}

/// The first value becomes the first, the last the last, with straight lines between.
fn resize(from: &[f32], to: &mut [f32]) {
    let step = (from.len() - 1) as f64 / (to.len() - 1).max(1) as f64;
    for (i, to) in to.iter_mut().enumerate() {
        let at = i as f64 * step;
        let low = (at as usize).min(from.len() - 1);
        let (a, b) = (from.get(low).copied().unwrap_or_default(), from.get(low + 1).copied());
        *to = a + (at - low as f64) as f32 * (b.unwrap_or(a) - a);
    }
}

impl IntensityJitter {
    pub(crate) fn apply(&self, canvas: &mut Canvas<'_>, draws: &mut Draws) {
        let more = draws.between(self.db.low, self.db.high) as f32;
        let contrast = draws.between(self.contrast.low, self.contrast.high) as f32;
        let mean = canvas.mean();
        canvas.values.iter_mut().for_each(|v| *v = mean + contrast * (*v - mean) + more);
    }
}

impl GaussianNoise {
    pub(crate) fn apply(&self, canvas: &mut Canvas<'_>, draws: &mut Draws) {
        let std = draws.between(self.std_db.low, self.std_db.high) as f32;
        let seed = draws.seed();
        canvas.values.iter_mut().zip(0..).for_each(|(v, i)| *v += std * white(seed, i));
    }
}

impl TimeReversal {
    pub(crate) fn apply(canvas: &mut Canvas<'_>) {
        canvas.values.chunks_exact_mut(canvas.frames).for_each(<[f32]>::reverse);
    }
}

/// Where a mask begins and ends among `n`.
fn mask(share: Range, n: usize, draws: &mut Draws) -> (usize, usize) {
    let len = ((draws.between(share.low, share.high) * n as f64).round() as usize).min(n);
    let start = draws.index(n - len + 1);
    (start, start + len)
}

impl FrequencyMask {
    pub(crate) fn apply(&self, canvas: &mut Canvas<'_>, draws: &mut Draws) {
        let fill = canvas.fill(self.fill);
        for _ in 0..self.count {
            let (start, end) = mask(self.share, canvas.rows, draws);
            let masked = canvas.values.get_mut(start * canvas.frames..end * canvas.frames);
            masked.unwrap_or_default().fill(fill);
        }
    }
}

impl TimeMask {
    pub(crate) fn apply(&self, canvas: &mut Canvas<'_>, draws: &mut Draws) {
        let fill = canvas.fill(self.fill);
        for _ in 0..self.count {
            let (start, end) = mask(self.share, canvas.frames, draws);
            for row in canvas.values.chunks_exact_mut(canvas.frames) {
                row.get_mut(start..end).unwrap_or_default().fill(fill);
            }
        }
    }
}
