//! Sample rate conversion with the delay taken out and a known length.
//!
//! `n` samples at `from` Hz become `ceil(n * to / from)` samples at `to` Hz, and sample 0 of the
//! output is at the time of sample 0 of the input. Three ways lead there: equal rates are copied;
//! ratios of small whole numbers (all common rates) go through rubato's FFT resampler in fixed
//! blocks; the rest, such as 44,101 to 22,050 Hz, go through a windowed sinc ([`sinc`]), whose
//! latency and memory do not grow with the ratio's numerator. Each is a function of the input
//! position alone, so the output does not depend on how the input was cut into blocks, and can
//! start anywhere.

mod fft;
mod sinc;

use crate::config::{Limits, MIN_SAMPLE_RATE, check_rate};
use crate::error::Error;
use fft::FftEngine;
use sinc::SincEngine;

/// The largest FFT block, in frames of the faster side; ratios that need more use the sinc.
const MAX_FFT_BLOCK: u64 = 16_384;

enum Engine {
    Copy,
    Fft(Box<FftEngine>),
    Sinc(Box<SincEngine>),
}

/// Streaming resampler for one mono signal.
///
/// ```
/// use soundalike_audio::Resampler;
///
/// let mut resampler = Resampler::new(44_100, 22_050)?;
/// let mut out = Vec::new();
/// for block in [[0.5_f32; 1_000]; 3] {
///     resampler.process(&block, &mut out)?;
/// }
/// resampler.finish(&mut out)?;
/// assert_eq!(out.len(), 1_500);
/// # Ok::<(), soundalike_audio::Error>(())
/// ```
pub struct Resampler {
    from: u32,
    to: u32,
    engine: Engine,
    /// Input frames before the first one given (0 unless started in the middle).
    base: u64,
    /// Input frames given since `base`.
    fed: u64,
    /// Output frames the engine will still give that lie before the wanted start.
    discard: u64,
    /// Index, in the whole output, of the next frame the engine gives.
    next: u64,
}

impl std::fmt::Debug for Resampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resampler").field("from", &self.from).field("to", &self.to).finish_non_exhaustive()
    }
}

impl Resampler {
    /// Plans the conversion from `from_hz` to `to_hz`.
    ///
    /// # Errors
    /// [`Error::InvalidSampleRate`] for a rate below [`MIN_SAMPLE_RATE`] or above the default of
    /// [`Limits::max_sample_rate`].
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Self, Error> {
        let max = Limits::default().max_sample_rate;
        check_rate(from_hz, max)?;
        check_rate(to_hz, max)?;
        Self::starting_at(from_hz, to_hz, 0)
    }

    /// A resampler whose output begins at frame `start` of the whole output. The caller feeds
    /// the input from frame [`first_input_frame`](Self::first_input_frame) on.
    pub(crate) fn starting_at(from: u32, to: u32, start: u64) -> Result<Self, Error> {
        let mut this = Self { from, to, engine: Engine::Copy, base: start, fed: 0, discard: 0, next: start };
        if from == to {
            return Ok(this);
        }
        let divisor = gcd(from, to);
        let (unit_in, unit_out) = (u64::from(from / divisor), u64::from(to / divisor));
        if unit_in.max(unit_out) * 2 <= MAX_FFT_BLOCK {
            let mut engine = FftEngine::new(from, to, unit_in as usize, unit_out as usize)?;
            let (base, first) = engine.start_for(start);
            this.base = base;
            this.next = first;
            this.engine = Engine::Fft(Box::new(engine));
        } else {
            let engine = SincEngine::new(unit_in, unit_out, start);
            this.base = engine.first_input();
            this.engine = Engine::Sinc(Box::new(engine));
        }
        this.discard = start.saturating_sub(this.next);
        Ok(this)
    }

    /// Input frames that lie before the first frame to feed.
    pub(crate) fn first_input_frame(&self) -> u64 {
        self.base
    }

    /// Length of the output for `n` input frames: `ceil(n * to / from)`.
    #[must_use]
    pub fn output_len(&self, n: u64) -> u64 {
        output_len(n, self.from, self.to)
    }

    /// Feeds samples and appends whatever output they complete to `out`.
    ///
    /// # Errors
    /// [`Error::Resample`] if the FFT library fails, which is not expected.
    pub fn process(&mut self, input: &[f32], out: &mut Vec<f32>) -> Result<(), Error> {
        self.fed += input.len() as u64;
        let before = out.len();
        match &mut self.engine {
            Engine::Copy => out.extend_from_slice(input),
            Engine::Fft(engine) => engine.process(input, out)?,
            Engine::Sinc(engine) => engine.process(input, out),
        }
        self.drop_leading(out, before);
        Ok(())
    }

    /// Appends the rest of the output, up to [`output_len`](Self::output_len) in all, and makes
    /// the resampler ready for another signal from its start.
    ///
    /// # Errors
    /// As [`process`](Self::process).
    pub fn finish(&mut self, out: &mut Vec<f32>) -> Result<(), Error> {
        let total = self.output_len(self.base + self.fed);
        let before = out.len();
        match &mut self.engine {
            Engine::Copy => {}
            Engine::Fft(engine) => engine.finish(total.saturating_sub(self.next), out)?,
            Engine::Sinc(engine) => engine.finish(total.saturating_sub(self.next), out),
        }
        self.drop_leading(out, before);
        // Blocks reach past the end of the signal: what lies there is the filter's ringing.
        let extra = self.next.saturating_sub(total).min((out.len() - before) as u64);
        out.truncate(out.len() - extra as usize);
        match &mut self.engine {
            Engine::Copy => {}
            Engine::Fft(engine) => engine.reset(),
            Engine::Sinc(engine) => engine.reset(),
        }
        (self.base, self.fed, self.discard, self.next) = (0, 0, 0, 0);
        Ok(())
    }

    fn drop_leading(&mut self, out: &mut Vec<f32>, before: usize) {
        let got = (out.len() - before) as u64;
        self.next += got;
        let drop = self.discard.min(got);
        if drop > 0 {
            out.drain(before..before + drop as usize);
            self.discard -= drop;
        }
    }
}

/// Resamples a whole signal; see [`Resampler`] for length and alignment.
///
/// # Errors
/// [`Error::InvalidSampleRate`] for rates outside [`MIN_SAMPLE_RATE`] to 768,000 Hz.
pub fn resample(samples: &[f32], from_hz: u32, to_hz: u32) -> Result<Vec<f32>, Error> {
    let mut resampler = Resampler::new(from_hz, to_hz)?;
    let len = resampler.output_len(samples.len() as u64);
    let mut out =
        Vec::with_capacity(usize::try_from(len).unwrap_or(0).saturating_add(MAX_FFT_BLOCK as usize));
    resampler.process(samples, &mut out)?;
    resampler.finish(&mut out)?;
    Ok(out)
}

fn output_len(n: u64, from: u32, to: u32) -> u64 {
    let product = u128::from(n) * u128::from(to);
    u64::try_from(product.div_ceil(u128::from(from.max(MIN_SAMPLE_RATE)))).unwrap_or(u64::MAX)
}

fn gcd(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}
