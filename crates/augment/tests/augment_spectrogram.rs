//! What the spectrogram's steps do to values.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use proptest::prelude::*;
use soundalike_augment::{
    Error, Fill, FrequencyMask, GaussianNoise, IntensityJitter, Normalize, RandomCrop, Range, Refit,
    SpectrogramAugment, SpectrogramConfig, SpectrogramStep, TimeMask, TimeReversal,
};

const ROWS: usize = 40;
const FRAMES: usize = 130;

/// Each value tells its place.
fn values() -> Vec<f32> {
    (0..ROWS * FRAMES).map(|i| -80.0 + 0.01 * i as f32).collect()
}

fn run(step: impl Into<SpectrogramStep>, seed: u64) -> Vec<f32> {
    let mut x = values();
    let augment = SpectrogramAugment::new(&SpectrogramConfig::new(vec![step.into()])).unwrap();
    augment.apply(seed, &mut x, ROWS, FRAMES).unwrap();
    x
}

fn mean(x: &[f32]) -> f64 {
    x.iter().map(|v| f64::from(*v)).sum::<f64>() / x.len() as f64
}

fn std(x: &[f32]) -> f64 {
    let m = mean(x);
    (x.iter().map(|v| (f64::from(*v) - m).powi(2)).sum::<f64>() / x.len() as f64).sqrt()
}

#[test]
fn reversal_is_its_own_inverse() {
    let always = TimeReversal::default().with_probability(1.0);
    let x = run(always.clone(), 1);
    assert_eq!((x[0], x[FRAMES - 1]), (values()[FRAMES - 1], values()[0]));
    let mut back = x;
    let augment = SpectrogramAugment::new(&SpectrogramConfig::new(vec![always.into()])).unwrap();
    augment.apply(2, &mut back, ROWS, FRAMES).unwrap();
    assert_eq!(back, values());
}

#[test]
fn masks_cover_what_they_say_and_nothing_else() {
    for fill in [Fill::Minimum, Fill::Mean] {
        let want = if fill == Fill::Minimum { -80.0 } else { mean(&values()) as f32 };
        for seed in 0..50 {
            let share = Range::new(0.1, 0.3);
            let x = run(FrequencyMask::default().with_count(1_usize).with_share(share).with_fill(fill), seed);
            let masked: Vec<bool> = x.chunks(FRAMES).map(|row| row.iter().all(|v| *v == want)).collect();
            let count = masked.iter().filter(|m| **m).count();
            assert!((4..=12).contains(&count), "{count}");
            let first = masked.iter().position(|m| *m).unwrap();
            assert!(masked[first..first + count].iter().all(|m| *m));
            for (i, (x, before)) in x.iter().zip(values()).enumerate() {
                assert!(masked[i / FRAMES] || *x == before);
            }

            let x = run(TimeMask::default().with_count(1_usize).with_share(share).with_fill(fill), seed);
            let masked: Vec<bool> =
                (0..FRAMES).map(|t| x.iter().skip(t).step_by(FRAMES).all(|v| *v == want)).collect();
            let count = masked.iter().filter(|m| **m).count();
            assert!((13..=39).contains(&count), "{count}");
            for (i, (x, before)) in x.iter().zip(values()).enumerate() {
                assert!(masked[i % FRAMES] || *x == before);
            }
        }
    }
}

#[test]
fn a_crop_is_resized_or_padded() {
    for seed in 0..50 {
        let crop = RandomCrop::default().with_share(0.5);
        let x = run(crop.clone(), seed);
        // Rows are straight lines: so are their parts, half as steep.
        for (row, before) in x.chunks(FRAMES).zip(values().chunks(FRAMES)) {
            assert!(row[0] >= before[0] - 1e-3 && row[FRAMES - 1] <= before[FRAMES - 1] + 1e-3);
            let slope = (row[FRAMES - 1] - row[0]) / (before[FRAMES - 1] - before[0]);
            assert!((slope - 64.0 / 129.0).abs() < 1e-3, "{slope}");
        }
        let x = run(crop.with_refit(Refit::Pad), seed);
        for (row, before) in x.chunks(FRAMES).zip(values().chunks(FRAMES)) {
            let kept = row.iter().filter(|v| before.contains(v) && **v != -80.0).count();
            assert!(kept == 65 || kept == 64, "{kept}");
            assert_eq!(row.iter().filter(|v| **v == -80.0).count() + kept, FRAMES);
        }
    }
}

#[test]
fn jitter_and_noise_have_their_size() {
    let before = values();
    let x = run(IntensityJitter::default().with_db(3.0).with_contrast(0.5), 1);
    assert!((mean(&x) - mean(&before) - 3.0).abs() < 1e-3);
    assert!((std(&x) / std(&before) - 0.5).abs() < 1e-4);
    let x = run(GaussianNoise::default().with_std_db(2.5), 1);
    let added: Vec<f32> = x.iter().zip(&before).map(|(x, b)| x - b).collect();
    assert!(mean(&added).abs() < 0.1 && (std(&added) - 2.5).abs() < 0.08, "{} {}", mean(&added), std(&added));
}

