//! The bytes of a file or of memory, counted so that a reader which finds no audio is stopped.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use symphonia::core::io::MediaSource;

use crate::error::Error;

/// Most bytes read between two pieces of audio, by scanning, tags, indexes or other tracks.
pub(crate) const MAX_BYTES_WITHOUT_AUDIO: u64 = 256 << 20;
/// A read or seek costs at least this much of the budget, so many tiny ones are bounded too.
const MIN_COST: u64 = 512;

/// A plain file or bytes in memory.
pub(crate) enum Input {
    File(File),
    Bytes(Cursor<Arc<[u8]>>),
}

impl Input {
    /// Opens a plain file. Anything else is refused before it is opened: opening a pipe blocks.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let meta = std::fs::metadata(path).map_err(|e| Error::io(path, e))?;
        if !meta.is_file() {
            return Err(Error::NotAFile { path: path.to_path_buf() });
        }
        File::open(path).map(Self::File).map_err(|e| Error::io(path, e))
    }

    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self::Bytes(Cursor::new(bytes.into()))
    }

    /// The same input once more. A file's position is shared between the two.
    pub(crate) fn again(&self) -> io::Result<Self> {
        match self {
            Self::File(f) => f.try_clone().map(Self::File),
            Self::Bytes(c) => Ok(Self::Bytes(Cursor::new(Arc::clone(c.get_ref())))),
        }
    }

    pub(crate) fn len(&self) -> io::Result<u64> {
        match self {
            Self::File(f) => f.metadata().map(|m| m.len()),
            Self::Bytes(c) => Ok(c.get_ref().len() as u64),
        }
    }
}

impl Read for Input {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(f) => f.read(buf),
            Self::Bytes(c) => c.read(buf),
        }
    }
}

impl Seek for Input {
    fn seek(&mut self, pos: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(f) => f.seek(pos),
            Self::Bytes(c) => c.seek(pos),
        }
    }
}

/// Shared between the source and the decoding loop.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    used: AtomicU64,
    exhausted: AtomicBool,
}

impl Budget {
    /// Audio was found: the count starts again.
    pub(crate) fn progress(&self) {
        self.used.store(0, Ordering::Relaxed);
    }

    pub(crate) fn is_exhausted(&self) -> bool {
        self.exhausted.load(Ordering::Relaxed)
    }

    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    fn spend(&self, bytes: u64) -> io::Result<()> {
        let before = self.used.fetch_add(bytes.max(MIN_COST), Ordering::Relaxed);
        if before > MAX_BYTES_WITHOUT_AUDIO {
            self.exhausted.store(true, Ordering::Relaxed);
            return Err(io::Error::other("read too much without finding audio"));
        }
        Ok(())
    }
}

/// An [`Input`] that charges every read and seek to a [`Budget`].
pub(crate) struct Guarded {
    input: Input,
    len: u64,
    budget: Arc<Budget>,
    /// Position in the input.
    at: u64,
    /// Bytes to give instead of the file's own, by position.
    patches: Vec<(u64, [u8; 4])>,
    seekable: bool,
}

impl Guarded {
    /// `input` stands at its start.
    pub(crate) fn new(input: Input, len: u64, budget: Arc<Budget>, patches: Vec<(u64, [u8; 4])>) -> Self {
        Self { input, len, budget, at: 0, patches, seekable: true }
    }

    /// Claims to be a pipe, so that the demuxer does not look at the end of the file first.
    pub(crate) fn unseekable(mut self) -> Self {
        self.seekable = false;
        self
    }
}

impl Read for Guarded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buf)?;
        for (start, bytes) in &self.patches {
            for (position, byte) in (*start..).zip(bytes) {
                let place = position.checked_sub(self.at).and_then(|i| usize::try_from(i).ok());
                if let Some(target) = place.filter(|&i| i < n).and_then(|i| buf.get_mut(i)) {
                    *target = *byte;
                }
            }
        }
        self.at += n as u64;
        self.budget.spend(n as u64)?;
        Ok(n)
    }
}

impl Seek for Guarded {
    fn seek(&mut self, pos: SeekFrom) -> io::Result<u64> {
        self.budget.spend(0)?;
        self.at = self.input.seek(pos)?;
        Ok(self.at)
    }
}

impl MediaSource for Guarded {
    fn is_seekable(&self) -> bool {
        self.seekable
    }

    fn byte_len(&self) -> Option<u64> {
        self.seekable.then_some(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_reading_without_audio_is_stopped_and_audio_restarts_the_count() {
        let budget = Arc::new(Budget::default());
        let input = Input::from_bytes(vec![0; 1 << 20]);
        let mut source = Guarded::new(input, 1 << 20, Arc::clone(&budget), Vec::new());
        let mut buf = vec![0; 1 << 20];
        let mut turns = |progress: bool| {
            for turn in 0..2_000_u32 {
                if progress {
                    budget.progress();
                }
                if source.seek(SeekFrom::Start(0)).is_err() || source.read(&mut buf).is_err() {
                    return turn;
                }
            }
            2_000
        };
        assert_eq!(turns(true), 2_000);
        let stopped = turns(false);
        assert!((200..300).contains(&stopped), "{stopped}");
        assert!(budget.is_exhausted());
    }

    #[test]
    fn patches_replace_bytes_however_they_are_read() {
        let patches = vec![(4, [1, 2, 3, 4]), (14, [5, 6, 7, 8])];
        for step in 1..20 {
            let input = Input::from_bytes(vec![0; 16]);
            let mut source = Guarded::new(input, 16, Arc::default(), patches.clone());
            let mut all = Vec::new();
            let mut buf = vec![0; step];
            loop {
                match source.read(&mut buf).unwrap() {
                    0 => break,
                    n => all.extend_from_slice(&buf[..n]),
                }
            }
            assert_eq!(all, [0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 5, 6], "{step}");
            source.seek(SeekFrom::Start(6)).unwrap();
            assert_eq!(source.read(&mut buf[..1]).unwrap(), 1);
            assert_eq!(buf[0], 3);
        }
    }

    #[test]
    fn folders_are_refused_without_opening() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(Input::open(dir.path()), Err(Error::NotAFile { .. })));
        assert!(matches!(Input::open(&dir.path().join("no")), Err(Error::NotFound { .. })));
    }
}
