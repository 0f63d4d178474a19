use crate::buffer::{Buffer, CodeRow, HalfRow, LANES, Row};
use crate::copy::RowCopy;
use crate::half::{from_half, to_half};
use crate::quantize::{quantize, stored};
use crate::{Dtype, FlatIndexConfig, Metric};

/// Blocks in a full segment.
pub(crate) const SEGMENT_BLOCKS: usize = 256;
/// Vectors in a full segment.
pub(crate) const SEGMENT_VECTORS: usize = SEGMENT_BLOCKS * LANES;

/// What the arrays of all segments of an index follow from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Not zero.
    pub(crate) dim: usize,
    pub(crate) dtype: Dtype,
    /// Whether int8 keeps squared norms: L2 needs them.
    pub(crate) norms: bool,
    /// Whether floats are also kept one vector after another; see [`RowCopy`].
    pub(crate) row_copy: bool,
}

impl Shape {
    pub(crate) fn new(config: &FlatIndexConfig) -> Self {
        Self { dim: config.dim, dtype: config.dtype, norms: config.metric == Metric::L2, row_copy: false }
    }

    /// Whether there are the components of each vector one after another.
    pub(crate) fn has_rows(&self) -> bool {
        self.row_copy || self.dtype == Dtype::Int8
    }

    /// Rows of codes in a block.
    pub(crate) fn code_rows(&self) -> usize {
        self.dim.div_ceil(CodeRow::DIMS)
    }

    /// Bytes one vector takes in the arrays, its id not included.
    pub(crate) fn bytes_per_vector(&self) -> usize {
        match self.dtype {
            Dtype::F32 => self.dim * if self.row_copy { 8 } else { 4 },
            Dtype::F16 => self.dim * if self.row_copy { 4 } else { 2 },
            Dtype::Int8 => {
                let norm = if self.norms { 4 } else { 0 };
                self.code_rows() * CodeRow::DIMS + 4 + norm + self.dim * 4
            }
        }
    }
}

/// Up to 16,384 vectors, in blocks of 64. What is in the arrays of a full segment stays as it is (but for
/// [`Segment::write`]); which of its vectors are live is told by a word of bits a block, which can always change.
///
/// Blocks are dimension-major: for each dimension one component of all 64 vectors. One score per lane can then be
/// summed in dimension order without any shuffling.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// In the order in which the vectors came, the dead included.
    pub(crate) ids: Buffer<u64>,
    /// Bit set: the lane holds a vector that was not removed. One word a block.
    pub(crate) live: Vec<u64>,
    pub(crate) arrays: Arrays,
    /// Always in memory, of as many vectors as there are ids.
    pub(crate) copy: RowCopy,
}

/// The arrays of a segment of `n` blocks.
#[derive(Debug, Clone)]
pub(crate) enum Arrays {
    /// `n * dim` rows.
    F32(Buffer<Row>),
    /// `n * dim` rows.
    F16(Buffer<HalfRow>),
    /// Codes to scan, vectors to score the best of them again.
    Int8(Int8Arrays),
}

/// Codes, and the vectors they come from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Int8Arrays {
    /// `n * ceil(dim / 4)` rows; codes past the last dimension are 0.
    pub(crate) codes: Buffer<CodeRow>,
    /// `n` rows: the scales of a block's vectors.
    pub(crate) scales: Buffer<Row>,
    /// `n` rows: the squared norms of a block's vectors. Empty unless the metric is L2.
    pub(crate) norms: Buffer<Row>,
    /// `[vectors][dim]`, one entry for each id: vector-major, since single vectors are read from here and should lie
    /// in few cache lines and pages.
    pub(crate) vectors: Buffer<f32>,
}

impl Int8Arrays {
    /// The components of the vector at an offset; none when there is no such vector.
    pub(crate) fn vector(&self, dim: usize, offset: usize) -> &[f32] {
        self.vectors.get(offset * dim..(offset + 1) * dim).unwrap_or(&[])
    }

    fn parts_mut(&mut self) -> Option<Int8Parts<'_>> {
        let Self { codes, scales, norms, vectors } = self;
        Some((codes.owned_mut()?, scales.owned_mut()?, norms.owned_mut()?, vectors.owned_mut()?))
    }
}

/// Codes, scales, norms, vectors.
type Int8Parts<'a> = (&'a mut Vec<CodeRow>, &'a mut Vec<Row>, &'a mut Vec<Row>, &'a mut Vec<f32>);

impl Segment {
    /// An empty one.
    pub(crate) fn new(shape: &Shape) -> Self {
        let arrays = match shape.dtype {
            Dtype::F32 => Arrays::F32(Buffer::default()),
            Dtype::F16 => Arrays::F16(Buffer::default()),
            Dtype::Int8 => Arrays::Int8(Int8Arrays::default()),
        };
        Self { ids: Buffer::default(), live: Vec::new(), arrays, copy: RowCopy::new(shape) }
    }

