//! Scores of pairs, and of clips under each modification.

use rayon::prelude::*;
use soundalike_augment::Edit;

use super::maker::PairMaker;
use super::pairs::Others;
use super::{Modification, Pair, PairKind, Scorer, scorer};
use crate::Error;
use crate::data::Span;
use crate::random::{Purpose, Random};

/// Names of the two rows that are not edits.
const DIFFERENT: [&str; 2] = ["different song", "different song, same edit"];

/// A clip with what it is compared with.
struct Versions {
    group: String,
    /// The clip, itself under each edit, another recording, another under an edit.
    clips: Vec<Vec<f32>>,
}

/// Pairs with their scores.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ScoredPairs {
    /// Score of each pair; the higher, the more alike.
    pub scores: Vec<f64>,
    /// Whether it is the same recording.
    pub labels: Vec<bool>,
    /// Group of the first recording: what an interval is drawn over.
    pub groups: Vec<String>,
    /// Whether the two are different recordings of one group or genre.
    pub hard: Vec<bool>,
}

impl ScoredPairs {
    /// Appends others, of another fold.
    pub fn extend(&mut self, other: Self) {
        self.scores.extend(other.scores);
        self.labels.extend(other.labels);
        self.groups.extend(other.groups);
        self.hard.extend(other.hard);
    }
}

/// Scores of clips by modification: what `soundalike_eval::scores_by_kind` takes.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ModificationScores {
    /// Name of the modification, or "different song", or "different song, same edit".
    pub kinds: Vec<String>,
    /// Score of the clip against its modified self, or against another recording.
    pub scores: Vec<f64>,
    /// Group of the clip's recording.
    pub groups: Vec<String>,
}

impl ModificationScores {
    /// Appends others, of another fold.
    pub fn extend(&mut self, other: Self) {
        self.kinds.extend(other.kinds);
        self.scores.extend(other.scores);
        self.groups.extend(other.groups);
    }
}

impl PairMaker {
    /// Scores pairs.
    ///
    /// # Errors
    /// What the scorer refuses, [`Error::Io`].
    pub fn score(&self, pairs: &[Pair], scorer: &dyn Scorer) -> Result<ScoredPairs, Error> {
        let mut scored = ScoredPairs::default();
        for pairs in pairs.chunks(128) {
            let cuts: Vec<_> = pairs.iter().flat_map(|pair| [&pair.first, &pair.second]).collect();
            let clips: Vec<Vec<f32>> = cuts
                .par_iter()
                .map(|cut| self.cutter.clip(cut.track, cut.start, cut.edit.as_ref()))
                .collect::<Result<_, _>>()?;
            let vectors = scorer::embed(scorer, &clips)?;
            let sides: Vec<(&[f32], &[f32])> =
                vectors.chunks(2).map(|two| (&two[0][..], &two[1][..])).collect();
            scored.scores.extend(scorer::score(scorer, &sides)?.into_iter().map(f64::from));
            for pair in pairs {
                scored.labels.push(pair.similar());
                scored.hard.push(matches!(pair.kind, PairKind::SameGroup | PairKind::SameGenre));
                scored.groups.push(self.group(pair.first.track));
            }
        }
        Ok(scored)
    }

    /// Scores `clips` clips of each recording of `part` against themselves under each modification, against another
    /// recording, and against another recording under an edit (the modifications in turn).
    ///
    /// # Errors
    /// What the scorer refuses, [`Error::Io`].
    pub fn score_modifications(
        &self,
        part: &[usize],
        clips: usize,
        modifications: &[Modification],
        scorer: &dyn Scorer,
        seed: u64,
    ) -> Result<ModificationScores, Error> {
        let names: Vec<&str> = modifications.iter().map(|m| m.name).chain(DIFFERENT).collect();
        let others = Others::new(&self.cutter, part);
        let mut scores = ModificationScores::default();
        let indices: Vec<usize> = (0..clips * part.len()).collect();
        for some in indices.chunks(16) {
            let made: Vec<_> = some
                .par_iter()
                .map(|&index| self.versions(part, index, modifications, &others, seed))
                .collect::<Result<_, _>>()?;
            for Versions { group, clips } in made.into_iter().flatten() {
                let vectors = scorer::embed(scorer, &clips)?;
                let pairs: Vec<(&[f32], &[f32])> =
                    vectors[1..].iter().map(|v| (&vectors[0][..], &v[..])).collect();
                for (name, score) in names.iter().zip(scorer::score(scorer, &pairs)?) {
                    scores.kinds.push((*name).to_owned());
                    scores.scores.push(f64::from(score));
                    scores.groups.push(group.clone());
                }
            }
        }
        Ok(scores)
    }

    /// The clip of an index, itself under each edit, another recording, and another under an edit; `None` where there
    /// is no sound.
    fn versions(
        &self,
        part: &[usize],
        index: usize,
        modifications: &[Modification],
        others: &Others<'_>,
        seed: u64,
    ) -> Result<Option<Versions>, Error> {
        let cutter = &self.cutter;
        let track = part[index % part.len()];
        let mut random = Random::new(seed, Purpose::Modifications, index as u64);
        let edits: Vec<Edit> = modifications.iter().map(|m| (m.edit)(random.seed())).collect();
        let span = edits.iter().map(|edit| cutter.span(Some(edit))).fold(cutter.span(None), Span::and);
        let (Some(start), _) = cutter.place(track, span, &mut random)? else { return Ok(None) };
        let Some((other, _)) = others.draw(track, 0.0, &mut random) else { return Ok(None) };
        let (Some(elsewhere), _) = cutter.place(other, span, &mut random)? else { return Ok(None) };
        let mut made = vec![cutter.clip(track, start, None)?];
        for edit in &edits {
            made.push(cutter.clip(track, start, Some(edit))?);
        }
        made.push(cutter.clip(other, elsewhere, None)?);
        made.push(cutter.clip(other, elsewhere, edits.get(index % edits.len().max(1)))?);
        Ok(Some(Versions { group: self.group(track), clips: made }))
    }

    fn group(&self, track: usize) -> String {
        self.cutter.corpus.info(track).map_or(String::new(), |info| info.group.clone())
    }
}
