//! Peaks of a power spectrum, and the bins around each that move with it.

/// A peak and its region: from the end of the region before up to `end`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Peak {
    pub(crate) bin: u32,
    /// The bin behind the last of the region.
    pub(crate) end: u32,
}

/// Finds the bins that are greater than the two on either side of them; regions meet at the weakest bin between.
/// `flags` is memory for one a bin. A silent spectrum has no peaks; any other one has at least one.
#[inline(always)]
pub(crate) fn find_peaks(power: &[f32], flags: &mut Vec<u8>, peaks: &mut Vec<Peak>) {
    peaks.clear();
    let n = power.len();
    flags.clear();
    flags.resize(n.next_multiple_of(8), 0);
    if n >= 5 {
        // Slices of one length, so that no index is checked in the loop.
        let inner = n - 4;
        let (a, b, c) = (&power[..inner], &power[1..=inner], &power[2..inner + 2]);
        let (d, e) = (&power[3..inner + 3], &power[4..inner + 4]);
        let flags = &mut flags[2..inner + 2];
        for i in 0..inner {
            let x = c[i];
            flags[i] = u8::from((x > a[i]) & (x > b[i]) & (x >= d[i]) & (x >= e[i]));
        }
    }
    for (group, eight) in flags.as_chunks::<8>().0.iter().enumerate() {
        let mut bits = u64::from_le_bytes(*eight);
        while bits != 0 {
            let bin = group as u32 * 8 + bits.trailing_zeros() / 8;
            peaks.push(Peak { bin, end: n as u32 });
            bits &= bits - 1;
        }
    }
    if peaks.is_empty() {
        // All the power is at an end of the spectrum, or there is none.
        let (bin, most) =
            power.iter().enumerate().fold((0, 0.0), |m, (i, p)| if *p > m.1 { (i, *p) } else { m });
        if most > 0.0 {
            peaks.push(Peak { bin: bin as u32, end: n as u32 });
        }
        return;
    }
    for i in 1..peaks.len() {
        let (from, to) = (peaks[i - 1].bin as usize + 1, peaks[i].bin as usize);
        let (mut at, mut least) = (from, f32::INFINITY);
        for (k, p) in power[from..to].iter().enumerate() {
            if *p < least {
                (at, least) = (from + k, *p);
            }
        }
        peaks[i - 1].end = at as u32;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive(power: &[f32]) -> Vec<usize> {
        let at = |i: usize, by: isize| power[(i as isize + by) as usize];
        (2..power.len().saturating_sub(2))
            .filter(|&i| {
                let x = power[i];
                x > at(i, -1) && x > at(i, -2) && x >= at(i, 1) && x >= at(i, 2)
            })
            .collect()
    }

    proptest! {
        #[test]
        fn as_defined(power in prop::collection::vec(0u8..9, 0..80)) {
            let power: Vec<f32> = power.into_iter().map(f32::from).collect();
            let (mut flags, mut peaks) = (vec![9; 3], vec![Peak::default()]);
            find_peaks(&power, &mut flags, &mut peaks);
            let found: Vec<usize> = peaks.iter().map(|p| p.bin as usize).collect();
            let want = naive(&power);
            if want.is_empty() {
                prop_assert_eq!(found.len(), usize::from(power.iter().any(|p| *p > 0.0)));
            } else {
                prop_assert_eq!(found, want);
            }
            // Regions follow each other, hold their peak and end with the spectrum.
            let mut start = 0;
            for peak in &peaks {
                prop_assert!(start <= peak.bin && peak.bin < peak.end);
                start = peak.end;
            }
            prop_assert!(peaks.is_empty() || start as usize == power.len());
        }
    }
}
