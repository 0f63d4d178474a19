//! Milliseconds from a query of 5 s to its embeddings, with half-second hops: front end and network.
//!
//! On one core:
//! `RAYON_NUM_THREADS=1 taskset -c 0 cargo run --release --example time_query`

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use soundalike_examples::cli::{self, Outcome};
use soundalike_examples::say;
use soundalike_features::Matrix;
use soundalike_learning::device::DeviceName;
use soundalike_models::{
    Card, Checkpoint, ClipFrontEnd, ClipFrontEndConfig, IdentifyConfig, Model, ModelEmbedder,
};

/// Times the embedding of a query of 5 s.
#[derive(Debug, Parser)]
struct Args {
    /// A checkpoint [default: the identification encoder, untrained]
    #[arg(long, value_name = "CKPT")]
    model: Option<PathBuf>,
    /// Seconds of the query
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Repetitions, of which the median counts
    #[arg(long, default_value_t = 101)]
    runs: usize,
    /// Where the network is computed
    #[arg(long, value_enum, default_value_t)]
    device: DeviceName,
}

fn main() -> ExitCode {
    cli::run(|| time(&Args::parse()))
}

fn time(args: &Args) -> Outcome<()> {
    let device = args.device.open()?;
    let embedder = match &args.model {
        Some(path) => ModelEmbedder::open(path, &device)?,
        None => {
            let (config, front_end) = (IdentifyConfig::new().into(), ClipFrontEndConfig::identify_16k_1s());
            let model = Model::new(&config, ClipFrontEnd::new(&front_end)?.shape(), &device)?;
            ModelEmbedder::new(Checkpoint::new(model, Card::new("untrained", config, front_end))?)?
        }
    };
    let rate = f64::from(embedder.sample_rate());
    let samples: Vec<f32> = (0..(args.seconds * rate) as usize)
        .map(|i| {
            let t = i as f64 / rate;
            ((t * 2765.0).sin() * (t * 3.0).cos() * 0.3 + (t * t * 900.0).sin() * 0.2) as f32
        })
        .collect();
    let hop = (0.5 * rate) as usize;
    let hop_frames = hop / embedder.front_end().config().mel.stft.hop_length;
    let median = |run: &dyn Fn() -> Outcome<Matrix>| -> Outcome<(f64, usize)> {
        let mut times = Vec::new();
        let mut rows = 0;
        for _ in 0..args.runs.max(1) + 3 {
            let started = Instant::now();
            rows = run()?.rows();
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
        // The first ones warm up.
        let mut times = times.split_off(3);
        times.sort_by(f64::total_cmp);
        Ok((times.get(times.len() / 2).copied().unwrap_or(f64::NAN), rows))
    };
    let (front_end, _) = median(&|| Ok(embedder.front_end().powers(&samples)?))?;
    say!("spectrogram of the query:                    {front_end:6.2} ms");
    let (shared, rows) = median(&|| Ok(embedder.embed_frames(&samples, hop_frames)?))?;
    say!("one spectrogram, a vector every {hop_frames:2} frames:     {shared:6.2} ms, {rows} vectors");
    let (alone, rows) = median(&|| Ok(embedder.embed_windows(&samples, hop)?))?;
    say!("each window for itself, every {:.2} s:         {alone:6.2} ms, {rows} vectors", hop as f64 / rate);
    let (dense, rows) = median(&|| Ok(embedder.embed_frames(&samples, 8)?))?;
    say!("one spectrogram, a vector every  8 frames:     {dense:6.2} ms, {rows} vectors");
    Ok(())
}
