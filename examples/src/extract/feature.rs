//! The features, and which options each of them uses.

use serde::Serialize;

use crate::cli::Outcome;

/// What to extract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Feature {
    /// Complex spectrogram, [1 + n_fft / 2 x frame], complex64
    Stft,
    /// Magnitude spectrogram, [1 + n_fft / 2 x frame]
    Magnitude,
    /// Power spectrogram, [1 + n_fft / 2 x frame]
    Power,
    /// Mel power spectrogram, [n_mels x frame]
    Mel,
    /// The same in dB
    Logmel,
    /// Mel-frequency cepstral coefficients, [n_mfcc x frame]
    Mfcc,
    /// Their first derivative, a frame
    MfccDelta,
    /// Their second derivative
    MfccDelta2,
    /// Pitch classes from C on, [n_chroma x frame]
    Chroma,
    /// Spectral centroid in Hz, [1 x frame]
    Centroid,
    /// Spectral bandwidth in Hz, [1 x frame]
    Bandwidth,
    /// Spectral roll-off in Hz, [1 x frame]
    Rolloff,
    /// Spectral flatness, 0 to 1, [1 x frame]
    Flatness,
    /// Spectral contrast in dB, [n_bands + 1 x frame]
    Contrast,
    /// Zero-crossing rate, 0 to 1, [1 x frame]
    Zcr,
    /// Root mean square, [1 x frame]
    Rms,
    /// Onset strength, [1 x frame]
    Onset,
    /// Tempo of the whole file in beats a minute, one number
    Tempo,
    /// Autocorrelation of the onset strength, [win_length x frame], where row l is a lag of l frames
    Tempogram,
    /// Mel bands after per-channel energy normalisation, [n_mels x frame]
    Pcen,
}

const TRANSFORM: &[&str] =
    &["n_fft", "hop_length", "win_length", "window", "symmetric", "no_center", "pad_mode", "precision"];
const MEL: &[&str] = &["n_mels", "fmin", "fmax", "htk", "mel_scale", "mel_domain", "norm", "power"];
const DB: &[&str] = &["ref", "amin", "top_db"];
const MFCC: &[&str] = &["n_mfcc", "dct_type", "dct_norm", "lifter", "lifter_kind"];
const DELTA: &[&str] = &["delta_width", "delta_mode"];
const CHROMA: &[&str] = &["n_chroma", "tuning", "ctroct", "octwidth", "base_a", "norm"];
const ONSET: &[&str] = &["lag", "max_size", "detrend"];
const TEMPO: &[&str] = &["start_bpm", "std_bpm", "ac_size", "max_tempo"];
const PCEN: &[&str] = &["pcen_scale", "gain", "bias", "pcen_power", "time_constant", "eps", "b"];

impl Feature {
    /// The name on the command line and in JSON.
    #[must_use]
    pub fn name(self) -> String {
        use clap::ValueEnum as _;
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The names of the options that it uses.
    #[must_use]
    pub fn options(self) -> Vec<&'static str> {
        let groups: &[&[&str]] = match self {
            Self::Stft | Self::Magnitude | Self::Power | Self::Centroid => &[TRANSFORM],
            Self::Mel => &[TRANSFORM, MEL],
            Self::Logmel => &[TRANSFORM, MEL, DB],
            Self::Mfcc => &[TRANSFORM, MEL, DB, MFCC],
            Self::MfccDelta | Self::MfccDelta2 => &[TRANSFORM, MEL, DB, MFCC, DELTA],
            Self::Chroma => &[TRANSFORM, CHROMA],
            Self::Bandwidth => &[TRANSFORM, &["p", "norm"]],
            Self::Rolloff => &[TRANSFORM, &["roll_percent"]],
            Self::Flatness => &[TRANSFORM, &["amin", "power"]],
            Self::Contrast => &[TRANSFORM, &["fmin", "n_bands", "quantile", "linear"]],
            Self::Zcr => &[&["frame_length", "hop_length", "no_center", "threshold", "no_zero_pos"]],
            Self::Rms => &[&["frame_length", "hop_length", "no_center", "pad_mode"]],
            Self::Onset => &[TRANSFORM, MEL, DB, ONSET],
            Self::Tempo => &[TRANSFORM, MEL, DB, ONSET, TEMPO],
            // A window of its own, whose frames are those of the onset strength.
            Self::Tempogram => &[TRANSFORM, MEL, DB, ONSET],
            Self::Pcen => &[TRANSFORM, MEL, PCEN],
        };
        let mut names = groups.concat();
        // librosa's tempo has no such parameter; a tempogram's window is always periodic.
        let lacks = match self {
            Self::Tempo => "no_center",
            Self::Tempogram => "symmetric",
            _ => "",
        };
        names.retain(|name| *name != lacks);
        names
    }

