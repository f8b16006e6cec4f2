//! The first rows before and after, with what changed in colour.

use std::io::{IsTerminal, Write};

use anyhow::Result;
use candle_mixup::text::WordFinder;
use candle_mixup::text::augment::Workbench;
use similar::{ChangeTag, TextDiff};

use super::rows::Rows;
use super::work::{Tally, Work};

/// How what goes and what comes is marked.
struct Marks {
    gone: (&'static str, &'static str),
    new: (&'static str, &'static str),
    faint: (&'static str, &'static str),
}

const COLOURS: Marks = Marks {
    gone: ("\x1b[31;9m", "\x1b[0m"),
    new: ("\x1b[32;1m", "\x1b[0m"),
    faint: ("\x1b[2m", "\x1b[0m"),
};

const SIGNS: Marks = Marks {
    gone: ("[-", "-]"),
    new: ("{+", "+}"),
    faint: ("", ""),
};

/// Shows the first `count` rows.
pub fn show(work: &Work<'_>, rows: Rows, count: usize) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let coloured = out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let marks = if coloured { COLOURS } else { SIGNS };
    let (finder, mut bench) = (WordFinder::new(), Workbench::default());
    let mut tally = Tally::new(work.chains.len());
    for row in rows.take(count) {
        let row = row?;
        let (from, to) = marks.faint;
        writeln!(out, "{from}row {}{to}", row.number)?;
        let text = row.text.clone();
        writeln!(out, "  {:<16} {}", "", visible(&text))?;
        work.row(&row, &mut bench, &mut tally, |made| {
            let reason = made.augmented.unchanged;
            let after = match reason {
                Some(reason) => format!("{from}unchanged: {reason}{to}"),
                None => difference(&finder, &text, made.augmented.text, &marks),
            };
            writeln!(out, "  {:<16} {after}", made.operation)?;
            if let Some(partner) = made.partner {
                let share = made.augmented.own_share;
                writeln!(
                    out,
                    "  {:<16} {from}with row {}, {share:.2} of the words its own{to}",
                    "", partner.row
                )?;
            }
            Ok(())
        })?;
    }
    if tally.missing > 0 {
        writeln!(
            out,
            "{} outputs are missing: hundreds of draws gave no new text",
            tally.missing
        )?;
    }
    Ok(())
}

/// The new text with the old one's words where they went.
fn difference(finder: &WordFinder, old: &str, new: &str, marks: &Marks) -> String {
    let (old, new) = (visible(old), visible(new));
    let (old, new) = (parts(finder, &old), parts(finder, &new));
    let mut shown = String::new();
    for change in TextDiff::from_slices(&old, &new).iter_all_changes() {
        let (before, behind) = match change.tag() {
            ChangeTag::Equal => ("", ""),
            ChangeTag::Delete => marks.gone,
            ChangeTag::Insert => marks.new,
        };
        shown.push_str(before);
        shown.push_str(change.value());
        shown.push_str(behind);
    }
    // neighbouring changes of one kind are one
    for (before, behind) in [marks.gone, marks.new] {
        shown = shown.replace(&format!("{behind}{before}"), "");
    }
    shown
}

/// The words of a text and the characters between them, in order.
fn parts<'a>(finder: &WordFinder, text: &'a str) -> Vec<&'a str> {
    let mut words = Vec::new();
    finder.words(text, &mut words);
    let mut parts = Vec::with_capacity(2 * words.len() + 1);
    let mut at = 0;
    for word in words.iter().map(|word| word.range()) {
        parts.extend(characters(&text[at..word.start]));
        parts.push(&text[word.clone()]);
        at = word.end;
    }
    parts.extend(characters(&text[at..]));
    parts
}

fn characters(text: &str) -> impl Iterator<Item = &str> {
    let ends = text.char_indices().map(|(at, c)| (at, at + c.len_utf8()));
    ends.map(|(start, end)| &text[start..end])
}

/// Line ends and other control characters as signs, so that a row is a line and a text cannot steer the terminal.
fn visible(text: &str) -> String {
    let sign = |c: char| match c {
        '\n' => '\u{2424}',
        '\t' => '\u{2409}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(sign).collect()
}
