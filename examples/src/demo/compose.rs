//! From a song's specification to its samples.

use super::song::SongSpec;
use super::synth::{DrumKit, Instrument, darken, echo};

/// What plays in a section.
struct Section {
    bars: usize,
    chorus: bool,
    lead: bool,
    drums: bool,
    bass: bool,
}

/// Renders `song`, mono in -1..1, about 40 s.
pub(super) fn render(song: &SongSpec, sample_rate: u32) -> Vec<f32> {
    let bar = 240.0 / song.bpm;
    // As many four-bar phrases as come nearest to 40 s; the form is cut from the end.
    let phrases = ((40.0 / (4.0 * bar)).round() as usize).max(2);
    let form = [
        Section { bars: 4, chorus: false, lead: false, drums: true, bass: false },
        Section { bars: 4, chorus: false, lead: true, drums: true, bass: true },
        Section { bars: 4, chorus: true, lead: true, drums: true, bass: true },
        Section { bars: 4, chorus: false, lead: true, drums: false, bass: true },
        Section { bars: 4, chorus: true, lead: true, drums: true, bass: true },
        Section { bars: 4, chorus: true, lead: false, drums: true, bass: true },
    ];
    let sections: Vec<&Section> = form.iter().cycle().take(phrases).collect();
    let seconds = sections.iter().map(|s| s.bars as f32 * bar).sum::<f32>() + 1.0;
    let mut tonal = vec![0.0_f32; (seconds * sample_rate as f32) as usize];
    let mut drums = tonal.clone();

    let (lead, pad, bass) = (
        Instrument::new(&song.lead, sample_rate),
        Instrument::new(&song.pad, sample_rate),
        Instrument::new(&song.bass, sample_rate),
    );
    let kit = DrumKit::new(&song.drums, song.noise_seed, sample_rate);
    let mut start = 0.0;
    for section in sections {
        let chords = if section.chorus { &song.chorus } else { &song.verse };
        for (b, &root) in chords.iter().cycle().take(section.bars).enumerate() {
            let at = start + b as f32 * bar;
            play_chord(song, &pad, &mut tonal, at, bar, root);
            if section.bass {
                for (beat, step) in [(0.0, 0), (0.375, 0), (0.5, 4), (0.75, 0)] {
                    bass.play(
                        &mut tonal,
                        at + beat * bar,
                        bar * 0.22,
                        pitch(song, root as i32 + step, -2),
                        1.0,
                    );
                }
            }
            if section.drums && song.drums.level > 0.0 {
                for step in 0..16 {
                    let d = &song.drums;
                    let time = at + sixteenth(song, bar, step);
                    kit.hit(
                        &mut drums,
                        (time * sample_rate as f32) as usize,
                        d.kick[step],
                        d.snare[step],
                        d.hat[step],
                    );
                }
            }
        }
        if section.lead {
            let melody = if section.chorus { &song.chorus_melody } else { &song.verse_melody };
            let mut position = 0;
            for &(step, length) in melody {
                let at = start + (position / 16) as f32 * bar + sixteenth(song, bar, position % 16);
                if let Some(step) = step {
                    let accent = if position % 4 == 0 { 1.0 } else { 0.8 };
                    lead.play(
                        &mut tonal,
                        at,
                        length as f32 * bar / 16.0 * 0.92,
                        pitch(song, step, song.lead_octave),
                        accent,
                    );
                }
                position += length;
            }
        }
        start += section.bars as f32 * bar;
    }
    echo(&mut tonal, song.echo_seconds, song.echo_level, sample_rate);
    tonal.iter_mut().zip(&drums).for_each(|(t, d)| *t += 1.6 * song.drums.level * d);
    darken(&mut tonal, song.brightness_hz, sample_rate);
    master(&mut tonal, sample_rate);
    tonal
}

/// Start of a sixteenth in its bar, in seconds.
fn sixteenth(song: &SongSpec, bar: f32, step: usize) -> f32 {
    let swing = if step % 2 == 1 { song.swing } else { 0.0 };
    (step as f32 + swing) * bar / 16.0
}

/// Frequency of a scale step in Hz; octave 0 begins at middle C.
fn pitch(song: &SongSpec, step: i32, octave: i32) -> f32 {
    let degree = step.rem_euclid(7) as usize;
    let semitone = song.mode[degree] + 12 * (step.div_euclid(7) + octave) + song.key as i32;
    261.625_6 * 2.0_f32.powf(semitone as f32 / 12.0)
}

fn play_chord(song: &SongSpec, pad: &Instrument, out: &mut [f32], at: f32, bar: f32, root: usize) {
    let notes = [0, 2, 4].map(|third| pitch(song, root as i32 + third, song.pad_octave));
    if song.arpeggio {
        for (i, hz) in [0, 1, 2, 1, 0, 1, 2, 1].iter().filter_map(|&n: &usize| notes.get(n)).enumerate() {
            pad.play(out, at + i as f32 * bar / 8.0, bar / 8.0, *hz, 1.2);
        }
    } else {
        for hz in notes {
            pad.play(out, at, bar * 0.97, hz, 0.8);
        }
    }
}

/// Soft clipping to a common peak, and a fade at the end.
fn master(x: &mut [f32], sample_rate: u32) {
    let peak = x.iter().fold(0.0_f32, |m, v| m.max(v.abs())).max(1e-6);
    x.iter_mut().for_each(|v| *v = (1.5 * *v / peak).tanh() * 0.9);
    let fade = sample_rate as usize;
    x.iter_mut().rev().take(fade).enumerate().for_each(|(i, v)| *v *= i as f32 / fade as f32);
}
