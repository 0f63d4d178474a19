//! Whole files and segments in memory.

use std::path::Path;

use crate::audio::Audio;
use crate::config::ReadConfig;
use crate::error::{Error, LimitKind};
use crate::reader::AudioReader;

/// Decodes a whole file to mono samples in memory.
///
/// Damage that leaves audio is reported in [`Audio::warnings`], not as an error.
///
/// # Errors
/// As [`AudioReader::open`] and [`AudioReader::next_block`]; [`Error::LimitExceeded`] also where
/// the result would pass [`Limits::max_samples`](crate::Limits::max_samples).
pub fn decode(path: impl AsRef<Path>, config: &ReadConfig) -> Result<Audio, Error> {
    let path = path.as_ref();
    collect(AudioReader::open(path, config)?, path, config)
}

/// Decodes a whole file that is in memory. `name` stands for its path in errors.
///
/// # Errors
/// As [`decode`].
pub fn decode_bytes(bytes: Vec<u8>, name: impl AsRef<Path>, config: &ReadConfig) -> Result<Audio, Error> {
    let path = name.as_ref();
    collect(AudioReader::from_bytes(bytes, path, config)?, path, config)
}

/// Decodes the part of a file from `start_s` for `duration_s` seconds, or less where the file
/// ends first.
///
/// With `start` and `len` the two times in samples at the target rate, rounded to the nearest,
/// the result is `decode(..).samples[start..start + len]`, sample for sample. Plain PCM files
/// (WAV, AIFF) are sought; others are decoded from their start, which for compressed formats is
/// the only way to be exact. Reading stops at the end of the segment, so damage after it is not
/// seen and not reported.
///
/// # Errors
/// As [`decode`]; [`Error::InvalidSegment`] for a start below zero, a duration not above zero, or
/// values that are not finite; [`Error::StartPastEnd`] if no audio is at or after the start.
pub fn decode_segment(
    path: impl AsRef<Path>,
    start_s: f64,
    duration_s: f64,
    config: &ReadConfig,
) -> Result<Audio, Error> {
    let valid = start_s.is_finite() && duration_s.is_finite() && start_s >= 0.0 && duration_s > 0.0;
    if !valid {
        return Err(Error::InvalidSegment { start_s, duration_s });
    }
    let path = path.as_ref();
    let mut reader = AudioReader::start(path, None, start_s, config)?;
    // At least one sample: a duration above zero never gives an empty result.
    let samples = (duration_s * f64::from(reader.sample_rate())).round().max(1.0);
    reader.stop_after(samples as u64);
    let native = f64::from(reader.info().sample_rate);
    let audio = collect_with(&mut reader, path, config)?;
    if audio.samples.is_empty() {
        // A seek may have gone past the end of a file cut short: count what is there.
        let mut whole = AudioReader::open(path, &config.clone().with_native_rate())?;
        while whole.next_block()?.is_some() {}
        let end_s = whole.frames_decoded() as f64 / native;
        return Err(Error::StartPastEnd { path: path.to_path_buf(), start_s, end_s });
    }
    Ok(audio)
}

fn collect(mut reader: AudioReader, path: &Path, config: &ReadConfig) -> Result<Audio, Error> {
    collect_with(&mut reader, path, config)
}

fn collect_with(reader: &mut AudioReader, path: &Path, config: &ReadConfig) -> Result<Audio, Error> {
    let limit = config.limits.max_samples;
    let mut samples = Vec::new();
    while let Some(block) = reader.next_block()? {
        let got = samples.len() as u64 + block.len() as u64;
        if got > limit {
            let what = LimitKind::Samples;
            return Err(Error::LimitExceeded { path: path.to_path_buf(), what, limit, got });
        }
        samples.extend_from_slice(block);
    }
    samples.shrink_to_fit();
    Ok(Audio {
        samples,
        sample_rate: reader.sample_rate(),
        info: reader.info().clone(),
        tags: reader.tags().clone(),
        warnings: reader.warnings().clone(),
    })
}
