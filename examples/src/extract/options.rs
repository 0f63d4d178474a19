//! The parameters of all features, under librosa's names.

use clap::{ArgMatches, Args, Command};
use soundalike_features::{
    DbReference, DctNorm, DeltaMode, LifterKind, MelDomain, MelScale, PadMode, Precision, Window,
};

use super::choices::{
    DCT_NORMS, DELTA_MODES, LIFTER_KINDS, MEL_DOMAINS, MEL_SCALES, NORMS, Norm, OrNone, PAD_MODES,
    PRECISIONS, choice, or_none, reference, window,
};

/// What a feature is computed with. An option that is not given has librosa's default.
#[derive(Debug, Clone, Default, Args)]
pub struct Options {
    #[command(flatten)]
    pub(super) transform: TransformOptions,
    #[command(flatten)]
    pub(super) mel: MelOptions,
    #[command(flatten)]
    pub(super) db: DbOptions,
    #[command(flatten)]
    pub(super) cepstrum: CepstrumOptions,
    #[command(flatten)]
    pub(super) spectral: SpectralOptions,
    #[command(flatten)]
    pub(super) rhythm: RhythmOptions,
    #[command(flatten)]
    pub(super) pcen: PcenOptions,
}

impl Options {
    /// The names of all options, as fields: `n_fft`.
    #[must_use]
    pub fn names() -> Vec<String> {
        let command = Self::augment_args(Command::new(""));
        command.get_arguments().map(|arg| arg.get_id().to_string()).collect()
    }

