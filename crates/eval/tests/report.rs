//! A report with every kind of part, and hostile text in all of them. Its files are left in a folder under
//! `target/` (or in the folder that `SOUNDALIKE_GALLERY` names), to be looked at.
#![cfg(feature = "report")]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::PathBuf;

use soundalike_eval::{
    Bar, BarChartConfig, Cell, ConfusionChartConfig, ConfusionMatrix, Error, Figure, HeatMapConfig,
    HistogramChartConfig, HistogramSeries, Picture, ReliabilityChartConfig, Report, RocChartConfig,
    RocSeries, SpectrogramConfig, Table, bar_chart, calibration_bins, confusion_chart, frequency_ticks,
    heat_map, histogram_chart, reliability_chart, roc_chart, roc_curve, spectrogram, wilson,
};

const HOSTILE: &str = "<script>alert(1)</script>\" onerror='alert(2)' & </td></table>\0\u{1b}";

fn gallery() -> PathBuf {
    let folder = std::env::var_os("SOUNDALIKE_GALLERY").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("gallery"));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Numbers between 0 and 1 that look random and are the same on every run.
fn noise(seed: u32) -> impl Iterator<Item = f32> {
    let mut state = seed.wrapping_mul(2_654_435_769).wrapping_add(12_345);
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32
    })
}

/// Something like a log-mel spectrogram: harmonics that come and go over noise.
fn tones(seed: u32, bins: usize, frames: usize) -> Vec<f32> {
    let mut noise = noise(seed);
    let mut values = vec![0.0; bins * frames];
    for bin in 0..bins {
        for frame in 0..frames {
            let note = (frame / 40 + seed as usize) * 7 % 12;
            let fade = (frame % 40) as f32 / 40.0;
            let near = (1..7).map(|h| (bin as f32 - (18.0 + note as f32) * (h as f32).sqrt()).abs());
            let peak = near.fold(f32::MAX, f32::min);
            let level = -15.0 - 9.0 * peak - 25.0 * fade - 0.2 * bin as f32;
            values[bin * frames + frame] = level.max(-75.0) + 5.0 * noise.next().unwrap();
        }
    }
    values
}

fn mel_picture(seed: u32, title: &str, frames: usize, size: (u32, u32)) -> Picture {
    let centres: Vec<f32> = (0..128).map(|i| 700.0 * (10_f32.powf((i + 1) as f32 * 0.00956) - 1.0)).collect();
    let config = SpectrogramConfig::default()
        .with_title(title)
        .with_unit("dB")
        .with_bin_axis("frequency (Hz)")
        .with_bin_ticks(frequency_ticks(&centres))
        .with_frame_seconds(512.0 / 22_050.0)
        .with_range(-80.0, 0.0)
        .with_size(size.0, size.1);
    spectrogram(&tones(seed, 128, frames), 128, frames, &config).unwrap()
}

fn cosine_matrix(n: usize) -> Vec<f32> {
    let vectors: Vec<Vec<f32>> = (0..n)
        .map(|i| {
            let own: Vec<f32> = noise(i as u32).take(8).collect();
            let group: Vec<f32> = noise((i / 5) as u32 + 900).take(8).collect();
            own.iter().zip(group).map(|(a, b)| a + 1.2 * b - 1.1).collect()
        })
        .collect();
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let mut matrix = Vec::with_capacity(n * n);
    for a in &vectors {
        for b in &vectors {
            matrix.push(dot(a, b) / (dot(a, a) * dot(b, b)).sqrt());
        }
    }
    matrix
}

