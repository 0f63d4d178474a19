use std::marker::PhantomData;
use std::ops::{Deref, Range};
use std::sync::Arc;

use bytemuck::{Pod, Zeroable};
use memmap2::Mmap;

/// Vectors in a block, and bits in the word that marks them.
pub(crate) const LANES: usize = 64;

/// One dimension of a block's 64 vectors in f32; also any other 64 floats that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C, align(64))]
pub(crate) struct Row(pub(crate) [f32; LANES]);

impl Row {
    pub(crate) const ZERO: Self = Self([0.0; LANES]);
}

/// One dimension of a block's 64 vectors as the bits of IEEE half-precision floats.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C, align(64))]
pub(crate) struct HalfRow(pub(crate) [u16; LANES]);

impl HalfRow {
    pub(crate) const ZERO: Self = Self([0; LANES]);
}

/// Four dimensions of a block's 64 vectors as codes of one byte, see [`crate::quantize`]: the four of a vector lie
/// together, as the instructions for dot products of bytes want them.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C, align(64))]
pub(crate) struct CodeRow(pub(crate) [[u8; CodeRow::DIMS]; LANES]);

impl CodeRow {
    /// Dimensions in a row.
    pub(crate) const DIMS: usize = 4;
    pub(crate) const ZERO: Self = Self([[0; Self::DIMS]; LANES]);
}

/// The values of an array of a segment, wherever they are kept. The rows above align themselves to a cache line.
#[derive(Debug, Clone)]
pub(crate) enum Buffer<T> {
    Owned(Vec<T>),
    Mapped(Mapped<T>),
}

/// Values in a file mapped to memory.
#[derive(Debug, Clone)]
pub(crate) struct Mapped<T> {
    map: Arc<Mmap>,
    bytes: Range<usize>,
    values: PhantomData<T>,
}

impl<T> Default for Buffer<T> {
    fn default() -> Self {
        Self::Owned(Vec::new())
    }
}

impl<T> From<Vec<T>> for Buffer<T> {
    fn from(owned: Vec<T>) -> Self {
        Self::Owned(owned)
    }
}

impl<T: Pod> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Owned(values) => values,
            // Both were found to be right when the buffer was made.
            Self::Mapped(Mapped { map, bytes, .. }) => {
                let bytes = map.get(bytes.clone()).unwrap_or_default();
                bytemuck::try_cast_slice(bytes).unwrap_or_default()
            }
        }
    }
}

impl<T: Pod> Buffer<T> {
    /// The values that lie in these bytes of a map; none when they do not fit the map or the type.
    pub(crate) fn mapped(map: &Arc<Mmap>, bytes: Range<usize>) -> Option<Self> {
        bytemuck::try_cast_slice::<u8, T>(map.get(bytes.clone())?).ok()?;
        Some(Self::Mapped(Mapped { map: Arc::clone(map), bytes, values: PhantomData }))
    }

    /// Copies what is mapped to memory of its own.
    pub(crate) fn own(&mut self) {
        if !self.is_owned() {
            *self = Self::Owned(self.to_vec());
        }
    }
}

impl<T> Buffer<T> {
    /// Whether the values are this buffer's own, so that they can be changed.
    pub(crate) fn is_owned(&self) -> bool {
        matches!(self, Self::Owned(_))
    }

    /// The values for change; none when they are not this buffer's own.
    pub(crate) fn owned_mut(&mut self) -> Option<&mut Vec<T>> {
        match self {
            Self::Owned(values) => Some(values),
            Self::Mapped(_) => None,
        }
    }

    /// Bytes of memory it holds, spare capacity included; what is mapped is not counted.
    pub(crate) fn capacity_bytes(&self) -> usize {
        match self {
            Self::Owned(values) => values.capacity() * size_of::<T>(),
            Self::Mapped(_) => 0,
        }
    }
}
