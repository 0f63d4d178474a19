//! Seeded augmentations of waveforms and spectrograms.
