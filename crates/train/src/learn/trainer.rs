//! The loop: batches in, the best checkpoint out, and at any moment a file to go on from.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::prelude::*;
use soundalike_augment::Sources;
use soundalike_models::{Card, Checkpoint, Model, Trained};

use super::objective::Criterion;
use super::state::{self, State};
use super::{History, HistoryRow};
use crate::data::{Corpus, Parts, Prefetcher, Sampler};
use crate::random::Purpose;
use crate::{Error, TrainConfig};

/// Views of an item.
const VIEWS: usize = 2;

/// How a training runs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TrainOptions {
    /// Folder of the run: `config.yaml`, `state.bin`, `best.safetensors` with its card, `history.csv`, `curves.png`.
    pub folder: PathBuf,
    /// Goes on from the folder's `state.bin`. Without it a folder that has one is an error.
    pub resume: bool,
    /// Noise and rooms for the edits, for training.
    pub sources: Sources,
    /// The same for validation: other recordings, if there are enough.
    pub validation_sources: Sources,
    /// The card's text: name of the model, what it is for.
    pub name: String,
    /// More of it.
    pub description: String,
    /// Licences of what it was trained on.
    pub licences: Vec<String>,
}

impl TrainOptions {
    /// A new run in `folder`, without noise and rooms.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            resume: false,
            sources: Sources::default(),
            validation_sources: Sources::default(),
            name: "encoder".into(),
            description: String::new(),
            licences: Vec::new(),
        }
    }

    /// Sets [`resume`](Self::resume).
    #[must_use]
    pub fn with_resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// Sets the noise and rooms of training and validation.
    #[must_use]
    pub fn with_sources(mut self, training: Sources, validation: Sources) -> Self {
        (self.sources, self.validation_sources) = (training, validation);
        self
    }

    /// Sets name, description and licences of the card.
    #[must_use]
    pub fn with_card(
        mut self,
        name: impl Into<String>,
        description: impl Into<String>,
        licences: Vec<String>,
    ) -> Self {
        (self.name, self.description, self.licences) = (name.into(), description.into(), licences);
        self
    }
}

/// Where a training is, once a step.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Steps done.
    pub step: usize,
    /// Steps in all.
    pub steps: usize,
    /// Loss of the step.
    pub loss: f64,
    /// Clips through the encoder a second, over this run.
    pub clips_per_second: f64,
    /// Seconds left at this pace.
    pub seconds_left: f64,
    /// The validation, if there was one after this step.
    pub validation: Option<HistoryRow>,
}

/// How a training ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The best checkpoint, as it was saved.
    pub checkpoint: PathBuf,
    /// The validations.
    pub history: History,
    /// Steps done.
    pub steps: usize,
    /// The step of the best checkpoint.
    pub best_step: usize,
    /// Its validation loss; NaN before the first validation.
    pub best_loss: f64,
    /// Whether the observer ended it.
    pub interrupted: bool,
    /// Whether it ended early because validation did not get better.
    pub stopped_early: bool,
    /// Silent clips that were drawn and left.
    pub silent: usize,
    /// Seconds of training, over all runs that were resumed.
    pub seconds: f64,
}

/// A training that is set up.
#[derive(Debug)]
pub struct Trainer {
    config: TrainConfig,
    data_hash: u64,
    device: Device,
    sampler: Arc<Sampler>,
    validation: Sampler,
    criterion: Criterion,
    options: TrainOptions,
    classes: Vec<String>,
}

impl Trainer {
    /// Sets a training up.
    ///
    /// # Errors
    /// What [`TrainConfig::check`] refuses, parts with too few recordings, edits that need noise or rooms which are
    /// not there, a network that does not fit the front end.
    pub fn new(
        config: &TrainConfig,
        corpus: &Arc<Corpus>,
        parts: &Parts,
        device: &Device,
        options: TrainOptions,
    ) -> Result<Self, Error> {
        config.check()?;
        let part = |indices: &[usize], sources: &Sources, purpose| {
            Sampler::new(config, corpus, indices, sources.clone(), purpose)
        };
        let sampler = part(&parts.train, &options.sources, Purpose::Training)?;
        let validation = part(&parts.validation, &options.validation_sources, Purpose::Validation)?;
        let classes = match config.training.objective.needs_labels() {
            true => sampler.label_names().to_vec(),
            false => Vec::new(),
        };
        if config.training.objective.needs_labels() && classes.len() < 2 {
            return Err(Error::TooFew { what: "labels", got: classes.len(), expected: 2 });
        }
        let mut hash = xxhash_rust::xxh3::Xxh3Default::new();
        hash.update(&corpus.hash().to_le_bytes());
        for indices in [&parts.train, &parts.validation] {
            indices.iter().for_each(|i| hash.update(&(*i as u64).to_le_bytes()));
            hash.update(b"|");
        }
        Ok(Self {
            config: config.clone(),
            data_hash: hash.digest(),
            device: device.clone(),
            sampler: Arc::new(sampler),
            validation,
            criterion: Criterion::new(&config.training.objective)?,
            options,
            classes,
        })
    }

