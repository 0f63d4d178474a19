//! Views made on the fly: which recording, where, under which edit, all from the seed and the step's number.

use std::collections::HashMap;
use std::sync::Arc;

use soundalike_augment::{Edit, Sources, SpectrogramAugment, Waveform};
use soundalike_models::{ClipFrontEnd, InputShape};

use super::{Batch, Corpus, Item};
use crate::config::{DataConfig, LabelKind, ViewKind};
use crate::random::{Purpose, Random};
use crate::{Error, TrainConfig};

/// Tries to draw a clip that has sound, and an edit that fits into the recording.
const TRIES: usize = 24;
/// Root mean square under which a clip is silent: -66 dB of full scale.
const SILENCE: f64 = 5e-4;

/// Whether a clip is too quiet to teach anything.
pub(crate) fn is_silent(samples: &[f32]) -> bool {
    let power: f64 = samples.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    power <= samples.len() as f64 * SILENCE * SILENCE
}

/// Cuts clips, plain and edited, always of full length and never padded.
#[derive(Debug, Clone)]
pub(crate) struct Cutter {
    pub(crate) corpus: Arc<Corpus>,
    pub(crate) front_end: Arc<ClipFrontEnd>,
    pub(crate) waveform: Arc<Waveform>,
}

impl Cutter {
    pub(crate) fn new(corpus: Arc<Corpus>, data: &DataConfig, sources: Sources) -> Result<Self, Error> {
        let front_end = ClipFrontEnd::new(&data.front_end.build()?)?;
        super::corpus::check_rate(corpus.sample_rate(), front_end.sample_rate())?;
        let waveform = Waveform::new(&data.edits.build(), front_end.sample_rate(), sources)?;
        Ok(Self { corpus, front_end: Arc::new(front_end), waveform: Arc::new(waveform) })
    }

    pub(crate) fn clip_samples(&self) -> usize {
        self.front_end.clip_samples()
    }

    /// What of a recording the edit needs for a clip.
    pub(crate) fn span(&self, edit: Option<&Edit>) -> Span {
        let clip = self.clip_samples();
        let Some(edit) = edit else { return Span { before: 0, after: clip } };
        let before = (edit.lead() as f64 / edit.time_scale()).round() as usize;
        // One more for the rounding of `before`.
        Span { before, after: (edit.input_samples(clip) + 1).saturating_sub(before).max(clip) }
    }

    /// The clip of `track` that starts at `start`, under `edit`; shorter where the recording does not have its
    /// [`span`](Self::span).
    pub(crate) fn clip(&self, track: usize, start: usize, edit: Option<&Edit>) -> Result<Vec<f32>, Error> {
        let Span { before, after } = self.span(edit);
        let samples = self.corpus.read(track, start.saturating_sub(before), before + after)?;
        let Some(edit) = edit else { return Ok(samples) };
        let edited = self.waveform.apply(edit, &samples)?;
        Ok(edit.cut(&edited, self.clip_samples())?.to_vec())
    }

    /// A place in `track` with sound and room for `span`, and how many silent ones were left.
    pub(crate) fn place(
        &self,
        track: usize,
        span: Span,
        random: &mut Random,
    ) -> Result<(Option<usize>, usize), Error> {
        let room = self.corpus.samples(track).checked_sub(span.before + span.after);
        let Some(room) = room else { return Ok((None, 0)) };
        for silent in 0..TRIES {
            let start = span.before + random.below(room + 1);
            if !is_silent(&self.corpus.read(track, start, self.clip_samples())?) {
                return Ok((Some(start), silent));
            }
        }
        Ok((None, TRIES))
    }

    /// An edit that fits into `track`; `None` if what was drawn is none, or if none fits.
    pub(crate) fn edit(&self, track: usize, random: &mut Random) -> Option<Edit> {
        let fits = |edit: &Edit| {
            let span = self.span(Some(edit));
            span.before + span.after <= self.corpus.samples(track)
        };
        (0..TRIES).map(|_| self.waveform.draw(random.seed())).find(fits).filter(|edit| !edit.is_none())
    }
}

/// Samples of a recording before and after the start of a clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) before: usize,
    pub(crate) after: usize,
}