    /// Vectors in it, live or not.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether a vector can be appended: there is room and the arrays are its own.
    pub(crate) fn is_open(&self) -> bool {
        self.len() < SEGMENT_VECTORS && self.is_owned()
    }

    /// Whether its arrays can be changed.
    pub(crate) fn is_owned(&self) -> bool {
        self.ids.is_owned()
            && match &self.arrays {
                Arrays::F32(rows) => rows.is_owned(),
                Arrays::F16(rows) => rows.is_owned(),
                Arrays::Int8(Int8Arrays { codes, scales, norms, vectors }) => {
                    codes.is_owned() && scales.is_owned() && norms.is_owned() && vectors.is_owned()
                }
            }
    }

    /// Copies what is mapped to memory of its own.
    pub(crate) fn own(&mut self) {
        self.ids.own();
        match &mut self.arrays {
            Arrays::F32(rows) => rows.own(),
            Arrays::F16(rows) => rows.own(),
            Arrays::Int8(Int8Arrays { codes, scales, norms, vectors }) => {
                codes.own();
                scales.own();
                norms.own();
                vectors.own();
            }
        }
    }

    /// Makes room for `vectors` more, as many as fit.
    pub(crate) fn reserve(&mut self, shape: &Shape, vectors: usize) {
        let vectors = vectors.min(SEGMENT_VECTORS - self.len());
        let blocks = (self.len() + vectors).div_ceil(LANES) - self.live.len();
        self.live.reserve(blocks);
        self.copy.reserve(shape, vectors);
        if let Some(ids) = self.ids.owned_mut() {
            ids.reserve(vectors);
        }
        match &mut self.arrays {
            Arrays::F32(rows) => reserve(rows, blocks * shape.dim),
            Arrays::F16(rows) => reserve(rows, blocks * shape.dim),
            Arrays::Int8(arrays) => {
                reserve(&mut arrays.codes, blocks * shape.code_rows());
                reserve(&mut arrays.scales, blocks);
                reserve(&mut arrays.norms, if shape.norms { blocks } else { 0 });
                reserve(&mut arrays.vectors, vectors * shape.dim);
            }
        }
    }

    /// Appends a vector of `shape.dim` components, live. False, and nothing done, when the segment is not open.
    pub(crate) fn push(&mut self, shape: &Shape, id: u64, vector: &[f32]) -> bool {
        if !self.is_open() {
            return false;
        }
        let offset = self.len();
        if offset.is_multiple_of(LANES) {
            self.live.push(0);
            self.arrays.push_block(shape);
        }
        if let Some(ids) = self.ids.owned_mut() {
            ids.push(id);
        }
        if let Arrays::Int8(arrays) = &mut self.arrays
            && let Some(vectors) = arrays.vectors.owned_mut()
        {
            vectors.resize((offset + 1) * shape.dim, 0.0);
        }
        self.copy.extend(shape, 1);
        self.write(shape, offset, vector);
        if let Some(word) = self.live.get_mut(offset / LANES) {
            *word |= 1 << (offset % LANES);
        }
        true
    }

    /// Appends a block without vectors, for [`Self::put`]; returns its number in the segment. None, and nothing done,
    /// when the segment is not open or ends within a block.
    pub(crate) fn push_block(&mut self, shape: &Shape) -> Option<usize> {
        let first = self.len();
        if !self.is_open() || !first.is_multiple_of(LANES) {
            return None;
        }
        self.live.push(0);
        self.arrays.push_block(shape);
        extend(&mut self.ids, LANES, 0);
        self.copy.extend(shape, LANES);
        if let Arrays::Int8(arrays) = &mut self.arrays {
            extend(&mut arrays.vectors, LANES * shape.dim, 0.0);
        }
        Some(first / LANES)
    }

    /// Puts a vector at an offset of a block, live. False, and nothing done, when the arrays are not its own.
    pub(crate) fn put(&mut self, shape: &Shape, offset: usize, id: u64, vector: &[f32]) -> bool {
        if offset >= self.len() || !self.write(shape, offset, vector) {
            return false;
        }
        if let Some(old) = self.ids.owned_mut().and_then(|ids| ids.get_mut(offset))
            && let Some(word) = self.live.get_mut(offset / LANES)
        {
            *old = id;
            *word |= 1 << (offset % LANES);
        }
        true
    }

