//! Finding the audio files of a folder.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use crate::error::Error;

/// Extensions taken for audio, in lower case. Some (Opus, WMA, APE ...) turn out not to be
/// decodable: reading them then says so, which is better than leaving them out in silence.
pub const AUDIO_EXTENSIONS: &[&str] = &[
    "aac", "aif", "aifc", "aiff", "caf", "flac", "m4a", "m4b", "mka", "mp1", "mp2", "mp3", "mp4", "oga",
    "ogg", "opus", "wav", "wave", "webm", "3gp", "ac3", "amr", "ape", "asf", "au", "dff", "dsf", "dts",
    "eac3", "mpc", "ra", "snd", "spx", "tak", "tta", "w64", "wma", "wv",
];

/// A file whose name says it is audio.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AudioFile {
    /// Path below the scanned folder.
    pub relative: PathBuf,
    /// Path to open: the scanned folder joined with `relative`.
    pub path: PathBuf,
}

/// Why something in the folder was left out.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// A folder that may not be read, or something that may not be looked at.
    Unreadable,
    /// A link that points to nothing.
    DanglingLink,
    /// A link to a folder that is scanned already, under this or another name: a loop, or a
    /// second way to the same files.
    AlreadyScanned,
    /// A pipe, socket or device under a name like an audio file's. It is not opened.
    SpecialFile,
}

impl std::fmt::Display for SkipReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "cannot be read",
            Self::DanglingLink => "link to nothing",
            Self::AlreadyScanned => "link to a folder that is scanned already",
            Self::SpecialFile => "not a plain file",
        })
    }
}

/// What a folder holds.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// The audio files, sorted by relative path.
    pub files: Vec<AudioFile>,
    /// What was left out and why, sorted by path.
    pub skipped: Vec<(PathBuf, SkipReason)>,
}

/// Lists the audio files of a folder and its subfolders, by extension; see [`AUDIO_EXTENSIONS`].
///
/// Links to files and folders are followed, each real folder is read once. Names that begin with
/// a dot are ignored, with all that is below them. No file is opened. The order does not depend
/// on the file system.
///
/// # Errors
/// [`Error::NotFound`], [`Error::NotAFolder`] or [`Error::Io`] about `folder` itself; trouble
/// below it is listed in [`Scan::skipped`].
pub fn scan(folder: impl AsRef<Path>) -> Result<Scan, Error> {
    let root = folder.as_ref();
    let meta = std::fs::metadata(root).map_err(|e| Error::io(root, e))?;
    if !meta.is_dir() {
        return Err(Error::NotAFolder { path: root.to_path_buf() });
    }
    let real_root = root.canonicalize().map_err(|e| Error::io(root, e))?;
    // walkdir would report an unreadable root as one more entry.
    std::fs::read_dir(root).map_err(|e| Error::io(root, e))?;

    let mut state = State { seen: HashSet::new(), links: Vec::new(), scan: Scan::default() };
    state.walk(root, root, &real_root);
    // Folders behind links come after all real ones, so that a real folder is found under its own
    // name. Each round may meet further links; it ends because each real folder is walked once.
    while !state.links.is_empty() {
        let mut links = std::mem::take(&mut state.links);
        links.sort();
        for link in links {
            match link.canonicalize() {
                // A link upwards, to the root or above it, leads through everything again.
                Ok(target) if real_root.starts_with(&target) || state.seen.contains(&target) => {
                    state.scan.skipped.push((link, SkipReason::AlreadyScanned));
                }
                Ok(target) => state.walk(root, &link, &target),
                Err(_) => state.scan.skipped.push((link, SkipReason::Unreadable)),
            }
        }
    }
    state.scan.files.sort();
    state.scan.skipped.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(state.scan)
}

struct State {
    /// Real paths of the folders walked.
    seen: HashSet<PathBuf>,
    /// Links to folders, still to be walked.
    links: Vec<PathBuf>,
    scan: Scan,
}

impl State {
    /// Walks a folder without following links; `start` may itself be a link.
    fn walk(&mut self, root: &Path, start: &Path, real_start: &Path) {
        let mut walker = WalkDir::new(start).sort_by_file_name().into_iter();
        while let Some(entry) = walker.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(e) => {
                    if let Some(path) = e.path().filter(|p| !is_hidden(p)) {
                        self.scan.skipped.push((path.to_path_buf(), SkipReason::Unreadable));
                    }
                    continue;
                }
            };
            if entry.depth() > 0 && is_hidden(entry.path()) {
                if entry.file_type().is_dir() {
                    walker.skip_current_dir();
                }
                continue;
            }
            if entry.file_type().is_dir() || entry.depth() == 0 {
                let below = entry.path().strip_prefix(start).unwrap_or(Path::new(""));
                if !self.seen.insert(real_start.join(below)) {
                    self.scan.skipped.push((entry.into_path(), SkipReason::AlreadyScanned));
                    walker.skip_current_dir();
                }
            } else {
                self.visit(root, &entry);
            }
        }
    }

    fn visit(&mut self, root: &Path, entry: &DirEntry) {
        let path = entry.path();
        let mut kind = entry.file_type();
        if kind.is_symlink() {
            match std::fs::metadata(path) {
                Ok(meta) => kind = meta.file_type(),
                Err(e) => {
                    let missing = e.kind() == std::io::ErrorKind::NotFound;
                    let reason = if missing { SkipReason::DanglingLink } else { SkipReason::Unreadable };
                    self.scan.skipped.push((path.to_path_buf(), reason));
                    return;
                }
            }
        }
        if kind.is_dir() {
            self.links.push(path.to_path_buf());
        } else if has_audio_extension(path) {
            if kind.is_file() {
                let relative = path.strip_prefix(root).unwrap_or(path).to_path_buf();
                self.scan.files.push(AudioFile { relative, path: path.to_path_buf() });
            } else {
                self.scan.skipped.push((path.to_path_buf(), SkipReason::SpecialFile));
            }
        }
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."))
}

/// True if the path's extension is one of [`AUDIO_EXTENSIONS`], in any case.
#[must_use]
pub fn has_audio_extension(path: impl AsRef<Path>) -> bool {
    path.as_ref()
        .extension()
        .and_then(|e| e.to_str())
        .is_some_and(|e| AUDIO_EXTENSIONS.contains(&e.to_ascii_lowercase().as_str()))
}
