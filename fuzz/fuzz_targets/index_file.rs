//! Index files of every kind with changed bytes and right checksums through every way to open one, and what opens through
//! search, change and save. Graphs keep their wrong checksum: the library that reads them trusts what it reads.
#![no_main]

#[path = "../../crates/index/tests/common/mod.rs"]
mod common;

use arbitrary::Arbitrary;
use common::seal::seal;
use common::{Kind, METRICS, is_of_file, meta};
use libfuzzer_sys::fuzz_target;
use soundalike_index::FlatIndex;

#[derive(Arbitrary, Debug)]
struct Input {
    kind: u8,
    metric: u8,
    dim: u8,
    vectors: u8,
    removed: Vec<u8>,
    /// Bytes to be overwritten: where from (the end, if negative), with what.
    edits: Vec<(i16, Vec<u8>)>,
    /// How many bytes are cut off, or appended if negative.
    cut: i8,
    seal: bool,
    /// As which kind it is opened, if not as its own.
    other: Option<u8>,
}

fuzz_target!(|input: Input| run(&input));

fn run(input: &Input) {
    let kinds = Kind::all();
    let chosen = |number: u8| kinds[usize::from(number) % kinds.len()];
    let kind = chosen(input.kind);
    let metric = METRICS[usize::from(input.metric) % METRICS.len()];
    let mut index = kind.sample(usize::from(input.vectors), usize::from(input.dim) % 9 + 1, metric);
    for id in &input.removed {
        index.remove(u64::from(*id) * 3 + 1);
    }
    let path = std::env::temp_dir().join(format!("soundalike-fuzz-{}", std::process::id()));
    let scratch = path.with_extension("copy");
    index.save(&path, &meta()).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    for (at, values) in &input.edits {
        let at = if *at < 0 { bytes.len().wrapping_add_signed(isize::from(*at)) } else { *at as usize };
        if let Some(place) = bytes.get_mut(at..at.saturating_add(values.len())) {
            place.copy_from_slice(values);
        }
    }
    if input.seal && matches!(kind, Kind::Flat(_) | Kind::Inverted(_)) {
        seal(&mut bytes);
    }
    bytes.resize(bytes.len().saturating_add_signed(-isize::from(input.cut)), 0);
    std::fs::write(&path, &bytes).unwrap();
    let opened = input.other.map_or(kind, chosen);
    for open in opened.verifying().into_iter().chain(opened.unverified()) {
        match open(&path) {
            Ok((index, meta)) => index.exercise(&meta, &scratch),
            Err(error) => assert!(is_of_file(&error, &path), "{error}"),
        }
    }
    let _ = FlatIndex::read_meta(&path);
    let _ = std::fs::remove_file(&path);
    let _ = std::fs::remove_file(&scratch);
}
