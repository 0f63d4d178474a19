//! The `_into` forms of the front ends allocate nothing from the second call on, also where all share a scratch.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use allocation_counter::measure;
use soundalike_features::{FrontEnd, KaldiFbank, KaldiFbankConfig, Matrix, Scratch};

#[test]
fn none_after_the_first_call() {
    let mut plans: Vec<FrontEnd> =
        FrontEnd::NAMES.into_iter().map(|name| FrontEnd::by_name(name).unwrap()).collect();
    let mirrored = KaldiFbankConfig::default().with_snip_edges(false).with_use_energy(true);
    plans.push(KaldiFbank::new(&mirrored).unwrap().into());
    let long = common::signal("tones", 16_000, 16_001);
    let mut scratch = Scratch::new();
    let mut out: Vec<Matrix> = plans.iter().map(|_| Matrix::default()).collect();
    let mut all = |samples: &[f32]| {
        for (plan, out) in plans.iter().zip(&mut out) {
            plan.compute_into(samples, out, &mut scratch).unwrap();
        }
    };
    assert!(measure(|| all(&long)).count_total > 0, "the counter counts");
    assert_eq!(measure(|| all(&long)).count_total, 0);
    assert_eq!(measure(|| all(&long[..5000])).count_total, 0);
    assert_eq!(measure(|| all(&long)).count_total, 0);
}
