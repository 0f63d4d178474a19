//! Trains an encoder on a folder of music, and measures it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use burn::prelude::Device;
use clap::Parser;
use serde::Serialize;
use soundalike_examples::cli::{self, Outcome, interrupted, progress, write_json};
use soundalike_examples::{say, warn};
use soundalike_learning::device::DeviceName;
use soundalike_learning::measure::{self, Effort, PairSets, Scores, Summary};
use soundalike_learning::run::train;
use soundalike_learning::sounds::{Share, Sounds};
use soundalike_models::ClipFrontEnd;
use soundalike_train::{
    Corpus, Folder, Outcome as Trained, Parts, RetrievalRow, Scorer as _, TrainConfig, TrainOptions,
};

/// Trains an encoder on a folder of music by a YAML file, and measures it on tracks it never heard.
///
/// The folder is decoded once into a cache. The run's folder holds the best checkpoint (best.safetensors, with its
/// card), the state to go on from, the loss as a table and as a picture, and a log. Ctrl-C saves the state and ends.
#[derive(Debug, Parser)]
#[command(version, args_override_self = true)]
struct Args {
    /// What to train: examples/configs has one for each kind of model and loss
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Folder of music
    #[arg(long, value_name = "DIR")]
    music: PathBuf,
    /// CSV table of the files: a column file or id, and any of group, artist, version_key, genre, licence
    #[arg(long, value_name = "FILE")]
    metadata: Option<PathBuf>,
    /// Folder of background noise, for edits that mix it in
    #[arg(long, value_name = "DIR")]
    noise: Option<PathBuf>,
    /// Folder of impulse responses, for edits with rooms
    #[arg(long, value_name = "DIR")]
    rooms: Option<PathBuf>,
    /// Folder of the run [default: target/train/NAME, NAME being the configuration's]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Folder of decoded audio
    #[arg(long, value_name = "DIR", default_value = "target/train/cache")]
    cache: PathBuf,
    /// Goes on with the run in the folder
    #[arg(long)]
    resume: bool,
    /// Steps, instead of the configuration's
    #[arg(long)]
    steps: Option<usize>,
    /// Clips of a step, instead of the configuration's
    #[arg(long)]
    batch_size: Option<usize>,
    /// Seed, instead of the configuration's
    #[arg(long)]
    seed: Option<u64>,
    /// Where tensors are computed
    #[arg(long, value_enum, default_value_t)]
    device: DeviceName,
    /// Trains once for each of so many folds, so that every track is tested once; with --verify or --retrieval
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u8).range(2..=20))]
    folds: Option<u8>,
    /// Leaves nothing for a test: for weights that are shipped, once their recipe has been tested
    #[arg(long, conflicts_with_all = ["folds", "verify", "retrieval"])]
    all: bool,
    /// Measures pairs and modifications on the test part, beside MFCCs
    #[arg(long)]
    verify: bool,
    /// Measures which second of which recording a degraded stretch is from, beside MFCCs
    #[arg(long)]
    retrieval: bool,
    /// Pairs that --verify judges in each test part
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pairs: u32,
    /// Clips of each track in the modification table
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1000))]
    clips: u32,
    /// Queries of each condition of --retrieval
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    queries: u32,
    /// Also writes the pairs that are judged, as CSV (with --folds, OUT.1.csv, OUT.2.csv, ...)
    #[arg(long, value_name = "FILE")]
    pairs_out: Option<PathBuf>,
    /// Text of the card: what the model is for
    #[arg(long, default_value = "")]
    description: String,
    /// Also writes the figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What `--json` holds.
#[derive(Debug, Serialize)]
struct Figures {
    tracks: usize,
    too_short: usize,
    skipped: usize,
    data_hash: String,
    runs: Vec<RunFigures>,
    verification: Vec<Summary>,
    retrieval: Vec<Retrieved>,
}

