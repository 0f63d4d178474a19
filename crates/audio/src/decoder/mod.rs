//! symphonia behind one function: the next mono frames at the file's own rate.

mod open;
mod trim;

use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::errors::Error as Symphonia;
use symphonia::core::formats::{FormatReader, SeekMode, SeekTo, Track, TrackType};
use symphonia::core::packet::Packet;
use symphonia::core::units::Timestamp;

use crate::audio::{AudioInfo, Warnings};
use crate::config::{Limits, MIN_SAMPLE_RATE};
use crate::error::{Error, LimitKind};
use crate::sniff::{Sniffed, sniff};
use crate::source::{Budget, Guarded, Input, MAX_BYTES_WITHOUT_AUDIO};
use crate::tags::Tags;
use open::{copy_interleaved, guarded, make_decoder, probe, read_tags};

/// Most packets taken without getting a frame of audio.
const MAX_PACKETS_WITHOUT_AUDIO: u64 = 20_000;
/// Louder samples are damage: beyond it sums and spectra in `f32` would overflow. Files of
/// floating-point samples on the scale of 32-bit integers stay far below.
const MAX_AMPLITUDE: f32 = 1e12;

/// Decodes one track of one file to mono.
pub(crate) struct Decoder {
    path: PathBuf,
    limits: Limits,
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: Track,
    budget: Arc<Budget>,
    info: AudioInfo,
    tags: Tags,
    warnings: Warnings,
    /// Frames the container says the track has, before `skip` is taken off.
    claimed: Option<u64>,
    /// Frames the decoder gave, before `skip` is taken off, counted from the start of the track.
    position: u64,
    /// Frames to drop at the start.
    skip: u64,
    /// Frame, in the decoder's counting, after which the audio ends.
    end: Option<u64>,
    /// Frames of the longest packet so far: one skipped packet accounts for that many.
    longest: u64,
    interleaved: Vec<f32>,
    /// Mono frames decoded while opening.
    primed: Vec<f32>,
    /// Last bytes of an MPEG file, and its last packet: what follows that packet in them tells
    /// whether a frame was cut off.
    mpeg_tail: Option<Vec<u8>>,
    last_packet: Box<[u8]>,
    finished: bool,
}

impl Decoder {
    /// Recognises the format and decodes as far as the first audio.
    pub(crate) fn open(path: &Path, mut input: Input, limits: &Limits) -> Result<Self, Error> {
        let len = input.len().map_err(|e| Error::io(path, e))?;
        if len == 0 {
            return Err(Error::EmptyFile { path: path.to_path_buf() });
        }
        let sniffed = sniff(&mut input, len).map_err(|e| Error::io(path, e))?;
        let budget = Arc::new(Budget::default());
        let again = if sniffed.is_ogg { input.again().ok() } else { None };
        let source = Guarded::new(input, len, Arc::clone(&budget), sniffed.riff.patches.clone());
        let mut damaged = sniffed.ogg_cut;
        let mut format = match (probe(path, &budget, source), again) {
            // symphonia looks at the end of an Ogg file first, and gives up if that is damaged.
            (Err(Error::Malformed { .. }), Some(mut input)) => {
                input.seek(SeekFrom::Start(0)).map_err(|e| Error::io(path, e))?;
                damaged = true;
                let source = Guarded::new(input, len, Arc::clone(&budget), Vec::new());
                probe(path, &budget, source.unseekable())
            }
            (probed, _) => probed,
        }?;

        let tracks = format.tracks();
        let track = format.default_track(TrackType::Audio).or_else(|| format.first_track(TrackType::Audio));
        let Some(track) = track.cloned() else {
            // A track whose codec the demuxer does not know may well be audio.
            return Err(if tracks.iter().any(|t| t.codec_params.is_none()) {
                Error::Unsupported { path: path.to_path_buf(), what: "unknown codec".into() }
            } else {
                Error::NoAudioTrack { path: path.to_path_buf() }
            });
        };
        let name = format.format_info().short_name;
        let is_mpeg = matches!(name, "mp1" | "mp2" | "mp3");
        let decoder = make_decoder(path, &track, !is_mpeg)?;
        let mut tags = read_tags(format.as_mut(), track.id);
        tags.fill_from(sniffed.riff.tags.clone());
        let info = AudioInfo {
            sample_rate: 0,
            channels: 0,
            format: name.to_owned(),
            codec: decoder.codec_info().short_name.to_owned(),
            duration_hint_s: None,
        };
        let mut this = Self {
            path: path.to_path_buf(),
            limits: limits.clone(),
            format,
            decoder,
            track: track.clone(),
            budget,
            info,
            tags,
            warnings: Warnings { truncated: damaged, ..Warnings::default() },
            // Raw MPEG and ADTS streams have no length: symphonia guesses one from the first frames.
            claimed: track.num_frames.filter(|_| !matches!(name, "mp1" | "mp2" | "mp3" | "adts")),
            position: 0,
            skip: 0,
            end: None,
            longest: 0,
            interleaved: Vec::new(),
            primed: Vec::new(),
            mpeg_tail: is_mpeg.then_some(sniffed.mpeg_tail.clone()),
            last_packet: Box::default(),
            finished: false,
        };
        this.prime(&track, &sniffed)?;
        Ok(this)
    }

