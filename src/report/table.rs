//! Tables for the terminal, aligned by display width, so that names in any script line up.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::linearity::arms_table;
use crate::compare::number::{decimals, interval, number, p_value, signed};
use crate::compare::{Arm, Comparison, Verdict, Versus};
use crate::linearity::ArmsLinearity;
use crate::metrics::{Direction, Metric, Scores};

/// Columns that a table may fill before it goes on below.
const WIDTH: usize = 100;

/// Between two columns.
const GAP: &str = "   ";

/// Scores by arm, the differences to the first arm, and the answer in words.
pub fn compare_table(comparison: &Comparison) -> String {
    let mut text = scores(comparison);
    if comparison.arms.len() > 1 {
        text += &differences(comparison);
    }
    for sentence in comparison.summary() {
        text += &format!("\n- {sentence}");
    }
    text.push('\n');
    if let Some(arms) = ArmsLinearity::of(comparison) {
        text += &format!("\n{}", arms_table(&arms));
    }
    text
}

/// One run's scores, a line each.
pub fn score_table(scores: &Scores) -> String {
    let values = scores.values.iter();
    let rows =
        values.map(|(metric, value)| vec![heading(*metric), finite(*value, decimals(*value))]);
    aligned(&rows.collect::<Vec<_>>())
}

/// Precision, recall, F1 and rows of each class; `names` in class order.
pub fn class_table(scores: &Scores, names: &[String]) -> String {
    let header = CLASSES.map(String::from).to_vec();
    let rows = std::iter::once(header).chain(class_rows(scores, names));
    aligned(&rows.collect::<Vec<_>>())
}

/// The headings of [`class_rows`].
pub(super) const CLASSES: [&str; 5] = ["class", "precision", "recall", "f1", "rows"];

/// A row of cells a class; a class without a name goes by its number.
pub(super) fn class_rows(scores: &Scores, names: &[String]) -> impl Iterator<Item = Vec<String>> {
    scores.per_class.iter().map(|c| {
        let name = names.get(c.class).cloned();
        let [precision, recall, f1] = [c.precision, c.recall, c.f1].map(|v| finite(v, 4));
        let name = name.unwrap_or_else(|| c.class.to_string());
        vec![name, precision, recall, f1, c.support.to_string()]
    })
}

/// The metric with an arrow to its better side.
pub(super) fn heading(metric: Metric) -> String {
    let arrow = match metric.better() {
        Direction::Higher => '↑',
        Direction::Lower => '↓',
    };
    format!("{} {arrow}", metric.name())
}

/// "0.5429 ± 0.0123", without the spread for one seed, "-" where there is no finite value.
pub(super) fn mean_and_spread(arm: &Arm, metric: Metric) -> String {
    let Some(mean) = arm.mean.get(metric) else {
        return "-".into();
    };
    let digits = decimals(mean);
    match arm.std.get(metric) {
        Some(std) => format!("{mean:.digits$} ± {std:.digits$}"),
        None => format!("{mean:.digits$}"),
    }
}

/// A difference in cells: itself, interval, adjusted p, verdict, detectable difference.
pub(super) fn cells(versus: &Versus) -> [String; 5] {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    [
        or_dash(versus.difference.map(signed)),
        or_dash(versus.ci95.map(interval)),
        or_dash(versus.p_adjusted.map(p_value)),
        verdict(versus.verdict).into(),
        or_dash(versus.detectable.map(number)),
    ]
}

/// The headings of [`cells`].
pub(super) const CELLS: [&str; 5] = [
    "difference",
    "95 % interval",
    "adjusted p",
    "verdict",
    "detectable",
];

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "▲ better",
        Verdict::Worse => "▼ worse",
        Verdict::Undecided => "undecided",
    }
}

fn scores(comparison: &Comparison) -> String {
    let repetitions = comparison.repetitions();
    let spread = match comparison.runs() {
        1 => repetitions,
        _ => format!("mean ± standard deviation over {repetitions}"),
    };
    let names = column("arm".into(), comparison, |arm| arm.name.clone());
    let columns = comparison.metrics().into_iter();
    let columns = columns.map(|m| column(heading(m), comparison, |arm| mean_and_spread(arm, m)));
    format!("Test scores, {spread}\n\n{}", blocks(&names, columns))
}

fn column(head: String, comparison: &Comparison, cell: impl Fn(&Arm) -> String) -> Vec<String> {
    let cells = comparison.arms.iter().map(cell);
    std::iter::once(head).chain(cells).collect()
}

