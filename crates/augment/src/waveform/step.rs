//! One step of an edit.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Error;

/// A change with its parameters, as drawn.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum EditStep {
    /// Higher by so many semitones, -24 to 24.
    PitchShift {
        /// Semitones.
        semitones: f64,
    },
    /// So many times as fast, 0.25 to 4, at the same pitch.
    TimeStretch {
        /// The factor.
        rate: f64,
    },
    /// So many times as fast and as high, 0.25 to 4.
    Speed {
        /// The factor.
        rate: f64,
    },
    /// Louder.
    Gain {
        /// Decibels.
        db: f64,
    },
    /// White noise.
    WhiteNoise {
        /// Signal-to-noise ratio in decibels.
        snr_db: f64,
        /// Which noise.
        seed: u64,
    },
    /// Noise of a source.
    BackgroundNoise {
        /// Signal-to-noise ratio in decibels.
        snr_db: f64,
        /// Which of the noises.
        source: usize,
        /// Where in it the noise starts, 0 to 1.
        start: f64,
    },
    /// The sound of a room.
    ImpulseResponse {
        /// Which of the rooms.
        room: usize,
        /// Samples until it has faded.
        decay: usize,
    },
    /// Low-pass.
    LowPass {
        /// Where it is 3 dB down.
        hz: f64,
    },
    /// High-pass.
    HighPass {
        /// Where it is 3 dB down.
        hz: f64,
    },
    /// High-pass and low-pass.
    BandPass {
        /// Where the high-pass is 3 dB down.
        low_hz: f64,
        /// Where the low-pass is 3 dB down.
        high_hz: f64,
    },
    /// Clipping.
    Clipping {
        /// How far the limit lies under the largest sample, in decibels.
        db: f64,
    },
    /// About as through a lossy codec.
    LossyCoding {
        /// Thousand bits a second.
        kbps: f64,
    },
}

impl EditStep {
    /// Output seconds for each input second.
    #[must_use]
    pub fn time_scale(self) -> f64 {
        match self {
            Self::TimeStretch { rate } | Self::Speed { rate } => 1.0 / rate,
            _ => 1.0,
        }
    }

    /// How many times as high everything sounds.
    pub(crate) fn pitch(self) -> f64 {
        match self {
            Self::PitchShift { semitones } => (semitones / 12.0).exp2(),
            Self::Speed { rate } => rate,
            _ => 1.0,
        }
    }

    /// Whether it changes pitch or tempo; such steps in a row are done as one.
    pub(crate) fn warps(self) -> bool {
        matches!(self, Self::PitchShift { .. } | Self::TimeStretch { .. } | Self::Speed { .. })
    }

    /// Whether a sample depends on those around it, so that the borders of the signal show.
    pub(crate) fn reaches(self) -> bool {
        !matches!(
            self,
            Self::Gain { .. }
                | Self::WhiteNoise { .. }
                | Self::BackgroundNoise { .. }
                | Self::Clipping { .. }
        )
    }

    /// The name in a configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PitchShift { .. } => "pitch_shift",
            Self::TimeStretch { .. } => "time_stretch",
            Self::Speed { .. } => "speed",
            Self::Gain { .. } => "gain",
            Self::WhiteNoise { .. } => "white_noise",
            Self::BackgroundNoise { .. } => "background_noise",
            Self::ImpulseResponse { .. } => "impulse_response",
            Self::LowPass { .. } => "low_pass",
            Self::HighPass { .. } => "high_pass",
            Self::BandPass { .. } => "band_pass",
            Self::Clipping { .. } => "clipping",
            Self::LossyCoding { .. } => "lossy_coding",
        }
    }

    /// That the parameters are within their ranges.
    pub(crate) fn check(self, sample_rate: u32) -> Result<(), Error> {
        let within = |what, got: f64, low: f64, high: f64, expected| {
            // No number is in no range.
            if got >= low && got <= high { Ok(()) } else { Err(Error::OutOfRange { what, expected, got }) }
        };
        let half = 0.9999 * f64::from(sample_rate) / 2.0;
        let hz = |what, got| within(what, got, 0.1, half, "0.1 to 0.9999 times half the sample rate");
        match self {
            Self::PitchShift { semitones } => within("semitones", semitones, -24.0, 24.0, "-24 to 24"),
            Self::TimeStretch { rate } | Self::Speed { rate } => within("rate", rate, 0.25, 4.0, "0.25 to 4"),
            Self::Gain { db } => within("db", db, -120.0, 60.0, "-120 to 60"),
            Self::WhiteNoise { snr_db, .. } => within("snr_db", snr_db, -60.0, 120.0, "-60 to 120"),
            Self::BackgroundNoise { snr_db, start, .. } => {
                within("snr_db", snr_db, -60.0, 120.0, "-60 to 120")?;
                within("start", start, 0.0, 1.0, "0 to 1")
            }
            Self::ImpulseResponse { .. } => Ok(()),
            Self::LowPass { hz: f } | Self::HighPass { hz: f } => hz("hz", f),
            Self::BandPass { low_hz, high_hz } => {
                hz("low_hz", low_hz)?;
                hz("high_hz", high_hz)?;
                within("low_hz", low_hz, 0.0, high_hz, "at most high_hz")
            }
            Self::Clipping { db } => within("db", db, 0.0, 60.0, "0 to 60"),
            Self::LossyCoding { kbps } => within("kbps", kbps, 4.0, 512.0, "4 to 512"),
        }
    }
}

/// A number of so many decimals, of which zero has no sign.
fn rounded(x: f64, decimals: i32) -> f64 {
    let unit = 10f64.powi(decimals);
    (x * unit).round() / unit + 0.0
}

impl fmt::Display for EditStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PitchShift { semitones } => write!(f, "pitch {:+.1}", rounded(*semitones, 1)),
            Self::TimeStretch { rate } => write!(f, "tempo {:+.0} %", rounded((rate - 1.0) * 100.0, 0)),
            Self::Speed { rate } => write!(f, "speed {:+.1} %", rounded((rate - 1.0) * 100.0, 1)),
            Self::Gain { db } => write!(f, "gain {:+.0} dB", rounded(*db, 0)),
            Self::WhiteNoise { snr_db, .. } => write!(f, "noise {:.0} dB", rounded(*snr_db, 0)),
            Self::BackgroundNoise { snr_db, source, .. } => {
                write!(f, "background {source} {:.0} dB", rounded(*snr_db, 0))
            }
            Self::ImpulseResponse { room, .. } => write!(f, "room {room}"),
            Self::LowPass { hz } => write!(f, "low-pass {hz:.0} Hz"),
            Self::HighPass { hz } => write!(f, "high-pass {hz:.0} Hz"),
            Self::BandPass { low_hz, high_hz } => write!(f, "band {low_hz:.0}-{high_hz:.0} Hz"),
            Self::Clipping { db } => write!(f, "clipping {db:.0} dB"),
            Self::LossyCoding { kbps } => write!(f, "codec {kbps:.0} kbit/s"),
        }
    }
}
