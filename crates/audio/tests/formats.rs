//! WAV of every kind and AIFF, from bytes made by hand: exact samples, mixing, tags, damage.

mod common;

use common::{aiff16, noise, tone, wav, wav16};
use soundalike_audio::{Error, LimitKind, Limits, ReadConfig, WavFormat, decode, decode_bytes, write_wav};

fn read(bytes: Vec<u8>) -> Result<soundalike_audio::Audio, Error> {
    decode_bytes(bytes, "made.wav", &ReadConfig::new())
}

#[test]
fn every_kind_of_wav_sample_is_read_at_its_scale() {
    // Values on the grid of every format: eighths.
    let values = [0.0_f64, 0.5, -0.5, 0.125, -1.0, 0.875, 0.25, -0.625];
    let expected: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    let int = |bytes: usize| -> Vec<u8> {
        let full = 2_f64.powi(8 * bytes as i32 - 1);
        values.iter().flat_map(|v| ((v * full) as i64).to_le_bytes()[..bytes].to_vec()).collect()
    };
    let u8s: Vec<u8> = values.iter().map(|v| (v * 128.0 + 128.0) as u8).collect();
    let f32s: Vec<u8> = values.iter().flat_map(|&v| (v as f32).to_le_bytes()).collect();
    let f64s: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let cases =
        [(1, 8, u8s), (1, 16, int(2)), (1, 24, int(3)), (1, 32, int(4)), (3, 32, f32s), (3, 64, f64s)];
    for (kind, bits, data) in cases {
        let audio = read(wav(kind, bits, 1, 44_100, &data)).unwrap();
        assert_eq!(audio.samples, expected, "{kind} {bits}");
        assert_eq!((audio.info.sample_rate, audio.info.channels), (44_100, 1));
        assert_eq!(audio.info.format, "wave");
        assert!(audio.warnings.is_clean(), "{kind} {bits} {:?}", audio.warnings);

        // The same values as the frames of two and of four channels: averages.
        for channels in [2_usize, 4] {
            let audio = read(wav(kind, bits, channels as u16, 44_100, &data)).unwrap();
            let mixed: Vec<f32> =
                expected.chunks(channels).map(|c| c.iter().sum::<f32>() / channels as f32).collect();
            assert_eq!(audio.samples, mixed, "{kind} {bits} x{channels}");
        }
    }
}

#[test]
fn six_channels_are_averaged() {
    let frames: Vec<f32> = (0..600).map(|i| if i % 6 == 2 { 0.75 } else { 0.0 }).collect();
    let audio = read(wav16(6, 48_000, &frames)).unwrap();
    assert_eq!(audio.info.channels, 6);
    assert_eq!(audio.samples, vec![0.125; 100]);
}

#[test]
fn aiff_gives_the_same_samples_as_wav_and_its_name() {
    let samples = noise(1, 2_000);
    let from_wav = read(wav16(2, 32_000, &samples)).unwrap();
    let from_aiff = read(aiff16(2, 32_000, &samples, "A name")).unwrap();
    assert_eq!(from_aiff.samples, from_wav.samples);
    assert_eq!((from_aiff.info.sample_rate, from_aiff.info.format.as_str()), (32_000, "aiff"));
    assert_eq!(from_aiff.tags.title.as_deref(), Some("A name"));
    assert!(from_aiff.warnings.is_clean());
}

#[test]
fn riff_info_is_read() {
    let mut list = b"INFO".to_vec();
    for (key, text) in
        [(b"INAM", "Song\0\0"), (b"IART", "Band\0\0"), (b"ICRD", "1998\0\0"), (b"IGNR", "Folk\0\0")]
    {
        list.extend(key);
        list.extend((text.len() as u32).to_le_bytes());
        list.extend(text.as_bytes());
    }
    let plain = wav16(1, 8_000, &tone(440.0, 8_000, 800));
    let mut chunk = b"LIST".to_vec();
    chunk.extend((list.len() as u32).to_le_bytes());
    chunk.extend(&list);
    // Before the audio, and after it.
    for at in [12, plain.len()] {
        let mut bytes = plain.clone();
        bytes.splice(at..at, chunk.iter().copied());
        let audio = read(bytes).unwrap();
        assert_eq!(audio.samples.len(), 800);
        let tags = audio.tags;
        assert_eq!(tags.title.as_deref(), Some("Song"));
        assert_eq!(tags.artist.as_deref(), Some("Band"));
        assert_eq!((tags.year, tags.genre.as_deref()), (Some(1998), Some("Folk")));
    }
}

#[test]
fn a_recording_whose_lengths_were_never_filled_in_is_read() {
    let whole = wav16(1, 44_100, &tone(440.0, 44_100, 3_000));
    let expected = read(whole.clone()).unwrap().samples;
    for (riff, data) in [(0, 0), (0xFFFF_FFFF, 0xFFFF_FFFF), (0, 6_000), (100, 6_000), (36, 0)] {
        let mut bytes = whole.clone();
        bytes[4..8].copy_from_slice(&u32::to_le_bytes(riff));
        bytes[40..44].copy_from_slice(&u32::to_le_bytes(data));
        let audio = read(bytes).unwrap();
        assert!(audio.samples == expected, "{riff} {data}: {}", audio.samples.len());
    }
}

