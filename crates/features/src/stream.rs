mod tail;

use tail::Tail;

use crate::lanes::LANES;
use crate::spectrum::Spectra;
use crate::{Error, Extractor, Features, PadMode, Scratch, Stft, StftConfig, check};

/// When a stream gives its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Latency {
    /// With the push that completes them, one by one if need be. Values may differ from those of
    /// [`Extractor::compute`] in the last bit, since two neighbouring frames share a transform where both are there.
    #[default]
    Frame,
    /// In blocks of 16 frames, the rest at the end: some 16 hops later, at less cost where pushes are short, and
    /// bit for bit the values of [`Extractor::compute`].
    Block,
}

/// Features of a signal that arrives piece by piece: push samples in blocks of any size, get the frames that they
/// complete.
///
/// All frames together are those that [`Extractor::compute`] gives for the whole signal, to within rounding (see
/// [`Latency`]), however the signal is cut into blocks. With `center`, frame `t` is complete after
/// `t * hop_length + n_fft - n_fft / 2` samples (with [`PadMode::Reflect`] one more for the first); the frames that
/// need padding at the end come with [`Self::finish`]. A stream holds at most 15 hops and a frame, and half a frame
/// at its ends; once more, and what was pushed last, if a feature is framed in time.
///
/// What needs the whole clip is left to the caller, as a finishing step:
///
/// | feature | in a stream | finishing step |
/// |---|---|---|
/// | [`Feature::LogMel`] | decibels without the `top_db` floor | [`clamp_top_db`] |
/// | [`Feature::Mfcc`] | of decibels without the floor | stream the decibels; the floor, [`Mfcc::compute_from_log_mel`] |
/// | both with [`DbReference::Max`](crate::DbReference::Max) | [`Error::NotStreamable`] | stream with reference 1; subtract the maximum |
/// | [`Feature::OnsetStrength`] | [`Error::NotStreamable`] | likewise, [`OnsetStrength::compute_from_log_mel`] |
/// | [`Feature::SpectralContrast`] | twice the rows: all peaks, all valleys | [`SpectralContrast::compute_from_extremes`] |
/// | [`Feature::Chroma`] without a tuning | [`Error::NotStreamable`] | stream the powers, [`Chroma::compute_from_spectrogram`] |
/// | [`Feature::Rms`] with [`PadMode::Reflect`], if the transform has another | [`Error::NotStreamable`] | |
///
/// [`Feature::LogMel`]: crate::Feature::LogMel
/// [`Feature::Mfcc`]: crate::Feature::Mfcc
/// [`Feature::OnsetStrength`]: crate::Feature::OnsetStrength
/// [`Feature::SpectralContrast`]: crate::Feature::SpectralContrast
/// [`Feature::Chroma`]: crate::Feature::Chroma
/// [`Feature::Rms`]: crate::Feature::Rms
/// [`clamp_top_db`]: crate::clamp_top_db
/// [`Mfcc::compute_from_log_mel`]: crate::Mfcc::compute_from_log_mel
/// [`OnsetStrength::compute_from_log_mel`]: crate::OnsetStrength::compute_from_log_mel
/// [`SpectralContrast::compute_from_extremes`]: crate::SpectralContrast::compute_from_extremes
/// [`Chroma::compute_from_spectrogram`]: crate::Chroma::compute_from_spectrogram
///
/// All others are what [`Extractor::compute`] gives. The decibels' floor, and the MFCC after it:
///
/// ```
/// use soundalike_features::{
///     Extractor, ExtractorConfig, Feature, LogMelConfig, Matrix, Mfcc, MfccConfig, pooling,
/// };
///
/// let samples: Vec<f32> = (0..22_050).map(|n| (n as f32 * 0.1).sin()).collect();
/// let config =
///     ExtractorConfig::new(22_050).with_feature("log_mel", Feature::LogMel(LogMelConfig::new(22_050)));
/// let mut stream = Extractor::new(&config)?.stream()?;
///
/// // Frames as they come, each a column of 128 decibels.
/// let mut columns: Vec<f32> = Vec::new();
/// for block in samples.chunks(1000) {
///     let new = stream.push(block)?;
///     columns.extend(new.get("log_mel").map(|m| m.transposed().into_vec()).unwrap_or_default());
/// }
/// columns.extend(stream.finish()?.get("log_mel").map(|m| m.transposed().into_vec()).unwrap_or_default());
///
/// // The end of the clip: the floor 80 dB under its loudest band, then MFCC.
/// let loudest = columns.iter().fold(f32::MIN, |a, b| a.max(*b));
/// columns.iter_mut().for_each(|value| *value = value.max(loudest - 80.0));
/// let log_mel = Matrix::new(columns, 44, 128)?.transposed();
/// let mfcc = Mfcc::new(&MfccConfig::new(22_050))?;
/// let (got, want) = (mfcc.compute_from_log_mel(&log_mel)?, mfcc.compute(&samples)?);
/// assert!(got.as_slice().iter().zip(want.as_slice()).all(|(a, b)| (a - b).abs() < 1e-3));
/// # Ok::<(), soundalike_features::Error>(())
/// ```
#[derive(Debug)]
pub struct ExtractorStream {
    extractor: Extractor,
    latency: Latency,
    /// Transforms frames that lie in `held`.
    frames_plan: Stft,
    out: Features,
    scratch: Scratch,
    /// The first samples, until there are enough of them to make the padding before them; then padding.
    edge: Vec<f32>,
    /// Whether the padding before the signal has been made.
    started: bool,
    /// Frames that are not computed yet, a `step` apart, the last of them perhaps not complete.
    held: Vec<f32>,
    /// The sample before the first in `held`, or with gaps before the last frame in `held`.
    before: f32,
    /// Samples still to come that belong to no frame, as the hop is longer than a frame.
    skip: usize,
    seen: u64,
    given: u64,
    /// For what is framed in time.
    tail: Tail,
}

