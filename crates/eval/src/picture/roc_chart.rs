//! A picture of ROC curves.

use super::colour::SERIES;
use super::unit_plot::{UnitPlot, legend_box};
use super::{Picture, check_size};
use crate::{Error, RocCurve};

/// One curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RocSeries<'a> {
    /// Its name in the legend.
    pub name: &'a str,
    /// The curve.
    pub curve: &'a RocCurve,
    /// A threshold to mark on it by a square.
    pub threshold: Option<f64>,
}

/// How to draw ROC curves.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RocChartConfig {
    /// Title above the picture; none where empty.
    pub title: String,
    /// Right end of the horizontal axis (false positive rate), from 0.
    pub max_false_positive_rate: f64,
    /// Lower end of the vertical axis (true positive rate), up to 1.
    pub min_true_positive_rate: f64,
    /// Width and height in pixels.
    pub size: (u32, u32),
}

/// The whole curve, 620 x 600 pixels.
impl Default for RocChartConfig {
    fn default() -> Self {
        Self {
            title: String::new(),
            max_false_positive_rate: 1.0,
            min_true_positive_rate: 0.0,
            size: (620, 600),
        }
    }
}

impl RocChartConfig {
    /// Largest number of curves, one colour each.
    pub const MAX_SERIES: usize = SERIES.len();

    /// Sets the title.
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Shows the upper left corner alone, where good curves differ: false positive rates up to `max_false_positive_rate`,
    /// true positive rates from `min_true_positive_rate`.
    pub fn with_corner(mut self, max_false_positive_rate: f64, min_true_positive_rate: f64) -> Self {
        self.max_false_positive_rate = max_false_positive_rate;
        self.min_true_positive_rate = min_true_positive_rate;
        self
    }

    /// Sets width and height in pixels.
    pub fn with_size(mut self, width: u32, height: u32) -> Self {
        self.size = (width, height);
        self
    }
}

