//! Features of a file or of a folder of files, as numbers or as pictures: a first look.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use indicatif::ProgressBar;
use serde::Serialize;
use soundalike_audio::{AudioFile, scan};
use soundalike_examples::cli::{self, Outcome, interrupted, progress, write_json, write_whole};
use soundalike_examples::extract::{Extracted, Feature, extract, write_npy, write_values};
use soundalike_examples::pictures::{Look, draw};
use soundalike_examples::{say, warn};

/// Extracts a feature of an audio file, or of every audio file in a folder.
#[derive(Debug, Parser)]
#[command(version, args_override_self = true)]
struct Args {
    /// Audio file or folder: WAV, MP3, Ogg Vorbis, FLAC, AIFF, M4A/AAC
    input: PathBuf,
    /// What to extract
    #[arg(long, value_enum)]
    feature: Feature,
    /// Where to: the ending says as what (.npy, .json or .png). For a folder, OUT.json is a list of all its files, and
    /// OUT.npy and OUT.png become a folder OUT with one file for each audio file
    #[arg(long, value_name = "OUT")]
    out: PathBuf,
    /// Sample rate of the analysis in Hz
    #[arg(long, default_value_t = 22_050)]
    sample_rate: u32,
    /// Also write a summary (files, shapes, errors) as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

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
    shape: Option<[usize; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

fn main() -> ExitCode {
    cli::run(|| run(&Args::parse()))
}

fn run(args: &Args) -> Outcome<()> {
    let ending = args.out.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let format = match ending.as_str() {
        "npy" => Format::Npy,
        "json" => Format::Json,
        "png" => Format::Png,
        other => return Err(format!("--out ends in {other:?}: expected .npy, .json or .png").into()),
    };
    refuse_own_input(args)?;
    let lines = match (args.input.is_dir(), format) {
        (true, Format::Json) => folder_as_list(args)?,
        (true, _) => folder_as_files(args, &ending, format)?,
        (false, _) => {
            let bar = progress("extracting", STEPS);
            let line = one(args, &args.input, &args.out, format, &|share| at(&bar, 0, share))?;
            bar.finish_and_clear();
            vec![line]
        }
    };
    for line in &lines {
        match (&line.out, line.shape, &line.error) {
            (Some(out), Some([rows, columns]), _) => say!("{} -> {out} ({rows} x {columns})", line.file),
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
fn folder_as_files(args: &Args, ending: &str, format: Format) -> Outcome<Vec<Line>> {
    let root = args.out.with_extension("");
    for_each_file(args, |file, read| {
        // The whole name stays: a.mp3 and a.wav are two files.
        let mut out = root.join(&file.relative).into_os_string();
        out.push(format!(".{ending}"));
        one(args, &file.path, Path::new(&out), format, read)
    })
}

/// One JSON file with a list of all audio files; only one of them is in memory at a time.
fn folder_as_list(args: &Args) -> Outcome<Vec<Line>> {
    let mut lines = Vec::new();
    write_whole(&args.out, |out| {
        let mut before = "[\n";
        lines = for_each_file(args, |file, read| {
            match extract(&file.path, args.feature, args.sample_rate, read) {
                Ok(e) => {
                    write!(out, "{}", std::mem::replace(&mut before, ","))?;
                    write_values(out, &file.path, args.feature, args.sample_rate, &e)?;
                    Ok(described(&file.path, &args.out, &e))
                }
                Err(e) => Ok(failed(&file.path, e.to_string())),
            }
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
    Line { file: path.display().to_string(), out: None, shape: None, duration_s: None, error: Some(error) }
}

fn described(path: &Path, out: &Path, e: &Extracted) -> Line {
    Line {
        file: path.display().to_string(),
        out: Some(out.display().to_string()),
        shape: Some([e.matrix.rows(), e.matrix.cols()]),
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
fn one(args: &Args, path: &Path, out: &Path, format: Format, read: &dyn Fn(f64)) -> Outcome<Line> {
    let e = match extract(path, args.feature, args.sample_rate, read) {
        Ok(e) => e,
        Err(e) => return Ok(failed(path, e.to_string())),
    };
    if let (true, Some(folder)) = (args.input.is_dir(), out.parent()) {
        std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    let line = described(path, out, &e);
    write(args, path, out, format, e)?;
    Ok(line)
}

fn write(args: &Args, path: &Path, out: &Path, format: Format, e: Extracted) -> Outcome<()> {
    write_whole(out, |file| match format {
        Format::Npy => write_npy(file, &e.matrix),
        Format::Json => write_values(file, path, args.feature, args.sample_rate, &e),
        Format::Png => {
            let title = path.file_name().unwrap_or_default().to_string_lossy();
            let look = Look {
                title: &title,
                sample_rate: args.sample_rate,
                frame_seconds: e.frame_seconds,
                size: (1200, 480),
            };
            Ok(file.write_all(&draw(args.feature, e.matrix, look)?.png()?)?)
        }
    })
}
