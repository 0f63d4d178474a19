//! A SQLite catalog of songs and their embeddings.
