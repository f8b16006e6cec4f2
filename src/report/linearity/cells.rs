//! The same tables in HTML.

use super::{arms_rows, sites_rows};
use crate::linearity::{ArmsLinearity, Linearity};
use crate::report::html::{self, Cell};

/// Fit and linearity, a row an arm.
pub fn html_arms(arms: &ArmsLinearity) -> String {
    html_table(1, arms_rows(arms))
}

/// The gaps of one model, a row a site.
pub fn html_sites(found: &Linearity) -> String {
    html_table(1, sites_rows(found))
}

pub fn html_table(names: usize, rows: Vec<Vec<String>>) -> String {
    let mut rows = rows.into_iter();
    let header = rows.next().unwrap_or_default();
    let cells = rows.map(|row| row.into_iter().map(Cell::from).collect());
    html::table(names, &header, cells)
}
