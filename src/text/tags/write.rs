//! Tagged sentences as they are written: columns, or a text with its spans.

use serde::Serialize;

use super::columns::Offsets;
use super::positions::Positions;
use super::sentence::Sentence;
use super::tag_set::TagSet;
use crate::metrics::entities;

/// A sentence in columns: a word and its tag a line, with a tab between them, and a blank line at the end. An entity always
/// begins with B, as [`entities`] finds it.
pub fn conll_lines(sentence: &Sentence, tags: &[u32], set: &TagSet) -> String {
    let mut names = vec!["O".to_string(); tags.len()];
    for entity in entities(tags) {
        let kind = set.types().get(entity.kind).map_or("", String::as_str);
        for place in entity.words.clone() {
            let prefix = if place == entity.words.start {
                "B"
            } else {
                "I"
            };
            names[place] = format!("{prefix}-{kind}");
        }
    }
    let lines = sentence.words().zip(names);
    let lines = lines.map(|(word, name)| format!("{word}\t{name}\n"));
    lines.collect::<String>() + "\n"
}

/// A sentence as a JSON object: what [`TaggedRows`](super::TaggedRows) reads again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpanLine<'a> {
    /// The line on which the sentence started, from 1.
    pub line: u64,
    /// The text.
    pub text: &'a str,
    /// Its entities.
    pub spans: Vec<WrittenSpan<'a>>,
}

/// An entity of a [`SpanLine`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WrittenSpan<'a> {
    /// Where it starts.
    pub start: usize,
    /// The offset behind its end.
    pub end: usize,
    /// Its type.
    pub label: &'a str,
}

impl<'a> SpanLine<'a> {
    /// The entities of the tags of a sentence.
    pub fn of(sentence: &'a Sentence, tags: &[u32], set: &'a TagSet, offsets: Offsets) -> Self {
        let text = sentence.text.as_str();
        let positions = Positions::of(text, offsets);
        let span = |entity: crate::metrics::Entity| {
            let words = sentence.words.get(entity.words.clone())?;
            Some(WrittenSpan {
                start: positions.offset(words.first()?.start),
                end: positions.offset(words.last()?.end),
                label: set.types().get(entity.kind)?,
            })
        };
        Self {
            line: sentence.line,
            text,
            spans: entities(tags).into_iter().filter_map(span).collect(),
        }
    }
}
