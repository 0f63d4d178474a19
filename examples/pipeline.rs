//! The whole way: a folder of music -> catalog -> index -> degraded clips -> who is it? -> tables and a report.
//!
//! Without `--music` it composes a demo library of its own first.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use rand::{SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha12Rng;
use rayon::prelude::*;
use soundalike::{IndexSource, IngestOptions, IngestReport, Library, MusicFolder, hash_file};
use soundalike_audio::{AudioReader, ReadConfig, scan};
use soundalike_catalog::FileRecord;
use soundalike_examples::cli::{self, IngestBar, Outcome, hash, interrupted, progress, write_json};
use soundalike_examples::demo;
use soundalike_examples::pipeline::{
    Asked, Asker, Chosen, Cut, Findings, Kind, NotAsked, REPORT_STEPS, SongFile, choose, known_table,
    overall, rows, unknown_table, write_report,
};
use soundalike_examples::{say, warn};

/// Reads a folder of music into a library, asks it about degraded 5 s clips of known and unknown songs, and writes
/// a report. Without --music it composes 22 demo songs (17 indexed, 5 unknown).
#[derive(Debug, Parser)]
#[command(version, args_override_self = true)]
struct Args {
    /// Folder of music: MP3, Ogg Vorbis, FLAC, WAV, AIFF, M4A/AAC; folders below and links are followed
    #[arg(long, value_name = "DIR")]
    music: Option<PathBuf>,
    /// Metadata table; columns file, track_id, title, artist, album, year, genre, language, group; wins over tags
    #[arg(long, value_name = "FILE.csv", requires = "music")]
    metadata: Option<PathBuf>,
    /// Folder of songs to ask about that are not indexed; without it, each asked song of --music is also asked as if
    /// it, and the songs of its group, were not indexed
    #[arg(long, value_name = "DIR", requires = "music")]
    unknown: Option<PathBuf>,
    /// Folder for catalog and index [default: one below target/pipeline for each music folder]
    #[arg(long, value_name = "DIR")]
    library: Option<PathBuf>,
    /// Folder for the report, index.html
    #[arg(long, value_name = "DIR", default_value = "report")]
    report: PathBuf,
    /// Also write all results as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// A trained model instead of MFCCs: a checkpoint (needs --features model)
    #[arg(long, value_name = "CKPT")]
    model: Option<PathBuf>,
    /// Cosine distance below which the nearest song is called a match (uncalibrated) [default: 0.3, or match_distance in
    /// the model's card]
    #[arg(long, value_name = "D")]
    threshold: Option<f64>,
    /// Ask about no more than this many songs, drawn at random
    #[arg(long, value_name = "N", default_value_t = 500)]
    queries: usize,
    /// Seed of the demo songs, of the clips' starts and of the noise
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Threads [default: one a core]
    #[arg(long)]
    threads: Option<std::num::NonZeroUsize>,
    /// Read files again that an earlier run skipped, although they have not changed
    #[arg(long)]
    retry_skipped: bool,
}

fn main() -> ExitCode {
    cli::run(|| pipeline(&Args::parse()))
}

/// Where songs come from, and where the library goes.
struct Sources {
    music: PathBuf,
    metadata: Option<PathBuf>,
    unknown: Option<PathBuf>,
    library: PathBuf,
    corpus: String,
}

