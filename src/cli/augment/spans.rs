//! Labelled spans: read from a cell or from tags, and written with their new places.

use candle_mixup::text::{Offsets, Positions, Sentence, Tag, TextSpan};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The spans of a cell, each with all that it is written with.
#[derive(Debug, Clone, Default)]
pub struct Spans {
    pub places: Vec<TextSpan>,
    items: Vec<Value>,
}

/// What stands in a sentence in columns and stays together.
#[derive(Debug, Serialize, Deserialize)]
pub struct Tagged {
    /// Its type; `None` for a word without one.
    pub kind: Option<String>,
    /// Where each of its words ends, in bytes from its start; one byte of white space is between them.
    pub ends: Vec<usize>,
}

/// What was expected of a cell, and what stood there.
pub struct Unexpected {
    pub expected: String,
    pub value: String,
}

/// A span in an output, with what it was written with.
pub type Standing<'a> = (TextSpan, &'a Value);

impl Spans {
    /// Reads a JSON list of `[start, end, ...]` or of objects with `start` and `end`; an empty cell, or `null`, holds none.
    pub fn read(cell: &str, text: &str, offsets: Offsets) -> Result<Self, Unexpected> {
        if matches!(cell.trim(), "" | "null") {
            return Ok(Self::default());
        }
        let no_list = |value: &str| Unexpected {
            expected: "a JSON list of [start, end, label] or of objects with start and end".into(),
            value: shown(value),
        };
        let items: Vec<Value> = serde_json::from_str(cell).map_err(|_| no_list(cell))?;
        let positions = Positions::of(text, offsets);
        let byte = |offset: u64| {
            let byte = positions.byte(usize::try_from(offset).ok()?)?;
            text.is_char_boundary(byte).then_some(byte)
        };
        let mut places = Vec::with_capacity(items.len());
        for item in &items {
            let bounds = bound(item, 0, "start").zip(bound(item, 1, "end"));
            let (start, end) = bounds.ok_or_else(|| no_list(&item.to_string()))?;
            match byte(start).zip(byte(end)) {
                Some((start, end)) if start < end => places.push(TextSpan::new(start, end)),
                _ => {
                    let expected = format!(
                        "a span of at least one character, at borders of characters within the text's {} {}",
                        positions.end(),
                        positions.unit()
                    );
                    let value = shown(&item.to_string());
                    return Err(Unexpected { expected, value });
                }
            }
        }
        let mut sorted = places.clone();
        sorted.sort_unstable();
        if let Some(two) = sorted.windows(2).find(|two| two[1].start < two[0].end) {
            let words: Vec<&str> = two.iter().map(|span| span.of(text)).collect();
            return Err(Unexpected {
                expected: format!(
                    "spans that do not overlap; this one does with '{}'",
                    words[0]
                ),
                value: shown(words[1]),
            });
        }
        Ok(Self { places, items })
    }

    /// The entities of a tagged sentence and, since they must not be taken apart either, other words that hold white
    /// space. The item of each is a [`Tagged`].
    pub fn of_tags(sentence: &Sentence) -> Self {
        let mut found: Vec<(TextSpan, Tagged)> = Vec::new();
        let mut open: Option<&str> = None;
        for (word, tag) in sentence.words.iter().zip(&sentence.tags) {
            let goes_on = matches!(tag, Tag::I(kind) if open == Some(kind));
            open = tag.kind();
            if let (true, Some((span, tagged))) = (goes_on, found.last_mut()) {
                tagged.ends.push(word.end - span.range().start);
                span.end = word.end as u32;
            } else if tag.kind().is_some()
                || sentence.text[word.clone()].contains(char::is_whitespace)
            {
                let kind = tag.kind().map(str::to_owned);
                let ends = vec![word.len()];
                found.push((TextSpan::new(word.start, word.end), Tagged { kind, ends }));
            }
        }
        let (places, items) = found
            .into_iter()
            .map(|(span, tagged)| (span, json!(tagged)))
            .unzip();
        Self { places, items }
    }

    /// All of them where they were.
    pub fn here(&self) -> impl Iterator<Item = Standing<'_>> {
        self.places.iter().copied().zip(&self.items)
    }

    /// Those that still stand somewhere, in these places.
    pub fn standing<'a>(
        &'a self,
        places: &'a [Option<TextSpan>],
    ) -> impl Iterator<Item = Standing<'a>> {
        let all = places.iter().zip(&self.items);
        all.filter_map(|(place, item)| place.map(|place| (place, item)))
    }
}

/// The spans of a text as a JSON list.
pub fn json(standing: &[Standing<'_>], text: &str, offsets: Offsets) -> String {
    let positions = Positions::of(text, offsets);
    let moved = standing.iter().map(|(place, item)| {
        let range = place.range();
        moved(
            item,
            positions.offset(range.start),
            positions.offset(range.end),
        )
    });
    Value::Array(moved.collect()).to_string()
}

fn bound(item: &Value, place: usize, key: &str) -> Option<u64> {
    match item {
        Value::Array(parts) => parts.get(place)?.as_u64(),
        Value::Object(fields) => fields.get(key)?.as_u64(),
        _ => None,
    }
}

fn moved(item: &Value, start: usize, end: usize) -> Value {
    let mut item = item.clone();
    match &mut item {
        Value::Array(parts) => {
            parts[0] = json!(start);
            parts[1] = json!(end);
        }
        other => {
            other["start"] = json!(start);
            other["end"] = json!(end);
        }
    }
    item
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}
