//! What happens to a clip before it is asked about.

use biquad::{Biquad as _, Coefficients, DirectForm2Transposed, Q_BUTTERWORTH_F32, ToHertz as _, Type};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha12Rng;

use crate::cli::Outcome;

/// A degradation of a clip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Degradation {
    /// Nothing: a smoke test, not a measurement.
    Clean,
    /// White noise at this signal-to-noise ratio in dB.
    Noise(f32),
    /// Fourth-order low-pass at this frequency in Hz.
    LowPass(f32),
    /// Gain in dB.
    Gain(f32),
    /// Low-pass, then noise, then gain: in Hz, dB and dB.
    All(f32, f32, f32),
}

impl Degradation {
    /// The conditions that the pipeline asks under; the clean cut first.
    pub const ALL: [Self; 6] = [
        Self::Clean,
        Self::Noise(20.0),
        Self::Noise(10.0),
        Self::LowPass(4_000.0),
        Self::Gain(-12.0),
        Self::All(4_000.0, 20.0, -12.0),
    ];

    /// The name in tables; all three together have those settings that the single ones have in [`Self::ALL`].
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Clean => "clean cut (smoke test)".to_owned(),
            Self::Noise(snr) => format!("white noise, {snr} dB SNR"),
            Self::LowPass(hz) => format!("low-pass {} kHz", hz / 1000.0),
            Self::Gain(db) => format!("gain {db} dB"),
            Self::All(..) => "low-pass + noise + gain".to_owned(),
        }
    }

    /// The degraded clip; the same seed gives the same samples. The result is clipped to -1..1.
    ///
    /// # Errors
    /// When the cut-off is not below half the sample rate.
    pub fn apply(self, clip: &[f32], sample_rate: u32, seed: u64) -> Outcome<Vec<f32>> {
        let mut out = clip.to_vec();
        match self {
            Self::Clean => {}
            Self::Noise(snr) => add_noise(&mut out, snr, seed),
            Self::LowPass(hz) => low_pass(&mut out, hz, sample_rate)?,
            Self::Gain(db) => gain(&mut out, db),
            Self::All(hz, snr, db) => {
                low_pass(&mut out, hz, sample_rate)?;
                add_noise(&mut out, snr, seed);
                gain(&mut out, db);
            }
        }
        out.iter_mut().for_each(|x| *x = x.clamp(-1.0, 1.0));
        Ok(out)
    }
}

fn power(x: &[f32]) -> f32 {
    x.iter().map(|v| v * v).sum::<f32>() / x.len().max(1) as f32
}

/// White noise, uniform, scaled to the exact ratio over this clip.
fn add_noise(x: &mut [f32], snr_db: f32, seed: u64) {
    let mut rng = ChaCha12Rng::seed_from_u64(seed);
    let noise: Vec<f32> = x.iter().map(|_| rng.random_range(-1.0..1.0)).collect();
    let (signal, own) = (power(x), power(&noise));
    if own > 0.0 {
        let scale = (signal / own / 10.0_f32.powf(snr_db / 10.0)).sqrt();
        x.iter_mut().zip(noise).for_each(|(x, n)| *x += scale * n);
    }
}

fn gain(x: &mut [f32], db: f32) {
    let factor = 10.0_f32.powf(db / 20.0);
    x.iter_mut().for_each(|v| *v *= factor);
}

/// Two second-order Butterworth sections.
fn low_pass(x: &mut [f32], cutoff: f32, sample_rate: u32) -> Outcome<()> {
    let coefficients = Coefficients::<f32>::from_params(
        Type::LowPass,
        (sample_rate as f32).hz(),
        cutoff.hz(),
        Q_BUTTERWORTH_F32,
    )
    .map_err(|e| format!("a low-pass at {cutoff} Hz does not fit {sample_rate} Hz: {e:?}"))?;
    for _ in 0..2 {
        let mut section = DirectForm2Transposed::<f32>::new(coefficients);
        x.iter_mut().for_each(|v| *v = section.run(*v));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f32) -> Vec<f32> {
        (0..22_050).map(|i| 0.3 * (std::f32::consts::TAU * hz * i as f32 / 22_050.0).sin()).collect()
    }

    fn db(a: f32) -> f32 {
        10.0 * a.log10()
    }

    #[test]
    fn noise_has_the_ratio_asked_for_and_the_seed_fixes_it() {
        let x = tone(440.0);
        let y = Degradation::Noise(10.0).apply(&x, 22_050, 3).unwrap();
        let noise: Vec<f32> = y.iter().zip(&x).map(|(y, x)| y - x).collect();
        assert!((db(power(&x) / power(&noise)) - 10.0).abs() < 0.1);
        assert_eq!(y, Degradation::Noise(10.0).apply(&x, 22_050, 3).unwrap());
        assert_ne!(y, Degradation::Noise(10.0).apply(&x, 22_050, 4).unwrap());
    }

    #[test]
    fn low_pass_keeps_low_and_removes_high() {
        let cut = |hz| {
            let x = tone(hz);
            db(power(&Degradation::LowPass(4000.0).apply(&x, 22_050, 0).unwrap()) / power(&x))
        };
        assert!(cut(500.0).abs() < 0.2);
        assert!(cut(8000.0) < -24.0);
        assert!(Degradation::LowPass(12_000.0).apply(&tone(1.0), 22_050, 0).is_err());
    }

    #[test]
    fn gain_is_exact_and_silence_stays_silent() {
        let x = tone(440.0);
        assert!(
            (db(power(&Degradation::Gain(-12.0).apply(&x, 22_050, 0).unwrap()) / power(&x)) + 12.0).abs()
                < 0.01
        );
        assert!(Degradation::Noise(10.0).apply(&[0.0; 10], 22_050, 0).unwrap().iter().all(|&v| v == 0.0));
    }
}
