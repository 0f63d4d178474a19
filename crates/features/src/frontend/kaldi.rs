use std::f64::consts::{LN_2, PI};

use super::bands::{ln, map};
use super::kaldi_frames::KaldiFrames;
use super::{KaldiFbankConfig, KaldiMfccConfig};
use crate::lanes::{LANES, Lane, add_scaled};
use crate::{
    Error, Matrix, MelConfig, MelDomain, MelFilterBank, MelNorm, MelScale, Scratch, StftConfig, check,
};

/// Kaldi's log mel filter bank (`compute-fbank-feats`, `torchaudio.compliance.kaldi.fbank`, kaldi-native-fbank),
/// planned once and used for any number of signals.
///
/// Each frame by itself: mean off, pre-emphasis, window, zeros up to a power of two, power spectrum, triangles that
/// are straight in mel, natural logarithm. The references compute in single precision, which shows in bands that are
/// over 100 dB under the loudest; here it is double.
///
/// ```
/// use soundalike_features::{KaldiFbank, KaldiFbankConfig};
///
/// let fbank = KaldiFbank::new(&KaldiFbankConfig::default().with_num_mel_bins(80))?;
/// let samples: Vec<f32> = (0..16_000).map(|n| (n as f32 * 0.1).sin()).collect();
/// let bands = fbank.compute(&samples)?;
/// assert_eq!((bands.rows(), bands.cols()), (80, 98));
/// # Ok::<(), soundalike_features::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct KaldiFbank {
    config: KaldiFbankConfig,
    frames: KaldiFrames,
    filters: MelFilterBank,
    /// What the scale of the samples adds to the logarithm of an energy, and of a band.
    ln_scale: [f64; 2],
}

impl KaldiFbank {
    /// Checks the configuration and plans.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range.
    pub fn new(config: &KaldiFbankConfig) -> Result<Self, Error> {
        config.check()?;
        let mel = MelConfig::new(config.sample_rate)
            .with_stft(StftConfig::default().with_n_fft(config.n_fft()))
            .with_n_mels(config.num_mel_bins)
            .with_fmin(config.low_freq)
            .with_fmax(config.fmax())
            .with_scale(MelScale::Kaldi)
            .with_domain(MelDomain::Mel)
            .with_norm(MelNorm::None);
        let ln_scale = f64::from(config.scale).ln();
        Ok(Self {
            config: config.clone(),
            frames: KaldiFrames::new(config),
            filters: MelFilterBank::new(&mel)?,
            ln_scale: [2.0 * ln_scale, if config.use_power { 2.0 * ln_scale } else { ln_scale }],
        })
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &KaldiFbankConfig {
        &self.config
    }

    /// Rows of the result: a band each, and one before them with `use_energy`.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.config.num_mel_bins + usize::from(self.config.use_energy)
    }

    /// Samples from one frame to the next.
    #[must_use]
    pub fn hop_length(&self) -> usize {
        self.frames.hop_length()
    }

    /// Columns of the result for `n_samples` samples.
    ///
    /// # Errors
    /// [`Error::EmptyInput`] for no samples; [`Error::TooShort`] for fewer than a window, or without `snip_edges`
    /// for fewer than half a hop.
    pub fn frames(&self, n_samples: usize) -> Result<usize, Error> {
        self.frames.frames(n_samples)
    }

