//! A reliability diagram.

use super::axis::Scale;
use super::canvas::{Align, Area, Canvas, VerticalAlign};
use super::colour::{AXIS, SERIES};
use super::text::{SMALL, fit};
use super::unit_plot::UnitPlot;
use super::{Picture, check_size};
use crate::{CalibrationBin, Error};

/// How to draw a reliability diagram.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ReliabilityChartConfig {
    /// Title above the picture; none where empty.
    pub title: String,
    /// Width and height in pixels.
    pub size: (u32, u32),
}

/// 620 x 640 pixels.
impl Default for ReliabilityChartConfig {
    fn default() -> Self {
        Self { title: String::new(), size: (620, 640) }
    }
}

impl ReliabilityChartConfig {
    /// Sets the title.
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Sets width and height in pixels.
    pub fn with_size(mut self, width: u32, height: u32) -> Self {
        self.size = (width, height);
        self
    }
}

/// Draws what came true in each bin of probability: a bar of the share of positives, a square at (mean probability,
/// share of positives), the diagonal on which a calibrated system lies, and above it how the pairs are spread.
///
/// `bins` are those of [`crate::calibration_bins`]. Squares of bins that hold few pairs stray: the strip tells which.
///
/// # Errors
/// [`Error::Empty`] for no bins or no pairs in any, [`Error::PictureSize`].
pub fn reliability_chart(bins: &[CalibrationBin], config: &ReliabilityChartConfig) -> Result<Picture, Error> {
    check_size(config.size)?;
    let largest = bins.iter().map(|b| b.n).max().unwrap_or(0);
    if largest == 0 {
        return Err(Error::Empty { what: "calibration bins" });
    }
    let n: f64 = bins.iter().map(|b| b.n as f64).sum();
    let miss = |b: &CalibrationBin| Some(b.n as f64 * (b.mean_probability? - b.positive_rate?).abs());
    let error = bins.iter().filter_map(miss).sum::<f64>() / n;

    let mut canvas = Canvas::new(config.size);
    let title = canvas.title(&config.title);
    let text = fit(&format!("ECE {error:.4} ({} bins, n = {n:.0})", bins.len()), SMALL, canvas.width() - 20);
    canvas.label(text, (canvas.width() / 2, title), SMALL, (Align::Middle, VerticalAlign::Top));
    let strip_height = (canvas.height() / 8).clamp(12, 80);
    let top = title + 22 + strip_height + 10;
    let titles = ("probability", "share of positives");
    let plot = UnitPlot::new(&mut canvas, (top, 0), ((0.0, 1.0), (0.0, 1.0)), titles);

    let strip = Area { y: title + 22, height: strip_height, ..plot.area };
    let counts = Scale::new((0.0, 1.06 * largest as f64), strip.bottom(), strip.y);
    for bin in bins {
        let (from, to) = (plot.x().at(bin.low), plot.x().at(bin.high));
        let column = |y: i32, bottom: i32| Area { x: from, y, width: to - from, height: bottom - y };
        if bin.n > 0 {
            // One pair is still a line.
            let y = counts.at(bin.n as f64).min(strip.bottom() - 1);
            canvas.fill(column(y, strip.bottom()), AXIS, 0.45);
        }
        if let Some(rate) = bin.positive_rate {
            canvas.fill(column(plot.y().at(rate), plot.area.bottom()), SERIES[5], 0.45);
        }
    }
    plot.diagonal(&mut canvas);
    let points = bins.iter().filter_map(|b| Some((b.mean_probability?, b.positive_rate?)));
    let pixels: Vec<(i32, i32)> = points.clone().filter_map(|p| plot.at(p)).collect();
    if pixels.len() > 1 {
        canvas.path(pixels, SERIES[0], 2);
    }
    for point in points {
        plot.dot(&mut canvas, point, SERIES[0]);
    }
    canvas.outline(plot.area, AXIS);
    canvas.line((strip.x, strip.bottom()), (strip.right(), strip.bottom()), AXIS, 1);
    let pairs = fit("pairs", SMALL, strip.height + 10);
    let middle = (6, strip.y + strip.height / 2);
    canvas.upward_label(pairs, middle, SMALL, (Align::Middle, VerticalAlign::Top));
    let most = (plot.area.x - 7, counts.at(largest as f64));
    let room = plot.area.x - 26;
    canvas.label(fit(&largest.to_string(), SMALL, room), most, SMALL, (Align::End, VerticalAlign::Middle));
    Ok(Picture::new(canvas))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration_bins;
    use crate::picture::canvas::Shape;

    #[test]
    fn one_square_a_filled_bin() {
        let bins = calibration_bins(&[0.1, 0.15, 0.9, 0.95], &[false, true, true, true], 5).unwrap();
        let picture = reliability_chart(&bins, &ReliabilityChartConfig::default()).unwrap();
        let squares: Vec<Area> = picture
            .canvas
            .shapes
            .iter()
            .filter_map(|s| match s {
                Shape::Fill { area, colour, .. } if *colour == SERIES[0] => Some(*area),
                _ => None,
            })
            .collect();
        assert_eq!(squares.len(), 2);
        assert!(squares[0].x < squares[1].x && squares[0].y > squares[1].y);
        // (2 |0.125 - 0.5| + 2 |0.925 - 1|) / 4
        assert!(picture.canvas.texts.iter().any(|t| t.text.starts_with("ECE 0.2250 (5 bins")));
    }

    #[test]
    fn odd_bins_and_sizes_are_defined() {
        for n_bins in [1, 2, 1000] {
            let bins = calibration_bins(&[0.0_f32, 1.0, 0.5], &[false, false, true], n_bins).unwrap();
            for size in [(160, 160), (160, 900), (900, 160)] {
                let config = ReliabilityChartConfig::default()
                    .with_title("long ".repeat(90))
                    .with_size(size.0, size.1);
                let picture = reliability_chart(&bins, &config).unwrap();
                assert!(picture.png().unwrap().len() > 200 && picture.svg().unwrap().len() > 200);
            }
        }
    }

    #[test]
    fn refuses_what_cannot_be_drawn() {
        let config = ReliabilityChartConfig::default();
        assert!(matches!(reliability_chart(&[], &config), Err(Error::Empty { .. })));
        let bins = calibration_bins(&[0.5], &[true], 5).unwrap();
        assert!(matches!(reliability_chart(&bins[..1], &config), Err(Error::Empty { .. })));
        let small = config.with_size(9000, 400);
        assert!(matches!(reliability_chart(&bins, &small), Err(Error::PictureSize { .. })));
    }
}
