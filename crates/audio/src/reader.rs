//! Streaming: blocks of mono samples at the target rate, in constant memory.

use std::path::Path;

use crate::audio::{AudioInfo, Warnings};
use crate::config::ReadConfig;
use crate::decoder::Decoder;
use crate::error::Error;
use crate::resample::Resampler;
use crate::source::Input;
use crate::tags::Tags;

/// Most samples in one block of [`AudioReader::next_block`].
pub const MAX_BLOCK: usize = 65_536;

/// Latest start of a segment, in samples: eleven years at 768 kHz.
const MAX_START: u64 = 1 << 48;

/// Reads one file from start to end as mono blocks at the target rate.
///
/// Channels are averaged with equal weight, then the mono signal is resampled. Memory does not
/// grow with the length of the file. Encoder delay and padding are cut as described in the crate
/// documentation. The format is recognised from the file's bytes, not from its name.
///
/// ```no_run
/// use soundalike_audio::{AudioReader, ReadConfig};
///
/// let config = ReadConfig::new().with_sample_rate(22_050);
/// let mut reader = AudioReader::open("song.mp3", &config)?;
/// while let Some(block) = reader.next_block()? {
///     println!("{} samples", block.len());
/// }
/// if !reader.warnings().is_clean() {
///     println!("damaged: {:?}", reader.warnings());
/// }
/// # Ok::<(), soundalike_audio::Error>(())
/// ```
pub struct AudioReader {
    decoder: Decoder,
    resampler: Resampler,
    sample_rate: u32,
    native: Vec<f32>,
    out: Vec<f32>,
    at: usize,
    /// Native frames still to drop before the resampler.
    drop: u64,
    /// Output samples still wanted.
    wanted: u64,
    /// Output samples given.
    given: u64,
    finished: bool,
}

impl std::fmt::Debug for AudioReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AudioReader")
            .field("info", self.info())
            .field("sample_rate", &self.sample_rate)
            .finish_non_exhaustive()
    }
}

impl AudioReader {
    /// Opens a file, recognises its format, and decodes as far as its first audio.
    ///
    /// # Errors
    /// Any file error of [`Error`]: a file from which not one sample can be decoded fails here.
    /// [`Error::InvalidSampleRate`] and [`Error::InvalidLimit`] for a bad configuration.
    pub fn open(path: impl AsRef<Path>, config: &ReadConfig) -> Result<Self, Error> {
        Self::start(path.as_ref(), None, 0.0, config)
    }

    /// Reads a file that is in memory. `name` stands for its path in errors.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_bytes(bytes: Vec<u8>, name: impl AsRef<Path>, config: &ReadConfig) -> Result<Self, Error> {
        Self::start(name.as_ref(), Some(bytes), 0.0, config)
    }

    pub(crate) fn start(
        path: &Path,
        bytes: Option<Vec<u8>>,
        start_s: f64,
        config: &ReadConfig,
    ) -> Result<Self, Error> {
        config.check()?;
        let input = match bytes {
            Some(bytes) => Input::from_bytes(bytes),
            None => Input::open(path)?,
        };
        let mut decoder = Decoder::open(path, input, &config.limits)?;
        let native = decoder.info().sample_rate;
        let sample_rate = config.sample_rate.unwrap_or(native);
        // No file has that much, and sums of frames stay far from overflow.
        let start = ((start_s * f64::from(sample_rate)).round() as u64).min(MAX_START);
        let resampler = Resampler::starting_at(native, sample_rate, start)?;
        let first = resampler.first_input_frame();
        let drop = if first > 0 { first.saturating_sub(decoder.seek(first)?) } else { 0 };
        Ok(Self {
            decoder,
            resampler,
            sample_rate,
            native: Vec::new(),
            out: Vec::new(),
            at: 0,
            drop,
            wanted: u64::MAX,
            given: 0,
            finished: false,
        })
    }

    /// Stops after this many samples.
    pub(crate) fn stop_after(&mut self, samples: u64) {
        self.wanted = samples;
    }

    /// The next 1 to [`MAX_BLOCK`] mono samples, or `None` at the end.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`], [`Error::Io`] (the system failed to read; damage in the file is
    /// no error but a [warning](Self::warnings)), [`Error::DecoderPanicked`]. After an error the
    /// reader is at its end.
    pub fn next_block(&mut self) -> Result<Option<&[f32]>, Error> {
        while self.at >= self.out.len() && !self.finished {
            if let Err(e) = self.refill() {
                self.finished = true;
                self.out.clear();
                return Err(e);
            }
        }
        let left = usize::try_from(self.wanted - self.given).unwrap_or(usize::MAX);
        let len = (self.out.len() - self.at.min(self.out.len())).min(MAX_BLOCK).min(left);
        let block = self.out.get(self.at..self.at + len).unwrap_or_default();
        self.at += len;
        self.given += len as u64;
        if self.given == self.wanted {
            self.finished = true;
        }
        Ok((!block.is_empty()).then_some(block))
    }

    fn refill(&mut self) -> Result<(), Error> {
        self.out.clear();
        self.at = 0;
        if !self.decoder.next(&mut self.native)? {
            self.finished = true;
            return self.resampler.finish(&mut self.out);
        }
        let drop = self.drop.min(self.native.len() as u64);
        self.drop -= drop;
        let input = self.native.get(drop as usize..).unwrap_or_default();
        self.resampler.process(input, &mut self.out)
    }

    /// What the file is.
    #[must_use]
    pub fn info(&self) -> &AudioInfo {
        self.decoder.info()
    }

    /// The file's tags.
    #[must_use]
    pub fn tags(&self) -> &Tags {
        self.decoder.tags()
    }

    /// What was wrong with the file, as far as it has been read.
    #[must_use]
    pub fn warnings(&self) -> &Warnings {
        self.decoder.warnings()
    }

    /// Sample rate of the blocks, in Hz.
    #[must_use]
    pub fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// Frames decoded so far, at the file's own rate.
    #[must_use]
    pub fn frames_decoded(&self) -> u64 {
        self.decoder.frames()
    }

    /// Samples given so far by [`next_block`](Self::next_block), at the target rate.
    #[must_use]
    pub fn samples_read(&self) -> u64 {
        self.given
    }
}
