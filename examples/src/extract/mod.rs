//! Features of a whole file, by the parameters of a command line, as numbers for NumPy or as JSON.
//!
//! [`Options`] and a [`Feature`] or a preset make a [`Plan`], which checks everything before a file is opened;
//! [`extract`] runs it over a file.

mod choices;
mod configs;
mod feature;
mod options;
mod plan;
mod plans;
mod read;
mod seconds;
mod write;

pub use feature::{Feature, options_by_feature};
pub use options::Options;
pub use plan::{Plan, Request, Values};
pub use read::{Extracted, extract};
pub use seconds::per_second;
pub use write::{write_npy, write_values};
