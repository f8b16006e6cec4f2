//! The section of ranks over several tables.

use super::input::ExperimentReport;
use super::styles::Styles;
use crate::compare::Ranks;
use crate::compare::number::p_value;
use crate::error::Result;
use crate::report::html;
use crate::report::plot::{self, RankLine};

/// A critical-difference diagram a detector; nothing without ranks.
pub(super) fn section(report: &ExperimentReport, styles: &Styles<'_>) -> Result<String> {
    let mut figures = Vec::new();
    for (detector, ranks) in &report.ranks {
        let label = format!("Mean ranks of the arms, {detector}");
        if let Some(svg) = plot::critical_difference(&label, &line(ranks, styles))? {
            figures.push(html::explained(detector, &words(ranks), &svg));
        }
    }
    if figures.is_empty() {
        return Ok(String::new());
    }
    let text = "On each table the arms are ranked by their mean on the main metric, the best one first; here are the mean \
                ranks over the tables (Demšar 2006). Few tables tell little: a bar over all arms means that no difference \
                is shown, not that there is none.";
    Ok(html::note(text) + &html::plots("", &figures))
}

fn line(ranks: &Ranks, styles: &Styles<'_>) -> RankLine {
    let order = ranks.order();
    let at = |place: usize| ranks.mean_ranks.get(*order.get(place)?).copied();
    let named = ranks.names.iter().zip(&ranks.mean_ranks);
    let cliques = ranks.cliques().into_iter();
    RankLine {
        arms: named
            .map(|(name, rank)| (name.clone(), *rank, styles.style(name)))
            .collect(),
        critical_difference: ranks.critical_difference,
        cliques: cliques
            .filter_map(|(first, last)| Some((at(first)?, at(last)?)))
            .collect(),
    }
}

fn words(ranks: &Ranks) -> String {
    let f = match ranks.f_statistic {
        Some(f) => format!("F {f:.2}, "),
        None => String::new(),
    };
    format!(
        "Mean ranks over {}, 1 is best. A bar joins arms that lie closer than the critical difference at 5 % (Nemenyi). \
         Friedman's test: χ² {:.2}, p {}; Iman and Davenport's form: {f}p {}.",
        html::counted(ranks.tables, "table"),
        ranks.chi_square,
        p_value(ranks.p_value),
        p_value(ranks.f_p_value),
    )
}
