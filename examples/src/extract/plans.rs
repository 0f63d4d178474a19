//! The plan of each feature.

use soundalike_features::{
    Chroma, Delta, Error, Feature as Shared, LogMel, LogMelConfig, Matrix, MelConfig, Mfcc, OnsetStrength,
    OnsetStrengthConfig, Pcen, Rms, SpectralBandwidth, SpectralCentroid, SpectralCentroidConfig,
    SpectralContrast, SpectralFlatness, SpectralRolloff, StftConfig, Tempo, Tempogram, ZeroCrossingRate,
    power_to_db,
};

use super::plan::{Plan, Source, Step, Values, blocks, extractor};
use super::{Feature, Options};
use crate::cli::Outcome;
use crate::pictures::{Colours, Rows, Style};

/// A plan but for what all plans have: what is done, the hop, and the picture.
type Parts = (Source, usize, Style);

impl Plan {
    pub(super) fn of_feature(feature: Feature, options: &Options, rate: u32) -> Outcome<Self> {
        let (source, hop, style) = match feature {
            Feature::Stft | Feature::Magnitude | Feature::Power => spectrum(feature, options, rate)?,
            Feature::Mel => {
                let mel = options.mel(rate)?;
                let style = Style::new(mel_rows(&mel), power_of(&mel), "dB of max");
                (mel_blocks(&mel, whole())?, mel.stft.hop_length, style)
            }
            Feature::Logmel => {
                let config = options.log_mel(rate)?;
                let style = Style::new(mel_rows(&config.mel), Colours::Db, "dB");
                let hop = config.mel.stft.hop_length;
                (log_mel_blocks(&config, |log_mel| Ok(Values::Matrix(log_mel)))?, hop, style)
            }
            Feature::Mfcc => mfcc(options, rate, 0)?,
            Feature::MfccDelta => mfcc(options, rate, 1)?,
            Feature::MfccDelta2 => mfcc(options, rate, 2)?,
            Feature::Chroma => chroma(options, rate)?,
            Feature::Centroid => {
                let stft = options.stft();
                let plan = SpectralCentroid::new(&SpectralCentroidConfig::new(rate).with_stft(stft.clone()))?;
                let each = move |block: Matrix| plan.compute_from_spectrogram(&block);
                of_frames(stft, rate, each, "spectral centroid (Hz)")?
            }
            Feature::Bandwidth => {
                let plan = SpectralBandwidth::new(&options.bandwidth(rate)?)?;
                let each = move |block: Matrix| plan.compute_from_spectrogram(&block);
                of_frames(options.stft(), rate, each, "spectral bandwidth (Hz)")?
            }
            Feature::Rolloff => {
                let plan = SpectralRolloff::new(&options.rolloff(rate))?;
                let each = move |block: Matrix| plan.compute_from_spectrogram(&block);
                of_frames(options.stft(), rate, each, "spectral roll-off (Hz)")?
            }
            Feature::Flatness => {
                let plan = SpectralFlatness::new(&options.flatness())?;
                let each = move |block: Matrix| plan.compute_from_spectrogram(&block);
                of_frames(options.stft(), rate, each, "spectral flatness")?
            }
            Feature::Contrast => contrast(options, rate)?,
            Feature::Zcr => {
                let config = options.zcr();
                let plan = ZeroCrossingRate::new(&config)?;
                let style = Style::new(Rows::Line, Colours::Values, "zero-crossing rate");
                (of_samples(move |samples| plan.compute(samples)), config.hop_length, style)
            }
            Feature::Rms => {
                let config = options.rms();
                let plan = Rms::new(&config)?;
                let style = Style::new(Rows::Line, Colours::Values, "root mean square");
                (of_samples(move |samples| plan.compute(samples)), config.hop_length, style)
            }
            Feature::Onset => {
                let config = options.onset(rate)?;
                onset(&config, |strength| Ok(Values::Matrix(strength)))?
            }
            Feature::Tempo => {
                let config = options.tempo(rate)?;
                let tempo = Tempo::new(&config)?;
                onset(&config.onset, move |strength| {
                    Ok(Values::Tempo(tempo.compute_from_onset(strength.as_slice())?, strength))
                })?
            }
            Feature::Tempogram => {
                let (onset_config, config) = options.tempogram(rate)?;
                let plan = Tempogram::new(&config)?;
                let (source, hop, _) = onset(&onset_config, move |strength| {
                    Ok(Values::Matrix(plan.compute(strength.as_slice())?))
                })?;
                let frame_seconds = hop as f64 / f64::from(rate);
                (source, hop, Style::new(Rows::Lags { frame_seconds }, Colours::Values, "similarity"))
            }
            Feature::Pcen => {
                let (mel, scale, config) = options.pcen(rate)?;
                let pcen = Pcen::new(&config)?;
                let style = Style::new(mel_rows(&mel), Colours::Values, "PCEN");
                let finish: Step<Values> = Box::new(move |mut mel| {
                    mel.as_mut_slice().iter_mut().for_each(|value| *value *= scale);
                    Ok(Values::Matrix(pcen.compute(&mel)?))
                });
                (mel_blocks(&mel, finish)?, mel.stft.hop_length, style)
            }
        };
        Ok(Self {
            feature: Some(feature),
            preset: None,
            sample_rate: rate,
            frame_seconds: hop as f64 / f64::from(rate),
            patch_seconds: None,
            style,
            source,
        })
    }
}

