//! What waveforms refuse, and that nothing panics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::sync::Arc;

use proptest::prelude::*;
use soundalike_augment::{
    BackgroundNoise, BandPass, Combined, Edit, Error, Gain, ImpulseResponse, LowPass, OneOf, PitchShift,
    Range, Sources, Speed, TimeStretch, Waveform, WaveformConfig, WaveformStep, WhiteNoise,
};

const RATE: u32 = 22_050;

fn plain() -> Waveform {
    Waveform::new(&WaveformConfig::default(), RATE, Sources::none()).unwrap()
}

fn sources(noise: &[&[f32]], rooms: &[&[f32]]) -> Sources {
    let all = |x: &[&[f32]]| x.iter().map(|x| Arc::from(*x)).collect();
    Sources::new(all(noise), all(rooms))
}

#[test]
fn samples_of_no_use() {
    let w = plain();
    assert!(matches!(w.apply(&Edit::none(), &[]), Err(Error::Empty { what: "samples" })));
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut x = vec![0.1; 3_000];
        x[1_234] = bad;
        for edit in [Edit::none(), Edit::pitch(1.0), Edit::white_noise(3.0, 1)] {
            assert!(matches!(w.apply(&edit, &x), Err(Error::NotFinite { index: 1_234, .. })));
        }
    }
    assert!(matches!(w.apply(&Edit::tempo(1.1), &[0.0, 2e6]), Err(Error::TooLarge { index: 1, .. })));
    // Silence has no signal-to-noise ratio, but every other edit of it is silence.
    for silent in [vec![0.0; 4_000], vec![1e-20; 4_000]] {
        let refused = w.apply(&Edit::white_noise(10.0, 1), &silent);
        assert!(matches!(refused, Err(Error::Silent { step: "white_noise" })));
        for edit in [
            Edit::pitch(3.0),
            Edit::tempo(0.8),
            Edit::speed(1.1),
            Edit::clipping(3.0),
            Edit::lossy_coding(16.0),
        ] {
            let y = w.apply(&edit, &silent).unwrap();
            assert!(y.iter().all(|v| v.abs() < 1e-18), "{edit}");
        }
    }
    // One sample, and the shortest signals, have an answer.
    for n in [1, 2, 3, 100, 2_047, 2_048, 2_049] {
        let x = vec![0.25; n];
        for edit in [
            Edit::pitch(-3.0),
            Edit::tempo(0.7),
            Edit::speed(0.9),
            Edit::low_pass(3_000.0),
            Edit::lossy_coding(32.0),
        ] {
            let y = w.apply(&edit, &x).unwrap();
            assert_eq!(y.len(), edit.output_samples(n), "{edit}");
            assert!(y.iter().all(|v| v.is_finite() && v.abs() < 1.0));
        }
    }
    // Nothing would be left.
    assert!(matches!(w.apply(&Edit::tempo(4.0), &[0.5]), Err(Error::Empty { .. })));
}

#[test]
fn sources_of_no_use() {
    let with = |s: Sources| Waveform::new(&WaveformConfig::default(), RATE, s).map(|_| ());
    assert_eq!(with(sources(&[&[]], &[])), Err(Error::Empty { what: "noises" }));
    assert_eq!(with(sources(&[], &[&[1.0], &[]])), Err(Error::Empty { what: "rooms" }));
    assert_eq!(with(sources(&[&[0.0; 9]], &[])), Err(Error::SilentSource { what: "noises", index: 0 }));
    assert_eq!(with(sources(&[], &[&[1.0], &[0.0]])), Err(Error::SilentSource { what: "rooms", index: 1 }));
    assert!(matches!(
        with(sources(&[&[0.1, f32::NAN]], &[])),
        Err(Error::NotFinite { what: "noises", index: 1, .. })
    ));
    for (step, name) in [
        (WaveformStep::from(BackgroundNoise::new(5.0)), "background_noise"),
        (ImpulseResponse::new().into(), "impulse_response"),
        (
            OneOf::new(vec![Combined::new(vec![ImpulseResponse::new().into()]).into()]).into(),
            "impulse_response",
        ),
    ] {
        let error = Waveform::new(&WaveformConfig::new(vec![step]), RATE, Sources::none()).unwrap_err();
        assert!(matches!(error, Error::NoSources { step, .. } if step == name), "{error}");
    }
    let w = Waveform::new(&WaveformConfig::default(), RATE, sources(&[&[0.1]], &[&[1.0]])).unwrap();
    let x = [0.5; 100];
    assert!(w.apply(&Edit::background_noise(3.0, 0, 1.0).then(Edit::impulse_response(0)), &x).is_ok());
    let error = w.apply(&Edit::background_noise(3.0, 1, 0.0), &x).unwrap_err();
    assert_eq!(error.to_string(), "background_noise: needs number 1 of the noises, there are 1");
    assert!(matches!(w.apply(&Edit::impulse_response(7), &x), Err(Error::MissingSource { index: 7, .. })));
}

