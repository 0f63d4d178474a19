//! The example `augment` as a person runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod common;

use common::{Bench, bad, example, good, stdout};

const CONFIG: &str = "
edits:
  - steps: [{ time_stretch: { rate: 1.25 } }]
waveform:
  steps:
    - pitch_shift: { semitones: [-4, 4] }
    - background_noise: { snr_db: 10 }
spectrogram:
  subset: 1
  steps: [{ time_mask: {} }, { frequency_mask: {} }]
";

#[test]
fn a_song_becomes_sounds_and_pictures_and_the_seed_fixes_them() {
    let bench = Bench::new(2, 4.0);
    std::fs::write(bench.path("augment.yaml"), CONFIG).unwrap();
    let run = |out: &str, seed: &str| {
        let mut command = example("augment");
        command.current_dir(bench.dir.path());
        command.args(["music/song-01.wav", "--config", "augment.yaml", "--noise", "music", "--count", "2"]);
        command.args(["--out", out, "--seed", seed, "--json", "out.json"]);
        stdout(&good(command))
    };
    let text = run("first", "5");
    assert!(text.contains("tempo +25 %") && text.contains("4 WAV files"), "{text}");
    let made = bench.json()["made"].as_array().unwrap().clone();
    let seeds: Vec<Option<u64>> = made.iter().map(|m| m["seed"].as_u64()).collect();
    assert_eq!(seeds, [None, None, Some(5), Some(6)]);
    assert!((made[1]["duration_s"].as_f64().unwrap() - 3.2).abs() < 1e-3);
    for m in &made {
        for key in ["wav", "png", "spectrogram_png"] {
            assert!(bench.path(m[key].as_str().unwrap()).metadata().unwrap().len() > 1_000, "{m}");
        }
    }
    run("second", "5");
    run("third", "6");
    let read =
        |folder: &str, n: u32| std::fs::read(bench.path(&format!("{folder}/song-01-{n:02}.wav"))).unwrap();
    for n in 0..4 {
        assert_eq!(read("first", n), read("second", n), "{n}");
    }
    assert_eq!(read("first", 3), read("third", 2));
    assert_ne!(read("first", 2), read("third", 2));
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_written() {
    let bench = Bench::new(1, 1.0);
    let run = |config: &str, input: &str, words: &[&str]| {
        std::fs::write(bench.path("augment.yaml"), config).unwrap();
        let mut command = example("augment");
        command.current_dir(bench.dir.path());
        command.args([input, "--config", "augment.yaml", "--out", "out"]);
        bad(command, words);
        assert!(!bench.path("out").exists(), "{config}");
    };
    let song = "music/song-00.wav";
    run("waveform:\n  steps:\n    - gian: { db: 3 }\n", song, &["augment.yaml", "line 3", "gian"]);
    run(CONFIG, song, &["background_noise needs noises"]);
    run("waveform:\n  steps:\n    - gain: { db: [3, 1] }\n", song, &["augment.yaml", "[3, 1]"]);
    run("edits: []\n", "missing.wav", &["missing.wav"]);
    run("edits: []\n", "augment.yaml", &["augment.yaml"]);
}
