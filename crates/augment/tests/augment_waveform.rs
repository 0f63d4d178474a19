//! What the waveform's steps do to signals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::f64::consts::TAU;
use std::sync::Arc;

use soundalike_augment::{Edit, EditStep, Error, Sources, Waveform, WaveformConfig};

const RATE: u32 = 22_050;

fn sine(hz: f64, seconds: f64) -> Vec<f32> {
    let n = (seconds * f64::from(RATE)) as usize;
    (0..n).map(|n| (0.5 * (TAU * hz * n as f64 / f64::from(RATE)).sin()) as f32).collect()
}

fn noise(n: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..n).map(|_| 0.25 * (next() + next())).collect()
}

fn waveform() -> Waveform {
    let sources = Sources::new(
        vec![noise(100_000, 5).into(), noise(9_000, 6).into()],
        vec![[0.0, 0.0, 1.0, 0.0, 0.3, -0.2].into(), {
            let tail = noise(8_000, 7);
            let decaying = |(i, x): (usize, &f32)| x * (-(i as f32) / 900.0).exp() * 0.5;
            let mut room: Vec<f32> = tail.iter().enumerate().map(decaying).collect();
            room[40] = 1.0;
            Arc::from(room)
        }],
    );
    Waveform::new(&WaveformConfig::identification(), RATE, sources).unwrap()
}

fn power(x: &[f32]) -> f64 {
    x.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>() / x.len() as f64
}

fn db(ratio: f64) -> f64 {
    10.0 * ratio.log10()
}

/// The frequency of a sine, from the phases of two windowed halves.
fn frequency(x: &[f32], near: f64) -> f64 {
    let n = x.len() / 2;
    let turn = |from: usize| {
        let (mut re, mut im) = (0.0, 0.0);
        for (i, v) in x[from..from + n].iter().enumerate() {
            let window = 0.5 - 0.5 * (TAU * i as f64 / n as f64).cos();
            let angle = TAU * near * (from + i) as f64 / f64::from(RATE);
            re += window * f64::from(*v) * angle.cos();
            im -= window * f64::from(*v) * angle.sin();
        }
        im.atan2(re)
    };
    let mut more = (turn(n) - turn(0)) / TAU;
    more -= more.round();
    near + more * f64::from(RATE) / n as f64
}

fn cents(got: f64, want: f64) -> f64 {
    1200.0 * (got / want).log2()
}

#[test]
fn pitch_moves_by_what_was_asked_and_the_length_stays() {
    let w = waveform();
    for hz in [110.0, 440.0, 1_760.0] {
        let x = sine(hz, 2.0);
        for semitones in [-4.5, -1.0, -0.02, 0.3, 1.0, 4.0, 12.0] {
            let y = w.apply(&Edit::pitch(semitones), &x).unwrap();
            assert_eq!(y.len(), x.len());
            let want = hz * (semitones / 12.0).exp2();
            let off = cents(frequency(&y[8_000..36_000], want), want);
            assert!(off.abs() < 0.2, "{hz} Hz {semitones:+}: {off} cents");
            let level = db(power(&y[8_000..36_000]) / power(&x));
            assert!(level.abs() < 0.1, "{hz} Hz {semitones:+}: {level} dB");
        }
    }
}

#[test]
fn tempo_changes_the_length_and_where_things_are_but_not_the_pitch() {
    let w = waveform();
    for rate in [0.5, 0.75, 0.97, 1.1, 1.3, 2.0, 3.0] {
        let x = sine(523.25, 3.0);
        let y = w.apply(&Edit::tempo(rate), &x).unwrap();
        assert_eq!(y.len(), (x.len() as f64 / rate).round() as usize);
        let middle = &y[4_000..y.len() - 4_000];
        let off = cents(frequency(middle, 523.25), 523.25);
        assert!(off.abs() < 0.1, "{rate}: {off} cents");
        assert!(db(power(middle) / power(&x)).abs() < 0.1, "{rate}");

        // Clicks stay where their time is.
        let mut clicks = vec![0.0; 66_150];
        for at in [10_000, 30_000, 50_000] {
            clicks[at] = 1.0;
        }
        let y = w.apply(&Edit::tempo(rate), &clicks).unwrap();
        for at in [10_000.0, 30_000.0, 50_000.0] {
            let want = at / rate;
            let (from, to) = ((want - 2_000.0).max(0.0) as usize, ((want + 2_000.0) as usize).min(y.len()));
            let centre: f64 = (from..to).map(|i| i as f64 * f64::from(y[i]).powi(2)).sum::<f64>()
                / (from..to).map(|i| f64::from(y[i]).powi(2)).sum::<f64>();
            assert!((centre - want).abs() < 0.02 * f64::from(RATE), "{rate}: {centre}, {want}");
        }
    }
}

