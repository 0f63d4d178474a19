//! What each entry in double precision answers to input that is empty, too short, not finite, or out of range.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use soundalike_features::{
    ComplexMatrix, DbConfig, DbReference, Error, Istft, LogMel, LogMelConfig, MAX_SAMPLE_F64, Matrix,
    MelConfig, MelSpectrogram, Mfcc, MfccConfig, PadMode, Scratch, Stft, StftConfig, power_to_db_f64,
};

type Entry = Box<dyn Fn(&[f64]) -> Result<Matrix<f64>, Error>>;
type Into = dyn Fn(&[f64], &mut Matrix<f64>, &mut Scratch) -> Result<(), Error>;

/// An `_into` form with a result and a scratch of its own.
fn into(f: impl Fn(&[f64], &mut Matrix<f64>, &mut Scratch) -> Result<(), Error> + 'static) -> Entry {
    let f: Box<Into> = Box::new(f);
    Box::new(move |x| {
        let mut out = Matrix::default();
        f(x, &mut out, &mut Scratch::new()).map(|()| out)
    })
}

/// Every function that takes samples, by the same transform.
fn entries(config: &StftConfig) -> Vec<(&'static str, Entry)> {
    let mel_config = MelConfig::new(22_050).with_stft(config.clone());
    let stft = Stft::new(config).unwrap();
    let mel = MelSpectrogram::new(&mel_config).unwrap();
    let log_mel = LogMel::new(&LogMelConfig::new(1).with_mel(mel_config.clone())).unwrap();
    let mfcc = Mfcc::new(&MfccConfig::new(1).with_mel(mel_config)).unwrap();
    let s = [(); 6].map(|()| stft.clone());
    let [re, im, power, power_into, magnitude, magnitude_into] = s;
    let (mel_into, log_mel_into, mfcc_into) = (mel.clone(), log_mel.clone(), mfcc.clone());
    vec![
        ("stft", Box::new(move |x| re.stft_f64(x).map(|z| z.re))),
        (
            "stft_into",
            Box::new(move |x| {
                let mut out = ComplexMatrix::default();
                im.stft_f64_into(x, &mut out, &mut Scratch::new()).map(|()| out.im)
            }),
        ),
        ("power", Box::new(move |x| power.power_f64(x))),
        ("power_into", into(move |x, out, scratch| power_into.power_f64_into(x, out, scratch))),
        ("magnitude", Box::new(move |x| magnitude.magnitude_f64(x))),
        ("magnitude_into", into(move |x, out, scratch| magnitude_into.magnitude_f64_into(x, out, scratch))),
        ("mel", Box::new(move |x| mel.compute_f64(x))),
        ("mel_into", into(move |x, out, scratch| mel_into.compute_f64_into(x, out, scratch))),
        ("log_mel", Box::new(move |x| log_mel.compute_f64(x))),
        ("log_mel_into", into(move |x, out, scratch| log_mel_into.compute_f64_into(x, out, scratch))),
        ("mfcc", Box::new(move |x| mfcc.compute_f64(x))),
        ("mfcc_into", into(move |x, out, scratch| mfcc_into.compute_f64_into(x, out, scratch))),
    ]
}

#[test]
fn samples_that_are_none() {
    for center in [true, false] {
        for (name, entry) in entries(&StftConfig::default().with_center(center)) {
            assert_eq!(entry(&[]), Err(Error::EmptyInput), "{name}");
        }
    }
}

#[test]
fn samples_that_are_no_numbers() {
    for (name, entry) in entries(&StftConfig::default().with_n_fft(64).with_hop_length(16)) {
        for index in [0, 1, 99] {
            for bad in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let mut samples = [0.1; 100];
                samples[index] = bad;
                assert_eq!(entry(&samples), Err(Error::NonFinite { index }), "{name}");
            }
            let mut samples = [0.1; 100];
            samples[index] = -1.1e100;
            let error = Error::ValueTooLarge { index, got: -1.1e100, limit: MAX_SAMPLE_F64 };
            assert_eq!(entry(&samples), Err(error), "{name}");
        }
    }
}

#[test]
fn the_largest_and_the_smallest_samples_stay_finite() {
    for n_fft in [1, 2, 63, 64, 2048] {
        for (name, entry) in entries(&StftConfig::default().with_n_fft(n_fft)) {
            let smallest = f64::from_bits(1);
            for samples in
                [vec![MAX_SAMPLE_F64; 3000], vec![-MAX_SAMPLE_F64], vec![smallest; 3000], vec![0.0; 10]]
            {
                let result = entry(&samples).unwrap();
                assert!(result.as_slice().iter().all(|v| v.is_finite()), "{name} {n_fft}");
            }
        }
    }
}

