//! Times a change of pitch or tempo, for a program that does the same with other libraries in turn:
//! `compare/augment.py`.
//!
//! ```text
//! cargo run --release -p soundalike-benches --example time_augment -- --edit pitch --value 4
//! ```
//!
//! `--edit` is `pitch` (semitones), `tempo` or `speed` (rates), `white_noise` (dB), `lossy_coding` (kbit/s), `low_pass`
//! (Hz) or `room` (seconds). `--samples` is a file of raw little-endian `f32` at 22,050 Hz (30 s of the bench's signal
//! without it), `--out` where the result goes. `--calls`, `--warm-up` and what is printed are as in `time_features`.

use std::path::{Path, PathBuf};

use soundalike_augment::{Edit, Scratch, Sources, Waveform, WaveformConfig};
use soundalike_benches::{Arguments, Failure, SAMPLE_RATE, clip, read_f32, times, times_json, write_f32};

fn main() -> Result<(), Failure> {
    let mut arguments = Arguments::from_env()?;
    let name = arguments.take("edit")?.unwrap_or_else(|| "pitch".to_owned());
    let value = arguments.take("value")?.unwrap_or(4.0);
    let seconds = arguments.take("seconds")?.unwrap_or(30.0);
    let samples = match arguments.take::<String>("samples")? {
        Some(path) => read_f32(Path::new(&path))?,
        None => clip(SAMPLE_RATE, seconds, 1),
    };
    let out = arguments.take::<PathBuf>("out")?;
    let warm_up = arguments.take("warm-up")?.unwrap_or(3);
    let calls = arguments.take("calls")?.unwrap_or(20);
    arguments.finish()?;
    let mut sources = Sources::none();
    let edit = match name.as_str() {
        "pitch" => Edit::pitch(value),
        "tempo" => Edit::tempo(value),
        "speed" => Edit::speed(value),
        "white_noise" => Edit::white_noise(value, 1),
        "lossy_coding" => Edit::lossy_coding(value),
        "low_pass" => Edit::low_pass(value),
        "room" => {
            sources.rooms.push(clip(SAMPLE_RATE, value, 2).into());
            Edit::impulse_response(0)
        }
        other => return Err(format!("there is no edit {other}").into()),
    };
    let waveform = Waveform::new(&WaveformConfig::default(), SAMPLE_RATE, sources)?;
    let (mut edited, mut scratch) = (Vec::new(), Scratch::new());
    let work = || waveform.apply_into(&edit, &samples, &mut edited, &mut scratch);
    let times = times(warm_up, calls, work)?;
    if let Some(path) = out {
        write_f32(&path, &edited)?;
    }
    println!("{}", times_json(&times));
    Ok(())
}