#[test]
fn speed_changes_both() {
    let (w, x) = (waveform(), sine(440.0, 2.0));
    for rate in [0.95, 1.013_37, 1.05] {
        let y = w.apply(&Edit::speed(rate), &x).unwrap();
        assert_eq!(y.len(), (x.len() as f64 / rate).round() as usize);
        let off = cents(frequency(&y[2_000..y.len() - 2_000], 440.0 * rate), 440.0 * rate);
        assert!(off.abs() < 0.1, "{rate}: {off} cents");
    }
}

#[test]
fn noise_has_exactly_its_ratio() {
    let (w, x) = (waveform(), sine(300.0, 1.0));
    for snr in [-3.0, 0.0, 8.0, 30.0] {
        let edits = [
            Edit::white_noise(snr, 4),
            Edit::background_noise(snr, 0, 0.4),
            Edit::background_noise(snr, 1, 0.9),
        ];
        for edit in edits {
            let y = w.apply(&edit, &x).unwrap();
            let added: Vec<f32> = y.iter().zip(&x).map(|(y, x)| y - x).collect();
            let got = db(power(&x) / power(&added));
            assert!((got - snr).abs() < 0.02, "{edit}: {got}");
        }
    }
    assert_ne!(
        w.apply(&Edit::white_noise(8.0, 4), &x).unwrap(),
        w.apply(&Edit::white_noise(8.0, 5), &x).unwrap()
    );
}

#[test]
fn a_room_does_not_delay_and_keeps_the_level() {
    let w = waveform();
    let mut x = vec![0.0; 3_000];
    x[100] = 1.0;
    let y = w.apply(&Edit::impulse_response(0), &x).unwrap();
    let unit = 1.0 / (1.0_f32 + 0.09 + 0.04).sqrt();
    for (at, want) in [(99, 0.0), (100, 1.0), (101, 0.0), (102, 0.3), (103, -0.2), (104, 0.0)] {
        assert!((y[at] - want * unit).abs() < 1e-5, "{at}: {}", y[at]);
    }
    let x = noise(60_000, 3);
    let y = w.apply(&Edit::impulse_response(1), &x).unwrap();
    assert!(db(power(&y) / power(&x)).abs() < 0.001);
}

#[test]
fn filters_pass_what_they_should() {
    let w = waveform();
    let level = |edit: Edit, hz: f64| {
        let x = sine(hz, 1.0);
        db(power(&w.apply(&edit, &x).unwrap()[4_000..]) / power(&x[4_000..]))
    };
    for (edit, passes, edge, stops) in [
        (Edit::low_pass(2_000.0), 500.0, 2_000.0, 8_000.0),
        (Edit::high_pass(400.0), 1_600.0, 400.0, 100.0),
        (Edit::band_pass(300.0, 3_400.0), 1_000.0, 3_400.0, 9_900.0),
    ] {
        assert!(level(edit.clone(), passes).abs() < 0.1, "{edit}");
        assert!((level(edit.clone(), edge) + 3.01).abs() < 0.1, "{edit}: {}", level(edit.clone(), edge));
        assert!(level(edit.clone(), stops) < -40.0, "{edit}: {}", level(edit.clone(), stops));
    }
}

