//! The plain rule: the nearest recording, if it is near enough.

use std::collections::HashMap;

use soundalike_features::ChunkConfig;
use soundalike_index::{Filter, FlatIndex};

use crate::embedder::{Embedder, SILENCE_DBFS, embed_checked, is_silent};
use crate::{EmbedderId, Error};

/// Distance below which the plain rule says match, unless told otherwise.
pub const DEFAULT_THRESHOLD: f64 = 0.3;

/// How a clip is identified.
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct IdentifyOptions {
    /// Cosine distance below which the best recording is a match; 0.3 by default.
    ///
    /// The rule is **uncalibrated**: a fixed distance says nothing of how probable a match is, and the more
    /// recordings there are, the nearer the nearest wrong one comes.
    pub threshold: f64,
    /// How many recordings to list; 5 by default. With 0, [`Answer::is_match`] still tells.
    pub candidates: usize,
}

impl Default for IdentifyOptions {
    fn default() -> Self {
        Self { threshold: DEFAULT_THRESHOLD, candidates: 5 }
    }
}

impl IdentifyOptions {
    /// Sets the threshold, a cosine distance from 0 to 2.
    #[must_use]
    pub fn with_threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }

    /// Sets how many recordings to list.
    #[must_use]
    pub fn with_candidates(mut self, candidates: usize) -> Self {
        self.candidates = candidates;
        self
    }
}

/// One recording that a clip may come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The recording's id in the catalog.
    pub track_id: String,
    /// Mean over the clip's chunks of the cosine similarity with the recording's best chunk; -1 to 1.
    pub similarity: f64,
    /// Where in the recording the clip begins, in seconds, by its best pair of chunks: uncertain by half a hop, and
    /// negative where the clip's best chunk lies further into the clip than into the recording.
    pub offset_s: f64,
}

impl Candidate {
    /// Cosine distance: 1 less the similarity.
    #[must_use]
    pub fn distance(&self) -> f64 {
        1.0 - self.similarity
    }
}

/// What was found for a clip.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Whether the first candidate is near enough.
    pub is_match: bool,
    /// The nearest recordings, nearest first; equally near ones by id.
    pub candidates: Vec<Candidate>,
}

impl Answer {
    /// The recording identified, or `None` for unknown.
    #[must_use]
    pub fn matched(&self) -> Option<&Candidate> {
        self.best().filter(|_| self.is_match)
    }

    /// The nearest recording, near enough or not.
    #[must_use]
    pub fn best(&self) -> Option<&Candidate> {
        self.candidates.first()
    }

    /// Place of `track_id` among the candidates, 1 for the first.
    #[must_use]
    pub fn rank_of(&self, track_id: &str) -> Option<usize> {
        self.candidates.iter().position(|c| c.track_id == track_id).map(|p| p + 1)
    }
}

/// Where a vector of the index comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    /// Position in the identifier's list of tracks.
    pub(crate) track: usize,
    /// Start of the chunk in seconds.
    pub(crate) start: f64,
}

/// A clip as the identifier sees it: one vector for each chunk that is not silent.
#[derive(Debug, Clone)]
pub struct ClipEmbedding {
    embedder: EmbedderId,
    chunks: Vec<(f64, Vec<f32>)>,
}

impl ClipEmbedding {
    /// Embeds `samples`, mono at the embedder's sample rate. A clip no longer than a chunk gives one vector, a longer
    /// one a vector a hop.
    ///
    /// # Errors
    /// [`Error::TooShort`], [`Error::SilentQuery`], and those of [`Embedder::embed`].
    pub fn new(embedder: &dyn Embedder, samples: &[f32]) -> Result<Self, Error> {
        if samples.len() < embedder.min_samples() {
            return Err(Error::TooShort { got: samples.len(), expected: embedder.min_samples() });
        }
        let config: &ChunkConfig = embedder.chunks();
        let mut chunks = Vec::new();
        for bounds in config.chunk_bounds(samples.len())? {
            let start = bounds.start as f64 / f64::from(embedder.sample_rate());
            let chunk = samples.get(bounds).unwrap_or_default();
            if !is_silent(chunk) {
                chunks.push((start, embed_checked(embedder, chunk)?));
            }
        }
        if chunks.is_empty() {
            return Err(Error::SilentQuery { limit_dbfs: SILENCE_DBFS });
        }
        Ok(Self { embedder: embedder.id().clone(), chunks })
    }
}

