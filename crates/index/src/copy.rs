//! Vectors of floats once more, one after another: what a filter leaves few of is read from there.

use crate::Dtype;
use crate::buffer::LANES;
use crate::segment::{Arrays, Segment, Shape};

/// The copy of a segment's vectors, `[vectors][dim]`, in the form they are stored in. Int8 has its vectors like this
/// anyway.
#[derive(Debug, Clone, Default)]
pub(crate) enum RowCopy {
    #[default]
    None,
    F32(Vec<f32>),
    F16(Vec<u16>),
}

impl RowCopy {
    /// An empty one, if the shape asks for one.
    pub(crate) fn new(shape: &Shape) -> Self {
        match shape.dtype {
            Dtype::F32 if shape.row_copy => Self::F32(Vec::new()),
            Dtype::F16 if shape.row_copy => Self::F16(Vec::new()),
            _ => Self::None,
        }
    }

    /// Of all vectors of a segment, if the shape asks for one.
    pub(crate) fn of(shape: &Shape, segment: &Segment) -> Self {
        let mut copy = Self::new(shape);
        copy.reserve(shape, segment.len());
        copy.extend(shape, segment.len());
        for offset in 0..segment.len() {
            copy.update(shape, &segment.arrays, offset);
        }
        copy
    }

    pub(crate) fn reserve(&mut self, shape: &Shape, vectors: usize) {
        match self {
            Self::None => {}
            Self::F32(values) => values.reserve(vectors * shape.dim),
            Self::F16(values) => values.reserve(vectors * shape.dim),
        }
    }

    /// Room for so many more vectors, zeros at first.
    pub(crate) fn extend(&mut self, shape: &Shape, vectors: usize) {
        match self {
            Self::None => {}
            Self::F32(values) => values.resize(values.len() + vectors * shape.dim, 0.0),
            Self::F16(values) => values.resize(values.len() + vectors * shape.dim, 0),
        }
    }

    /// Copies the vector at an offset anew.
    pub(crate) fn update(&mut self, shape: &Shape, arrays: &Arrays, offset: usize) {
        let (dim, lane) = (shape.dim, offset % LANES);
        let (own, first) = (offset * dim..(offset + 1) * dim, offset / LANES * dim);
        match (self, arrays) {
            (Self::F32(values), Arrays::F32(rows)) => {
                let rows = rows.get(first..first + dim).unwrap_or_default();
                for (value, row) in values.get_mut(own).unwrap_or_default().iter_mut().zip(rows) {
                    *value = row.0[lane];
                }
            }
            (Self::F16(values), Arrays::F16(rows)) => {
                let rows = rows.get(first..first + dim).unwrap_or_default();
                for (value, row) in values.get_mut(own).unwrap_or_default().iter_mut().zip(rows) {
                    *value = row.0[lane];
                }
            }
            _ => {}
        }
    }

    pub(crate) fn capacity_bytes(&self) -> usize {
        match self {
            Self::None => 0,
            Self::F32(values) => values.capacity() * size_of::<f32>(),
            Self::F16(values) => values.capacity() * size_of::<u16>(),
        }
    }
}
