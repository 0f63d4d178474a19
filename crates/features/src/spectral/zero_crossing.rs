use crate::{Error, Matrix, Scratch, check};

/// The parameters of the zero-crossing rate; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct ZeroCrossingRateConfig {
    /// Samples in a frame, at least 1. Default 2048.
    pub frame_length: usize,
    /// Samples from one frame to the next, at least 1. Default 512.
    pub hop_length: usize,
    /// Whether frame `t` is centred on sample `t * hop_length` (the first and the last sample are then repeated
    /// beyond the ends) or starts there. Default true.
    pub center: bool,
    /// Samples of up to this magnitude count as zero; from 0. Default 1e-10.
    pub threshold: f32,
    /// Whether zero counts as positive, not as a sign of its own. Default true.
    pub zero_pos: bool,
}

impl Default for ZeroCrossingRateConfig {
    fn default() -> Self {
        Self { frame_length: 2048, hop_length: 512, center: true, threshold: 1e-10, zero_pos: true }
    }
}

impl ZeroCrossingRateConfig {
    /// Sets the samples in a frame.
    #[must_use]
    pub fn with_frame_length(mut self, frame_length: usize) -> Self {
        self.frame_length = frame_length;
        self
    }

    /// Sets the samples from one frame to the next.
    #[must_use]
    pub fn with_hop_length(mut self, hop_length: usize) -> Self {
        self.hop_length = hop_length;
        self
    }

    /// Sets whether frames are centred on their time.
    #[must_use]
    pub fn with_center(mut self, center: bool) -> Self {
        self.center = center;
        self
    }

    /// Sets up to which magnitude samples count as zero.
    #[must_use]
    pub fn with_threshold(mut self, threshold: f32) -> Self {
        self.threshold = threshold;
        self
    }

    /// Sets whether zero counts as positive.
    #[must_use]
    pub fn with_zero_pos(mut self, zero_pos: bool) -> Self {
        self.zero_pos = zero_pos;
        self
    }
}

/// The part of each frame's samples whose sign is not that of the one before
/// (`librosa.feature.zero_crossing_rate`), `[1 x frame]`. The first sample of a frame is no crossing.
///
/// ```
/// use soundalike_features::{ZeroCrossingRate, ZeroCrossingRateConfig};
///
/// let rate = ZeroCrossingRate::new(&ZeroCrossingRateConfig::default())?;
/// let alternating: Vec<f32> = (0..8000).map(|n| if n % 2 == 0 { 1.0 } else { -1.0 }).collect();
/// assert_eq!(rate.compute(&alternating)?.get(0, 5), Some(2047.0 / 2048.0));
/// # Ok::<(), soundalike_features::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ZeroCrossingRate {
    config: ZeroCrossingRateConfig,
}

