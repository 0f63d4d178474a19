use std::f32::consts::LN_10;

use crate::db::decibels;
use crate::lanes::Lane;
use crate::spectrum::{Spectrum, SpectrumFeature};
use crate::{Error, MelConfig, MelFilterBank, StftConfig};

/// What a front end does to each band by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Compression {
    None,
    /// `ln(x + offset)`.
    Ln {
        offset: f32,
    },
    /// `log10(1 + factor x)`.
    Log10 {
        factor: f32,
    },
}

/// Mel bands or plain bins, compressed.
#[derive(Debug, Clone)]
pub(super) struct Bands {
    input: Spectrum,
    bins: usize,
    /// Without it, the bins themselves.
    filters: Option<MelFilterBank>,
    compression: Compression,
}

impl Bands {
    pub(super) fn mel(config: &MelConfig, compression: Compression) -> Result<Self, Error> {
        let filters = MelFilterBank::new(config)?;
        let input = if config.power == 1.0 { Spectrum::Magnitude } else { Spectrum::Power };
        Ok(Self { input, bins: filters.bins(), filters: Some(filters), compression })
    }

    pub(super) fn magnitudes(config: &StftConfig) -> Self {
        let bins = config.n_fft / 2 + 1;
        Self { input: Spectrum::Magnitude, bins, filters: None, compression: Compression::None }
    }
}

impl SpectrumFeature for Bands {
    fn input(&self) -> Spectrum {
        self.input
    }

    fn bins(&self) -> usize {
        self.bins
    }

    fn rows(&self) -> usize {
        self.filters.as_ref().map_or(self.bins, MelFilterBank::n_mels)
    }

    #[inline(always)]
    fn block(&self, bins: &[Lane], rows: &mut [Lane], _memory: &mut Vec<Lane>) {
        match &self.filters {
            Some(filters) => filters.apply_to_block(bins, rows),
            None => rows.iter_mut().zip(bins).for_each(|(row, bin)| *row = *bin),
        }
        match self.compression {
            Compression::None => {}
            Compression::Ln { offset } => map(rows, |x| ln(x + offset)),
            Compression::Log10 { factor } => map(rows, |x| 0.1 * decibels(1.0 + factor * x)),
        }
    }
}

/// The natural logarithm of a normal `x > 0`.
#[inline(always)]
pub(super) fn ln(x: f32) -> f32 {
    (0.1 * LN_10) * decibels(x)
}

/// Changes every value of a block.
#[inline(always)]
pub(super) fn map(rows: &mut [Lane], f: impl Fn(f32) -> f32) {
    for value in rows.as_flattened_mut() {
        *value = f(*value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_one() {
        let mut x = 1e-16f32;
        while x < 1e30 {
            let want = f64::from(x).ln();
            assert!((f64::from(ln(x)) - want).abs() <= 3e-7 * want.abs() + 1e-6, "{x:e}");
            x *= 1.0137;
        }
    }
}