impl Extractor {
    /// A stream of these features, with [`Latency::Frame`].
    ///
    /// # Errors
    /// [`Error::NotStreamable`] for a feature that needs the whole clip (see [`ExtractorStream`]);
    /// [`Error::OutOfMemory`] if the frames that it has to hold do not fit into memory.
    pub fn stream(&self) -> Result<ExtractorStream, Error> {
        ExtractorStream::new(self.clone())
    }
}

impl ExtractorStream {
    fn new(extractor: Extractor) -> Result<Self, Error> {
        extractor.check_streamable()?;
        let StftConfig { n_fft, hop_length, .. } = *extractor.stft.config();
        // Where the hop is longer than a frame, frames lie end to end.
        let step = hop_length.min(n_fft);
        let plan = extractor.stft.config().clone().with_center(false).with_hop_length(step);
        let mut stream = Self {
            extractor,
            latency: Latency::default(),
            frames_plan: Stft::new(&plan)?,
            out: Features::new(),
            scratch: Scratch::new(),
            edge: Vec::new(),
            started: false,
            held: Vec::new(),
            before: 0.0,
            skip: 0,
            seen: 0,
            given: 0,
            tail: Tail::default(),
        };
        let (len, edge) = (stream.capacity(), stream.padding() + 1);
        let refused = Error::OutOfMemory { rows: 1, cols: len + edge };
        stream.held.try_reserve_exact(len).map_err(|_| refused.clone())?;
        stream.edge.try_reserve_exact(edge).map_err(|_| refused)?;
        stream.extractor.reshape(&mut stream.out, 0, true)?;
        stream.extractor.begin(&mut stream.scratch.extractor);
        Ok(stream)
    }

    /// Sets when frames are given. A signal that has begun is forgotten.
    #[must_use]
    pub fn with_latency(mut self, latency: Latency) -> Self {
        self.latency = latency;
        self.reset();
        self
    }

    /// The plan of the features.
    #[must_use]
    pub fn extractor(&self) -> &Extractor {
        &self.extractor
    }

    /// Samples taken since the start of the stream.
    #[must_use]
    pub fn samples_seen(&self) -> u64 {
        self.seen
    }

    /// Frames given since the start of the stream, those of the last call included.
    #[must_use]
    pub fn frames_given(&self) -> u64 {
        self.given
    }

    /// Takes the next samples, and returns the frames that they complete: matrices with a column for each, which
    /// is none as long as there is none. Allocates nothing once blocks of this size have been pushed before.
    ///
    /// # Errors
    /// [`Error::NonFinite`] or [`Error::SampleTooLarge`] for a sample that is not usable, by its index in
    /// `samples`; [`Error::OutOfMemory`] if the result does not fit. None of `samples` is then taken, and the
    /// stream can go on as if they had not been pushed.
    pub fn push(&mut self, samples: &[f32]) -> Result<&Features, Error> {
        if !samples.is_empty() {
            check::samples(samples)?;
        }
        let seen = self.seen.saturating_add(samples.len() as u64);
        let ready = match self.latency {
            Latency::Frame => self.complete(seen),
            Latency::Block => self.complete(seen) / LANES as u64 * LANES as u64,
        };
        self.make_room(ready)?;
        self.seen = seen;
        if self.extractor.has_frames_in_time() {
            self.tail.push(samples);
        }
        let mut column = 0;
        let rest = self.start(samples, &mut column);
        self.feed(rest, &mut column);
        if self.latency == Latency::Frame {
            self.flush(&mut column);
        }
        self.give(column);
        Ok(&self.out)
    }