fn pipeline(args: &Args) -> Outcome<()> {
    if let Some(threshold) = args.threshold
        && !(0.0..=2.0).contains(&threshold)
    {
        return Err(format!("--threshold is {threshold}: a cosine distance from 0 to 2").into());
    }
    let Chosen { embedder, what, threshold } = choose(args.model.as_deref())?;
    let threshold = args.threshold.unwrap_or(threshold);
    if let Some(n) = args.threads {
        rayon::ThreadPoolBuilder::new().num_threads(n.get()).build_global()?;
    }
    let Some(sources) = sources(args)? else {
        return Ok(());
    };

    // 1. Files -> chunks -> vectors -> catalog.
    let folder = MusicFolder::scan(&sources.music)?;
    sources.unknown.as_deref().map(MusicFolder::scan).transpose()?;
    let mut library = Library::open(&sources.library, Arc::clone(&embedder))?;
    let started = Instant::now();
    let options = IngestOptions::default()
        .with_metadata(sources.metadata.clone())
        .with_threads(args.threads)
        .with_retry_skipped(args.retry_skipped);
    let ingest = library.ingest(&folder, &options, &IngestBar::default())?;
    print_ingest(&ingest, started.elapsed().as_secs_f64());
    if ingest.interrupted || interrupted() {
        say!("Interrupted: what was finished is in the catalog; run the same command to go on.");
        return Ok(());
    }

    say!("Catalog: {}", library.catalog().path().display());

    // 2. Catalog -> index.
    let (identifier, source) = library.identifier()?;
    let from = match source {
        IndexSource::File => "read from",
        _ => "rebuilt and saved to",
    };
    say!(
        "Index: {} vectors of {} songs, {} dimensions, {from} {}",
        identifier.vectors(),
        identifier.tracks().len(),
        embedder.dim(),
        library.index_path().display()
    );

    // 3. Degraded clips of known and unknown songs -> answers.
    let asker = Asker { identifier: &identifier, embedder: &*embedder, threshold, seed: args.seed };
    let Some((cuts, asked)) = ask(args, &sources, &library, (&folder, &ingest), &asker)? else {
        say!("Interrupted: no report written.");
        return Ok(());
    };

    // 4. Answers -> tables and report.
    let findings = Findings {
        corpus: &sources.corpus,
        what: &what,
        library: &library,
        identifier: &identifier,
        ingest: &ingest,
        cuts: &cuts,
        asked: &asked,
        rows: rows(&asked)?,
        overall: overall(&asked, args.seed)?,
        threshold,
        seed: args.seed,
        leave_out: sources.unknown.is_none(),
    };
    print_answers(&findings);
    say!("\n{}", known_table(&findings.rows).to_markdown());
    say!("{}", unknown_table(&findings.rows).to_markdown());
    for o in &findings.overall {
        say!(
            "{:>28}: {:.3} ({:.3} to {:.3}), {} songs, {} questions",
            o.name,
            o.value,
            o.low,
            o.high,
            o.songs,
            o.questions
        );
    }
    let bar = progress("reporting", REPORT_STEPS);
    let report = write_report(&findings, &args.report, &|| bar.inc(1))?;
    bar.finish_and_clear();
    say!("\nReport: {}", report.display());
    if let Some(path) = &args.json {
        write_json(path, &findings.to_json()?)?;
        say!("JSON: {}", path.display());
    }
    Ok(())
}

/// The user's folders, or the demo's, composed where they are not there yet; `None` when interrupted.
fn sources(args: &Args) -> Outcome<Option<Sources>> {
    let work = Path::new("target").join("pipeline");
    let Some(music) = &args.music else {
        let bar = progress("composing", demo::LIBRARY_SONGS + demo::UNKNOWN_SONGS);
        let demo = demo::write(&Path::new("target").join("demo"), args.seed, &|| bar.inc(1), &interrupted)?;
        bar.finish_and_clear();
        if interrupted() {
            return Ok(None);
        }
        say!("Demo songs: {} (indexed), {} (unknown)", demo.library.display(), demo.unknown.display());
        return Ok(Some(Sources {
            corpus: format!("{} composed demo songs, seed {}", demo::LIBRARY_SONGS, args.seed),
            library: args.library.clone().unwrap_or_else(|| work.join(format!("demo-{}", args.seed))),
            music: demo.library,
            metadata: Some(demo.metadata),
            unknown: Some(demo.unknown),
        }));
    };
    let named = || {
        let whole = music.canonicalize().unwrap_or_else(|_| music.clone());
        let name = whole.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Two folders of one name get a library each.
        work.join(format!("{name}-{}", hash(whole.as_os_str().as_encoded_bytes())))
    };
    Ok(Some(Sources {
        corpus: format!("the folder {}", music.display()),
        library: args.library.clone().unwrap_or_else(named),
        music: music.clone(),
        metadata: args.metadata.clone(),
        unknown: args.unknown.clone(),
    }))
}

