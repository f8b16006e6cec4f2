//! The section of learning curves, for detectors that learn in steps.

use super::groups::Group;
use super::input::Trial;
use super::styles::Styles;
use crate::error::Result;
use crate::report::html;
use crate::report::plot;

/// Training loss of every detector that has one, folded away by table and scarcity.
pub(super) fn section(groups: &[Group<'_>], styles: &Styles<'_>) -> Result<String> {
    let mut body = String::new();
    for group in groups {
        let mut figures = Vec::new();
        for trial in &group.trials {
            figures.extend(curves(trial, styles)?);
        }
        body += &html::folded(&group.title, &html::plots("", &figures));
    }
    if body.is_empty() {
        return Ok(body);
    }
    let has_steps = |name: &str| {
        let arms = groups.iter().flat_map(|g| &g.trials).flat_map(|t| &t.arms);
        arms.into_iter()
            .any(|a| a.name == name && !a.histories.is_empty())
    };
    let text = "An arm that mixes or smooths is trained on softer targets: between arms compare the loss on unmixed rows \
                only.";
    Ok(html::note(text) + &styles.legend(has_steps) + &body)
}

fn curves(trial: &Trial, styles: &Styles<'_>) -> Result<Vec<String>> {
    let histories = || {
        styles.names().iter().map(|name| {
            let arm = trial.arms.iter().find(|a| a.name == *name);
            arm.map_or(&[][..], |a| a.histories.as_slice())
        })
    };
    let losses = [
        (
            "as trained",
            plot::bands(histories(), |p| Some(p.train_loss)),
        ),
        ("unmixed rows", plot::bands(histories(), |p| p.clean_loss)),
    ];
    let mut figures = Vec::new();
    for (kind, bands) in losses {
        let name = format!("training loss, {kind}");
        if let Some(svg) = plot::curves(&name, "step", &bands)? {
            let words = "Line: mean over the runs; band: from the lowest run to the highest.";
            figures.push(html::explained(
                &format!("{}, {name}", trial.detector),
                words,
                &svg,
            ));
        }
    }
    Ok(figures)
}
