//! Tick marks, axes and colour bars.

use super::canvas::{Align, Area, Canvas, Field, VerticalAlign};
use super::colour::{AXIS, LEVELS, Palette};
use super::text::{LABEL, SMALL, clean, fit, width_of};

/// A labelled place on an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// The place in the units of the axis.
    pub position: f64,
    /// What is written there.
    pub label: String,
}

impl Tick {
    /// A tick; one whose position is not a finite number, or lies outside the axis, is not drawn.
    pub fn new(position: f64, label: impl Into<String>) -> Self {
        Self { position, label: label.into() }
    }
}

/// Ticks in hertz for a spectrogram whose bins have these centre frequencies, lowest first.
///
/// Gives 100, 200, 500, 1k, 2k, 5k, 10k, 20k, 50k, as far as they lie between the first and the last centre,
/// at positions in bins (0 is the centre of the first bin, interpolated between centres). Centres that are
/// not finite or do not rise are passed over; fewer than two give no ticks.
pub fn frequency_ticks(centres_hz: &[f32]) -> Vec<Tick> {
    let mut ticks = Vec::new();
    for (hz, label) in [
        (100.0, "100"),
        (200.0, "200"),
        (500.0, "500"),
        (1e3, "1k"),
        (2e3, "2k"),
        (5e3, "5k"),
        (1e4, "10k"),
        (2e4, "20k"),
        (5e4, "50k"),
    ] {
        let pairs = centres_hz.iter().zip(centres_hz.iter().skip(1)).enumerate();
        let found = pairs
            .map(|(bin, (below, above))| (bin, f64::from(*below), f64::from(*above)))
            .find(|(_, below, above)| *below <= hz && hz <= *above && above > below && above.is_finite());
        if let Some((bin, below, above)) = found {
            ticks.push(Tick::new(bin as f64 + (hz - below) / (above - below), label));
        }
    }
    ticks
}

/// Round tick positions within a range, at most about `at_most` of them, with as many decimals as they need.
pub(super) fn round_ticks((low, high): (f64, f64), at_most: usize) -> Vec<Tick> {
    let at_most = at_most.max(2) as f64;
    let raw = (high - low) / at_most;
    if !(raw.is_finite() && raw > 0.0) {
        return Vec::new();
    }
    let power = 10.0_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].iter().map(|m| m * power).find(|s| *s >= raw * 0.999_999).unwrap_or(raw);
    let decimals = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
    let scale = low.abs().max(high.abs());
    multiples((low, high), step)
        .map(|value| {
            let label = if !(1e-6..1e7).contains(&scale) {
                format!("{value:.2e}")
            } else {
                minus(&format!("{:.decimals$}", if value == 0.0 { 0.0 } else { value }))
            };
            Tick::new(value, label)
        })
        .collect()
}

/// Round whole numbers within a range.
pub(super) fn whole_ticks(range: (f64, f64), at_most: usize) -> Vec<Tick> {
    let whole = |tick: &Tick| tick.position.fract() == 0.0;
    round_ticks(range, at_most)
        .into_iter()
        .filter(whole)
        .map(|t| Tick::new(t.position, format!("{:.0}", t.position)))
        .collect()
}

/// Ticks for a duration: seconds, or minutes and seconds from three minutes on. Also the unit for the axis
/// title.
pub(super) fn time_ticks(seconds: f64, at_most: usize) -> (Vec<Tick>, &'static str) {
    if seconds < 180.0 {
        return (round_ticks((0.0, seconds), at_most), "s");
    }
    let raw = seconds / at_most.max(2) as f64;
    let steps =
        [30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0, 7200.0, 14_400.0, 36_000.0, 86_400.0];
    let step = steps.into_iter().find(|s| *s >= raw).unwrap_or(raw.ceil());
    let label = |s: f64| format!("{}:{:02}", (s / 60.0).floor(), (s % 60.0).round());
    (multiples((0.0, seconds), step).map(|s| Tick::new(s, label(s))).collect(), "min:s")
}

/// Multiples of a step within a range.
fn multiples((low, high): (f64, f64), step: f64) -> impl Iterator<Item = f64> {
    let slack = step * 1e-6;
    let first = ((low - slack) / step).ceil();
    let count = (((high + slack) / step).floor() - first).clamp(-1.0, 1000.0) as i64 + 1;
    (0..count).map(move |i| (first + i as f64) * step)
}

/// A proper minus sign.
fn minus(text: &str) -> String {
    text.replacen('-', "−", 1)
}

/// Maps a range onto pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: i32,
    to: i32,
}

impl Scale {
    /// `range` from pixel `from` to pixel `to` (which may be the smaller). The range must not be empty.
    pub(super) fn new((low, high): (f64, f64), from: i32, to: i32) -> Self {
        Self { low, high, from, to }
    }

    /// The pixel of a value, clamped to the ends.
    pub(super) fn at(&self, value: f64) -> i32 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.from + (share * f64::from(self.to - self.from)).round() as i32
    }

    /// The pixels of those ticks that are on the axis.
    fn places<'t>(&self, ticks: &'t [Tick]) -> Vec<(i32, &'t str)> {
        let slack = (self.high - self.low) * 1e-9;
        let on = |t: &&Tick| t.position >= self.low - slack && t.position <= self.high + slack;
        ticks.iter().filter(on).map(|t| (self.at(t.position), t.label.as_str())).collect()
    }
}

