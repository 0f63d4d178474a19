//! What a chart of histograms shows.

use super::colour::SERIES;

/// One series of values, such as the distances of all known queries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HistogramSeries<'a> {
    /// Its name in the legend.
    pub name: &'a str,
    /// Its values.
    pub values: &'a [f32],
}

/// What the height of a histogram is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum HistogramScale {
    /// Share of the series' own values, in percent: series of different sizes compare.
    #[default]
    Share,
    /// Number of values.
    Count,
}

/// How to draw histograms.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HistogramChartConfig {
    /// Title above the picture; none where empty.
    pub title: String,
    /// Title of the horizontal axis: what the values are, and their unit.
    pub axis: String,
    /// Number of bins.
    pub n_bins: usize,
    /// Ends of the horizontal axis. Without it the smallest and the largest finite value (and the threshold).
    pub range: Option<(f64, f64)>,
    /// A place to mark by a vertical line, with its label.
    pub threshold: Option<(f64, String)>,
    /// What the height is.
    pub scale: HistogramScale,
    /// Width and height in pixels.
    pub size: (u32, u32),
}

/// 40 bins over all values, shares, no threshold, 820 x 400 pixels.
impl Default for HistogramChartConfig {
    fn default() -> Self {
        Self {
            title: String::new(),
            axis: String::new(),
            n_bins: 40,
            range: None,
            threshold: None,
            scale: HistogramScale::default(),
            size: (820, 400),
        }
    }
}

impl HistogramChartConfig {
    /// Largest number of series, one colour each.
    pub const MAX_SERIES: usize = SERIES.len();

    /// Sets the title.
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Sets the title of the horizontal axis.
    pub fn with_axis(mut self, axis: impl Into<String>) -> Self {
        self.axis = axis.into();
        self
    }

    /// Sets the number of bins.
    pub fn with_n_bins(mut self, n_bins: usize) -> Self {
        self.n_bins = n_bins;
        self
    }

    /// Sets the ends of the horizontal axis.
    pub fn with_range(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// Marks a threshold.
    pub fn with_threshold(mut self, at: f64, label: impl Into<String>) -> Self {
        self.threshold = Some((at, label.into()));
        self
    }

    /// Sets what the height is.
    pub fn with_scale(mut self, scale: HistogramScale) -> Self {
        self.scale = scale;
        self
    }

    /// Sets width and height in pixels.
    pub fn with_size(mut self, width: u32, height: u32) -> Self {
        self.size = (width, height);
        self
    }
}
