//! What the values of options may be.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use soundalike_features::{
    DbReference, DctNorm, DeltaMode, LifterKind, MelDomain, MelScale, PadMode, Precision, Window,
};

/// A divisor or a scale; which of them there are depends on the feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Norm {
    /// Triangles of area one.
    Slaney,
    /// The largest magnitude.
    Inf,
    /// The sum of the magnitudes.
    L1,
    /// The root of the sum of the squares.
    L2,
    /// Nothing.
    None,
}

/// A number, or `none`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct OrNone(pub(super) Option<f64>);

type Choices<T> = &'static [(&'static str, T)];

pub(super) const NORMS: Choices<Norm> =
    &[("slaney", Norm::Slaney), ("inf", Norm::Inf), ("1", Norm::L1), ("2", Norm::L2), ("none", Norm::None)];
pub(super) const PAD_MODES: Choices<PadMode> =
    &[("zeros", PadMode::Zeros), ("reflect", PadMode::Reflect), ("edge", PadMode::Edge)];
pub(super) const PRECISIONS: Choices<Precision> =
    &[("double", Precision::Double), ("single", Precision::Single)];
pub(super) const MEL_SCALES: Choices<MelScale> =
    &[("slaney", MelScale::Slaney), ("htk", MelScale::Htk), ("kaldi", MelScale::Kaldi)];
pub(super) const MEL_DOMAINS: Choices<MelDomain> = &[("hz", MelDomain::Hz), ("mel", MelDomain::Mel)];
pub(super) const DCT_NORMS: Choices<DctNorm> = &[("ortho", DctNorm::Ortho), ("none", DctNorm::None)];
pub(super) const LIFTER_KINDS: Choices<LifterKind> =
    &[("librosa", LifterKind::Librosa), ("kaldi", LifterKind::Kaldi)];
pub(super) const DELTA_MODES: Choices<DeltaMode> = &[
    ("interp", DeltaMode::Interp),
    ("nearest", DeltaMode::Nearest),
    ("mirror", DeltaMode::Mirror),
    ("constant", DeltaMode::Constant),
    ("wrap", DeltaMode::Wrap),
];

/// One of a list of words.
pub(super) fn choice<T: Copy + Send + Sync + 'static>(
    choices: Choices<T>,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(choices.iter().map(|(name, _)| *name)).try_map(move |given| {
        let found = choices.iter().find(|(name, _)| *name == given);
        found.map(|(_, value)| *value).ok_or("not one of the words")
    })
}

pub(super) fn window(given: &str) -> Result<Window, String> {
    match given {
        "hann" => Ok(Window::Hann),
        "hamming" => Ok(Window::Hamming),
        "blackman" => Ok(Window::Blackman),
        "rectangular" => Ok(Window::Rectangular),
        "povey" => Ok(Window::Povey),
        other => match other.strip_prefix("kaiser:").map(str::parse) {
            Some(Ok(beta)) => Ok(Window::Kaiser { beta }),
            _ => Err("expected hann, hamming, blackman, rectangular, povey or kaiser:BETA".into()),
        },
    }
}

pub(super) fn reference(given: &str) -> Result<DbReference, String> {
    match (given, given.parse()) {
        ("max", _) => Ok(DbReference::Max),
        (_, Ok(value)) => Ok(DbReference::Value(value)),
        _ => Err("expected a number or max".into()),
    }
}

pub(super) fn or_none(given: &str) -> Result<OrNone, String> {
    match (given, given.parse()) {
        ("none", _) => Ok(OrNone(None)),
        (_, Ok(value)) => Ok(OrNone(Some(value))),
        _ => Err("expected a number or none".into()),
    }
}