    /// Overwrites the vector at an offset. False, and nothing done, when the arrays are not its own.
    pub(crate) fn write(&mut self, shape: &Shape, offset: usize, vector: &[f32]) -> bool {
        let (block, lane) = (offset / LANES, offset % LANES);
        match &mut self.arrays {
            Arrays::F32(rows) => {
                let Some(rows) = rows.owned_mut() else { return false };
                for (row, value) in rows.iter_mut().skip(block * shape.dim).zip(vector) {
                    row.0[lane] = *value;
                }
            }
            Arrays::F16(rows) => {
                let Some(rows) = rows.owned_mut() else { return false };
                for (row, value) in rows.iter_mut().skip(block * shape.dim).zip(vector) {
                    row.0[lane] = to_half(*value);
                }
            }
            Arrays::Int8(arrays) => {
                let Some((codes, scales, norms, vectors)) = arrays.parts_mut() else { return false };
                let (scale, quantized) = quantize(vector);
                for (d, code) in quantized.enumerate() {
                    if let Some(row) = codes.get_mut(block * shape.code_rows() + d / CodeRow::DIMS) {
                        row.0[lane][d % CodeRow::DIMS] = stored(code);
                    }
                }
                if let Some(row) = scales.get_mut(block) {
                    row.0[lane] = scale;
                }
                if let Some(row) = norms.get_mut(block) {
                    row.0[lane] = vector.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>() as f32;
                }
                if let Some(old) = vectors.get_mut(offset * shape.dim..(offset + 1) * shape.dim) {
                    for (old, new) in old.iter_mut().zip(vector) {
                        *old = *new;
                    }
                }
            }
        }
        self.copy.update(shape, &self.arrays, offset);
        true
    }

    /// Appends the components of the vector at an offset, live or not, to `out`.
    pub(crate) fn read(&self, shape: &Shape, offset: usize, out: &mut Vec<f32>) {
        let (block, lane) = (offset / LANES, offset % LANES);
        let first = block * shape.dim;
        match &self.arrays {
            Arrays::F32(rows) => out.extend(rows.iter().skip(first).take(shape.dim).map(|row| row.0[lane])),
            Arrays::F16(rows) => {
                out.extend(rows.iter().skip(first).take(shape.dim).map(|row| from_half(row.0[lane])));
            }
            Arrays::Int8(arrays) => out.extend_from_slice(arrays.vector(shape.dim, offset)),
        }
    }

    /// Marks an offset as not live.
    pub(crate) fn clear(&mut self, offset: usize) {
        if let Some(word) = self.live.get_mut(offset / LANES) {
            *word &= !(1 << (offset % LANES));
        }
    }

    /// Live offsets with their ids, ascending.
    pub(crate) fn live(&self) -> impl Iterator<Item = (usize, u64)> {
        self.ids.iter().enumerate().filter_map(|(offset, id)| {
            let word = self.live.get(offset / LANES)?;
            (word >> (offset % LANES) & 1 == 1).then_some((offset, *id))
        })
    }

    /// Whether it has as many vectors as fit and all of them are live.
    pub(crate) fn is_full_and_live(&self) -> bool {
        self.len() == SEGMENT_VECTORS && self.live.iter().all(|word| *word == u64::MAX)
    }

    /// Bytes of memory held, spare capacity included.
    pub(crate) fn capacity_bytes(&self) -> usize {
        let arrays = match &self.arrays {
            Arrays::F32(rows) => rows.capacity_bytes(),
            Arrays::F16(rows) => rows.capacity_bytes(),
            Arrays::Int8(arrays) => {
                arrays.codes.capacity_bytes()
                    + arrays.scales.capacity_bytes()
                    + arrays.norms.capacity_bytes()
                    + arrays.vectors.capacity_bytes()
            }
        };
        arrays + self.copy.capacity_bytes() + self.ids.capacity_bytes() + self.live.capacity() * 8
    }
}

fn reserve<T>(buffer: &mut Buffer<T>, more: usize) {
    if let Some(values) = buffer.owned_mut() {
        values.reserve(more);
    }
}

fn extend<T: Clone>(buffer: &mut Buffer<T>, more: usize, zero: T) {
    if let Some(values) = buffer.owned_mut() {
        values.resize(values.len() + more, zero);
    }
}

impl Arrays {
    /// Appends a block of zeros.
    fn push_block(&mut self, shape: &Shape) {
        match self {
            Self::F32(rows) => extend(rows, shape.dim, Row::ZERO),
            Self::F16(rows) => extend(rows, shape.dim, HalfRow::ZERO),
            Self::Int8(arrays) => {
                extend(&mut arrays.codes, shape.code_rows(), CodeRow::ZERO);
                extend(&mut arrays.scales, 1, Row::ZERO);
                extend(&mut arrays.norms, usize::from(shape.norms), Row::ZERO);
            }
        }
    }
}

#[cfg(test)]
mod tests;
