//! What the inverse transform, decibels, deltas, normalisations and filters answer to input that is empty, too short,
//! not finite, or out of range.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use soundalike_features::{
    AmplitudeDbConfig, ComplexMatrix, DbConfig, DbReference, Delta, DeltaConfig, DeltaMode, Error, Istft,
    MAX_SAMPLE, Matrix, MelConfig, Mfcc, MfccConfig, Pcen, PcenConfig, Scratch, SlidingCmn, SlidingCmnConfig,
    Stft, StftConfig, amplitude_to_db, clamp_top_db, cmn, cmvn, compute_deltas, db_to_amplitude, db_to_power,
    deemphasis, power_to_db, power_to_db_batch, preemphasis,
};

type Entry = (&'static str, Box<dyn Fn(Matrix) -> Result<Matrix, Error>>);

/// Every function from a matrix of any shape to one of the same shape.
fn entries() -> Vec<Entry> {
    fn in_place(
        f: impl Fn(&mut Matrix) -> Result<(), Error> + 'static,
    ) -> Box<dyn Fn(Matrix) -> Result<Matrix, Error>> {
        Box::new(move |mut m| f(&mut m).map(|()| m))
    }
    let delta = Delta::new(&DeltaConfig::default().with_mode(DeltaMode::Mirror)).unwrap();
    let pcen = Pcen::new(&PcenConfig::default()).unwrap();
    let stream = pcen.clone();
    let sliding = |norm_vars| {
        let cmn = SlidingCmn::new(&SlidingCmnConfig::default().with_norm_vars(norm_vars)).unwrap();
        Box::new(move |m: Matrix| cmn.compute(&m))
    };
    vec![
        ("delta", Box::new(move |m| delta.compute(&m))),
        ("compute_deltas", Box::new(|m| compute_deltas(&m, 5))),
        ("pcen", Box::new(move |m| pcen.compute(&m))),
        (
            "pcen stream",
            Box::new(move |m| {
                let mut out = Matrix::default();
                stream.continue_into(&m, &mut out, &mut stream.start(m.rows())).map(|()| out)
            }),
        ),
        ("sliding cmn", sliding(false)),
        ("sliding cmvn", sliding(true)),
        ("cmn", in_place(cmn)),
        ("cmvn", in_place(cmvn)),
    ]
}

fn matrix(data: Vec<f32>, rows: usize) -> Matrix {
    let cols = data.len() / rows;
    Matrix::new(data, rows, cols).unwrap()
}

#[test]
fn matrices_without_values() {
    for (name, entry) in entries() {
        for (rows, cols) in [(0, 0), (0, 3), (3, 0)] {
            let empty = Matrix::new(Vec::new(), rows, cols).unwrap();
            assert_eq!(entry(empty), Err(Error::EmptyInput), "{name}");
        }
    }
}

#[test]
fn matrices_with_values_that_are_no_numbers() {
    for (name, entry) in entries() {
        for index in [0, 9, 29] {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut data = vec![0.5; 30];
                data[index] = bad;
                assert_eq!(entry(matrix(data, 3)), Err(Error::NonFinite { index }), "{name}");
            }
        }
    }
}

#[test]
fn matrices_of_extreme_values_and_of_few() {
    for (name, entry) in entries() {
        for values in [vec![0.7], vec![f32::MAX; 30], vec![f32::MIN_POSITIVE / 4.0; 30], vec![0.0; 30]] {
            let out = entry(matrix(values.clone(), 1)).unwrap();
            assert_eq!((out.rows(), out.cols()), (1, values.len()), "{name}");
            assert!(!out.as_slice().iter().any(|v| v.is_nan()), "{name}");
        }
        let swings: Vec<f32> = (0..30).map(|i| if i % 7 < 3 { f32::MAX } else { f32::MIN }).collect();
        assert!(!entry(matrix(swings, 2)).unwrap().as_slice().iter().any(|v| v.is_nan()), "{name}");
    }
}