/// Columns beside `names`, as many as fit, the rest in further blocks below.
pub(super) fn blocks(names: &[String], columns: impl Iterator<Item = Vec<String>>) -> String {
    let width = |column: &[String]| column.iter().map(|c| c.width()).max().unwrap_or(0);
    let mut text = String::new();
    let mut block = vec![names.to_vec()];
    let mut used = width(names);
    for column in columns {
        let more = GAP.len() + width(&column);
        if block.len() > 1 && used + more > WIDTH {
            text += &aligned(&transposed(&block));
            text.push('\n');
            block.truncate(1);
            used = width(names);
        }
        used += more;
        block.push(column);
    }
    text + &aligned(&transposed(&block))
}

/// A sentence in lines of as many words as fit, with a line's end.
pub(super) fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut used = 0;
    for word in text.split_whitespace().flat_map(pieces) {
        if used > 0 && used + 1 + word.width() > WIDTH {
            lines.push_str("\n  ");
            used = 2;
        } else if used > 0 {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(&word);
        used += word.width();
    }
    lines.push('\n');
    lines
}

/// A word that fits into no line in pieces that do.
fn pieces(word: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for letter in word.chars() {
        let last = pieces.last().map_or(0, |p| p.width());
        if last + letter.width().unwrap_or(0) > WIDTH - 2 {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(letter);
        }
    }
    pieces
}

fn transposed(columns: &[Vec<String>]) -> Vec<Vec<String>> {
    let rows = columns.first().map_or(0, Vec::len);
    let row = |r: usize| columns.iter().filter_map(|c| c.get(r).cloned()).collect();
    (0..rows).map(row).collect()
}

fn differences(comparison: &Comparison) -> String {
    let mut rows = vec![
        ["metric", "arm"]
            .into_iter()
            .chain(CELLS)
            .map(String::from)
            .collect(),
    ];
    for metric in comparison.metrics() {
        let mut label = heading(metric);
        for arm in &comparison.arms {
            for versus in arm.versus_first.iter().filter(|v| v.metric == metric) {
                let start = [std::mem::take(&mut label), arm.name.clone()];
                rows.push(start.into_iter().chain(cells(versus)).collect());
            }
        }
    }
    let correction = match comparison.test_share_ratio > 0.0 {
        true => format!(", {}", comparison.interval_name()),
        false => String::new(),
    };
    format!(
        "\nDifference to '{}', paired by {}{correction}\n\n{}",
        comparison.arms[0].name,
        comparison.paired_by(),
        aligned(&rows)
    )
}

/// Rows of every class before and after an oversampling, `synthetic` and `removed` ones among them.
pub fn balance_table(classes: &[BalanceRow]) -> String {
    let cleaned = classes.iter().any(|c| c.removed > 0);
    let mut header = vec!["class", "before", "synthetic", "after"];
    if cleaned {
        header.insert(3, "removed");
    }
    let header = header.into_iter().map(String::from).collect();
    let rows = classes.iter().map(|c| {
        let mut row = vec![
            c.name.clone(),
            c.before.to_string(),
            c.synthetic.to_string(),
        ];
        if cleaned {
            row.push(c.removed.to_string());
        }
        row.push(c.after().to_string());
        row
    });
    aligned(&std::iter::once(header).chain(rows).collect::<Vec<_>>())
}

/// One class of a [`balance_table`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceRow {
    /// The class.
    pub name: String,
    /// Its rows in the input.
    pub before: usize,
    /// Rows that were made.
    pub synthetic: usize,
    /// Rows, of either kind, that a cleaning step took away.
    pub removed: usize,
}

impl BalanceRow {
    /// Its rows in the output.
    pub fn after(&self) -> usize {
        self.before + self.synthetic - self.removed
    }
}

/// Rows as lines, every column as wide as its widest cell.
pub(super) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|c| {
            rows.iter()
                .filter_map(|r| r.get(c))
                .map(|t| t.width())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let padded = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
        text += padded.collect::<Vec<_>>().join(GAP).trim_end();
        text.push('\n');
    }
    text
}

/// A number, or "-" for one that is not finite.
pub(super) fn finite(value: f64, digits: usize) -> String {
    match value.is_finite() {
        true => format!("{value:.digits$}"),
        false => "-".into(),
    }
}
