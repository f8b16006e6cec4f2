//! The page of `oversample`.

use super::input::{ClassCount, OversampleReport};
use super::{distances, moved, projection};
use crate::error::Result;
use crate::oversample::{Metric, Scale, Settings, Strategy};
use crate::report::html::{self, Cell};
use crate::report::plot::{self, Bar, Style};

/// Classes that have a colour of their own, besides the largest.
const COLOURED: usize = 6;
/// Bars that are drawn.
const BARS: usize = 40;

/// What was done to a table as one HTML page that fetches nothing: settings in words, class counts, a projection
/// before and after, distances to real rows, the columns that moved, and all settings.
///
/// # Errors
/// [`Error::Plot`](crate::Error::Plot) for a plot that cannot be drawn.
pub fn oversample_page(report: &OversampleReport) -> Result<String> {
    let palette = palette(&report.classes);
    let body = [
        html::section("What was done", &words(report)),
        html::section("Class counts", &counts(report, &palette)?),
        html::section("Projection", &projection::section(report)?),
        html::section(
            "Distance to the nearest real row",
            &distances::section(report, &palette)?,
        ),
        html::section("Columns that moved", &moved::section(report, &palette)?),
        html::section("Settings", &html::settings(&report.settings)),
    ];
    let subtitle = format!(
        "{}; {}; candle-mixup {}",
        html::counted(made(report), "synthetic row"),
        html::duration(report.seconds),
        report.version,
    );
    Ok(html::page(&report.title, &subtitle, &body.concat()))
}

fn made(report: &OversampleReport) -> usize {
    report.classes.iter().map(|c| c.made).sum()
}

/// The colours of the classes.
pub(super) struct Palette {
    styles: Vec<Style>,
    /// The classes with a colour, rarest first.
    pub(super) coloured: Vec<u32>,
}

impl Palette {
    pub(super) fn of(&self, class: u32) -> Style {
        let own = self.styles.get(class as usize);
        own.copied().unwrap_or(Style::of(0))
    }
}

/// Grey for the largest class, a colour each for the rarest that grew, and grey for the rest.
pub(super) fn palette(classes: &[ClassCount]) -> Palette {
    let largest = (0..classes.len()).max_by_key(|&c| (classes[c].before, std::cmp::Reverse(c)));
    let mut grown: Vec<usize> = (0..classes.len())
        .filter(|&c| classes[c].made > 0 && Some(c) != largest)
        .collect();
    grown.sort_by_key(|&c| (classes[c].before, c));
    grown.truncate(COLOURED);
    let mut styles = vec![Style::of(0); classes.len()];
    for (i, &c) in grown.iter().enumerate() {
        styles[c] = Style::of(i + 1);
    }
    Palette {
        styles,
        coloured: grown.into_iter().map(|c| c as u32).collect(),
    }
}

/// What the lines of the plots of some classes stand for.
pub(super) fn key(
    report: &OversampleReport,
    palette: &Palette,
    classes: &[u32],
    what: &str,
) -> String {
    if classes.is_empty() {
        return String::new();
    }
    let mut items = format!("<li>{}real rows</li>\n", plot::ink_swatch());
    for &class in classes {
        let name = html::escape(&report.short_class(class));
        let swatch = palette.of(class).swatch();
        items += &format!("<li>{swatch}{name}, {what}</li>\n");
    }
    format!("<ul class=\"legend\">\n{items}</ul>\n")
}

/// The settings; those that a reader need not know unless they were changed are named only then.
fn words(report: &OversampleReport) -> String {
    let (settings, usual) = (&report.oversampler, Settings::default());
    let mut lines = vec![
        ("method", method(settings)),
        ("strategy", strategy(&settings.strategy)),
        ("distance", distance(settings)),
        ("seed", settings.seed.to_string()),
        ("version", format!("candle-mixup {}", report.version)),
    ];
    let mut changed = |name, value: String, usual: String| {
        if value != usual {
            lines.push((name, value));
        }
    };
    changed("bases", word(&settings.bases), word(&usual.bases));
    changed(
        "small classes",
        word(&settings.small_class),
        word(&usual.small_class),
    );
    changed(
        "no row to start from",
        word(&settings.fallback),
        word(&usual.fallback),
    );
    changed("rules", word(&settings.like), word(&usual.like));
    let lines = lines.iter().map(|(name, value)| {
        let (name, value) = (html::escape(name), html::escape(value));
        format!("<dt>{name}</dt><dd>{value}</dd>\n")
    });
    let list = format!("<dl>\n{}</dl>\n", lines.collect::<String>());
    match report.notes.is_empty() {
        true => list,
        false => format!(
            "{list}<div class=\"callout worse\"><p>To know</p>\n{}</div>\n",
            html::list(&report.notes)
        ),
    }
}

