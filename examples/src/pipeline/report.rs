//! The findings as a page that opens offline.

use std::path::{Path, PathBuf};

use soundalike_audio::{ReadConfig, decode_segment};
use soundalike_catalog::FileStatus;
use soundalike_eval::{
    Cell, Figure, HeatMapConfig, HistogramChartConfig, HistogramSeries, Report, Table, heat_map,
    histogram_chart,
};
use soundalike_features::{LogMel, LogMelConfig};

use super::ask::{Asked, CUT_SECONDS, Kind};
use super::findings::Findings;
use super::summary::{known_table, unknown_table};
use crate::cli::Outcome;
use crate::degrade::Degradation;
use crate::pictures::{Look, Style, draw};

/// Known and unknown questions that are shown as pictures.
const PICTURED: (usize, usize) = (4, 2);
/// How often [`write()`] calls back at most.
pub const REPORT_STEPS: usize = PICTURED.0 + PICTURED.1;
/// Songs in the heat map at most; more are thinned out evenly.
const MAP_SONGS: usize = 1_000;
/// Lines in the table of answers at most.
const MAX_ANSWERS: usize = 5_000;

/// Writes `index.html` into `folder` and returns its path.
///
/// # Errors
/// Those of drawing and of the file system.
pub fn write(f: &Findings<'_>, folder: &Path, each: &dyn Fn()) -> Outcome<PathBuf> {
    std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut page = Report::new("soundalike: who is it?");
    summary(&mut page, f)?;
    examples(&mut page, f, each)?;
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
    if f.asked.is_empty() {
        page.paragraph("Nothing was asked: there was no song that could be.");
        return Ok(());
    }
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
        ("what", f.what.to_owned()),
        ("seed of cuts and noise", f.seed.to_string()),
        ("hash of the corpus", f.corpus_hash()?),
    ]);
    Ok(())
}

/// Query and match side by side: right answers and wrong ones.
fn examples(page: &mut Report, f: &Findings<'_>, each: &dyn Fn()) -> Outcome<()> {
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
        each();
    }
    Ok(())
}

fn spectrogram(samples: &[f32], rate: u32, title: &str, caption: &str) -> Outcome<Figure> {
    let config = LogMelConfig::new(rate);
    let frame_seconds = config.mel.stft.hop_length as f64 / f64::from(rate);
    let matrix = LogMel::new(&config)?.compute(samples)?;
    let look = Look { title, frame_seconds, size: (540, 300) };
    let picture = draw(&Style::of_preset("librosa", rate), matrix, look)?;
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
    if n > HeatMapConfig::MAX_LABELS {
        let mut key = Table::new("Numbers in the heat map").with_headers(["number", "song"]);
        for (at, (id, _)) in shown.iter().enumerate() {
            key.push([Cell::from(at + 1), Cell::from(f.name(id))]);
        }
        page.details("which number is which song", |inside| {
            inside.table(&key);
        });
    }
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
