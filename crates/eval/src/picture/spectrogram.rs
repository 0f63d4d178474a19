//! A picture of a spectrogram or of any other `[coefficient x frame]` matrix.

use super::axis::{Scale, Tick, room_for, time_ticks, whole_ticks};
use super::canvas::{Area, Canvas, Field};
use super::colour::{AXIS, level, sequential};
use super::raster::{Reduce, finite_range, shrink};
use super::text::{SMALL, width_of};
use super::{Picture, check_range, check_size};
use crate::Error;

/// How to draw a spectrogram.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SpectrogramConfig {
    /// Title above the picture; none where empty.
    pub title: String,
    /// Seconds from one frame to the next (hop length / sample rate). Without it the horizontal axis counts
    /// frames.
    pub frame_seconds: Option<f64>,
    /// Title of the vertical axis, such as `frequency (Hz)`.
    pub bin_axis: String,
    /// Labels of the vertical axis, at positions in bins (0 is the centre of the lowest bin, at the bottom);
    /// see [`crate::frequency_ticks`]. Where empty, the bins are numbered from 0.
    pub bin_ticks: Vec<Tick>,
    /// Unit of the values, written above the colour bar.
    pub unit: String,
    /// Values of the darkest and the brightest colour; values beyond are clamped. Without it the smallest and
    /// the largest finite value. Give two pictures the same range to compare them.
    pub range: Option<(f64, f64)>,
    /// Width and height in pixels.
    pub size: (u32, u32),
}

/// Frames and numbered bins, range from the values, 900 x 360 pixels.
impl Default for SpectrogramConfig {
    fn default() -> Self {
        Self {
            title: String::new(),
            frame_seconds: None,
            bin_axis: "bin".into(),
            bin_ticks: Vec::new(),
            unit: String::new(),
            range: None,
            size: (900, 360),
        }
    }
}

impl SpectrogramConfig {
    /// Sets the title.
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Sets the seconds from one frame to the next.
    pub fn with_frame_seconds(mut self, seconds: f64) -> Self {
        self.frame_seconds = Some(seconds);
        self
    }

    /// Sets the title of the vertical axis.
    pub fn with_bin_axis(mut self, title: impl Into<String>) -> Self {
        self.bin_axis = title.into();
        self
    }

    /// Sets the labels of the vertical axis.
    pub fn with_bin_ticks(mut self, ticks: impl IntoIterator<Item = Tick>) -> Self {
        self.bin_ticks = ticks.into_iter().collect();
        self
    }

    /// Sets the unit of the values.
    pub fn with_unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = unit.into();
        self
    }

    /// Sets the values of the darkest and the brightest colour.
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

