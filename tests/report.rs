//! The pages: well-formed, escaped, offline, and drawn from plausible and from ugly comparisons alike.
//!
//! The pages are left in cargo's temporary folder (`target/tmp/*.html`) for a look.
#![cfg(feature = "cli")]

#[path = "common/page.rs"]
mod page;

use std::collections::BTreeMap;

use candle_mixup::compare::{Comparison, Run, Values};
use candle_mixup::linearity::Linearity;
use candle_mixup::metrics::{Bin, ClassScores, Metric, Scores};
use candle_mixup::report::{
    ArmDetail, CompareReport, DataSummary, Draw, History, Point, TrainReport, class_table,
    compare_page, compare_table, pool, schedule_svg, score_table, train_page,
};
use candle_mixup::{Site, files};
use page::{problem, sound};
use serde_json::json;

const METRICS: [Metric; 5] = [
    Metric::MacroF1,
    Metric::Accuracy,
    Metric::LogLoss,
    Metric::Ece,
    Metric::Brier,
];

/// A wobble in [−1, 1] that depends on its arguments alone.
fn wobble(a: u64, b: u64) -> f64 {
    ((a * 7919 + b * 104_729 + 13) as f64 * 0.618_034).sin()
}

/// The shifts in accuracy and log loss of each arm, and its name.
type Shift<'a> = (&'a str, f64, f64);

fn runs(arm: u64, (_, accuracy, log_loss): Shift<'_>, seeds: u64) -> Vec<Run> {
    let run = |seed| {
        let a = 0.543 + accuracy + 0.02 * wobble(0, seed) + 0.006 * wobble(arm, seed);
        let l = 1.351 + log_loss + 0.05 * wobble(1, seed) + 0.03 * wobble(arm + 9, seed);
        let ece = 0.143 + 0.5 * log_loss + 0.02 * wobble(arm + 5, seed);
        let test = [
            a - 0.03 + 0.003 * wobble(arm + 7, seed),
            a,
            l,
            ece,
            0.6 + 0.2 * log_loss,
        ];
        Run {
            seed,
            fold: None,
            test: Values::new(METRICS.into_iter().zip(test)),
            linearity: None,
        }
    };
    (0..seeds).map(run).collect()
}

fn history(arm: u64, seed: u64) -> History {
    let point = |i: u64| {
        let decay = (-(i as f64) / 8.0).exp();
        let validation = (i % 5 == 4).then(|| {
            let loss = 1.1 + 0.6 * decay + 0.02 * wobble(arm + 3, seed + i);
            Values::new([
                (Metric::MacroF1, 0.6 - 0.4 * decay),
                (Metric::LogLoss, loss),
            ])
        });
        Point {
            step: 5 * i,
            epoch: (i / 6) as u32,
            train_loss: 0.1 * arm as f64 + 1.7 * decay + 0.05 * wobble(arm + i, seed),
            clean_loss: None,
            validation,
        }
    };
    History {
        seed,
        points: (0..30).map(point).collect(),
    }
}

fn bins(arm: u64) -> Vec<Bin> {
    let bin = |b: u64| {
        let confidence = (b as f64 + 0.5) / 15.0;
        Bin {
            confidence,
            accuracy: (confidence - 0.12 + 0.05 * wobble(arm, b)).clamp(0.0, 1.0),
            count: if b < 3 {
                0
            } else {
                20 * b as usize * (b as usize - 2)
            },
        }
    };
    (0..15).map(bin).collect()
}

fn draws(steps: u64, sites: &[Site]) -> Vec<Draw> {
    let draw = |step: u64| {
        let probability = if step < steps / 10 { 0.0 } else { 0.8 };
        let mixed = 0.5 + 0.5 * wobble(step, 5) < probability;
        let site = sites[(step * 2_654_435_761 % 1000) as usize % sites.len()];
        Draw {
            step,
            probability,
            alpha: Some(0.2 + 0.6 * step as f64 / steps as f64),
            site: mixed.then_some(site),
        }
    };
    (0..steps).map(draw).collect()
}

fn data() -> DataSummary {
    DataSummary {
        source: "@questions".into(),
        training_rows: 60,
        validation_rows: 0,
        test_rows: 2000,
        classes: ["ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"]
            .map(|c| (c.into(), 10))
            .to_vec(),
        cut_texts: Some(0),
        shared_rows: 0,
        fingerprint: "5f0c1d2e3b4a5968".into(),
        notes: Vec::new(),
    }
}

