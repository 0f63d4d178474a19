//! Shapes of a convolution, and rows with a border of zeros.

/// Images in channels-last order: `[batch][height][width][channels]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Images {
    pub(crate) batch: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
}

impl Images {
    /// Values of one row.
    pub(crate) fn row(self) -> usize {
        self.width * self.channels
    }

    /// Values of one image.
    pub(crate) fn image(self) -> usize {
        self.height * self.row()
    }

    /// Values of all.
    pub(crate) fn len(self) -> usize {
        self.batch * self.image()
    }

    /// The same with half the rows and columns.
    pub(crate) fn pooled(self) -> Self {
        Self { height: self.height / 2, width: self.width / 2, ..self }
    }
}

/// A 3 x 3 convolution with a border of one zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Geometry {
    pub(crate) input: Images,
    pub(crate) output: Images,
    /// Input columns, and rows, from one output to the next.
    pub(crate) stride: usize,
    /// The input counts as if there were `spread - 1` zeros between its rows and columns.
    pub(crate) spread: usize,
}

impl Geometry {
    /// The convolution of `input` to `channels` channels.
    pub(crate) fn new(input: Images, channels: usize, stride: usize) -> Self {
        let shrink = |length: usize| if length == 0 { 0 } else { (length - 1) / stride + 1 };
        let output =
            Images { height: shrink(input.height), width: shrink(input.width), channels, batch: input.batch };
        Self { input, output, stride, spread: 1 }
    }

    /// The convolution that takes an output's gradient to the input's.
    pub(crate) fn backward(self) -> Self {
        Self { input: self.output, output: self.input, stride: 1, spread: self.stride }
    }

    /// Values that meet the weights of one output in one row.
    pub(crate) fn reach(self) -> usize {
        3 * self.input.channels
    }

    /// Values from one output position to the next in a row with its border.
    pub(crate) fn step(self) -> usize {
        self.stride * self.input.channels
    }

    /// Values of a row with its border.
    pub(crate) fn padded_row(self) -> usize {
        self.output.width.saturating_sub(1) * self.step() + self.reach()
    }

    /// The input row that meets row `tap` of the weights for output row `row`; none where zeros are.
    pub(crate) fn source(self, row: usize, tap: usize) -> Option<usize> {
        let row = (row * self.stride + tap).checked_sub(1)?;
        (row.is_multiple_of(self.spread) && row / self.spread < self.input.height)
            .then_some(row / self.spread)
    }

    /// The input rows that output rows `from..to` need.
    pub(crate) fn sources(self, from: usize, to: usize) -> std::ops::Range<usize> {
        let first = (from * self.stride).saturating_sub(1).div_ceil(self.spread);
        let last = to.saturating_sub(1) * self.stride + 1;
        first..(last / self.spread + 1).min(self.input.height).max(first)
    }

    /// How many output rows are computed at once, so that their input stays in the second-level cache and there is
    /// work for `threads`.
    pub(crate) fn strip(self, threads: usize, even: bool) -> usize {
        const CACHED: usize = 512 << 10;
        let rows = (CACHED / (4 * self.padded_row().max(1))).saturating_sub(2) / self.stride;
        let shared = (self.output.height * self.output.batch).div_ceil(2 * threads.max(1));
        let rows = rows.min(shared).clamp(2, self.output.height.max(2));
        if even { rows.next_multiple_of(2) } else { rows }
    }
}

/// Input rows with their borders.
#[derive(Default)]
pub(crate) struct Padded {
    values: Vec<f32>,
    first: usize,
    row: usize,
}

impl Padded {
    /// Copies the rows of `image` that output rows `from..to` need.
    pub(crate) fn fill(&mut self, geometry: Geometry, image: &[f32], from: usize, to: usize) {
        let sources = geometry.sources(from, to);
        let (channels, spread) = (geometry.input.channels, geometry.spread);
        self.row = geometry.padded_row();
        self.first = sources.start;
        self.values.clear();
        self.values.resize(sources.len() * self.row, 0.0);
        let rows = image.chunks_exact(geometry.input.row().max(1)).skip(self.first);
        for (padded, row) in self.values.chunks_exact_mut(self.row.max(1)).zip(rows) {
            let inner = padded.get_mut(channels..).unwrap_or_default();
            if spread == 1 {
                let len = inner.len().min(row.len());
                inner[..len].copy_from_slice(&row[..len]);
            } else {
                let places = inner.chunks_mut(channels * spread);
                for (place, pixel) in places.zip(row.chunks_exact(channels)) {
                    place[..channels].copy_from_slice(pixel);
                }
            }
        }
    }

    /// Input row `source` with its border.
    #[inline(always)]
    pub(crate) fn row(&self, source: usize) -> &[f32] {
        let at = (source - self.first) * self.row;
        &self.values[at..at + self.row]
    }
}
