//! All files of a folder, on several threads.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use soundalike_audio::{ReadConfig, decode, decode_segment, scan};
use soundalike_examples::cli::{Outcome, interrupted};
use soundalike_features::Matrix;
use soundalike_models::ModelEmbedder;

use super::Rows;

/// A file with its embeddings.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// The file, relative to the folder.
    pub file: PathBuf,
    /// Seconds of audio that were read.
    pub duration_s: f64,
    /// One row, or one a second.
    pub rows: Matrix,
}

/// What became of the files.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Embeddings {
    /// Those with embeddings, in the order of their names.
    pub files: Vec<Embedded>,
    /// Those without, and why.
    pub skipped: Vec<(PathBuf, String)>,
}

/// The embeddings of a file, or of all audio files in a folder. `found` gets their number, `each` is called after each.
///
/// # Errors
/// For a folder that cannot be read. A file that cannot is among the skipped ones.
pub fn embed_all(
    embedder: &ModelEmbedder,
    path: &Path,
    rows: Rows,
    threads: usize,
    found: impl FnOnce(usize),
    each: impl Fn(),
) -> Outcome<Embeddings> {
    let (mut paths, mut skipped) = (Vec::new(), Vec::new());
    if path.is_dir() {
        let scan = scan(path)?;
        paths.extend(scan.files.into_iter().map(|file| (file.path, file.relative)));
        skipped.extend(scan.skipped.into_iter().map(|(path, reason)| (path, reason.to_string())));
    } else {
        paths.push((path.to_owned(), path.to_owned()));
    }
    found(paths.len());
    let next = AtomicUsize::new(0);
    let mut results: Vec<(usize, Result<Embedded, String>)> = std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..threads.clamp(1, paths.len().max(1)) {
            let (sender, next, paths) = (sender.clone(), &next, &paths);
            scope.spawn(move || {
                while !interrupted() {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((path, name)) = paths.get(at) else { break };
                    if sender.send((at, embed_one(embedder, path, name, rows))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        receiver.into_iter().inspect(|_| each()).collect()
    });
    results.sort_by_key(|(at, _)| *at);
    let mut files = Vec::with_capacity(results.len());
    for (at, result) in results {
        match (result, paths.get(at)) {
            (Ok(embedded), _) => files.push(embedded),
            (Err(reason), Some((_, name))) => skipped.push((name.clone(), reason)),
            (Err(_), None) => {}
        }
    }
    Ok(Embeddings { files, skipped })
}

fn embed_one(embedder: &ModelEmbedder, path: &Path, name: &Path, rows: Rows) -> Result<Embedded, String> {
    let config = ReadConfig::new().with_sample_rate(embedder.sample_rate());
    let rate = f64::from(embedder.sample_rate());
    let audio = match rows.seconds {
        // A little more, for what resampling takes from the end.
        Some(_) => decode_segment(path, 0.0, rows.needed(embedder) as f64 / rate + 0.1, &config),
        None => decode(path, &config),
    };
    let samples = audio.map_err(|e| e.to_string())?.samples;
    let duration_s = samples.len() as f64 / rate;
    match rows.of(embedder, samples) {
        Ok(Ok(rows)) => Ok(Embedded { file: name.to_owned(), duration_s, rows }),
        Ok(Err(unusable)) => Err(unusable.to_string()),
        Err(error) => Err(error.to_string()),
    }
}