fn refused<T>(result: Result<T, Error>) -> &'static str {
    match result {
        Err(Error::InvalidConfig { parameter, .. }) => parameter,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn inverse_transforms() {
    for (config, parameter) in [
        (StftConfig::default().with_n_fft(0), "n_fft"),
        (StftConfig::default().with_hop_length(0), "hop_length"),
        (StftConfig::default().with_win_length(2049), "win_length"),
    ] {
        assert_eq!(refused(Istft::new(&config)), parameter);
    }
    let stft = Stft::new(&StftConfig::default().with_n_fft(16).with_hop_length(4)).unwrap();
    assert_eq!(stft.istft(&ComplexMatrix::default(), None), Err(Error::EmptyInput));
    let spectrogram = stft.stft(&[0.5; 100]).unwrap();
    let other = Istft::new(&StftConfig::default()).unwrap();
    let error = other.compute(&spectrogram, None).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { expected: 1025, got: 9, .. }));
    for (part, index) in [(0, 3), (1, 200)] {
        let mut bad = spectrogram.clone();
        let values = if part == 0 { &mut bad.re } else { &mut bad.im };
        values.as_mut_slice()[index] = f32::NAN;
        assert_eq!(stft.istft(&bad, Some(10)), Err(Error::NonFinite { index }));
    }
    let error = stft.istft(&spectrogram, Some(usize::MAX)).unwrap_err();
    assert_eq!(error, Error::OutOfMemory { rows: 1, cols: usize::MAX });
    // A scratch and an output that an error left behind serve as well as new ones.
    let (mut out, mut scratch) = (Vec::new(), Scratch::new());
    assert!(stft.istft_into(&ComplexMatrix::default(), None, &mut out, &mut scratch).is_err());
    stft.istft_into(&spectrogram, None, &mut out, &mut scratch).unwrap();
    assert_eq!(out, stft.istft(&spectrogram, None).unwrap());
}

#[test]
fn decibels() {
    type InPlace = fn(&mut [f32]) -> Result<(), Error>;
    let all: [(&str, InPlace); 5] = [
        ("power_to_db", |x| power_to_db(x, &DbConfig::default().with_reference(DbReference::Max))),
        ("amplitude_to_db", |x| amplitude_to_db(x, &AmplitudeDbConfig::default())),
        ("db_to_power", |x| db_to_power(x, 1.0)),
        ("db_to_amplitude", |x| db_to_amplitude(x, 1.0)),
        ("clamp_top_db", |x| clamp_top_db(x, 80.0)),
    ];
    for (name, convert) in all {
        assert_eq!(convert(&mut []), Ok(()), "{name}");
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut values = [3.0, bad, 1.0];
            assert_eq!(convert(&mut values), Err(Error::NonFinite { index: 1 }), "{name}");
            assert_eq!((values[0], values[2]), (3.0, 1.0), "{name}");
        }
        for values in [[f32::MAX, f32::MIN], [0.0, -0.0], [f32::MIN_POSITIVE / 4.0, 1.0]] {
            let mut out = values;
            convert(&mut out).unwrap();
            assert!(!out.iter().any(|v| v.is_nan()), "{name}: {values:?} to {out:?}");
        }
    }
    for bad in [f32::NAN, f32::INFINITY] {
        let (power, amplitude) = (DbConfig::default(), AmplitudeDbConfig::default());
        assert_eq!(refused(power_to_db(&mut [1.0], &power.clone().with_reference(bad))), "reference");
        assert_eq!(refused(power_to_db_batch(&mut [], &power.with_amin(bad))), "amin");
        let of = |config| refused(amplitude_to_db(&mut [1.0], &config));
        assert_eq!(of(amplitude.clone().with_reference(bad)), "reference");
        assert_eq!(of(amplitude.clone().with_amin(bad)), "amin");
        assert_eq!(of(amplitude.clone().with_amin(0.0)), "amin");
        assert_eq!(of(amplitude.clone().with_top_db(bad)), "top_db");
        assert_eq!(of(amplitude.with_top_db(-1.0)), "top_db");
        assert_eq!(refused(db_to_power(&mut [1.0], bad)), "reference");
        assert_eq!(refused(db_to_amplitude(&mut [1.0], bad)), "reference");
        assert_eq!(refused(clamp_top_db(&mut [1.0], bad)), "top_db");
    }
    assert_eq!(refused(clamp_top_db(&mut [1.0], -1.0)), "top_db");
}

#[test]
fn cosine_transforms_and_lifters() {
    let ok = || MfccConfig::new(22_050);
    for dct_type in [0, 4, 255] {
        assert_eq!(refused(Mfcc::new(&ok().with_dct_type(dct_type))), "dct_type");
    }
    let one_band = ok().with_mel(MelConfig::new(22_050).with_n_mels(1)).with_n_mfcc(1);
    assert_eq!(refused(Mfcc::new(&one_band.clone().with_dct_type(1))), "n_mels");
    for dct_type in [2, 3] {
        assert!(Mfcc::new(&one_band.clone().with_dct_type(dct_type)).is_ok());
    }
    for lifter in [-1.0, -0.1, 1e-10, 1e10, f64::NAN, f64::INFINITY] {
        assert_eq!(refused(Mfcc::new(&ok().with_lifter(lifter))), "lifter");
    }
    for lifter in [0.0, -0.0, 1e-9, 1e9] {
        let mfcc = Mfcc::new(&ok().with_lifter(lifter)).unwrap().compute(&[0.5; 3000]).unwrap();
        assert!(mfcc.as_slice().iter().all(|v| v.is_finite()));
    }
}

