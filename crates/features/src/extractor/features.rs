use crate::{ComplexMatrix, Error, Matrix};

/// One result of an [`Extractor`](crate::Extractor), `[coefficient x frame]`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum FeatureMatrix {
    /// Of every feature but [`Feature::Stft`](crate::Feature::Stft).
    Real(Matrix),
    /// Of [`Feature::Stft`](crate::Feature::Stft).
    Complex(ComplexMatrix),
}

/// The results of an [`Extractor`](crate::Extractor): matrices with the names and in the order that were asked for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Features {
    entries: Vec<(String, FeatureMatrix)>,
}

/// What a result looks like before it is there.
pub(super) struct Shape<'a> {
    pub(super) name: &'a str,
    pub(super) rows: usize,
    pub(super) complex: bool,
}

impl Features {
    /// No results: what `compute_into` fills.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of results.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no result.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The result called `name`; `None` if there is none, or if it is complex.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Matrix> {
        match self.find(name)? {
            FeatureMatrix::Real(matrix) => Some(matrix),
            FeatureMatrix::Complex(_) => None,
        }
    }

    /// The complex result called `name`; `None` if there is none, or if it is real.
    #[must_use]
    pub fn get_complex(&self, name: &str) -> Option<&ComplexMatrix> {
        match self.find(name)? {
            FeatureMatrix::Real(_) => None,
            FeatureMatrix::Complex(matrix) => Some(matrix),
        }
    }

    /// Takes the result called `name` out without a copy; `None` as for [`Self::get`]. An empty matrix stays.
    pub fn take(&mut self, name: &str) -> Option<Matrix> {
        self.entries.iter_mut().find(|(own, _)| own == name).and_then(|(_, value)| match value {
            FeatureMatrix::Real(matrix) => Some(std::mem::take(matrix)),
            FeatureMatrix::Complex(_) => None,
        })
    }

    /// All results and their names, in the order asked for.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &FeatureMatrix)> {
        self.entries.iter().map(|(name, value)| (name.as_str(), value))
    }

    fn find(&self, name: &str) -> Option<&FeatureMatrix> {
        self.entries.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut FeatureMatrix> {
        self.entries.iter_mut().map(|(_, value)| value)
    }

    /// The only result, of an extractor of one real feature.
    pub(crate) fn only(&self) -> Option<&Matrix> {
        match self.entries.as_slice() {
            [(_, FeatureMatrix::Real(matrix))] => Some(matrix),
            _ => None,
        }
    }

    /// Gives all results their names and shapes; their values are unspecified. Nothing is allocated if it all fits.
    pub(super) fn reshape<'a>(
        &mut self,
        shapes: impl ExactSizeIterator<Item = Shape<'a>>,
        frames: usize,
    ) -> Result<(), Error> {
        self.entries.truncate(shapes.len());
        for (i, shape) in shapes.enumerate() {
            let fits = |(name, value): &(String, FeatureMatrix)| {
                name == shape.name && matches!(value, FeatureMatrix::Complex(_)) == shape.complex
            };
            if !self.entries.get(i).is_some_and(fits) {
                let value = if shape.complex {
                    FeatureMatrix::Complex(ComplexMatrix::default())
                } else {
                    FeatureMatrix::Real(Matrix::default())
                };
                self.entries.truncate(i);
                self.entries.push((shape.name.to_owned(), value));
            }
            match self.entries.get_mut(i) {
                Some((_, FeatureMatrix::Real(matrix))) => matrix.reshape(shape.rows, frames)?,
                Some((_, FeatureMatrix::Complex(matrix))) => {
                    matrix.re.reshape(shape.rows, frames)?;
                    matrix.im.reshape(shape.rows, frames)?;
                }
                None => {}
            }
        }
        Ok(())
    }
}
