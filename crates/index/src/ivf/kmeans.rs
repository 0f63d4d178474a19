use super::IvfConfig;
use super::quantizer::Quantizer;

/// Random numbers from a seed (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`, which is not zero.
    fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }

    /// `count` different numbers below `end`, in random order; all of them when there are no more.
    fn distinct(&mut self, count: usize, end: usize) -> Vec<usize> {
        let mut numbers: Vec<usize> = (0..end).collect();
        let count = count.min(end);
        for at in 0..count {
            let other = at + self.below(end - at);
            numbers.swap(at, other);
        }
        numbers.truncate(count);
        numbers
    }
}

/// Centres of `config.nlist` lists by Lloyd's algorithm on a sample of `vectors`, of which there are that many at
/// least. `stored(row)` is a vector as it is stored.
///
/// The centres begin as vectors drawn from the sample. A list that nothing is assigned to takes over a vector of the
/// longest list. Sums are in f64 and in the order of the sample: the centres depend on nothing but the arguments.
pub(super) fn train(config: &IvfConfig, vectors: usize, stored: impl Fn(usize) -> Vec<f32>) -> Quantizer {
    let (dim, nlist) = (config.flat.dim, config.nlist);
    let mut random = Random(config.seed);
    let most = nlist.saturating_mul(config.sample_per_list.max(1));
    let sample: Vec<Vec<f32>> = random.distinct(most, vectors).into_iter().map(stored).collect();
    // The sample is in random order already.
    let first: Vec<f32> = sample.iter().take(nlist).flatten().copied().collect();
    let mut quantizer = Quantizer::new(dim, &first, vec![f32::NAN; nlist]);
    for _ in 0..config.iterations {
        let lists = quantizer.assign(&sample);
        let mut sums = vec![0.0f64; nlist * dim];
        let mut members = vec![Vec::new(); nlist];
        for (row, (vector, list)) in sample.iter().zip(&lists).enumerate() {
            let sum = sums.iter_mut().skip(list * dim);
            for (sum, value) in sum.zip(vector) {
                *sum += f64::from(*value);
            }
            if let Some(members) = members.get_mut(*list) {
                members.push(row);
            }
        }
        let (mut centres, mut spreads) = (Vec::with_capacity(nlist * dim), Vec::with_capacity(nlist));
        for (sum, members) in sums.chunks_exact(dim).zip(&members) {
            let count = members.len() as f64;
            centres.extend(sum.iter().map(|sum| (sum / count.max(1.0)) as f32));
            let squares: f64 = members.iter().filter_map(|row| sample.get(*row)).map(|v| square(v)).sum();
            let centre: f64 = sum.iter().map(|sum| (sum / count).powi(2)).sum();
            // Of one vector there is nothing to be known.
            let spread = if members.len() < 2 { f64::NAN } else { (squares / count - centre).max(0.0) };
            spreads.push(spread as f32);
        }
        refill(&mut centres, &mut members, &sample, dim, &mut random);
        quantizer = Quantizer::new(dim, &centres, spreads);
    }
    quantizer
}

fn square(vector: &[f32]) -> f64 {
    vector.iter().map(|value| f64::from(*value) * f64::from(*value)).sum()
}

/// Gives each list without members a vector of the one that has most of them (of several, the first).
fn refill(
    centres: &mut [f32],
    members: &mut [Vec<usize>],
    sample: &[Vec<f32>],
    dim: usize,
    random: &mut Random,
) {
    for list in 0..members.len() {
        if members.get(list).is_some_and(|members| !members.is_empty()) {
            continue;
        }
        let longest = members.iter_mut().rev().max_by_key(|members| members.len());
        let Some(longest) = longest.filter(|longest| longest.len() > 1) else { return };
        let taken = longest.swap_remove(random.below(longest.len()));
        if let (Some(centre), Some(vector)) = (centres.get_mut(list * dim..), sample.get(taken)) {
            for (centre, value) in centre.iter_mut().zip(vector) {
                *centre = *value;
            }
        }
        if let Some(members) = members.get_mut(list) {
            members.push(taken);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_numbers_are_distinct() {
        let mut random = Random(7);
        for (count, end) in [(0, 5), (3, 3), (10, 4), (20, 1000)] {
            let mut drawn = random.distinct(count, end);
            drawn.sort_unstable();
            drawn.dedup();
            assert_eq!(drawn.len(), count.min(end));
            assert!(drawn.iter().all(|number| *number < end));
        }
    }

    #[test]
    fn clear_clusters_are_found() {
        // Four corners, five hundred vectors near each.
        let stored = |row: usize| {
            let corner = row % 4;
            let near = |bit: usize| (corner >> bit & 1) as f32 * 10.0 + (row * 37 % 101) as f32 / 101.0;
            vec![near(0), near(1)]
        };
        let config = IvfConfig::new(2, 4).with_seed(3);
        let quantizer = train(&config, 2000, stored);
        let rows: Vec<Vec<f32>> = (0..2000).map(stored).collect();
        let lists = quantizer.assign(&rows);
        for (row, list) in lists.iter().enumerate() {
            assert_eq!(*list, lists[row % 4], "{row}");
        }
        assert_eq!(lists.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    }

    #[test]
    fn vectors_that_are_all_the_same_make_no_trouble() {
        let quantizer = train(&IvfConfig::new(3, 8), 100, |_| vec![1.0, 2.0, 3.0]);
        assert_eq!(quantizer.assign(&[vec![1.0, 2.0, 3.0]]), [0]);
    }
}
