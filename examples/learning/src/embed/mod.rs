//! A file's embeddings: one row, or one a second.

mod files;
mod write;

use soundalike_features::Matrix;
use soundalike_models::{Error, ModelEmbedder};

pub use self::files::{Embedded, Embeddings, embed_all};
pub use self::write::{Summary, summary, write_embeddings};

/// Root mean square under which a file is silence: 80 dB under full scale.
const SILENCE: f64 = 1e-4;

/// What is made of a file.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rows {
    /// One row a second; else one a file.
    pub per_second: bool,
    /// Only the first so many seconds; what is shorter is no use.
    pub seconds: Option<f64>,
    /// All rows of a file as one vector.
    pub flatten: bool,
    /// Shorter files are filled up with zeros instead.
    pub pad: bool,
}

/// Why a file has no embedding, though it can be read.
#[derive(Debug, Clone, PartialEq)]
pub enum Unusable {
    /// Shorter than what was asked for.
    TooShort {
        /// Seconds it has.
        seconds: f64,
        /// Seconds it would need.
        needed: f64,
    },
    /// Silent throughout.
    Silent,
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooShort { seconds, needed } => {
                write!(f, "{seconds:.2} s of audio, {needed:.2} s needed (--pad fills up with silence)")
            }
            Self::Silent => f.write_str("silent throughout"),
        }
    }
}

impl Rows {
    /// Samples that a file must have.
    #[must_use]
    pub fn needed(&self, embedder: &ModelEmbedder) -> usize {
        let rate = f64::from(embedder.sample_rate());
        let asked = self.seconds.map_or(0, |seconds| (seconds * rate).round() as usize);
        asked.max(embedder.clip_samples())
    }

    /// The rows of a file, `[row x component]`.
    ///
    /// With `per_second`, row `i` is of the clip whose middle is the middle of second `i`, moved into the file where it
    /// would reach over an end; a file has as many rows as whole seconds (at least one).
    ///
    /// # Errors
    /// Those of the model.
    pub fn of(
        &self,
        embedder: &ModelEmbedder,
        mut samples: Vec<f32>,
    ) -> Result<Result<Matrix, Unusable>, Error> {
        let (needed, rate) = (self.needed(embedder), embedder.sample_rate() as usize);
        let power = samples.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>();
        if (power / samples.len().max(1) as f64).sqrt() < SILENCE {
            return Ok(Err(Unusable::Silent));
        }
        let had = samples.len();
        // Resampling may round the last sample away.
        if had + 1 >= needed || self.pad {
            samples.resize(had.max(needed), 0.0);
        } else {
            let seconds = |samples| samples as f64 / rate as f64;
            return Ok(Err(Unusable::TooShort { seconds: seconds(had), needed: seconds(needed) }));
        }
        if self.seconds.is_some() {
            samples.truncate(needed);
        }
        if !self.per_second {
            let row = embedder.embed(&samples)?;
            let dim = row.len();
            return Ok(Ok(Matrix::from_vec(row, 1, dim)?));
        }
        let clip = embedder.clip_samples();
        let clips: Vec<&[f32]> =
            starts(samples.len(), clip, rate).filter_map(|start| samples.get(start..start + clip)).collect();
        let rows = embedder.embed_many(&clips)?;
        if !self.flatten {
            return Ok(Ok(rows));
        }
        let values = rows.rows() * rows.cols();
        Ok(Ok(Matrix::from_vec(rows.into_vec(), 1, values)?))
    }
}

/// Where the clip of each whole second starts.
fn starts(samples: usize, clip: usize, rate: usize) -> impl Iterator<Item = usize> {
    let last = samples.saturating_sub(clip);
    let seconds = (samples / rate.max(1)).max(1);
    (0..seconds).map(move |second| (second * rate + rate / 2).saturating_sub(clip / 2).min(last))
}

#[cfg(test)]
mod tests {
    use super::starts;

    #[test]
    fn clips_around_the_seconds() {
        // 3 s clips at 10 samples a second: moved in at both ends.
        let of = |samples, clip| starts(samples, clip, 10).collect::<Vec<_>>();
        assert_eq!(of(60, 30), [0, 0, 10, 20, 30, 30]);
        assert_eq!(of(69, 30), [0, 0, 10, 20, 30, 39]);
        assert_eq!(of(30, 30), [0, 0, 0]);
        // Clips of a second are the seconds; of less, their middles.
        assert_eq!(of(35, 10), [0, 10, 20]);
        assert_eq!(of(20, 4), [3, 13]);
        // Less than a second is one row.
        assert_eq!(of(5, 4), [1]);
    }
}
