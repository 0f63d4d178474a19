//! Peaks of a power spectrum, and the bins around each that move with it.

/// Finds the bins that are greater than the two on either side of them. `flags` is memory for one a bin. A silent
/// spectrum has no peaks; any other one has at least one.
#[inline(always)]
pub(crate) fn find_peaks(power: &[f32], flags: &mut Vec<u8>, peaks: &mut Vec<u32>) {
    peaks.clear();
    let n = power.len();
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
    peaks.resize(flags.len(), 0);
    let mut count = 0;
    for (group, eight) in flags.as_chunks::<8>().0.iter().enumerate() {
        let mut bits = u64::from_le_bytes(*eight);
        while bits != 0 && count < peaks.len() {
            peaks[count] = group as u32 * 8 + bits.trailing_zeros() / 8;
            count += 1;
            bits &= bits - 1;
        }
    }
    peaks.truncate(count);
    if peaks.is_empty() {
        // All the power is at an end of the spectrum, or there is none.
        let (bin, most) =
            power.iter().enumerate().fold((0, 0.0), |m, (i, p)| if *p > m.1 { (i, *p) } else { m });
        if most > 0.0 {
            peaks.push(bin as u32);
        }
    }
}

/// Values that are stored at a time by [`spread`].
pub(crate) const SPREAD: usize = 16;

/// Gives each bin the values of its peak, the nearest one; `out` has [`SPREAD`] values more than there are bins, which
/// are written over too. Whole vectors are stored where a region may be shorter: the next one writes over them.
#[inline(always)]
pub(crate) fn spread<const N: usize>(
    peaks: &[u32],
    bins: usize,
    values: [&[f32]; N],
    mut out: [&mut [f32]; N],
) {
    let n = peaks.len();
    let values = values.map(|v| &v[..n]);
    let mut start = 0;
    for i in 0..n {
        let end = if i + 1 < n { (peaks[i] + peaks[i + 1]).div_ceil(2) as usize } else { bins };
        let mut at = start;
        loop {
            for (values, out) in values.iter().zip(&mut out) {
                if let Some(out) = out.get_mut(at..).and_then(|o| o.first_chunk_mut::<SPREAD>()) {
                    *out = [values[i]; SPREAD];
                }
            }
            at += SPREAD;
            if at >= end {
                break;
            }
        }
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive(power: &[f32]) -> Vec<u32> {
        let at = |i: usize, by: isize| power[(i as isize + by) as usize];
        let is_peak = |i: &usize| {
            let x = power[*i];
            x > at(*i, -1) && x > at(*i, -2) && x >= at(*i, 1) && x >= at(*i, 2)
        };
        (2..power.len().saturating_sub(2)).filter(is_peak).map(|i| i as u32).collect()
    }

    proptest! {
        #[test]
        fn as_defined(power in prop::collection::vec(0u8..9, 0..80)) {
            let power: Vec<f32> = power.into_iter().map(f32::from).collect();
            let (mut flags, mut peaks) = (Vec::new(), vec![9]);
            find_peaks(&power, &mut flags, &mut peaks);
            let want = naive(&power);
            if want.is_empty() {
                prop_assert_eq!(peaks.len(), usize::from(power.iter().any(|p| *p > 0.0)));
            } else {
                prop_assert_eq!(peaks, want);
            }
        }

        #[test]
        fn each_bin_gets_the_value_of_the_nearest_peak(gaps in prop::collection::vec(1u32..60, 1..20)) {
            let mut at = 0;
            let peaks: Vec<u32> = gaps.iter().map(|gap| { at += gap; at }).collect();
            let bins = at as usize + 5;
            let values: Vec<f32> = peaks.iter().map(|p| *p as f32).collect();
            let (mut out, mut negative) = (vec![999.0; bins + SPREAD], vec![0.0; bins + SPREAD]);
            let negatives: Vec<f32> = values.iter().map(|v| -v).collect();
            spread(&peaks, bins, [&values, &negatives], [&mut out, &mut negative]);
            for (bin, (got, negative)) in out.iter().zip(&negative).take(bins).enumerate() {
                // Of two equally near, the higher one.
                let want = *peaks.iter().rev().min_by_key(|p| p.abs_diff(bin as u32)).unwrap() as f32;
                prop_assert_eq!((*got, *negative), (want, -want), "{}", bin);
            }
        }
    }
}
