//! Embeddings as JSON and as NumPy's files.

use std::io::Write;
use std::path::Path;

use npyz::WriterBuilder as _;
use serde::Serialize;
use soundalike_examples::cli::{Outcome, write_json, write_whole};
use soundalike_models::ModelEmbedder;

use super::{Embeddings, Rows};

/// What was done, and where each file's rows are.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Name of the model.
    pub model: String,
    /// Components of one embedding.
    pub dim: usize,
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// Seconds that one embedding is of.
    pub clip_seconds: f64,
    /// Whether rows are seconds.
    pub per_second: bool,
    /// Whether the rows of a file are one vector.
    pub flatten: bool,
    /// Files with embeddings.
    pub files: Vec<FileRows>,
    /// Files without, and why.
    pub skipped: Vec<Skipped>,
}

/// A file's place among the rows.
#[derive(Debug, Clone, Serialize)]
pub struct FileRows {
    /// The file.
    pub file: String,
    /// Seconds of audio that were read.
    pub duration_s: f64,
    /// Its first row.
    pub first_row: usize,
    /// Its number of rows.
    pub rows: usize,
}

/// A file without embeddings.
#[derive(Debug, Clone, Serialize)]
pub struct Skipped {
    /// The file.
    pub file: String,
    /// Why.
    pub reason: String,
}

#[derive(Serialize)]
struct Lists<'a> {
    model: &'a str,
    dim: usize,
    sample_rate: u32,
    clip_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    row_seconds: Option<f64>,
    files: Vec<FileLists<'a>>,
    skipped: &'a [Skipped],
}

#[derive(Serialize)]
struct FileLists<'a> {
    file: &'a str,
    duration_s: f64,
    /// A list for each row.
    embeddings: Vec<&'a [f32]>,
}

/// What was done.
#[must_use]
pub fn summary(embedder: &ModelEmbedder, rows: Rows, embeddings: &Embeddings) -> Summary {
    let mut first_row = 0;
    let files = embeddings.files.iter().map(|file| {
        let first = first_row;
        first_row += file.rows.rows();
        FileRows {
            file: file.file.display().to_string(),
            duration_s: file.duration_s,
            first_row: first,
            rows: file.rows.rows(),
        }
    });
    let files = files.collect();
    let skipped = embeddings.skipped.iter();
    let skipped =
        skipped.map(|(file, reason)| Skipped { file: file.display().to_string(), reason: reason.clone() });
    Summary {
        model: embedder.card().name.clone(),
        dim: embedder.dim(),
        sample_rate: embedder.sample_rate(),
        clip_seconds: embedder.clip_samples() as f64 / f64::from(embedder.sample_rate()),
        per_second: rows.per_second,
        flatten: rows.flatten,
        files,
        skipped: skipped.collect(),
    }
}

/// Writes the embeddings: as JSON, a list of rows for each file; as `.npy`, f32 `[row x component]` over all files, one
/// after the other, or, where every file has the same number of rows a second, `[file x second x component]`. Returns
/// the shape.
///
/// # Errors
/// For another ending than `.json` and `.npy`; those of writing.
pub fn write_embeddings(path: &Path, summary: &Summary, embeddings: &Embeddings) -> Outcome<Vec<usize>> {
    let rows: usize = summary.files.iter().map(|file| file.rows).sum();
    let width = embeddings.files.first().map_or(summary.dim, |file| file.rows.cols());
    let each = summary.files.first().map_or(0, |file| file.rows);
    let even = summary.per_second && !summary.flatten && summary.files.iter().all(|file| file.rows == each);
    let shape = if even { vec![summary.files.len(), each, width] } else { vec![rows, width] };
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("json") => {
            let files = summary.files.iter().zip(&embeddings.files).map(|(place, file)| FileLists {
                file: &place.file,
                duration_s: file.duration_s,
                embeddings: file.rows.iter_rows().collect(),
            });
            let lists = Lists {
                model: &summary.model,
                dim: summary.dim,
                sample_rate: summary.sample_rate,
                clip_seconds: summary.clip_seconds,
                row_seconds: (summary.per_second && !summary.flatten).then_some(1.0),
                files: files.collect(),
                skipped: &summary.skipped,
            };
            write_json(path, &lists)?;
        }
        Some("npy") => write_whole(path, |out| {
            let shape: Vec<u64> = shape.iter().map(|n| *n as u64).collect();
            let out: &mut dyn Write = out;
            let mut writer =
                npyz::WriteOptions::new().default_dtype().shape(&shape).writer(out).begin_nd()?;
            writer.extend(embeddings.files.iter().flat_map(|file| file.rows.as_slice()).copied())?;
            Ok(writer.finish()?)
        })?,
        _ => return Err(format!("--out {}: the name must end in .json or .npy", path.display()).into()),
    }
    Ok(shape)
}
