//! Which tiles are computed together, and where they are.

use std::ops::Range;

use super::super::geometry::{Geometry, Images};
use super::FORM;

/// Whether this way is worth while: the additions are shared by all channels of the other side.
pub(crate) fn fits(geometry: Geometry) -> bool {
    const CHANNELS: usize = 16;
    let (input, output) = (geometry.input, geometry.output);
    geometry.stride == 1
        && geometry.spread == 1
        && input.channels >= CHANNELS
        && output.channels >= CHANNELS
        && input.height >= 2
        && input.width >= 2
}

/// The tiles of all images, row by row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tiles {
    pub(super) images: Images,
    /// Tiles of a row.
    pub(super) columns: usize,
    /// Rows of tiles of an image.
    pub(super) rows: usize,
}

impl Tiles {
    pub(super) fn new(images: Images) -> Self {
        Self { images, columns: images.width.div_ceil(2), rows: images.height.div_ceil(2) }
    }

    /// Rows of tiles of all images.
    pub(super) fn all_rows(self) -> usize {
        self.images.batch * self.rows
    }

    /// Image, first row and first column of a tile's outputs.
    #[inline(always)]
    pub(super) fn place(self, tile: usize) -> (usize, usize, usize) {
        let row = tile / self.columns;
        (row / self.rows, row % self.rows * 2, tile % self.columns * 2)
    }

    /// Splits `tiles` evenly in blocks whose inputs' forms stay in the second-level cache.
    pub(super) fn blocks(self, tiles: Range<usize>, channels: usize) -> impl Iterator<Item = Range<usize>> {
        /// Values of the forms.
        const CACHED: usize = 128 << 10;
        /// The greatest tile of products, and how many of them at most.
        const ROWS: usize = 13;
        const MOST: usize = 5;
        let most = ROWS * (CACHED / (FORM * channels * ROWS)).clamp(1, MOST);
        let blocks = tiles.len().div_ceil(most).max(1);
        let (start, len) = (tiles.start, tiles.len());
        (0..blocks).map(move |i| start + len * i / blocks..start + len * (i + 1) / blocks)
    }

    /// The values that a block's tiles meet, of the image `x`: 4 x 4 pixels, `zeros` beyond the border.
    #[inline(always)]
    pub(super) fn patch<'a>(self, x: &'a [f32], zeros: &'a [f32], tile: usize) -> [&'a [f32]; FORM] {
        let Images { height, width, channels, .. } = self.images;
        let (image, row, column) = self.place(tile);
        let mut patch = [zeros; FORM];
        for (i, line) in patch.chunks_exact_mut(4).enumerate() {
            let Some(row) = (row + i).checked_sub(1).filter(|row| *row < height) else { continue };
            for (j, pixel) in line.iter_mut().enumerate() {
                if let Some(column) = (column + j).checked_sub(1).filter(|column| *column < width) {
                    *pixel = &x[((image * height + row) * width + column) * channels..][..channels];
                }
            }
        }
        patch
    }
}

/// Memory that begins at a cache line.
#[derive(Default)]
pub(super) struct Aligned(Vec<f32>);

impl Aligned {
    /// `len` values, whatever they are.
    pub(super) fn get(&mut self, len: usize) -> &mut [f32] {
        const LINE: usize = 16;
        if self.0.len() < len + LINE {
            self.0.resize(len + LINE, 0.0);
        }
        let offset = self.0.as_ptr().align_offset(4 * LINE).min(LINE);
        &mut self.0[offset..offset + len]
    }
}

/// Values from one number's plane to the next, of `rows` rows of `channels`: not a power of two, lest all be in the same
/// lines of the cache.
pub(super) fn plane(rows: usize, channels: usize) -> usize {
    (rows * channels).next_multiple_of(16) + 16
}
