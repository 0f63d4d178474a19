//! Horizontal bars with their intervals.

use super::axis::{Scale, round_ticks};
use super::canvas::{Align, Area, Canvas, VerticalAlign};
use super::colour::{AXIS, GRID, SERIES, TEXT};
use super::text::{LABEL, clean, fit, width_of};
use super::{Picture, Tick, check_range, check_size};
use crate::{Error, Interval};

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// What it stands for, written on its left.
    pub label: String,
    /// Its length; NaN draws no bar and an en dash.
    pub value: f64,
    /// Its interval, drawn as a whisker.
    pub interval: Option<Interval>,
}

impl Bar {
    /// A bar without an interval.
    pub fn new(label: impl Into<String>, value: f64) -> Self {
        Self { label: label.into(), value, interval: None }
    }

    /// Sets the interval.
    pub fn with_interval(mut self, interval: Interval) -> Self {
        self.interval = Some(interval);
        self
    }
}

/// How to draw bars.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BarChartConfig {
    /// Title above the picture; none where empty.
    pub title: String,
    /// Title of the axis: what the values are, and their unit.
    pub axis: String,
    /// Ends of the axis; bars begin at its lower end and are cut at the upper one.
    pub range: (f64, f64),
    /// Write values (shares of 1) as percentages.
    pub percent: bool,
    /// Width in pixels; the height follows from the number of bars.
    pub width: u32,
}

/// Shares from 0 to 1, written as percentages, 820 pixels wide.
impl Default for BarChartConfig {
    fn default() -> Self {
        Self { title: String::new(), axis: String::new(), range: (0.0, 1.0), percent: true, width: 820 }
    }
}

impl BarChartConfig {
    /// Largest number of bars.
    pub const MAX_BARS: usize = 300;

    /// Sets the title.
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Sets the title of the axis.
    pub fn with_axis(mut self, axis: impl Into<String>) -> Self {
        self.axis = axis.into();
        self
    }

    /// Sets the ends of the axis.
    pub fn with_range(mut self, low: f64, high: f64) -> Self {
        self.range = (low, high);
        self
    }

    /// Sets whether values are written as percentages.
    pub fn with_percent(mut self, percent: bool) -> Self {
        self.percent = percent;
        self
    }

    /// Sets the width in pixels.
    pub fn with_width(mut self, width: u32) -> Self {
        self.width = width;
        self
    }
}

/// Draws one horizontal bar a value, first on top, each with its interval as a whisker and its value beside
/// it.
///
/// # Errors
/// [`Error::Empty`] for no bars, [`Error::TooMany`] beyond [`BarChartConfig::MAX_BARS`],
/// [`Error::PictureSize`], [`Error::OutOfRange`] for a range not in order.
pub fn bar_chart(bars: &[Bar], config: &BarChartConfig) -> Result<Picture, Error> {
    check_range("bar chart range", Some(config.range))?;
    if bars.is_empty() {
        return Err(Error::Empty { what: "bars" });
    }
    if bars.len() > BarChartConfig::MAX_BARS {
        let (expected, got) = (BarChartConfig::MAX_BARS as u64, bars.len() as u64);
        return Err(Error::TooMany { what: "bars", expected, got });
    }
    const PITCH: i32 = 26;
    let title_room = if clean(&config.title).is_empty() { 10 } else { 36 };
    let height = title_room + PITCH * bars.len() as i32 + 54;
    let size = (config.width, (height as u32).max(Picture::MIN_SIDE));
    check_size(size)?;

    let mut canvas = Canvas::new(size);
    let top = canvas.title(&config.title);
    let longest = bars.iter().map(|b| width_of(&clean(&b.label), LABEL)).max().unwrap_or(0);
    let label_room = longest.min(canvas.width() * 2 / 5);
    let values: Vec<String> = bars.iter().map(|b| value_text(b, config.percent)).collect();
    let value_room = values.iter().map(|v| width_of(v, LABEL)).max().unwrap_or(0);
    let left = label_room + 16;
    let width = (canvas.width() - left - value_room - 18).max(8);
    let plot = Area { x: left, y: top, width, height: PITCH * bars.len() as i32 };
    let scale = Scale::new(config.range, plot.x, plot.right());

    let ticks = axis_ticks(config, (width / 70).max(2) as usize);
    for tick in &ticks {
        let x = scale.at(tick.position);
        canvas.line((x, plot.y), (x, plot.bottom()), GRID, 1);
    }
    for (i, (bar, value)) in bars.iter().zip(values).enumerate() {
        let middle = plot.y + PITCH * i as i32 + PITCH / 2;
        if !bar.value.is_nan() {
            let end = scale.at(bar.value);
            let area = Area { x: plot.x, y: middle - 8, width: end - plot.x, height: 16 };
            canvas.fill(area, SERIES[5], 1.0);
        }
        if let Some(Interval { low, high }) = bar.interval
            && !(low.is_nan() || high.is_nan())
        {
            let (from, to) = (scale.at(low), scale.at(high));
            canvas.line((from, middle), (to, middle), TEXT, 2);
            for x in [from, to] {
                canvas.line((x, middle - 4), (x, middle + 4), TEXT, 2);
            }
        }
        let label = fit(&bar.label, LABEL, label_room);
        canvas.label(label, (plot.x - 8, middle), LABEL, (Align::End, VerticalAlign::Middle));
        canvas.label(value, (canvas.width() - 8, middle), LABEL, (Align::End, VerticalAlign::Middle));
    }
    canvas.line((plot.x, plot.y), (plot.x, plot.bottom()), AXIS, 1);
    canvas.line((plot.x, plot.bottom()), (plot.right(), plot.bottom()), AXIS, 1);
    canvas.x_axis(plot, scale, &ticks, &config.axis);
    Ok(Picture::new(canvas))
}

