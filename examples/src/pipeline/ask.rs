//! Questions: degraded cuts of songs, and what the library answers.

use std::collections::HashMap;
use std::path::PathBuf;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha12Rng;
use rayon::prelude::*;
use soundalike::{Answer, ClipEmbedding, Embedder, Identifier, IdentifyOptions};
use soundalike_audio::{ReadConfig, decode_segment};

use crate::cli::{Outcome, interrupted};
use crate::degrade::Degradation;

/// Length of a cut in seconds.
pub const CUT_SECONDS: f64 = 5.0;
/// Candidates kept with an answer.
const KEPT: usize = 5;

/// A song that can be asked about.
#[derive(Debug, Clone, PartialEq)]
pub struct SongFile {
    /// Its id in the catalog, or its file name where it is not indexed.
    pub track_id: String,
    /// The file.
    pub path: PathBuf,
    /// Length in seconds.
    pub duration_s: f64,
}

/// A file that was not asked about, with the reason.
pub type NotAsked = (PathBuf, String);

/// A clean cut of a song.
#[derive(Debug, Clone)]
pub struct Cut {
    /// The song: its id in the catalog, or its file name where it is not indexed.
    pub track_id: String,
    /// The file.
    pub path: PathBuf,
    /// Length of the song in seconds.
    pub duration_s: f64,
    /// Start of the cut in seconds: uniform over the song, on no grid.
    pub start_s: f64,
    /// Mono samples at the embedder's rate.
    pub samples: Vec<f32>,
}

/// Whether the song asked about is indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Indexed: the right answer is the song.
    Known,
    /// Not indexed: the right answer is "unknown".
    Unknown,
}

/// One question with its answer.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Indexed or not.
    pub kind: Kind,
    /// Position of the cut in the list.
    pub cut: usize,
    /// What was done to the cut.
    pub degradation: Degradation,
    /// Seed of the degradation's noise.
    pub seed: u64,
    /// The answer, with the best few candidates.
    pub answer: Answer,
    /// Place of the right song among all songs; known questions only.
    pub rank: Option<usize>,
    /// Similarity of the right song, wherever it stands; known questions only.
    pub similarity: Option<f64>,
    /// Offset found less true offset, in seconds; where the right song came first.
    pub offset_error_s: Option<f64>,
}

/// Asks questions of a library.
pub struct Asker<'a> {
    /// The library's index.
    pub identifier: &'a Identifier,
    /// The embedder of the library.
    pub embedder: &'a dyn Embedder,
    /// Distance below which an answer is a match.
    pub threshold: f64,
    /// Seed of starts and noise.
    pub seed: u64,
}

impl Asker<'_> {
    /// One cut of each of `songs`, in parallel. A song shorter than a cut is cut whole; files that
    /// cannot be cut are returned with the reason.
    pub fn cut(&self, songs: &[SongFile], each: &(dyn Fn() + Sync)) -> (Vec<Cut>, Vec<NotAsked>) {
        let rate = self.embedder.sample_rate();
        let config = ReadConfig::new().with_sample_rate(rate);
        let cuts: Vec<Option<Result<Cut, NotAsked>>> = songs
            .par_iter()
            .enumerate()
            .map(|(i, SongFile { track_id, path, duration_s })| {
                if interrupted() {
                    return None;
                }
                let latest = (duration_s - CUT_SECONDS).max(0.0);
                let start_s = latest * ChaCha12Rng::seed_from_u64(self.seed_of(i, 0)).random_range(0.0..1.0);
                let audio = decode_segment(path, start_s, CUT_SECONDS, &config);
                each();
                Some(audio.map_err(|e| (path.clone(), e.to_string())).map(|audio| Cut {
                    track_id: track_id.clone(),
                    path: path.clone(),
                    duration_s: *duration_s,
                    start_s,
                    samples: audio.samples,
                }))
            })
            .collect();
        let mut good = Vec::new();
        let mut bad = Vec::new();
        for cut in cuts.into_iter().flatten() {
            match cut {
                Ok(cut) => good.push(cut),
                Err(e) => bad.push(e),
            }
        }
        (good, bad)
    }

    /// Asks every cut under every degradation. `kind` says how: as a song that is indexed, or as one that is not;
    /// for the latter, songs that share the cut's group in `groups` (at least the song itself) count as not indexed.
    ///
    /// Silent cuts, and cuts that leave no song to compare with, are not asked.
    ///
    /// # Errors
    /// Those of degrading, embedding and searching.
    pub fn ask(
        &self,
        cuts: &[Cut],
        kind: Kind,
        groups: &HashMap<String, String>,
        each: &(dyn Fn() + Sync),
    ) -> Outcome<Vec<Asked>> {
        let questions: Vec<(usize, Degradation)> =
            (0..cuts.len()).flat_map(|c| Degradation::ALL.map(|d| (c, d))).collect();
        let answers: Outcome<Vec<Option<Asked>>> = questions
            .par_iter()
            .enumerate()
            .map(|(n, &(c, degradation))| {
                let Some(cut) = cuts.get(c).filter(|_| !interrupted()) else {
                    return Ok(None);
                };
                let asked = self.ask_one(cut, degradation, kind, groups, self.seed_of(n, 1))?;
                each();
                Ok(asked.map(|asked| Asked { cut: c, ..asked }))
            })
            .collect();
        Ok(answers?.into_iter().flatten().collect())
    }

    fn ask_one(
        &self,
        cut: &Cut,
        degradation: Degradation,
        kind: Kind,
        groups: &HashMap<String, String>,
        seed: u64,
    ) -> Outcome<Option<Asked>> {
        let clip = degradation.apply(&cut.samples, self.embedder.sample_rate(), seed)?;
        let clip = match ClipEmbedding::new(self.embedder, &clip) {
            Err(soundalike::Error::SilentQuery { .. } | soundalike::Error::TooShort { .. }) => {
                return Ok(None);
            }
            other => other?,
        };
        let all = IdentifyOptions::default()
            .with_threshold(self.threshold)
            .with_candidates(self.identifier.tracks().len());
        let mut answer = match kind {
            Kind::Known => self.identifier.identify(&clip, &all)?,
            Kind::Unknown => {
                let group = groups.get(&cut.track_id);
                let related = |id: &str| id == cut.track_id || (group.is_some() && groups.get(id) == group);
                self.identifier.identify_where(&clip, &all, |id| !related(id))?
            }
        };
        if answer.candidates.is_empty() {
            return Ok(None);
        }
        let rank = answer.rank_of(&cut.track_id);
        let right = rank.and_then(|r| answer.candidates.get(r - 1)).cloned();
        answer.candidates.truncate(KEPT);
        answer.candidates.shrink_to_fit();
        Ok(Some(Asked {
            kind,
            cut: 0,
            degradation,
            seed,
            answer,
            rank,
            similarity: right.as_ref().map(|c| c.similarity),
            offset_error_s: right.filter(|_| rank == Some(1)).map(|c| c.offset_s - cut.start_s),
        }))
    }

    /// A seed of its own for the `n`-th draw of a `purpose`.
    fn seed_of(&self, n: usize, purpose: u64) -> u64 {
        (self.seed ^ (purpose << 48)).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(n as u64)
    }
}
