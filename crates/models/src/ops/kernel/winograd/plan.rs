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

    /// Where the outputs of some tiles begin.
    #[inline(always)]
    pub(super) fn walk(self, tiles: Range<usize>) -> Walk {
        let row = tiles.start / self.columns;
        let next = Corner {
            image: row / self.rows,
            row: row % self.rows * 2,
            column: tiles.start % self.columns * 2,
        };
        Walk { images: self.images, next, left: tiles.len() }
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

    /// The pixels of `x` that a tile meets, 4 x 4; `zeros` beyond the border.
    #[inline(always)]
    pub(super) fn patch<'a>(self, x: &'a [f32], zeros: &'a [f32], corner: Corner) -> [&'a [f32]; FORM] {
        let Images { height, width, channels, .. } = self.images;
        let Corner { image, row, column } = corner;
        let mut patch = [zeros; FORM];
        let inside = row >= 1 && column >= 1 && row + 2 < height && column + 2 < width;
        for (i, line) in patch.chunks_exact_mut(4).enumerate() {
            let Some(row) = (row + i).checked_sub(1) else { continue };
            let row = (image * height + row) * width;
            if inside {
                let pixels = &x[(row + column - 1) * channels..][..4 * channels];
                for (pixel, values) in line.iter_mut().zip(pixels.chunks_exact(channels)) {
                    *pixel = values;
                }
                continue;
            }
            if row >= (image + 1) * height * width {
                continue;
            }
            for (j, pixel) in line.iter_mut().enumerate() {
                let column = column + j;
                if column >= 1 && column <= width {
                    *pixel = &x[(row + column - 1) * channels..][..channels];
                }
            }
        }
        patch
    }
}

/// Image, first row and first column of a tile's outputs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Corner {
    pub(super) image: usize,
    pub(super) row: usize,
    pub(super) column: usize,
}

/// Goes from tile to tile. (Divisions for each would take as long as the additions of a transform.)
pub(super) struct Walk {
    images: Images,
    next: Corner,
    left: usize,
}

impl Iterator for Walk {
    type Item = Corner;

    #[inline(always)]
    fn next(&mut self) -> Option<Corner> {
        self.left = self.left.checked_sub(1)?;
        let corner = self.next;
        self.next.column += 2;
        if self.next.column >= self.images.width {
            self.next.column = 0;
            self.next.row += 2;
            if self.next.row >= self.images.height {
                self.next.row = 0;
                self.next.image += 1;
            }
        }
        Some(corner)
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
