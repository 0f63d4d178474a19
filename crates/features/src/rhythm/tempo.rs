use super::tempogram::{Tempogram, TempogramConfig};
use super::{OnsetStrength, OnsetStrengthConfig};
use crate::{Error, Matrix, Scratch, check};

/// The parameters of the tempo; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct TempoConfig {
    /// The onset strength; the sample rate and the hop length are taken from here also where the strength itself
    /// is given.
    pub onset: OnsetStrengthConfig,
    /// The tempo that is most likely beforehand, in beats a minute, above 0. Default 120.
    #[cfg_attr(feature = "serde", serde(default = "default_start_bpm"))]
    pub start_bpm: f64,
    /// How far from it others are still likely, as the standard deviation in octaves, above 0. Default 1.
    #[cfg_attr(feature = "serde", serde(default = "default_std_bpm"))]
    pub std_bpm: f64,
    /// Seconds in which the onset strength is compared with itself; at least two frames, at most 2^16. Default 8.
    #[cfg_attr(feature = "serde", serde(default = "default_ac_size"))]
    pub ac_size: f64,
    /// Faster tempos are left out, unless all are faster; `None` for no limit. Default 320.
    #[cfg_attr(feature = "serde", serde(default = "default_max_tempo"))]
    pub max_tempo: Option<f64>,
}

fn default_start_bpm() -> f64 {
    120.0
}

fn default_std_bpm() -> f64 {
    1.0
}

fn default_ac_size() -> f64 {
    8.0
}

fn default_max_tempo() -> Option<f64> {
    Some(320.0)
}

impl TempoConfig {
    /// librosa's defaults for audio of `sample_rate` samples a second.
    #[must_use]
    pub fn new(sample_rate: u32) -> Self {
        Self {
            onset: OnsetStrengthConfig::new(sample_rate),
            start_bpm: default_start_bpm(),
            std_bpm: default_std_bpm(),
            ac_size: default_ac_size(),
            max_tempo: default_max_tempo(),
        }
    }

    /// Sets the onset strength.
    #[must_use]
    pub fn with_onset(mut self, onset: OnsetStrengthConfig) -> Self {
        self.onset = onset;
        self
    }

    /// Sets the tempo that is most likely beforehand.
    #[must_use]
    pub fn with_start_bpm(mut self, start_bpm: f64) -> Self {
        self.start_bpm = start_bpm;
        self
    }

    /// Sets how far from it others are still likely, in octaves.
    #[must_use]
    pub fn with_std_bpm(mut self, std_bpm: f64) -> Self {
        self.std_bpm = std_bpm;
        self
    }

    /// Sets the seconds in which the onset strength is compared with itself.
    #[must_use]
    pub fn with_ac_size(mut self, ac_size: f64) -> Self {
        self.ac_size = ac_size;
        self
    }

    /// Sets over which tempo others are left out; `None` for no limit.
    #[must_use]
    pub fn with_max_tempo(mut self, max_tempo: impl Into<Option<f64>>) -> Self {
        self.max_tempo = max_tempo.into();
        self
    }
}

/// The tempo in beats a minute (`librosa.feature.tempo`): the lag at which the onset strength resembles itself
/// most, weighted by how likely each tempo is beforehand.
///
/// Of silence, it is the tempo of a whole lag that is most likely beforehand.
///
/// ```
/// use soundalike_features::{Tempo, TempoConfig};
///
/// let tempo = Tempo::new(&TempoConfig::new(22_050))?;
/// let mut clicks = vec![0.0f32; 10 * 22_050];
/// clicks.iter_mut().step_by(11_025).for_each(|sample| *sample = 1.0);
/// assert!((tempo.compute(&clicks)? - 120.0).abs() < 4.0);
/// # Ok::<(), soundalike_features::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Tempo {
    config: TempoConfig,
    onset: OnsetStrength,
    tempogram: Tempogram,
    /// Beats a minute for each lag from 1, and the logarithm of how likely each is.
    lags: Vec<(f64, f64)>,
}

