//! The findings as a page that opens offline, and as JSON.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};
use soundalike::{Answer, Identifier, IngestReport, Library};
use soundalike_audio::{ReadConfig, decode_segment};
use soundalike_catalog::FileStatus;
use soundalike_eval::{
    Cell, Figure, HeatMapConfig, HistogramChartConfig, HistogramSeries, Report, Table, heat_map,
    histogram_chart,
};
use soundalike_features::{LogMel, LogMelConfig};

use super::ask::{Asked, CUT_SECONDS, Cut, Kind};
use super::summary::{Overall, Row, known_table, unknown_table};
use crate::cli::{Outcome, hash};
use crate::degrade::Degradation;
use crate::extract::Feature;
use crate::pictures::{Look, draw};

/// Known and unknown questions that are shown as pictures.
const PICTURED: (usize, usize) = (4, 2);
/// Songs in the heat map at most; more are thinned out evenly.
const MAP_SONGS: usize = 1_000;
/// Lines in the table of answers at most.
const MAX_ANSWERS: usize = 5_000;

/// All that a run found.
pub struct Findings<'a> {
    /// What was searched, in words.
    pub corpus: &'a str,
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
    fn name(&self, track_id: &str) -> String {
        let song = self.library.song(track_id).ok().flatten();
        match song.map(|s| (s.title, s.artist)) {
            Some((Some(title), Some(artist))) => format!("{title} – {artist}"),
            Some((Some(title), None)) => title,
            _ => track_id.to_owned(),
        }
    }

    fn cut(&self, asked: &Asked) -> Option<&Cut> {
        self.cuts.get(asked.cut)
    }

    /// Whether the answer is the right one.
    fn is_right(asked: &Asked) -> bool {
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
        format!("{head}; {}: {}", if answer.is_match { "then" } else { "nearest" }, rest.join(", "))
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

    fn distances(&self, kind: Kind) -> Vec<f32> {
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

/// Writes `index.html` into `folder` and returns its path.
///
/// # Errors
/// Those of drawing and of the file system.
pub fn write(f: &Findings<'_>, folder: &Path) -> Outcome<PathBuf> {
    std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut page = Report::new("soundalike: who is it?");
    summary(&mut page, f)?;
    examples(&mut page, f)?;
    answers(&mut page, f);
    map(&mut page, f)?;
    files(&mut page, f);
    let path = folder.join("index.html");
    page.save(&path)?;
    Ok(path)
}

fn summary(page: &mut Report, f: &Findings<'_>) -> Outcome<()> {
    let embedder = f.library.embedder();
    page.paragraph(format!(
        "Corpus: {}. {} songs are indexed as {} vectors of 5 s each, one every 2 s. Clips of {CUT_SECONDS} s, cut at \
         random places and degraded, are asked about; the nearest song is called a match if its cosine distance is \
         below {}. That rule is uncalibrated: a distance is not a probability.",
        f.corpus,
        f.identifier.tracks().len(),
        f.identifier.vectors(),
        f.threshold
    ));
    page.paragraph(if f.leave_out {
        "Unknown songs are songs of the library, asked as if they and the songs of their group were not indexed: their \
         vectors are left out of the search, which is exact, so the answer is the one an index without them would give."
    } else {
        "Unknown songs are songs that are not indexed."
    });
    page.section("Results");
    let mut table = Table::new("Over all degraded clips; 95 % bootstrap intervals over songs")
        .with_headers(["figure", "value", "interval", "songs", "clips"]);
    for o in &f.overall {
        table.push([
            Cell::from(o.name),
            Cell::number(o.value, 3),
            Cell::numeric(format!("{:.3}–{:.3}", o.low, o.high)),
            Cell::from(o.songs),
            Cell::from(o.questions),
        ]);
    }
    page.table(&table);
    page.table(&known_table(&f.rows).with_note(
        "Average rank counts every indexed song; average similarity is that of the right song. Matched: first and below \
         the threshold. Offset: of those that came first, the share placed within 1 s. The clean cut is a smoke test of the machinery and no measurement of accuracy.",
    ));
    page.table(&unknown_table(&f.rows));
    let (known, unknown) = (f.distances(Kind::Known), f.distances(Kind::Unknown));
    let series: Vec<HistogramSeries<'_>> = [("known songs", &known), ("unknown songs", &unknown)]
        .into_iter()
        .filter(|(_, v)| !v.is_empty())
        .map(|(name, values)| HistogramSeries { name, values })
        .collect();
    if !series.is_empty() {
        let farthest = known.iter().chain(&unknown).fold(f.threshold, |m, &d| m.max(f64::from(d)));
        let config = HistogramChartConfig::default()
            .with_title("Distance of the nearest song, degraded clips")
            .with_axis("cosine distance")
            .with_n_bins(40)
            .with_range(0.0, 1.05 * farthest.max(1e-3))
            .with_threshold(f.threshold, format!("threshold {}", f.threshold));
        let picture = histogram_chart(&series, &config)?;
        page.figure(
            Figure::picture(&picture, "Histogram of nearest distances of known and unknown songs")?
                .with_caption("Where the two overlap, no threshold tells known from unknown."),
        );
    }
    page.section("Embedder and corpus");
    page.key_values([
        ("id", embedder.id().to_string()),
        ("dimensions", embedder.dim().to_string()),
        ("sample rate", format!("{} Hz", embedder.sample_rate())),
        (
            "what",
            "means of 20 MFCCs over a chunk, standardised with fixed figures that are part of the id"
                .to_owned(),
        ),
        ("seed of cuts and noise", f.seed.to_string()),
        ("hash of the corpus", f.corpus_hash()?),
    ]);
    Ok(())
}

/// Query and match side by side: right answers and wrong ones.
fn examples(page: &mut Report, f: &Findings<'_>) -> Outcome<()> {
    page.section("Query and match");
    let worst = |a: &&Asked| matches!(a.degradation, Degradation::All(..));
    let pick = |kind: Kind, n: usize| {
        let of: Vec<&Asked> = f.asked.iter().filter(worst).filter(|a| a.kind == kind).collect();
        let (right, wrong): (Vec<&Asked>, Vec<&Asked>) = of.into_iter().partition(|a| Findings::is_right(a));
        // Some that went right, some that went wrong, as far as there are any.
        let wrongs = wrong.len().min(n / 2);
        let rights = right.len().min(n - wrongs);
        let wrongs = wrong.len().min(n - rights);
        right.into_iter().take(rights).chain(wrong.into_iter().take(wrongs)).collect::<Vec<_>>()
    };
    let files: std::collections::HashMap<String, PathBuf> = f
        .library
        .catalog()
        .files()?
        .into_iter()
        .filter_map(|file| match file.status {
            FileStatus::Ok { track_id } => Some((track_id, file.path)),
            FileStatus::Skipped { .. } | FileStatus::Copy { .. } => None,
        })
        .collect();
    let rate = f.library.embedder().sample_rate();
    for asked in pick(Kind::Known, PICTURED.0).into_iter().chain(pick(Kind::Unknown, PICTURED.1)) {
        let (Some(cut), Some(best)) = (f.cut(asked), asked.answer.best()) else {
            continue;
        };
        let query = asked.degradation.apply(&cut.samples, rate, asked.seed)?;
        page.paragraph(f.sentence(asked));
        let mut figures = vec![spectrogram(&query, rate, "query", &asked.degradation.name())?];
        let title = match (asked.answer.is_match, Findings::is_right(asked)) {
            (true, true) => "match: the right song",
            (true, false) => "match: another song",
            (false, _) => "nearest, but not near enough",
        };
        let start = best.offset_s.max(0.0);
        let config = ReadConfig::new().with_sample_rate(rate);
        if let Some(audio) =
            files.get(&best.track_id).and_then(|p| decode_segment(p, start, CUT_SECONDS, &config).ok())
        {
            let caption = format!("{} from {start:.1} s", f.name(&best.track_id));
            figures.push(spectrogram(&audio.samples, rate, title, &caption)?);
        }
        page.figures_row(figures);
    }
    Ok(())
}

fn spectrogram(samples: &[f32], rate: u32, title: &str, caption: &str) -> Outcome<Figure> {
    let config = LogMelConfig::new(rate);
    let frame_seconds = config.mel.stft.hop_length as f64 / f64::from(rate);
    let matrix = LogMel::new(&config)?.compute(samples)?;
    let look = Look { title, sample_rate: rate, frame_seconds, size: (540, 300) };
    let picture = draw(Feature::Logmel, matrix, look)?;
    Ok(Figure::picture(&picture, format!("Mel spectrogram: {caption}"))?.with_caption(caption))
}

fn answers(page: &mut Report, f: &Findings<'_>) {
    page.section("All answers");
    for (kind, heading) in [(Kind::Known, "known songs"), (Kind::Unknown, "unknown songs")] {
        let of: Vec<&Asked> = f.asked.iter().filter(|a| a.kind == kind).collect();
        if of.is_empty() {
            continue;
        }
        let mut table = Table::new(format!("Clips of {heading}")).with_headers([
            "song",
            "cut at (s)",
            "condition",
            "answer",
            "distance",
            "offset (s)",
            "runners-up (distance)",
            "right?",
        ]);
        for a in of.iter().take(MAX_ANSWERS) {
            let Some(cut) = f.cut(a) else { continue };
            let best = a.answer.best();
            let others: Vec<String> = a
                .answer
                .candidates
                .iter()
                .skip(1)
                .take(2)
                .map(|c| format!("{} ({:.3})", f.name(&c.track_id), c.distance()))
                .collect();
            table.push([
                Cell::from(f.name(&cut.track_id)),
                Cell::number(cut.start_s, 1),
                Cell::from(a.degradation.name()),
                Cell::from(match (a.answer.matched(), best) {
                    (Some(c), _) => f.name(&c.track_id),
                    (None, Some(c)) => format!("Unknown (nearest: {})", f.name(&c.track_id)),
                    (None, None) => "Unknown".to_owned(),
                }),
                Cell::number(best.map_or(f64::NAN, soundalike::Candidate::distance), 3),
                Cell::number(a.answer.matched().map_or(f64::NAN, |c| c.offset_s), 1),
                Cell::from(others.join(", ")),
                Cell::from(if Findings::is_right(a) { "yes" } else { "no" }),
            ]);
        }
        if of.len() > MAX_ANSWERS {
            table =
                table.with_note(format!("{} more are in the JSON file (--json).", of.len() - MAX_ANSWERS));
        }
        page.details(format!("{} clips of {heading}", of.len()), |inside| {
            inside.table(&table);
        });
    }
}

fn map(page: &mut Report, f: &Findings<'_>) -> Outcome<()> {
    page.section("Song by song");
    let means = f.library.track_means()?;
    let step = means.len().div_ceil(MAP_SONGS).max(1);
    let shown: Vec<&(String, Vec<f32>)> = means.iter().step_by(step).collect();
    let n = shown.len();
    let mut matrix = Vec::with_capacity(n * n);
    for (_, a) in &shown {
        matrix.extend(shown.iter().map(|(_, b)| cosine(a, b)));
    }
    let labels = shown.iter().map(|(id, _)| f.name(id));
    let config = HeatMapConfig::default()
        .with_title("Cosine similarity of the songs' mean vectors")
        .with_labels(labels)
        .with_unit("cosine");
    let picture = heat_map(&matrix, n, &config)?;
    let mut caption =
        "1: the same direction, 0: unrelated, -1: opposite. In the order of the ids.".to_owned();
    if step > 1 {
        caption.push_str(&format!(" Every {step}th of {} songs.", means.len()));
    }
    page.figure(
        Figure::picture(&picture, "Heat map of song-by-song cosine similarities")?.with_caption(caption),
    );
    Ok(())
}

/// Cosine of two vectors; 0 where one has no direction.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    let norm = (dot(a, a) * dot(b, b)).sqrt();
    if norm > 0.0 { dot(a, b) / norm } else { 0.0 }
}

fn files(page: &mut Report, f: &Findings<'_>) {
    let r = f.ingest;
    page.section("Files");
    page.key_values([
        ("found", r.found.to_string()),
        ("read in this run", r.indexed.to_string()),
        ("unchanged, not read again", r.unchanged.to_string()),
        ("moved", r.moved.len().to_string()),
        ("removed", r.removed.len().to_string()),
        ("same bytes as another", r.duplicates.len().to_string()),
        ("skipped", r.skipped.len().to_string()),
    ]);
    let mut notes = Table::new("Files and rows that need a look").with_headers(["what", "detail"]);
    for s in &r.skipped {
        notes.push(["skipped", s.reason.as_str()]);
    }
    for w in &r.warnings {
        notes.push(["used, but", w.reason.as_str()]);
    }
    for (copy, of) in &r.duplicates {
        notes.push(["duplicate", &format!("{} has the same bytes as {}", copy.display(), of.display())]);
    }
    for taken in &r.ids_taken {
        notes.push(["id taken", taken.reason.as_str()]);
    }
    for p in &r.row_problems {
        notes.push(["metadata row", &p.to_string()]);
    }
    for row in &r.rows_without_file {
        notes.push(["row without a file of its own", row]);
    }
    for file in &r.files_without_row {
        notes.push(["file without a row", &file.display().to_string()]);
    }
    if !notes.rows().is_empty() {
        page.table(&notes);
    }
}
