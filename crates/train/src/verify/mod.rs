//! Verification: is this clip the other one under an edit, or another recording? `docs/evaluation` protocol 2.

mod edits;
mod maker;
mod pairs;
mod retrieval;
mod scorer;
mod table;

pub use self::edits::{Modification, held_out_modifications, modifications};
pub use self::maker::PairMaker;
pub use self::pairs::{Cut, Pair, PairKind, PairSet, PairsConfig, write_pairs};
pub use self::retrieval::{Condition, RetrievalConfig, RetrievalRow, segment_retrieval};
pub use self::scorer::{MfccScorer, ModelScorer, Scorer};
pub use self::table::{ModificationScores, ScoredPairs};