/// Draws a matrix `[bin x frame]`: bin 0 at the bottom, time to the right, a colour bar beside it.
///
/// `values` is row-major: `n_bins` rows of `n_frames` values. Where there are more frames or bins than
/// pixels, the largest value of each pixel is shown, so that short events stay visible. NaN is drawn as a
/// grey gap, infinities as the ends of the range; a constant matrix is drawn in the middle of the colour map.
///
/// # Errors
/// [`Error::Empty`] for no bins or no frames, [`Error::LengthMismatch`], [`Error::PictureSize`], and
/// [`Error::OutOfRange`] for a frame length that is not a positive finite number or a range not in order.
pub fn spectrogram(
    values: &[f32],
    n_bins: usize,
    n_frames: usize,
    config: &SpectrogramConfig,
) -> Result<Picture, Error> {
    check_size(config.size)?;
    check_range("spectrogram range", config.range)?;
    if n_bins == 0 || n_frames == 0 {
        return Err(Error::Empty { what: "spectrogram" });
    }
    // A product that overflows is longer than any slice.
    let expected = n_bins.saturating_mul(n_frames);
    if values.len() != expected {
        return Err(Error::LengthMismatch { what: "spectrogram values", expected, got: values.len() });
    }
    let seconds = config.frame_seconds.unwrap_or(1.0);
    let duration = seconds * n_frames as f64;
    if !(seconds > 0.0 && duration.is_finite()) {
        let expected = "a positive finite number";
        return Err(Error::OutOfRange { what: "frame_seconds", expected, got: seconds });
    }
    let range = config.range.unwrap_or_else(|| finite_range(values));

    let mut canvas = Canvas::new(config.size);
    let mut top = canvas.title(&config.title);
    if !config.unit.is_empty() {
        top = top.max(26);
    }
    let room = canvas.height() - top - 48;
    let numbered;
    let bin_ticks = if config.bin_ticks.is_empty() {
        numbered = whole_ticks((0.0, (n_bins - 1) as f64), (room / 30).max(2) as usize);
        if n_bins == 1 { &vec![Tick::new(0.0, "0")] } else { &numbered }
    } else {
        &config.bin_ticks
    };
    let left = (room_for(bin_ticks) + 26).min(canvas.width() / 3);
    let right = 40 + width_of("−000.0", SMALL);
    let plot = Area { x: left, y: top, width: (canvas.width() - left - right).max(8), height: room.max(8) };

    let max = (plot.height as usize, plot.width as usize);
    let (cells, rows, columns) = shrink(values, (n_bins, n_frames), max, Reduce::Max);
    let flipped = cells.chunks(columns).rev().flatten().map(|v| level(*v, range)).collect();
    let palette = sequential();
    canvas.fields.push(Field { area: plot, columns, rows, cells: flipped, palette });
    canvas.outline(plot, AXIS);

    let columns_at_most = (plot.width / 70).max(2) as usize;
    let (ticks, title) = match config.frame_seconds {
        Some(_) => {
            let (ticks, unit) = time_ticks(duration, columns_at_most);
            (ticks, format!("time ({unit})"))
        }
        None => (whole_ticks((0.0, duration), columns_at_most), "frame".to_owned()),
    };
    canvas.x_axis(plot, Scale::new((0.0, duration), plot.x, plot.right()), &ticks, &title);
    // Bin i covers i - 0.5 to i + 0.5.
    let bins = Scale::new((-0.5, n_bins as f64 - 0.5), plot.bottom(), plot.y);
    canvas.y_axis(plot, bins, bin_ticks, &config.bin_axis);
    let bar = Area { x: plot.right() + 14, y: plot.y, width: 14, height: plot.height };
    canvas.colour_bar(bar, &palette, range, &config.unit);
    Ok(Picture::new(canvas))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::colour::GAP;

    fn field(picture: &Picture) -> &Field {
        &picture.canvas.fields[0]
    }

    #[test]
    fn the_lowest_bin_is_at_the_bottom() {
        let values = [0.0, 1.0, 2.0, 3.0, 4.0, f32::NAN];
        let picture = spectrogram(&values, 2, 3, &SpectrogramConfig::default()).unwrap();
        assert_eq!(field(&picture).cells, [191, 254, GAP, 0, 64, 127]);
        assert_eq!((field(&picture).rows, field(&picture).columns), (2, 3));
        assert_eq!(picture.size(), (900, 360));
    }

    #[test]
    fn odd_values_are_defined() {
        let config = SpectrogramConfig::default().with_frame_seconds(0.01).with_unit("dB").with_title("x");
        for values in [[3.0; 4], [f32::NAN; 4], [f32::INFINITY; 4], [f32::MAX, f32::MIN, 0.0, -0.0]] {
            let picture = spectrogram(&values, 2, 2, &config).unwrap();
            assert!(picture.png().unwrap().len() > 1000 && picture.svg().unwrap().len() > 1000);
        }
        let constant = spectrogram(&[3.0; 4], 2, 2, &config).unwrap();
        assert_eq!(field(&constant).cells, [127; 4]);
        spectrogram(&[0.5], 1, 1, &config).unwrap().png().unwrap();
    }

    #[test]
    fn every_size_and_label_can_be_drawn() {
        let ticks = vec![
            Tick::new(f64::NAN, "nan"),
            Tick::new(-9.0, "below"),
            Tick::new(0.5, "an endless label on the axis, longer than the picture is wide"),
            Tick::new(1.0, "\0\n"),
        ];
        for size in [(160, 160), (160, 2000), (2000, 160)] {
            let config = SpectrogramConfig::default()
                .with_size(size.0, size.1)
                .with_bin_ticks(ticks.clone())
                .with_title("long ".repeat(100))
                .with_unit("a unit of some length")
                .with_bin_axis("frequency ".repeat(40))
                .with_range(-1e300, 1e300);
            let picture = spectrogram(&[1.0, 2.0, 3.0, 4.0], 2, 2, &config).unwrap();
            picture.png().unwrap();
            picture.svg().unwrap();
        }
    }

    #[test]
    fn refuses_what_cannot_be_drawn() {
        let config = SpectrogramConfig::default();
        assert!(matches!(spectrogram(&[], 0, 5, &config), Err(Error::Empty { .. })));
        assert!(matches!(spectrogram(&[], 5, 0, &config), Err(Error::Empty { .. })));
        assert!(matches!(
            spectrogram(&[1.0; 5], 2, 3, &config),
            Err(Error::LengthMismatch { expected: 6, got: 5, .. })
        ));
        assert!(matches!(spectrogram(&[1.0], usize::MAX, 2, &config), Err(Error::LengthMismatch { .. })));
        for size in [(0, 0), (159, 500), (500, 8193), (u32::MAX, u32::MAX)] {
            let config = SpectrogramConfig::default().with_size(size.0, size.1);
            assert!(matches!(spectrogram(&[1.0], 1, 1, &config), Err(Error::PictureSize { .. })));
        }
        for seconds in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let config = SpectrogramConfig::default().with_frame_seconds(seconds);
            assert!(matches!(spectrogram(&[1.0], 1, 1, &config), Err(Error::OutOfRange { .. })));
        }
        for (low, high) in [(1.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY), (f64::MIN, f64::MAX)] {
            let config = SpectrogramConfig::default().with_range(low, high);
            assert!(matches!(spectrogram(&[1.0], 1, 1, &config), Err(Error::OutOfRange { .. })));
        }
    }
}
