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
        let mut len = 0usize;
        let mut place = |count: usize, size: usize| {
            let start = len;
            let end = start.checked_add(count.checked_mul(size)?)?;
            len = end.checked_next_multiple_of(ALIGN)?;
            Some(start..end)
        };
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
