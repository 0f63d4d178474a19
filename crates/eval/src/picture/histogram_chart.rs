//! Histograms of several series on one axis, with a threshold.

use super::axis::{Scale, room_for, round_ticks, whole_ticks};
use super::canvas::{Align, Area, Canvas, VerticalAlign};
use super::colour::{AXIS, GRID, Rgb, SERIES, TEXT};
use super::raster::finite_range;
use super::text::{LABEL, fit, width_of};
use super::{HistogramChartConfig, HistogramScale, HistogramSeries, Picture, check_range, check_size};
use crate::{Error, Histogram};

/// Draws the histograms of up to [`HistogramChartConfig::MAX_SERIES`] series over each other, on common bins.
///
/// The legend says how many values each series has, and how many of them are not shown: those outside of the
/// range (infinities among them) and those that are NaN, which do not count for the shares. A series without
/// values is listed and has no bars.
///
/// # Errors
/// [`Error::Empty`] for no series, [`Error::TooMany`], [`Error::PictureSize`], [`Error::OutOfRange`] for 0 or
/// more than 1,000 bins, a range not in order or a threshold that is not finite.
pub fn histogram_chart(
    series: &[HistogramSeries<'_>],
    config: &HistogramChartConfig,
) -> Result<Picture, Error> {
    check_size(config.size)?;
    check_range("histogram range", config.range)?;
    if series.is_empty() {
        return Err(Error::Empty { what: "histogram series" });
    }
    if series.len() > SERIES.len() {
        let (expected, got) = (SERIES.len() as u64, series.len() as u64);
        return Err(Error::TooMany { what: "histogram series", expected, got });
    }
    if !(1..=1000).contains(&config.n_bins) {
        let got = config.n_bins as f64;
        return Err(Error::OutOfRange { what: "histogram bins", expected: "1 to 1,000", got });
    }
    match config.threshold {
        Some((got, _)) if got.is_nan() || got.abs() > 1e300 => {
            return Err(Error::OutOfRange { what: "threshold", expected: "a finite number", got });
        }
        _ => {}
    }
    let (low, high) = config.range.unwrap_or_else(|| common_range(series, config));
    let counted = series.iter().map(|s| count(s.values, low, high, config.n_bins));
    let counted: Vec<Counted> = counted.collect::<Result<_, _>>()?;
    let heights: Vec<Vec<f64>> = counted.iter().map(|c| c.heights(config.scale)).collect();
    let highest = heights.iter().flatten().copied().fold(0.0, f64::max);
    let highest = if highest > 0.0 { highest * 1.06 } else { 1.0 };

    let mut canvas = Canvas::new(config.size);
    let mut top = canvas.title(&config.title);
    top = legend(&mut canvas, top, series, &counted);
    if config.threshold.is_some() {
        top += 18;
    }
    let height = (canvas.height() - top - 48).max(8);
    let at_most = (height / 36).max(2) as usize;
    let (y_ticks, y_title) = match config.scale {
        HistogramScale::Share => (round_ticks((0.0, highest), at_most), "share (%)"),
        HistogramScale::Count => (whole_ticks((0.0, highest), at_most), "count"),
    };
    let left = room_for(&y_ticks) + 26;
    let plot = Area { x: left, y: top, width: (canvas.width() - left - 20).max(8), height };
    let x_scale = Scale::new((low, high), plot.x, plot.right());
    let y_scale = Scale::new((0.0, highest), plot.bottom(), plot.y);

    for tick in &y_ticks {
        let y = y_scale.at(tick.position);
        canvas.line((plot.x, y), (plot.right(), y), GRID, 1);
    }
    for ((heights, counted), colour) in heights.iter().zip(&counted).zip(SERIES) {
        let edges: Vec<i32> = counted.histogram.edges().into_iter().map(|e| x_scale.at(e)).collect();
        // One outline a run of filled bins: a line along the axis would look like counts.
        let mut outline = Vec::new();
        for (height, edge) in heights.iter().zip(edges.windows(2)) {
            let [from, to] = *edge else { continue };
            if *height > 0.0 {
                let y = y_scale.at(*height);
                canvas.fill(Area { x: from, y, width: to - from, height: plot.bottom() - y }, colour, 0.25);
                if outline.is_empty() {
                    outline.push((from, plot.bottom()));
                }
                outline.extend([(from, y), (to, y)]);
            } else {
                close(&mut canvas, &mut outline, plot.bottom(), colour);
            }
        }
        close(&mut canvas, &mut outline, plot.bottom(), colour);
    }
    canvas.line((plot.x, plot.y), (plot.x, plot.bottom()), AXIS, 1);
    canvas.line((plot.x, plot.bottom()), (plot.right(), plot.bottom()), AXIS, 1);
    let x_ticks = round_ticks((low, high), (plot.width / 70).max(2) as usize);
    canvas.x_axis(plot, x_scale, &x_ticks, &config.axis);
    canvas.y_axis(plot, y_scale, &y_ticks, y_title);
    if let Some((at, label)) = &config.threshold
        && (low..=high).contains(at)
    {
        let x = x_scale.at(*at);
        for y in (plot.y - 4..plot.bottom()).step_by(9) {
            canvas.line((x, y), (x, (y + 5).min(plot.bottom())), TEXT, 2);
        }
        let label = fit(label, LABEL, canvas.width() - 10);
        let half = width_of(&label, LABEL) / 2;
        let middle = x.min(canvas.width() - half - 4).max(half + 4);
        canvas.label(label, (middle, plot.y - 8), LABEL, (Align::Middle, VerticalAlign::Bottom));
    }
    Ok(Picture::new(canvas))
}

/// Brings an outline down to the axis and draws it.
fn close(canvas: &mut Canvas, outline: &mut Vec<(i32, i32)>, bottom: i32, colour: Rgb) {
    if let Some((x, _)) = outline.last().copied() {
        outline.push((x, bottom));
        canvas.path(std::mem::take(outline), colour, 2);
    }
}

/// A series in bins.
struct Counted {
    histogram: Histogram,
    nan: usize,
}

impl Counted {
    fn heights(&self, scale: HistogramScale) -> Vec<f64> {
        match scale {
            HistogramScale::Share => self.histogram.shares().iter().map(|s| 100.0 * s).collect(),
            HistogramScale::Count => self.histogram.counts().iter().map(|c| *c as f64).collect(),
        }
    }
}

fn count(values: &[f32], low: f64, high: f64, n_bins: usize) -> Result<Counted, Error> {
    let mut histogram = Histogram::new(low, high, n_bins)?;
    let mut nan = 0;
    for value in values {
        if histogram.add(f64::from(*value)).is_err() {
            nan += 1;
        }
    }
    Ok(Counted { histogram, nan })
}

/// A range for all series and the threshold.
fn common_range(series: &[HistogramSeries<'_>], config: &HistogramChartConfig) -> (f64, f64) {
    let all: Vec<f32> = series.iter().flat_map(|s| s.values).copied().filter(|v| v.is_finite()).collect();
    let (low, high) = finite_range(&all);
    match config.threshold {
        Some((at, _)) => (low.min(at), high.max(at)),
        None => (low, high),
    }
}

/// Lists the series below the title, one after the other as they fit; returns where the plot may begin.
fn legend(canvas: &mut Canvas, top: i32, series: &[HistogramSeries<'_>], counted: &[Counted]) -> i32 {
    let (mut x, mut y) = (30, top + 6);
    for ((one, counted), colour) in series.iter().zip(counted).zip(SERIES) {
        let outside = counted.histogram.below() + counted.histogram.above();
        let mut figures = format!(" (n = {}", one.values.len());
        if outside > 0 {
            figures.push_str(&format!(", {outside} outside"));
        }
        if counted.nan > 0 {
            figures.push_str(&format!(", {} NaN", counted.nan));
        }
        figures.push(')');
        let room = canvas.width() - 62 - width_of(&figures, LABEL);
        let label = fit(&(fit(one.name, LABEL, room) + &figures), LABEL, canvas.width() - 62);
        let width = width_of(&label, LABEL) + 22;
        if x > 30 && x + width > canvas.width() - 10 {
            (x, y) = (30, y + 19);
        }
        let swatch = Area { x, y: y - 6, width: 14, height: 12 };
        canvas.fill(swatch, colour, 0.25);
        canvas.outline(swatch, colour);
        canvas.label(label, (x + 20, y), LABEL, (Align::Start, VerticalAlign::Middle));
        x += width + 18;
    }
    y + 18
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(picture: &Picture) -> Vec<&str> {
        picture.canvas.texts.iter().map(|t| t.text.as_str()).collect()
    }

    #[test]
    fn the_legend_accounts_for_every_value() {
        let series = [
            HistogramSeries { name: "known", values: &[0.1, 0.2, 5.0, f32::NAN] },
            HistogramSeries { name: "unknown", values: &[] },
        ];
        let config =
            HistogramChartConfig::default().with_range(0.0, 1.0).with_threshold(0.3, "threshold 0.3");
        let picture = histogram_chart(&series, &config).unwrap();
        let texts = texts(&picture);
        for want in ["known (n = 4, 1 outside, 1 NaN)", "unknown (n = 0)", "threshold 0.3", "share (%)"] {
            assert!(texts.contains(&want), "{want}: {texts:?}");
        }
    }

    #[test]
    fn bars_have_the_height_of_their_share() {
        let values = [0.1, 0.1, 0.1, 0.9];
        let series = [HistogramSeries { name: "x", values: &values }];
        let config = HistogramChartConfig::default().with_range(0.0, 1.0).with_n_bins(2);
        for scale in [HistogramScale::Share, HistogramScale::Count] {
            let picture = histogram_chart(&series, &config.clone().with_scale(scale)).unwrap();
            // The swatch in the legend, then the two bars.
            let bars: Vec<i32> = picture
                .canvas
                .shapes
                .iter()
                .filter_map(|s| match s {
                    crate::picture::canvas::Shape::Fill { area, .. } => Some(area.height),
                    _ => None,
                })
                .collect();
            assert_eq!(bars.len(), 3);
            assert!((f64::from(bars[1]) / f64::from(bars[2]) - 3.0).abs() < 0.05, "{bars:?}");
        }
    }

    #[test]
    fn odd_values_and_sizes_are_defined() {
        let nothing = [HistogramSeries { name: "", values: &[] }];
        let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN];
        let odd =
            [HistogramSeries { name: "odd \0 name that is long enough to be cut in the end", values: &odd };
                6];
        let same = [HistogramSeries { name: "same", values: &[0.5; 9] }];
        for size in [(160, 160), (160, 1500), (1500, 160)] {
            for threshold in [-1e30, 0.3, 1e30] {
                let config = HistogramChartConfig::default()
                    .with_size(size.0, size.1)
                    .with_n_bins(1000)
                    .with_threshold(threshold, "a threshold with a label");
                for series in [&nothing[..], &odd[..], &same[..]] {
                    let picture = histogram_chart(series, &config).unwrap();
                    picture.png().unwrap();
                    picture.svg().unwrap();
                }
            }
        }
    }

    #[test]
    fn refuses_what_cannot_be_drawn() {
        let config = HistogramChartConfig::default();
        let one = HistogramSeries { name: "x", values: &[0.1] };
        assert!(matches!(histogram_chart(&[], &config), Err(Error::Empty { .. })));
        assert!(matches!(
            histogram_chart(&[one; 7], &config),
            Err(Error::TooMany { expected: 6, got: 7, .. })
        ));
        for bins in [0, 1001] {
            let config = config.clone().with_n_bins(bins);
            assert!(matches!(histogram_chart(&[one], &config), Err(Error::OutOfRange { .. })));
        }
        let nan = config.clone().with_threshold(f64::NAN, "");
        assert!(matches!(histogram_chart(&[one], &nan), Err(Error::OutOfRange { what: "threshold", .. })));
        let range = config.clone().with_range(0.0, 0.0);
        assert!(matches!(histogram_chart(&[one], &range), Err(Error::OutOfRange { .. })));
        let size = config.with_size(1, 1);
        assert!(matches!(histogram_chart(&[one], &size), Err(Error::PictureSize { .. })));
    }
}