    /// Ends the stream: returns the frames that are left, the last of which reach into the padding after the
    /// signal, and makes the stream ready for another signal.
    ///
    /// # Errors
    /// As [`Extractor::compute`] of the whole signal: [`Error::EmptyInput`] if there were no samples,
    /// [`Error::TooShort`] without `center` for fewer than `n_fft`; and [`Error::OutOfMemory`].
    pub fn finish(&mut self) -> Result<&Features, Error> {
        let result = self.end();
        self.reset();
        result.map(|()| &self.out)
    }

    /// Forgets the signal so far. Memory is kept.
    pub fn reset(&mut self) {
        self.edge.clear();
        self.held.clear();
        self.started = false;
        self.tail.clear();
        self.extractor.begin(&mut self.scratch.extractor);
        (self.skip, self.before, self.seen, self.given) = (0, 0.0, 0, 0);
    }

    fn end(&mut self) -> Result<(), Error> {
        let config = self.config();
        let (n_fft, hop_length, pad_mode) = (config.n_fft, config.hop_length, config.pad_mode);
        if self.seen == 0 {
            return Err(Error::EmptyInput);
        }
        let padded = self.seen.saturating_add(2 * self.padding() as u64);
        let Some(room) = padded.checked_sub(n_fft as u64) else {
            let got = usize::try_from(self.seen).unwrap_or(usize::MAX);
            return Err(Error::TooShort { expected: n_fft, got });
        };
        let all = 1 + room / hop_length as u64;
        self.make_room(all)?;
        let mut column = 0;
        if self.started {
            self.pad_the_end(pad_mode);
            let padding = std::mem::take(&mut self.edge);
            self.feed(&padding, &mut column);
            self.edge = padding;
            self.flush(&mut column);
        } else {
            // The padding mirrors more than there is: the signal is all in `edge`.
            let frames = usize::try_from(all).unwrap_or(usize::MAX);
            self.compute(true, frames, column);
            column += frames;
        }
        self.give(column);
        Ok(())
    }

    /// Adds what is framed in time to the next `count` frames, and counts them as given.
    fn give(&mut self, count: usize) {
        if self.extractor.has_frames_in_time() {
            let Self { extractor, tail, out, scratch, .. } = self;
            let (hop_length, padding) =
                (extractor.stft.config().hop_length as u64, extractor.stft.padding() as u64);
            let start = tail.place(self.given.saturating_mul(hop_length), padding);
            extractor.frames_in_time(tail.samples(), start, 0..count, out, scratch);
            let next = self.given.saturating_add(count as u64).saturating_mul(hop_length);
            // After the end, padding mirrors as many samples as it is long, but for the last.
            tail.forget(next.min(self.seen.saturating_sub(1)).saturating_sub(padding));
        }
        self.given += count as u64;
    }

    fn config(&self) -> &StftConfig {
        self.extractor.stft.config()
    }

    /// Samples of padding at either end.
    fn padding(&self) -> usize {
        self.extractor.stft.padding()
    }

    /// Samples from one frame to the next in `held`.
    fn step(&self) -> usize {
        self.frames_plan.config().hop_length
    }

    /// Samples of a full block of frames in `held`.
    fn capacity(&self) -> usize {
        self.config().n_fft + (LANES - 1) * self.step()
    }

    /// How many samples must be there to make the padding before them.
    fn needed_to_start(&self) -> usize {
        match (self.padding(), self.config().pad_mode) {
            (0, _) | (_, PadMode::Zeros) => 0,
            (_, PadMode::Edge) => 1,
            (padding, PadMode::Reflect) => padding + 1,
        }
    }

    /// Frames that are complete after `seen` samples.
    fn complete(&self, seen: u64) -> u64 {
        if seen < self.needed_to_start() as u64 {
            return 0;
        }
        let padded = seen.saturating_add(self.padding() as u64);
        let room = padded.checked_sub(self.config().n_fft as u64);
        room.map_or(0, |room| 1 + room / self.config().hop_length as u64)
    }

