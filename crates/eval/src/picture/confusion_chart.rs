//! A picture of a confusion matrix.

use super::canvas::{Align, Area, Canvas, VerticalAlign};
use super::colour::{AXIS, Rgb, SERIES, readable_on};
use super::text::{LABEL, SMALL, TITLE, fit};
use super::{Picture, check_size};
use crate::{ConfusionMatrix, Error};

/// How to draw a confusion matrix.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ConfusionChartConfig {
    /// Title above the picture; none where empty.
    pub title: String,
    /// Name of the positive class.
    pub positive: String,
    /// Name of the negative class.
    pub negative: String,
    /// Width and height in pixels.
    pub size: (u32, u32),
}

/// "same" and "different", 520 x 440 pixels.
impl Default for ConfusionChartConfig {
    fn default() -> Self {
        Self { title: String::new(), positive: "same".into(), negative: "different".into(), size: (520, 440) }
    }
}

impl ConfusionChartConfig {
    /// Sets the title.
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Sets the names of the classes.
    pub fn with_classes(mut self, positive: impl Into<String>, negative: impl Into<String>) -> Self {
        self.positive = positive.into();
        self.negative = negative.into();
        self
    }

    /// Sets width and height in pixels.
    pub fn with_size(mut self, width: u32, height: u32) -> Self {
        self.size = (width, height);
        self
    }
}

/// Draws the four counts: a row for what is true, a column for what was said, and below each count its share of the
/// row. Right answers are blue, wrong ones orange, the stronger the larger their share.
///
/// # Errors
/// [`Error::PictureSize`].
pub fn confusion_chart(matrix: &ConfusionMatrix, config: &ConfusionChartConfig) -> Result<Picture, Error> {
    check_size(config.size)?;
    let mut canvas = Canvas::new(config.size);
    let top = canvas.title(&config.title);
    // Left: "true" and the class, both upwards. Below: the class and "called".
    let plot = Area {
        x: 52,
        y: top,
        width: (canvas.width() - 64).max(8),
        height: (canvas.height() - top - 52).max(8),
    };
    let (half_x, half_y) = (plot.width / 2, plot.height / 2);
    let rows = [
        [(matrix.true_positives(), true), (matrix.false_negatives(), false)],
        [(matrix.false_positives(), false), (matrix.true_negatives(), true)],
    ];
    for (row, cells) in rows.iter().enumerate() {
        let total: u64 = cells.iter().fold(0, |sum: u64, (n, _)| sum.saturating_add(*n));
        for (column, (count, right)) in cells.iter().enumerate() {
            let area = Area {
                x: plot.x + column as i32 * half_x,
                y: plot.y + row as i32 * half_y,
                width: half_x,
                height: half_y,
            };
            let share = (total > 0).then(|| *count as f64 / total as f64);
            cell(&mut canvas, area, (*count, share), if *right { SERIES[0] } else { SERIES[1] });
        }
    }
    let names = [&config.positive, &config.negative];
    for (i, name) in names.into_iter().enumerate() {
        let (x, y) = (plot.x + half_x / 2 + i as i32 * half_x, plot.y + half_y / 2 + i as i32 * half_y);
        let below = plot.y + 2 * half_y + 6;
        let column = fit(name, LABEL, half_x - 4);
        canvas.label(column, (x, below), LABEL, (Align::Middle, VerticalAlign::Top));
        let row = fit(name, LABEL, half_y - 4);
        canvas.upward_label(row, (plot.x - 6, y), LABEL, (Align::Middle, VerticalAlign::Bottom));
    }
    let middle = (plot.x + half_x, plot.y + 2 * half_y + 27);
    canvas.label(fit("called", LABEL, plot.width), middle, LABEL, (Align::Middle, VerticalAlign::Top));
    let middle = (8, plot.y + half_y);
    canvas.upward_label(fit("true", LABEL, plot.height), middle, LABEL, (Align::Middle, VerticalAlign::Top));
    Ok(Picture::new(canvas))
}

/// One count with its share.
fn cell(canvas: &mut Canvas, area: Area, (count, share): (u64, Option<f64>), colour: Rgb) {
    // A share of 0 is white; one of a thousandth is seen.
    let alpha = share.map_or(0.0, |s| if s > 0.0 { 0.12 + 0.88 * s } else { 0.0 });
    canvas.fill(area, colour, alpha);
    canvas.outline(area, AXIS);
    let blend = colour.map(|v| (255.0 + alpha * (f64::from(v) - 255.0)).round() as u8);
    let text = readable_on(blend);
    let (x, y) = (area.x + area.width / 2, area.y + area.height / 2);
    let centre = (Align::Middle, VerticalAlign::Middle);
    let count = fit(&count.to_string(), TITLE, area.width - 6);
    canvas.coloured_label(count, (x, y - 10), TITLE, centre, text);
    let share = share.map_or("–".to_owned(), |s| format!("{:.2} %", 100.0 * s));
    canvas.coloured_label(fit(&share, SMALL, area.width - 6), (x, y + 11), SMALL, centre, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_shares_are_written() {
        let matrix = ConfusionMatrix::new(799, 158, 641, 0).unwrap();
        let picture = confusion_chart(&matrix, &ConfusionChartConfig::default()).unwrap();
        let at = |text: &str| {
            let found = picture.canvas.texts.iter().find(|t| t.text == text);
            found.map(|t| (t.x, t.y)).unwrap_or_else(|| panic!("no {text}"))
        };
        let (tp, fp, tn, fal) = (at("799"), at("158"), at("641"), at("0"));
        assert!(tp.0 == fp.0 && tp.1 == fal.1 && tn.0 == fal.0 && tn.1 == fp.1);
        assert!(tp.0 < fal.0 && tp.1 < fp.1);
        at("100.00 %");
        at("19.77 %");
    }

    #[test]
    fn odd_counts_and_sizes_are_defined() {
        let max = u64::MAX;
        for counts in [[1, 0, 0, 0], [0, 0, 7, 0], [max, max, max, max], [0, max, 1, 2]] {
            let matrix = ConfusionMatrix::new(counts[0], counts[1], counts[2], counts[3]).unwrap();
            for size in [(160, 160), (160, 900), (900, 160)] {
                let config = ConfusionChartConfig::default()
                    .with_title("long ".repeat(90))
                    .with_classes("a class \0 of a long name".repeat(9), "")
                    .with_size(size.0, size.1);
                let picture = confusion_chart(&matrix, &config).unwrap();
                assert!(picture.png().unwrap().len() > 200 && picture.svg().unwrap().len() > 200);
            }
        }
        let small = ConfusionChartConfig::default().with_size(159, 400);
        let matrix = ConfusionMatrix::new(1, 1, 1, 1).unwrap();
        assert!(matches!(confusion_chart(&matrix, &small), Err(Error::PictureSize { .. })));
    }
}