/// Room the labels of a vertical axis take, marks included.
pub(super) fn room_for(ticks: &[Tick]) -> i32 {
    ticks.iter().map(|t| width_of(&clean(&t.label), LABEL)).max().unwrap_or(0) + 9
}

impl Canvas {
    /// Marks and labels below a plot; labels that would touch their neighbour are left out.
    pub(super) fn x_axis(&mut self, plot: Area, scale: Scale, ticks: &[Tick], title: &str) {
        let mut free_from = 2;
        for (x, label) in scale.places(ticks) {
            let label = clean(label);
            let half = width_of(&label, LABEL) / 2;
            // The outermost labels move inwards rather than off the picture.
            let middle = x.min(self.width() - half - 3).max(half + 3);
            if middle - half >= free_from {
                self.line((x, plot.bottom()), (x, plot.bottom() + 4), AXIS, 1);
                let anchor = (Align::Middle, VerticalAlign::Top);
                self.label(label, (middle, plot.bottom() + 7), LABEL, anchor);
                free_from = middle + half + 6;
            }
        }
        let title = fit(title, LABEL, self.width() - 10);
        let middle = plot.x + plot.width / 2;
        let half = width_of(&title, LABEL) / 2;
        let middle = middle.min(self.width() - half - 3).max(half + 3);
        self.label(title, (middle, plot.bottom() + 25), LABEL, (Align::Middle, VerticalAlign::Top));
    }

    /// Marks and labels left of a plot, and the axis title along the left edge of the picture.
    pub(super) fn y_axis(&mut self, plot: Area, scale: Scale, ticks: &[Tick], title: &str) {
        for (y, label) in thin(&scale.places(ticks)) {
            self.line((plot.x - 4, y), (plot.x, y), AXIS, 1);
            self.label(clean(label), (plot.x - 7, y), LABEL, (Align::End, VerticalAlign::Middle));
        }
        let title = fit(title, LABEL, plot.height);
        self.upward_label(title, (6, plot.y + plot.height / 2), LABEL, (Align::Middle, VerticalAlign::Top));
    }

    /// A bar right of a plot that says which colour is which value, with the unit above it.
    pub(super) fn colour_bar(&mut self, bar: Area, palette: &Palette, range: (f64, f64), unit: &str) {
        let cells = (0..LEVELS).rev().map(|i| i as u8).collect();
        self.fields.push(Field { area: bar, columns: 1, rows: LEVELS, cells, palette: *palette });
        self.outline(bar, AXIS);
        let scale = Scale::new(range, bar.bottom(), bar.y);
        let ticks = round_ticks(range, (bar.height / 34).clamp(2, 8) as usize);
        let room = self.width() - bar.right() - 9;
        for (y, label) in thin(&scale.places(&ticks)) {
            self.line((bar.right(), y), (bar.right() + 4, y), AXIS, 1);
            let label = fit(label, SMALL, room);
            self.label(label, (bar.right() + 7, y), SMALL, (Align::Start, VerticalAlign::Middle));
        }
        let unit = fit(unit, SMALL, self.width() - bar.x - 4);
        self.label(unit, (bar.x, bar.y - 7), SMALL, (Align::Start, VerticalAlign::Bottom));
    }
}

/// Leaves out labels that would touch the one before them.
fn thin<'t>(places: &[(i32, &'t str)]) -> Vec<(i32, &'t str)> {
    let mut kept: Vec<(i32, &str)> = Vec::new();
    for (y, label) in places {
        if kept.iter().all(|(other, _)| (other - y).abs() >= (LABEL * 1.2) as i32) {
            kept.push((*y, label));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|t| t.label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(&round_ticks((0.0, 1.0), 5)), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&round_ticks((-80.0, 0.0), 4)), ["−80", "−60", "−40", "−20", "0"]);
        assert_eq!(labels(&round_ticks((0.0, 340.0), 5)), ["0", "100", "200", "300"]);
        assert!(round_ticks((0.0, 0.0), 5).is_empty());
        assert!(round_ticks((0.0, f64::NAN), 5).is_empty());
        assert!(round_ticks((-3e38, 3e38), 5).len() <= 8);
        assert_eq!(labels(&whole_ticks((0.0, 3.0), 8)), ["0", "1", "2", "3"]);
    }

    #[test]
    fn long_times_are_minutes() {
        let (ticks, unit) = time_ticks(7200.0, 6);
        assert_eq!(unit, "min:s");
        assert_eq!(labels(&ticks), ["0:00", "20:00", "40:00", "60:00", "80:00", "100:00", "120:00"]);
        assert_eq!(time_ticks(5.0, 6).1, "s");
    }

    #[test]
    fn frequencies_lie_between_their_bins() {
        let centres: Vec<f32> = (0..11).map(|i| i as f32 * 100.0).collect();
        let ticks = frequency_ticks(&centres);
        assert_eq!(labels(&ticks), ["100", "200", "500", "1k"]);
        assert!((ticks[0].position - 1.0).abs() < 1e-9 && (ticks[3].position - 10.0).abs() < 1e-9);
        assert!(frequency_ticks(&[]).is_empty() && frequency_ticks(&[100.0]).is_empty());
        assert!(frequency_ticks(&[f32::NAN, f32::INFINITY, 5.0]).is_empty());
    }

    #[test]
    fn labels_keep_apart() {
        let places = [(10, "a"), (12, "b"), (40, "c"), (41, "d")];
        assert_eq!(thin(&places), [(10, "a"), (40, "c")]);
    }
}