/// "smote (k = 5)".
fn method(settings: &Settings) -> String {
    let name = settings.method.name();
    let json = serde_json::to_value(&settings.method).unwrap_or_default();
    let own = json.get(name).and_then(|v| v.as_object());
    let own = own.into_iter().flatten().filter(|(_, v)| !v.is_null());
    let own: Vec<String> = own
        .map(|(field, value)| format!("{field} = {}", plain(value)))
        .collect();
    match own.is_empty() {
        true => name.into(),
        false => format!("{name} ({})", own.join(", ")),
    }
}

fn strategy(strategy: &Strategy) -> String {
    match strategy {
        Strategy::Ratio(ratio) => format!("up to {ratio} of the largest class"),
        Strategy::Counts(totals) => {
            let totals = totals.iter().map(|(class, n)| format!("{class}: {n}"));
            format!("totals: {}", totals.collect::<Vec<_>>().join(", "))
        }
        other => word(other),
    }
}

pub(super) fn distance(settings: &Settings) -> String {
    let metric = match settings.metric {
        Metric::Euclidean => "Euclidean",
        Metric::Manhattan => "Manhattan",
        Metric::Cosine => "cosine",
    };
    let scale = match settings.scale {
        Scale::None => "columns as they are",
        Scale::Standard => "columns divided by their standard deviation",
        Scale::Robust => "columns divided by the distance between their quartiles",
    };
    format!("{metric}, {scale}")
}

/// A setting as JSON spells it.
fn word(setting: &impl serde::Serialize) -> String {
    plain(&serde_json::to_value(setting).unwrap_or_default())
}

fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn counts(report: &OversampleReport, palette: &Palette) -> Result<String> {
    let total = |of: fn(&ClassCount) -> usize| report.classes.iter().map(of).sum::<usize>();
    let all = ClassCount {
        name: "all rows".into(),
        before: total(|c| c.before),
        made: total(|c| c.made),
        removed: total(|c| c.removed),
    };
    let share = |part: usize, of: usize| match of {
        0 => "-".into(),
        of => format!("{:.2} %", 100.0 * part as f64 / of as f64),
    };
    let header = [
        "class",
        "before",
        "made",
        "removed",
        "after",
        "share before",
        "share after",
    ]
    .map(String::from);
    let row = |c: &ClassCount| -> Vec<Cell> {
        let numbers = [c.before, c.made, c.removed, c.after()].map(|n| Cell::from(n.to_string()));
        let shares = [share(c.before, all.before), share(c.after(), all.after())];
        let name = std::iter::once(Cell::from(c.name.as_str()));
        name.chain(numbers).chain(shares.map(Cell::from)).collect()
    };
    let rows = report.classes.iter().chain([&all]).map(row);
    let table = html::table(1, &header, rows);
    let mut order: Vec<usize> = (0..report.classes.len()).collect();
    order.sort_by_key(|&c| (std::cmp::Reverse(report.classes[c].made), c));
    order.truncate(BARS);
    order.sort_unstable();
    let left_out = report.classes.len() - order.len();
    let bar = |c: usize| Bar {
        name: report.classes[c].name.clone(),
        before: report.classes[c].before,
        after: report.classes[c].before + report.classes[c].made,
        style: palette.of(c as u32),
    };
    let bars: Vec<Bar> = order.into_iter().map(bar).collect();
    let svg = plot::bars("Rows of each class before and after", &bars)?;
    let figure = svg.map(|svg| html::figure("Rows before (filled) and added (hollow)", &svg));
    let text = match left_out {
        0 => String::new(),
        n => html::note(&format!(
            "Drawn are the {BARS} classes that grew most; {n} more stand in the table."
        )),
    };
    Ok(table + &text + &html::plots("", &figure.into_iter().collect::<Vec<_>>()))
}
