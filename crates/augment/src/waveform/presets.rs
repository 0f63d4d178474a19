//! Named configurations.

use super::config::{
    BackgroundNoise, BandPass, Clipping, Combined, ImpulseResponse, OneOf, PitchShift, Speed, TimeStretch,
    WaveformConfig, WaveformStep, WhiteNoise,
};
use crate::Range;

impl WaveformConfig {
    /// Edits of a recording that is to be recognised as the same: pitch within 4.5 semitones, tempo times 0.75 to 1.35,
    /// white noise at 0 to 30 dB, all of them together, or nothing.
    #[must_use]
    pub fn verification() -> Self {
        let pitch = || PitchShift::new([-4.5, 4.5]);
        let tempo = || TimeStretch::new([0.75, 1.35]);
        let noise = || WhiteNoise::new([0.0, 30.0]);
        let combined = Combined::new(vec![pitch().into(), tempo().into(), noise().into()]);
        let steps: Vec<WaveformStep> =
            vec![WaveformStep::None, pitch().into(), tempo().into(), noise().into(), combined.into()];
        Self::default().with_step(OneOf::new(steps).with_weights(vec![0.1, 0.25, 0.25, 0.15, 0.25]))
    }

    /// What happens to music on its way into a telephone in a café: in 45 % a speed (within 5.7 %), tempo (-13 to 14 %)
    /// or pitch (within 1.3 semitones) of its own, a room in 50 %, background noise at -3 to 15 dB in 80 %, band limits
    /// (60 to 400 Hz, 2.5 to 7.5 kHz) in 35 %, clipping in 20 %. Needs noises and rooms, and a sample rate above
    /// 15 kHz.
    ///
    /// Time reversal is no step of waveforms; a spectrogram's configuration for identification leaves it out too
    /// ([`SpectrogramConfig::identification`](crate::SpectrogramConfig::identification)).
    #[must_use]
    pub fn identification() -> Self {
        let own: Vec<WaveformStep> = vec![
            Speed::new([0.943, 1.057]).into(),
            TimeStretch::new([0.87, 1.14]).into(),
            PitchShift::new([-1.3, 1.3]).into(),
        ];
        Self::default()
            .with_step(OneOf::new(own).with_probability(0.45))
            .with_step(ImpulseResponse::new().with_probability(0.5))
            .with_step(BackgroundNoise::new([-3.0, 15.0]).with_probability(0.8))
            .with_step(
                BandPass::new(Range::new(60.0, 400.0), Range::new(2_500.0, 7_500.0)).with_probability(0.35),
            )
            .with_step(Clipping::new([3.0, 15.0]).with_probability(0.2))
    }
}