/// Draws ROC curves, with the area under each in the legend and the diagonal of chance.
///
/// # Errors
/// [`Error::Empty`] for no curves or a curve without points, [`Error::TooMany`] beyond
/// [`RocChartConfig::MAX_SERIES`], [`Error::PictureSize`], [`Error::OutOfRange`] for an axis of no length.
pub fn roc_chart(series: &[RocSeries<'_>], config: &RocChartConfig) -> Result<Picture, Error> {
    check_size(config.size)?;
    if series.is_empty() {
        return Err(Error::Empty { what: "ROC series" });
    }
    if series.len() > SERIES.len() {
        let (expected, got) = (SERIES.len() as u64, series.len() as u64);
        return Err(Error::TooMany { what: "ROC series", expected, got });
    }
    if series.iter().any(|s| s.curve.points().is_empty()) {
        return Err(Error::Empty { what: "ROC curve" });
    }
    let (right, low) = (config.max_false_positive_rate, config.min_true_positive_rate);
    if !(right > 1e-9 && right <= 1.0) {
        let expected = "more than 0 and at most 1";
        return Err(Error::OutOfRange { what: "largest false positive rate", expected, got: right });
    }
    if !(0.0..1.0 - 1e-9).contains(&low) {
        let expected = "at least 0 and less than 1";
        return Err(Error::OutOfRange { what: "smallest true positive rate", expected, got: low });
    }

    let mut canvas = super::Canvas::new(config.size);
    let top = canvas.title(&config.title);
    let ranges = ((0.0, right), (low, 1.0));
    let titles = ("false positive rate", "true positive rate");
    let plot = UnitPlot::new(&mut canvas, (top, 0), ranges, titles);
    plot.diagonal(&mut canvas);
    let mut legend = Vec::new();
    for (one, colour) in series.iter().zip(SERIES) {
        let points = one.curve.points().iter().map(|p| (p.false_positive_rate, p.true_positive_rate));
        plot.rising(&mut canvas, points, colour, 2);
        legend.push((format!("AUC {:.4}  {}", one.curve.auc(), one.name), colour));
    }
    for (one, colour) in series.iter().zip(SERIES) {
        let Some(threshold) = one.threshold else { continue };
        // The last point at or above the threshold: what it lets through.
        let at = one.curve.points().partition_point(|p| p.threshold >= threshold);
        if let Some(point) = at.checked_sub(1).and_then(|at| one.curve.points().get(at)) {
            plot.dot(&mut canvas, (point.false_positive_rate, point.true_positive_rate), colour);
        }
    }
    canvas.outline(plot.area, super::colour::AXIS);
    legend_box(&mut canvas, plot.area, &legend);
    Ok(Picture::new(canvas))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::canvas::Shape;
    use crate::roc_curve;

    fn curve() -> RocCurve {
        roc_curve(&[0.9, 0.8, 0.7, 0.3, 0.2], &[true, true, false, true, false]).unwrap()
    }

    #[test]
    fn the_curve_begins_below_left_and_ends_above_right() {
        let curve = curve();
        let series = RocSeries { name: "net", curve: &curve, threshold: Some(0.5) };
        let picture = roc_chart(&[series], &RocChartConfig::default()).unwrap();
        let paths: Vec<&Vec<(i32, i32)>> = picture
            .canvas
            .shapes
            .iter()
            .filter_map(|s| match s {
                Shape::Path { points, colour, width: 2 } if *colour == SERIES[0] => Some(points),
                _ => None,
            })
            .collect();
        let [points] = paths[..] else { panic!("{paths:?}") };
        let (first, last) = (points[0], points[points.len() - 1]);
        assert!(first.0 < last.0 && first.1 > last.1);
        // (0, 0), (0, 2/3), (1/2, 2/3), (1/2, 1), (1, 1)
        assert_eq!(points.len(), 5 + 1, "{points:?}");
        assert!(picture.canvas.texts.iter().any(|t| t.text.starts_with("AUC 0.8333")));
        let dots = picture.canvas.shapes.iter().filter(
            |s| matches!(s, Shape::Fill { colour, area, .. } if *colour == SERIES[0] && area.width == 9),
        );
        assert_eq!(dots.count(), 1);
    }

    #[test]
    fn every_size_and_corner_can_be_drawn() {
        let curve = curve();
        let long = "a name that goes on and on \0 and on".repeat(5);
        for n in [1, 6] {
            for size in [(160, 160), (160, 900), (900, 160)] {
                for (right, low) in [(1.0, 0.0), (0.01, 0.99), (1e-6, 0.999_999)] {
                    let series = vec![RocSeries { name: &long, curve: &curve, threshold: Some(9.0) }; n];
                    let config = RocChartConfig::default()
                        .with_title("long ".repeat(90))
                        .with_size(size.0, size.1)
                        .with_corner(right, low);
                    let picture = roc_chart(&series, &config).unwrap();
                    assert!(picture.png().unwrap().len() > 200 && picture.svg().unwrap().len() > 200);
                }
            }
        }
    }

    #[test]
    fn refuses_what_cannot_be_drawn() {
        let (curve, config) = (curve(), RocChartConfig::default());
        let series = [RocSeries { name: "", curve: &curve, threshold: None }; 7];
        assert!(matches!(roc_chart(&[], &config), Err(Error::Empty { .. })));
        assert!(matches!(roc_chart(&series, &config), Err(Error::TooMany { expected: 6, got: 7, .. })));
        let none = RocCurve::default();
        let empty = [RocSeries { name: "", curve: &none, threshold: None }];
        assert!(matches!(roc_chart(&empty, &config), Err(Error::Empty { .. })));
        for (right, low) in
            [(0.0, 0.0), (1.1, 0.0), (f64::NAN, 0.0), (1.0, 1.0), (1.0, -0.1), (1.0, f64::NAN)]
        {
            let config = config.clone().with_corner(right, low);
            assert!(matches!(roc_chart(&series[..1], &config), Err(Error::OutOfRange { .. })));
        }
        let small = config.with_size(10, 600);
        assert!(matches!(roc_chart(&series[..1], &small), Err(Error::PictureSize { .. })));
    }
}