    /// The names of those that were given on the command line.
    #[must_use]
    pub fn given(matches: &ArgMatches) -> Vec<String> {
        let by_hand = Some(clap::parser::ValueSource::CommandLine);
        let mut names = Self::names();
        names.retain(|name| matches.value_source(name) == by_hand);
        names
    }
}

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Frames and transform")]
pub(super) struct TransformOptions {
    /// Length of the transform in samples [default: 2048]
    #[arg(long, value_name = "N")]
    pub(super) n_fft: Option<usize>,
    /// Samples from one frame to the next [default: 512]
    #[arg(long, value_name = "N")]
    pub(super) hop_length: Option<usize>,
    /// Length of the window, at most n_fft [default: n_fft]; of a tempogram in frames [default: 384]
    #[arg(long, value_name = "N")]
    pub(super) win_length: Option<usize>,
    /// hann, hamming, blackman, rectangular, povey or kaiser:BETA [default: hann]; of a tempogram its own
    #[arg(long, value_name = "WINDOW", value_parser = window)]
    pub(super) window: Option<Window>,
    /// A symmetric window instead of a periodic one (scipy's fftbins=False)
    #[arg(long)]
    pub(super) symmetric: bool,
    /// Frames begin at their time instead of being centred on it; of onset and tempogram librosa's center=False, which
    /// leaves the spectrogram under them centred
    #[arg(long)]
    pub(super) no_center: bool,
    /// What lies beyond the ends of centred frames [default: zeros]
    #[arg(long, value_parser = choice(PAD_MODES))]
    pub(super) pad_mode: Option<PadMode>,
    /// Arithmetic of the transform; files hold single precision in any case [default: double]
    #[arg(long, value_parser = choice(PRECISIONS))]
    pub(super) precision: Option<Precision>,
    /// Samples in a frame of zcr and rms [default: 2048]
    #[arg(long, value_name = "N")]
    pub(super) frame_length: Option<usize>,
}

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Mel bands")]
pub(super) struct MelOptions {
    /// Number of bands [default: 128]
    #[arg(long, value_name = "N")]
    pub(super) n_mels: Option<usize>,
    /// Where the lowest band starts, in Hz [default: 0]; of contrast, where the second starts [default: 200]
    #[arg(long, value_name = "HZ")]
    pub(super) fmin: Option<f64>,
    /// Where the highest band ends, in Hz [default: half the sample rate]
    #[arg(long, value_name = "HZ")]
    pub(super) fmax: Option<f64>,
    /// HTK's mel scale instead of Slaney's
    #[arg(long, conflicts_with = "mel_scale")]
    pub(super) htk: bool,
    /// The mel scale [default: slaney]
    #[arg(long, value_parser = choice(MEL_SCALES))]
    pub(super) mel_scale: Option<MelScale>,
    /// In which unit the sides of the triangles are straight [default: hz]
    #[arg(long, value_parser = choice(MEL_DOMAINS))]
    pub(super) mel_domain: Option<MelDomain>,
    /// Of mel bands slaney or none [default: slaney]; of chroma and tempogram inf, 1, 2 or none [default: inf]; of
    /// bandwidth 1 or none [default: 1]
    #[arg(long, value_parser = choice(NORMS))]
    pub(super) norm: Option<Norm>,
    /// Exponent of the magnitudes, 1 or 2 for mel bands [default: 2; of pcen 1]; any above 0 for flatness
    #[arg(long, value_name = "P")]
    pub(super) power: Option<f64>,
}

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Decibels")]
pub(super) struct DbOptions {
    /// The power that is 0 dB: a number, or max for the largest of the clip [default: 1]
    #[arg(long = "ref", id = "ref", value_name = "POWER|max", value_parser = reference)]
    pub(super) reference: Option<DbReference>,
    /// Powers under this count as this [default: 1e-10]
    #[arg(long, value_name = "POWER")]
    pub(super) amin: Option<f32>,
    /// How far under the loudest band the floor lies: a number, or none [default: 80]
    #[arg(long, value_name = "DB|none", value_parser = or_none)]
    pub(super) top_db: Option<OrNone>,
}

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "MFCC and deltas")]
pub(super) struct CepstrumOptions {
    /// Number of coefficients [default: 20]
    #[arg(long, value_name = "N")]
    pub(super) n_mfcc: Option<usize>,
    /// Type of the cosine transform: 1, 2 or 3 [default: 2]
    #[arg(long, value_name = "TYPE")]
    pub(super) dct_type: Option<u8>,
    /// Scale of the cosine transform [default: ortho]
    #[arg(long, value_parser = choice(DCT_NORMS))]
    pub(super) dct_norm: Option<DctNorm>,
    /// Coefficient n is multiplied by 1 + (LIFTER / 2) sin(pi n / LIFTER); 0 for none [default: 0]
    #[arg(long, value_name = "LIFTER")]
    pub(super) lifter: Option<f64>,
    /// Whether that n counts from 1 (librosa) or from 0 (kaldi) [default: librosa]
    #[arg(long, value_parser = choice(LIFTER_KINDS))]
    pub(super) lifter_kind: Option<LifterKind>,
    /// Frames in the window of a delta, an odd number (librosa's width) [default: 9]
    #[arg(long, value_name = "N")]
    pub(super) delta_width: Option<usize>,
    /// What a delta takes for frames beyond the ends (librosa's mode) [default: interp]
    #[arg(long, value_parser = choice(DELTA_MODES))]
    pub(super) delta_mode: Option<DeltaMode>,
}

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Chroma and other features of a spectrum")]
pub(super) struct SpectralOptions {
    /// Number of pitch classes [default: 12]
    #[arg(long, value_name = "N")]
    pub(super) n_chroma: Option<usize>,
    /// Deviation from A440 in parts of a pitch class [default: estimated from the whole file]
    #[arg(long, value_name = "PART")]
    pub(super) tuning: Option<f64>,
    /// Octave where the weights of chroma are largest [default: 5]
    #[arg(long, value_name = "OCTAVE")]
    pub(super) ctroct: Option<f64>,
    /// Octaves in which they fall off; none for equal weights [default: 2]
    #[arg(long, value_name = "OCTAVES|none", value_parser = or_none)]
    pub(super) octwidth: Option<OrNone>,
    /// The first class is A instead of C (librosa's base_c=False)
    #[arg(long)]
    pub(super) base_a: bool,
    /// Power of the distances in bandwidth [default: 2]
    #[arg(long, value_name = "P")]
    pub(super) p: Option<f64>,
    /// Part of the magnitudes that lies under the roll-off [default: 0.85]
    #[arg(long, value_name = "PART")]
    pub(super) roll_percent: Option<f64>,
    /// Number of bands of contrast above fmin [default: 6]
    #[arg(long, value_name = "N")]
    pub(super) n_bands: Option<usize>,
    /// Part of a band's bins that make its valley and its peak [default: 0.02]
    #[arg(long, value_name = "PART")]
    pub(super) quantile: Option<f64>,
    /// Contrast as difference of magnitudes instead of decibels
    #[arg(long)]
    pub(super) linear: bool,
    /// Samples of up to this magnitude are zero to zcr [default: 1e-10]
    #[arg(long, value_name = "X")]
    pub(super) threshold: Option<f32>,
    /// Zero is a sign of its own to zcr (librosa's zero_pos=False)
    #[arg(long)]
    pub(super) no_zero_pos: bool,
}

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Onsets and tempo")]
pub(super) struct RhythmOptions {
    /// Frames between those that are compared [default: 1]
    #[arg(long, value_name = "N")]
    pub(super) lag: Option<usize>,
    /// Bands of the earlier frame that each is compared with [default: 1]
    #[arg(long, value_name = "N")]
    pub(super) max_size: Option<usize>,
    /// Takes slow changes out of the onset strength
    #[arg(long)]
    pub(super) detrend: bool,
    /// The tempo that is most likely beforehand [default: 120]
    #[arg(long, value_name = "BPM")]
    pub(super) start_bpm: Option<f64>,
    /// Standard deviation of the tempos around it, in octaves [default: 1]
    #[arg(long, value_name = "OCTAVES")]
    pub(super) std_bpm: Option<f64>,
    /// Seconds in which the onset strength is compared with itself [default: 8]
    #[arg(long, value_name = "SECONDS")]
    pub(super) ac_size: Option<f64>,
    /// Faster tempos are left out; none for no limit [default: 320]
    #[arg(long, value_name = "BPM|none", value_parser = or_none)]
    pub(super) max_tempo: Option<OrNone>,
}

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "PCEN")]
pub(super) struct PcenOptions {
    /// What the mel bands are multiplied by first [default: 2147483648, as librosa advises]
    #[arg(long, value_name = "X")]
    pub(super) pcen_scale: Option<f64>,
    /// Exponent of the smoothed energy that is divided by [default: 0.98]
    #[arg(long, value_name = "X")]
    pub(super) gain: Option<f64>,
    /// Added before the compression [default: 2]
    #[arg(long, value_name = "X")]
    pub(super) bias: Option<f64>,
    /// Exponent of the compression (librosa's power) [default: 0.5]
    #[arg(long, value_name = "X")]
    pub(super) pcen_power: Option<f64>,
    /// How long the smoothing looks back [default: 0.4]
    #[arg(long, value_name = "SECONDS")]
    pub(super) time_constant: Option<f64>,
    /// Added to the smoothed energy [default: 1e-6]
    #[arg(long, value_name = "X")]
    pub(super) eps: Option<f64>,
    /// The smoothing's coefficient itself, instead of a time constant
    #[arg(long, value_name = "B", conflicts_with = "time_constant")]
    pub(super) b: Option<f64>,
}