#[test]
fn non_finite_samples_become_zero_and_are_counted() {
    let values = [0.5_f32, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, -2e9];
    let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let audio = read(wav(3, 32, 1, 44_100, &data)).unwrap();
    assert_eq!(audio.samples, [0.5, 0.0, 0.0, 0.0, 0.0, -2e9]);
    assert_eq!(audio.warnings.non_finite_samples, 4);
    assert!(!audio.warnings.is_clean());
}

#[test]
fn headers_that_lie_about_length_cost_nothing_and_are_noticed() {
    let samples = tone(440.0, 44_100, 5_000);
    for claim in [20_000_u32, 0x7FFF_FFFF, 0xFFFF_FFF0] {
        let mut bytes = wav16(1, 44_100, &samples);
        bytes[40..44].copy_from_slice(&claim.to_le_bytes());
        bytes[4..8].copy_from_slice(&claim.saturating_add(36).to_le_bytes());
        let audio = read(bytes).unwrap();
        assert_eq!(audio.samples.len(), 5_000, "{claim:x}");
        assert!(audio.warnings.truncated, "{claim:x}");
    }
    let mut bytes = wav16(1, 44_100, &samples);
    bytes.truncate(bytes.len() - 1_001);
    let audio = read(bytes).unwrap();
    assert_eq!(audio.samples.len(), 4_499);
    assert!(audio.warnings.truncated);
}

#[test]
fn files_without_audio_are_typed_errors_that_name_them() {
    type Check = fn(&Error) -> bool;
    let cases: [(Vec<u8>, Check); 5] = [
        (Vec::new(), |e| matches!(e, Error::EmptyFile { .. })),
        (b"not audio at all, only text. ".repeat(100), |e| matches!(e, Error::UnknownFormat { .. })),
        (vec![0; 10_000], |e| matches!(e, Error::UnknownFormat { .. })),
        (wav16(1, 44_100, &[]), |e| matches!(e, Error::NoSamples { .. })),
        (wav16(1, 44_100, &[0.5; 100])[..30].to_vec(), |e| matches!(e, Error::Malformed { .. })),
    ];
    for (i, (bytes, right)) in cases.into_iter().enumerate() {
        let error = read(bytes).unwrap_err();
        assert!(right(&error), "{i}: {error:?}");
        assert!(error.to_string().starts_with("made.wav: "), "{error}");
        assert_eq!(error.path(), Some(std::path::Path::new("made.wav")));
    }
}

#[test]
fn limits_are_held() {
    let bytes = wav16(2, 44_100, &vec![0.25; 2 * 44_100]);
    let with = |limits| decode_bytes(bytes.clone(), "made.wav", &ReadConfig::new().with_limits(limits));
    let what = |limits| match with(limits) {
        Err(Error::LimitExceeded { what, .. }) => Some(what),
        other => panic!("{other:?}"),
    };
    assert_eq!(what(Limits::default().with_max_duration_s(0.5)), Some(LimitKind::DurationSeconds));
    assert_eq!(what(Limits::default().with_max_channels(1)), Some(LimitKind::Channels));
    assert_eq!(what(Limits::default().with_max_sample_rate(44_099)), Some(LimitKind::SampleRate));
    assert_eq!(what(Limits::default().with_max_samples(44_099)), Some(LimitKind::Samples));
    let exact = Limits::default()
        .with_max_duration_s(1.0)
        .with_max_channels(2)
        .with_max_sample_rate(44_100)
        .with_max_samples(44_100);
    assert_eq!(with(exact).unwrap().samples.len(), 44_100);
    assert!(matches!(read(wav16(1, 500, &[0.5; 100])), Err(Error::Unsupported { .. })));
}

#[test]
fn what_is_written_is_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("é 音.wav");
    let samples: Vec<f32> = noise(2, 5_000).iter().map(|s| s * 2.2).collect();
    for (format, step) in [(WavFormat::I16, 1.0 / 65_536.0), (WavFormat::I24, 1.0 / 16_777_216.0)] {
        write_wav(&path, &samples, 22_050, format).unwrap();
        let audio = decode(&path, &ReadConfig::new()).unwrap();
        assert_eq!((audio.samples.len(), audio.sample_rate), (5_000, 22_050));
        for (got, want) in audio.samples.iter().zip(&samples) {
            let clipped = want.clamp(-1.0, 1.0 - 2.0 * step);
            assert!((got - clipped).abs() <= step * 1.001, "{format:?} {got} {want}");
        }
    }
    write_wav(&path, &samples, 48_000, WavFormat::F32).unwrap();
    assert_eq!(decode(&path, &ReadConfig::new()).unwrap().samples, samples);
    write_wav(&path, &[f32::NAN, f32::INFINITY, -f32::INFINITY], 48_000, WavFormat::I16).unwrap();
    assert_eq!(decode(&path, &ReadConfig::new()).unwrap().samples, [0.0, 32_767.0 / 32_768.0, -1.0]);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_and_never_opened() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pipe.wav");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    if !made.is_ok_and(|s| s.success()) {
        println!("skipped: no mkfifo here");
        return;
    }
    // Opening it would block for ever.
    assert!(matches!(decode(&path, &ReadConfig::new()), Err(Error::NotAFile { .. })));
    assert!(matches!(decode(dir.path(), &ReadConfig::new()), Err(Error::NotAFile { .. })));
    assert!(matches!(decode(dir.path().join("no.wav"), &ReadConfig::new()), Err(Error::NotFound { .. })));
    let scan = soundalike_audio::scan(dir.path()).unwrap();
    assert_eq!(scan.skipped, [(path, soundalike_audio::SkipReason::SpecialFile)]);
}
