//! The plan that draws and applies edits.

use std::sync::Arc;

use rustfft::FftPlanner;

use super::config::{WaveformConfig, WaveformStep};
use super::draw::{Available, draw, needs};
use super::edit::Edit;
use super::mix::{add_background, add_white};
use super::sources::{self, Kind, Sources};
use super::step::EditStep;
use crate::dsp::codec::{Codec, CodecScratch};
use crate::dsp::convolve::{ConvolveScratch, Response, decay, direct_sound};
use crate::dsp::filter::{Pass, filter};
use crate::dsp::power;
use crate::dsp::resample::{Resample, ResampleScratch, Step};
use crate::dsp::vocoder::{Vocoder, VocoderScratch};
use crate::random::Draws;
use crate::{Error, check};

/// The longest edited signal, an hour and a half at 48 kHz.
const MAX_SAMPLES: usize = 1 << 28;

/// Sample rates.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=192_000;

/// Draws edits by a [`WaveformConfig`] and applies them: planned once, used for any number of signals on any number of
/// threads.
///
/// ```
/// use soundalike_augment::{Edit, Sources, Waveform, WaveformConfig};
///
/// let waveform = Waveform::new(&WaveformConfig::verification(), 22_050, Sources::none())?;
/// let song: Vec<f32> = (0..120_000).map(|n| (n as f32 * 0.05).sin()).collect();
///
/// // An edited clip of 3 s without a border: from as much of the song as the edit needs.
/// let edit = waveform.draw(7);
/// let from = &song[..edit.input_samples(66_150)];
/// let edited = waveform.apply(&edit, from)?;
/// assert_eq!(edit.cut(&edited, 66_150)?.len(), 66_150);
///
/// let faster = waveform.apply(&Edit::tempo(1.25), &song)?;
/// assert_eq!(faster.len(), 96_000);
/// # Ok::<(), soundalike_augment::Error>(())
/// ```
#[derive(Debug)]
pub struct Waveform {
    config: WaveformConfig,
    sample_rate: u32,
    noises: Vec<Arc<[f32]>>,
    rooms: Vec<Room>,
    decays: Vec<usize>,
    vocoder: Vocoder,
    resample: Resample,
    codec: Codec,
}

#[derive(Debug)]
struct Room {
    response: Response,
    direct: usize,
}

/// Working memory: make one for each thread and pass it to every call of [`Waveform::apply_into`].
#[derive(Debug, Default)]
pub struct Scratch {
    vocoder: VocoderScratch,
    resample: ResampleScratch,
    convolve: ConvolveScratch,
    codec: CodecScratch,
    noise: Vec<f32>,
    other: Vec<f32>,
}

