//! Recordings, parts and batches.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use soundalike_augment::Sources;
use soundalike_train::{Corpus, Error, Parts, Sampler, TrackInfo};

#[test]
fn parts_share_no_group_and_lose_no_track() {
    let corpus = common::corpus(40);
    let groups =
        |part: &[usize]| part.iter().map(|&i| corpus.info(i).unwrap().group.clone()).collect::<BTreeSet<_>>();
    let check = |parts: &Parts| {
        let sets = [&parts.train, &parts.validation, &parts.test].map(|part| groups(part));
        assert!(
            sets[0].is_disjoint(&sets[1]) && sets[0].is_disjoint(&sets[2]) && sets[1].is_disjoint(&sets[2])
        );
        assert_eq!(parts.train.len() + parts.validation.len() + parts.test.len(), 40);
    };
    let parts = Parts::split(&corpus, [0.75, 0.15, 0.10], 1).unwrap();
    check(&parts);
    assert_eq!((parts.train.len(), parts.validation.len(), parts.test.len()), (30, 6, 4));
    let folds = Parts::folds(&corpus, 5, 0.15, 1).unwrap();
    folds.iter().for_each(check);
    let mut tested: Vec<usize> = folds.iter().flat_map(|fold| fold.test.clone()).collect();
    tested.sort_unstable();
    assert_eq!(tested, (0..40).collect::<Vec<_>>());
    let all = Parts::all(&corpus, 0.15, 1).unwrap();
    assert_eq!((all.train.len() + all.validation.len(), all.test.len()), (40, 0));
}

#[test]
fn too_few_tracks_are_an_error() {
    for songs in [0, 1, 2, 4] {
        let corpus = common::corpus(songs);
        assert!(Parts::split(&corpus, [0.75, 0.15, 0.10], 1).is_err(), "{songs}");
    }
    let alone = |i: usize| (TrackInfo::new(format!("{i}")), common::song(i, 2.0));
    let corpus = Corpus::from_memory(common::RATE, (0..3).map(alone));
    assert!(matches!(Parts::split(&corpus, [0.75, 0.15, 0.10], 1), Err(Error::TooFew { .. })));
}

fn sampler(corpus: &Arc<Corpus>, more: &str) -> Result<Sampler, Error> {
    let yaml = common::yaml("kind: siamese", "kind: pairs", "") + more;
    let config = soundalike_train::TrainConfig::from_yaml(&yaml).unwrap();
    let all: Vec<usize> = (0..corpus.len()).collect();
    Sampler::training(&config, corpus, &all, Sources::none())
}

#[test]
fn a_batch_depends_on_its_number_alone() {
    let corpus = common::corpus(12);
    let one = sampler(&corpus, "").unwrap();
    let late = one.batch(7).unwrap();
    for step in 0..7 {
        assert_ne!(one.batch(step).unwrap().first, late.first);
    }
    assert_eq!(sampler(&corpus, "").unwrap().batch(7).unwrap(), late);
}

#[test]
fn a_batch_has_whole_clips_of_different_recordings() {
    let corpus = common::corpus(12);
    let sampler = sampler(&corpus, "  jitter_seconds: 0.1\n").unwrap();
    let size = sampler.shape().n_mels * sampler.shape().frames;
    assert_eq!(sampler.shape().n_mels, 32);
    let mut edited = 0;
    for step in 0..20 {
        let batch = sampler.batch(step).unwrap();
        assert_eq!((batch.first.len(), batch.second.len(), batch.items.len()), (6 * size, 6 * size, 6));
        assert!(batch.first.iter().chain(&batch.second).all(|x| x.is_finite()));
        let tracks: BTreeSet<usize> = batch.items.iter().map(|item| item.track).collect();
        assert_eq!(tracks.len(), 6, "no recording twice while others are left");
        for item in &batch.items {
            assert!(item.edits[0].is_none());
            edited += usize::from(item.edits[1].is_some());
            assert!(item.start + 8_000 <= corpus.samples(item.track));
            assert!(item.second_start.abs_diff(item.start) <= 800);
        }
    }
    assert!((90..120).contains(&edited), "{edited} of 120 under an edit");
}

