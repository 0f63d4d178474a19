//! The modification table's edits.

use soundalike_augment::Edit;

/// An edit with a name, made anew for each clip (noise differs from clip to clip).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Modification {
    /// Its name in the table.
    pub name: &'static str,
    /// The edit, given a seed.
    pub edit: fn(u64) -> Edit,
}

/// The edits of the modification table: pitch, tempo, noise and all three.
#[must_use]
pub fn modifications() -> Vec<Modification> {
    let m = |name, edit| Modification { name, edit };
    vec![
        m("pitch +1", |_| Edit::pitch(1.0)),
        m("pitch -1", |_| Edit::pitch(-1.0)),
        m("pitch +4", |_| Edit::pitch(4.0)),
        m("pitch -4", |_| Edit::pitch(-4.0)),
        m("tempo +10 %", |_| Edit::tempo(1.1)),
        m("tempo +30 %", |_| Edit::tempo(1.3)),
        m("light noise (20 dB)", |seed| Edit::white_noise(20.0, seed)),
        m("heavy noise (5 dB)", |seed| Edit::white_noise(5.0, seed)),
        m("combined", |seed| Edit::pitch(1.0).then(Edit::tempo(1.1)).then(Edit::white_noise(20.0, seed))),
        m("combined, strong", |seed| {
            Edit::pitch(4.0).then(Edit::tempo(1.3)).then(Edit::white_noise(5.0, seed))
        }),
    ]
}

/// Edits that the verification preset does not train: other kinds, and greater strength.
#[must_use]
pub fn held_out_modifications() -> Vec<Modification> {
    let m = |name, edit| Modification { name, edit };
    vec![
        m("gain -12 dB", |_| Edit::gain(-12.0)),
        m("speed +4 %", |_| Edit::speed(1.04)),
        m("speed -4 %", |_| Edit::speed(0.96)),
        m("low-pass 4 kHz", |_| Edit::low_pass(4000.0)),
        m("high-pass 300 Hz", |_| Edit::high_pass(300.0)),
        m("telephone band 300-3400 Hz", |_| Edit::band_pass(300.0, 3400.0)),
        m("clipping, 12 dB over", |_| Edit::gain(12.0).then(Edit::clipping(1.0))),
        m("lossy coding 32 kbit/s", |_| Edit::lossy_coding(32.0)),
        m("pitch +6", |_| Edit::pitch(6.0)),
        m("tempo -30 %", |_| Edit::tempo(0.7)),
        m("noise -5 dB", |seed| Edit::white_noise(-5.0, seed)),
    ]
}
