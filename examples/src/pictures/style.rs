//! What the rows of a feature are, and what its values mean.

use soundalike_eval::{Tick, frequency_ticks};
use soundalike_features::{MelScale, hz_to_mel, mel_to_hz};

/// The rows of a matrix.
#[derive(Debug, Clone, PartialEq)]
pub enum Rows {
    /// One value a frame.
    Line,
    /// Bins of a transform, this many Hz apart.
    Bins {
        /// Hz from bin to bin.
        hz: f64,
    },
    /// Mel bands.
    Mel {
        /// The scale on which they are equally spaced.
        scale: MelScale,
        /// Where the lowest band starts, in Hz.
        fmin: f64,
        /// Where the highest band ends.
        fmax: f64,
    },
    /// Numbered coefficients.
    Coefficients,
    /// Classes of an octave.
    PitchClasses {
        /// Semitones from C to the first.
        first: usize,
    },
    /// Rows with names.
    Named {
        /// What they are.
        axis: &'static str,
        /// One a row.
        names: Vec<String>,
    },
    /// Lags of whole frames, labelled by the tempo that they are.
    Lags {
        /// Seconds from frame to frame.
        frame_seconds: f64,
    },
}

/// What the colours show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Colours {
    /// Powers, as decibels below the largest.
    Power,
    /// Amplitudes, as decibels below the largest.
    Amplitude,
    /// Decibels.
    Db,
    /// Values around zero, of which the first rows are larger than all others.
    Signed,
    /// The values, from the smallest to the largest.
    Values,
}

/// How a feature is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Style {
    /// What the rows are.
    pub rows: Rows,
    /// What the colours show.
    pub colours: Colours,
    /// The values' unit, or the name of a line.
    pub unit: String,
}

impl Style {
    /// A style.
    #[must_use]
    pub fn new(rows: Rows, colours: Colours, unit: &str) -> Self {
        Self { rows, colours, unit: unit.to_owned() }
    }

    /// The style of a front end at its rate. Its bands are those that its definition names.
    #[must_use]
    pub fn of_preset(name: &str, sample_rate: u32) -> Self {
        let top = f64::from(sample_rate) / 2.0;
        let mel = |scale, fmin, fmax| Rows::Mel { scale, fmin, fmax };
        let (rows, unit) = match name {
            "kaldi_mfcc" => return Self::new(Rows::Coefficients, Colours::Signed, "MFCC"),
            "librosa" => (mel(MelScale::Slaney, 0.0, top), "dB"),
            "torchaudio" => (mel(MelScale::Htk, 0.0, top), "dB"),
            "clap" => (mel(MelScale::Htk, 50.0, 14_000.0), "dB"),
            "openl3_mel128" | "openl3_mel256" => (mel(MelScale::Slaney, 0.0, top), "dB of max"),
            "openl3_linear" => (Rows::Bins { hz: f64::from(sample_rate) / 512.0 }, "dB of max"),
            "kaldi_fbank" => (mel(MelScale::Kaldi, 20.0, top), "ln(mel)"),
            "vggish" | "yamnet" => (mel(MelScale::Kaldi, 125.0, 7500.0), "ln(mel)"),
            "musicnn" | "essentia_musicnn" => (mel(MelScale::Slaney, 0.0, top), "lg(mel)"),
            _ => (Rows::Coefficients, ""),
        };
        let colours = if unit.starts_with("dB") { Colours::Db } else { Colours::Values };
        Self::new(rows, colours, unit)
    }
}

/// Sharps, as they are the names that most libraries print.
const PITCH_NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

