//! The speed of searching vectors beside the limits of the machine: data, limits, clocks, an independent oracle, and
//! the runs of each index.

mod data;
mod flat;
mod ivf;
mod limits;
mod options;
mod oracle;
mod report;
mod sampler;

pub use data::Data;
pub use flat::measure_flat;
pub use ivf::measure_ivf;
pub use limits::Limits;
pub use options::{Options, Plan};
pub use oracle::Truth;
pub use report::{Filtered, FlatFigures, IvfFigures, IvfPoint, Report};
pub use sampler::{Sample, Sampler};
