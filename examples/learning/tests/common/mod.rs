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

use soundalike_audio::{WavFormat, write_wav};

pub const RATE: u32 = 22_050;

/// The example's binary, which `cargo test` builds beside this test.
pub fn example(name: &str) -> Command {
    let deps = std::env::current_exe().unwrap();
    let path = deps.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is missing: run `cargo test -p soundalike-learning` whole", path.display());
    Command::new(path)
}

/// A buzz whose pitch, colour and beat depend on `seed`.
pub fn song(seed: u32, seconds: f32) -> Vec<f32> {
    let hz = 80.0 * 1.11_f32.powi((seed % 20) as i32);
    let slope = 0.4 + 0.2 * (seed % 7) as f32;
    let beat = 1.5 + 0.3 * (seed % 5) as f32;
    (0..(seconds * RATE as f32) as usize)
        .map(|i| {
            let t = i as f32 / RATE as f32;
            let step = 1.0 + 0.25 * ((t * beat) as u32 % 3) as f32;
            let tone =
                |h: u32| (std::f32::consts::TAU * hz * step * h as f32 * t).sin() / (h as f32).powf(slope);
            0.1 * (0.3 + (-4.0 * (t * beat).fract()).exp()) * (1..9).map(tone).sum::<f32>()
        })
        .collect()
}

/// A folder of songs.
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

    /// `train` on the songs by a configuration of examples/configs/quick.
    pub fn train(&self, config: &str, out: &str) -> Command {
        let mut command = example("train");
        command
            .arg("--config")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/quick").join(config))
            .arg("--music")
            .arg(self.path("music"))
            .arg("--cache")
            .arg(self.path("cache"))
            .arg("--out")
            .arg(self.path(out));
        command
    }
}

pub fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// What a run that must succeed printed.
pub fn ok(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", text(&output));
    text(&output)
}

/// What a run that must fail said.
pub fn refused(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{command:?}\n{}", text(&output));
    let said = text(&output);
    assert!(said.contains("error:") && !said.contains("panicked"), "{said}");
    said
}
