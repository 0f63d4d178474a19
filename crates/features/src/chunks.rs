use std::ops::Range;

use crate::Error;

/// What becomes of the samples that are left after the last full chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Tail {
    /// They are left out, and audio shorter than a chunk has no chunk.
    Drop,
    /// One more chunk ends where the audio ends (and so overlaps the one before by more than the others do), and
    /// audio shorter than a chunk is one chunk of its own length.
    #[default]
    Align,
}

/// How audio is cut into chunks, in samples.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct ChunkConfig {
    /// Samples in a chunk, at least 1.
    pub chunk_length: usize,
    /// Samples from the start of a chunk to the start of the next, at least 1. Over `chunk_length`, samples in
    /// between belong to no chunk.
    pub hop_length: usize,
    /// What becomes of the rest. Default [`Tail::Align`].
    #[cfg_attr(feature = "serde", serde(default))]
    pub tail: Tail,
}

impl ChunkConfig {
    /// Chunks of `chunk_length` samples, a new one every `hop_length` samples.
    #[must_use]
    pub fn new(chunk_length: usize, hop_length: usize) -> Self {
        Self { chunk_length, hop_length, tail: Tail::default() }
    }

    /// Sets what becomes of the rest.
    #[must_use]
    pub fn with_tail(mut self, tail: Tail) -> Self {
        self.tail = tail;
        self
    }

    fn check(&self) -> Result<(), Error> {
        if self.chunk_length == 0 {
            return Err(Error::config("chunk_length", 0.0, "at least 1"));
        }
        if self.hop_length == 0 {
            return Err(Error::config("hop_length", 0.0, "at least 1"));
        }
        Ok(())
    }

    /// The chunks of audio of `n_samples` samples, first to last. No samples make no chunk.
    ///
    /// ```
    /// use soundalike_features::ChunkConfig;
    ///
    /// let bounds: Vec<_> = ChunkConfig::new(5, 2).chunk_bounds(10)?.collect();
    /// assert_eq!(bounds, [0..5, 2..7, 4..9, 5..10]);
    /// # Ok::<(), soundalike_features::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a length of 0.
    pub fn chunk_bounds(
        &self,
        n_samples: usize,
    ) -> Result<impl Iterator<Item = Range<usize>> + use<>, Error> {
        self.check()?;
        let (length, hop) = (self.chunk_length, self.hop_length);
        let full = n_samples.checked_sub(length).map_or(0, |room| 1 + room / hop);
        // `full - 1` hops fit into `n_samples`, so nothing here overflows.
        let end_of_full = if full == 0 { 0 } else { (full - 1) * hop + length };
        let last = match self.tail {
            Tail::Align if end_of_full < n_samples => Some(n_samples.saturating_sub(length)..n_samples),
            Tail::Align | Tail::Drop => None,
        };
        Ok((0..full).map(move |i| i * hop..i * hop + length).chain(last))
    }
}

/// Cuts a stream of samples into the chunks that [`ChunkConfig::chunk_bounds`] names, whatever the sizes of the
/// blocks it arrives in. Holds at most `chunk_length + hop_length` samples.
///
/// ```
/// use soundalike_features::{ChunkConfig, Chunker};
///
/// let mut starts = Vec::new();
/// let mut collect = |start: u64, chunk: &[f32]| {
///     assert_eq!(chunk.len(), 5);
///     starts.push(start);
///     Ok::<(), std::convert::Infallible>(())
/// };
/// let mut chunker = Chunker::new(&ChunkConfig::new(5, 2))?;
/// chunker.push(&[0.0; 7], &mut collect)?;
/// chunker.push(&[0.0; 3], &mut collect)?;
/// chunker.finish(&mut collect)?;
/// assert_eq!(starts, [0, 2, 4, 5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Chunker {
    config: ChunkConfig,
    /// The last samples, at least the last `chunk_length` of them (or all, if there are fewer).
    held: Vec<f32>,
    /// Samples seen.
    seen: u64,
    /// Where the next full chunk starts.
    next: u64,
    /// Where the last full chunk ended.
    covered: u64,
}