    pub(crate) fn info(&self) -> &AudioInfo {
        &self.info
    }

    pub(crate) fn tags(&self) -> &Tags {
        &self.tags
    }

    pub(crate) fn warnings(&self) -> &Warnings {
        &self.warnings
    }

    /// Frames given so far, at the file's own rate (what was sought over included).
    pub(crate) fn frames(&self) -> u64 {
        self.position.min(self.end.unwrap_or(u64::MAX)).saturating_sub(self.skip)
    }

    /// Decodes up to the first frames, which tell the true rate and channels.
    fn prime(&mut self, track: &Track, sniffed: &Sniffed) -> Result<(), Error> {
        let mut first = Vec::new();
        let found = self.decode_packet(&mut first)?;
        let rate = self.info.sample_rate;
        if found {
            self.plan_trim(track, sniffed, rate);
            self.admit(&mut first)?;
            self.primed = first;
        }
        if self.primed.is_empty() {
            // Nothing yet, or all of it encoder delay: the next packets must have some.
            let mut more = Vec::new();
            if !found || !self.next(&mut more)? {
                let skipped_packets = self.warnings.skipped_packets;
                return Err(Error::NoSamples { path: self.path.clone(), skipped_packets });
            }
            self.primed = more;
        }
        let seconds = |frames: u64| frames as f64 / f64::from(rate.max(1));
        self.info.duration_hint_s = self
            .end
            .or(self.claimed)
            .map(|frames| seconds(frames.saturating_sub(self.skip)))
            .or_else(|| track.num_frames.map(seconds))
            .or_else(|| Some(track.time_base?.calc_duration(track.duration?)?.as_secs_f64()))
            .filter(|s| s.is_finite() && *s > 0.0);
        Ok(())
    }

