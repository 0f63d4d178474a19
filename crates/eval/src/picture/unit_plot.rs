//! A plot of shares against shares.

use super::axis::{Scale, room_for, round_ticks};
use super::canvas::{Align, Area, Canvas, VerticalAlign};
use super::colour::{AXIS, GRID, Rgb};
use super::text::{LABEL, fit, width_of};

/// Where shares of 1 lie on a picture.
pub(super) struct UnitPlot {
    pub(super) area: Area,
    x_range: (f64, f64),
    y_range: (f64, f64),
}

impl UnitPlot {
    /// Draws grid and axes below `top`, leaving `below` pixels under the axis title.
    pub(super) fn new(
        canvas: &mut Canvas,
        (top, below): (i32, i32),
        (x_range, y_range): ((f64, f64), (f64, f64)),
        (x_title, y_title): (&str, &str),
    ) -> Self {
        let height = (canvas.height() - top - below - 48).max(8);
        let y_ticks = round_ticks(y_range, (height / 42).max(2) as usize);
        let left = (room_for(&y_ticks) + 26).min(canvas.width() / 3);
        let area = Area { x: left, y: top, width: (canvas.width() - left - 20).max(8), height };
        let x_ticks = round_ticks(x_range, (area.width / 70).max(2) as usize);
        let plot = Self { area, x_range, y_range };
        for tick in &y_ticks {
            let y = plot.y().at(tick.position);
            canvas.line((area.x, y), (area.right(), y), GRID, 1);
        }
        for tick in &x_ticks {
            let x = plot.x().at(tick.position);
            canvas.line((x, area.y), (x, area.bottom()), GRID, 1);
        }
        canvas.x_axis(area, plot.x(), &x_ticks, x_title);
        canvas.y_axis(area, plot.y(), &y_ticks, y_title);
        plot
    }

    pub(super) fn x(&self) -> Scale {
        Scale::new(self.x_range, self.area.x, self.area.right())
    }

    pub(super) fn y(&self) -> Scale {
        Scale::new(self.y_range, self.area.bottom(), self.area.y)
    }

    /// The pixel of a point; `None` outside of the plot.
    pub(super) fn at(&self, (x, y): (f64, f64)) -> Option<(i32, i32)> {
        let inside = |(low, high): (f64, f64), v: f64| low <= v && v <= high;
        (inside(self.x_range, x) && inside(self.y_range, y)).then(|| (self.x().at(x), self.y().at(y)))
    }

    /// Draws a line whose points rise (or stay) in both directions, cut at the borders of the plot.
    pub(super) fn rising(
        &self,
        canvas: &mut Canvas,
        points: impl Iterator<Item = (f64, f64)>,
        colour: Rgb,
        width: u32,
    ) {
        let mut path: Vec<(i32, i32)> = Vec::new();
        let mut last: Option<(f64, f64)> = None;
        for point in points {
            if let Some(from) = last
                && let Some((from, to)) = self.cut(from, point)
            {
                for (x, y) in [from, to] {
                    let pixel = (self.x().at(x), self.y().at(y));
                    if path.last() != Some(&pixel) {
                        path.push(pixel);
                    }
                }
            }
            last = Some(point);
        }
        if path.len() > 1 {
            canvas.path(path, colour, width);
        }
    }

    /// The piece of a rising line that lies within the plot (Liang and Barsky, 1984).
    fn cut(&self, from: (f64, f64), to: (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        for (a, b, (low, high)) in [(from.0, to.0, self.x_range), (from.1, to.1, self.y_range)] {
            if b > a {
                enter = enter.max((low - a) / (b - a));
                leave = leave.min((high - a) / (b - a));
            } else if a < low || a > high {
                return None;
            }
        }
        let at = |t: f64| (from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1));
        (enter <= leave).then(|| (at(enter), at(leave)))
    }

    /// Draws the diagonal, dashed.
    pub(super) fn diagonal(&self, canvas: &mut Canvas) {
        const DASHES: u32 = 80;
        let at = |i: u32| f64::from(i) / f64::from(DASHES);
        for i in (0..DASHES).step_by(2) {
            self.rising(canvas, [(at(i), at(i)), (at(i + 1), at(i + 1))].into_iter(), AXIS, 1);
        }
    }

    /// A square at a point within the plot.
    pub(super) fn dot(&self, canvas: &mut Canvas, point: (f64, f64), colour: Rgb) {
        if let Some((x, y)) = self.at(point) {
            canvas.fill(Area { x: x - 4, y: y - 4, width: 9, height: 9 }, colour, 1.0);
        }
    }
}

/// One name a line on white, each with its colour, in the lower right corner of the plot.
pub(super) fn legend_box(canvas: &mut Canvas, area: Area, entries: &[(String, Rgb)]) {
    const LINE: i32 = 19;
    // Long names are cut rather than laid over the left of the plot, unless it is small.
    let room = (area.width - 60).min((area.width * 3 / 5).max(240)).max(0);
    let texts: Vec<String> = entries.iter().map(|(text, _)| fit(text, LABEL, room)).collect();
    let width = texts.iter().map(|t| width_of(t, LABEL)).max().unwrap_or(0) + 38;
    let height = LINE * entries.len() as i32 + 8;
    let (x, y) = (area.right() - width - 8, area.bottom() - height - 8);
    // A legend that would hide the whole plot is left out.
    if y < area.y || texts.iter().all(String::is_empty) {
        return;
    }
    let frame = Area { x, y, width, height };
    canvas.fill(frame, [255, 255, 255], 0.88);
    canvas.outline(frame, GRID);
    for (i, (text, (_, colour))) in texts.into_iter().zip(entries).enumerate() {
        let middle = y + 4 + LINE * i as i32 + LINE / 2;
        canvas.line((x + 8, middle), (x + 26, middle), *colour, 3);
        canvas.label(text, (x + 32, middle), LABEL, (Align::Start, VerticalAlign::Middle));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_at_the_borders() {
        let mut canvas = Canvas::new((400, 400));
        let plot = UnitPlot::new(&mut canvas, (10, 0), ((0.0, 0.1), (0.8, 1.0)), ("x", "y"));
        assert_eq!(plot.cut((0.0, 0.0), (0.0, 1.0)), Some(((0.0, 0.8), (0.0, 1.0))));
        let Some((from, to)) = plot.cut((0.0, 0.9), (0.2, 1.0)) else { panic!("cut away") };
        assert!((from.1 - 0.9).abs() < 1e-12 && (to.0 - 0.1).abs() < 1e-12 && (to.1 - 0.95).abs() < 1e-12);
        assert_eq!(plot.cut((0.0, 0.0), (1.0, 1.0)), None);
        assert_eq!(plot.cut((0.2, 0.9), (0.2, 1.0)), None);
        assert_eq!(plot.at((0.2, 0.9)), None);
        assert!(plot.at((0.05, 0.9)).is_some());
    }
}
