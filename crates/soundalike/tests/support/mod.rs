//! Small music for the tests, and a library to put it in.
#![allow(dead_code, unreachable_pub)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use soundalike::audio::{WavFormat, write_wav};
use soundalike::{
    Embedder, IngestOptions, IngestReport, Library, MfccEmbedder, MfccEmbedderConfig, MusicFolder,
};

pub const RATE: u32 = 22_050;

/// `seconds` of a "song": a chord of decaying notes whose pitches, brightness and tempo come from `seed`.
pub fn song(seed: u32, seconds: f64) -> Vec<f32> {
    let n = (seconds * f64::from(RATE)) as usize;
    let mut state = seed.wrapping_mul(0x9e37_79b9).wrapping_add(0x7f4a_7c15);
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        f64::from(state) / f64::from(u32::MAX)
    };
    let base = 110.0 * 2.0_f64.powf(2.0 * random());
    let harmonics: Vec<f64> = (1..=12).map(|h| random() / f64::from(h).powf(0.5 + 1.5 * random())).collect();
    let noise = 0.05 * random();
    let beat = 0.3 + 0.4 * random();
    let steps: Vec<f64> = (0..32).map(|_| (random() * 12.0).floor()).collect();
    (0..n)
        .map(|i| {
            let t = i as f64 / f64::from(RATE);
            let note = steps[(t / beat) as usize % steps.len()];
            let hz = base * 2.0_f64.powf(note / 12.0);
            let decay = (-3.0 * (t % beat) / beat).exp();
            let tone: f64 = harmonics
                .iter()
                .enumerate()
                .map(|(h, a)| a * (std::f64::consts::TAU * hz * (h + 1) as f64 * t).sin())
                .sum();
            (0.15 * decay * tone + noise * (random() - 0.5)) as f32
        })
        .collect()
}

pub fn write(path: &Path, samples: &[f32]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    write_wav(path, samples, RATE, WavFormat::I16).unwrap();
}

/// A music folder and a library beside it, gone with the test.
pub struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("music")).unwrap();
        Self { dir }
    }

    /// A bench with the songs `a.wav`, `b.wav`, `c.wav`, of 12 s each.
    pub fn with_songs() -> Self {
        let bench = Self::new();
        for (seed, name) in [(1, "a.wav"), (2, "b.wav"), (3, "c.wav")] {
            write(&bench.music(name), &song(seed, 12.0));
        }
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn music(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join("music").join(name)
    }

    pub fn library(&self) -> Library {
        Library::open(&self.path("library"), embedder()).unwrap()
    }

    pub fn folder(&self) -> MusicFolder {
        MusicFolder::scan(&self.path("music")).unwrap()
    }

    pub fn ingest(&self) -> IngestReport {
        self.ingest_with(&IngestOptions::default())
    }

    pub fn ingest_with(&self, options: &IngestOptions) -> IngestReport {
        self.library().ingest(&self.folder(), options, &()).unwrap()
    }

    /// The ids of all tracks in the catalog.
    pub fn tracks(&self) -> Vec<String> {
        self.library().catalog().songs().unwrap().into_iter().map(|s| s.recording_id).collect()
    }
}

pub fn embedder() -> Arc<dyn Embedder> {
    Arc::new(MfccEmbedder::new(&MfccEmbedderConfig::default()).unwrap())
}

/// The matched track and its offset in whole seconds.
pub fn identify(bench: &Bench, samples: &[f32]) -> Option<(String, i64)> {
    let library = bench.library();
    let clip = soundalike::ClipEmbedding::new(&**library.embedder(), samples).unwrap();
    let (identifier, _) = library.identifier().unwrap();
    let answer = identifier.identify(&clip, &soundalike::IdentifyOptions::default()).unwrap();
    answer.matched().map(|c| (c.track_id.clone(), c.offset_s.round() as i64))
}

/// Both end well, and the catalog is what one after the other would have made.
pub fn at_once(one: impl FnOnce() + Send, two: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let (one, two) = (scope.spawn(one), scope.spawn(two));
        one.join().unwrap();
        two.join().unwrap();
    });
}
