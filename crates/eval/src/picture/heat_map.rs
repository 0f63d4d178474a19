//! A picture of a square matrix of similarities.

use super::axis::{Scale, whole_ticks};
use super::canvas::{Align, Area, Canvas, Field, VerticalAlign};
use super::colour::{AXIS, diverging, level, readable_on};
use super::raster::{Reduce, shrink};
use super::text::{LABEL, SMALL, clean, fit, width_of};
use super::{Picture, check_range, check_size};
use crate::Error;

/// How to draw a matrix of similarities.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HeatMapConfig {
    /// Title above the picture; none where empty.
    pub title: String,
    /// One label a row, which is also the column's; empty for none.
    pub labels: Vec<String>,
    /// Values of the first and the last colour; values beyond are clamped. The colour map is neutral in the
    /// middle.
    pub range: (f64, f64),
    /// What the values are, written above the colour bar.
    pub unit: String,
    /// Width and height in pixels.
    pub size: (u32, u32),
}

/// Cosine similarities from -1 to 1, no labels, 820 x 720 pixels.
impl Default for HeatMapConfig {
    fn default() -> Self {
        Self {
            title: String::new(),
            labels: Vec::new(),
            range: (-1.0, 1.0),
            unit: "cosine".into(),
            size: (820, 720),
        }
    }
}

impl HeatMapConfig {
    /// Largest number of rows that are labelled by name.
    pub const MAX_LABELS: usize = 40;

    /// Sets the title.
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Sets the labels of the rows and columns.
    pub fn with_labels<L: Into<String>>(mut self, labels: impl IntoIterator<Item = L>) -> Self {
        self.labels = labels.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the values of the first and the last colour.
    pub fn with_range(mut self, low: f64, high: f64) -> Self {
        self.range = (low, high);
        self
    }

    /// Sets what the values are.
    pub fn with_unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = unit.into();
        self
    }

    /// Sets width and height in pixels.
    pub fn with_size(mut self, width: u32, height: u32) -> Self {
        self.size = (width, height);
        self
    }
}

