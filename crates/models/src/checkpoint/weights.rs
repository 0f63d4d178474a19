//! A network's tensors under PyTorch's names.
//!
//! The modules' fields are named as PyTorch's would be; what differs is the weight of a linear layer, which PyTorch
//! keeps as `[output, input]` and burn the other way round. Nothing else in the networks has two dimensions.

use std::collections::{BTreeMap, BTreeSet};

use burn::Tensor;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::TensorData;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::CheckpointProblem;
use crate::{Error, Model};

/// A tensor as it stands in a file.
pub(crate) struct Weight {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

/// All tensors of a model by name.
pub(crate) fn collect(model: &Model) -> Result<BTreeMap<String, Weight>, Error> {
    #[derive(Default)]
    struct Collect {
        path: Vec<String>,
        weights: BTreeMap<String, Weight>,
        failed: Option<String>,
    }
    impl ModuleVisitor for Collect {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let tensor = param.val().detach();
            let tensor = if D == 2 { tensor.swap_dims(0, 1) } else { tensor };
            let shape = tensor.dims().to_vec();
            match tensor.into_data().try_into_vec_as::<f32>() {
                Ok(values) => drop(self.weights.insert(self.path.join("."), Weight { shape, values })),
                Err(error) => self.failed = Some(format!("{error:?}")),
            }
        }
    }
    let mut collect = Collect::default();
    model.visit(&mut collect);
    match collect.failed {
        Some(what) => Err(Error::State { what }),
        None => Ok(collect.weights),
    }
}

/// Refuses values that no training should have led to.
pub(crate) fn check_values(
    name: &str,
    values: impl IntoIterator<Item = f32>,
) -> Result<(), CheckpointProblem> {
    let least = if name.ends_with("running_var") { 0.0 } else { f32::NEG_INFINITY };
    match values.into_iter().find(|x| !(x.is_finite() && *x >= least)) {
        Some(value) => Err(CheckpointProblem::Value { tensor: name.to_owned(), value }),
        None => Ok(()),
    }
}

/// PyTorch counts the batches of each batch norm; nothing here depends on it.
fn is_counter(name: &str) -> bool {
    name.ends_with(".num_batches_tracked")
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
}

/// The network with the tensors of a file. Everything is checked before memory is taken for it.
pub(crate) fn apply(model: Model, file: &SafeTensors<'_>) -> Result<Model, CheckpointProblem> {
    let mut names = Names::default();
    model.visit(&mut names);
    for (name, shape) in &names.shapes {
        let missing = |_| CheckpointProblem::Missing { tensor: name.clone() };
        check(name, shape, &file.tensor(name).map_err(missing)?)?;
    }
    let known: BTreeSet<&str> = names.shapes.iter().map(|(name, _)| name.as_str()).collect();
    if let Some(tensor) = file.names().into_iter().filter(|n| !known.contains(n) && !is_counter(n)).min() {
        return Err(CheckpointProblem::Unexpected { tensor: tensor.to_owned() });
    }
    Ok(model.map(&mut Apply { path: Vec::new(), file }))
}

fn check(name: &str, shape: &[usize], tensor: &TensorView<'_>) -> Result<(), CheckpointProblem> {
    let name_of = || name.to_owned();
    if tensor.dtype() != Dtype::F32 {
        return Err(CheckpointProblem::Dtype { tensor: name_of(), got: format!("{:?}", tensor.dtype()) });
    }
    if tensor.shape() != shape {
        let (expected, got) = (shape.to_vec(), tensor.shape().to_vec());
        return Err(CheckpointProblem::Shape { tensor: name_of(), expected, got });
    }
    check_values(name, numbers(tensor.data()))
}

/// Names and shapes, without drawing any weights.
#[derive(Default)]
struct Names {
    path: Vec<String>,
    shapes: Vec<(String, Vec<usize>)>,
}

impl ModuleVisitor for Names {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let mut shape = param.lazy_shape().dims::<D>().to_vec();
        if D == 2 {
            shape.reverse();
        }
        self.shapes.push((self.path.join("."), shape));
    }
}

struct Apply<'a> {
    path: Vec<String>,
    file: &'a SafeTensors<'a>,
}

impl ModuleMapper for Apply<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        // All names have been checked.
        let Ok(tensor) = self.file.tensor(&self.path.join(".")) else { return param };
        let mut values: Vec<f32> = numbers(tensor.data()).collect();
        let mut shape = tensor.shape().to_vec();
        // Turned here and not by the device, which would multiply a view in another order and round otherwise.
        if let &[rows, columns] = shape.as_slice() {
            let each = (0..columns).flat_map(|column| (0..rows).map(move |row| row * columns + column));
            values = each.filter_map(|at| values.get(at).copied()).collect();
            shape.reverse();
        }
        let value = Tensor::<D>::from_data(TensorData::new(values, shape), &param.lazy_device());
        let id = param.id;
        param.transform_for_load(value, id)
    }
}
