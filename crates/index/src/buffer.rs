use std::ops::Deref;

/// Vectors in a block, and bits in the word that marks them.
pub(crate) const LANES: usize = 64;

/// One dimension of a block's 64 vectors in f32; also any other 64 floats that belong together.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Row(pub(crate) [f32; LANES]);

impl Row {
    pub(crate) const ZERO: Self = Self([0.0; LANES]);
}

/// One dimension of a block's 64 vectors as the bits of IEEE half-precision floats.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct HalfRow(pub(crate) [u16; LANES]);

impl HalfRow {
    pub(crate) const ZERO: Self = Self([0; LANES]);
}

/// Four dimensions of a block's 64 vectors as codes of one byte, see [`crate::quantize`]: the four of a vector lie
/// together, as the instructions for dot products of bytes want them.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct CodeRow(pub(crate) [[u8; CodeRow::DIMS]; LANES]);

impl CodeRow {
    /// Dimensions in a row.
    pub(crate) const DIMS: usize = 4;
    pub(crate) const ZERO: Self = Self([[0; Self::DIMS]; LANES]);
}

/// The values of an array of a segment, wherever they are kept. The rows above align themselves to a cache line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Buffer<T> {
    owned: Vec<T>,
}

impl<T> Default for Buffer<T> {
    fn default() -> Self {
        Self { owned: Vec::new() }
    }
}

impl<T> From<Vec<T>> for Buffer<T> {
    fn from(owned: Vec<T>) -> Self {
        Self { owned }
    }
}

impl<T> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.owned
    }
}

impl<T> Buffer<T> {
    /// Whether the values are this buffer's own, so that they can be changed.
    pub(crate) fn is_owned(&self) -> bool {
        true
    }

    /// The values for change; none when they are not this buffer's own.
    pub(crate) fn owned_mut(&mut self) -> Option<&mut Vec<T>> {
        Some(&mut self.owned)
    }

    /// Bytes of memory it holds, spare capacity included.
    pub(crate) fn capacity_bytes(&self) -> usize {
        self.owned.capacity() * size_of::<T>()
    }
}
