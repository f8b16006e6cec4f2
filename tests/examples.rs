//! Every example runs and ends in its metric. `cargo test` builds the examples beside this test.

use std::path::PathBuf;
use std::process::Command;

fn run(name: &str) -> String {
    let mut program: PathBuf = std::env::current_exe().expect("a test has a path");
    program.pop(); // deps
    program.pop();
    program.push("examples");
    program.push(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let done = Command::new(&program)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    let done = done.unwrap_or_else(|e| panic!("{}: {e}", program.display()));
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(
        done.status.success(),
        "{name}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    text
}

/// The number behind `label` in the last line that has it.
fn number(text: &str, label: &str) -> f64 {
    let line = text
        .lines()
        .rev()
        .find(|l| l.contains(label))
        .unwrap_or_else(|| panic!("no '{label}' in: {text}"));
    let rest = line.split(label).nth(1).unwrap_or_default();
    let word = rest.split_whitespace().next().unwrap_or_default();
    word.parse()
        .unwrap_or_else(|e| panic!("'{word}' in '{line}': {e}"))
}

#[test]
fn own_model_reaches_its_accuracy() {
    assert!(number(&run("own_model"), "accuracy ") > 0.85);
}

#[test]
fn text_reaches_its_accuracy() {
    assert!(number(&run("text"), "accuracy ") > 0.4);
}

#[test]
fn augment_makes_new_texts_and_keeps_names() {
    let text = run("augment");
    assert!(number(&text, "new ") > 0.85);
    assert_eq!(number(&text, "names "), 1.0);
}

#[test]
fn oversample_reaches_its_recall() {
    assert!(number(&run("oversample"), "recall ") > 0.9);
}

#[test]
fn table_reaches_its_average_precision() {
    assert!(number(&run("table"), "average_precision ") > 0.6);
}

#[test]
fn regression_reaches_its_error() {
    assert!(number(&run("regression"), "none     r2 ") > 0.7);
}

#[test]
fn image_reaches_its_accuracy() {
    assert!(number(&run("image"), "cutmix: accuracy ") > 0.85);
}

#[test]
fn linearity_is_measured_and_a_linear_head_has_none() {
    let text = run("linearity");
    let gap = number(&text, "none at input: relative gap ");
    assert!(0.05 < gap && gap < 0.5, "{gap}");
    assert!(number(&text, "none at pooled: relative gap ") < 1e-4);
}
