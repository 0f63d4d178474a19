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

/// Prints a line as `println!` does, but a closed pipe ends the printing quietly, and any other failure ends the run as
/// an error instead of a panic.
#[macro_export]
macro_rules! say {
    ($($arg:tt)*) => { $crate::cli::print_line(&format!($($arg)*)) };
}

/// Prints a line to standard error; where that fails, there is nobody to tell.
#[macro_export]
macro_rules! warn {
    ($($arg:tt)*) => { $crate::cli::warn_line(&format!($($arg)*)) };
}

/// What became of standard output.
static OUTPUT: Mutex<Result<(), std::io::ErrorKind>> = Mutex::new(Ok(()));

/// [`say!`](crate::say).
pub fn print_line(line: &str) {
    let Ok(mut output) = OUTPUT.lock() else { return };
    if output.is_ok() {
        let mut out = std::io::stdout().lock();
        *output = writeln!(out, "{}", printable(line)).and_then(|()| out.flush()).map_err(|e| e.kind());
    }
}

/// [`warn!`](crate::warn).
pub fn warn_line(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable(line));
}

/// `text` without what would steer a terminal: file names and tags are not ours. Line ends stay.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
}

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
        warn_line("\nstopping after the files at hand (Ctrl-C again: at once)");
    });
    match handler.map_err(Into::into).and_then(|()| main()).and_then(|()| output_is_whole()) {
        Ok(()) if interrupted() => ExitCode::from(INTERRUPTED_CODE),
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            warn_line(&format!("error: {}", with_causes(&*e)));
            if interrupted() { ExitCode::from(INTERRUPTED_CODE) } else { ExitCode::FAILURE }
        }
    }
}

/// Nobody reading on is no error; a full disk is.
fn output_is_whole() -> Outcome<()> {
    match OUTPUT.lock().map_or(Ok(()), |output| *output) {
        Ok(()) | Err(std::io::ErrorKind::BrokenPipe) => Ok(()),
        Err(kind) => Err(format!("standard output: {kind}").into()),
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

/// A progress bar over bytes, with the time left, on a terminal only.
fn byte_progress(what: String, bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes).with_message(what);
    if let Ok(style) = ProgressStyle::with_template("{msg:>12} [{bar:32}] {percent} %, {eta} left") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

/// Shows an ingest as progress bars, and ends it on Ctrl-C.
#[derive(Debug, Default)]
pub struct IngestBar(Mutex<Option<ProgressBar>>);

impl IngestBar {
    fn begin(&self, new: Option<ProgressBar>) {
        if let Ok(mut bar) = self.0.lock()
            && let Some(old) = std::mem::replace(&mut *bar, new)
        {
            old.finish_and_clear();
        }
    }

    fn step(&self, by: u64) {
        if let Ok(Some(bar)) = self.0.lock().as_deref() {
            bar.inc(by);
        }
    }
}

impl IngestObserver for IngestBar {
    fn waiting(&self) {
        warn_line("another run is reading into this library; waiting for it to end");
    }

    fn examining(&self, files: usize) {
        self.begin(Some(progress("looking", files)));
    }

    fn examined(&self) {
        self.step(1);
    }

    fn decoding(&self, files: usize, bytes: u64) {
        self.begin((files > 0).then(|| byte_progress(format!("{files} files"), bytes)));
    }

    fn read(&self, bytes: u64) {
        self.step(bytes);
    }

    fn cancelled(&self) -> bool {
        interrupted()
    }
}

impl Drop for IngestBar {
    fn drop(&mut self) {
        self.begin(None);
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
    // Through a link to what it points to, as any other program writes.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let write = || -> Outcome<()> {
        if special {
            let mut out = std::io::BufWriter::new(std::fs::OpenOptions::new().write(true).open(path)?);
            fill(&mut out)?;
            return Ok(out.flush()?);
        }
        let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut beside = tempfile::Builder::new();
        beside.prefix(".writing-");
        // Temporary files are private by default; a result is as readable as any other new file.
        #[cfg(unix)]
        beside.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = beside.tempfile_in(folder)?;
        let mut out = std::io::BufWriter::new(file.as_file());
        fill(&mut out)?;
        out.flush()?;
        drop(out);
        file.as_file().sync_all()?;
        file.persist(&target).map_err(|e| e.error)?;
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
    fn what_steers_a_terminal_is_not_printed() {
        assert_eq!(printable("a\x1b[31mb\rc\u{9b}d\ne\u{e9}"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}d\ne\u{e9}");
    }

    #[cfg(unix)]
    #[test]
    fn files_can_be_read_by_others_and_links_are_written_through() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("result.json"), dir.path().join("link.json"));
        std::fs::write(dir.path().join("plain"), "").unwrap();
        write_json(&path, &1).unwrap();
        let mode = |p: &Path| p.metadata().unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&dir.path().join("plain")));
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write_json(&link, &2).unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&path).unwrap().trim(), "2");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = write_json(Path::new("no/such/folder/x.json"), &1).unwrap_err().to_string();
        assert!(error.contains("no/such/folder/x.json"), "{error}");
    }
}