#[test]
fn three_of_six_are_drawn_alike_and_in_order() {
    let config = SpectrogramConfig::simclr();
    let augment = SpectrogramAugment::new(&config).unwrap();
    let order: Vec<&str> = config.steps.iter().map(|s| s.name()).collect();
    let mut counts = vec![0; 6];
    for seed in 0..3_000 {
        let names = augment.names(seed);
        // Time reversal, if drawn, happens half of the time.
        assert!(names.len() == 3 || (names.len() == 2 && !names.contains(&"time_reversal")), "{names:?}");
        let places: Vec<usize> = names.iter().map(|n| order.iter().position(|o| o == n).unwrap()).collect();
        assert!(places.windows(2).all(|w| w[0] < w[1]));
        places.into_iter().for_each(|p| counts[p] += 1);
    }
    for (name, count) in order.iter().zip(&counts) {
        let want: i32 = if *name == "time_reversal" { 750 } else { 1_500 };
        assert!((count - want).abs() < 120, "{name}: {count}");
    }
    assert!(!SpectrogramConfig::identification().steps.iter().any(|s| s.name() == "time_reversal"));
}

#[test]
fn normalisation() {
    let step: SpectrogramStep = IntensityJitter::default().into();
    for (normalize, low, high) in [(Normalize::Standardize, -2.0, 2.0), (Normalize::MinMax, 0.0, 1.0)] {
        let config = SpectrogramConfig::new(vec![step.clone()]).with_normalize(normalize);
        let augment = SpectrogramAugment::new(&config).unwrap();
        let mut x = values();
        augment.apply(1, &mut x, ROWS, FRAMES).unwrap();
        assert!(x.iter().all(|v| (low..=high).contains(v)));
        if normalize == Normalize::Standardize {
            assert!(mean(&x).abs() < 1e-3 && (std(&x) - 1.0).abs() < 1e-3);
        } else {
            assert_eq!((x[0], x[ROWS * FRAMES - 1]), (0.0, 1.0));
        }
        for constant in [0.0, -80.0, 1e-9] {
            let mut x = vec![constant; 12];
            augment.apply(1, &mut x, 3, 4).unwrap();
            assert!(x.iter().all(|v| v.abs() < 1e-3), "{x:?}");
        }
    }
}

#[test]
fn bad_input_is_a_typed_error_and_changes_nothing() {
    let augment = SpectrogramAugment::new(&SpectrogramConfig::simclr()).unwrap();
    assert!(matches!(augment.apply(1, &mut [], 0, 0), Err(Error::Empty { .. })));
    assert!(matches!(augment.apply(1, &mut [], 128, 0), Err(Error::Empty { .. })));
    assert!(matches!(augment.apply(1, &mut [0.0; 5], 2, 3), Err(Error::Shape { expected: 6, got: 5, .. })));
    assert!(matches!(augment.apply(1, &mut [0.0; 5], usize::MAX, 3), Err(Error::Shape { .. })));
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut x = [1.0, bad, 2.0, 3.0];
        let error = augment.apply(1, &mut x, 2, 2).unwrap_err();
        assert!(matches!(error, Error::NotFinite { index: 1, .. }), "{error}");
        assert_eq!((x[0], x[2], x[3]), (1.0, 2.0, 3.0));
    }
    let refused = |config: SpectrogramConfig| SpectrogramAugment::new(&config).unwrap_err();
    assert!(matches!(
        refused(SpectrogramConfig::simclr().with_subset(7)),
        Error::Subset { expected: 6, got: 7 }
    ));
    let of = |step: SpectrogramStep| refused(SpectrogramConfig::new(vec![step]));
    for step in [
        SpectrogramStep::from(RandomCrop::default().with_share(0.0)),
        RandomCrop::default().with_share([0.5, 1.5]).into(),
        IntensityJitter::default().with_contrast(-1.0).into(),
        GaussianNoise::default().with_std_db(-1.0).into(),
        TimeReversal::default().with_probability(1.5).into(),
        TimeMask::default().with_probability(f64::NAN).into(),
        FrequencyMask::default().with_count(5_000_usize).into(),
    ] {
        assert!(matches!(of(step.clone()), Error::OutOfRange { .. }), "{step:?}");
    }
    assert!(matches!(of(TimeMask::default().with_share([0.5, 0.1]).into()), Error::InvalidRange { .. }));
    assert!(matches!(of(TimeMask::default().with_share(f64::NAN).into()), Error::InvalidRange { .. }));
}

proptest! {
    #[test]
    fn any_shape_keeps_its_shape_and_the_seed_fixes_the_values(rows in 1usize..30, frames in 1usize..30, seed: u64) {
        let augment = SpectrogramAugment::new(&SpectrogramConfig::simclr().with_subset(None)).unwrap();
        let x: Vec<f32> = (0..rows * frames).map(|i| ((i * 37) as f32).sin() * 30.0).collect();
        let (mut a, mut b) = (x.clone(), x);
        augment.apply(seed, &mut a, rows, frames).unwrap();
        augment.apply(seed, &mut b, rows, frames).unwrap();
        prop_assert!(a.iter().all(|v| v.is_finite()));
        prop_assert!(a.iter().map(|v| v.to_bits()).eq(b.iter().map(|v| v.to_bits())));
    }
}
