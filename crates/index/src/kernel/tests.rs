use proptest::prelude::*;

use super::*;
use crate::buffer::{HalfRow, LANES, Row};
use crate::half::from_half;
use crate::quantize::{quantize, stored};
use crate::segment::Arrays;
use crate::simd::{SimdLevel, Vectorized, run_at};
use crate::{Dtype, FlatIndexConfig, Metric};

/// Scores of one block by the kernel of one level: whole and in groups, for `Q` queries each.
struct Scores<'a, R: Source, const Q: usize> {
    tile: Tile<R::Component, Q>,
    block: R::Block<'a>,
    whole: &'a mut Vec<[f32; LANES]>,
    groups: &'a mut Vec<[f32; LANES]>,
}

impl<R: Source, const Q: usize> Vectorized for Scores<'_, R, Q> {
    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let whole = R::scores::<S, Q, GROUPS>(simd, &self.tile, self.block, 0);
        let put = |out: &mut [f32; LANES], group: usize, scores: S::F| {
            out[group * GROUP..][..GROUP].copy_from_slice(&simd.store(scores));
        };
        self.whole.resize(Q, [0.0; LANES]);
        self.groups.resize(Q, [0.0; LANES]);
        for group in 0..GROUPS {
            let alone = R::scores::<S, Q, 1>(simd, &self.tile, self.block, group);
            for (query, (whole, alone)) in whole.iter().zip(alone).enumerate() {
                put(&mut self.whole[query], group, whole[group]);
                put(&mut self.groups[query], group, alone[0]);
            }
        }
    }
}

/// All paths of all levels against the scores that `expected` gives for a query and a lane.
fn check<R: Source>(
    shape: &Shape,
    segment: &Segment,
    queries: &[Vec<f32>],
    expected: impl Fn(&[f32], usize) -> f32,
) {
    fn of<R: Source, const Q: usize>(
        level: SimdLevel,
        shape: &Shape,
        segment: &Segment,
        queries: &[Vec<f32>],
    ) -> [Vec<[f32; LANES]>; 2] {
        let (mut whole, mut groups) = (Vec::new(), Vec::new());
        let (tile, block) = (R::tile::<Q>(queries), R::block(segment, shape, 0).unwrap());
        run_at(level, Scores::<R, Q> { tile, block, whole: &mut whole, groups: &mut groups });
        [whole, groups]
    }
    for level in SimdLevel::ALL {
        let mut found = Vec::new();
        found.extend(of::<R, TILE>(level, shape, segment, queries).map(|scores| (0, scores)));
        for (at, query) in queries.iter().enumerate() {
            let alone = of::<R, 1>(level, shape, segment, std::slice::from_ref(query));
            found.extend(alone.map(|scores| (at, scores)));
        }
        for (first, scores) in found {
            for (query, scores) in queries[first..].iter().zip(&scores) {
                for (lane, score) in scores.iter().enumerate().take(segment.len()) {
                    assert_eq!(score.to_bits(), expected(query, lane).to_bits(), "{level} {lane} {query:?}");
                }
            }
        }
    }
}

fn filled(config: &FlatIndexConfig, seed: &[f32], vectors: usize) -> (Shape, Segment, Vec<Vec<f32>>) {
    let shape = Shape::new(config);
    let mut segment = Segment::new(&shape);
    let mut values = seed.iter().copied().cycle();
    for id in 0..vectors as u64 {
        let vector: Vec<f32> = values.by_ref().take(config.dim).collect();
        assert!(segment.push(&shape, id, &vector));
    }
    let queries = (0..TILE).map(|_| values.by_ref().take(config.dim).collect());
    let queries = queries.collect();
    (shape, segment, queries)
}

fn sum(l2: bool, query: &[f32], vector: impl Iterator<Item = f32>) -> f32 {
    let step = |sum: f32, (q, x): (&f32, f32)| {
        if l2 { (x - q).mul_add(q - x, sum) } else { q.mul_add(x, sum) }
    };
    query.iter().zip(vector).fold(0.0, step)
}

