/// The formula that turns Hz into mel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum MelScale {
    /// Slaney's Auditory Toolbox, librosa's default: linear to 1 kHz (15 mel), logarithmic above, 27 mel for
    /// a factor of 6.4.
    #[default]
    Slaney,
    /// The Hidden Markov Toolkit's `2595 log10(1 + f / 700)`, librosa's `htk=True`.
    Htk,
    /// Kaldi's and VGGish's `1127 ln(1 + f / 700)`: HTK's scale but for the factor, which is off by 1e-5 of it, so
    /// that the bands' edges differ by less than a thousandth of a Hz.
    Kaldi,
}

/// Mel for each Hz below the break, where Slaney's scale is linear.
const SLANEY_HZ_PER_MEL: f64 = 200.0 / 3.0;
const SLANEY_BREAK_HZ: f64 = 1000.0;
const SLANEY_BREAK_MEL: f64 = SLANEY_BREAK_HZ / SLANEY_HZ_PER_MEL;

/// The natural logarithm of the ratio of two frequencies above the break that are one mel apart.
fn slaney_log_step() -> f64 {
    6.4f64.ln() / 27.0
}

/// Converts a frequency in Hz to mel (`librosa.hz_to_mel`).
#[must_use]
pub fn hz_to_mel(hz: f64, scale: MelScale) -> f64 {
    match scale {
        MelScale::Htk => 2595.0 * (1.0 + hz / 700.0).log10(),
        MelScale::Kaldi => 1127.0 * (hz / 700.0).ln_1p(),
        MelScale::Slaney if hz < SLANEY_BREAK_HZ => hz / SLANEY_HZ_PER_MEL,
        MelScale::Slaney => SLANEY_BREAK_MEL + (hz / SLANEY_BREAK_HZ).ln() / slaney_log_step(),
    }
}

/// Converts mel to a frequency in Hz (`librosa.mel_to_hz`), the inverse of [`hz_to_mel`].
#[must_use]
pub fn mel_to_hz(mel: f64, scale: MelScale) -> f64 {
    match scale {
        MelScale::Htk => 700.0 * (10f64.powf(mel / 2595.0) - 1.0),
        MelScale::Kaldi => 700.0 * (mel / 1127.0).exp_m1(),
        MelScale::Slaney if mel < SLANEY_BREAK_MEL => mel * SLANEY_HZ_PER_MEL,
        MelScale::Slaney => SLANEY_BREAK_HZ * (slaney_log_step() * (mel - SLANEY_BREAK_MEL)).exp(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_points() {
        // librosa.hz_to_mel(60) = 0.9, the documentation's example; 6400 Hz is 27 mel over the break.
        assert!((hz_to_mel(60.0, MelScale::Slaney) - 0.9).abs() < 1e-12);
        assert!((hz_to_mel(1000.0, MelScale::Slaney) - 15.0).abs() < 1e-12);
        assert!((hz_to_mel(6400.0, MelScale::Slaney) - 42.0).abs() < 1e-12);
        assert!((hz_to_mel(700.0, MelScale::Htk) - 2595.0 * 2f64.log10()).abs() < 1e-12);
        assert_eq!(hz_to_mel(0.0, MelScale::Htk), 0.0);
        assert!((hz_to_mel(700.0, MelScale::Kaldi) - 1127.0 * 2f64.ln()).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn there_and_back(
            hz in 0.0..96_000.0f64,
            scale in prop_oneof![Just(MelScale::Slaney), Just(MelScale::Htk), Just(MelScale::Kaldi)],
        ) {
            let back = mel_to_hz(hz_to_mel(hz, scale), scale);
            prop_assert!((back - hz).abs() <= 1e-9 * hz.max(1.0));
        }
    }
}
