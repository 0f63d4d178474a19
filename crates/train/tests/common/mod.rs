//! Recordings that are made on the spot.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, reason = "for tests")]

use std::path::Path;
use std::sync::Arc;

use burn::prelude::Device;
use soundalike_train::{Corpus, Outcome, Parts, Progress, TrackInfo, TrainConfig, TrainOptions, Trainer};

pub const RATE: u32 = 8_000;

/// A chord with a beat, different for each number: some seconds of it.
pub fn song(number: usize, seconds: f64) -> Vec<f32> {
    let base = 110.0 * 2.0_f64.powf((number * 5 % 24) as f64 / 12.0);
    let beat = 1.5 + (number % 5) as f64 * 0.4;
    let n = (seconds * f64::from(RATE)) as usize;
    (0..n)
        .map(|i| {
            let t = i as f64 / f64::from(RATE);
            let envelope = (-6.0 * (t * beat).fract()).exp() + 0.1;
            let step = [0.0, 4.0, 7.0, 12.0][((t * beat) as usize + number) % 4];
            let hz = base * 2.0_f64.powf(step / 12.0);
            let tone: f64 =
                (1..=3).map(|k| (std::f64::consts::TAU * hz * f64::from(k) * t).sin() / f64::from(k)).sum();
            (0.2 * envelope * tone) as f32
        })
        .collect()
}

/// So many songs of four seconds, two a group.
pub fn corpus(songs: usize) -> Arc<Corpus> {
    let info = |i: usize| {
        TrackInfo::new(format!("song {i}"))
            .with_group(format!("artist {}", i / 2))
            .with_genre(format!("genre {}", i % 3))
    };
    Arc::new(Corpus::from_memory(RATE, (0..songs).map(|i| (info(i), song(i, 4.0)))))
}

/// A configuration of a small network over one second at 8 kHz.
pub fn config(model: &str, objective: &str, more: &str) -> TrainConfig {
    TrainConfig::from_yaml(&yaml(model, objective, more)).unwrap()
}

pub fn yaml(model: &str, objective: &str, more: &str) -> String {
    format!(
        "
model: {{{model}, channels: [4, 8], dropout: 0.1}}
training:
  objective: {{{objective}}}
  batch_size: 6
  steps: 6
  validate_every: 2
  validation_batches: 2
  warmup_steps: 2
{more}
data:
  front_end: {{preset: clip_22050_3s, sample_rate: 8000, seconds: 1.0, n_mels: 32, n_fft: 512, hop_length: 256}}
  edits: {{preset: verification}}
"
    )
}

/// Trainings of one process share the device's generator, which each seeds at each step: those that must be the same go
/// one at a time.
pub fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

pub fn parts(corpus: &Corpus) -> Parts {
    Parts::split(corpus, [0.6, 0.2, 0.2], 1).unwrap()
}

pub fn train(config: &TrainConfig, corpus: &Arc<Corpus>, folder: &Path, resume: bool) -> Outcome {
    let options = TrainOptions::new(folder).with_resume(resume);
    let trainer = Trainer::new(config, corpus, &parts(corpus), &Device::flex(), options).unwrap();
    trainer.run(&mut |_: &Progress| std::ops::ControlFlow::Continue(())).unwrap()
}
