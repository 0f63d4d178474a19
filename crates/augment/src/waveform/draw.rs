//! From a configuration to an edit.

use super::config::{OneOf, WaveformStep};
use super::step::EditStep;
use crate::Range;
use crate::random::Draws;

/// What there is to be drawn from.
pub(crate) struct Available<'a> {
    pub(crate) noises: usize,
    /// Samples until each room has faded.
    pub(crate) decays: &'a [usize],
}

/// Draws a step, and the steps in it, into `out`.
pub(crate) fn draw(
    step: &WaveformStep,
    available: &Available<'_>,
    draws: &mut Draws,
    out: &mut Vec<EditStep>,
) {
    if !draws.happens(step.probability()) {
        return;
    }
    // Six digits behind the point are enough, and come back from a decimal number as they were.
    let short = |x: f64| (x * 1e6).round() / 1e6;
    let mut of = |r: Range| short(draws.between(r.low, r.high)).clamp(r.low, r.high);
    let drawn = match step {
        WaveformStep::None => return,
        WaveformStep::PitchShift(s) => EditStep::PitchShift { semitones: of(s.semitones) },
        WaveformStep::TimeStretch(s) => EditStep::TimeStretch { rate: of(s.rate) },
        WaveformStep::Speed(s) => EditStep::Speed { rate: of(s.rate) },
        WaveformStep::Gain(s) => EditStep::Gain { db: of(s.db) },
        WaveformStep::WhiteNoise(s) => EditStep::WhiteNoise { snr_db: of(s.snr_db), seed: draws.seed() },
        WaveformStep::BackgroundNoise(s) => EditStep::BackgroundNoise {
            snr_db: of(s.snr_db),
            source: draws.index(available.noises),
            start: short(draws.unit()),
        },
        WaveformStep::ImpulseResponse(_) => {
            let room = draws.index(available.decays.len());
            EditStep::ImpulseResponse { room, decay: available.decays.get(room).copied().unwrap_or(0) }
        }
        WaveformStep::LowPass(s) => EditStep::LowPass { hz: of(s.hz) },
        WaveformStep::HighPass(s) => EditStep::HighPass { hz: of(s.hz) },
        WaveformStep::BandPass(s) => EditStep::BandPass { low_hz: of(s.low_hz), high_hz: of(s.high_hz) },
        WaveformStep::Clipping(s) => EditStep::Clipping { db: of(s.db) },
        WaveformStep::LossyCoding(s) => EditStep::LossyCoding { kbps: of(s.kbps) },
        WaveformStep::Combined(s) => {
            s.steps.iter().for_each(|s| draw(s, available, draws, out));
            return;
        }
        WaveformStep::OneOf(one_of) => {
            if let Some(step) = choose(one_of, draws) {
                draw(step, available, draws, out);
            }
            return;
        }
    };
    out.push(drawn);
}

/// One of the steps, by weight.
fn choose<'a>(one_of: &'a OneOf, draws: &mut Draws) -> Option<&'a WaveformStep> {
    let Some(weights) = &one_of.weights else {
        return one_of.steps.get(draws.index(one_of.steps.len()));
    };
    let mut at = draws.unit() * weights.iter().sum::<f64>();
    let mut last = None;
    for (step, weight) in one_of.steps.iter().zip(weights) {
        if *weight > 0.0 {
            last = Some(step);
            if at < *weight {
                break;
            }
            at -= weight;
        }
    }
    last
}

/// Whether a step can need a noise or a room.
pub(crate) fn needs(step: &WaveformStep, what: &impl Fn(&WaveformStep) -> bool) -> bool {
    match step {
        WaveformStep::Combined(s) => s.steps.iter().any(|s| needs(s, what)),
        WaveformStep::OneOf(s) => s.steps.iter().any(|s| needs(s, what)),
        other => what(other),
    }
}
