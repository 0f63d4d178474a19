//! What the example `augment` reads and makes.

mod file;
mod make;

pub use file::{AugmentFile, read_sources};
pub use make::{Made, Maker};