impl Scratch {
    /// An empty scratch; it holds no memory before its first use.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Waveform {
    /// Checks the configuration and the sources, and plans.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for a sample rate that is not 4,000 to 192,000 Hz or a parameter out of range,
    /// [`Error::InvalidRange`], [`Error::TooDeep`], [`Error::Weights`]; [`Error::NoSources`] if a step needs
    /// noises or rooms and there are none; [`Error::Empty`], [`Error::NotFinite`], [`Error::TooLarge`] and
    /// [`Error::SilentSource`] for a source that is of no use.
    pub fn new(config: &WaveformConfig, sample_rate: u32, sources: Sources) -> Result<Self, Error> {
        if !RATES.contains(&sample_rate) {
            let expected = "4000 to 192000";
            return Err(Error::OutOfRange { what: "sample_rate", expected, got: f64::from(sample_rate) });
        }
        config.check(sample_rate)?;
        let any = |what: &dyn Fn(&WaveformStep) -> bool| config.steps.iter().any(|s| needs(s, &|s| what(s)));
        if sources.noise.is_empty() && any(&|s| matches!(s, WaveformStep::BackgroundNoise(_))) {
            return Err(Error::NoSources { step: "background_noise", what: Kind::Noises.name() });
        }
        if sources.rooms.is_empty() && any(&|s| matches!(s, WaveformStep::ImpulseResponse(_))) {
            return Err(Error::NoSources { step: "impulse_response", what: Kind::Rooms.name() });
        }
        sources::check(&sources.noise, Kind::Noises)?;
        sources::check(&sources.rooms, Kind::Rooms)?;
        let mut planner = FftPlanner::new();
        let room =
            |r: &Arc<[f32]>| Room { response: Response::new(r, &mut planner), direct: direct_sound(r) };
        Ok(Self {
            config: config.clone(),
            sample_rate,
            decays: sources.rooms.iter().map(|r| decay(r)).collect(),
            rooms: sources.rooms.iter().map(room).collect(),
            noises: sources.noise,
            vocoder: Vocoder::new(sample_rate),
            resample: Resample::new(),
            codec: Codec::new(sample_rate),
        })
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &WaveformConfig {
        &self.config
    }

    /// The sample rate of signals and sources.
    #[must_use]
    pub fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// What happens by this seed: the same for the same configuration and number of sources.
    #[must_use]
    pub fn draw(&self, seed: u64) -> Edit {
        let available = Available { noises: self.noises.len(), decays: &self.decays };
        let (mut draws, mut steps) = (Draws::new(seed), Vec::new());
        self.config.steps.iter().for_each(|s| draw(s, &available, &mut draws, &mut steps));
        Edit::drawn(steps, self.sample_rate)
    }

    /// Applies an edit to a whole signal: [`Edit::output_samples`] samples. The same edit and signal give the same
    /// samples, on any thread. They may exceed full scale where noise or gain takes them there.
    ///
    /// # Errors
    /// [`Error::Empty`] without samples, [`Error::NotFinite`] and [`Error::TooLarge`] (above 1e6) for one of no use;
    /// [`Error::OutOfRange`] for a parameter out of range, [`Error::MissingSource`] for a noise or room that is not
    /// there, [`Error::Silent`] for noise beside silence, [`Error::TooLong`] for a result above 2^28 samples.
    pub fn apply(&self, edit: &Edit, samples: &[f32]) -> Result<Vec<f32>, Error> {
        let mut out = Vec::new();
        self.apply_into(edit, samples, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::apply`] into `out`, which gets the result's length.
    ///
    /// # Errors
    /// As [`Self::apply`]; `out` is then unspecified.
    pub fn apply_into(
        &self,
        edit: &Edit,
        samples: &[f32],
        out: &mut Vec<f32>,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        edit.steps().iter().try_for_each(|s| self.accept(*s))?;
        if samples.is_empty() {
            return Err(Error::Empty { what: "samples" });
        }
        check::samples(samples, "sample")?;
        let got = edit.output_samples(samples.len());
        if got > MAX_SAMPLES {
            return Err(Error::TooLong { limit: MAX_SAMPLES, got });
        }
        if got == 0 {
            return Err(Error::Empty { what: "the edited signal" });
        }
        out.clear();
        out.extend_from_slice(samples);
        let mut steps = edit.steps();
        while let Some(first) = steps.first() {
            let warps = steps.iter().take_while(|s| s.warps()).count();
            if warps > 0 {
                self.warp(steps.get(..warps).unwrap_or_default(), out, scratch)?;
            } else {
                self.step(*first, out, scratch)?;
            }
            steps = steps.get(warps.max(1)..).unwrap_or_default();
        }
        Ok(())
    }

    /// That a step can be done.
    fn accept(&self, step: EditStep) -> Result<(), Error> {
        step.check(self.sample_rate)?;
        let (kind, index, got) = match step {
            EditStep::BackgroundNoise { source, .. } => (Kind::Noises, source, self.noises.len()),
            EditStep::ImpulseResponse { room, .. } => (Kind::Rooms, room, self.rooms.len()),
            _ => return Ok(()),
        };
        if index < got {
            return Ok(());
        }
        Err(Error::MissingSource { step: step.name(), what: kind.name(), index, got })
    }

    /// Changes of pitch and tempo in a row: resampling for the pitch, then stretching for what the length still lacks.
    fn warp(&self, steps: &[EditStep], out: &mut Vec<f32>, scratch: &mut Scratch) -> Result<(), Error> {
        let scale: f64 = steps.iter().map(|s| s.time_scale()).product();
        let pitch: f64 = steps.iter().map(|s| s.pitch()).product();
        let len = (out.len() as f64 * scale).round() as usize;
        let Scratch { vocoder, resample, other, .. } = scratch;
        let step = Step::nearest(pitch);
        let stretch = scale * step.value();
        // Speed alone needs no stretching.
        if (stretch - 1.0).abs() < 1e-4 {
            self.resample.run(out, step, len, other, resample);
            std::mem::swap(out, other);
        } else if stretch < 1.0 {
            // The stretch makes it shorter: first, so that there is less to resample.
            let between = (len as f64 * step.value()).ceil() as usize;
            self.vocoder.run(out, stretch, between, other, vocoder)?;
            self.resample.run(other, step, len, out, resample);
        } else {
            let between = (out.len() as f64 / step.value()).ceil() as usize;
            self.resample.run(out, step, between, other, resample);
            self.vocoder.run(other, stretch, len, out, vocoder)?;
        }
        Ok(())
    }

    fn step(&self, step: EditStep, out: &mut Vec<f32>, scratch: &mut Scratch) -> Result<(), Error> {
        match step {
            EditStep::PitchShift { .. } | EditStep::TimeStretch { .. } | EditStep::Speed { .. } => {}
            EditStep::Gain { db } => scale(out, 10f64.powf(db / 20.0)),
            EditStep::WhiteNoise { snr_db, seed } => add_white(out, snr_db, seed, &mut scratch.noise)?,
            EditStep::BackgroundNoise { snr_db, source, start } => {
                if let Some(noise) = self.noises.get(source) {
                    add_background(out, noise, start, snr_db, &mut scratch.noise)?;
                }
            }
            EditStep::ImpulseResponse { room, .. } => {
                if let Some(room) = self.rooms.get(room) {
                    let before = power(out);
                    room.response.run(out, room.direct, &mut scratch.other, &mut scratch.convolve);
                    std::mem::swap(out, &mut scratch.other);
                    let after = power(out);
                    // The level stays, whatever the recording of the room was.
                    scale(out, if after > 0.0 { (before / after).sqrt() } else { 1.0 });
                }
            }
            EditStep::LowPass { hz } => filter(out, Pass::Low, hz, self.sample_rate)?,
            EditStep::HighPass { hz } => filter(out, Pass::High, hz, self.sample_rate)?,
            EditStep::BandPass { low_hz, high_hz } => {
                filter(out, Pass::High, low_hz, self.sample_rate)?;
                filter(out, Pass::Low, high_hz, self.sample_rate)?;
            }
            EditStep::Clipping { db } => {
                let largest = out.iter().fold(0f32, |m, x| m.max(x.abs()));
                let limit = (f64::from(largest) * 10f64.powf(-db / 20.0)) as f32;
                out.iter_mut().for_each(|x| *x = x.clamp(-limit, limit));
            }
            EditStep::LossyCoding { kbps } => self.codec.run(out, kbps, &mut scratch.codec),
        }
        Ok(())
    }
}

fn scale(samples: &mut [f32], factor: f64) {
    let factor = factor as f32;
    samples.iter_mut().for_each(|x| *x *= factor);
}
