//! Compressed formats: length to the sample, alignment, tags, segments. The files and the script
//! that makes them are in `fixtures/`.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests too.

mod common;

use common::{chirp, fixture, noise, wav16};
use soundalike_audio::{
    AudioReader, Error, MAX_BLOCK, ReadConfig, WavFormat, decode, decode_segment, resample, write_wav,
};

/// Name, native rate, length in frames, whether lossless, whether tagged.
const FILES: &[(&str, u32, usize, bool, bool)] = &[
    ("cbr.mp3", 44_100, 33_075, false, true),
    ("vbr.mp3", 44_100, 33_075, false, true),
    // No note of delay or padding: 30 frames of 1,152, delayed by encoder and decoder.
    ("bare.mp3", 44_100, 34_560, false, false),
    ("vorbis.ogg", 44_100, 33_075, false, true),
    ("stereo.flac", 44_100, 13_230, true, true),
    ("aac.m4a", 44_100, 33_075, false, true),
    ("alac.m4a", 44_100, 5_292, true, true),
    // No note of the padding: 33 frames of 1,024.
    ("adts.aac", 44_100, 33_792, false, false),
    ("aac.mka", 44_100, 33_792, false, true),
];

/// Lag of the best match of `a` in `b`, in samples, searched within `range`.
fn lag(a: &[f32], b: &[f32], range: i64) -> i64 {
    let at = |l: i64| -> f64 {
        (0..a.len())
            .filter_map(|i| Some(f64::from(a[i]) * f64::from(*b.get(usize::try_from(i as i64 + l).ok()?)?)))
            .sum()
    };
    (-range..=range).max_by(|&x, &y| at(x).total_cmp(&at(y))).unwrap()
}

#[test]
fn lengths_are_exact_and_the_chirp_is_where_it_was() {
    for &(name, rate, len, lossless, _) in FILES {
        let audio = decode(fixture(name), &ReadConfig::new()).unwrap();
        assert_eq!((audio.sample_rate, audio.samples.len()), (rate, len), "{name}");
        assert!(audio.warnings.is_clean(), "{name}: {:?}", audio.warnings);
        assert_eq!(audio.info.channels, 2, "{name}");
        let truth = chirp(rate, len.min(33_075));
        if lossless {
            let worst = truth.iter().zip(&audio.samples).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 2.0 / 32_768.0, "{name}: {worst}");
        }
        // Encoder (576) and decoder (529) delay stay in a file that does not tell them.
        let expected = if name == "bare.mp3" { 1_105 } else { 0 };
        let found = lag(&truth, &audio.samples, 1_200);
        assert_eq!(found, expected, "{name}");
        let hint = audio.info.duration_hint_s.unwrap_or(0.75);
        assert!((hint - len as f64 / f64::from(rate)).abs() < 0.06, "{name}: {hint}");
    }
}

#[test]
fn mono_flac_at_another_rate() {
    let audio = decode(fixture("mono.flac"), &ReadConfig::new().with_sample_rate(44_100)).unwrap();
    assert_eq!((audio.info.sample_rate, audio.info.channels), (22_050, 1));
    assert_eq!(audio.samples.len(), 33_076);
    assert_eq!(lag(&chirp(44_100, 33_075), &audio.samples, 10), 0);
}

#[test]
fn tags_are_read_from_every_container() {
    for &(name, _, _, _, tagged) in FILES {
        let tags = decode(fixture(name), &ReadConfig::new()).unwrap().tags;
        if !tagged {
            assert!(tags.is_empty(), "{name}: {tags:?}");
            continue;
        }
        assert_eq!(tags.artist.as_deref(), Some("Nobody"), "{name}");
        assert_eq!(tags.album.as_deref(), Some("Fixtures"), "{name}");
        assert_eq!(tags.year, Some(2024), "{name}: {tags:?}");
        // In Matroska the title is no tag but a field of the segment, which symphonia keeps.
        let title = (name != "aac.mka").then_some("Chirp_ä");
        assert_eq!(tags.title.as_deref(), title, "{name}");
        assert_eq!(tags.genre.as_deref(), Some("Test"), "{name}");
        assert_eq!(tags.track_number, Some(3), "{name}: {tags:?}");
    }
}

