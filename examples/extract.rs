//! Features of a file or of a folder of files, as numbers or as pictures: a first look.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use indicatif::ProgressBar;
use serde::Serialize;
use soundalike_audio::{AudioFile, scan};
use soundalike_examples::cli::{self, Outcome, interrupted, progress, write_json, write_whole};
use soundalike_examples::extract::{
    Extracted, Feature, Options, Plan, Request, Values, extract, options_by_feature, per_second, write_npy,
    write_values,
};
use soundalike_examples::pictures::{Look, draw};
use soundalike_examples::{say, warn};
use soundalike_features::{FrontEnd, Matrix};

/// Extracts a feature of an audio file, or of every audio file in a folder.
///
/// The names and the defaults are librosa's. .npy holds single precision, [coefficient x frame] (a complex spectrogram
/// complex64, a tempo one number, patches [patch x coefficient x frame]); .json the same as lists, one a coefficient,
/// with a head that says what it is (a complex spectrogram as re and im); .png a picture with time in seconds and
/// colours, or a line for features of one row.
///
/// Files are decoded and computed block by block; zcr, rms and presets hold the samples of one file in memory, contrast
/// and chroma without --tuning its spectrogram.
#[derive(Debug, Parser)]
#[command(version, args_override_self = true, allow_negative_numbers = true)]
struct Args {
    /// Audio file or folder: WAV, MP3, Ogg Vorbis, FLAC, AIFF, M4A/AAC
    input: PathBuf,
    /// What to extract
    #[arg(long, value_enum, required_unless_present = "preset", conflicts_with = "preset")]
    feature: Option<Feature>,
    /// Instead of a feature: the input of a model or the features of a library, whose parameters are all fixed
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(FrontEnd::NAMES))]
    preset: Option<String>,
    /// The patches that the preset's model takes, instead of the whole file
    #[arg(long, requires = "preset")]
    patches: bool,
    /// One row a second, the mean of its frames: [second x coefficient], for .json and .npy
    #[arg(long, conflicts_with = "patches")]
    per_second: bool,
    /// Where to: the ending says as what (.npy, .json or .png). For a folder, OUT.json is a list of all its files, and
    /// OUT.npy and OUT.png become a folder OUT with one file for each audio file
    #[arg(long, value_name = "OUT")]
    out: PathBuf,
    /// Sample rate of the analysis in Hz [default: 22050; of a preset its own]
    #[arg(long, value_name = "HZ")]
    sample_rate: Option<u32>,
    /// Also write a summary (files, shapes, errors) as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// Sample rate of features, librosa's.
const SAMPLE_RATE: u32 = 22_050;

/// Steps of the progress bar for each file.
const STEPS: usize = 1000;

#[derive(Debug, Clone, Copy)]
enum Format {
    Npy,
    Json,
    Png,
}

/// One line of the summary.
#[derive(Debug, Serialize)]
struct Line {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shape: Option<Vec<usize>>,
    /// Beats a minute, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    tempo: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

fn main() -> ExitCode {
    let command = Args::command().after_long_help(options_by_feature());
    let matches = command.get_matches();
    let args = Args::from_arg_matches(&matches).unwrap_or_else(|e| e.exit());
    cli::run(|| run(&args, &Options::given(&matches)))
}

/// Checks what is asked for before any file is opened; `given` are the names of the options that are there.
fn plan(args: &Args, given: &[String], format: Format) -> Outcome<Plan> {
    let picture = matches!(format, Format::Png);
    if picture && (args.patches || args.per_second) {
        let option = if args.patches { "--patches" } else { "--per-second" };
        return Err(format!("{option}: a picture shows the whole file, frame by frame").into());
    }
    let request = match (args.feature, &args.preset) {
        (Some(feature), _) => {
            feature.refuse_unused(given)?;
            if args.per_second && matches!(feature, Feature::Stft | Feature::Tempo) {
                return Err(format!("--per-second: {} has no rows to be averaged", feature.name()).into());
            }
            Request::Feature(feature, &args.options, args.sample_rate.unwrap_or(SAMPLE_RATE))
        }
        (None, Some(name)) => {
            if let Some(option) = given.first() {
                let option = option.replace('_', "-");
                return Err(format!("--{option}: the preset {name} has parameters of its own").into());
            }
            Request::Preset { name, sample_rate: args.sample_rate, patches: args.patches }
        }
        // Which clap does not let through.
        (None, None) => return Err("name a --feature or a --preset".into()),
    };
    Plan::new(request)
}

/// What a run works with.
struct Run<'a> {
    args: &'a Args,
    plan: Plan,
    format: Format,
}

