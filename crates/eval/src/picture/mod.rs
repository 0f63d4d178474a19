//! Pictures of spectrograms, matrices, distances and rates.
//!
//! Each chart lays itself out on a [`canvas::Canvas`], a list of lines, rectangles, texts and pixel fields,
//! which plotters' bitmap and SVG backends then draw.

mod axis;
mod bar_chart;
mod canvas;
mod colour;
mod confusion_chart;
mod curve_chart;
mod heat_map;
mod histogram_chart;
mod histogram_config;
mod line_chart;
mod png;
mod raster;
mod reliability_chart;
mod roc_chart;
mod spectrogram;
mod svg;
mod text;
mod unit_plot;

pub use axis::{Tick, frequency_ticks};
pub use bar_chart::{Bar, BarChartConfig, bar_chart};
pub use confusion_chart::{ConfusionChartConfig, confusion_chart};
pub use curve_chart::{CurveChartConfig, CurveSeries, curve_chart};
pub use heat_map::{HeatMapConfig, heat_map};
pub use histogram_chart::histogram_chart;
pub use histogram_config::{HistogramChartConfig, HistogramScale, HistogramSeries};
pub use line_chart::{LineChartConfig, line_chart};
pub use reliability_chart::{ReliabilityChartConfig, reliability_chart};
pub use roc_chart::{RocChartConfig, RocSeries, roc_chart};
pub use spectrogram::{SpectrogramConfig, spectrogram};

use crate::Error;
use canvas::Canvas;

/// A picture of a fixed size, ready to become PNG or SVG.
///
/// Drawn on white. Text in a PNG is set in a font that comes with the crate and holds Latin, Greek and
/// Cyrillic letters (others show as a box); an SVG is set in whatever sans-serif fonts its viewer has, and so
/// shows every script. Line breaks and control characters in labels become spaces, over-long labels are cut
/// with an ellipsis.
#[derive(Debug, Clone)]
pub struct Picture {
    canvas: Canvas,
}

impl Picture {
    /// The smallest side of a picture, in pixels.
    pub const MIN_SIDE: u32 = 160;
    /// The largest side of a picture, in pixels.
    pub const MAX_SIDE: u32 = 8192;

    fn new(canvas: Canvas) -> Self {
        Self { canvas }
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        self.canvas.size
    }

    /// The picture as the bytes of a PNG file. The same picture gives the same bytes.
    ///
    /// # Errors
    /// [`Error::Encode`] where the drawing library fails, which no input is known to cause.
    pub fn png(&self) -> Result<Vec<u8>, Error> {
        png::render(&self.canvas)
    }

    /// The picture as SVG: shapes and text as such, pixel fields as an embedded PNG.
    ///
    /// # Errors
    /// [`Error::Encode`] where the drawing library fails, which no input is known to cause.
    pub fn svg(&self) -> Result<String, Error> {
        svg::render(&self.canvas)
    }
}

/// Refuses sizes on which nothing can be laid out.
fn check_size((width, height): (u32, u32)) -> Result<(), Error> {
    let allowed = Picture::MIN_SIDE..=Picture::MAX_SIDE;
    if allowed.contains(&width) && allowed.contains(&height) {
        Ok(())
    } else {
        Err(Error::PictureSize { low: *allowed.start(), high: *allowed.end(), width, height })
    }
}

/// Refuses a value range that is not two finite numbers in order.
fn check_range(what: &'static str, range: Option<(f64, f64)>) -> Result<(), Error> {
    match range {
        Some((low, high))
            if !(low.is_finite() && high.is_finite() && low < high && (high - low).is_finite()) =>
        {
            let got = if low.is_finite() { high } else { low };
            Err(Error::OutOfRange { what, expected: "two finite numbers, the lower first", got })
        }
        _ => Ok(()),
    }
}
