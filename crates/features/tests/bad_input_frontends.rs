//! What each front end answers to input that is empty, too short, not finite, or out of range.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use soundalike_features::{
    Error, FrontEnd, KaldiFbank, KaldiFbankConfig, KaldiMfcc, KaldiMfccConfig, MAX_SAMPLE, Matrix, Scratch,
    Window,
};

fn all() -> impl Iterator<Item = FrontEnd> {
    FrontEnd::NAMES.into_iter().map(|name| FrontEnd::by_name(name).unwrap())
}

/// Computes in all three ways; they must agree on what is wrong.
fn refused(front_end: &FrontEnd, samples: &[f32]) -> Error {
    let error = front_end.compute(samples).unwrap_err();
    let mut out = Matrix::default();
    assert_eq!(front_end.compute_into(samples, &mut out, &mut Scratch::new()), Err(error.clone()));
    assert_eq!(front_end.patches(samples), Err(error.clone()), "{}", front_end.name());
    error
}

#[test]
fn names_that_are_none() {
    for name in ["", "VGGish", "vggish ", "openl4", "kald", "mfcc\n"] {
        let error = FrontEnd::by_name(name).unwrap_err();
        assert_eq!(error, Error::UnknownFrontEnd { name: name.to_owned() });
        let message = error.to_string();
        assert!(FrontEnd::NAMES.iter().all(|name| message.contains(name)), "{message}");
    }
    for name in FrontEnd::NAMES {
        assert_eq!(FrontEnd::by_name(name).unwrap().name(), name);
    }
    assert!(matches!(FrontEnd::librosa(0), Err(Error::InvalidConfig { parameter: "sample_rate", .. })));
}

#[test]
fn what_each_says_of_itself() {
    let said: Vec<_> = all()
        .map(|f| {
            let patch = f.patch().map(|p| (p.frames, (p.hop * 1000.0).round() as u32));
            (f.name(), f.sample_rate(), f.coefficients(), (f.frame_hop() * 1e6).round() as u32, patch)
        })
        .collect();
    let want = [
        ("librosa", 22_050, 128, 23_220, None),
        ("torchaudio", 16_000, 128, 12_500, None),
        ("kaldi_fbank", 16_000, 23, 10_000, None),
        ("kaldi_mfcc", 16_000, 13, 10_000, None),
        ("vggish", 16_000, 64, 10_000, Some((96, 960))),
        ("yamnet", 16_000, 64, 10_000, Some((96, 480))),
        ("openl3_linear", 48_000, 257, 5_042, Some((197, 100))),
        ("openl3_mel128", 48_000, 128, 5_042, Some((199, 100))),
        ("openl3_mel256", 48_000, 256, 5_042, Some((199, 100))),
        ("clap", 48_000, 64, 10_000, Some((1001, 10_000))),
        ("musicnn", 16_000, 96, 16_000, Some((187, 2_992))),
        ("essentia_musicnn", 16_000, 96, 16_000, Some((187, 1_488))),
    ];
    assert_eq!(said, want);
}

#[test]
fn samples_that_are_none_or_no_numbers() {
    for front_end in all() {
        assert_eq!(refused(&front_end, &[]), Error::EmptyInput);
        assert_eq!(front_end.frames(0), Err(Error::EmptyInput));
        for index in [0, 777, 1999] {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut samples = [0.1; 2000];
                samples[index] = bad;
                assert_eq!(refused(&front_end, &samples), Error::NonFinite { index }, "{}", front_end.name());
            }
            let mut samples = [0.1; 2000];
            samples[index] = -1e11;
            let error = Error::SampleTooLarge { index, got: -1e11, limit: MAX_SAMPLE };
            assert_eq!(refused(&front_end, &samples), error);
        }
    }
}

#[test]
fn samples_that_are_too_few() {
    for front_end in all() {
        // As many as fill a frame, where the reference neither centres nor pads.
        let least = match front_end.name() {
            "vggish" | "kaldi_fbank" | "kaldi_mfcc" => 400,
            "openl3_linear" => 512,
            _ => 1,
        };
        let samples = vec![0.25; least];
        let whole = front_end.compute(&samples).unwrap();
        let frames = if front_end.name() == "yamnet" { 96 } else { 1 };
        assert_eq!((whole.rows(), whole.cols()), (front_end.coefficients(), frames), "{}", front_end.name());
        assert_eq!(front_end.frames(least), Ok(frames));
        let patches = front_end.patches(&samples).unwrap();
        let none = ["vggish", "musicnn", "essentia_musicnn"].contains(&front_end.name());
        assert_eq!(patches.len(), usize::from(!none), "{}", front_end.name());
        if least > 1 {
            let error = Error::TooShort { expected: least, got: least - 1 };
            let short = &samples[1..];
            assert_eq!(front_end.frames(least - 1), Err(error.clone()));
            assert_eq!(front_end.compute(short), Err(error.clone()));
            match front_end.patches(short) {
                // Windows of a second are filled up.
                Ok(patches) => assert_eq!((front_end.name(), patches.len()), ("openl3_linear", 1)),
                Err(got) => assert_eq!(got, error),
            }
        }
    }
}

