//! One file: decoded as a stream, cut into chunks, each chunk embedded.

use std::path::Path;

use soundalike_audio::{AudioReader, Limits, ReadConfig, Tags, Warnings};
use soundalike_catalog::Chunk;
use soundalike_features::Chunker;

use crate::Error;
use crate::embedder::{Embedder, SILENCE_DBFS, embed_checked, is_silent};

/// What a file gave.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) chunks: Vec<Chunk>,
    pub(super) tags: Tags,
    pub(super) duration: f64,
    pub(super) sample_rate: u32,
    pub(super) channels: u16,
    pub(super) warning: Option<String>,
}

/// Why a file is not used.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It holds nothing that can be used; reading it again would not help.
    Unusable(String),
    /// It could not be read now; another run may fare better.
    Unreadable(String),
}

/// How reading a file ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Track(Box<Track>),
    Refused(Refusal),
    Cancelled,
}

/// Opens `path` and decodes its first audio: what is no audio ends here, before anything reads it whole.
pub(super) fn probe(path: &Path, limits: &Limits) -> Result<(), Refusal> {
    match AudioReader::open(path, &ReadConfig::new().with_limits(limits.clone())) {
        Ok(_) => Ok(()),
        Err(e) => Err(refusal(path, Error::Audio(e))),
    }
}

/// Who follows the reading of a file.
pub(super) struct Follow<'a> {
    pub(super) cancelled: &'a dyn Fn() -> bool,
    /// Told of bytes that were read, `size` altogether.
    pub(super) read: &'a dyn Fn(u64),
    pub(super) size: u64,
}

/// Reads `path` in bounded memory: a block of decoded audio and one chunk at a time.
pub(super) fn read(path: &Path, embedder: &dyn Embedder, limits: &Limits, follow: &Follow<'_>) -> Outcome {
    let mut told = 0;
    let outcome = try_read(path, embedder, limits, follow, &mut told);
    (follow.read)(follow.size.saturating_sub(told));
    match outcome {
        Ok(Some(track)) => usable(path, embedder, track),
        Ok(None) => Outcome::Cancelled,
        Err(e) => Outcome::Refused(refusal(path, e)),
    }
}

fn refusal(path: &Path, error: Error) -> Refusal {
    match error {
        Error::Audio(e) if may_pass(&e) => Refusal::Unreadable(e.to_string()),
        Error::Audio(e) => Refusal::Unusable(e.to_string()),
        e => Refusal::Unusable(format!("{}: {e}", path.display())),
    }
}

/// Whether the error is of the system rather than of the file's content.
fn may_pass(error: &soundalike_audio::Error) -> bool {
    use soundalike_audio::Error as E;
    matches!(error, E::Io { .. } | E::NotFound { .. } | E::DiskFull { .. })
}

/// What was wrong with a file that gave audio all the same.
fn describe(warnings: &Warnings) -> Option<String> {
    if warnings.is_clean() {
        return None;
    }
    let mut parts = Vec::new();
    if warnings.truncated {
        parts.push("the end is missing".to_owned());
    }
    if warnings.skipped_packets > 0 {
        parts.push(format!("{} packets could not be decoded", warnings.skipped_packets));
    }
    if warnings.non_finite_samples > 0 {
        parts.push(format!(
            "{} samples were not finite, or beyond 1e12, and became 0",
            warnings.non_finite_samples
        ));
    }
    Some(parts.join(", "))
}

fn usable(path: &Path, embedder: &dyn Embedder, (track, samples): (Track, u64)) -> Outcome {
    if samples < embedder.min_samples() as u64 {
        let least = embedder.min_samples() as f64 / f64::from(embedder.sample_rate());
        return unusable(
            path,
            format!("too short: {:.3} s, at least {least:.3} s are needed", track.duration),
        );
    }
    if track.chunks.is_empty() {
        let also = track.warning.map(|w| format!(" ({w})")).unwrap_or_default();
        return unusable(path, format!("silent: below {SILENCE_DBFS} dBFS throughout{also}"));
    }
    Outcome::Track(Box::new(track))
}

fn unusable(path: &Path, why: String) -> Outcome {
    Outcome::Refused(Refusal::Unusable(format!("{}: {why}", path.display())))
}

fn try_read(
    path: &Path,
    embedder: &dyn Embedder,
    limits: &Limits,
    follow: &Follow<'_>,
    told: &mut u64,
) -> Result<Option<(Track, u64)>, Error> {
    let rate = embedder.sample_rate();
    let config = ReadConfig::new().with_sample_rate(rate).with_limits(limits.clone());
    let mut reader = AudioReader::open(path, &config)?;
    let mut chunker = Chunker::new(embedder.chunks())?;
    let mut chunks = Vec::new();
    let mut samples = 0_u64;
    let mut embed = |start: u64, chunk: &[f32]| -> Result<(), Error> {
        if is_silent(chunk) || chunk.len() < embedder.min_samples() {
            return Ok(());
        }
        let seconds = |n: u64| n as f64 / f64::from(rate);
        chunks.push(Chunk {
            start: seconds(start),
            end: seconds(start + chunk.len() as u64),
            embedding: embed_checked(embedder, chunk)?,
        });
        Ok(())
    };
    while let Some(block) = reader.next_block()? {
        if (follow.cancelled)() {
            return Ok(None);
        }
        samples += block.len() as u64;
        chunker.push(block, &mut embed)?;
        if let Some(claimed) = reader.info().duration_hint_s.filter(|s| *s > 0.0) {
            let share = (samples as f64 / f64::from(rate) / claimed).min(1.0);
            let done = (share * follow.size as f64) as u64;
            (follow.read)(done.saturating_sub(*told));
            *told = (*told).max(done);
        }
    }
    chunker.finish(&mut embed)?;
    let info = reader.info();
    let track = Track {
        duration: samples as f64 / f64::from(rate),
        sample_rate: info.sample_rate,
        channels: info.channels,
        tags: reader.tags().clone(),
        warning: describe(reader.warnings()),
        chunks,
    };
    Ok(Some((track, samples)))
}
