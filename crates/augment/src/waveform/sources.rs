//! Recordings that augmentations mix in.

use std::sync::Arc;

use crate::Error;

/// Noises and rooms (impulse responses), mono, at the sample rate of the signals they are used on.
#[derive(Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Sources {
    /// Background noises, of any length.
    pub noise: Vec<Arc<[f32]>>,
    /// Impulse responses.
    pub rooms: Vec<Arc<[f32]>>,
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources")
            .field("noise", &self.noise.len())
            .field("rooms", &self.rooms.len())
            .finish_non_exhaustive()
    }
}

impl Sources {
    /// These noises and rooms; either may be none.
    #[must_use]
    pub fn new(noise: Vec<Arc<[f32]>>, rooms: Vec<Arc<[f32]>>) -> Self {
        Self { noise, rooms }
    }

    /// No noises and no rooms.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }
}

/// Names of the sources' kinds in errors and results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Noises,
    Rooms,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Noises => "noises",
            Self::Rooms => "rooms",
        }
    }
}

/// That every source holds finite numbers and not only zeros.
pub(crate) fn check(sources: &[Arc<[f32]>], kind: Kind) -> Result<(), Error> {
    for (index, samples) in sources.iter().enumerate() {
        if samples.is_empty() {
            return Err(Error::Empty { what: kind.name() });
        }
        crate::check::samples(samples, kind.name())?;
        // Denormal numbers would not survive what is computed of them.
        if samples.iter().all(|x| x.abs() < 1e-15) {
            return Err(Error::SilentSource { what: kind.name(), index });
        }
    }
    Ok(())
}
