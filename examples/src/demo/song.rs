//! What makes one demo song: drawn once, from a seed.

use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha12Rng;

const ADJECTIVES: [&str; 24] = [
    "Amber",
    "Broken",
    "Distant",
    "Electric",
    "Falling",
    "Golden",
    "Hollow",
    "Iron",
    "Joyful",
    "Little",
    "Midnight",
    "Northern",
    "Open",
    "Paper",
    "Quiet",
    "Restless",
    "Silver",
    "Tender",
    "Violet",
    "Wandering",
    "Winter",
    "Young",
    "Velvet",
    "Salt",
];
const NOUNS: [&str; 24] = [
    "Harbour", "Lantern", "River", "Engine", "Garden", "Signal", "Meadow", "Mirror", "Orchard", "Parade",
    "Railway", "Shadow", "Station", "Summer", "Tide", "Tower", "Valley", "Window", "Compass", "Letter",
    "Clock", "Feather", "Bridge", "Horizon",
];
const ARTISTS: [&str; 8] = [
    "The Copper Wires",
    "Lena Voss",
    "Tall Ships",
    "Night Ferry",
    "Ruben Hale",
    "Plain Vanilla",
    "Odd Meters",
    "Marlow & Finch",
];
const KEYS: [&str; 12] = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
const MAJOR: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
const MINOR: [i32; 7] = [0, 2, 3, 5, 7, 8, 10];
const DORIAN: [i32; 7] = [0, 2, 3, 5, 7, 9, 10];
/// Chord roots as scale degrees.
const PROGRESSIONS: [[usize; 4]; 10] = [
    [0, 4, 5, 3],
    [0, 3, 4, 3],
    [5, 3, 0, 4],
    [0, 5, 3, 4],
    [0, 2, 3, 4],
    [1, 4, 0, 5],
    [0, 6, 3, 0],
    [0, 5, 1, 4],
    [3, 0, 4, 5],
    [0, 3, 5, 4],
];

/// How an instrument sounds: a harmonic spectrum and an envelope.
#[derive(Debug, Clone)]
pub struct Timbre {
    /// Amplitude of each harmonic, the fundamental first.
    pub harmonics: Vec<f32>,
    /// Attack time in seconds.
    pub attack: f32,
    /// Time constant of the decay towards `sustain`, in seconds.
    pub decay: f32,
    /// Level held after the decay, 0 to 1.
    pub sustain: f32,
    /// Vibrato depth as a fraction of the frequency.
    pub vibrato: f32,
    /// Level in the mix.
    pub level: f32,
}

/// A drum kit and what it plays: 16 steps a bar, each a velocity 0 to 1.
#[derive(Debug, Clone)]
pub struct Drums {
    /// The bass drum.
    pub kick: [f32; 16],
    /// The snare drum.
    pub snare: [f32; 16],
    /// The hi-hat.
    pub hat: [f32; 16],
    /// Final pitch of the kick in Hz.
    pub kick_hz: f32,
    /// Decay of the snare in seconds.
    pub snare_decay: f32,
    /// Body tone of the snare in Hz.
    pub snare_hz: f32,
    /// Decay of the hi-hat in seconds.
    pub hat_decay: f32,
    /// Level in the mix; 0 for a song without drums.
    pub level: f32,
}

