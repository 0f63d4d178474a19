//! Flex's tensors as slices in channels-last order, and back.

use burn::tensor::{Bytes, DType, Shape};
use burn_flex::{FlexTensor, Layout};

use crate::ops::kernel::Images;
use crate::ops::memory;

/// Images whose values lie one after another, channels last.
#[derive(Debug, Clone)]
pub(super) struct ChannelsLast {
    pub(super) images: Images,
    tensor: FlexTensor,
}

impl ChannelsLast {
    /// Takes a tensor of shape `[batch, channels, height, width]`; copies it only if it lies otherwise.
    pub(super) fn new(tensor: FlexTensor) -> Self {
        let [batch, channels, height, width] = dims(&tensor);
        let images = Images { batch, height, width, channels };
        let permuted = tensor.layout().permute(&[0, 2, 3, 1]);
        let tensor = tensor.with_layout(permuted);
        let tensor = if tensor.is_contiguous() { tensor } else { tensor.to_contiguous() };
        Self { images, tensor }
    }

    pub(super) fn values(&self) -> &[f32] {
        values(&self.tensor)
    }

    /// The values' buffer, unless somebody else has it too.
    pub(super) fn into_buffer(self) -> Result<Vec<f32>, Box<Self>> {
        if !self.tensor.is_unique() || self.tensor.layout().start_offset() != 0 {
            return Err(Box::new(self));
        }
        let bytes = self.tensor.into_data().into_bytes();
        Ok(bytes.try_into_vec().unwrap_or_else(|bytes| pulp::bytemuck::pod_collect_to_vec(&bytes)))
    }

    /// A buffer with the values: their own unless somebody else has it too.
    pub(super) fn into_values(self) -> Vec<f32> {
        self.into_buffer().unwrap_or_else(|shared| {
            let mut buffer = memory::take(shared.images.len());
            buffer.copy_from_slice(shared.values());
            buffer
        })
    }

    /// Leaves the buffer for later, unless somebody else has it too.
    pub(super) fn recycle(self) {
        if let Ok(buffer) = self.into_buffer() {
            memory::give(buffer);
        }
    }
}

/// A tensor of shape `[batch, channels, height, width]` whose values are `values`, channels last.
pub(super) fn images_to_tensor(images: Images, values: Vec<f32>) -> FlexTensor {
    let shape = Shape::from([images.batch, images.height, images.width, images.channels]);
    let layout = Layout::contiguous(shape).permute(&[0, 3, 1, 2]);
    FlexTensor::new(Bytes::from_elems(values), layout, DType::F32)
}

/// A tensor whose values are `values`, in row-major order.
pub(super) fn to_tensor<const D: usize>(shape: [usize; D], values: Vec<f32>) -> FlexTensor {
    FlexTensor::new(Bytes::from_elems(values), Layout::contiguous(Shape::from(shape)), DType::F32)
}

/// The values of a tensor that is contiguous.
pub(super) fn values(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().unwrap_or_default()
}

/// The first four dimensions.
pub(super) fn dims(tensor: &FlexTensor) -> [usize; 4] {
    std::array::from_fn(|i| tensor.layout().shape().iter().nth(i).copied().unwrap_or(1))
}