/// Everything that can be drawn.
fn pictures() -> Vec<(&'static str, Picture)> {
    let known: Vec<f32> = noise(1).zip(noise(2)).take(340).map(|(a, b)| 0.02 + 0.5 * a * b).collect();
    let unknown: Vec<f32> = noise(3).zip(noise(4)).take(100).map(|(a, b)| 0.3 + 0.3 * (a + b)).collect();
    let series = [
        HistogramSeries { name: "known", values: &known },
        HistogramSeries { name: "unknown", values: &unknown },
    ];
    let distances = HistogramChartConfig::default()
        .with_title("Distance of the best match")
        .with_axis("cosine distance")
        .with_threshold(0.3, "threshold 0.3");
    let third: Vec<f32> = noise(5).take(50).map(|v| v * 2.0 - 0.4).collect();
    let more =
        [series[0], series[1], HistogramSeries { name: "a third series with a long name", values: &third }];

    let names = (0..17).map(|i| match i {
        3 => "日本の歌".to_owned(),
        5 => "A song whose title goes on and on, as some do".to_owned(),
        i => format!("demo_{i:02}"),
    });
    let small = HeatMapConfig::default().with_title("Song by song").with_labels(names);
    let forty =
        HeatMapConfig::default().with_title("Forty").with_labels((1..=40).map(|i| format!("track {i}")));
    let many = HeatMapConfig::default().with_title("358 songs");

    let bar = |label: &str, hits| {
        Bar::new(label, hits as f64 / 85.0).with_interval(wilson(hits, 85, 0.95).unwrap())
    };
    let bars = [
        bar("clean", 85),
        bar("noise, 10 dB", 61),
        bar("noise, 0 dB", 22),
        bar("low-pass 4 kHz", 40),
        bar("phone (room, noise, band limit)", 3),
        bar("gain", 0),
    ];
    let shares = BarChartConfig::default().with_title("Right song first").with_axis("top-1, Wilson 95 %");
    let mfcc = SpectrogramConfig::default().with_title("MFCC").with_bin_axis("coefficient");
    vec![
        ("mel", mel_picture(1, "demo_01: query", 216, (900, 360))),
        ("mel_small", mel_picture(2, "", 130, (420, 260))),
        ("mel_long", mel_picture(3, "Five minutes", 12_400, (1200, 300))),
        ("mfcc", spectrogram(&tones(4, 20, 216), 20, 216, &mfcc).unwrap()),
        ("heat_2", heat_map(&[1.0, -0.25, -0.25, 1.0], 2, &HeatMapConfig::default()).unwrap()),
        ("heat_17", heat_map(&cosine_matrix(17), 17, &small).unwrap()),
        ("heat_40", heat_map(&cosine_matrix(40), 40, &forty).unwrap()),
        ("heat_358", heat_map(&cosine_matrix(358), 358, &many).unwrap()),
        ("distances", histogram_chart(&series, &distances).unwrap()),
        ("distances_3", histogram_chart(&more, &distances.clone().with_range(0.0, 1.0)).unwrap()),
        ("bars", bar_chart(&bars, &shares).unwrap()),
    ]
    .into_iter()
    .chain(verification_pictures())
    .collect()
}

/// Pairs told apart well, fairly and not at all.
fn verification_pictures() -> Vec<(&'static str, Picture)> {
    let labels: Vec<bool> = (0..800).map(|i| i % 2 == 0).collect();
    let scores = |seed: u32, help: f32| -> Vec<f32> {
        let noise = noise(seed).zip(noise(seed + 50)).map(|(a, b)| 0.5 * (a + b));
        labels.iter().zip(noise).map(|(same, n)| if *same { n + help } else { n } / (1.0 + help)).collect()
    };
    let (good, fair, chance) = (scores(21, 0.75), scores(22, 0.3), scores(23, 0.0));
    let [a, b, c] = [&good, &fair, &chance].map(|s| roc_curve(s, &labels).unwrap());
    let series = [
        RocSeries { name: "siamese", curve: &a, threshold: Some(0.5) },
        RocSeries { name: "MFCC mean, cosine", curve: &b, threshold: Some(0.5) },
        RocSeries {
            name: "a coin, whose name is long enough to be cut somewhere",
            curve: &c,
            threshold: None,
        },
    ];
    let whole = RocChartConfig::default().with_title("Same recording under edits, or another");
    let corner = whole.clone().with_corner(0.05, 0.8);
    let matrix = ConfusionMatrix::at_threshold(&good, &labels, 0.5).unwrap();
    let seed = ConfusionMatrix::new(799, 158, 641, 0).unwrap();
    let bins = calibration_bins(&fair, &labels, 10).unwrap();
    let few = calibration_bins(&good, &labels, 15).unwrap();
    let reliability = ReliabilityChartConfig::default().with_title("Does the probability come true?");
    let counts = ConfusionChartConfig::default().with_title("Threshold 0.5, chosen on validation");
    let classes = counts.clone().with_classes("same recording", "different song").with_size(360, 320);
    vec![
        ("roc", roc_chart(&series, &whole).unwrap()),
        ("roc_corner", roc_chart(&series, &corner).unwrap()),
        ("roc_small", roc_chart(&series, &RocChartConfig::default().with_size(300, 280)).unwrap()),
        ("confusion", confusion_chart(&matrix, &counts).unwrap()),
        ("confusion_seed", confusion_chart(&seed, &classes).unwrap()),
        ("reliability", reliability_chart(&bins, &reliability).unwrap()),
        ("reliability_small", reliability_chart(&few, &reliability.with_size(320, 340)).unwrap()),
    ]
}

/// A quarter of a second of a tone, 8 bits.
fn wav() -> Vec<u8> {
    let samples: Vec<u8> = (0..2000).map(|i| (128.0 + 60.0 * (f64::from(i) * 0.345).sin()) as u8).collect();
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + samples.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data");
    bytes.extend((samples.len() as u32).to_le_bytes());
    bytes.extend(samples);
    bytes
}