/// One song, ready to be rendered.
#[derive(Debug, Clone)]
pub struct SongSpec {
    /// Its title.
    pub title: String,
    /// Who plays it.
    pub artist: &'static str,
    /// When it came out.
    pub year: i32,
    /// Beats a minute.
    pub bpm: f32,
    /// Key note as semitones above C.
    pub key: usize,
    /// Semitones of the scale's seven steps.
    pub mode: &'static [i32; 7],
    /// Chord roots of the verse, a bar each, as scale degrees.
    pub verse: [usize; 4],
    /// Those of the chorus.
    pub chorus: [usize; 4],
    /// Scale steps and lengths in sixteenths of the melody of four bars.
    pub verse_melody: Vec<(Option<i32>, usize)>,
    /// That of the chorus.
    pub chorus_melody: Vec<(Option<i32>, usize)>,
    /// What plays the melody.
    pub lead: Timbre,
    /// What plays the chords.
    pub pad: Timbre,
    /// What plays the bass.
    pub bass: Timbre,
    /// What plays the drums.
    pub drums: Drums,
    /// Octave shift of the lead.
    pub lead_octave: i32,
    /// Octave shift of the pad.
    pub pad_octave: i32,
    /// Whether the chords are broken into eighths.
    pub arpeggio: bool,
    /// Delay of every second sixteenth, as a fraction of a sixteenth.
    pub swing: f32,
    /// Tilt of the whole mix: cut-off of a gentle low-pass in Hz.
    pub brightness_hz: f32,
    /// Delay of the echo.
    pub echo_seconds: f32,
    /// Level of the echo, 0 to 1.
    pub echo_level: f32,
    /// Seed of the noise in drums.
    pub noise_seed: u64,
}

impl SongSpec {
    /// `n` songs of one seed. Tempos, keys and titles are dealt like cards, so that no two songs share all.
    #[must_use]
    pub fn album(seed: u64, n: usize) -> Vec<Self> {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let mut titles: Vec<String> = ADJECTIVES
            .iter()
            .zip(NOUNS.iter().cycle().skip((seed % 24) as usize))
            .map(|(a, n)| format!("{a} {n}"))
            .collect();
        titles.shuffle(&mut rng);
        let mut tempos: Vec<usize> = (0..n).collect();
        tempos.shuffle(&mut rng);
        tempos
            .iter()
            .enumerate()
            .map(|(i, &slot)| {
                let bpm = 68.0 + 96.0 * (slot as f32 + rng.random_range(0.1..0.9)) / n as f32;
                let round = i / titles.len();
                let mut title = titles[i % titles.len()].clone();
                if round > 0 {
                    title.push_str(&format!(" {}", round + 1));
                }
                let mut own =
                    ChaCha12Rng::seed_from_u64(seed ^ (0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(i as u64 + 1)));
                Self::draw(&mut own, title, bpm)
            })
            .collect()
    }

    fn draw(rng: &mut ChaCha12Rng, title: String, bpm: f32) -> Self {
        let mode = [&MAJOR, &MINOR, &DORIAN][rng.random_range(0..3)];
        Self {
            title,
            artist: ARTISTS[rng.random_range(0..ARTISTS.len())],
            year: rng.random_range(1968..2025),
            bpm,
            key: rng.random_range(0..12),
            mode,
            verse: PROGRESSIONS[rng.random_range(0..PROGRESSIONS.len())],
            chorus: PROGRESSIONS[rng.random_range(0..PROGRESSIONS.len())],
            verse_melody: melody(rng, 0.25, 2..6),
            chorus_melody: melody(rng, 0.1, 1..5),
            lead: timbre(rng, 0.005..0.08, 0.55),
            pad: timbre(rng, 0.02..0.35, 0.30),
            bass: timbre(rng, 0.003..0.02, 0.6),
            drums: drums(rng),
            lead_octave: rng.random_range(0..=1),
            pad_octave: rng.random_range(-1..=0),
            arpeggio: rng.random_bool(0.4),
            swing: if rng.random_bool(0.35) { rng.random_range(0.15..0.35) } else { 0.0 },
            brightness_hz: 1_200.0 * (rng.random_range(0.0_f32..1.0) * 2.3).exp(),
            echo_seconds: 60.0 / bpm * [0.5, 0.75, 1.0][rng.random_range(0..3)],
            echo_level: rng.random_range(0.0..0.45),
            noise_seed: rng.random(),
        }
    }

    /// The track id: the title in lower case with hyphens.
    #[must_use]
    pub fn id(&self) -> String {
        self.title.to_lowercase().replace(' ', "-")
    }

