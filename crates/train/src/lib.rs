//! Training of audio encoders from YAML: datasets, pairs, the loop, resume.
