//! Segment retrieval: which recording, and where in it, is a degraded stretch from?
//!
//! Each recording is indexed by a vector every hop. A query's vectors are compared with all of them; the score of a
//! place is the mean similarity along its diagonal, and the best place names recording and offset.

use rayon::prelude::*;
use soundalike_augment::{
    BackgroundNoise, BandPass, Clipping, ImpulseResponse, LossyCoding, PitchShift, Range, Sources, Speed,
    TimeStretch, Waveform, WaveformConfig,
};
use soundalike_eval::{Interval, wilson};

use super::Scorer;
use crate::Error;
use crate::data::{Corpus, is_silent};
use crate::random::{Purpose, Random};

/// What is done to a query.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Condition {
    /// Its name in the table.
    pub name: String,
    /// Seconds of the query.
    pub seconds: f64,
    /// The edits, drawn anew for each query; none for a clean one.
    pub edits: WaveformConfig,
}

impl Condition {
    /// Queries of this length under these edits.
    pub fn new(name: impl Into<String>, seconds: f64, edits: WaveformConfig) -> Self {
        Self { name: name.into(), seconds, edits }
    }

    /// The conditions that encoders are compared by: clean, noise, rooms, codec, telephone, pitch, tempo, speed.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        let clean = WaveformConfig::default;
        let fixed = |x: f64| Range::new(x, x);
        let noise = |snr: f64| clean().with_step(BackgroundNoise::new(fixed(snr)));
        let room =
            |snr: f64| clean().with_step(ImpulseResponse::new()).with_step(BackgroundNoise::new(fixed(snr)));
        let telephone = room(10.0)
            .with_step(BandPass::new(fixed(300.0), fixed(3400.0)))
            .with_step(Clipping::new(fixed(6.0)));
        vec![
            Self::new("clean", 1.0, clean()),
            Self::new("clean", 2.0, clean()),
            Self::new("clean", 5.0, clean()),
            Self::new("noise 10 dB", 5.0, noise(10.0)),
            Self::new("noise 0 dB", 1.0, noise(0.0)),
            Self::new("noise 0 dB", 2.0, noise(0.0)),
            Self::new("noise 0 dB", 5.0, noise(0.0)),
            Self::new("noise 0 dB", 10.0, noise(0.0)),
            Self::new("room, noise 5 dB", 2.0, room(5.0)),
            Self::new("room, noise 5 dB", 5.0, room(5.0)),
            Self::new("lossy coding 32 kbit/s", 5.0, clean().with_step(LossyCoding::new(fixed(32.0)))),
            Self::new("telephone", 5.0, telephone),
            Self::new("pitch +1", 5.0, clean().with_step(PitchShift::new(fixed(1.0)))),
            Self::new("tempo +10 %", 5.0, clean().with_step(TimeStretch::new(fixed(1.1)))),
            Self::new("speed +4 %", 5.0, clean().with_step(Speed::new(fixed(1.04)))),
        ]
    }
}

/// How segments are retrieved.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RetrievalConfig {
    /// Seconds of the stretch that a vector is of.
    pub window_seconds: f64,
    /// Seconds from one vector to the next. Default .128, as in the reference.
    pub hop_seconds: f64,
    /// Queries a condition. Default 100.
    pub queries: usize,
    /// Seed.
    pub seed: u64,
}

impl RetrievalConfig {
    /// The defaults for windows of this length.
    #[must_use]
    pub fn new(window_seconds: f64) -> Self {
        Self { window_seconds, hop_seconds: 0.128, queries: 100, seed: 1 }
    }

