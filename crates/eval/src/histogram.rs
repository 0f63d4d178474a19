//! Counts of values in bins of equal width.

use crate::Error;

/// Counts in bins of equal width over a range.
///
/// Bin `i` holds values from edge `i` up to, not including, edge `i + 1`; the last bin includes the upper
/// end, as numpy's `histogram` has it. Values outside the range are counted by [`Histogram::below`] and
/// [`Histogram::above`] and are in no bin.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    low: f64,
    high: f64,
    counts: Vec<u64>,
    below: u64,
    above: u64,
}

impl Histogram {
    /// The largest number of bins.
    pub const MAX_BINS: usize = 1 << 20;

    /// An empty histogram of `n_bins` bins from `low` to `high`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for ends that are not finite or not in order, and for 0 or more than
    /// [`Histogram::MAX_BINS`] bins.
    pub fn new(low: f64, high: f64, n_bins: usize) -> Result<Self, Error> {
        if !low.is_finite() {
            return Err(Error::OutOfRange { what: "histogram start", expected: "a finite number", got: low });
        }
        if !(high > low && (high - low).is_finite()) {
            return Err(Error::OutOfRange {
                what: "histogram end",
                expected: "a finite number above the start",
                got: high,
            });
        }
        if n_bins == 0 || n_bins > Self::MAX_BINS {
            let expected = "1 to 1,048,576 bins";
            return Err(Error::OutOfRange { what: "histogram bins", expected, got: n_bins as f64 });
        }
        Ok(Self { low, high, counts: vec![0; n_bins], below: 0, above: 0 })
    }

    /// Counts one value; an infinite one is below or above the range.
    ///
    /// # Errors
    /// [`Error::NotFinite`] for NaN, which is nowhere; nothing is counted then.
    pub fn add(&mut self, value: f64) -> Result<(), Error> {
        if value.is_nan() {
            return Err(Error::NotFinite { what: "histogram value", index: 0, got: value });
        }
        if value < self.low {
            self.below += 1;
        } else if value > self.high {
            self.above += 1;
        } else {
            let last = self.counts.len() - 1;
            let share = (value - self.low) / (self.high - self.low);
            let mut bin = ((share * self.counts.len() as f64) as usize).min(last);
            // The division rounds: hold the value against the edges themselves.
            if value < self.edge(bin) {
                bin = bin.saturating_sub(1);
            } else if bin < last && value >= self.edge(bin + 1) {
                bin += 1;
            }
            if let Some(count) = self.counts.get_mut(bin) {
                *count += 1;
            }
        }
        Ok(())
    }

    /// Counts all values, or none of them.
    ///
    /// # Errors
    /// [`Error::NotFinite`] for the first NaN.
    pub fn add_all(&mut self, values: &[f32]) -> Result<(), Error> {
        if let Some(index) = values.iter().position(|v| v.is_nan()) {
            return Err(Error::NotFinite { what: "histogram value", index, got: f64::NAN });
        }
        values.iter().try_for_each(|value| self.add(f64::from(*value)))
    }

    /// The counts, lowest bin first.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Number of values below the range.
    pub fn below(&self) -> u64 {
        self.below
    }

    /// Number of values above the range.
    pub fn above(&self) -> u64 {
        self.above
    }

    /// Number of all values, those outside the range included.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.below + self.above
    }

    /// The edges of the bins: one more than there are bins.
    pub fn edges(&self) -> Vec<f64> {
        (0..=self.counts.len()).map(|i| self.edge(i)).collect()
    }

    /// Share of all values, those outside the range included, that is in each bin; zeros where nothing was
    /// counted.
    pub fn shares(&self) -> Vec<f64> {
        let total = self.total().max(1) as f64;
        self.counts.iter().map(|count| *count as f64 / total).collect()
    }

    /// The lower edge of bin `i`.
    fn edge(&self, i: usize) -> f64 {
        if i >= self.counts.len() {
            return self.high;
        }
        // In numpy's order of operations, so that a value on an edge lands where numpy puts it.
        i as f64 * ((self.high - self.low) / self.counts.len() as f64) + self.low
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_bin_includes_its_end() {
        let mut h = Histogram::new(0.0, 2.0, 4).unwrap();
        h.add_all(&[0.0, 0.49, 0.5, 1.0, 1.99, 2.0, -0.1, 2.1, f32::INFINITY, f32::NEG_INFINITY]).unwrap();
        assert_eq!(h.counts(), [2, 1, 1, 2]);
        assert_eq!((h.below(), h.above(), h.total()), (2, 2, 10));
        assert_eq!(h.edges(), [0.0, 0.5, 1.0, 1.5, 2.0]);
        assert_eq!(h.shares(), [0.2, 0.1, 0.1, 0.2]);
        assert_eq!(Histogram::new(0.0, 1.0, 2).unwrap().shares(), [0.0, 0.0]);
    }

    #[test]
    fn refuses_what_cannot_be() {
        for (low, high) in [(0.0, 0.0), (1.0, 0.0), (f64::NAN, 1.0), (0.0, f64::NAN), (0.0, f64::INFINITY)] {
            assert!(matches!(Histogram::new(low, high, 4), Err(Error::OutOfRange { .. })));
        }
        assert!(Histogram::new(f64::MIN, f64::MAX, 4).is_err());
        assert!(Histogram::new(0.0, 1.0, 0).is_err());
        assert!(Histogram::new(0.0, 1.0, usize::MAX).is_err());
        let mut h = Histogram::new(0.0, 1.0, 4).unwrap();
        assert!(matches!(h.add(f64::NAN), Err(Error::NotFinite { .. })));
        assert!(matches!(h.add_all(&[0.1, f32::NAN]), Err(Error::NotFinite { index: 1, .. })));
        assert_eq!(h.total(), 0);
    }

    proptest! {
        /// The plain way: look for the bin whose edges hold the value.
        #[test]
        fn equals_a_search_over_the_edges(
            low in -10.0..10.0_f64,
            width in 1e-6..20.0_f64,
            n in 1..60_usize,
            shares in prop::collection::vec(-0.2..1.2_f64, 0..60),
        ) {
            let mut h = Histogram::new(low, low + width, n).unwrap();
            let edges = h.edges();
            let mut want = vec![0_u64; n];
            let on_edges = edges.iter().copied();
            for value in shares.iter().map(|s| low + s * width).chain(on_edges) {
                h.add(value).unwrap();
                if value == edges[n] {
                    want[n - 1] += 1;
                } else if let Some(bin) = (0..n).find(|i| edges[*i] <= value && value < edges[i + 1]) {
                    want[bin] += 1;
                }
            }
            prop_assert_eq!(h.counts(), &want[..]);
            prop_assert_eq!(h.total() as usize, shares.len() + n + 1);
        }
    }
}
