//! Rules of the house that the compiler does not hold: who may depend on whom, how much a crate pulls in, licences,
//! and that an outside project can use a crate.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The arrows of docs/design.md.
const ARROWS: [(&str, &[&str]); 10] = [
    ("soundalike-features", &[]),
    ("soundalike-audio", &[]),
    ("soundalike-index", &[]),
    ("soundalike-eval", &[]),
    ("soundalike-catalog", &[]),
    ("soundalike-losses", &[]),
    ("soundalike-augment", &["soundalike-features"]),
    ("soundalike-models", &["soundalike-features"]),
    (
        "soundalike-train",
        &[
            "soundalike-models",
            "soundalike-losses",
            "soundalike-augment",
            "soundalike-features",
            "soundalike-eval",
            "soundalike-audio",
        ],
    ),
    (
        "soundalike",
        &[
            "soundalike-features",
            "soundalike-index",
            "soundalike-catalog",
            "soundalike-eval",
            "soundalike-audio",
            "soundalike-models",
        ],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn cargo(args: &[&str]) -> String {
    let out = Command::new(env!("CARGO")).args(args).current_dir(root()).output().unwrap();
    assert!(out.status.success(), "cargo {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn metadata(args: &[&str]) -> Value {
    let all =
        [&["metadata", "--format-version", "1", "--offline", "--locked", "--all-features"], args].concat();
    serde_json::from_str(&cargo(&all)).unwrap()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn packages(metadata: &Value) -> &[Value] {
    metadata["packages"].as_array().unwrap()
}

#[test]
fn crates_depend_along_the_arrows() {
    let metadata = metadata(&["--no-deps"]);
    let ours: BTreeSet<&str> = packages(&metadata).iter().map(|p| text(p, "name")).collect();
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    for package in packages(&metadata) {
        let name = text(package, "name");
        if ["soundalike-examples", "soundalike-learning", "soundalike-benches"].contains(&name) {
            continue;
        }
        let allowed = arrows.get(name).unwrap_or_else(|| panic!("{name} has no line in the table of arrows"));
        for dependency in package["dependencies"].as_array().unwrap() {
            let to = text(dependency, "name");
            assert!(
                !ours.contains(to) || allowed.contains(&to),
                "{name} -> {to} is no arrow of docs/design.md"
            );
        }
    }
}

#[test]
fn features_stay_small_and_nothing_pulls_in_burn() {
    let tree = |package: &str, more: &[&str]| -> BTreeSet<String> {
        let args = ["tree", "--offline", "--locked", "-e", "normal,build", "--prefix", "none", "-p", package];
        let lines = cargo(&[&args[..], more].concat());
        lines.lines().filter_map(|l| l.split_whitespace().next()).map(str::to_owned).collect()
    };
    let features = tree("soundalike-features", &[]);
    assert!(features.len() <= 25, "{} crates: {features:?}", features.len());
    for package in ["soundalike-features", "soundalike-augment", "soundalike-examples"] {
        let burn: Vec<_> = tree(package, &[]).into_iter().filter(|c| c.starts_with("burn")).collect();
        assert!(burn.is_empty(), "{package} compiles {burn:?}");
    }
}

#[test]
fn every_crate_can_be_published() {
    let metadata = metadata(&["--no-deps"]);
    for package in packages(&metadata) {
        let name = text(package, "name");
        if package["publish"].as_array().is_some_and(Vec::is_empty) {
            continue;
        }
        assert!(text(package, "description").len() > 20, "{name}: description");
        assert_eq!(text(package, "license"), "MIT OR Apache-2.0", "{name}");
        assert!((3..=5).contains(&package["keywords"].as_array().unwrap().len()), "{name}: keywords");
        let folder = Path::new(text(package, "manifest_path")).parent().unwrap();
        for file in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            assert!(folder.join(file).metadata().unwrap().len() > 200, "{name}: {file}");
        }
        assert_eq!(
            package["metadata"]["docs"]["rs"]["all-features"],
            Value::Bool(true),
            "{name}: docs metadata"
        );
    }
}

#[test]
fn no_dependency_is_under_gpl_or_without_a_licence() {
    let metadata = metadata(&[]);
    for package in packages(&metadata) {
        let (name, licence) = (text(package, "name"), text(package, "license"));
        assert!(!licence.is_empty() || !text(package, "license_file").is_empty(), "{name}: no licence");
        let choices = licence.replace('/', " OR ");
        let free = choices.split(" OR ").any(|choice| !choice.contains("GPL"));
        assert!(free, "{name}: {licence}");
    }
}

/// A project outside of the workspace, as `cargo add --path` leaves it, whose program is the front page of `folder`'s
/// crate.
fn outside_project(folder: &str, run: &str) {
    let dir = tempfile::tempdir().unwrap();
    let crate_dir = root().join("crates").join(folder);
    let front_page = std::fs::read_to_string(crate_dir.join("README.md")).unwrap();
    let block = front_page.split("```rust").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let code = block.split_once('\n').unwrap().1;
    assert!(code.contains("fn main"), "{code}");
    std::fs::create_dir(dir.path().join("src")).unwrap();
    std::fs::write(dir.path().join("src/main.rs"), code).unwrap();
    let name = if folder == "soundalike" { folder.to_owned() } else { format!("soundalike-{folder}") };
    let manifest = format!(
        "[package]\nname = \"outside-{folder}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [dependencies]\n{name} = {{ path = {crate_dir:?} }}\n[workspace]\n"
    );
    std::fs::write(dir.path().join("Cargo.toml"), manifest).unwrap();
    // The versions of the workspace, which are on this machine already: nothing is fetched.
    std::fs::copy(root().join("Cargo.lock"), dir.path().join("Cargo.lock")).unwrap();
    let out = Command::new(env!("CARGO"))
        .args([run, "--quiet", "--offline"])
        .current_dir(dir.path())
        .env("CARGO_TARGET_DIR", root().join("target/outside"))
        .output()
        .unwrap();
    assert!(out.status.success(), "{folder}: {}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn outside_projects_run_the_front_pages() {
    for folder in ["features", "audio", "index", "eval", "catalog"] {
        outside_project(folder, "run");
    }
    // Its program wants a folder of music.
    outside_project("soundalike", "check");
}