    /// Sets the number of queries a condition.
    #[must_use]
    pub fn with_queries(mut self, queries: usize) -> Self {
        self.queries = queries;
        self
    }
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RetrievalRow {
    /// The condition.
    pub name: String,
    /// Seconds of the queries.
    pub seconds: f64,
    /// Queries asked.
    pub queries: usize,
    /// Queries whose recording was placed first.
    pub track: usize,
    /// Queries whose recording was placed first at a place within half a second of the right one.
    pub exact: usize,
    /// Wilson's interval of the share in `track`.
    pub interval: Interval,
}

/// Vectors of a recording, one a row, each of length one.
struct Sequence {
    track: usize,
    rows: Vec<Vec<f32>>,
}

/// Asks for stretches of the recordings `asked` among all recordings `indexed` of `corpus`.
///
/// # Errors
/// What the scorer refuses; [`Error::TooFew`] without recordings to ask for; [`Error::Io`].
pub fn segment_retrieval(
    corpus: &Corpus,
    indexed: &[usize],
    asked: &[usize],
    scorer: &dyn Scorer,
    conditions: &[Condition],
    sources: Sources,
    config: &RetrievalConfig,
) -> Result<Vec<RetrievalRow>, Error> {
    if asked.is_empty() || indexed.is_empty() {
        return Err(Error::TooFew { what: "recordings to ask for", got: 0, expected: 1 });
    }
    let mut index = Vec::with_capacity(indexed.len());
    for &track in indexed {
        let samples = corpus.read(track, 0, usize::MAX)?;
        index.push(Sequence { track, rows: vectors(&samples, corpus.sample_rate(), scorer, config)? });
    }
    let rate = f64::from(corpus.sample_rate());
    conditions
        .iter()
        .enumerate()
        .map(|(number, condition)| {
            let waveform = Waveform::new(&condition.edits, corpus.sample_rate(), sources.clone())?;
            let length = (condition.seconds * rate).round() as usize;
            let (mut queries, mut track_hits, mut exact) = (0, 0, 0);
            for i in 0..config.queries {
                let mut random =
                    Random::new(config.seed, Purpose::Queries, ((number as u64) << 32) | i as u64);
                let track = asked[i % asked.len()];
                let edit = waveform.draw(random.seed());
                let before = (edit.lead() as f64 / edit.time_scale()).round() as usize;
                let needs = edit.input_samples(length) + 1;
                let Some(room) = corpus.samples(track).checked_sub(needs.max(length)) else { continue };
                let from = random.below(room + 1);
                let start = from + before;
                let samples = corpus.read(track, from, needs.max(length))?;
                if is_silent(&samples) {
                    continue;
                }
                let edited = waveform.apply(&edit, &samples)?;
                let samples = edit.cut(&edited, length)?;
                let query = vectors(samples, corpus.sample_rate(), scorer, config)?;
                let Some((found, row)) = best(&index, &query) else { continue };
                queries += 1;
                if found == track {
                    track_hits += 1;
                    let seconds = row as f64 * config.hop_seconds;
                    exact += usize::from((seconds - start as f64 / rate).abs() <= 0.5);
                }
            }
            Ok(RetrievalRow {
                name: condition.name.clone(),
                seconds: condition.seconds,
                queries,
                track: track_hits,
                exact,
                interval: wilson(track_hits as u64, queries.max(1) as u64, 0.95)?,
            })
        })
        .collect()
}

/// The vector of each window, every hop; a stretch shorter than a window by rounding is one window.
fn vectors(
    samples: &[f32],
    sample_rate: u32,
    scorer: &dyn Scorer,
    config: &RetrievalConfig,
) -> Result<Vec<Vec<f32>>, Error> {
    let rate = f64::from(sample_rate);
    let window = ((config.window_seconds * rate).round() as usize).min(samples.len());
    let hop = config.hop_seconds * rate;
    let starts = (0..)
        .map(|i| (f64::from(i) * hop).round() as usize)
        .take_while(|start| start + window <= samples.len());
    let clips: Vec<Vec<f32>> = starts.map(|start| samples[start..start + window].to_vec()).collect();
    let mut rows = super::scorer::embed(scorer, &clips)?;
    for row in &mut rows {
        let norm = row.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
        if norm > 0.0 {
            row.iter_mut().for_each(|x| *x = (f64::from(*x) / norm) as f32);
        }
    }
    Ok(rows)
}

/// The recording and the row in it where the query fits best: the largest mean along a diagonal.
fn best(index: &[Sequence], query: &[Vec<f32>]) -> Option<(usize, usize)> {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let of_sequence = |sequence: &Sequence| {
        let places = (sequence.rows.len() + 1).saturating_sub(query.len());
        (0..places)
            .map(|at| {
                let rows = sequence.rows[at..].iter().zip(query);
                (rows.map(|(row, q)| dot(row, q)).sum::<f32>(), at)
            })
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(score, at)| (score, sequence.track, at))
    };
    if query.is_empty() {
        return None;
    }
    let found = index.par_iter().filter_map(of_sequence).max_by(|a, b| a.0.total_cmp(&b.0));
    found.map(|(_, track, at)| (track, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_diagonal_wins() {
        let unit = |angle: f32| vec![angle.cos(), angle.sin()];
        let index = [
            Sequence { track: 7, rows: [0.0, 0.5, 1.0, 1.5].map(unit).to_vec() },
            Sequence { track: 9, rows: [0.0, 0.4, 0.9, 2.0].map(unit).to_vec() },
        ];
        assert_eq!(best(&index, &[0.9, 2.0].map(unit)), Some((9, 2)));
        assert_eq!(best(&index, &[0.5, 1.0, 1.5].map(unit)), Some((7, 1)));
        assert_eq!(best(&index, &[]), None);
    }
}
