//! Spoken requests, made from templates and slot values: the same bytes on every machine.

use std::collections::HashSet;
use std::fmt::Write;

use candle_mixup::random::{Purpose, Stream};

use super::slots::{Slot, value};
use super::templates::{BEFORE, BEHIND, TEMPLATES};

/// The seed of the shipped set.
const SEED: u64 = 20_261;
/// Sentences for training, and behind them those for testing.
const TRAINING: usize = 1100;
const TESTING: usize = 400;

/// The set as a file of columns.
pub fn requests() -> String {
    let mut text = String::new();
    let mut told = HashSet::new();
    for number in 0..TRAINING + TESTING {
        let mut attempt = 0;
        let words = loop {
            let words = sentence(number, attempt);
            let plain: Vec<String> = words.iter().map(|(word, _)| word.clone()).collect();
            if told.insert(plain) {
                break words;
            }
            attempt += 1;
        };
        for (word, tag) in words {
            writeln!(text, "{word}\t{tag}").expect("a string takes all");
        }
        text.push('\n');
    }
    text
}

/// A sentence's words and tags. Test sentences take half of their values from those that training never sees, and one
/// in three of them follows a template of its own.
fn sentence(number: usize, attempt: u64) -> Vec<(String, String)> {
    let mut draw = Stream::keyed(SEED, Purpose::Base, attempt, number as u64);
    let test = number >= TRAINING;
    let own = TEMPLATES.len() / 5;
    let place = match test && draw.unit() < 1.0 / 3.0 {
        true => TEMPLATES.len() - own + draw.below(own),
        false => draw.below(TEMPLATES.len() - own),
    };
    let mut words = Vec::new();
    if draw.unit() < 0.3 {
        say(BEFORE[draw.below(BEFORE.len())], &mut words);
    }
    for part in TEMPLATES[place].split(' ') {
        match Slot::named(part) {
            None => say(part, &mut words),
            Some(slot) => {
                let held_out = test && draw.unit() < 0.5;
                enter(slot, &value(slot, held_out, &mut draw), &mut words);
            }
        }
    }
    if draw.unit() < 0.25 {
        say(BEHIND[draw.below(BEHIND.len())], &mut words);
    }
    words
}

fn say(text: &str, words: &mut Vec<(String, String)>) {
    words.extend(
        text.split(' ')
            .map(|word| (word.to_string(), "O".to_string())),
    );
}

fn enter(slot: Slot, text: &str, words: &mut Vec<(String, String)>) {
    for (i, word) in text.split(' ').enumerate() {
        let prefix = if i == 0 { "B" } else { "I" };
        words.push((word.to_string(), format!("{prefix}-{}", slot.name())));
    }
}
