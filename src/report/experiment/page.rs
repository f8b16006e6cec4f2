//! The page of an experiment.

use super::groups::groups;
use super::input::ExperimentReport;
use super::styles::Styles;
use super::{
    calibration, differences, found, learning, linearity, precision_recall, projections, ranks,
    runs, scarcity, scores, tables,
};
use crate::error::Result;
use crate::report::html;

/// A whole experiment as one HTML page that fetches nothing: what was found in words, scores, differences with
/// intervals, the gain over label scarcity, precision-recall curves, calibration, ranks over the tables, projections,
/// every run, what was left out, data and settings. A section without data is left out.
///
/// # Errors
/// [`Error::Plot`](crate::Error::Plot) for a plot that cannot be drawn.
pub fn experiment_page(report: &ExperimentReport) -> Result<String> {
    let groups = groups(report);
    let styles = Styles::of(report);
    let body = [
        html::section("What was found", &found::section(&groups)),
        html::section("Scores", &scores::section(&groups)),
        html::section("Differences", &differences::section(&groups)?),
        html::section(
            "Gain over label scarcity",
            &scarcity::section(report, &styles)?,
        ),
        html::section(
            "Precision-recall curves",
            &precision_recall::section(&groups, &styles)?,
        ),
        html::section(
            "Calibration before and after the correction of class shares",
            &calibration::section(&groups, &styles)?,
        ),
        html::section("Ranks over the tables", &ranks::section(report, &styles)?),
        html::section("Learning curves", &learning::section(&groups, &styles)?),
        html::section(
            "Real and synthetic rows",
            &projections::section(&report.projections)?,
        ),
        html::section("Linearity", &linearity::section(&groups)),
        html::section("Every run", &runs::section(report)),
        html::section(
            "Arms that a detector does not take",
            &tables::absent(report),
        ),
        html::section("Data", &tables::data(report)),
        html::section("Settings", &html::settings(&report.settings)),
    ];
    Ok(html::page(
        &report.title,
        &subtitle(report, &styles),
        &body.concat(),
    ))
}

fn subtitle(report: &ExperimentReport, styles: &Styles<'_>) -> String {
    let mut detectors: Vec<&str> = report.trials.iter().map(|t| t.detector.as_str()).collect();
    detectors.sort_unstable();
    detectors.dedup();
    let counts = [
        html::counted(report.tables.len(), "table"),
        html::counted(detectors.len(), "detector"),
        html::counted(styles.names().len(), "arm"),
        html::counted(report.folds, "fold"),
        html::counted(report.seeds, "seed"),
    ];
    format!(
        "{}; class shares after resampling: {}; {}; candle-mixup {}",
        counts.join(", "),
        report.prior,
        html::duration(report.seconds),
        report.version,
    )
}
