//! Index files with changed bytes and right checksums through every way to open one, and what opens through search,
//! change and save.
#![no_main]

use std::path::Path;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use soundalike_index::{Dtype, Error, FlatIndex, FlatIndexConfig, Meta, Metric};
use xxhash_rust::xxh3::xxh3_64;

#[derive(Arbitrary, Debug)]
struct Input {
    dtype: u8,
    metric: u8,
    dim: u8,
    vectors: u8,
    removed: Vec<u8>,
    /// Bytes to be overwritten: where from (the end, if negative), with what.
    edits: Vec<(i16, Vec<u8>)>,
    /// How many bytes are cut off, or appended if negative.
    cut: i8,
    seal: bool,
}

const HEADER: usize = 64;
const FOOTER: usize = 40;

fuzz_target!(|input: Input| run(&input));

fn run(input: &Input) {
    let dtype = [Dtype::F32, Dtype::F16, Dtype::Int8][usize::from(input.dtype) % 3];
    let metric = [Metric::Cosine, Metric::InnerProduct, Metric::L2][usize::from(input.metric) % 3];
    let dim = usize::from(input.dim) % 9 + 1;
    let config = FlatIndexConfig::new(dim).with_dtype(dtype).with_metric(metric);
    let mut index = FlatIndex::new(&config).unwrap();
    for id in 0..u64::from(input.vectors) {
        let vector: Vec<f32> = (0..dim).map(|d| (id * 7 + d as u64 * 5) as f32 % 11.0 - 4.5).collect();
        index.add(id, &vector).unwrap();
    }
    for id in &input.removed {
        index.remove(u64::from(*id));
    }
    let path = std::env::temp_dir().join(format!("soundalike-fuzz-{}", std::process::id()));
    index.save(&path, &Meta::new("fuzz", 1)).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    for (at, values) in &input.edits {
        let at = if *at < 0 { bytes.len().wrapping_add_signed(isize::from(*at)) } else { *at as usize };
        if let Some(place) = bytes.get_mut(at..at.saturating_add(values.len())) {
            place.copy_from_slice(values);
        }
    }
    if input.seal {
        seal(&mut bytes);
    }
    bytes.resize(bytes.len().saturating_add_signed(-isize::from(input.cut)), 0);
    std::fs::write(&path, &bytes).unwrap();
    for open in [FlatIndex::load, FlatIndex::map, FlatIndex::map_unverified] {
        match open(&path) {
            Ok((index, meta)) => used(index, &meta, &path),
            Err(Error::Corrupt { .. } | Error::NotAnIndex { .. } | Error::UnsupportedVersion { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    let _ = FlatIndex::read_meta(&path);
    let _ = std::fs::remove_file(&path);
}

/// Right checksums for a file of one segment.
fn seal(bytes: &mut [u8]) {
    if bytes.len() < HEADER + FOOTER {
        return;
    }
    let header = xxh3_64(&bytes[..HEADER - 8]);
    bytes[HEADER - 8..HEADER].copy_from_slice(&header.to_le_bytes());
    let footer = bytes.len() - FOOTER;
    let count = u64::from_le_bytes(bytes[24..32].try_into().unwrap()).min(1 << 14) as usize;
    let marks = (count * 8).next_multiple_of(64);
    let split = (HEADER + marks + (count.div_ceil(64) * 8).next_multiple_of(64)).min(footer);
    let first = xxh3_64(&bytes[HEADER..split]);
    let second = xxh3_64(&bytes[split..footer]);
    bytes[footer..footer + 8].copy_from_slice(&first.to_le_bytes());
    bytes[footer + 8..footer + 16].copy_from_slice(&second.to_le_bytes());
    let whole = xxh3_64(&[&bytes[HEADER - 8..HEADER], &bytes[footer..footer + 24]].concat());
    bytes[footer + 24..footer + 32].copy_from_slice(&whole.to_le_bytes());
}

fn used(mut index: FlatIndex, meta: &Meta, path: &Path) {
    let query = vec![0.7; index.dim()];
    let found = index.search(&query, 300).unwrap();
    assert!(found.len() <= index.len());
    let ids: Vec<u64> = index.ids().collect();
    assert_eq!(ids.len(), index.len());
    for id in ids.iter().step_by(3) {
        assert!(index.get(*id).is_some() && index.remove(*id));
    }
    if !index.contains(1_000_000) {
        index.add(1_000_000, &query).unwrap();
    }
    index.compact();
    let copy = path.with_extension("copy");
    index.save(&copy, meta).unwrap();
    let _ = FlatIndex::map_unverified(&copy).unwrap();
    let _ = std::fs::remove_file(&copy);
}
