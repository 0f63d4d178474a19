//! The examples as a person runs them: what they write, and how they end when something is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

mod common;

use std::path::Path;
use std::process::Command;

use common::{Bench, RATE, bad, example, extract, good, song, stderr, stdout};
use serde_json::Value;
use soundalike_audio::{WavFormat, write_wav};

#[test]
fn every_example_answers_help() {
    for name in ["pipeline", "extract", "search_bench", "standardize", "augment"] {
        let mut command = example(name);
        command.arg("--help");
        let text = stdout(&good(command));
        assert!(text.contains("Usage:") && text.contains("--json"), "{text}");
    }
}

#[test]
fn a_folder_becomes_answers_a_report_and_json() {
    let bench = Bench::new(4, 9.0);
    std::fs::write(bench.path("music/broken.mp3"), "no music").unwrap();
    let text = stdout(&good(bench.pipeline()));
    assert!(text.contains("5 found; 4 read") && text.contains("broken.mp3"), "{text}");
    let json = bench.json();
    assert_eq!(json["ingest"]["indexed"], 4);
    assert_eq!(json["ingest"]["skipped"].as_array().unwrap().len(), 1);
    assert_eq!(json["library"]["songs"], 4);
    let conditions = json["conditions"].as_array().unwrap();
    assert!(conditions.len() >= 4);
    for condition in conditions {
        assert_eq!((&condition["known"], &condition["unknown"]), (&Value::from(4), &Value::from(4)));
    }
    // A clean cut of an indexed file is found, or something is broken.
    assert_eq!(conditions[0]["top_1"]["rate"], 1.0);
    let page = std::fs::read_to_string(bench.path("report/index.html")).unwrap();
    for needed in ["song-00", "broken.mp3", "data:image/svg+xml"] {
        assert!(page.contains(needed), "{needed}");
    }
    assert!(!page.contains("<script") && !page.contains("src=\"http"));

    let text = stdout(&good(bench.pipeline()));
    assert!(text.contains("0 read") && text.contains("4 unchanged") && text.contains("read from"), "{text}");
    let again = bench.json();
    assert_eq!((&json["conditions"], &json["questions"]), (&again["conditions"], &again["questions"]));
}

#[test]
fn unknown_songs_from_a_folder_of_their_own() {
    let bench = Bench::new(3, 7.0);
    std::fs::create_dir(bench.path("strangers")).unwrap();
    write_wav(bench.path("strangers/x.wav"), &song(9, 7.0), RATE, WavFormat::I16).unwrap();
    std::fs::write(bench.path("strangers/y.wav"), "broken").unwrap();
    let mut command = bench.pipeline();
    command.args(["--unknown", "strangers"]);
    let out = good(command);
    assert!(stderr(&out).contains("y.wav"));
    assert!(
        bench.json()["conditions"].as_array().unwrap().iter().all(|c| c["known"] == 3 && c["unknown"] == 1)
    );
}

#[test]
fn folders_that_cannot_be_used_end_the_run_and_nothing_is_written() {
    let bench = Bench::new(0, 0.0);
    let fails = |word: &str| {
        bad(bench.pipeline(), &["music", word]);
        for made in ["library", "report", "out.json"] {
            assert!(!bench.path(made).exists(), "{made} was made");
        }
    };
    fails("no audio files");
    std::fs::write(bench.path("music/readme.txt"), "no audio here").unwrap();
    fails("no audio files");
    std::fs::remove_dir_all(bench.path("music")).unwrap();
    fails("no such");
    std::fs::write(bench.path("music"), "a file").unwrap();
    fails("not a folder");
}