    fn state_path(&self) -> PathBuf {
        self.options.folder.join("state.bin")
    }

    fn checkpoint_path(&self) -> PathBuf {
        self.options.folder.join("best.safetensors")
    }

    /// Trains to the end, until it gets no better, or until it is stopped. `observe` is called after each
    /// step; when it breaks (Ctrl-C), the state is saved and the training ends there.
    ///
    /// The device's generator is seeded before each step. A process that draws from it elsewhere at the same time (a second
    /// training) gets other weights each time.
    ///
    /// # Errors
    /// [`Error::NotFinite`] when the loss is no number (the last good checkpoint and state stay), [`Error::State`] when a
    /// state is damaged, of another configuration or of other recordings, [`Error::Io`].
    pub fn run(&self, observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>) -> Result<Outcome, Error> {
        let device = self.device.clone().autodiff();
        let folder = &self.options.folder;
        std::fs::create_dir_all(folder).map_err(Error::io(folder))?;
        let yaml = self.config.to_yaml()?;
        device.seed(self.config.training.seed);
        let mut model =
            Model::new(&self.config.model_with_classes(self.classes.len()), self.sampler.shape(), &device)?;
        let decay = self.config.training.weight_decay as f32;
        let mut optimizer: ModuleOptimizer = AdamWConfig::new().with_weight_decay(decay).init();
        let mut at = match self.begin(&yaml)? {
            None => state::Progress {
                config: yaml.clone(),
                data: self.data_hash,
                step: 0,
                best_step: 0,
                best_loss: None,
                waited: 0,
                loss_sum: 0.0,
                loss_count: 0,
                seconds: 0.0,
                silent: 0,
                history: History::default(),
            },
            Some(state) => {
                let damaged = |what: String| Error::State { path: self.state_path(), what };
                model = model.with_bytes(state.model)?;
                let bytes = burn::tensor::Bytes::from_bytes_vec(state.optimizer);
                optimizer = optimizer.from_bytes(bytes).map_err(|e| damaged(e.to_string()))?;
                state.progress
            }
        };
        crate::files::replace(&folder.join("config.yaml"), |file| {
            std::io::Write::write_all(file, yaml.as_bytes())
        })?;

        let training = &self.config.training;
        let mut batches = Prefetcher::new(&self.sampler, at.step..training.steps, training.workers)?;
        let (begin, first_step, mut last) = (Instant::now(), at.step, Instant::now());
        let mut interrupted = false;
        let mut stopped_early = false;
        while at.step < training.steps && !interrupted && !stopped_early {
            let batch = batches.next()?;
            // Dropout of a step is the same, resumed or not.
            device.seed(training.seed ^ (at.step as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let loss = self.criterion.loss(&model, &batch, self.sampler.shape(), &device)?;
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            let value = f64::from(loss.into_scalar::<f32>());
            if !value.is_finite() {
                return Err(Error::NotFinite { step: at.step + 1, kept: at.best_step });
            }
            model = optimizer.step(training.rate(at.step), model, gradients);
            at.step += 1;
            at.loss_sum += value;
            at.loss_count += 1;
            at.silent += batch.silent;
            at.seconds += last.elapsed().as_secs_f64();
            last = Instant::now();
            let done = (at.step - first_step) as f64;
            let elapsed = begin.elapsed().as_secs_f64().max(1e-9);
            let clips_per_second = done * (VIEWS * training.batch_size) as f64 / elapsed;
            let validation = if at.step % training.validate_every == 0 || at.step == training.steps {
                let row = self.validate(&model, &mut at, clips_per_second)?;
                self.save(&model, &optimizer, &at)?;
                stopped_early = training.patience > 0 && at.waited >= training.patience;
                last = Instant::now();
                Some(row)
            } else {
                None
            };
            let seen = observe(&Progress {
                step: at.step,
                steps: training.steps,
                loss: value,
                clips_per_second,
                seconds_left: (training.steps - at.step) as f64 * elapsed / done,
                validation,
            });
            interrupted = seen.is_break();
        }
        if interrupted && at.step > 0 {
            self.save(&model, &optimizer, &at)?;
        }
        Ok(Outcome {
            checkpoint: self.checkpoint_path(),
            steps: at.step,
            best_step: at.best_step,
            best_loss: at.best_loss.unwrap_or(f64::NAN),
            interrupted: interrupted && at.step < training.steps,
            stopped_early: stopped_early && at.step < training.steps,
            silent: at.silent,
            seconds: at.seconds,
            history: at.history,
        })
    }

    /// The state to go on from, if this is a run that goes on.
    fn begin(&self, yaml: &str) -> Result<Option<State>, Error> {
        let path = self.state_path();
        let refuse = |what: &str| Err(Error::State { path: path.clone(), what: what.into() });
        match (self.options.resume, path.exists()) {
            (false, false) => Ok(None),
            (false, true) => refuse("is there already: resume it, or choose another folder"),
            (true, false) => refuse("is not there: there is nothing to resume"),
            (true, true) => {
                let state = State::load(&path)?;
                if state.progress.config != yaml {
                    return refuse("belongs to another configuration; see config.yaml beside it");
                }
                if state.progress.data != self.data_hash {
                    return refuse("belongs to other recordings, or to other parts of them");
                }
                Ok(Some(state))
            }
        }
    }

    /// Loss of the validation batches; saves the checkpoint if it is the best so far.
    fn validate(
        &self,
        model: &Model,
        at: &mut state::Progress,
        clips_per_second: f64,
    ) -> Result<HistoryRow, Error> {
        let model = model.to_valid();
        let device = self.device.clone();
        let mut sum = 0.0;
        for step in 0..self.config.training.validation_batches {
            let batch = self.validation.batch(step as u64)?;
            let loss = self.criterion.loss(&model, &batch, self.sampler.shape(), &device)?;
            sum += f64::from(loss.into_scalar::<f32>());
        }
        let validation_loss = sum / self.config.training.validation_batches as f64;
        let row = HistoryRow {
            step: at.step,
            train_loss: at.loss_sum / at.loss_count.max(1) as f64,
            validation_loss,
            learning_rate: self.config.training.rate(at.step - 1),
            clips_per_second,
            seconds: at.seconds,
        };
        if !validation_loss.is_finite() {
            return Err(Error::NotFinite { step: at.step, kept: at.best_step });
        }
        (at.loss_sum, at.loss_count) = (0.0, 0);
        at.history.push(row);
        at.waited += 1;
        if at.best_loss.is_none_or(|best| validation_loss < best) {
            (at.best_loss, at.best_step, at.waited) = (Some(validation_loss), at.step, 0);
            self.checkpoint(model, at)?.save(self.checkpoint_path())?;
        }
        at.history.write(&self.options.folder)?;
        Ok(row)
    }

    fn checkpoint(&self, model: Model, at: &state::Progress) -> Result<Checkpoint, Error> {
        let model_config = self.config.model_with_classes(self.classes.len());
        let mut card = Card::new(&self.options.name, model_config, self.config.data.front_end.build()?);
        card.description.clone_from(&self.options.description);
        card.licences.clone_from(&self.options.licences);
        card.data_hash = format!("{:016x}", self.data_hash);
        card.labels.clone_from(&self.classes);
        card.metrics.extend(at.best_loss.map(|loss| ("validation_loss".to_owned(), loss)));
        let mut trained = Trained::default();
        trained.steps = at.step;
        trained.clips = at.step * self.config.training.batch_size * VIEWS;
        trained.seconds = at.seconds;
        card.trained = Some(trained);
        Ok(Checkpoint::new(model, card)?)
    }

    fn save(&self, model: &Model, optimizer: &ModuleOptimizer, at: &state::Progress) -> Result<(), Error> {
        let path = self.state_path();
        let optimizer = optimizer
            .into_bytes()
            .map_err(|e| Error::State { path: path.clone(), what: format!("cannot be written: {e}") })?;
        let state = State { progress: at.clone(), model: model.to_bytes()?, optimizer: optimizer.to_vec() };
        state.save(&path)
    }
}
