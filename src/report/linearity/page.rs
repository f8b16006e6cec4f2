//! The page of `mixup linearity`: tables, and curves by weight, by site and by singular value.

use super::cells::html_table;
use super::input::{LinearityReport, RunLinearity};
use super::runs::{VIEWS, gap_tables, view_rows};
use crate::error::Result;
use crate::linearity::{AtWeight, Linearity, SiteLinearity};
use crate::plan::Site;
use crate::report::html;
use crate::report::plot::{self, Band, Style};

/// The measurement of several runs as one HTML page that fetches nothing.
///
/// # Errors
/// [`Error::Plot`](crate::Error::Plot) for a plot that cannot be drawn.
pub fn linearity_page(report: &LinearityReport) -> Result<String> {
    let runs = &report.runs;
    let body = [
        html::section("Runs", &legend(runs)),
        html::section("Gap by weight", &by_weight(runs)?),
        html::section("Gap by site", &by_site(runs)?),
        html::section("In numbers", &numbers(runs)),
        html::section("Singular values", &spectra(runs)?),
        html::section("Spectra and steepness in numbers", &views(runs)),
        html::section("Settings", &html::settings(&report.settings)),
    ];
    let subtitle = format!(
        "{}; {}; candle-mixup {}",
        html::counted(runs.len(), "run"),
        html::duration(report.seconds),
        report.version
    );
    Ok(html::page("How far from linear", &subtitle, &body.concat()))
}

fn legend(runs: &[RunLinearity]) -> String {
    let items = runs.iter().enumerate().map(|(i, run)| {
        let name = html::escape(&run.run);
        format!("<li>{}{name}</li>\n", Style::of(i + 1).swatch())
    });
    let items: String = items.collect();
    let text = "f(mix) against the mix of f(a) and f(b), from the site upwards. A linear model has gap 0. The relative gap is \
                free of the outputs' scale; the gap itself grows with it.";
    html::note(text) + &format!("<ul class=\"legend\">\n{items}</ul>\n")
}

/// One line a run.
fn lines(runs: &[RunLinearity], points: impl Fn(&RunLinearity) -> Vec<(f64, f64)>) -> Vec<Band> {
    let band = |(i, run): (usize, &RunLinearity)| Band {
        style: Style::of(i + 1),
        points: points(run).into_iter().map(|(x, y)| (x, y, y, y)).collect(),
    };
    let bands = runs.iter().enumerate().map(band);
    bands.filter(|band| !band.points.is_empty()).collect()
}

/// The sites of the first run.
fn sites(runs: &[RunLinearity]) -> Vec<Site> {
    let first = runs.first().and_then(|run| run.between.first());
    first.map_or_else(Vec::new, |l| l.sites.iter().map(|s| s.site).collect())
}

fn main_pairs(run: &RunLinearity) -> Option<&Linearity> {
    run.between.first()
}

/// What is drawn over λ.
type Curve = (&'static str, fn(&SiteLinearity, &AtWeight) -> Option<f64>);

const CURVES: [Curve; 4] = [
    // By the mean distance of the ends, which is gap / relative_gap.
    ("relative gap", |site, at| {
        Some(at.gap * site.relative_gap? / site.gap)
    }),
    ("confidence", |_, at| at.confidence),
    ("margin", |_, at| at.margin),
    ("share of a third class", |_, at| at.third_class),
];

fn by_weight(runs: &[RunLinearity]) -> Result<String> {
    let mut figures = Vec::new();
    for site in sites(runs) {
        for (name, value) in CURVES {
            let points = |run: &RunLinearity| {
                let found = main_pairs(run).and_then(|l| l.sites.iter().find(|s| s.site == site));
                let Some(found) = found else {
                    return Vec::new();
                };
                let point = |at: &AtWeight| Some((at.weight, value(found, at)?));
                found
                    .by_weight
                    .iter()
                    .filter_map(point)
                    .filter(|p| p.1.is_finite())
                    .collect()
            };
            let name = format!("{name}, {site}");
            if let Some(svg) = plot::curves(&name, "weight of the first row", &lines(runs, points))?
            {
                figures.push(html::figure(&name, &svg));
            }
        }
    }
    Ok(html::plots("", &figures))
}

fn by_site(runs: &[RunLinearity]) -> Result<String> {
    let sites = sites(runs);
    let names: Vec<String> = (0..)
        .zip(&sites)
        .map(|(i, s): (u32, _)| format!("{i} {s}"))
        .collect();
    let axis = names.join(", ");
    let points = |run: &RunLinearity| {
        let found = main_pairs(run).map_or(&[][..], |l| &l.sites);
        let point = |site: &SiteLinearity| {
            let place = sites.iter().position(|s| *s == site.site)?;
            Some((place as f64, site.relative_gap?))
        };
        found.iter().filter_map(point).collect()
    };
    let name = "relative gap";
    let svg = plot::curves(name, &axis, &lines(runs, points))?;
    let figures: Vec<String> = svg.iter().map(|svg| html::figure(name, svg)).collect();
    Ok(html::plots("", &figures))
}

fn numbers(runs: &[RunLinearity]) -> String {
    let tables = gap_tables(runs).into_iter();
    tables
        .map(|(title, rows)| html::note(&title) + &html_table(2, rows))
        .collect()
}

fn spectra(runs: &[RunLinearity]) -> Result<String> {
    let mut figures = Vec::new();
    for site in sites(runs) {
        let points = |run: &RunLinearity| {
            let found = run.spectra.iter().find(|s| s.site == site);
            let values = found.map_or(&[][..], |s| &s.values);
            let first = found.map_or(1.0, |s| s.first.max(f64::MIN_POSITIVE));
            let point = |(k, value): (usize, &f64)| ((k + 1) as f64, value / first);
            values.iter().enumerate().skip(1).map(point).collect()
        };
        let name = format!("singular values by the first, {site}");
        if let Some(svg) = plot::curves(&name, "number of the value", &lines(runs, points))? {
            figures.push(html::figure(&name, &svg));
        }
    }
    let text = "Of each class's states, not centred, averaged over the classes, from the second on. Mixing hidden states makes them fall \
                faster (Verma et al. 2019).";
    Ok(html::note(text) + &html::plots("", &figures))
}

fn views(runs: &[RunLinearity]) -> String {
    html::note(VIEWS) + &html_table(2, view_rows(runs))
}
