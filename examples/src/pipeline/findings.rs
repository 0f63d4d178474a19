//! All that a run found, in words and as JSON.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value, json};
use soundalike::{Answer, Identifier, IngestReport, Library};
use soundalike_catalog::FileStatus;

use super::ask::{Asked, CUT_SECONDS, Cut, Kind};
use super::summary::{Overall, Row};
use crate::cli::{Outcome, hash};
use crate::degrade::Degradation;

/// All that a run found.
pub struct Findings<'a> {
    /// What was searched, in words.
    pub corpus: &'a str,
    /// What makes the vectors, in words.
    pub what: &'a str,
    /// The library.
    pub library: &'a Library,
    /// Its index.
    pub identifier: &'a Identifier,
    /// What reading the folder did.
    pub ingest: &'a IngestReport,
    /// The cuts asked about.
    pub cuts: &'a [Cut],
    /// Questions and answers.
    pub asked: &'a [Asked],
    /// Figures by condition.
    pub rows: Vec<Row>,
    /// Figures over all degraded conditions.
    pub overall: Vec<Overall>,
    /// Distance below which the nearest song is a match.
    pub threshold: f64,
    /// Seed of cuts and noise.
    pub seed: u64,
    /// Whether unknown songs are library songs left out of the search.
    pub leave_out: bool,
}

impl Findings<'_> {
    /// `n` answers spread evenly over all.
    pub fn sample(&self, n: usize) -> impl Iterator<Item = &Asked> {
        self.asked.iter().step_by(self.asked.len().div_ceil(n.max(1)).max(1))
    }

    /// Title and artist of a song where known, else its id.
    pub(super) fn name(&self, track_id: &str) -> String {
        let song = self.library.song(track_id).ok().flatten();
        match song.map(|s| (s.title, s.artist)) {
            Some((Some(title), Some(artist))) => format!("{title} – {artist}"),
            Some((Some(title), None)) => title,
            _ => track_id.to_owned(),
        }
    }

    pub(super) fn cut(&self, asked: &Asked) -> Option<&Cut> {
        self.cuts.get(asked.cut)
    }

    /// Whether the answer is the right one.
    pub(super) fn is_right(asked: &Asked) -> bool {
        match asked.kind {
            Kind::Known => asked.rank == Some(1) && asked.answer.is_match,
            Kind::Unknown => !asked.answer.is_match,
        }
    }

    /// The answer in words: match with distance and offset, or unknown, and the runners-up.
    fn verdict(&self, answer: &Answer) -> String {
        let describe =
            |c: &soundalike::Candidate| format!("{} ({:.3})", self.name(&c.track_id), c.distance());
        let mut others = answer.candidates.iter();
        let head = match answer.matched() {
            Some(c) => {
                others.next();
                format!("{} at {:.1} s, distance {:.3}", self.name(&c.track_id), c.offset_s, c.distance())
            }
            None => "Unknown".to_owned(),
        };
        let rest: Vec<String> = others.take(2).map(describe).collect();
        match (answer.is_match, rest.is_empty()) {
            (_, true) => head,
            (true, _) => format!("{head}; then: {}", rest.join(", ")),
            (false, _) => format!("{head}; nearest: {}", rest.join(", ")),
        }
    }

    /// One question and its answer in a line.
    pub fn sentence(&self, asked: &Asked) -> String {
        let Some(cut) = self.cut(asked) else {
            return String::new();
        };
        let (song, mark) = match asked.kind {
            Kind::Known => (self.name(&cut.track_id), if Self::is_right(asked) { "right" } else { "WRONG" }),
            Kind::Unknown => (
                format!("{} (not indexed)", self.name(&cut.track_id)),
                if Self::is_right(asked) { "right" } else { "WRONG" },
            ),
        };
        format!(
            "{song} at {:.1} s, {} -> {} [{mark}]",
            cut.start_s,
            asked.degradation.name(),
            self.verdict(&asked.answer)
        )
    }

    /// A hash over the content of all indexed files: the same corpus gives the same hash, wherever it lies.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn corpus_hash(&self) -> Outcome<String> {
        let files = self.library.catalog().files()?.into_iter();
        let used = files.filter(|f| matches!(f.status, FileStatus::Ok { .. }));
        let mut contents: Vec<String> = used.filter_map(|f| f.content_hash).collect();
        contents.sort_unstable();
        Ok(hash(contents.concat().as_bytes()))
    }

    pub(super) fn distances(&self, kind: Kind) -> Vec<f32> {
        let degraded = |a: &&Asked| a.kind == kind && a.degradation != Degradation::Clean;
        let best = |a: &Asked| a.answer.best().map(|c| c.distance() as f32);
        self.asked.iter().filter(degraded).filter_map(best).collect()
    }

    /// Everything as JSON. The same library, seed and settings give the same figures and questions.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn to_json(&self) -> Outcome<Value> {
        let stats = self.library.catalog().stats()?;
        let question = |a: &Asked| {
            let cut = self.cut(a);
            json!({
                "kind": a.kind,
                "track_id": cut.map(|c| &c.track_id),
                "start_s": cut.map(|c| c.start_s),
                "condition": a.degradation.name(),
                "is_match": a.answer.is_match,
                "rank": a.rank,
                "similarity_of_right_song": a.similarity,
                "offset_error_s": a.offset_error_s,
                "candidates": a.answer.candidates.iter().map(|c| json!({
                    "track_id": c.track_id, "distance": c.distance(), "offset_s": c.offset_s,
                })).collect::<Vec<_>>(),
            })
        };
        Ok(json!({
            "corpus": self.corpus,
            "corpus_hash": self.corpus_hash()?,
            "seed": self.seed,
            "threshold": self.threshold,
            "calibrated": false,
            "cut_seconds": CUT_SECONDS,
            "unknown_songs": if self.leave_out { "library songs, left out of the search with their group" } else { "songs that are not indexed" },
            "library": {
                "folder": self.library.folder().display().to_string(),
                "embedder": self.library.embedder().id().as_str(),
                "songs": self.identifier.tracks().len(),
                "vectors": self.identifier.vectors(),
                "generation": stats.generation,
            },
            "ingest": ingest_json(self.ingest),
            "conditions": self.rows,
            "overall": self.overall,
            "questions": self.asked.iter().map(question).collect::<Vec<_>>(),
        }))
    }
}

#[derive(Serialize)]
struct Note {
    file: String,
    reason: String,
}

fn ingest_json(r: &IngestReport) -> Value {
    let paths = |p: &[PathBuf]| p.iter().map(|p| p.display().to_string()).collect::<Vec<_>>();
    let notes = |s: &[soundalike::FileNote]| {
        let note =
            |s: &soundalike::FileNote| Note { file: s.path.display().to_string(), reason: s.reason.clone() };
        s.iter().map(note).collect::<Vec<_>>()
    };
    let pairs = |p: &[(PathBuf, PathBuf)]| {
        p.iter().map(|(a, b)| [a.display().to_string(), b.display().to_string()]).collect::<Vec<_>>()
    };
    json!({
        "found": r.found,
        "indexed": r.indexed,
        "unchanged": r.unchanged,
        "moved": pairs(&r.moved),
        "removed": paths(&r.removed),
        "duplicates": pairs(&r.duplicates),
        "skipped": notes(&r.skipped),
        "warnings": notes(&r.warnings),
        "ids_taken": notes(&r.ids_taken),
        "rows_without_file": r.rows_without_file,
        "files_without_row": paths(&r.files_without_row),
        "row_problems": r.row_problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
