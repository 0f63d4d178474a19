//! Which lists a search looks into, round by round.

use std::ops::Range;

use super::IvfIndex;
use super::quantizer::Ranked;
use crate::neighbor::TopK;
use crate::quantize::quantize;
use crate::visits::{Rounds, Visits};
use crate::{Dtype, Metric};

/// With a margin, lists are looked into so many at a time; then the margin is compared with what was found.
const LISTS_AT_ONCE: usize = 64;
/// Without one, queries that share passes look into so many of the nearest lists first: the sooner the thresholds rise,
/// the fewer vectors reach the heaps.
const FIRST: usize = 4;

/// The lists of one query. What is looked into in a round depends on nothing but what this query has found before.
pub(super) struct Probe {
    /// All lists; those up to `next` were looked into.
    ranked: Vec<Ranked>,
    next: usize,
    /// The lists up to here are to be looked into, whatever is found.
    end: usize,
    margin: Option<(f32, Distances)>,
}

impl Probe {
    pub(super) fn new(index: &IvfIndex, query: &[f32], ranked: Vec<Ranked>) -> Self {
        let margin = index.config.margin.filter(|_| index.metric() != Metric::InnerProduct);
        let margin = margin.map(|margin| (margin, Distances::new(index, query)));
        Self { ranked, next: 0, end: 0, margin }
    }

    /// The lists of the next round, for a query that has found `top` and wants `k`; none at the end. `alone` says that
    /// it shares no passes: the lists are then in the order of their distance.
    pub(super) fn round<'a>(
        &'a mut self,
        index: &'a IvfIndex,
        top: &TopK,
        k: usize,
        alone: bool,
    ) -> Option<impl Iterator<Item = usize> + use<'a>> {
        let in_order = alone || self.margin.is_some();
        if self.next == self.end {
            if self.end == self.ranked.len() || (self.end > 0 && top.len() >= k) {
                return None;
            }
            let rest = self.ranked.get_mut(self.end..).unwrap_or_default();
            let nprobe = index.nprobe().min(rest.len());
            rest.select_nth_unstable(nprobe.saturating_sub(1));
            let now = rest.get_mut(..nprobe).unwrap_or_default();
            if in_order {
                now.sort_unstable();
            } else if FIRST < now.len() {
                now.select_nth_unstable(FIRST);
            }
            self.end += nprobe;
        }
        let left = self.end - self.next;
        let count = match &self.margin {
            Some(_) => left.min(LISTS_AT_ONCE),
            None if self.next == 0 && !alone => left.min(FIRST),
            None => left,
        };
        let now = self.ranked.get(self.next..self.next + count).unwrap_or_default();
        self.next += count;
        let far = self.margin.as_ref().map(|(margin, distances)| (*margin, distances.worst(top)));
        let too_far = move |ranked: &Ranked| {
            far.is_some_and(|(margin, worst)| index.quantizer.least_distance(*ranked, margin) > worst)
        };
        Some(now.iter().filter(move |ranked| !too_far(ranked)).map(|ranked| ranked.list()))
    }
}

/// The rounds of queries that share passes: all lists of a round, with the queries that look into each.
pub(super) struct Shared<'a> {
    pub(super) index: &'a IvfIndex,
    pub(super) k: usize,
    pub(super) probes: Vec<Probe>,
    /// A list and a query.
    pub(super) pairs: Vec<(u32, u32)>,
    /// Of each list, how many queries look into it; then where the next of them goes.
    pub(super) counts: Vec<usize>,
}

impl<'a> Rounds<'a> for Shared<'a> {
    fn next(&mut self, tops: &[TopK], visits: &mut Visits<'a>) -> bool {
        self.pairs.clear();
        let mut ended = true;
        for (row, (probe, top)) in self.probes.iter_mut().zip(tops).enumerate() {
            if let Some(lists) = probe.round(self.index, top, self.k, false) {
                ended = false;
                self.pairs.extend(lists.map(|list| (list as u32, row as u32)));
            }
        }
        // Sorted by counting: there are more pairs than lists.
        self.counts.clear();
        self.counts.resize(self.index.lists.len(), 0);
        for (list, _) in &self.pairs {
            if let Some(count) = self.counts.get_mut(*list as usize) {
                *count += 1;
            }
        }
        visits.groups.clear();
        let mut start = 0;
        for (count, list) in self.counts.iter_mut().zip(&self.index.lists) {
            let rows = start..start + *count;
            *count = start;
            start = rows.end;
            if !rows.is_empty() && !list.blocks.is_empty() {
                visits.groups.push((list.blocks.as_slice(), rows));
            }
        }
        visits.queries.clear();
        visits.queries.resize(self.pairs.len(), 0);
        for (list, row) in &self.pairs {
            if let Some(place) = self.counts.get_mut(*list as usize) {
                if let Some(query) = visits.queries.get_mut(*place) {
                    *query = *row;
                }
                *place += 1;
            }
        }
        !ended
    }
}

/// The blocks of some lists, in their order.
pub(super) fn blocks(index: &IvfIndex, lists: impl Iterator<Item = usize>, out: &mut Vec<Range<usize>>) {
    out.clear();
    let lists = lists.filter_map(|list| index.lists.get(list));
    out.extend(lists.flat_map(|list| list.blocks.iter().cloned()));
}

/// From scores of a scan to squared distances: `offset - factor * score`.
struct Distances {
    offset: f32,
    factor: f32,
}

impl Distances {
    /// Under cosine and L2. A cosine's distance is that of vectors of length one.
    fn new(index: &IvfIndex, query: &[f32]) -> Self {
        let int8 = index.dtype() == Dtype::Int8;
        let (offset, factor) = match index.metric() {
            // Scores of codes leave out what is the same for all vectors: under cosine the query's scale, under L2
            // its squared norm.
            Metric::L2 if int8 => (query.iter().map(|value| value * value).sum(), 1.0),
            Metric::L2 => (0.0, 1.0),
            _ if int8 => (2.0, 2.0 * quantize(query).0),
            _ => (2.0, 2.0),
        };
        Self { offset, factor }
    }

    /// The distance of the worst candidate; infinite while there is room for more.
    fn worst(&self, top: &TopK) -> f32 {
        self.offset - self.factor * top.threshold(false)
    }
}
