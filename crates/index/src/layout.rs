//! Where the arrays of a segment lie in a file.

use std::ops::Range;

use crate::Dtype;
use crate::buffer::{CodeRow, HalfRow, LANES, Row};
use crate::format::ALIGN;
use crate::segment::Shape;

/// The arrays of a segment as ranges of bytes from its beginning. Each begins at a multiple of 64; what lies between
/// two is zero.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) ids: Range<usize>,
    pub(crate) live: Range<usize>,
    pub(crate) arrays: LayoutArrays,
    /// Bytes of the whole segment.
    pub(crate) len: usize,
}

#[derive(Debug, Clone)]
pub(crate) enum LayoutArrays {
    F32(Range<usize>),
    F16(Range<usize>),
    Int8 { codes: Range<usize>, scales: Range<usize>, norms: Range<usize>, vectors: Range<usize> },
}

impl Layout {
    /// None when the segment does not fit the address space.
    pub(crate) fn new(shape: &Shape, vectors: usize) -> Option<Self> {
        let blocks = vectors.div_ceil(LANES);
        let mut len = 0;
        let mut place = |count, size| place(&mut len, count, size);
        let ids = place(vectors, size_of::<u64>())?;
        let live = place(blocks, size_of::<u64>())?;
        let arrays = match shape.dtype {
            Dtype::F32 => LayoutArrays::F32(place(blocks.checked_mul(shape.dim)?, size_of::<Row>())?),
            Dtype::F16 => LayoutArrays::F16(place(blocks.checked_mul(shape.dim)?, size_of::<HalfRow>())?),
            Dtype::Int8 => LayoutArrays::Int8 {
                codes: place(blocks.checked_mul(shape.code_rows())?, size_of::<CodeRow>())?,
                scales: place(blocks, size_of::<Row>())?,
                norms: place(if shape.norms { blocks } else { 0 }, size_of::<Row>())?,
                vectors: place(vectors.checked_mul(shape.dim)?, size_of::<f32>())?,
            },
        };
        Some(Self { ids, live, arrays, len })
    }

    /// Where ids and marks end, and the other arrays begin.
    pub(crate) fn split(&self) -> usize {
        self.live.end.next_multiple_of(ALIGN)
    }
}

/// The lists of an inverted file, behind its segments, as ranges of bytes from their beginning.
#[derive(Debug, Clone)]
pub(crate) struct LayoutLists {
    pub(crate) settings: Range<usize>,
    /// Of each list, positions taken in its last block.
    pub(crate) taken: Range<usize>,
    /// Of each block the list it belongs to.
    pub(crate) blocks: Range<usize>,
    pub(crate) spreads: Range<usize>,
    pub(crate) centres: Range<usize>,
    pub(crate) len: usize,
}

impl LayoutLists {
    /// Nothing when there are no lists. None when they do not fit the address space.
    pub(crate) fn new(dim: usize, nlist: usize, blocks: usize) -> Option<Self> {
        let mut len = 0;
        let mut place = |count, size| place(&mut len, count, size);
        let settings = place(if nlist > 0 { 1 } else { 0 }, 32)?;
        let taken = place(nlist, size_of::<u32>())?;
        let blocks = place(if nlist > 0 { blocks } else { 0 }, size_of::<u32>())?;
        let spreads = place(nlist, size_of::<f32>())?;
        let centres = place(nlist.checked_mul(dim)?, size_of::<f32>())?;
        Some(Self { settings, taken, blocks, spreads, centres, len })
    }

    /// Where spreads and centres begin.
    pub(crate) fn split(&self) -> usize {
        self.blocks.end.next_multiple_of(ALIGN)
    }
}

/// The next place for so many values of a size; `len` becomes where another one would begin.
fn place(len: &mut usize, count: usize, size: usize) -> Option<Range<usize>> {
    let start = *len;
    let end = start.checked_add(count.checked_mul(size)?)?;
    *len = end.checked_next_multiple_of(ALIGN)?;
    Some(start..end)
}