    /// The file's name.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}.wav", self.id())
    }

    /// The key as a musician writes it.
    #[must_use]
    pub fn key_name(&self) -> String {
        let mode = if self.mode == &MAJOR {
            "major"
        } else if self.mode == &MINOR {
            "minor"
        } else {
            "dorian"
        };
        format!("{} {mode}", KEYS[self.key % 12])
    }

    /// A rough genre, from tempo and kit.
    #[must_use]
    pub fn genre(&self) -> &'static str {
        match (self.bpm, self.swing > 0.0) {
            (b, _) if b > 125.0 => "Dance",
            (_, true) => "Shuffle",
            (b, _) if b < 90.0 => "Ballad",
            _ => "Pop",
        }
    }
}

fn timbre(rng: &mut ChaCha12Rng, attack: std::ops::Range<f32>, level: f32) -> Timbre {
    let slope = rng.random_range(0.6..2.4_f32);
    let odd = rng.random_range(0.05..1.0_f32);
    let (bump_at, bump) = (rng.random_range(2.0..14.0_f32), rng.random_range(0.0..4.0_f32));
    let harmonics = (1..=28_u32)
        .map(|h| {
            let n = h as f32;
            let even = if h % 2 == 0 { odd } else { 1.0 };
            let formant = 1.0 + bump * (-(n - bump_at).powi(2) / 6.0).exp();
            n.powf(-slope) * even * formant * rng.random_range(0.6..1.4)
        })
        .collect();
    Timbre {
        harmonics,
        attack: rng.random_range(attack),
        decay: rng.random_range(0.08..0.9),
        sustain: rng.random_range(0.1..0.9),
        vibrato: if rng.random_bool(0.4) { rng.random_range(0.001..0.008) } else { 0.0 },
        level: level * rng.random_range(0.6..1.3),
    }
}

fn drums(rng: &mut ChaCha12Rng) -> Drums {
    let mut kick = [0.0; 16];
    let mut snare = [0.0; 16];
    let mut hat = [0.0; 16];
    let four_on_the_floor = rng.random_bool(0.35);
    for step in 0..16 {
        let beat = step % 4 == 0;
        if beat && (four_on_the_floor || step == 0 || step == 8) || !beat && rng.random_bool(0.1) {
            kick[step] = rng.random_range(0.75..1.0);
        }
        if step == 4 || step == 12 || (step % 2 == 1 && rng.random_bool(0.06)) {
            snare[step] = if step % 4 == 0 { 1.0 } else { 0.35 };
        }
    }
    let every = [1, 2, 2, 4][rng.random_range(0..4)];
    for step in (0..16).step_by(every) {
        hat[step] = if step % 4 == 0 { 0.9 } else { rng.random_range(0.3..0.7) };
    }
    Drums {
        kick,
        snare,
        hat,
        kick_hz: rng.random_range(42.0..70.0),
        snare_decay: rng.random_range(0.05..0.22),
        snare_hz: rng.random_range(150.0..260.0),
        hat_decay: rng.random_range(0.015..0.12),
        level: if rng.random_bool(0.15) { 0.0 } else { rng.random_range(0.25..0.8) },
    }
}

/// Four bars of melody: a random walk over scale steps that ends near where it began.
fn melody(rng: &mut ChaCha12Rng, rest: f64, lengths: std::ops::Range<usize>) -> Vec<(Option<i32>, usize)> {
    let mut notes = Vec::new();
    let mut step: i32 = rng.random_range(0..5);
    let mut left = 64;
    while left > 0 {
        let length = rng.random_range(lengths.clone()).min(left);
        notes.push((if rng.random_bool(rest) { None } else { Some(step) }, length));
        left -= length;
        step = (step + rng.random_range(-3..=3)).clamp(-3, 9);
        if left < 8 {
            step = step.clamp(0, 4);
        }
    }
    notes
}
