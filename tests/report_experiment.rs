//! The page and the terminal table of experiments: whole, escaped, offline, and true to the numbers that went in.
//!
//! The pages are left in cargo's temporary folder (`target/tmp/experiment-*.html`) for a look.
#![cfg(feature = "cli")]

#[path = "common/page.rs"]
mod page;

mod experiment;

use candle_mixup::compare::{Comparison, Run, Values};
use candle_mixup::metrics::Metric;
use candle_mixup::report::{ExperimentReport, Trial, TrialArm, experiment_page, experiment_table};
use experiment::{bare, frame, full, regression, small, trial};
use page::sound;
use unicode_width::UnicodeWidthStr;

/// The section's heading, and how to take its data away.
type Part = (&'static str, fn(&mut ExperimentReport));

const PARTS: [Part; 9] = [
    ("Gain over label scarcity", |r| {
        r.trials.retain(|t| t.anomalies.is_none())
    }),
    ("Precision-recall curves", |r| {
        each_arm(r, |a| a.curves.clear())
    }),
    (
        "Calibration before and after the correction of class shares",
        |r| each_arm(r, |a| a.calibration = None),
    ),
    ("Ranks over the tables", |r| r.ranks.clear()),
    ("Learning curves", |r| each_arm(r, |a| a.histories.clear())),
    ("Real and synthetic rows", |r| r.projections.clear()),
    ("Arms that a detector does not take", |r| r.absent.clear()),
    ("Data", |r| r.tables.clear()),
    ("Differences", |r| {
        for trial in &mut r.trials {
            *trial = alone(trial);
        }
    }),
];

fn each_arm(report: &mut ExperimentReport, change: fn(&mut TrialArm)) {
    let arms = report.trials.iter_mut().flat_map(|t| &mut t.arms);
    arms.for_each(change);
}

/// A trial's first arm, with nothing to compare it with.
fn alone(trial: &Trial) -> Trial {
    let first = &trial.comparison.arms[0];
    let arms = vec![(first.name.clone(), first.runs.clone())];
    let metrics = trial.comparison.metrics();
    Trial {
        comparison: Comparison::of_folds(&metrics, arms, 0.25).expect("sound arms"),
        arms: trial.arms[..1].to_vec(),
        ..trial.clone()
    }
}

fn has(html: &str, section: &str) -> bool {
    html.contains(&format!("<h2>{section}</h2>"))
}

fn drawn(name: &str, report: &ExperimentReport) -> String {
    let html = experiment_page(report).expect("drawn");
    sound(&format!("experiment-{name}.html"), &html);
    let svg = html.split("<svg").skip(1);
    for text in svg.filter_map(|s| s.split("</svg>").next()) {
        let marks = text.split('>').map(|tag| tag.to_ascii_lowercase());
        for tag in marks.filter(|t| t.contains('<')) {
            assert!(
                !tag.contains("nan") || tag.contains("aria-label"),
                "{name}: {tag}"
            );
            assert!(
                !tag.contains("\"inf") && !tag.contains(",inf"),
                "{name}: {tag}"
            );
        }
    }
    html
}

#[test]
fn a_full_experiment_has_every_section_in_order() {
    let html = drawn("full", &full());
    let wanted = [
        "What was found",
        "Scores",
        "Differences",
        "Gain over label scarcity",
        "Precision-recall curves",
        "Calibration before and after the correction of class shares",
        "Ranks over the tables",
        "Learning curves",
        "Real and synthetic rows",
        "Every run",
        "Arms that a detector does not take",
        "Data",
        "Settings",
    ];
    let found: Vec<&str> = html
        .split("<h2>")
        .skip(1)
        .filter_map(|s| s.split("</h2>").next())
        .collect();
    assert_eq!(found, wanted);
    assert!(html.find("Made things worse") < html.find("Helped"));
    // Every figure says how to read it.
    let figures = html.matches("<figure>").count();
    assert!(figures > 100 && html.matches("<figcaption>").count() == figures);
    assert!(html.len() < 6_000_000, "{} bytes", html.len());
}

#[test]
fn a_section_is_there_only_with_its_data() {
    for (section, take) in PARTS {
        let mut report = small();
        assert!(
            has(&experiment_page(&report).expect("drawn"), section),
            "{section}"
        );
        take(&mut report);
        let html = experiment_page(&report).expect("drawn");
        assert!(!has(&html, section), "{section}");
        for (other, _) in PARTS.iter().filter(|(other, _)| *other != section) {
            // Without a second arm there is no gain either, and nothing that was resampled.
            let with_two = |s: &str| s.starts_with("Gain") || s.starts_with("Calibration");
            let gone = section == "Differences" && with_two(other);
            assert_eq!(has(&html, other), !gone, "{other} without {section}");
        }
    }
}

#[test]
fn the_numbers_of_the_page_are_those_of_the_comparisons() {
    let report = small();
    let html = drawn("numbers", &report);
    for trial in &report.trials {
        let main = trial.comparison.metric;
        for arm in &trial.comparison.arms {
            let mean = arm.mean.get(main).expect("finite");
            let std = arm.std.get(main).expect("finite");
            assert!(html.contains(&format!("<td class=\"\">{mean:.4} ± {std:.4}</td>")));
            for versus in arm.versus_first.iter().filter(|v| v.metric == main) {
                let difference = versus.difference.expect("finite");
                if difference.abs() >= 0.001 {
                    assert!(html.contains(&format!(">{mean:.4} ({difference:+.4})")));
                    let [low, high] = versus.ci95.expect("spread");
                    assert!(html.contains(&format!(">[{low:+.4}, {high:+.4}]<")));
                }
            }
        }
    }
    let run = &report.trials[0].comparison.arms[1].runs[3];
    let value = run.test.get(Metric::AveragePrecision).expect("finite");
    let row = format!(
        "<td class=\"\">{}</td><td class=\"\">3</td><td class=\"\">{value:.4}</td>",
        run.seed
    );
    assert!(html.contains(&row), "{row}");
}

#[test]
fn what_is_worse_is_said_of_the_right_arm() {
    let html = drawn("findings", &full());
    let callout = |class: &str| {
        let start = html
            .find(&format!("<div class=\"callout {class}\">"))
            .expect("found");
        html[start..]
            .split("</div>")
            .next()
            .unwrap_or_default()
            .to_string()
    };
    let (worse, better) = (callout("worse"), callout("better"));
    assert!(
        worse.contains("&#39;rose&#39; -") && !worse.contains("&#39;mixup&#39;"),
        "{worse}"
    );
    assert!(
        better.contains("&#39;mixup&#39; +") && !better.contains("&#39;rose&#39;"),
        "{better}"
    );
    // Of an error less is better: the sign turns, the verdict does not.
    assert!(
        better.contains("wine quality, linear, rmse: &#39;mixup&#39; -0."),
        "{better}"
    );
}

#[test]
fn a_regression_has_neither_curves_nor_calibration() {
    let report = ExperimentReport {
        trials: (0..3).map(regression).collect(),
        ranks: Vec::new(),
        projections: Vec::new(),
        ..frame()
    };
    let html = drawn("regression", &report);
    assert!(html.contains("rmse ↓") && html.contains("← better · difference · worse →"));
    for section in [
        "Precision-recall curves",
        "Gain over label scarcity",
        "Learning curves",
    ] {
        assert!(!has(&html, section), "{section}");
    }
    assert!(!html.contains("alibration"));
    assert!(html.contains("mean 5.8000, standard deviation 0.8700, from 3.0000 to 9.0000"));
}

#[test]
fn names_are_escaped_whatever_they_hold() {
    let bad = "<script>alert('x')</script>";
    let mut report = small();
    report.title = bad.into();
    report.prior = bad.into();
    for table in &mut report.tables {
        table.name = bad.into();
        table.notes = vec![bad.into()];
        table.classes.push((bad.into(), 1));
    }
    for trial in &mut report.trials {
        (trial.table, trial.detector) = (bad.into(), bad.into());
        trial.comparison.arms[0].name = bad.into();
        trial.comparison.arms[1].name = "\u{1}\" onload=\"x".into();
        trial.arms[0].name = bad.into();
        trial.arms[0].notes = vec![bad.into()];
    }
    report.ranks[0].0 = bad.into();
    report.ranks[0].1.names[0] = bad.into();
    report.absent[0].why = bad.into();
    report.projections[0].arm = bad.into();
    report.projections[0].classes[1].name = bad.into();
    let html = drawn("names", &report);
    for raw in ["<script", "\" onload=\"", "\u{1}"] {
        assert!(!html.contains(raw), "{raw}");
    }
    assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
}

/// `trial` with other scores in each run.
fn scored(trial: &Trial, runs: usize, score: impl Fn(usize, usize) -> f64) -> Trial {
    let arms = trial.comparison.arms.iter().enumerate().map(|(a, arm)| {
        let run = |r: usize| Run {
            seed: r as u64,
            fold: None,
            test: Values::new([(Metric::AveragePrecision, score(a, r))]),
            linearity: None,
        };
        (arm.name.clone(), (0..runs).map(run).collect())
    });
    let metrics = [Metric::AveragePrecision];
    Trial {
        comparison: Comparison::of(&metrics, arms.collect()).expect("sound arms"),
        ..trial.clone()
    }
}

#[test]
fn pages_of_little_are_drawn_too() {
    let usual = trial(0, 0, Some(1), |_| true);
    let few = trial(0, 0, None, |_| true);
    let page = |name, trials: Vec<Trial>| {
        let report = ExperimentReport {
            ranks: Vec::new(),
            projections: Vec::new(),
            trials,
            ..frame()
        };
        drawn(name, &report)
    };
    let one = |a: usize, _| 0.5 + 0.01 * a as f64;
    let html = page(
        "one-run",
        vec![scored(&usual, 1, one), scored(&few, 1, one)],
    );
    assert!(has(&html, "Gain over label scarcity") && html.contains("1 anomaly kept"));
    let html = page("no-spread", vec![scored(&few, 4, |_, _| 0.5)]);
    assert!(html.contains("Of 6 differences") && html.contains("6 are undecided"));
    page(
        "not-finite",
        vec![scored(
            &few,
            3,
            |a, r| if a == 1 { f64::NAN } else { r as f64 },
        )],
    );
    page("all-infinite", vec![scored(&few, 3, |_, _| f64::INFINITY)]);
    let html = page("one-arm", vec![alone(&few)]);
    assert!(html.contains("there is nothing to compare"));
    let mut empty = few.clone();
    empty.prevalence = Some(f64::NAN);
    empty
        .arms
        .iter_mut()
        .for_each(|a| a.curves = vec![Vec::new(); 3]);
    assert!(!has(
        &page("empty-curves", vec![empty]),
        "Precision-recall curves"
    ));
    let html = page("nothing", Vec::new());
    assert!(has(&html, "Settings") && !has(&html, "Scores") && !has(&html, "What was found"));
}

#[test]
fn ranks_without_finite_numbers_are_left_out() {
    let mut report = bare();
    let mut ranks = experiment::ranks();
    ranks.mean_ranks = vec![f64::NAN; ranks.names.len()];
    report.ranks = vec![("mlp".into(), ranks.clone())];
    assert!(!has(&drawn("no-ranks", &report), "Ranks over the tables"));
    ranks.mean_ranks = vec![4.0; ranks.names.len()];
    ranks.critical_difference = 40.0;
    ranks.f_statistic = None;
    report.ranks = vec![("mlp".into(), ranks)];
    let html = drawn("equal-ranks", &report);
    assert!(html.contains("critical difference 40.00, longer than the axis"));
}

#[test]
fn runs_beyond_the_limit_are_counted() {
    let mut report = bare();
    report.trials = vec![scored(&report.trials[0], 1200, |a, r| (a + r) as f64)];
    let html = drawn("many-runs", &report);
    assert!(html.contains("The first 2000 of 2400 runs; all of them are in comparison.json."));
    let section = html.split("<h2>Every run</h2>").nth(1).expect("there");
    let section = section.split("</section>").next().expect("ends");
    assert_eq!(section.matches("<tr>").count(), 2000 + 1);
}

#[test]
fn a_report_survives_json() {
    let report = small();
    let text = serde_json::to_string(&report).expect("JSON");
    let again: ExperimentReport = serde_json::from_str(&text).expect("the same");
    assert_eq!(again, report);
    assert_eq!(
        experiment_page(&again).expect("drawn"),
        experiment_page(&report).expect("drawn")
    );
}

#[test]
fn terminal_lines_are_short() {
    let mut report = full();
    let text = experiment_table(&report);
    let wide = |text: &str| text.lines().map(|l| l.width()).max().unwrap_or(0);
    assert!(wide(&text) <= 110, "{text}");
    let arm = &report.trials[0].comparison.arms[2];
    let versus = &arm.versus_first[0];
    let [low, high] = versus.ci95.expect("an interval");
    let half = (high - low) / 2.0;
    let cell = format!("{:+.4} ± {half:.4} ▲", versus.difference.expect("finite"));
    let line = text
        .lines()
        .find(|l| l.starts_with("linear"))
        .expect("a row");
    assert!(line.contains(&cell), "{cell} in {line}");
    let reason = text
        .lines()
        .find(|l| l.starts_with("- not for ") && l.contains("forest"));
    let reason = reason.expect("a line for the arms that it does not take");
    assert!(reason.contains("mixup, manifold-mixup"), "{reason}");
    assert!(
        text.contains("helped on"),
        "what was decided is told: {text}"
    );
    assert!(text.contains("wine quality: rmse ↓"));
    let long = "a very long name of something ".repeat(8);
    for trial in &mut report.trials {
        trial.table = long.clone();
        trial.detector = long.replace(' ', "-");
        trial.comparison.arms[1].name = long.replace(' ', "混合");
    }
    report.absent[0].why = long.replace(' ', "-");
    report.ranks[0].0 = long.replace(' ', "-");
    let text = experiment_table(&report);
    assert!(wide(&text) <= 110, "{text}");
}
