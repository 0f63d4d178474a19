//! Times resampling, for a program that does the same with other libraries in turn: `compare/decode.py`.
//!
//! ```text
//! cargo run --release -p soundalike-benches --example time_resample -- --from 44100 --to 22050
//! ```
//!
//! `--samples` is a file of raw little-endian `f32` (30 s of the bench's signal without it). `--calls`, `--warm-up` and
//! what is printed are as in `time_features`.

use std::path::Path;

use soundalike_audio::resample;
use soundalike_benches::{Arguments, Failure, clip, read_f32, times, times_json};

fn main() -> Result<(), Failure> {
    let mut arguments = Arguments::from_env()?;
    let from = arguments.take("from")?.unwrap_or(44_100);
    let to = arguments.take("to")?.unwrap_or(22_050);
    let samples = match arguments.take::<String>("samples")? {
        Some(path) => read_f32(Path::new(&path))?,
        None => clip(from, 30.0, 1),
    };
    let warm_up = arguments.take("warm-up")?.unwrap_or(3);
    let calls = arguments.take("calls")?.unwrap_or(20);
    arguments.finish()?;
    let work = || resample(&samples, from, to).map(drop);
    println!("{}", times_json(&times(warm_up, calls, work)?));
    Ok(())
}