#[test]
fn samples_that_are_too_few() {
    // Centred, the shortest signal makes a frame, whatever the padding.
    for pad_mode in [PadMode::Zeros, PadMode::Reflect, PadMode::Edge] {
        for (name, entry) in entries(&StftConfig::default().with_pad_mode(pad_mode)) {
            assert_eq!(entry(&[0.5]).unwrap().cols(), 1, "{name}");
        }
    }
    for (name, entry) in entries(&StftConfig::default().with_center(false)) {
        assert_eq!(entry(&[0.5; 2047]), Err(Error::TooShort { expected: 2048, got: 2047 }), "{name}");
        assert_eq!(entry(&[0.5; 2048]).unwrap().cols(), 1, "{name}");
    }
    // A hop beyond the end is one frame.
    for (name, entry) in entries(&StftConfig::default().with_hop_length(usize::MAX)) {
        assert_eq!(entry(&[0.5; 5000]).unwrap().cols(), 1, "{name}");
    }
}

/// Where `f64` is asked for, no step rounds to `f32` or leaves its range.
#[test]
fn far_beyond_single_precision() {
    let samples: Vec<f64> = (0..5000).map(|n| (f64::from(n) * 0.1).sin()).collect();
    let scaled = |factor: f64| samples.iter().map(|v| v * factor).collect::<Vec<_>>();
    for (name, entry) in entries(&StftConfig::default()) {
        let scale: fn(f64) -> f64 = match name.split('_').next().unwrap() {
            "stft" | "magnitude" => |factor| factor,
            "power" | "mel" => |factor| factor * factor,
            _ => continue,
        };
        let one = entry(&samples).unwrap();
        let peak = one.as_slice().iter().fold(0f64, |a, b| a.max(b.abs()));
        // Powers of two, so that only what leaves the range could differ.
        for factor in [2f64.powi(300), 2f64.powi(-400)] {
            for (a, b) in entry(&scaled(factor)).unwrap().as_slice().iter().zip(one.as_slice()) {
                assert!((a / scale(factor) - b).abs() <= 1e-15 * peak, "{name} {factor:e}: {a:e} and {b:e}");
            }
        }
    }
    // Squares that underflow leave magnitudes as they are.
    let stft = Stft::new(&StftConfig::default()).unwrap();
    let (one, tiny) =
        (stft.magnitude_f64(&samples).unwrap(), stft.magnitude_f64(&scaled(2f64.powi(-600))).unwrap());
    for (a, b) in tiny.as_slice().iter().zip(one.as_slice()) {
        assert!((a * 2f64.powi(600) - b).abs() <= 1e-15 * b, "{a:e} and {b:e}");
    }
}

/// The rounding errors of a loud frame do not reach the quiet one beside it.
#[test]
fn a_quiet_frame_beside_a_loud_one() {
    let config = StftConfig::default().with_n_fft(512).with_hop_length(512).with_center(false);
    let stft = Stft::new(&config).unwrap();
    let quiet: Vec<f64> = (0..512).map(|n| 1e-12 * (f64::from(n) * 0.3).sin()).collect();
    let alone = stft.power_f64(&quiet).unwrap();
    let mut samples: Vec<f64> = (0..512).map(|n| (f64::from(n) * 0.7).cos()).collect();
    samples.extend(&quiet);
    let both = stft.power_f64(&samples).unwrap();
    let beside: Vec<f64> = both.iter_rows().map(|row| row[1]).collect();
    assert_eq!(beside, alone.as_slice());
}

