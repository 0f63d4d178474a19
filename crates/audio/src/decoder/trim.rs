//! Where the audio of a track begins and ends, and whether all of it was there.

use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::formats::Track;

use super::Decoder;
use super::open::codec_of;
use crate::error::{Error, LimitKind};
use crate::sniff::Sniffed;

/// The decoder's first frame of AAC is half a window: never audio, whatever the encoder.
const AAC_DELAY: u32 = 1_024;

impl Decoder {
    /// Encoder delay and padding that symphonia leaves in: AAC's, and MP4's edit lists.
    pub(super) fn plan_trim(&mut self, track: &Track, sniffed: &Sniffed, rate: u32) {
        let frames = |ticks: u64, timescale: u32| {
            u64::try_from(u128::from(ticks) * u128::from(rate) / u128::from(timescale.max(1)))
                .unwrap_or(u64::MAX)
        };
        let is_aac = codec_of(track) == Some(CODEC_ID_AAC);
        if self.info.format == "isomp4" {
            // The sample table's total counts only the valid part of the last packet.
            let total = track.duration.zip(track.time_base).map(|(d, base)| {
                let per_second = u128::from(base.denom.get());
                let ticks = u128::from(d.get()) * u128::from(base.numer.get()) * u128::from(rate);
                u64::try_from(ticks.div_ceil(per_second)).unwrap_or(u64::MAX)
            });
            let total = total.filter(|&t| t > 0);
            self.claimed = total;
            self.end = total;
            if let Some(note) = sniffed.note.filter(|_| is_aac) {
                self.skip = note.delay;
                self.end = Some(note.delay.saturating_add(note.length).min(total.unwrap_or(u64::MAX)));
                return;
            }
            if let Some(edit) = sniffed.edits.get(&self.track.id) {
                self.skip = frames(edit.start, edit.timescale);
                if let Some((length, timescale)) = edit.length {
                    let length = frames(length.saturating_add(1), timescale);
                    // The movie's clock is coarse, often milliseconds: one tick of slack, so that
                    // rounding never cuts audio; the total above is the exact bound.
                    let end = self.skip.saturating_add(length);
                    self.end = Some(end.min(total.unwrap_or(u64::MAX)));
                }
                return;
            }
        }
        if let (true, Some(end)) =
            (self.info.codec == "vorbis" && self.format.tracks().len() == 1, sniffed.ogg_end)
        {
            // symphonia stops looking for the end at the first damaged page.
            let start = u64::try_from(track.start_ts.get()).unwrap_or(0);
            self.claimed = self.claimed.max(Some(end.saturating_sub(start)));
        }
        if self.mpeg_tail.is_some() {
            // symphonia would cut at its guess of the length where there is no note of the
            // encoder, so its trimming is off; a delay is known only from such a note.
            if let Some(delay) = track.delay {
                self.skip = u64::from(delay);
                self.claimed = track.num_frames.map(|n| n.saturating_add(self.skip));
                self.end = self.claimed;
            }
        }
        if is_aac {
            self.skip = u64::from(AAC_DELAY);
            self.warnings.assumed_delay_frames = Some(AAC_DELAY);
        }
    }

    /// Counts decoded frames, cuts what lies before `skip` and after `end`, checks the duration.
    pub(super) fn admit(&mut self, out: &mut Vec<f32>) -> Result<(), Error> {
        let start = self.position;
        self.position = start + out.len() as u64;
        if let Some(end) = self.end {
            out.truncate(usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX));
            self.finished |= self.position >= end;
        }
        let drop = usize::try_from(self.skip.saturating_sub(start)).unwrap_or(usize::MAX);
        out.drain(..drop.min(out.len()));
        let limit = self.limits.max_duration_s;
        let seconds = self.frames() as f64 / f64::from(self.info.sample_rate.max(1));
        if seconds > limit {
            self.finished = true;
            return Err(self.limit(LimitKind::DurationSeconds, limit as u64, seconds.ceil() as u64));
        }
        Ok(())
    }

    /// At the end: did the file keep what its header promised?
    pub(super) fn check_length(&mut self) {
        if let Some(tail) = &self.mpeg_tail {
            self.warnings.truncated |= cut_frame_follows(tail, &self.last_packet);
        }
        let Some(claimed) = self.claimed else { return };
        // A skipped packet is no truncation. Some MPEG encoders count their own note as a frame;
        // other lossy formats may be off by their delay.
        let exact = self.info.codec.starts_with("pcm") || matches!(self.info.codec.as_str(), "flac" | "alac");
        let slack = match (exact, self.mpeg_tail.is_some()) {
            (true, _) => 0,
            (false, true) => self.longest,
            (false, false) => 2 * self.longest,
        };
        let have = self.position + self.warnings.skipped_packets.saturating_mul(self.longest) + slack;
        self.warnings.truncated |= have < claimed;
    }
}

/// True if `packet`, the last whole MPEG frame, is followed in `tail` by the start of another.
fn cut_frame_follows(tail: &[u8], packet: &[u8]) -> bool {
    let Some(&[sync, kind, ..]) = packet.first_chunk::<4>() else {
        return false;
    };
    let found = (0..tail.len()).rev().find_map(|at| tail.get(at..)?.strip_prefix(packet));
    found.is_some_and(|rest| rest.starts_with(&[sync, kind]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_mpeg_frame_is_seen() {
        let frame = [0xFF, 0xFB, 0x90, 0x00, 1, 2, 3];
        let whole = [&[9; 20][..], &frame, b"TAG and more"].concat();
        let cut = [&[9; 20][..], &frame, &frame[..5]].concat();
        assert!(!cut_frame_follows(&whole, &frame));
        assert!(cut_frame_follows(&cut, &frame));
        assert!(!cut_frame_follows(&[], &frame));
        assert!(!cut_frame_follows(&cut, &[]));
    }
}
