//! A picture of one value over time.

use super::axis::{Scale, room_for, round_ticks, time_ticks};
use super::canvas::{Area, Canvas};
use super::colour::{AXIS, GRID, SERIES};
use super::raster::finite_range;
use super::{Picture, check_range, check_size};
use crate::Error;

/// How to draw a value over time.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LineChartConfig {
    /// Title above the picture; none where empty.
    pub title: String,
    /// Seconds from one value to the next.
    pub frame_seconds: f64,
    /// Title of the vertical axis, with the unit.
    pub axis: String,
    /// Ends of the vertical axis; values beyond are drawn at its ends. Without it the smallest and the largest finite
    /// value, and 0 if there is none below.
    pub range: Option<(f64, f64)>,
    /// Width and height in pixels.
    pub size: (u32, u32),
}

/// One value a second, range from the values, 900 x 360 pixels.
impl Default for LineChartConfig {
    fn default() -> Self {
        let (title, axis) = (String::new(), String::new());
        Self { title, frame_seconds: 1.0, axis, range: None, size: (900, 360) }
    }
}

impl LineChartConfig {
    /// Sets the title.
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Sets the seconds from one value to the next.
    pub fn with_frame_seconds(mut self, seconds: f64) -> Self {
        self.frame_seconds = seconds;
        self
    }

    /// Sets the title of the vertical axis.
    pub fn with_axis(mut self, axis: impl Into<String>) -> Self {
        self.axis = axis.into();
        self
    }

    /// Sets the ends of the vertical axis.
    pub fn with_range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// Sets width and height in pixels.
    pub fn with_size(mut self, width: u32, height: u32) -> Self {
        self.size = (width, height);
        self
    }
}

/// Draws `values` as a line, time to the right.
///
/// Where there are more values than pixels, the smallest and the largest value of each pixel are shown, so that short
/// events stay visible. A value that is not finite is a gap.
///
/// # Errors
/// [`Error::Empty`] for no values, [`Error::PictureSize`], and [`Error::OutOfRange`] for a frame length that is not a
/// positive finite number or a range not in order.
pub fn line_chart(values: &[f32], config: &LineChartConfig) -> Result<Picture, Error> {
    check_size(config.size)?;
    check_range("line chart range", config.range)?;
    if values.is_empty() {
        return Err(Error::Empty { what: "line chart" });
    }
    let seconds = config.frame_seconds;
    let duration = seconds * values.len() as f64;
    if !(seconds > 0.0 && duration.is_finite()) {
        let expected = "a positive finite number";
        return Err(Error::OutOfRange { what: "frame_seconds", expected, got: seconds });
    }
    let range = config.range.unwrap_or_else(|| range_of(values));

    let mut canvas = Canvas::new(config.size);
    let top = canvas.title(&config.title);
    let height = (canvas.height() - top - 48).max(8);
    let y_ticks = round_ticks(range, (height / 36).max(2) as usize);
    let left = (room_for(&y_ticks) + 26).min(canvas.width() / 3);
    let plot = Area { x: left, y: top, width: (canvas.width() - left - 20).max(8), height };
    let y_scale = Scale::new(range, plot.bottom(), plot.y);
    for tick in &y_ticks {
        let y = y_scale.at(tick.position);
        canvas.line((plot.x, y), (plot.right(), y), GRID, 1);
    }
    let [colour, ..] = SERIES;
    for points in lines(values, plot, y_scale) {
        canvas.path(points, colour, 1);
    }
    canvas.outline(plot, AXIS);
    let (x_ticks, unit) = time_ticks(duration, (plot.width / 70).max(2) as usize);
    let x_scale = Scale::new((0.0, duration), plot.x, plot.right());
    canvas.x_axis(plot, x_scale, &x_ticks, &format!("time ({unit})"));
    canvas.y_axis(plot, y_scale, &y_ticks, &config.axis);
    Ok(Picture::new(canvas))
}

/// The range of the values with a little room above, from 0 where none lies below.
fn range_of(values: &[f32]) -> (f64, f64) {
    let (low, high) = finite_range(values);
    let negative = values.iter().any(|v| v.is_finite() && *v < 0.0);
    let low = if negative { low } else { 0.0 };
    let room = 0.05 * (high - low);
    (if negative { low - room } else { low }, high + room)
}

