//! Labels: what they may hold and how much room they take.

use super::canvas::{Align, Canvas, Text, VerticalAlign};
use super::colour::{Rgb, TEXT};

/// Em sizes in pixels.
pub(super) const TITLE: f32 = 16.0;
pub(super) const LABEL: f32 = 12.5;
pub(super) const SMALL: f32 = 11.0;

/// Room a text takes along its line, in pixels: an upper estimate for the built-in font (0.602 em a letter)
/// and for common sans-serif fonts.
pub(super) fn width_of(text: &str, size: f32) -> i32 {
    (text.chars().map(ems).sum::<f32>() * size).ceil() as i32
}

/// Estimated advance in ems: East Asian letters and emoji are square.
fn ems(c: char) -> f32 {
    match c as u32 {
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xff00..=0xff60
        | 0x1f000.. => 1.05,
        _ => 0.61,
    }
}

/// A label on one line: control characters (which SVG forbids) and line breaks become spaces.
pub(super) fn clean(text: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}');
    text.chars().map(|c| if breaks(c) { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// A clean label no wider than `room` pixels, cut with an ellipsis where it must be; empty where not even one
/// letter fits.
pub(super) fn fit(text: &str, size: f32, room: i32) -> String {
    let text = clean(text);
    if width_of(&text, size) <= room {
        return text;
    }
    let room = room as f32 / size - ems('…');
    let mut used = 0.0;
    let mut cut: String = text
        .chars()
        .take_while(|c| {
            used += ems(*c);
            used <= room
        })
        .collect();
    cut.truncate(cut.trim_end().len());
    if !cut.is_empty() {
        cut.push('…');
    }
    cut
}

impl Canvas {
    /// Adds a horizontal label.
    pub(super) fn label(
        &mut self,
        text: impl Into<String>,
        (x, y): (i32, i32),
        size: f32,
        (align, vertical_align): (Align, VerticalAlign),
    ) {
        self.coloured_label(text, (x, y), size, (align, vertical_align), TEXT);
    }

    /// Adds a horizontal label in a colour of its own.
    pub(super) fn coloured_label(
        &mut self,
        text: impl Into<String>,
        (x, y): (i32, i32),
        size: f32,
        (align, vertical_align): (Align, VerticalAlign),
        colour: Rgb,
    ) {
        self.text(Text { text: text.into(), x, y, size, colour, align, vertical_align, upward: false });
    }

    /// Adds a label that reads upwards; its alignments turn with it.
    pub(super) fn upward_label(
        &mut self,
        text: impl Into<String>,
        (x, y): (i32, i32),
        size: f32,
        (align, vertical_align): (Align, VerticalAlign),
    ) {
        self.text(Text { text: text.into(), x, y, size, colour: TEXT, align, vertical_align, upward: true });
    }

    /// Adds the title over the whole width, and says how much height it takes.
    pub(super) fn title(&mut self, title: &str) -> i32 {
        let title = fit(title, TITLE, self.width() - 20);
        if title.is_empty() {
            return 10;
        }
        self.label(title, (self.width() / 2, 10), TITLE, (Align::Middle, VerticalAlign::Top));
        10 + TITLE as i32 + 10
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_labels_are_cut() {
        assert_eq!(fit("short", 12.0, 100), "short");
        let cut = fit("a rather long name of a song", 12.0, 100);
        assert!(cut.ends_with('…') && width_of(&cut, 12.0) <= 100, "{cut}");
        assert!(cut.starts_with("a rather"));
        assert_eq!(fit("abc", 12.0, 0), "");
        assert_eq!(fit("abc", 12.0, -50), "");
        assert!(width_of("日本", 10.0) > width_of("ab", 10.0));
    }

    #[test]
    fn labels_have_one_line() {
        assert_eq!(clean("a\nb\0c\u{1b}d\u{2028}"), "a b c d");
    }
}