    /// Refuses options that would change nothing.
    ///
    /// # Errors
    /// For the first of `given` that the feature does not use, or that another makes useless.
    pub fn refuse_unused(self, given: &[String]) -> Outcome<()> {
        let uses = self.options();
        let name = self.name();
        if let Some(unused) = given.iter().find(|option| !uses.contains(&option.as_str())) {
            let uses: Vec<String> = uses.into_iter().map(flag).collect();
            return Err(
                format!("{} has no effect on {name}, which takes {}", flag(unused), uses.join(", ")).into()
            );
        }
        let has = |option: &str| given.iter().any(|name| name == option);
        // These two centre something else than the frames that are padded.
        let centred = !has("no_center") || matches!(self, Self::Onset | Self::Tempogram);
        if has("pad_mode") && !centred {
            return Err("--pad-mode has no effect with --no-center, which pads nothing".into());
        }
        if has("lifter_kind") && !has("lifter") {
            return Err("--lifter-kind has no effect without --lifter".into());
        }
        Ok(())
    }
}

/// An option as it is written.
pub(super) fn flag(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}

/// A list for the help text: the options of each feature.
#[must_use]
pub fn options_by_feature() -> String {
    use clap::ValueEnum as _;
    let groups = [("TRANSFORM", TRANSFORM), ("MEL", MEL), ("DB", DB), ("MFCC", MFCC), ("ONSET", ONSET)];
    let mut text = String::from("Options that each feature takes (any other is refused):\n");
    let mut line =
        |name: &str, options: Vec<String>| text.push_str(&format!("  {name}: {}\n", options.join(" ")));
    for feature in Feature::value_variants() {
        let mut rest = feature.options();
        let mut words = Vec::new();
        for (name, group) in groups {
            if group.iter().all(|option| rest.contains(option)) {
                rest.retain(|option| !group.contains(option));
                words.push(name.to_owned());
            }
        }
        words.extend(rest.into_iter().map(flag));
        line(&feature.name(), words);
    }
    for (name, group) in groups {
        line(name, group.iter().map(|option| flag(option)).collect());
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::super::Options;
    use super::*;

    #[test]
    fn every_option_is_of_use_and_every_use_an_option() {
        let used: Vec<&str> =
            Feature::value_variants().iter().flat_map(|feature| feature.options()).collect();
        let names = Options::names();
        for name in &names {
            assert!(used.contains(&name.as_str()), "{name} is of no use");
        }
        for name in used {
            assert!(names.iter().any(|option| option == name), "{name} is no option");
        }
    }

    #[test]
    fn what_is_not_used_is_refused_by_name() {
        let given = ["n_fft".to_owned(), "n_mfcc".to_owned()];
        assert!(Feature::Mfcc.refuse_unused(&given).is_ok());
        let message = Feature::Mel.refuse_unused(&given).unwrap_err().to_string();
        assert!(
            message.starts_with("--n-mfcc has no effect on mel") && message.contains("--htk"),
            "{message}"
        );
    }
}
