//! Edited sounds and their pictures.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;
use soundalike_audio::{WavFormat, write_wav};
use soundalike_augment::{Edit, Scratch, SpectrogramAugment, Waveform};
use soundalike_features::{LogMel, LogMelConfig, Matrix, MelScale};

use crate::cli::{Outcome, write_whole};
use crate::pictures::{Colours, Look, Rows, Style, draw};

/// What was made of one edit.
#[derive(Debug, Clone, Serialize)]
pub struct Made {
    /// What was done, in words.
    pub what: String,
    /// The same as it can be read again.
    pub edit: Edit,
    /// What it was drawn by; an edit from the file has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Length of the result in seconds.
    pub duration_s: f64,
    /// Milliseconds that the edit took.
    pub ms: f64,
    /// Decibels by which the result was lowered, so that it is not clipped in the WAV file.
    pub lowered_db: f64,
    /// What was done to the spectrogram, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spectrogram: Option<Vec<&'static str>>,
    /// The sound.
    pub wav: PathBuf,
    /// The picture of its spectrogram.
    pub png: PathBuf,
    /// The picture of the changed spectrogram.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spectrogram_png: Option<PathBuf>,
}

/// Makes sounds and pictures beside each other in a folder.
pub struct Maker<'a> {
    /// Applies the edits.
    pub waveform: &'a Waveform,
    /// Changes the spectrograms.
    pub spectrogram: Option<&'a SpectrogramAugment>,
    /// The folder.
    pub folder: &'a Path,
    /// What the files' names begin with.
    pub name: &'a str,
}

impl Maker<'_> {
    /// Makes number `number`: its WAV file and its pictures. `seed` is also the spectrogram's.
    ///
    /// # Errors
    /// If the edit cannot be done, or a file not be written.
    pub fn make(
        &self,
        number: usize,
        edit: Edit,
        seed: Option<u64>,
        samples: &[f32],
        scratch: &mut Scratch,
    ) -> Outcome<Made> {
        let start = Instant::now();
        let mut edited = Vec::new();
        self.waveform.apply_into(&edit, samples, &mut edited, scratch).map_err(|e| format!("{edit}: {e}"))?;
        let ms = start.elapsed().as_secs_f64() * 1e3;
        let rate = self.waveform.sample_rate();
        let peak = edited.iter().fold(0_f32, |m, x| m.max(x.abs()));
        let lowered = peak.max(1.0);
        edited.iter_mut().for_each(|x| *x /= lowered);
        let path = |ending: &str| self.folder.join(format!("{}-{number:02}{ending}", self.name));
        let (wav, png) = (path(".wav"), path(".png"));
        write_wav(&wav, &edited, rate, WavFormat::I16)?;
        let config = LogMelConfig::new(rate);
        let matrix = LogMel::new(&config)?.compute(&edited)?;
        let frame_seconds = config.mel.stft.hop_length as f64 / f64::from(rate);
        let what = edit.to_string();
        self.draw(&png, matrix.clone(), Colours::Db, "dB", &what, frame_seconds)?;
        let mut made = Made {
            what,
            edit,
            seed,
            duration_s: edited.len() as f64 / f64::from(rate),
            ms,
            lowered_db: 20.0 * f64::from(lowered).log10(),
            spectrogram: None,
            wav,
            png,
            spectrogram_png: None,
        };
        if let Some(augment) = self.spectrogram {
            let (mut matrix, seed) = (matrix, seed.unwrap_or(number as u64));
            let (rows, frames) = (matrix.rows(), matrix.cols());
            augment.apply(seed, matrix.as_mut_slice(), rows, frames)?;
            let names = augment.names(seed);
            let (png, title) = (path("-spectrogram.png"), format!("{}; {}", made.what, names.join(", ")));
            self.draw(&png, matrix, Colours::Values, "", &title, frame_seconds)?;
            (made.spectrogram, made.spectrogram_png) = (Some(names), Some(png));
        }
        Ok(made)
    }

    fn draw(
        &self,
        path: &Path,
        matrix: Matrix,
        colours: Colours,
        unit: &str,
        title: &str,
        frame_seconds: f64,
    ) -> Outcome<()> {
        let fmax = f64::from(self.waveform.sample_rate()) / 2.0;
        let rows = Rows::Mel { scale: MelScale::default(), fmin: 0.0, fmax };
        let style = Style::new(rows, colours, unit);
        let look = Look { title, frame_seconds, size: (1200, 480) };
        let picture = draw(&style, matrix, look)?.png()?;
        write_whole(path, |file| Ok(file.write_all(&picture)?))
    }
}