impl ZeroCrossingRate {
    /// Checks the configuration.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range.
    pub fn new(config: &ZeroCrossingRateConfig) -> Result<Self, Error> {
        check_framing(config.frame_length, config.hop_length)?;
        if !(0.0..f32::INFINITY).contains(&config.threshold) {
            return Err(Error::config("threshold", f64::from(config.threshold), "a number from 0"));
        }
        Ok(Self { config: config.clone() })
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &ZeroCrossingRateConfig {
        &self.config
    }

    /// Columns of the result for `n_samples` samples.
    ///
    /// # Errors
    /// [`Error::EmptyInput`] for no samples; [`Error::TooShort`] without `center` for fewer than a frame.
    pub fn frames(&self, n_samples: usize) -> Result<usize, Error> {
        let ZeroCrossingRateConfig { frame_length, hop_length, center, .. } = self.config;
        frames(n_samples, frame_length, hop_length, center)
    }

    /// The rate in each frame of `samples`, `[1 x frame]`.
    ///
    /// # Errors
    /// As [`Self::frames`], and [`Error::NonFinite`] or [`Error::SampleTooLarge`] for a sample that is not
    /// usable.
    pub fn compute(&self, samples: &[f32]) -> Result<Matrix, Error> {
        let mut out = Matrix::default();
        self.compute_into(samples, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::compute`] into `out`, which gets the result's shape. Allocates nothing once `out` has grown to
    /// what the length needs.
    ///
    /// # Errors
    /// As [`Self::compute`]; `out` is then unspecified.
    pub fn compute_into(&self, samples: &[f32], out: &mut Matrix, _: &mut Scratch) -> Result<(), Error> {
        let frames = self.frames(samples.len())?;
        check::samples(samples)?;
        out.reshape(1, frames)?;
        self.fill(samples, -(self.lead() as i64), out.as_mut_slice());
        Ok(())
    }

    /// Samples of a frame before its time.
    pub(crate) fn lead(&self) -> usize {
        if self.config.center { self.config.frame_length / 2 } else { 0 }
    }

    /// The frames that start at sample `start`, a hop after it, and so on, as many as there is room for. `samples`
    /// holds them, or ends where the signal does.
    pub(crate) fn fill(&self, samples: &[f32], start: i64, out: &mut [f32]) {
        let frame_length = self.config.frame_length;
        let signed = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        let hop = signed(self.config.hop_length);
        // Crossing `i` lies before sample `i`; repeated samples beyond the ends have none.
        let place = |index: i64| usize::try_from(index).unwrap_or(0).clamp(1, samples.len().max(1));
        let (mut from, mut end, mut count) = (1, 1, 0);
        for (frame, to) in out.iter_mut().enumerate() {
            let first = start.saturating_add(hop.saturating_mul(signed(frame)));
            let new = (place(first.saturating_add(1)), place(first.saturating_add(signed(frame_length))));
            if new.0 < end {
                count += self.count(samples, end, new.1);
                count -= self.count(samples, from, new.0);
            } else {
                count = self.count(samples, new.0, new.1);
            }
            (from, end) = new;
            *to = (count as f64 / frame_length as f64) as f32;
        }
    }

    /// The number of crossings from `start` until before `end`, where `start` is at least 1.
    fn count(&self, samples: &[f32], start: usize, end: usize) -> usize {
        let after = samples.get(start..end).unwrap_or_default();
        let before = samples.get(start - 1..).unwrap_or_default();
        let threshold = self.config.threshold;
        if self.config.zero_pos {
            changes(after, before, |v| i32::from(v < -threshold))
        } else {
            changes(after, before, |v| i32::from(v > threshold) - i32::from(v < -threshold))
        }
    }
}

/// How many samples differ in sign from the one before.
fn changes(after: &[f32], before: &[f32], sign: impl Fn(f32) -> i32) -> usize {
    // In pieces, so that a count can be as narrow as a sample.
    let pieces = after.chunks(4096).zip(before.chunks(4096));
    let in_piece = |(after, before): (&[f32], &[f32])| {
        after.iter().zip(before).map(|(a, b)| u32::from(sign(*a) != sign(*b))).sum::<u32>()
    };
    pieces.map(|both| in_piece(both) as usize).sum()
}

/// Checks how a signal is cut into frames without a transform.
pub(super) fn check_framing(frame_length: usize, hop_length: usize) -> Result<(), Error> {
    let limit = check::MAX_N_FFT;
    if !(1..=limit).contains(&frame_length) {
        return Err(Error::config("frame_length", frame_length as f64, "1 to 4194304"));
    }
    if hop_length == 0 {
        return Err(Error::config("hop_length", 0.0, "at least 1"));
    }
    Ok(())
}

/// Number of frames of `n_samples` samples.
pub(super) fn frames(
    n_samples: usize,
    frame_length: usize,
    hop_length: usize,
    center: bool,
) -> Result<usize, Error> {
    if n_samples == 0 {
        return Err(Error::EmptyInput);
    }
    let padding = if center { frame_length / 2 * 2 } else { 0 };
    match (n_samples + padding).checked_sub(frame_length) {
        Some(room) => Ok(1 + room / hop_length),
        None => Err(Error::TooShort { expected: frame_length, got: n_samples }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive(samples: &[f32], config: &ZeroCrossingRateConfig) -> Vec<f32> {
        let lead = if config.center { config.frame_length / 2 } else { 0 };
        let mut padded = vec![samples[0]; lead];
        padded.extend_from_slice(samples);
        padded.resize(padded.len() + lead, samples[samples.len() - 1]);
        let sign = |v: &f32| match v {
            v if v.abs() <= config.threshold => i32::from(config.zero_pos),
            v => v.signum() as i32,
        };
        padded
            .windows(config.frame_length)
            .step_by(config.hop_length)
            .map(|frame| frame.windows(2).filter(|pair| sign(&pair[0]) != sign(&pair[1])).count())
            .map(|count| (count as f64 / config.frame_length as f64) as f32)
            .collect()
    }

    proptest! {
        #[test]
        fn counted_once_is_counted_again(
            samples in prop::collection::vec(prop_oneof![Just(0.0f32), Just(-0.0f32), -1.0f32..1.0], 1..300),
            (frame_length, hop_length) in (1usize..70, 1usize..90),
            threshold in prop_oneof![Just(1e-10f32), 0.0f32..0.5],
            (center, zero_pos) in any::<(bool, bool)>(),
        ) {
            let config = ZeroCrossingRateConfig { frame_length, hop_length, center, threshold, zero_pos };
            let rate = ZeroCrossingRate::new(&config).unwrap();
            match rate.compute(&samples) {
                Ok(got) => prop_assert_eq!(got.as_slice(), naive(&samples, &config)),
                Err(error) => prop_assert_eq!(error, Error::TooShort { expected: frame_length, got: samples.len() }),
            }
        }
    }
}