impl Chunker {
    /// Checks the configuration.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a length of 0.
    pub fn new(config: &ChunkConfig) -> Result<Self, Error> {
        config.check()?;
        Ok(Self { config: config.clone(), held: Vec::new(), seen: 0, next: 0, covered: 0 })
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &ChunkConfig {
        &self.config
    }

    /// Takes the next samples, and calls `emit(start, chunk)` for each full chunk that they complete, where
    /// `start` is the chunk's first sample counted from the start of the stream.
    ///
    /// # Errors
    /// The first error of `emit`. The rest of `samples` is then lost: [`Self::reset`] before going on.
    pub fn push<E>(
        &mut self,
        mut samples: &[f32],
        mut emit: impl FnMut(u64, &[f32]) -> Result<(), E>,
    ) -> Result<(), E> {
        let length = self.config.chunk_length;
        let limit = length.saturating_add(self.config.hop_length.min(length));
        while !samples.is_empty() {
            if self.held.len() >= limit {
                // After every chunk the next one starts less than a chunk before the end: older samples are done.
                let old = self.held.len() - length;
                self.held.copy_within(old.., 0);
                self.held.truncate(length);
            }
            let due = self.next.saturating_add(length as u64) - self.seen;
            let take = samples.len().min(limit - self.held.len());
            let take = usize::try_from(due).map_or(take, |due| take.min(due));
            let (now, later) = samples.split_at(take);
            self.hold(now, limit);
            samples = later;
            self.seen += take as u64;
            if take as u64 == due {
                let start = self.next;
                self.next = start.saturating_add(self.config.hop_length as u64);
                self.covered = self.seen;
                emit(start, self.last(length))?;
            }
        }
        Ok(())
    }

    /// Ends the stream: calls `emit` for the chunk that [`Tail::Align`] may add, and makes the chunker ready for
    /// another stream.
    ///
    /// # Errors
    /// The error of `emit`.
    pub fn finish<E>(&mut self, mut emit: impl FnMut(u64, &[f32]) -> Result<(), E>) -> Result<(), E> {
        let result = match self.config.tail {
            Tail::Align if self.covered < self.seen => {
                let chunk = self.last(self.config.chunk_length);
                emit(self.seen - chunk.len() as u64, chunk)
            }
            Tail::Align | Tail::Drop => Ok(()),
        };
        self.reset();
        result
    }

    /// Forgets the stream. Memory is kept.
    pub fn reset(&mut self) {
        self.held.clear();
        (self.seen, self.next, self.covered) = (0, 0, 0);
    }

    /// The last `length` samples held, or all.
    fn last(&self, length: usize) -> &[f32] {
        self.held.get(self.held.len().saturating_sub(length)..).unwrap_or_default()
    }

    /// Appends samples; memory doubles as it has to, but never beyond `limit` samples.
    fn hold(&mut self, samples: &[f32], limit: usize) {
        let needed = self.held.len() + samples.len();
        if needed > self.held.capacity() {
            let target = needed.max(self.held.capacity().saturating_mul(2)).min(limit);
            self.held.reserve_exact(target - self.held.len());
        }
        self.held.extend_from_slice(samples);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bounds(length: usize, hop: usize, tail: Tail, n: usize) -> Vec<Range<usize>> {
        ChunkConfig::new(length, hop).with_tail(tail).chunk_bounds(n).unwrap().collect()
    }

    #[test]
    fn hand_worked() {
        assert_eq!(bounds(5, 2, Tail::Drop, 10), [0..5, 2..7, 4..9]);
        assert_eq!(bounds(5, 2, Tail::Align, 10), [0..5, 2..7, 4..9, 5..10]);
        assert_eq!(bounds(5, 2, Tail::Align, 9), [0..5, 2..7, 4..9]);
        assert_eq!(bounds(5, 5, Tail::Align, 11), [0..5, 5..10, 6..11]);
        assert_eq!(bounds(2, 5, Tail::Align, 10), [0..2, 5..7, 8..10]);
        assert_eq!(bounds(2, 5, Tail::Align, 4), [0..2, 2..4]);
    }

    #[test]
    fn shorter_than_a_chunk() {
        for n in 1..5 {
            assert_eq!(bounds(5, 2, Tail::Align, n), vec![0..n]);
            assert_eq!(bounds(5, 2, Tail::Drop, n), []);
        }
        assert_eq!(bounds(5, 2, Tail::Align, 0), []);
        assert_eq!(bounds(usize::MAX, usize::MAX, Tail::Align, 3), vec![0..3]);
        assert_eq!(bounds(3, usize::MAX, Tail::Align, usize::MAX), [0..3, usize::MAX - 3..usize::MAX]);
    }

    #[test]
    fn a_length_of_zero_is_refused() {
        for (chunk, hop, name) in [(0, 1, "chunk_length"), (1, 0, "hop_length")] {
            let config = ChunkConfig::new(chunk, hop);
            for error in [Chunker::new(&config).err(), config.chunk_bounds(10).err()] {
                assert!(matches!(error, Some(Error::InvalidConfig { parameter, .. }) if parameter == name));
            }
        }
    }

    #[test]
    fn an_error_stops_and_a_reset_starts_again() {
        let mut chunker = Chunker::new(&ChunkConfig::new(2, 1)).unwrap();
        let mut calls = 0;
        let mut fail = |start: u64, _: &[f32]| {
            calls += 1;
            if start == 1 { Err("full") } else { Ok(()) }
        };
        assert_eq!(chunker.push(&[1.0, 2.0, 3.0, 4.0], &mut fail), Err("full"));
        assert_eq!(calls, 2);
        chunker.reset();
        let mut chunks = Vec::new();
        let mut keep = |start: u64, chunk: &[f32]| {
            chunks.push((start, chunk.to_vec()));
            Ok::<(), ()>(())
        };
        chunker.push(&[7.0], &mut keep).unwrap();
        chunker.finish(&mut keep).unwrap();
        // Finishing has made it ready for another stream.
        chunker.push(&[8.0, 9.0], &mut keep).unwrap();
        chunker.finish(&mut keep).unwrap();
        chunker.finish(&mut keep).unwrap();
        assert_eq!(chunks, [(0, vec![7.0]), (0, vec![8.0, 9.0])]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn a_stream_has_the_chunks_of_the_whole(
            length in 1usize..40,
            hop in 1usize..60,
            align: bool,
            blocks in prop::collection::vec(0usize..50, 0..12),
        ) {
            let tail = if align { Tail::Align } else { Tail::Drop };
            let config = ChunkConfig::new(length, hop).with_tail(tail);
            let samples: Vec<f32> = (0..blocks.iter().sum()).map(|n| n as f32).collect();
            let want: Vec<(u64, Vec<f32>)> = config
                .chunk_bounds(samples.len())
                .unwrap()
                .map(|range| (range.start as u64, samples[range].to_vec()))
                .collect();

            let mut got = Vec::new();
            let mut keep = |start: u64, chunk: &[f32]| {
                got.push((start, chunk.to_vec()));
                Ok::<(), ()>(())
            };
            let mut chunker = Chunker::new(&config).unwrap();
            let mut rest = &samples[..];
            for block in blocks {
                let (now, later) = rest.split_at(block);
                chunker.push(now, &mut keep).unwrap();
                prop_assert!(chunker.held.capacity() <= length + hop.min(length));
                rest = later;
            }
            chunker.finish(&mut keep).unwrap();
            prop_assert_eq!(got, want);
        }

        #[test]
        fn aligned_chunks_cover_the_end(length in 1usize..40, hop in 1usize..60, n in 1usize..300) {
            let all = bounds(length, hop, Tail::Align, n);
            prop_assert_eq!(all.last().map(|range| range.end), Some(n));
            prop_assert!(all.windows(2).all(|pair| pair[0].start < pair[1].start));
            prop_assert!(all.iter().all(|range| range.len() == length.min(n)));
            let full = bounds(length, hop, Tail::Drop, n);
            prop_assert_eq!(&all[..full.len()], &full[..]);
        }
    }
}
