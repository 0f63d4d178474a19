//! What a caller may set: limits and the target rate.

use crate::error::Error;

/// The lowest sample rate accepted, in a file or as a target.
///
/// A header that claims a few Hz would turn a small file into hours of resampled audio.
pub const MIN_SAMPLE_RATE: u32 = 1_000;

/// Bounds on what one file may cost. They are checked against what is decoded, never used to
/// allocate, so a header that lies costs nothing.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Longest audio, in seconds; 12 hours by default.
    pub max_duration_s: f64,
    /// Most channels; 64 by default.
    pub max_channels: u16,
    /// Highest sample rate, in a file or as a target; 768,000 Hz by default.
    pub max_sample_rate: u32,
    /// Most mono samples [`decode`](crate::decode) holds in memory; 2^29 (2 GiB) by default.
    /// [`AudioReader`](crate::AudioReader) does not use it: its memory does not grow.
    pub max_samples: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_duration_s: 12.0 * 3600.0,
            max_channels: 64,
            max_sample_rate: 768_000,
            max_samples: 1 << 29,
        }
    }
}

impl Limits {
    /// Sets [`max_duration_s`](Self::max_duration_s).
    #[must_use]
    pub fn with_max_duration_s(mut self, seconds: f64) -> Self {
        self.max_duration_s = seconds;
        self
    }

    /// Sets [`max_channels`](Self::max_channels).
    #[must_use]
    pub fn with_max_channels(mut self, channels: u16) -> Self {
        self.max_channels = channels;
        self
    }

    /// Sets [`max_sample_rate`](Self::max_sample_rate).
    #[must_use]
    pub fn with_max_sample_rate(mut self, hz: u32) -> Self {
        self.max_sample_rate = hz;
        self
    }

    /// Sets [`max_samples`](Self::max_samples).
    #[must_use]
    pub fn with_max_samples(mut self, samples: u64) -> Self {
        self.max_samples = samples;
        self
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        let bad = |name, got| Err(Error::InvalidLimit { name, got });
        if !(self.max_duration_s.is_finite() && self.max_duration_s > 0.0) {
            return bad("max_duration_s", self.max_duration_s);
        }
        if self.max_channels == 0 {
            return bad("max_channels", 0.0);
        }
        if self.max_sample_rate < MIN_SAMPLE_RATE {
            return bad("max_sample_rate", f64::from(self.max_sample_rate));
        }
        if self.max_samples == 0 {
            return bad("max_samples", 0.0);
        }
        Ok(())
    }
}

/// How to read a file.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadConfig {
    /// Target sample rate in Hz; `None` keeps the file's own.
    pub sample_rate: Option<u32>,
    /// Bounds on the file.
    pub limits: Limits,
}

impl ReadConfig {
    /// Reads at the file's own rate, with the default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Resamples to this rate, in Hz.
    #[must_use]
    pub fn with_sample_rate(mut self, hz: u32) -> Self {
        self.sample_rate = Some(hz);
        self
    }

    /// Keeps the file's own rate.
    #[must_use]
    pub fn with_native_rate(mut self) -> Self {
        self.sample_rate = None;
        self
    }

    /// Sets the limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        self.limits.check()?;
        match self.sample_rate {
            Some(hz) => check_rate(hz, self.limits.max_sample_rate),
            None => Ok(()),
        }
    }
}

pub(crate) fn check_rate(hz: u32, max: u32) -> Result<(), Error> {
    if (MIN_SAMPLE_RATE..=max).contains(&hz) {
        Ok(())
    } else {
        Err(Error::InvalidSampleRate { got: hz, min: MIN_SAMPLE_RATE, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_accepted_and_nonsense_is_not() {
        assert!(ReadConfig::default().check().is_ok());
        for limits in [
            Limits::default().with_max_duration_s(f64::NAN),
            Limits::default().with_max_duration_s(0.0),
            Limits::default().with_max_duration_s(-1.0),
            Limits::default().with_max_channels(0),
            Limits::default().with_max_sample_rate(999),
            Limits::default().with_max_samples(0),
        ] {
            assert!(
                matches!(
                    ReadConfig::new().with_limits(limits.clone()).check(),
                    Err(Error::InvalidLimit { .. })
                ),
                "{limits:?}"
            );
        }
        for hz in [0, 1, 999, 768_001, u32::MAX] {
            assert!(matches!(
                ReadConfig::new().with_sample_rate(hz).check(),
                Err(Error::InvalidSampleRate { .. })
            ));
        }
    }
}
