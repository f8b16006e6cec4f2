//! The first rows before and after, with what changed in colour.

use std::io::{IsTerminal, Write};

use anyhow::Result;
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
    let mut bench = Workbench::default();
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
                None => difference(&text, made.augmented.text, &marks),
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
        writeln!(out, "{} outputs could not be new", tally.missing)?;
    }
    Ok(())
}

/// The new text with the old one's words where they went.
fn difference(old: &str, new: &str, marks: &Marks) -> String {
    let (old, new) = (visible(old), visible(new));
    let diff = TextDiff::from_words(old.as_str(), new.as_str());
    let mut shown = String::new();
    for change in diff.iter_all_changes() {
        let (before, behind) = match change.tag() {
            ChangeTag::Equal => ("", ""),
            ChangeTag::Delete => marks.gone,
            ChangeTag::Insert => marks.new,
        };
        // white space between two changes of one kind is marked with them
        shown.push_str(before);
        shown.push_str(change.value());
        shown.push_str(behind);
    }
    for (before, behind) in [marks.gone, marks.new] {
        shown = shown.replace(&format!("{behind}{before}"), "");
    }
    shown
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
