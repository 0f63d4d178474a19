//! Command-line habits: errors, Ctrl-C, progress bars, JSON files.

use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use soundalike::IngestObserver;

/// What every example returns.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Exit code after Ctrl-C, as shells have it.
const INTERRUPTED_CODE: u8 = 130;

/// Whether Ctrl-C was pressed since [`run`] began.
#[must_use]
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Runs an example: the first Ctrl-C asks it to stop, a second one ends it at once; an error is printed with its
/// causes and makes the exit code 1.
pub fn run(main: impl FnOnce() -> Outcome<()>) -> ExitCode {
    let handler = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(INTERRUPTED_CODE));
        }
        eprintln!("\nstopping after the files at hand (Ctrl-C again: at once)");
    });
    match handler.map_err(Into::into).and_then(|()| main()) {
        Ok(()) if interrupted() => ExitCode::from(INTERRUPTED_CODE),
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {}", with_causes(&*e));
            ExitCode::FAILURE
        }
    }
}

/// The message of an error and of its causes, each said once.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(c) = cause {
        let message = c.to_string();
        if !text.contains(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        cause = c.source();
    }
    text
}

/// A progress bar with the time left, on a terminal only.
#[must_use]
pub fn progress(what: &'static str, steps: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64).with_message(what);
    let template = "{msg:>12} [{bar:32}] {pos}/{len}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

/// Shows an ingest as progress bars, and ends it on Ctrl-C.
#[derive(Debug, Default)]
pub struct IngestBar(Mutex<Option<ProgressBar>>);

impl IngestBar {
    fn begin(&self, what: &'static str, files: usize) {
        self.end();
        if let (Ok(mut bar), true) = (self.0.lock(), files > 0) {
            *bar = Some(progress(what, files));
        }
    }

    fn step(&self) {
        if let Ok(Some(bar)) = self.0.lock().as_deref() {
            bar.inc(1);
        }
    }

    fn end(&self) {
        if let Some(bar) = self.0.lock().ok().and_then(|mut bar| bar.take()) {
            bar.finish_and_clear();
        }
    }
}

impl IngestObserver for IngestBar {
    fn waiting(&self) {
        eprintln!("another run is reading into this library; waiting for it to end");
    }

    fn examining(&self, files: usize) {
        self.begin("looking", files);
    }

    fn examined(&self) {
        self.step();
    }

    fn decoding(&self, files: usize) {
        self.begin("decoding", files);
    }

    fn decoded(&self, _: &Path, _: Option<&str>) {
        self.step();
    }

    fn cancelled(&self) -> bool {
        interrupted()
    }
}

impl Drop for IngestBar {
    fn drop(&mut self) {
        self.end();
    }
}

/// A hash of `bytes` in hexadecimal.
#[must_use]
pub fn hash(bytes: &[u8]) -> String {
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(bytes))
}

/// Writes `value` as JSON, beside the target first, so that an old file is either kept or replaced whole.
///
/// # Errors
/// Those of the file system, with the path.
pub fn write_json(path: &Path, value: &impl Serialize) -> Outcome<()> {
    write_whole(path, |out| {
        serde_json::to_writer_pretty(&mut *out, value)?;
        Ok(writeln!(out)?)
    })
}

/// Writes a file by `fill`, beside the target first. A target that is no regular file (a pipe, `/dev/stdout`) is
/// written in place.
///
/// # Errors
/// Those of the file system and of `fill`, with the path.
pub fn write_whole(path: &Path, fill: impl FnOnce(&mut dyn std::io::Write) -> Outcome<()>) -> Outcome<()> {
    let named = |e: Box<dyn Error + Send + Sync>| -> Box<dyn Error + Send + Sync> {
        format!("{}: {e}", path.display()).into()
    };
    let special = path.metadata().is_ok_and(|m| !m.is_file());
    let write = || -> Outcome<()> {
        if special {
            let mut out = std::io::BufWriter::new(std::fs::OpenOptions::new().write(true).open(path)?);
            fill(&mut out)?;
            return Ok(out.flush()?);
        }
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut out =
            std::io::BufWriter::new(tempfile::Builder::new().prefix(".writing-").tempfile_in(folder)?);
        fill(&mut out)?;
        let file = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_keeps_the_old_file_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("result.json");
        write_json(&path, &[1, 2]).unwrap();
        let before = std::fs::read(&path).unwrap();
        let failed = write_whole(&path, |out| {
            out.write_all(b"half")?;
            Err("disk full".into())
        });
        assert!(failed.unwrap_err().to_string().contains("result.json: disk full"));
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = write_json(Path::new("no/such/folder/x.json"), &1).unwrap_err().to_string();
        assert!(error.contains("no/such/folder/x.json"), "{error}");
    }
}
