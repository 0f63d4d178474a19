//! Turns audio files into a trained model's embeddings.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use soundalike_examples::cli::{self, Outcome, interrupted, progress, write_json};
use soundalike_examples::{say, warn};
use soundalike_learning::device::DeviceName;
use soundalike_learning::embed::{Rows, embed_all, summary, write_embeddings};
use soundalike_models::ModelEmbedder;

/// Writes the embeddings that a trained model gives a file, or each file of a folder: one a file or one a second.
#[derive(Debug, Parser)]
#[command(version, args_override_self = true)]
struct Args {
    /// Audio file, or folder of audio files; folders below are followed
    #[arg(value_name = "FILE|DIR")]
    path: PathBuf,
    /// The model, as the training leaves it
    #[arg(long, value_name = "CKPT")]
    model: PathBuf,
    /// Where the embeddings go: NAME.json (lists of numbers) or NAME.npy
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// One row for each whole second instead of one for the file
    #[arg(long)]
    per_second: bool,
    /// Only the first so many seconds; shorter files are skipped
    #[arg(long, value_name = "N")]
    seconds: Option<f64>,
    /// All rows of a file as one vector: 10 seconds of 128 components are 1,280
    #[arg(long, requires = "per_second", requires = "seconds")]
    flatten: bool,
    /// Fill shorter files up with silence instead of skipping them
    #[arg(long)]
    pad: bool,
    /// Where the network is computed
    #[arg(long, value_enum, default_value_t)]
    device: DeviceName,
    /// Also write a summary: the model, each file's rows, what was skipped and why
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Threads that read files [default: one a core]
    #[arg(long)]
    threads: Option<NonZeroUsize>,
}

fn main() -> ExitCode {
    cli::run(|| embed(&Args::parse()))
}

fn embed(args: &Args) -> Outcome<()> {
    if let Some(seconds) = args.seconds
        && !(seconds > 0.0 && seconds <= 86_400.0)
    {
        return Err(format!("--seconds is {seconds}: over 0, at most a day").into());
    }
    if !matches!(args.out.extension().and_then(|e| e.to_str()), Some("json" | "npy")) {
        return Err(format!("--out {}: the name must end in .json or .npy", args.out.display()).into());
    }
    let embedder = ModelEmbedder::open(&args.model, &args.device.open()?)?;
    say!(
        "Model: {}, {} components of {:.2} s at {} Hz",
        embedder.card().name,
        embedder.dim(),
        embedder.clip_samples() as f64 / f64::from(embedder.sample_rate()),
        embedder.sample_rate()
    );
    let rows =
        Rows { per_second: args.per_second, seconds: args.seconds, flatten: args.flatten, pad: args.pad };
    let threads = args.threads.or_else(|| std::thread::available_parallelism().ok()).map_or(1, usize::from);
    let started = Instant::now();
    let bar = progress("embedding", 0);
    let embeddings =
        embed_all(&embedder, &args.path, rows, threads, |n| bar.set_length(n as u64), || bar.inc(1))?;
    bar.finish_and_clear();
    if interrupted() {
        say!("Interrupted: nothing written.");
        return Ok(());
    }
    for (file, reason) in &embeddings.skipped {
        let file = file.display().to_string();
        if reason.contains(&file) {
            warn!("skipped: {reason}");
        } else {
            warn!("skipped: {file}: {reason}");
        }
    }
    if embeddings.files.is_empty() {
        return Err(format!("{}: no file could be embedded", args.path.display()).into());
    }
    let summary = summary(&embedder, rows, &embeddings);
    let shape = write_embeddings(&args.out, &summary, &embeddings)?;
    let seconds: f64 = embeddings.files.iter().map(|file| file.duration_s).sum();
    say!(
        "Files: {} embedded ({seconds:.0} s of audio in {:.1} s), {} skipped",
        embeddings.files.len(),
        started.elapsed().as_secs_f64(),
        embeddings.skipped.len()
    );
    say!("Embeddings: {}, {shape:?}", args.out.display());
    if let Some(path) = &args.json {
        write_json(path, &summary)?;
        say!("JSON: {}", path.display());
    }
    Ok(())
}
