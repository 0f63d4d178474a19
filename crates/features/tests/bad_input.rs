//! What each public entry answers to input that is empty, too short, not finite, or out of range.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use soundalike_features::{
    ComplexMatrix, Error, LogMel, LogMelConfig, MAX_SAMPLE, Matrix, MelConfig, MelDomain, MelFilterBank,
    MelSpectrogram, Mfcc, MfccConfig, PadMode, Scratch, Stft, StftConfig, Window,
};

type Entry = Box<dyn Fn(&[f32]) -> Result<Matrix, Error>>;

/// Every function that takes samples, by the same transform.
fn entries(config: &StftConfig) -> Vec<(&'static str, Entry)> {
    let mel_config = MelConfig::new(22_050).with_stft(config.clone());
    let stft = Stft::new(config).unwrap();
    let (complex, complex_into, power, power_into, magnitude, magnitude_into) =
        (stft.clone(), stft.clone(), stft.clone(), stft.clone(), stft.clone(), stft);
    let mel = MelSpectrogram::new(&mel_config).unwrap();
    let mel_into = mel.clone();
    let log_mel = LogMel::new(&LogMelConfig::new(1).with_mel(mel_config.clone())).unwrap();
    let mfcc = Mfcc::new(&MfccConfig::new(1).with_mel(mel_config)).unwrap();
    let boxed: Vec<(&'static str, Entry)> = vec![
        ("stft", Box::new(move |x| complex.stft(x).map(|z| z.re))),
        (
            "stft_into",
            Box::new(move |x| {
                let mut out = ComplexMatrix::default();
                complex_into.stft_into(x, &mut out, &mut Scratch::new()).map(|()| out.im)
            }),
        ),
        ("power", Box::new(move |x| power.power(x))),
        ("power_into", Box::new(move |x| into(|out, scratch| power_into.power_into(x, out, scratch)))),
        ("magnitude", Box::new(move |x| magnitude.magnitude(x))),
        (
            "magnitude_into",
            Box::new(move |x| into(|out, scratch| magnitude_into.magnitude_into(x, out, scratch))),
        ),
        ("mel", Box::new(move |x| mel.compute(x))),
        ("mel_into", Box::new(move |x| into(|out, scratch| mel_into.compute_into(x, out, scratch)))),
        ("log_mel", Box::new(move |x| log_mel.compute(x))),
        ("mfcc", Box::new(move |x| mfcc.compute(x))),
    ];
    boxed
}

fn into(f: impl FnOnce(&mut Matrix, &mut Scratch) -> Result<(), Error>) -> Result<Matrix, Error> {
    let mut out = Matrix::default();
    f(&mut out, &mut Scratch::new()).map(|()| out)
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
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut samples = [0.1; 100];
                samples[index] = bad;
                assert_eq!(entry(&samples), Err(Error::NonFinite { index }), "{name}");
            }
            let mut samples = [0.1; 100];
            samples[index] = -1e11;
            let error = Error::SampleTooLarge { index, got: -1e11, limit: MAX_SAMPLE };
            assert_eq!(entry(&samples), Err(error), "{name}");
        }
    }
}

