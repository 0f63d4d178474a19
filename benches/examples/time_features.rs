//! Times a feature, for a program that does the same with other libraries in turn: `compare/features.py`.
//!
//! ```text
//! cargo run --release -p soundalike-benches --example time_features -- --feature mel
//! ```
//!
//! | argument | what | default |
//! |---|---|---|
//! | `--feature` | any name of the library's `FEATURES` | mel |
//! | `--samples` | a file of raw little-endian `f32` | the bench's 30 s |
//! | `--sample-rate` | samples a second | 22050 |
//! | `--clips` | how many clips of one length the samples are; a call computes them all | 1 |
//! | `--threads` | over the clips, by `soundalike_features::batch` | 1 |
//! | `--calls`, `--warm-up` | calls that count, calls before them | 20, 3 |
//! | `--simd` | the instructions to use at most: portable, avx2, avx512 | auto |
//!
//! Prints `{"wall_ms": [..], "cpu_ms": [..], "simd": ".."}`, a figure for each call and the instructions used. Each clip
//! has a result of its own, which the next call writes over.

use std::path::Path;

use soundalike_benches::{
    Arguments, Failure, SAMPLE_RATE, audio, plan, read_f32, times, times_json, use_simd,
};
use soundalike_features::{Scratch, batch};

fn main() -> Result<(), Failure> {
    let mut arguments = Arguments::from_env()?;
    let simd = use_simd(&arguments.take::<String>("simd")?.unwrap_or_else(|| "auto".into()))?;
    let feature = arguments.take::<String>("feature")?.unwrap_or_else(|| "mel".into());
    let sample_rate = arguments.take("sample-rate")?.unwrap_or(SAMPLE_RATE);
    let samples = match arguments.take::<String>("samples")? {
        Some(path) => read_f32(Path::new(&path))?,
        None => audio(),
    };
    let clips = arguments.take("clips")?.unwrap_or(1usize).max(1);
    let threads = arguments.take("threads")?.unwrap_or(1usize).max(1);
    let warm_up = arguments.take("warm-up")?.unwrap_or(3);
    let calls = arguments.take("calls")?.unwrap_or(20);
    arguments.finish()?;

    let plan = plan(&feature, sample_rate)?;
    let clips: Vec<&[f32]> = samples.chunks_exact((samples.len() / clips).max(1)).collect();
    let mut outputs = clips.iter().map(|clip| plan.output(clip)).collect::<Result<Vec<_>, _>>()?;
    let times = if threads == 1 {
        let mut scratch = Scratch::new();
        times(warm_up, calls, || {
            let mut pairs = clips.iter().zip(&mut outputs);
            pairs.try_for_each(|(clip, out)| plan.compute(clip, out, &mut scratch))
        })?
    } else {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let mut all = || {
            batch::compute_into(&clips, &mut outputs, |clip, out, scratch| plan.compute(clip, out, scratch))
        };
        times(warm_up, calls, || pool.install(&mut all))?
    };
    let mut report = times_json(&times);
    report["simd"] = simd.into();
    println!("{report}");
    Ok(())
}