/// One line for each run of finite values.
fn lines(values: &[f32], plot: Area, scale: Scale) -> Vec<Vec<(i32, i32)>> {
    let x_scale = Scale::new((0.0, values.len() as f64), plot.x, plot.right());
    let mut lines: Vec<Vec<(i32, i32)>> = vec![Vec::new()];
    for (i, value) in values.iter().enumerate() {
        let Some(line) = lines.last_mut() else { continue };
        if value.is_finite() {
            add(line, x_scale.at(i as f64), scale.at(f64::from(*value)));
        } else if !line.is_empty() {
            lines.push(Vec::new());
        }
    }
    lines.retain(|line| !line.is_empty());
    for line in &mut lines {
        // A line of one point would be none.
        if let [(x, y)] = line[..] {
            line.push((x + 1, y));
        }
    }
    lines
}

/// Adds a point; of those in one column the first, the lowest, the highest and the last are enough.
fn add(line: &mut Vec<(i32, i32)>, x: i32, y: i32) {
    let same = line.iter().rev().take_while(|(at, _)| *at == x).count();
    if same < 4 {
        line.push((x, y));
        return;
    }
    let start = line.len() - same;
    if let Some([_, low, high, last]) = line.get_mut(start..) {
        let between = [low.1, high.1, last.1];
        low.1 = between.into_iter().min().unwrap_or(y);
        high.1 = between.into_iter().max().unwrap_or(y);
        last.1 = y;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::canvas::Shape;

    fn paths(picture: &Picture) -> Vec<&[(i32, i32)]> {
        let shapes = picture.canvas.shapes.iter();
        shapes
            .filter_map(|s| match s {
                Shape::Path { points, colour, .. } if *colour == SERIES[0] => Some(points.as_slice()),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn high_values_are_up_and_gaps_are_gaps() {
        let values = [0.0, 1.0, f32::NAN, 0.5, f32::INFINITY];
        let picture = line_chart(&values, &LineChartConfig::default().with_range(0.0, 1.0)).unwrap();
        let paths = paths(&picture);
        assert_eq!(paths.len(), 2);
        let &[(x0, y0), (x1, y1)] = paths[0] else { panic!("{paths:?}") };
        assert!(x0 < x1 && y0 > y1);
        let &[(_, middle), _] = paths[1] else { panic!("{paths:?}") };
        assert!((2 * middle - y0 - y1).abs() <= 1);
    }

    #[test]
    fn one_peak_among_many_values_stays_visible() {
        for at in [0, 1, 49_999, 50_000, 50_001, 99_999] {
            let mut values = vec![0.0; 100_000];
            values[at] = 1.0;
            let picture = line_chart(&values, &LineChartConfig::default().with_range(0.0, 1.0)).unwrap();
            let paths = paths(&picture);
            let top = paths[0].iter().map(|p| p.1).min();
            let bottom = paths[0].iter().map(|p| p.1).max();
            assert!(bottom.unwrap() - top.unwrap() > 250, "{at}");
            assert!(paths[0].len() < 4 * 900);
        }
        // The same where neither end of a column holds it.
        let mut column = Vec::new();
        for y in [5, 100, 0, 50, 60, 7] {
            add(&mut column, 3, y);
        }
        assert_eq!(column.iter().map(|p| p.1).collect::<Vec<_>>(), [5, 0, 100, 7]);
    }

    #[test]
    fn odd_values_and_sizes_are_defined() {
        let all: [&[f32]; 6] =
            [&[1.0], &[0.0; 9], &[f32::NAN; 3], &[f32::MAX, f32::MIN], &[-1.0, -2.0], &[f32::INFINITY, 1.0]];
        for size in [(160, 160), (160, 1500), (1500, 160)] {
            for values in all {
                let config = LineChartConfig::default()
                    .with_size(size.0, size.1)
                    .with_title("long ".repeat(90))
                    .with_axis("an axis with a long title".repeat(9))
                    .with_frame_seconds(0.01);
                let picture = line_chart(values, &config).unwrap();
                assert!(picture.png().unwrap().len() > 200 && picture.svg().unwrap().len() > 200);
            }
        }
    }

    #[test]
    fn refuses_what_cannot_be_drawn() {
        let config = LineChartConfig::default();
        assert!(matches!(line_chart(&[], &config), Err(Error::Empty { .. })));
        let small = config.clone().with_size(159, 900);
        assert!(matches!(line_chart(&[1.0], &small), Err(Error::PictureSize { .. })));
        for seconds in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let config = config.clone().with_frame_seconds(seconds);
            assert!(matches!(line_chart(&[1.0], &config), Err(Error::OutOfRange { .. })));
        }
        let range = config.with_range(2.0, 1.0);
        assert!(matches!(line_chart(&[1.0], &range), Err(Error::OutOfRange { .. })));
    }
}
