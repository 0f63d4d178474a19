//! Augmentations of a file, to be heard and seen.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use serde::Serialize;
use soundalike_audio::{ReadConfig, decode};
use soundalike_augment::{Edit, Scratch, Sources, SpectrogramAugment, Waveform};
use soundalike_eval::{Cell, Table};
use soundalike_examples::augment::{AugmentFile, Made, Maker, read_sources};
use soundalike_examples::cli::{self, Outcome, interrupted, write_json};
use soundalike_examples::{say, warn};

/// Augments an audio file by a configuration: a WAV file and a picture of the spectrogram for each edit.
///
/// Number 00 is the file as it is, then come the configuration's `edits`, then --count edits drawn from its `waveform`
/// section, by the seeds --seed, --seed + 1, ... With a `spectrogram` section, a second picture of each shows what that
/// does. The same seed gives the same files.
#[derive(Debug, Parser)]
#[command(version, args_override_self = true)]
struct Args {
    /// Audio file: WAV, MP3, Ogg Vorbis, FLAC, AIFF, M4A/AAC
    input: PathBuf,
    /// What may happen, in YAML; examples/configs/augment.yaml shows all there is
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Folder for the results; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Background noises: the audio files of a folder
    #[arg(long, value_name = "DIR")]
    noise: Option<PathBuf>,
    /// Impulse responses of rooms: the audio files of a folder
    #[arg(long, value_name = "DIR")]
    rooms: Option<PathBuf>,
    /// How many edits are drawn
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u64).range(0..=10_000))]
    count: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Sample rate of the results in Hz
    #[arg(long, value_name = "HZ", default_value_t = 22_050)]
    sample_rate: u32,
    /// Also write what was made (edits, seeds, files, times) as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What was made of a file.
#[derive(Debug, Serialize)]
struct Summary {
    file: PathBuf,
    sample_rate: u32,
    duration_s: f64,
    made: Vec<Made>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    cli::run(|| run(&args))
}

fn run(args: &Args) -> Outcome<()> {
    // All that can be wrong in the configuration is, before anything is written.
    let file = AugmentFile::read(&args.config)?;
    let in_config = |e: soundalike_augment::Error| format!("{}: {e}", args.config.display());
    let noise = read_sources(args.noise.as_deref(), args.sample_rate)?;
    let rooms = read_sources(args.rooms.as_deref(), args.sample_rate)?;
    let waveform =
        Waveform::new(&file.waveform, args.sample_rate, Sources::new(noise, rooms)).map_err(in_config)?;
    let spectrogram =
        file.spectrogram.as_ref().map(SpectrogramAugment::new).transpose().map_err(in_config)?;
    let audio = decode(&args.input, &ReadConfig::new().with_sample_rate(args.sample_rate))?;
    std::fs::create_dir_all(&args.out).map_err(|e| format!("{}: {e}", args.out.display()))?;

    let name = args.input.file_stem().unwrap_or_default().to_string_lossy();
    let maker =
        Maker { waveform: &waveform, spectrogram: spectrogram.as_ref(), folder: &args.out, name: &name };
    let fixed = std::iter::once(Edit::none()).chain(file.edits).map(|e| (e, None));
    let drawn = (0..args.count).map(|i| args.seed.wrapping_add(i)).map(|s| (waveform.draw(s), Some(s)));
    let bar = cli::progress("augmenting", args.count as usize);
    let mut scratch = Scratch::new();
    let mut made = Vec::new();
    for (number, (edit, seed)) in fixed.chain(drawn).enumerate().take_while(|_| !interrupted()) {
        made.push(maker.make(number, edit, seed, &audio.samples, &mut scratch)?);
        bar.inc(u64::from(seed.is_some()));
    }
    bar.finish_and_clear();

    say!("{}", table(&made).to_markdown());
    say!("{} WAV files and their pictures in {}", made.len(), args.out.display());
    if made.iter().any(|m| m.lowered_db > 0.0) {
        warn!("some were louder than a WAV file can hold and have been lowered");
    }
    if let Some(path) = &args.json {
        let (sample_rate, duration_s) = (args.sample_rate, audio.duration_s());
        write_json(path, &Summary { file: args.input.clone(), sample_rate, duration_s, made })?;
    }
    Ok(())
}

fn table(made: &[Made]) -> Table {
    let mut table =
        Table::new("Edits").with_headers(["", "seed", "edit", "spectrogram", "s", "ms", "lowered, dB"]);
    for (number, m) in made.iter().enumerate() {
        table.push([
            Cell::numeric(format!("{number:02}")),
            Cell::numeric(m.seed.map(|s| s.to_string()).unwrap_or_default()),
            m.what.as_str().into(),
            m.spectrogram.as_ref().map(|s| s.join(", ")).unwrap_or_default().into(),
            Cell::number(m.duration_s, 2),
            Cell::number(m.ms, 1),
            Cell::number(m.lowered_db, 1),
        ]);
    }
    table
}
