//! Several runs side by side.

use super::input::RunLinearity;
use super::words::sites_rows;
use crate::compare::number::number;
use crate::linearity::Linearity;
use crate::report::table::aligned;

/// For the terminal: the gaps by pairs, site and run, then spectra and steepness.
pub fn runs_table(runs: &[RunLinearity]) -> String {
    let mut text = String::new();
    for (title, rows) in gap_tables(runs) {
        text += &format!("{title}\n\n{}\n", aligned(&rows));
    }
    text += &format!("{VIEWS}\n\n{}", aligned(&view_rows(runs)));
    text
}

/// What stands above the rows of [`view_rows`].
pub const VIEWS: &str = "Singular values of the states by class (not centred; others/first falls as states flatten), and the \
     norm of the gradient of the largest output at rows and between them";

/// A titled table for each kind of pairs: a header, then by site a row a run.
pub fn gap_tables(runs: &[RunLinearity]) -> Vec<(String, Vec<Vec<String>>)> {
    let Some(first) = runs.first() else {
        return Vec::new();
    };
    let kinds = first.between.iter().map(|l| {
        let title = format!(
            "Distance from linear over {} {} pairs of {} rows",
            l.pairs, l.relation, first.rows
        );
        (title, gap_rows(runs, l))
    });
    kinds.collect()
}

fn gap_rows(runs: &[RunLinearity], kind: &Linearity) -> Vec<Vec<String>> {
    let of_run = |run: &RunLinearity| {
        let same = |l: &&Linearity| l.relation == kind.relation;
        let rows = run.between.iter().find(same).map(sites_rows);
        (run.run.clone(), rows.unwrap_or_default())
    };
    by_site(runs.iter().map(of_run).collect())
}

/// Rows that begin with a site, put together by site, with the run behind it.
fn by_site(tables: Vec<(String, Vec<Vec<String>>)>) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let longest = tables.iter().map(|(_, t)| t.len()).max().unwrap_or(0);
    for place in 0..longest {
        let there = tables
            .iter()
            .filter_map(|(run, t)| Some((run, t.get(place)?)));
        for (i, (run, row)) in there.enumerate() {
            let header = place == 0;
            if header && i > 0 {
                continue;
            }
            let name = if header { "run" } else { run };
            let start = [row[0].clone(), name.to_string()];
            rows.push(start.into_iter().chain(row[1..].iter().cloned()).collect());
        }
    }
    rows
}

/// Spectra and steepness: a header, then by site a row a run.
pub fn view_rows(runs: &[RunLinearity]) -> Vec<Vec<String>> {
    by_site(runs.iter().map(|r| (r.run.clone(), views(r))).collect())
}

fn views(run: &RunLinearity) -> Vec<Vec<String>> {
    let head = [
        "site",
        "first",
        "others",
        "others/first",
        "gradient at rows",
        "between",
    ];
    let rows = run.spectra.iter().zip(&run.gradients).map(|(s, g)| {
        let numbers = [s.first, s.others, s.ratio, g.at_rows, g.between].map(number);
        std::iter::once(s.site.to_string()).chain(numbers).collect()
    });
    std::iter::once(head.map(String::from).to_vec())
        .chain(rows)
        .collect()
}
