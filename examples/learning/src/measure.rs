//! What a trained encoder is worth: pairs, modifications, segments.

use std::path::Path;
use std::sync::Arc;

use burn::prelude::Device;
use serde::Serialize;
use soundalike_eval::{
    BootstrapConfig, Criterion, KindScores, RocChartConfig, RocSeries, VerificationConfig,
    VerificationReport, best_threshold, brier_score, confusion_chart, expected_calibration_error, roc_chart,
    roc_curve, scores_by_kind,
};
use soundalike_examples::cli::Outcome;
use soundalike_models::{Checkpoint, ModelConfig};
use soundalike_train::{
    Condition, Corpus, EditPreset, EditsConfig, MfccScorer, ModelScorer, ModificationScores, PairMaker,
    PairSet, PairsConfig, Parts, RetrievalConfig, RetrievalRow, ScoredPairs, Scorer, TrainConfig,
    held_out_modifications, modifications, segment_retrieval, write_pairs,
};

use crate::sounds::{Share, Sounds};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Pairs of a fold's test.
    pub pairs: usize,
    /// Clips of each recording for the modification table.
    pub clips: usize,
    /// Queries of each condition of segment retrieval.
    pub queries: usize,
    /// Seed.
    pub seed: u64,
}

/// Scores of one scorer, over one fold or several.
#[derive(Debug, Clone, Default)]
pub struct Scores {
    name: String,
    /// Probabilities (or cosines) of the pairs.
    pairs: ScoredPairs,
    /// The same less the threshold of their fold: folds have thresholds of their own.
    decisions: Vec<f64>,
    thresholds: Vec<f64>,
    modifications: ModificationScores,
    held_out: ModificationScores,
    probabilities: bool,
}

impl Scores {
    /// Appends another fold's.
    pub fn extend(&mut self, other: Self) {
        if self.name.is_empty() {
            *self = other;
            return;
        }
        self.pairs.extend(other.pairs);
        self.decisions.extend(other.decisions);
        self.thresholds.extend(other.thresholds);
        self.modifications.extend(other.modifications);
        self.held_out.extend(other.held_out);
    }
}

/// A name and a figure with its interval.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// The figure.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Pairs or clips.
    pub n: usize,
}

/// What `--json` holds of one scorer.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// The scorer.
    pub name: String,
    /// Thresholds chosen on validation, one a fold.
    pub thresholds: Vec<f64>,
    /// Accuracy and the rest.
    pub pairs: Vec<Figure>,
    /// Accuracy and the rest on different pairs that are hard (one group or genre) and all similar ones.
    pub hard_pairs: Vec<Figure>,
    /// Mean scores by modification.
    pub modifications: Vec<Figure>,
    /// Mean scores by modification that training did not have.
    pub held_out: Vec<Figure>,
}

/// Pairs of validation and test of one fold.
pub struct PairSets {
    maker: PairMaker,
    validation: PairSet,
    test: PairSet,
}

impl PairSets {
    /// Draws them.
    ///
    /// # Errors
    /// Parts with too few recordings, edits without their noise or rooms.
    pub fn draw(
        config: &TrainConfig,
        corpus: &Arc<Corpus>,
        parts: &Parts,
        sounds: &Sounds,
        effort: Effort,
    ) -> Outcome<Self> {
        // The protocol's edits, whatever was trained: pairs without edits would be the same clip twice.
        let mut data = config.data.clone();
        data.edits = EditsConfig::default();
        data.edits.preset = EditPreset::Verification;
        let maker = PairMaker::new(&data, corpus, sounds.share(Share::Test))?;
        let of = |part: &[usize], seed| {
            maker.pairs(part, &PairsConfig::default().with_pairs(effort.pairs).with_seed(seed))
        };
        let (validation, test) =
            (of(&parts.validation, effort.seed ^ 0x5a5a)?, of(&parts.test, effort.seed)?);
        Ok(Self { maker, validation, test })
    }