/// Cuts and asks; `None` when interrupted.
fn ask(
    args: &Args,
    sources: &Sources,
    library: &Library,
    read: (&MusicFolder, &IngestReport),
    asker: &Asker<'_>,
) -> Outcome<Option<(Vec<Cut>, Vec<Asked>)>> {
    let files = library.catalog().files()?;
    let (mut songs, groups) = indexed_songs(library, &files, read, asker)?;
    draw(&mut songs, args);
    let bar = progress("cutting", songs.len());
    let (mut cuts, mut bad) = asker.cut(&songs, &|| bar.inc(1));
    bar.finish_and_clear();
    let known = cuts.len();
    let mut asked = with_bar("asking", known, |each| asker.ask(&cuts, Kind::Known, &groups, each))?;
    let unknown = match &sources.unknown {
        Some(folder) => {
            let (mut songs, indexed) = strangers(folder, &files)?;
            bad.extend(indexed);
            draw(&mut songs, args);
            let (songs, unusable) = measure(songs);
            bad.extend(unusable);
            let (more, worse) = asker.cut(&songs, &|| {});
            bad.extend(worse);
            cuts.extend(more);
            known..cuts.len()
        }
        None => 0..known,
    };
    let first = unknown.start;
    let unknown = cuts.get(unknown).unwrap_or_default();
    let answers = with_bar("asking", unknown.len(), |each| asker.ask(unknown, Kind::Unknown, &groups, each))?;
    asked.extend(answers.into_iter().map(|a| Asked { cut: a.cut + first, ..a }));
    for (path, reason) in bad {
        let path = path.display().to_string();
        warn!(
            "not asked: {}{reason}",
            if reason.contains(&path) { String::new() } else { format!("{path}: ") }
        );
    }
    if asked.is_empty() && !interrupted() {
        say!("Nothing was asked: {} songs could be, --queries is {}.", songs.len(), args.queries);
    }
    Ok((!interrupted()).then_some((cuts, asked)))
}

/// The songs of the folder that are indexed, and the group of every song in the library. For a file with the bytes of
/// one in another folder, the song that stands for both.
fn indexed_songs(
    library: &Library,
    files: &[FileRecord],
    (folder, report): (&MusicFolder, &IngestReport),
    asker: &Asker<'_>,
) -> Outcome<(Vec<SongFile>, HashMap<String, String>)> {
    let copied: HashSet<&Path> = report.duplicates.iter().map(|(_, of)| of.as_path()).collect();
    let of_folder = |f: &&FileRecord| f.path.starts_with(folder.root()) || copied.contains(f.path.as_path());
    let paths: HashMap<&str, &Path> = files
        .iter()
        .filter(of_folder)
        .filter_map(|f| Some((f.status.track_id()?, f.path.as_path())))
        .collect();
    let indexed: HashSet<&str> = asker.identifier.tracks().iter().map(String::as_str).collect();
    let (mut songs, mut groups) = (Vec::new(), HashMap::new());
    for song in library.catalog().songs()? {
        let track_id = song.recording_id;
        // Songs of other folders in the same library belong to groups too.
        groups.extend(song.group.map(|g| (track_id.clone(), g)));
        if let Some(path) = paths.get(track_id.as_str()).filter(|_| indexed.contains(track_id.as_str())) {
            let duration_s = song.duration.unwrap_or_default();
            songs.push(SongFile { path: path.to_path_buf(), duration_s, track_id });
        }
    }
    Ok((songs, groups))
}