#[test]
fn id3v1_is_read_and_gives_way_to_id3v2() {
    let mut tag = b"TAG".to_vec();
    for (text, len) in [("Old title", 30), ("Old band", 30), ("Old album", 30), ("1987", 4), ("", 28)] {
        tag.extend(text.as_bytes());
        tag.resize(tag.len() + len - text.len(), 0);
    }
    tag.extend([0, 7, 17]);
    assert_eq!(tag.len(), 128);
    let tags = |name: &str| {
        let mut bytes = std::fs::read(fixture(name)).unwrap();
        bytes.extend_from_slice(&tag);
        let audio = soundalike_audio::decode_bytes(bytes, name, &ReadConfig::new()).unwrap();
        assert!(audio.warnings.is_clean(), "{:?}", audio.warnings);
        audio.tags
    };
    let old = tags("bare.mp3");
    assert_eq!(old.title.as_deref(), Some("Old title"));
    assert_eq!(old.artist.as_deref(), Some("Old band"));
    assert_eq!(old.album.as_deref(), Some("Old album"));
    assert_eq!((old.year, old.genre.as_deref(), old.track_number), (Some(1987), Some("Rock"), Some(7)));
    for name in ["cbr.mp3", "vbr.mp3"] {
        let new = tags(name);
        assert_eq!(
            (new.title.as_deref(), new.year, new.track_number),
            (Some("Chirp_ä"), Some(2024), Some(3))
        );
    }
}

#[test]
fn an_assumed_delay_is_told() {
    for (name, expected) in [("adts.aac", Some(1_024)), ("aac.mka", Some(1_024)), ("aac.m4a", None)] {
        let audio = decode(fixture(name), &ReadConfig::new()).unwrap();
        assert_eq!(audio.warnings.assumed_delay_frames, expected, "{name}");
    }
}

#[test]
fn opus_is_unsupported_by_name() {
    let error = decode(fixture("opus.opus"), &ReadConfig::new()).unwrap_err();
    assert!(matches!(&error, Error::Unsupported { what, .. } if what.contains("Opus")), "{error:?}");
    assert!(error.to_string().contains("opus.opus"));
}

#[test]
fn a_header_less_mp3_keeps_the_audio_beyond_a_guessed_length() {
    // Louder frames of a higher bit rate first: a length guessed from them is far too short.
    // Two streams, one after the other, as variable-rate files without a header look.
    let mut bytes = std::fs::read(fixture("cbr.mp3")).unwrap();
    let start = bytes.windows(4).position(|w| w == b"Info").unwrap() + 200;
    let first = start + bytes[start..].windows(2).position(|w| w == [0xFF, 0xFB]).unwrap();
    bytes.drain(..first);
    let bare = std::fs::read(fixture("bare.mp3")).unwrap();
    for _ in 0..4 {
        bytes.extend_from_slice(&bare);
    }
    let audio = soundalike_audio::decode_bytes(bytes, "two.mp3", &ReadConfig::new()).unwrap();
    let frames = audio.samples.len() / 1_152;
    assert!((29 + 4 * 29..=31 + 4 * 30).contains(&frames), "{frames} {:?}", audio.warnings);
    let tail = &audio.samples[audio.samples.len() - 20_000..audio.samples.len() - 5_000];
    assert!(tail.iter().any(|s| s.abs() > 0.2));
}

#[test]
fn resampling_while_reading_equals_resampling_the_whole() {
    for &(name, rate, ..) in FILES {
        let native = decode(fixture(name), &ReadConfig::new()).unwrap().samples;
        for to in [22_050, 16_000, 48_000, 44_101] {
            let read = decode(fixture(name), &ReadConfig::new().with_sample_rate(to)).unwrap();
            assert_eq!(read.samples, resample(&native, rate, to).unwrap(), "{name} {to}");
        }
    }
}

