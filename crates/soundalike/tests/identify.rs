//! The plain rule.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod support;

use soundalike::{
    ClipEmbedding, Embedder, Error, IdentifyOptions, MfccEmbedder, MfccEmbedderConfig, Standardization,
};
use support::{Bench, RATE, embedder, song};

fn cut(samples: &[f32], start: f64, seconds: f64) -> Vec<f32> {
    let at = |s: f64| (s * f64::from(RATE)) as usize;
    samples[at(start)..at(start + seconds)].to_vec()
}

#[test]
fn finds_the_song_and_the_place() {
    let bench = Bench::with_songs();
    bench.ingest();
    let (identifier, _) = bench.library().identifier().unwrap();
    assert_eq!(identifier.tracks(), ["a", "b", "c"]);
    for (seed, name) in [(1, "a"), (2, "b"), (3, "c")] {
        let clip = ClipEmbedding::new(&*embedder(), &cut(&song(seed, 12.0), 4.0, 5.0)).unwrap();
        let answer = identifier.identify(&clip, &IdentifyOptions::default()).unwrap();
        let best = answer.matched().unwrap();
        assert_eq!((best.track_id.as_str(), answer.rank_of(name)), (name, Some(1)));
        assert!((best.offset_s - 4.0).abs() < 0.01 && best.distance() < 1e-3, "{best:?}");
        assert!(answer.candidates.windows(2).all(|w| w[0].similarity >= w[1].similarity));
    }
}

#[test]
fn a_long_clip_is_placed_by_where_it_starts() {
    let bench = Bench::with_songs();
    bench.ingest();
    let (identifier, _) = bench.library().identifier().unwrap();
    let clip = ClipEmbedding::new(&*embedder(), &cut(&song(2, 12.0), 2.0, 9.0)).unwrap();
    let answer = identifier.identify(&clip, &IdentifyOptions::default()).unwrap();
    assert_eq!(answer.best().map(|c| c.track_id.as_str()), Some("b"));
    assert!((answer.best().unwrap().offset_s - 2.0).abs() < 0.01);
}

#[test]
fn excluded_songs_are_never_answered_and_the_rest_is_as_if_they_were_not_there() {
    let bench = Bench::with_songs();
    bench.ingest();
    let (identifier, _) = bench.library().identifier().unwrap();
    let clip = ClipEmbedding::new(&*embedder(), &cut(&song(1, 12.0), 3.3, 5.0)).unwrap();
    let options = IdentifyOptions::default().with_candidates(10);
    let all = identifier.identify(&clip, &options).unwrap();
    let without = identifier.identify_where(&clip, &options, |id| id != "a").unwrap();
    assert_eq!(without.rank_of("a"), None);
    let rest: Vec<_> = all.candidates.iter().filter(|c| c.track_id != "a").cloned().collect();
    assert_eq!(without.candidates, rest);
    let none = identifier.identify_where(&clip, &options, |_| false).unwrap();
    assert!(none.best().is_none() && !none.is_match);
}

#[test]
fn the_threshold_decides() {
    let bench = Bench::with_songs();
    bench.ingest();
    let (identifier, _) = bench.library().identifier().unwrap();
    let clip = ClipEmbedding::new(&*embedder(), &cut(&song(1, 12.0), 3.3, 5.0)).unwrap();
    let ask = |t| identifier.identify(&clip, &IdentifyOptions::default().with_threshold(t));
    let distance = ask(2.0).unwrap().best().unwrap().distance();
    assert!(distance > 0.0);
    assert!(ask(distance * 1.01).unwrap().is_match && !ask(distance * 0.99).unwrap().is_match);
    for bad in [-0.1, 2.1, f64::NAN] {
        assert!(matches!(ask(bad), Err(Error::Setting { name: "threshold", .. })));
    }
}

#[test]
fn clips_that_cannot_be_asked() {
    let e = embedder();
    let silent = vec![0.0; 5 * RATE as usize];
    assert!(matches!(ClipEmbedding::new(&*e, &silent), Err(Error::SilentQuery { .. })));
    assert!(matches!(ClipEmbedding::new(&*e, &[]), Err(Error::TooShort { got: 0, .. })));
    assert!(matches!(ClipEmbedding::new(&*e, &vec![0.1; e.min_samples() - 1]), Err(Error::TooShort { .. })));
    let mut broken = song(1, 5.0);
    broken[77] = f32::NAN;
    assert!(matches!(ClipEmbedding::new(&*e, &broken), Err(Error::Features(_))));
}

#[test]
fn vectors_of_two_embedders_are_never_compared() {
    let bench = Bench::with_songs();
    bench.ingest();
    let (identifier, _) = bench.library().identifier().unwrap();
    let other = MfccEmbedder::new(&MfccEmbedderConfig::default().with_chunks(4.0, 2.0)).unwrap();
    assert_ne!(other.id(), embedder().id());
    let clip = ClipEmbedding::new(&other, &song(1, 5.0)).unwrap();
    let error = identifier.identify(&clip, &IdentifyOptions::default()).unwrap_err();
    assert!(matches!(error, Error::OtherEmbedder { .. }));
    // Opened with the other embedder, the library has nothing to search.
    let library = soundalike::Library::open(&bench.path("library"), std::sync::Arc::new(other)).unwrap();
    assert!(matches!(library.identifier(), Err(Error::EmptyLibrary { .. })));
}

#[test]
fn standardisation_is_part_of_the_id_and_checked() {
    let figures = Standardization::music_22050();
    let config = |s: Standardization| {
        let mut config = MfccEmbedderConfig::default();
        config.standardization = s;
        MfccEmbedder::new(&config)
    };
    let mut other = figures.clone();
    other.mean[3] += 1e-3;
    assert_ne!(config(figures.clone()).unwrap().id(), config(other).unwrap().id());
    for bad in [0.0, -1.0, f32::NAN] {
        let mut s = figures.clone();
        s.std[0] = bad;
        assert!(matches!(config(s), Err(Error::Standardization { .. })));
    }
    let short = Standardization { mean: vec![0.0; 19], std: vec![1.0; 19] };
    assert!(matches!(config(short), Err(Error::Standardization { .. })));
}

#[test]
fn fitted_figures_give_mean_zero_and_deviation_one() {
    let vectors = [vec![1.0_f32, 10.0], vec![3.0, 30.0], vec![5.0, 20.0]];
    let s = Standardization::fit(vectors.iter().map(Vec::as_slice)).unwrap();
    assert_eq!(s.mean, [3.0, 20.0]);
    assert!(
        (s.std[0] - (8.0_f32 / 3.0).sqrt()).abs() < 1e-6
            && (s.std[1] - (200.0_f32 / 3.0).sqrt()).abs() < 1e-5
    );
    let fit = |v: &[Vec<f32>]| Standardization::fit(v.iter().map(Vec::as_slice));
    assert!(fit(&[]).is_err() && fit(&[vec![1.0]]).is_err());
    assert!(fit(&[vec![1.0], vec![1.0]]).is_err(), "a component that never varies");
    assert!(fit(&[vec![1.0], vec![1.0, 2.0]]).is_err());
    assert!(fit(&[vec![1.0], vec![f32::NAN]]).is_err());
}