#[test]
fn the_largest_samples_stay_finite() {
    for n_fft in [1, 64, 2048] {
        for (name, entry) in entries(&StftConfig::default().with_n_fft(n_fft)) {
            for samples in [vec![MAX_SAMPLE; 3000], vec![-MAX_SAMPLE; 1], vec![f32::MIN_POSITIVE / 8.0; 3000]]
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
}

#[test]
fn silence_is_silence() {
    let mfcc = Mfcc::new(&MfccConfig::new(22_050)).unwrap().compute(&[0.0; 5000]).unwrap();
    // -100 dB in all 128 bands: the first coefficient is -100 sqrt(128), the others are zero.
    for (i, row) in mfcc.iter_rows().enumerate() {
        let want = if i == 0 { -100.0 * 128f32.sqrt() } else { 0.0 };
        assert!(row.iter().all(|v| (v - want).abs() < 1e-3), "{i}: {row:?}");
    }
}

fn refused(result: Result<impl Sized, Error>) -> &'static str {
    match result {
        Err(Error::InvalidConfig { parameter, .. }) => parameter,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn transforms_out_of_range() {
    let ok = StftConfig::default;
    for (config, parameter) in [
        (ok().with_n_fft(0), "n_fft"),
        (ok().with_n_fft(usize::MAX), "n_fft"),
        (ok().with_hop_length(0), "hop_length"),
        (ok().with_win_length(0), "win_length"),
        (ok().with_win_length(2049), "win_length"),
        (ok().with_window(Window::Kaiser { beta: -1.0 }), "beta"),
        (ok().with_window(Window::Kaiser { beta: 701.0 }), "beta"),
        (ok().with_window(Window::Kaiser { beta: f64::NAN }), "beta"),
    ] {
        assert_eq!(refused(Stft::new(&config)), parameter);
        let mel = MelConfig::new(22_050).with_stft(config);
        assert_eq!(refused(MelFilterBank::new(&mel)), parameter);
        assert_eq!(refused(MelSpectrogram::new(&mel)), parameter);
        assert_eq!(refused(LogMel::new(&LogMelConfig::new(1).with_mel(mel.clone()))), parameter);
        assert_eq!(refused(Mfcc::new(&MfccConfig::new(1).with_mel(mel))), parameter);
    }
    // A hop beyond the end is one frame.
    let stft = Stft::new(&ok().with_hop_length(usize::MAX)).unwrap();
    assert_eq!(stft.power(&[0.5; 5000]).unwrap().cols(), 1);
}

#[test]
fn bands_out_of_range() {
    let ok = || MelConfig::new(22_050);
    for (config, parameter) in [
        (MelConfig::new(0), "sample_rate"),
        (ok().with_power(0.0), "power"),
        (ok().with_power(3.0), "power"),
        (ok().with_power(f32::NAN), "power"),
        (ok().with_n_mels(0), "n_mels"),
        (ok().with_n_mels(usize::MAX), "n_mels"),
        (ok().with_fmin(-1.0), "fmin"),
        (ok().with_fmin(f64::NAN), "fmin"),
        (ok().with_fmin(f64::INFINITY), "fmin"),
        (ok().with_fmin(11_025.0), "fmin"),
        (ok().with_fmin(500.0).with_fmax(500.0), "fmin"),
        (ok().with_fmin(500.0).with_fmax(400.0), "fmin"),
        (ok().with_fmax(11_025.1), "fmax"),
        (ok().with_fmax(-1.0), "fmax"),
        (ok().with_fmax(f64::NAN), "fmax"),
        (ok().with_fmin(500.0).with_fmax(500.0f64.next_up()), "fmax"),
        (ok().with_domain(MelDomain::Mel).with_fmin(500.0).with_fmax(500.0f64.next_up()), "fmax"),
    ] {
        assert_eq!(refused(MelFilterBank::new(&config)), parameter);
        assert_eq!(refused(MelSpectrogram::new(&config)), parameter);
        assert_eq!(refused(LogMel::new(&LogMelConfig::new(1).with_mel(config.clone()))), parameter);
        assert_eq!(refused(Mfcc::new(&MfccConfig::new(1).with_mel(config))), parameter);
    }
}

#[test]
fn coefficients_and_decibels_out_of_range() {
    for n_mfcc in [0, 129] {
        assert_eq!(refused(Mfcc::new(&MfccConfig::new(22_050).with_n_mfcc(n_mfcc))), "n_mfcc");
    }
    let db = soundalike_features::DbConfig::default().with_top_db(-1.0);
    assert_eq!(refused(LogMel::new(&LogMelConfig::new(22_050).with_db(db.clone()))), "top_db");
    assert_eq!(refused(Mfcc::new(&MfccConfig::new(22_050).with_db(db))), "top_db");
}

#[test]
fn more_bands_than_bins_leaves_some_empty() {
    let config = MelConfig::new(22_050).with_n_fft(64).with_n_mels(128);
    let mel = MelSpectrogram::new(&config).unwrap();
    // As many as in librosa.filters.mel(sr=22050, n_fft=64, n_mels=128).
    assert_eq!(mel.filters().empty_bands(), 72);
    let bands = mel.compute(&[0.5; 1000]).unwrap();
    let dense = mel.filters().to_dense().unwrap();
    for (weights, band) in dense.iter_rows().zip(bands.iter_rows()) {
        if weights.iter().all(|w| *w == 0.0) {
            assert!(band.iter().all(|v| *v == 0.0));
        }
    }
}

#[test]
fn spectra_of_another_length() {
    let filters = MelFilterBank::new(&MelConfig::new(22_050)).unwrap();
    let error = filters.apply(&Matrix::new(vec![0.0; 1024], 1024, 1).unwrap()).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { expected: 1025, got: 1024, .. }));
    let none = filters.apply(&Matrix::new(Vec::new(), 1025, 0).unwrap()).unwrap();
    assert_eq!((none.rows(), none.cols()), (128, 0));
}

#[test]
fn plans_are_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<Stft>();
    shared::<MelSpectrogram>();
    shared::<LogMel>();
    shared::<Mfcc>();
    fn sent<T: Send + 'static>() {}
    sent::<Scratch>();
}

/// A scratch that another plan, a longer signal or an error left behind changes no result.
#[test]
fn a_used_scratch_is_as_good_as_a_new_one() {
    let samples: Vec<f32> = (0..20_000).map(|n| (n as f32 * 0.05).sin()).collect();
    let plans: Vec<Mfcc> = [(2048, 128), (512, 40), (1023, 41)]
        .map(|(n_fft, n_mels)| MelConfig::new(22_050).with_n_fft(n_fft).with_n_mels(n_mels))
        .map(|mel| Mfcc::new(&MfccConfig::new(1).with_mel(mel)).unwrap())
        .into();
    let (mut out, mut scratch) = (Matrix::default(), Scratch::new());
    for length in [20_000, 1, 7_777, 9_000] {
        for plan in &plans {
            let signal = &samples[..length];
            assert!(plan.compute_into(&[f32::NAN], &mut out, &mut scratch).is_err());
            plan.compute_into(signal, &mut out, &mut scratch).unwrap();
            assert_eq!(out, plan.compute(signal).unwrap());
        }
    }
}