#[test]
fn a_segment_is_the_same_cut_of_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    let long = dir.path().join("long.wav");
    write_wav(&long, &noise(3, 300_000), 44_100, WavFormat::I16).unwrap();
    let stereo = dir.path().join("stereo.wav");
    std::fs::write(&stereo, wav16(2, 48_000, &noise(4, 200_000))).unwrap();
    let aiff = dir.path().join("a.aiff");
    std::fs::write(&aiff, common::aiff16(2, 32_000, &noise(5, 200_000), "x")).unwrap();
    let cut = dir.path().join("cut.wav");
    let bytes = std::fs::read(&long).unwrap();
    std::fs::write(&cut, &bytes[..400_001]).unwrap();

    let mut paths = vec![long, stereo, aiff, cut];
    paths.extend(["cbr.mp3", "vorbis.ogg", "stereo.flac", "aac.m4a"].map(fixture));
    for path in paths {
        for to in [None, Some(22_050), Some(16_000), Some(44_101)] {
            let mut config = ReadConfig::new();
            config.sample_rate = to;
            let whole = decode(&path, &config).unwrap();
            let rate = f64::from(whole.sample_rate);
            let end = whole.duration_s();
            for (start_s, duration_s) in [
                (0.0, 0.1),
                (0.05, 0.1),
                (0.123_456, 0.0777),
                (end * 0.5, end * 0.25),
                (end * 0.9, 100.0),
                (end - 2.0 / rate, 1.0),
                (end * 0.3, 1e-9),
            ] {
                let part = decode_segment(&path, start_s, duration_s, &config).unwrap();
                let start = (start_s * rate).round() as usize;
                let len = ((duration_s * rate).round() as usize).max(1);
                let expected = &whole.samples[start..(start + len).min(whole.samples.len())];
                assert!(part.samples == expected, "{} {to:?} {start_s} {duration_s}", path.display());
            }
            for start_s in [end, end + 0.5, 1e6] {
                let error = decode_segment(&path, start_s, 1.0, &config).unwrap_err();
                let Error::StartPastEnd { end_s, .. } = error else { panic!("{error:?}") };
                assert!((end_s - end).abs() < 0.001, "{} {start_s}: {end_s} {end}", path.display());
            }
        }
    }
}

#[test]
fn bad_segments_are_refused() {
    for (start_s, duration_s) in
        [(-1.0, 1.0), (0.0, 0.0), (0.0, -1.0), (f64::NAN, 1.0), (0.0, f64::NAN), (f64::INFINITY, 1.0)]
    {
        let result = decode_segment(fixture("cbr.mp3"), start_s, duration_s, &ReadConfig::new());
        assert!(matches!(result, Err(Error::InvalidSegment { .. })), "{start_s} {duration_s}");
    }
    // Far beyond any integer: past the end, not an overflow.
    for start_s in [1e18, 1e300, f64::MAX] {
        let config = ReadConfig::new().with_sample_rate(22_050);
        let result = decode_segment(fixture("cbr.mp3"), start_s, 1.0, &config);
        assert!(matches!(result, Err(Error::StartPastEnd { .. })), "{start_s} {result:?}");
    }
}

#[test]
fn blocks_are_bounded_and_add_up() {
    let bytes = wav16(1, 8_000, &noise(6, 400_000));
    let config = ReadConfig::new().with_sample_rate(96_000);
    let mut reader = AudioReader::from_bytes(bytes, "n.wav", &config).unwrap();
    let (mut total, mut largest) = (0, 0);
    while let Some(block) = reader.next_block().unwrap() {
        assert!(!block.is_empty());
        total += block.len();
        largest = largest.max(block.len());
    }
    assert_eq!((total, reader.samples_read()), (4_800_000, 4_800_000));
    assert_eq!(reader.frames_decoded(), 400_000);
    assert!(largest <= MAX_BLOCK, "{largest}");
    assert!(reader.next_block().unwrap().is_none());
}
