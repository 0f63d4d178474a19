//! What the benchmarks in `benches/` and the programs in `examples/` share: the signal, the clocks, and the choice of
//! instructions.

mod arguments;
mod clock;
mod plan;
mod raw;
mod signal;
mod simd;

pub use arguments::{Arguments, Failure};
pub use clock::{Stopwatch, Time, times, times_json};
pub use plan::{FEATURES, Output, Plan, plan};
pub use raw::{read_f32, write_f32};
pub use signal::{SAMPLE_RATE, SECONDS, audio, clip};
pub use simd::use_simd;
