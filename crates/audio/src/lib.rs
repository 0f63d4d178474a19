//! Audio files to mono f32 and back: decoding, resampling, tags, folder scans, limits.
