//! Times reading an audio file to mono samples, and a feature of them if one is named: `compare/decode.py`.
//!
//! ```text
//! cargo run --release -p soundalike-benches --example time_decode -- --path song.mp3 --sample-rate 22050 --feature mel
//! ```
//!
//! Without `--sample-rate` the file's own stays. `--calls`, `--warm-up`, `--simd` and what is printed are as in
//! `time_features`.

use soundalike_audio::{ReadConfig, decode};
use soundalike_benches::{Arguments, Failure, Output, plan, times, times_json, use_simd};
use soundalike_features::Scratch;

fn main() -> Result<(), Failure> {
    let mut arguments = Arguments::from_env()?;
    use_simd(&arguments.take::<String>("simd")?.unwrap_or_else(|| "auto".into()))?;
    let path = arguments.take::<String>("path")?.ok_or("--path FILE is missing")?;
    let config = match arguments.take("sample-rate")? {
        Some(rate) => ReadConfig::new().with_sample_rate(rate),
        None => ReadConfig::new().with_native_rate(),
    };
    let feature = arguments.take::<String>("feature")?;
    let warm_up = arguments.take("warm-up")?.unwrap_or(1);
    let calls = arguments.take("calls")?.unwrap_or(5);
    arguments.finish()?;

    let rate = decode(&path, &config)?.sample_rate;
    let plan = feature.map(|feature| plan(&feature, rate)).transpose()?;
    let (mut out, mut scratch) = (Output::default(), Scratch::new());
    let work = || {
        let audio = decode(&path, &config)?;
        match &plan {
            Some(plan) => Ok(plan.compute(&audio.samples, &mut out, &mut scratch)?),
            None => Ok::<(), Failure>(()),
        }
    };
    println!("{}", times_json(&times(warm_up, calls, work)?));
    Ok(())
}