impl Tempo {
    /// Checks the configuration and plans.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range.
    pub fn new(config: &TempoConfig) -> Result<Self, Error> {
        let above_zero = |parameter, value: f64| {
            if value > 0.0 && value.is_finite() {
                Ok(())
            } else {
                Err(Error::config(parameter, value, "a number above 0"))
            }
        };
        above_zero("start_bpm", config.start_bpm)?;
        above_zero("std_bpm", config.std_bpm)?;
        above_zero("ac_size", config.ac_size)?;
        if let Some(max_tempo) = config.max_tempo {
            above_zero("max_tempo", max_tempo)?;
        }
        let onset = OnsetStrength::new(&config.onset)?;
        let mel = &config.onset.log_mel.mel;
        let win_length = (config.ac_size * f64::from(mel.sample_rate)) as usize / mel.stft.hop_length;
        if win_length < 2 {
            return Err(Error::config("ac_size", config.ac_size, "at least two frames"));
        }
        let tempogram = Tempogram::new(&TempogramConfig::default().with_win_length(win_length))
            .map_err(|_| Error::config("ac_size", config.ac_size, "at most 65536 frames"))?;

        let frequencies = tempo_frequencies(win_length, mel.sample_rate, mel.stft.hop_length)?;
        // The first lag that is slow enough.
        let first = config
            .max_tempo
            .and_then(|max_tempo| frequencies.iter().position(|bpm| *bpm < max_tempo))
            .unwrap_or(0);
        let likely = |bpm: f64| -0.5 * ((bpm.log2() - config.start_bpm.log2()) / config.std_bpm).powi(2);
        let lags = frequencies
            .iter()
            .enumerate()
            .skip(1)
            .map(|(lag, bpm)| (*bpm, if lag < first { f64::NEG_INFINITY } else { likely(*bpm) }))
            .collect();
        Ok(Self { config: config.clone(), onset, tempogram, lags })
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &TempoConfig {
        &self.config
    }

    /// The onset strength's plan.
    #[must_use]
    pub fn onset(&self) -> &OnsetStrength {
        &self.onset
    }

    /// The tempo of `samples` in beats a minute.
    ///
    /// # Errors
    /// As [`Stft::stft`](crate::Stft::stft).
    pub fn compute(&self, samples: &[f32]) -> Result<f64, Error> {
        self.compute_with_scratch(samples, &mut Scratch::new())
    }

    /// [`Self::compute`], which allocates nothing once `scratch` has grown to what the configuration and the
    /// length need.
    ///
    /// # Errors
    /// As [`Self::compute`].
    pub fn compute_with_scratch(&self, samples: &[f32], scratch: &mut Scratch) -> Result<f64, Error> {
        let mut onset = std::mem::take(&mut scratch.row);
        let result = self
            .onset
            .compute_into(samples, &mut onset, scratch)
            .and_then(|()| self.of_onset(onset.as_slice(), scratch));
        scratch.row = onset;
        result
    }

    /// The tempo of an onset strength that is there already, one value for each frame.
    ///
    /// # Errors
    /// [`Error::EmptyInput`] for no frames, [`Error::NonFinite`] or [`Error::SampleTooLarge`] for a value that is
    /// not usable.
    pub fn compute_from_onset(&self, onset_envelope: &[f32]) -> Result<f64, Error> {
        self.of_onset(onset_envelope, &mut Scratch::new())
    }

    /// The tempo around each frame in beats a minute (librosa's `aggregate=None`), `[1 x frame]`.
    ///
    /// # Errors
    /// As [`Self::compute`].
    pub fn local(&self, samples: &[f32]) -> Result<Matrix, Error> {
        self.local_from_onset(self.onset.compute(samples)?.as_slice())
    }

    /// [`Self::local`] of an onset strength that is there already, one value for each frame.
    ///
    /// # Errors
    /// As [`Self::compute_from_onset`].
    pub fn local_from_onset(&self, onset_envelope: &[f32]) -> Result<Matrix, Error> {
        check::samples(onset_envelope)?;
        let frames = onset_envelope.len();
        let mut out = Matrix::default();
        out.reshape(1, frames)?;
        let mut places = out.as_mut_slice().iter_mut();
        let scratch = &mut Scratch::new().tempogram;
        self.tempogram.for_each_frame(onset_envelope, frames, scratch, |_, _, values| {
            if let Some(to) = places.next() {
                *to = self.best(values) as f32;
            }
        });
        Ok(out)
    }

    fn of_onset(&self, onset_envelope: &[f32], scratch: &mut Scratch) -> Result<f64, Error> {
        check::samples(onset_envelope)?;
        let frames = onset_envelope.len();
        let scratch = &mut scratch.tempogram;
        scratch.column.clear();
        scratch.column.resize(self.tempogram.config().win_length, 0.0);
        self.tempogram.for_each_frame(onset_envelope, frames, scratch, |_, sums, values| {
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += value;
            }
        });
        Ok(self.best(&mut scratch.column.iter().map(|sum| sum / frames as f64)))
    }

    /// The tempo of the best lag. A lag at which the onset strength is the opposite of itself is none.
    fn best(&self, correlation: &mut dyn Iterator<Item = f64>) -> f64 {
        let mut best = (f64::NEG_INFINITY, None);
        for (value, (bpm, likely)) in correlation.skip(1).zip(&self.lags) {
            let score = (1e6 * value).max(-1.0).ln_1p() + likely;
            if score > best.0 || best.1.is_none() {
                best = (score, Some(*bpm));
            }
        }
        best.1.unwrap_or(self.config.start_bpm)
    }
}

/// The most rows that [`tempo_frequencies`] are given for.
const MAX_BINS: usize = 1 << 20;

/// The tempo in beats a minute that belongs to each lag of a tempogram of `n_bins` rows
/// (`librosa.tempo_frequencies`); that of lag 0 is infinite.
///
/// # Errors
/// [`Error::InvalidConfig`] for a sample rate or a hop length of 0, or over 2^20 rows.
pub fn tempo_frequencies(n_bins: usize, sample_rate: u32, hop_length: usize) -> Result<Vec<f64>, Error> {
    if sample_rate == 0 {
        return Err(Error::config("sample_rate", 0.0, "at least 1"));
    }
    if hop_length == 0 {
        return Err(Error::config("hop_length", 0.0, "at least 1"));
    }
    if n_bins > MAX_BINS {
        return Err(Error::config("n_bins", n_bins as f64, "at most 1048576"));
    }
    let frames_a_minute = 60.0 * f64::from(sample_rate);
    let of_lag = |lag: usize| match lag {
        0 => f64::INFINITY,
        lag => frames_a_minute / (hop_length as f64 * lag as f64),
    };
    Ok((0..n_bins).map(of_lag).collect())
}
