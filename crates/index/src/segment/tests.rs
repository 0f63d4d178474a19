use super::*;

fn shapes() -> impl Iterator<Item = Shape> {
    let dtypes = [Dtype::F32, Dtype::F16, Dtype::Int8].into_iter();
    let flags = [(false, false), (true, false), (false, true)];
    dtypes.flat_map(move |dtype| flags.map(|(norms, row_copy)| Shape { dim: 5, dtype, norms, row_copy }))
}

/// Components that half precision holds exactly.
fn vector(i: usize) -> Vec<f32> {
    (0..5).map(|d| ((i * 5 + d) % 2048) as f32).collect()
}

fn filled(shape: &Shape, n: usize) -> Segment {
    let mut segment = Segment::new(shape);
    for i in 0..n {
        assert!(segment.push(shape, i as u64 + 1000, &vector(i)));
    }
    segment
}

/// The copy is that of the vectors, however it was made.
fn assert_copied(segment: &Segment, shape: &Shape) {
    let values: Vec<f32> = match &segment.copy {
        RowCopy::None => return assert!(!shape.row_copy || shape.dtype == Dtype::Int8),
        RowCopy::F32(values) => values.clone(),
        RowCopy::F16(values) => values.iter().map(|half| from_half(*half)).collect(),
    };
    let mut expected = Vec::new();
    (0..segment.len()).for_each(|offset| segment.read(shape, offset, &mut expected));
    assert_eq!(values, expected);
    let anew = RowCopy::of(shape, segment);
    assert_eq!(format!("{anew:?}"), format!("{:?}", segment.copy));
}

fn read(segment: &Segment, shape: &Shape, offset: usize) -> Vec<f32> {
    let mut out = Vec::new();
    segment.read(shape, offset, &mut out);
    out
}

#[test]
fn what_was_pushed_is_read_across_block_edges() {
    for shape in shapes() {
        for n in [1, 63, 64, 65, 130] {
            let segment = filled(&shape, n);
            assert_eq!((segment.len(), segment.live.len()), (n, n.div_ceil(64)));
            assert_copied(&segment, &shape);
            for i in 0..n {
                assert_eq!(read(&segment, &shape, i), vector(i), "{shape:?}");
            }
            assert!(segment.live().map(|(_, id)| id).eq((0..n as u64).map(|i| i + 1000)));
        }
    }
}

#[test]
fn a_full_segment_takes_no_more() {
    for shape in shapes() {
        let mut segment = filled(&shape, SEGMENT_VECTORS);
        assert!(segment.is_full_and_live());
        assert!(!segment.push(&shape, 7, &vector(0)));
        assert!(segment.write(&shape, 5, &vector(9)));
        assert_eq!(read(&segment, &shape, 5), vector(9));
        assert_copied(&segment, &shape);
        segment.clear(64);
        assert!(!segment.is_full_and_live());
        assert_eq!(segment.live().count(), SEGMENT_VECTORS - 1);
    }
}

#[test]
fn reserved_memory_is_the_stated_memory() {
    for shape in shapes() {
        let mut segment = Segment::new(&shape);
        segment.reserve(&shape, usize::MAX);
        let stated = SEGMENT_VECTORS * (shape.bytes_per_vector() + 8) + SEGMENT_BLOCKS * 8;
        assert_eq!(segment.capacity_bytes(), stated, "{shape:?}");
        for i in 0..SEGMENT_VECTORS {
            segment.push(&shape, i as u64, &vector(i));
        }
        assert_eq!(segment.capacity_bytes(), stated, "{shape:?}");
    }
}