/// Root may read every folder, so as root the run is another user's.
#[cfg(unix)]
#[test]
fn an_unreadable_folder_ends_the_run() {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    use std::os::unix::process::CommandExt as _;
    const NOBODY: u32 = 65_534;
    let bench = Bench::new(1, 6.0);
    let mode = |m| std::fs::set_permissions(bench.path("music"), std::fs::Permissions::from_mode(m)).unwrap();
    mode(0o000);
    let mut run = bench.pipeline();
    if std::fs::read_dir(bench.path("music")).is_ok() {
        chown(bench.dir.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        run.uid(NOBODY).gid(NOBODY);
        let mut help = example("pipeline");
        if help.arg("--help").uid(NOBODY).gid(NOBODY).output().is_err() {
            println!("skipped: only root may run what was built here");
            return;
        }
    }
    bad(run, &["music", "Permission denied"]);
    assert!(!bench.path("library").exists() && !bench.path("report").exists());
    mode(0o755);
}

#[test]
fn only_broken_files_end_the_run() {
    let bench = Bench::new(0, 0.0);
    std::fs::write(bench.path("music/a.mp3"), "no music").unwrap();
    bad(bench.pipeline(), &["a.mp3", "none of 1"]);
    assert!(!bench.path("report").exists() && !bench.path("out.json").exists());
}

#[test]
fn foreign_catalogs_and_changed_indexes_are_named_and_kept() {
    let bench = Bench::new(3, 6.0);
    good(bench.pipeline());
    let files = ["library/catalog.sqlite", "library/index.sndx", "report/index.html", "out.json"];
    let before: Vec<Vec<u8>> = files.iter().map(|f| std::fs::read(bench.path(f)).unwrap()).collect();

    let mut changed = before[1].clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 0x10;
    std::fs::write(bench.path(files[1]), &changed).unwrap();
    bad(bench.pipeline(), &["index.sndx", "delete this file"]);
    assert_eq!(std::fs::read(bench.path(files[1])).unwrap(), changed);
    for (file, bytes) in files.iter().zip(&before).skip(2) {
        assert_eq!(&std::fs::read(bench.path(file)).unwrap(), bytes, "{file}");
    }

    std::fs::remove_dir_all(bench.path("library")).unwrap();
    std::fs::create_dir(bench.path("library")).unwrap();
    std::fs::write(bench.path(files[0]), "minutes of the meeting").unwrap();
    bad(bench.pipeline(), &["catalog.sqlite"]);
    assert_eq!(std::fs::read(bench.path(files[0])).unwrap(), b"minutes of the meeting");
    assert_eq!(std::fs::read_dir(bench.path("library")).unwrap().count(), 1);
}

/// A limit on file size stands in for a full disk: writes fail half-way.
#[cfg(unix)]
#[test]
fn a_disk_that_fills_up_ends_the_run_and_keeps_what_was_there() {
    let bench = Bench::new(3, 6.0);
    good(bench.pipeline());
    let report = std::fs::read(bench.path("report/index.html")).unwrap();
    let json = std::fs::read(bench.path("out.json")).unwrap();
    let limited = |blocks: u32, library: &str| {
        let inner = bench.pipeline();
        let mut command = Command::new("sh");
        command.current_dir(bench.dir.path()).arg("-c");
        command.arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\" --library {library}"));
        let keep: Vec<_> = inner.get_args().filter(|a| *a != "--library" && *a != "library").collect();
        command.arg(inner.get_program()).args(keep);
        command
    };
    // Not even the catalog fits.
    bad(limited(4, "fresh"), &["fresh"]);
    // The catalog is there and needs no growth; the report does not fit.
    bad(limited(128, "library"), &["report"]);
    assert_eq!(std::fs::read(bench.path("report/index.html")).unwrap(), report);
    assert_eq!(std::fs::read(bench.path("out.json")).unwrap(), json);
    assert_eq!(std::fs::read_dir(bench.path("report")).unwrap().count(), 1, "a half-written file was left");
    good(bench.pipeline());

    if Path::new("/dev/full").exists() {
        let mut command = bench.pipeline();
        command.args(["--json", "/dev/full"]);
        // The later of two --json counts.
        bad(command, &["/dev/full"]);
    }
}

/// Ends a run in the middle by `signal`, and sees that the next one goes on from there.
#[cfg(unix)]
fn ended_by(signal: &str) -> Option<i32> {
    let bench = Bench::new(24, 30.0);
    let mut child = bench.pipeline();
    child.args(["--threads", "1"]).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = child.spawn().unwrap();
    while bench.songs() < 2 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let kill = Command::new("sh").arg("-c").arg(format!("kill -{signal} {}", child.id())).status().unwrap();
    let code = child.wait().unwrap().code();
    let kept = bench.songs();
    assert!(kept >= 2, "{kept} songs are left");
    assert!(kept < 24 || !kill.success(), "the run was over before the signal came");
    assert!(!bench.path("report").exists());
    good(bench.pipeline());
    let ingest = &bench.json()["ingest"];
    assert_eq!(ingest["unchanged"], kept);
    assert_eq!(ingest["indexed"], 24 - kept);
    code
}

#[cfg(unix)]
#[test]
fn ctrl_c_loses_nothing_that_was_finished() {
    assert_eq!(ended_by("INT"), Some(130));
}

#[cfg(unix)]
#[test]
fn nor_does_a_kill() {
    assert_eq!(ended_by("KILL"), None);
}