    /// The bands of `samples` at the configured rate, `[num_mel_bins x frame]`.
    ///
    /// # Errors
    /// As [`Self::frames`], and [`Error::NonFinite`] or [`Error::SampleTooLarge`] for a sample that is not usable,
    /// [`Error::OutOfMemory`] if the result is.
    pub fn compute(&self, samples: &[f32]) -> Result<Matrix, Error> {
        let mut out = Matrix::default();
        self.compute_into(samples, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::compute`] into `out`, which gets the result's shape. Allocates nothing once `out` and `scratch` have
    /// grown to what the configuration and the length need.
    ///
    /// # Errors
    /// As [`Self::compute`]; `out` is then unspecified.
    pub fn compute_into(
        &self,
        samples: &[f32],
        out: &mut Matrix,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let frames = self.accept(samples)?;
        out.reshape(self.rows(), frames)?;
        self.for_each_block(samples, frames, scratch, |first, count, rows, _| {
            out.put_columns(first, count, rows);
        });
        Ok(())
    }

    fn accept(&self, samples: &[f32]) -> Result<usize, Error> {
        let frames = self.frames(samples.len())?;
        check::samples(samples)?;
        Ok(frames)
    }

    /// Calls `emit(first, count, rows, coefficients)` for each block of frames; the coefficients are memory.
    fn for_each_block(
        &self,
        samples: &[f32],
        frames: usize,
        scratch: &mut Scratch,
        mut emit: impl FnMut(usize, usize, &[Lane], &mut Vec<Lane>),
    ) {
        let Scratch { kaldi, bands: rows, coefficients, .. } = scratch;
        rows.resize(self.rows(), Lane::default());
        self.frames.for_each_block(samples, frames, kaldi, |first, count, bins, energies| {
            let (energy, bands) = rows.split_at_mut(usize::from(self.config.use_energy));
            if let Some(energy) = energy.first_mut() {
                *energy = energies.map(|energy| self.ln_energy(energy));
            }
            self.filters.apply_to_block(bins, bands);
            self.finish(bands);
            emit(first, count, rows, coefficients);
        });
    }

    /// The scale and the logarithm of a block's bands. The scale is added to the logarithm, so that nothing can
    /// overflow, whatever the samples' range.
    fn finish(&self, bands: &mut [Lane]) {
        let ln_scale = self.ln_scale[1];
        if self.config.use_log_fbank {
            let floor = (LN_EPSILON - ln_scale).exp() as f32;
            let ln_scale = ln_scale as f32;
            map(bands, |x| ln(x.max(floor)) + ln_scale);
        } else {
            let scale = ln_scale.exp();
            map(bands, |x| (f64::from(x) * scale).min(f64::from(f32::MAX)) as f32);
        }
    }

    fn ln_energy(&self, energy: f64) -> f32 {
        let ln_energy = (energy.ln() + self.ln_scale[0]).max(LN_EPSILON);
        let floor = self.config.energy_floor;
        if floor > 0.0 { ln_energy.max(floor.ln()) as f32 } else { ln_energy as f32 }
    }
}

/// The logarithm of single precision's epsilon, 2^-23.
const LN_EPSILON: f64 = -23.0 * LN_2;

/// Kaldi's cepstral coefficients (`compute-mfcc-feats`, `torchaudio.compliance.kaldi.mfcc`), planned once and used
/// for any number of signals: [`KaldiFbank`], the orthonormal cosine transform of type 2, and a lifter that counts
/// from 0.
#[derive(Debug, Clone)]
pub struct KaldiMfcc {
    config: KaldiMfccConfig,
    fbank: KaldiFbank,
    /// `[coefficient][band]`, cosine transform and lifter in one.
    weights: Vec<f32>,
}

impl KaldiMfcc {
    /// Checks the configuration and plans.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range.
    pub fn new(config: &KaldiMfccConfig) -> Result<Self, Error> {
        config.check()?;
        let (lifter, bands) = (config.cepstral_lifter, config.fbank.num_mel_bins);
        let weight = |k: usize, n: usize| {
            let scale = (if k == 0 { 1.0 } else { 2.0 } / bands as f64).sqrt();
            let cosine = (PI * k as f64 * (n as f64 + 0.5) / bands as f64).cos();
            let lift = if lifter == 0.0 { 1.0 } else { 1.0 + 0.5 * lifter * (PI * k as f64 / lifter).sin() };
            (lift * scale * cosine) as f32
        };
        let weights = (0..config.num_ceps).flat_map(|k| (0..bands).map(move |n| weight(k, n))).collect();
        Ok(Self { config: config.clone(), fbank: KaldiFbank::new(&config.fbank)?, weights })
    }

    /// The configuration this was made from.
    #[must_use]
    pub fn config(&self) -> &KaldiMfccConfig {
        &self.config
    }

    /// The plan of the bands.
    #[must_use]
    pub fn fbank(&self) -> &KaldiFbank {
        &self.fbank
    }

    /// Columns of the result for `n_samples` samples.
    ///
    /// # Errors
    /// As [`KaldiFbank::frames`].
    pub fn frames(&self, n_samples: usize) -> Result<usize, Error> {
        self.fbank.frames(n_samples)
    }

    /// The coefficients of `samples` at the configured rate, `[num_ceps x frame]`.
    ///
    /// # Errors
    /// As [`KaldiFbank::compute`].
    pub fn compute(&self, samples: &[f32]) -> Result<Matrix, Error> {
        let mut out = Matrix::default();
        self.compute_into(samples, &mut out, &mut Scratch::new())?;
        Ok(out)
    }

    /// [`Self::compute`] into `out`, under the terms of [`KaldiFbank::compute_into`].
    ///
    /// # Errors
    /// As [`KaldiFbank::compute`]; `out` is then unspecified.
    pub fn compute_into(
        &self,
        samples: &[f32],
        out: &mut Matrix,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let frames = self.fbank.accept(samples)?;
        out.reshape(self.config.num_ceps, frames)?;
        let bands = self.config.fbank.num_mel_bins;
        self.fbank.for_each_block(samples, frames, scratch, |first, count, rows, coefficients| {
            coefficients.resize(self.config.num_ceps, [0.0; LANES]);
            let (energy, log_bands) = rows.split_at(rows.len().saturating_sub(bands));
            for (out, weights) in coefficients.iter_mut().zip(self.weights.chunks_exact(bands)) {
                *out = Lane::default();
                for (weight, values) in weights.iter().zip(log_bands) {
                    add_scaled(out, *weight, values);
                }
            }
            if let (Some(out), Some(energy)) = (coefficients.first_mut(), energy.first()) {
                *out = *energy;
            }
            out.put_columns(first, count, coefficients);
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Window;

    /// The definition for the frame at `start`, one step after the other. Returns bands (not logarithms) and the
    /// energy before and after the window.
    fn naive(samples: &[f32], start: i64, config: &KaldiFbankConfig) -> (Vec<f64>, [f64; 2]) {
        let (length, n_fft, scale) = (config.window_length(), config.n_fft(), f64::from(config.scale));
        let last = samples.len() as i64 - 1;
        let at = |mut index: i64| {
            while !(0..=last).contains(&index) {
                index = if index < 0 { -1 - index } else { 2 * last + 1 - index };
            }
            f64::from(samples[index as usize]) * scale
        };
        let mut x: Vec<f64> = (0..length as i64).map(|n| at(start + n)).collect();
        if config.remove_dc_offset {
            let mean = x.iter().sum::<f64>() / length as f64;
            x.iter_mut().for_each(|x| *x -= mean);
        }
        let raw = x.iter().map(|x| x * x).sum();
        for n in (0..length).rev() {
            x[n] -= config.preemphasis_coefficient * x[n.saturating_sub(1)];
        }
        let window = config.window.values_f64(length, false);
        x.iter_mut().zip(window).for_each(|(x, weight)| *x *= weight);
        let windowed = x.iter().map(|x| x * x).sum();
        let spectrum: Vec<f64> = (0..n_fft / 2)
            .map(|k| {
                let angle = |n: usize| -2.0 * PI * (k * n % n_fft) as f64 / n_fft as f64;
                let re: f64 = x.iter().enumerate().map(|(n, x)| x * angle(n).cos()).sum();
                let im: f64 = x.iter().enumerate().map(|(n, x)| x * angle(n).sin()).sum();
                (re * re + im * im).powf(if config.use_power { 1.0 } else { 0.5 })
            })
            .collect();
        let mel = |hz: f64| 1127.0 * (1.0 + hz / 700.0).ln();
        let (low, high) = (mel(config.low_freq), mel(config.fmax()));
        let step = (high - low) / (config.num_mel_bins + 1) as f64;
        let band = |m: usize| {
            let peak = low + step * (m + 1) as f64;
            let hz = |k: usize| k as f64 * f64::from(config.sample_rate) / n_fft as f64;
            let weight = |k: usize| (1.0 - (mel(hz(k)) - peak).abs() / step).max(0.0);
            spectrum.iter().enumerate().map(|(k, value)| weight(k) * value).sum()
        };
        ((0..config.num_mel_bins).map(band).collect(), [raw, windowed])
    }

    fn configs() -> impl Strategy<Value = KaldiFbankConfig> {
        let window = prop_oneof![Just(Window::Povey), Just(Window::Hamming), Just(Window::Rectangular)];
        let flags = any::<(bool, bool, bool, bool, bool)>();
        (1usize..40, 1usize..60, 4usize..12, 0.0..1.0f64, 0.0..900.0f64, window, flags).prop_map(
            |(half, hop, bands, preemphasis, low, window, (snip, dc, round, power, raw))| {
                // 4 samples a millisecond, so that lengths are whole numbers of them.
                KaldiFbankConfig::default()
                    .with_sample_rate(4000)
                    .with_frame_length(half as f64 / 2.0)
                    .with_frame_shift(hop as f64 / 4.0)
                    .with_num_mel_bins(bands)
                    .with_preemphasis_coefficient(preemphasis)
                    .with_low_freq(low)
                    .with_high_freq(-700.0)
                    .with_window(window)
                    .with_snip_edges(snip)
                    .with_remove_dc_offset(dc)
                    .with_round_to_power_of_two(round)
                    .with_use_power(power)
                    .with_use_energy(true)
                    .with_raw_energy(raw)
                    .with_scale(if raw { 1.0 } else { 32_768.0 })
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn as_defined(
            samples in prop::collection::vec(-1.0f32..1.0, 1..400),
            config in configs(),
        ) {
            let fbank = KaldiFbank::new(&config).unwrap();
            let plain = KaldiFbank::new(&config.clone().with_use_log_fbank(false)).unwrap();
            prop_assume!(fbank.frames(samples.len()).is_ok());
            let (logs, bands) = (fbank.compute(&samples).unwrap(), plain.compute(&samples).unwrap());
            let (hop, length) = (config.hop_length() as i64, config.window_length() as i64);
            for frame in 0..logs.cols() {
                let first = if config.snip_edges { 0 } else { hop / 2 - length / 2 };
                let (want, energies) = naive(&samples, first + frame as i64 * hop, &config);
                let peak = want.iter().fold(1e-6, |a: f64, b| a.max(*b));
                for (band, want) in want.iter().enumerate() {
                    let got = f64::from(bands.get(band + 1, frame).unwrap());
                    prop_assert!((got - want).abs() <= 1e-5 * peak, "{} instead of {}", got, want);
                    if *want > 1e-4 * peak {
                        let (got, want) = (f64::from(logs.get(band + 1, frame).unwrap()), want.max(f64::from(f32::EPSILON)).ln());
                        prop_assert!((got - want).abs() <= 1e-4, "{} instead of {}", got, want);
                    }
                }
                let want = energies[usize::from(!config.raw_energy)].ln().max(0.0);
                let got = f64::from(logs.get(0, frame).unwrap());
                prop_assert!((got - want).abs() <= 1e-4, "energy {} instead of {}", got, want);
            }
        }

        #[test]
        fn coefficients_are_the_lifted_cosine_transform(
            samples in prop::collection::vec(-1.0f32..1.0, 40..200),
            config in configs(),
            num_ceps in any::<prop::sample::Index>(),
            lifter in prop_oneof![Just(0.0), 1.0..50.0f64],
            use_energy: bool,
        ) {
            let fbank = config.with_use_power(true).with_frame_length(10.0).with_use_energy(use_energy);
            let num_ceps = 1 + num_ceps.index(fbank.num_mel_bins);
            let config = KaldiMfccConfig::default().with_fbank(fbank).with_num_ceps(num_ceps).with_cepstral_lifter(lifter);
            let mfcc = KaldiMfcc::new(&config).unwrap();
            prop_assume!(mfcc.frames(samples.len()).is_ok());
            let (got, bands) = (mfcc.compute(&samples).unwrap(), mfcc.fbank().compute(&samples).unwrap());
            for frame in 0..got.cols() {
                let mut column: Vec<f64> = bands.iter_rows().map(|row| f64::from(row[frame])).collect();
                let energy = use_energy.then(|| column.remove(0));
                let dct = crate::naive::dct(&column, num_ceps);
                for (i, want) in dct.iter().enumerate() {
                    let lift = if lifter > 0.0 { 1.0 + lifter / 2.0 * (PI * i as f64 / lifter).sin() } else { 1.0 };
                    let want = energy.filter(|_| i == 0).unwrap_or(lift * want);
                    let got = f64::from(got.get(i, frame).unwrap());
                    prop_assert!((got - want).abs() <= 1e-3, "{} instead of {}", got, want);
                }
            }
        }
    }
}
