//! Pictures of features.

use soundalike_eval::{Picture, SpectrogramConfig, Tick, frequency_ticks, spectrogram};
use soundalike_features::{Matrix, MelConfig, MelScale, hz_to_mel, mel_to_hz};

use crate::cli::Outcome;
use crate::extract::Feature;

/// The dB shown below the loudest value.
const RANGE_DB: f64 = 80.0;

/// The least value of a mel spectrogram in dB: that of `amin`, 1e-10.
const FLOOR_DB: f32 = -100.0;

/// How a feature is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// Title above the picture.
    pub title: &'a str,
    /// Sample rate of the analysis in Hz.
    pub sample_rate: u32,
    /// Seconds from frame to frame.
    pub frame_seconds: f64,
    /// Width and height in pixels.
    pub size: (u32, u32),
}

/// Draws a feature, `[coefficient x frame]`, which may be large and is used up. Mel power is drawn in dB below its own
/// maximum: as it is, nothing but a few points could be seen.
///
/// # Errors
/// Those of drawing: an empty matrix, a size of zero.
pub fn draw(feature: Feature, mut matrix: Matrix, look: Look<'_>) -> Outcome<Picture> {
    let config = SpectrogramConfig::default()
        .with_title(look.title)
        .with_frame_seconds(look.frame_seconds)
        .with_size(look.size.0, look.size.1);
    let (rows, columns) = (matrix.rows(), matrix.cols());
    let largest = matrix.as_slice().iter().fold(f32::MIN, |m, &v| m.max(v));
    let frequencies = frequency_ticks(&band_centres(look.sample_rate, rows));
    let picture = match feature {
        Feature::Mel => {
            let floor = f64::from(largest) * 10.0_f64.powf(-RANGE_DB / 10.0);
            let db = |v: &f32| match largest > 0.0 {
                false => -RANGE_DB as f32,
                true => {
                    (10.0 * (f64::from(*v).max(floor).max(1e-30) / f64::from(largest).max(1e-30)).log10())
                        as f32
                }
            };
            matrix.as_mut_slice().iter_mut().for_each(|v| *v = db(v));
            let config =
                config.with_bin_ticks(frequencies).with_bin_axis("frequency (Hz)").with_unit("dB of max");
            spectrogram(matrix.as_slice(), rows, columns, &config.with_range(-RANGE_DB, 0.0))
        }
        Feature::Logmel => {
            // Silence lies at the floor of the decibels throughout, and is drawn dark.
            let top = if largest > FLOOR_DB { f64::from(largest) } else { f64::from(FLOOR_DB) + RANGE_DB };
            let config = config.with_bin_ticks(frequencies).with_bin_axis("frequency (Hz)").with_unit("dB");
            spectrogram(matrix.as_slice(), rows, columns, &config.with_range(top - RANGE_DB, top))
        }
        Feature::Mfcc => {
            // The zeroth coefficient is the level, some ten times larger than all others, and the first is large
            // too: the colours are for the rest.
            let limit =
                f64::from(quantile_of_magnitudes(matrix.as_slice().get(columns..).unwrap_or_default()));
            let ticks =
                (0..rows).step_by(rows.div_ceil(10).max(1)).map(|i| Tick::new(i as f64, i.to_string()));
            let config = config.with_bin_ticks(ticks).with_bin_axis("coefficient").with_unit("MFCC");
            spectrogram(matrix.as_slice(), rows, columns, &config.with_range(-limit, limit))
        }
    };
    Ok(picture?)
}

/// The magnitude that 95 % of the values stay below, and at least 1.
fn quantile_of_magnitudes(values: &[f32]) -> f32 {
    // A sample is enough for a colour range.
    let step = values.len().div_ceil(100_000).max(1);
    let mut magnitudes: Vec<f32> = values.iter().step_by(step).map(|v| v.abs()).collect();
    magnitudes.sort_by(f32::total_cmp);
    magnitudes.get(magnitudes.len() * 95 / 100).copied().unwrap_or(1.0).max(1.0)
}

/// Centre frequencies in Hz of librosa's default mel bands: equally spaced on Slaney's scale.
fn band_centres(sample_rate: u32, n_mels: usize) -> Vec<f32> {
    let config = MelConfig::new(sample_rate);
    let (low, high) = (config.fmin, config.fmax.unwrap_or(f64::from(sample_rate) / 2.0));
    let (low, high) = (hz_to_mel(low, MelScale::Slaney), hz_to_mel(high, MelScale::Slaney));
    let step = (high - low) / (n_mels + 1) as f64;
    (1..=n_mels).map(|band| mel_to_hz(low + step * band as f64, MelScale::Slaney) as f32).collect()
}