#[test]
fn spectrograms_that_are_none() {
    let config = StftConfig::default().with_n_fft(8).with_hop_length(2);
    let (stft, plan) = (Stft::new(&config).unwrap(), Istft::new(&config).unwrap());
    let zeros = |rows, cols| Matrix::from_vec(vec![0f64; rows * cols], rows, cols).unwrap();
    let of = |re: Matrix<f64>, im: Matrix<f64>| {
        let mut spectrogram = ComplexMatrix::default();
        (spectrogram.re, spectrogram.im) = (re, im);
        let result = stft.istft_f64(&spectrogram, None);
        assert_eq!(plan.compute_f64(&spectrogram, None), result);
        let (mut out, mut scratch) = (Vec::new(), Scratch::new());
        let into = stft.istft_f64_into(&spectrogram, None, &mut out, &mut scratch);
        assert_eq!(into.map(|()| out.clone()), result);
        let into = plan.compute_f64_into(&spectrogram, None, &mut out, &mut scratch);
        assert_eq!(into.map(|()| out), result);
        result
    };
    assert_eq!(of(zeros(5, 3), zeros(5, 3)), Ok(vec![0.0; 4]));
    assert_eq!(of(zeros(5, 0), zeros(5, 0)), Err(Error::EmptyInput));
    for (re, im) in [((4, 3), (5, 3)), ((5, 3), (4, 3)), ((5, 3), (5, 2)), ((5, 3), (0, 0))] {
        let result = of(zeros(re.0, re.1), zeros(im.0, im.1));
        assert!(matches!(result, Err(Error::LengthMismatch { .. })), "{re:?} {im:?}");
    }
    for bad in [f64::NAN, f64::INFINITY, -2e107] {
        let mut broken = zeros(5, 3);
        broken.as_mut_slice()[7] = bad;
        let error = match bad.is_finite() {
            true => Error::ValueTooLarge { index: 7, got: bad, limit: 1e107 },
            false => Error::NonFinite { index: 7 },
        };
        assert_eq!(of(broken.clone(), zeros(5, 3)), Err(error.clone()));
        assert_eq!(of(zeros(5, 3), broken), Err(error));
    }
    let loud = Matrix::from_vec(vec![1e107; 15], 5, 3).unwrap();
    assert!(of(loud.clone(), loud).unwrap().iter().all(|v| v.is_finite()));
    let mut out = Vec::new();
    let mut spectrogram = ComplexMatrix::default();
    (spectrogram.re, spectrogram.im) = (zeros(5, 3), zeros(5, 3));
    let huge = stft.istft_f64_into(&spectrogram, Some(usize::MAX), &mut out, &mut Scratch::new());
    assert!(matches!(huge, Err(Error::OutOfMemory { .. })));
}

#[test]
fn powers_and_decibels_out_of_range() {
    let mut none: [f64; 0] = [];
    assert_eq!(power_to_db_f64(&mut none, &DbConfig::default()), Ok(()));
    for (config, parameter) in [
        (DbConfig::default().with_reference(f32::NAN), "reference"),
        (DbConfig::default().with_amin(0.0), "amin"),
        (DbConfig::default().with_amin(f32::NAN), "amin"),
        (DbConfig::default().with_top_db(-1.0), "top_db"),
    ] {
        let mut values = [1.0, 2.0];
        let error = power_to_db_f64(&mut values, &config).unwrap_err();
        assert!(matches!(error, Error::InvalidConfig { parameter: p, .. } if p == parameter), "{error}");
        assert_eq!(values, [1.0, 2.0]);
    }
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut values = [1.0, bad];
        assert_eq!(power_to_db_f64(&mut values, &DbConfig::default()), Err(Error::NonFinite { index: 1 }));
        assert_eq!(values[0], 1.0);
    }
    // The ends of the range, and a negative power, which counts as amin.
    for reference in [DbReference::Max, DbReference::Value(0.0), DbReference::Value(f32::MIN)] {
        for top_db in [None, Some(f32::MAX)] {
            let mut values = [f64::MAX, f64::MIN, f64::from_bits(1), -1.0, 0.0];
            let config = DbConfig::default()
                .with_reference(reference)
                .with_amin(f32::MIN_POSITIVE)
                .with_top_db(top_db);
            power_to_db_f64(&mut values, &config).unwrap();
            assert!(values.iter().all(|v| v.is_finite()), "{reference:?} {top_db:?}");
            assert!(values[1..].iter().all(|v| *v == values[1]));
        }
    }
}

/// A scratch that another plan, a longer signal or an error left behind changes no result.
#[test]
fn a_used_scratch_is_as_good_as_a_new_one() {
    let samples: Vec<f64> = (0..20_000).map(|n| (f64::from(n) * 0.05).sin()).collect();
    let plans: Vec<Mfcc> = [(2048, 128), (512, 40), (1023, 41)]
        .map(|(n_fft, n_mels)| MelConfig::new(22_050).with_n_fft(n_fft).with_n_mels(n_mels))
        .map(|mel| Mfcc::new(&MfccConfig::new(1).with_mel(mel)).unwrap())
        .into();
    let (mut out, mut scratch) = (Matrix::default(), Scratch::new());
    for length in [20_000, 1, 7_777, 9_000] {
        for plan in &plans {
            let signal = &samples[..length];
            assert!(plan.compute_f64_into(&[f64::NAN], &mut out, &mut scratch).is_err());
            plan.compute_f64_into(signal, &mut out, &mut scratch).unwrap();
            assert_eq!(out, plan.compute_f64(signal).unwrap());
        }
    }
}