    /// Moves to a frame at or before `frame` where the format allows it exactly (plain PCM), and
    /// returns the frame that [`next`](Self::next) continues with.
    pub(crate) fn seek(&mut self, frame: u64) -> Result<u64, Error> {
        let seekable = matches!(self.info.format.as_str(), "wave" | "aiff")
            && self.info.codec.starts_with("pcm")
            && self.skip == 0;
        if !seekable || frame < self.primed.len() as u64 || self.claimed.is_none_or(|n| frame >= n) {
            return Ok(self.frames() - self.primed.len() as u64);
        }
        let (Ok(ts), track_id) = (i64::try_from(frame), self.track.id) else {
            return Ok(0);
        };
        let to = SeekTo::Timestamp { ts: Timestamp::new(ts), track_id };
        let format = &mut self.format;
        let path = &self.path;
        match guarded(path, || format.seek(SeekMode::Accurate, to)) {
            Ok(Ok(sought)) => {
                self.decoder.reset();
                self.primed.clear();
                self.position = u64::try_from(sought.actual_ts.get()).unwrap_or(0);
                Ok(self.position)
            }
            Ok(Err(Symphonia::IoError(e))) if e.raw_os_error().is_some() => Err(Error::io(path, e)),
            // A file cut short before the place asked for: there is nothing there to read.
            Ok(Err(_)) => {
                self.warnings.truncated = true;
                self.finished = true;
                Ok(self.frames())
            }
            Err(e) => Err(e),
        }
    }

    /// Replaces `out` by the next mono frames; false, and `out` empty, at the end.
    pub(crate) fn next(&mut self, out: &mut Vec<f32>) -> Result<bool, Error> {
        out.clear();
        if !self.primed.is_empty() {
            std::mem::swap(out, &mut self.primed);
            self.primed = Vec::new();
            return Ok(true);
        }
        while !self.finished {
            if !self.decode_packet(out)? {
                break;
            }
            self.admit(out)?;
            if !out.is_empty() {
                return Ok(true);
            }
        }
        out.clear();
        Ok(false)
    }

    /// Decodes packets until one gives frames, and mixes them into `out`; false at the end.
    fn decode_packet(&mut self, out: &mut Vec<f32>) -> Result<bool, Error> {
        let (mut tried, mut failures) = (0, 0_u32);
        loop {
            if tried > MAX_PACKETS_WITHOUT_AUDIO {
                return self.give_up(LimitKind::PacketsWithoutAudio, MAX_PACKETS_WITHOUT_AUDIO, tried);
            }
            tried += 1;
            let Some(packet) = self.next_packet()? else {
                self.finished = true;
                self.check_length();
                return Ok(false);
            };
            if packet.track_id != self.track.id {
                continue;
            }
            let Self { decoder, interleaved, path, .. } = self;
            // The conversion to f32 is inside too: it runs on whatever the decoder left behind.
            let decoded = guarded(path, || match decoder.decode(&packet) {
                Ok(buffer) => {
                    let shape = (buffer.spec().rate(), buffer.spec().channels().count(), buffer.frames());
                    copy_interleaved(&buffer, interleaved);
                    Ok(shape)
                }
                Err(e) => Err(e),
            });
            match decoded {
                Ok(Ok((_, _, 0))) => self.last_packet = packet.data,
                Ok(Ok((rate, channels, frames))) => {
                    self.last_packet = packet.data;
                    if self.mix(rate, channels, out)? {
                        self.budget.progress();
                        self.longest = self.longest.max(frames as u64);
                        return Ok(true);
                    }
                    self.warnings.skipped_packets += 1;
                }
                Ok(Err(e)) => {
                    tracing::debug!(path = %self.path.display(), error = %e, "packet skipped");
                    self.warnings.skipped_packets += 1;
                    failures += 1;
                    if matches!(e, Symphonia::ResetRequired) {
                        self.decoder.reset();
                    } else if failures % 16 == 0 {
                        // Some decoders fix the layout of the first frame they see for good; if
                        // that was a damaged one, only a new decoder gets past it.
                        let gapless = self.mpeg_tail.is_none();
                        if let Ok(fresh) = make_decoder(&self.path, &self.track, gapless) {
                            self.decoder = fresh;
                        }
                    }
                }
                Err(e) => {
                    self.finished = true;
                    return Err(e);
                }
            }
        }
    }

