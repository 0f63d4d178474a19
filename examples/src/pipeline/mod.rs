//! The parts of the `pipeline` example: asking, summing up, and writing the report.

mod ask;
mod embedder;
mod findings;
mod report;
mod summary;

pub use ask::{Asked, Asker, CUT_SECONDS, Cut, Kind, NotAsked, SongFile};
pub use embedder::{Chosen, choose};
pub use findings::Findings;
pub use report::{REPORT_STEPS, write as write_report};
pub use summary::{Overall, Rate, Row, known_table, overall, rows, unknown_table};
