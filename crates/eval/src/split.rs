//! Splits and folds that keep groups together.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::bootstrap::below;
use crate::{Error, check};

/// Assigns each item to a part, so that the items of a group are in one part and each part gets its fraction of the
/// **items** as nearly as groups allow.
///
/// `groups` names the group of each item: its track, or better its artist or source. `fractions` add up to 1, such
/// as `[0.75, 0.15, 0.1]`; the result holds the number of the part (0, 1, 2) of each item. Split before anything is
/// cut into clips or paired. Every part gets at least one group, even where its fraction is smaller than any.
///
/// Large groups are placed first, each in a part drawn by the room that is left there; then groups are moved and
/// swapped while that brings the parts nearer to their fractions. The same groups and seed give the same split on every
/// machine, in whatever order the items come. An empty name is a group like any other: give items whose group is
/// unknown names of their own, or they stay together.
///
/// # Errors
/// [`Error::Empty`] for no items or no fractions, [`Error::OutOfRange`] for a fraction that is not positive or a sum
/// that is not 1 (within 1e-6), [`Error::TooFewGroups`] for fewer groups than parts.
pub fn split_by_group<S: AsRef<str>>(
    groups: &[S],
    fractions: &[f64],
    seed: u64,
) -> Result<Vec<usize>, Error> {
    check::not_empty("groups", groups)?;
    check::not_empty("fractions", fractions)?;
    if let Some(got) = fractions.iter().copied().find(|f| !(*f > 0.0 && f.is_finite())) {
        return Err(Error::OutOfRange { what: "fraction", expected: "more than 0", got });
    }
    let got: f64 = fractions.iter().sum();
    if (got - 1.0).abs() > 1e-6 {
        return Err(Error::OutOfRange { what: "sum of the fractions", expected: "1", got });
    }
    assign(groups, fractions, seed, Choice::Drawn)
}

/// Assigns each item to one of `k` folds, so that the items of a group are in one fold and folds hold about as many
/// items.
///
/// Large groups are placed first, each in the fold with the fewest items; then groups are moved and swapped while
/// that balances the folds. The seed decides among groups of equal size. Otherwise as [`split_by_group`]; each fold
/// is the test set once.
///
/// # Errors
/// [`Error::Empty`] for no items, [`Error::OutOfRange`] for fewer than two folds, [`Error::TooFewGroups`] for fewer
/// groups than folds.
pub fn folds_by_group<S: AsRef<str>>(groups: &[S], k: usize, seed: u64) -> Result<Vec<usize>, Error> {
    check::not_empty("groups", groups)?;
    if k < 2 {
        return Err(Error::OutOfRange { what: "folds", expected: "at least 2", got: k as f64 });
    }
    if k > groups.len() {
        // Before anything of size k is made; there are no more groups than items.
        let names: std::collections::HashSet<&str> = groups.iter().map(AsRef::as_ref).collect();
        return Err(Error::TooFewGroups { expected: k, got: names.len() });
    }
    assign(groups, &vec![1.0 / k as f64; k], seed, Choice::Emptiest)
}

/// How a group gets its part.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Choice {
    /// At random, by the room that is left, among the parts in which it fits.
    Drawn,
    /// Where most room is left.
    Emptiest,
}

/// The part of each item.
fn assign<S: AsRef<str>>(
    groups: &[S],
    fractions: &[f64],
    seed: u64,
    choice: Choice,
) -> Result<Vec<usize>, Error> {
    // In the order of their names: the order of the items must not matter.
    let mut items: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (item, group) in groups.iter().enumerate() {
        items.entry(group.as_ref()).or_default().push(item);
    }
    if items.len() < fractions.len() {
        return Err(Error::TooFewGroups { expected: fractions.len(), got: items.len() });
    }
    let mut order: Vec<Vec<usize>> = items.into_values().collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for last in (1..order.len()).rev() {
        order.swap(last, below(&mut rng, last + 1));
    }
    order.sort_by_key(|members| Reverse(members.len()));

    let targets = fractions.iter().map(|f| f * groups.len() as f64);
    let mut parts: Vec<Part> = targets.map(|room| Part { room, groups: BTreeMap::new() }).collect();
    for (group, members) in order.iter().enumerate() {
        let empty = parts.iter().filter(|p| p.groups.is_empty()).count();
        let only_empty = order.len() - group <= empty;
        let at = choose(&parts, members.len(), only_empty, choice, &mut rng);
        if let Some(part) = parts.get_mut(at) {
            part.add(members.len(), group);
        }
    }
    improve(&mut parts);

    let mut assigned = vec![0; groups.len()];
    for (number, part) in parts.iter().enumerate() {
        for members in part.groups.values().flatten().filter_map(|group| order.get(*group)) {
            for item in members {
                if let Some(slot) = assigned.get_mut(*item) {
                    *slot = number;
                }
            }
        }
    }
    Ok(assigned)
}

