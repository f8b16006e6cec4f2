//! The page of an oversampling: whole, escaped, offline and small, for plausible and for ugly tables alike.
//!
//! The pages are left in cargo's temporary folder (`target/tmp/oversample-*.html`) for a look.

use crate::bench::{Table, by_default};
use crate::page::{problem, sound};
use candle_mixup::oversample::{Coverage, Method, Settings, audit};
use candle_mixup::report::{ClassCount, OversampleReport, oversample_page};

/// The largest page.
const MOST: usize = 1_500_000;

fn report(table: &Table, settings: Settings, coverage: Coverage) -> OversampleReport {
    let balanced = table.balance(settings.clone()).expect("balanced");
    let audit = audit(
        &table.rows(),
        table.strata(),
        &balanced,
        &settings,
        coverage,
        &|_| (),
        &(),
    )
    .expect("looked at");
    let mut made = vec![0; table.names.len()];
    for class in balanced.classes() {
        made[class as usize] += 1;
    }
    let counts = table.names.iter().zip(table.counts()).zip(made);
    OversampleReport {
        title: "Oversampling of <a table>".into(),
        version: "0.1.0".into(),
        settings: serde_json::to_value(&settings).expect("settings are JSON"),
        oversampler: settings,
        classes: counts
            .map(|((name, before), made)| ClassCount {
                name: name.clone(),
                before,
                made,
                removed: 0,
            })
            .collect(),
        numbers: (0..table.width).map(|j| format!("x{j}")).collect(),
        categories: (0..table.categories).map(|j| format!("c{j}")).collect(),
        audit,
        notes: Vec::new(),
        seconds: 1.25,
    }
}

/// The page of a report, checked and left where it can be looked at.
fn drawn(name: &str, report: &OversampleReport) -> String {
    let html = oversample_page(report).expect("drawn");
    sound(&format!("oversample-{name}.html"), &html);
    assert!(html.len() < MOST, "{name}: {} bytes", html.len());
    html
}

fn smote() -> Settings {
    by_default("smote", 3)
}

#[test]
fn a_page_has_every_section() {
    let table = Table::normal(&[400, 60], 4, 1);
    let html = drawn("usual", &report(&table, smote(), Coverage::Whole));
    for title in [
        "What was done",
        "Class counts",
        "Projection",
        "Distance to the nearest real row",
        "Columns that moved",
        "Settings",
    ] {
        assert!(html.contains(&format!("<h2>{title}</h2>")), "{title}");
    }
    // Bars, two projections, the distances of a class, and the four columns.
    assert_eq!(html.matches("role=\"img\"").count(), 1 + 2 + 1 + 4);
    assert_eq!(html.matches("aria-label=").count(), 8);
    for words in [
        "smote (k = 5)",
        "340 synthetic rows",
        "<td class=\"\">60</td><td class=\"\">340</td><td class=\"\">0</td><td class=\"\">400</td>",
        "Drawn are 460 of 460 real and 340 of 340 synthetic rows, a sample of seed 3",
        "of variance)",
        "the class was drawn together",
        "&quot;smote&quot;: {",
    ] {
        assert!(html.contains(words), "{words}");
    }
    assert!(!html.contains("To know"));
}

#[test]
fn the_same_report_gives_the_same_page_and_survives_json() {
    let table = Table::normal(&[100, 20], 2, 1);
    let report = report(&table, smote(), Coverage::Whole);
    let text = serde_json::to_string(&report).expect("JSON");
    let again: OversampleReport = serde_json::from_str(&text).expect("the same");
    assert_eq!(again, report);
    assert_eq!(
        oversample_page(&again).expect("drawn"),
        oversample_page(&report).expect("drawn")
    );
}

#[test]
fn every_point_is_drawn_with_the_mark_of_its_kind() {
    let table = Table::normal(&[80, 20], 3, 2);
    let html = drawn("points", &report(&table, smote(), Coverage::Whole));
    // Real rows stand in both plots, synthetic ones in the second; the legend shows two dots and a diamond.
    assert_eq!(html.matches("h0").count(), 2 * 100 + 2);
    assert_eq!(html.matches("l6 7-6 7-6-7z").count(), 60 + 1);
}