fn seed() -> impl Strategy<Value = Vec<f32>> {
    let value = prop_oneof![8 => -3.0f32..3.0, 1 => -1e-6f32..1e-6, 1 => Just(0.0), 1 => Just(-3.0)];
    proptest::collection::vec(value, 67..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn floats_have_the_bits_of_the_plain_loop(dim in 1usize..40, vectors in 1usize..=LANES, seed in seed()) {
        let config = FlatIndexConfig::new(dim).with_metric(Metric::InnerProduct);
        let (shape, segment, queries) = filled(&config, &seed, vectors);
        let Arrays::F32(rows) = &segment.arrays else { panic!() };
        let plain = |l2: bool| move |query: &[f32], lane: usize| sum(l2, query, rows.iter().map(|row| row.0[lane]));
        check::<Floats<Row, false>>(&shape, &segment, &queries, plain(false));
        check::<Floats<Row, true>>(&shape, &segment, &queries, plain(true));
        for query in &queries {
            let vector: Vec<f32> = rows.iter().map(|row| row.0[0]).collect();
            prop_assert_eq!(exact(Portable, false, query, &vector).to_bits(), plain(false)(query, 0).to_bits());
            prop_assert_eq!(exact(Portable, true, query, &vector).to_bits(), plain(true)(query, 0).to_bits());
        }

        let (shape, segment, queries) = filled(&config.with_dtype(Dtype::F16), &seed, vectors);
        let Arrays::F16(rows) = &segment.arrays else { panic!() };
        let plain = |l2: bool| {
            move |query: &[f32], lane: usize| sum(l2, query, rows.iter().map(|row| from_half(row.0[lane])))
        };
        check::<Floats<HalfRow, false>>(&shape, &segment, &queries, plain(false));
        check::<Floats<HalfRow, true>>(&shape, &segment, &queries, plain(true));
    }

    #[test]
    fn codes_are_summed_as_integers(dim in 1usize..40, vectors in 1usize..=LANES, seed in seed()) {
        for metric in [Metric::InnerProduct, Metric::L2] {
            let config = FlatIndexConfig::new(dim).with_metric(metric).with_dtype(Dtype::Int8);
            let (shape, segment, queries) = filled(&config, &seed, vectors);
            let Arrays::Int8(arrays) = &segment.arrays else { panic!() };
            let plain = |query: &[f32], lane: usize| {
                let vector = arrays.vector(dim, lane);
                let ((query_scale, q), (scale, x)) = (quantize(query), quantize(vector));
                let product = q.zip(x).map(|(q, x)| i32::from(q) * i32::from(x)).sum::<i32>() as f32 * scale;
                if metric == Metric::InnerProduct {
                    return product;
                }
                product * (2.0 * query_scale) - arrays.norms[0].0[lane]
            };
            if metric == Metric::L2 {
                check::<Codes<true>>(&shape, &segment, &queries, plain);
            } else {
                check::<Codes<false>>(&shape, &segment, &queries, plain);
            }
        }
    }
}

#[test]
fn the_longest_sums_of_codes_fit() {
    let dim = crate::MAX_DIM;
    let config = FlatIndexConfig::new(dim).with_metric(Metric::InnerProduct).with_dtype(Dtype::Int8);
    let shape = Shape::new(&config);
    let mut segment = Segment::new(&shape);
    let halves = |first: f32, second: f32| [vec![first; dim / 2], vec![second; dim / 2]].concat();
    let vectors = [halves(1.0, 1.0), halves(-1.0, -1.0), halves(1.0, -1.0), halves(-1.0, 1.0)];
    for (id, vector) in vectors.iter().enumerate() {
        segment.push(&shape, id as u64, vector);
    }
    assert_eq!(stored(127), 255);
    check::<Codes<false>>(&shape, &segment, &vectors, |query, lane| {
        let signs: f32 = query.iter().zip(&vectors[lane]).map(|(q, x)| q * x).sum();
        signs * 127.0 * 127.0 * (1.0 / 127.0f64) as f32
    });
}