    /// Writes them as CSV.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, path: &Path, corpus: &Corpus) -> Outcome<()> {
        let sets = [("validation", &self.validation.pairs[..]), ("test", &self.test.pairs[..])];
        Ok(write_pairs(path, corpus, sets)?)
    }

    /// Scores of MFCCs, standardised over the training recordings.
    ///
    /// # Errors
    /// As [`Self::measure`].
    pub fn mfcc(&self, parts: &Parts, sample_rate: u32, effort: Effort) -> Outcome<Scores> {
        let clips = self.maker.clips(&parts.train, (4 * parts.train.len()).min(2000), effort.seed)?;
        self.measure(&MfccScorer::fit(sample_rate, &clips)?, false, parts, effort)
    }

    /// Scores of a scorer at the threshold that is best on validation.
    ///
    /// # Errors
    /// What the scorer refuses.
    pub fn measure(
        &self,
        scorer: &dyn Scorer,
        probabilities: bool,
        parts: &Parts,
        effort: Effort,
    ) -> Outcome<Scores> {
        let validation = self.maker.score(&self.validation.pairs, scorer)?;
        let threshold = best_threshold(&validation.scores, &validation.labels, Criterion::Accuracy)?;
        let pairs = self.maker.score(&self.test.pairs, scorer)?;
        let table =
            |list: &[_]| self.maker.score_modifications(&parts.test, effort.clips, list, scorer, effort.seed);
        Ok(Scores {
            name: scorer.name().to_owned(),
            decisions: pairs.scores.iter().map(|score| score - threshold).collect(),
            thresholds: vec![threshold],
            modifications: table(&modifications())?,
            held_out: table(&held_out_modifications())?,
            pairs,
            probabilities,
        })
    }
}

/// A checkpoint as a scorer, and whether its scores are probabilities.
///
/// # Errors
/// A checkpoint that cannot be opened.
pub fn scorer(path: &Path, device: &Device) -> Outcome<(ModelScorer, bool)> {
    let checkpoint = Checkpoint::load(path, device)?;
    let probabilities = matches!(checkpoint.card.model, ModelConfig::Siamese(_));
    Ok((ModelScorer::new(checkpoint, device)?, probabilities))
}

/// The figures of one scorer, in words and in numbers. Draws `roc.png` and `confusion.png` into `folder`.
///
/// # Errors
/// Scores that are no numbers, pictures that cannot be written.
pub fn summarize(scores: &Scores, folder: &Path) -> Outcome<Summary> {
    let report = report(&scores.decisions, &scores.pairs.labels, &scores.pairs.groups)?;
    let hard: Vec<usize> =
        (0..scores.decisions.len()).filter(|&i| scores.pairs.labels[i] || scores.pairs.hard[i]).collect();
    let pick = |i: &usize| (scores.decisions[*i], scores.pairs.labels[*i], &scores.pairs.groups[*i]);
    let (mut values, mut labels, mut groups) = (Vec::new(), Vec::new(), Vec::new());
    for (value, label, group) in hard.iter().map(pick) {
        values.push(value);
        labels.push(label);
        groups.push(group.clone());
    }
    let hard = match labels.iter().any(|label| !label) {
        true => figures(&self::report(&values, &labels, &groups)?, labels.len()),
        false => Vec::new(),
    };
    let mut pairs = figures(&report, scores.decisions.len());
    if scores.probabilities {
        let (p, labels) = (&scores.pairs.scores, &scores.pairs.labels);
        let n = labels.len();
        let alone = |name: &str, value| Figure { name: name.into(), value, low: f64::NAN, high: f64::NAN, n };
        pairs.push(alone("brier", brier_score(p, labels)?));
        pairs.push(alone("ece", expected_calibration_error(p, labels, 10)?));
    }
    let curve = roc_curve(&scores.decisions, &scores.pairs.labels)?;
    let series = RocSeries { name: &scores.name, curve: &curve, threshold: Some(0.0) };
    let picture = roc_chart(&[series], &RocChartConfig::default().with_title("Same recording?"))?;
    std::fs::write(folder.join("roc.png"), picture.png()?)?;
    let picture = confusion_chart(&report.confusion, &Default::default())?;
    std::fs::write(folder.join("confusion.png"), picture.png()?)?;
    let threshold = scores.thresholds.iter().sum::<f64>() / scores.thresholds.len().max(1) as f64;
    let kinds = |m: &ModificationScores| -> Outcome<Vec<Figure>> {
        if m.scores.is_empty() {
            return Ok(Vec::new());
        }
        let rows = scores_by_kind(&m.kinds, &m.scores, &m.groups, threshold, &BootstrapConfig::default())?;
        Ok(rows.iter().map(figure_of_kind).collect())
    };
    Ok(Summary {
        name: scores.name.clone(),
        thresholds: scores.thresholds.clone(),
        pairs,
        hard_pairs: hard,
        modifications: kinds(&scores.modifications)?,
        held_out: kinds(&scores.held_out)?,
    })
}