impl Rows {
    /// The title of the axis and its ticks, for `n` rows.
    pub(super) fn axis(&self, n: usize) -> (&'static str, Vec<Tick>) {
        let numbered = |axis| {
            let step = n.div_ceil(10).max(1);
            (axis, (0..n).step_by(step).map(|i| Tick::new(i as f64, i.to_string())).collect())
        };
        match self {
            Self::Line | Self::Coefficients => numbered("coefficient"),
            Self::Bins { hz } => {
                let top = hz * n.saturating_sub(1) as f64;
                let steps = [1.0, 2.0, 5.0].map(|m| [10.0, 100.0, 1e3, 1e4].map(|p| m * p));
                let mut steps = steps.as_flattened().to_vec();
                steps.sort_by(f64::total_cmp);
                let step = steps.into_iter().find(|step| top / step <= 10.0).unwrap_or(1e5);
                let count = (top / step) as usize;
                let tick = |i: usize| Tick::new(i as f64 * step / hz, hertz(i as f64 * step));
                ("frequency (Hz)", (0..=count).map(tick).collect())
            }
            Self::Mel { scale, fmin, fmax } => {
                let (low, high) = (hz_to_mel(*fmin, *scale), hz_to_mel(*fmax, *scale));
                let step = (high - low) / (n + 1) as f64;
                let centre = |band: usize| mel_to_hz(low + step * band as f64, *scale) as f32;
                let ticks = frequency_ticks(&(1..=n).map(centre).collect::<Vec<_>>());
                if ticks.is_empty() { numbered("band") } else { ("frequency (Hz)", ticks) }
            }
            Self::PitchClasses { first } if n.is_multiple_of(12) => {
                let name = |i: usize| PITCH_NAMES.get((first + i) % 12).copied().unwrap_or_default();
                let tick = |i: usize| Tick::new((i * n / 12) as f64, name(i));
                ("pitch class", (0..12).map(tick).collect())
            }
            Self::PitchClasses { .. } => numbered("pitch class"),
            Self::Named { axis, names } => {
                let tick = |(i, name): (usize, &String)| Tick::new(i as f64, name.as_str());
                (axis, names.iter().enumerate().map(tick).collect())
            }
            Self::Lags { frame_seconds } => {
                let lag = |bpm: f64| Tick::new(60.0 / (bpm * frame_seconds), format!("{bpm}"));
                ("tempo (beats a minute)", [15.0, 20.0, 30.0, 60.0, 120.0, 240.0].map(lag).to_vec())
            }
        }
    }
}

/// A frequency as it is written on an axis.
fn hertz(hz: f64) -> String {
    if hz >= 1000.0 { format!("{}k", hz / 1000.0) } else { format!("{hz}") }
}

#[cfg(test)]
mod tests {
    use soundalike_features::FrontEnd;

    use super::*;

    fn labels(rows: &Rows, n: usize) -> Vec<(f64, String)> {
        rows.axis(n).1.into_iter().map(|tick| (tick.position, tick.label)).collect()
    }

    #[test]
    fn ticks_lie_where_they_say() {
        let bins = labels(&Rows::Bins { hz: 22_050.0 / 2048.0 }, 1025);
        assert_eq!(bins.len(), 6);
        assert_eq!((bins[0].1.as_str(), bins[1].1.as_str()), ("0", "2k"));
        assert!((bins[1].0 - 2000.0 * 2048.0 / 22_050.0).abs() < 1e-9);
        let chroma = labels(&Rows::PitchClasses { first: 0 }, 24);
        assert_eq!(chroma[9], (18.0, "A".to_owned()));
        assert_eq!(labels(&Rows::PitchClasses { first: 9 }, 12)[3], (3.0, "C".to_owned()));
        let lags = labels(&Rows::Lags { frame_seconds: 0.01 }, 384);
        assert!(lags.contains(&(50.0, "120".to_owned())), "{lags:?}");
        // The first centre of two bands is at a third, the second at two thirds of the scale.
        let mel = labels(&Rows::Mel { scale: MelScale::Slaney, fmin: 0.0, fmax: 900.0 }, 2);
        assert_eq!(mel.iter().map(|tick| tick.1.as_str()).collect::<Vec<_>>(), ["500"]);
        assert!((mel[0].0 - 2.0 / 3.0).abs() < 1e-5);
    }

    #[test]
    fn every_preset_has_a_style() {
        for name in FrontEnd::NAMES {
            let style = Style::of_preset(name, 48_000);
            assert!(!style.unit.is_empty(), "{name}");
            assert_eq!(style.rows == Rows::Coefficients, name == "kaldi_mfcc");
        }
    }
}
