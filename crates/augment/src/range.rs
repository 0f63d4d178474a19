//! Ranges that parameters are drawn from.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Error;

/// Values are drawn uniformly between two ends; in a file `[low, high]`, or one number for both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The least value.
    pub low: f64,
    /// The greatest value.
    pub high: f64,
}

impl Range {
    /// From `low` to `high`.
    #[must_use]
    pub const fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// That it is a range, within `limits`.
    pub(crate) fn check(
        self,
        what: &'static str,
        limits: std::ops::RangeInclusive<f64>,
        expected: &'static str,
    ) -> Result<(), Error> {
        let Self { low, high } = self;
        if !(low.is_finite() && high.is_finite() && low <= high) {
            return Err(Error::InvalidRange { what, low, high });
        }
        match [low, high].into_iter().find(|v| !limits.contains(v)) {
            Some(got) => Err(Error::OutOfRange { what, expected, got }),
            None => Ok(()),
        }
    }
}

impl From<f64> for Range {
    fn from(value: f64) -> Self {
        Self::new(value, value)
    }
}

impl From<[f64; 2]> for Range {
    fn from([low, high]: [f64; 2]) -> Self {
        Self::new(low, high)
    }
}

impl Serialize for Range {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.low, self.high].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ends;
        impl<'de> Visitor<'de> for Ends {
            type Value = Range;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or [low, high]")
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Range, E> {
                Ok(value.into())
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Range, E> {
                Ok((value as f64).into())
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Range, E> {
                Ok((value as f64).into())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Range, A::Error> {
                let mut ends = [0.0; 2];
                for (i, end) in ends.iter_mut().enumerate() {
                    *end = seq.next_element()?.ok_or_else(|| de::Error::invalid_length(i, &self))?;
                }
                if seq.next_element::<de::IgnoredAny>()?.is_some() {
                    return Err(de::Error::invalid_length(3, &self));
                }
                Ok(ends.into())
            }
        }
        deserializer.deserialize_any(Ends)
    }
}
