use super::lanes::Lanes;
use super::{Source, Tile};
use crate::buffer::{CodeRow, Row};
use crate::quantize::{OFFSET, quantize};
use crate::segment::{Arrays, Segment, Shape};

/// Vectors as codes of one byte. The scores only rank the vectors for one query: parts that are the same for all
/// vectors are left out. The sums of products are exact integers, at most 127 * 255 * 65,536 < 2^31.
///
/// Inner products: `sum * scale`. With `L2`: `sum * scale * factor - norm`, the factor being twice the query's scale.
pub(crate) struct Codes<const L2: bool>;

/// A block's codes, and one row each of scales and squared norms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CodeBlock<'a> {
    codes: &'a [CodeRow],
    scales: &'a Row,
    norms: &'a Row,
}

impl<const L2: bool> Source for Codes<L2> {
    type Component = [i8; CodeRow::DIMS];
    type Block<'a> = CodeBlock<'a>;
    type Row = CodeRow;

    fn tile<const Q: usize>(queries: &[Vec<f32>]) -> Tile<Self::Component, Q> {
        let dim = queries.first().map_or(0, Vec::len);
        let mut tile = Tile {
            rows: vec![[[0; CodeRow::DIMS]; Q]; dim.div_ceil(CodeRow::DIMS)],
            offsets: [0; Q],
            factors: [1.0; Q],
        };
        for (lane, query) in queries.iter().take(Q).enumerate() {
            let (scale, codes) = quantize(query);
            let mut sum = 0;
            for (d, code) in codes.enumerate() {
                sum += i32::from(code);
                if let Some(row) = tile.rows.get_mut(d / CodeRow::DIMS) {
                    row[lane][d % CodeRow::DIMS] = code;
                }
            }
            tile.offsets[lane] = -OFFSET * sum;
            tile.factors[lane] = 2.0 * scale;
        }
        tile
    }

    #[inline(always)]
    fn block<'a>(segment: &'a Segment, shape: &Shape, block: usize) -> Option<CodeBlock<'a>> {
        let Arrays::Int8(arrays) = &segment.arrays else { return None };
        let rows = shape.code_rows();
        let codes = arrays.codes.get(block * rows..(block + 1) * rows)?;
        let scales = arrays.scales.get(block)?;
        let norms = if L2 { arrays.norms.get(block)? } else { scales };
        Some(CodeBlock { codes, scales, norms })
    }

    #[inline(always)]
    fn rows<'a>(segment: &'a Segment, shape: &Shape, block: usize) -> &'a [CodeRow] {
        Self::block(segment, shape, block).map_or(&[], |block| block.codes)
    }

    #[inline(always)]
    fn scores<S: Lanes, const Q: usize, const W: usize>(
        simd: S,
        tile: &Tile<Self::Component, Q>,
        block: CodeBlock<'_>,
        first: usize,
    ) -> [[S::F; W]; Q] {
        let mut sums = [[simd.start(0); W]; Q];
        for (sums, offset) in sums.iter_mut().zip(tile.offsets) {
            *sums = [simd.start(offset); W];
        }
        for (query, row) in tile.rows.iter().zip(block.codes) {
            let mut lanes = [simd.start(0); W];
            for (w, lanes) in lanes.iter_mut().enumerate() {
                *lanes = simd.load_codes(row, first + w);
            }
            for (sums, query) in sums.iter_mut().zip(query) {
                for (sum, lanes) in sums.iter_mut().zip(lanes) {
                    *sum = simd.dot(*sum, lanes, *query);
                }
            }
        }
        let mut scores = [[simd.splat(0.0); W]; Q];
        for ((scores, sums), factor) in scores.iter_mut().zip(sums).zip(tile.factors) {
            for (w, (score, sum)) in scores.iter_mut().zip(sums).enumerate() {
                *score = simd.mul(simd.to_f32(sum), simd.load(block.scales, first + w));
                if L2 {
                    let product = simd.mul(*score, simd.splat(factor));
                    *score = simd.sub(product, simd.load(block.norms, first + w));
                }
            }
        }
        scores
    }
}
