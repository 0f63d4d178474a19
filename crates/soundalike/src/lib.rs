//! Identify a recording from a clip: features, index and catalog composed.