/// The files of a folder that are not indexed, and those that are.
fn strangers(folder: &Path, files: &[FileRecord]) -> Outcome<(Vec<SongFile>, Vec<NotAsked>)> {
    let indexed: HashSet<&str> = files
        .iter()
        .filter(|f| f.status.track_id().is_some())
        .filter_map(|f| f.content_hash.as_deref())
        .collect();
    let (mut songs, mut known) = (Vec::new(), Vec::new());
    for file in scan(folder)?.files {
        match hash_file(&file.path) {
            Ok(hash) if !indexed.contains(hash.as_str()) => songs.push(SongFile {
                track_id: file.relative.display().to_string(),
                path: file.path,
                duration_s: 0.0,
            }),
            Ok(_) => known.push((file.path, "it is indexed, and so not unknown".to_owned())),
            Err(e) => known.push((file.path, e.to_string())),
        }
    }
    Ok((songs, known))
}

fn with_bar<T>(what: &'static str, cuts: usize, work: impl FnOnce(&(dyn Fn() + Sync)) -> T) -> T {
    let bar = progress(what, cuts * soundalike_examples::degrade::Degradation::ALL.len());
    let result = work(&|| bar.inc(1));
    bar.finish_and_clear();
    result
}

/// No more than `--queries` songs, drawn by the seed; in the order of their ids.
fn draw(songs: &mut Vec<SongFile>, args: &Args) {
    songs.shuffle(&mut ChaCha12Rng::seed_from_u64(args.seed));
    songs.truncate(args.queries);
    songs.sort_by(|a, b| a.track_id.cmp(&b.track_id));
}

/// Puts the length of the audio to each song: decoded, because a header may be wrong.
fn measure(songs: Vec<SongFile>) -> (Vec<SongFile>, Vec<NotAsked>) {
    let bar = progress("measuring", songs.len());
    let seconds = |path: &Path| -> Result<f64, soundalike_audio::Error> {
        let mut reader = AudioReader::open(path, &ReadConfig::new())?;
        while !interrupted() && reader.next_block()?.is_some() {}
        Ok(reader.samples_read() as f64 / f64::from(reader.sample_rate()))
    };
    let measured: Vec<Result<SongFile, NotAsked>> = songs
        .into_par_iter()
        .map(|song| {
            let seconds = seconds(&song.path);
            bar.inc(1);
            match seconds {
                Ok(duration_s) => Ok(SongFile { duration_s, ..song }),
                Err(e) => Err((song.path, e.to_string())),
            }
        })
        .collect();
    bar.finish_and_clear();
    let (good, bad): (Vec<_>, Vec<_>) = measured.into_iter().partition(Result::is_ok);
    (good.into_iter().flatten().collect(), bad.into_iter().filter_map(Result::err).collect())
}

fn print_ingest(r: &IngestReport, seconds: f64) {
    say!(
        "Files: {} found; {} read ({:.0} s of audio in {seconds:.1} s), {} unchanged, {} moved, {} removed, \
         {} duplicates, {} skipped",
        r.found,
        r.indexed,
        r.seconds_decoded,
        r.unchanged,
        r.moved.len(),
        r.removed.len(),
        r.duplicates.len(),
        r.skipped.len()
    );
    for s in &r.skipped {
        say!("  skipped: {}", s.reason);
    }
    for w in &r.warnings {
        say!("  used, but: {}", w.reason);
    }
    for (copy, of) in &r.duplicates {
        say!("  duplicate: {} has the same bytes as {}", copy.display(), of.display());
    }
    for taken in &r.ids_taken {
        say!("  metadata: {}", taken.reason);
    }
    for p in &r.row_problems {
        say!("  metadata: {p}");
    }
    for row in &r.rows_without_file {
        say!("  metadata: no file of its own for the row {row:?}");
    }
    for file in &r.files_without_row {
        say!("  metadata: no row for {}", file.display());
    }
}

/// A few of the answers; all of them stand in the report.
fn print_answers(findings: &Findings<'_>) {
    const SHOWN: usize = 12;
    if findings.asked.is_empty() {
        return;
    }
    say!("\nSome answers (all of them: the report):");
    for a in findings.sample(SHOWN) {
        say!("  {}", findings.sentence(a));
    }
}
