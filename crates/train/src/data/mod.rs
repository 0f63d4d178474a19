//! Recordings, parts, views and batches.

mod batch;
mod corpus;
#[cfg(feature = "audio")]
mod folder;
#[cfg(feature = "audio")]
mod metadata;
mod parts;
mod prefetch;
mod sampler;

pub use self::batch::{Batch, Item};
pub use self::corpus::{Corpus, TrackInfo};
#[cfg(feature = "audio")]
pub use self::folder::{Folder, SkippedFile};
pub use self::parts::Parts;
pub(crate) use self::prefetch::Prefetcher;
pub use self::sampler::Sampler;
pub(crate) use self::sampler::{Cutter, Span, is_silent};