/// Finds the recordings nearest to a clip. It holds the index in memory and can be shared between threads.
#[derive(Debug)]
pub struct Identifier {
    embedder: EmbedderId,
    index: FlatIndex,
    tracks: Vec<String>,
    places: HashMap<u64, Place>,
}

impl Identifier {
    pub(crate) fn new(
        embedder: EmbedderId,
        index: FlatIndex,
        tracks: Vec<String>,
        places: HashMap<u64, Place>,
    ) -> Self {
        Self { embedder, index, tracks, places }
    }

    /// The ids of the indexed recordings, sorted.
    #[must_use]
    pub fn tracks(&self) -> &[String] {
        &self.tracks
    }

    /// Vectors in the index.
    #[must_use]
    pub fn vectors(&self) -> usize {
        self.index.len()
    }

    /// Finds the recordings nearest to `clip`.
    ///
    /// # Errors
    /// [`Error::Setting`] for a threshold that is not from 0 to 2, [`Error::OtherEmbedder`] for a clip embedded by
    /// another embedder, [`Error::Index`] for a vector that the index refuses.
    pub fn identify(&self, clip: &ClipEmbedding, options: &IdentifyOptions) -> Result<Answer, Error> {
        self.identify_where(clip, options, |_| true)
    }

    /// As [`identify`](Self::identify), among the recordings whose id `allowed` accepts only: what the answer would
    /// be if the others had not been indexed.
    ///
    /// # Errors
    /// As [`identify`](Self::identify).
    pub fn identify_where(
        &self,
        clip: &ClipEmbedding,
        options: &IdentifyOptions,
        allowed: impl Fn(&str) -> bool,
    ) -> Result<Answer, Error> {
        if !(0.0..=2.0).contains(&options.threshold) {
            let got = options.threshold;
            return Err(Error::Setting { name: "threshold", got, allowed: "a cosine distance from 0 to 2" });
        }
        if clip.embedder != self.embedder {
            return Err(Error::OtherEmbedder { expected: self.embedder.clone(), got: clip.embedder.clone() });
        }
        let allowed: Vec<bool> = self.tracks.iter().map(|id| allowed(id)).collect();
        let filter = self
            .index
            .filter(|id| self.places.get(&id).and_then(|p| allowed.get(p.track)).copied().unwrap_or(false));
        let mut tally: Vec<Tally> = vec![Tally::default(); self.tracks.len()];
        for (start, vector) in &clip.chunks {
            // The whole ranking: a recording far down the list must be placed too, and an exact scan reads
            // every vector anyway.
            let mut best = vec![None; self.tracks.len()];
            for hit in self.index.search_filtered(vector, self.index.len(), &Filter::Bitset(&filter))? {
                if let Some((place, slot)) =
                    self.places.get(&hit.id).and_then(|p| Some((p, best.get_mut(p.track)?)))
                {
                    // Hits come best first, so the first of a track is its best.
                    slot.get_or_insert((f64::from(hit.score), place.start - start));
                }
            }
            for (sum, best) in tally.iter_mut().zip(best) {
                sum.add(best);
            }
        }
        let mut candidates: Vec<Candidate> = self
            .tracks
            .iter()
            .zip(&tally)
            .filter_map(|(id, tally)| tally.candidate(id, clip.chunks.len()))
            .collect();
        candidates
            .sort_by(|a, b| b.similarity.total_cmp(&a.similarity).then_with(|| a.track_id.cmp(&b.track_id)));
        let is_match = candidates.first().is_some_and(|c| c.distance() < options.threshold);
        candidates.truncate(options.candidates);
        Ok(Answer { is_match, candidates })
    }
}

/// What the clip's chunks say of one track.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    sum: f64,
    best: Option<(f64, f64)>,
}

impl Tally {
    fn add(&mut self, found: Option<(f64, f64)>) {
        if let Some((similarity, offset)) = found {
            self.sum += similarity;
            if self.best.is_none_or(|(b, _)| similarity > b) {
                self.best = Some((similarity, offset));
            }
        }
    }

    fn candidate(&self, id: &str, chunks: usize) -> Option<Candidate> {
        let (_, offset_s) = self.best?;
        Some(Candidate { track_id: id.to_owned(), similarity: self.sum / chunks as f64, offset_s })
    }
}
