//! What the tests of the examples share: audio that is made here, and runs of their binaries.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test; no test uses all of it"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use soundalike_audio::{WavFormat, write_wav};
use soundalike_catalog::Catalog;

pub const RATE: u32 = 22_050;

/// The example's binary, which `cargo test` builds beside this test.
pub fn example(name: &str) -> Command {
    let deps = std::env::current_exe().unwrap();
    let path = deps.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is missing: run `cargo test -p soundalike-examples` whole", path.display());
    Command::new(path)
}

/// A few seconds of buzz whose pitch and colour depend on `seed`.
pub fn song(seed: u32, seconds: f32) -> Vec<f32> {
    let hz = 90.0 * 1.13_f32.powi(seed as i32);
    let slope = 0.4 + 0.2 * (seed % 7) as f32;
    (0..(seconds * RATE as f32) as usize)
        .map(|i| {
            let t = i as f32 / RATE as f32;
            let step = 1.0 + 0.25 * ((t * 2.0) as u32 % 3) as f32;
            let tone =
                |h: u32| (std::f32::consts::TAU * hz * step * h as f32 * t).sin() / (h as f32).powf(slope);
            0.1 * (1..9).map(tone).sum::<f32>()
        })
        .collect()
}

pub struct Bench {
    pub dir: tempfile::TempDir,
}

impl Bench {
    pub fn new(songs: u32, seconds: f32) -> Self {
        let bench = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::create_dir(bench.path("music")).unwrap();
        for s in 0..songs {
            let path = bench.path(&format!("music/song-{s:02}.wav"));
            write_wav(path, &song(s, seconds), RATE, WavFormat::I16).unwrap();
        }
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn pipeline(&self) -> Command {
        let mut command = example("pipeline");
        command.current_dir(self.dir.path());
        command.args([
            "--music",
            "music",
            "--library",
            "library",
            "--report",
            "report",
            "--json",
            "out.json",
        ]);
        command
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.path("out.json")).unwrap()).unwrap()
    }

    pub fn songs(&self) -> usize {
        let catalog = Catalog::open_read_only(self.path("library/catalog.sqlite"));
        catalog.and_then(|c| c.songs()).map_or(0, |s| s.len())
    }
}

pub fn stdout(out: &Output) -> String {
    String::from_utf8_lossy(&out.stdout).into_owned()
}

pub fn stderr(out: &Output) -> String {
    String::from_utf8_lossy(&out.stderr).into_owned()
}

#[track_caller]
pub fn good(mut command: Command) -> Output {
    let out = command.output().unwrap();
    assert!(out.status.success(), "{command:?}: {}\n{}", out.status, stderr(&out));
    out
}

/// Runs a command that must fail: exit code 1, one message, no panic.
#[track_caller]
pub fn bad(mut command: Command, words: &[&str]) {
    let out = command.output().unwrap();
    let message = stderr(&out);
    assert_eq!(out.status.code(), Some(1), "{command:?}: {}\n{message}", out.status);
    assert!(message.starts_with("error: ") && !message.contains("panicked"), "{message}");
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message}");
    }
}

pub fn extract(bench: &Bench, args: &[&str]) -> Command {
    let mut command = example("extract");
    command.current_dir(bench.dir.path()).args(args);
    command
}
