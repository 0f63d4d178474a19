//! The calls into symphonia that open a file, and what their errors mean.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecId, AudioDecoder, AudioDecoderOptions};
use symphonia::core::common::Limit;
use symphonia::core::errors::Error as Symphonia;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, Track};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

use crate::error::{Error, LimitKind};
use crate::source::{Budget, Guarded, MAX_BYTES_WITHOUT_AUDIO};
use crate::tags::{Tags, from_revisions};

pub(super) fn copy_interleaved(buffer: &GenericAudioBufferRef<'_>, out: &mut Vec<f32>) {
    buffer.copy_to_vec_interleaved(out);
}

pub(super) fn codec_of(track: &Track) -> Option<AudioCodecId> {
    match &track.codec_params {
        Some(CodecParameters::Audio(params)) => Some(params.codec),
        _ => None,
    }
}

pub(super) fn make_decoder(
    path: &Path,
    track: &Track,
    gapless: bool,
) -> Result<Box<dyn AudioDecoder>, Error> {
    let Some(CodecParameters::Audio(params)) = &track.codec_params else {
        return Err(Error::NoAudioTrack { path: path.to_path_buf() });
    };
    let made = guarded(path, || {
        symphonia::default::get_codecs()
            .make_audio_decoder(params, &AudioDecoderOptions::default().gapless(gapless))
    })?;
    made.map_err(|e| match e {
        Symphonia::Unsupported(what) => {
            let what =
                if params.codec == CODEC_ID_OPUS { "the Opus codec".to_owned() } else { what.to_owned() };
            Error::Unsupported { path: path.to_path_buf(), what }
        }
        other => Error::Malformed { path: path.to_path_buf(), detail: other.to_string() },
    })
}

pub(super) fn probe(path: &Path, budget: &Budget, source: Guarded) -> Result<Box<dyn FormatReader>, Error> {
    let stream = MediaSourceStream::new(Box::new(source), MediaSourceStreamOptions::default());
    // Pictures are of no use here; texts are cut later, so a generous bound will do.
    let meta = MetadataOptions::default()
        .limit_tag_bytes(Limit::Maximum(1 << 20))
        .limit_visual_bytes(Limit::Maximum(1 << 24));
    let probed = guarded(path, || {
        symphonia::default::get_probe().probe(&Hint::new(), stream, FormatOptions::default(), meta)
    })?;
    probed.map_err(|e| open_error(path, budget, e))
}

pub(super) fn read_tags(format: &mut dyn FormatReader, track_id: u32) -> Tags {
    let mut metadata = format.metadata();
    let mut revisions = Vec::new();
    while let Some(revision) = metadata.pop() {
        revisions.push(revision);
    }
    revisions.extend(metadata.current().cloned());
    from_revisions(&revisions, track_id)
}

pub(super) fn open_error(path: &Path, budget: &Budget, e: Symphonia) -> Error {
    let path = path.to_path_buf();
    if budget.is_exhausted() {
        let (what, limit) = (LimitKind::BytesWithoutAudio, MAX_BYTES_WITHOUT_AUDIO);
        return Error::LimitExceeded { path, what, limit, got: budget.used() };
    }
    match e {
        Symphonia::IoError(e) if e.raw_os_error().is_some() => Error::io(&path, e),
        Symphonia::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => {
            Error::Malformed { path, detail: "the file ends within its header".into() }
        }
        Symphonia::Unsupported(what) if what.starts_with("core (probe)") => Error::UnknownFormat { path },
        Symphonia::Unsupported(what) => Error::Unsupported { path, what: what.to_owned() },
        other => Error::Malformed { path, detail: other.to_string() },
    }
}

/// Runs a call into symphonia and turns a panic into an error. The panic hook is the process's,
/// so it is left alone, and prints. What the call was working on must not be used again.
pub(super) fn guarded<T>(path: &Path, call: impl FnOnce() -> T) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        let detail = text.unwrap_or_else(|| "panic without a message".into());
        Error::DecoderPanicked { path: path.to_path_buf(), detail }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_that_names_the_file() {
        let caught = guarded(Path::new("song.mp3"), || -> u32 { panic!("broken {}", 7) });
        let Err(Error::DecoderPanicked { path, detail }) = caught else { panic!("not caught") };
        assert_eq!((path.as_path(), detail.as_str()), (Path::new("song.mp3"), "broken 7"));
    }
}
