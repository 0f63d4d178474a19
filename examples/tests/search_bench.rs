//! The example `search_bench` as a person runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod common;

use std::process::Command;

use common::{bad, example, good, stdout};
use serde_json::Value;

fn search_bench(dir: &tempfile::TempDir, args: &[&str]) -> Command {
    let mut command = example("search_bench");
    command.current_dir(dir.path()).args([
        "--n",
        "3000",
        "--dim",
        "20",
        "--queries",
        "100",
        "--seconds",
        "0",
    ]);
    command.args(args);
    command
}

fn json(dir: &tempfile::TempDir, args: &[&str]) -> (String, Value) {
    let text = stdout(&good(search_bench(dir, &[args, &["--json", "out.json"]].concat())));
    (text, serde_json::from_slice(&std::fs::read(dir.path().join("out.json")).unwrap()).unwrap())
}

#[test]
fn figures_for_each_form_of_storage() {
    let dir = tempfile::tempdir().unwrap();
    for dtype in ["f32", "f16", "int8"] {
        let metric = if dtype == "f16" { "l2" } else { "cosine" };
        let (text, json) = json(&dir, &["--dtype", dtype, "--metric", metric, "--filter", "0.5,0.01"]);
        assert!(text.contains("GB/s") && text.contains("GFLOP/s") && text.contains("recall@10"), "{text}");
        for key in ["single_ms", "batch100_ms", "read_gb_per_s", "bandwidth_fraction", "fma_fraction"] {
            assert!(json[key].as_f64().unwrap() > 0.0, "{key}: {json}");
        }
        assert!(json["recall_at_10"].as_f64().unwrap() >= 0.99, "{json}");
        assert_eq!((json["n"].as_u64(), json["dtype"].as_str()), (Some(3000), Some(dtype)));
        let filtered = json["filtered"].as_array().unwrap();
        assert_eq!(filtered.len(), 2);
        for part in filtered {
            assert!(part["recall_at_10"].as_f64().unwrap() >= 0.99, "{part}");
            let share = part["matches"].as_f64().unwrap() / 3000.0;
            assert!((share / part["share"].as_f64().unwrap() - 1.0).abs() < 0.4, "{part}");
        }
    }
}

#[test]
fn an_inverted_file_and_two_threads() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["--clustered", "--ivf", "1,30", "--nlist", "30", "--threads", "2", "--simd", "portable"];
    let (_, json) = json(&dir, &args);
    assert_eq!((json["threads"].as_u64(), json["simd"].as_str()), (Some(2), Some("portable")));
    let points = json["ivf"]["points"].as_array().unwrap();
    let recall = |point: &Value| point["recall_at_10"].as_f64().unwrap();
    assert!(recall(&points[0]) < 0.9 && recall(&points[1]) >= 0.99, "{points:?}");
    assert!(points.iter().all(|point| point["queries_per_s"].as_f64().unwrap() > 0.0));
}

#[test]
fn vectors_of_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, rows: usize| {
        let value = |i: usize| ((i * 7919 % 1009) as f32 / 500.0 - 1.0).to_le_bytes();
        std::fs::write(dir.path().join(name), (0..rows * 4).flat_map(value).collect::<Vec<u8>>()).unwrap();
    };
    write("v.f32", 500);
    write("q.f32", 100);
    write("few.f32", 99);
    let run = |queries: &str, dim: &str| {
        let mut command = example("search_bench");
        command.current_dir(dir.path()).args(["--vectors", "v.f32", "--query-file", queries, "--dim", dim]);
        command.args(["--seconds", "0", "--checked", "5", "--json", "out.json"]);
        command
    };
    good(run("q.f32", "4"));
    let json: Value = serde_json::from_slice(&std::fs::read(dir.path().join("out.json")).unwrap()).unwrap();
    assert_eq!((json["n"].as_u64(), json["recall_queries"].as_u64()), (Some(500), Some(5)));
    bad(run("q.f32", "3"), &["v.f32", "3 components"]);
    bad(run("few.f32", "4"), &["99 queries"]);
    bad(run("none.f32", "4"), &["none.f32"]);
}

#[test]
fn what_cannot_be_measured_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let refused: &[(&[&str], &str)] = &[
        (&["--n", "0"], "--n 0"),
        (&["--dim", "0"], "--dim 0"),
        (&["--dim", "70000"], "--dim 70000"),
        (&["--n", "1000000000000", "--dim", "64"], "too much"),
        (&["--queries", "99"], "--queries 99"),
        (&["--k", "0"], "--k 0"),
        (&["--threads", "0"], "--threads 0"),
        (&["--seconds", "-1"], "--seconds -1"),
        (&["--seconds", "nan"], "--seconds NaN"),
        (&["--filter", "0.5,0"], "--filter 0"),
        (&["--filter", "1.5"], "--filter 1.5"),
        (&["--ivf", "0"], "--ivf 0"),
        (&["--ivf", "1", "--nlist", "0"], "--nlist 0"),
        (&["--ivf", "1", "--nlist", "4000"], "--nlist 4000"),
        (&["--simd", "mmx"], "--simd mmx"),
    ];
    for (args, word) in refused {
        bad(search_bench(&dir, args), &[word]);
    }
    assert!(!dir.path().join("out.json").exists());
}