fn report(title: &str, shifts: &[Shift<'_>], seeds: u64) -> CompareReport {
    let arms = shifts.iter().enumerate();
    let arms = arms.map(|(i, s)| (s.0.to_string(), runs(i as u64, *s, seeds)));
    let comparison = Comparison::of(&METRICS, arms.collect()).expect("sound arms");
    let detail = |(i, shift): (usize, &Shift<'_>)| ArmDetail {
        name: shift.0.into(),
        histories: (0..seeds).map(|s| history(i as u64, s)).collect(),
        reliability: bins(i as u64),
        draws: match i {
            0 | 1 => Vec::new(),
            2 => draws(150, &[Site::Embedding]),
            _ => draws(150, &[Site::Hidden(1), Site::Hidden(2), Site::Hidden(3)]),
        },
    };
    CompareReport {
        title: title.into(),
        version: "0.1.0".into(),
        settings: json!({"steps": 150, "batch": 32, "lr": 5e-5, "arms": shifts.iter().map(|s| s.0).collect::<Vec<_>>()}),
        data: data(),
        comparison: comparison.with_control("smoothing"),
        arms: shifts.iter().enumerate().map(detail).collect(),
        seconds: 171.4,
    }
}

fn plausible() -> CompareReport {
    let shifts = [
        ("none", 0.0, 0.0),
        ("smoothing", -0.0045, -0.079),
        ("mixup", 0.0155, -0.144),
        ("manifold", -0.012, 0.02),
    ];
    report("Comparison on @questions", &shifts, 5)
}

/// Eight arms, names that are long, wide or hostile, missing scores, shared rows, many sites.
fn ugly() -> CompareReport {
    let long = "schedules/an-arm-with-a-very-long-name-that-nobody-should-give-0123456789.json";
    let shifts = [
        ("none", 0.0, 0.0),
        ("<script>alert('x')</script>", 0.01, 0.1),
        (long, 0.02, -0.1),
        ("混合嵌入与隐藏层的调度", -0.02, 0.0),
        ("\"quoted\" & 'so on'", 0.0, 0.0),
        ("f", 0.1, 0.3),
        ("g", -0.1, -0.3),
        ("naïve", 0.0, 0.01),
        ("ninth", 0.03, 0.01),
    ];
    let mut report = report("Ugly & <b>bold</b>", &shifts, 2);
    let arms = report
        .comparison
        .arms
        .iter()
        .map(|a| (a.name.clone(), a.runs.clone()));
    let mut arms: Vec<(String, Vec<Run>)> = arms.collect();
    arms[5].1[0].test = Values::new(METRICS.map(|m| (m, f64::NAN)));
    report.comparison = Comparison::of(&METRICS, arms).expect("sound arms");
    report.data.shared_rows = 17;
    report.data.notes.push("3 rows <skipped>".into());
    let sites = [Site::Embedding]
        .into_iter()
        .chain((1..=12).map(Site::Hidden))
        .chain([Site::Pooled]);
    report.arms[2].draws = draws(40_000, &sites.collect::<Vec<_>>());
    report.arms[3].draws.iter_mut().for_each(|d| d.alpha = None);
    report.arms[5].histories[0].points[7].train_loss = f64::NAN;
    report.arms[6].histories.truncate(1);
    report.arms[6].histories[0].points.truncate(1);
    report.arms[7].reliability.clear();
    report
}

#[test]
fn the_checker_can_fail() {
    assert_eq!(problem("<p class=\"a\">x<br/></p>"), None);
    for broken in [
        "<p>",
        "</p>",
        "<p><b></p></b>",
        "a < b",
        "<p a=b\">x</p>",
        "<1>x</1>",
    ] {
        assert!(problem(broken).is_some(), "{broken}");
    }
}

#[test]
fn a_plausible_comparison_has_every_section() {
    let html = compare_page(&plausible()).expect("drawn");
    sound("compare.html", &html);
    for title in [
        "In words",
        "Made things worse",
        "Helped",
        "Scores",
        "Differences",
        "Learning curves",
        "Reliability",
        "What the schedules drew",
        "Data",
        "Settings",
    ] {
        assert!(html.contains(&format!(">{title}<")), "{title}");
    }
    // Five forests, training loss and two validation curves, four diagrams, two schedules.
    assert_eq!(html.matches("role=\"img\"").count(), 5 + 3 + 4 + 2);
}

#[test]
fn an_ugly_comparison_is_escaped_and_whole() {
    let html = compare_page(&ugly()).expect("drawn");
    sound("ugly.html", &html);
    assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
    assert!(html.contains("17 rows stand in both training and test"));
    assert!(html.contains("混合嵌入与隐藏层的调度"));
}

#[test]
fn one_seed_and_one_arm_have_pages_too() {
    let shifts = [("none", 0.0, 0.0), ("mixup", 0.01, -0.1)];
    let html = compare_page(&report("One seed", &shifts, 1)).expect("drawn");
    sound("one-seed.html", &html);
    assert!(html.contains("One seed shows no spread"));
    let html = compare_page(&report("One arm", &shifts[..1], 3)).expect("drawn");
    sound("one-arm.html", &html);
    assert!(!html.contains(">Differences<"));
}

/// One site's gaps, and a fit.
fn measured(relative_gap: f64, fit: f64) -> Linearity {
    let site = json!({
        "site": "embedding", "gap": 1.5, "gap_ci95": [1.25, 1.75], "relative_gap": relative_gap,
        "relative_gap_ci95": null, "probability_gap": 0.125, "probability_gap_ci95": null, "third_class": 0.0625,
        "by_weight": [],
    });
    let all = json!({"pairs": 64, "relation": "random", "fit": fit, "sites": [site]});
    serde_json::from_value(all).expect("the form of a measurement")
}

fn train_report() -> TrainReport {
    let class = |class| ClassScores {
        class,
        precision: 0.5 + 0.05 * class as f64,
        recall: 0.6,
        f1: if class == 2 { f64::NAN } else { 0.55 },
        support: 100 * class,
    };
    let values = BTreeMap::from([(Metric::Accuracy, 0.54), (Metric::LogLoss, f64::NAN)]);
    TrainReport {
        title: "Training on <@questions>".into(),
        version: "0.1.0".into(),
        settings: json!({"mix": "mixup", "note": "</pre><script>"}),
        data: data(),
        history: history(1, 3).points,
        test: Scores {
            values,
            per_class: (0..4).map(class).collect(),
            reliability: bins(2),
        },
        classes: ["ABBR", "DESC", "混合"].map(String::from).to_vec(),
        draws: draws(150, &[Site::Embedding, Site::Hidden(2)]),
        linearity: Some(measured(0.25, 0.9)),
        seconds: 4000.0,
    }
}

#[test]
fn a_training_run_has_a_page() {
    let html = train_page(&train_report()).expect("drawn");
    sound("train.html", &html);
    assert!(html.contains("1 h 7 min"));
    assert!(html.contains("64 random pairs") && html.contains("[+1.2500, +1.7500]"));
    assert!(html.contains("&lt;/pre&gt;&lt;script&gt;"));
    let bare = TrainReport {
        history: Vec::new(),
        test: Scores::default(),
        draws: Vec::new(),
        linearity: None,
        ..train_report()
    };
    let html = train_page(&bare).expect("drawn");
    sound("bare.html", &html);
    assert!(!html.contains("<figure>"));
}

#[test]
fn a_schedule_has_a_plot_of_its_own() {
    let svg = schedule_svg(
        "mixup & <co>",
        &draws(150, &[Site::Embedding, Site::Pooled]),
    )
    .expect("drawn");
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("schedule.svg");
    files::write(path, svg.as_bytes()).expect("written");
    assert_eq!(problem(&svg), None);
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    assert!(
        svg.contains("mixup &amp; &lt;co&gt;")
            && svg.contains("embedding")
            && svg.contains("pooled")
    );
    assert!(schedule_svg("none", &[]).is_err());
}

#[test]
fn terminal_tables_line_up_in_any_script() {
    let text = compare_table(&ugly().comparison);
    // The cell after the widest name starts at the same display column in every row of the first block.
    let block: Vec<&str> = text
        .split("\n\n")
        .nth(1)
        .expect("a table")
        .lines()
        .collect();
    let column = |line: &str, mark: &str| {
        let at = line.find(mark).expect("a number");
        unicode_width::UnicodeWidthStr::width(&line[..at])
    };
    let starts: Vec<usize> = block[1..]
        .iter()
        .filter(|l| l.contains(" 0."))
        .map(|l| column(l, " 0."))
        .collect();
    assert_eq!(starts.len(), 8);
    assert!(starts.iter().all(|s| *s == starts[0]), "{text}");
    assert!(text.contains("▼ worse") || text.contains("undecided"));
    let classes = class_table(&train_report().test, &train_report().classes);
    assert!(
        classes
            .lines()
            .nth(3)
            .is_some_and(|l| l.starts_with("混合 ") && l.contains(" - "))
    );
    assert!(score_table(&train_report().test).starts_with("accuracy ↑"));
}

#[test]
fn pooled_bins_count_rows() {
    let bin = |confidence, accuracy, count| Bin {
        confidence,
        accuracy,
        count,
    };
    let pooled = pool(&[
        vec![bin(0.2, 0.0, 1), bin(0.0, 0.0, 0)],
        vec![bin(0.4, 1.0, 3), bin(f64::NAN, f64::NAN, 0)],
    ]);
    assert_eq!(pooled[0].count, 4);
    assert!((pooled[0].confidence - 0.35).abs() < 1e-12);
    assert!((pooled[0].accuracy - 0.75).abs() < 1e-12);
    assert_eq!((pooled[1].count, pooled[1].accuracy), (0, 0.0));
}
