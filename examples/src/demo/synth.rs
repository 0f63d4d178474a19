//! Oscillators, envelopes and drums of the demo songs.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha12Rng;

use super::song::{Drums, Timbre};

const TABLE: usize = 2048;
const OCTAVES: usize = 9;
/// Fundamental of the lowest table in Hz.
const LOWEST: f32 = 32.0;

/// Band-limited wavetables of one timbre, an octave apart.
pub(super) struct Instrument {
    tables: Vec<Vec<f32>>,
    timbre: Timbre,
    sample_rate: f32,
}

impl Instrument {
    pub(super) fn new(timbre: &Timbre, sample_rate: u32) -> Self {
        let nyquist = sample_rate as f32 / 2.0;
        let tables = (0..OCTAVES)
            .map(|octave| {
                let highest = LOWEST * 2.0_f32.powi(octave as i32 + 1);
                let mut table = vec![0.0_f32; TABLE + 1];
                for (h, &amplitude) in timbre.harmonics.iter().enumerate() {
                    let n = h as f32 + 1.0;
                    if n * highest < nyquist {
                        for (i, v) in table.iter_mut().enumerate() {
                            *v += amplitude * (std::f32::consts::TAU * n * i as f32 / TABLE as f32).sin();
                        }
                    }
                }
                // Equal loudness, so that a song's level does not depend on the number of harmonics.
                let rms = (table.iter().map(|v| v * v).sum::<f32>() / TABLE as f32).sqrt();
                if rms > 0.0 {
                    table.iter_mut().for_each(|v| *v *= 0.35 / rms);
                }
                table
            })
            .collect();
        Self { tables, timbre: timbre.clone(), sample_rate: sample_rate as f32 }
    }

    /// Adds a note of `hz` from `start` for `seconds` (release included) to `out`.
    pub(super) fn play(&self, out: &mut [f32], start: f32, seconds: f32, hz: f32, velocity: f32) {
        let t = &self.timbre;
        let octave = (hz / LOWEST).log2().floor().clamp(0.0, (OCTAVES - 1) as f32) as usize;
        let table = &self.tables[octave];
        let from = (start * self.sample_rate) as usize;
        let release = 0.06;
        let n = ((seconds + release) * self.sample_rate) as usize;
        let decay = (-1.0 / (t.decay * self.sample_rate)).exp();
        let (mut phase, mut level) = (0.0_f32, 1.0_f32);
        let base = hz / self.sample_rate * TABLE as f32;
        for (i, v) in out.iter_mut().skip(from).take(n).enumerate() {
            let time = i as f32 / self.sample_rate;
            let envelope = if time < t.attack { time / t.attack } else { level };
            if time >= t.attack {
                level = t.sustain + (level - t.sustain) * decay;
            }
            let fade = ((seconds + release - time) / release).clamp(0.0, 1.0);
            let at = phase as usize;
            let a = table[at];
            let wave = a + (table[at + 1] - a) * (phase - at as f32);
            *v += velocity * t.level * envelope * fade * wave;
            let bend = if t.vibrato > 0.0 { 1.0 + t.vibrato * (time * 34.0).sin() } else { 1.0 };
            phase += base * bend;
            while phase >= TABLE as f32 {
                phase -= TABLE as f32;
            }
        }
    }
}

/// Renders each drum once; a hit is a copy.
pub(super) struct DrumKit {
    kick: Vec<f32>,
    snare: Vec<f32>,
    hat: Vec<f32>,
}

impl DrumKit {
    pub(super) fn new(drums: &Drums, seed: u64, sample_rate: u32) -> Self {
        let sr = sample_rate as f32;
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let mut noise = |n: usize| -> Vec<f32> { (0..n).map(|_| rng.random_range(-1.0..1.0)).collect() };
        let mut phase = 0.0_f32;
        let kick = (0..(0.35 * sr) as usize)
            .map(|i| {
                let t = i as f32 / sr;
                phase += (drums.kick_hz + 180.0 * (-t / 0.025).exp()) / sr;
                (std::f32::consts::TAU * phase).sin() * (-t / 0.11).exp()
            })
            .collect();
        let snare = noise((drums.snare_decay * 5.0 * sr) as usize)
            .iter()
            .enumerate()
            .map(|(i, n)| {
                let t = i as f32 / sr;
                let tone = (std::f32::consts::TAU * drums.snare_hz * t).sin() * (-t / 0.05).exp();
                0.5 * n * (-t / drums.snare_decay).exp() + 0.5 * tone
            })
            .collect();
        let raw = noise((drums.hat_decay * 5.0 * sr) as usize);
        // Differences of noise: a first-order high-pass.
        let hat = (1..raw.len())
            .map(|i| 0.3 * (raw[i] - raw[i - 1]) * (-(i as f32) / sr / drums.hat_decay).exp())
            .collect();
        Self { kick, snare, hat }
    }

    pub(super) fn hit(&self, out: &mut [f32], at: usize, kick: f32, snare: f32, hat: f32) {
        for (sound, velocity) in [(&self.kick, kick), (&self.snare, snare), (&self.hat, hat)] {
            if velocity > 0.0 {
                out.iter_mut().skip(at).zip(sound).for_each(|(o, s)| *o += velocity * s);
            }
        }
    }
}

/// A gentle low-pass (one pole) in place.
pub(super) fn darken(x: &mut [f32], cutoff_hz: f32, sample_rate: u32) {
    let a = 1.0 - (-std::f32::consts::TAU * cutoff_hz / sample_rate as f32).exp();
    let mut y = 0.0;
    for v in x {
        y += a * (*v - y);
        // Part of the direct sound stays: a tilt, not a wall.
        *v = 0.85 * y + 0.15 * *v;
    }
}

/// Feedback echo in place.
pub(super) fn echo(x: &mut [f32], seconds: f32, level: f32, sample_rate: u32) {
    let delay = (seconds * sample_rate as f32) as usize;
    for i in delay..x.len() {
        x[i] += level * x[i - delay];
    }
}
