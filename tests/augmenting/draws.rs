//! How draws are spread: uniform where they are said to be, and the streams as they are.

use std::collections::BTreeMap;

use candle_mixup::text::augment::Marked;

use crate::bench::{augmenter, make, numbered, one, settings, words};
use crate::pvalues::chi_square_p;

const DRAWS: u64 = 20_000;

/// How often each text came.
fn spread(op: &str, text: &str) -> BTreeMap<String, usize> {
    let augmenter = augmenter(settings(op));
    let mut counts = BTreeMap::new();
    for row in 0..DRAWS {
        *counts
            .entry(make(&augmenter, &Marked::plain(text), None, row).text)
            .or_default() += 1;
    }
    counts
}

fn uniform(what: &str, counts: &BTreeMap<String, usize>, outcomes: usize) {
    assert_eq!(counts.len(), outcomes, "{what}: {counts:?}");
    let counts: Vec<usize> = counts.values().copied().collect();
    let p = chi_square_p(&counts);
    assert!(p > 1e-4, "{what}: p = {p}, {counts:?}");
}

#[test]
fn windows_runs_and_sentences_start_anywhere() {
    uniform("crop", &spread("crop=0.6", &numbered(10)), 5);
    uniform("drop", &spread("drop=0.3", &numbered(10)), 8);
    let sentences = "One a. Two b. Three c. Four d.";
    uniform("sentences", &spread("sentences=0.5", sentences), 6);
}

#[test]
fn pairs_of_words_are_equally_likely() {
    uniform("swap", &spread("swap=0.1", &numbered(6)), 15);
    uniform(
        "swap-adjacent",
        &spread("swap-adjacent=0.1", &numbered(6)),
        5,
    );
}

#[test]
fn slots_of_an_insertion_are_equally_likely_the_end_included() {
    let mut slots: BTreeMap<String, usize> = BTreeMap::new();
    for (text, n) in spread("insert=0.1", &numbered(6)) {
        let new = words(&text)
            .into_iter()
            .position(|word| !word.starts_with('w'));
        *slots
            .entry(new.expect("a word came in").to_string())
            .or_default() += n;
    }
    uniform("insert", &slots, 7);
    // two words in the longer text: each pair of places as likely as any other
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (text, n) in spread("insert=0.5", &numbered(4)) {
        let new = words(&text)
            .into_iter()
            .enumerate()
            .filter(|(_, word)| !word.starts_with('w'));
        let key: Vec<String> = new.map(|(i, _)| i.to_string()).collect();
        *places.entry(key.join(" ")).or_default() += n;
    }
    uniform("two insertions", &places, 15);
}

#[test]
fn deletions_are_as_likely_as_asked_everywhere() {
    let (n, p) = (20, 0.3);
    let mut gone = vec![0usize; n];
    for row in 0..DRAWS {
        let made = one("delete=0.3", &numbered(n), row);
        let left = words(&made.text);
        for (i, gone) in gone.iter_mut().enumerate() {
            *gone += usize::from(!left.contains(&format!("w{i}").as_str()));
        }
    }
    let all: usize = gone.iter().sum();
    let draws = DRAWS as f64 * n as f64;
    let error = (all as f64 / draws - p) / (p * (1.0 - p) / draws).sqrt();
    assert!(error.abs() < 4.0, "{error} standard errors");
    let p = chi_square_p(&gone);
    assert!(p > 1e-4, "p = {p}, {gone:?}");
}

#[test]
fn as_many_marks_as_likely_as_any_other_number() {
    let mut marks: BTreeMap<String, usize> = BTreeMap::new();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for (text, n) in spread("aeda=0.3", &numbered(10)) {
        let found: Vec<&str> = text
            .split(' ')
            .filter(|word| !word.starts_with('w'))
            .collect();
        *marks.entry(found.len().to_string()).or_default() += n;
        for mark in found {
            *kinds.entry(mark.to_owned()).or_default() += n;
        }
    }
    uniform("number of marks", &marks, 4);
    assert_eq!(kinds.len(), 6);
}

#[test]
fn replacements_are_uniform_without_the_old_word() {
    uniform("substitute", &spread("substitute=0.1", "alpha"), 4);
    uniform("synonym", &spread("synonym=1", "good"), 2);
    uniform("case", &spread("case=1", "word"), 2);
    uniform("case of two letters", &spread("case=1", "wOrD"), 4);
    uniform("omit", &spread("omit=1", "abcd"), 4);
    uniform("transpose", &spread("transpose=1", "abcd"), 3);
}

#[test]
fn splices_begin_anywhere_in_both_texts() {
    let augmenter = augmenter(settings("splice=0.5"));
    let other = Marked::plain("x0 x1 x2");
    let own = numbered(4);
    let mut counts = BTreeMap::new();
    for row in 0..DRAWS {
        *counts
            .entry(make(&augmenter, &Marked::plain(&own), Some(&other), row).text)
            .or_default() += 1;
    }
    uniform("splice", &counts, 6);
}

/// A change of what is drawn changes the texts that people have: it is told in the changelog, and here.
#[test]
fn the_draws_are_these() {
    let text = "The gorgeously elaborate film, in 3.5 hours, is so huge that a column of words cannot describe it.";
    let made: Vec<String> = [
        "swap",
        "swap-adjacent",
        "delete",
        "crop",
        "drop",
        "aeda",
        "insert",
        "substitute",
        "keyboard",
        "transpose",
        "omit",
        "case",
        "mask",
    ]
    .iter()
    .map(|op| format!("{op}: {}", one(op, text, 1).text))
    .collect();
    let pinned = include_str!("pinned.txt");
    assert_eq!(made.join("\n"), pinned.trim_end());
}
