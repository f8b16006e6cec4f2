//! Fit and linearity of the networks' arms, beside their scores.

use super::groups::Group;
use super::input::Trial;
use crate::compare::number::{number, signed};
use crate::linearity::{ArmsLinearity, Measured};
#[cfg(feature = "cli")]
use crate::report::html;
#[cfg(feature = "cli")]
use crate::report::linearity::{arms_note, html_arms};
use crate::report::shortened::shortened;
use crate::report::table::{blocks, wrapped};

/// Display columns of a name.
const NAME: usize = 24;

/// What one detector's arms came to.
pub(super) struct Linear<'a> {
    pub detector: &'a str,
    pub arms: ArmsLinearity,
}

/// The measured detectors of a group.
pub(super) fn linear<'a>(group: &'a Group<'_>) -> Vec<Linear<'a>> {
    let of = |trial: &'a &Trial| {
        let arms = ArmsLinearity::of(&trial.comparison)?;
        let detector = trial.detector.as_str();
        Some(Linear { detector, arms })
    };
    group.trials.iter().filter_map(of).collect()
}

/// For each table and scarcity the relative gap of detectors × arms, then the answers.
pub(super) fn linearity(groups: &[Group<'_>]) -> String {
    let parts = groups.iter().map(of_group).filter(|text| !text.is_empty());
    parts.collect::<Vec<_>>().join("\n")
}

fn of_group(group: &Group<'_>) -> String {
    let found = linear(group);
    let Some(site) = found.first().map(|l| l.arms.site) else {
        return String::new();
    };
    let head = wrapped(&format!(
        "{}: relative gap at {site} (how far f(mix) is from the mix of f), mean; other arms: the difference to the \
         first and half its interval; * fits the training rows like the first",
        shortened(&group.title, 3 * NAME)
    ));
    let detectors = found.iter().map(|l| shortened(l.detector, NAME));
    let names: Vec<String> = std::iter::once("detector".into())
        .chain(detectors)
        .collect();
    let columns = group.arms().into_iter().filter_map(|name| {
        let cells: Vec<String> = found.iter().map(|l| cell(&l.arms, name)).collect();
        let measured = cells.iter().any(|c| !c.is_empty());
        measured.then(|| {
            std::iter::once(shortened(name, NAME))
                .chain(cells)
                .collect()
        })
    });
    let table = blocks(&names, columns);
    let answers = found.iter().flat_map(|l| {
        let sentences = l.arms.answer.iter();
        sentences.map(|s| wrapped(&format!("- {}: {s}", l.detector)))
    });
    format!("{head}\n{table}\n{}", answers.collect::<String>())
}

fn cell(arms: &ArmsLinearity, name: &str) -> String {
    let Some(arm) = arms.arms.iter().find(|a| a.name == name) else {
        return String::new();
    };
    match arm.relative_gap {
        Measured {
            mean,
            difference: None,
            ..
        } => number(mean),
        Measured {
            difference: Some(difference),
            ci95,
            ..
        } => {
            let half = ci95.map_or_else(String::new, |[low, high]| {
                format!(" ± {}", number((high - low) / 2.0))
            });
            let alike = if arm.fits_alike { " *" } else { "" };
            format!("{}{half}{alike}", signed(difference))
        }
    }
}

/// A table and the answers of every measured detector.
#[cfg(feature = "cli")]
pub(super) fn section(groups: &[Group<'_>]) -> String {
    let parts = groups.iter().flat_map(|group| {
        let found = linear(group);
        let part = |l: Linear<'_>| {
            let title = format!("{}, {}", group.title, l.detector);
            format!("<h3>{}</h3>\n", html::escape(&title))
                + &html::list(&l.arms.answer)
                + &html::note(&arms_note(&l.arms))
                + &html_arms(&l.arms)
        };
        found.into_iter().map(part).collect::<Vec<_>>()
    });
    parts.collect()
}
