//! Pairs, modifications and segments.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use burn::prelude::Device;
use soundalike_augment::Sources;
use soundalike_eval::roc_auc;
use soundalike_models::Checkpoint;
use soundalike_train::{
    Condition, Error, MfccScorer, ModelScorer, PairKind, PairMaker, PairsConfig, RetrievalConfig, Scorer,
    modifications, segment_retrieval, write_pairs,
};

fn maker(corpus: &std::sync::Arc<soundalike_train::Corpus>) -> PairMaker {
    let config = common::config("kind: siamese", "kind: pairs", "");
    PairMaker::new(&config.data, corpus, Sources::none()).unwrap()
}

#[test]
fn pairs_are_balanced_and_stay_in_their_part() {
    let corpus = common::corpus(20);
    let maker = maker(&corpus);
    let part: Vec<usize> = (4..14).collect();
    let config = PairsConfig::default().with_pairs(200).with_seed(3);
    let set = maker.pairs(&part, &config).unwrap();
    assert_eq!(set.pairs.len(), 200);
    assert_eq!(set.pairs.iter().filter(|pair| pair.similar()).count(), 100);
    let info = |track: usize| corpus.info(track).unwrap();
    let mut kinds = BTreeMap::new();
    for pair in &set.pairs {
        let (first, second) = (&pair.first, &pair.second);
        assert!(part.contains(&first.track) && part.contains(&second.track) && first.edit.is_none());
        *kinds.entry(format!("{:?}", pair.kind)).or_insert(0) += 1;
        match pair.kind {
            PairKind::Similar => assert_eq!((first.track, first.start), (second.track, second.start)),
            PairKind::SameGroup => assert_eq!(info(first.track).group, info(second.track).group),
            PairKind::SameGenre => assert_eq!(info(first.track).genre, info(second.track).genre),
            _ => {}
        }
        assert!(pair.similar() == (first.track == second.track));
    }
    // Each group has two recordings: half of the different pairs are hard.
    assert!((30..70).contains(&kinds["SameGroup"]), "{kinds:?}");
    // Edits of both labels come from one distribution.
    let edited =
        |similar| set.pairs.iter().filter(|p| p.similar() == similar && p.second.edit.is_some()).count();
    assert!(edited(true) > 75 && edited(false) > 75, "{} {}", edited(true), edited(false));
    assert_eq!(maker.pairs(&part, &config).unwrap(), set);
    assert!(matches!(maker.pairs(&[1], &config), Err(Error::TooFew { .. })));
}

#[test]
fn pairs_are_written_as_they_are_used() {
    let corpus = common::corpus(8);
    let set = maker(&corpus).pairs(&[0, 1, 2, 3], &PairsConfig::default().with_pairs(10)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pairs.csv");
    write_pairs(&path, &corpus, [("test", &set.pairs[..])]).unwrap();
    let mut reader = csv::Reader::from_path(&path).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 10);
    for (row, pair) in rows.iter().zip(&set.pairs) {
        assert_eq!(&row[0], "test");
        assert_eq!(row[1], corpus.info(pair.first.track).unwrap().id);
        assert_eq!(&row[7], if pair.similar() { "1" } else { "0" });
    }
}

#[test]
fn the_baseline_hears_something() {
    let corpus = common::corpus(20);
    let maker = maker(&corpus);
    let all: Vec<usize> = (0..20).collect();
    let scorer = MfccScorer::fit(common::RATE, &maker.clips(&all, 40, 1).unwrap()).unwrap();
    let set = maker.pairs(&all, &PairsConfig::default().with_pairs(100)).unwrap();
    let scored = maker.score(&set.pairs, &scorer).unwrap();
    assert_eq!(
        (scored.scores.len(), scored.labels.len(), scored.groups.len(), scored.hard.len()),
        (100, 100, 100, 100)
    );
    assert!(roc_auc(&scored.scores, &scored.labels).unwrap() > 0.7);
    let table = maker.score_modifications(&all, 2, &modifications(), &scorer, 1).unwrap();
    let kinds: BTreeSet<&str> = table.kinds.iter().map(String::as_str).collect();
    assert_eq!(kinds.len(), modifications().len() + 2);
    assert_eq!(table.scores.len(), 40 * kinds.len());
    let mean = |kind: &str| {
        let of: Vec<f64> =
            table.kinds.iter().zip(&table.scores).filter(|(k, _)| *k == kind).map(|(_, s)| *s).collect();
        of.iter().sum::<f64>() / of.len() as f64
    };
    assert!(mean("tempo +10 %") > 0.9 && mean("different song") < 0.5);
    assert!(matches!(MfccScorer::fit(common::RATE, &[]), Err(Error::TooFew { .. })));
    assert!(scorer.embed(&[vec![f32::NAN; 8_000]]).is_err());
}

