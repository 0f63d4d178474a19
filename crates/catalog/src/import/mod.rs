//! Metadata from other people's tables.

pub mod metadata;
