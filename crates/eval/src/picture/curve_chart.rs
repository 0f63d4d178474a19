//! A picture of curves over a common axis, such as losses over steps.

use super::canvas::Canvas;
use super::colour::{AXIS, SERIES};
use super::unit_plot::{UnitPlot, legend_box};
use super::{Picture, check_size};
use crate::Error;

/// One curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurveSeries<'a> {
    /// Its name in the legend.
    pub name: &'a str,
    /// Its points, x and y; where either is not finite the curve has a gap.
    pub points: &'a [(f64, f64)],
}

/// How to draw curves.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CurveChartConfig {
    /// Title above the picture; none where empty.
    pub title: String,
    /// Titles of the horizontal and the vertical axis, with units.
    pub axes: (String, String),
    /// Width and height in pixels.
    pub size: (u32, u32),
}

/// 800 x 460 pixels, no titles.
impl Default for CurveChartConfig {
    fn default() -> Self {
        Self { title: String::new(), axes: (String::new(), String::new()), size: (800, 460) }
    }
}

impl CurveChartConfig {
    /// Largest number of curves, one colour each.
    pub const MAX_SERIES: usize = SERIES.len();

    /// Sets the title.
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Sets the titles of the horizontal and the vertical axis.
    pub fn with_axes(mut self, x: impl Into<String>, y: impl Into<String>) -> Self {
        self.axes = (x.into(), y.into());
        self
    }

    /// Sets width and height in pixels.
    pub fn with_size(mut self, width: u32, height: u32) -> Self {
        self.size = (width, height);
        self
    }
}

/// Draws curves from the smallest to the largest value of each axis; the vertical one reaches down to 0 if nothing is
/// below.
///
/// # Errors
/// [`Error::Empty`] without a finite point, [`Error::TooMany`] beyond [`CurveChartConfig::MAX_SERIES`],
/// [`Error::PictureSize`].
pub fn curve_chart(series: &[CurveSeries<'_>], config: &CurveChartConfig) -> Result<Picture, Error> {
    check_size(config.size)?;
    if series.len() > SERIES.len() {
        let (expected, got) = (SERIES.len() as u64, series.len() as u64);
        return Err(Error::TooMany { what: "curves", expected, got });
    }
    let finite = |(x, y): &&(f64, f64)| x.is_finite() && y.is_finite();
    let all = || series.iter().flat_map(|s| s.points).filter(finite);
    let x_range = range(all().map(|p| p.0)).ok_or(Error::Empty { what: "points" })?;
    let (low, high) = range(all().map(|p| p.1)).ok_or(Error::Empty { what: "points" })?;
    let y_range = if low > 0.0 { (0.0, high) } else { (low, high) };

    let mut canvas = Canvas::new(config.size);
    let top = canvas.title(&config.title);
    let titles = (config.axes.0.as_str(), config.axes.1.as_str());
    let plot = UnitPlot::new(&mut canvas, (top, 0), (x_range, y_range), titles);
    let mut legend = Vec::new();
    for (one, colour) in series.iter().zip(SERIES) {
        for piece in one.points.split(|p| !finite(&p)) {
            let path: Vec<(i32, i32)> = piece.iter().filter_map(|p| plot.at(*p)).collect();
            match path[..] {
                [_] => plot.dot(&mut canvas, piece[0], colour),
                [] => {}
                _ => canvas.path(path, colour, 2),
            }
        }
        legend.push((one.name.to_owned(), colour));
    }
    canvas.outline(plot.area, AXIS);
    legend_box(&mut canvas, plot.area, &legend);
    Ok(Picture::new(canvas))
}

/// The range of finite values, never of no width.
fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let ends = |(low, high): (f64, f64), v: f64| (low.min(v), high.max(v));
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), ends);
    if low > high {
        return None;
    }
    if high - low > 1e-9 * high.abs().max(low.abs()).max(1e-300) {
        return Some((low, high));
    }
    let half = 0.5 * low.abs().max(1.0);
    Some((low - half, high + half))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::canvas::Shape;

    #[test]
    fn curves_are_drawn_with_gaps() {
        let points = [(0.0, 2.0), (1.0, 1.0), (2.0, f64::NAN), (3.0, 0.5), (4.0, 0.25)];
        let series = [CurveSeries { name: "loss", points: &points }];
        let picture = curve_chart(&series, &CurveChartConfig::default().with_axes("step", "loss")).unwrap();
        let is_curve = |s: &&Shape| matches!(s, Shape::Path { colour, width: 2, .. } if *colour == SERIES[0]);
        assert_eq!(picture.canvas.shapes.iter().filter(is_curve).count(), 2);
        assert!(picture.png().unwrap().len() > 200 && picture.svg().unwrap().contains("loss"));
    }

    #[test]
    fn every_range_can_be_drawn() {
        for points in [vec![(0.0, 0.0)], vec![(5.0, -3.0), (5.0, -3.0)], vec![(0.0, 1e30), (1.0, -1e30)]] {
            for size in [(160, 160), (900, 160)] {
                let series = [CurveSeries { name: "", points: &points }; 2];
                let config =
                    CurveChartConfig::default().with_size(size.0, size.1).with_title("t".repeat(200));
                assert!(curve_chart(&series, &config).unwrap().png().is_ok());
            }
        }
    }

    #[test]
    fn refuses_what_cannot_be_drawn() {
        let config = CurveChartConfig::default();
        let none = [CurveSeries { name: "", points: &[(f64::NAN, 1.0)] }];
        assert!(matches!(curve_chart(&none, &config), Err(Error::Empty { .. })));
        assert!(matches!(curve_chart(&[], &config), Err(Error::Empty { .. })));
        let many = [CurveSeries { name: "", points: &[(0.0, 1.0)] }; 7];
        assert!(matches!(curve_chart(&many, &config), Err(Error::TooMany { .. })));
        let small = config.with_size(1, 1);
        assert!(matches!(curve_chart(&many[..1], &small), Err(Error::PictureSize { .. })));
    }
}