/// A WAV file of two hours, 8 bit at 11,025 Hz.
#[cfg(unix)]
fn two_hours(path: &Path) {
    use std::io::Write as _;
    let (rate, seconds) = (11_025_u32, 7_200_u32);
    let n = rate * seconds;
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    file.write_all(b"RIFF").unwrap();
    file.write_all(&(36 + n).to_le_bytes()).unwrap();
    file.write_all(b"WAVEfmt \x10\0\0\0\x01\0\x01\0").unwrap();
    file.write_all(&rate.to_le_bytes()).unwrap();
    file.write_all(&rate.to_le_bytes()).unwrap();
    file.write_all(b"\x01\0\x08\0data").unwrap();
    file.write_all(&n.to_le_bytes()).unwrap();
    let minute: Vec<u8> =
        (0..60 * rate).map(|i| 128 + (((i / 40) * 37 + i * (i / rate)) % 90) as u8).collect();
    for _ in 0..seconds / 60 {
        file.write_all(&minute).unwrap();
    }
    file.flush().unwrap();
}

/// With all address space, not only resident memory, held below 500 MB.
#[cfg(unix)]
#[test]
fn two_hours_fit_into_500_megabytes() {
    let bench = Bench::new(1, 6.0);
    two_hours(&bench.path("music/long.wav"));
    let limited = |mut inner: Command| {
        let mut command = Command::new("sh");
        command.current_dir(bench.dir.path()).args(["-c", "ulimit -v 500000; exec \"$0\" \"$@\""]);
        inner.current_dir(bench.dir.path());
        command.arg(inner.get_program()).args(inner.get_args());
        command
    };
    let mut pipeline = bench.pipeline();
    pipeline.args(["--threads", "2"]);
    good(limited(pipeline));
    let json = bench.json();
    assert_eq!(json["ingest"]["indexed"], 2);
    assert!(json["library"]["vectors"].as_u64().unwrap() > 3_590);
    good(limited(extract(&bench, &["music/long.wav", "--feature", "mel", "--out", "long.png"])));
}

/// `pipeline | head -1`, and a full disk behind the standard output.
#[cfg(unix)]
#[test]
fn what_is_printed_may_go_nowhere() {
    let bench = Bench::new(2, 6.0);
    let shell = |script: &str, inner: &Command| {
        let mut command = Command::new("sh");
        command.current_dir(bench.dir.path()).args(["-c", script]);
        command.arg(inner.get_program()).args(inner.get_args());
        command
    };
    let run = bench.pipeline();
    let out = good(shell("{ \"$0\" \"$@\"; echo \"code $?\" >&2; } | head -n 1", &run));
    assert!(stderr(&out).contains("code 0") && !stderr(&out).contains("panicked"), "{}", stderr(&out));
    assert!(bench.path("report/index.html").exists() && bench.path("out.json").exists());
    if Path::new("/dev/full").exists() {
        let full = "exec \"$0\" \"$@\" > /dev/full";
        bad(shell(full, &run), &["standard output"]);
        bad(
            shell(full, &extract(&bench, &["music", "--feature", "mel", "--out", "o.npy"])),
            &["standard output"],
        );
    }
}

#[test]
fn songs_that_are_indexed_are_not_asked_as_unknown() {
    let bench = Bench::new(2, 7.0);
    std::fs::create_dir(bench.path("strangers")).unwrap();
    std::fs::copy(bench.path("music/song-00.wav"), bench.path("strangers/same.wav")).unwrap();
    let command = |folder: &str| {
        let mut command = bench.pipeline();
        command.args(["--unknown", folder]);
        command
    };
    let out = good(command("strangers"));
    assert!(stderr(&out).contains("same.wav: it is indexed"), "{}", stderr(&out));
    assert_eq!(bench.json()["conditions"][0]["unknown"], 0);
    std::fs::create_dir(bench.path("empty")).unwrap();
    bad(command("empty"), &["empty", "no audio files"]);
}

#[test]
fn settings_out_of_range() {
    let bench = Bench::new(1, 6.0);
    let mut command = bench.pipeline();
    command.args(["--threshold", "3"]);
    bad(command, &["--threshold"]);
    let mut command = bench.pipeline();
    command.args(["--metadata", "nowhere.csv"]);
    bad(command, &["nowhere.csv"]);
    assert!(!bench.path("report").exists());
}

#[test]
fn one_song_can_be_asked_but_not_as_unknown() {
    let bench = Bench::new(1, 8.0);
    good(bench.pipeline());
    let json = bench.json();
    assert_eq!((&json["conditions"][0]["known"], &json["conditions"][0]["unknown"]), (&1.into(), &0.into()));
}