/// A part while it is filled.
struct Part {
    /// Items it still lacks; below 0 it holds too many.
    room: f64,
    /// Its groups by their size.
    groups: BTreeMap<usize, Vec<usize>>,
}

impl Part {
    fn add(&mut self, size: usize, group: usize) {
        self.room -= size as f64;
        self.groups.entry(size).or_default().push(group);
    }

    fn take(&mut self, size: usize) -> Option<usize> {
        let list = self.groups.get_mut(&size)?;
        let group = list.pop();
        if list.is_empty() {
            self.groups.remove(&size);
        }
        self.room += if group.is_some() { size as f64 } else { 0.0 };
        group
    }

    fn n_groups(&self) -> usize {
        self.groups.values().map(Vec::len).sum()
    }
}

/// The part that gets a group of `size` items.
fn choose(parts: &[Part], size: usize, only_empty: bool, choice: Choice, rng: &mut ChaCha8Rng) -> usize {
    let open = |part: &Part| !only_empty || part.groups.is_empty();
    let fits = |part: &Part| open(part) && part.room >= size as f64;
    if choice == Choice::Drawn {
        let room: f64 = parts.iter().filter(|p| fits(p)).map(|p| p.room).sum();
        // 53 bits: a fraction below 1.
        let mut drawn = (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64 * room;
        for (at, part) in parts.iter().enumerate().filter(|(_, p)| fits(p)) {
            if drawn < part.room {
                return at;
            }
            drawn -= part.room;
        }
    }
    let mut best = (0, f64::NEG_INFINITY);
    for (at, part) in parts.iter().enumerate().filter(|(_, p)| open(p)) {
        if part.room > best.1 {
            best = (at, part.room);
        }
    }
    best.0
}

/// Moves a group to another part, or swaps two, as long as that makes the sum of squared misses smaller.
fn improve(parts: &mut [Part]) {
    // Each step makes it smaller, so it ends; the limit guards against a long tail of tiny gains.
    for _ in 0..10_000 {
        let Some((from, to, out, back)) = best_exchange(parts) else { return };
        let group = parts.get_mut(from).and_then(|p| p.take(out));
        let other = parts.get_mut(to).and_then(|p| p.take(back));
        if let (Some(group), Some(part)) = (group, parts.get_mut(to)) {
            part.add(out, group);
        }
        if let (Some(other), Some(part)) = (other, parts.get_mut(from)) {
            part.add(back, other);
        }
    }
}

/// The exchange that gains most: parts from and to, the size of the group that goes, and of the one that comes back
/// (0: none).
fn best_exchange(parts: &[Part]) -> Option<(usize, usize, usize, usize)> {
    let mut best = None;
    let mut most = 1e-6;
    for (a, from) in parts.iter().enumerate() {
        for (b, to) in parts.iter().enumerate() {
            // Carrying d items over changes the sum of squares by 2 d^2 - 2 d (room of `to` - room of `from`).
            let difference = to.room - from.room;
            if a == b || difference <= 1.0 {
                continue;
            }
            let gain = |d: f64| 2.0 * d * (difference - d);
            let alone = (from.n_groups() > 1).then_some(0);
            for out in from.groups.keys().copied() {
                let wanted = (out as f64 - 0.5 * difference).max(0.0) as usize;
                let below = to.groups.range(..=wanted).next_back();
                let above = to.groups.range(wanted..).next();
                let back = below.into_iter().chain(above).map(|(size, _)| *size);
                for back in back.chain(alone).filter(|back| *back < out) {
                    let gain = gain((out - back) as f64);
                    if gain > most {
                        most = gain;
                        best = Some((a, b, out, back));
                    }
                }
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One item list: group `i` has `sizes[i]` items.
    fn groups(sizes: &[usize]) -> Vec<String> {
        let name = |(i, n): (usize, &usize)| vec![format!("track {i}"); *n];
        sizes.iter().enumerate().flat_map(name).collect()
    }

    fn counts(parts: &[usize], n: usize) -> Vec<usize> {
        (0..n).map(|part| parts.iter().filter(|p| **p == part).count()).collect()
    }

    #[test]
    fn equal_groups_split_exactly() {
        let groups = groups(&[5; 40]);
        for seed in 0..20 {
            let parts = split_by_group(&groups, &[0.75, 0.15, 0.1], seed).unwrap();
            assert_eq!(counts(&parts, 3), [150, 30, 20]);
            assert_eq!(counts(&folds_by_group(&groups, 5, seed).unwrap(), 5), [40; 5]);
        }
    }

    #[test]
    fn the_seed_decides_even_among_groups_of_all_sizes() {
        let groups = groups(&(1..40).collect::<Vec<_>>());
        let split = |seed| split_by_group(&groups, &[0.75, 0.15, 0.1], seed).unwrap();
        let mut all: Vec<Vec<usize>> = (0..10).map(split).collect();
        assert_eq!(split(3), all[3]);
        for parts in &all {
            assert_eq!(counts(parts, 3), [585, 117, 78]);
        }
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 10);
        // Every group is in every part for some seed.
        let seen: std::collections::BTreeSet<usize> =
            (0..200).filter_map(|seed| split(seed).last().copied()).collect();
        assert_eq!(seen.len(), 3);
    }

    #[test]
    fn one_giant_does_not_empty_a_part() {
        let groups = groups(&[600, 1, 2, 3]);
        for seed in 0..20 {
            let parts = split_by_group(&groups, &[0.75, 0.15, 0.1], seed).unwrap();
            assert!(parts[0] == 0 && counts(&parts, 3).iter().all(|n| *n > 0), "{seed}");
        }
        let folds = folds_by_group(&groups, 4, 0).unwrap();
        let mut sizes = counts(&folds, 4);
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 2, 3, 600]);
    }

    #[test]
    fn the_order_of_items_does_not_matter() {
        let one = groups(&[3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]);
        let parts = split_by_group(&one, &[0.5, 0.5], 7).unwrap();
        let reversed: Vec<&String> = one.iter().rev().collect();
        let mut again = split_by_group(&reversed, &[0.5, 0.5], 7).unwrap();
        again.reverse();
        assert_eq!(parts, again);
    }

    #[test]
    fn few_groups_come_as_near_as_any_choice() {
        // All assignments tried, against what is found.
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (mut best, mut cases) = (0, 0);
        for _ in 0..300 {
            let sizes: Vec<usize> = (0..3 + below(&mut rng, 5)).map(|_| 1 + below(&mut rng, 20)).collect();
            let total = sizes.iter().sum::<usize>() as f64;
            let targets = [0.6 * total, 0.25 * total, 0.15 * total];
            let miss = |counts: &[usize]| {
                counts.iter().zip(targets).map(|(n, t)| (*n as f64 - t).powi(2)).sum::<f64>()
            };
            let naive = (0..3_usize.pow(sizes.len() as u32))
                .filter_map(|code| {
                    let (mut counts, mut used) = ([0; 3], [false; 3]);
                    for (i, size) in sizes.iter().enumerate() {
                        let part = code / 3_usize.pow(i as u32) % 3;
                        counts[part] += size;
                        used[part] = true;
                    }
                    used.iter().all(|u| *u).then(|| miss(&counts))
                })
                .fold(f64::INFINITY, f64::min);
            let got = split_by_group(&groups(&sizes), &[0.6, 0.25, 0.15], 0).unwrap();
            let got = miss(&counts(&got, 3));
            assert!(got > naive - 1e-6);
            best += usize::from(got < naive + 1e-6);
            cases += 1;
        }
        assert!(best * 10 > cases * 8, "{best} of {cases}");
    }

    #[test]
    fn refuses_what_cannot_be_split() {
        let groups = ["a", "b", "a"];
        assert!(matches!(split_by_group::<&str>(&[], &[1.0], 0), Err(Error::Empty { what: "groups" })));
        assert!(matches!(split_by_group(&groups, &[], 0), Err(Error::Empty { what: "fractions" })));
        for fractions in [[1.0, 0.0], [0.5, 0.4], [f64::NAN, 1.0], [2.0, -1.0], [f64::INFINITY, 1.0]] {
            let got = split_by_group(&groups, &fractions, 0);
            assert!(matches!(got, Err(Error::OutOfRange { .. })), "{fractions:?}");
        }
        let got = split_by_group(&groups, &[0.5, 0.25, 0.25], 0);
        assert!(matches!(got, Err(Error::TooFewGroups { expected: 3, got: 2 })));
        for k in [3, 4, usize::MAX] {
            let got = folds_by_group(&groups, k, 0);
            assert!(matches!(got, Err(Error::TooFewGroups { got: 2, .. })), "{k}");
        }
        for k in [0, 1] {
            assert!(matches!(folds_by_group(&groups, k, 0), Err(Error::OutOfRange { .. })));
        }
        assert!(matches!(folds_by_group::<&str>(&[], 2, 0), Err(Error::Empty { .. })));
        assert_eq!(split_by_group(&groups, &[1.0], 0).unwrap(), [0; 3]);
    }
}