#[test]
fn a_model_scores_a_clip_with_itself_as_its_network_does() {
    let corpus = common::corpus(20);
    let config = common::config("kind: siamese", "kind: pairs", "");
    let folder = tempfile::tempdir().unwrap();
    let outcome = common::train(&config, &corpus, folder.path(), false);
    let device = Device::flex();
    let checkpoint = Checkpoint::load(&outcome.checkpoint, &device).unwrap();
    let scorer = ModelScorer::new(checkpoint, &device).unwrap();
    let clips = [common::song(1, 1.0), common::song(1, 1.0), common::song(9, 1.0)];
    let rows = scorer.embed(&clips).unwrap();
    assert_eq!(rows[0], rows[1]);
    let scores = scorer.score(&[(&rows[0], &rows[1]), (&rows[0], &rows[2]), (&rows[2], &rows[0])]).unwrap();
    assert!(scores.iter().all(|p| (0.0..=1.0).contains(p)), "{scores:?}");
    assert_eq!(scores[1], scores[2]);
    // One at a time and in a batch: the same up to rounding.
    let alone = scorer.embed(&clips[2..]).unwrap();
    assert!(alone[0].iter().zip(&rows[2]).all(|(a, b)| (a - b).abs() < 1e-4));
}

#[test]
fn a_clean_stretch_finds_its_place() {
    let corpus = common::corpus(10);
    let clips: Vec<Vec<f32>> = (0..10).map(|i| common::song(i, 1.0)).collect();
    let scorer = MfccScorer::fit(common::RATE, &clips).unwrap();
    let all: Vec<usize> = (0..10).collect();
    let conditions: Vec<Condition> =
        Condition::usual().into_iter().filter(|c| c.name == "clean").take(2).collect();
    let config = RetrievalConfig::new(0.5).with_queries(20);
    let rows =
        segment_retrieval(&corpus, &all, &all, &scorer, &conditions, Sources::none(), &config).unwrap();
    assert_eq!(rows.len(), 2);
    for row in &rows {
        assert_eq!(row.queries, 20);
        assert!(row.track >= 16 && row.exact <= row.track, "{row:?}");
    }
    let none = segment_retrieval(&corpus, &all, &[], &scorer, &conditions, Sources::none(), &config);
    assert!(matches!(none, Err(Error::TooFew { .. })));
}

/// A scorer that loses a vector.
struct Forgetful;

impl Scorer for Forgetful {
    fn name(&self) -> &str {
        "forgetful"
    }

    fn sample_rate(&self) -> u32 {
        common::RATE
    }

    fn embed(&self, clips: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, Error> {
        Ok(clips.iter().skip(1).map(|_| vec![1.0]).collect())
    }
}

#[test]
fn a_scorer_that_does_not_keep_its_word_is_an_error() {
    let corpus = common::corpus(8);
    let maker = maker(&corpus);
    let part: Vec<usize> = (0..8).collect();
    let set = maker.pairs(&part, &PairsConfig::default().with_pairs(4)).unwrap();
    assert!(matches!(maker.score(&set.pairs, &Forgetful), Err(Error::Scorer { got: 7, expected: 8, .. })));
    let table = maker.score_modifications(&part, 1, &modifications(), &Forgetful, 1);
    assert!(matches!(table, Err(Error::Scorer { .. })));
    let device = Device::flex();
    let folder = tempfile::tempdir().unwrap();
    let outcome = common::train(
        &common::config("kind: siamese", "kind: pairs", ""),
        &common::corpus(20),
        folder.path(),
        false,
    );
    let scorer = ModelScorer::new(Checkpoint::load(&outcome.checkpoint, &device).unwrap(), &device).unwrap();
    assert!(matches!(scorer.score(&[(&[1.0], &[1.0])]), Err(Error::Scorer { got: 1, .. })));
}