/// A block or a whole as it is.
fn same() -> Step<Matrix> {
    Box::new(Ok)
}

fn whole() -> Step<Values> {
    Box::new(|matrix| Ok(Values::Matrix(matrix)))
}

fn of_samples(compute: impl Fn(&[f32]) -> Result<Matrix, Error> + Send + Sync + 'static) -> Source {
    Source::Samples(Box::new(move |samples| Ok(Values::Matrix(compute(samples)?))))
}

fn spectrum(feature: Feature, options: &Options, rate: u32) -> Outcome<Parts> {
    let stft = options.stft();
    let rows = Rows::Bins { hz: f64::from(rate) / stft.n_fft as f64 };
    let (source, colours) = match feature {
        Feature::Stft => {
            (Source::Complex(Box::new(extractor(Shared::Stft, &stft, rate)?)), Colours::Amplitude)
        }
        Feature::Magnitude => (blocks(Shared::Magnitude, &stft, rate, same(), whole())?, Colours::Amplitude),
        _ => (blocks(Shared::Power, &stft, rate, same(), whole())?, Colours::Power),
    };
    Ok((source, stft.hop_length, Style::new(rows, colours, "dB of max")))
}

fn mel_rows(mel: &MelConfig) -> Rows {
    let fmax = mel.fmax.unwrap_or(f64::from(mel.sample_rate) / 2.0);
    Rows::Mel { scale: mel.scale, fmin: mel.fmin, fmax }
}

fn power_of(mel: &MelConfig) -> Colours {
    if mel.power == 1.0 { Colours::Amplitude } else { Colours::Power }
}

fn mel_blocks(mel: &MelConfig, finish: Step<Values>) -> Result<Source, Error> {
    blocks(Shared::Mel(mel.clone()), &mel.stft, mel.sample_rate, same(), finish)
}

/// Decibels of the whole file, as their floor and their reference may be its loudest band.
fn log_mel_blocks(
    config: &LogMelConfig,
    finish: impl Fn(Matrix) -> Result<Values, Error> + Send + Sync + 'static,
) -> Result<Source, Error> {
    // Checks the decibels too.
    LogMel::new(config)?;
    let db = config.db.clone();
    let to_db: Step<Values> = Box::new(move |mut mel| {
        power_to_db(mel.as_mut_slice(), &db)?;
        finish(mel)
    });
    mel_blocks(&config.mel, to_db)
}

