#![allow(clippy::needless_range_loop, reason = "an index of several arrays of lanes")]

use super::{PIECE, all_finite, column, frame_methods};
use crate::lanes::{LANES, Lane};
use crate::spectrum::{Spectrum, SpectrumFeature};
use crate::vector_math::{exp, ln};
use crate::{Error, Stft, StftConfig};

/// The parameters of the spectral flatness; the names and defaults are librosa's.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct SpectralFlatnessConfig {
    /// How the signal is cut and transformed.
    pub stft: StftConfig,
    /// Powers under this count as this; a normal number above zero. Default 1e-10.
    pub amin: f32,
    /// Exponent of the magnitudes, a number above 0. Default 2, which is the fastest.
    pub power: f64,
}

impl Default for SpectralFlatnessConfig {
    fn default() -> Self {
        Self { stft: StftConfig::default(), amin: 1e-10, power: 2.0 }
    }
}

impl SpectralFlatnessConfig {
    /// Sets how the signal is cut and transformed.
    #[must_use]
    pub fn with_stft(mut self, stft: StftConfig) -> Self {
        self.stft = stft;
        self
    }

    /// Sets the least power.
    #[must_use]
    pub fn with_amin(mut self, amin: f32) -> Self {
        self.amin = amin;
        self
    }

    /// Sets the exponent of the magnitudes.
    #[must_use]
    pub fn with_power(mut self, power: f64) -> Self {
        self.power = power;
        self
    }
}

/// The geometric mean of each frame's powers divided by their arithmetic mean
/// (`librosa.feature.spectral_flatness`), `[1 x frame]`: near 0 for a tone, about 0.56 for white noise, 1 for
/// silence.
#[derive(Debug, Clone)]
pub struct SpectralFlatness {
    config: SpectralFlatnessConfig,
    stft: Stft,
}

impl SpectralFlatness {
    /// Checks the configuration and plans.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a parameter out of range.
    pub fn new(config: &SpectralFlatnessConfig) -> Result<Self, Error> {
        if !(config.amin.is_normal() && config.amin > 0.0) {
            return Err(Error::config("amin", f64::from(config.amin), "a normal number above 0"));
        }
        if !(config.power > 0.0 && config.power.is_finite()) {
            return Err(Error::config("power", config.power, "a number above 0"));
        }
        Ok(Self { config: config.clone(), stft: Stft::new(&config.stft)? })
    }

    /// One frame in double precision, for any exponent and any magnitudes: by logarithms less their largest.
    fn of_frame(&self, values: impl Iterator<Item = f64> + Clone) -> f64 {
        let least = f64::from(self.config.amin).ln();
        let logs = values.map(|value| (self.config.power * value.ln()).max(least));
        let most = logs.clone().fold(least, f64::max);
        let (sum, powers) =
            logs.fold((0.0, 0.0), |(sum, powers), log| (sum + (log - most), powers + (log - most).exp()));
        let bins = self.stft.bins() as f64;
        (sum / bins).exp() / (powers / bins)
    }

    /// All frames of a block, one after the other.
    #[inline(never)]
    fn exact(&self, bins: &[Lane], row: &mut Lane) {
        for (lane, to) in row.iter_mut().enumerate() {
            *to = self.of_frame(column(bins, lane)) as f32;
        }
    }
}

/// All frames of a block for the exponents 2 and 1; the sums of the powers too, which show whether they have left
/// the range.
///
/// The logarithm of a product is the sum of its factors' exponents and the logarithm of the product of their
/// mantissas. Those are from 1 to 2, so that the product of a piece is in range.
#[inline(always)]
fn of_block<const SQUARED: bool>(bins: &[Lane], amin: f32) -> ([f64; LANES], [f64; LANES]) {
    let mut exponents = [0u32; LANES];
    let mut mantissas = [1.0f64; LANES];
    let mut totals = [0.0; LANES];
    for piece in bins.chunks(PIECE) {
        let mut product = [1.0f32; LANES];
        let mut sums = Lane::default();
        for values in piece {
            for i in 0..LANES {
                let value = if SQUARED { values[i] * values[i] } else { values[i] };
                let value = if value > amin { value } else { amin };
                let bits = value.to_bits();
                exponents[i] += bits >> 23;
                product[i] *= f32::from_bits((bits & 0x007f_ffff) | 0x3f80_0000);
                sums[i] += value;
            }
        }
        for i in 0..LANES {
            let bits = product[i].to_bits();
            exponents[i] += (bits >> 23) - 127;
            let mantissa = mantissas[i] * f64::from(f32::from_bits((bits & 0x007f_ffff) | 0x3f80_0000));
            // In long transforms there are enough pieces to leave even the range of double precision.
            let over = mantissa >= 2.0;
            mantissas[i] = if over { 0.5 * mantissa } else { mantissa };
            exponents[i] += u32::from(over);
            totals[i] += f64::from(sums[i]);
        }
    }
    let count = bins.len() as f64;
    let mut flatness = [0.0; LANES];
    for i in 0..LANES {
        let log = (f64::from(exponents[i]) - 127.0 * count) * std::f64::consts::LN_2 + ln(mantissas[i]);
        flatness[i] = exp(log / count) / (totals[i] / count);
    }
    (flatness, totals)
}

frame_methods!(SpectralFlatness, SpectralFlatnessConfig, "magnitude", "`[1 x frame]`");

impl SpectrumFeature for SpectralFlatness {
    fn input(&self) -> Spectrum {
        Spectrum::Magnitude
    }

    fn bins(&self) -> usize {
        self.stft.bins()
    }

    fn rows(&self) -> usize {
        1
    }

    #[inline(always)]
    fn block(&self, bins: &[Lane], rows: &mut [Lane], _: &mut Vec<Lane>) {
        let fast = if self.config.power == 2.0 {
            Some(of_block::<true>(bins, self.config.amin))
        } else if self.config.power == 1.0 {
            Some(of_block::<false>(bins, self.config.amin))
        } else {
            None
        };
        let Some(row) = rows.first_mut() else {
            return;
        };
        match fast {
            Some((flatness, totals)) if all_finite(&totals) => {
                for (to, flatness) in row.iter_mut().zip(flatness) {
                    *to = flatness as f32;
                }
            }
            _ => self.exact(bins, row),
        }
    }
}
