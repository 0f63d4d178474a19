//! Writing WAV files, whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use hound::{SampleFormat, WavSpec, WavWriter};

use crate::config::{Limits, check_rate};
use crate::error::{Error, LimitKind};

/// Room for the header within the 32-bit sizes of a WAV file.
const HEADER_ROOM: u64 = 128;

/// How samples are stored.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WavFormat {
    /// 16-bit integers: rounded to nearest, clipped at full scale; NaN becomes zero.
    I16,
    /// 24-bit integers, likewise.
    I24,
    /// 32-bit floating point, stored as they are.
    F32,
}

impl WavFormat {
    fn bytes(self) -> u64 {
        match self {
            Self::I16 => 2,
            Self::I24 => 3,
            Self::F32 => 4,
        }
    }

    fn spec(self, sample_rate: u32) -> WavSpec {
        let (bits_per_sample, sample_format) = match self {
            Self::I16 => (16, SampleFormat::Int),
            Self::I24 => (24, SampleFormat::Int),
            Self::F32 => (32, SampleFormat::Float),
        };
        WavSpec { channels: 1, sample_rate, bits_per_sample, sample_format }
    }
}

/// Writes mono samples (full scale -1 to 1) as a WAV file.
///
/// The file is written beside its final place under a temporary name and renamed when it is
/// complete, so that a full disk or an interruption leaves an older file of that name unchanged.
/// A symbolic link at `path` is replaced by the file.
///
/// # Errors
/// [`Error::InvalidSampleRate`]; [`Error::LimitExceeded`] above 4 GiB, the format's bound;
/// [`Error::DiskFull`], [`Error::NotFound`] (the folder is missing) and [`Error::Io`].
pub fn write_wav(
    path: impl AsRef<Path>,
    samples: &[f32],
    sample_rate: u32,
    format: WavFormat,
) -> Result<(), Error> {
    let path = path.as_ref();
    check_rate(sample_rate, Limits::default().max_sample_rate)?;
    let (got, limit) = (samples.len() as u64 * format.bytes(), u64::from(u32::MAX) - HEADER_ROOM);
    if got > limit {
        let what = LimitKind::FileBytes;
        return Err(Error::LimitExceeded { path: path.to_path_buf(), what, limit, got });
    }
    replace(path, |file| write_samples(BufWriter::new(file), samples, sample_rate, format))
}

/// Creates a temporary file beside `path`, lets `write` fill it, and renames it into place.
fn replace(path: &Path, write: impl FnOnce(&File) -> std::io::Result<()>) -> Result<(), Error> {
    let name = path.file_name().ok_or_else(|| Error::NotAFile { path: path.to_path_buf() })?;
    if path.is_dir() {
        return Err(Error::NotAFile { path: path.to_path_buf() });
    }
    let (temporary, file) = create_beside(path, name).map_err(|e| Error::io(path, e))?;
    let done = write(&file).and_then(|()| file.sync_all());
    drop(file);
    let done = done.and_then(|()| std::fs::rename(&temporary, path));
    if done.is_err() {
        // Best effort: the error that matters is the one before.
        let _ = std::fs::remove_file(&temporary);
    }
    done.map_err(|e| Error::io(path, e))
}

fn create_beside(path: &Path, name: &std::ffi::OsStr) -> std::io::Result<(PathBuf, File)> {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    loop {
        // Hidden, so that a folder scan meanwhile does not take it for a song; the name is cut,
        // because the original may already be as long as names can be.
        let short: String = name.to_string_lossy().chars().take(40).collect();
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let temporary = path.with_file_name(format!(".{short}.{}-{count}.tmp", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
}

fn write_samples<W: Write + Seek>(
    out: W,
    samples: &[f32],
    sample_rate: u32,
    format: WavFormat,
) -> std::io::Result<()> {
    let into_io = |e: hound::Error| match e {
        hound::Error::IoError(e) => e,
        other => std::io::Error::other(other),
    };
    let mut writer = WavWriter::new(out, format.spec(sample_rate)).map_err(into_io)?;
    for &sample in samples {
        match format {
            // The cast saturates, and takes NaN to zero.
            WavFormat::I16 => writer.write_sample((sample * 32_768.0).round() as i16),
            WavFormat::I24 => {
                let value = (f64::from(sample) * 8_388_608.0).round().clamp(-8_388_608.0, 8_388_607.0);
                writer.write_sample(value as i32)
            }
            WavFormat::F32 => writer.write_sample(sample),
        }
        .map_err(into_io)?;
    }
    writer.finalize().map_err(into_io)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_litter() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wav");
        write_wav(&path, &[0.5; 10], 22_050, WavFormat::I16).unwrap();
        let old = std::fs::read(&path).unwrap();
        let full = replace(&path, |mut file| {
            file.write_all(b"half of it")?;
            Err(std::io::ErrorKind::StorageFull.into())
        });
        assert!(matches!(&full, Err(Error::DiskFull { path: p }) if *p == path), "{full:?}");
        assert_eq!(std::fs::read(&path).unwrap(), old);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_writer_that_fills_up_is_an_error_wherever_it_happens() {
        // 44 bytes of header and 2 a sample: every size short of the whole must fail.
        let samples = [0.25_f32; 50];
        for room in 0..144_usize {
            let mut buffer = vec![0_u8; room];
            let cursor = std::io::Cursor::new(buffer.as_mut_slice());
            let result = write_samples(cursor, &samples, 22_050, WavFormat::I16);
            assert!(result.is_err(), "{room}");
        }
        let mut buffer = vec![0_u8; 144];
        let cursor = std::io::Cursor::new(buffer.as_mut_slice());
        assert!(write_samples(cursor, &samples, 22_050, WavFormat::I16).is_ok());
    }

    #[test]
    fn bad_places_and_rates_are_typed_errors() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &Path, rate| write_wav(path, &[0.0], rate, WavFormat::F32);
        assert!(matches!(write(dir.path(), 22_050), Err(Error::NotAFile { .. })));
        assert!(matches!(write(Path::new("/"), 22_050), Err(Error::NotAFile { .. })));
        assert!(matches!(write(Path::new(""), 22_050), Err(Error::NotAFile { .. })));
        assert!(matches!(write(&dir.path().join("no/a.wav"), 22_050), Err(Error::NotFound { .. })));
        assert!(matches!(write(&dir.path().join("a.wav"), 0), Err(Error::InvalidSampleRate { .. })));
    }
}
