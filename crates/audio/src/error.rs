//! The error type of the crate.

use std::path::{Path, PathBuf};

/// What a [`LimitExceeded`](Error::LimitExceeded) error was about.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitKind {
    /// Length of the decoded audio, in seconds.
    DurationSeconds,
    /// Number of channels.
    Channels,
    /// Sample rate in Hz.
    SampleRate,
    /// Number of mono samples held in memory by one call.
    Samples,
    /// Bytes read from the file since it last gave audio.
    BytesWithoutAudio,
    /// Packets taken from the file since it last gave audio.
    PacketsWithoutAudio,
    /// Bytes of a file to be written.
    FileBytes,
}

impl std::fmt::Display for LimitKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::DurationSeconds => "duration in seconds",
            Self::Channels => "number of channels",
            Self::SampleRate => "sample rate in Hz",
            Self::Samples => "number of samples in memory",
            Self::BytesWithoutAudio => "bytes read without finding audio",
            Self::PacketsWithoutAudio => "packets read without finding audio",
            Self::FileBytes => "size of the file in bytes",
        })
    }
}

/// Everything that can go wrong in this crate. Variants about a file carry its path.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing exists at this path.
    #[error("{}: no such file or folder", path.display())]
    NotFound {
        /// The path asked for.
        path: PathBuf,
    },
    /// The operating system refused to read or write.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No space is left (or a quota is used up) where the file was to be written.
    #[error("{}: no space left to write the file", path.display())]
    DiskFull {
        /// The file that was being written; an older version of it is unchanged.
        path: PathBuf,
    },
    /// The path is a folder, a pipe, a device or another thing that is not a plain file.
    #[error("{}: not a plain file", path.display())]
    NotAFile {
        /// The path asked for.
        path: PathBuf,
    },
    /// A folder was asked for and something else is there.
    #[error("{}: not a folder", path.display())]
    NotAFolder {
        /// The path asked for.
        path: PathBuf,
    },
    /// The file has no bytes.
    #[error("{}: the file is empty", path.display())]
    EmptyFile {
        /// The file.
        path: PathBuf,
    },
    /// No known audio format was recognised in the file's bytes (its name is not looked at).
    #[error("{}: not recognised as an audio file", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// The format is known, but this codec or feature of it cannot be decoded.
    #[error("{}: unsupported: {what}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The codec or feature.
        what: String,
    },
    /// The file breaks its own format before any audio could be decoded.
    #[error("{}: malformed: {detail}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        detail: String,
    },
    /// A container without an audio track.
    #[error("{}: no audio track", path.display())]
    NoAudioTrack {
        /// The file.
        path: PathBuf,
    },
    /// The file has an audio track, and not one sample of it could be decoded.
    #[error("{}: no audio could be decoded ({skipped_packets} undecodable packets)", path.display())]
    NoSamples {
        /// The file.
        path: PathBuf,
        /// Packets that were tried and given up.
        skipped_packets: u64,
    },
    /// A limit of [`Limits`](crate::Limits), or one of the crate's own, was passed.
    #[error("{}: {what} is {got}, the limit is {limit}", path.display())]
    LimitExceeded {
        /// The file.
        path: PathBuf,
        /// Which limit.
        what: LimitKind,
        /// Its value.
        limit: u64,
        /// The value that passed it (for lengths: as far as was read).
        got: u64,
    },
    /// The decoder panicked on this file. The process's panic hook has run (it prints, by default).
    #[error("{}: the decoder failed on this file: {detail}", path.display())]
    DecoderPanicked {
        /// The file.
        path: PathBuf,
        /// The panic's message, where it had one.
        detail: String,
    },
    /// A segment was asked for that starts at or after the end of the audio.
    #[error("{}: segment starts at {start_s} s, the audio ends at {end_s} s", path.display())]
    StartPastEnd {
        /// The file.
        path: PathBuf,
        /// The start asked for, in seconds.
        start_s: f64,
        /// Length of the audio, in seconds.
        end_s: f64,
    },
    /// A segment's start is negative or not finite, or its duration is not above zero.
    #[error("segment from {start_s} s for {duration_s} s: start must be >= 0, duration > 0")]
    InvalidSegment {
        /// The start asked for, in seconds.
        start_s: f64,
        /// The duration asked for, in seconds.
        duration_s: f64,
    },
    /// A sample rate outside what this crate works with.
    #[error("sample rate {got} Hz: expected {min} to {max} Hz")]
    InvalidSampleRate {
        /// The rate given.
        got: u32,
        /// The lowest accepted.
        min: u32,
        /// The highest accepted.
        max: u32,
    },
    /// The resampling library refused these rates; not expected for accepted rates.
    #[error("resampling from {from_hz} Hz to {to_hz} Hz: {detail}")]
    Resample {
        /// Input rate.
        from_hz: u32,
        /// Output rate.
        to_hz: u32,
        /// What the library said.
        detail: String,
    },
    /// A limit in a configuration is zero, negative or not finite.
    #[error("limit {name} is {got}: expected a value above zero")]
    InvalidLimit {
        /// Name of the field.
        name: &'static str,
        /// Its value.
        got: f64,
    },
}

impl Error {
    /// The file or folder this error is about, where it is about one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::NotFound { path }
            | Self::Io { path, .. }
            | Self::DiskFull { path }
            | Self::NotAFile { path }
            | Self::NotAFolder { path }
            | Self::EmptyFile { path }
            | Self::UnknownFormat { path }
            | Self::Unsupported { path, .. }
            | Self::Malformed { path, .. }
            | Self::NoAudioTrack { path }
            | Self::NoSamples { path, .. }
            | Self::LimitExceeded { path, .. }
            | Self::DecoderPanicked { path, .. }
            | Self::StartPastEnd { path, .. } => Some(path),
            Self::InvalidSegment { .. }
            | Self::InvalidSampleRate { .. }
            | Self::Resample { .. }
            | Self::InvalidLimit { .. } => None,
        }
    }

    /// Wraps an error of the operating system, giving the common kinds their own variant.
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            std::io::ErrorKind::NotFound => Self::NotFound { path },
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Io { path, source },
        }
    }
}
