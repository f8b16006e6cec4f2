//! Whether a plan that was saved, and perhaps edited, can be carried out.

use crate::error::{Error, Result};
use crate::plan::{Blend, MixPlan, Site};

/// Refuses a plan for a model without its site, for fewer rows than it names, and one that contradicts itself.
///
/// `rows` are the training rows, `batch` the most rows that a batch has.
pub(super) fn check(plan: &MixPlan, sites: &[Site], rows: usize, batch: usize) -> Result<()> {
    if !sites.contains(&plan.site) {
        return Err(Error::NoSite {
            site: plan.site.to_string(),
            sites: sites.iter().map(Site::to_string).collect(),
        });
    }
    if let Some(row) = plan.loaded.iter().find(|row| **row as usize >= rows) {
        let range = format!("below the {rows} training rows");
        return Err(Error::setting("loaded", range, row));
    }
    if plan.pairs.is_empty() {
        return Err(shape("pairs", "at least one".into(), 0));
    }
    plan.pairs.check_rows(batch + plan.loaded.len())?;
    let residue = plan.residue.as_ref();
    residue.map_or(Ok(()), |residue| residue.check(plan.pairs.len()))?;
    check_blend(plan)
}

/// Refuses boxes, masks and spans that are not one a pair, spans elsewhere than at the embedding, and directions that are
/// none.
fn check_blend(plan: &MixPlan) -> Result<()> {
    let (what, count) = match &plan.blend {
        Blend::Linear => return Ok(()),
        Blend::Reordered(reordered) => return reordered.check(plan.loaded.len()),
        Blend::Box(boxes) => ("boxes", boxes.len()),
        Blend::Columns(mask) => ("rows of the mask", mask.len()),
        Blend::Span(spans) if plan.site == Site::Embedding => ("rows of spans", spans.len()),
        Blend::Span(_) => {
            let expected = "embedding, where the plan has spans";
            return Err(Error::setting("site", expected, plan.site));
        }
        Blend::Principal(principal) => {
            principal.basis.check()?;
            match &principal.own {
                None => return Ok(()),
                Some(mask) => ("rows of the mask", mask.len()),
            }
        }
    };
    match plan.pairs.len() {
        pairs if pairs == count => Ok(()),
        pairs => Err(shape(what, format!("{pairs}, one a pair"), count)),
    }
}

fn shape(what: &str, expected: String, got: usize) -> Error {
    Error::Shape {
        what: what.into(),
        expected,
        got: got.to_string(),
    }
}