fn mfcc(options: &Options, rate: u32, order: usize) -> Outcome<Parts> {
    let config = options.mfcc(rate)?;
    let plan = Mfcc::new(&config)?;
    let delta = if order == 0 { None } else { Some(Delta::new(&options.delta(order))?) };
    let log_mel = LogMelConfig::new(rate).with_mel(config.mel.clone()).with_db(config.db.clone());
    let source = log_mel_blocks(&log_mel, move |log_mel| {
        let mfcc = plan.compute_from_log_mel(&log_mel)?;
        Ok(Values::Matrix(match &delta {
            None => mfcc,
            Some(delta) => delta.compute(&mfcc)?,
        }))
    })?;
    let unit = match order {
        0 => "MFCC",
        1 => "delta",
        _ => "delta-delta",
    };
    Ok((source, config.mel.stft.hop_length, Style::new(Rows::Coefficients, Colours::Signed, unit)))
}

/// The tuning is estimated from the whole spectrogram; with a given one, each frame is by itself.
fn chroma(options: &Options, rate: u32) -> Outcome<Parts> {
    let config = options.chroma(rate)?;
    let plan = Chroma::new(&config)?;
    let rows = Rows::PitchClasses { first: if config.filters.base_c { 0 } else { 9 } };
    let compute = move |power: Matrix| plan.compute_from_spectrogram(&power);
    let source = if config.tuning.is_some() {
        blocks(Shared::Power, &config.stft, rate, Box::new(compute), whole())?
    } else {
        let finish: Step<Values> = Box::new(move |power| Ok(Values::Matrix(compute(power)?)));
        blocks(Shared::Power, &config.stft, rate, same(), finish)?
    };
    Ok((source, config.stft.hop_length, Style::new(rows, Colours::Values, "chroma")))
}

/// One value for each frame of magnitudes by itself.
fn of_frames(
    stft: StftConfig,
    rate: u32,
    each: impl Fn(Matrix) -> Result<Matrix, Error> + Send + Sync + 'static,
    axis: &'static str,
) -> Outcome<Parts> {
    let source = blocks(Shared::Magnitude, &stft, rate, Box::new(each), whole())?;
    Ok((source, stft.hop_length, Style::new(Rows::Line, Colours::Values, axis)))
}

/// Its floor lies under the loudest band of the whole file.
fn contrast(options: &Options, rate: u32) -> Outcome<Parts> {
    let config = options.contrast(rate);
    let plan = SpectralContrast::new(&config)?;
    let finish: Step<Values> =
        Box::new(move |magnitude| Ok(Values::Matrix(plan.compute_from_spectrogram(&magnitude)?)));
    let source = blocks(Shared::Magnitude, &config.stft, rate, same(), finish)?;
    let edge = |band: usize| if band == 0 { 0.0 } else { config.fmin * 2.0_f64.powi(band as i32 - 1) };
    let top = f64::from(rate) / 2.0;
    let name = |band: usize| {
        let end = if band == config.n_bands { top } else { edge(band + 1) };
        format!("{:.0} to {end:.0}", edge(band))
    };
    let rows = Rows::Named { axis: "band (Hz)", names: (0..=config.n_bands).map(name).collect() };
    let unit = if config.linear { "magnitude" } else { "dB" };
    Ok((source, config.stft.hop_length, Style::new(rows, Colours::Values, unit)))
}

fn onset(
    config: &OnsetStrengthConfig,
    finish: impl Fn(Matrix) -> Result<Values, Error> + Send + Sync + 'static,
) -> Outcome<Parts> {
    let plan = OnsetStrength::new(config)?;
    let source =
        log_mel_blocks(&config.log_mel, move |log_mel| finish(plan.compute_from_log_mel(&log_mel)?))?;
    let style = Style::new(Rows::Line, Colours::Values, "onset strength (dB)");
    Ok((source, config.log_mel.mel.stft.hop_length, style))
}
