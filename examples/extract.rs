//! Features of a file or of a folder of files, as numbers or as pictures: a first look.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use serde::Serialize;
use soundalike_audio::scan;
use soundalike_examples::cli::{self, Outcome, interrupted, progress, write_json, write_whole};
use soundalike_examples::extract::{Extracted, Feature, extract, write_npy, write_values};
use soundalike_examples::pictures::{Look, draw};

/// Extracts a feature of an audio file, or of every audio file in a folder.
#[derive(Debug, Parser)]
#[command(version, args_override_self = true)]
struct Args {
    /// Audio file or folder: WAV, MP3, Ogg Vorbis, FLAC, AIFF, M4A/AAC
    input: PathBuf,
    /// What to extract
    #[arg(long, value_enum)]
    feature: Feature,
    /// Where to: the ending says as what (.npy, .json or .png). For a folder, OUT without its ending becomes a folder
    /// with one file for each audio file
    #[arg(long, value_name = "OUT")]
    out: PathBuf,
    /// Sample rate of the analysis in Hz
    #[arg(long, default_value_t = 22_050)]
    sample_rate: u32,
    /// Also write a summary (files, shapes, errors) as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

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
    let mut lines = Vec::new();
    if args.input.is_dir() {
        let found = scan(&args.input)?;
        let root = args.out.with_extension("");
        let bar = progress("extracting", found.files.len());
        for file in &found.files {
            if interrupted() {
                break;
            }
            // The whole name stays: a.mp3 and a.wav are two files.
            let mut out = root.join(&file.relative).into_os_string();
            out.push(format!(".{ending}"));
            lines.push(one(args, &file.path, Path::new(&out), format));
            bar.inc(1);
        }
        bar.finish_and_clear();
        let bad = |(path, reason): &(PathBuf, soundalike_audio::SkipReason)| Line {
            error: Some(format!("{}: {reason}", path.display())),
            ..empty(path)
        };
        lines.extend(found.skipped.iter().map(bad));
    } else {
        lines.push(one(args, &args.input, &args.out, format));
    }
    for line in &lines {
        match (&line.out, line.shape, &line.error) {
            (Some(out), Some([rows, columns]), _) => println!("{} -> {out} ({rows} x {columns})", line.file),
            // What is wrong with a single file is the error that ends the run.
            (_, _, Some(error)) if args.input.is_dir() => eprintln!("skipped: {error}"),
            _ => {}
        }
    }
    if let Some(path) = &args.json {
        write_json(path, &lines)?;
    }
    if !interrupted() && lines.iter().all(|l| l.error.is_some()) {
        return Err(match lines.as_slice() {
            [only] if !args.input.is_dir() => only.error.clone().unwrap_or_default(),
            [] => format!("{}: no audio files here", args.input.display()),
            _ => format!("{}: none of its {} files could be used", args.input.display(), lines.len()),
        }
        .into());
    }
    Ok(())
}

fn empty(path: &Path) -> Line {
    Line { file: path.display().to_string(), out: None, shape: None, duration_s: None, error: None }
}

fn one(args: &Args, path: &Path, out: &Path, format: Format) -> Line {
    let extracted = extract(path, args.feature, args.sample_rate).and_then(|e| {
        if let (true, Some(folder)) = (args.input.is_dir(), out.parent()) {
            std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        let line = Line {
            out: Some(out.display().to_string()),
            shape: Some([e.matrix.rows(), e.matrix.cols()]),
            duration_s: Some(e.duration_s),
            ..empty(path)
        };
        write(args, path, out, format, e)?;
        Ok(line)
    });
    extracted.unwrap_or_else(|e| Line { error: Some(e.to_string()), ..empty(path) })
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
