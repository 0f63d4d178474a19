/// Samples a second of [`audio`].
pub const SAMPLE_RATE: u32 = 22_050;

/// Length of [`audio`].
pub const SECONDS: u32 = 30;

/// 30 s at 22,050 Hz: three tones that swell and fade, over noise.
#[must_use]
pub fn audio() -> Vec<f32> {
    clip(SAMPLE_RATE, f64::from(SECONDS), 1)
}

/// `seconds` of the same at any rate; another `seed` is other noise.
#[must_use]
pub fn clip(sample_rate: u32, seconds: f64, seed: u32) -> Vec<f32> {
    let mut state = seed;
    (0..(f64::from(sample_rate) * seconds) as u32)
        .map(|n| {
            let t = f64::from(n) / f64::from(sample_rate);
            let tones: f64 = [220.0, 554.4, 1318.5]
                .iter()
                .map(|hz| (std::f64::consts::TAU * hz * t).sin() * (0.5 + 0.5 * (t * hz / 100.0).sin()))
                .sum();
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = f64::from(state >> 8) / f64::from(1u32 << 23) - 1.0;
            (0.2 * tones + 0.05 * noise) as f32
        })
        .collect()
}