#[derive(Debug, Serialize)]
struct RunFigures {
    checkpoint: PathBuf,
    steps: usize,
    best_step: usize,
    best_loss: f64,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct Retrieved {
    scorer: String,
    condition: String,
    seconds: f64,
    queries: usize,
    track: usize,
    exact: usize,
}

fn main() -> ExitCode {
    let args = Args::parse();
    cli::run(|| run(&args))
}

fn run(args: &Args) -> Outcome<()> {
    let mut config = TrainConfig::open(&args.config)?;
    config.training.steps = args.steps.unwrap_or(config.training.steps);
    config.training.batch_size = args.batch_size.unwrap_or(config.training.batch_size);
    config.training.seed = args.seed.unwrap_or(config.training.seed);
    config.check()?;
    let device = args.device.open()?;
    let name = args.config.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let out = args.out.clone().unwrap_or_else(|| Path::new("target/train").join(&name));
    let front_end = ClipFrontEnd::new(&config.data.front_end.build()?)?;

    let mut folder = Folder::new(&args.music, &args.cache);
    if let Some(table) = &args.metadata {
        folder = folder.with_metadata(table);
    }
    let bar = progress("decoding", 0);
    let (corpus, skipped) = folder.load(front_end.sample_rate(), &|done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    for file in skipped.iter().take(20) {
        warn!("skipped {}: {}", file.path.display(), file.reason);
    }
    let (corpus, too_short) = corpus.usable(&config)?;
    say!("{} tracks; {} skipped, {too_short} too short or without label", corpus.len(), skipped.len());
    let corpus = Arc::new(corpus);
    let sounds = Sounds::read(args.noise.as_deref(), args.rooms.as_deref(), front_end.sample_rate())?;

    let data = &config.data;
    let folds = match (args.folds, args.all) {
        (Some(k), _) => Parts::folds(&corpus, usize::from(k), data.split[1], data.split_seed)?,
        (None, true) => vec![Parts::all(&corpus, data.split[1], data.split_seed)?],
        (None, false) => vec![Parts::split(&corpus, data.split, data.split_seed)?],
    };
    let mut figures = Figures {
        tracks: corpus.len(),
        too_short,
        skipped: skipped.len(),
        data_hash: format!("{:016x}", corpus.hash()),
        runs: Vec::new(),
        verification: Vec::new(),
        retrieval: Vec::new(),
    };
    let (mut ours, mut mfcc) = (Scores::default(), Scores::default());
    for (number, parts) in folds.iter().enumerate() {
        let folder = if folds.len() > 1 { out.join(format!("fold{}", number + 1)) } else { out.clone() };
        let trained = one(args, &config, &corpus, parts, &sounds, &device, &name, &folder)?;
        figures.runs.push(RunFigures {
            checkpoint: trained.checkpoint.clone(),
            steps: trained.steps,
            best_step: trained.best_step,
            best_loss: trained.best_loss,
            seconds: trained.seconds,
        });
        if interrupted() {
            break;
        }
        let effort = Effort {
            pairs: args.pairs as usize,
            clips: args.clips as usize,
            queries: args.queries as usize,
            seed: config.training.seed ^ number as u64,
        };
        if args.verify || args.pairs_out.is_some() && !args.all {
            let sets = PairSets::draw(&config, &corpus, parts, &sounds, effort)?;
            if let Some(path) = &args.pairs_out {
                sets.write(&numbered(path, number, folds.len()), &corpus)?;
            }
            if args.verify {
                let (scorer, probabilities) = measure::scorer(&trained.checkpoint, &device)?;
                ours.extend(sets.measure(&scorer, probabilities, parts, effort)?);
                mfcc.extend(sets.mfcc(parts, corpus.sample_rate(), effort)?);
            }
        }
        if args.retrieval {
            let (scorer, _) = measure::scorer(&trained.checkpoint, &device)?;
            let seconds = front_end.clip_samples() as f64 / f64::from(front_end.sample_rate());
            let rows = measure::retrieval(&corpus, parts, &scorer, seconds, &sounds, effort)?;
            figures.retrieval.extend(retrieved(scorer.name(), &rows));
            let rows = measure::mfcc_retrieval(&corpus, parts, seconds, &sounds, effort)?;
            figures.retrieval.extend(retrieved("MFCC", &rows));
        }
    }
    if args.verify && !interrupted() {
        for (scores, folder) in [(&ours, out.clone()), (&mfcc, out.join("mfcc"))] {
            std::fs::create_dir_all(&folder)?;
            let summary = measure::summarize(scores, &folder)?;
            say!("{}", summary.markdown());
            figures.verification.push(summary);
        }
    }
    print_retrieval(&figures.retrieval);
    if let Some(path) = &args.json {
        write_json(path, &figures)?;
    }
    Ok(())
}

#[allow(clippy::too_many_arguments, reason = "what a run is made of")]
fn one(
    args: &Args,
    config: &TrainConfig,
    corpus: &Arc<Corpus>,
    parts: &Parts,
    sounds: &Sounds,
    device: &Device,
    name: &str,
    folder: &Path,
) -> Outcome<Trained> {
    let licences: BTreeSet<String> = parts
        .train
        .iter()
        .chain(&parts.validation)
        .filter_map(|&track| corpus.info(track).and_then(|info| info.licence.clone()))
        .collect();
    let options = TrainOptions::new(folder)
        .with_resume(args.resume && folder.join("state.bin").exists())
        .with_sources(sounds.share(Share::Training), sounds.share(Share::Validation))
        .with_card(name.replace(['.', ' '], "_"), &args.description, licences.into_iter().collect());
    train(config, corpus, parts, device, options)
}

/// The path of a fold's table.
fn numbered(path: &Path, number: usize, of: usize) -> PathBuf {
    if of < 2 {
        return path.to_owned();
    }
    path.with_extension(format!("{}.csv", number + 1))
}

fn retrieved(scorer: &str, rows: &[RetrievalRow]) -> Vec<Retrieved> {
    let row = |row: &RetrievalRow| Retrieved {
        scorer: scorer.to_owned(),
        condition: row.name.clone(),
        seconds: row.seconds,
        queries: row.queries,
        track: row.track,
        exact: row.exact,
    };
    rows.iter().map(row).collect()
}

fn print_retrieval(rows: &[Retrieved]) {
    if rows.is_empty() {
        return;
    }
    say!(
        "\n| encoder | condition | seconds | right track | right place (0.5 s) | queries |\n|---|---|---|---|---|---|"
    );
    for row in rows {
        let share = |n: usize| 100.0 * n as f64 / row.queries.max(1) as f64;
        say!(
            "| {} | {} | {} | {:.0} % | {:.0} % | {} |",
            row.scorer,
            row.condition,
            row.seconds,
            share(row.track),
            share(row.exact),
            row.queries
        );
    }
}