#[test]
fn parameters_out_of_range() {
    for rate in [0, 3_999, 192_001, u32::MAX] {
        let error = Waveform::new(&WaveformConfig::default(), rate, Sources::none()).unwrap_err();
        assert!(matches!(error, Error::OutOfRange { what: "sample_rate", .. }));
    }
    let refused = |step: WaveformStep| {
        Waveform::new(&WaveformConfig::new(vec![step]), RATE, Sources::none()).unwrap_err()
    };
    let nested = (0..20).fold(WaveformStep::None, |s, _| Combined::new(vec![s]).into());
    assert!(matches!(refused(nested), Error::TooDeep { limit: 8, .. }));
    assert!(matches!(refused(PitchShift::new([2.0, -2.0]).into()), Error::InvalidRange { .. }));
    assert!(matches!(refused(PitchShift::new(f64::NAN).into()), Error::InvalidRange { .. }));
    assert!(matches!(refused(OneOf::new(Vec::new()).into()), Error::Empty { what: "one_of" }));
    let two = || OneOf::new(vec![WaveformStep::None, Gain::new(1.0).into()]);
    assert!(matches!(refused(two().with_weights(vec![1.0]).into()), Error::Weights { expected: 2, got: 1 }));
    for step in [
        WaveformStep::from(PitchShift::new(25.0)),
        TimeStretch::new(0.1).into(),
        Speed::new([0.5, 9.0]).into(),
        LowPass::new(11_025.0).into(),
        LowPass::new(0.0).into(),
        BandPass::new(Range::new(300.0, 3_400.0), Range::new(3_000.0, 4_000.0)).into(),
        Gain::new(0.0).with_probability(-0.1).into(),
        WhiteNoise::new(500.0).into(),
        two().with_weights(vec![0.0, 0.0]).into(),
        two().with_weights(vec![-1.0, 2.0]).into(),
    ] {
        assert!(matches!(refused(step.clone()), Error::OutOfRange { .. }), "{step:?}");
    }
    // By hand, likewise.
    let (w, x) = (plain(), [0.5; 100]);
    for edit in [
        Edit::pitch(f64::NAN),
        Edit::tempo(0.0),
        Edit::tempo(-1.0),
        Edit::speed(f64::INFINITY),
        Edit::gain(1e9),
        Edit::low_pass(20_000.0),
        Edit::band_pass(4_000.0, 300.0),
        Edit::clipping(-1.0),
        Edit::lossy_coding(0.0),
        Edit::white_noise(f64::NAN, 1),
    ] {
        assert!(matches!(w.apply(&edit, &x), Err(Error::OutOfRange { .. })), "{edit}");
    }
    let many = (0..20).fold(Edit::none(), |e, _| e.then(Edit::tempo(0.25)).then(Edit::gain(0.0)));
    assert!(matches!(w.apply(&many, &x), Err(Error::TooLong { .. })));
}

#[test]
fn configurations_refuse_unknown_names() {
    let read = |json: &str| serde_json::from_str::<WaveformConfig>(json);
    assert!(read(r#"{"steps": [{"pitch_shift": {"semitones": [-1, 1]}}, "none", {"gain": {"db": 3, "probability": 0.5}}]}"#).is_ok());
    for bad in [
        r#"{"steps": [{"pitch_shift": {"semitone": [-1, 1]}}]}"#,
        r#"{"steps": [{"pitch_shift": {"semitones": [-1, 1], "p": 1}}]}"#,
        r#"{"steps": [{"pitchshift": {"semitones": [-1, 1]}}]}"#,
        r#"{"steps": [{"pitch_shift": {"semitones": [-1, 1, 2]}}]}"#,
        r#"{"steps": [{"pitch_shift": {"semitones": [-1]}}]}"#,
        r#"{"steps": [{"pitch_shift": {"semitones": "high"}}]}"#,
        r#"{"steps": [{"pitch_shift": {}}]}"#,
        r#"{"steps": [], "seed": 3}"#,
        r#"{}"#,
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
    for config in [WaveformConfig::verification(), WaveformConfig::identification()] {
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(read(&json).unwrap(), config);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_edit_of_any_signal_has_its_length_and_finite_samples(
        seed: u64, len in 1usize..9_000, level in 1e-6f32..1e3, rate in prop::sample::select(vec![8_000u32, 16_000, 22_050, 44_100]),
    ) {
        let config = WaveformConfig::verification()
            .with_step(Speed::new([0.25, 4.0]).with_probability(0.3))
            .with_step(PitchShift::new([-24.0, 24.0]).with_probability(0.3))
            .with_step(TimeStretch::new([0.25, 4.0]).with_probability(0.3))
            .with_step(LowPass::new([20.0, 3_900.0]).with_probability(0.3));
        let w = Waveform::new(&config, rate, Sources::none()).unwrap();
        let x: Vec<f32> = (0..len).map(|i| level * ((i * i) as f32 * 0.01).sin() + level * 0.1).collect();
        let edit = w.draw(seed);
        if edit.output_samples(len) > 0 {
            let y = w.apply(&edit, &x).unwrap();
            prop_assert_eq!(y.len(), edit.output_samples(len));
            prop_assert!(y.iter().all(|v| v.is_finite()), "{}", edit);
        }
        let (n, wanted) = (edit.input_samples(5_000), 5_000 + edit.lead() + edit.tail());
        prop_assert!(edit.output_samples(n) >= wanted && edit.output_samples(n.saturating_sub(8)) < wanted + 40);
    }

    #[test]
    fn draws_stay_within_their_ranges(seed: u64) {
        let config = WaveformConfig::new(vec![
            PitchShift::new([-1.5, 0.25]).into(), TimeStretch::new([0.9, 1.25]).into(), WhiteNoise::new([3.0, 4.0]).into(),
        ]);
        let edit = Waveform::new(&config, RATE, Sources::none()).unwrap().draw(seed);
        let json = serde_json::to_value(&edit).unwrap();
        let of = |i: usize, step: &str, name: &str| json["steps"][i][step][name].as_f64().unwrap();
        prop_assert!((-1.5..=0.25).contains(&of(0, "pitch_shift", "semitones")));
        prop_assert!((0.9..=1.25).contains(&of(1, "time_stretch", "rate")));
        prop_assert!((3.0..=4.0).contains(&of(2, "white_noise", "snr_db")));
    }
}
