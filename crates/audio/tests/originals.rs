//! Real files and damaged ones, from a folder outside the repository.
//!
//! Set `SOUNDALIKE_ORIGINALS` to the folder; without it `../shared/music/originals` beside the
//! workspace is tried, and where that is absent the test says so and passes.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use soundalike_audio::{AudioReader, Error, ReadConfig};

/// What a file must end in: seconds of audio (and whether it is whole), or a kind of error.
enum Expected {
    Whole(f64),
    Damaged(f64),
    Fails(fn(&Error) -> bool),
}

use Expected::{Damaged, Fails, Whole};

const TABLE: &[(&str, Expected)] = &[
    ("aiff_48k.aiff", Whole(5.0)),
    // Three frames are lost in the hole; ffmpeg decodes the same number of samples.
    ("bad_corrupt_middle.mp3", Damaged(37.416)),
    ("bad_corrupt_middle.ogg", Damaged(146.307)),
    ("bad_empty.wav", Fails(|e| matches!(e, Error::EmptyFile { .. }))),
    ("bad_text_renamed.mp3", Fails(|e| matches!(e, Error::UnknownFormat { .. }))),
    // The header still claims 28.235 s.
    ("bad_truncated.flac", Damaged(3.157_914)),
    ("bad_truncated.mp3", Damaged(30.565_150)),
    ("bad_truncated.ogg", Damaged(27.824_762)),
    ("bad_truncated_header_claims_more.wav", Damaged(2.082_792)),
    ("derived_aac.m4a", Whole(20.0)),
    ("derived_flac_24bit_96k.flac", Whole(4.0)),
    ("derived_flac_6ch.flac", Whole(3.0)),
    // Encoded from 20 s: 20.062 with delay and padding.
    ("derived_mp3_vbr_22k_mono.mp3", Whole(20.0)),
    ("derived_opus.opus", Fails(|e| matches!(e, Error::Unsupported { .. }))),
    ("derived_wav_24bit_48k_music.wav", Whole(4.0)),
    ("derived_wav_float32.wav", Whole(3.0)),
    ("derived_wav_u8_11k_mono.wav", Whole(12.0)),
    ("flac_44k_stereo.flac", Whole(28.235_283)),
    ("mp3_44k_id3_coverart_jpeg.mp3", Whole(146.599_2)),
    ("mp3_48k_stereo.mp3", Whole(116.4)),
    ("ogg_44k_stereo_tags.ogg", Whole(165.616_327)),
    ("ogg_48k_mono.ogg", Whole(146.307)),
    ("ogg_game.ogg", Whole(72.604_331)),
    ("wav_24bit_48k_stereo_4s.wav", Whole(4.0)),
    ("wav_float64.wav", Whole(1.0)),
];

fn folder() -> PathBuf {
    std::env::var_os("SOUNDALIKE_ORIGINALS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/music/originals")),
        PathBuf::from,
    )
}

#[test]
fn every_original_ends_in_audio_or_a_typed_error() {
    let folder = folder();
    if !folder.is_dir() {
        println!("skipped: no folder of originals at {}", folder.display());
        return;
    }
    let patience = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 2 });
    let config = ReadConfig::new().with_sample_rate(22_050);
    let mut wrong = Vec::new();
    for (name, expected) in TABLE {
        let path = folder.join(name);
        if !path.exists() {
            println!("{name}: absent");
            continue;
        }
        let begun = Instant::now();
        let result = AudioReader::open(&path, &config).and_then(|mut reader| {
            while reader.next_block()?.is_some() {}
            Ok((reader.samples_read() as f64 / 22_050.0, reader))
        });
        let took = begun.elapsed();
        match &result {
            Ok((s, r)) => println!(
                "{name}: {s:.6} s, {} {} {} Hz x{}, hint {:?}, {:?} {:?} ({took:.2?})",
                r.info().format,
                r.info().codec,
                r.info().sample_rate,
                r.info().channels,
                r.info().duration_hint_s,
                r.warnings(),
                r.tags()
            ),
            Err(e) => println!("{e} ({took:.2?})"),
        }
        let right = match (expected, &result) {
            (Whole(s), Ok((got, r))) => (s - got).abs() <= 0.02 && r.warnings().is_clean(),
            (Damaged(s), Ok((got, r))) => (s - got).abs() <= 0.02 && !r.warnings().is_clean(),
            (Fails(kind), Err(e)) => kind(e) && e.path() == Some(&path),
            _ => false,
        };
        if !right || took > patience {
            wrong.push(*name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
