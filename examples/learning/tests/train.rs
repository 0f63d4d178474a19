//! The example `train`: each kind, its measures, and what cannot stop it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{Bench, ok, refused};

#[test]
fn each_kind_trains_and_one_is_measured() {
    let bench = Bench::new(24, 6.0);
    let table = (0..24).fold("file,group,genre\n".to_owned(), |table, i| {
        format!("{table}song-{i:02}.wav,artist {},genre {}\n", i / 2, i % 2)
    });
    fs::write(bench.path("table.csv"), table).unwrap();
    let kinds = ["simclr", "infonce", "supcon", "contrastive", "triplet", "autoencoder", "genre", "identify"];
    for kind in kinds {
        let mut command = bench.train(&format!("{kind}.yaml"), kind);
        let said = ok(command.arg("--metadata").arg(bench.path("table.csv")).args(["--steps", "2"]));
        assert!(said.contains("done: 2 steps"), "{kind}: {said}");
        assert!(bench.path(kind).join("best.safetensors").exists(), "{kind}");
        assert!(bench.path(kind).join("curves.png").exists(), "{kind}");
    }
    let json = bench.path("figures.json");
    let mut command = bench.train("siamese.yaml", "siamese");
    command.arg("--metadata").arg(bench.path("table.csv")).args(["--folds", "2", "--verify", "--retrieval"]);
    command.args(["--pairs", "20", "--clips", "1", "--queries", "2", "--steps", "2"]);
    let said = ok(command.arg("--json").arg(&json).arg("--pairs-out").arg(bench.path("pairs.csv")));
    assert!(said.contains("| accuracy |") && said.contains("| tempo +30 % |"), "{said}");
    assert!(said.contains("| clean | 5 |"), "{said}");
    for fold in [1, 2] {
        let pairs = fs::read_to_string(bench.path(&format!("pairs.{fold}.csv"))).unwrap();
        assert_eq!(pairs.lines().count(), 41, "fold {fold}");
        assert!(bench.path("siamese").join(format!("fold{fold}/best.safetensors")).exists());
    }
    let figures: serde_json::Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    assert_eq!(figures["runs"].as_array().unwrap().len(), 2);
    assert_eq!(figures["verification"].as_array().unwrap().len(), 2);
    assert!(bench.path("siamese").join("roc.png").exists());
}

#[test]
fn killed_and_resumed_equals_unbroken() {
    let bench = Bench::new(24, 6.0);
    let steps = ["--steps", "40"];
    ok(bench.train("siamese.yaml", "whole").args(steps));
    // Killed without warning, several times, at whatever it is doing then.
    let mut kills = 0;
    for wait in [300, 700, 500, 900] {
        let mut command = bench.train("siamese.yaml", "killed");
        command.args(steps).arg("--resume").stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(wait) && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
    }
    ok(bench.train("siamese.yaml", "killed").args(steps).arg("--resume"));
    assert!(kills > 0, "the machine was too fast for this test");
    let losses = |folder: &str| {
        let table = fs::read_to_string(bench.path(folder).join("history.csv")).unwrap();
        let rows = table.lines().map(|row| row.split(',').take(4).collect::<Vec<_>>().join(","));
        rows.collect::<Vec<_>>()
    };
    assert_eq!(losses("killed"), losses("whole"));
    let weights = |folder: &str| {
        let bytes = fs::read(bench.path(folder).join("best.safetensors")).unwrap();
        let head = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        bytes[8 + head..].to_vec()
    };
    assert!(weights("killed") == weights("whole"), "the weights differ");
}

#[test]
fn what_cannot_be_is_said_in_a_line() {
    let bench = Bench::new(3, 2.0);
    assert!(refused(bench.train("none.yaml", "a").args(["--steps", "1"])).contains("none.yaml"));
    let said = refused(&mut bench.train("siamese.yaml", "a"));
    assert!(said.contains("too short") || said.contains("groups"), "{said}");
    let config = bench.path("bad.yaml");
    fs::write(
        &config,
        "model: {kind: siamese}\ntraining:\n  objective: {kind: pairs}\n  stepps: 3\ndata: {}\n",
    )
    .unwrap();
    let said = refused(bench.train("siamese.yaml", "a").arg("--config").arg(&config));
    assert!(said.contains("stepps") && said.contains("line 4"), "{said}");
    assert!(!bench.path("a").join("state.bin").exists());
    let said = refused(bench.train("siamese.yaml", "a").args(["--device", "ndarray"]));
    assert!(said.contains("--features ndarray"), "{said}");
    let empty = bench.path("empty");
    fs::create_dir(&empty).unwrap();
    assert!(refused(bench.train("siamese.yaml", "a").arg("--music").arg(&empty)).contains("audio"));
}

#[test]
fn a_second_run_needs_resume_or_another_folder() {
    let bench = Bench::new(24, 6.0);
    ok(bench.train("siamese.yaml", "run").args(["--steps", "2"]));
    let said = refused(bench.train("siamese.yaml", "run").args(["--steps", "2"]));
    assert!(said.contains("resume"), "{said}");
    assert!(
        refused(bench.train("siamese.yaml", "run").args(["--steps", "3", "--resume"]))
            .contains("configuration")
    );
    let state = bench.path("run").join("state.bin");
    let bytes = fs::read(&state).unwrap();
    fs::write(&state, &bytes[..100]).unwrap();
    assert!(
        refused(bench.train("siamese.yaml", "run").args(["--steps", "2", "--resume"])).contains("damaged")
    );
    assert_eq!(fs::read(&state).unwrap().len(), 100);
}