    /// The next packet of any track; `None` at the end, be it a proper one or not.
    fn next_packet(&mut self) -> Result<Option<Packet>, Error> {
        for _ in 0..64 {
            let format = &mut self.format;
            let next = guarded(&self.path, || format.next_packet());
            match next {
                Ok(Ok(packet)) => return Ok(packet),
                Ok(Err(Symphonia::ResetRequired)) => {
                    // Another stream follows in the same file (chained Ogg): carry on with it.
                    let track = self.format.default_track(TrackType::Audio).cloned();
                    let Some((track, decoder)) =
                        track.and_then(|t| make_decoder(&self.path, &t, true).ok().map(|d| (t, d)))
                    else {
                        self.warnings.truncated = true;
                        return Ok(None);
                    };
                    self.track = track;
                    self.decoder = decoder;
                    // The header spoke of the first stream only.
                    self.claimed = None;
                }
                Ok(Err(Symphonia::IoError(e))) if e.raw_os_error().is_some() => {
                    self.finished = true;
                    return Err(Error::io(&self.path, e));
                }
                Ok(Err(_)) if self.budget.is_exhausted() => {
                    let used = self.budget.used();
                    return self
                        .give_up(LimitKind::BytesWithoutAudio, MAX_BYTES_WITHOUT_AUDIO, used)
                        .map(|_| None);
                }
                Ok(Err(e)) => {
                    tracing::debug!(path = %self.path.display(), error = %e, "container ended early");
                    self.warnings.truncated = true;
                    return Ok(None);
                }
                Err(e) => {
                    self.finished = true;
                    return Err(e);
                }
            }
        }
        self.warnings.truncated = true;
        Ok(None)
    }

    /// A file that stops giving audio: an error if it never gave any, else a broken tail.
    fn give_up(&mut self, what: LimitKind, limit: u64, got: u64) -> Result<bool, Error> {
        self.finished = true;
        if self.position == 0 {
            return Err(self.limit(what, limit, got));
        }
        self.warnings.truncated = true;
        Ok(false)
    }

    fn limit(&self, what: LimitKind, limit: u64, got: u64) -> Error {
        Error::LimitExceeded { path: self.path.clone(), what, limit, got }
    }

    /// Averages the channels of the packet in `interleaved`. False if its rate is another one
    /// than the file's: such a packet is damaged, and cannot be placed in time.
    fn mix(&mut self, rate: u32, channels: usize, out: &mut Vec<f32>) -> Result<bool, Error> {
        if self.info.sample_rate == 0 {
            let max = self.limits.max_sample_rate;
            if rate > max {
                return Err(self.limit(LimitKind::SampleRate, u64::from(max), u64::from(rate)));
            }
            if rate < MIN_SAMPLE_RATE {
                let what = format!("sample rate of {rate} Hz");
                return Err(Error::Unsupported { path: self.path.clone(), what });
            }
        }
        let max = usize::from(self.limits.max_channels);
        if channels > max {
            self.finished = true;
            return Err(self.limit(LimitKind::Channels, max as u64, channels as u64));
        }
        if channels == 0 || (self.info.sample_rate != 0 && rate != self.info.sample_rate) {
            return Ok(false);
        }
        if self.info.sample_rate == 0 {
            self.info.sample_rate = rate;
            self.info.channels = u16::try_from(channels).unwrap_or(u16::MAX);
        }
        for sample in &mut self.interleaved {
            if sample.is_nan() || sample.abs() > MAX_AMPLITUDE {
                *sample = 0.0;
                self.warnings.non_finite_samples += 1;
            }
        }
        out.clear();
        match channels {
            1 => out.extend_from_slice(&self.interleaved),
            2 => out.extend(self.interleaved.as_chunks::<2>().0.iter().map(|[l, r]| (l + r) * 0.5)),
            n => {
                // In double precision: 64 loud floating-point channels must not overflow.
                let mean = |c: &[f32]| (c.iter().map(|&s| f64::from(s)).sum::<f64>() / n as f64) as f32;
                out.extend(self.interleaved.chunks_exact(n).map(mean));
            }
        }
        Ok(true)
    }
}
