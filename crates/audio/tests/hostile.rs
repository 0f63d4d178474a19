//! Damaged files without end: whatever happens must be audio or a typed error, soon.
//!
//! `SOUNDALIKE_HOSTILE_CASES` sets the number of cases; the default takes a few seconds.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests too.

mod common;

use std::time::{Duration, Instant};

use common::{SplitMix, aiff16, fixture, noise, wav, wav16};
use soundalike_audio::{AudioReader, Error, Limits, ReadConfig};

const FIXTURES: &[&str] = &[
    "cbr.mp3",
    "vbr.mp3",
    "bare.mp3",
    "vorbis.ogg",
    "mono.flac",
    "stereo.flac",
    "aac.m4a",
    "alac.m4a",
    "adts.aac",
    "aac.mka",
    "opus.opus",
];

fn seeds() -> Vec<(String, Vec<u8>)> {
    let mut seeds: Vec<(String, Vec<u8>)> =
        FIXTURES.iter().map(|n| ((*n).to_owned(), std::fs::read(fixture(n)).unwrap())).collect();
    seeds.push(("made.wav".into(), wav16(2, 44_100, &noise(1, 3_000))));
    seeds.push(("float.wav".into(), wav(3, 64, 1, 44_100, &[0x3F; 8_000])));
    seeds.push(("made.aiff".into(), aiff16(2, 44_100, &noise(2, 3_000), "name")));
    seeds
}

/// Some damage: flipped bits, cuts, zeroed or repeated or foreign stretches, large numbers.
fn damage(random: &mut SplitMix, bytes: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..=random.below(4) {
        let len = bytes.len();
        if len < 16 {
            return;
        }
        // Half of the damage goes to the front, where headers are.
        let reach = if random.below(2) == 0 { len } else { len.min(400) };
        let at = random.below(reach - 8);
        let run = random.below((len - at).min(64)) + 1;
        match random.below(8) {
            0 | 1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes.truncate(at),
            3 => bytes[at..at + run].fill(if random.below(2) == 0 { 0 } else { 0xFF }),
            4 => {
                let copy = bytes[at..at + run].to_vec();
                bytes.splice(at..at, copy);
            }
            5 => drop(bytes.drain(at..at + run)),
            6 => {
                let from = random.below(other.len());
                let piece = &other[from..(from + run * 8).min(other.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
            _ => {
                let value = [0_u32, 1, 0x7FFF_FFFF, 0x8000_0000, u32::MAX, 0xFFFF][random.below(6)];
                let value = if random.below(2) == 0 { value.to_be_bytes() } else { value.to_le_bytes() };
                bytes[at..at + 4].copy_from_slice(&value);
            }
        }
    }
}

/// Reads to the end. Returns whether there was audio, and fails on what must not be.
fn survive(name: &str, bytes: Vec<u8>) -> bool {
    let config =
        ReadConfig::new().with_sample_rate(22_050).with_limits(Limits::default().with_max_duration_s(600.0));
    let begun = Instant::now();
    let result = AudioReader::from_bytes(bytes.clone(), name, &config).and_then(|mut reader| {
        let mut heard = 0_usize;
        while let Some(block) = reader.next_block()? {
            assert!(block.iter().all(|s| s.is_finite()), "{name}: not finite");
            heard += block.len();
        }
        Ok(heard)
    });
    let took = begun.elapsed();
    if took > Duration::from_secs(2) || matches!(result, Err(Error::DecoderPanicked { .. })) {
        let path = std::env::temp_dir().join(format!("hostile-{}-{name}", bytes.len()));
        std::fs::write(&path, &bytes).unwrap();
        println!("{name}: {took:?} {result:?}, kept as {}", path.display());
    }
    assert!(took < Duration::from_secs(2), "{name} took {took:?}");
    match result {
        Ok(heard) => heard > 0,
        Err(e) => {
            assert_eq!(e.path(), Some(std::path::Path::new(name)), "{e:?}");
            false
        }
    }
}

#[test]
fn damaged_files_end_in_audio_or_a_typed_error() {
    let cases: u64 =
        std::env::var("SOUNDALIKE_HOSTILE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(600);
    let first: u64 = std::env::var("SOUNDALIKE_HOSTILE_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let seeds = seeds();
    let mut heard = 0;
    for case in first..first + cases {
        let mut random = SplitMix(case);
        let (name, bytes) = &seeds[random.below(seeds.len())];
        let (_, other) = &seeds[random.below(seeds.len())];
        let mut bytes = bytes.clone();
        damage(&mut random, &mut bytes, other);
        heard += u64::from(survive(name, bytes));
    }
    // Both outcomes must occur, or the damage tests nothing.
    assert!(heard > cases / 10 && heard < cases, "{heard} of {cases}");
}

#[test]
fn every_seed_survives_being_cut_anywhere() {
    for (name, bytes) in seeds() {
        for n in (0..bytes.len()).step_by(bytes.len() / 40 + 1).chain(0..64.min(bytes.len())) {
            survive(&name, bytes[..n].to_vec());
        }
        survive(&name, bytes);
    }
}

#[test]
fn a_cut_file_gives_what_it_has_and_says_so() {
    for name in ["cbr.mp3", "vbr.mp3", "bare.mp3", "vorbis.ogg", "mono.flac", "aac.m4a", "alac.m4a"] {
        let bytes = std::fs::read(fixture(name)).unwrap();
        // MP4 keeps its index at the end, so a cut one has no audio at all.
        let keep = if name.ends_with("m4a") { bytes.len() } else { bytes.len() * 85 / 100 };
        let mut reader = AudioReader::from_bytes(bytes[..keep].to_vec(), name, &ReadConfig::new()).unwrap();
        while reader.next_block().unwrap().is_some() {}
        let whole = keep == bytes.len();
        assert_eq!(reader.warnings().truncated, !whole, "{name}");
        assert!(reader.samples_read() > 4_000, "{name}: {}", reader.samples_read());
    }
}

#[test]
fn junk_in_the_middle_is_stepped_over() {
    for name in ["cbr.mp3", "vorbis.ogg", "mono.flac"] {
        let mut bytes = std::fs::read(fixture(name)).unwrap();
        // Behind Vorbis' code books, which are more than half of so short a file.
        let middle = bytes.len() * 8 / 10;
        for (i, b) in bytes[middle..middle + 600].iter_mut().enumerate() {
            *b = (i * 37 + 11) as u8;
        }
        let mut reader = AudioReader::from_bytes(bytes, name, &ReadConfig::new()).unwrap();
        while reader.next_block().unwrap().is_some() {}
        let whole = if name == "mono.flac" { 16_538 } else { 33_075 };
        assert!(!reader.warnings().is_clean(), "{name}");
        assert!(reader.samples_read() > whole / 2, "{name}: {}", reader.samples_read());
        assert!(reader.samples_read() <= whole, "{name}: {}", reader.samples_read());
    }
}

#[test]
fn endless_junk_after_a_frame_is_given_up() {
    let mut bytes = std::fs::read(fixture("bare.mp3")).unwrap();
    bytes.resize(64 << 20, 0x55);
    assert!(survive("junk.mp3", bytes));
    let sync: Vec<u8> = [0xFF, 0xFB, 0x90, 0x64].repeat(4 << 20);
    survive("sync.mp3", sync);
    survive("pages.ogg", b"OggS\0\0\0\0".repeat(2 << 20));
}
