//! One colour an arm, the same on the whole page.

use super::groups::arm_names;
use super::input::ExperimentReport;
use crate::report::html;
use crate::report::plot::Style;

/// The arms of all trials with their colours.
pub(super) struct Styles<'a> {
    names: Vec<&'a str>,
}

impl<'a> Styles<'a> {
    pub(super) fn of(report: &'a ExperimentReport) -> Self {
        Self {
            names: arm_names(report.trials.iter()),
        }
    }

    /// All arms, in the order of their colours.
    pub(super) fn names(&self) -> &[&'a str] {
        &self.names
    }

    /// The colour of an arm; that of the first one for a name that no trial has.
    pub(super) fn style(&self, arm: &str) -> Style {
        let place = self.names.iter().position(|n| *n == arm);
        Style::of(place.unwrap_or(0))
    }

    /// A stroke and a name for each arm that `shown` holds for.
    pub(super) fn legend(&self, shown: impl Fn(&str) -> bool) -> String {
        let shown = self.names.iter().filter(|n| shown(n));
        let items = shown.map(|name| {
            let swatch = self.style(name).swatch();
            format!("<li>{swatch}{}</li>\n", html::escape(name))
        });
        let items: String = items.collect();
        format!("<ul class=\"legend\">\n{items}</ul>\n")
    }
}
