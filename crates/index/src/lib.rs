//! Exact nearest-neighbour search over embeddings, with a checked file format.
