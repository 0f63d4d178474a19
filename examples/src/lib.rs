//! What the examples share: the demo library, degraded queries, progress bars, and writing results.

pub mod augment;
pub mod cli;
pub mod degrade;
pub mod demo;
pub mod extract;
pub mod pictures;
pub mod pipeline;
pub mod search_bench;