/// Draws an `n` x `n` matrix, row 0 on top, column 0 on the left, with a colour bar.
///
/// `matrix` is row-major. Up to [`HeatMapConfig::MAX_LABELS`] rows carry their labels, where these have room;
/// beyond, the axes count items from 1. In large cells the value is written too. More items than pixels share
/// pixels, each showing the mean of its block. NaN is drawn as a grey gap, infinities as the ends of the
/// range.
///
/// # Errors
/// [`Error::Empty`] for `n` of 0, [`Error::LengthMismatch`] for a matrix that is not `n` x `n` or labels that
/// are neither none nor `n`, [`Error::PictureSize`], [`Error::OutOfRange`] for a range not in order.
pub fn heat_map(matrix: &[f32], n: usize, config: &HeatMapConfig) -> Result<Picture, Error> {
    check_size(config.size)?;
    check_range("heat map range", Some(config.range))?;
    if n == 0 {
        return Err(Error::Empty { what: "matrix" });
    }
    let expected = n.saturating_mul(n);
    if matrix.len() != expected {
        return Err(Error::LengthMismatch { what: "matrix", expected, got: matrix.len() });
    }
    if !config.labels.is_empty() && config.labels.len() != n {
        return Err(Error::LengthMismatch { what: "matrix labels", expected: n, got: config.labels.len() });
    }

    let mut canvas = Canvas::new(config.size);
    let mut top = canvas.title(&config.title);
    if !config.unit.is_empty() {
        top = top.max(26);
    }
    let bar_room = 40 + width_of("−0.00", SMALL);
    let square =
        |below: i32, left: i32| (canvas.height() - top - below).min(canvas.width() - left - bar_room).max(8);
    // With names, if the rows are high enough for them; else with numbers.
    let longest = config.labels.iter().map(|l| width_of(&clean(l), LABEL)).max().unwrap_or(0);
    let name_room = longest.min(canvas.width().min(canvas.height()) / 5);
    let named_side = square(name_room + 16, name_room + 14);
    let names_fit =
        !config.labels.is_empty() && n <= HeatMapConfig::MAX_LABELS && named_side / n as i32 > LABEL as i32;
    let (side, left) = if names_fit {
        (named_side, name_room + 14)
    } else {
        let left = width_of(&n.to_string(), LABEL) + 36;
        (square(48, left), left)
    };
    // Room to spare goes to both sides, up to a point: names should not lie far from the edge.
    let spare = (canvas.width() - left - side - bar_room).max(0);
    let plot = Area { x: left + spare / 2, y: top, width: side, height: side };

    let (values, rows, columns) = shrink(matrix, (n, n), (side as usize, side as usize), Reduce::Mean);
    let cells: Vec<u8> = values.iter().map(|v| level(*v, config.range)).collect();
    let palette = diverging();
    let scale_x = Scale::new((0.0, n as f64), plot.x, plot.right());
    let scale_y = Scale::new((0.0, n as f64), plot.y, plot.bottom());
    if side / n as i32 >= width_of("−0.00", SMALL) + 4 {
        for (i, (value, cell)) in matrix.iter().zip(&cells).enumerate().filter(|(_, (v, _))| !v.is_nan()) {
            let (x, y) = (scale_x.at((i % n) as f64 + 0.5), scale_y.at((i / n) as f64 + 0.5));
            let colour = palette.get(usize::from(*cell)).copied().map(readable_on).unwrap_or_default();
            let text = fit(
                &format!("{value:.2}").replace("-0.00", "0.00").replace('-', "−"),
                SMALL,
                side / n as i32,
            );
            canvas.coloured_label(text, (x, y), SMALL, (Align::Middle, VerticalAlign::Middle), colour);
        }
    }
    canvas.fields.push(Field { area: plot, columns, rows, cells, palette });
    canvas.outline(plot, AXIS);

    if names_fit {
        for (i, label) in config.labels.iter().enumerate() {
            let name = fit(label, LABEL, name_room);
            let middle = i as f64 + 0.5;
            let (x, y) = (scale_x.at(middle), scale_y.at(middle));
            canvas.label(name.clone(), (plot.x - 6, y), LABEL, (Align::End, VerticalAlign::Middle));
            canvas.upward_label(name, (x, plot.bottom() + 6), LABEL, (Align::End, VerticalAlign::Middle));
        }
    } else {
        // Items count from 1; item i lies in the middle of its cell.
        let at_most = (side / 60).max(2) as usize;
        let mut ticks = whole_ticks((1.0, n.max(2) as f64), at_most);
        ticks.retain(|t| t.position >= 1.0 && t.position <= n as f64);
        if ticks.first().is_none_or(|t| t.position > 1.0) {
            ticks.insert(0, super::Tick::new(1.0, "1"));
        }
        ticks.iter_mut().for_each(|t| t.position -= 0.5);
        canvas.x_axis(plot, scale_x, &ticks, "item");
        canvas.y_axis(plot, scale_y, &ticks, "");
        let middle = (plot.x - left + 8, plot.y + side / 2);
        canvas.upward_label("item", middle, LABEL, (Align::Middle, VerticalAlign::Top));
    }
    let bar = Area { x: plot.right() + 14, y: plot.y, width: 14, height: side };
    canvas.colour_bar(bar, &palette, config.range, &config.unit);
    Ok(Picture::new(canvas))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::colour::GAP;

    fn texts(picture: &Picture) -> Vec<&str> {
        picture.canvas.texts.iter().map(|t| t.text.as_str()).collect()
    }

    #[test]
    fn small_matrices_carry_names_and_values() {
        let config = HeatMapConfig::default().with_labels(["one", "two"]);
        let picture = heat_map(&[1.0, -0.001, f32::NAN, -1.5], 2, &config).unwrap();
        assert_eq!(picture.canvas.fields[0].cells, [254, 127, GAP, 0]);
        let texts = texts(&picture);
        for want in ["one", "two", "1.00", "0.00", "−1.50", "cosine"] {
            assert!(texts.contains(&want), "{want}: {texts:?}");
        }
        assert!(!texts.contains(&"NaN"));
    }

    #[test]
    fn many_items_are_counted() {
        for n in [41, 300, 1500] {
            let labels: Vec<String> = (0..n).map(|i| format!("song {i}")).collect();
            let picture =
                heat_map(&vec![0.5; n * n], n, &HeatMapConfig::default().with_labels(labels)).unwrap();
            assert!(texts(&picture).contains(&"1") && !texts(&picture).contains(&"song 0"));
            let field = &picture.canvas.fields[0];
            assert!(field.columns <= field.area.width as usize);
            assert!(field.cells.iter().all(|c| *c == 191));
        }
    }

    #[test]
    fn every_size_and_label_can_be_drawn() {
        for size in [(160, 160), (160, 2000), (2000, 160)] {
            for n in [1, 2, 7, 40] {
                let labels = (0..n).map(|i| format!("{i} \0 a name that goes on and on and on"));
                let config = HeatMapConfig::default()
                    .with_labels(labels)
                    .with_size(size.0, size.1)
                    .with_title("long ".repeat(90))
                    .with_unit("some unit");
                let picture = heat_map(&vec![f32::INFINITY; n * n], n, &config).unwrap();
                picture.png().unwrap();
                picture.svg().unwrap();
            }
        }
    }

    #[test]
    fn refuses_what_cannot_be_drawn() {
        let config = HeatMapConfig::default();
        assert!(matches!(heat_map(&[], 0, &config), Err(Error::Empty { .. })));
        assert!(matches!(heat_map(&[1.0; 3], 2, &config), Err(Error::LengthMismatch { expected: 4, .. })));
        assert!(matches!(heat_map(&[1.0], usize::MAX, &config), Err(Error::LengthMismatch { .. })));
        let labelled = HeatMapConfig::default().with_labels(["a"]);
        assert!(matches!(heat_map(&[1.0; 4], 2, &labelled), Err(Error::LengthMismatch { expected: 2, .. })));
        let range = HeatMapConfig::default().with_range(1.0, -1.0);
        assert!(matches!(heat_map(&[1.0], 1, &range), Err(Error::OutOfRange { .. })));
        let size = HeatMapConfig::default().with_size(0, 100);
        assert!(matches!(heat_map(&[1.0], 1, &size), Err(Error::PictureSize { .. })));
    }
}