    /// Shapes the results for the frames up to `total`.
    fn make_room(&mut self, total: u64) -> Result<(), Error> {
        let frames = usize::try_from(total.saturating_sub(self.given)).unwrap_or(usize::MAX);
        self.extractor.reshape(&mut self.out, frames, true)
    }

    /// Collects samples until the padding before them can be made, and makes it; returns the samples left over.
    fn start<'a>(&mut self, samples: &'a [f32], column: &mut usize) -> &'a [f32] {
        if self.started {
            return samples;
        }
        let missing = self.needed_to_start().saturating_sub(self.edge.len());
        let Some((first, rest)) = samples.split_at_checked(missing) else {
            self.edge.extend_from_slice(samples);
            return &[];
        };
        self.edge.extend_from_slice(first);
        self.started = true;
        let (padding, pad_mode) = (self.padding(), self.config().pad_mode);
        // Out of the way while it is read; its memory comes back.
        let mut edge = std::mem::take(&mut self.edge);
        for i in (1..=padding).rev() {
            let at = match pad_mode {
                PadMode::Zeros => None,
                PadMode::Edge => edge.first(),
                PadMode::Reflect => edge.get(i),
            };
            self.feed(&[at.copied().unwrap_or(0.0)], column);
        }
        self.feed(&edge, column);
        edge.clear();
        self.edge = edge;
        rest
    }

    /// Puts the padding after the signal into `edge`.
    fn pad_the_end(&mut self, pad_mode: PadMode) {
        let n_fft = self.config().n_fft;
        // The samples up to the end without a gap. Where a frame is left that needs padding, they and the one before
        // them are all that the padding can mirror.
        let tail = if self.gap() == 0 { self.held.len() } else { self.held.len() % n_fft };
        let tail = self.held.get(self.held.len() - tail..).unwrap_or_default();
        let from_the_end = |i: usize| tail.iter().rev().nth(i).copied().unwrap_or(self.before);
        self.edge.clear();
        let value = |i: usize| match pad_mode {
            PadMode::Zeros => 0.0,
            PadMode::Edge => from_the_end(0),
            PadMode::Reflect => from_the_end(i),
        };
        self.edge.extend((1..=self.extractor.stft.padding()).map(value));
    }

    /// Samples between two frames that belong to none.
    fn gap(&self) -> usize {
        self.config().hop_length - self.step()
    }

    /// Takes samples of the padded signal, and computes each block of frames that they fill.
    fn feed(&mut self, mut samples: &[f32], column: &mut usize) {
        let (n_fft, gap, capacity) = (self.config().n_fft, self.gap(), self.capacity());
        while !samples.is_empty() {
            let room = match (self.skip, gap) {
                (0, 0) => capacity - self.held.len(),
                (0, _) => n_fft - self.held.len() % n_fft,
                (skip, _) => skip,
            };
            let (now, rest) = samples.split_at(room.min(samples.len()));
            samples = rest;
            if self.skip > 0 {
                self.skip -= now.len();
                self.before = now.last().copied().unwrap_or(self.before);
                continue;
            }
            self.held.extend_from_slice(now);
            if gap > 0 && self.held.len().is_multiple_of(n_fft) {
                self.skip = gap;
            }
            if self.held.len() == capacity {
                self.flush(column);
            }
        }
    }

    /// Computes the frames that are complete, into the results from `column` on, and lets go of them.
    fn flush(&mut self, column: &mut usize) {
        let room = self.held.len().checked_sub(self.config().n_fft);
        let frames = room.map_or(0, |room| 1 + room / self.step());
        if frames == 0 {
            return;
        }
        self.compute(false, frames, *column);
        *column += frames;
        let done = frames * self.step();
        if self.gap() == 0 {
            self.before = self.held.get(done - 1).copied().unwrap_or(0.0);
        }
        self.held.copy_within(done.., 0);
        self.held.truncate(self.held.len() - done);
    }

    /// Computes the first frames of what is held, or of a whole signal that is in `edge`.
    fn compute(&mut self, whole: bool, frames: usize, column: usize) {
        let Self { extractor, frames_plan, out, scratch, edge, held, .. } = self;
        let (plan, samples) = if whole { (&extractor.stft, &*edge) } else { (&*frames_plan, &*held) };
        let Scratch { transform, extractor: memory, .. } = scratch;
        let emit = |first: usize, count: usize, block: &Spectra| {
            extractor.stream_block(column + first, count, block, memory, out);
        };
        plan.transform.for_each_block(samples, frames, transform, extractor.wanted, emit);
    }
}