#[test]
fn the_largest_and_the_smallest_samples_stay_finite() {
    for front_end in all() {
        for sample in [MAX_SAMPLE, -MAX_SAMPLE, f32::MIN_POSITIVE / 8.0, 0.0] {
            let alternating: Vec<f32> =
                (0..3001).map(|n| if n % 2 == 0 { sample } else { -sample }).collect();
            for samples in [vec![sample; 3001], alternating] {
                let whole = front_end.compute(&samples).unwrap();
                assert!(whole.as_slice().iter().all(|v| v.is_finite()), "{} {sample:e}", front_end.name());
                for patch in front_end.patches(&samples).unwrap() {
                    assert!(
                        patch.as_slice().iter().all(|v| v.is_finite()),
                        "{} {sample:e}",
                        front_end.name()
                    );
                }
            }
        }
    }
}

#[test]
fn patches_of_clips_around_a_patch() {
    let count = |name: &str, n: usize| FrontEnd::by_name(name).unwrap().patches(&vec![0.1; n]).unwrap().len();
    for (name, n, patches) in [
        ("vggish", 15_599, 0),
        ("vggish", 15_600, 1),
        ("vggish", 15_600 + 15_359, 1),
        ("vggish", 15_600 + 15_360, 2),
        ("yamnet", 15_600, 1),
        ("yamnet", 15_601, 2),
        ("openl3_mel128", 24_000, 1),
        ("openl3_mel128", 24_001, 2),
        ("clap", 480_000, 1),
        ("clap", 480_001, 2),
        ("clap", 960_000, 2),
        ("musicnn", 186 * 256 - 1, 0),
        ("musicnn", 186 * 256, 1),
        ("essentia_musicnn", 512 + 186 * 256, 1),
        ("essentia_musicnn", 512 + (186 + 93) * 256, 2),
    ] {
        assert_eq!(count(name, n), patches, "{name} {n}");
    }
}

/// A scratch that another front end, a longer signal or an error left behind changes no result.
#[test]
fn a_used_scratch_is_as_good_as_a_new_one() {
    let samples: Vec<f32> = (0..20_000).map(|n| (n as f32 * 0.05).sin()).collect();
    let (mut out, mut scratch) = (Matrix::default(), Scratch::new());
    for length in [20_000, 600, 7_777] {
        for front_end in all() {
            let signal = &samples[..length];
            assert!(front_end.compute_into(&[f32::NAN; 600], &mut out, &mut scratch).is_err());
            front_end.compute_into(signal, &mut out, &mut scratch).unwrap();
            assert_eq!(out, front_end.compute(signal).unwrap(), "{}", front_end.name());
        }
    }
}

#[test]
fn plans_are_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<FrontEnd>();
    shared::<KaldiFbank>();
    shared::<KaldiMfcc>();
}