fn report(decisions: &[f64], labels: &[bool], groups: &[String]) -> Outcome<VerificationReport> {
    let config = VerificationConfig::new(0.0).with_probabilities(false);
    Ok(VerificationReport::new(decisions, labels, groups, &config)?)
}

fn figures(report: &VerificationReport, n: usize) -> Vec<Figure> {
    let figure = |(name, e): (&str, soundalike_eval::Estimate)| Figure {
        name: name.into(),
        value: e.value,
        low: e.interval.low,
        high: e.interval.high,
        n,
    };
    report.measures().into_iter().map(figure).collect()
}

fn figure_of_kind(kind: &KindScores) -> Figure {
    let (low, high) = (kind.mean.interval.low, kind.mean.interval.high);
    Figure { name: kind.kind.clone(), value: kind.mean.value, low, high, n: kind.n_pairs }
}

impl Summary {
    /// The tables, in Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let table = |title: &str, head: &str, figures: &[Figure]| {
            let mut text = format!(
                "\n{title}\n\n| {head} | value | 95 % interval over groups | N |\n|---|---|---|---|\n"
            );
            for f in figures {
                let interval = match f.low.is_nan() {
                    true => String::new(),
                    false => format!("{:.3} to {:.3}", f.low, f.high),
                };
                text += &format!("| {} | {:.4} | {interval} | {} |\n", f.name, f.value, f.n);
            }
            text
        };
        let thresholds: Vec<String> = self.thresholds.iter().map(|t| format!("{t:.3}")).collect();
        let mut text = format!(
            "\n## {}\n\nThreshold (best accuracy on validation): {}\n",
            self.name,
            thresholds.join(", ")
        );
        text += &table("Pairs of the test part:", "measure", &self.pairs);
        if !self.hard_pairs.is_empty() {
            text += &table("Different pairs of one group or genre only:", "measure", &self.hard_pairs);
        }
        text += &table("Mean score of a clip and its modified self:", "modification", &self.modifications);
        text += &table("Modifications that training did not have:", "modification", &self.held_out);
        text
    }
}

/// Segment retrieval of a scorer: the recordings of `parts.test` are asked for, all are indexed.
///
/// # Errors
/// What the scorer refuses.
pub fn retrieval(
    corpus: &Corpus,
    parts: &Parts,
    scorer: &dyn Scorer,
    window_seconds: f64,
    sounds: &Sounds,
    effort: Effort,
) -> Outcome<Vec<RetrievalRow>> {
    let (noise, rooms) = sounds.len();
    let conditions: Vec<Condition> = Condition::usual()
        .into_iter()
        // A query is at least one window of the encoder.
        .filter(|c| c.seconds >= window_seconds)
        .filter(|c| noise > 0 && rooms > 0 || !(c.name.contains("noise") || c.name.contains("telephone")))
        .collect();
    let indexed: Vec<usize> = (0..corpus.len()).collect();
    let config = RetrievalConfig::new(window_seconds).with_queries(effort.queries);
    let sources = sounds.share(Share::Test);
    Ok(segment_retrieval(corpus, &indexed, &parts.test, scorer, &conditions, sources, &config)?)
}

/// The same of MFCCs, standardised over the training recordings.
///
/// # Errors
/// As [`retrieval`].
pub fn mfcc_retrieval(
    corpus: &Corpus,
    parts: &Parts,
    window_seconds: f64,
    sounds: &Sounds,
    effort: Effort,
) -> Outcome<Vec<RetrievalRow>> {
    let window = (window_seconds * f64::from(corpus.sample_rate())).round() as usize;
    let clip = |&track: &usize| corpus.read(track, corpus.samples(track) / 3, window);
    let clips: Vec<Vec<f32>> = parts.train.iter().map(clip).collect::<Result<_, _>>()?;
    let scorer = MfccScorer::fit(corpus.sample_rate(), &clips)?;
    retrieval(corpus, parts, &scorer, window_seconds, sounds, effort)
}
