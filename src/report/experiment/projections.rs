//! The section that shows real and synthetic rows in two dimensions.

use super::input::TableProjection;
use crate::error::Result;
use crate::oversample::Coverage;
use crate::report::html;
use crate::report::oversample::{Shown, projected};

/// A pair of plots for each table and arm, the first one open.
pub(super) fn section(projections: &[TableProjection]) -> Result<String> {
    let mut body = String::new();
    for (i, one) in projections.iter().enumerate() {
        let title = format!("{}, {}", one.table, one.arm);
        let plots = projected(&Shown {
            projection: &one.projection,
            classes: &one.classes,
            numeric: one.numeric,
            categorical: one.categorical,
            seed: one.seed,
            coverage: Coverage::Whole,
        })?;
        body += &match i {
            0 => html::heading(&title) + &plots,
            _ => html::folded(&title, &plots),
        };
    }
    Ok(body)
}