fn run(args: &Args, given: &[String]) -> Outcome<()> {
    let ending = args.out.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let format = match ending.as_str() {
        "npy" => Format::Npy,
        "json" => Format::Json,
        "png" => Format::Png,
        other => return Err(format!("--out ends in {other:?}: expected .npy, .json or .png").into()),
    };
    refuse_own_input(args)?;
    let run = Run { args, plan: plan(args, given, format)?, format };
    let lines = match (args.input.is_dir(), format) {
        (true, Format::Json) => folder_as_list(&run)?,
        (true, _) => folder_as_files(&run, &ending)?,
        (false, _) => {
            let bar = progress("extracting", STEPS);
            let line = one(&run, &args.input, &args.out, &|share| at(&bar, 0, share))?;
            bar.finish_and_clear();
            vec![line]
        }
    };
    for line in &lines {
        match (&line.out, &line.shape, &line.error) {
            (Some(out), Some(shape), _) => {
                let shape: Vec<String> = shape.iter().map(usize::to_string).collect();
                let tempo = line.tempo.map(|bpm| format!("{bpm:.2} beats a minute"));
                say!("{} -> {out} ({})", line.file, tempo.unwrap_or(shape.join(" x ")));
            }
            // What is wrong with a single file is the error that ends the run.
            (_, _, Some(error)) if args.input.is_dir() => warn!("skipped: {error}"),
            _ => {}
        }
    }
    if let Some(path) = &args.json {
        write_json(path, &lines)?;
    }
    if interrupted() { Ok(()) } else { any_usable(args, &lines) }
}

fn any_usable(args: &Args, lines: &[Line]) -> Outcome<()> {
    if lines.iter().any(|l| l.error.is_none()) {
        return Ok(());
    }
    Err(match lines {
        [only] if !args.input.is_dir() => only.error.clone().unwrap_or_default(),
        [] => format!("{}: no audio files here", args.input.display()),
        _ => format!("{}: none of its {} files could be used", args.input.display(), lines.len()),
    }
    .into())
}

/// Calls `each` for every audio file of the folder, with its number; folders and links that cannot be read follow as
/// lines of their own.
fn for_each_file(
    args: &Args,
    mut each: impl FnMut(&AudioFile, &dyn Fn(f64)) -> Outcome<Line>,
) -> Outcome<Vec<Line>> {
    let found = scan(&args.input)?;
    let bar = progress("extracting", found.files.len() * STEPS);
    let mut lines = Vec::new();
    for (n, file) in found.files.iter().enumerate().take_while(|_| !interrupted()) {
        lines.push(each(file, &|share| at(&bar, n, share))?);
        at(&bar, n + 1, 0.0);
    }
    bar.finish_and_clear();
    let bad = found.skipped.iter().map(|(path, why)| failed(path, format!("{}: {why}", path.display())));
    lines.extend(bad);
    Ok(lines)
}

/// One file for each audio file, in a folder that is called as OUT without its ending.
fn folder_as_files(run: &Run<'_>, ending: &str) -> Outcome<Vec<Line>> {
    let root = run.args.out.with_extension("");
    for_each_file(run.args, |file, read| {
        // The whole name stays: a.mp3 and a.wav are two files.
        let mut out = root.join(&file.relative).into_os_string();
        out.push(format!(".{ending}"));
        one(run, &file.path, Path::new(&out), read)
    })
}