#[test]
fn deltas() {
    let ok = DeltaConfig::default;
    for width in [0, 1, 2, 8, 65_536, 65_537, usize::MAX] {
        assert_eq!(refused(Delta::new(&ok().with_width(width))), "width");
    }
    for (width, order) in [(9, 0), (9, 9), (3, 3), (99, 17), (9, usize::MAX)] {
        assert_eq!(refused(Delta::new(&ok().with_width(width).with_order(order))), "order");
    }
    let frames = |n: usize| matrix(vec![1.0; 2 * n], 2);
    let delta = Delta::new(&ok()).unwrap();
    assert_eq!(refused(delta.compute(&frames(8))), "width");
    assert_eq!(delta.compute(&frames(9)).unwrap(), matrix(vec![0.0; 18], 2));
    for win_length in [0, 1, 2, 65_537, usize::MAX] {
        assert_eq!(refused(compute_deltas(&frames(9), win_length)), "win_length");
    }
    assert_eq!(compute_deltas(&frames(1), 65_536).unwrap(), matrix(vec![0.0; 2], 2));
}

#[test]
fn energy_normalisation() {
    let ok = PcenConfig::default;
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        for (config, parameter) in [
            (ok().with_gain(bad), "gain"),
            (ok().with_bias(bad), "bias"),
            (ok().with_power(bad), "power"),
            (ok().with_time_constant(bad), "time_constant"),
            (ok().with_eps(bad), "eps"),
            (ok().with_b(bad), "b"),
        ] {
            assert_eq!(refused(Pcen::new(&config)), parameter);
        }
    }
    for (config, parameter) in [
        (ok().with_sample_rate(0), "sample_rate"),
        (ok().with_hop_length(0), "hop_length"),
        (ok().with_time_constant(0.0), "time_constant"),
        (ok().with_eps(0.0), "eps"),
        (ok().with_b(0.0), "b"),
        (ok().with_b(1.1), "b"),
    ] {
        assert_eq!(refused(Pcen::new(&config)), parameter);
    }
    let pcen = Pcen::new(&ok()).unwrap();
    let (mut out, mut state) = (Matrix::default(), pcen.start(3));
    let before = state.clone();
    let error = pcen.continue_into(&matrix(vec![1.0; 4], 2), &mut out, &mut state).unwrap_err();
    assert!(matches!(error, Error::LengthMismatch { expected: 2, got: 3, .. }));
    assert!(pcen.continue_into(&matrix(vec![f32::NAN; 3], 3), &mut out, &mut state).is_err());
    assert_eq!(state, before);
    assert_eq!(pcen.start(usize::MAX).values().len(), 1 << 22);
}

#[test]
fn sliding_windows() {
    for (config, parameter) in [
        (SlidingCmnConfig::default().with_cmn_window(0), "cmn_window"),
        (SlidingCmnConfig::default().with_min_cmn_window(0), "min_cmn_window"),
    ] {
        assert_eq!(refused(SlidingCmn::new(&config)), parameter);
    }
    for center in [false, true] {
        let endless = SlidingCmnConfig::default().with_cmn_window(usize::MAX).with_min_cmn_window(usize::MAX);
        let cmn = SlidingCmn::new(&endless.with_center(center)).unwrap();
        let out = cmn.compute(&matrix(vec![1.0, 2.0, 6.0], 1)).unwrap();
        assert_eq!(out.as_slice(), [-2.0, -1.0, 3.0]);
    }
}

#[test]
fn emphasis() {
    for filter in [preemphasis, deemphasis] {
        assert_eq!(filter(&mut [], 0.97, None), Err(Error::EmptyInput));
        assert_eq!(filter(&mut [], 0.97, Some(0.0)), Err(Error::EmptyInput));
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut samples = [0.5, 0.5, bad];
            assert_eq!(filter(&mut samples, 0.97, None), Err(Error::NonFinite { index: 2 }));
            assert_eq!(samples[..2], [0.5, 0.5]);
            assert_eq!(refused(filter(&mut [0.5], bad, None)), "coef");
            assert_eq!(refused(filter(&mut [0.5], 0.97, Some(f64::from(bad)))), "state");
        }
        assert_eq!(refused(filter(&mut [0.5], 1.1, None)), "coef");
        let error = filter(&mut [1e11], 0.97, None).unwrap_err();
        assert_eq!(error, Error::SampleTooLarge { index: 0, got: 1e11, limit: MAX_SAMPLE });
        for samples in [vec![0.5], vec![MAX_SAMPLE; 1000], vec![f32::MIN_POSITIVE / 4.0; 3]] {
            for coef in [-1.0, 0.0, 0.97, 1.0] {
                let mut out = samples.clone();
                assert!(filter(&mut out, coef, None).unwrap().is_finite());
                assert!(out.iter().all(|v| v.is_finite()));
            }
        }
    }
}

#[test]
fn plans_are_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<Istft>();
    shared::<Stft>();
    shared::<Delta>();
    shared::<Pcen>();
    shared::<SlidingCmn>();
}