#[test]
fn names_are_escaped_whatever_they_hold() {
    let mut table = Table::normal(&[60, 20, 15], 3, 4).with_codes(1, 3, 5);
    let long = "a-very-long-name ".repeat(13);
    table.names = vec![
        "<b>bold</b>".into(),
        "\"quoted\" & 'so on'".into(),
        long.clone(),
    ];
    let mut report = report(&table, by_default("random", 0), Coverage::Whole);
    report.numbers = vec!["混合嵌入与隐藏层".into(), "</svg><script>".into(), long];
    report.categories = vec!["\u{1}\" onload=\"x".into()];
    report.notes = vec!["class '<i>' has one row".into()];
    let html = drawn("names", &report);
    for raw in ["<b>bold", "<script", "<i>", "\" onload=\"", "\u{1}"] {
        assert!(!html.contains(raw), "{raw}");
    }
    for escaped in [
        "&lt;b&gt;bold&lt;/b&gt;",
        "&quot;quoted&quot; &amp; &#39;so on&#39;",
        "混合嵌入与隐藏层",
        "class &#39;&lt;i&gt;&#39; has one row",
        "To know",
    ] {
        assert!(html.contains(escaped), "{escaped}");
    }
}

#[test]
fn what_is_absent_is_said_to_be() {
    let table = Table::normal(&[60, 20, 15], 3, 4);
    let html = drawn("part", &report(&table, smote(), Coverage::GrownClasses));
    assert!(html.contains("neither drawn, nor part of the axes"));
    assert!(html.contains("intruders could not be counted"));

    let constant = Table::numeric(
        vec![0.1; 40],
        1,
        (0..40).map(|i| u32::from(i % 5 == 0)).collect(),
    );
    let html = drawn("constant", &report(&constant, smote(), Coverage::Whole));
    assert!(html.contains("No column varies: there is nothing to draw."));
    assert!(html.contains("no numeric column varies"));

    let mut lone = Table::normal(&[20, 1], 2, 4);
    lone.numbers.iter_mut().for_each(|x| *x = x.round());
    let html = drawn(
        "lone",
        &report(&lone, by_default("random", 0), Coverage::Whole),
    );
    assert!(html.contains("<td class=\"name\">b</td><td class=\"name\">real</td><td class=\"\">1</td><td class=\"\">0</td>"));
    assert!(html.contains("100.0 %"), "copies of the only row");
}

#[test]
fn a_single_column_has_one_component() {
    let table = Table::normal(&[90, 30], 1, 8);
    let html = drawn("single", &report(&table, smote(), Coverage::Whole));
    assert!(html.contains("component 1 (100.0 % of variance)"));
    assert!(html.contains("at random, to spread the points"));
    assert!(html.contains("only one component"));
}

#[test]
fn categories_alone_are_projected_and_compared() {
    let table = Table::normal(&[90, 30], 0, 8).with_codes(3, 40, 5);
    let settings = by_default("random", 0);
    let html = drawn("categories", &report(&table, settings, Coverage::Whole));
    assert!(html.contains("Each value of a category is a column of its own, divided by √2."));
    assert!(html.contains("only the 24 most frequent categories count"));
    assert!(html.contains("Each category in which two rows differ adds 1"));
    assert!(html.contains("total variation"));
    assert!(!html.contains("standardised by the mean"));
}

#[test]
fn thirty_classes_fit_on_a_page() {
    let counts: Vec<usize> = (0..30).map(|c| 700 - 20 * c).collect();
    let mut table = Table::normal(&counts, 6, 9);
    table.names = (0..30).map(|c| format!("class {c}")).collect();
    let html = drawn("many", &report(&table, smote(), Coverage::Whole));
    assert!(html.contains("24 other classes"));
    assert!(html.contains("23 more classes grew"));
    assert!(html.contains("the 20 largest of 174 comparisons"));
}

#[test]
fn classes_beyond_the_bars_are_named() {
    let mut counts = vec![12; 49];
    counts.push(20);
    let mut table = Table::normal(&counts, 2, 9);
    table.names = (0..50).map(|c| format!("class {c}")).collect();
    let settings = Settings {
        method: Method::Smote { k: 2 },
        ..smote()
    };
    let html = drawn("bars", &report(&table, settings, Coverage::Whole));
    assert!(html.contains("10 more stand in the table"));
    assert!(html.contains("class 49"));
}

#[test]
fn values_of_any_size_are_drawn() {
    let mut table = Table::normal(&[90, 30], 4, 8);
    for row in table.numbers.chunks_mut(4) {
        row[0] = row[0] * 1e-9 + 1.7e9;
        row[1] *= 1e150;
        row[2] *= 1e-150;
        row[3] = row[3].exp().powi(6);
    }
    drawn("sizes", &report(&table, smote(), Coverage::Whole));
}

#[test]
fn the_checker_sees_a_broken_plot() {
    let table = Table::normal(&[40, 10], 2, 8);
    let html = oversample_page(&report(&table, smote(), Coverage::Whole)).expect("drawn");
    assert_eq!(problem(&html), None);
    assert!(problem(&html.replacen("</svg>", "", 1)).is_some());
}