#[test]
fn groups_come_together_as_often_as_asked() {
    let corpus = common::corpus(40);
    let together = |share: &str| {
        let sampler = sampler(&corpus, &format!("  same_group: {share}\n")).unwrap();
        let count = |step| {
            let batch = sampler.batch(step).unwrap();
            let group = |i: usize| corpus.info(batch.items[i].track).unwrap().group.clone();
            (1..6).filter(|&i| group(i) == group(i - 1)).count()
        };
        (0..30).map(count).sum::<usize>()
    };
    let (rare, often) = (together("0"), together("1"));
    assert!(rare < 20 && often > 40, "{rare} {often}");
}

#[test]
fn silence_is_left_out_and_counted() {
    // Every second song has sound in its first half alone.
    let song = |i: usize| {
        let mut samples = common::song(i, 4.0);
        if i % 2 == 1 {
            samples[16_000..].fill(0.0);
        }
        (TrackInfo::new(format!("{i}")), samples)
    };
    let corpus = Arc::new(Corpus::from_memory(common::RATE, (0..8).map(song)));
    let sampler = sampler(&corpus, "").unwrap();
    let silent: usize = (0..20).map(|step| sampler.batch(step).unwrap().silent).sum();
    assert!(silent > 5, "{silent}");
    let nothing = (0..8).map(|i| (TrackInfo::new(format!("{i}")), vec![0.0; 40_000]));
    let corpus = Arc::new(Corpus::from_memory(common::RATE, nothing));
    assert!(matches!(self::sampler(&corpus, "").unwrap().batch(0), Err(Error::TooFew { .. })));
}

#[test]
fn recordings_that_do_not_fit_are_refused() {
    let corpus = Arc::new(Corpus::from_memory(
        44_100,
        [(TrackInfo::new("a"), vec![0.1; 100_000]), (TrackInfo::new("b"), vec![0.1; 100_000])],
    ));
    assert!(matches!(sampler(&corpus, ""), Err(Error::SampleRate { got: 44_100, expected: 8_000 })));
    let one = common::corpus(1);
    assert!(matches!(sampler(&one, ""), Err(Error::TooFew { .. })));
    // Edits with noise, and no noise.
    let noisy = common::yaml("kind: siamese", "kind: pairs", "").replace("verification", "identification");
    let config = soundalike_train::TrainConfig::from_yaml(&noisy.replace("8000", "16000")).unwrap();
    let corpus = Arc::new(Corpus::from_memory(
        16_000,
        (0..4).map(|i| (TrackInfo::new(format!("{i}")), common::song(i, 8.0))),
    ));
    assert!(matches!(Sampler::training(&config, &corpus, &[0, 1], Sources::none()), Err(Error::Augment(_))));
    // Samples that are no numbers.
    let bad = (0..4).map(|i| (TrackInfo::new(format!("{i}")), vec![f32::NAN; 40_000]));
    let corpus = Arc::new(Corpus::from_memory(common::RATE, bad));
    assert!(matches!(
        sampler(&corpus, "").unwrap().batch(0),
        Err(Error::Augment(_) | Error::Model(_) | Error::Features(_))
    ));
}

#[test]
fn usable_leaves_out_what_is_short_or_without_label() {
    let info = |i: usize| match i % 2 {
        0 => TrackInfo::new(format!("{i}")).with_genre("folk"),
        _ => TrackInfo::new(format!("{i}")),
    };
    let make = || {
        Corpus::from_memory(
            common::RATE,
            (0..6).map(|i| (info(i), common::song(i, if i < 4 { 3.0 } else { 1.2 }))),
        )
    };
    let pairs = common::config("kind: siamese", "kind: pairs", "");
    let (corpus, left) = make().usable(&pairs).unwrap();
    assert_eq!((corpus.len(), left), (4, 2));
    let genre = common::config("kind: genre", "kind: classification", "");
    let (corpus, left) = make().usable(&genre).unwrap();
    assert_eq!((corpus.len(), left), (2, 4));
    assert_ne!(make().hash(), corpus.hash());
}
