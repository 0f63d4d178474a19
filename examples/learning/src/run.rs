//! One training with its progress, in a terminal and in a log.

use std::fs::File;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use burn::prelude::Device;
use soundalike_examples::cli::{Outcome, interrupted, progress};
use soundalike_examples::say;
use soundalike_train::{Corpus, Outcome as Trained, Parts, TrainConfig, TrainOptions, Trainer};

/// Trains, says how it goes, and writes the same into `train.log` of the run's folder.
///
/// # Errors
/// Those of [`Trainer`], and a log that cannot be written.
pub fn train(
    config: &TrainConfig,
    corpus: &Arc<Corpus>,
    parts: &Parts,
    device: &Device,
    options: TrainOptions,
) -> Outcome<Trained> {
    let folder = options.folder.clone();
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut log = Log::open(&folder.join("train.log"))?;
    log.line(&format!(
        "training {} tracks, validation {}, test {}; {} steps of {} clips",
        parts.train.len(),
        parts.validation.len(),
        parts.test.len(),
        config.training.steps,
        config.training.batch_size
    ));
    let trainer = Trainer::new(config, corpus, parts, device, options)?;
    let bar = progress("training", config.training.steps);
    let mut failed = None;
    let outcome = trainer.run(&mut |now| {
        bar.set_position(now.step as u64);
        if let Some(row) = now.validation {
            let line = format!(
                "step {:>6}  loss {:.4}  validation {:.4}  {:>6.1} clips/s  {} left",
                row.step,
                row.train_loss,
                row.validation_loss,
                row.clips_per_second,
                minutes(now.seconds_left)
            );
            bar.suspend(|| log.line(&line));
            failed = log.failed.take();
        }
        if interrupted() || failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.finish_and_clear();
    if let Some(error) = failed {
        return Err(error.into());
    }
    let outcome = outcome?;
    let how = if outcome.interrupted {
        "stopped; --resume goes on"
    } else if outcome.stopped_early {
        "ended early: validation got no better"
    } else {
        "done"
    };
    log.line(&format!(
        "{how}: {} steps in {}, best at step {} (validation loss {:.4}); {} silent clips left out",
        outcome.steps,
        minutes(outcome.seconds),
        outcome.best_step,
        outcome.best_loss,
        outcome.silent
    ));
    Ok(outcome)
}

fn minutes(seconds: f64) -> String {
    let seconds = seconds.round().max(0.0) as u64;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

struct Log {
    file: File,
    failed: Option<String>,
}

impl Log {
    fn open(path: &Path) -> Outcome<Self> {
        let file = File::options().create(true).append(true).open(path);
        Ok(Self { file: file.map_err(|e| format!("{}: {e}", path.display()))?, failed: None })
    }

    fn line(&mut self, line: &str) {
        say!("{line}");
        if let Err(error) = writeln!(self.file, "{line}") {
            self.failed = Some(format!("train.log: {error}"));
        }
    }
}