impl Span {
    /// Enough for both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { before: self.before.max(other.before), after: self.after.max(other.after) }
    }

    /// So much more at either end.
    pub(crate) fn widened(self, samples: usize) -> Self {
        Self { before: self.before + samples, after: self.after + samples }
    }
}

/// Draws the batches of one part of a corpus. Batch `n` is the same however many were drawn before.
#[derive(Debug, Clone)]
pub struct Sampler {
    cutter: Cutter,
    part: Vec<usize>,
    /// Places in `part` of each group's recordings.
    groups: HashMap<String, Vec<usize>>,
    pieces: Vec<usize>,
    labels: Vec<usize>,
    label_names: Vec<String>,
    spectrogram: Option<Arc<SpectrogramAugment>>,
    data: DataConfig,
    batch_size: usize,
    seed: u64,
    purpose: Purpose,
}

impl Sampler {
    /// Draws from the recordings `part` of `corpus`; `labels` names the classes in order, if the objective has any.
    ///
    /// # Errors
    /// [`Error::TooFew`] with fewer than two recordings, and the errors of front end and edits (noise or rooms that
    /// are asked for and not in `sources`).
    pub(crate) fn new(
        config: &TrainConfig,
        corpus: &Arc<Corpus>,
        part: &[usize],
        sources: Sources,
        purpose: Purpose,
    ) -> Result<Self, Error> {
        if part.len() < 2 {
            return Err(Error::TooFew { what: "recordings", got: part.len(), expected: 2 });
        }
        let cutter = Cutter::new(Arc::clone(corpus), &config.data, sources)?;
        let mut groups: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, &track) in part.iter().enumerate() {
            let info = corpus.info(track).ok_or(Error::TooFew { what: "recordings", got: 0, expected: 2 })?;
            groups.entry(info.group.clone()).or_default().push(place);
        }
        let label_names = label_names(corpus, config.data.label);
        let spectrogram = config.data.spectrogram.as_ref().map(SpectrogramAugment::new).transpose()?;
        Ok(Self {
            pieces: numbers(corpus.infos().map(|info| info.piece.as_str())),
            labels: corpus.infos().map(|info| label_of(info, config.data.label, &label_names)).collect(),
            label_names,
            cutter,
            part: part.to_vec(),
            groups,
            spectrogram: spectrogram.map(Arc::new),
            data: config.data.clone(),
            batch_size: config.training.batch_size,
            seed: config.training.seed,
            purpose,
        })
    }

    /// Sampler of the batches that are trained on.
    ///
    /// # Errors
    /// [`Error::TooFew`] with fewer than two recordings, and those of front end and edits.
    pub fn training(
        config: &TrainConfig,
        corpus: &Arc<Corpus>,
        part: &[usize],
        sources: Sources,
    ) -> Result<Self, Error> {
        Self::new(config, corpus, part, sources, Purpose::Training)
    }

    /// Shape of an input.
    #[must_use]
    pub fn shape(&self) -> InputShape {
        self.cutter.front_end.shape()
    }

    /// Names of the labels, in order.
    #[must_use]
    pub fn label_names(&self) -> &[String] {
        &self.label_names
    }

    /// Batch number `step`.
    ///
    /// # Errors
    /// [`Error::Io`] when the cache cannot be read, [`Error::TooFew`] when the recordings have no sound.
    pub fn batch(&self, step: u64) -> Result<Batch, Error> {
        let mut random = Random::new(self.seed, self.purpose, step);
        let size = self.shape().n_mels * self.shape().frames;
        let mut batch = Batch {
            first: Vec::with_capacity(size * self.batch_size),
            second: Vec::with_capacity(size * self.batch_size),
            items: Vec::with_capacity(self.batch_size),
            pieces: Vec::with_capacity(self.batch_size),
            labels: Vec::with_capacity(self.batch_size),
            silent: 0,
        };
        let mut order: Vec<usize> = Vec::new();
        let mut last: Option<usize> = None;
        let mut failures = 0;
        while batch.items.len() < self.batch_size {
            let track = self.part[self.next(&mut order, last, &mut random)];
            match self.item(track, &mut random, &mut batch)? {
                true => last = Some(track),
                false => failures += 1,
            }
            if failures > 4 * self.part.len() + 100 {
                return Err(Error::TooFew {
                    what: "clips with sound",
                    got: batch.items.len(),
                    expected: self.batch_size,
                });
            }
        }
        Ok(batch)
    }

    /// The next recording, as a place in `part`: of the last one's group, or the next of a shuffled round.
    fn next(&self, order: &mut Vec<usize>, last: Option<usize>, random: &mut Random) -> usize {
        if order.is_empty() {
            order.extend(0..self.part.len());
            for i in (1..order.len()).rev() {
                order.swap(i, random.below(i + 1));
            }
        }
        let friends = last
            .and_then(|track| self.cutter.corpus.info(track))
            .and_then(|info| self.groups.get(&info.group))
            .filter(|friends| friends.len() > 1);
        if random.chance(self.data.same_group)
            && let Some(friends) = friends
        {
            let wanted = friends[random.below(friends.len())];
            if let Some(at) = order.iter().position(|&place| place == wanted) {
                return order.swap_remove(at);
            }
        }
        order.pop().unwrap_or(0)
    }

    /// Adds an item of `track`; false if it has no place with sound.
    fn item(&self, track: usize, random: &mut Random, batch: &mut Batch) -> Result<bool, Error> {
        let cutter = &self.cutter;
        let first = match self.data.views {
            ViewKind::CleanAndEdited => None,
            ViewKind::BothEdited => cutter.edit(track, random),
        };
        let second = cutter.edit(track, random);
        let rate = f64::from(cutter.front_end.sample_rate());
        let jitter = (self.data.jitter_seconds * rate) as usize;
        let shift = if jitter > 0 { random.below(2 * jitter + 1) } else { 0 };
        let span = cutter.span(first.as_ref()).and(cutter.span(second.as_ref()).widened(jitter));
        let (place, silent) = cutter.place(track, span, random)?;
        batch.silent += silent;
        let Some(start) = place else { return Ok(false) };
        let second_start = start + shift - jitter.min(start + shift);
        let (spectrogram_first, spectrogram_second) = (random.seed(), random.seed());
        let augment_first = matches!(self.data.views, ViewKind::BothEdited).then_some(spectrogram_first);
        self.input(track, start, first.as_ref(), augment_first, &mut batch.first)?;
        self.input(track, second_start, second.as_ref(), Some(spectrogram_second), &mut batch.second)?;
        batch.items.push(Item { track, start, second_start, edits: [first, second] });
        batch.pieces.push(self.pieces[track]);
        batch.labels.push(self.labels[track]);
        Ok(true)
    }

    fn input(
        &self,
        track: usize,
        start: usize,
        edit: Option<&Edit>,
        augment: Option<u64>,
        out: &mut Vec<f32>,
    ) -> Result<(), Error> {
        let clip = self.cutter.clip(track, start, edit)?;
        let mut input = self.cutter.front_end.compute(&clip)?;
        if let (Some(seed), Some(augment)) = (augment, &self.spectrogram) {
            let InputShape { n_mels, frames, .. } = self.shape();
            augment.apply(seed, &mut input, n_mels, frames)?;
        }
        out.extend_from_slice(&input);
        Ok(())
    }
}

/// Names of the classes, sorted.
fn label_names(corpus: &Corpus, kind: LabelKind) -> Vec<String> {
    let mut names: Vec<String> = corpus
        .infos()
        .filter_map(|info| match kind {
            LabelKind::Genre => info.genre.clone(),
            LabelKind::Group => Some(info.group.clone()),
            LabelKind::Track => Some(info.id.clone()),
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn label_of(info: &super::TrackInfo, kind: LabelKind, names: &[String]) -> usize {
    let name = match kind {
        LabelKind::Genre => info.genre.as_deref().unwrap_or_default(),
        LabelKind::Group => &info.group,
        LabelKind::Track => &info.id,
    };
    names.binary_search_by(|n| n.as_str().cmp(name)).unwrap_or(0)
}

/// Equal names get equal numbers.
fn numbers<'a>(names: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let mut seen = HashMap::new();
    names
        .map(|name| {
            let next = seen.len();
            *seen.entry(name).or_insert(next)
        })
        .collect()
}
