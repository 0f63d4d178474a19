//! The smallest and the largest of many values, without sorting all of them.

#![allow(clippy::needless_range_loop, reason = "an index of several arrays of lanes")]

use crate::lanes::{LANES, Lane};
use crate::simd::SimdLevel;

/// The mean of the `count` smallest and that of the `count` largest values of each frame, where `count` is at
/// least 1 and at most the number of values.
#[inline(always)]
pub(super) fn means(values: &[Lane], count: usize, memory: &mut Vec<Lane>) -> (Lane, Lane) {
    match count {
        0..=1 => few::<1>(values, count),
        2 => few::<2>(values, count),
        3 => few::<3>(values, count),
        4 => few::<4>(values, count),
        5..=6 => few::<6>(values, count),
        7..=9 => few::<9>(values, count),
        10..=12 => few::<12>(values, count),
        _ => many(values, count, memory),
    }
}

/// By sorted lists of the `N` smallest and largest so far, into which each value sinks. As many lanes at a time as
/// keep the lists in registers.
#[inline(always)]
fn few<const N: usize>(values: &[Lane], count: usize) -> (Lane, Lane) {
    match SimdLevel::current() {
        SimdLevel::Avx512 => few_in::<N, 16>(values, count),
        SimdLevel::Avx2 => few_in::<N, 8>(values, count),
        SimdLevel::Portable => few_in::<N, 4>(values, count),
    }
}

#[inline(always)]
fn few_in<const N: usize, const WIDTH: usize>(values: &[Lane], count: usize) -> (Lane, Lane) {
    let (mut lowest, mut highest) = (Lane::default(), Lane::default());
    let (low_parts, _) = lowest.as_chunks_mut::<WIDTH>();
    let (high_parts, _) = highest.as_chunks_mut::<WIDTH>();
    for (part, (low, high)) in low_parts.iter_mut().zip(high_parts).enumerate() {
        *low = sink::<N, WIDTH, false>(values, part, count);
        *high = sink::<N, WIDTH, true>(values, part, count);
    }
    (lowest, highest)
}

#[inline(always)]
fn sink<const N: usize, const WIDTH: usize, const HIGHEST: bool>(
    values: &[Lane],
    part: usize,
    count: usize,
) -> [f32; WIDTH] {
    let last = if HIGHEST { f32::NEG_INFINITY } else { f32::INFINITY };
    let mut list = [[last; WIDTH]; N];
    for values in values {
        let Some(mut value) = values.as_chunks::<WIDTH>().0.get(part).copied() else { continue };
        for kept in &mut list {
            for i in 0..WIDTH {
                let (a, b) = (kept[i], value[i]);
                let low = if b < a { b } else { a };
                let high = if b < a { a } else { b };
                (kept[i], value[i]) = if HIGHEST { (high, low) } else { (low, high) };
            }
        }
    }
    let mut sums = [0.0; WIDTH];
    for kept in list.iter().take(count) {
        for i in 0..WIDTH {
            sums[i] += f64::from(kept[i]);
        }
    }
    let mut mean = [0.0; WIDTH];
    for i in 0..WIDTH {
        mean[i] = (sums[i] / count as f64) as f32;
    }
    mean
}

/// Frame by frame, by a partition.
#[inline(never)]
fn many(values: &[Lane], count: usize, memory: &mut Vec<Lane>) -> (Lane, Lane) {
    memory.resize(values.len().div_ceil(LANES), Lane::default());
    let (mut lowest, mut highest) = (Lane::default(), Lane::default());
    let Some(column) = memory.as_flattened_mut().get_mut(..values.len()) else {
        return (lowest, highest);
    };
    let mean = |part: Option<&[f32]>| {
        let sum: f64 = part.unwrap_or_default().iter().map(|v| f64::from(*v)).sum();
        (sum / count as f64) as f32
    };
    for (lane, (low, high)) in lowest.iter_mut().zip(&mut highest).enumerate() {
        for (to, from) in column.iter_mut().zip(values) {
            *to = from.get(lane).copied().unwrap_or_default();
        }
        if (1..=column.len()).contains(&count) {
            column.select_nth_unstable_by(count - 1, f32::total_cmp);
            *low = mean(column.get(..count));
            let rest = column.len() - count;
            column.select_nth_unstable_by(rest, f32::total_cmp);
            *high = mean(column.get(rest..));
        }
    }
    (lowest, highest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_to_sorting() {
        let mut state = 1u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Few different values, so that many are equal.
            (state >> 40) as f32 % 100.0
        };
        let mut memory = Vec::new();
        for n in [1, 2, 3, 7, 12, 13, 40, 300] {
            let values: Vec<Lane> = (0..n).map(|_| std::array::from_fn(|_| random())).collect();
            for count in (1..=14).chain([n / 2, n]).filter(|count| (1..=n).contains(count)) {
                let (low, high) = means(&values, count, &mut memory);
                for lane in 0..LANES {
                    let mut column: Vec<f64> = values.iter().map(|v| f64::from(v[lane])).collect();
                    column.sort_by(f64::total_cmp);
                    let mean = |part: &[f64]| (part.iter().sum::<f64>() / count as f64) as f32;
                    assert_eq!(low[lane], mean(&column[..count]), "{count} of {n}");
                    assert_eq!(high[lane], mean(&column[n - count..]), "{count} of {n}");
                }
            }
        }
    }
}