fn parameter(result: Result<impl Sized, Error>) -> &'static str {
    match result {
        Err(Error::InvalidConfig { parameter, .. }) => parameter,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn kaldi_settings_out_of_range() {
    let ok = KaldiFbankConfig::default;
    for (config, name) in [
        (ok().with_sample_rate(0), "sample_rate"),
        (ok().with_scale(0.0), "scale"),
        (ok().with_scale(-1.0), "scale"),
        (ok().with_scale(f32::NAN), "scale"),
        (ok().with_scale(f32::INFINITY), "scale"),
        (ok().with_frame_length(0.0), "frame_length"),
        (ok().with_frame_length(0.1), "frame_length"),
        (ok().with_frame_length(-25.0), "frame_length"),
        (ok().with_frame_length(f64::NAN), "frame_length"),
        (ok().with_frame_length(f64::INFINITY), "frame_length"),
        (ok().with_frame_length(4097.0), "frame_length"),
        (ok().with_frame_length(401.0 / 16.0).with_round_to_power_of_two(false), "frame_length"),
        (ok().with_frame_shift(0.0), "frame_shift"),
        (ok().with_frame_shift(0.06), "frame_shift"),
        (ok().with_frame_shift(-1.0), "frame_shift"),
        (ok().with_frame_shift(f64::NAN), "frame_shift"),
        (ok().with_frame_shift(f64::INFINITY), "frame_shift"),
        (ok().with_preemphasis_coefficient(-0.1), "preemphasis_coefficient"),
        (ok().with_preemphasis_coefficient(1.1), "preemphasis_coefficient"),
        (ok().with_preemphasis_coefficient(f64::NAN), "preemphasis_coefficient"),
        (ok().with_window(Window::Kaiser { beta: -1.0 }), "beta"),
        (ok().with_num_mel_bins(0), "num_mel_bins"),
        (ok().with_num_mel_bins(3), "num_mel_bins"),
        (ok().with_num_mel_bins(usize::MAX), "num_mel_bins"),
        (ok().with_low_freq(-1.0), "low_freq"),
        (ok().with_low_freq(8000.0), "low_freq"),
        (ok().with_low_freq(f64::NAN), "low_freq"),
        (ok().with_high_freq(8000.1), "high_freq"),
        (ok().with_high_freq(20.0), "high_freq"),
        (ok().with_high_freq(-7980.0), "high_freq"),
        (ok().with_high_freq(-9000.0), "high_freq"),
        (ok().with_high_freq(f64::NAN), "high_freq"),
        (ok().with_high_freq(f64::NEG_INFINITY), "high_freq"),
        (ok().with_energy_floor(-1.0), "energy_floor"),
        (ok().with_energy_floor(f64::NAN), "energy_floor"),
    ] {
        assert_eq!(parameter(KaldiFbank::new(&config)), name);
        assert_eq!(parameter(KaldiMfcc::new(&KaldiMfccConfig::default().with_fbank(config))), name);
    }
    // So narrow that the bands' edges cannot be told apart.
    let narrow = ok().with_low_freq(500.0).with_high_freq(500.0f64.next_up());
    assert_eq!(parameter(KaldiFbank::new(&narrow)), "fmax");

    let ok = KaldiMfccConfig::default;
    for (config, name) in [
        (ok().with_num_ceps(0), "num_ceps"),
        (ok().with_num_ceps(24), "num_ceps"),
        (ok().with_cepstral_lifter(-1.0), "cepstral_lifter"),
        (ok().with_cepstral_lifter(f64::NAN), "cepstral_lifter"),
        (ok().with_cepstral_lifter(f64::INFINITY), "cepstral_lifter"),
        (ok().with_fbank(KaldiFbankConfig::default().with_use_power(false)), "use_power"),
        (ok().with_fbank(KaldiFbankConfig::default().with_use_log_fbank(false)), "use_log_fbank"),
    ] {
        assert_eq!(parameter(KaldiMfcc::new(&config)), name);
    }
}

#[test]
fn kaldi_at_the_edges_of_its_ranges() {
    let ok = KaldiFbankConfig::default;
    let samples: Vec<f32> = (0..70_000).map(|n| MAX_SAMPLE * (n as f32 * 0.3).sin()).collect();
    for config in [
        ok().with_frame_length(4096.0).with_scale(1e6),
        ok().with_frame_length(4096.0).with_scale(1e6).with_use_log_fbank(false),
        ok().with_scale(1e-6).with_use_power(false),
        ok().with_frame_length(0.125).with_frame_shift(0.0625),
        ok().with_frame_shift(1e8),
        ok().with_use_energy(true).with_energy_floor(0.0),
        ok().with_snip_edges(false).with_frame_length(4096.0),
    ] {
        let fbank = KaldiFbank::new(&config).unwrap();
        let bands = fbank.compute(&samples).unwrap();
        assert_eq!((bands.rows(), bands.cols()), (fbank.rows(), fbank.frames(samples.len()).unwrap()));
        assert!(bands.as_slice().iter().all(|v| v.is_finite()), "{config:?}");
    }
    // Mirrored as often as it takes; but half a hop makes the first frame.
    let fbank = KaldiFbank::new(&ok().with_snip_edges(false)).unwrap();
    assert_eq!(fbank.compute(&[0.5; 80]).unwrap().cols(), 1);
    assert_eq!(fbank.compute(&[0.5; 79]), Err(Error::TooShort { expected: 80, got: 79 }));
    let odd = KaldiFbank::new(&ok().with_snip_edges(false).with_frame_shift(161.0 / 16.0)).unwrap();
    assert_eq!(odd.frames(81), Ok(1));
    assert_eq!(odd.frames(80), Err(Error::TooShort { expected: 81, got: 80 }));
}