/// One JSON file with a list of all audio files; only one of them is in memory at a time.
fn folder_as_list(run: &Run<'_>) -> Outcome<Vec<Line>> {
    let args = run.args;
    let mut lines = Vec::new();
    write_whole(&args.out, |out| {
        let mut before = "[\n";
        lines = for_each_file(args, |file, read| match run.extract(&file.path, read) {
            Ok(e) => {
                write!(out, "{}", std::mem::replace(&mut before, ","))?;
                write_values(out, &file.path, &run.plan, &e)?;
                Ok(described(&file.path, &args.out, &e))
            }
            Err(e) => Ok(failed(&file.path, e.to_string())),
        })?;
        writeln!(out, "]")?;
        // A list of nothing, or of half the folder, does not replace what was there.
        if interrupted() {
            return Err("not written, for the run was interrupted".into());
        }
        any_usable(args, &lines)
    })?;
    Ok(lines)
}

fn failed(path: &Path, error: String) -> Line {
    let file = path.display().to_string();
    Line { file, out: None, shape: None, tempo: None, duration_s: None, error: Some(error) }
}

fn described(path: &Path, out: &Path, e: &Extracted) -> Line {
    Line {
        file: path.display().to_string(),
        out: Some(out.display().to_string()),
        shape: Some(e.values.shape()),
        tempo: if let Values::Tempo(bpm, _) = e.values { Some(bpm) } else { None },
        duration_s: Some(e.duration_s),
        error: None,
    }
}

/// Puts the bar at `files` whole files and a `share` of the next.
fn at(bar: &ProgressBar, files: usize, share: f64) {
    bar.set_position((files * STEPS) as u64 + (share * STEPS as f64) as u64);
}

/// Results never land on what they are made from, nor among it.
fn refuse_own_input(args: &Args) -> Outcome<()> {
    let (Ok(input), Some(name)) = (args.input.canonicalize(), args.out.file_name()) else {
        return Ok(());
    };
    let beside = args.out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(out) = beside.canonicalize().map(|folder| folder.join(name)) else {
        return Ok(());
    };
    if out == input || (input.is_dir() && out.with_extension("").starts_with(&input)) {
        let input = args.input.display();
        return Err(format!(
            "--out {}: that is in or on the input {input}; name another",
            args.out.display()
        )
        .into());
    }
    Ok(())
}

/// Extracts and writes. A file that gives nothing is a line with an error; a result that cannot be written ends the run.
fn one(run: &Run<'_>, path: &Path, out: &Path, read: &dyn Fn(f64)) -> Outcome<Line> {
    let e = match run.extract(path, read) {
        Ok(e) => e,
        Err(e) => return Ok(failed(path, e.to_string())),
    };
    if let (true, Some(folder)) = (run.args.input.is_dir(), out.parent()) {
        std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    let line = described(path, out, &e);
    run.write(path, out, e)?;
    Ok(line)
}

impl Run<'_> {
    fn extract(&self, path: &Path, read: &dyn Fn(f64)) -> Outcome<Extracted> {
        let mut e = extract(path, &self.plan, read)?;
        if self.args.per_second {
            e.values = per_second(&e.values, self.plan.frame_seconds, e.duration_s)?;
        }
        Ok(e)
    }

    fn write(&self, path: &Path, out: &Path, e: Extracted) -> Outcome<()> {
        write_whole(out, |file| match self.format {
            Format::Npy => write_npy(file, &e.values),
            Format::Json => write_values(file, path, &self.plan, &e),
            Format::Png => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let (matrix, title) = pictured(e.values, &name)?;
                let (frame_seconds, size) = (self.plan.frame_seconds, (1200, 480));
                let look = Look { title: &title, frame_seconds, size };
                Ok(file.write_all(&draw(&self.plan.style, matrix, look)?.png()?)?)
            }
        })
    }
}

/// What is drawn of some values, and its title.
fn pictured(values: Values, name: &str) -> Outcome<(Matrix, String)> {
    Ok(match values {
        Values::Matrix(matrix) | Values::Seconds(matrix) => (matrix, name.to_owned()),
        Values::Complex(matrix) => {
            let mut magnitude = matrix.re;
            for (re, im) in magnitude.as_mut_slice().iter_mut().zip(matrix.im.as_slice()) {
                *re = re.hypot(*im);
            }
            (magnitude, name.to_owned())
        }
        Values::Tempo(bpm, onset) => (onset, format!("{name}: {bpm:.1} beats a minute")),
        Values::Patches(_) => return Err("there is no picture of patches".into()),
    })
}