#[test]
fn clipping_gain_and_codec() {
    let (w, x) = (waveform(), sine(300.0, 1.0));
    let y = w.apply(&Edit::clipping(6.0), &x).unwrap();
    let limit = 0.5 * 10f32.powf(-0.3);
    assert!(x.iter().zip(&y).all(|(x, y)| (y - x.clamp(-limit, limit)).abs() < 1e-4));
    let y = w.apply(&Edit::gain(-12.0), &x).unwrap();
    assert!((db(power(&y) / power(&x)) + 12.0).abs() < 1e-3);
    let x = noise(40_000, 9);
    let y = w.apply(&Edit::lossy_coding(24.0), &x).unwrap();
    let wrong: Vec<f32> = y.iter().zip(&x).map(|(y, x)| y - x).collect();
    let snr = db(power(&x) / power(&wrong));
    assert!((0.5..25.0).contains(&snr), "{snr}");
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_thread() {
    let (w, x) = (waveform(), noise(30_000, 2));
    let make = |seed: u64| w.apply(&w.draw(seed), &x).unwrap();
    let one: Vec<Vec<f32>> = (0..24).map(make).collect();
    let two: Vec<Vec<f32>> = std::thread::scope(|s| {
        let halves = [0..12, 12..24].map(|seeds| s.spawn(move || seeds.map(make).collect::<Vec<_>>()));
        halves.into_iter().flat_map(|h| h.join().unwrap()).collect()
    });
    assert!(one.iter().flatten().map(|x| x.to_bits()).eq(two.iter().flatten().map(|x| x.to_bits())));
    // Memory that was used for other edits changes nothing.
    let (mut out, mut scratch) = (Vec::new(), soundalike_augment::Scratch::new());
    for (seed, want) in one.iter().enumerate().rev() {
        w.apply_into(&w.draw(seed as u64), &x, &mut out, &mut scratch).unwrap();
        assert_eq!(&out, want);
    }
}

#[test]
fn enough_input_is_enough_and_borders_do_not_show() {
    let w = waveform();
    let song: Vec<f32> = sine(330.0, 12.0).iter().zip(noise(264_600, 4)).map(|(a, b)| a + 0.1 * b).collect();
    for seed in 0..60 {
        let edit = w.draw(seed);
        let n = edit.input_samples(66_150);
        let y = w.apply(&edit, &song[..n]).unwrap();
        assert_eq!(y.len(), edit.output_samples(n), "{edit}");
        let cut = edit.cut(&y, 66_150).unwrap();
        assert_eq!(cut.len(), 66_150);
        assert!(n < 66_150 * 2, "{edit}: {n}");
        assert!(matches!(edit.cut(&y, n * 2), Err(Error::TooShort { .. })));
    }
    // A tone under pitch and tempo is as loud at the ends of the cut as in its middle.
    let tone = sine(330.0, 12.0);
    for edit in [Edit::pitch(4.0), Edit::pitch(-4.0), Edit::tempo(1.3), Edit::tempo(0.75), Edit::speed(1.05)]
    {
        let y = w.apply(&edit, &tone[..edit.input_samples(66_150)]).unwrap();
        let cut = edit.cut(&y, 66_150).unwrap();
        for part in [&cut[..2_000], &cut[64_150..]] {
            assert!(db(power(part) / 0.125).abs() < 0.3, "{edit}: {}", db(power(part) / 0.125));
        }
    }
}

#[test]
fn edits_tell_what_they_are_and_come_back_from_json() {
    let edit =
        Edit::pitch(4.0).then(Edit::tempo(1.3)).then(Edit::white_noise(8.0, 1)).then(Edit::low_pass(4e3));
    assert_eq!(edit.to_string(), "pitch +4.0, tempo +30 %, noise 8 dB, low-pass 4000 Hz");
    assert_eq!((Edit::none().to_string(), Edit::none().is_none()), ("none".to_owned(), true));
    assert_eq!(Edit::pitch(-0.04).then(Edit::gain(-0.2)).to_string(), "pitch +0.0, gain +0 dB");
    let w = waveform();
    for seed in 0..40 {
        let edit = w.draw(seed);
        let json = serde_json::to_string(&edit).unwrap();
        assert_eq!(serde_json::from_str::<Edit>(&json).unwrap(), edit, "{json}");
    }
    assert!(serde_json::from_str::<EditStep>(r#"{"gain": {"db": 3, "dB": 4}}"#).is_err());
    let x = noise(500, 1);
    assert_eq!(w.apply(&Edit::none(), &x).unwrap(), x);
}
