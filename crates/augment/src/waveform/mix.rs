//! Adding noise at a level.

use pulp::{Arch, Simd, WithSimd};

use crate::Error;
use crate::dsp::power;
use crate::random::white;

/// Of a noise that goes round, the share of its length that fades into its start.
const FADE: usize = 8;

/// The least power that counts as sound: -200 dB of full scale.
const SILENCE: f64 = 1e-20;

/// Adds `noise` so that the ratio of the powers is `snr_db`.
fn add(samples: &mut [f32], noise: &[f32], snr_db: f64, step: &'static str) -> Result<(), Error> {
    let (signal, own) = (power(samples), power(noise));
    if signal < SILENCE {
        return Err(Error::Silent { step });
    }
    let scale = if own > 0.0 { (signal / own * 10f64.powf(-snr_db / 10.0)).sqrt() as f32 } else { 0.0 };
    samples.iter_mut().zip(noise).for_each(|(x, n)| *x += scale * n);
    Ok(())
}

/// Adds white noise.
pub(crate) fn add_white(
    samples: &mut [f32],
    snr_db: f64,
    seed: u64,
    noise: &mut Vec<f32>,
) -> Result<(), Error> {
    noise.clear();
    noise.resize(samples.len(), 0.0);
    Arch::new().dispatch(White { seed, noise });
    add(samples, noise, snr_db, "white_noise")
}

struct White<'a> {
    seed: u64,
    noise: &'a mut [f32],
}

impl WithSimd for White<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (i, n) in self.noise.iter_mut().enumerate() {
            *n = white(self.seed, i as u64);
        }
    }
}

/// Adds a source from `start` (0 to 1) of where it may start.
pub(crate) fn add_background(
    samples: &mut [f32],
    source: &[f32],
    start: f64,
    snr_db: f64,
    noise: &mut Vec<f32>,
) -> Result<(), Error> {
    stretch_of(source, start, samples.len(), noise);
    if power(noise) < SILENCE {
        // A pause in the noise: its loudest part is somewhere else.
        let loudest = source.iter().enumerate().fold(
            (0, 0.0),
            |m, (i, x)| {
                if x.abs() > m.1 { (i, x.abs()) } else { m }
            },
        );
        let from = loudest.0.saturating_sub(samples.len() / 2);
        stretch_of(
            source,
            from as f64 / places(source.len(), samples.len()).max(1) as f64,
            samples.len(),
            noise,
        );
    }
    add(samples, noise, snr_db, "background_noise")
}

/// At how many samples a stretch may start beside the first: a source that is long enough is not made to go round.
fn places(source: usize, len: usize) -> usize {
    if source > len { source - len } else { source - 1 }
}

/// `len` samples of a source. A shorter one goes round, its end faded into its start with equal power.
fn stretch_of(source: &[f32], start: f64, len: usize, out: &mut Vec<f32>) {
    out.clear();
    let from = ((places(source.len(), len) + 1) as f64 * start.clamp(0.0, 1.0)) as usize;
    let from = from.min(places(source.len(), len));
    if let Some(stretch) = source.get(from..from + len) {
        out.extend_from_slice(stretch);
        return;
    }
    let fade = source.len() / FADE;
    let round = source.len() - fade;
    let at = |i: usize| source.get(i).copied().unwrap_or_default();
    out.extend((0..len).map(|n| {
        let i = (from + n) % round;
        // The first time round, nothing precedes.
        if i < fade && from + n >= round {
            let part = (i as f32 + 0.5) / fade as f32 * std::f32::consts::FRAC_PI_2;
            at(i) * part.sin() + at(round + i) * part.cos()
        } else {
            at(i)
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_noise_is_cut_and_short_noise_goes_round() {
        let source: Vec<f32> = (0..80).map(|i| 1.0 + i as f32).collect();
        let mut out = Vec::new();
        for start in [0.0, 0.5, 0.999, 1.0] {
            stretch_of(&source, start, 30, &mut out);
            assert_eq!(out.len(), 30);
            assert!(out.windows(2).all(|w| w[1] == w[0] + 1.0), "{start}");
        }
        stretch_of(&source, 1.0, 30, &mut out);
        assert_eq!(out[29], 80.0);
        stretch_of(&source, 0.3, 400, &mut out);
        assert_eq!(out.len(), 400);
        assert!(out.iter().all(|x| *x > 0.0));
        // It is the same again, once round.
        assert_eq!(out[70..140], out[140..210]);
        for (source, len) in [(&[2.0_f32][..], 5), (&[1.0, 2.0], 7)] {
            stretch_of(source, 0.7, len, &mut out);
            assert_eq!(out.len(), len);
            assert!(out.iter().all(|x| *x > 0.0));
        }
    }

    #[test]
    fn a_pause_in_the_noise_is_passed_over() {
        let mut source = vec![0.0; 1000];
        source[900] = 1.0;
        let mut x = vec![0.5; 50];
        add_background(&mut x, &source, 0.0, 10.0, &mut Vec::new()).unwrap();
        let noise: Vec<f32> = x.iter().map(|x| x - 0.5).collect();
        assert!((10.0 * (0.25 / power(&noise)).log10() - 10.0).abs() < 1e-3);
    }
}
