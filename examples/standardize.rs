//! Mean and deviation of the MFCC embedder's components over a folder of music: where the figures that the embedder
//! carries come from, and how to make one's own.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use serde::Serialize;
use soundalike::{
    Embedder, Error, IngestOptions, Library, MfccEmbedder, MfccEmbedderConfig, MusicFolder, Standardization,
};
use soundalike_examples::cli::{self, IngestBar, Outcome, interrupted, write_json};
use soundalike_examples::say;

/// Measures the mean and the standard deviation of the 20 MFCC means over all 5 s chunks of a folder of music.
#[derive(Debug, Parser)]
#[command(version, args_override_self = true)]
struct Args {
    /// Folder of music
    #[arg(long, value_name = "DIR")]
    music: PathBuf,
    /// Also write the figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Serialize)]
struct Figures {
    songs: usize,
    chunks: u64,
    mean: Vec<f32>,
    std: Vec<f32>,
}

fn main() -> ExitCode {
    cli::run(|| run(&Args::parse()))
}

fn run(args: &Args) -> Outcome<()> {
    let mut config = MfccEmbedderConfig::default();
    let dim = config.mfcc.n_mfcc;
    // Vectors as they are: nothing subtracted, divided by one.
    config.standardization = Standardization { mean: vec![0.0; dim], std: vec![1.0; dim] };
    let embedder: Arc<dyn Embedder> = Arc::new(MfccEmbedder::new(&config)?);
    let folder = MusicFolder::scan(&args.music)?;
    let scratch = tempfile::tempdir()?;
    let mut library = Library::open(scratch.path(), Arc::clone(&embedder))?;
    let report = library.ingest(&folder, &IngestOptions::default(), &IngestBar::default())?;
    if interrupted() {
        return Ok(());
    }
    let mut vectors: Vec<Vec<f32>> = Vec::new();
    library.catalog().embeddings(embedder.id().as_str(), dim, |row| {
        vectors.push(row.vector.to_vec());
        Ok::<(), Error>(())
    })?;
    let Standardization { mean, std } = Standardization::fit(vectors.iter().map(Vec::as_slice))?;
    let figures = Figures { songs: report.indexed, chunks: vectors.len() as u64, mean, std };
    say!("{} chunks of {} songs", figures.chunks, figures.songs);
    say!("mean {:?}\nstd  {:?}", figures.mean, figures.std);
    args.json.as_deref().map_or(Ok(()), |path| write_json(path, &figures))
}
