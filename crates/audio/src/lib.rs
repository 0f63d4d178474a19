//! Audio files to mono `f32` samples and back.
//!
//! ```
//! use soundalike_audio::{ReadConfig, WavFormat, decode, write_wav};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("tone.wav");
//! let tone: Vec<f32> = (0..44_100).map(|i| (i as f32 * 0.0627).sin() * 0.5).collect();
//! write_wav(&path, &tone, 44_100, WavFormat::I16)?;
//! let audio = decode(&path, &ReadConfig::new().with_sample_rate(22_050))?;
//! assert_eq!((audio.samples.len(), audio.sample_rate), (22_050, 22_050));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Reading
//! [`AudioReader`] streams a file as mono blocks in constant memory, [`decode`] and
//! [`decode_segment`] return samples in memory. Channels are averaged, then the mono signal is
//! [resampled](Resampler). The format is recognised from the bytes: MP3 (also layers 1 and 2),
//! Ogg Vorbis, FLAC, WAV (8 to 32-bit integer, 32 and 64-bit float, A-law, mu-law, ADPCM), AIFF,
//! AAC-LC and ALAC in MP4, AAC in ADTS, CAF, and Matroska or WebM with these codecs. Opus,
//! HE-AAC's high band, and WMA cannot be decoded.
//!
//! # Start and end
//! | format | cut at the start | cut at the end |
//! |---|---|---|
//! | MP3 with a LAME or Xing note | its delay and the decoder's 529 | its padding |
//! | MP3 without | nothing | nothing |
//! | Ogg Vorbis | first block | after the last page's position |
//! | AAC or others in MP4 | iTunes' note, else the edit list; AAC without either 1,024 | the note, the edit list, and the sample table's total, whichever is first |
//! | AAC in ADTS, CAF, Matroska | 1,024 (the first frame is never whole) | nothing |
//! | FLAC, WAV, AIFF, ALAC | nothing | nothing |
//!
//! # Damage
//! A file that gives any audio gives that audio, with [`Warnings`] about the rest. A file that
//! gives none is a typed [`Error`] with its path. Non-finite samples become zero and are counted.
//! Nothing is allocated because a header says so; [`Limits`] bound length, channels, rate and
//! memory, and a file that is read on and on without giving audio is stopped. A panic inside a
//! decoder becomes [`Error::DecoderPanicked`]; the process's panic hook is left alone, so by
//! default its message still goes to standard error. This needs `panic = "unwind"`.

mod audio;
mod config;
mod decode;
mod decoder;
mod error;
mod reader;
mod resample;
mod riff;
mod scan;
mod sniff;
mod source;
mod tags;
mod wav;

pub use audio::{Audio, AudioInfo, Warnings};
pub use config::{Limits, MIN_SAMPLE_RATE, ReadConfig};
pub use decode::{decode, decode_bytes, decode_segment};
pub use error::{Error, LimitKind};
pub use reader::{AudioReader, MAX_BLOCK};
pub use resample::{Resampler, resample};
pub use scan::{AUDIO_EXTENSIONS, AudioFile, Scan, SkipReason, has_audio_extension, scan};
pub use tags::Tags;
pub use wav::{WavFormat, write_wav};