/// Ticks of the axis, as percentages where values are.
fn axis_ticks(config: &BarChartConfig, at_most: usize) -> Vec<Tick> {
    if !config.percent {
        return round_ticks(config.range, at_most);
    }
    let (low, high) = config.range;
    let percent = round_ticks((100.0 * low, 100.0 * high), at_most);
    percent.into_iter().map(|t| Tick::new(t.position / 100.0, format!("{} %", t.label))).collect()
}

/// A bar's value in words.
fn value_text(bar: &Bar, percent: bool) -> String {
    if !bar.value.is_finite() {
        "–".into()
    } else if percent {
        format!("{:.1} %", 100.0 * bar.value)
    } else {
        let digits =
            if bar.value.abs() < 1e7 { format!("{:.3}", bar.value) } else { format!("{:.3e}", bar.value) };
        digits.replacen('-', "−", 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::canvas::Shape;

    #[test]
    fn lengths_follow_the_values() {
        let interval = Interval { low: 0.2, high: 0.3 };
        let bars = [Bar::new("a", 0.25).with_interval(interval), Bar::new("b", 0.5), Bar::new("c", f64::NAN)];
        let picture = bar_chart(&bars, &BarChartConfig::default().with_axis("top-1")).unwrap();
        let widths: Vec<i32> = picture
            .canvas
            .shapes
            .iter()
            .filter_map(|s| match s {
                Shape::Fill { area, .. } => Some(area.width),
                _ => None,
            })
            .collect();
        assert_eq!(widths.len(), 2);
        assert!((widths[1] - 2 * widths[0]).abs() <= 1);
        let texts: Vec<&str> = picture.canvas.texts.iter().map(|t| t.text.as_str()).collect();
        for want in ["a", "25.0 %", "50.0 %", "–", "0 %", "100 %", "top-1"] {
            assert!(texts.contains(&want), "{want}: {texts:?}");
        }
    }

    #[test]
    fn odd_values_and_sizes_are_defined() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -1.0, 2.0];
        let bars: Vec<Bar> = odd
            .iter()
            .map(|v| {
                Bar::new("a long label \0".repeat(20), *v).with_interval(Interval { low: -*v, high: *v })
            })
            .collect();
        for width in [160, 3000] {
            for percent in [true, false] {
                let config =
                    BarChartConfig::default().with_width(width).with_percent(percent).with_title("t");
                let picture = bar_chart(&bars, &config).unwrap();
                picture.png().unwrap();
                picture.svg().unwrap();
            }
        }
        let wide = BarChartConfig::default().with_range(-1e307, 1e307);
        bar_chart(&bars, &wide).unwrap().png().unwrap();
    }

    #[test]
    fn refuses_what_cannot_be_drawn() {
        let bar = Bar::new("a", 0.5);
        let config = BarChartConfig::default();
        assert!(matches!(bar_chart(&[], &config), Err(Error::Empty { .. })));
        assert!(matches!(bar_chart(&vec![bar.clone(); 301], &config), Err(Error::TooMany { got: 301, .. })));
        let range = config.clone().with_range(0.5, 0.5);
        assert!(matches!(bar_chart(std::slice::from_ref(&bar), &range), Err(Error::OutOfRange { .. })));
        let thin = config.with_width(10);
        assert!(matches!(bar_chart(&[bar], &thin), Err(Error::PictureSize { .. })));
    }
}