fn report() -> Report {
    let pictures = pictures();
    let picture = |name: &str| &pictures.iter().find(|(n, _)| *n == name).unwrap().1;
    let figure = |name: &str, alt: &str| Figure::picture(picture(name), alt).unwrap();
    let mut table = Table::new("Identification of 340 known queries")
        .with_headers(["degradation", "queries", "top-1 (95 %)", "mean rank", "slowest"])
        .with_note("Top-1 with Wilson intervals; a missing song counts as the last rank.");
    for (name, hits) in [("clean", 85_u64), ("noise, 10 dB", 61), (HOSTILE, 12), ("gain", 0)] {
        let share = Cell::percent_with(hits as f64 / 85.0, wilson(hits, 85, 0.95).unwrap(), 1);
        let rank = Cell::number(1.0 + (85 - hits) as f64 / 9.0, 2);
        table.push([Cell::from(name), Cell::from(85_u64), share, rank, Cell::numeric("12 ms")]);
    }
    let mut report = Report::new("Identification of a demo library");
    report
        .paragraph("17 songs, 340 known and 100 unknown queries of 5 s. The plain rule is uncalibrated.")
        .key_values([("songs", "17"), ("embedder", "mfcc-20-3f9a"), (HOSTILE, HOSTILE)])
        .section("Results")
        .table(&table)
        .figure(figure("bars", "Top-1 per degradation").with_caption("Whiskers are Wilson intervals."))
        .figure(figure("distances", "Histogram of distances").with_caption(HOSTILE))
        .section("Query and match")
        .figures_row([
            figure("mel", "The query"),
            figure("mel_small", "The match").with_caption("The match."),
        ])
        .audio(&wav(), "Query")
        .audio(b"not a sound", HOSTILE)
        .section(HOSTILE)
        .paragraph(HOSTILE)
        .figures_row([figure("heat_17", HOSTILE)])
        .details(HOSTILE, |inside| {
            let row = [HOSTILE; 9];
            inside.table(&Table::new(HOSTILE).with_headers(row).with_row(row).with_note(HOSTILE));
            inside.figure(Figure::png(&picture("mfcc").png().unwrap(), "MFCC"));
        });
    report
}

#[test]
fn the_gallery_can_be_drawn() {
    let folder = gallery();
    for (name, picture) in pictures() {
        let png = picture.png().unwrap();
        let svg = picture.svg().unwrap();
        assert!(png.starts_with(b"\x89PNG") && svg.starts_with("<svg "), "{name}");
        assert_eq!(png, picture.png().unwrap(), "{name}");
        std::fs::write(folder.join(format!("{name}.png")), png).unwrap();
        std::fs::write(folder.join(format!("{name}.svg")), svg).unwrap();
    }
}

#[test]
fn a_report_holds_all_it_shows_and_nothing_hostile() {
    let html = report().to_html();
    report().save(gallery().join("index.html")).unwrap();
    assert_eq!(html, std::fs::read_to_string(gallery().join("index.html")).unwrap());
    assert_eq!(html, report().to_html());

    assert!(html.starts_with("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"));
    assert!(!html.contains("<script") && !html.contains("\" onerror"), "markup got through");
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!html.contains('\0') && !html.contains('\u{1b}'));
    assert_eq!(html.matches("</table>").count(), 2);
    // Nothing is loaded from anywhere.
    assert!(
        !html.contains("http://")
            && !html.contains("https://")
            && !html.contains("url(")
            && !html.contains("@import")
    );
    for attribute in ["src=", "href=", "srcset=", "action=", "data="] {
        for (at, _) in html.match_indices(&format!(" {attribute}")) {
            assert!(html[at..].starts_with(" src=\"data:"), "{}", &html[at..html.len().min(at + 80)]);
        }
    }
    let images = html.matches("<img ").count();
    assert_eq!(images, 6);
    assert_eq!(html.matches("<img src=\"data:image/").count(), images);
    assert_eq!(html.matches(" alt=\"").count(), images);
    assert_eq!(html.matches("<audio ").count(), 1);
    assert!(html.contains("no playable audio"));
    assert!(html.contains("<td class=\"n\">71.8 % (61.4 to 80.2)</td>"), "the column is not numeric");
}

#[test]
fn numbers_in_a_mixed_column_align_left() {
    let table = Table::new("t").with_headers(["a"]).with_row([Cell::from(1_u64)]).with_row([Cell::from("x")]);
    assert!(Report::new("r").table(&table).to_html().contains("<td>1</td>"));
    // Empty tables and reports are still documents.
    assert!(Report::new("").table(&Table::new("")).figures_row([]).to_html().ends_with("</html>"));
}

#[test]
fn a_path_that_cannot_be_written_is_named() {
    let folder = gallery().join("occupied");
    std::fs::create_dir_all(folder.join("inside")).unwrap();
    let Err(Error::Write { path, .. }) = Report::new("r").save(&folder) else {
        panic!("wrote over a folder")
    };
    assert_eq!(path, folder);
    let file = folder.join("file");
    std::fs::write(&file, "x").unwrap();
    assert!(matches!(Report::new("r").save(file.join("index.html")), Err(Error::Write { .. })));
    // No remains of the attempts.
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
}
