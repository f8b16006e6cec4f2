//! The page and the terminal table of experiments: whole, escaped, offline, and true to the numbers that went in.
//!
//! The pages are left in cargo's temporary folder (`target/tmp/experiment-*.html`) for a look.
#![cfg(feature = "cli")]

#[path = "common/page.rs"]
mod page;

mod experiment;

use candle_mixup::report::{ExperimentReport, experiment_page, experiment_table};
use page::sound;

fn drawn(name: &str, report: &ExperimentReport) -> String {
    let html = experiment_page(report).expect("drawn");
    sound(&format!("experiment-{name}.html"), &html);
    html
}

#[test]
fn full() {
    let html = drawn("full", &experiment::full());
    println!("{}", html.len());
    println!("{}", experiment_table(&experiment::full()));
}
