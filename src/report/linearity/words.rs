//! The rows of the tables, and what stands above them.

use crate::compare::number::{decimals, interval, number, signed};
use crate::linearity::{ArmsLinearity, Linearity, Measured, SiteLinearity};
use crate::report::table::aligned;

/// Fit and linearity by arm, and the answer in words.
pub fn arms_table(arms: &ArmsLinearity) -> String {
    let mut text = format!("{}\n\n{}", arms_note(arms), aligned(&arms_rows(arms)));
    for sentence in &arms.answer {
        text += &format!("\n- {sentence}");
    }
    if !arms.answer.is_empty() {
        text.push('\n');
    }
    text
}

/// The gaps by site.
pub fn linearity_table(found: &Linearity) -> String {
    format!("{}\n\n{}", sites_note(found), aligned(&sites_rows(found)))
}

/// What the table of arms shows.
pub fn arms_note(arms: &ArmsLinearity) -> String {
    format!(
        "Fit on training rows ({}), and distance from linear at {}: how far f(mix) is from the mix of f",
        arms.metric, arms.site
    )
}

/// What the table of sites shows.
pub fn sites_note(found: &Linearity) -> String {
    let fit = found.fit.map_or_else(String::new, |fit| {
        format!("; {} on training rows", number(fit))
    });
    format!(
        "Distance from linear over {} {} pairs of test rows{fit}",
        found.pairs, found.relation
    )
}

/// A header and a row an arm.
pub fn arms_rows(arms: &ArmsLinearity) -> Vec<Vec<String>> {
    let head = [
        "arm",
        "fit",
        "difference",
        "relative gap",
        "difference",
        "gap",
        "difference",
    ];
    let rows = arms.arms.iter().map(|arm| {
        let columns = [&arm.fit, &arm.relative_gap, &arm.gap].map(cells);
        let name = std::iter::once(arm.name.clone());
        name.chain(columns.into_iter().flatten()).collect()
    });
    std::iter::once(head.map(String::from).to_vec())
        .chain(rows)
        .collect()
}

/// A mean, and its difference to the first arm with its interval.
fn cells(measured: &Measured) -> [String; 2] {
    let digits = decimals(measured.mean);
    let mean = format!("{:.digits$}", measured.mean);
    let range = measured
        .ci95
        .map_or_else(String::new, |ci| format!(" {}", interval(ci)));
    let difference = measured
        .difference
        .map_or_else(String::new, |d| signed(d) + &range);
    [mean, difference]
}

/// A header and a row a site.
pub fn sites_rows(found: &Linearity) -> Vec<Vec<String>> {
    let head = [
        "site",
        "relative gap",
        "95 % interval",
        "gap",
        "95 % interval",
        "probability gap",
        "third class",
    ];
    std::iter::once(head.map(String::from).to_vec())
        .chain(found.sites.iter().map(site_row))
        .collect()
}

fn site_row(site: &SiteLinearity) -> Vec<String> {
    let range = |ci: Option<[f64; 2]>| ci.map_or_else(|| "-".into(), interval);
    let value = |v: Option<f64>| v.map_or_else(|| "-".into(), number);
    vec![
        site.site.to_string(),
        value(site.relative_gap),
        range(site.relative_gap_ci95),
        number(site.gap),
        range(site.gap_ci95),
        value(site.probability_gap),
        value(site.third_class),
    ]
}
